package webhook

import (
	"context"
	"encoding/binary"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
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
	dns := newDNS(t)
	o := w.quick()
	o.AllowNetworks = nil
	o.Resolver = dns.resolver()
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
	require.Greater(t, dns.asked.Load(), int64(2))
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

// dns answers every question for an address: one that is not public, then loopback, and so on in turn; of both.test, with both.
type dns struct {
	conn  net.PacketConn
	asked atomic.Int64
}

func newDNS(t *testing.T) *dns {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	d := &dns{conn: conn}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 512)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			_, _ = conn.WriteTo(d.answer(buf[:n]), from)
		}
	}()
	t.Cleanup(func() { _ = conn.Close(); <-done })
	return d
}

func (d *dns) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", d.conn.LocalAddr().String())
	}}
}

// answer is a response to a question (RFC 1035, 4.1): A records, and nothing for other types.
func (d *dns) answer(query []byte) []byte {
	end := 12
	for query[end] != 0 {
		end += int(query[end]) + 1
	}
	question := query[12 : end+5]
	out := append([]byte(nil), query[:2]...)
	out = append(out, 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0)
	out = append(out, question...)
	if binary.BigEndian.Uint16(query[end+1:]) != 1 {
		return out
	}
	all := [][4]byte{{192, 0, 2, 1}, {127, 0, 0, 1}}
	if name := string(query[13 : 13+query[12]]); name != "both" {
		n := d.asked.Add(1)
		all = all[n%2 : n%2+1]
	}
	for _, a := range all {
		out[7]++
		out = append(out, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, a[0], a[1], a[2], a[3])
	}
	return out
}
