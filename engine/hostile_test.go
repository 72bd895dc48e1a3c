package engine_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/engine"
)

func mustURL(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		panic(err)
	}
	return u
}

// masked is a client's frame with its first byte chosen.
func masked(b0 byte, p []byte) []byte {
	f := codec.AppendMaskedFrame(nil, codec.OpTextFrame, [4]byte{7, 1, 250, 3}, p)
	f[0] = b0
	return f
}

const goodHandshake = "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

func TestBadHandshakesAreAnswered(t *testing.T) {
	e := start(t, engine.Config{Path: "/ws", Protocols: map[string]engine.Kind{"a.v1": engine.WebSocketText}}, newEcho())
	others := chat(t, e)
	for name, tt := range map[string]struct{ request, want string }{
		"other path":         {strings.Replace(goodHandshake, "/ws", "/", 1) + "\r\n", "HTTP/1.1 404"},
		"post":               {strings.Replace(goodHandshake, "GET", "POST", 1) + "\r\n", "HTTP/1.1 405"},
		"no upgrade":         {"GET /ws HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 4"},
		"old version":        {strings.Replace(goodHandshake, "13", "8", 1) + "\r\n", "HTTP/1.1 426"},
		"no key":             {strings.Replace(goodHandshake, "Sec-WebSocket-Key", "X", 1) + "\r\n", "HTTP/1.1 400"},
		"unknown protocol":   {goodHandshake + "Sec-WebSocket-Protocol: b.v9, c\r\n\r\n", "HTTP/1.1 400"},
		"junk line":          {"\x00\xff\xfe\r\n\r\n", "HTTP/1.1 400"},
		"endless head":       {goodHandshake + strings.Repeat("X-A: aaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n", 400), "HTTP/1.1 431"},
		"endless first line": {"GET /" + strings.Repeat("a", 10_000), "HTTP/1.1 431"},
		"64 KiB of junk":     {strings.Repeat("\xaa\x55", 32<<10), "HTTP/1.1 431"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := net.Dial("tcp", e.WSAddr())
			require.NoError(t, err)
			defer c.Close()
			_, err = c.Write([]byte(tt.request))
			require.NoError(t, err)
			require.Contains(t, refusal(t, c)+"\n", tt.want)
			others.progress(t)
		})
	}
}

func TestFramesRightBehindTheHandshake(t *testing.T) {
	e := start(t, engine.Config{}, newEcho())
	c, err := net.Dial("tcp", e.WSAddr())
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.SetDeadline(time.Now().Add(20*time.Second)))
	both := append([]byte(goodHandshake+"\r\n"), masked(0x81, []byte("early"))...)
	_, err = c.Write(both)
	require.NoError(t, err)
	want := append([]byte("\r\n\r\n"), 0x81, 5, 'e', 'a', 'r', 'l', 'y')
	var got []byte
	for !bytes.HasSuffix(got, want) {
		b := make([]byte, 256)
		n, err := c.Read(b)
		require.NoError(t, err, "%q", got)
		got = append(got, b[:n]...)
	}
}

func TestOneByteAtATime(t *testing.T) {
	e := start(t, engine.Config{}, newEcho())
	others := chat(t, e)
	c, err := net.Dial("tcp", e.WSAddr())
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.SetDeadline(time.Now().Add(20*time.Second)))
	drip := func(b []byte) {
		for i := range b {
			_, err := c.Write(b[i : i+1])
			require.NoError(t, err)
		}
	}
	drip([]byte(goodHandshake + "\r\n"))
	head := make([]byte, 0, 512)
	for !bytes.HasSuffix(head, []byte("\r\n\r\n")) {
		var b [1]byte
		_, err := c.Read(b[:])
		require.NoError(t, err)
		head = append(head, b[0])
	}
	// A fragmented message with control frames between the fragments, and within runes.
	drip(masked(0x01, []byte("h\xc3")))
	drip(masked(0x89, []byte("p1")))
	drip(masked(0x00, []byte("\xa9llo ")))
	drip(masked(0x8A, []byte("unasked pong")))
	drip(masked(0x89, []byte("p2")))
	drip(masked(0x80, []byte(strings.Repeat("語", 200))))
	for _, want := range []string{"p1", "p2", "héllo " + strings.Repeat("語", 200)} {
		f, err := ws.ReadFrame(c)
		require.NoError(t, err)
		require.Equal(t, want, string(f.Payload))
	}
	others.progress(t)
}

