package redis

import (
	"testing"
	"time"

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

// What a node hears of by an answer of Redis alone, its feed being late, is not in the database: neither a message that was sent again over
// it, nor what a conversation's head counts.
func TestLateFeedIsNotDurable(t *testing.T) {
	for name, hear := range map[string]func(*node, *thread, chat.Event){
		"again": func(b *node, _ *thread, e chat.Event) {
			e.Retry = true
			require.True(t, send(t, b.Log, e).Dup)
		},
		"head": func(b *node, th *thread, _ chat.Event) {
			_, err := b.Heads(t.Context(), th.key)
			require.NoError(t, err)
		},
	} {
		r, db := startRedis(t), newMemory()
		a := startNode(t, r, db, nil)
		b := startNode(t, r, db, nil)
		th := newThread(t, a.Log, chat.NewID[chat.Tenant]())
		send(t, a.Log, th.message("before"))
		p := &b.parts[partitionOf(th.key)]
		var cursor project.Cursor
		heard := func() bool {
			p.mu.Lock()
			defer p.mu.Unlock()
			return cursor.Before(p.cursor) && len(p.batches) > 0
		}
		require.Eventually(t, heard, 5*time.Second, time.Millisecond)
		db.hold(true)
		p.mu.Lock()
		cursor = p.cursor
		p.mu.Unlock()
		e := th.message("new")
		last := send(t, a.Log, e).Seq
		require.Eventually(t, heard, 5*time.Second, time.Millisecond)
		p.mu.Lock()
		p.reset() // as if the feed had not brought it, and all before it were in the database
		p.cursor, p.highest, p.projected = cursor, cursor, cursor
		p.mu.Unlock()
		hear(b, th, e)
		require.False(t, b.Projected(th.key, last), name)
		db.hold(false)
	}
}

func TestDatedSince(t *testing.T) {
	const at = 1_000_000_000
	require.EqualValues(t, at+5000, datedSince(at, 1, 12*time.Hour), "all there is")
	require.EqualValues(t, at+11*3600*1000, datedSince(at, 2, 12*time.Hour))
	require.EqualValues(t, at+5000, datedSince(at, 7, time.Second))
	// An id of an hour ahead, used just before a generation began, is not taken for a new one when its hour has come and that generation is the oldest.
	id := [16]byte(chat.NewID[chat.Conversation]())
	now := time.Now()
	b := book{headsSince: datedSince(now.Add(-time.Hour).UnixMilli(), 2, 12*time.Hour)}
	require.False(t, b.isFresh(id, now, b.headsSince))
	b.headsSince = datedSince(now.Add(-12*time.Hour).UnixMilli(), 2, 12*time.Hour)
	require.True(t, b.isFresh(id, now, b.headsSince))
}
