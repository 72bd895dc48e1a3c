package chat

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Presence knows who is here, on any node. Somebody whose last connection ended counts as here until a grace has passed, so
// that a reload or a short tunnel changes nothing. Visitors who are simply connected cost no memory: only those in their
// grace are remembered, and before one of them is called gone the other nodes are asked. Agents are few, and every node
// knows all of them from what the nodes tell one another (gossip.go). Safe for concurrent use.
type Presence struct {
	node         NodeID
	passive      bool // this node routes nothing
	visitorGrace time.Duration
	agentGrace   time.Duration
	now          func() time.Time
	changed      func(PresenceChange)
	publish      func(Signal)
	watched      func(func(person, ConversationID))

	mu      sync.Mutex
	here    func(TenantID, UserID) bool
	joined  func(Key) bool
	tell    func(PresenceChange)
	leaving map[person]departure
	looked  map[person][]ConversationID // of visitors who are here: what somebody has begun to look at
	agents  map[person]*agentPresence
	peers   map[NodeID]*peer
	beats   uint64 // how many snapshots were sent
}

type person struct {
	tenant TenantID
	user   UserID
}

type departure struct {
	at    time.Time // when the grace is over
	role  Role
	conv  ConversationID
	asked bool // the other nodes were asked
}

// agentPresence is one agent. What he said lasts until he says something else; the newest word wins on every node.
type agentPresence struct {
	local     bool   // connected here, or in the grace
	elsewhere []stay // on other nodes
	said      Availability
	saidAt    int64 // ms since the Unix epoch, moved on so that it always grows; 0: never
	saidHere  bool  // this node heard it, and passes it on
}

// PresenceChange tells that somebody came, went, or (agents) said something else of himself.
type PresenceChange struct {
	Tenant       TenantID
	User         UserID
	Role         Role
	Conversation ConversationID // a visitor's open conversation, if any
	State        Availability   // visitors: Online or Offline
}

// presenceConfig is what a Presence is made of.
type presenceConfig struct {
	node           NodeID
	passive        bool
	visitor, agent time.Duration // graces
	now            func() time.Time
	changed        func(PresenceChange)
	publish        func(Signal)
	watched        func(func(person, ConversationID)) // names the visitors whom somebody on this node watches
}

func newPresence(c presenceConfig) *Presence {
	return &Presence{
		node: c.node, passive: c.passive, visitorGrace: c.visitor, agentGrace: c.agent, now: c.now, changed: c.changed, publish: c.publish, watched: c.watched,
		leaving: make(map[person]departure), looked: make(map[person][]ConversationID), agents: make(map[person]*agentPresence), peers: make(map[NodeID]*peer),
	}
}

// SetHere gives Presence a way to ask whether a user has a connection to this node at this moment. Up and Down come from
// different goroutines, so when a grace ends the question is asked again before anyone is called gone.
func (p *Presence) SetHere(here func(TenantID, UserID) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.here = here
}

// maxLooked is of how many conversations of a visitor's it is remembered that somebody looks at them.
const maxLooked = 8

// look reports whether a visitor has a connection to this node at this moment, and then remembers that somebody looks at a conversation of its.
func (p *Presence) look(who person, conv ConversationID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.here == nil || !p.here(who.tenant, who.user) {
		return false
	}
	if of := p.looked[who]; len(of) < maxLooked && !slices.Contains(of, conv) {
		p.looked[who] = append(of, conv)
	}
	return true
}

// unlook returns which conversations of a visitor that has gone somebody looked at, and forgets them.
func (p *Presence) unlook(who person) []ConversationID {
	p.mu.Lock()
	defer p.mu.Unlock()
	of := p.looked[who]
	delete(p.looked, who)
	return of
}

// SetJoined gives Presence a way to ask whether somebody on this node has joined a conversation.
func (p *Presence) SetJoined(joined func(Key) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.joined = joined
}

// watches reports whether somebody on this node sees a conversation's visitor come and go.
func (p *Presence) watches(k Key, s *State) bool {
	p.mu.Lock()
	here, joined := p.here, p.joined
	p.mu.Unlock()
	return here != nil && !s.Assignee.IsZero() && here(k.Tenant, UserID(s.Assignee)) || joined != nil && joined(k)
}

// SetTell gives Presence a way to tell this node's screens of agents. Every node sees an agent's change by itself, so it
// travels no further. tell is called from several goroutines.
func (p *Presence) SetTell(tell func(PresenceChange)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tell = tell
}

func (p *Presence) teller() func(PresenceChange) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tell
}

// view is what others see of an agent.
type view struct {
	connected bool
	state     Availability
}

// view of nobody is the zero view.
func (a *agentPresence) view() view {
	if a == nil || !a.local && len(a.elsewhere) == 0 {
		return view{}
	}
	return view{true, a.said}
}

// agent returns what is known of an agent, made if there is nothing. mu must be held.
func (p *Presence) agent(who person) *agentPresence {
	a := p.agents[who]
	if a == nil {
		a = new(agentPresence)
		p.agents[who] = a
	}
	return a
}

