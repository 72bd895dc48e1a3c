package service

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/outbound/webhook"
	"github.com/uniqchat/uniqchat/storage/local"
	"github.com/uniqchat/uniqchat/testkit/rebind"
)

// inside is a server that nobody may reach. It counts connections.
func inside(t *testing.T) (port string, dialled *atomic.Int64) {
	dialled = new(atomic.Int64)
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			dialled.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	require.NoError(t, err)
	return port, dialled
}

func guarded(t *testing.T, allow ...netip.Prefix) *Service {
	g := webhook.NewGuard(allow...)
	s, err := New(Options{Store: &rows{}, Broker: local.NewBroker(), Knowledge: &shop{}, Control: g.Control, Plain: g.Inner().Control})
	require.NoError(t, err)
	return s
}

// An engine's address is looked at when it is dialled, whatever its name resolved to before.
func TestNobodyInside(t *testing.T) {
	port, dialled := inside(t)
	dns := rebind.Start(t)
	was := net.DefaultResolver
	net.DefaultResolver = dns.Resolver()
	defer func() { net.DefaultResolver = was }()
	s := guarded(t)
	for _, host := range []string{"127.0.0.1", "[::ffff:127.0.0.1]", "[::1]", "0.0.0.0", "localhost", "2130706433", "0x7f.1", "127.1", "rebind.test", "both.test", "169.254.169.254"} {
		for _, scheme := range []string{"http", "https"} {
			for range 2 {
				got := s.TestEngine(t.Context(), &chat.AIEngine{Name: "e", Model: "m", BaseURL: scheme + "://" + host + ":" + port + "/v1", Key: "sk-1"})
				require.Contains(t, []string{chat.EngineNotAllowed, chat.EngineUnresolved}, got.Problem, "%s://%s", scheme, host)
				require.Zero(t, got.Status)
				require.Zero(t, got.Used)
			}
		}
	}
	require.Zero(t, dialled.Load())
	require.Greater(t, dns.Asked(), 2)
}

// A redirect is followed nowhere: the key and the question stay.
func TestRedirectsAreNotFollowed(t *testing.T) {
	port, dialled := inside(t)
	for _, status := range []int{301, 302, 303, 307, 308} {
		points := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://127.0.0.1:"+port+"/v1/chat/completions")
			w.WriteHeader(status)
		}))
		s := guarded(t, netip.MustParsePrefix("127.0.0.0/8"))
		got := s.TestEngine(t.Context(), &chat.AIEngine{Name: "e", Model: "m", BaseURL: points.URL + "/v1", Key: "sk-1"})
		require.Equal(t, chat.EngineRedirects, got.Problem, status)
		require.Equal(t, status, got.Status)
		points.Close()
	}
	require.Zero(t, dialled.Load())
}

// Without TLS only what the operator allows is dialled, in questions of visitors as well: keys don't cross the internet in the clear.
func TestPlainStaysInside(t *testing.T) {
	for address, plain := range map[string]bool{"http://x/v1": true, "HTTP://x/v1": true, "https://x/v1": false, "HTTPS://x/v1": false} {
		s := guarded(t, netip.MustParsePrefix("127.0.0.0/8"))
		c := s.server(&chat.AIEngine{BaseURL: address}, "e")
		require.Equal(t, plain, c.Control("tcp4", "8.8.8.8:80", nil) != nil, address)
		require.NoError(t, c.Control("tcp4", "127.0.0.1:80", nil))
	}
}
