package engine_test

import (
	"net"
	"net/netip"
	"testing"

	"github.com/VictoriaMetrics/metrics"
	"github.com/gobwas/ws"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/engine"
)

func TestConnectionLimit(t *testing.T) {
	set := metrics.NewSet()
	e := start(t, engine.Config{MaxConnections: 3, Metrics: set}, newEcho())
	a, b := dial(t, e), dial(t, e)
	third := dialTCP(t, e)
	eventually(t, "three are there", func() bool { return e.Stats().Connections == 3 })
	for range 20 {
		c, err := net.Dial("tcp", e.WSAddr())
		require.NoError(t, err)
		require.Contains(t, refusal(t, c), "HTTP/1.1 503")
		require.NoError(t, c.Close())
	}
	roundTrip(t, a, ws.OpText, []byte("a"))
	require.NoError(t, third.Close())
	eventually(t, "there is room", func() bool { return e.Stats().Connections == 2 })
	roundTrip(t, dial(t, e), ws.OpText, []byte("c"))
	roundTrip(t, b, ws.OpText, []byte("b"))
	require.EqualValues(t, 20, counter(set, `uniqchat_engine_refused_total{reason="max_connections"}`))
}

func TestLimitThatCannotBeHeldIsRefused(t *testing.T) {
	_, err := engine.New(engine.Config{WSListen: "127.0.0.1:0", MaxConnections: 1 << 30}, newEcho())
	require.ErrorContains(t, err, "engine.max_connections")
	require.ErrorContains(t, err, "ulimit -n")
	_, err = engine.New(engine.Config{}, newEcho())
	require.ErrorContains(t, err, "no listener")
	_, err = engine.New(engine.Config{WSListen: "127.0.0.1:0"}, nil)
	require.ErrorContains(t, err, "no handler")
	_, err = engine.New(engine.Config{WSListen: "127.0.0.1:0", QueueLen: -1}, newEcho())
	require.ErrorContains(t, err, "negative")
}

func TestAddressLimit(t *testing.T) {
	e := start(t, engine.Config{MaxPerAddress: 2}, newEcho())
	a := dial(t, e)
	dialTCP(t, e)
	eventually(t, "two are there", func() bool { return e.Stats().Connections == 2 })
	c, err := net.Dial("tcp", e.WSAddr())
	require.NoError(t, err)
	defer c.Close()
	require.Contains(t, refusal(t, c), "HTTP/1.1 503")
	s := dialTCP(t, e)
	require.Contains(t, refusal(t, s), "bye")
	elsewhere, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 9)}}).Dial("tcp", e.TCPAddr())
	require.NoError(t, err)
	defer elsewhere.Close()
	eventually(t, "another address is let in", func() bool { return e.Stats().Connections == 3 })
	require.NoError(t, a.Close())
	eventually(t, "one has gone", func() bool { return e.Stats().Connections == 2 })
	roundTrip(t, dial(t, e), ws.OpText, []byte("room again"))
	e.SetAddressLimits(0, 0)
	for range 5 {
		roundTrip(t, dial(t, e), ws.OpText, []byte("no limit"))
	}
}

func TestForwardedAddress(t *testing.T) {
	for name, tt := range map[string]struct {
		trusted, header, want string
	}{
		"a proxy of ours":        {"127.0.0.0/8", "203.0.113.7", "203.0.113.7"},
		"the last untrusted hop": {"127.0.0.0/8", "1.1.1.1, 203.0.113.7, 127.0.0.3", "203.0.113.7"},
		"a stranger may lie":     {"10.0.0.0/8", "203.0.113.7", "127.0.0.1"},
		"nonsense":               {"127.0.0.0/8", "unknown", "127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newApp()
			a.mute = true
			e := start(t, engine.Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix(tt.trusted)}, MaxPerAddress: 1}, a)
			connect := func() (net.Conn, error) {
				c, err := net.Dial("tcp", e.WSAddr())
				require.NoError(t, err)
				t.Cleanup(func() { _ = c.Close() })
				d := ws.Dialer{Header: ws.HandshakeHeaderString("X-Forwarded-For: " + tt.header + "\r\nOrigin: https://shop.example\r\n")}
				_, _, err = d.Upgrade(c, mustURL("ws://x/ws"))
				return c, err
			}
			_, err := connect()
			require.NoError(t, err)
			conn := <-a.opened
			require.Equal(t, tt.want, conn.Addr().String())
			require.Equal(t, "https://shop.example", conn.Origin())
			_, err = connect()
			if tt.header == "unknown" {
				require.Error(t, err) // counted under the proxy's own address
				return
			}
			require.Error(t, err, "the limit is the client's, not the proxy's")
		})
	}
}
