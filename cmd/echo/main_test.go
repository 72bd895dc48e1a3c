package main

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/codec"
)

// TestEcho sends what outside conformance suites send: sizes around every boundary of the frame header up to 16 MiB, in one
// frame and in many, in both kinds of message.
func TestEcho(t *testing.T) {
	addr := freeAddr(t)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx, addr, 16<<20) }()
	defer func() {
		cancel()
		require.NoError(t, <-done)
	}()
	c := dial(t, addr)
	for _, size := range []int{0, 1, 125, 126, 127, 65535, 65536, 65537, 1 << 20, 16 << 20} {
		text := bytes.Repeat([]byte("é"), size/2)
		text = append(text, bytes.Repeat([]byte("x"), size%2)...)
		blob := make([]byte, size)
		for i := range blob {
			blob[i] = byte(rand.Uint32())
		}
		echoed(t, c, ws.OpText, text, len(text)+1)
		echoed(t, c, ws.OpBinary, blob, len(blob)+1)
		if size > 1 {
			echoed(t, c, ws.OpBinary, blob, size/3+1)
			echoed(t, c, ws.OpText, text, size/5+1) // runes are cut in two
		}
	}
	_, err := c.Write(codec.AppendFrameHeader(nil, true, codec.OpTextFrame, 0)) // unmasked
	require.NoError(t, err)
	require.EqualValues(t, 1002, closeCode(t, c))

	last := dial(t, addr) // what came before a violation is sent back before the close
	good := ws.MustCompileFrame(ws.MaskFrame(ws.NewTextFrame([]byte("before"))))
	bad := ws.MustCompileFrame(ws.MaskFrame(ws.NewFrame(0x3, true, nil)))
	_, err = last.Write(append(good, bad...))
	require.NoError(t, err)
	before, err := wsutil.ReadServerText(last)
	require.NoError(t, err)
	require.Equal(t, "before", string(before))
	require.EqualValues(t, 1002, closeCode(t, last))

	big := dial(t, addr)
	_, err = big.Write([]byte{0x82, 0xFF, 0, 0, 0, 0, 1, 0, 0, 1, 1, 2, 3, 4}) // a byte more than 16 MiB
	require.NoError(t, err)
	require.EqualValues(t, 1009, closeCode(t, big))

	polite := dial(t, addr)
	require.NoError(t, wsutil.WriteClientText(polite, []byte("last words")))
	require.NoError(t, ws.WriteFrame(polite, ws.MaskFrame(ws.NewCloseFrame(nil))))
	got, err := wsutil.ReadServerText(polite)
	require.NoError(t, err)
	require.Equal(t, "last words", string(got))
	f, err := ws.ReadFrame(polite)
	require.NoError(t, err)
	require.Equal(t, ws.OpClose, f.Header.OpCode)
	require.Empty(t, f.Payload)
}

// echoed sends a message in frames of at most part bytes, with a ping after each, and wants it back whole.
func echoed(t *testing.T, c net.Conn, op ws.OpCode, payload []byte, part int) {
	t.Helper()
	sent := make(chan error, 1)
	go func() {
		var err error
		left, first := payload, true
		for err == nil {
			n := min(part, len(left))
			frame := ws.NewFrame(op, n == len(left), bytes.Clone(left[:n]))
			if !first {
				frame.Header.OpCode = ws.OpContinuation
			}
			left, first = left[n:], false
			if err = ws.WriteFrame(c, ws.MaskFrame(frame)); err != nil || frame.Header.Fin {
				break
			}
			err = ws.WriteFrame(c, ws.MaskFrame(ws.NewPingFrame([]byte("between"))))
		}
		sent <- err
	}()
	for {
		f, err := ws.ReadFrame(c)
		require.NoError(t, err)
		if f.Header.OpCode == ws.OpPong {
			require.Equal(t, "between", string(f.Payload))
			continue
		}
		require.Equal(t, op, f.Header.OpCode)
		require.True(t, bytes.Equal(payload, f.Payload), "%d bytes came back as %d", len(payload), len(f.Payload))
		break
	}
	require.NoError(t, <-sent)
}

func closeCode(t *testing.T, c net.Conn) uint16 {
	t.Helper()
	f, err := ws.ReadFrame(c)
	require.NoError(t, err)
	require.Equal(t, ws.OpClose, f.Header.OpCode)
	code, _ := ws.ParseCloseFrameData(f.Payload)
	return uint16(code)
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		c, _, _, err := ws.Dial(context.Background(), "ws://"+addr+"/")
		if err == nil {
			t.Cleanup(func() { _ = c.Close() })
			require.NoError(t, c.SetDeadline(time.Now().Add(time.Minute)))
			return c
		}
		require.True(t, time.Now().Before(deadline), err)
	}
}
