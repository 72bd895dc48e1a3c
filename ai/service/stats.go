package service

import (
	"fmt"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/uniqchat/uniqchat/ai/bot"
	"github.com/uniqchat/uniqchat/chat"
)

// stats are a Service's metrics. Engines have names that tenants give, so they are no labels.
type stats struct {
	set     *metrics.Set
	seconds *metrics.PrometheusHistogram

	suggested, summed, tokens, overBudget, untraced, unread, untaught *metrics.Counter
}

func newStats(set *metrics.Set, s *Service) *stats {
	set.NewGauge("uniqchat_ai_tenants", func() float64 {
		s.mu.Lock()
		defer s.mu.Unlock()
		return float64(len(s.tenants))
	})
	set.NewGauge("uniqchat_ai_engines_left_alone", func() float64 { return float64(s.leftAlone()) })
	return &stats{
		set: set, seconds: set.NewPrometheusHistogram("uniqchat_ai_answer_seconds"), suggested: set.NewCounter("uniqchat_ai_suggestions_total"),
		summed: set.NewCounter("uniqchat_ai_summaries_total"), tokens: set.NewCounter("uniqchat_ai_tokens_total"), overBudget: set.NewCounter("uniqchat_ai_over_budget_total"),
		untraced: set.NewCounter("uniqchat_ai_untraced_total"), unread: set.NewCounter("uniqchat_ai_unread_settings_total"),
		untaught: set.NewCounter("uniqchat_ai_untaught_total"),
	}
}

// answered counts an answer: there are some thirty reasons, all of the program's own.
func (s *stats) answered(o *bot.Outcome, took time.Duration) {
	s.seconds.Update(took.Seconds())
	s.set.GetOrCreateCounter(fmt.Sprintf("uniqchat_ai_answers_total{outcome=%q,reason=%q}", o.Step, o.Reason)).Inc()
	if o.Trace == nil || o.Trace.Router == nil {
		return
	}
	for i := range o.Trace.Router.Attempts {
		if a := &o.Trace.Router.Attempts[i]; a.Why != "floor" {
			s.set.GetOrCreateCounter(fmt.Sprintf("uniqchat_ai_attempts_total{verdict=%q}", a.Verdict)).Inc()
		}
	}
}

// leftAlone is how many engines are not asked just now because they fail.
func (s *Service) leftAlone() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tenants {
		if k := t.known.Load(); k != nil {
			for _, state := range k.lineup.router.Health() {
				if state != "closed" {
					n++
				}
			}
		}
	}
	return n
}

var _ chat.Answerer = (*Service)(nil)
