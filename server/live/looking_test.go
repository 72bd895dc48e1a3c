package live_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/engine"
)

// looking waits until a screen is told that somebody looks at a conversation, or has stopped.
func (p *peer) looking(conv chat.ConversationID, who chat.UserID, is bool) {
	p.t.Helper()
	for {
		e := want[codec.Event](p)
		if e.Name != "conversation.looking" {
			continue
		}
		var data struct {
			Agent   chat.UserID `json:"agent_id"`
			Looking bool        `json:"looking"`
		}
		require.NoError(p.t, json.Unmarshal(e.Data, &data))
		require.Equal(p.t, codec.UUID(conv), e.Conv)
		require.Equal(p.t, who, data.Agent, "nobody else looks, and nobody hears of itself")
		if data.Looking == is {
			return
		}
	}
}

// TestLooking: screens that show one conversation know of one another, wherever they are connected; programs are left out.
func TestLooking(t *testing.T) {
	a := newWorld(t, nil)
	b := a.another()
	conv := chat.NewID[chat.Conversation]()
	vera := a.dial(engine.WebSocketText)
	vera.connect("vera")
	vera.send(conv, "hello")
	screen := func(w *world, name string) *peer {
		p := w.dial(engine.WebSocketText)
		p.connect(name)
		p.write(0, &codec.Watch{Topic: codec.WatchInbox})
		return p
	}
	shows := func(p *peer) {
		p.write(0, &codec.Join{Conv: codec.UUID(conv)})
	}
	alice, bob := a.people["alice"].User, a.people["bob"].User
	hers := screen(a, "alice")
	shows(hers)
	program := a.dial(engine.WebSocketText)
	program.connect("bob")
	shows(program)
	his := screen(b, "bob")
	shows(his)
	hers.looking(conv, bob, true)
	his.looking(conv, alice, true)
	second := screen(a, "alice")
	shows(second)
	second.looking(conv, bob, true)
	his.looking(conv, alice, true)
	second.write(0, &codec.Leave{Conv: codec.UUID(conv)})
	his.looking(conv, alice, false)
	his.looking(conv, alice, true) // the other screen is still there
	require.NoError(t, hers.c.Close())
	his.looking(conv, alice, false)
	program.write(0, &codec.Ping{})
	for {
		_, packet := program.read()
		if _, last := packet.(*codec.Pong); last {
			break
		}
		if e, ok := packet.(*codec.Event); ok {
			require.NotEqual(t, "conversation.looking", e.Name)
		}
	}
}

// TestVisitorHere: whoever opens a conversation is told that its visitor is connected, to whichever node.
func TestVisitorHere(t *testing.T) {
	a := newWorld(t, nil)
	b := a.another()
	conv, quiet := chat.NewID[chat.Conversation](), chat.NewID[chat.Conversation]()
	vera, vito := a.dial(engine.WebSocketText), a.dial(engine.WebSocketText)
	vera.connect("vera")
	vera.send(conv, "hello")
	vito.connect("vito")
	vito.send(quiet, "hello")
	require.NoError(t, vito.c.Close())
	his := b.dial(engine.WebSocketText)
	his.connect("bob")
	his.write(0, &codec.Watch{Topic: codec.WatchInbox})
	his.write(0, &codec.Join{Conv: codec.UUID(quiet)})
	his.write(0, &codec.Join{Conv: codec.UUID(conv)})
	for {
		e := want[codec.Event](his)
		if e.Name != "visitor.online" {
			continue
		}
		require.Equal(t, codec.UUID(conv), e.Conv, "the other one has gone")
		require.JSONEq(t, `{"visitor_id":"`+a.people["vera"].User.String()+`","online":true}`, string(e.Data))
		break
	}
}

// TestVisitorGone: that a visitor has gone is told however its conversation began, and whichever of its connections was the last.
func TestVisitorGone(t *testing.T) {
	a := newWorld(t, nil)
	conv := chat.NewID[chat.Conversation]()
	first, second := a.dial(engine.WebSocketText), a.dial(engine.WebSocketText)
	first.connect("vera")
	second.connect("vera")
	first.send(conv, "hello")
	his := a.dial(engine.WebSocketText)
	his.connect("bob")
	his.write(0, &codec.Watch{Topic: codec.WatchInbox})
	his.write(0, &codec.Join{Conv: codec.UUID(conv)})
	online := func(is bool) {
		for {
			if e := want[codec.Event](his); e.Name == "visitor.online" {
				require.Equal(t, codec.UUID(conv), e.Conv)
				require.JSONEq(t, fmt.Sprintf(`{"visitor_id":%q,"online":%t}`, a.people["vera"].User, is), string(e.Data))
				return
			}
		}
	}
	online(true)
	require.NoError(t, first.c.Close())
	require.Eventually(t, func() bool {
		var b bytes.Buffer
		a.metrics.WritePrometheus(&b)
		return strings.Contains(b.String(), "uniqchat_engine_connections 2\n")
	}, 5*time.Second, time.Millisecond)
	second.write(0, &codec.Ping{})
	for { // nobody tells a visitor when its conversation is opened
		_, packet := second.read()
		if _, last := packet.(*codec.Pong); last {
			break
		}
		if e, ok := packet.(*codec.Event); ok {
			require.NotEqual(t, "visitor.online", e.Name)
		}
	}
	require.NoError(t, second.c.Close())
	online(false)
}
