// Package rebind is a name server for tests that answers every question with another address than the time before: what somebody runs who wants a
// program to look at one address and connect to another.
//
// It owns its socket. It knows A records only.
package rebind

import (
	"context"
	"encoding/binary"
	"net"
	"sync/atomic"
	"testing"
)

// Server answers every question for an address: one that is not public, then loopback, and so on in turn; of both.test, with both. Safe for
// concurrent use.
type Server struct {
	conn  net.PacketConn
	asked atomic.Int64
}

// Start starts a server that ends with the test.
func Start(t testing.TB) *Server {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &Server{conn: conn}
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

// Asked is how often it was asked for an address that changes.
func (d *Server) Asked() int { return int(d.asked.Load()) }

// Resolver asks it.
func (d *Server) Resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", d.conn.LocalAddr().String())
	}}
}

// answer is a response to a question (RFC 1035, 4.1): A records, and nothing for other types.
func (d *Server) answer(query []byte) []byte {
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
