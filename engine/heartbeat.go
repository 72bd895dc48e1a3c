package engine

import (
	"time"

	"github.com/uniqchat/uniqchat/codec"
)

// seconds is a duration in whole seconds of the wheel, at least one.
func seconds(d time.Duration) uint32 { return max(uint32((d+time.Second-1)/time.Second), 1) }

// after is the second in which d is over. The clock is coarse: never too early.
func (l *loop) after(d time.Duration) uint32 { return l.now + seconds(d) + 1 }

// stall is how many seconds between two steps mean that the process stood still. What peers sent meanwhile has not been
// read yet, so nobody's deadline counts until as much time has passed again.
const stall = 2

// step is the loop's work of one second: deadlines, heartbeats, slow readers.
func (l *loop) step() {
	now := l.e.clock.Load()
	if now-l.now > stall {
		l.grace = now + stall
		for c := range l.slow {
			c.out.progress = now
		}
	}
	l.now = now
	l.wheel.advance(l.now, l.look)
	l.checkSlow()
	l.flushAll()
	l.trim()
	for i, f := range l.pings {
		if f != nil {
			f.Release()
			l.pings[i] = nil
		}
	}
}

// look judges one connection whose second has come, and returns when to look again.
func (l *loop) look(c *Conn) uint32 {
	if l.now < l.grace {
		return l.grace
	}
	switch c.state {
	case inHandshake:
		l.e.stats.refused("handshake_timeout")
		l.drop(c)
		return 0
	case isClosing:
		l.drop(c)
		return 0
	case isOpen:
	default:
		return 0
	}
	t := c.tier.Load()
	switch {
	case c.leaving != nil: // the shard took longer
		l.goodbye(c, c.leaving)
		return 0
	case !c.ready && c.pinged: // the peer has done its part
		l.e.stats.refused("first_message_unanswered")
		l.goodbye(c, &goodbye{code: codec.CloseTooMany, reason: "the server is busy"})
		return 0
	case !c.ready:
		l.goodbye(c, &goodbye{code: codec.CloseHandshake, reason: "nothing came in time to say who you are"})
		return 0
	case t.Ping == 0:
		return l.now + wheelSlots - 1
	case c.pinged:
		l.goodbye(c, &goodbye{code: codec.CloseNoPong, reason: "no answer to a ping"})
		return 0
	}
	ping := seconds(t.Ping)
	if due := c.heard + ping; due > l.now {
		return due
	}
	f := l.ping(c.kind)
	if f == nil {
		return l.now + ping
	}
	f.Retain()
	c.pinged = true
	l.enqueue(c, f, Must)
	return l.now + seconds(t.Pong)
}

// ping returns this second's heartbeat frame.
func (l *loop) ping(k Kind) *Frame {
	if l.pings[k] == nil {
		l.pings[k] = guard(l.e, nil, func() *Frame { return l.e.handler.Ping(k, time.Now().UnixMilli()) })
	}
	return l.pings[k]
}

// becomeReady starts the heartbeat of a connection that has proven who it is, and sends first, if there is one, and what was held.
func (l *loop) becomeReady(c *Conn, first *Frame) {
	if first != nil {
		l.enqueue(c, first, Must)
	}
	defer l.letHeld(c)
	if c.state != isOpen || c.ready {
		return
	}
	// It stays in the slot of the first deadline; look finds it alive there and moves it on.
	c.ready, c.pinged = true, false
	c.heard = l.now
}

// progressWait is how long a reader may take nothing at all of what waits for it.
const progressWait = 10 * time.Second

// checkSlow looks at the connections that gnet still holds bytes for.
func (l *loop) checkSlow() {
	for c := range l.slow {
		b := c.out
		if c.state == isGone || b == nil {
			delete(l.slow, c)
			continue
		}
		waiting := c.gc.OutboundBuffered()
		if taken := b.given - min(uint64(waiting), b.given); taken > b.taken {
			b.taken, b.progress = taken, l.now
		}
		switch {
		case waiting == 0:
			b.slow, b.given, b.taken = false, 0, 0
			delete(l.slow, c)
			if c.state == isClosing {
				c.shutdownWrite()
				l.wheel.add(c, l.after(closeWait))
			}
			l.markDirty(c) // for a GAP that may be owed, and to let go of the outbox
		case l.now-b.progress >= seconds(progressWait):
			// What waits ends inside a frame: no goodbye can be put behind it.
			l.e.stats.dropped("no_progress")
			l.e.stats.closed(codec.CloseSlow)
			l.drop(c)
		case len(b.missed) > 0:
			l.payGap(c)
		}
	}
}
