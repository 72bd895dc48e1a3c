package eval

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/uniqchat/uniqchat/ai/encoder"
	"github.com/uniqchat/uniqchat/ai/eval/suite"
	"github.com/uniqchat/uniqchat/ai/knowledge"
)

// embedder measures what the local embedder is the ceiling of: texts that all processors together make vectors of in a second, and questions that are
// embedded and looked for.
func (r *Runner) embedder(ctx context.Context) ([]Metric, error) {
	if r.Local == nil {
		r.Log("embedder: there is none")
		return nil, nil
	}
	pages, err := r.shopChunks()
	if err != nil {
		return nil, err
	}
	x, err := r.index(ctx, pages)
	if err != nil {
		return nil, err
	}
	var questions, chunks []string
	for _, v := range suite.FollowUps() {
		questions = append(questions, v.Text)
		for _, t := range v.Turns {
			if t.Who == "visitor" {
				questions = append(questions, t.Text)
			}
		}
	}
	text := "" // the demo's own chunks are short: they are put together to what Split makes of long texts
	for i := range x.Len() {
		c := x.Chunk(i)
		if text += c.Text + "\n"; utf8.RuneCountInString(text) >= knowledge.ChunkSize || i == x.Len()-1 || x.Chunk(i+1).Document != c.Document {
			chunks, text = append(chunks, text), ""
		}
	}
	limit := cmp.Or(r.sizes.embed, 3*time.Second)
	embed := func(text string) { r.Local.One(make([]float32, encoder.Dims), text) }
	var out []Metric
	for _, row := range []struct {
		name  string
		texts []string
		do    func(string)
	}{
		{"questions embedded", questions, embed},
		{"questions embedded and looked for", questions, func(text string) { x.SearchWith(r.query(text), 20, r.Weights) }},
		{"chunks embedded", chunks, embed},
	} {
		n, took := flatOut(ctx, row.texts, limit, row.do)
		long := 0
		for _, t := range row.texts {
			long += utf8.RuneCountInString(t)
		}
		out = append(out, Metric{
			Set: "embedder", Name: row.name + ", all processors", Value: float64(n) / took.Seconds(), Unit: "1/s", N: n,
			Note: fmt.Sprintf("%d processors; texts of %d characters on average, en and zh", knowledge.Processors(), long/max(1, len(row.texts))),
		})
	}
	var alone []time.Duration
	for from := time.Now(); len(alone) == 0 || time.Since(from) < limit; {
		began := time.Now()
		embed(questions[len(alone)%len(questions)])
		alone = append(alone, time.Since(began))
	}
	return append(out, quick("embedder", "one question embedded", alone, aim{baseline: "5 to 14 a text"}, "")...), context.Cause(ctx)
}

// flatOut does something with texts on all processors for a while, and returns how often.
func flatOut(ctx context.Context, texts []string, limit time.Duration, do func(string)) (int, time.Duration) {
	var next, done atomic.Int64
	var wg sync.WaitGroup
	from := time.Now()
	for range knowledge.Processors() {
		wg.Go(func() {
			for ctx.Err() == nil && time.Since(from) < limit {
				do(texts[int(next.Add(1))%len(texts)])
				done.Add(1)
			}
		})
	}
	wg.Wait()
	return int(done.Load()), time.Since(from)
}
