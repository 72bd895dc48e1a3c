package postgres

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/project"
	"github.com/uniqchat/uniqchat/storage/sqlstore"
)

// feed is a log in memory: what the projector reads in these tests. Safe for concurrent use.
type feed struct {
	pending chan struct{}
	tenants []chat.TenantID
	keys    []chat.Key

	mu        sync.Mutex
	parts     [project.Partitions][]project.Batch
	rows      map[chat.Key]*project.Row
	messages  map[chat.Key][]chat.Message
	committed [project.Partitions]project.Cursor
	epoch     uint64
	total     int
}

// newFeed returns a log of n conversations, of two tenants, that were not created yet.
func newFeed(n int) *feed {
	f := &feed{
		pending: make(chan struct{}, 1), rows: map[chat.Key]*project.Row{}, messages: map[chat.Key][]chat.Message{}, epoch: 1,
		tenants: []chat.TenantID{chat.NewID[chat.Tenant](), chat.NewID[chat.Tenant]()},
	}
	for i := range n {
		f.keys = append(f.keys, chat.Key{Tenant: f.tenants[i%2], Conversation: chat.NewID[chat.Conversation]()})
	}
	return f
}

func partitionOf(k chat.Key) int { return int(k.Conversation[15]) % project.Partitions }

// message is the next message of a conversation, or what creates it.
func (f *feed) message(k chat.Key, text string) chat.Event {
	visitor := chat.VisitorID(chat.DeriveMessageID(k.Conversation, chat.UserID{}, chat.CMID{}))
	e := chat.Event{Message: chat.Message{
		Tenant: k.Tenant, Conversation: k.Conversation, CMID: chat.NewID[chat.Event](), Sender: chat.UserID(visitor), Role: chat.RoleVisitor,
		Time: time.Now().UTC().Truncate(time.Millisecond), Body: fmt.Appendf(nil, `{"text":%q}`, text),
	}}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.rows[k] == nil {
		e.Next = &chat.State{Visitor: visitor, Version: 1, Queued: e.Time}
		e.Kind, e.Role = chat.KindSystem, chat.RoleSystem
		e.Profile = &chat.Visitor{ID: visitor, Tenant: k.Tenant, Name: "Li", CreatedAt: e.Time}
	}
	e.ID = chat.DeriveMessageID(e.Conversation, e.Sender, e.CMID)
	return e
}

// change is a change of a conversation's state.
func (f *feed) change(k chat.Key, status chat.Status) chat.Event {
	e := f.message(k, "changed")
	f.mu.Lock()
	defer f.mu.Unlock()
	next := f.rows[k].State
	next.Status, next.Version, next.Queued = status, next.Version+1, time.Time{}
	if status == chat.Queued {
		next.Queued = e.Time
	}
	e.Next, e.Kind, e.Role = &next, chat.KindSystem, chat.RoleSystem
	return e
}

// append adds events, each partition's as one batch.
func (f *feed) append(events ...chat.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	batches := map[int][]chat.Event{}
	for _, e := range events {
		k := chat.Key{Tenant: e.Tenant, Conversation: e.Conversation}
		row := f.rows[k]
		if row == nil {
			row = new(project.Row)
			f.rows[k] = row
		}
		e.Seq, e.Prev, e.PrevPublic = max(row.Last+1, chat.Seq(f.epoch<<23)), row.Last, row.LastPublic
		row.Apply(&e)
		e.State = row.State
		f.messages[k] = append(f.messages[k], e.Message)
		batches[partitionOf(k)] = append(batches[partitionOf(k)], e)
		f.total++
	}
	for n, events := range batches {
		f.add(n, events)
	}
	put(f.pending)
}

// add adds a batch as it is. mu must be held.
func (f *feed) add(n int, events []chat.Event) {
	b := project.Batch{Partition: n, Events: events, At: time.Now().UnixMilli(), Cursor: project.Cursor{Epoch: f.epoch, N: 1}}
	if last := len(f.parts[n]) - 1; last >= 0 && f.parts[n][last].Epoch == f.epoch {
		b.N, b.Previous = f.parts[n][last].N+1, f.parts[n][last].Tag
	}
	for i := range b.Tag {
		b.Tag[i] = byte(rand.Uint())
	}
	f.parts[n] = append(f.parts[n], b)
}

