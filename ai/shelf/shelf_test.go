package shelf_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/ai/shelf"
	"github.com/uniqchat/uniqchat/chat"
)

// library is what a shelf loads from: a tenant's newest version, and gates that loads wait at.
type library struct {
	t *testing.T
	*shelf.Shelf[string]

	mu       sync.Mutex
	versions map[chat.TenantID]int64
	gates    map[chat.TenantID]chan struct{} // loads of a tenant that has one wait for a token
	broken   map[chat.TenantID]error
	partial  bool // first loads are
	loads    int
	now, top int // how many there are at once, and were
	loading  map[chat.TenantID]bool
	failed   []chat.TenantID
}

const (
	patience = time.Minute
	poll     = 5 * time.Second
	idle     = 15 * time.Minute
	bytes    = 100
)

// open runs a shelf until the returned function ends it.
func open(t *testing.T) (*library, func()) {
	l := &library{
		t: t, versions: map[chat.TenantID]int64{}, gates: map[chat.TenantID]chan struct{}{}, broken: map[chat.TenantID]error{}, loading: map[chat.TenantID]bool{},
	}
	l.Shelf = shelf.New(shelf.Options[string]{
		Load: l.load, Patience: patience, Poll: poll, Idle: idle, MaxBytes: 10 * bytes,
		Failed: func(tenant chat.TenantID, _ error) {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.failed = append(l.failed, tenant)
		},
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	return l, func() {
		cancel()
		require.ErrorIs(t, <-done, context.Canceled)
	}
}

func (l *library) load(ctx context.Context, tenant chat.TenantID, have *shelf.Book[string]) (*shelf.Book[string], error) {
	l.mu.Lock()
	require.False(l.t, l.loading[tenant], "two loads of one tenant at once")
	l.loading[tenant] = true
	l.loads++
	l.now++
	l.top = max(l.top, l.now)
	b := &shelf.Book[string]{Version: l.versions[tenant], Bytes: bytes, Partial: have == nil && l.partial}
	gate := l.gates[tenant]
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.now--
		l.loading[tenant] = false
	}()
	if gate != nil {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-gate:
		}
	}
	l.mu.Lock()
	err := l.broken[tenant]
	l.mu.Unlock()
	switch {
	case err != nil:
		return nil, err
	case have != nil && !have.Partial && have.Version == b.Version:
		return have, nil
	}
	return b, nil
}

// change makes a tenant's next version, and tells of it.
func (l *library) change(tenant chat.TenantID) {
	l.mu.Lock()
	l.versions[tenant]++
	l.mu.Unlock()
	l.Refresh(tenant)
}

// gate has loads of a tenant wait from now on.
func (l *library) gate(tenant chat.TenantID) chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gates[tenant] = make(chan struct{})
	return l.gates[tenant]
}

func (l *library) get(tenant chat.TenantID) *shelf.Book[string] {
	l.t.Helper()
	b, err := l.Get(l.t.Context(), tenant)
	require.NoError(l.t, err)
	return b
}

func tenants(n int) (all []chat.TenantID) {
	for range n {
		all = append(all, chat.NewID[chat.Tenant]())
	}
	return all
}

// bubble runs a test on a clock of its own.
func bubble(t *testing.T, fn func(t *testing.T, l *library)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l, stop := open(t)
		defer stop()
		fn(t, l)
	})
}

// Many who ask first wait for one load; what one of them gives up the others get.
func TestFirst(t *testing.T) {
	bubble(t, func(t *testing.T, l *library) {
		a := tenants(1)[0]
		gate := l.gate(a)
		ctx, cancel := context.WithCancel(t.Context())
		results := make(chan error, 10)
		for n := range 10 {
			go func() {
				in := t.Context()
				if n == 0 {
					in = ctx
				}
				_, err := l.Get(in, a)
				results <- err
			}()
			synctest.Wait()
		}
		cancel()
		require.ErrorIs(t, <-results, context.Canceled)
		gate <- struct{}{}
		for range 9 {
			require.NoError(t, <-results)
		}
		require.Equal(t, 1, l.loads)
		require.NotNil(t, l.Kept(a))

		// What can't be loaded is an error, and tried again by who asks next; what takes too long is one, too.
		b := tenants(1)[0]
		l.broken[b] = errors.New("broken")
		_, err := l.Get(t.Context(), b)
		require.ErrorContains(t, err, "broken")
		require.Nil(t, l.Kept(b))
		delete(l.broken, b)
		l.gate(b)
		from := time.Now()
		_, err = l.Get(t.Context(), b)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, patience, time.Since(from))
		delete(l.gates, b)
		require.NotNil(t, l.get(b))
	})
}

