package chat

import (
	"context"
	"sync"
	"time"
)

// dispatcher gives queued conversations to available agents: whenever something changed that could matter, and every few
// seconds in case another node's change was missed. Two dispatchers do no harm, because an assignment is a compare-and-append.
type dispatcher struct {
	desk   *Desk
	signal chan struct{}

	mu    sync.Mutex
	dirty map[TenantID]bool
}

const (
	dispatchEvery = 5 * time.Second
	dispatchPause = 20 * time.Millisecond // between passes, so that a burst is one pass
	dispatchBatch = 200
)

func newDispatcher(d *Desk) *dispatcher {
	return &dispatcher{desk: d, signal: make(chan struct{}, 1), dirty: make(map[TenantID]bool)}
}

// wake asks for a look at a tenant's queue. It never blocks.
func (r *dispatcher) wake(t TenantID) {
	r.mu.Lock()
	r.dirty[t] = true
	r.mu.Unlock()
	select {
	case r.signal <- struct{}{}:
	default:
	}
}

func (r *dispatcher) run(ctx context.Context) {
	tick := time.NewTicker(dispatchEvery)
	defer tick.Stop()
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			for _, t := range r.desk.Presence.staffed() {
				r.wake(t)
			}
			continue
		case <-r.signal:
		}
		pause.Reset(dispatchPause)
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
		for _, t := range r.take() {
			if err := r.dispatch(ctx, t); err != nil && ctx.Err() == nil {
				r.desk.logger.Warn("routing failed", "tenant", t.String(), "err", err)
			}
		}
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
	d := r.desk
	online := d.Presence.Available(t)
	if len(online) == 0 {
		return nil
	}
	load, err := d.store.OpenCounts(ctx, t)
	if err != nil {
		return err
	}
	agents := make([]Candidate, 0, len(online))
	for _, id := range online {
		a, err := d.staff.agent(ctx, t, id)
		if err != nil {
			return err
		}
		if a.Disabled || a.Role == Viewer || load[id] >= a.Capacity {
			continue
		}
		agents = append(agents, Candidate{ID: id, Name: a.Name, Teams: a.Teams, Capacity: a.Capacity, Load: load[id]})
	}
	if len(agents) == 0 {
		return nil
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
	for _, dec := range Route(waiting, agents) {
		err := d.change(ctx, system, dec.Conversation, func(s State) (State, Change, error) {
			if s.Status != Queued || !s.Assignee.IsZero() {
				return s, Change{}, nil
			}
			s.Status, s.Assignee = Open, dec.Agent
			return s, Change{Event: EventAssigned, AssigneeID: dec.Agent, Assignee: dec.Name, Why: dec.Why}, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
