package chat

import (
	"context"
	"sync"
	"time"
)

// staffCache keeps agents and teams for a few seconds, so that names and rules cost no query a message.
type staffCache struct {
	store Store
	now   func() time.Time

	mu     sync.Mutex
	agents map[staffKey]staffEntry
	teams  map[TenantID]teamEntry
	age    uint64 // how often something was forgotten: what was being looked up then is not kept
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
	age := c.age
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
	if c.age != age {
		return a, nil
	}
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
	age := c.age
	c.mu.Unlock()
	if !ok || now.After(e.until) {
		teams, err := c.store.Teams(ctx, t)
		if err != nil {
			return err
		}
		e = teamEntry{teams, now.Add(staffTTL)}
		c.mu.Lock()
		if c.age == age {
			c.teams[t] = e
		}
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
	c.age++
	for k := range c.agents {
		if k.tenant == t {
			delete(c.agents, k)
		}
	}
	delete(c.teams, t)
}
