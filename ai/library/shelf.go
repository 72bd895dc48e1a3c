package library

import (
	"context"
	"fmt"
	"time"

	"github.com/uniqchat/uniqchat/ai/knowledge"
	"github.com/uniqchat/uniqchat/ai/shelf"
	"github.com/uniqchat/uniqchat/chat"
)

// edition is a version's index. It is nil if there is none yet, or if it is not loaded yet.
type edition struct {
	version int64
	index   *knowledge.Index
}

// editions are what a tenant is answered from: the version in use, and, where one is tried, that one for a share of the conversations.
type editions struct {
	active, canary edition
	percent        int
}

// book is editions; its version is the one in use.
type book = shelf.Book[editions]

func bookOf(e editions) *book {
	b := &book{Version: e.active.version, Value: e}
	for _, x := range []*knowledge.Index{e.active.index, e.canary.index} {
		if x != nil {
			b.Bytes += x.Bytes()
		}
	}
	return b
}

// newShelf makes the place for the indexes in use.
func (l *Library) newShelf() *shelf.Shelf[editions] {
	return shelf.New(shelf.Options[editions]{
		Load: l.load, Patience: time.Minute, Poll: l.Poll, Idle: l.Idle, MaxBytes: l.MaxBytes,
		Failed: func(tenant chat.TenantID, err error) {
			l.Logger.Warn("a tenant's newest index can't be loaded; the one before stays in use", "tenant", tenant, "err", err)
		},
	})
}

// book returns the indexes as this node knows them. A conversation that the version that is tried is to answer waits for that one, for a
// while: it is not answered by another one first.
func (l *Library) book(ctx context.Context, tenant chat.TenantID, conv chat.ConversationID) (*book, error) {
	b, err := l.shelf.Get(ctx, tenant)
	if err == nil && b.Partial && b.Value.tries(conv) {
		in, cancel := context.WithTimeout(ctx, l.Patience)
		defer cancel()
		b, err = l.shelf.Whole(in, tenant, b), ctx.Err()
	}
	if err != nil && ctx.Err() != nil {
		return nil, chat.Errorf(chat.Busy, "the knowledge is being loaded; try again")
	}
	return b, err
}

// load reads the version in use, and the one that is tried, if they are others than have's.
func (l *Library) load(ctx context.Context, tenant chat.TenantID, have *book) (*book, error) {
	st, err := l.Store.KnowledgeState(ctx, tenant)
	if err != nil {
		return nil, err
	}
	var had editions
	if have != nil {
		had = have.Value
		if !have.Partial && had.active.version == st.Active && had.canary.version == st.Canary.Version && had.percent == st.Canary.Percent {
			return have, nil
		}
	}
	next := editions{active: edition{version: st.Active}, canary: edition{version: st.Canary.Version}, percent: st.Canary.Percent}
	partial := have == nil && st.Canary.Version > 0 // whoever is not answered by it does not wait for it
	for _, e := range []*edition{&next.active, &next.canary} {
		switch {
		case e.version == 0, partial && e == &next.canary:
		case e.version == had.active.version:
			e.index = had.active.index
		case e.version == had.canary.version && had.canary.index != nil:
			e.index = had.canary.index
		default:
			e.index, err = l.read(ctx, tenant, e.version, have != nil)
		}
		if err != nil && e == &next.canary { // the version in use answers all, and this one is looked for again
			l.Logger.Warn("a version that is tried can't be loaded", "tenant", tenant, "version", e.version, "err", err)
			next.canary, err = edition{}, nil
		}
		if err != nil {
			return nil, err
		}
	}
	b := bookOf(next)
	b.Partial = partial
	return b, nil
}

// read makes an index of what the store has of a version: aside, if another one answers meanwhile.
func (l *Library) read(ctx context.Context, tenant chat.TenantID, version int64, aside bool) (*knowledge.Index, error) {
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
	return index, nil
}