// Up says that a user's first connection to this node has come; for agents it may be said of every one. conv is a
// visitor's open conversation, or zero.
func (p *Presence) Up(t TenantID, u UserID, r Role, conv ConversationID) {
	who := person{t, u}
	p.mu.Lock()
	_, was := p.leaving[who]
	delete(p.leaving, who)
	if r != RoleAgent {
		p.mu.Unlock()
		if !was {
			p.changed(PresenceChange{t, u, r, conv, Online})
		}
		return
	}
	a := p.agent(who)
	before, fresh := a.view(), !a.local
	a.local = true
	after := a.view()
	p.mu.Unlock()
	if fresh {
		p.tellNodes(who)
	}
	if before != after {
		p.changed(PresenceChange{t, u, r, conv, after.state})
	}
}

// Down says that a user's last connection to this node has ended: the grace begins.
func (p *Presence) Down(t TenantID, u UserID, r Role, conv ConversationID) {
	grace := p.visitorGrace
	if r == RoleAgent {
		grace = p.agentGrace
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.leaving[person{t, u}] = departure{at: p.now().Add(grace), role: r, conv: conv}
}

// Say records what an agent says of himself. It lasts until the agent says something else or every node that knows has
// ended; an agent who never said anything is Offline: conversations are offered only to those who asked for them.
func (p *Presence) Say(t TenantID, agent AgentID, state Availability) {
	who := person{t, UserID(agent)}
	p.mu.Lock()
	a := p.agent(who)
	before := a.view()
	a.said, a.saidAt, a.saidHere = state, max(p.now().UnixMilli(), a.saidAt+1), true
	after := a.view()
	p.mu.Unlock()
	p.tellNodes(who)
	p.tellAll(appendChange(nil, who, before, after))
}

// Agent returns an agent's effective availability: Offline unless connected somewhere or in the grace.
func (p *Presence) Agent(t TenantID, agent AgentID) Availability {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.agents[person{t, UserID(agent)}].view().state
}

// Available returns the agents of a tenant who are Online.
func (p *Presence) Available(t TenantID) []AgentID {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []AgentID
	for who, a := range p.agents {
		if who.tenant == t && a.view().state == Online {
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
		if a.view().state == Online && !seen[who.tenant] {
			seen[who.tenant] = true
			out = append(out, who.tenant)
		}
	}
	return out
}

// run tells the other nodes of this one and ends graces, until ctx ends.
func (p *Presence) run(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	p.beat(false)
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		p.askAround()
		changes, died := p.expirePeers()
		p.tellAll(append(p.expire(), changes...))
		if died {
			p.suspect()
		}
		if n == 1 || n%beatEvery == 0 { // the first answers may have come before this node listened
			p.beat(false)
		}
	}
}

// expire removes everyone whose grace is over.
func (p *Presence) expire() []PresenceChange {
	now := p.now()
	p.mu.Lock()
	var gone []PresenceChange
	var left []person
	for who, d := range p.leaving {
		if now.Before(d.at) {
			continue
		}
		delete(p.leaving, who)
		if p.here != nil && p.here(who.tenant, who.user) {
			continue
		}
		if d.role != RoleAgent {
			gone = append(gone, PresenceChange{who.tenant, who.user, d.role, d.conv, Offline})
			continue
		}
		left = append(left, who)
		if a := p.agents[who]; a != nil {
			before := a.view()
			a.local = false
			if a.view() != before {
				gone = append(gone, PresenceChange{who.tenant, who.user, d.role, d.conv, a.view().state})
			}
		}
	}
	for who, a := range p.agents { // what nobody needs to know any more
		if a.view() == (view{}) && a.said == Offline && now.UnixMilli()-a.saidAt > forgetAfter.Milliseconds() {
			delete(p.agents, who)
		}
	}
	p.mu.Unlock()
	for _, who := range left {
		p.tellNodes(who)
	}
	return gone
}

// presenceChanged tells screens, and lets routing look again.
func (d *Desk) presenceChanged(c PresenceChange) {
	d.announce(&c)
	if c.Role == RoleAgent {
		if tell := d.Presence.teller(); tell != nil {
			tell(c)
		}
		d.router.wake(c.Tenant)
		return
	}
	if c.State == Offline {
		for _, conv := range d.Presence.unlook(person{c.Tenant, c.User}) {
			if conv != c.Conversation {
				d.visitorSignal(&PresenceChange{c.Tenant, c.User, c.Role, conv, Offline})
			}
		}
	}
	if c.Conversation.IsZero() {
		return // a visitor without a conversation is on nobody's screen
	}
	if c.State == Offline {
		select {
		case d.leavers <- c:
		default: // more leave at once than can be looked after
		}
	}
	d.visitorSignal(&c)
}

func (d *Desk) visitorSignal(c *PresenceChange) {
	d.signal(Signal{
		Kind: SignalPresence, Tenant: c.Tenant, Conversation: c.Conversation, User: c.User, Role: c.Role, State: uint8(c.State),
		Data: d.Presence.node[:],
	})
}

// signal publishes a signal that may be lost.
func (d *Desk) signal(s Signal) {
	if err := d.broker.Publish(context.Background(), s); err != nil {
		d.logger.Warn("signal not published", "kind", s.Kind, "err", err)
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
