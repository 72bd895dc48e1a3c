package redis

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/project"
)

// entryOf makes an entry as the script does.
func entryOf(t testing.TB, at project.Cursor, previous project.Tag, events []chat.Event) []byte {
	b := be.AppendUint64([]byte{formatEntry}, at.Epoch)
	b = be.AppendUint64(b, at.N)
	b = append(append(b, previous[:]...), at.Tag[:]...)
	b = be.AppendUint64(b, 1234)
	b = be.AppendUint64(b, 99)
	b = be.AppendUint32(b, uint32(len(events)))
	for i := range events {
		e := &events[i]
		one := be.AppendUint64(nil, uint64(e.Seq))
		one = be.AppendUint64(one, uint64(e.Prev))
		one = be.AppendUint64(one, uint64(e.PrevPublic))
		one = be.AppendUint64(one, e.State.Version)
		one = appendState(one, &e.State)
		one, err := appendEvent(one, e, nil)
		require.NoError(t, err)
		b = append(b, one...)
	}
	return b
}

func someEvents() []chat.Event {
	th := &thread{chat.Key{Tenant: chat.NewID[chat.Tenant](), Conversation: chat.NewID[chat.Conversation]()}, chat.NewID[chat.Visitor]()}
	events := append(th.create(), th.message("on"))
	events[0].Profile = &chat.Visitor{ID: th.visitor, Tenant: th.key.Tenant, Name: "Li", CreatedAt: time.Unix(1, 0).UTC(), Attributes: []byte(`{"a":1}`)}
	labels, priority := []chat.RecordID{chat.NewID[chat.Record]()}, 3
	set := th.message("x")
	set.Set = &chat.Fields{Labels: labels, Priority: &priority, Context: []byte(`{"a":1}`), Rating: &chat.Rating{Score: 2, Comment: "so so"}}
	set.Profile = events[0].Profile
	none := th.message("y")
	none.Set = &chat.Fields{Labels: []chat.RecordID{}}
	events = append(events, set, none)
	for i := range events {
		events[i].Joined = false
		events[i].Seq, events[i].Prev, events[i].PrevPublic = chat.Seq(i+1), chat.Seq(i), chat.Seq(i)
		events[i].State = *events[0].Next
		events[i].Origin = chat.Origin{Session: chat.NewID[chat.Origin](), Request: 7}
	}
	return events
}

func TestEntry(t *testing.T) {
	events := someEvents()
	plain := someEvents()[0]
	plain.Profile.Attributes = nil // nothing is known, which is not the same as null
	events = append(events, plain)
	at := project.Cursor{Epoch: 3, N: 4, Tag: project.Tag{5}}
	b, err := readEntry(9, entryOf(t, at, project.Tag{4}, events), nil)
	require.NoError(t, err)
	require.Equal(t, at, b.Cursor)
	require.Equal(t, project.Tag{4}, b.Previous)
	require.Empty(t, cmp.Diff(events, b.Events))
}

// Whatever stands in a stream or comes over the feed is read or refused, and never more memory is taken than it has.
func FuzzEntry(f *testing.F) {
	good := entryOf(f, project.Cursor{Epoch: 3, N: 4}, project.Tag{}, someEvents())
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Add(bytes.Repeat([]byte{1}, entryLen))
	f.Fuzz(func(t *testing.T, raw []byte) {
		b, err := readEntry(0, raw, nil)
		if err != nil {
			return
		}
		for i := range b.Events {
			if len(b.Events[i].Body) > len(raw) {
				t.Fatal("a body larger than the entry")
			}
		}
	})
}

func FuzzFeed(f *testing.F) {
	entry := entryOf(f, project.Cursor{Epoch: 3, N: 4}, project.Tag{}, someEvents())
	msg := append(make([]byte, nodeLen-1), 1, 0, 5)
	f.Add(append(be.AppendUint32(msg, uint32(len(entry))), entry...))
	f.Add(make([]byte, nodeLen+placeRec))
	client, err := Connect("redis://127.0.0.1:1")
	if err != nil {
		f.Fatal(err)
	}
	defer client.Close()
	l := New(Options{Client: client, Database: newMemory()})
	f.Fuzz(func(t *testing.T, raw []byte) {
		for i := range l.parts { // as if everything had been read
			l.parts[i].filled = true
		}
		l.hear(t.Context(), raw)
	})
}
