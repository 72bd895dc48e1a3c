package webhook

import (
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/uniqchat/uniqchat/chat"
)

// stats are a Sender's metrics.
type stats struct {
	results  map[chat.Result]*metrics.Counter
	seconds  *metrics.PrometheusHistogram
	givenUp  *metrics.Counter
	disabled *metrics.Counter
	refused  *metrics.Counter
	dropped  *metrics.Counter
	lag      atomic.Uint64 // a float64's bits
}

func newStats(set *metrics.Set, inFlight func() float64) *stats {
	s := &stats{
		results:  make(map[chat.Result]*metrics.Counter),
		seconds:  set.NewPrometheusHistogram("uniqchat_webhook_attempt_seconds"),
		givenUp:  set.NewCounter("uniqchat_webhook_given_up_total"),
		disabled: set.NewCounter("uniqchat_webhook_disabled_total"),
		refused:  set.NewCounter("uniqchat_webhook_refused_addresses_total"),
		dropped:  set.NewCounter("uniqchat_webhook_forgotten_deliveries_total"),
	}
	for r, name := range map[chat.Result]string{
		chat.ResultTaken: "taken", chat.ResultFailed: "failed", chat.ResultGone: "gone", chat.ResultNone: "interrupted",
	} {
		s.results[r] = set.NewCounter(fmt.Sprintf("uniqchat_webhook_attempts_total{result=%q}", name))
	}
	set.NewGauge("uniqchat_webhook_in_flight", inFlight)
	// How late the latest of what was claimed last was, and 0 once nothing is due.
	set.NewGauge("uniqchat_webhook_lag_seconds", func() float64 { return math.Float64frombits(s.lag.Load()) })
	return s
}

// claimed notes how late deliveries are.
func (s *stats) claimed(now time.Time, all []chat.Claimed) {
	late := 0.0
	for i := range all {
		late = max(late, now.Sub(all[i].DueAt).Seconds())
	}
	s.lag.Store(math.Float64bits(late))
}

// finished counts an attempt.
func (s *stats) finished(o *chat.Outcome) {
	s.results[o.Result].Inc()
	s.seconds.Update(o.Log.Took.Seconds())
	if o.State == chat.DeliveryFailed {
		s.givenUp.Inc()
	}
	if o.Result == chat.ResultGone {
		s.disabled.Inc()
	}
}
