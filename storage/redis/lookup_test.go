package redis

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

// What is in the generation before counts as well, without the database; and a node that has not heard of a new generation does
// not take old heads for the newest.
func TestLookUpGenerations(t *testing.T) {
	r, db := startRedis(t), newMemory()
	a := startNode(t, r, db, nil)
	th := newThread(t, a.Log, chat.NewID[chat.Tenant]())
	s := a.parts[partitionOf(th.key)].scope
	before := s.read()
	require.NoError(t, a.Client.HSet(t.Context(), s.meta, "g", before.generation+1).Err())
	require.NoError(t, a.readBook(t.Context(), s))
	lookups := a.stats.lookups.Get()
	check := func(last chat.Seq) {
		open, err := a.OpenConversations(t.Context(), chat.VisitorKey{Tenant: th.key.Tenant, Visitor: th.visitor})
		require.NoError(t, err)
		require.Equal(t, []chat.ConversationID{th.key.Conversation}, open)
		heads, err := a.Heads(t.Context(), th.key)
		require.NoError(t, err)
		require.Equal(t, th.visitor, heads[0].Visitor)
		require.Equal(t, last, heads[0].Last)
		require.Equal(t, before.generation+1, s.read().generation)
	}
	m := th.all(t, a.Log)
	check(m[len(m)-1].Seq)
	next := send(t, a.Log, th.message("in the new generation"))
	s.write(before)
	check(next.Seq)
	require.Equal(t, lookups, a.stats.lookups.Get())
}
