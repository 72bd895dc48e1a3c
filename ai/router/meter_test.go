package router

import (
	"context"
	"testing"
	"time"

	"github.com/uniqchat/uniqchat/ai/model"
)

// counted is what a meter was told, call by call.
type counted struct {
	Memory
	reserved, settled []Amount
	reservedAt        []time.Time
	settledAt         []time.Time
}

func (m *counted) Reserve(ctx context.Context, tenant string, b Budget, a Amount, at time.Time) (bool, error) {
	m.reserved, m.reservedAt = append(m.reserved, a), append(m.reservedAt, at)
	return m.Memory.Reserve(ctx, tenant, b, a, at)
}

func (m *counted) Settle(ctx context.Context, tenant string, reserved, used Amount, at time.Time) error {
	m.settled, m.settledAt = append(m.settled, used), append(m.settledAt, at)
	return m.Memory.Settle(ctx, tenant, reserved, used, at)
}

// TestPanic: an engine that panics is one that fails. Its breaker hears of it, also as a probe, and what was reserved for it is settled.
func TestPanic(t *testing.T) {
	within(t, func(t *testing.T) {
		a, b, meter := newFake("a"), newFake("b"), &counted{}
		a.say = func(*model.Question) string { panic("ouch") }
		r := router(t, Config{Meter: meter}, a, b)
		for i := range inARow {
			if o := r.Answer(t.Context(), ask(sure), nil); o.Reason != BecauseEngine || o.Messages[0].Engine != "b" || o.Trace.Attempts[1].Kind != model.Failed {
				t.Fatalf("%d: %s by %+v, %+v", i, o.Reason, o.Messages, o.Trace.Attempts)
			}
		}
		if len(meter.settled) != 2*inARow || meter.settled[0] != meter.reserved[0] || meter.settled[1].Tokens != b.usage.Total() {
			t.Errorf("reserved %v, settled %v", meter.reserved, meter.settled)
		}
		if h := r.Health()["a"]; h != "open" {
			t.Error(h)
		}
		time.Sleep(coolDown)
		r.Answer(t.Context(), ask(sure), nil)
		if h := r.Health()["a"]; h != "open" {
			t.Errorf("after a probe that panicked: %s", h)
		}
		a.say, a.first = nil, 100*time.Millisecond // before b, which would end it otherwise
		time.Sleep(2 * coolDown)
		r.Answer(t.Context(), ask(sure), nil)
		if h := r.Health()["a"]; h != "closed" {
			t.Errorf("when it is well again: %s", h)
		}
		lone := newFake("c")
		lone.say = func(*model.Question) string { panic("ouch") }
		if o := router(t, Config{}, lone).Answer(t.Context(), ask(sure), nil); o.Step != Answered || o.Reason != BecauseDown {
			t.Errorf("%+v", o)
		}
	})
}

// TestMidnight: what was reserved on a day is corrected on that day, and as much is reserved as an answer may have.
func TestMidnight(t *testing.T) {
	within(t, func(t *testing.T) {
		a, meter := newFake("a"), &counted{}
		r := router(t, Config{Meter: meter}, a)
		r.members[0].MaxTokens = 800
		evening := time.Now().Truncate(24 * time.Hour).Add(24*time.Hour - 100*time.Millisecond)
		time.Sleep(time.Until(evening))
		r.Answer(t.Context(), ask(sure), nil)
		if len(meter.settledAt) != 1 || !meter.settledAt[0].Equal(evening) || !time.Now().After(evening.Add(100*time.Millisecond)) {
			t.Errorf("reserved at %v, settled for %v", meter.reservedAt, meter.settledAt)
		}
		if u := meter.Used("t1"); u != (Amount{}) {
			t.Errorf("the new day has %+v", u)
		}
		q := ask(sure)
		q.Text = ""
		small := r.estimate(r.members[0], &q.Question)
		r.members[0].MaxTokens = 0
		if d := small.Tokens - r.estimate(r.members[0], &q.Question).Tokens; d != 800-answerTokens {
			t.Errorf("%d tokens more are reserved", d)
		}
	})
}
