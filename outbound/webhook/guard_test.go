package webhook

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/testkit/rebind"
)

func TestGuard(t *testing.T) {
	g := NewGuard()
	for _, public := range []string{
		"8.8.8.8", "1.1.1.1", "93.184.216.34", "172.15.255.255", "172.32.0.1", "100.63.255.255", "100.128.0.1", "198.17.255.255", "223.255.255.255",
		"2606:4700::1111", "2a00:1450:4001::1", "::ffff:8.8.8.8",
	} {
		require.True(t, g.Allows(netip.MustParseAddr(public)), public)
	}
	for _, private := range []string{
		"0.0.0.0", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.255", "169.254.169.254", "172.16.0.1", "172.31.255.255",
		"192.0.0.170", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1",
		"239.255.255.255", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "100::1",
		"2001::1", "2001:db8::1", "2002:7f00:1::1", "3fff::1", "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "2606:4700::1%eth0", "fec0::1", "ff02::1", "5f00::1",
	} {
		require.False(t, g.Allows(netip.MustParseAddr(private)), private)
	}
	require.False(t, g.Allows(netip.Addr{}))
	some := NewGuard(netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00::/8"))
	for addr, want := range map[string]bool{"10.1.2.3": true, "::ffff:10.1.2.3": true, "10.2.0.1": false, "fd00::1": true, "fc00::1": false, "127.0.0.1": false, "8.8.8.8": true} {
		require.Equal(t, want, some.Allows(netip.MustParseAddr(addr)), addr)
	}
	for addr, want := range map[string]bool{"10.1.2.3": true, "10.2.0.1": false, "fd00::1": true, "8.8.8.8": false, "2606:4700::1111": false} {
		require.Equal(t, want, some.Inner().Allows(netip.MustParseAddr(addr)), addr)
	}
	require.Error(t, some.Inner().Control("tcp4", "8.8.8.8:443", nil))
	require.Error(t, NewGuard().Inner().Control("tcp4", "127.0.0.1:80", nil))
	for _, address := range []string{"8.8.8.8:443", "[2606:4700::1111]:80"} {
		require.NoError(t, g.Control("tcp4", address, nil))
	}
	require.Error(t, g.Control("unix", "/run/x", nil))
	require.Error(t, g.Control("tcp4", "nonsense", nil))
}

// What resolves to an address inside is never dialled, however it is written, and whatever it resolved to before.
func TestNobodyInside(t *testing.T) {
	w := newWorld(t)
	var dialled atomic.Int64
	inside := newReceiver(t, nil)
	inside.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			dialled.Add(1)
		}
	}
	_, port, err := net.SplitHostPort(inside.Listener.Addr().String())
	require.NoError(t, err)
	dns := rebind.Start(t)
	o := w.quick()
	o.AllowNetworks = nil
	o.Resolver = dns.Resolver()
	hooks := []chat.WebhookID{}
	for _, host := range []string{"127.0.0.1", "[::ffff:127.0.0.1]", "[::1]", "0.0.0.0", "localhost", "2130706433", "0x7f.1", "127.1", "rebind.test", "both.test"} {
		hooks = append(hooks, w.hook("http://"+host+":"+port+"/").ID)
	}
	w.send(o)
	w.say(1)
	for _, id := range hooks {
		eventually(t, func() bool { return len(w.deliveries(id)) == 1 && len(w.deliveries(id)[0].Attempts) >= 2 })
		h := w.webhook(id)
		for _, a := range w.deliveries(id)[0].Attempts {
			require.Zero(t, a.Status, h.URL)
			require.Contains(t, []string{errRefused.Error(), "the name can't be resolved"}, a.Error, h.URL)
		}
	}
	require.Zero(t, dialled.Load())
	require.Greater(t, dns.Asked(), 2)
}

// A redirect is an answer like another, and no success.
func TestRedirectsAreNotFollowed(t *testing.T) {
	w := newWorld(t)
	secret := newReceiver(t, nil)
	for _, status := range []int{301, 302, 303, 307, 308} {
		r := newReceiver(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
			w.Header().Set("Location", secret.URL)
			w.WriteHeader(status)
		})
		w.hook(r.URL)
	}
	w.send(w.quick())
	w.say(1)
	hooks, _, err := w.kept.Store.Webhooks(context.Background(), w.tenant, "", 10)
	require.NoError(t, err)
	for _, h := range hooks {
		eventually(t, func() bool { return len(w.deliveries(h.ID)[0].Attempts) >= 2 })
		require.Contains(t, w.deliveries(h.ID)[0].Attempts[0].Error, "redirects are not followed")
	}
	require.Empty(t, secret.all())
}
