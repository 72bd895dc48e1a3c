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

	"golang.org/x/sync/singleflight"

	"github.com/uniqchat/uniqchat/chat"
)

// Book is what is kept of a tenant. It is never changed.
type Book[T any] struct {
	Version int64
	Value   T
	Bytes   int // about how much memory it takes
	// Partial says that it answers, and that there is more to load: it is looked at again at once, aside.
	Partial bool
}

// Options says how a Shelf works. All of it must be set.
type Options[T any] struct {
	// Load returns what is to be kept of a tenant. have is what is kept so far, nil if nothing is; it returns that if it still holds.
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

// Shelf keeps a book of each tenant that asks. Run keeps it up to date. Safe for concurrent use.
type Shelf[T any] struct {
	o    Options[T]
	work chan func(ctx context.Context)

	mu     sync.Mutex
	places map[chat.TenantID]*place[T]
}

// place is a tenant's.
type place[T any] struct {
	tenant chat.TenantID
	open   atomic.Pointer[Book[T]] // nil before it was loaded
	asked  atomic.Int64            // when it was asked last, nanoseconds since 1970
	looked atomic.Int64            // when it was seen last that it still holds
	queued atomic.Bool             // somebody is going to look
	load   singleflight.Group
}

// New returns a Shelf.
func New[T any](o Options[T]) *Shelf[T] {
	return &Shelf[T]{o: o, work: make(chan func(context.Context), 64), places: make(map[chat.TenantID]*place[T])}
}

// Run looks again at what is asked and lets go of the rest, until ctx ends.
func (s *Shelf[T]) Run(ctx context.Context) error {
	tick := time.NewTicker(s.o.Poll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case do := <-s.work:
			do(ctx)
		case <-tick.C:
			s.Tidy(time.Now())
		}
	}
}

// of returns a tenant's place.
func (s *Shelf[T]) of(tenant chat.TenantID) *place[T] {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.places[tenant]
	if p == nil {
		p = &place[T]{tenant: tenant}
		s.places[tenant] = p
	}
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
	p, now := s.of(tenant), time.Now()
	p.asked.Store(now.UnixNano())
	if b := p.open.Load(); b != nil {
		if now.UnixNano()-p.looked.Load() > int64(s.o.Poll) {
			s.refresh(p) // a signal may be lost
		}
		return b, nil
	}
	// What one caller gives up the others still want: the load has a deadline of its own.
	ch := p.load.DoChan("", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.o.Patience)
		defer cancel()
		return nil, s.renew(ctx, p)
	})
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case r := <-ch:
		if r.Err != nil {
			return nil, r.Err
		}
	}
	b := p.open.Load()
	if b.Partial {
		s.refresh(p)
	}
	return b, nil
}

// Kept returns a tenant's book if there is one, and nil otherwise. It waits for nothing, and is no asking.
func (s *Shelf[T]) Kept(tenant chat.TenantID) *Book[T] {
	if p := s.known(tenant); p != nil {
		return p.open.Load()
	}
	return nil
}

// Refresh has a tenant's book looked at aside, if there is one.
func (s *Shelf[T]) Refresh(tenant chat.TenantID) {
	if p := s.known(tenant); p != nil {
		s.refresh(p)
	}
}

// Put puts a book in place of another one. Where there is none nobody asks, and it is not kept.
func (s *Shelf[T]) Put(tenant chat.TenantID, b *Book[T]) {
	if p := s.known(tenant); p != nil && p.open.Load() != nil {
		p.open.Store(b)
		p.looked.Store(time.Now().UnixNano())
	}
}

func (s *Shelf[T]) refresh(p *place[T]) {
	if p.open.Load() == nil || !p.queued.CompareAndSwap(false, true) {
		return
	}
	select {
	case s.work <- func(ctx context.Context) {
		p.queued.Store(false)
		if err := s.renew(ctx, p); err != nil && ctx.Err() == nil {
			s.o.Failed(p.tenant, err)
		}
	}:
	default:
		p.queued.Store(false)
	}
}

// renew loads a book, if it is another one by now.
func (s *Shelf[T]) renew(ctx context.Context, p *place[T]) error {
	have := p.open.Load()
	next, err := s.o.Load(ctx, p.tenant, have)
	if err != nil {
		return err
	}
	if next != have {
		p.open.Store(next)
	}
	p.looked.Store(time.Now().UnixNano())
	return nil
}

// Tidy lets go of what nobody asks, and of what was asked longest ago while all of it takes too much, as if it were that late. Run does it
// each Poll.
func (s *Shelf[T]) Tidy(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for tenant, p := range s.places {
		if now.UnixNano()-p.asked.Load() > int64(s.o.Idle) {
			delete(s.places, tenant)
		}
	}
	for s.bytes() > s.o.MaxBytes {
		var oldest *place[T]
		for _, p := range s.places {
			if p.open.Load() != nil && (oldest == nil || p.asked.Load() < oldest.asked.Load()) {
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
