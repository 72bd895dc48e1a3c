package engine

import (
	"context"
	"runtime"
	"testing"
	"unsafe"

	"github.com/panjf2000/gnet/v2"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/codec"
)

// socket stands for a gnet connection whose kernel takes everything at once, so that what our own code costs can be counted
// without gnet's and the kernel's.
type socket struct {
	gnet.Conn
	conn          *Conn
	writes, bytes int
}

func (s *socket) Context() any { return s.conn }
func (s *socket) Fd() int      { return -1 }

func (s *socket) Write(p []byte) (int, error) {
	s.writes++
	s.bytes += len(p)
	return len(p), nil
}

func (s *socket) Writev(b [][]byte) (n int, err error) {
	s.writes++
	for _, p := range b {
		n += len(p)
	}
	s.bytes += n
	return n, nil
}

func (s *socket) OutboundBuffered() int { return 0 }

// idleLoop is an event loop on which nothing runs by itself.
type idleLoop struct{ gnet.EventLoop }

func (idleLoop) Execute(context.Context, gnet.Runnable) error { return nil }

// mute is an application that says nothing but pings.
type mute struct{}

func (mute) Open(*Conn) Session         { return nil }
func (mute) Serve(int, []Inbound)       {}
func (mute) Tick(int)                   {}
func (mute) Busy(*Conn, []byte) *Frame  { return nil }
func (mute) Gap(*Conn, []Missed) *Frame { return nil }
func (mute) Ping(k Kind, _ int64) *Frame {
	f, dst := Begin(k)
	return f.Finish(append(dst, "ping"...))
}
func (mute) Bye(Kind, uint16, string, uint32, bool) *Frame { return nil }

// bench is a loop with n connections that follow one topic.
func bench(t testing.TB, n int, tier *Tier) (e *Engine, l *loop, topic Topic, socks []*socket) {
	e, err := New(Config{WSListen: "127.0.0.1:0", Shards: 1}, mute{})
	require.NoError(t, err)
	l = e.loopOf(idleLoop{})
	topic = Topic{ID: [16]byte{1}, Space: 7}
	for i := range n {
		s := new(socket)
		c := &Conn{gc: s, loop: l, id: uint64(i), state: isOpen, kind: WebSocketBinary, ready: true, opened: true}
		c.tier.Store(tier)
		s.conn = c
		l.wheel.add(c, 2)
		e.hub.Subscribe(topic, c)
		socks = append(socks, s)
	}
	return e, l, topic, socks
}

func wantAllocs(t *testing.T, what string, want float64, f func()) {
	t.Helper()
	f() // pools and lists grow to their size
	f()
	if got := testing.AllocsPerRun(200, f); got > want && !raced {
		t.Errorf("%s allocates %v times, want %v", what, got, want)
	}
}

func TestSharedFanOutAllocatesNothing(t *testing.T) {
	const members, burst = 200, 8
	e, l, topic, socks := bench(t, members, &Tier{OutLimit: 1 << 20})
	body := make([]byte, 200)
	var f *Frame
	pick := func(*Conn) *Frame { f.Retain(); return f }
	wantAllocs(t, "fan-out", 0, func() {
		for range burst {
			var dst []byte
			f, dst = Begin(WebSocketBinary)
			f.Finish(append(dst, body...))
			f.Tag(topic, 5)
			if n := e.hub.Publish(topic, pick, Push); n != members {
				t.Fatalf("published to %d", n)
			}
			f.Release()
		}
		l.drain()
	})
	writes := socks[0].writes
	e.hub.Publish(topic, func(*Conn) *Frame { return message(codec.OpBinaryFrame, body) }, Push)
	e.hub.Publish(topic, func(*Conn) *Frame { return message(codec.OpBinaryFrame, body) }, Push)
	l.drain()
	for _, s := range socks {
		require.Equal(t, writes+1, s.writes, "one call of the kernel per connection and wake")
	}
	require.Empty(t, l.dirty)
	for _, c := range e.hub.Members(topic, nil) {
		require.Nil(t, c.out, "an idle connection holds an outbox")
	}
}

func TestPingAndSendAllocateNothing(t *testing.T) {
	e, l, topic, socks := bench(t, 100, &Tier{Ping: 1e9, Pong: 1e9, OutLimit: 1 << 20})
	conns := e.hub.Members(topic, nil)
	second := func() {
		e.clock.Add(1)
		l.step()
		for _, c := range conns {
			if c.pinged {
				c.pinged, c.heard = false, l.now
			}
		}
	}
	for range 2 * wheelSlots { // until every slot has its memory
		second()
	}
	before := socks[0].writes
	wantAllocs(t, "a second of heartbeats", 0, second)
	require.Greater(t, socks[0].writes, before+50)
	c := conns[0]
	packet := &codec.Sendack{Seq: 1, Prev: 1}
	wantAllocs(t, "an answer", 0, func() {
		f, dst := Begin(WebSocketBinary)
		c.Send(f.Finish(codec.AppendBinary(dst, codec.Header{RID: 3}, packet)), Must)
		l.drain()
	})
}

func TestDeliverAllocatesNothing(t *testing.T) {
	e, _, topic, _ := bench(t, 1, &Tier{MaxMessage: 1 << 10, OutLimit: 1 << 20})
	c := e.hub.Members(topic, nil)[0]
	frame := codec.AppendMaskedFrame(nil, codec.OpBinaryFrame, [4]byte{1, 2, 3, 4}, make([]byte, 128))
	work := make([]byte, len(frame))
	wantAllocs(t, "a message from the socket to Serve", 0, func() {
		copy(work, frame)
		if n, err := c.reader.Read(work, 1<<10, c); err != nil || n != len(work) {
			t.Fatal(n, err)
		}
		e.shards[0].serve()
	})
	require.Zero(t, c.queued.Load())
}

func TestClosedConnectionHoldsNothing(t *testing.T) {
	e, l, topic, socks := bench(t, 3, &Tier{OutLimit: 1 << 20})
	f := raw([]byte("never written"))
	c := socks[1].conn
	c.Send(f, Must)
	l.enqueue(c, raw([]byte("nor this")), Must)
	e.OnClose(socks[1], nil)
	e.OnClose(socks[1], nil)
	l.drain()
	require.Nil(t, c.gc)
	require.Nil(t, c.out)
	require.Zero(t, f.refs.Load())
	require.Zero(t, socks[1].writes)
	l.wheel.each(func(other *Conn) { require.NotSame(t, c, other) })
	require.Equal(t, 1, e.shards[0].length(), "the end is told once")
	require.Equal(t, 3, e.hub.Count(topic), "topics are the application's business")
}

func TestConnIsSmall(t *testing.T) {
	require.LessOrEqual(t, unsafe.Sizeof(Conn{}), uintptr(144))
	require.LessOrEqual(t, unsafe.Sizeof(op{}), uintptr(40))
}

func TestHubMemoryPerTopic(t *testing.T) {
	const n = 100_000
	h := newHub()
	c := new(Conn)
	before := heap()
	for i := range n {
		h.Subscribe(topicOf(i), c)
	}
	per := (heap() - before) / n
	t.Logf("%d bytes a topic with one follower", per)
	require.LessOrEqual(t, per, int64(100))
	for i := range n {
		h.Unsubscribe(topicOf(i), c)
	}
	require.Zero(t, h.Topics())
	runtime.KeepAlive(h)
}

func topicOf(i int) (t Topic) {
	x := uint64(i) * 0x9E3779B97F4A7C15
	for b := range 8 {
		t.ID[8+b] = byte(x >> (8 * b))
	}
	t.Space = 3
	return t
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
