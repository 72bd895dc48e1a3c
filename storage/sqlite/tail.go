package sqlite

import (
	"context"
	"sync"

	"github.com/uniqchat/uniqchat/chat"
)

// tailBytes is how much may wait for a slow follower before the writer, and so every Append, waits for it as well.
const tailBytes = 32 << 20

// eventBytes is about what an event costs in memory beside its body.
const eventBytes = 512

// tail is one follower: committed batches on their way to it. Safe for concurrent use.
type tail struct {
	wake chan struct{} // holds a token when there may be batches
	room chan struct{} // holds a token when there may be room
	gone chan struct{} // closed when nobody follows any more

	mu      sync.Mutex
	batches [][]chat.Event
	bytes   int
}

// Tail implements chat.Log. fn is first called with no events: from then on it misses nothing.
func (l *Log) Tail(ctx context.Context, fn func([]chat.Event)) error {
	t := &tail{wake: make(chan struct{}, 1), room: make(chan struct{}, 1), gone: make(chan struct{})}
	l.mu.Lock()
	l.tails[t] = struct{}{}
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		delete(l.tails, t)
		l.mu.Unlock()
		close(t.gone)
	}()
	fn(nil)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.wake:
		}
		for _, events := range t.take() {
			fn(events)
		}
	}
}

// take returns what waits, and makes room.
func (t *tail) take() [][]chat.Event {
	t.mu.Lock()
	defer t.mu.Unlock()
	batches := t.batches
	t.batches, t.bytes = nil, 0
	put(t.room)
	return batches
}

// offer adds a batch if there is room for it. A batch of any size fits into an empty queue.
func (t *tail) offer(events []chat.Event, bytes int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bytes > 0 && t.bytes+bytes > tailBytes {
		return false
	}
	t.batches, t.bytes = append(t.batches, events), t.bytes+bytes
	put(t.wake)
	return true
}

// put leaves a token in a channel that holds one.
func put(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// publish hands committed events to every follower. It waits for slow ones, unless ctx ends: then nobody serves any more,
// and what they miss is read again after the next start.
func (l *Log) publish(ctx context.Context, events []chat.Event) {
	if len(events) == 0 {
		return
	}
	bytes := 0
	for i := range events {
		bytes += eventBytes + len(events[i].Body)
	}
	l.mu.Lock()
	tails := make([]*tail, 0, len(l.tails))
	for t := range l.tails {
		tails = append(tails, t)
	}
	l.mu.Unlock()
	for _, t := range tails {
		for waiting := true; waiting && !t.offer(events, bytes); {
			select {
			case <-t.room:
			case <-t.gone:
				waiting = false
			case <-ctx.Done():
				waiting = false
			}
		}
	}
}
