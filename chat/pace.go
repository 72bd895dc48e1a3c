package chat

import (
	"context"
	"sync"
	"time"
)

// pace measures how fast queues move: when conversations were taken out of them by agents, in the last minutes. Every node hears
// of all of them. Safe for concurrent use.
type pace struct {
	now func() time.Time

	mu    sync.Mutex
	since time.Time // when measuring began
	taken map[queueLine][]time.Time
}

// queueLine is one queue: a tenant's conversations of one team, or of none.
type queueLine struct {
	tenant TenantID
	team   TeamID
}

const (
	// paceWindow is what is looked back at, paceLeast how many must have been taken in it to speak of a pace.
	paceWindow = 10 * time.Minute
	paceLeast  = 3
	paceMost   = 1000 // of one queue
	paceQueues = 10_000
)

func newPace(now func() time.Time) *pace {
	return &pace{now: now, since: now(), taken: make(map[queueLine][]time.Time)}
}

// observe hears of a change of state.
func (p *pace) observe(e *Event) {
	if e.Next.Status != Open || changeName(e.Body) != EventAssigned {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	k := queueLine{e.Tenant, e.Next.Team}
	if _, ok := p.taken[k]; !ok && len(p.taken) >= paceQueues {
		clear(p.taken)
		p.since = p.now()
	}
	list := append(p.taken[k], e.Time)
	if len(list) > paceMost {
		list = list[len(list)-paceMost:]
	}
	p.taken[k] = list
}

// wait estimates how long the one at a place of a queue waits, by what was measured: unknown if that is too little.
func (p *pace) wait(k queueLine, place int) (d time.Duration, known bool) {
	now := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.taken[k]
	for len(list) > 0 && now.Sub(list[0]) > paceWindow {
		list = list[1:]
	}
	if len(list) == 0 {
		delete(p.taken, k)
		return 0, false
	}
	p.taken[k] = list
	if len(list) < paceLeast {
		return 0, false
	}
	// All of the window counts, the silence since the last one too: a queue that has stopped looks slower and slower.
	window := min(paceWindow, now.Sub(p.since))
	if len(list) == paceMost {
		window = now.Sub(list[0])
	}
	return time.Duration(place) * window / time.Duration(len(list)), true
}

// Queuer is a conversation in the queue.
type Queuer struct {
	Conversation ConversationID
	Visitor      VisitorID
	Team         TeamID
}

// QueuePlace is where somebody stands in the queue.
type QueuePlace struct {
	Conversation ConversationID
	Visitor      VisitorID
	Place        int // from 1
	// Wait is about how long it takes, as fast as the queue moved in the last minutes. Known is false if it did too little to
	// tell, or nobody is there.
	Wait  time.Duration
	Known bool
}

// places tells where the conversations of a queue, in their order, stand: those of each team, and those of none, are lines of
// their own.
func (d *Desk) places(tenant TenantID, queue []Queuer) []QueuePlace {
	staffed := len(d.Presence.Available(tenant)) > 0
	ahead := map[TeamID]int{}
	out := make([]QueuePlace, len(queue))
	for i := range queue {
		c := &queue[i]
		ahead[c.Team]++
		q := QueuePlace{Conversation: c.Conversation, Visitor: c.Visitor, Place: ahead[c.Team]}
		if staffed {
			q.Wait, q.Known = d.pace.wait(queueLine{tenant, c.Team}, q.Place)
		}
		out[i] = q
	}
	return out
}

// Queues lists the tenants whose visitors wait.
func (d *Desk) Queues(ctx context.Context) ([]TenantID, error) { return d.store.TenantsWaiting(ctx) }

// Queue tells where the first most of a tenant's queue stand.
func (d *Desk) Queue(ctx context.Context, tenant TenantID, most int) ([]QueuePlace, error) {
	queue, err := d.store.Queue(ctx, tenant, most)
	if err != nil {
		return nil, err
	}
	return d.places(tenant, queue), nil
}
