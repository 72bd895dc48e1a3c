package storagetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

// listed reads a list to its end, page by page.
func (s *suite) listed(t *testing.T, f chat.Filter) (ids []chat.ConversationID) {
	t.Helper()
	for pages := 0; ; pages++ {
		page, next, err := s.Store.Conversations(ctx(), s.tenant, f)
		require.NoError(t, err)
		require.LessOrEqual(t, len(page), f.Limit)
		for i := range page {
			ids = append(ids, page[i].ID)
		}
		if f.Cursor = next; next == "" {
			return ids
		}
		require.Len(t, page, f.Limit)
		require.Less(t, pages, 200, "pages without end")
	}
}

// The queue's order is that of priority first, of those who waited longest then; the list of who waits has the same, page by page.
func testPriorityQueue(t *testing.T, s *suite) {
	var all []*thread
	for i := range 6 {
		th := s.thread()
		th.clock = i * 1000
		th.create()
		th.told(chat.Fields{Priority: priority(i % 3)})
		all = append(all, th)
	}
	ids := func(of ...int) (out []chat.ConversationID) {
		for _, i := range of {
			out = append(out, all[i].key.Conversation)
		}
		return out
	}
	want := ids(2, 5, 1, 4, 0, 3)
	list := func(f chat.Filter) []chat.ConversationID {
		t.Helper()
		f.Statuses, f.ByWait = []chat.Status{chat.Queued}, true
		return s.listed(t, f)
	}
	for limit := 1; limit < 7; limit++ {
		queue, err := s.Store.Waiting(ctx(), s.tenant, limit)
		require.NoError(t, err)
		var got []chat.ConversationID
		for i := range queue {
			got = append(got, queue[i].ID)
		}
		require.Equal(t, want[:limit], got)
		require.Equal(t, want, list(chat.Filter{Limit: limit}))
	}

	// What they write does not change whose turn it is; who is taken has none.
	all[3].clock = 100_000
	s.append(all[3].message("is anybody there?"))
	all[5].move(chat.Open, chat.NewID[chat.Agent]())
	require.Equal(t, ids(2, 1, 4, 0, 3), list(chat.Filter{Limit: 2}))
	require.Equal(t, ids(4), list(chat.Filter{Limit: 1, Visitor: all[4].visitor}))
	require.Equal(t, ids(2, 1, 0, 3), list(chat.Filter{Limit: 1, Since: start, Until: all[4].row().CreatedAt}))
	require.Empty(t, list(chat.Filter{Limit: 1, Team: chat.NewID[chat.Team]()}))
	other, _, err := s.Store.Conversations(ctx(), chat.NewID[chat.Tenant](), chat.Filter{Statuses: []chat.Status{chat.Queued}, ByWait: true, Limit: 5})
	require.NoError(t, err)
	require.Empty(t, other)

	_, newest, err := s.Store.Conversations(ctx(), s.tenant, chat.Filter{Limit: 1})
	require.NoError(t, err)
	for _, f := range []chat.Filter{
		{},
		{Statuses: []chat.Status{chat.Open}},
		{Statuses: []chat.Status{chat.Queued, chat.Open}},
		{Statuses: []chat.Status{chat.Queued}, Text: "anybody"},
		{Statuses: []chat.Status{chat.Queued}, Cursor: "nonsense"},
		{Statuses: []chat.Status{chat.Queued}, Cursor: newest},
	} {
		f.ByWait, f.Limit = true, 5
		_, _, err := s.Store.Conversations(ctx(), s.tenant, f)
		code(t, err, chat.Malformed)
	}
}
