package redis

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
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
