package chat

import (
	"context"
	"sync"
	"time"
)

// Presence knows who is here. Somebody whose last connection ended counts as here until a grace has passed, so that a
// reload or a short tunnel changes nothing. Visitors who are simply connected cost no memory: only those in their grace
// are remembered. Safe for concurrent use.
type Presence struct {
	visitorGrace time.Duration
	agentGrace   time.Duration
	now          func() time.Time
	changed      func(PresenceChange)

	mu      sync.Mutex
	here    func(TenantID, UserID) bool
	leaving map[person]departure
	agents  map[person]*agentPresence
}

type person struct {
	tenant TenantID
	user   UserID
}

type departure struct {
	at   time.Time // when the grace is over
	role Role
	conv ConversationID
}

type agentPresence struct {
	connected bool
	said      Availability // the last STATUS
}

// PresenceChange tells that somebody came, went, or (agents) said something else of himself.
type PresenceChange struct {
	Tenant       TenantID
	User         UserID
	Role         Role
	Conversation ConversationID // a visitor's open conversation, if any
	State        Availability   // visitors: Online or Offline
}

func newPresence(visitor, agent time.Duration, now func() time.Time, changed func(PresenceChange)) *Presence {
	return &Presence{
		visitorGrace: visitor, agentGrace: agent, now: now, changed: changed,
		leaving: make(map[person]departure), agents: make(map[person]*agentPresence),
	}
}

// SetHere gives Presence a way to ask whether a user has a connection at this moment. Up and Down come from different
// goroutines, so when a grace ends the question is asked again before anyone is called gone.
func (p *Presence) SetHere(here func(TenantID, UserID) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.here = here
}

// Up says that a user's first connection has come; for agents it may be said of every one. conv is a visitor's open
// conversation, or zero.
func (p *Presence) Up(t TenantID, u UserID, r Role, conv ConversationID) {
	who := person{t, u}
	p.mu.Lock()
	_, was := p.leaving[who]
	delete(p.leaving, who)
	state := Online
	if r == RoleAgent {
		a := p.agents[who]
		if a == nil {
			a = new(agentPresence)
			p.agents[who] = a
		}
		was = was || a.connected
		a.connected = true
		state = a.said
	}
	p.mu.Unlock()
	if !was {
		p.changed(PresenceChange{t, u, r, conv, state})
	}
}

// Down says that a user's last connection has ended: the grace begins.
func (p *Presence) Down(t TenantID, u UserID, r Role, conv ConversationID) {
	grace := p.visitorGrace
	if r == RoleAgent {
		grace = p.agentGrace
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.leaving[person{t, u}] = departure{p.now().Add(grace), r, conv}
}

// Say records what an agent says of himself. It lasts until the agent says something else or the process ends; an agent
// who never said anything is Offline: conversations are offered only to those who asked for them.
func (p *Presence) Say(t TenantID, agent AgentID, state Availability) {
	who := person{t, UserID(agent)}
	p.mu.Lock()
	a := p.agents[who]
	if a == nil {
		a = new(agentPresence)
		p.agents[who] = a
	}
	same := a.said == state
	a.said = state
	p.mu.Unlock()
	if !same {
		p.changed(PresenceChange{Tenant: t, User: UserID(agent), Role: RoleAgent, State: state})
	}
}

// Agent returns an agent's effective availability: Offline unless connected or in the grace.
func (p *Presence) Agent(t TenantID, agent AgentID) Availability {
	p.mu.Lock()
	defer p.mu.Unlock()
	if a := p.agents[person{t, UserID(agent)}]; a != nil && a.connected {
		return a.said
	}
	return Offline
}

// Available returns the agents of a tenant who are Online.
func (p *Presence) Available(t TenantID) []AgentID {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []AgentID
	for who, a := range p.agents {
		if who.tenant == t && a.connected && a.said == Online {
			out = append(out, AgentID(who.user))
		}
	}
	return out
}

// staffed returns the tenants that have an available agent.
func (p *Presence) staffed() []TenantID {
	p.mu.Lock()
	defer p.mu.Unlock()
	seen := make(map[TenantID]bool)
	var out []TenantID
	for who, a := range p.agents {
		if a.connected && a.said == Online && !seen[who.tenant] {
			seen[who.tenant] = true
			out = append(out, who.tenant)
		}
	}
	return out
}

// run ends graces until ctx ends.
func (p *Presence) run(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			for _, c := range p.expire() {
				p.changed(c)
			}
		}
	}
}

// expire removes everyone whose grace is over.
func (p *Presence) expire() []PresenceChange {
	now := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	var gone []PresenceChange
	for who, d := range p.leaving {
		if now.Before(d.at) {
			continue
		}
		delete(p.leaving, who)
		if p.here != nil && p.here(who.tenant, who.user) {
			continue
		}
		if a := p.agents[who]; a != nil {
			a.connected = false
			if a.said == Offline {
				delete(p.agents, who)
			}
		}
		gone = append(gone, PresenceChange{who.tenant, who.user, d.role, d.conv, Offline})
	}
	return gone
}

// presenceChanged tells the other nodes and screens, and lets routing look again.
func (d *Desk) presenceChanged(c PresenceChange) {
	err := d.broker.Publish(context.Background(), Signal{
		Kind: SignalPresence, Tenant: c.Tenant, Conversation: c.Conversation, User: c.User, Role: c.Role, State: uint8(c.State),
	})
	if err != nil {
		d.logger.Warn("presence signal not published", "err", err)
	}
	if c.Role == RoleAgent {
		d.router.wake(c.Tenant)
	}
}

// Status records an agent's availability. Only agents have one.
func (d *Desk) Status(_ context.Context, a *Actor, state Availability) error {
	if a.Role != RoleAgent {
		return errNotAllowed
	}
	d.Presence.Say(a.Tenant, AgentID(a.User), state)
	return nil
}
