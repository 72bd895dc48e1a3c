package router

import (
	"context"
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
	broke    bool      // the day's budget is used up
	gone     error     // of the sink
}

// run returns the attempt that won, or nil. A winner with an error broke off when a part of it had been shown.
func (rc *race) run(ctx context.Context) *attempt {
	rc.events, rc.over = make(chan event), make(chan struct{})
	defer rc.end()
	rc.begin(ctx)
	hedge := time.NewTimer(rc.patience())
	defer hedge.Stop()
	for rc.working() > 0 {
		silent, silence := rc.silence()
		select {
		case e := <-rc.events:
			n := len(rc.attempts)
			if winner, over := rc.take(ctx, e); over {
				silence.Stop()
				return winner
			}
			if len(rc.attempts) > n {
				hedge.Reset(rc.patience())
			}
		case <-hedge.C:
			hedge.Reset(rc.hedge(ctx))
		case <-rc.opened():
			rc.abandon()
		case <-silence.C:
			if silent != nil {
				silent.drop(errSilent)
			}
		case <-ctx.Done():
			silence.Stop()
			return rc.late(ctx)
		}
		silence.Stop()
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
		if a.running && a.first == 0 && !a.tardy {
			a.tardy = true
			a.breaker.late(a.pass, time.Now())
		}
	}
	if !rc.r.extra.spend() {
		return again
	}
	rc.start(ctx, "hedge")
	return rc.patience()
}

// another reports whether there is an engine to ask that works, as far as is known.
func (rc *race) another() bool {
	for _, m := range rc.queue {
		if m.breaker.state(time.Now()) == "closed" {
			return true
		}
	}
	return false
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

// start asks the next engine that may be asked, and returns nil if there is none.
func (rc *race) start(ctx context.Context, why string) *attempt {
	for len(rc.queue) > 0 {
		m := rc.queue[0]
		rc.queue = rc.queue[1:]
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
		if !a.pass.probe {
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
