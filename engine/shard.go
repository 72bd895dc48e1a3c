package engine

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/uniqchat/uniqchat/codec"
)

// shard is a bounded queue of messages and the one goroutine that hands them to the application. A connection's messages
// always go to the same shard, so they keep their order.
type shard struct {
	e     *Engine
	n     int
	wake  chan struct{}
	batch []Inbound

	began   atomic.Int64 // of what is being served, on the monotonic clock of Engine.start; 0: nothing is
	longest atomic.Int64 // that anything took since the last look

	mu    sync.Mutex
	queue []item
	spare []item
	bytes int // of messages that wait or are being served
	busy  int // messages being served
}

// item is one message on its way to the application.
type item struct {
	conn *Conn
	op   Op
	buf  *codec.Buffer
	bye  *goodbye // of opLeave
}

// opLeave in a shard's queue marks where the peer said goodbye or broke the protocol: it is answered after what came before.
// The application never sees it.
const opLeave Op = 0xFF

// perConn is which part of a shard's queue one connection may fill, so that a flood does not shut others out.
const perConn = 4

// cost is what a message takes up in its shard's queue, in bytes: what bounds the number of messages counts too.
func (e *Engine) cost(size int) int32 {
	return int32(min(size+e.cfg.QueueBytes/max(e.cfg.QueueLen, 1), 1<<30))
}

// mayQueue reports whether a connection may add a message to its shard's queue. A single message always may. Event loop
// only.
func (e *Engine) mayQueue(c *Conn, cost int32) bool {
	have := c.queued.Load()
	return have == 0 || int64(have)+int64(cost) <= int64(min(e.cfg.QueueBytes/perConn, 1<<30))
}

// maxServe is how many messages one call of Serve gets.
const maxServe = 256

func newShard(e *Engine, n int) *shard {
	return &shard{e: e, n: n, wake: make(chan struct{}, 1)}
}

// push adds a message, or refuses it if the shard is full; must pushes regardless. It never blocks.
func (s *shard) push(i item, must bool) bool {
	size := 0
	if i.buf != nil {
		size = len(i.buf.B)
	}
	s.mu.Lock()
	if !must && (len(s.queue) >= s.e.cfg.QueueLen || s.bytes+size > s.e.cfg.QueueBytes) {
		s.mu.Unlock()
		return false
	}
	s.queue = append(s.queue, i)
	s.bytes += size
	first := len(s.queue) == 1
	s.mu.Unlock()
	if first {
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
	return true
}

// length is how many messages wait or are being served.
func (s *shard) length() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.queue) + s.busy
}

// run serves until ctx ends and nothing waits any more.
func (s *shard) run(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			for s.serve() {
			}
			return
		case <-tick.C:
			s.tick()
		case <-s.wake:
			s.serve()
		}
	}
}

func (s *shard) tick() {
	defer s.e.rescue(nil)
	s.e.handler.Tick(s.n)
}

// serve hands over what has queued up; false if nothing had.
func (s *shard) serve() bool {
	s.mu.Lock()
	items := s.queue
	s.queue = s.spare[:0]
	s.busy = len(items)
	s.mu.Unlock()
	if len(items) > 0 {
		began := s.e.since()
		s.began.Store(began)
		defer s.served(began)
	}
	for from := 0; from < len(items); from += maxServe {
		s.serveSome(items[from:min(from+maxServe, len(items))])
	}
	s.mu.Lock()
	s.busy = 0
	s.mu.Unlock()
	had := len(items) > 0
	clear(items)
	if cap(items) > 4*maxServe && len(items) < cap(items)/8 {
		items = nil
	}
	s.spare = items[:0]
	return had
}

// served notes how long it took: what came meanwhile has waited for about as long.
func (s *shard) served(began int64) {
	s.began.Store(0)
	if took := s.e.since() - began; took > s.longest.Load() {
		s.longest.Store(took)
	}
}

// lag is the longest that messages have waited since the last call, or wait now.
func (s *shard) lag() time.Duration {
	took := s.longest.Swap(0)
	if began := s.began.Load(); began != 0 {
		took = max(took, s.e.since()-began)
	}
	return time.Duration(took)
}

func (s *shard) serveSome(items []item) {
	s.batch = s.batch[:0]
	bytes := 0
	for i := range items {
		if items[i].op == opLeave {
			continue
		}
		in := Inbound{Conn: items[i].conn, Op: items[i].op}
		if b := items[i].buf; b != nil {
			in.Data = b.B
			bytes += len(b.B)
			// Before it is served: whoever has its answer must be able to send the next one.
			in.Conn.queued.Add(-s.e.cost(len(b.B)))
		}
		s.batch = append(s.batch, in)
	}
	if len(s.batch) > 0 {
		s.call(s.batch)
	}
	for i := range items {
		codec.PutBuffer(items[i].buf)
		if c := items[i].conn; items[i].op == opLeave {
			c.loop.push(op{conn: c, bye: items[i].bye})
		}
	}
	clear(s.batch)
	s.mu.Lock()
	s.bytes -= bytes
	s.mu.Unlock()
}

// call runs the application. If it panics, each message is tried alone, so that only the connection that is to blame is
// closed; the application must be able to see a message twice.
func (s *shard) call(batch []Inbound) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if len(batch) == 1 {
			s.e.panicked(batch[0].Conn, p)
			return
		}
		s.e.panicked(nil, p)
		for i := range batch {
			s.call(batch[i : i+1])
		}
	}()
	s.e.handler.Serve(s.n, batch)
}