// Batches implements project.Source. A new epoch follows on whatever was before it.
func (f *feed) Batches(_ context.Context, n int, _ uint64, after project.Cursor, limit int) (out []project.Batch, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	from := 0
	if after != (project.Cursor{}) {
		from = slices.IndexFunc(f.parts[n], func(b project.Batch) bool { return b.Cursor == after }) + 1
		if from == 0 {
			return nil, project.ErrForked
		}
	}
	for _, b := range f.parts[n][from:] {
		if limit -= len(b.Events); limit < 0 && len(out) > 0 {
			break
		}
		out = append(out, b)
	}
	return out, nil
}

// Pending implements project.Source.
func (f *feed) Pending() <-chan struct{} { return f.pending }

// Committed implements project.Source.
func (f *feed) Committed(_ context.Context, n int, upto project.Cursor) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.committed[n] = upto
	return nil
}

// projected reports whether everything was committed, as far as the projector says.
func (f *feed) projected() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for n, batches := range f.parts {
		if len(batches) > 0 && f.committed[n] != batches[len(batches)-1].Cursor {
			return false
		}
	}
	return true
}

// running runs a projector until stop.
func running(t testing.TB, d *DB, source project.Source, node string) (p *Projector, stop func()) {
	p = NewProjector(d, source, ProjectorOptions{Node: node})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return p, stop
}

// check compares the rows with the log: every message once and in its place, every conversation as its events make it.
func (f *feed) check(t testing.TB, d *DB) {
	t.Helper()
	require.Eventually(t, f.projected, 60*time.Second, 5*time.Millisecond, "everything is committed")
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	require.Eventually(t, func() bool { // a database that was away a moment ago is asked again only after a while
		return d.query(t.Context(), func(row pgxRow) error { return row.Scan(&n) }, `SELECT count(*) FROM messages`) == nil
	}, 30*time.Second, 50*time.Millisecond)
	require.Equal(t, f.total, n)
	var keys []chat.Key
	for k := range f.rows {
		keys = append(keys, k)
	}
	heads, err := d.Heads(t.Context(), keys...)
	require.NoError(t, err)
	for i, k := range keys {
		got, complete, err := d.Messages(t.Context(), k, chat.Page{Limit: 1 << 20})
		require.NoError(t, err)
		require.True(t, complete)
		require.Empty(t, cmp.Diff(f.messages[k], got))
		want := f.rows[k]
		require.Empty(t, cmp.Diff(want.Head, heads[i]))
		c, err := d.Store().Conversation(t.Context(), k)
		require.NoError(t, err)
		require.Equal(t, [4]any{want.Created, want.Closed, want.LastAgent, "Li"}, [4]any{c.CreatedAt, c.ClosedAt, c.LastAgent, c.VisitorName})
		last := chat.Seq(0)
		if c.LastMessage != nil {
			last = c.LastMessage.Seq
		}
		require.Equal(t, want.LastMessage, last)
	}
	updated := map[chat.Key]int64{}
	require.NoError(t, d.query(t.Context(), func(row pgxRow) error {
		var k chat.Key
		var at int64
		err := row.Scan(&k.Tenant, &k.Conversation, &at)
		updated[k] = at
		return err
	}, `SELECT tenant, id, updated_at FROM conversations`))
	require.Len(t, updated, len(f.rows))
	for k, at := range updated {
		require.Equal(t, sqlstore.Micros(f.rows[k].Updated), at)
	}
}

// project1000 projects 1,000 messages of 40 conversations.
func project1000(t testing.TB, d *DB) *feed {
	t.Helper()
	f := newFeed(40)
	_, stop := running(t, d, f, "first")
	for i := range 1000 {
		f.append(f.message(f.keys[i%len(f.keys)], fmt.Sprint(i)))
	}
	f.check(t, d)
	stop()
	return f
}
