package live_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gobwas/ws/wsutil"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/engine"
	"github.com/uniqchat/uniqchat/server/live"
)

// TestTransferEndsTheAudience: an agent who JOINed hears that the conversation went to a team of others, and nothing
// after that: no note, no message, no preview of what the visitor types.
func TestTransferEndsTheAudience(t *testing.T) {
	w := newWorld(t, nil)
	ctx := context.Background()
	team := chat.Team{ID: chat.NewID[chat.Team](), Tenant: w.tenant, Name: "billing"}
	require.NoError(t, w.store.Store.SaveTeam(ctx, team))
	owner := w.people["alice"]
	owner.AgentRole = chat.Owner
	w.is("alice", owner)
	vera, alice, bob := w.dial(engine.WebSocketText), w.dial(engine.WebSocketText), w.dial(engine.WebSocketBinary)
	vera.connect("vera")
	alice.connect("alice")
	bob.connect("bob")
	conv := chat.NewID[chat.Conversation]()
	vera.send(conv, "hello")
	bob.write(0, &codec.Join{Conv: codec.UUID(conv)})
	want[codec.Joined](bob)
	require.NoError(t, w.desk.Transfer(ctx, &owner, conv, chat.AgentID{}, team.ID, ""))
	for !strings.Contains(string(want[codec.Message](bob).Body), chat.EventTransferred) {
		continue // what was said before
	}
	vera.write(0, &codec.Typing{Conv: codec.UUID(conv), State: codec.TypingTyping, Preview: "my card number is"})
	alice.write(0, &codec.Send{Conv: codec.UUID(conv), CMID: codec.UUID(chat.NewID[chat.Event]()), Visibility: codec.VisibilityInternal, Body: text("secret")})
	want[codec.Sendack](alice)
	vera.send(conv, "for billing")
	bob.write(0, &codec.Ping{Time: 77})
	for {
		switch _, packet := bob.read(); p := packet.(type) {
		case *codec.Message, *codec.Typing:
			t.Fatalf("bob can't read the conversation any more and got %+v", p)
		case *codec.Pong:
			return
		}
	}
}

// TestEverySendIsAcknowledged: a program that has not JOINed gets its SENDACK like everybody else.
func TestEverySendIsAcknowledged(t *testing.T) {
	w := newWorld(t, nil)
	w.is("shop", chat.Actor{Tenant: w.tenant, User: chat.NewID[chat.Actor](), Role: chat.RoleAPI, Name: "shop", Scopes: chat.AllScopes})
	vera, shop := w.dial(engine.WebSocketText), w.dial(engine.RawTCP)
	vera.connect("vera")
	shop.connect("shop")
	conv := chat.NewID[chat.Conversation]()
	vera.send(conv, "hello")
	rid := shop.write(0, &codec.Send{Conv: codec.UUID(conv), CMID: codec.UUID(chat.NewID[chat.Event]()), Body: text("your order left")})
	m := want[codec.Message](vera)
	vera.send(conv, "thanks") // acknowledged after everything about the message before it
	shop.write(0, &codec.Ping{})
	for {
		h, packet := shop.read()
		if a, ok := packet.(*codec.Sendack); ok {
			require.Equal(t, rid, h.RID)
			require.Equal(t, m.Seq, a.Seq)
			return
		}
		if _, ok := packet.(*codec.Pong); ok {
			t.Fatal("no SENDACK came")
		}
	}
}

// TestMalformedFlood: packets that can't be decoded count like others.
func TestMalformedFlood(t *testing.T) {
	w := newWorld(t, func(c *live.Config) {
		c.Limits = live.DefaultLimits()
		c.Limits.Visitor.OutLimit = 64 << 20
	})
	vera := w.dial(engine.WebSocketText)
	vera.connect("vera")
	require.NoError(t, wsutil.WriteClientText(vera.c, []byte("["+strings.Repeat(`{"type":"x"},`, 4100)+`{"type":"x"}]`)))
	vera.write(0, &codec.Ping{Time: 5})
	for {
		switch _, packet := vera.read(); p := packet.(type) {
		case *codec.Pong:
			t.Fatal("4100 malformed packets were answered one by one")
		case *codec.Disconnect:
			require.Equal(t, codec.CloseTooMany, p.Code)
			return
		}
	}
}

// counting is an Authenticator that counts.
type counting struct {
	live.Authenticator
	n atomic.Int32
}

func (c *counting) Authenticate(ctx context.Context, token, origin string) (live.Credential, error) {
	c.n.Add(1)
	return c.Authenticator.Authenticate(ctx, token, origin)
}

// TestOneGuessPerConnection: a connection whose CONNECT was refused gets no second look, in the same message neither.
func TestOneGuessPerConnection(t *testing.T) {
	auth := new(counting)
	w := newWorld(t, func(c *live.Config) {
		auth.Authenticator = c.Auth
		c.Auth = auth
	})
	p := w.dial(engine.RawTCP)
	var flood []byte
	for range 50 {
		flood = codec.AppendBinary(flood, codec.Header{RID: 1}, &codec.Connect{MinVersion: 1, MaxVersion: 1, Token: "guess"})
	}
	_, err := p.c.Write(codec.AppendBinary(flood, codec.Header{RID: 1}, &codec.Connect{MinVersion: 1, MaxVersion: 1, Token: "vera"}))
	require.NoError(t, err)
	require.Equal(t, codec.CloseBadToken, want[codec.Disconnect](p).Code)
	for {
		if _, packet := p.read(); packet == (closed{}) {
			break
		}
	}
	require.EqualValues(t, 1, auth.n.Load())
}

// TestCompressedNeedsTheGrant: who was not granted compression may not use it, before CONNACK nobody.
func TestCompressedNeedsTheGrant(t *testing.T) {
	w := newWorld(t, nil)
	var text strings.Builder // some that compresses, but not more than ten times
	for i := range 1000 {
		fmt.Fprint(&text, i*7919, " ")
	}
	long := text.String()
	for _, caps := range []uint32{0, codec.CapCompress} {
		p := w.dial(engine.RawTCP)
		p.write(0, &codec.Connect{MinVersion: 1, MaxVersion: 1, Token: "vera", Caps: caps})
		require.Equal(t, caps, want[codec.Connack](p).Caps)
		_, err := p.c.Write(codec.AppendCompressed(nil, codec.Header{RID: 9}, &codec.Typing{Conv: codec.UUID(chat.NewID[chat.Conversation]()), Preview: long}))
		require.NoError(t, err)
		if caps == 0 {
			require.Equal(t, codec.CloseBadFrame, want[codec.Disconnect](p).Code)
		} else {
			require.EqualValues(t, chat.NotFound, want[codec.Error](p).Code)
		}
	}
	p := w.dial(engine.RawTCP)
	_, err := p.c.Write(codec.AppendCompressed(nil, codec.Header{RID: 1}, &codec.Connect{MinVersion: 1, MaxVersion: 1, Token: "vera", Page: long}))
	require.NoError(t, err)
	require.Equal(t, codec.CloseBadFrame, want[codec.Disconnect](p).Code)
}
