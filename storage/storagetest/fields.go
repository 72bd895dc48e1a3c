package storagetest

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

// tell is a state event that leaves the state as it is and tells fields.
func (th *thread) tell(f chat.Fields) chat.Event {
	e := th.change(th.state.Status, th.state.Assignee)
	e.Next.Queued, e.Next.Wakes = th.state.Queued, th.state.Wakes
	e.Set = &f
	return e
}

// told appends what tells fields; it must be accepted.
func (th *thread) told(f chat.Fields) {
	th.s.t.Helper()
	e := th.tell(f)
	th.s.append(e)
	th.state = *e.Next
}

func (th *thread) row() chat.Conversation {
	th.s.t.Helper()
	c, err := th.s.Store.Conversation(ctx(), th.key)
	require.NoError(th.s.t, err)
	return c
}

func labelled(ids ...chat.RecordID) []chat.RecordID { return append([]chat.RecordID{}, ids...) }

func priority(p int) *int { return &p }

// What events tell of a conversation is in its row, each thing by itself, and a refused event tells nothing.
func testFields(t *testing.T, s *suite) {
	th := s.thread()
	th.create()
	c := th.row()
	require.Empty(t, c.Labels)
	require.Zero(t, c.Rating)
	vip, late := chat.NewID[chat.Record](), chat.NewID[chat.Record]()
	th.told(chat.Fields{Labels: labelled(vip, late), Priority: priority(7), Context: json.RawMessage(`{"order":{"no":"A-1","sum":12.5},"中":"文"}`)})
	check := func(labels []chat.RecordID, p int, context string, r chat.Rating) {
		t.Helper()
		c := th.row()
		require.Equal(t, labels, append([]chat.RecordID{}, c.Labels...))
		require.Equal(t, p, c.Priority)
		require.JSONEq(t, context, string(c.Context))
		require.Equal(t, r, c.Rating)
		require.Equal(t, th.state, c.State)
	}
	order := `{"order":{"no":"A-1","sum":12.5},"中":"文"}`
	check([]chat.RecordID{vip, late}, 7, order, chat.Rating{})
	th.told(chat.Fields{Rating: &chat.Rating{Score: 4, Comment: "schnell – 很快"}})
	check([]chat.RecordID{vip, late}, 7, order, chat.Rating{Score: 4, Comment: "schnell – 很快"})
	th.told(chat.Fields{Labels: labelled(late)})
	th.told(chat.Fields{Rating: &chat.Rating{Score: 5}, Priority: priority(-3)})
	check([]chat.RecordID{late}, -3, order, chat.Rating{Score: 5})

	stale := th.tell(chat.Fields{Labels: labelled(vip), Priority: priority(9)})
	th.move(chat.Open, chat.NewID[chat.Agent]())
	r, err := s.Log.Append(ctx(), stale)
	require.NoError(t, err)
	code(t, r[0].Err, chat.Conflict)
	check([]chat.RecordID{late}, -3, order, chat.Rating{Score: 5})

	// A retry tells nothing either, though other things were told since.
	again := th.tell(chat.Fields{Context: json.RawMessage(`{"a":1}`)})
	s.append(again)
	th.state = *again.Next
	th.told(chat.Fields{Context: json.RawMessage(`{"a":2}`)})
	require.True(t, s.append(again)[0].Dup)
	check([]chat.RecordID{late}, -3, `{"a":2}`, chat.Rating{Score: 5})

	// Told in the very call that creates the conversation, several times, and over a restart.
	other := s.thread()
	created := other.change(chat.Queued, chat.AgentID{})
	other.state = *created.Next
	one := other.tell(chat.Fields{Labels: labelled(vip), Priority: priority(1)})
	other.state = *one.Next
	two := other.tell(chat.Fields{Labels: labelled(), Rating: &chat.Rating{Score: 1}})
	other.state = *two.Next
	s.append(created, one, two)
	s.reopen()
	th, other = moved(th, s), moved(other, s)
	check([]chat.RecordID{late}, -3, `{"a":2}`, chat.Rating{Score: 5})
	c = other.row()
	require.Empty(t, c.Labels)
	require.Equal(t, 1, c.Priority)
	require.Equal(t, chat.Rating{Score: 1}, c.Rating)
	h, err := s.Log.Heads(ctx(), other.key)
	require.NoError(t, err)
	require.Equal(t, other.state, h[0].State)
}

