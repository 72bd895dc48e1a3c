package live_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/engine"
	"github.com/uniqchat/uniqchat/server/live"
)

// gated is an Authenticator that answers for one token only when it is let to.
type gated struct {
	live.Authenticator
	token   string
	entered chan struct{}
	open    chan struct{}
	served  chan string // every token that was asked for
}

func (g *gated) Authenticate(ctx context.Context, token, origin string) (live.Credential, error) {
	g.served <- token
	if token == g.token {
		g.entered <- struct{}{}
		<-g.open
	}
	return g.Authenticator.Authenticate(ctx, token, origin)
}

func newGated(t *testing.T, token string) (*world, *gated) {
	g := &gated{token: token, entered: make(chan struct{}, 1), open: make(chan struct{}), served: make(chan string, 100)}
	w := newWorld(t, func(c *live.Config) {
		g.Authenticator = c.Auth
		c.Auth = g
	})
	return w, g
}

// TestLateConnectIsTheOlder: a CONNECT that is served late does not replace the connection that its device has opened since,
// because it did not get an answer.
func TestLateConnectIsTheOlder(t *testing.T) {
	for _, kind := range []engine.Kind{engine.WebSocketText, engine.RawTCP} {
		w, g := newGated(t, "vera")
		w.is("vera again", w.people["vera"])
		device := codec.UUID(chat.NewID[chat.Origin]())
		hello := func(token string) *codec.Connect {
			return &codec.Connect{MinVersion: 1, MaxVersion: 1, Token: token, Device: device}
		}
		late := w.dial(kind)
		late.write(0, hello("vera"))
		<-g.entered
		newer := w.dial(kind) // of the next shard
		newer.write(0, hello("vera again"))
		want[codec.Connack](newer)
		close(g.open)
		require.Equal(t, codec.CloseReplaced, want[codec.Disconnect](late).Code)
		newer.write(0, &codec.Ping{Time: 7})
		require.EqualValues(t, 7, want[codec.Pong](newer).Time)
	}
}

// TestConnectOfNobody: a CONNECT whose connection has ended before its turn came is not served.
func TestConnectOfNobody(t *testing.T) {
	w, g := newGated(t, "vera")
	first := w.dial(engine.RawTCP)
	first.write(0, &codec.Connect{MinVersion: 1, MaxVersion: 1, Token: "vera"})
	<-g.entered
	for range w.engine.Shards() - 1 {
		w.dial(engine.RawTCP).connect("alice")
	}
	same := w.dial(engine.RawTCP) // of the shard that waits
	same.write(0, &codec.Connect{MinVersion: 1, MaxVersion: 1, Token: "vito"})
	connections := func(n int) {
		require.Eventually(t, func() bool { return w.engine.Stats().Connections == n }, 4*time.Second, time.Millisecond)
	}
	connections(w.engine.Shards() + 1)
	require.NoError(t, same.c.Close())
	connections(w.engine.Shards())
	close(g.open)
	want[codec.Connack](first)
	first.pong() // whatever else its shard had to do is done
	third := w.dial(engine.RawTCP)
	third.connect("bob")
	for len(g.served) > 0 {
		require.NotEqual(t, "vito", <-g.served)
	}
}

// revoking is an Authenticator whose first credential ends while its CONNECT is under way.
type revoking struct {
	live.Authenticator
	ended error
}

func (r *revoking) Authenticate(ctx context.Context, token, origin string) (live.Credential, error) {
	c, err := r.Authenticator.Authenticate(ctx, token, origin)
	if token == "vera" {
		c.Still = func(context.Context) error { return r.ended }
	}
	return c, err
}

// TestEndedWhileConnecting: what ends a credential closes the connections that are there; one that was about to come looks itself.
func TestEndedWhileConnecting(t *testing.T) {
	r := &revoking{ended: chat.Errorf(chat.Unauthenticated, "revoked")}
	heard := make(chan chat.Signal, 10)
	w := newWorld(t, func(c *live.Config) {
		r.Authenticator, c.Auth = c.Auth, r
		c.Heard = func(sig chat.Signal) { heard <- sig }
	})
	late := w.dial(engine.RawTCP)
	late.write(0, &codec.Connect{MinVersion: 1, MaxVersion: 1, Token: "vera"})
	require.Equal(t, codec.CloseBadToken, want[codec.Disconnect](late).Code)

	// All of a tenant's visitors come in again, and nobody else; who judges them has heard first.
	vito, alice := w.dial(engine.WebSocketText), w.dial(engine.WebSocketText)
	vito.connect("vito")
	alice.connect("alice")
	sig := chat.Signal{Kind: chat.SignalRevoked, Tenant: w.tenant, Role: chat.RoleVisitor}
	require.NoError(t, w.store.Broker.Publish(context.Background(), sig))
	said := want[codec.Disconnect](vito)
	require.True(t, said.Reconnect)
	require.Less(t, said.RetryAfter, uint32(2000))
	require.Equal(t, sig, <-heard)
	alice.write(0, &codec.Ping{Time: 7})
	require.EqualValues(t, 7, want[codec.Pong](alice).Time)
}
