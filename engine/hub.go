package engine

import (
	"sync"
)

// Hub knows which connections follow which topics. Most topics have one follower, who is kept without a list.
// Safe for concurrent use.
type Hub struct {
	shards [hubShards]hubShard
	spread sync.Pool // *spreader
}

const hubShards = 64

type hubShard struct {
	mu     sync.RWMutex
	topics map[Topic]follower
}

// follower is the followers of one topic: one, or several.
type follower struct {
	one  *Conn
	more *[]*Conn // all of them, if there are several
}

func newHub() *Hub {
	h := &Hub{}
	h.spread.New = func() any { return new(spreader) }
	for i := range h.shards {
		h.shards[i].topics = make(map[Topic]follower)
	}
	return h
}

func (h *Hub) shard(t *Topic) *hubShard {
	// Ids are random in their last bytes; the space keeps tenants with the same id apart.
	return &h.shards[(uint32(t.ID[15])^uint32(t.ID[8])^t.Space)%hubShards]
}

// Subscribe makes a connection a follower of a topic. Once is as good as twice.
func (h *Hub) Subscribe(t Topic, c *Conn) {
	s := h.shard(&t)
	s.mu.Lock()
	defer s.mu.Unlock()
	f, ok := s.topics[t]
	switch {
	case !ok:
		s.topics[t] = follower{one: c}
	case f.more == nil:
		if f.one != c {
			s.topics[t] = follower{more: &[]*Conn{f.one, c}}
		}
	default:
		for _, other := range *f.more {
			if other == c {
				return
			}
		}
		*f.more = append(*f.more, c)
	}
}

// Unsubscribe ends what Subscribe began. The application does it for every topic of a connection on OpClosed.
func (h *Hub) Unsubscribe(t Topic, c *Conn) {
	s := h.shard(&t)
	s.mu.Lock()
	defer s.mu.Unlock()
	f, ok := s.topics[t]
	if !ok {
		return
	}
	if f.more == nil {
		if f.one == c {
			delete(s.topics, t)
		}
		return
	}
	list := *f.more
	for i, other := range list {
		if other != c {
			continue
		}
		last := len(list) - 1
		list[i], list[last] = list[last], nil
		list = list[:last]
		break
	}
	if len(list) == 1 {
		s.topics[t] = follower{one: list[0]}
		return
	}
	*f.more = list
}

// Count returns how many follow a topic.
func (h *Hub) Count(t Topic) int {
	s := h.shard(&t)
	s.mu.RLock()
	defer s.mu.RUnlock()
	f, ok := s.topics[t]
	switch {
	case !ok:
		return 0
	case f.more == nil:
		return 1
	}
	return len(*f.more)
}

// Members appends a topic's followers to dst.
func (h *Hub) Members(t Topic, dst []*Conn) []*Conn {
	s := h.shard(&t)
	s.mu.RLock()
	defer s.mu.RUnlock()
	f, ok := s.topics[t]
	switch {
	case !ok:
		return dst
	case f.more == nil:
		return append(dst, f.one)
	}
	return append(dst, *f.more...)
}

// Topics returns how many topics have followers.
func (h *Hub) Topics() (n int) {
	for i := range h.shards {
		s := &h.shards[i]
		s.mu.RLock()
		n += len(s.topics)
		s.mu.RUnlock()
	}
	return n
}

// Each calls fn with every topic and its followers, holding no lock. The list is only valid during the call.
func (h *Hub) Each(fn func(t Topic, followers []*Conn)) {
	var topics []Topic
	var ends []int
	var conns []*Conn
	for i := range h.shards {
		s := &h.shards[i]
		topics, ends, conns = topics[:0], ends[:0], conns[:0]
		s.mu.RLock()
		for t, f := range s.topics {
			topics = append(topics, t)
			if f.more == nil {
				conns = append(conns, f.one)
			} else {
				conns = append(conns, *f.more...)
			}
			ends = append(ends, len(conns))
		}
		s.mu.RUnlock()
		from := 0
		for j, t := range topics {
			fn(t, conns[from:ends[j]])
			from = ends[j]
		}
		clear(conns)
	}
}

// spreader is the memory of one Publish.
type spreader struct {
	conns []*Conn
	ops   []op
	loops []*loop
}

// Publish sends a frame to every follower of a topic, and returns to how many. pick is called for each, holding no lock,
// and returns a frame with a reference for that connection, or nil to leave it out. Frames reach a connection in the order
// of the calls, if those are made from one goroutine.
func (h *Hub) Publish(t Topic, pick func(c *Conn) *Frame, class Class) (sent int) {
	x := h.spread.Get().(*spreader)
	defer h.spread.Put(x)
	x.conns = h.Members(t, x.conns[:0])
	if len(x.conns) <= 2 {
		for i, c := range x.conns {
			x.conns[i] = nil
			if f := pick(c); f != nil {
				c.Send(f, class)
				sent++
			}
		}
		return sent
	}
	for _, c := range x.conns {
		if f := pick(c); f != nil {
			x.ops = append(x.ops, op{conn: c, frame: f, class: class})
			sent++
		}
	}
	x.send()
	clear(x.conns)
	return sent
}

// send gives each loop its part: one lock and one wake per loop.
func (x *spreader) send() {
	for i := range x.ops {
		l := x.ops[i].conn.loop
		known := false
		for _, other := range x.loops {
			known = known || other == l
		}
		if !known {
			x.loops = append(x.loops, l)
		}
	}
	for _, l := range x.loops {
		l.pushPart(x.ops)
	}
	clear(x.ops)
	clear(x.loops)
	x.ops, x.loops = x.ops[:0], x.loops[:0]
}
