// Package local is the Broker of a single process: signals go from hand to hand.
//
// It owns a bounded queue per subscriber and drops, and counts, what a slow one can't take. It never stores anything.
package local

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/uniqchat/uniqchat/chat"
)

// queueLen is how many signals may wait for one subscriber.
const queueLen = 8192

// Broker implements chat.Broker. Safe for concurrent use.
type Broker struct {
	dropped atomic.Uint64

	mu   sync.RWMutex
	subs map[chan chat.Signal]struct{}
}

// NewBroker returns a Broker without subscribers.
func NewBroker() *Broker { return &Broker{subs: make(map[chan chat.Signal]struct{})} }

// Publish implements chat.Broker. It never blocks.
func (b *Broker) Publish(_ context.Context, s chat.Signal) error {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for ch := range b.subs {
		select {
		case ch <- s:
		default:
			b.dropped.Add(1)
		}
	}
	return nil
}

// Subscribe implements chat.Broker.
func (b *Broker) Subscribe(ctx context.Context, fn func(chat.Signal)) error {
	ch := make(chan chat.Signal, queueLen)
	b.mu.Lock()
	b.subs[ch] = struct{}{}
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		delete(b.subs, ch)
		b.mu.Unlock()
	}()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case s := <-ch:
			fn(s)
		}
	}
}

// Dropped returns how many signals slow subscribers missed.
func (b *Broker) Dropped() uint64 { return b.dropped.Load() }
