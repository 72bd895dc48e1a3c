package engine

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/uniqchat/uniqchat/codec"
)

// Plan says in which part of the drain window, from and to between 0 and 1, a connection is asked to come back elsewhere.
type Plan func(c *Conn) (from, to float64)

// Drain takes leave of everyone: nobody new is accepted, every connection gets a soft DISCONNECT with a time of its own in
// the window after which to come back, and is served until it goes. When all have gone or the window is over, the rest is
// closed with 3001 and what was queued is worked off. End Run's context afterwards. Without a plan everyone gets a time
// from the whole window. Not to be called from a Handler's method.
func (e *Engine) Drain(ctx context.Context, window time.Duration, plan Plan) {
	e.draining.Store(true)
	e.onLoops(func(l *loop) {
		l.wheel.each(func(c *Conn) {
			if c.state == inHandshake {
				l.drop(c)
				return
			}
			from, to := 0.0, 1.0
			if plan != nil {
				p := guard(e, nil, func() [2]float64 { a, b := plan(c); return [2]float64{a, b} })
				from, to = p[0], p[1]
			}
			at := from + rand.Float64()*(to-from)
			l.goodbye(c, &goodbye{
				code: codec.CloseDraining, reason: "the server is restarting",
				retryAfter: uint32(at * float64(window/time.Millisecond)), soft: true,
			})
		})
		l.flushAll()
	})
	wait := func(ctx context.Context) {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for e.stats.conns.Load() > 0 {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}
	soft, cancel := context.WithTimeout(ctx, window)
	wait(soft)
	cancel()
	e.onLoops(func(l *loop) {
		l.wheel.each(func(c *Conn) {
			l.goodbye(c, &goodbye{code: codec.CloseDraining, reason: "the server is restarting"})
		})
		l.flushAll()
	})
	hard, cancel := context.WithTimeout(ctx, closeWait)
	wait(hard)
	cancel()
	for _, s := range e.shards {
		for s.length() > 0 && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
	}
}

// Move asks every connection that is open now to come back elsewhere: each gets a soft DISCONNECT with a time of its own in
// the window, and is served until it goes. At the end of the window those who are still here are closed with code, unless
// stay says that they need not go any more. Newcomers are accepted all the while, and left alone. Not to be called from a
// Handler's method.
func (e *Engine) Move(ctx context.Context, window time.Duration, code uint16, reason string, stay func() bool) {
	last := e.nextID.Load()
	e.onLoops(func(l *loop) {
		l.wheel.each(func(c *Conn) {
			if c.state == isOpen && c.id <= last {
				at := rand.Float64() * float64(window/time.Millisecond)
				l.goodbye(c, &goodbye{code: code, reason: reason, retryAfter: uint32(at), soft: true})
			}
		})
		l.flushAll()
	})
	over := time.NewTimer(window)
	defer over.Stop()
	select {
	case <-ctx.Done():
		return
	case <-over.C:
	}
	if stay() {
		return
	}
	e.onLoops(func(l *loop) {
		l.wheel.each(func(c *Conn) {
			if c.id <= last {
				l.goodbye(c, &goodbye{code: code, reason: reason})
			}
		})
		l.flushAll()
	})
}

// Each calls fn for every open connection, on the connections' own loops, and returns when all were shown. Not to be called
// from a Handler's method.
func (e *Engine) Each(fn func(c *Conn)) {
	e.onLoops(func(l *loop) {
		l.wheel.each(func(c *Conn) {
			if c.state == isOpen {
				fn(c)
			}
		})
	})
}

// onLoops runs fn on every loop and waits for all.
func (e *Engine) onLoops(fn func(l *loop)) {
	e.mu.Lock()
	loops := make([]*loop, 0, len(e.loops))
	for _, l := range e.loops {
		loops = append(loops, l)
	}
	e.mu.Unlock()
	done := make(chan struct{}, len(loops))
	waiting := 0
	for _, l := range loops {
		task := loopTask{l, fn, done}
		if err := l.gnet.Execute(context.Background(), task); err == nil {
			waiting++
		}
	}
	for range waiting {
		select {
		case <-done:
		case <-time.After(5 * time.Second): // the loops have ended under us
			return
		}
	}
}

type loopTask struct {
	l    *loop
	fn   func(*loop)
	done chan<- struct{}
}

// Run implements gnet.Runnable.
func (t loopTask) Run(context.Context) error {
	defer func() { t.done <- struct{}{} }()
	defer t.l.e.rescue(nil)
	t.fn(t.l)
	return nil
}
