package chat

import (
	"slices"
	"time"
)

// Nodes tell one another over the Broker, which may lose things, which agents they have: all of them every few seconds, and
// one of them at once when something changes. A node that is silent for too long is dead: its agents' graces run from when it
// was heard last.
const (
	beatEvery = 3                // seconds between snapshots
	deadAfter = 10 * time.Second // of silence
	// askAhead is how long before a visitor's grace ends the other nodes are asked whether they have got him.
	askAhead = 2 * time.Second
	// forgetAfter is how long "offline" is remembered, so that no older "online" of another node comes back.
	forgetAfter = time.Minute
)

// peer is another node that lives.
type peer struct {
	heard   time.Time
	passive bool
	beat    uint64          // the newest snapshot of which anything came
	parts   map[uint16]bool // which parts of it came
}

// stay is an agent's being on another node.
type stay struct {
	node  NodeID
	beat  uint64    // the snapshot that said so last
	until time.Time // zero while the node lives, then the end of the grace
}

// say publishes a note.
func (p *Presence) say(n *note) {
	n.node = p.node
	if p.passive {
		n.flags |= flagPassive
	}
	p.publish(Signal{Kind: SignalNode, Data: n.append(nil)})
}

func (p *Presence) noteOf(who person, a *agentPresence) noteAgent {
	return noteAgent{who, a.local, a.said, a.saidAt}
}

// beat tells the other nodes which agents are here and what they said here; to a node that is new, what the others said too.
func (p *Presence) beat(everything bool) {
	p.mu.Lock()
	p.beats++
	var all []noteAgent
	for who, a := range p.agents {
		if a.local || a.saidHere || everything && a.saidAt > 0 {
			all = append(all, p.noteOf(who, a))
		}
	}
	n := note{says: saysBeat, beat: p.beats}
	p.mu.Unlock()
	parts := max((len(all)+notePersons-1)/notePersons, 1)
	for i := range parts {
		part := n
		part.part, part.parts = uint16(i), uint16(parts)
		part.agents = all[i*notePersons : min((i+1)*notePersons, len(all))]
		p.say(&part)
	}
}

// tellNodes tells the other nodes at once that something about an agent changed.
func (p *Presence) tellNodes(who person) {
	p.mu.Lock()
	a := p.agents[who]
	if a == nil {
		a = new(agentPresence)
	}
	n := note{says: saysOne, beat: p.beats, agents: []noteAgent{p.noteOf(who, a)}}
	p.mu.Unlock()
	p.say(&n)
}

// Leave tells the other nodes that this one ends. They wait out its agents' graces, and its visitors'.
func (p *Presence) Leave() {
	now := p.now()
	p.mu.Lock()
	var all []noteLeave
	for who, d := range p.leaving {
		if d.role != RoleAgent && !d.conv.IsZero() {
			all = append(all, noteLeave{who, d.conv, d.at.Sub(now)})
			delete(p.leaving, who)
		}
	}
	p.mu.Unlock()
	for first := true; first || len(all) > 0; first = false {
		k := min(len(all), notePersons)
		p.say(&note{says: saysBye, leavers: all[:k]})
		all = all[k:]
	}
}

// heard takes in a signal of the Broker.
func (p *Presence) heard(s *Signal) {
	own := string(s.Data) == string(p.node[:])
	switch s.Kind {
	case SignalNode:
		if n, err := parseNote(s.Data); err == nil && n.node != p.node { // one of another version may say what it likes
			p.heardNote(&n)
		}
	case SignalWanted:
		if !own && p.has(s) {
			p.publish(Signal{Kind: SignalFound, Tenant: s.Tenant, User: s.User, Data: s.Data})
		}
	case SignalFound:
		if own {
			p.mu.Lock()
			delete(p.leaving, person{s.Tenant, s.User})
			delete(p.looked, person{s.Tenant, s.User}) // another node has it now
			p.mu.Unlock()
		}
	case SignalPresence:
		if !own && s.Role == RoleVisitor {
			p.heardVisitor(s)
		}
	}
}

