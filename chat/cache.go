package chat

import (
	"context"
	"sync"
	"time"
)

// headCache keeps the newest known heads of conversations, a bounded number of them. Safe for concurrent use.
type headCache struct {
	max    int // per shard
	shards [16]headShard
}

type headShard struct {
	mu sync.Mutex
	m  map[Key]packedHead
}

// packedHead is a Head without pointers and padding: there may be very many.
type packedHead struct {
	visitor          VisitorID
	assignee         AgentID
	team             TeamID
	last, lastPublic Seq
	queued           int64 // ms since the Unix epoch; 0: not waiting
	version          uint32
	status           Status
}

func pack(h *Head) packedHead {
	p := packedHead{h.Visitor, h.Assignee, h.Team, h.Last, h.LastPublic, 0, uint32(h.Version), h.Status}
	if !h.Queued.IsZero() {
		p.queued = h.Queued.UnixMilli()
	}
	return p
}

func (p *packedHead) head() Head {
	h := Head{
		State: State{Visitor: p.visitor, Status: p.status, Assignee: p.assignee, Team: p.team, Version: uint64(p.version)},
		Last:  p.last, LastPublic: p.lastPublic,
	}
	if p.queued != 0 {
		h.Queued = time.UnixMilli(p.queued).UTC()
	}
	return h
}

func newHeadCache(limit int) *headCache {
	c := &headCache{max: max(limit/16, 1)}
	for i := range c.shards {
		c.shards[i].m = make(map[Key]packedHead)
	}
	return c
}

func (c *headCache) shard(k Key) *headShard {
	return &c.shards[(k.Conversation[15]^k.Conversation[7])&15]
}

func (c *headCache) get(k Key) (Head, bool) {
	s := c.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.m[k]
	return p.head(), ok
}

// advance stores a head unless a newer one is there. When the shard is full, any other entry makes room.
func (c *headCache) advance(k Key, h Head) {
	s := c.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	old, ok := s.m[k]
	if ok && (old.last > h.Last || uint64(old.version) > h.Version) {
		return
	}
	if !ok && len(s.m) >= c.max {
		for other := range s.m {
			delete(s.m, other)
			break
		}
	}
	s.m[k] = pack(&h)
}

// forget drops every head that concerns names.
func (c *headCache) forget(concerns func(Key) bool) {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		for k := range s.m {
			if concerns(k) {
				delete(s.m, k)
			}
		}
		s.mu.Unlock()
	}
}

// each calls fn, under no lock, with every head that concerns names.
func (c *headCache) each(concerns func(Key) bool, fn func(Key, Head)) {
	for i := range c.shards {
		s := &c.shards[i]
		found := make(map[Key]Head)
		s.mu.Lock()
		for k, p := range s.m {
			if concerns(k) {
				found[k] = p.head()
			}
		}
		s.mu.Unlock()
		for k, h := range found {
			fn(k, h)
		}
	}
}

// staffCache keeps agents and teams for a few seconds, so that names and rules cost no query a message.
type staffCache struct {
	store Store
	now   func() time.Time

	mu     sync.Mutex
	agents map[staffKey]staffEntry
	teams  map[TenantID]teamEntry
}

type staffKey struct {
	tenant TenantID
	agent  AgentID
}

type staffEntry struct {
	Agent
	until time.Time
}

type teamEntry struct {
	teams []Team
	until time.Time
}

const (
	staffTTL = 5 * time.Second
	staffMax = 20_000
)

func newStaffCache(store Store, now func() time.Time) *staffCache {
	return &staffCache{store: store, now: now, agents: make(map[staffKey]staffEntry), teams: make(map[TenantID]teamEntry)}
}

func (c *staffCache) agent(ctx context.Context, t TenantID, id AgentID) (Agent, error) {
	k, now := staffKey{t, id}, c.now()
	c.mu.Lock()
	e, ok := c.agents[k]
	c.mu.Unlock()
	if ok && now.Before(e.until) {
		return e.Agent, nil
	}
	a, err := c.store.Agent(ctx, t, id)
	if err != nil && ok && CodeOf(err) != NotFound {
		return e.Agent, nil // the database is away: what was known goes on
	}
	if err != nil {
		return Agent{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.agents) >= staffMax {
		clear(c.agents)
	}
	c.agents[k] = staffEntry{a, now.Add(staffTTL)}
	return a, nil
}

func (c *staffCache) hasTeam(ctx context.Context, t TenantID, id TeamID) error {
	now := c.now()
	c.mu.Lock()
	e, ok := c.teams[t]
	c.mu.Unlock()
	if !ok || now.After(e.until) {
		teams, err := c.store.Teams(ctx, t)
		if err != nil {
			return err
		}
		e = teamEntry{teams, now.Add(staffTTL)}
		c.mu.Lock()
		c.teams[t] = e
		c.mu.Unlock()
	}
	for i := range e.teams {
		if e.teams[i].ID == id {
			return nil
		}
	}
	return Errorf(NotFound, "there is no such team")
}

// forget drops what is known of a tenant's staff.
func (c *staffCache) forget(t TenantID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k := range c.agents {
		if k.tenant == t {
			delete(c.agents, k)
		}
	}
	delete(c.teams, t)
}
