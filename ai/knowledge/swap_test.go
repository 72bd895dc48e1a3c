package knowledge

import (
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkSwap20k asks 500 questions a second (UNIQCHAT_SWAP_RATE) of a base of 20,000 chunks (UNIQCHAT_SWAP_CHUNKS): in peace, then while indexes as large
// are built and swapped one after the other, and in peace again. It reports the 50th and 99th percentile of each. A query's time counts from when it was due,
// so waiting counts. Indexes are built aside, as they
// are; and, to compare, not at all, and as fast as they can be.
func BenchmarkSwap20k(b *testing.B) {
	n, rate := 20_000, 500
	for name, v := range map[string]*int{"UNIQCHAT_SWAP_CHUNKS": &n, "UNIQCHAT_SWAP_RATE": &rate} {
		if s := os.Getenv(name); s != "" {
			if _, err := fmt.Sscan(s, v); err != nil {
				b.Fatal(err)
			}
		}
	}
	chunks, vectors := big(n, 256)
	b.Run("aside", func(b *testing.B) {
		swapping(b, chunks, vectors, rate, func() *Index { return must(NewIndexAside(b.Context(), chunks, "random", vectors)) })
	})
	b.Run("nothing", func(b *testing.B) { // what the machine does to questions by itself
		x := must(NewIndex(chunks, "random", vectors))
		swapping(b, chunks, vectors, rate, func() *Index { time.Sleep(20 * time.Second); return x })
	})
	b.Run("at once", func(b *testing.B) {
		swapping(b, chunks, vectors, rate, func() *Index { return must(NewIndex(chunks, "random", vectors)) })
	})
}

func swapping(b *testing.B, chunks []Chunk, vectors []Vectors, rate int, build func() *Index) {
	var base Base
	base.Swap(must(NewIndex(chunks, "random", vectors)))
	queries := make([]Query, 64)
	for i := range queries {
		queries[i] = Query{Text: "where is " + chunks[i*len(chunks)/64].Text[:30], Vector: make([]float32, 256)}
		queries[i].Vector[i] = 1
	}
	const least = 3 * time.Second
	for b.Loop() {
		ask := func(name string, enough func(past time.Duration) bool) time.Duration {
			p50, p99 := load(b, &base, queries, rate, enough)
			b.ReportMetric(float64(p50.Microseconds())/1e3, name+"-p50-ms")
			b.ReportMetric(float64(p99.Microseconds())/1e3, name+"-p99-ms")
			return p99
		}
		for3s := func(past time.Duration) bool { return past >= least }
		quiet := ask("before", for3s)
		var over atomic.Bool
		built, done := 0, make(chan time.Duration)
		go func() {
			from := time.Now()
			for ; built == 0 || time.Since(from) < least; built++ {
				base.Swap(build())
			}
			over.Store(true)
			done <- time.Since(from)
		}()
		busy := ask("during", func(time.Duration) bool { return over.Load() })
		b.ReportMetric((<-done).Seconds()/float64(built), "s/build")
		ask("after", for3s)
		b.ReportMetric(float64(busy)/float64(quiet), "times-p99")
	}
}

// load asks until it is told that it is enough, and returns the 50th and the 99th percentile. A query that finds nothing fails the benchmark.
func load(b *testing.B, base *Base, queries []Query, rate int, enough func(past time.Duration) bool) (p50, p99 time.Duration) {
	every := time.Second / time.Duration(rate)
	var mu sync.Mutex
	var took []time.Duration
	from := time.Now()
	var wg sync.WaitGroup
	for i := 0; ; i++ {
		past := time.Duration(i) * every
		if enough(past) {
			break
		}
		due := from.Add(past)
		time.Sleep(time.Until(due))
		wg.Go(func() {
			if len(base.Search(queries[i%len(queries)], 5)) != 5 {
				b.Error("a query failed")
			}
			d := time.Since(due)
			mu.Lock()
			defer mu.Unlock()
			took = append(took, d)
		})
	}
	wg.Wait()
	slices.Sort(took)
	return took[len(took)/2], took[len(took)*99/100]
}
