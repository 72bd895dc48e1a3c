package redis

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/project"
	"github.com/uniqchat/uniqchat/testkit/services"
)

// memory is rows in memory and the projection into them: enough to see the log alone. The real one is tested with the real
// database in package storage.
type memory struct {
	mu       sync.Mutex
	down     bool
	held     bool // nothing is projected
	rows     map[chat.Key]*project.Row
	messages map[chat.Key][]chat.Message
	cursors  [project.Partitions]project.Cursor
	fences   [project.Partitions]int
	floors   [project.Partitions]uint64
	asked    int
}

var errDown = errors.New("the database is down")

func newMemory() *memory {
	return &memory{rows: map[chat.Key]*project.Row{}, messages: map[chat.Key][]chat.Message{}}
}

func (m *memory) begin() error {
	m.mu.Lock()
	m.asked++
	if m.down {
		m.mu.Unlock()
		return errDown
	}
	return nil
}

func (m *memory) setDown(down bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.down = down
}

func (m *memory) hold(held bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held = held
}

func (m *memory) Heads(_ context.Context, keys ...chat.Key) ([]chat.Head, error) {
	if err := m.begin(); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	out := make([]chat.Head, len(keys))
	for i, k := range keys {
		if r := m.rows[k]; r != nil {
			out[i] = r.Head
		}
	}
	return out, nil
}

func (m *memory) Find(_ context.Context, refs ...project.Ref) ([]chat.Message, error) {
	if err := m.begin(); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	out := make([]chat.Message, len(refs))
	for i, r := range refs {
		for _, x := range m.messages[r.Key] {
			if x.ID == r.Message {
				out[i] = x
			}
		}
	}
	return out, nil
}

func (m *memory) OpenConversations(_ context.Context, visitors ...chat.VisitorKey) ([]chat.ConversationID, error) {
	if err := m.begin(); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	out := make([]chat.ConversationID, len(visitors))
	for i, v := range visitors {
		for k, r := range m.rows {
			if k.Tenant == v.Tenant && r.Visitor == v.Visitor && r.Status != chat.Closed {
				out[i] = k.Conversation
			}
		}
	}
	return out, nil
}

func (m *memory) Messages(_ context.Context, key chat.Key, p chat.Page) ([]chat.Message, bool, error) {
	if err := m.begin(); err != nil {
		return nil, false, err
	}
	defer m.mu.Unlock()
	var all []chat.Message
	for _, x := range m.messages[key] {
		if x.Seq > p.After && (p.Before == 0 || x.Seq < p.Before) && (p.Audience == chat.AudienceAll || x.Visibility == chat.Public) {
			all = append(all, x)
		}
	}
	return cut(all, max(p.Limit, 1), p.Newest || p.Before > 0)
}

func (m *memory) Cursors(context.Context) ([project.Partitions]project.Cursor, error) {
	if err := m.begin(); err != nil {
		return [project.Partitions]project.Cursor{}, err
	}
	defer m.mu.Unlock()
	return m.cursors, nil
}

func (m *memory) Fork(_ context.Context, p int, atLeast uint64) (uint64, error) {
	if err := m.begin(); err != nil {
		return 0, err
	}
	defer m.mu.Unlock()
	e := max(atLeast, m.cursors[p].Epoch+1)
	m.cursors[p] = project.Cursor{Epoch: e}
	m.floors[p] = e
	m.fences[p]++
	return e, nil
}

// project is the one ordered consumer.
func (m *memory) project(ctx context.Context, l *Log) {
	for ctx.Err() == nil {
		moved := false
		for p := range project.Partitions {
			m.mu.Lock()
			after, fence, floor, down := m.cursors[p], m.fences[p], m.floors[p], m.down || m.held
			m.mu.Unlock()
			if down {
				continue
			}
			if after.N == 0 {
				after = project.Cursor{}
			}
			batches, err := l.Batches(ctx, p, floor, after, 100)
			if errors.Is(err, project.ErrForked) {
				batches, err = l.Batches(ctx, p, floor, project.Cursor{}, 1<<20)
			}
			if err != nil || len(batches) == 0 {
				continue
			}
			last := batches[len(batches)-1].Cursor
			m.mu.Lock()
			ok := m.fences[p] == fence && !m.down && !m.held
			if ok {
				for _, b := range batches {
					m.apply(b.Events)
				}
				m.cursors[p] = last
			}
			m.mu.Unlock()
			if ok {
				_ = l.Committed(ctx, p, last)
				moved = true
			}
		}
		if !moved {
			select {
			case <-ctx.Done():
			case <-l.Pending():
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
}

func (m *memory) apply(events []chat.Event) {
	for i := range events {
		e := &events[i]
		k := chat.Key{Tenant: e.Tenant, Conversation: e.Conversation}
		if slices.ContainsFunc(m.messages[k], func(x chat.Message) bool { return x.ID == e.ID }) {
			continue
		}
		row := m.rows[k]
		if row == nil {
			row = new(project.Row)
			m.rows[k] = row
		}
		if e.Seq > row.Last {
			row.Apply(e)
			if e.Next == nil {
				row.State = e.State
			}
		}
		m.messages[k] = append(m.messages[k], e.Message)
		slices.SortFunc(m.messages[k], func(a, b chat.Message) int { return cmp.Compare(a.Seq, b.Seq) })
	}
}

// node is one node's log, running.
type node struct {
	*Log
	stop func()
}

func startNode(t *testing.T, r *services.Redis, db *memory, change func(*Options)) *node {
	t.Helper()
	client, err := Connect(r.URL())
	require.NoError(t, err)
	o := Options{Client: client, Database: db, Prefix: "t:"}
	if change != nil {
		change(&o)
	}
	require.NoError(t, Check(t.Context(), client, AckFsync))
	l := New(o)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	failed := make(chan error, 1)
	wg.Go(func() { failed <- l.Run(ctx) })
	wg.Go(func() {
		select {
		case <-l.Ready():
			db.project(ctx, l)
		case <-ctx.Done():
		}
	})
	select {
	case <-l.Ready():
	case err := <-failed:
		t.Fatal(err)
	}
	once := sync.OnceFunc(func() {
		cancel()
		wg.Wait()
		_ = client.Close()
	})
	t.Cleanup(once)
	return &node{l, once}
}

func startRedis(t *testing.T) *services.Redis {
	t.Helper()
	r, err := services.StartRedis(t.Context(), services.RedisOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = r.Close() })
	return r
}