// has reports whether a visitor that another node is about to call gone is here, or will be called gone by this node later.
func (p *Presence) has(s *Signal) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	d, isLeaving := p.leaving[person{s.Tenant, s.User}]
	return isLeaving && !d.asked || p.here != nil && p.here(s.Tenant, s.User)
}

// heardVisitor hears of a visitor from another node: one who came there has not left here; and one who is called gone there
// may still be here, if what was asked before got lost.
func (p *Presence) heardVisitor(s *Signal) {
	who := person{s.Tenant, s.User}
	p.mu.Lock()
	if Availability(s.State) == Online {
		delete(p.leaving, who)
		p.mu.Unlock()
		return
	}
	here := p.here != nil && p.here(s.Tenant, s.User)
	p.mu.Unlock()
	if here {
		p.changed(PresenceChange{s.Tenant, s.User, RoleVisitor, s.Conversation, Online})
	}
}

// askAround asks the other nodes for those whose grace ends soon. Alone there is nobody to ask.
func (p *Presence) askAround() {
	soon := p.now().Add(askAhead)
	p.mu.Lock()
	var wanted []person
	if len(p.peers) > 0 {
		for who, d := range p.leaving {
			if d.role != RoleAgent && !d.asked && soon.After(d.at) {
				d.asked = true
				p.leaving[who] = d
				wanted = append(wanted, who)
			}
		}
	}
	p.mu.Unlock()
	for _, who := range wanted {
		p.publish(Signal{Kind: SignalWanted, Tenant: who.tenant, User: who.user, Role: RoleVisitor, Data: p.node[:]})
	}
}

// heardNote takes in what another node says.
func (p *Presence) heardNote(n *note) {
	p.mu.Lock()
	if n.says == saysBye {
		changes := p.lost(n.node, p.now())
		p.adopt(n)
		p.mu.Unlock()
		p.tellAll(changes)
		return
	}
	other := p.peers[n.node]
	fresh := other == nil
	if fresh {
		other = &peer{}
		p.peers[n.node] = other
	}
	other.heard, other.passive = p.now(), n.flags&flagPassive != 0
	var changes []PresenceChange
	for i := range n.agents {
		changes = p.learn(n, &n.agents[i], changes)
	}
	if n.says == saysBeat && other.has(n) {
		changes = p.purge(n, changes)
	}
	p.mu.Unlock()
	p.tellAll(changes)
	if fresh { // it does not know us either
		p.beat(true)
	}
}

func (p *Presence) tellAll(changes []PresenceChange) {
	for _, c := range changes {
		p.changed(c)
	}
}

// has notes that a part of a snapshot came, and reports whether that was the last one missing.
func (o *peer) has(n *note) bool {
	if n.beat != o.beat || o.parts == nil {
		o.beat, o.parts = n.beat, make(map[uint16]bool, 1)
	}
	o.parts[n.part] = true
	return len(o.parts) == int(n.parts)
}

// learn takes in what a node says of one agent. mu must be held.
func (p *Presence) learn(n *note, a *noteAgent, changes []PresenceChange) []PresenceChange {
	known := p.agents[a.person]
	if known == nil && !a.connected && a.said == Offline {
		return changes
	}
	known = p.agent(a.person)
	before := known.view()
	if a.saidAt > known.saidAt || a.saidAt == known.saidAt && a.said > known.said {
		known.said, known.saidAt, known.saidHere = a.said, a.saidAt, false
	}
	at := slices.IndexFunc(known.elsewhere, func(s stay) bool { return s.node == n.node })
	switch {
	case a.connected && at < 0:
		known.elsewhere = append(known.elsewhere, stay{node: n.node, beat: n.beat})
	case a.connected:
		known.elsewhere[at] = stay{node: n.node, beat: max(n.beat, known.elsewhere[at].beat)}
	case at >= 0:
		known.elsewhere = slices.Delete(known.elsewhere, at, at+1)
	}
	return appendChange(changes, a.person, before, known.view())
}

