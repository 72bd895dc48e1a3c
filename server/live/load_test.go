package live_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/engine"
	"github.com/uniqchat/uniqchat/server/live"
	"github.com/uniqchat/uniqchat/server/load"
)

// until returns what comes before the next packet of a kind.
func until[T any](p *peer) (before []any, it T) {
	p.t.Helper()
	for {
		_, packet := p.read()
		if v, ok := packet.(*T); ok {
			return before, *v
		}
		if c, ok := packet.(closed); ok {
			p.t.Fatalf("closed with %d", c.code)
		}
		if e, ok := packet.(*codec.Event); ok { // the decoder's own, which the next one overwrites
			kept := *e
			kept.Data = slices.Clone(e.Data)
			packet = &kept
		}
		before = append(before, packet)
	}
}

// TestLeavesOut: a pressed node tells less and less, and every message all the same.
func TestLeavesOut(t *testing.T) {
	m := load.New(load.Config{Lag: func() time.Duration { return 0 }}, load.Settings{Least: load.Board})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { _ = m.Run(ctx) }()
	level := func(l load.Level) {
		m.Set(load.Settings{Least: l})
		require.Eventually(t, func() bool { return m.Level() == l }, 10*time.Second, 10*time.Millisecond)
	}
	w := newWorld(t, func(c *live.Config) { c.Load = m })
	conv := chat.NewID[chat.Conversation]()
	vera, alice, bob := w.dial(engine.WebSocketText), w.dial(engine.WebSocketText), w.dial(engine.WebSocketText)
	vera.connect("vera")
	vera.send(conv, "hello")
	screen := func(p *peer, name string) {
		p.connect(name)
		_, told := until[codec.Event](p)
		require.Equal(t, "load.changed", told.Name)
		require.JSONEq(t, `{"left_out":"board"}`, string(told.Data))
		p.write(0, &codec.Watch{Topic: codec.WatchInbox})
		p.write(0, &codec.Join{Conv: codec.UUID(conv)})
		want[codec.Joined](p)
	}
	screen(alice, "alice")
	screen(bob, "bob")
	// types makes both do what is told to screens, and returns what alice was told until vera's second message after it.
	types := func(text string) (names []string) {
		bob.write(0, &codec.Leave{Conv: codec.UUID(conv)})
		bob.write(0, &codec.Join{Conv: codec.UUID(conv)})
		want[codec.Joined](bob)
		vera.write(0, &codec.Typing{Conv: codec.UUID(conv), State: codec.TypingTyping, Preview: text})
		vera.send(conv, text)
		vera.send(conv, text)
		for range 2 {
			before, message := until[codec.Message](alice)
			require.Contains(t, string(message.Body), text, "no message is left out")
			for _, b := range before {
				switch b := b.(type) {
				case *codec.Typing:
					names = append(names, "typing")
				case *codec.Event: // who has stopped to look is always told
					if b.Name != "conversation.looking" || strings.Contains(string(b.Data), `"looking":true`) {
						names = append(names, b.Name)
					}
				}
			}
		}
		return names
	}
	untold := func(text string, what ...string) {
		told := types(text)
		for _, name := range what {
			require.NotContains(t, told, name)
		}
	}
	untold("one", "typing", "conversation.looking")
	level(load.Typing)
	untold("two", "typing", "conversation.looking")
	level(load.Presence)
	untold("three", "conversation.looking")
	told := func(what string) {
		for began := time.Now(); !slices.Contains(types("more"), what); {
			require.Less(t, time.Since(began), 20*time.Second, what)
		}
	}
	told("typing")
	level(load.Normal)
	told("typing")
	told("conversation.looking")

	// A node that is pressed no longer says once of each conversation who looks at it; the other screens answer.
	id := w.people["bob"].User
	bob.write(0, &codec.Leave{Conv: codec.UUID(conv)})
	alice.looking(conv, id, false) // what was on its way has come
	bob.write(0, &codec.Join{Conv: codec.UUID(conv)})
	alice.looking(conv, id, true)
	w.handler.LoadChanged(load.Presence, load.Normal)
	alice.looking(conv, id, true)
	bob.write(0, &codec.Leave{Conv: codec.UUID(conv)})
	for {
		if e := want[codec.Event](alice); e.Name == "conversation.looking" {
			require.Contains(t, string(e.Data), `"looking":false`, "alice hears of bob, once")
			return
		}
	}
}

// TestDoor: visitors who come all at once come in one after the other, each when it was told; staff and who talks already do not wait.
func TestDoor(t *testing.T) {
	const rate, visitors = 5, 15
	w := newWorld(t, func(c *live.Config) {
		people := c.Auth.(tokens)
		for i := range visitors {
			people[fmt.Sprint(i)] = chat.Actor{Tenant: people["vera"].Tenant, User: chat.NewID[chat.Actor](), Role: chat.RoleVisitor}
		}
		c.Door = load.NewDoor(rate, nil, nil)
	})
	conv := chat.NewID[chat.Conversation]()
	vera := w.dial(engine.WebSocketText)
	vera.connect("vera")
	vera.send(conv, "hello")
	require.NoError(t, vera.c.Close())
	kinds := []engine.Kind{engine.WebSocketText, engine.WebSocketBinary, engine.RawTCP}
	began := time.Now()
	turns := map[int]time.Time{}
	for i := range visitors {
		p := w.dial(kinds[i%len(kinds)])
		p.write(0, &codec.Connect{MinVersion: 1, MaxVersion: 1, Token: fmt.Sprint(i)})
		_, first := p.read()
		switch first := first.(type) {
		case *codec.Connack:
		case *codec.Disconnect:
			require.Equal(t, codec.CloseTooMany, first.Code)
			require.True(t, first.Reconnect)
			require.NotZero(t, first.RetryAfter)
			turns[i] = time.Now().Add(time.Duration(first.RetryAfter) * time.Millisecond)
			require.IsType(t, closed{}, func() any { _, x := p.read(); return x }())
		default:
			t.Fatalf("%T", first)
		}
	}
	rushed := time.Since(began)
	require.GreaterOrEqual(t, len(turns), visitors-rate-2-int(rushed.Seconds()*rate), "that many can't have come in")
	w.dial(engine.WebSocketText).connect("alice")
	talks := w.dial(engine.WebSocketText)
	talks.connect("vera", codec.Position{Conv: codec.UUID(conv), Seq: 1}) // it has a conversation
	w.dial(engine.WebSocketText).connect("vera")
	liar := w.dial(engine.WebSocketText)
	liar.write(0, &codec.Connect{MinVersion: 1, MaxVersion: 1, Token: "vito", Resume: []codec.Position{{Conv: codec.UUID(conv), Seq: 1}}})
	_, refused := liar.read()
	require.IsType(t, &codec.Disconnect{}, refused, "somebody else's conversation lets nobody in")
	for i, turn := range turns {
		time.Sleep(time.Until(turn) + 2*time.Millisecond)
		w.dial(kinds[i%len(kinds)]).connect(fmt.Sprint(i))
	}
}
