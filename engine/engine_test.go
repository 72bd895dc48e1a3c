package engine_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/engine"
)

func TestMain(m *testing.M) {
	if others := os.Getenv(childEnv); others != "" {
		child(others)
		return
	}
	goleak.VerifyTestMain(m,
		// gnet keeps one pool of workers for the process; it is never used for connections.
		goleak.IgnoreTopFunction("github.com/panjf2000/ants/v2.(*poolCommon).purgeStaleWorkers"),
		goleak.IgnoreTopFunction("github.com/panjf2000/ants/v2.(*poolCommon).ticktock"))
}

// echo is a handler that sends everything back.
type echo struct {
	tier   engine.Tier
	serve  func(in *engine.Inbound) // before the echo; may be nil
	closed chan *engine.Conn
	mute   bool // never Ready
}

func (h *echo) Open(c *engine.Conn) engine.Session {
	if !h.mute {
		c.Ready(&h.tier, nil)
	}
	return h
}

func (h *echo) Serve(_ int, batch []engine.Inbound) {
	for i := range batch {
		in := &batch[i]
		if h.serve != nil {
			h.serve(in)
		}
		switch in.Op {
		case engine.OpText:
			in.Conn.Send(engine.Message(codec.OpTextFrame, in.Data), engine.Must)
		case engine.OpBinary:
			in.Conn.Send(engine.Message(codec.OpBinaryFrame, in.Data), engine.Must)
		case engine.OpStream:
			data := in.Data
			in.Conn.Send(engine.NewFrame(engine.RawTCP, func(dst []byte) []byte { return append(dst, data...) }), engine.Must)
		case engine.OpClosed:
			if h.closed != nil {
				h.closed <- in.Conn
			}
		}
	}
}

func (h *echo) Tick(int) {}
func (h *echo) Busy(*engine.Conn, []byte) *engine.Frame {
	return engine.Message(codec.OpTextFrame, []byte("busy"))
}

func (h *echo) Ping(k engine.Kind, now int64) *engine.Frame {
	return engine.NewFrame(k, func(dst []byte) []byte { return append(dst, "ping"...) })
}

func (h *echo) Bye(k engine.Kind, code uint16, reason string, _ uint32, soft bool) *engine.Frame {
	return engine.NewFrame(k, func(dst []byte) []byte { return append(dst, "bye "+reason...) })
}

func (h *echo) Gap(c *engine.Conn, missed []engine.Missed) *engine.Frame {
	return engine.NewFrame(c.Kind(), func(dst []byte) []byte { return append(dst, "gap"...) })
}

func newEcho() *echo {
	return &echo{tier: engine.Tier{MaxMessage: 1 << 20, OutLimit: 4 << 20}}
}