// moved is a thread of the suite's backend after it was opened again.
func moved(th *thread, s *suite) *thread {
	th.s = s
	return th
}

// A list by label holds what a recount does, whatever was set and taken away.
func testLabelList(t *testing.T, s *suite) {
	labels := []chat.RecordID{chat.NewID[chat.Record](), chat.NewID[chat.Record](), chat.NewID[chat.Record]()}
	want := map[chat.RecordID][]chat.ConversationID{}
	for i := range 12 {
		th := s.thread()
		th.clock = i * 1000
		th.create()
		th.told(chat.Fields{Labels: labelled(labels...)})
		kept := labelled()
		for j, l := range labels {
			if i>>j&1 == 1 {
				kept = append(kept, l)
				want[l] = append([]chat.ConversationID{th.key.Conversation}, want[l]...)
			}
		}
		if i%3 == 0 {
			th.told(chat.Fields{Labels: labelled()})
		}
		th.told(chat.Fields{Labels: kept})
	}
	list := func(f chat.Filter) (ids []chat.ConversationID) {
		t.Helper()
		for {
			page, next, err := s.Store.Conversations(ctx(), s.tenant, f)
			require.NoError(t, err)
			for i := range page {
				ids = append(ids, page[i].ID)
				require.Contains(t, page[i].Labels, f.Label)
			}
			if f.Cursor = next; next == "" {
				return ids
			}
		}
	}
	for _, l := range labels {
		require.Equal(t, want[l], list(chat.Filter{Label: l, Limit: 2}))
		require.Equal(t, want[l], list(chat.Filter{Label: l, Limit: 50, Text: "first"}))
		require.Empty(t, list(chat.Filter{Label: l, Limit: 50, Statuses: []chat.Status{chat.Closed}}))
	}
	require.Empty(t, list(chat.Filter{Label: chat.NewID[chat.Record](), Limit: 50}))
	page, _, err := s.Store.Conversations(ctx(), chat.NewID[chat.Tenant](), chat.Filter{Label: labels[0], Limit: 50})
	require.NoError(t, err)
	require.Empty(t, page, "another tenant's")
}

// Who sleeps is found when the time has come, and is gone from there when awake.
func testAsleep(t *testing.T, s *suite) {
	asleep := func(at time.Time) (keys []chat.Key) {
		t.Helper()
		keys, err := s.Store.Asleep(ctx(), at, 100)
		require.NoError(t, err)
		return slices.DeleteFunc(keys, func(k chat.Key) bool { return k.Tenant != s.tenant })
	}
	var threads []*thread
	for i := range 4 {
		th := s.thread()
		th.create()
		e := th.change(chat.Snoozed, chat.NewID[chat.Agent]())
		if i < 3 {
			e.Next.Wakes = start.Add(time.Duration(3-i) * time.Hour) // the last one's visitor must wake it
		}
		s.append(e)
		th.state = *e.Next
		threads = append(threads, th)
	}
	require.Empty(t, asleep(start))
	require.Equal(t, []chat.Key{threads[2].key}, asleep(start.Add(time.Hour)))
	require.Equal(t, []chat.Key{threads[2].key, threads[1].key, threads[0].key}, asleep(start.Add(100*time.Hour)))
	few, err := s.Store.Asleep(ctx(), start.Add(100*time.Hour), 1)
	require.NoError(t, err)
	require.Len(t, few, 1)
	s.reopen()
	for _, th := range threads {
		th = moved(th, s)
		h, err := s.Log.Heads(ctx(), th.key)
		require.NoError(t, err)
		require.Equal(t, th.state, h[0].State)
		require.Equal(t, th.state, th.row().State)
	}
	th := threads[1]
	th.state.Wakes = time.Time{}
	th.move(chat.Open, th.state.Assignee)
	require.Equal(t, []chat.Key{threads[2].key, threads[0].key}, asleep(start.Add(100*time.Hour)))
	require.True(t, th.row().Wakes.IsZero())
}