func appendChange(changes []PresenceChange, who person, before, after view) []PresenceChange {
	if before == after {
		return changes
	}
	return append(changes, PresenceChange{Tenant: who.tenant, User: who.user, Role: RoleAgent, State: after.state})
}

// purge ends the stays that a complete snapshot does not confirm. mu must be held.
func (p *Presence) purge(n *note, changes []PresenceChange) []PresenceChange {
	for who, a := range p.agents {
		before := a.view()
		a.elsewhere = slices.DeleteFunc(a.elsewhere, func(s stay) bool { return s.node == n.node && s.beat < n.beat })
		changes = appendChange(changes, who, before, a.view())
	}
	return changes
}

// lost begins the graces of a node's agents: it has ended, or was heard last at that time. mu must be held.
func (p *Presence) lost(node NodeID, at time.Time) (changes []PresenceChange) {
	delete(p.peers, node)
	for who, a := range p.agents {
		before := a.view()
		for i := range a.elsewhere {
			if s := &a.elsewhere[i]; s.node == node && s.until.IsZero() {
				s.until = at.Add(p.agentGrace)
			}
		}
		changes = appendChange(changes, who, before, a.view())
	}
	return changes
}

// adopt takes over visitors in their grace from a node that ends: those that are nearest to this node. mu must be held.
func (p *Presence) adopt(n *note) {
	for i := range n.leavers {
		l := &n.leavers[i]
		if _, known := p.leaving[l.person]; known || p.nearest(l.user[:], true) != p.node {
			continue
		}
		p.leaving[l.person] = departure{at: p.now().Add(l.left), role: RoleVisitor, conv: l.conv}
	}
}

// expirePeers finds nodes that are silent, and agents whose grace on a dead node is over. died says whether there were any such nodes.
func (p *Presence) expirePeers() (changes []PresenceChange, died bool) {
	now := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	for node, o := range p.peers {
		if now.Sub(o.heard) > deadAfter {
			changes = append(changes, p.lost(node, o.heard)...)
			died = true
		}
	}
	for who, a := range p.agents {
		before := a.view()
		a.elsewhere = slices.DeleteFunc(a.elsewhere, func(s stay) bool { return !s.until.IsZero() && !now.Before(s.until) })
		changes = appendChange(changes, who, before, a.view())
	}
	return changes, died
}

// suspect begins the graces of the visitors whom somebody here watches and who are not here: they may have been on a node
// that died. Those who are on another node are found when it is asked, as at the end of any grace.
func (p *Presence) suspect() {
	p.mu.Lock()
	here := p.here
	p.mu.Unlock()
	at := p.now().Add(max(p.visitorGrace-deadAfter, askAhead+time.Second))
	p.watched(func(who person, conv ConversationID) {
		if here != nil && here(who.tenant, who.user) {
			return
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		if _, known := p.leaving[who]; !known {
			p.leaving[who] = departure{at: at, role: RoleVisitor, conv: conv}
		}
	})
}

// Peers returns how many other nodes live, as far as this one knows.
func (p *Presence) Peers() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.peers)
}

// routes reports whether it is this node's turn to route a tenant's queue: of the nodes that route, it is nearest. Two nodes
// may think so at the same time.
func (p *Presence) routes(t TenantID) bool {
	if p.passive {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.nearest(t[:], false) == p.node
}

// nearest returns the living node with the highest hash together with key (rendezvous hashing); passive ones only if asked
// for. mu must be held.
func (p *Presence) nearest(key []byte, passive bool) NodeID {
	best, most := p.node, affinity(key, p.node)
	if p.passive && !passive {
		best, most = NodeID{}, 0
	}
	for node, o := range p.peers {
		if o.passive && !passive {
			continue
		}
		if a := affinity(key, node); a > most {
			best, most = node, a
		}
	}
	return best
}

// affinity hashes a key with a node: FNV-1a, then the finalizer of MurmurHash3.
func affinity(key []byte, node NodeID) uint64 {
	h := uint64(14695981039346656037)
	for _, part := range [][]byte{key, node[:]} {
		for _, c := range part {
			h = (h ^ uint64(c)) * 1099511628211
		}
	}
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
