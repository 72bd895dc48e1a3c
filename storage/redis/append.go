package redis

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// patience is how long a call whose outcome is unknown is tried again; Redis refuses it later than that.
const patience = 5 * time.Second

// request is one call of Append, or a part of one. Its groups may be appended at different times.
type request struct {
	events   []chat.Event
	sealed   []sealed // what stands for what is written in them; nil: nothing does
	receipts []chat.Receipt
	since    time.Time
	done     chan struct{}

	mu   sync.Mutex
	left int
	err  error
}

// group is a run of joined events: they stand or fall together.
type group struct {
	r        *request
	from, to int
	head     *chat.Head // what the database says of the conversation, if it was asked
	asked    bool       // the database was asked for the head
	looked   uint64     // in which epoch the database was asked for the messages, which are not there; 0: it was not
	unsure   uint64     // in which epoch an attempt was made first whose outcome nobody knows; 0: in none
	place    placeClaim
	tries    int
}

func (g *group) events() []chat.Event     { return g.r.events[g.from:g.to] }
func (g *group) receipts() []chat.Receipt { return g.r.receipts[g.from:g.to] }
func (g *group) key() chat.Key {
	e := &g.r.events[g.from]
	return chat.Key{Tenant: e.Tenant, Conversation: e.Conversation}
}

// refuse settles a group with an error for each of its events.
func (g *group) refuse(err error) {
	for i := range g.receipts() {
		g.receipts()[i] = chat.Receipt{Err: err}
	}
	g.settle()
}

// fail settles a group of which nothing is known.
func (g *group) fail(err error) {
	g.r.mu.Lock()
	g.r.err = err
	g.r.mu.Unlock()
	g.settle()
}

// settle counts a group as answered.
func (g *group) settle() {
	g.r.mu.Lock()
	defer g.r.mu.Unlock()
	if g.r.left--; g.r.left == 0 {
		close(g.r.done)
	}
}

// Append implements chat.Log.
func (l *Log) Append(ctx context.Context, events ...chat.Event) ([]chat.Receipt, error) {
	if len(events) == 0 {
		return nil, nil
	}
	if err := l.up(ctx); err != nil {
		return nil, err
	}
	if l.silent() {
		return nil, errBusy
	}
	if err := l.Keys.AllReady(ctx, events); err != nil {
		return nil, err
	}
	events = slices.Clone(events) // they live on, in the ring, and are filled in
	if !opens(events) {
		return l.append(ctx, events)
	}
	if distinct(events) {
		return l.changes(ctx, events)
	}
	// Several changes of one visitor's conversations: what one closes, the next may open. They go one by one, in order.
	receipts := make([]chat.Receipt, 0, len(events))
	for from := 0; from < len(events); {
		to := groupEnd(events, from)
		got, err := l.changes(ctx, events[from:to])
		if err != nil && from == 0 {
			return nil, err
		}
		if err != nil { // what came before is known: only these are not
			got = refused(to-from, asError(err))
		}
		receipts = append(receipts, got...)
		from = to
	}
	return receipts, nil
}

// distinct reports whether no visitor's conversations are changed by two groups.
func distinct(events []chat.Event) bool {
	seen := make(map[chat.VisitorID]int)
	for from := 0; from < len(events); {
		to := groupEnd(events, from)
		for i := from; i < to; i++ {
			if n := events[i].Next; n != nil {
				if at, ok := seen[n.Visitor]; ok && at != from {
					return false
				}
				seen[n.Visitor] = from
			}
		}
		from = to
	}
	return true
}

func refused(n int, err error) []chat.Receipt {
	out := make([]chat.Receipt, n)
	for i := range out {
		out[i].Err = err
	}
	return out
}

// groupEnd returns the end of the group that begins at from.
func groupEnd(events []chat.Event, from int) int {
	to := from + 1
	for to < len(events) && events[to].Joined {
		to++
	}
	return to
}

// opens reports whether any event may open or close a conversation.
func opens(events []chat.Event) bool {
	for i := range events {
		if events[i].Next != nil {
			return true
		}
	}
	return false
}

// append hands events to the one goroutine that appends, and waits.
func (l *Log) append(ctx context.Context, events []chat.Event) ([]chat.Receipt, error) {
	said, err := l.seal(ctx, events)
	if err != nil {
		return nil, err
	}
	r := &request{events: events, sealed: said, receipts: make([]chat.Receipt, len(events)), since: time.Now(), done: make(chan struct{})}
	for i := 0; i < len(events); i = groupEnd(events, i) {
		r.left++
	}
	select {
	case l.queue <- r:
	case <-ctx.Done():
		return nil, errBusy
	case <-l.stopped:
		return nil, &chat.Error{Code: chat.Busy, Message: "the server is shutting down"}
	}
	select {
	case <-r.done:
	case <-ctx.Done():
		return nil, errUnknown
	case <-l.stopped:
		select {
		case <-r.done:
		default:
			return nil, errUnknown
		}
	}
	if r.err != nil {
		return nil, r.err
	}
	return r.receipts, nil
}

const (
	maxCall       = 1024      // events in one call
	maxBatch      = 128       // events of a partition in one call
	maxBatchBytes = 256 << 10 // and about their bytes
)

// commit is the one goroutine that appends: each call takes whatever has queued up.
func (l *Log) commit(ctx context.Context) error {
	var waiting []*group
	for {
		if len(waiting) == 0 {
			select {
			case <-ctx.Done():
				return nil
			case r := <-l.queue:
				waiting = split(waiting, r)
			case g := <-l.again:
				waiting = append(waiting, g)
			}
		}
		waiting = l.gather(waiting)
		// The callers that the last call answered all come back at about the same time. The first one must not go alone: the others
		// would wait for a whole call before theirs begins. Those that can run now run first.
		runtime.Gosched()
		waiting = l.call(ctx, l.gather(waiting))
	}
}

// gather adds what has queued up, without waiting.
func (l *Log) gather(waiting []*group) []*group {
	for len(waiting) < maxCall {
		select {
		case g := <-l.again:
			waiting = append(waiting, g)
		case r := <-l.queue:
			waiting = split(waiting, r)
		default:
			return waiting
		}
	}
	return waiting
}

// split appends a request's groups.
func split(dst []*group, r *request) []*group {
	groups := make([]group, 0, r.left)
	for from := 0; from < len(r.events); {
		to := groupEnd(r.events, from)
		groups = append(groups, group{r: r, from: from, to: to})
		from = to
	}
	for i := range groups {
		dst = append(dst, &groups[i])
	}
	return dst
}

// retry queues a group once more, in a while. It gives up when the group has waited too long.
func (l *Log) retry(g *group, after time.Duration, giveUp error) {
	if g.tries++; g.tries > 50 || time.Since(g.r.since) > patience {
		g.fail(giveUp)
		return
	}
	go func() {
		if after > 0 {
			time.Sleep(after)
		}
		select {
		case l.again <- g:
		case <-l.stopped:
			g.fail(errUnknown)
		}
	}()
}
