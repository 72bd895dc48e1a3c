package chat

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"
)

// silences remembers which conversations were given to agents by routing and not answered since. Every node hears of all, so
// that whichever routes a tenant knows. Safe for concurrent use.
type silences struct {
	mu  sync.Mutex
	all map[Key]*silence
}

// silence is a conversation whose agent has not said anything yet.
type silence struct {
	agent AgentID
	since time.Time
	tried []AgentID // who was given it before, and was silent
}

// maxSilences bounds what is remembered.
const maxSilences = 50_000

func newSilences() *silences { return &silences{all: make(map[Key]*silence)} }

// observe takes in one entry of the log, which was written at a time: that counts, not when this node hears of it.
func (s *silences) observe(e *Event, at time.Time) {
	key := Key{e.Tenant, e.Conversation}
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.all[key]
	if e.Next == nil {
		if old != nil && e.Role == RoleAgent && e.Visibility == Public && AgentID(e.Sender) == old.agent {
			delete(s.all, key)
		}
		return
	}
	if e.Next.Status != Open || e.Next.Assignee.IsZero() {
		delete(s.all, key)
		return
	}
	if old != nil && old.agent == e.Next.Assignee {
		return
	}
	if changeName(e.Body) != EventAssigned || !routed(e.Body) || old == nil && len(s.all) >= maxSilences {
		delete(s.all, key) // a person gave it, or took it
		return
	}
	next := &silence{agent: e.Next.Assignee, since: at}
	if old != nil {
		next.tried = append(slices.Clone(old.tried), old.agent)
	}
	s.all[key] = next
}

// routed reports whether routing decided a change: it says why.
func routed(body []byte) bool {
	var c Change
	return json.Unmarshal(body, &c) == nil && c.ByRole == RoleSystem.String() && c.Why != ""
}

// forget drops what a fork of the log may have undone.
func (s *silences) forget(concerns func(Key) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k := range s.all {
		if concerns(k) {
			delete(s.all, k)
		}
	}
}

// over returns a tenant's that have lasted too long.
func (s *silences) over(t TenantID, before time.Time) (out map[Key]silence) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, v := range s.all {
		if k.Tenant == t && !v.since.After(before) {
			if out == nil {
				out = make(map[Key]silence)
			}
			out[k] = *v
		}
	}
	return out
}

// tenants returns whose conversations are remembered.
func (s *silences) tenants() []TenantID {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []TenantID
	for k := range s.all {
		if !slices.Contains(out, k.Tenant) {
			out = append(out, k.Tenant)
		}
	}
	return out
}

// drop forgets one.
func (s *silences) drop(key Key) { s.forget(func(k Key) bool { return k == key }) }

// reoffer gives conversations whose agents stay silent to others, if there are any with room who were not silent already.
func (r *dispatcher) reoffer(ctx context.Context, t TenantID, rules Routing, agents []Candidate) (failed error) {
	if rules.Reoffer <= 0 {
		return nil
	}
	limit := time.Duration(rules.Reoffer) * time.Second
	for key, quiet := range r.silence.over(t, r.desk.now().Add(-limit)) {
		to, err := r.reofferOne(ctx, key, &quiet, rules, agents)
		switch {
		case err != nil && isTransient(err):
			return err
		case err != nil: // it is gone, or nobody's any more: it holds up no other
			r.silence.drop(key)
			failed = err
		}
		for i := range agents { // what is given takes room
			if !to.IsZero() && agents[i].ID == to {
				agents[i].Load++
			}
		}
	}
	return failed
}

// reofferOne does so with one conversation, and returns who got it; the zero id if nobody did.
func (r *dispatcher) reofferOne(ctx context.Context, key Key, quiet *silence, rules Routing, agents []Candidate) (to AgentID, err error) {
	d := r.desk
	system := &Actor{Tenant: key.Tenant, Role: RoleSystem}
	h, err := d.readable(ctx, system, key.Conversation)
	if err != nil {
		return to, err
	}
	others := slices.DeleteFunc(slices.Clone(agents), func(c Candidate) bool { return c.ID == quiet.agent || slices.Contains(quiet.tried, c.ID) })
	found := Route([]Waiting{{ID: key.Conversation, Team: h.Team, Since: quiet.since}}, others, rules, r.turns[key.Tenant])
	if len(found) == 0 {
		return to, nil // better a silent agent than none
	}
	dec := found[0]
	name := quiet.agent.String()
	if a, err := d.staff.agent(ctx, key.Tenant, quiet.agent); err == nil {
		name = a.Name
	}
	why := fmt.Sprintf("%s did not answer within %d s; %s", name, rules.Reoffer, dec.Why)
	seq, err := d.changeAt(ctx, system, key.Conversation, func(s State) (State, Change, error) {
		if s.Status != Open || s.Assignee != quiet.agent {
			return s, Change{}, nil
		}
		s.Assignee = dec.Agent
		return s, Change{Event: EventAssigned, AssigneeID: dec.Agent, Assignee: dec.Name, Why: why}, nil
	})
	if err != nil || seq == 0 {
		return to, err
	}
	r.note(key, seq)
	return dec.Agent, nil
}
