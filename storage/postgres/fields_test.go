package postgres

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

// A run that is read again, whole or in parts, writes over nothing that was told later; and what can't be written is kept as a
// dead letter while the rest goes on.
func TestFieldsReadAgain(t *testing.T) {
	d := opened(t, migrated(t, server(t)))
	f := newFeed(1)
	k := f.keys[0]
	labels := []chat.RecordID{chat.NewID[chat.Record](), chat.NewID[chat.Record](), chat.NewID[chat.Record]()}
	nine := 9
	var events []*chat.Event
	for i, set := range []*chat.Fields{
		nil,
		{Labels: labels[:2], Context: json.RawMessage(`{"a":1}`)},
		{Priority: &nine, Rating: &chat.Rating{Score: 2, Comment: "x"}},
		{Labels: labels[1:], Context: json.RawMessage(`{"a":2}`)},
	} {
		e := f.message(k, "told")
		e.Seq, e.Prev, e.PrevPublic = chat.Seq(i+1), chat.Seq(i), chat.Seq(i)
		e.Next = &chat.State{Visitor: chat.NewID[chat.Visitor](), Version: uint64(i + 1), Queued: time.UnixMilli(1000).UTC()}
		e.Set = set
		events = append(events, &e)
	}
	write := func(events ...*chat.Event) {
		t.Helper()
		require.NoError(t, d.transact(t.Context(), func(tx pgx.Tx) error {
			w, batch := workOf(events), &pgx.Batch{}
			w.queueConversations(batch)
			w.queueFields(batch)
			return tx.SendBatch(t.Context(), batch).Close()
		}))
	}
	check := func() {
		t.Helper()
		c, err := d.Store().Conversation(t.Context(), k)
		require.NoError(t, err)
		require.Equal(t, labels[1:], c.Labels)
		require.Equal(t, 9, c.Priority)
		require.JSONEq(t, `{"a":2}`, string(c.Context))
		require.Equal(t, chat.Rating{Score: 2, Comment: "x"}, c.Rating)
		for i, want := range []int{0, 1, 1} {
			page, _, err := d.Store().Conversations(t.Context(), k.Tenant, chat.Filter{Label: labels[i], Limit: 5})
			require.NoError(t, err)
			require.Len(t, page, want, "label %d", i)
		}
	}
	write(events[:2]...)
	write(events[2:]...)
	check()
	for from := range events {
		for to := from + 1; to <= len(events); to++ {
			write(events[from:to]...)
			check()
		}
	}

	bad := *events[3]
	bad.Seq, bad.Set = 5, &chat.Fields{Context: json.RawMessage(`{"a":"\u0000"}`)}
	good := f.message(k, "fine")
	good.Seq, good.State = 6, *bad.Next
	dead, err := d.bisect(t.Context(), []*chat.Event{&bad, &good})
	require.NoError(t, err)
	require.Len(t, dead, 1)
	require.Equal(t, "fields", dead[0].what)
	w := workOf([]*chat.Event{&bad, &good})
	w.without(dead)
	require.Empty(t, w.fields)
	require.Len(t, w.messages, 2)
}
