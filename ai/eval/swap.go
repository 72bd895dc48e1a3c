package eval

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/uniqchat/uniqchat/ai/eval/suite"
	"github.com/uniqchat/uniqchat/ai/knowledge"
)

// How an index is swapped under questions.
const (
	swapChunks = 20_000
	swapRate   = 500 // questions a second
	swapHits   = 5
	waited     = 100 * time.Millisecond // who has no answer by then has waited
	swapLimit  = 5 * time.Minute        // of a build, which takes one where nothing else needs the processors
)

var errBusy = fmt.Errorf("the index was not built after %v: the machine has too much else to do", swapLimit)

// swapped is what questions met while indexes were built and swapped, and before and after that.
type swapped struct {
	before, during, after asked
	builds                int
	took                  time.Duration // all builds
}

// swap builds a large index aside, with vectors that are there, as it is built when documents change, and swaps it, while questions are asked.
func (r *Runner) swap(ctx context.Context) ([]Metric, error) {
	n := cmp.Or(r.sizes.swapped, swapChunks)
	chunks, vectors := made(n)
	s, err := swapping(ctx, chunks, vectors, cmp.Or(r.sizes.peace, 10*time.Second), func() (*knowledge.Index, error) {
		limited, stop := context.WithTimeoutCause(ctx, swapLimit, errBusy)
		defer stop()
		return knowledge.NewIndexAside(limited, chunks, "random", vectors)
	})
	if err != nil {
		return nil, err
	}
	peace := asked{append(s.before.took, s.after.took...), s.before.failed + s.after.failed}
	quiet, busy := peace.p99(), s.during.p99()
	name := func(what string) string {
		return fmt.Sprintf("%d chunks re-indexed, %d questions/s: %s", n, swapRate, what)
	}
	questions := len(s.during.took)
	return []Metric{
		{Set: "swap", Name: name("failed"), Value: float64(s.during.failed), N: questions, Goal: "<= 0"},
		{
			Set: "swap", Name: name("waiting"), Value: float64(s.during.waiting()), N: questions, Goal: "<= 0",
			Note: fmt.Sprintf("no answer after %v; %d of %d with nothing built", waited, peace.waiting(), len(peace.took)),
		},
		{Set: "swap", Name: name("p99"), Value: Milliseconds(busy), Unit: "ms", N: questions},
		{Set: "swap", Name: name("p99 with nothing built"), Value: Milliseconds(quiet), Unit: "ms", N: len(peace.took), Note: "before and after"},
		{Set: "swap", Name: name("p99, times that with nothing built"), Value: float64(busy) / float64(quiet), N: questions, Goal: "<= 1.5"},
		{Set: "swap", Name: name("a build"), Value: s.took.Seconds() / float64(s.builds), Unit: "s", N: s.builds},
	}, nil
}

// made are chunks of made-up words, with two vectors each.
func made(n int) ([]knowledge.Chunk, []knowledge.Vectors) {
	chunks, vectors := make([]knowledge.Chunk, n), make([]knowledge.Vectors, n)
	for i, c := range suite.Chunks(n, knowledge.ChunkSize, scanDims) {
		chunks[i] = knowledge.Chunk{ID: fmt.Sprint(i), Document: "d", Heading: c.Heading, Text: c.Text}
		vectors[i] = knowledge.Vectors{Heading: knowledge.NewVector(c.HeadingVector), Text: knowledge.NewVector(c.TextVector)}
	}
	return chunks, vectors
}

// swapping asks questions of a base: in peace, then while indexes are built and swapped one after the other, for as long at least, and in peace again.
func swapping(
	ctx context.Context, chunks []knowledge.Chunk, vectors []knowledge.Vectors, peace time.Duration, build func() (*knowledge.Index, error),
) (s swapped, err error) {
	first, err := knowledge.NewIndex(chunks, "random", vectors)
	if err != nil {
		return s, err
	}
	var base knowledge.Base
	base.Swap(first)
	queries := make([]knowledge.Query, 64)
	for i := range queries {
		queries[i] = knowledge.Query{Text: "where is " + chunks[i*len(chunks)/64].Text[:30], Vector: make([]float32, scanDims)}
		queries[i].Vector[i] = 1
	}
	ask := func(over <-chan struct{}) asked {
		return askAll(ctx, over, func(i int) bool { return len(base.Search(queries[i%len(queries)], swapHits)) == swapHits })
	}
	forAWhile := func() asked {
		over, stop := context.WithTimeout(ctx, peace)
		defer stop()
		return ask(over.Done())
	}
	s.before = forAWhile()
	over := make(chan struct{})
	go func() {
		defer close(over)
		from := time.Now()
		for s.builds == 0 || time.Since(from) < peace && ctx.Err() == nil {
			x, failed := build()
			if err = failed; err != nil {
				return
			}
			base.Swap(x)
			s.builds++
		}
		s.took = time.Since(from)
	}()
	s.during = ask(over)
	<-over
	if err != nil {
		return s, err
	}
	s.after = forAWhile()
	return s, context.Cause(ctx)
}

// asked is how long questions took, and how many found nothing.
type asked struct {
	took   []time.Duration
	failed int
}

// p99 is what 99 of 100 took at most.
func (a *asked) p99() time.Duration {
	slices.Sort(a.took)
	return a.took[len(a.took)*99/100]
}

func (a *asked) waiting() (n int) {
	for _, d := range a.took {
		if d > waited {
			n++
		}
	}
	return n
}

// askAll asks until it is over. A question's time counts from when it was due, so waiting counts.
func askAll(ctx context.Context, over <-chan struct{}, ask func(i int) bool) (out asked) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	from := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for i := 0; ; i++ {
		due := from.Add(time.Duration(i) * time.Second / swapRate)
		timer.Reset(time.Until(due))
		select {
		case <-over:
		case <-ctx.Done():
		case <-timer.C:
			wg.Go(func() {
				found := ask(i)
				d := time.Since(due)
				mu.Lock()
				defer mu.Unlock()
				if out.took = append(out.took, d); !found {
					out.failed++
				}
			})
			continue
		}
		break
	}
	wg.Wait()
	return out
}
