package chat

import (
	"hash/maphash"
	"math"
	"sync"
	"time"
)

// headCache keeps the newest known heads of conversations, a bounded number of them. It is a hash table of its own, because
// a map from which entries come and go takes four times the memory of what it holds. Safe for concurrent use.
type headCache struct {
	seed   maphash.Seed
	shards [headShards]headShard
}

const headShards = 16

// headShard is a part of the entries, in chains. Chains and the hand count entries from 1; 0 is the end.
type headShard struct {
	mu    sync.Mutex
	max   int // entries
	all   []headEntry
	slots []uint16 // the first entry of each chain
	hand  int      // who makes room next
}

type headEntry struct {
	key Key
	packedHead
}

// packedHead is a Head without pointers and padding: there may be very many.
type packedHead struct {
	visitor          VisitorID
	assignee         AgentID
	team             TeamID
	last, lastPublic Seq
	since            int64 // ms since the Unix epoch: when a snoozed one wakes, otherwise since when it waits; 0: neither
	version          uint32
	next             uint16 // of its slot's chain in a headShard
	status           Status
}

func pack(h *Head) packedHead {
	p := packedHead{h.Visitor, h.Assignee, h.Team, h.Last, h.LastPublic, 0, uint32(h.Version), 0, h.Status}
	if at := h.Clock(); !at.IsZero() {
		p.since = at.UnixMilli()
	}
	return p
}

func (p *packedHead) head() Head {
	h := Head{
		State: State{Visitor: p.visitor, Status: p.status, Assignee: p.assignee, Team: p.team, Version: uint64(p.version)},
		Last:  p.last, LastPublic: p.lastPublic,
	}
	if p.since != 0 {
		h.SetClock(time.UnixMilli(p.since).UTC())
	}
	return h
}

func newHeadCache(limit int) *headCache {
	c := &headCache{seed: maphash.MakeSeed()}
	for i := range c.shards {
		n := min(max(limit/headShards, 1), math.MaxUint16)
		c.shards[i].max, c.shards[i].slots = n, make([]uint16, n)
	}
	return c
}

// find returns the shard and the chain that a conversation belongs to.
func (c *headCache) find(k Key) (s *headShard, slot *uint16) {
	h := maphash.Comparable(c.seed, k)
	s = &c.shards[h%headShards]
	return s, &s.slots[h/headShards%uint64(len(s.slots))]
}

// in returns the entry of a conversation in its chain, or nil. mu must be held.
func (s *headShard) in(slot *uint16, k *Key) *headEntry {
	for at := *slot; at != 0; at = s.all[at-1].next {
		if e := &s.all[at-1]; e.key == *k {
			return e
		}
	}
	return nil
}

// unlink takes the entry at, counted from 1, out of its chain. mu must be held.
func (s *headShard) unlink(slot *uint16, at uint16) {
	for *slot != at {
		slot = &s.all[*slot-1].next
	}
	*slot = s.all[at-1].next
}

func (c *headCache) get(k Key) (Head, bool) {
	s, slot := c.find(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.in(slot, &k)
	if e == nil {
		return Head{}, false
	}
	return e.head(), true
}

// advance stores a head unless a newer one is there, and returns the one that was there (zero if none) and whether h is newer. When
// the shard is full, the entry that came first makes room.
func (c *headCache) advance(k Key, h Head) (before Head, newer bool) {
	s, slot := c.find(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.in(slot, &k); e != nil {
		before = e.head()
		if before.Last > h.Last || before.Version > h.Version {
			return before, false
		}
		next := e.next
		e.packedHead = pack(&h)
		e.next = next
		return before, before.Last < h.Last
	}
	if len(s.all) < s.max {
		if len(s.all) == cap(s.all) { // append would take more than there may ever be
			s.all = append(make([]headEntry, 0, min(max(2*len(s.all), 8), s.max)), s.all...)
		}
		s.all = append(s.all, headEntry{})
		s.link(slot, len(s.all), k, h)
		return Head{}, true
	}
	s.hand = s.hand%len(s.all) + 1
	_, was := c.find(s.all[s.hand-1].key)
	s.unlink(was, uint16(s.hand))
	s.link(slot, s.hand, k, h)
	return Head{}, true
}

// link puts a head into the entry at and at the front of a chain. mu must be held.
func (s *headShard) link(slot *uint16, at int, k Key, h Head) {
	s.all[at-1] = headEntry{k, pack(&h)}
	s.all[at-1].next = *slot
	*slot = uint16(at)
}

// forget drops every head that concerns names.
func (c *headCache) forget(concerns func(Key) bool) {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		kept := s.all[:0]
		clear(s.slots)
		for _, e := range s.all {
			if concerns(e.key) {
				continue
			}
			_, slot := c.find(e.key)
			kept = append(kept, e)
			kept[len(kept)-1].next = *slot
			*slot = uint16(len(kept))
		}
		s.all = kept
		s.mu.Unlock()
	}
}

// each calls fn, under no lock, with every head that concerns names.
func (c *headCache) each(concerns func(Key) bool, fn func(Key, Head)) {
	for i := range c.shards {
		s := &c.shards[i]
		var found []headEntry
		s.mu.Lock()
		for j := range s.all {
			if concerns(s.all[j].key) {
				found = append(found, s.all[j])
			}
		}
		s.mu.Unlock()
		for j := range found {
			fn(found[j].key, found[j].head())
		}
	}
}

// watched calls fn with the visitor of every conversation in memory that somebody on this node watches.
func (d *Desk) watched(fn func(person, ConversationID)) {
	d.heads.each(func(Key) bool { return true }, func(k Key, h Head) {
		if h.Status != Closed && d.Presence.watches(k, &h.State) {
			fn(person{k.Tenant, UserID(h.Visitor)}, k.Conversation)
		}
	})
}

// KnownHeads calls fn with every conversation in memory that concerns names.
func (d *Desk) KnownHeads(concerns func(Key) bool, fn func(Key, Head)) { d.heads.each(concerns, fn) }
