package local

import (
	"context"
	"sync"

	"github.com/uniqchat/uniqchat/chat"
)

// tailBytes is how much may wait for a slow follower before the one who publishes, and so every Append, waits for it as well.
const tailBytes = 32 << 20

// eventBytes is about what an event costs in memory beside its body.
const eventBytes = 512

// Tails hands what a log has appended to the followers of its Tail in this process. The zero Tails is ready. Safe for
// concurrent use, but the order of events is the order of calls to Publish.
type Tails struct {
	mu    sync.Mutex
	tails map[*tail]struct{}
}

// tail is one follower: committed batches on their way to it. Safe for concurrent use.
type tail struct {
	wake chan struct{} // holds a token when there may be batches
	room chan struct{} // holds a token when there may be room
	gone chan struct{} // closed when nobody follows any more

	mu      sync.Mutex
	batches [][]chat.Event
	bytes   int
}

// Follow implements chat.Log's Tail. fn is first called with no events: from then on it misses nothing.
func (t *Tails) Follow(ctx context.Context, fn func([]chat.Event)) error {
	f := &tail{wake: make(chan struct{}, 1), room: make(chan struct{}, 1), gone: make(chan struct{})}
	t.mu.Lock()
	if t.tails == nil {
		t.tails = make(map[*tail]struct{})
	}
	t.tails[f] = struct{}{}
	t.mu.Unlock()
	defer func() {
		t.mu.Lock()
		delete(t.tails, f)
		t.mu.Unlock()
		close(f.gone)
	}()
	fn(nil)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-f.wake:
		}
		for _, events := range f.take() {
			fn(events)
		}
	}
}

// take returns what waits, and makes room.
func (f *tail) take() [][]chat.Event {
	f.mu.Lock()
	defer f.mu.Unlock()
	batches := f.batches
	f.batches, f.bytes = nil, 0
	put(f.room)
	return batches
}

// offer adds a batch if there is room for it. A batch of any size fits into an empty queue.
func (f *tail) offer(events []chat.Event, bytes int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.bytes > 0 && f.bytes+bytes > tailBytes {
		return false
	}
	f.batches, f.bytes = append(f.batches, events), f.bytes+bytes
	put(f.wake)
	return true
}

// put leaves a token in a channel that holds one.
func put(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// Publish hands events to every follower. It waits for slow ones, unless ctx ends: then nobody serves any more, and what
// they miss is read again after the next start.
func (t *Tails) Publish(ctx context.Context, events []chat.Event) {
	if len(events) == 0 {
		return
	}
	bytes := 0
	for i := range events {
		bytes += eventBytes + len(events[i].Body)
	}
	t.mu.Lock()
	tails := make([]*tail, 0, len(t.tails))
	for f := range t.tails {
		tails = append(tails, f)
	}
	t.mu.Unlock()
	for _, f := range tails {
		for waiting := true; waiting && !f.offer(events, bytes); {
			select {
			case <-f.room:
			case <-f.gone:
				waiting = false
			case <-ctx.Done():
				waiting = false
			}
		}
	}
}