// TestDeadlinesHoldWhateverTrickles: handshakes and first messages that never get whole are cut off, however they trickle.
func TestDeadlinesHoldWhateverTrickles(t *testing.T) {
	t.Parallel()
	h := newEcho()
	h.mute = true
	h.tier.OutLimit = 1 << 20
	e := start(t, engine.Config{HandshakeTimeout: time.Second, FirstMessageTimeout: time.Second}, h)
	half := map[string]string{
		"nothing":        "",
		"half handshake": goodHandshake,
		"half a line":    "GE",
	}
	var conns []net.Conn
	for _, begin := range half {
		for range 30 {
			c, err := net.Dial("tcp", e.WSAddr())
			require.NoError(t, err)
			defer c.Close()
			_, err = c.Write([]byte(begin))
			require.NoError(t, err)
			conns = append(conns, c)
		}
	}
	drip, err := net.Dial("tcp", e.WSAddr())
	require.NoError(t, err)
	defer drip.Close()
	began := time.Now()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for i := 0; err == nil; i++ {
		require.Less(t, time.Since(began), 10*time.Second)
		<-tick.C
		_, err = drip.Write([]byte(goodHandshake)[i%len(goodHandshake):][:1])
	}
	for _, c := range conns {
		require.NoError(t, c.SetDeadline(time.Now().Add(10*time.Second)))
		_, err := c.Read(make([]byte, 1))
		require.ErrorIs(t, err, io.EOF)
	}
	// After the handshake, nothing or half a message: closed with 3502, and told so on TCP too.
	w := dial(t, e)
	_, err = w.Write(masked(0x01, []byte("half")))
	require.NoError(t, err)
	require.EqualValues(t, 3502, closeCode(t, w))
	require.Contains(t, refusal(t, dialTCP(t, e)), "bye")
	eventually(t, "all have gone", func() bool { return e.Stats().Connections == 0 })
}

func TestClaimedLengthsTakeNoMemory(t *testing.T) {
	e := start(t, engine.Config{}, newEcho())
	others := chat(t, e)
	before := heap()
	const n = 300
	for range n {
		c := dial(t, e) // claims as much as it may, and sends a little of it
		_, err := c.Write([]byte{0x82, 0xFF, 0, 0, 0, 0, 0, 0x10, 0, 0, 1, 2, 3, 4, 'x', 'y', 'z'})
		require.NoError(t, err)
		s := dialTCP(t, e)
		head := codec.AppendBinary(nil, codec.Header{}, &codec.Event{Data: make([]byte, 1<<20-100)})[:100]
		_, err = s.Write(head)
		require.NoError(t, err)
	}
	others.progress(t)
	require.Less(t, (heap()-before)/n, int64(32<<10), "bytes a pair of connections, our own side included")
	c := dialTCP(t, e)
	_, err := c.Write([]byte{0xC1, 0x10, 0, 0xFF, 0xFF, 0xFF, 0, 1}) // 16 MiB: more than it may
	require.NoError(t, err)
	require.Contains(t, refusal(t, c), "larger")
	others.progress(t)
}

func TestJunkOnTCPIsAnsweredAndWhatWasGoodIsServed(t *testing.T) {
	h := newEcho()
	var served atomic.Int32
	h.serve = func(in *engine.Inbound) {
		if in.Op == engine.OpStream && len(in.Data) > 3 && in.Data[7] == 1 {
			served.Add(1)
		}
	}
	e := start(t, engine.Config{}, h)
	others := chat(t, e)
	sent := int32(0)
	good := codec.AppendBinary(nil, codec.Header{RID: 1}, &codec.Ping{Time: 5})
	for _, junk := range [][]byte{
		[]byte("GET / HTTP/1.1\r\n\r\n"), {0x16, 3, 1, 0}, {0xC2, 1, 0, 0, 0, 0, 0, 0}, {0xC1, 1, 0xF8, 0, 0, 0, 0, 0}, bytes.Repeat([]byte{0xAA}, 64<<10),
	} {
		c := dialTCP(t, e)
		_, err := c.Write(append(bytes.Clone(good), junk...))
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(refusal(t, c), string(good)+"bye"), "%.8x: an answer, then goodbye", junk)
		sent++
		eventually(t, "the good packet was served", func() bool { return served.Load() == sent })
		others.progress(t)
	}
}

// lastFrames end a connection: the peer's own close frame, and violations of the protocol.
var lastFrames = map[string]struct {
	frame []byte
	bye   bool // whether a message announces the close
	code  uint16
}{
	"close":               {masked(0x88, []byte{0x0F, 0xA0, 'b', 'y', 'e'}), false, 4000},
	"reserved bit":        {masked(0xC1, []byte("x")), true, 1002},
	"reserved opcode":     {masked(0x83, nil), true, 1002},
	"nothing to continue": {masked(0x80, []byte("x")), true, 1002},
	"not UTF-8":           {masked(0x81, []byte("\xff")), true, 1007},
	"never UTF-8":         {masked(0x01, []byte("\xf4\x90")), true, 1007},
	"bad close code":      {masked(0x88, []byte{0x03, 0xED}), true, 1002},
	"too big":             {[]byte{0x82, 0xFF, 0, 0, 0, 0, 1, 0, 0, 0, 1, 2, 3, 4}, true, 1009},
}

