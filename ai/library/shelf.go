package library

import (
	"context"
	"fmt"
	"time"

	"github.com/uniqchat/uniqchat/ai/knowledge"
	"github.com/uniqchat/uniqchat/ai/shelf"
	"github.com/uniqchat/uniqchat/chat"
)

// book is an index in use. Its value is nil if there is no version yet.
type book = shelf.Book[*knowledge.Index]

func bookOf(version int64, index *knowledge.Index) *book {
	return &book{Version: version, Value: index, Bytes: index.Bytes()}
}

// newShelf makes the place for the indexes in use.
func (l *Library) newShelf() *shelf.Shelf[*knowledge.Index] {
	return shelf.New(shelf.Options[*knowledge.Index]{
		Load: l.load, Patience: time.Minute, Poll: l.Poll, Idle: l.Idle, MaxBytes: l.MaxBytes,
		Failed: func(tenant chat.TenantID, err error) {
			l.Logger.Warn("a tenant's newest index can't be loaded; the one before stays in use", "tenant", tenant, "err", err)
		},
	})
}

// book returns the index in use as this node knows it.
func (l *Library) book(ctx context.Context, tenant chat.TenantID) (*book, error) {
	b, err := l.shelf.Get(ctx, tenant)
	if err != nil && ctx.Err() != nil {
		return nil, chat.Errorf(chat.Busy, "the knowledge is being loaded; try again")
	}
	return b, err
}

// load reads the version in use, if it is another one than have.
func (l *Library) load(ctx context.Context, tenant chat.TenantID, have *book) (*book, error) {
	st, err := l.Store.KnowledgeState(ctx, tenant)
	switch {
	case err != nil:
		return nil, err
	case have != nil && have.Version == st.Active:
		return have, nil
	case st.Active == 0:
		return &book{}, nil
	}
	return l.read(ctx, tenant, st.Active, have != nil)
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
	return bookOf(version, index), nil
}
