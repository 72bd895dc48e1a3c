package eval

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"time"

	"github.com/uniqchat/uniqchat/ai/bot"
	"github.com/uniqchat/uniqchat/ai/knowledge"
	"github.com/uniqchat/uniqchat/ai/router"
	"github.com/uniqchat/uniqchat/ai/vec"
	"github.com/uniqchat/uniqchat/chat"
)

// sizes are how much is measured. Zeros are as docs/ai.md says.
type sizes struct {
	vectors int           // that are scanned
	embed   time.Duration // for how long texts are embedded
	swapped int           // chunks that are indexed under questions
	peace   time.Duration // before and after that
	every   int           // of the injections which
}

const (
	scanned   = 20_000 // vectors
	scanDims  = 256
	nearest   = 10
	scans     = 1000
	compared  = 200 // of the scans, with all values as they were
	mostAsked = 400
)

// speed measures how fast this machine is, which is no property of the sets.
func (r *Runner) speed(ctx context.Context) ([]Metric, error) {
	out, err := r.scan(ctx)
	if err != nil {
		return nil, err
	}
	answers, err := r.answers(ctx)
	return append(out, answers...), err
}

// scan searches random vectors, and compares what it finds with what is nearest before values are rounded to a byte.
func (r *Runner) scan(ctx context.Context) ([]Metric, error) {
	random := rand.New(rand.NewPCG(1, 2))
	vector := func() []float32 {
		v := make([]float32, scanDims)
		for i := range v {
			v[i] = float32(random.NormFloat64())
		}
		vec.Normalise(v)
		return v
	}
	all := cmp.Or(r.sizes.vectors, scanned)
	exact, vectors := make([][]float32, all), make([]knowledge.Vectors, all)
	for i := range exact {
		exact[i] = vector()
		vectors[i].Text = knowledge.NewVector(exact[i])
	}
	x, err := knowledge.NewIndex(make([]knowledge.Chunk, all), "random", vectors)
	if err != nil {
		return nil, err
	}
	var took []time.Duration
	found := 0
	for n := range scans {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		q := vector()
		from := time.Now()
		hits := x.SearchWith(knowledge.Query{Vector: q}, nearest, knowledge.Weights{Body: 1})
		took = append(took, time.Since(from))
		if n >= compared {
			continue
		}
		best := near(exact, q)
		for _, h := range hits {
			if slices.Contains(best, h.Chunk) {
				found++
			}
		}
	}
	name := fmt.Sprintf("exact scan of %d x %d", all, scanDims)
	return append(quick(speedSet, name, took, aim{"<= 2", ".54 with SIMD at half of them"}, "goal 12 where no SIMD is"), Metric{
		Set: speedSet, Name: name + ": recall@10", Value: float64(found) / (nearest * compared), N: compared, Goal: ">= 0.99", Note: "8 bits a value, against all of them",
	}), nil
}

// near is which vectors are nearest to q.
func near(all [][]float32, q []float32) (best []int) {
	cosines := make([]float32, len(all))
	nearer := func(a, b int) int { return cmp.Compare(cosines[b], cosines[a]) }
	for i, v := range all {
		for j := range v {
			cosines[i] += v[j] * q[j]
		}
		at, _ := slices.BinarySearchFunc(best, i, nearer)
		if best = slices.Insert(best, at, i); len(best) > nearest {
			best = best[:nearest]
		}
	}
	return best
}

// base is an index as bots ask it.
type base struct {
	r *Runner
	x *knowledge.Index
}

// Search implements bot.Knowledge.
func (b base) Search(_ context.Context, _ chat.TenantID, q chat.KnowledgeQuery) (out chat.KnowledgeAnswer, err error) {
	out.Version = 1
	for _, h := range b.x.SearchWith(b.r.query(q.Question), q.Limit, b.r.Weights) {
		if h.Score <= 0 {
			break
		}
		c := b.x.Chunk(h.Chunk)
		hit := chat.KnowledgeHit{Chunk: c.ID, Title: c.Title, Heading: c.Heading, Text: c.Text, Question: c.Question}
		hit.Score, hit.Words, hit.Parts = float64(h.Score), float64(h.Words), float64(h.Grams)
		hit.Concepts, hit.HeadingVector, hit.TextVector = float64(h.Concepts), float64(h.Heading), float64(h.Body)
		out.Hits = append(out.Hits, hit)
	}
	return out, nil
}

// answers measures from a message to what becomes of it, without any engine but the local one, on the questions and both languages'
// entries of shopfaq.
func (r *Runner) answers(ctx context.Context) ([]Metric, error) {
	folder := filepath.Join(r.Data, "shopfaq")
	faqs, asks, err := r.readShop(folder)
	if err != nil || len(asks) == 0 {
		r.Log("%s: no local answers without shopfaq's questions and entries: %v", speedSet, err)
		return nil, nil
	}
	var chunks []knowledge.Chunk
	for _, f := range faqs {
		for i, qa := range []struct{ Q, A string }{f.ZH, f.EN} {
			chunks = append(chunks, knowledge.Chunk{ID: fmt.Sprint(f.ID, i), Document: f.ID, Heading: qa.Q, Text: qa.A, Question: true})
		}
	}
	b, done, err := r.bot(ctx, chunks)
	if err != nil {
		return nil, err
	}
	defer done()
	var took []time.Duration
	steps := map[bot.Step]int{}
	for _, a := range asks[:min(len(asks), mostAsked)] {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		in := bot.Input{Tenant: chat.NewID[chat.Tenant](), Text: a.text, Open: true} // nobody has asked this tenant's bot before
		from := time.Now()
		steps[b.Answer(ctx, in, nil).Step]++
		took = append(took, time.Since(from))
	}
	note := fmt.Sprintf("%d answered, %d asked back, %d handed off", steps[bot.Answered], steps[bot.Clarified], steps[bot.HandedOff])
	return quick(speedSet, "local answer end to end", took, aim{"<= 30", "about 7"}, note), nil
}

// bot is one that knows some chunks and has no engine but the local one. done ends it.
func (r *Runner) bot(ctx context.Context, chunks []knowledge.Chunk) (b *bot.Bot, done func(), err error) {
	x, err := r.index(ctx, chunks)
	if err != nil {
		return nil, nil, err
	}
	m, err := r.builtin(ctx)
	if err != nil {
		return nil, nil, err
	}
	local, err := router.New(router.Config{})
	if err != nil {
		return nil, nil, err
	}
	c := bot.Config{Knowledge: base{r, x}, Router: func(chat.TenantID) bot.Router { return local }, Builtin: m}
	if r.Local != nil {
		c.Embedder = r.Local
	}
	b, err = bot.New(c)
	return b, local.Close, err
}

// speedSet is what stands for a set's name.
const speedSet = "speed"

// quick is the times that half and 99 of 100 stay below, in milliseconds.
func quick(set, name string, took []time.Duration, a aim, note string) []Metric {
	slices.Sort(took)
	at := func(share int) float64 { return Milliseconds(took[len(took)*share/100]) }
	return []Metric{
		{Set: set, Name: name + ": p50", Value: at(50), Unit: "ms", N: len(took), Note: "this machine, as busy as it is"},
		{Set: set, Name: name + ": p99", Value: at(99), Unit: "ms", N: len(took), Goal: a.goal, Baseline: a.baseline, Note: note},
	}
}

// Milliseconds is a time as a Metric's value.
func Milliseconds(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }
