package library

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/uniqchat/uniqchat/ai/knowledge"
	"github.com/uniqchat/uniqchat/chat"
)

// book is an index in use.
type book struct {
	version int64
	index   *knowledge.Index // nil: there is no version yet
	bytes   int
}

// shelf is what a node has in memory of a tenant. Safe for concurrent use.
type shelf struct {
	tenant chat.TenantID
	open   atomic.Pointer[book] // nil before it was loaded
	asked  atomic.Int64         // when it was asked last, nanoseconds since 1970
	looked atomic.Int64         // when it was seen last that the version is the one in use
	queued atomic.Bool          // somebody is going to look
	load   singleflight.Group
}

// of returns a tenant's shelf.
func (l *Library) of(tenant chat.TenantID) *shelf {
	l.mu.Lock()
	defer l.mu.Unlock()
	sh := l.shelves[tenant]
	if sh == nil {
		sh = &shelf{tenant: tenant}
		l.shelves[tenant] = sh
	}
	return sh
}

// book returns the index in use as this node knows it. Only the first that asks for a while waits, for it to be loaded.
func (l *Library) book(ctx context.Context, tenant chat.TenantID) (*book, error) {
	sh, now := l.of(tenant), time.Now()
	sh.asked.Store(now.UnixNano())
	if b := sh.open.Load(); b != nil {
		if now.UnixNano()-sh.looked.Load() > int64(l.Poll) {
			l.refresh(sh) // a signal may be lost
		}
		return b, nil
	}
	// What one caller gives up the others still want: the load has a deadline of its own.
	ch := sh.load.DoChan("", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		return nil, l.renew(ctx, sh)
	})
	select {
	case <-ctx.Done():
		return nil, chat.Errorf(chat.Busy, "the knowledge is being loaded; try again")
	case r := <-ch:
		if r.Err != nil {
			return nil, r.Err
		}
	}
	return sh.open.Load(), nil
}

// refresh has a shelf looked at aside.
func (l *Library) refresh(sh *shelf) {
	if sh.open.Load() == nil || !sh.queued.CompareAndSwap(false, true) {
		return
	}
	select {
	case l.work <- func(ctx context.Context) {
		sh.queued.Store(false)
		if err := l.renew(ctx, sh); err != nil && ctx.Err() == nil {
			l.Logger.Warn("a tenant's newest index can't be loaded; the one before stays in use", "tenant", sh.tenant, "err", err)
		}
	}:
	default:
		sh.queued.Store(false)
	}
}

// renew loads the version in use, if the shelf has another one.
func (l *Library) renew(ctx context.Context, sh *shelf) error {
	st, err := l.Store.KnowledgeState(ctx, sh.tenant)
	if err != nil {
		return err
	}
	if b := sh.open.Load(); b == nil || b.version != st.Active {
		next := &book{version: st.Active}
		if st.Active > 0 {
			if next, err = l.read(ctx, sh.tenant, st.Active, b != nil); err != nil {
				return err
			}
		}
		sh.open.Store(next)
	}
	sh.looked.Store(time.Now().UnixNano())
	return nil
}

// read makes an index of what the store has of a version: aside, if another one answers meanwhile.
func (l *Library) read(ctx context.Context, tenant chat.TenantID, version int64, aside bool) (*book, error) {
	v, err := l.Store.KnowledgeVersion(ctx, tenant, version)
	if err != nil {
		return nil, err
	}
	rows, err := l.Store.Chunks(ctx, tenant, v.Members)
	if err != nil {
		return nil, err
	}
	at := make(map[[16]byte]int, len(rows))
	for i := range rows {
		at[rows[i].ID] = i
	}
	chunks := make([]knowledge.Chunk, 0, len(v.Members))
	vectors := make([]knowledge.Vectors, 0, len(v.Members))
	for _, id := range v.Members {
		i, is := at[id]
		if !is {
			continue // it can't be read any more; the others can
		}
		c, vs, err := unpack(rows[i].Body)
		if err != nil {
			return nil, err
		}
		chunks, vectors = append(chunks, c), append(vectors, vs)
	}
	if lost := len(v.Members) - len(chunks); lost > 0 {
		l.Logger.Error("chunks of an index are gone", "tenant", tenant, "version", version, "chunks", lost)
	}
	if v.Embedder == "" {
		vectors = nil
	}
	var index *knowledge.Index
	if aside {
		index, err = knowledge.NewIndexAside(ctx, chunks, v.Embedder, vectors)
	} else {
		index, err = knowledge.NewIndex(chunks, v.Embedder, vectors)
	}
	if err != nil {
		return nil, fmt.Errorf("version %d: %w", version, err)
	}
	return &book{version: version, index: index, bytes: index.Bytes()}, nil
}

// tidy lets go of indexes that nobody asks, and of those asked longest ago while all of them take too much.
func (l *Library) tidy(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for tenant, sh := range l.shelves {
		if now.UnixNano()-sh.asked.Load() > int64(l.Idle) {
			delete(l.shelves, tenant)
		}
	}
	for l.bytesLocked() > l.MaxBytes {
		var oldest *shelf
		for _, sh := range l.shelves {
			if sh.open.Load() != nil && (oldest == nil || sh.asked.Load() < oldest.asked.Load()) {
				oldest = sh
			}
		}
		if oldest == nil || len(l.shelves) == 1 {
			return
		}
		delete(l.shelves, oldest.tenant)
	}
}

func (l *Library) bytes() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.bytesLocked()
}

// bytesLocked is about how much memory all indexes take. mu must be held.
func (l *Library) bytesLocked() (n int) {
	for _, sh := range l.shelves {
		if b := sh.open.Load(); b != nil {
			n += b.bytes
		}
	}
	return n
}
