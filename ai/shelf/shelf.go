// Package shelf keeps in memory what a node needs of tenants while they ask: it is loaded when it is asked first, looked at again from time
// to time while it is asked, and let go when nobody asks or when all of it takes too much.
//
// It owns when something is loaded and let go, and nothing of what it is.
package shelf

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/uniqchat/uniqchat/chat"
)

// Book is what is kept of a tenant. It is never changed.
type Book[T any] struct {
	Version int64
	Value   T
	Bytes   int // about how much memory it takes
	// Partial says that it answers, and that there is more to load: it is looked at again at once, aside. See Shelf.Whole.
	Partial bool
}

// Options says how a Shelf works. All of it must be set.
type Options[T any] struct {
	// Load returns what is to be kept of a tenant. have is what is kept so far, nil if nothing is; it returns that if it still holds. There is
	// one at a time of a tenant, and there are a few of all that have something.
	Load func(ctx context.Context, tenant chat.TenantID, have *Book[T]) (*Book[T], error)
	// Failed hears that something can't be loaded again; what was kept stays.
	Failed func(tenant chat.TenantID, err error)
	// Patience is how long a first load may take.
	Patience time.Duration
	// Poll is how old what is kept may be while it is asked. Idle is how long what nobody asks stays.
	Poll, Idle time.Duration
	// MaxBytes is about how much memory all of it may take; what was asked longest ago goes first. The last one stays.
	MaxBytes int
}

// atOnce is how many books are looked at at once, of those that answer meanwhile: one that takes long keeps the others from nothing.
const atOnce = 4

// Shelf keeps a book of each tenant that asks. Run keeps it up to date. Safe for concurrent use.
type Shelf[T any] struct {
	o    Options[T]
	wake chan struct{} // holds tokens while something is due

	mu     sync.Mutex
	places map[chat.TenantID]*place[T]
	due    []*place[T] // to be looked at, the first one first
}

// place is a tenant's.
type place[T any] struct {
	tenant chat.TenantID
	open   atomic.Pointer[Book[T]] // nil before it was loaded
	asked  atomic.Int64            // when it was asked last, nanoseconds since 1970
	looked atomic.Int64            // when it was seen last that it still holds

	load *load // what is going on, or due; nil: nothing is. Guarded by the shelf's mu.
}

// load is one look at a book.
type load struct {
	began bool          // whoever hears of a change from here on needs another look
	again bool          // there was one
	done  chan struct{} // closed when it has ended
	err   error         // after that
}

// New returns a Shelf.
func New[T any](o Options[T]) *Shelf[T] {
	return &Shelf[T]{o: o, wake: make(chan struct{}, atOnce), places: make(map[chat.TenantID]*place[T])}
}

// Run looks again at what is asked and lets go of the rest, until ctx ends.
func (s *Shelf[T]) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for range atOnce {
		g.Go(func() error { return s.look(ctx) })
	}
	g.Go(func() error {
		tick := time.NewTicker(s.o.Poll)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-tick.C:
				s.Tidy(time.Now())
			}
		}
	})
	return g.Wait()
}

// look looks at what is due, one after the other.
func (s *Shelf[T]) look(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.wake:
		}
		for ctx.Err() == nil {
			p := s.next()
			if p == nil {
				break
			}
			if err := s.renew(ctx, p); err != nil && ctx.Err() == nil {
				s.o.Failed(p.tenant, err)
			}
		}
	}
}

// next takes what is due first, nil if nothing is.
func (s *Shelf[T]) next() *place[T] {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.due) == 0 {
		return nil
	}
	p := s.due[0]
	s.due[0] = nil
	s.due = s.due[1:]
	p.load.began = true
	return p
}

// of returns a tenant's place, and notes that it is asked.
func (s *Shelf[T]) of(tenant chat.TenantID, now time.Time) *place[T] {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.places[tenant]
	if p == nil {
		p = &place[T]{tenant: tenant}
		s.places[tenant] = p
	}
	p.asked.Store(now.UnixNano()) // before Tidy sees it
	return p
}

// known returns a tenant's place, nil if it has none.
func (s *Shelf[T]) known(tenant chat.TenantID) *place[T] {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.places[tenant]
}

// Get returns a tenant's book. Only who asks first for a while waits, for it to be loaded; an error is the load's, or that of ctx.
func (s *Shelf[T]) Get(ctx context.Context, tenant chat.TenantID) (*Book[T], error) {
	now := time.Now()
	p := s.of(tenant, now)
	if b := p.open.Load(); b != nil {
		if now.UnixNano()-p.looked.Load() > int64(s.o.Poll) {
			s.refresh(p, false) // a signal may be lost
		}
		return b, nil
	}
	l := s.first(ctx, p)
	if l != nil {
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-l.done:
		}
		if l.err != nil {
			return nil, l.err
		}
	}
	return p.open.Load(), nil
}