// What one tenant's takes long keeps nobody else's from being swapped, nor the rest from being let go; and there are not too many at once.
func TestSlow(t *testing.T) {
	bubble(t, func(t *testing.T, l *library) {
		all := tenants(8)
		for _, a := range all {
			l.get(a)
		}
		gate := l.gate(all[0])
		l.change(all[0])
		synctest.Wait()
		l.change(all[1])
		synctest.Wait()
		require.EqualValues(t, 0, l.get(all[0]).Version)
		require.EqualValues(t, 1, l.get(all[1]).Version)
		time.Sleep(idle + 2*poll + poll/2) // between two looks for what nobody asks
		require.Nil(t, l.Kept(all[1]), "it was let go")
		require.NotNil(t, l.Kept(all[0]), "it is being looked at")
		close(gate)
		synctest.Wait()
		require.EqualValues(t, 1, l.Kept(all[0]).Version)
		time.Sleep(2 * poll)
		require.Nil(t, l.Kept(all[0]))

		var gates []chan struct{}
		l.top = 0
		for _, a := range all {
			l.get(a)
		}
		for _, a := range all {
			gates = append(gates, l.gate(a))
			l.change(a)
		}
		synctest.Wait()
		require.Equal(t, 4, l.now)
		for _, g := range gates {
			close(g)
		}
		synctest.Wait()
		require.Equal(t, 4, l.top)
		for _, a := range all {
			require.Equal(t, l.versions[a], l.Kept(a).Version)
		}
	})
}

// A change that comes in while a book is loaded is looked at after that, however the load began.
func TestChangedMeanwhile(t *testing.T) {
	bubble(t, func(t *testing.T, l *library) {
		a := tenants(1)[0]
		gate := l.gate(a)
		go func() { _, _ = l.Get(t.Context(), a) }()
		synctest.Wait()
		for n := range 3 { // the first load, and two more
			l.change(a)
			l.change(a)
			synctest.Wait()
			require.Equal(t, n+1, l.loads)
			gate <- struct{}{}
			synctest.Wait()
			require.EqualValues(t, 2*n, l.Kept(a).Version)
		}
		gate <- struct{}{}
		synctest.Wait()
		require.EqualValues(t, 6, l.Kept(a).Version)
		require.Equal(t, 4, l.loads, "and no more than that")

		// What is put there meanwhile stays.
		l.change(a)
		synctest.Wait()
		l.mu.Lock()
		l.versions[a] = 9
		l.mu.Unlock()
		l.Put(a, &shelf.Book[string]{Version: 9, Bytes: bytes})
		gate <- struct{}{}
		synctest.Wait()
		require.EqualValues(t, 9, l.Kept(a).Version)
		gate <- struct{}{}
		synctest.Wait()
		require.Equal(t, 6, l.loads)
		require.EqualValues(t, 9, l.Kept(a).Version)

		// A change of which nobody told is found by who asks, a while later.
		l.mu.Lock()
		l.versions[a] = 10
		delete(l.gates, a)
		l.mu.Unlock()
		time.Sleep(poll)
		l.get(a)
		synctest.Wait()
		require.EqualValues(t, 9, l.get(a).Version)
		time.Sleep(time.Millisecond)
		l.get(a)
		synctest.Wait()
		require.EqualValues(t, 10, l.get(a).Version)
		l.broken[a] = errors.New("broken")
		l.change(a)
		synctest.Wait()
		require.EqualValues(t, 10, l.get(a).Version)
		require.Equal(t, []chat.TenantID{a}, l.failed)
	})
}

// A part answers while the rest is loaded, and who wants the whole waits for that: as long as it is being loaded, and as they like.
func TestWhole(t *testing.T) {
	bubble(t, func(t *testing.T, l *library) {
		l.partial = true
		all := tenants(2)
		a := all[0]
		gate := l.gate(a)
		go func() { gate <- struct{}{} }()
		part := l.get(a)
		require.True(t, part.Partial)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		from := time.Now()
		require.Same(t, part, l.Whole(ctx, a, part))
		require.Equal(t, time.Second, time.Since(from))
		require.Same(t, part, l.get(a), "others do not wait")
		go func() { time.Sleep(time.Second); gate <- struct{}{} }()
		whole := l.Whole(t.Context(), a, part)
		require.False(t, whole.Partial)
		require.Equal(t, 2*time.Second, time.Since(from))
		require.Same(t, whole, l.Whole(t.Context(), a, part))
		require.Same(t, whole, l.get(a))

		require.Same(t, whole, l.Whole(t.Context(), chat.NewID[chat.Tenant](), whole), "who is not known")

		// It can't be had.
		b := all[1]
		gate = l.gate(b)
		go func() { gate <- struct{}{} }()
		part = l.get(b)
		l.mu.Lock()
		l.broken[b] = errors.New("broken")
		l.mu.Unlock()
		go func() { gate <- struct{}{} }()
		require.Same(t, part, l.Whole(t.Context(), b, part))
		synctest.Wait()
		require.Equal(t, []chat.TenantID{b}, l.failed)
	})
}

// What nobody asks goes, and what was asked longest ago if all of it is too much.
func TestTidy(t *testing.T) {
	bubble(t, func(t *testing.T, l *library) {
		all := tenants(12)
		for _, a := range all {
			l.get(a)
			time.Sleep(time.Millisecond)
		}
		require.Equal(t, 12*bytes, l.Bytes())
		l.get(all[0])
		time.Sleep(poll)
		require.Equal(t, 10*bytes, l.Bytes())
		require.Nil(t, l.Kept(all[1]))
		require.Nil(t, l.Kept(all[2]))
		require.NotNil(t, l.Kept(all[0]))
		time.Sleep(idle - 2*poll)
		require.Equal(t, 10*bytes, l.Bytes())
		l.get(all[5])
		time.Sleep(3 * poll)
		require.Equal(t, bytes, l.Bytes())
		l.Put(all[1], &shelf.Book[string]{})
		l.Refresh(all[1])
		synctest.Wait()
		require.Nil(t, l.Kept(all[1]), "nobody asks it")
	})
}
