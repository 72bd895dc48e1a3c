package redis

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/project"
)

// Whoever tries to open somebody else's conversation gets nothing by it, and can open one of his own afterwards.
func TestForeignConversation(t *testing.T) {
	r, db := startRedis(t), newMemory()
	a := startNode(t, r, db, nil)
	tenant := chat.NewID[chat.Tenant]()
	theirs := newThread(t, a.Log, tenant)
	thief := &thread{theirs.key, chat.NewID[chat.Visitor]()}
	got, err := a.Append(t.Context(), thief.create()...)
	require.NoError(t, err)
	require.Equal(t, chat.Conflict, chat.CodeOf(got[0].Err))
	own := &thread{chat.Key{Tenant: tenant, Conversation: chat.NewID[chat.Conversation]()}, thief.visitor}
	got, err = a.Append(t.Context(), own.create()...)
	require.NoError(t, err)
	require.NoError(t, got[0].Err)
	heads, err := a.Heads(t.Context(), theirs.key, own.key)
	require.NoError(t, err)
	require.Equal(t, theirs.visitor, heads[0].Visitor)
	require.Equal(t, thief.visitor, heads[1].Visitor)
}

// A place that was taken for a conversation that never came is free again, but not before its append is certainly over.
func TestAbandonedPlace(t *testing.T) {
	r, db := startRedis(t), newMemory()
	a := startNode(t, r, db, nil)
	tenant, visitor := chat.NewID[chat.Tenant](), chat.NewID[chat.Visitor]()
	never := &claim{key: chat.Key{Tenant: tenant, Conversation: chat.NewID[chat.Conversation]()}, visitor: visitor}
	a.reserve(t.Context(), []*claim{never})
	require.NoError(t, never.err)
	second := &thread{chat.Key{Tenant: tenant, Conversation: chat.NewID[chat.Conversation]()}, visitor}
	got, err := a.Append(t.Context(), second.create()...)
	require.NoError(t, err)
	require.Equal(t, chat.Busy, chat.CodeOf(got[0].Err))
	names := a.parts[homeOf(visitor)].scope
	old := append(append([]byte{}, never.key.Conversation[:]...), 0, 0, 0, 0, 0, 0, 0, 1) // taken in 1970
	require.NoError(t, a.Client.HSet(t.Context(), names.openKeys(names.read())[0], visitorKey(tenant, visitor), old).Err())
	got, err = a.Append(t.Context(), second.create()...)
	require.NoError(t, err)
	require.NoError(t, got[0].Err)
}

// scripts is a hook of the driver that counts calls of scripts.
type scripts struct{ n atomic.Int64 }

func (s *scripts) DialHook(next goredis.DialHook) goredis.DialHook { return next }

func (s *scripts) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook {
	return func(ctx context.Context, cmd goredis.Cmder) error {
		if strings.HasPrefix(cmd.Name(), "eval") {
			s.n.Add(1)
		}
		return next(ctx, cmd)
	}
}

func (s *scripts) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return next
}

// On a single server the append takes the visitor's place itself: a first message is one call, and of two at once one wins.
func TestPlaceWithAppend(t *testing.T) {
	r, db := startRedis(t), newMemory()
	a, b := startNode(t, r, db, nil), startNode(t, r, db, nil)
	tenant := chat.NewID[chat.Tenant]()
	newThread(t, a.Log, tenant) // the script is loaded
	var calls scripts
	a.Client.AddHook(&calls)
	newThread(t, a.Log, tenant)
	require.EqualValues(t, 1, calls.n.Load())

	const visitors = 50
	type side struct {
		*thread
		got []chat.Receipt
		err error
	}
	var all [visitors][2]side
	var wg sync.WaitGroup
	for i := range all {
		v := chat.NewID[chat.Visitor]()
		for j, l := range []*Log{a.Log, b.Log} {
			s := &all[i][j]
			s.thread = &thread{chat.Key{Tenant: tenant, Conversation: chat.NewID[chat.Conversation]()}, v}
			wg.Go(func() { s.got, s.err = l.Append(t.Context(), s.create()...) })
		}
	}
	wg.Wait()
	for i := range all {
		var won, lost int
		for j := range all[i] {
			s, other := &all[i][j], &all[i][1-j]
			require.NoError(t, s.err)
			if s.got[0].Err == nil {
				require.NoError(t, s.got[1].Err)
				won++
				continue
			}
			var e *chat.Error
			for _, r := range s.got {
				require.ErrorAs(t, r.Err, &e)
				require.Equal(t, "conversation_open", e.Name)
				require.Equal(t, other.key.Conversation, e.Conversation)
			}
			lost++
		}
		require.Equal(t, [2]int{1, 1}, [2]int{won, lost})
		open, err := b.OpenConversations(t.Context(), chat.VisitorKey{Tenant: tenant, Visitor: all[i][0].visitor})
		require.NoError(t, err)
		require.Contains(t, []chat.ConversationID{all[i][0].key.Conversation, all[i][1].key.Conversation}, open[0])
	}
}

// A visitor whom Redis may have forgotten has the place that the database knows of, until that conversation is closed.
func TestPlaceInDatabase(t *testing.T) {
	r, db := startRedis(t), newMemory()
	a := startNode(t, r, db, nil)
	tenant := chat.NewID[chat.Tenant]()
	th := &thread{chat.Key{Tenant: tenant, Conversation: chat.NewID[chat.Conversation]()}, chat.VisitorID{1, 2, 3}} // no time in its id
	older := chat.Key{Tenant: tenant, Conversation: chat.ConversationID{4, 5, 6}}
	row := &project.Row{}
	row.Visitor, row.Status, row.Version, row.Last = th.visitor, chat.Queued, 1, 7
	db.mu.Lock()
	db.rows[older] = row
	db.mu.Unlock()
	got, err := a.Append(t.Context(), th.create()...)
	require.NoError(t, err)
	var e *chat.Error
	require.ErrorAs(t, got[0].Err, &e)
	require.Equal(t, older.Conversation, e.Conversation)
	db.mu.Lock()
	row.Status = chat.Closed
	db.mu.Unlock()
	events := th.create()
	got, err = a.Append(t.Context(), events...)
	require.NoError(t, err)
	require.NoError(t, got[0].Err)
	// What is there already is no second attempt, whoever has the place.
	for i := range events {
		events[i].Retry = true
	}
	got, err = a.Append(t.Context(), events...)
	require.NoError(t, err)
	require.True(t, got[0].Dup && got[1].Dup)
}

// What a node remembers of an epoch that is over proves nothing: it looks again.
func TestPlaceInAnotherEpoch(t *testing.T) {
	r, db := startRedis(t), newMemory()
	a := startNode(t, r, db, nil)
	th := &thread{chat.Key{Tenant: chat.NewID[chat.Tenant](), Conversation: chat.NewID[chat.Conversation]()}, chat.NewID[chat.Visitor]()}
	for partitionOf(th.key) == homeOf(th.visitor) {
		th.visitor = chat.NewID[chat.Visitor]()
	}
	p := &a.parts[homeOf(th.visitor)]
	p.mu.Lock()
	epoch := p.begun
	p.begun--
	p.mu.Unlock()
	retries := a.stats.calls.Get()
	got, err := a.Append(t.Context(), th.create()...)
	require.NoError(t, err)
	require.NoError(t, got[0].Err)
	require.Equal(t, epoch, p.began())
	require.Greater(t, a.stats.calls.Get()-retries, uint64(1), "the first call was refused")
}