// start runs an engine until the test ends.
func start(t testing.TB, cfg engine.Config, h engine.Handler) *engine.Engine {
	t.Helper()
	cfg.WSListen, cfg.TCPListen = "127.0.0.1:0", "127.0.0.1:0"
	if cfg.Loops == 0 {
		cfg.Loops = 2
	}
	e, err := engine.New(cfg, h)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	select {
	case <-e.Started():
	case err := <-done:
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	return e
}

func dial(t testing.TB, e *engine.Engine) net.Conn {
	t.Helper()
	c, br, _, err := ws.Dial(context.Background(), "ws://"+e.WSAddr()+"/ws")
	require.NoError(t, err)
	require.NoError(t, c.SetDeadline(time.Now().Add(20*time.Second)))
	t.Cleanup(func() { _ = c.Close() })
	if br != nil {
		return behind{c, br}
	}
	return c
}

// behind is a connection of which the dialer has read more than the handshake.
type behind struct {
	net.Conn
	r io.Reader
}

func (b behind) Read(p []byte) (int, error) { return b.r.Read(p) }

func dialTCP(t testing.TB, e *engine.Engine) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", e.TCPAddr())
	require.NoError(t, err)
	require.NoError(t, c.SetDeadline(time.Now().Add(20*time.Second)))
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// roundTrip sends a message and wants it back.
func roundTrip(t testing.TB, c net.Conn, op ws.OpCode, payload []byte) {
	t.Helper()
	require.NoError(t, wsutil.WriteClientMessage(c, op, payload))
	got, gotOp, err := wsutil.ReadServerData(c)
	require.NoError(t, err)
	require.Equal(t, op, gotOp)
	require.True(t, bytes.Equal(payload, got))
}

// closeCode reads until the close frame and returns its code.
func closeCode(t testing.TB, c net.Conn) uint16 {
	t.Helper()
	for {
		f, err := ws.ReadFrame(c)
		require.NoError(t, err)
		if f.Header.OpCode == ws.OpClose {
			code, _ := ws.ParseCloseFrameData(f.Payload)
			return uint16(code)
		}
	}
}

func TestEcho(t *testing.T) {
	e := start(t, engine.Config{}, newEcho())
	c := dial(t, e)
	roundTrip(t, c, ws.OpText, []byte("héllo"))
	roundTrip(t, c, ws.OpBinary, nil)
	roundTrip(t, c, ws.OpBinary, bytes.Repeat([]byte("abc"), 300_000))
	tcp := dialTCP(t, e)
	packets := codec.AppendBinary(nil, codec.Header{RID: 1}, &codec.Ping{Time: 5})
	packets = codec.AppendBinary(packets, codec.Header{RID: 2}, &codec.Event{Name: strings.Repeat("x", 60_000)})
	for _, b := range packets[:30] { // a drip
		_, err := tcp.Write([]byte{b})
		require.NoError(t, err)
	}
	_, err := tcp.Write(packets[30:])
	require.NoError(t, err)
	got := make([]byte, len(packets))
	_, err = io.ReadFull(tcp, got)
	require.NoError(t, err)
	require.True(t, bytes.Equal(packets, got))
}

func TestControlFrames(t *testing.T) {
	h := newEcho()
	h.closed = make(chan *engine.Conn, 1)
	e := start(t, engine.Config{}, h)
	c := dial(t, e)
	require.NoError(t, ws.WriteFrame(c, ws.MaskFrame(ws.NewPingFrame([]byte("are you there")))))
	f, err := ws.ReadFrame(c)
	require.NoError(t, err)
	require.Equal(t, ws.OpPong, f.Header.OpCode)
	require.Equal(t, "are you there", string(f.Payload))
	require.NoError(t, ws.WriteFrame(c, ws.MaskFrame(ws.NewCloseFrame(ws.NewCloseFrameBody(4321, "enough")))))
	require.EqualValues(t, 4321, closeCode(t, c))
	_, err = c.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	require.NoError(t, c.Close())
	<-h.closed
}

func TestViolationsClose(t *testing.T) {
	e := start(t, engine.Config{}, newEcho())
	other := dial(t, e)
	mask := [4]byte{1, 2, 3, 4}
	frame := func(b0 byte, p []byte) []byte {
		f := codec.AppendMaskedFrame(nil, codec.OpTextFrame, mask, p)
		f[0] = b0
		return f
	}
	for name, tt := range map[string]struct {
		bytes []byte
		code  uint16
	}{
		"unmasked":        {[]byte{0x81, 1, 'x'}, 1002},
		"rsv":             {frame(0xC1, []byte("x")), 1002},
		"2^33":            {[]byte{0x82, 0xFF, 0, 0, 0, 2, 0, 0, 0, 0, 1, 2, 3, 4}, 1009},
		"2^47":            {[]byte{0x82, 0xFF, 0, 0, 0x80, 0, 0, 0, 0, 0, 1, 2, 3, 4}, 1009},
		"bad UTF-8":       {frame(0x81, []byte{0xff}), 1007},
		"lone continue":   {frame(0x80, nil), 1002},
		"bad close code":  {frame(0x88, []byte{0, 5}), 1002},
		"interleaved":     {append(frame(0x01, []byte("a")), frame(0x81, []byte("b"))...), 1002},
		"junk":            {bytes.Repeat([]byte{0xAA, 0x55}, 32<<10), 1002},
		"half a message ": {append(frame(0x01, []byte("a")), frame(0x88, []byte{3, 0xE8})...), 1000},
	} {
		c := dial(t, e)
		_, err := c.Write(tt.bytes)
		require.NoError(t, err, name)
		require.Equal(t, tt.code, closeCode(t, c), name)
		roundTrip(t, other, ws.OpText, []byte("still here"))
	}
	for _, junk := range [][]byte{[]byte("GET / HTTP/1.1\r\n\r\n"), {0x16, 3, 1, 0}, bytes.Repeat([]byte{0xC1, 0xff}, 32<<10)} {
		c := dialTCP(t, e)
		_, err := c.Write(junk)
		require.NoError(t, err)
		got, err := io.ReadAll(c)
		if err == nil {
			require.Contains(t, string(got), "bye")
		}
		roundTrip(t, other, ws.OpText, []byte("still here"))
	}
}

func TestHeartbeatAndDeadlines(t *testing.T) {
	t.Parallel()
	h := newEcho()
	h.tier.Ping, h.tier.Pong = time.Second, time.Second
	e := start(t, engine.Config{HandshakeTimeout: time.Second}, h)
	c := dial(t, e)
	got, _, err := wsutil.ReadServerData(c)
	require.NoError(t, err)
	require.Equal(t, "ping", string(got))
	roundTrip(t, c, ws.OpText, []byte("pong"))
	require.EqualValues(t, 3012, closeCode(t, c)) // silence from here on
	half, err := net.Dial("tcp", e.WSAddr())
	require.NoError(t, err)
	defer half.Close()
	_, err = half.Write([]byte("GET /ws HTTP/1.1\r\nHost: x\r\n"))
	require.NoError(t, err)
	require.NoError(t, half.SetDeadline(time.Now().Add(10*time.Second)))
	_, err = half.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
}

func TestPanicClosesOneConnection(t *testing.T) {
	h := newEcho()
	h.serve = func(in *engine.Inbound) {
		if string(in.Data) == "boom" {
			panic("boom")
		}
	}
	e := start(t, engine.Config{Shards: 1}, h)
	a, b := dial(t, e), dial(t, e)
	require.NoError(t, wsutil.WriteClientText(a, []byte("boom")))
	roundTrip(t, b, ws.OpText, []byte("fine"))
	require.EqualValues(t, 3004, closeCode(t, a))
	require.NotZero(t, e.Stats().Panics)
}
