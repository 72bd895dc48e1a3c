package storagetest

import (
	"bytes"
	"cmp"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/uniqchat/uniqchat/chat"
)

// listed is a conversation as the model knows it.
type listed struct {
	id       chat.ConversationID
	visitor  chat.VisitorID
	state    chat.State
	created  time.Time
	activity time.Time
}

// testListModel asks for lists with any filter and page size, and compares them with a filtered, sorted slice.
func testListModel(t *testing.T, s *suite) {
	agents := []chat.AgentID{{}, chat.NewID[chat.Agent](), chat.NewID[chat.Agent]()}
	visitors := []chat.VisitorID{chat.NewID[chat.Visitor](), chat.NewID[chat.Visitor]()}
	var model []listed
	for i := range 40 {
		th := s.thread()
		th.clock = (i * 7919 % 40) / 2 * 1000 // out of order, and two at a time
		status := chat.Status(i % 5)
		if i%8 == 4 {
			status, th.visitor = chat.Closed, visitors[i/8%2] // several of one visitor: all closed
		}
		th.create()
		th.move(status, agents[i%3])
		l := listed{id: th.key.Conversation, visitor: th.visitor, state: th.state}
		for _, m := range th.all(chat.AudienceAll) {
			if l.created.IsZero() {
				l.created = m.Time
			}
			l.activity = m.Time
		}
		model = append(model, l)
	}
	slices.SortFunc(model, func(a, b listed) int {
		return cmp.Or(b.activity.Compare(a.activity), bytes.Compare(b.id[:], a.id[:]))
	})
	rapid.Check(t, func(rt *rapid.T) {
		f := chat.Filter{Limit: rapid.IntRange(1, 50).Draw(rt, "limit")}
		f.Statuses = rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) chat.Status { return chat.Status(rapid.IntRange(0, 4).Draw(rt, "status")) }), 0, 3).Draw(rt, "statuses")
		f.Assignee = rapid.SampledFrom(agents).Draw(rt, "assignee")
		f.Visitor = rapid.SampledFrom([]chat.VisitorID{{}, {}, visitors[0], visitors[1]}).Draw(rt, "visitor")
		if rapid.Bool().Draw(rt, "since") {
			f.Since = rapid.SampledFrom(model).Draw(rt, "since").created
		}
		if rapid.Bool().Draw(rt, "until") {
			f.Until = rapid.SampledFrom(model).Draw(rt, "until").created
		}
		var want, got []chat.ConversationID
		for _, l := range model {
			if matches(&l, &f) {
				want = append(want, l.id)
			}
		}
		for {
			page, next, err := s.Store.Conversations(ctx(), s.tenant, f)
			if err != nil {
				rt.Fatal(err)
			}
			if next != "" && len(page) != f.Limit {
				rt.Fatalf("a page of %d of %d, and more to come", len(page), f.Limit)
			}
			for i := range page {
				got = append(got, page[i].ID)
			}
			if f.Cursor = next; next == "" {
				break
			}
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			rt.Fatalf("%+v (-want +got):\n%s", f, diff)
		}
	})
	other, _, err := s.Store.Conversations(ctx(), chat.NewID[chat.Tenant](), chat.Filter{Limit: 200})
	require.NoError(t, err)
	require.Empty(t, other, "another tenant's list")
}

func matches(l *listed, f *chat.Filter) bool {
	return (len(f.Statuses) == 0 || slices.Contains(f.Statuses, l.state.Status)) &&
		(f.Assignee.IsZero() || f.Assignee == l.state.Assignee) &&
		(f.Visitor.IsZero() || f.Visitor == l.visitor) &&
		(f.Since.IsZero() || !l.created.Before(f.Since)) && (f.Until.IsZero() || l.created.Before(f.Until))
}
