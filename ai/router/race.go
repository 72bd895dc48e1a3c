package router

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/uniqchat/uniqchat/ai/filter"
	"github.com/uniqchat/uniqchat/ai/model"
)

// race asks engines until one of them has an answer that can be shown, or none is left.
//
// It belongs to one goroutine.
type race struct {
	r       *Router
	ask     *Ask
	from    time.Time
	stream  bool // the evidence is good enough to show an answer while it is made
	proof   *evidence
	allowed *filter.Allowed
	floor   string // the local answer, or empty
	sink    Sink

	events   chan event
	over     chan struct{} // closed when nobody listens any longer
	attempts []*attempt
	queue    []*member // not asked yet, best first
	chosen   *attempt  // whose text the visitor sees
	answered *attempt  // who has answered to the end; set before over is closed
	broke    bool      // the day's budget is used up
	gone     error     // of the sink
}

// run returns the attempt that won, or nil. A winner with an error broke off when a part of it had been shown.
func (rc *race) run(ctx context.Context) *attempt {
	rc.events, rc.over = make(chan event), make(chan struct{})
	defer rc.end()
	rc.begin(ctx)
	winner := rc.listen(ctx)
	if winner != nil && winner.err == nil && rc.gone == nil {
		rc.answered = winner
	}
	return winner
}

// listen follows all attempts until one has won, or none is left.
func (rc *race) listen(ctx context.Context) *attempt {
	hedge := time.NewTimer(rc.patience())
	defer hedge.Stop()
	for rc.working() > 0 {
		n := len(rc.attempts)
		silent, silence := rc.silence()
		select {
		case e := <-rc.events:
			if winner, over := rc.take(ctx, e); over {
				silence.Stop()
				return winner
			}
		case <-hedge.C:
			hedge.Reset(rc.hedge(ctx))
			n = len(rc.attempts)
		case <-rc.opened():
			rc.abandon(ctx)
		case <-silence.C:
			if silent != nil {
				rc.rests(silent)
			}
		case <-ctx.Done():
			silence.Stop()
			return rc.late(ctx)
		}
		silence.Stop()
		if len(rc.attempts) > n {
			hedge.Reset(rc.patience())
		}
	}
	return nil
}

// hedge asks another engine if it is time to, and there may be more calls. It returns when to look again.
func (rc *race) hedge(ctx context.Context) time.Duration {
	const again = 50 * time.Millisecond
	switch d := rc.patience(); {
	case rc.chosen != nil || !rc.another():
		return never
	case d > 0:
		return d
	}
	for _, a := range rc.attempts {
		if a.running && a.first == 0 {
			rc.doubt(a)
		}
	}
	if !rc.r.extra.spend() {
		return again
	}
	rc.start(ctx, "hedge")
	return rc.patience()
}

// doubt tells an attempt's breaker, once, that it is late or of no use, where another engine could do better.
func (rc *race) doubt(a *attempt) {
	if !a.doubted && rc.others(a) {
		a.doubted = true
		a.breaker.doubt(a.pass, time.Now())
	}
}

// another reports whether there is an engine to ask that works, as far as is known.
func (rc *race) another() bool {
	return slices.ContainsFunc(rc.queue, func(m *member) bool { return m.breaker.able(time.Now()) })
}

// others reports whether an engine works, as far as is known, besides that of an attempt.
func (rc *race) others(a *attempt) bool {
	return slices.ContainsFunc(rc.r.members, func(m *member) bool { return m != a.member && m.breaker.able(time.Now()) })
}

// late is what is left when time is over: what the visitor has seen, or nothing.
func (rc *race) late(ctx context.Context) *attempt {
	if rc.chosen != nil {
		rc.chosen.err = &model.Error{Kind: model.Slow, Engine: rc.chosen.Engine.Name(), Err: context.Cause(ctx)}
	}
	return rc.chosen
}