// Records are a tenant's own, have unique names and change by compare-and-set.
func testRecords(t *testing.T, s *suite) {
	record := func(kind chat.RecordKind, name string) chat.Record {
		return chat.Record{
			ID: chat.NewID[chat.Record](), Tenant: s.tenant, Kind: kind, Name: name, Body: json.RawMessage(`{"name":"` + name + `","text":"a \u0000 <b> 中文"}`),
			Version: 1, CreatedAt: start, UpdatedAt: start.Add(time.Second),
		}
	}
	var all []chat.Record
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		r := record(chat.RecordLabel, name)
		require.NoError(t, s.Store.AddRecord(ctx(), r, 5))
		all = append(all, r)
	}
	code(t, s.Store.AddRecord(ctx(), record(chat.RecordLabel, "f"), 5), chat.Conflict)
	code(t, s.Store.AddRecord(ctx(), record(chat.RecordLabel, "a"), 100), chat.Conflict)
	block := record(chat.RecordBlock, "a")
	require.NoError(t, s.Store.AddRecord(ctx(), block, 5))
	theirs := record(chat.RecordLabel, "a")
	theirs.Tenant = chat.NewID[chat.Tenant]()
	require.NoError(t, s.Store.AddRecord(ctx(), theirs, 5))
	s.reopen()

	var got []chat.Record
	for cursor := ""; ; {
		page, next, err := s.Store.Records(ctx(), s.tenant, chat.RecordLabel, cursor, 2)
		require.NoError(t, err)
		got = append(got, page...)
		if cursor = next; next == "" {
			break
		}
	}
	require.Equal(t, all, got)
	_, _, err := s.Store.Records(ctx(), s.tenant, chat.RecordLabel, "nonsense", 2)
	code(t, err, chat.Malformed)
	_, _, err = s.Store.Records(ctx(), s.tenant, chat.RecordLabel, "", 0)
	code(t, err, chat.Malformed)
	both, err := s.Store.RecordsOf(ctx(), s.tenant, chat.RecordLabel, chat.RecordBlock, chat.RecordRouting)
	require.NoError(t, err)
	require.Equal(t, append(slices.Clone(all), block), both)
	for _, miss := range []func() error{
		func() error {
			_, err := s.Store.Record(ctx(), theirs.Tenant, chat.RecordLabel, all[0].ID)
			return err
		},
		func() error {
			_, err := s.Store.Record(ctx(), s.tenant, chat.RecordBlock, all[0].ID)
			return err
		},
		func() error { return s.Store.DeleteRecord(ctx(), theirs.Tenant, chat.RecordLabel, all[0].ID) },
		func() error { return s.Store.DeleteRecord(ctx(), s.tenant, chat.RecordBlock, all[0].ID) },
		func() error {
			r := all[0]
			r.Tenant, r.Version = theirs.Tenant, 2
			return s.Store.ReplaceRecord(ctx(), r)
		},
	} {
		code(t, miss(), chat.NotFound)
	}

	next := all[1]
	next.Name, next.Body, next.Version, next.UpdatedAt = "bb", json.RawMessage(`{"n":2}`), 2, start.Add(time.Hour)
	require.NoError(t, s.Store.ReplaceRecord(ctx(), next))
	r, err := s.Store.Record(ctx(), s.tenant, chat.RecordLabel, next.ID)
	require.NoError(t, err)
	require.Equal(t, next, r)
	code(t, s.Store.ReplaceRecord(ctx(), next), chat.Conflict) // it is at 2 by now
	next.Version, next.Name = 3, "c"
	code(t, s.Store.ReplaceRecord(ctx(), next), chat.Conflict) // somebody else's name
	require.NoError(t, s.Store.DeleteRecord(ctx(), s.tenant, chat.RecordLabel, next.ID))
	code(t, s.Store.DeleteRecord(ctx(), s.tenant, chat.RecordLabel, next.ID), chat.NotFound)
	code(t, s.Store.ReplaceRecord(ctx(), next), chat.NotFound)
	require.NoError(t, s.Store.AddRecord(ctx(), record(chat.RecordLabel, "bb"), 5))
}
