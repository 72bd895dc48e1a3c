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
