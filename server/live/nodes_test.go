package live_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/engine"
	"github.com/uniqchat/uniqchat/server/live"
)

// behind is a Log whose rows may lag, and whose history may fork, as the test says.
type behind struct {
	chat.Log
	mu   sync.Mutex
	late map[chat.ConversationID]bool
	fn   func([]chat.Event)
}

func (b *behind) Projected(k chat.Key, seq chat.Seq) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.late[k.Conversation] && b.Log.Projected(k, seq)
}

func (b *behind) lag(conv chat.ConversationID, is bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.late == nil {
		b.late = make(map[chat.ConversationID]bool)
	}
	b.late[conv] = is
}

func (b *behind) Tail(ctx context.Context, fn func([]chat.Event)) error {
	one := func(events []chat.Event) {
		b.mu.Lock()
		defer b.mu.Unlock()
		fn(events)
	}
	b.mu.Lock()
	b.fn = fn
	b.mu.Unlock()
	return b.Log.Tail(ctx, one)
}

// fork says that the newest part of a conversation was lost.
func (b *behind) fork(conv chat.ConversationID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fn([]chat.Event{{Fork: &chat.Fork{Concerns: func(k chat.Key) bool { return k.Conversation == conv }}}})
}

func newBehind(t *testing.T) (*world, *behind) {
	b := new(behind)
	w := newWorld(t, func(c *live.Config) {
		b.Log = c.Log
		c.Log = b
	})
	return w, b
}

func (p *peer) pong() (before []any) {
	p.t.Helper()
	p.write(0, &codec.Ping{Time: 42})
	for {
		_, packet := p.read()
		switch v := packet.(type) {
		case *codec.Pong:
			return before
		case *codec.Durable: // the decoder uses it again
			before = append(before, codec.Durable{Items: append([]codec.Position(nil), v.Items...)})
		}
	}
}

func TestDurableFollowsTheRows(t *testing.T) {
	w, log := newBehind(t)
	vera, vito, alice := w.dial(engine.WebSocketText), w.dial(engine.WebSocketText), w.dial(engine.WebSocketBinary)
	vera.connect("vera")
	vito.connect("vito")
	alice.connect("alice")
	late, fast := chat.NewID[chat.Conversation](), chat.NewID[chat.Conversation]()
	vera.send(late, "1")
	vito.send(fast, "1")
	log.lag(late, true)
	slow := alice.send(late, "2")
	quick := alice.send(fast, "2")
	require.Equal(t, []codec.Position{{Conv: codec.UUID(fast), Seq: quick.Seq}}, want[codec.Durable](alice).Items)

	// After a RESUME no more is claimed either.
	again := w.dial(engine.WebSocketBinary)
	again.connect("alice", codec.Position{Conv: codec.UUID(late), Seq: slow.Seq}, codec.Position{Conv: codec.UUID(fast), Seq: quick.Seq})
	got := again.pong()
	require.Len(t, got, 1)
	require.Equal(t, codec.Durable{Items: []codec.Position{{Conv: codec.UUID(fast), Seq: quick.Seq}}}, got[0])
	log.lag(late, false)
	for _, p := range []*peer{alice, again} {
		require.Equal(t, []codec.Position{{Conv: codec.UUID(late), Seq: slow.Seq}}, want[codec.Durable](p).Items)
	}
}

