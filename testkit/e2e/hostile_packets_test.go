package e2e_test

import (
	"bytes"
	"encoding/binary"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/testkit/client"
)

// packets are wrong packets on an accepted connection: ERROR where the next packet can be found, 3501 where it can't.
var packets = map[string]func(*testing.T, *hostile){
	"JSON with wrong types": func(t *testing.T, h *hostile) {
		x := h.dial(t, "json").hello(h.token)
		var want []uint16
		for _, s := range []string{
			`nonsense`, `{`, `[]x`, `42`, `{"rid":1}`, `{"type":"nonsense","rid":1}`, `{"type":7}`, `{"type":"join","rid":-1}`,
			`{"type":"join","rid":1,"conv":7}`, `{"type":"join","rid":1,"conv":"x"}`, `{"type":"sync","rid":1,"after":1.5}`,
			`{"type":"sync","rid":1,"after":9007199254740992}`, `{"type":"sync","rid":1,"limit":70000}`, `{"type":"sync","rid":1,"after":"1"}`,
			`{"type":"send","rid":1,"kind":"nonsense"}`, `{"type":"send","rid":1,"kind":3}`, `{"type":"send","rid":1,"dup":"yes"}`,
			`{"type":"send","rid":1,"conv":"01900000-0000-7000-8000-000000000001","cmid":"01900000-0000-7000-8000-000000000002","body":{"text":"\u0000"}}`,
			`{"type":"send","rid":1,"conv":"01900000-0000-7000-8000-000000000001","cmid":"01900000-0000-7000-8000-000000000002","body":{"text":"\ud800"}}`,
			`{"type":"send","rid":1,"conv":"01900000-0000-7000-8000-000000000001","cmid":"01900000-0000-7000-8000-000000000002","body":"text"}`,
			`{"type":"typing","conv":"01900000-0000-7000-8000-000000000001","state":"nonsense"}`,
			strings.Repeat("[", 20000), `{"type":"track","name":"x","data":` + strings.Repeat(`{"a":`, 5000) + `1` + strings.Repeat(`}`, 5001),
		} {
			x.write(frame(codec.OpTextFrame, []byte(s)))
			want = append(want, codec.ErrMalformed)
		}
		x.wantsErrors(want...)
	},
	"an array with one bad packet": func(t *testing.T, h *hostile) {
		x := h.dial(t, "json").hello(h.token)
		x.write(frame(codec.OpTextFrame, []byte(`[{"type":"ping","time":1},{"type":"nonsense","rid":3},7,{"type":"ping","time":2}]`)))
		x.wantsErrors(codec.ErrMalformed, codec.ErrMalformed)
	},
	"binary with wrong fields": func(t *testing.T, h *hostile) {
		x := h.dial(t, "bin").hello(h.token)
		send := codec.AppendBinary(nil, codec.Header{RID: 5}, &codec.Send{Conv: client.NewID(), CMID: client.NewID(), Body: []byte(`{"text":"x"}`)})
		for _, b := range [][]byte{
			{0xC1, 0x7F, 0, 0, 0, 0, 0, 5},                              // unknown type
			patch(send, codec.HeaderSize+32, 99),                        // unknown kind
			patch(send, codec.HeaderSize+33, 9),                         // unknown visibility
			patch(send, codec.HeaderSize+50, 0xFF),                      // body longer than the packet
			patch(send, len(send)-2, 0x00),                              // body is no JSON
			{0xC1, byte(codec.TypeJoin), 0, 0, 0, 3, 0, 5, 1, 2, 3},     // body ends inside a uuid
			{0xC1, byte(codec.TypeTrack), 0, 0, 0, 3, 0, 5, 0xFF, 1, 2}, // str longer than the packet
		} {
			x.write(frame(codec.OpBinaryFrame, b))
			x.wantsErrors(codec.ErrMalformed)
		}
	},
	"lists that claim more than there is": func(t *testing.T, h *hostile) {
		x := h.dial(t, "tcp")
		c := codec.AppendBinary(nil, codec.Header{RID: 1}, &codec.Connect{MinVersion: 1, MaxVersion: 1, Token: h.token})
		x.write(patch(patch(c, len(c)-1, 0xFF), len(c)-2, 0xFF))
		x.wantsClose(codec.CloseHandshake)
	},
	"bad magic on WebSocket":     closes("bin", codec.CloseBadFrame, frame(codec.OpBinaryFrame, []byte("GET / HTTP/1.1\r\n"))),
	"bad magic on TCP":           closes("tcp", codec.CloseBadFrame, []byte("nonsense")),
	"reserved flags":             closes("bin", codec.CloseBadFrame, frame(codec.OpBinaryFrame, []byte{0xC1, 3, 0x80, 0, 0, 8, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8})),
	"packet cut by its message":  closes("bin", codec.CloseBadFrame, frame(codec.OpBinaryFrame, []byte{0xC1, 3, 0, 0, 0, 8, 0, 0, 1, 2})),
	"text on a binary WebSocket": closes("bin", codec.CloseBadFrame, frame(codec.OpTextFrame, []byte(`{"type":"ping","time":1}`))),
	"binary on a JSON WebSocket": closes("json", codec.CloseBadFrame, frame(codec.OpBinaryFrame, codec.AppendBinary(nil, codec.Header{}, &codec.Ping{}))),
	"TCP packet of 16 MiB":       closes("tcp", codec.CloseBadFrame, []byte{0xC1, 0x10, 0, 0xFF, 0xFF, 0xFF, 0, 1}),
	"bodies over the limit": func(t *testing.T, h *hostile) {
		x := h.dial(t, "json").hello(h.token)
		x.packet(3, &codec.Send{Conv: client.NewID(), CMID: client.NewID(), Body: client.TextBody(strings.Repeat("x", 64<<10))})
		s := x.until(func(p codec.Packet) bool { _, ok := p.(*codec.Error); return ok })
		if s.found {
			require.Equal(t, []uint16{codec.ErrTooLarge}, s.errors)
		} else {
			require.Equal(t, []uint16{codec.CloseTooBig}, s.codes)
		}
	},
	"somebody else's conversation": func(t *testing.T, h *hostile) {
		x := h.dial(t, "json").hello(h.token)
		foreign := h.b.conv
		x.packet(1, &codec.Join{Conv: foreign})
		x.packet(2, &codec.Sync{Conv: foreign})
		x.packet(3, &codec.Send{Conv: foreign, CMID: client.NewID(), Body: client.TextBody("me too")})
		x.packet(4, &codec.Status{State: codec.Online})
		x.wantsErrors(codec.ErrNotFound, codec.ErrNotFound, codec.ErrNotFound, codec.ErrForbidden)
	},
	"a flood of packets": func(t *testing.T, h *hostile) {
		x := h.dial(t, "bin").hello(h.token)
		ping := frame(codec.OpBinaryFrame, bytes.Repeat(codec.AppendBinary(nil, codec.Header{RID: 1}, &codec.Join{Conv: client.NewID()}), 100))
		go func() {
			for range 200 {
				if _, err := x.c.Write(ping); err != nil {
					return
				}
			}
		}()
		s := x.wantsClose(codec.CloseTooMany, codec.CloseSlow)
		require.Contains(t, s.errors, codec.ErrTooMany)
	},
}

