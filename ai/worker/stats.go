package worker

import (
	"fmt"

	"github.com/VictoriaMetrics/metrics"
)

// stats are a Worker's metrics.
type stats struct {
	results  map[result]*metrics.Counter
	wait     *metrics.PrometheusHistogram
	pieces   *metrics.Counter
	untraced *metrics.Counter // whoever makes answers for others counts here, too
}

func newStats(set *metrics.Set, w *Worker) *stats {
	s := &stats{
		results: make(map[result]*metrics.Counter), wait: set.NewPrometheusHistogram("uniqchat_ai_job_wait_seconds"),
		pieces: set.NewCounter("uniqchat_ai_streamed_pieces_total"), untraced: set.GetOrCreateCounter("uniqchat_ai_untraced_total"),
	}
	for _, r := range []result{answered, clarified, handedOff, silent, dropped, overtaken, failed, stopped} {
		s.results[r] = set.NewCounter(fmt.Sprintf("uniqchat_ai_jobs_total{result=%q}", r))
	}
	set.NewGauge("uniqchat_ai_jobs_in_flight", func() float64 {
		w.mu.Lock()
		defer w.mu.Unlock()
		return float64(w.n)
	})
	return s
}
