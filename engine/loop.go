package engine

import (
	"context"
	"sync"

	"github.com/panjf2000/gnet/v2"
)

// loop is what belongs to one gnet event loop: its connections' wheel and what other goroutines want written.
type loop struct {
	e       *Engine
	gnet    gnet.EventLoop
	wheel   wheel
	now     uint32 // seconds since the engine began; event loop only
	grace   uint32 // no deadline counts before this second; event loop only
	slow    map[*Conn]struct{}
	dirty   []*Conn
	iov     [][]byte
	pings   [Kinds]*Frame // this second's, shared
	boxes   []*outbox     // spare ones
	scratch []byte
	most    int // wishes that one wake of this second brought; event loop only

	mu      sync.Mutex
	pending []op
	spare   []op
	armed   bool
	stopped bool
}

// op is one wish of another goroutine: a frame to be sent, a goodbye, or Ready with its frame.
type op struct {
	conn  *Conn
	frame *Frame
	bye   *goodbye
	class Class
	ready bool
}

// push adds a wish, and wakes the loop if it was not woken yet.
func (l *loop) push(o op) {
	l.mu.Lock()
	if l.stopped {
		l.mu.Unlock()
		if o.frame != nil {
			o.frame.Release()
		}
		return
	}
	l.pending = append(l.pending, o)
	wake := !l.armed
	l.armed = true
	l.mu.Unlock()
	if wake {
		l.wake()
	}
}

// pushPart adds those of ops that are for connections of this loop, under one lock and one wake.
func (l *loop) pushPart(ops []op) {
	l.mu.Lock()
	stopped := l.stopped
	for i := range ops {
		if ops[i].conn.loop == l && !stopped {
			l.pending = append(l.pending, ops[i])
		}
	}
	wake := !l.armed && !stopped
	l.armed = true
	l.mu.Unlock()
	if wake {
		l.wake()
	}
	if stopped {
		for i := range ops {
			if ops[i].conn.loop == l {
				ops[i].frame.Release()
			}
		}
	}
}

func (l *loop) wake() {
	if err := l.gnet.Execute(context.Background(), (*drainer)(l)); err != nil {
		l.stop() // the engine has shut down
	}
}

// stop drops everything that waits; nothing is taken any more.
func (l *loop) stop() {
	l.mu.Lock()
	ops := l.pending
	l.pending, l.stopped = nil, true
	l.mu.Unlock()
	for i := range ops {
		if ops[i].frame != nil {
			ops[i].frame.Release()
		}
	}
}

// drainer is the loop as a gnet.Runnable that works off what was pushed.
type drainer loop

// Run implements gnet.Runnable.
func (d *drainer) Run(context.Context) error {
	l := (*loop)(d)
	defer l.e.rescue(nil)
	l.drain()
	return nil
}

// keepOps is how many wishes' memory a loop keeps between wakes, and calmOps how many when the last second's wakes needed
// much less.
const (
	keepOps = 1 << 15
	calmOps = 256
)

func (l *loop) drain() {
	l.mu.Lock()
	ops := l.pending
	l.pending = l.spare[:0]
	l.armed = false
	l.mu.Unlock()
	for i := range ops {
		o := &ops[i]
		c := o.conn
		switch {
		case o.ready:
			l.becomeReady(c, o.frame)
		case o.frame != nil && !c.ready && o.class != Must:
			l.hold(c, o.frame, o.class)
		case o.frame != nil:
			l.enqueue(c, o.frame, o.class)
		case o.bye != nil:
			l.goodbye(c, o.bye)
		}
	}
	l.flushAll()
	clear(ops)
	if cap(ops) > keepOps {
		ops = nil
	}
	l.spare = ops
	l.most = max(l.most, len(ops))
}

// trim lets go of the memory of wishes that the last second had no use for. The other of the two lists is spare after the
// next wake.
func (l *loop) trim() {
	if cap(l.spare) > calmOps && l.most < cap(l.spare)/8 {
		l.spare = nil
	}
	l.most = 0
}

// stepper is the loop as a gnet.Runnable that looks at one second's connections.
type stepper loop

// Run implements gnet.Runnable.
func (s *stepper) Run(context.Context) error {
	l := (*loop)(s)
	defer l.e.rescue(nil)
	l.step()
	return nil
}
