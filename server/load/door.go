package load

import (
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/uniqchat/uniqchat/chat"
)

const (
	// mostTickets bounds the memory that those take who wait outside: about 10 MB.
	mostTickets = 100_000
	// ticketLife is how long after its turn a ticket is good: clients that come back add a delay of their own.
	ticketLife = time.Minute
	sweepEvery = time.Second
)

// Door lets so many visitors a second in, in the order in which they came. Who has to wait outside is told for how long, and that is
// a promise: who comes back then is let in. It costs no connection to wait. Safe for concurrent use.
type Door struct {
	now func() time.Time

	mu      sync.Mutex
	every   time.Duration // between two; 0: no limit
	next    time.Time     // when the next one without a ticket has its turn
	tickets map[chat.VisitorKey]time.Time
	swept   time.Time
	told    *metrics.Counter
}

// NewDoor returns a Door that lets perSecond in; 0: everybody. now defaults to time.Now, set to no metrics.
func NewDoor(perSecond float64, now func() time.Time, set *metrics.Set) *Door {
	if now == nil {
		now = time.Now
	}
	d := &Door{now: now, tickets: make(map[chat.VisitorKey]time.Time), told: new(metrics.Counter)}
	if set != nil {
		d.told = set.NewCounter("uniqchat_door_told_to_wait_total")
		set.NewGauge("uniqchat_door_waiting", func() float64 { d.mu.Lock(); defer d.mu.Unlock(); return float64(len(d.tickets)) })
	}
	d.Set(perSecond)
	return d
}

// Set changes how many are let in a second. Promises that were made are kept; who comes from now on stands behind as many as before.
func (d *Door) Set(perSecond float64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	was := d.every
	d.every = 0
	if perSecond <= 0 {
		d.next = time.Time{}
		clear(d.tickets)
		return
	}
	d.every = time.Duration(float64(time.Second) / perSecond)
	if ahead := d.next.Sub(d.now()); was > 0 && ahead > 0 { // as many stand there as before
		d.next = d.now().Add(time.Duration(float64(ahead) / float64(was) * float64(d.every)))
	}
}

// burst is how many may come at once after a quiet time: a second's worth.
const burst = time.Second

// Enter returns 0 if a visitor may come in, or for how long it is to wait outside. Whoever is in the middle of a conversation is not asked.
func (d *Door) Enter(k chat.VisitorKey) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.every == 0 {
		return 0
	}
	now := d.now()
	d.sweep(now)
	if turn, ok := d.tickets[k]; ok {
		if wait := turn.Sub(now); wait > 0 {
			d.told.Inc()
			return wait
		}
		delete(d.tickets, k)
		return 0
	}
	if quiet := now.Add(-burst); d.next.Before(quiet) {
		d.next = quiet
	}
	turn := d.next
	d.next = turn.Add(d.every)
	if !turn.After(now) {
		return 0
	}
	if len(d.tickets) < mostTickets {
		d.tickets[k] = turn
	} else {
		d.next = turn // nobody is promised this turn
	}
	d.told.Inc()
	return turn.Sub(now)
}

// sweep forgets those who did not come back.
func (d *Door) sweep(now time.Time) {
	if now.Sub(d.swept) < sweepEvery {
		return
	}
	d.swept = now
	for k, turn := range d.tickets {
		if now.Sub(turn) > ticketLife {
			delete(d.tickets, k)
		}
	}
}
