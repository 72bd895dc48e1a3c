package chat

import (
	"context"
	"errors"
	"sync"
	"time"
)

// dispatcher gives queued conversations to available agents: whenever something changed that could matter, and every few
// seconds in case something was missed. Of the nodes one routes a tenant's queue; two at once do no harm, because an
// assignment is a compare-and-append.
//
// It decides by the database's rows. They may be behind the log, so a tenant whose newest changes are not in its rows yet
// waits: or an agent would be given more than he can take, once for what the last pass gave and once again.
type dispatcher struct {
	desk   *Desk
	signal chan struct{}

	mu     sync.Mutex
	dirty  map[TenantID]bool
	behind map[TenantID]map[ConversationID]Seq // changes that the rows may not hold yet

	silence *silences
	turns   map[TenantID]AgentID // who was given the last one in turn. Only run's goroutine.
	lagging time.Time            // since when some tenant waits for its rows; zero: none does. Only run's goroutine.
	paused  bool                 // and was said so. Only run's goroutine.
}

const (
	dispatchEvery = 5 * time.Second
	dispatchPause = 20 * time.Millisecond // between passes, so that a burst is one pass
	dispatchLag   = 50 * time.Millisecond // until rows that were behind are looked at again
	dispatchRetry = time.Second           // until a database that failed is asked again
	dispatchCall  = 5 * time.Second       // one tenant's pass at most
	dispatchBatch = 200
	// lagNews is how long rows may be behind before it is worth telling.
	lagNews = 5 * time.Second
	// maxBehind bounds what is remembered of one tenant. Beyond it the oldest stand for the rest.
	maxBehind = 4096
)

func newDispatcher(d *Desk) *dispatcher {
	return &dispatcher{
		desk: d, signal: make(chan struct{}, 1), dirty: make(map[TenantID]bool), behind: make(map[TenantID]map[ConversationID]Seq),
		turns: make(map[TenantID]AgentID), silence: newSilences(),
	}
}

// wake asks for a look at tenants' queues. It never blocks.
func (r *dispatcher) wake(tenants ...TenantID) {
	r.mark(tenants...)
	select {
	case r.signal <- struct{}{}:
	default:
	}
}

func (r *dispatcher) mark(tenants ...TenantID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range tenants {
		r.dirty[t] = true
	}
}

// changed hears that a conversation's state changed: worth a look, once the rows hold it.
func (r *dispatcher) changed(key Key, seq Seq) {
	r.note(key, seq)
	r.wake(key.Tenant)
}

func (r *dispatcher) note(key Key, seq Seq) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.behind[key.Tenant]
	if m == nil {
		m = make(map[ConversationID]Seq)
		r.behind[key.Tenant] = m
	}
	if was, ok := m[key.Conversation]; ok || len(m) < maxBehind {
		m[key.Conversation] = max(was, seq)
	}
}

// forget drops what a fork of the log may have undone.
func (r *dispatcher) forget(concerns func(Key) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for t, m := range r.behind {
		for id := range m {
			if concerns(Key{t, id}) {
				delete(m, id)
			}
		}
	}
}

// settled reports whether a tenant's rows hold every change that is known.
func (r *dispatcher) settled(t TenantID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.behind[t]
	for id, seq := range m {
		if !r.desk.log.Projected(Key{t, id}, seq) {
			return false
		}
		delete(m, id)
	}
	delete(r.behind, t)
	return true
}

func (r *dispatcher) run(ctx context.Context) {
	tick := time.NewTicker(dispatchEvery)
	defer tick.Stop()
	pause := time.NewTimer(0)
	defer pause.Stop()
	again := time.NewTimer(time.Hour)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			r.wake(append(r.desk.Presence.staffed(), r.silence.tenants()...)...)
			continue
		case <-r.signal:
		case <-again.C:
		}
		pause.Reset(dispatchPause)
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
		if wait := r.pass(ctx); wait > 0 {
			again.Reset(wait)
		}
	}
}

// pass looks at every tenant that is worth it. It returns when to look again at those that could not be served; 0 if all were.
func (r *dispatcher) pass(ctx context.Context) (wait time.Duration) {
	tenants := r.take()
	for i, t := range tenants {
		if !r.desk.Presence.routes(t) {
			r.mu.Lock()
			delete(r.behind, t)
			r.mu.Unlock()
			continue
		}
		if !r.settled(t) {
			r.mark(t)
			wait = dispatchLag
			continue
		}
		err := r.dispatch(ctx, t)
		switch {
		case ctx.Err() != nil:
			return 0
		case err == nil:
			r.resume()
		case isTransient(err):
			r.mark(tenants[i:]...)
			r.pause("the database can't be asked", err)
			return dispatchRetry
		default:
			r.desk.logger.Warn("routing failed", "tenant", t.String(), "err", err)
		}
	}
	r.watchLag(wait > 0)
	return wait
}