// closes makes a case that sends bytes on an accepted connection and wants it closed.
func closes(mode string, code uint16, b []byte) func(*testing.T, *hostile) {
	return func(t *testing.T, h *hostile) {
		x := h.dial(t, mode).hello(h.token)
		x.write(b)
		x.wantsClose(code)
	}
}

func patch(b []byte, at int, v byte) []byte {
	b = bytes.Clone(b)
	b[at] = v
	return b
}

// first makes a case that sends bytes before CONNECT and wants the connection closed.
func first(mode string, code uint16, b []byte) func(*testing.T, *hostile) {
	return func(t *testing.T, h *hostile) {
		x := h.dial(t, mode)
		x.write(b)
		x.wantsClose(code)
	}
}

var junk = func() []byte {
	b := make([]byte, 64<<10)
	state := uint64(88172645463325252)
	for i := 0; i < len(b); i += 8 {
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
		binary.LittleEndian.PutUint64(b[i:], state)
	}
	b[0] = 0x00
	return b
}()

// beginnings are bad first words to every listener.
var beginnings = map[string]func(*testing.T, *hostile){
	"another packet first, JSON": first("json", codec.CloseHandshake, frame(codec.OpTextFrame, []byte(`{"type":"join","rid":1}`))),
	"no packet first, JSON":      first("json", codec.CloseHandshake, frame(codec.OpTextFrame, []byte(`[]`))),
	"no packet first, binary":    first("bin", codec.CloseHandshake, frame(codec.OpBinaryFrame, nil)),
	"a CONNECT over 16 KiB":      first("tcp", codec.CloseHandshake, codec.AppendBinary(nil, codec.Header{}, &codec.Connect{MinVersion: 1, MaxVersion: 1, Token: strings.Repeat("x", 16<<10)})),
	"another packet first, TCP":  first("tcp", codec.CloseHandshake, codec.AppendBinary(nil, codec.Header{}, &codec.Ping{})),
	"wrong token": first("bin", codec.CloseBadToken, frame(codec.OpBinaryFrame,
		codec.AppendBinary(nil, codec.Header{RID: 1}, &codec.Connect{MinVersion: 1, MaxVersion: 1, Token: "eyJhbGciOiJub25lIn0.e30."}))),
	"version from the future": first("tcp", codec.CloseVersion,
		codec.AppendBinary(nil, codec.Header{RID: 1}, &codec.Connect{MinVersion: 2, MaxVersion: 9})),
	"65 conversations to resume": first("tcp", codec.CloseHandshake,
		codec.AppendBinary(nil, codec.Header{RID: 1}, &codec.Connect{MinVersion: 1, MaxVersion: 1, Resume: make([]codec.Position, 65)})),
	"CONNECT of 20 KiB": func(t *testing.T, h *hostile) {
		x := h.dial(t, "tcp")
		x.write(codec.AppendBinary(nil, codec.Header{RID: 1}, &codec.Connect{MinVersion: 1, MaxVersion: 1, Token: strings.Repeat("x", 20<<10)}))
		x.wantsClose(codec.CloseHandshake, codec.CloseBadFrame)
	},
	"no CONNECT at all": func(t *testing.T, h *hostile) {
		from := time.Now()
		x := h.dial(t, "json")
		x.wantsClose(codec.CloseHandshake)
		require.Less(t, time.Since(from), 9*time.Second)
	},
	"64 KiB of junk on the TCP listener": func(t *testing.T, h *hostile) {
		x := h.dial(t, "tcp")
		x.write(junk)
		answer(t, x.c, 10*time.Second)
	},
	"64 KiB of junk on the WebSocket listener": refusedHTTP(func(h *hostile) string { return h.s.WS }, junk, "4"),
	"64 KiB of junk on the HTTP listener":      refusedHTTP(func(h *hostile) string { return h.s.HTTP }, junk, "400"),
	"64 KiB of junk on the admin listener":     refusedHTTP(func(h *hostile) string { return h.s.Admin }, junk, "400"),
	"headers without end": refusedHTTP(func(h *hostile) string { return h.s.WS },
		[]byte("GET /ws HTTP/1.1\r\n"+strings.Repeat("X-Padding: 0123456789\r\n", 1000)), "431"),
	"headers without end on the HTTP listener": refusedHTTP(func(h *hostile) string { return h.s.HTTP },
		[]byte("GET / HTTP/1.1\r\n"+strings.Repeat("X-Padding: 0123456789\r\n", 2000)), "431"),
	"unknown subprotocol": refusedHTTP(func(h *hostile) string { return h.s.WS }, upgrade("/ws", "chat.v9"), "400"),
	"wrong path":          refusedHTTP(func(h *hostile) string { return h.s.WS }, upgrade("/nonsense", ""), "404"),
	"HTTP on the TCP listener": func(t *testing.T, h *hostile) {
		x := h.dial(t, "tcp")
		x.write(upgrade("/ws", ""))
		answer(t, x.c, 10*time.Second)
	},
	"TLS on every listener": func(t *testing.T, h *hostile) {
		hello := append([]byte{0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC, 0x03, 0x03}, junk[:505]...)
		for _, addr := range []string{h.s.WS, h.s.TCP, h.s.HTTP} {
			c := dialRaw(t, addr)
			_, err := c.Write(hello)
			require.NoError(t, err)
			answer(t, c, 15*time.Second)
		}
	},
	"an HTTP body of 2^40 bytes": refusedHTTP(func(h *hostile) string { return h.s.HTTP },
		[]byte("POST /api/v1/widget/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1099511627776\r\n\r\n{"), "413"),
	"JSON of no kind to the API": refusedHTTP(func(h *hostile) string { return h.s.HTTP },
		[]byte("POST /api/v1/widget/session HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 20000\r\n\r\n"+strings.Repeat("[", 20000)), "4"),
}

