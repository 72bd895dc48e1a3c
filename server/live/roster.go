package live

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server/board"
)

// rosters are the live boards of those tenants that somebody looks at. Of the others nothing is kept beside their sessions: there may
// be very many. Safe for concurrent use.
type rosters struct {
	any atomic.Int32 // how many there are
	mu  sync.RWMutex
	m   map[chat.TenantID]*roster
}

// roster is the board of one tenant.
type roster struct {
	used atomic.Int64 // ms since 1970

	mu    sync.Mutex
	dirty map[chat.VisitorID]struct{} // of whom something may have changed since the index was brought up to date

	looking sync.Mutex // before mu
	index   *board.Index
}

const (
	// rosterLinger is how long a board is kept up to date that nobody looks at.
	rosterLinger = 2 * time.Minute
	// maxDirty is after how many changes that nobody looked at it is cheaper to begin again.
	maxDirty = 200_000
)

// touch notes that something of a visitor may have changed. It costs nothing while nobody looks at the tenant's board.
func (r *rosters) touch(t chat.TenantID, v chat.VisitorID) {
	if r.any.Load() == 0 {
		return
	}
	r.mu.RLock()
	one := r.m[t]
	r.mu.RUnlock()
	if one == nil {
		return
	}
	one.mu.Lock()
	full := len(one.dirty) >= maxDirty
	if !full {
		one.dirty[v] = struct{}{}
	}
	one.mu.Unlock()
	if full {
		r.drop(t, one)
	}
}

// of returns a tenant's roster, which hears of changes from then on.
func (r *rosters) of(t chat.TenantID, now time.Time) *roster {
	r.mu.RLock()
	one := r.m[t]
	r.mu.RUnlock()
	if one == nil {
		r.mu.Lock()
		if one = r.m[t]; one == nil {
			if r.m == nil {
				r.m = make(map[chat.TenantID]*roster)
			}
			one = &roster{dirty: make(map[chat.VisitorID]struct{})}
			r.m[t] = one
			r.any.Add(1)
		}
		r.mu.Unlock()
	}
	one.used.Store(now.UnixMilli())
	return one
}

func (r *rosters) drop(t chat.TenantID, one *roster) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.m[t] == one {
		delete(r.m, t)
		r.any.Add(-1)
	}
}

// sweep lets go of those that nobody looks at; all: of every one, because nothing is sure any more.
func (r *rosters) sweep(now time.Time, all bool) {
	if r.any.Load() == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for t, one := range r.m {
		if all || now.UnixMilli()-one.used.Load() > rosterLinger.Milliseconds() {
			delete(r.m, t)
			r.any.Add(-1)
		}
	}
}

// look calls fn with the index, up to date. fn must not keep it, and must not wait for anything.
func (r *roster) look(h *Handler, t chat.TenantID, fn func(*board.Index)) {
	r.looking.Lock()
	defer r.looking.Unlock()
	if r.index == nil {
		// Changes are noted since before this: nobody is missed.
		r.index = board.NewIndex(uint64(time.Now().UnixMicro()))
		r.index.Apply(h.everybody(t))
	}
	r.mu.Lock()
	var dirty map[chat.VisitorID]struct{} // never the one that is still written to
	if len(r.dirty) > 0 {
		dirty, r.dirty = r.dirty, make(map[chat.VisitorID]struct{})
	}
	r.mu.Unlock()
	if len(dirty) > 0 {
		changes := make([]board.Change, 0, len(dirty))
		for id := range dirty {
			changes = append(changes, h.whatIs(t, id))
		}
		r.index.Apply(changes)
	}
	fn(r.index)
}
