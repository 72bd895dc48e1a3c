package chat

import (
	"context"
	"slices"
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
	joins map[TenantID][]join
	staff map[TenantID]staffed
}

// join is an agent that came: when, and how long the visitor had waited.
type join struct {
	at     time.Time
	waited time.Duration
}

// staffed is a Staffing as it was a moment ago.
type staffed struct {
	Staffing
	until time.Time
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

	// joinWindow is how long a wait counts for what is usual, joinMost how many do.
	joinWindow = time.Hour
	joinMost   = 50

	staffingLife = time.Second // of a Staffing: very many visitors may ask at a time
)

func newPace(now func() time.Time) *pace {
	return &pace{now: now, since: now(), taken: make(map[queueLine][]time.Time), joins: make(map[TenantID][]join), staff: make(map[TenantID]staffed)}
}

// observe hears of a change of state. queued is since when the conversation waited; zero if that is not known.
func (p *pace) observe(e *Event, queued time.Time) {
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
	if queued.IsZero() || e.Time.Before(queued) {
		return
	}
	if _, ok := p.joins[e.Tenant]; !ok && len(p.joins) >= paceQueues {
		clear(p.joins)
	}
	all := append(p.joins[e.Tenant], join{e.Time, e.Time.Sub(queued)})
	p.joins[e.Tenant] = all[max(0, len(all)-joinMost):]
}

// usual is how long visitors of a tenant have waited for an agent lately: half of them no longer. Unknown if they were too few.
func (p *pace) usual(t TenantID) (d time.Duration, known bool) {
	now := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	all := p.joins[t]
	for len(all) > 0 && now.Sub(all[0].at) > joinWindow {
		all = all[1:]
	}
	if len(all) < paceLeast {
		return 0, false
	}
	p.joins[t] = all
	waits := make([]time.Duration, len(all))
	for i := range all {
		waits[i] = all[i].waited
	}
	slices.Sort(waits)
	return waits[(len(waits)-1)/2], true
}

// Staffing is what a visitor may expect.
type Staffing struct {
	Online bool          // an agent is there
	Joins  time.Duration // how long it usually takes until one has time
	Known  bool          // whether enough was measured for Joins
}

// Staffing tells whether a tenant's agents are there, and how soon one usually has time, as of a second ago at most.
func (d *Desk) Staffing(t TenantID) Staffing {
	p, now := d.pace, d.now()
	p.mu.Lock()
	s, ok := p.staff[t]
	p.mu.Unlock()
	if ok && now.Before(s.until) {
		return s.Staffing
	}
	s = staffed{Staffing{Online: len(d.Presence.Available(t)) > 0}, now.Add(staffingLife)}
	s.Joins, s.Known = p.usual(t)
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.staff) >= paceQueues {
		clear(p.staff)
	}
	p.staff[t] = s
	return s.Staffing
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
