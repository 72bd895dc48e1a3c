package trainer

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/uniqchat/uniqchat/ai/bot"
	"github.com/uniqchat/uniqchat/ai/intent"
	"github.com/uniqchat/uniqchat/ai/vec"
	"github.com/uniqchat/uniqchat/chat"
)

// same is the cosine from which on a built-in sentence says what an example says: it teaches nothing then of what is none of the tenant's.
const same = .7

// covering is the share of its sentences from which on a built-in intent counts as one that the tenant's say, too.
const covering = .2

// mine is how much an example of the tenant's weighs beside a built-in sentence, of which there are many more as a rule.
const mine = 3

// lesson is what a model is trained on: a tenant's examples first, then built-in sentences under bot.Elsewhere.
type lesson struct {
	examples []intent.Example
	own      int      // how many are the tenant's
	from     []origin // of each of the tenant's
	covered  []string
	vectors  map[chat.IntentID]string // packed, of intents with examples that had none
}

// origin is where an example stands.
type origin struct{ intent, place int }

// lesson makes vectors where none are kept. The same rows give the same lesson.
func (t *Trainer) lesson(ctx context.Context, all []chat.Intent) (*lesson, error) {
	p, err := t.o.Shared.Parts(ctx)
	if err != nil {
		return nil, err
	}
	l := &lesson{covered: []string{}, vectors: map[chat.IntentID]string{}}
	for i := range all {
		vectors, err := t.vectorsOf(ctx, p.Embedder, &all[i], l.vectors)
		if err != nil {
			return nil, err
		}
		for n, text := range all[i].Examples {
			l.examples = append(l.examples, intent.Example{Text: text, Label: all[i].Name, Vector: vectors[n], Weight: mine})
			l.from = append(l.from, origin{i, n})
		}
	}
	l.own = len(l.examples)
	if l.own > 0 {
		l.others(p, all)
	}
	return l, ctx.Err()
}

// others adds the built-in sentences that say something else than the tenant's.
func (l *lesson) others(p *bot.Parts, all []chat.Intent) {
	taught := l.examples
	names, texts := map[string]bool{}, map[string]bool{}
	for i := range all {
		names[all[i].Name] = len(all[i].Examples) > 0
	}
	for i := range taught {
		texts[strings.ToLower(chat.FoldQuestion(taught[i].Text))] = true
	}
	left, of := map[string]int{}, map[string]int{}
	for _, s := range p.Sentences {
		of[s.Label]++
		out := names[s.Label] || texts[strings.ToLower(chat.FoldQuestion(s.Text))]
		for i := 0; i < len(taught) && !out && s.Label != intent.Other; i++ { // of what no shop is asked enough always stays
			out = cosine(taught[i].Vector, s.Vector) >= same
		}
		if out {
			left[s.Label]++
			continue
		}
		l.examples = append(l.examples, intent.Example{Text: s.Text, Label: bot.Elsewhere, Vector: s.Vector})
	}
	for label, n := range left {
		if float64(n) >= covering*float64(of[label]) {
			l.covered = append(l.covered, label)
		}
	}
	slices.Sort(l.covered)
}

func cosine(a, b []float32) (sum float32) {
	if len(a) != len(b) {
		return 0
	}
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}

// packed is vectors as they are kept: for each 8 bytes of a sentence's hash, a float32 scale, and the values, a byte each.
type packed struct {
	Embedder string `json:"embedder"`
	Dims     int    `json:"dims"`
	Data     string `json:"data"` // base64
}

func hashOf(text string) (h [8]byte) {
	sum := sha256.Sum256([]byte(text))
	copy(h[:], sum[:])
	return h
}

// unpack returns the vectors that are kept, by sentence. What can't be read is made again.
func (t *Trainer) unpack(kept string, dims int) map[[8]byte][]byte {
	var p packed
	if kept == "" || json.Unmarshal([]byte(kept), &p) != nil || p.Embedder != t.o.EmbedderName || p.Dims != dims {
		return nil
	}
	b, err := base64.RawStdEncoding.DecodeString(p.Data)
	if err != nil {
		return nil
	}
	out := map[[8]byte][]byte{}
	for size := 12 + dims; len(b) >= size; b = b[size:] {
		out[[8]byte(b)] = b[8:size]
	}
	return out
}

// vectorsOf returns a vector for each example of an intent, those that are kept and for the others new ones. If any is new, all are packed.
func (t *Trainer) vectorsOf(ctx context.Context, e bot.Embedder, in *chat.Intent, packs map[chat.IntentID]string) ([][]float32, error) {
	out := make([][]float32, len(in.Examples))
	if e == nil || len(out) == 0 {
		return out, nil
	}
	dims := e.Dims()
	kept := t.unpack(in.Vectors, dims)
	bytes := make([][]byte, len(out))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(workers())
	made := 0
	for i, text := range in.Examples {
		if b, is := kept[hashOf(text)]; is {
			bytes[i] = b
			continue
		}
		made++
		g.Go(func() error {
			bytes[i] = narrow(bot.VectorOf(e, text))
			return gctx.Err()
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	var all []byte
	for i, text := range in.Examples {
		out[i] = widen(bytes[i])
		h := hashOf(text)
		all = append(append(all, h[:]...), bytes[i]...)
	}
	if made > 0 {
		t.embedded.Add(made)
		b, err := json.Marshal(packed{t.o.EmbedderName, dims, base64.RawStdEncoding.EncodeToString(all)})
		if err != nil {
			return nil, err
		}
		packs[in.ID] = string(b)
	}
	return out, nil
}

// narrow is a vector as it is kept, and widen what it is then: a model is the same whether its vectors were kept or made.
func narrow(v []float32) []byte {
	data := make([]int8, len(v))
	scale := vec.Narrow(data, v)
	b := binary.LittleEndian.AppendUint32(make([]byte, 0, 4+len(v)), math.Float32bits(scale))
	for _, x := range data {
		b = append(b, byte(x))
	}
	return b
}

func widen(b []byte) []float32 {
	scale, out := math.Float32frombits(binary.LittleEndian.Uint32(b)), make([]float32, len(b)-4)
	for i, x := range b[4:] {
		out[i] = scale * float32(int8(x))
	}
	return out
}