// isTransient reports whether an error is about the storage, not about what was asked of it.
func isTransient(err error) bool {
	var e *Error
	return !errors.As(err, &e) || e.Code.Retryable()
}

// watchLag tells once that rows have been behind for long.
func (r *dispatcher) watchLag(lagging bool) {
	now := r.desk.now()
	switch {
	case !lagging:
		r.lagging = time.Time{}
	case r.lagging.IsZero():
		r.lagging = now
	case now.Sub(r.lagging) > lagNews:
		r.pause("the database is behind", nil)
	}
}

func (r *dispatcher) pause(why string, err error) {
	if !r.paused {
		r.paused = true
		r.desk.logger.Warn("routing pauses", "why", why, "err", err)
	}
}

func (r *dispatcher) resume() {
	if r.paused {
		r.paused = false
		r.desk.logger.Info("routing goes on")
	}
}

func (r *dispatcher) take() []TenantID {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]TenantID, 0, len(r.dirty))
	for t := range r.dirty {
		out = append(out, t)
	}
	clear(r.dirty)
	return out
}

// dispatch routes one tenant's queue.
func (r *dispatcher) dispatch(ctx context.Context, t TenantID) error {
	ctx, cancel := context.WithTimeout(ctx, dispatchCall)
	defer cancel()
	d := r.desk
	rules := d.Settings(ctx, t).routing
	if rules.Strategy == ByHand {
		return nil
	}
	agents, err := r.candidates(ctx, t)
	if err != nil || len(agents) == 0 {
		return err
	}
	queue, err := d.store.Waiting(ctx, t, dispatchBatch)
	if err != nil {
		return err
	}
	waiting := make([]Waiting, len(queue))
	for i := range queue {
		c := &queue[i]
		waiting[i] = Waiting{ID: c.ID, Team: c.Team, Since: c.Queued, Priority: c.Priority, LastAgent: c.LastAgent}
	}
	system := &Actor{Tenant: t, Role: RoleSystem}
	var failed error
	given := map[AgentID]int{}
	for _, dec := range Route(waiting, agents, rules, r.turns[t]) {
		seq, err := d.changeAt(ctx, system, dec.Conversation, func(s State) (State, Change, error) {
			if s.Status != Queued || !s.Assignee.IsZero() {
				return s, Change{}, nil
			}
			s.Status, s.Assignee = Open, dec.Agent
			return s, Change{Event: EventAssigned, AssigneeID: dec.Agent, Assignee: dec.Name, Why: dec.Why}, nil
		})
		switch {
		case err != nil && isTransient(err):
			return err
		case err != nil: // it holds up no other
			failed = errors.Join(failed, err)
		case seq > 0:
			if rules.Strategy == RoundRobin {
				r.turns[t] = dec.Agent
			}
			r.note(Key{t, dec.Conversation}, seq)
			given[dec.Agent]++
		}
	}
	if err := r.reoffer(ctx, t, rules, taken(agents, given)); err != nil {
		failed = errors.Join(failed, err)
	}
	return failed
}

// taken is agents with what they were just given.
func taken(agents []Candidate, given map[AgentID]int) []Candidate {
	for i := range agents {
		agents[i].Load += given[agents[i].ID]
	}
	return agents
}

// candidates returns the agents of a tenant who are online and have room.
func (r *dispatcher) candidates(ctx context.Context, t TenantID) ([]Candidate, error) {
	d := r.desk
	online := d.Presence.Available(t)
	if len(online) == 0 {
		return nil, nil
	}
	load, err := d.store.OpenCounts(ctx, t)
	if err != nil {
		return nil, err
	}
	agents := make([]Candidate, 0, len(online))
	for _, id := range online {
		a, err := d.staff.agent(ctx, t, id)
		if CodeOf(err) == NotFound {
			continue // deleted, and still connected
		}
		if err != nil {
			return nil, err
		}
		if a.Disabled || a.Role == Viewer || load[id] >= a.Capacity {
			continue
		}
		agents = append(agents, Candidate{ID: id, Name: a.Name, Teams: a.Teams, Capacity: a.Capacity, Load: load[id]})
	}
	return agents, nil
}
