package knowledge

import (
	"slices"
	"sync"
	"testing"
	"time"
)

// BenchmarkSwap20k asks 500 questions a second of a base of 20,000 chunks, first in peace and then while indexes of 20,000 chunks are built and
// swapped, and reports the 99th percentile of both. A query's time counts from when it was due, so waiting counts.
func BenchmarkSwap20k(b *testing.B) {
	chunks, vectors := big(20000, 256)
	var base Base
	base.Swap(must(NewIndex(chunks, "random", vectors)))
	queries := make([]Query, 64)
	for i := range queries {
		queries[i] = Query{Text: "where is " + chunks[i*300].Text[:30], Vector: make([]float32, 256)}
		queries[i].Vector[i] = 1
	}
	for b.Loop() {
		quiet := load(b, &base, queries, 3*time.Second)
		done := make(chan struct{})
		var wg sync.WaitGroup
		built := 0
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					base.Swap(must(NewIndex(chunks, "random", vectors)))
					built++
				}
			}
		})
		busy := load(b, &base, queries, 6*time.Second)
		close(done)
		wg.Wait()
		b.ReportMetric(float64(quiet.Microseconds()), "quiet-p99-µs")
		b.ReportMetric(float64(busy.Microseconds()), "swapping-p99-µs")
		b.ReportMetric(float64(built), "swaps")
	}
}

// load asks for a while and returns the 99th percentile. A query that finds nothing fails the benchmark.
func load(b *testing.B, base *Base, queries []Query, d time.Duration) time.Duration {
	const every = 2 * time.Millisecond
	n := int(d / every)
	took := make([]time.Duration, n)
	from := time.Now()
	var wg sync.WaitGroup
	for i := range n {
		due := from.Add(time.Duration(i) * every)
		time.Sleep(time.Until(due))
		wg.Go(func() {
			if len(base.Search(queries[i%len(queries)], 5)) != 5 {
				b.Error("a query failed")
			}
			took[i] = time.Since(due)
		})
	}
	wg.Wait()
	slices.Sort(took)
	return took[n*99/100]
}