func TestGoodbyesFollowTheAnswersToWhatCameBefore(t *testing.T) {
	for name, last := range lastFrames {
		t.Run(name, func(t *testing.T) {
			h := newEcho()
			entered, leave := make(chan struct{}), make(chan struct{})
			h.serve = func(in *engine.Inbound) {
				if string(in.Data) == "wait" {
					close(entered)
					<-leave
				}
			}
			e := start(t, engine.Config{}, h)
			c := dial(t, e)
			all := append(masked(0x81, []byte("wait")), masked(0x81, []byte("one"))...)
			all = append(all, last.frame...)
			all = append(all, masked(0x81, []byte("too late"))...)
			_, err := c.Write(all)
			require.NoError(t, err)
			<-entered
			close(leave)
			wants := []string{"wait", "one"}
			if last.bye {
				wants = append(wants, "bye ")
			}
			for _, want := range wants {
				f, err := ws.ReadFrame(c)
				require.NoError(t, err)
				require.True(t, strings.HasPrefix(string(f.Payload), want), "%q, not %q", f.Payload, want)
			}
			require.EqualValues(t, last.code, closeCode(t, c))
			_, err = c.Read(make([]byte, 1))
			require.ErrorIs(t, err, io.EOF, "the server ends its side first")
		})
	}
}

func TestGoodbyesComeThoughTheShardHangs(t *testing.T) {
	t.Parallel()
	h := newEcho()
	leave := make(chan struct{})
	h.serve = func(in *engine.Inbound) {
		if string(in.Data) == "hang" {
			<-leave
		}
	}
	e := start(t, engine.Config{Shards: 1}, h)
	defer close(leave)
	conns := map[string]net.Conn{}
	for name, last := range lastFrames {
		c := dial(t, e)
		_, err := c.Write(append(masked(0x81, []byte("hang")), last.frame...))
		require.NoError(t, err)
		conns[name] = c
	}
	for name, c := range conns {
		require.EqualValues(t, lastFrames[name].code, closeCode(t, c), name)
	}
}

// TestFloodDoesNotOvertakeTheGoodbye: whoever goes on sending after a violation is not cut off before its goodbye is said.
func TestFloodDoesNotOvertakeTheGoodbye(t *testing.T) {
	h := newEcho()
	entered, leave := make(chan struct{}), make(chan struct{})
	h.serve = func(in *engine.Inbound) {
		if in.Op == engine.OpText {
			close(entered)
			<-leave
		}
	}
	e := start(t, engine.Config{}, h)
	c := dial(t, e)
	_, err := c.Write(append(masked(0x81, []byte("wait")), masked(0x83, nil)...))
	require.NoError(t, err)
	<-entered
	_, err = c.Write(make([]byte, 32<<20))
	close(leave)
	require.NoError(t, err)
	f, err := ws.ReadFrame(c)
	require.NoError(t, err)
	require.Equal(t, "wait", string(f.Payload))
	require.EqualValues(t, 1002, closeCode(t, c))
}

// TestFloodDoesNotShutOthersOut: one connection floods a shard that is slow; others of the same shard are still served, and
// the flooder is told that it is too fast.
func TestFloodDoesNotShutOthersOut(t *testing.T) {
	h := newEcho()
	gate := make(chan struct{})
	h.serve = func(in *engine.Inbound) {
		if string(in.Data) == "flood" {
			<-gate
		}
	}
	e := start(t, engine.Config{Shards: 1, QueueLen: 64, QueueBytes: 64 << 10}, h)
	flooder, other := dial(t, e), dial(t, e)
	one := masked(0x81, []byte("flood"))
	_, err := flooder.Write(bytes.Repeat(one, 500))
	require.NoError(t, err)
	f, err := ws.ReadFrame(flooder) // the loop answers though the shard hangs
	require.NoError(t, err)
	require.Equal(t, "busy", string(f.Payload))
	require.NoError(t, wsutil.WriteClientText(other, []byte("me too"))) // there is room left
	close(gate)
	got, err := wsutil.ReadServerText(other)
	require.NoError(t, err)
	require.Equal(t, "me too", string(got))
	busy, served := 1, 0
	for busy+served < 500 {
		f, err := ws.ReadFrame(flooder)
		require.NoError(t, err)
		if string(f.Payload) == "busy" {
			busy++
		} else {
			served++
		}
	}
	require.NotZero(t, served)
	require.LessOrEqual(t, served, 64)
}

// TestPingFlood: whoever sends pings and reads no answers is closed, and holds no more than its limit.
func TestPingFlood(t *testing.T) {
	h := newEcho()
	h.tier.OutLimit = 64 << 10
	e := start(t, engine.Config{}, h)
	others := chat(t, e)
	c := upgrade(t, e, func(c *net.TCPConn) { _ = c.SetReadBuffer(128 << 10) })
	before := heap()
	pings := bytes.Repeat(masked(0x89, bytes.Repeat([]byte("p"), 125)), 100)
	var err error
	for i := 0; err == nil && i < 20_000; i++ {
		_, err = c.Write(pings)
	}
	require.Error(t, err, "the flooder was not stopped")
	require.False(t, errors.Is(err, os.ErrDeadlineExceeded), err)
	require.Less(t, heap()-before, int64(8<<20))
	others.progress(t)
}