func TestForkIsToldFirst(t *testing.T) {
	w, log := newBehind(t)
	vera, vito := w.dial(engine.WebSocketText), w.dial(engine.WebSocketText)
	alice, bob := w.dial(engine.WebSocketBinary), w.dial(engine.RawTCP)
	vera.connect("vera")
	vito.connect("vito")
	alice.connect("alice")
	bob.connect("bob")
	lost, kept := chat.NewID[chat.Conversation](), chat.NewID[chat.Conversation]()
	vera.send(lost, "1")
	vito.send(kept, "1")
	bob.write(0, &codec.Join{Conv: codec.UUID(lost)})
	want[codec.Joined](bob)
	log.lag(lost, true)
	log.lag(kept, true)
	alice.send(lost, "2") // becomes the assignee without having joined
	ack := alice.send(kept, "2")
	log.fork(lost)
	for _, p := range []*peer{vera, alice, bob} {
		require.Equal(t, []codec.Position{{Conv: codec.UUID(lost)}}, want[codec.Gap](p).Items)
	}
	// What was owed for the lost part is never told.
	log.lag(lost, false)
	log.lag(kept, false)
	require.Equal(t, []codec.Position{{Conv: codec.UUID(kept), Seq: ack.Seq}}, want[codec.Durable](alice).Items)
	for {
		_, packet := vito.read() // who has nothing to do with it hears nothing of it
		if _, ok := packet.(*codec.Gap); ok {
			t.Fatal("a GAP for somebody whose history is whole")
		}
		if _, ok := packet.(*codec.Durable); ok {
			break
		}
	}
	// And chat goes on.
	next := vera.send(lost, "3")
	for want[codec.Message](bob).Seq != next.Seq {
		continue
	}
	require.Equal(t, next.Seq, want[codec.Durable](vera).Items[0].Seq)
}

// another is a second node on the same storage.
func (w *world) another() *world {
	t := w.t
	n := *w
	ctx, cancel := context.WithCancel(context.Background())
	n.desk = chat.NewDesk(chat.DeskConfig{Log: w.store.Log, Store: w.store.Store, Broker: w.store.Broker})
	h := live.New(live.Config{Desk: n.desk, Log: w.store.Log, Broker: w.store.Broker, Auth: w.people, Shards: 4, Logger: slog.New(slog.DiscardHandler)})
	var err error
	n.engine, err = engine.New(engine.Config{
		WSListen: "127.0.0.1:0", TCPListen: "127.0.0.1:0", Shards: 4, Loops: 1, Path: "/ws",
		Protocols: map[string]engine.Kind{"uniqchat.v1.json": engine.WebSocketText, "uniqchat.v1.bin": engine.WebSocketBinary},
	}, h)
	require.NoError(t, err)
	h.Attach(n.engine.Hub())
	var wg sync.WaitGroup
	for _, run := range []func(context.Context) error{n.desk.Run, h.Run} {
		wg.Go(func() { require.NoError(t, run(ctx)) })
	}
	<-h.Ready()
	wg.Go(func() { require.NoError(t, n.engine.Run(ctx)) })
	<-n.engine.Started()
	t.Cleanup(func() {
		cancel()
		wg.Wait()
	})
	require.Eventually(t, func() bool { return w.desk.Presence.Peers() == 1 && n.desk.Presence.Peers() == 1 }, 15*time.Second, time.Millisecond)
	return &n
}

func TestTwoNodes(t *testing.T) {
	a := newWorld(t, nil)
	b := a.another()
	device := codec.UUID(chat.NewID[chat.Actor]())
	dial := func(w *world, name string, device codec.UUID) *peer {
		p := w.dial(engine.WebSocketText)
		p.write(0, &codec.Connect{MinVersion: 1, MaxVersion: 1, Token: name, Device: device})
		want[codec.Connack](p)
		return p
	}
	old, tab := dial(a, "vera", device), dial(a, "vera", codec.UUID(chat.NewID[chat.Actor]()))
	nameless := dial(a, "vera", codec.UUID{})
	vito := dial(a, "vito", device)
	newer := dial(b, "vera", device)
	require.Equal(t, codec.CloseReplaced, want[codec.Disconnect](old).Code)
	for _, p := range []*peer{tab, nameless, vito, newer} {
		p.pong()
	}
	// An agent of the one node and a visitor of the other are in one conversation.
	conv := chat.NewID[chat.Conversation]()
	newer.send(conv, "hello")
	alice := dial(a, "alice", codec.UUID{})
	alice.write(0, &codec.Status{State: codec.Online})
	for want[codec.Message](alice).Kind != codec.KindSystem {
		continue // routed to her
	}
	m := alice.send(conv, "how can I help?")
	for want[codec.Message](newer).Seq != m.Seq {
		continue
	}
	require.Eventually(t, func() bool {
		alice := chat.AgentID(a.people["alice"].User)
		return b.desk.Presence.Agent(a.tenant, alice) == chat.Online
	}, 10*time.Second, time.Millisecond)
}
