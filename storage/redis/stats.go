package redis

import (
	"log/slog"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"
)

// stats counts what the log does.
type stats struct {
	calls, retries, lookups, epochs, forks, lost, restored, feedBreaks *metrics.Counter

	mu     sync.Mutex
	logged time.Time
	muted  int
}

func (s *stats) register(set *metrics.Set) {
	s.calls = set.NewCounter("uniqchat_log_calls_total")
	s.retries = set.NewCounter("uniqchat_log_retries_total")
	s.lookups = set.NewCounter("uniqchat_log_database_lookups_total")
	s.epochs = set.NewCounter("uniqchat_log_epochs_total")
	s.forks = set.NewCounter("uniqchat_log_forks_total")
	s.lost = set.NewCounter("uniqchat_log_lost_messages_total")
	s.restored = set.NewCounter("uniqchat_log_restored_messages_total")
	s.feedBreaks = set.NewCounter("uniqchat_log_feed_breaks_total")
}

// lastError logs what went wrong on the way to Redis, once a second at most.
func (s *stats) lastError(logger *slog.Logger, err error) {
	if err == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.logged) < time.Second {
		s.muted++
		return
	}
	logger.Warn("redis", "err", err, "muted", s.muted)
	s.logged, s.muted = time.Now(), 0
}
