package redis

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/uniqchat/uniqchat/chat"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, // the driver's dialer ends within a second
		goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}

// thread is a conversation under test.
type thread struct {
	key     chat.Key
	visitor chat.VisitorID
}

func newThread(t *testing.T, l *Log, tenant chat.TenantID) *thread {
	t.Helper()
	th := &thread{chat.Key{Tenant: tenant, Conversation: chat.NewID[chat.Conversation]()}, chat.NewID[chat.Visitor]()}
	r, err := l.Append(t.Context(), th.create()...)
	require.NoError(t, err)
	require.NoError(t, r[0].Err)
	return th
}

func (th *thread) create() []chat.Event {
	next := chat.State{Visitor: th.visitor, Status: chat.Queued, Version: 1, Queued: time.UnixMilli(1000).UTC()}
	made := th.message("made")
	made.Next, made.Role, made.Kind, made.Sender = &next, chat.RoleSystem, chat.KindSystem, chat.UserID{}
	made.ID = chat.DeriveMessageID(made.Conversation, made.Sender, made.CMID)
	first := th.message("first")
	first.Joined = true
	return []chat.Event{made, first}
}

func (th *thread) message(text string) chat.Event {
	e := chat.Event{Message: chat.Message{
		Tenant: th.key.Tenant, Conversation: th.key.Conversation, CMID: chat.NewID[chat.Event](), Sender: chat.UserID(th.visitor),
		Role: chat.RoleVisitor, Time: time.Now().UTC().Truncate(time.Millisecond), Body: fmt.Appendf(nil, `{"text":%q}`, text),
	}}
	e.ID = chat.DeriveMessageID(e.Conversation, e.Sender, e.CMID)
	return e
}

func (th *thread) all(t *testing.T, l *Log) []chat.Message {
	t.Helper()
	m, complete, err := l.Messages(t.Context(), th.key, chat.Page{Limit: 100_000})
	require.NoError(t, err)
	require.True(t, complete)
	return m
}

func send(t *testing.T, l *Log, e chat.Event) chat.Receipt {
	t.Helper()
	r, err := l.Append(t.Context(), e)
	require.NoError(t, err)
	require.NoError(t, r[0].Err)
	return r[0]
}

// collector is a follower's view.
type collector struct {
	mu     sync.Mutex
	events map[chat.Key][]chat.Event
	forks  int
}

func collect(t *testing.T, l *Log) *collector {
	c := &collector{events: map[chat.Key][]chat.Event{}}
	ctx, cancel := context.WithCancel(context.Background())
	ready, done := make(chan struct{}), make(chan struct{})
	first := true
	go func() {
		defer close(done)
		_ = l.Tail(ctx, func(events []chat.Event) {
			if first {
				first = false
				close(ready)
			}
			c.mu.Lock()
			defer c.mu.Unlock()
			for _, e := range events {
				if e.Fork != nil {
					c.forks++
					continue
				}
				k := chat.Key{Tenant: e.Tenant, Conversation: e.Conversation}
				c.events[k] = append(c.events[k], e)
			}
		})
	}()
	t.Cleanup(func() { cancel(); <-done })
	<-ready
	return c
}

func (c *collector) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, e := range c.events {
		n += len(e)
	}
	return n
}

func TestTwoNodes(t *testing.T) {
	r, db := startRedis(t), newMemory()
	a, b := startNode(t, r, db, nil), startNode(t, r, db, nil)
	ca, cb := collect(t, a.Log), collect(t, b.Log)
	tenant := chat.NewID[chat.Tenant]()
	const threads, each = 20, 50
	var all []*thread
	for range threads {
		all = append(all, newThread(t, a.Log, tenant))
	}
	var wg sync.WaitGroup
	for _, th := range all {
		for i, l := range []*Log{a.Log, b.Log} {
			wg.Go(func() {
				for n := range each {
					e := th.message(fmt.Sprint(i, n))
					first := send(t, l, e)
					again := send(t, l, e)
					if !again.Dup || again.Seq != first.Seq {
						t.Errorf("%+v then %+v", first, again)
					}
				}
			})
		}
	}
	wg.Wait()
	const want = threads * (2*each + 2)
	for _, c := range []*collector{ca, cb} {
		require.Eventually(t, func() bool { return c.count() >= want }, 10*time.Second, time.Millisecond)
		require.Equal(t, want, c.count())
	}
	for _, th := range all {
		m := th.all(t, b.Log)
		require.Len(t, m, 2*each+2)
		for i := range m {
			require.Equal(t, m[i].ID, ca.events[th.key][i].ID)
			require.Equal(t, m[i].ID, cb.events[th.key][i].ID)
			if i > 0 {
				require.Equal(t, m[i-1].Seq, m[i].Prev)
			}
		}
		require.NoError(t, a.Settle(t.Context(), th.key, m[len(m)-1].Seq))
		require.NoError(t, b.Settle(t.Context(), th.key, m[len(m)-1].Seq))
		require.Equal(t, m, db.messages[th.key])
	}
	require.Zero(t, ca.forks)
}