// first returns the first load of a place, and begins it if nobody has; nil if there was one by now.
func (s *Shelf[T]) first(ctx context.Context, p *place[T]) *load {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.open.Load() != nil {
		return nil
	}
	if p.load == nil {
		p.load = &load{began: true, done: make(chan struct{})}
		go func() {
			// What one caller gives up the others still want: the load has a deadline of its own.
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.o.Patience)
			defer cancel()
			_ = s.renew(ctx, p) // whoever waits gets the error
		}()
	}
	return p.load
}

// Whole returns a tenant's book when there is no more of it to load: it waits for as long as b, which is Partial, is being looked at, or until
// ctx ends. It is b if the rest could not be had.
func (s *Shelf[T]) Whole(ctx context.Context, tenant chat.TenantID, b *Book[T]) *Book[T] {
	s.mu.Lock()
	p := s.places[tenant]
	if p == nil || p.load == nil || p.open.Load() != b {
		s.mu.Unlock()
	} else {
		l := p.load
		s.mu.Unlock()
		select {
		case <-ctx.Done():
		case <-l.done:
		}
	}
	if p != nil {
		if now := p.open.Load(); now != nil {
			return now
		}
	}
	return b
}

// Kept returns a tenant's book if there is one, and nil otherwise. It waits for nothing, and is no asking.
func (s *Shelf[T]) Kept(tenant chat.TenantID) *Book[T] {
	if p := s.known(tenant); p != nil {
		return p.open.Load()
	}
	return nil
}

// Refresh has a tenant's book looked at aside, if there is one or there is going to be: after something has changed.
func (s *Shelf[T]) Refresh(tenant chat.TenantID) {
	if p := s.known(tenant); p != nil {
		s.refresh(p, true)
	}
}

// Put puts a book in place of another one. Where there is none nobody asks, and it is not kept.
func (s *Shelf[T]) Put(tenant chat.TenantID, b *Book[T]) {
	if p := s.known(tenant); p != nil && p.open.Load() != nil {
		p.open.Store(b)
		p.looked.Store(time.Now().UnixNano())
		s.mu.Lock()
		defer s.mu.Unlock()
		if p.load != nil && p.load.began { // with another book
			p.load.again = true
		}
	}
}

// refresh has a place looked at aside. changed says that a look that has begun may have missed what it is looked at for.
func (s *Shelf[T]) refresh(p *place[T], changed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case p.load != nil:
		p.load.again = p.load.again || changed && p.load.began
	case p.open.Load() != nil && s.places[p.tenant] == p:
		s.queue(p)
	}
}

// queue has a place looked at that nobody looks at. mu must be held.
func (s *Shelf[T]) queue(p *place[T]) {
	p.load = &load{done: make(chan struct{})}
	s.due = append(s.due, p)
	select {
	case s.wake <- struct{}{}:
	default: // everybody is going to look what is due
	}
}

// renew loads a book, if it is another one by now: the look that has begun, to its end.
func (s *Shelf[T]) renew(ctx context.Context, p *place[T]) error {
	have := p.open.Load()
	next, err := s.o.Load(ctx, p.tenant, have)
	s.mu.Lock()
	defer s.mu.Unlock()
	l := p.load
	p.load = nil
	if l.err = err; err == nil {
		if next != have {
			p.open.CompareAndSwap(have, next) // what was put there meanwhile stays, and is looked at again
		}
		p.looked.Store(time.Now().UnixNano())
	}
	close(l.done)
	if b := p.open.Load(); b != nil && (l.again || have == nil && b.Partial) {
		s.queue(p)
	}
	return err
}

// Tidy lets go of what nobody asks, and of what was asked longest ago while all of it takes too much, as if it were that late. Run does it
// each Poll. What is being looked at stays until the next time: there is never another load of it beside that one.
func (s *Shelf[T]) Tidy(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for tenant, p := range s.places {
		if p.load == nil && now.UnixNano()-p.asked.Load() > int64(s.o.Idle) {
			delete(s.places, tenant)
		}
	}
	for s.bytes() > s.o.MaxBytes {
		var oldest *place[T]
		for _, p := range s.places {
			if p.open.Load() != nil && p.load == nil && (oldest == nil || p.asked.Load() < oldest.asked.Load()) {
				oldest = p
			}
		}
		if oldest == nil || len(s.places) == 1 {
			return
		}
		delete(s.places, oldest.tenant)
	}
}

// Bytes is about how much memory all books take.
func (s *Shelf[T]) Bytes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes()
}

// bytes is Bytes. mu must be held.
func (s *Shelf[T]) bytes() (n int) {
	for _, p := range s.places {
		if b := p.open.Load(); b != nil {
			n += b.Bytes
		}
	}
	return n
}
