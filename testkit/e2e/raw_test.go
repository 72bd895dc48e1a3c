package e2e_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/codec"
)

// raw is a connection that sends whatever bytes a test wants, and understands what comes back.
type raw struct {
	t    *testing.T
	c    net.Conn
	r    *bufio.Reader
	mode string // json, bin or tcp
}

// dialRaw opens a connection to a listener, without a word.
func dialRaw(t *testing.T, addr string) net.Conn {
	t.Helper()
	c, err := net.DialTimeout("tcp", addr, 5*time.Second)
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

// upgraded opens a WebSocket (mode json or bin) or a TCP connection.
func upgraded(t *testing.T, ctx context.Context, wsURL, tcp, mode string) *raw {
	t.Helper()
	x := &raw{t: t, mode: mode}
	if mode == "tcp" {
		x.c = dialRaw(t, tcp)
		x.r = bufio.NewReader(x.c)
		return x
	}
	c, br, _, err := ws.Dialer{Protocols: []string{"uniqchat.v1." + mode}}.Dial(ctx, wsURL)
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	x.c, x.r = c, br
	if br == nil {
		x.r = bufio.NewReader(c)
	}
	return x
}

func (x *raw) write(b []byte) {
	x.t.Helper()
	require.NoError(x.t, x.c.SetWriteDeadline(time.Now().Add(30*time.Second)))
	if _, err := x.c.Write(b); err != nil && !peerGone(err) {
		x.t.Fatal(err)
	}
}

// packet sends one packet the way the connection's encoding wants it.
func (x *raw) packet(rid uint16, p codec.Packet) {
	h := codec.Header{RID: rid}
	switch x.mode {
	case "json":
		x.write(frame(codec.OpTextFrame, codec.AppendJSON(nil, h, p)))
	case "bin":
		x.write(frame(codec.OpBinaryFrame, codec.AppendBinary(nil, h, p)))
	default:
		x.write(codec.AppendBinary(nil, h, p))
	}
}

// hello sends CONNECT and wants CONNACK.
func (x *raw) hello(token string) *raw {
	x.t.Helper()
	x.packet(1, &codec.Connect{MinVersion: 1, MaxVersion: 1, Token: token})
	got := x.until(func(p codec.Packet) bool { _, ok := p.(*codec.Connack); return ok })
	require.Empty(x.t, got.closed, "instead of CONNACK")
	return x
}

// frame makes a whole masked frame.
func frame(op codec.Opcode, payload []byte) []byte {
	return codec.AppendMaskedFrame(nil, op, [4]byte{1, 2, 3, 4}, payload)
}

// header makes the header of a masked frame that claims a length.
func header(b0 byte, claims uint64) []byte {
	b := append([]byte{b0, 0xFF}, make([]byte, 8)...)
	binary.BigEndian.PutUint64(b[2:], claims)
	return append(b, 1, 2, 3, 4)
}

// seen is what a server said until it closed, or until something was found.
type seen struct {
	errors []uint16 // codes of ERROR packets
	codes  []uint16 // codes of DISCONNECT packets and of the close frame
	closed string   // how the connection ended; "" if it did not
	found  bool
}

// until reads packets until cond holds or the connection ends.
func (x *raw) until(cond func(p codec.Packet) bool) (s seen) {
	x.t.Helper()
	require.NoError(x.t, x.c.SetReadDeadline(time.Now().Add(40*time.Second)))
	d := new(codec.Decoder)
	take := func(_ codec.Header, p codec.Packet, err error) {
		if err != nil {
			x.t.Errorf("the server sent a bad packet: %v", err)
			return
		}
		switch p := p.(type) {
		case *codec.Error:
			s.errors = append(s.errors, p.Code)
		case *codec.Disconnect:
			s.codes = append(s.codes, p.Code)
		}
		s.found = s.found || cond != nil && cond(p)
	}
	for !s.found {
		var err error
		if x.mode == "tcp" {
			err = x.readPacket(d, take)
		} else {
			err = x.readFrame(d, &s, take)
		}
		if err != nil {
			var timeout net.Error
			if errors.As(err, &timeout) && timeout.Timeout() {
				x.t.Fatalf("the server neither answered nor closed; %+v", s)
			}
			s.closed = err.Error()
			return s
		}
	}
	return s
}

func (x *raw) readPacket(d *codec.Decoder, take func(codec.Header, codec.Packet, error)) error {
	b := make([]byte, codec.HeaderSize)
	if _, err := io.ReadFull(x.r, b); err != nil {
		return err
	}
	h, ok, err := codec.ParseHeader(b)
	if err != nil || !ok {
		return fmt.Errorf("not a packet: %w", err)
	}
	body := make([]byte, h.Length)
	if _, err := io.ReadFull(x.r, body); err != nil {
		return err
	}
	p, err := d.Body(h, body)
	take(h, p, err)
	return nil
}

func (x *raw) readFrame(d *codec.Decoder, s *seen, take func(codec.Header, codec.Packet, error)) error {
	h, err := ws.ReadHeader(x.r)
	if err != nil {
		return err
	}
	payload := make([]byte, h.Length)
	if _, err := io.ReadFull(x.r, payload); err != nil {
		return err
	}
	switch h.OpCode {
	case ws.OpClose:
		code, _, err := codec.ParseClose(payload)
		if err != nil {
			return err
		}
		s.codes = append(s.codes, code)
		x.write(frame(codec.OpCloseFrame, payload))
	case ws.OpText:
		return d.JSON(payload, take)
	case ws.OpBinary:
		for len(payload) > 0 {
			h, p, n, err := d.Binary(payload)
			if n == 0 {
				return err
			}
			take(h, p, err)
			payload = payload[n:]
		}
	}
	return nil
}

// wantsClose wants the connection to end, with one of the codes, and no other.
func (x *raw) wantsClose(codes ...uint16) seen {
	x.t.Helper()
	s := x.until(nil)
	require.NotEmpty(x.t, s.codes, "closed without a code: %s", s.closed)
	for _, c := range s.codes {
		require.Contains(x.t, codes, c)
	}
	if x.mode != "tcp" && s.codes[0] >= 3000 {
		require.Len(x.t, s.codes, 2, "DISCONNECT comes before the close frame")
	}
	return s
}

// wantsErrors wants these ERRORs and no other, in whatever order (a SEND is answered when the log has answered), and the
// connection to live on.
func (x *raw) wantsErrors(codes ...uint16) {
	x.t.Helper()
	left := len(codes)
	s := x.until(func(p codec.Packet) bool {
		if _, ok := p.(*codec.Error); ok {
			left--
		}
		return left <= 0
	})
	x.packet(60000, &codec.Ping{Time: 7})
	after := x.until(func(p codec.Packet) bool { q, ok := p.(*codec.Pong); return ok && q.Time == 7 })
	require.True(x.t, after.found, "closed with %v (%s) after %v", after.codes, after.closed, s.errors)
	require.ElementsMatch(x.t, codes, append(s.errors, after.errors...))
}

func peerGone(err error) bool {
	s := err.Error()
	return slices.ContainsFunc([]string{"broken pipe", "connection reset", "use of closed"}, func(p string) bool { return strings.Contains(s, p) })
}

// answer reads what a server says to bytes that are no protocol of its, until it closes.
func answer(t *testing.T, c net.Conn, limit time.Duration) string {
	t.Helper()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(limit)))
	b, err := io.ReadAll(io.LimitReader(c, 1<<20))
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		t.Fatalf("not closed within %s; it said %.200q", limit, b)
	}
	return string(b)
}
