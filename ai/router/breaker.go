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
	slow            // it answered, much later than it used to
	outdone         // it turned down a question that another engine has answered
	nothing         // nobody waited for its end, or nobody could answer
)

// standing is what is thought of an engine.
type standing uint8

const (
	closed standing = iota // it is asked
	behind                 // it is late, or of no use: it is asked when the others can't answer
	open                   // it fails: it is left alone
)

// breaker leaves an engine alone that fails, and puts one behind the others that is in doubt. After a while one question sees whether it is well again.
//
// Safe for concurrent use.
type breaker struct {
	mu      sync.Mutex
	is      standing
	until   time.Time     // when not closed: of the next probe
	cool    time.Duration // of the next opening
	probing bool
	round   int    // grows when it opens and closes: calls of earlier rounds say nothing any more
	row     int    // failures, and questions that others had to answer, with no success in between
	doubts  int    // calls that were late, or of no use, likewise
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
	case b.is == closed:
		return pass{round: b.round}, true
	case b.probing || now.Before(b.until):
		return pass{round: b.round}, b.is == behind
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
			b.is, b.cool, b.row, b.doubts, b.calls = closed, coolDown, 0, 0, nil
			b.round++
		case slow:
			b.putBehind(now)
			b.cool = min(2*b.cool, maxCoolDown)
		case ill, outdone:
			b.trip(now, rest)
		}
		return
	}
	switch v {
	case nothing, slow:
		return
	case outdone: // not of the window, which is for failures
		if b.row++; b.row >= inARow {
			b.trip(now, 0)
		}
		return
	}
	old := 0
	for old < len(b.calls) && now.Sub(b.calls[old].at) > window {
		old++
	}
	b.calls = append(b.calls[old:], call{now, v == ill})
	if v == well {
		b.row, b.doubts = 0, 0
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

// doubt tells that a call was of no use in the time in which nearly all are: it gave no sign, or no further one, or turned its question down. So many in a row
// are no coincidence: the engine is put behind the others, and those that wait for it are woken. It may be well all the same, only slow, or asked what nobody
// can answer. So it is still asked when no other one answers.
func (b *breaker) doubt(p pass, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.round != b.round || p.probe || b.is != closed {
		return
	}
	if b.doubts++; b.doubts >= inARow {
		b.putBehind(now)
		b.rouse()
	}
}

// putBehind has others be asked first until the next probe. mu must be held.
func (b *breaker) putBehind(now time.Time) {
	b.is, b.until, b.doubts = behind, now.Add(b.cool), 0
}

// trip opens it. mu must be held.
func (b *breaker) trip(now time.Time, rest time.Duration) {
	wait := b.cool
	if rest > 0 { // it said itself for how long
		wait = min(rest, maxRest)
	} else {
		b.cool = min(2*b.cool, maxCoolDown)
	}
	b.is, b.until, b.row, b.doubts, b.calls, b.probing = open, now.Add(wait), 0, 0, nil, false
	b.round++
	b.rouse()
}

// rouse wakes those that wait for the engine. mu must be held.
func (b *breaker) rouse() {
	close(b.wake)
	b.wake = make(chan struct{})
}

// able reports whether the engine works as far as is known, or may: it is time to try it again.
func (b *breaker) able(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.is == closed || b.is == behind && !b.probing && !now.Before(b.until)
}

// last reports whether other engines are to be asked before this one.
func (b *breaker) last(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.is == behind && (b.probing || now.Before(b.until))
}

// standing is what is thought of the engine.
func (b *breaker) standing() standing {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.is
}

// opens is closed when the breaker opens the next time, or the engine is put behind the others.
func (b *breaker) opens() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.wake
}

// state is for people and metrics. An engine that is behind is one that is asked.
func (b *breaker) state(now time.Time) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.is != open:
		return "closed"
	case now.Before(b.until):
		return "open"
	}
	return "half-open"
}