func upgrade(path, protocol string) []byte {
	s := "GET " + path + " HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	if protocol != "" {
		s += "Sec-WebSocket-Protocol: " + protocol + "\r\n"
	}
	return []byte(s + "\r\n")
}

// refusedHTTP makes a case that wants an HTTP answer whose status begins with status, or no answer, and the end of the connection.
func refusedHTTP(addr func(*hostile) string, b []byte, status string) func(*testing.T, *hostile) {
	return func(t *testing.T, h *hostile) {
		c := dialRaw(t, addr(h))
		require.NoError(t, c.SetWriteDeadline(time.Now().Add(10*time.Second)))
		if _, err := c.Write(b); err != nil {
			require.True(t, peerGone(err), "%v", err)
		}
		if got := answer(t, c, 20*time.Second); got != "" {
			require.Regexp(t, "^HTTP/1.1 "+status, got)
		}
	}
}

// slowness is everything that takes its time.
var slowness = map[string]func(*testing.T, *hostile){
	"half handshakes": func(t *testing.T, h *hostile) {
		var conns []net.Conn
		for i := range 200 {
			addr := []string{h.s.WS, h.s.TCP}[i%2]
			c := dialRaw(t, addr)
			part := "GET /ws HTTP/1.1\r\nHost: x\r\nUpgr"
			if i%2 == 1 {
				part = "\xC1\x01\x00\x00"
			}
			_, err := c.Write([]byte(part))
			require.NoError(t, err)
			conns = append(conns, c)
		}
		for _, c := range conns {
			answer(t, c, 12*time.Second)
		}
	},
	"a handshake one byte at a time": func(t *testing.T, h *hostile) {
		for name, addr := range map[string]string{"ws": h.s.WS, "http": h.s.HTTP} {
			c := dialRaw(t, addr)
			from := time.Now()
			closed := make(chan struct{})
			go func() {
				defer close(closed)
				answer(t, c, 40*time.Second)
			}()
			tick := time.NewTicker(100 * time.Millisecond)
			defer tick.Stop()
			for open := true; open; {
				select {
				case <-closed:
					open = false
				case <-tick.C:
					_, _ = c.Write([]byte("G"))
				}
			}
			require.Less(t, time.Since(from), 30*time.Second, name)
		}
	},
	"a reader that stops reading": func(t *testing.T, h *hostile) {
		x := h.dial(t, "bin")
		require.NoError(t, x.c.(*net.TCPConn).SetReadBuffer(4<<10))
		x.hello(h.token)
		mine := h.b.connectQuietly(h.token)
		conv := client.NewID()
		big := client.TextBody(strings.Repeat("长", 20<<10))
		for i := range 300 { // 18 MiB to a limit of 512 KiB
			_, err := mine.Send(h.ctx, codec.Send{Conv: conv, Body: big})
			require.NoError(t, err, "message %d", i)
		}
		for h.s.Metric(`uniqchat_engine_closed_total{code="3008"}`) == 0 {
			require.NoError(t, h.ctx.Err(), "the server keeps a reader that reads nothing")
			<-time.After(100 * time.Millisecond)
		}
		require.Zero(t, mine.Stats().Disconnects, "the reader's other connection")
	},
}
