package postgres

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
)

// stats are a projector's metrics.
type stats struct {
	rows, dead *metrics.Counter
	seconds    *metrics.PrometheusHistogram
	events     atomic.Int64 // read and not yet in the rows
	oldest     atomic.Int64 // when the first of them was appended, in ms since 1970; 0: none
}

func (s *stats) register(set *metrics.Set) {
	s.rows = set.NewCounter("uniqchat_projection_rows_total")
	s.dead = set.NewCounter("uniqchat_projection_dead_letters_total")
	s.seconds = set.NewPrometheusHistogram("uniqchat_projection_commit_seconds")
	// At least so many: what a projector has seen of the log and could not write yet.
	set.NewGauge("uniqchat_projection_lag_events", func() float64 { return float64(s.events.Load()) })
	set.NewGauge("uniqchat_projection_lag_seconds", func() float64 {
		if at := s.oldest.Load(); at > 0 {
			return max(time.Since(time.UnixMilli(at)).Seconds(), 0)
		}
		return 0
	})
}

// reading says that events were read that are not in the rows yet, and returns how late the first of them is.
func (s *stats) reading(portions []portion, n int) time.Duration {
	oldest := portions[0].oldest
	for i := range portions {
		oldest = min(oldest, portions[i].oldest)
	}
	s.events.Store(int64(n))
	s.oldest.Store(oldest)
	return time.Since(time.UnixMilli(oldest))
}

// caughtUp says that everything that was read is in the rows.
func (s *stats) caughtUp() {
	s.events.Store(0)
	s.oldest.Store(0)
}

// trouble logs that something fails once, and once that it is over. Safe for concurrent use.
type trouble struct {
	mu    sync.Mutex
	since time.Time
}

func (t *trouble) say(logger *slog.Logger, doing string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.since.IsZero() {
		t.since = time.Now()
		logger.Error("the projection is held up; the log goes on and it is tried again", "doing", doing, "error", err)
	}
}

func (t *trouble) over(logger *slog.Logger) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.since.IsZero() {
		logger.Info("the projection goes on", "after", time.Since(t.since).Round(time.Millisecond))
		t.since = time.Time{}
	}
}
