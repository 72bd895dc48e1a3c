// Package suite has the cases that the project wrote itself, for tests and for make eval alike: texts that try to talk a model into something, follow-up
// questions, and chunks of words that mean nothing. It imports nothing of ours, and measures nothing.
package suite

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
)

var (
	//go:embed injections.txt
	injections string
	//go:embed followups.jsonl
	followUps string
	//go:embed standalone.jsonl
	standalone string
)

// Places are where an injection may stand.
var Places = []string{"chat", "turns", "documents", "attributes", "tenants"}

// Injection is a text that tries to talk a model into something.
type Injection struct{ Place, Text string }

// Injections are all of them, in order. foreign stands for another tenant's id.
func Injections(foreign string) (out []Injection) {
	say, place := strings.NewReplacer(`\n`, "\n", `\u200b`, "\u200b", "FOREIGN", foreign), ""
	for line := range strings.Lines(injections) {
		switch line = strings.TrimSpace(line); {
		case strings.HasPrefix(line, "## "):
			place = line[3:]
		case line != "" && line[0] != '#':
			out = append(out, Injection{place, say.Replace(line)})
		}
	}
	return out
}

// FollowUp is a message, what was said before, and the heading of the demo shop's chunk that answers it. Rules were looked for on the half named tune alone;
// the other one is kept.
type FollowUp struct {
	Half, Lang, Text, Want string
	Turns                  []struct{ Who, Text string }
}

// FollowUps are messages that follow what was said before.
func FollowUps() []FollowUp { return rows(followUps) }

// Standalone are messages that don't, though something was said before.
func Standalone() []FollowUp { return rows(standalone) }

func rows(text string) (out []FollowUp) {
	for line := range strings.Lines(text) {
		var v FollowUp
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			panic(fmt.Sprintf("suite: %q: %v", line, err)) // it is part of the program
		}
		out = append(out, v)
	}
	return out
}

// Chunk is a heading, a text of about so many characters, and random vectors of both.
type Chunk struct {
	Heading, Text             string
	HeadingVector, TextVector []float32
}

// Chunks are n chunks of made-up words, some far more frequent than others, as in texts; always the same. Vectors have dims values.
func Chunks(n, size, dims int) []Chunk {
	r := rand.New(rand.NewPCG(1, 2))
	words := make([]string, 20_000)
	for i := range words {
		h := fnv.New32a()
		fmt.Fprint(h, i)
		words[i] = strings.ToLower(fmt.Sprintf("%c%08x", 'a'+rune(i%26), h.Sum32()))[:3+i%6]
	}
	vector := func() []float32 {
		v := make([]float32, dims)
		for i := range v {
			v[i] = float32(r.NormFloat64())
		}
		return v
	}
	out := make([]Chunk, n)
	for i := range out {
		var b strings.Builder
		for b.Len() < size {
			b.WriteString(words[int(r.ExpFloat64()*1500)%len(words)] + " ")
		}
		out[i] = Chunk{words[r.IntN(len(words))], b.String(), vector(), vector()}
	}
	return out
}
