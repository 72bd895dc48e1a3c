package storagetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

// What a tenant does not keep goes, and nothing else does: bodies, what was found of them, files; rows and counts stay.
func testRetention(t *testing.T, s *suite) {
	made := func(status chat.Status, day int) (*thread, chat.Conversation) {
		th := s.thread()
		th.clock = day * 86_400_000
		th.create()
		s.append(th.message("mango secret"))
		th.move(status, chat.AgentID{})
		row, err := s.Store.Conversation(ctx(), th.key)
		require.NoError(t, err)
		return th, row
	}
	old, oldRow := made(chat.Closed, 0)
	older, _ := made(chat.Closed, -1)
	open, _ := made(chat.Queued, 0)
	fresh, freshRow := made(chat.Closed, 5)
	elsewhere := s.thread()
	elsewhere.key.Tenant = chat.NewID[chat.Tenant]()
	elsewhere.create()
	s.append(elsewhere.message("mango secret"))
	elsewhere.move(chat.Closed, chat.AgentID{})
	_ = s.texts(elsewhere.key) // settled
	if s.Index != nil {
		s.Index(t)
	}
	found := func() int {
		t.Helper()
		page, _, err := s.Store.Conversations(ctx(), s.tenant, chat.Filter{Text: "mango", Limit: 10})
		require.NoError(t, err)
		return len(page)
	}
	require.Equal(t, 4, found())
	before := freshRow.CreatedAt.Add(-time.Hour)
	count, err := s.Store.Purgeable(ctx(), s.tenant, chat.Cutoffs{Conversations: before})
	require.NoError(t, err)
	require.Equal(t, 2, count.Conversations)
	rows := len(s.texts(old.key))

	removed, dropped, more, err := s.Store.PurgeConversations(ctx(), s.tenant, before, 1)
	require.NoError(t, err)
	require.True(t, more)
	require.Empty(t, dropped)
	require.Equal(t, 1, removed.Conversations)
	require.NotContains(t, s.texts(older.key), "mango secret")
	require.Contains(t, s.texts(old.key), "mango secret")
	removed, _, _, err = s.Store.PurgeConversations(ctx(), s.tenant, before, 10)
	require.NoError(t, err)
	require.Equal(t, 1, removed.Conversations)
	require.Equal(t, rows, removed.Messages)
	removed, _, more, err = s.Store.PurgeConversations(ctx(), s.tenant, before, 10)
	require.NoError(t, err)
	require.Equal(t, chat.Removed{}, removed)
	require.False(t, more)

	require.Len(t, s.texts(old.key), rows, "rows stay")
	require.NotContains(t, s.texts(old.key), "mango secret")
	for _, th := range []*thread{open, fresh, elsewhere} {
		require.Contains(t, s.texts(th.key), "mango secret")
	}
	require.Equal(t, 2, found())
	now, err := s.Store.Conversation(ctx(), old.key)
	require.NoError(t, err)
	require.Equal(t, oldRow.Unread, now.Unread, "counters are as they were")
	require.Equal(t, oldRow.State, now.State)
	count, err = s.Store.Purgeable(ctx(), s.tenant, chat.Cutoffs{Conversations: before})
	require.NoError(t, err)
	require.Zero(t, count.Conversations)
}

// texts returns what the messages of a conversation say; "" for none.
func (s *suite) texts(key chat.Key) (out []string) {
	s.t.Helper()
	page, complete, err := s.Store.Messages(ctx(), key, chat.Page{Limit: 1000, Audience: chat.AudienceAll})
	require.NoError(s.t, err)
	require.True(s.t, complete)
	for i := range page {
		said := chat.Said(nil, page[i].Kind, page[i].Body)
		out = append(out, append(said, "")[0])
	}
	return out
}

// Files of closed conversations go by their own age; the job is one node's at a time.
func testRetentionParts(t *testing.T, s *suite) {
	a, b := chat.NewID[chat.Presence](), chat.NewID[chat.Presence]()
	hold := func(node chat.NodeID, now time.Time, want bool) {
		t.Helper()
		held, err := s.Store.HoldRetention(ctx(), node, now, now.Add(time.Minute))
		require.NoError(t, err)
		require.Equal(t, want, held)
	}
	hold(a, start, true)
	hold(b, start.Add(time.Second), false)
	hold(a, start.Add(time.Second), true)
	hold(b, start.Add(2*time.Minute), true)
	hold(a, start.Add(2*time.Minute), false)

	r := chat.Record{ID: chat.NewID[chat.Record](), Tenant: s.tenant, Kind: chat.RecordRetention, Name: "retention", Body: []byte(`{"audit_days":30}`), Version: 1, CreatedAt: start, UpdatedAt: start}
	require.NoError(t, s.Store.AddRecord(ctx(), r, 1))
	all, err := s.Store.RecordsOfAll(ctx(), chat.RecordRetention)
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.Equal(t, s.tenant, all[0].Tenant)
	n, err := s.Store.PurgeDeliveries(ctx(), s.tenant, start, 10)
	require.NoError(t, err)
	require.Zero(t, n)
	files, err := s.Store.PurgeUploads(ctx(), s.tenant, start, 10)
	require.NoError(t, err)
	require.Empty(t, files)
	_, err = s.Store.Purgeable(ctx(), s.tenant, chat.Cutoffs{Conversations: start, Uploads: start, Deliveries: start, Audit: start})
	require.NoError(t, err)
}
