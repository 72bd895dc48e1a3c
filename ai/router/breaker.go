package router

import (
	"sync"
	"time"
)

// Numbers of the breaker.
const (
	inARow      = 5 // failures that open it
	leastWindow = 5 // calls in the window from which on half of them failing opens it
	window      = 10 * time.Second
	coolDown    = 5 * time.Second
	maxCoolDown = 60 * time.Second
	maxRest     = 10 * time.Minute // the longest that an engine can ask to be left alone
)

// verdict is what a call says about an engine's health.
type verdict uint8

const (
	well    verdict = iota
	ill             // it failed
	nothing         // nobody waited for its end
)

// breaker leaves an engine alone that fails, and then sends one question to see whether it is well again.
//
// Safe for concurrent use.
type breaker struct {
	mu      sync.Mutex
	open    bool
	until   time.Time     // when open: of the next probe
	cool    time.Duration // of the next opening
	probing bool
	round   int // grows with every change of state: calls of earlier rounds say nothing any more
	row     int
	calls   []call // within the window, oldest first
	wake    chan struct{}
}

type call struct {
	at  time.Time
	ill bool
}

// pass is the leave to call an engine.
type pass struct {
	round int
	probe bool
}

func newBreaker() *breaker { return &breaker{cool: coolDown, wake: make(chan struct{})} }

// enter asks for leave.
func (b *breaker) enter(now time.Time) (pass, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case !b.open:
		return pass{round: b.round}, true
	case b.probing || now.Before(b.until):
		return pass{}, false
	}
	b.probing = true
	return pass{b.round, true}, true
}

// leave tells how a call went. rest is how long the engine wants to be left alone.
func (b *breaker) leave(p pass, v verdict, now time.Time, rest time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.round != b.round {
		return
	}
	if p.probe {
		b.probing = false
		switch v {
		case well:
			b.open, b.cool, b.row, b.calls = false, coolDown, 0, nil
			b.round++
		case ill:
			b.trip(now, rest)
		}
		return
	}
	if v == nothing {
		return
	}
	old := 0
	for old < len(b.calls) && now.Sub(b.calls[old].at) > window {
		old++
	}
	b.calls = append(b.calls[old:], call{now, v == ill})
	if v == well {
		b.row = 0
		return
	}
	b.row++
	failed := 0
	for _, c := range b.calls {
		if c.ill {
			failed++
		}
	}
	if b.row >= inARow || len(b.calls) >= leastWindow && 2*failed >= len(b.calls) || rest > 0 {
		b.trip(now, rest)
	}
}

// late tells that a call has given no sign in the time in which nearly all do, while it goes on. So many in a row are no coincidence, and
// opening it now spares all those that wait.
func (b *breaker) late(p pass, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.round != b.round || p.probe {
		return
	}
	if b.row++; b.row >= inARow {
		b.trip(now, 0)
	}
}

// trip opens it. mu must be held.
func (b *breaker) trip(now time.Time, rest time.Duration) {
	wait := b.cool
	if rest > 0 { // it said itself for how long
		wait = min(rest, maxRest)
	} else {
		b.cool = min(2*b.cool, maxCoolDown)
	}
	b.open, b.until, b.row, b.calls = true, now.Add(wait), 0, nil
	b.round++
	close(b.wake)
	b.wake = make(chan struct{})
}

// opens is closed when the breaker opens the next time.
func (b *breaker) opens() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.wake
}

// state is for people and metrics.
func (b *breaker) state(now time.Time) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case !b.open:
		return "closed"
	case now.Before(b.until):
		return "open"
	}
	return "half-open"
}
