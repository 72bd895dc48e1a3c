package redis

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

// ear is a subscriber that remembers.
type ear struct {
	mu  sync.Mutex
	got []chat.Signal
}

func (e *ear) hear(s chat.Signal) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.got = append(e.got, s)
}

func (e *ear) texts() (out []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range e.got {
		if e.got[i].Kind == chat.SignalTyping { // heardAll's marks may come late
			out = append(out, e.got[i].Text)
		}
	}
	return out
}

// brokerNode is a broker that runs, with a subscriber, until the test ends.
func brokerNode(t *testing.T, url string) (*Broker, *ear) {
	t.Helper()
	client, err := Connect(url)
	require.NoError(t, err)
	b, e := NewBroker(client, "t:", slog.New(slog.DiscardHandler)), new(ear)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { require.NoError(t, b.Run(ctx)) })
	wg.Go(func() { require.ErrorIs(t, b.Subscribe(ctx, e.hear), context.Canceled) })
	t.Cleanup(func() {
		cancel()
		wg.Wait()
		_ = client.Close()
	})
	return b, e
}

// heardAll publishes marks until everybody hears them: from then on the subscriptions stand.
func heardAll(t *testing.T, from *Broker, ears ...*ear) {
	t.Helper()
	mark := chat.NewID[chat.Actor]()
	for i := range ears {
		require.Eventually(t, func() bool {
			require.NoError(t, from.Publish(t.Context(), chat.Signal{Kind: chat.SignalSettings, User: mark}))
			ears[i].mu.Lock()
			defer ears[i].mu.Unlock()
			for _, s := range ears[i].got {
				if s.User == mark {
					return true
				}
			}
			return false
		}, 15*time.Second, 5*time.Millisecond)
	}
	for _, e := range ears {
		e.mu.Lock()
		e.got = nil
		e.mu.Unlock()
	}
}

func TestBrokerCarriesSignals(t *testing.T) {
	r := startRedis(t)
	a, ea := brokerNode(t, r.URL())
	b, eb := brokerNode(t, r.URL())
	heardAll(t, a, ea, eb)
	heardAll(t, b, ea, eb)
	sent := full()
	require.NoError(t, a.Publish(t.Context(), sent))
	// Everyone hears it once, the sender too; and many come in their order.
	for i := range 2000 {
		require.NoError(t, a.Publish(t.Context(), chat.Signal{Kind: chat.SignalTyping, Text: fmt.Sprint(i)}))
	}
	for _, e := range []*ear{ea, eb} {
		require.Eventually(t, func() bool { n := e.texts(); return len(n) > 0 && n[len(n)-1] == "1999" }, 10*time.Second, time.Millisecond)
		var list []string
		e.mu.Lock()
		for i := range e.got {
			switch e.got[i].Kind {
			case chat.SignalTyping:
				list = append(list, e.got[i].Text)
			case chat.SignalReceipt:
				require.Empty(t, cmp.Diff(sent, e.got[i]))
				list = append(list, "full")
			}
		}
		e.mu.Unlock()
		require.Len(t, list, 2001)
		require.Equal(t, "full", list[0])
		for i := range 2000 {
			require.Equal(t, fmt.Sprint(i), list[i+1])
		}
	}
	require.Zero(t, a.Dropped())
}

// While Redis is away a node's own subscribers hear everything, nobody waits, and afterwards all goes on by itself.
func TestBrokerWithoutRedis(t *testing.T) {
	r := startRedis(t)
	a, ea := brokerNode(t, r.URL())
	b, eb := brokerNode(t, r.URL())
	heardAll(t, a, ea, eb)
	require.NoError(t, r.Kill())
	began := time.Now()
	for i := range 3 * brokerQueue {
		require.NoError(t, a.Publish(t.Context(), chat.Signal{Kind: chat.SignalTyping, Text: fmt.Sprint(i)}))
		if i%1000 == 0 { // the near queue is bounded as well: let it be emptied
			require.Eventually(t, func() bool { n := ea.texts(); return len(n) == i+1 }, 10*time.Second, time.Millisecond)
		}
	}
	require.Less(t, time.Since(began), 10*time.Second)
	require.Eventually(t, func() bool { return len(ea.texts()) == 3*brokerQueue }, 10*time.Second, time.Millisecond)
	require.NotZero(t, a.Dropped())
	require.NoError(t, r.Restart(t.Context()))
	heardAll(t, a, eb)
	heardAll(t, b, ea)
}

// What was published just before the end still travels.
func TestBrokerSaysGoodbye(t *testing.T) {
	r := startRedis(t)
	a, ea := brokerNode(t, r.URL())
	client, err := Connect(r.URL())
	require.NoError(t, err)
	defer func() { _ = client.Close() }()
	b := NewBroker(client, "t:", slog.New(slog.DiscardHandler))
	heardAll(t, a, ea)
	for i := range 5000 {
		require.NoError(t, b.Publish(t.Context(), chat.Signal{Kind: chat.SignalTyping, Text: fmt.Sprint(i)}))
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, b.Run(ended))
	require.Eventually(t, func() bool { return len(ea.texts()) == 5000 }, 10*time.Second, time.Millisecond)
}

func full() chat.Signal {
	return chat.Signal{
		Kind: chat.SignalReceipt, Tenant: chat.NewID[chat.Tenant](), Conversation: chat.NewID[chat.Conversation](), User: chat.NewID[chat.Actor](),
		Role: chat.RoleAgent, Origin: chat.NewID[chat.Origin](), State: 3, Delivered: 1 << 50, Read: 7, Text: "héllo", Data: []byte{0, 1, 2},
	}
}

func FuzzSignal(f *testing.F) {
	s := full()
	f.Add(appendSignal(nil, &s))
	f.Add(appendSignal(nil, &chat.Signal{Kind: chat.SignalTyping, Text: "x"}))
	f.Add(appendSignal(appendSignal(nil, &s), &chat.Signal{}))
	f.Add([]byte{4, 1, 31, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		s, rest, err := readSignal(b)
		if err != nil {
			return
		}
		if len(rest) >= len(b) {
			t.Fatal("nothing was read")
		}
		again, rest, err := readSignal(appendSignal(nil, &s))
		if diff := cmp.Diff(s, again); err != nil || len(rest) > 0 || diff != "" {
			t.Fatalf("%v %s", err, diff)
		}
	})
}