// begin asks the first engine, or as many as are to be asked at once. With one that is asked to see whether it is well again, another one is asked at once.
func (rc *race) begin(ctx context.Context) {
	rc.r.second.earn()
	n, why := 1, "first"
	if rc.r.c.Mode == Parallel {
		n, why = rc.r.c.AtOnce, "parallel"
	}
	for i := 0; i < n && len(rc.queue) > 0; i++ {
		if a := rc.start(ctx, why); a != nil && a.pass.probe {
			a.trace.Why = "probe"
			n++
		}
	}
}

// next takes the engine out of the queue that is asked next: one that is late comes behind all others.
func (rc *race) next() *member {
	i := max(0, slices.IndexFunc(rc.queue, func(m *member) bool { return !m.breaker.last(time.Now()) }))
	m := rc.queue[i]
	rc.queue = slices.Delete(rc.queue, i, i+1)
	return m
}

// failOver asks the next engine after one if nobody else works on the question. After one that is well, though it was of no use here, only so often.
func (rc *race) failOver(ctx context.Context, after *attempt, failed bool) {
	if rc.chosen != nil || rc.working() > 0 || ctx.Err() != nil {
		return
	}
	if failed || after.breaker.standing() != closed || slices.ContainsFunc(rc.queue, func(m *member) bool { return m.breaker.standing() != open }) && rc.r.second.spend() {
		rc.start(ctx, "failover")
	}
}

// start asks the next engine that may be asked, and returns nil if there is none.
func (rc *race) start(ctx context.Context, why string) *attempt {
	for len(rc.queue) > 0 {
		m := rc.next()
		p, ok := m.breaker.enter(time.Now())
		if !ok {
			continue
		}
		res := reserved{rc.r.estimate(m, &rc.ask.Question), time.Now()}
		if ok, err := rc.r.c.Meter.Reserve(ctx, rc.ask.Tenant, rc.r.c.Budget, res.Amount, res.at); !ok || err != nil {
			m.breaker.leave(p, nothing, time.Now(), 0)
			rc.broke = true
			if err != nil {
				rc.r.c.Logger.Warn("a tenant's budget can't be read", "err", err)
			}
			continue
		}
		a := &attempt{member: m, pass: p, began: time.Now(), opens: m.breaker.opens(), running: true, held: !rc.stream, gate: filter.NewGate(rc.allowed, rc.ask.Secrets)}
		a.last, a.others = a.began, rc.another()
		a.trace.Why, a.trace.Began = why, a.began.Sub(rc.from)
		work, cancel := rc.r.scope(ctx, p.probe)
		a.cancel = cancel
		rc.attempts = append(rc.attempts, a)
		if why == "first" {
			rc.r.extra.earn()
		}
		rc.r.calls.Go(func() {
			defer cancel(errOver)
			rc.work(work, a, res)
		})
		return a
	}
	return nil
}

// end lets go of all that still run, but for those that are to show whether an engine is well again.
func (rc *race) end() {
	close(rc.over)
	for _, a := range rc.attempts {
		if !a.running {
			rc.leave(a, a.says, a.result, a.failed)
		} else if !a.pass.probe {
			a.cancel(errOver)
		}
	}
}

func (rc *race) working() int {
	n := 0
	for _, a := range rc.attempts {
		if a.running {
			n++
		}
	}
	return n
}

// uncut is how many attempts may still bring an answer.
func (rc *race) uncut() int {
	n := rc.working()
	for _, a := range rc.attempts {
		if a.running && a.cut {
			n--
		}
	}
	return n
}

// How much of an answer is judged before any of it is shown, as wide as letters are: a sentence's end behind so much, or so much without one.
const (
	someText = 24
	enough   = 100
)

func whole(s string) bool {
	n := 0
	for i, r := range s {
		if n++; r >= 0x2E80 {
			n += 2
		}
		if n >= enough || n >= someText && (strings.ContainsRune("。！？!?\n", r) || r == '.' && strings.HasPrefix(s[i:], ". ")) {
			return true
		}
	}
	return false
}
