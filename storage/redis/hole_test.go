package redis

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/project"
)

// The database has messages that memory has not, between others that it has: a page shows them all.
func TestHoleInMemory(t *testing.T) {
	r, db := startRedis(t), newMemory()
	a := startNode(t, r, db, nil)
	th := newThread(t, a.Log, chat.NewID[chat.Tenant]())
	for range 6 {
		send(t, a.Log, th.message("x"))
	}
	want := th.all(t, a.Log)
	require.NoError(t, a.Settle(t.Context(), th.key, want[7].Seq))
	p := &a.parts[partitionOf(th.key)]
	p.mu.Lock()
	list := p.index[th.key]
	p.index[th.key] = append(append([]located{}, list[:3]...), list[5:]...)
	p.mu.Unlock()
	require.Equal(t, want, th.all(t, a.Log))
	newest, complete, err := a.Messages(t.Context(), th.key, chat.Page{Newest: true, Limit: 5})
	require.NoError(t, err)
	require.False(t, complete)
	require.Equal(t, want[3:], newest)
}

// A node whose feed is late has everything that the head counts, once it is asked to catch up.
func TestCatchUp(t *testing.T) {
	r, db := startRedis(t), newMemory()
	a := startNode(t, r, db, nil)
	b := startNode(t, r, db, nil)
	db.hold(true)
	th := newThread(t, a.Log, chat.NewID[chat.Tenant]())
	last := send(t, a.Log, th.message("new")).Seq
	p := &b.parts[partitionOf(th.key)]
	p.mu.Lock()
	p.reset() // as if the feed had brought nothing yet
	p.cursor, p.highest = project.Cursor{Epoch: p.cursor.Epoch}, project.Cursor{Epoch: p.cursor.Epoch}
	p.mu.Unlock()
	require.NoError(t, b.CatchUp(t.Context(), th.key, last))
	require.Len(t, th.all(t, b.Log), 3)
}
