package engine_test

import (
	"bytes"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/gobwas/ws"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/engine"
)

// app is an echo whose connections the test gets hold of, and that notes what GAPs it was asked for.
type app struct {
	*echo
	opened chan *engine.Conn
	missed atomic.Pointer[[]engine.Missed]
}

func newApp() *app { return &app{echo: newEcho(), opened: make(chan *engine.Conn, 64)} }

func (a *app) Open(c *engine.Conn) engine.Session {
	a.opened <- c
	return a.echo.Open(c)
}

func (a *app) Gap(c *engine.Conn, missed []engine.Missed) *engine.Frame {
	all := append([]engine.Missed(nil), missed...)
	a.missed.Store(&all)
	return a.echo.Gap(c, missed)
}

const (
	droppedPush      = `chat_dropped_messages_total{reason="push"}`
	droppedEphemeral = `chat_dropped_messages_total{reason="ephemeral"}`
	droppedFull      = `chat_dropped_messages_total{reason="full"}`
	closedSlow       = `uniqchat_engine_closed_total{code="3008"}`
)

// sleeper opens a connection that reads nothing for now.
func sleeper(t *testing.T, e *engine.Engine, a *app) (net.Conn, *engine.Conn) {
	t.Helper()
	c := upgrade(t, e, func(c *net.TCPConn) { _ = c.SetReadBuffer(128 << 10) })
	return c, <-a.opened
}

func slowSetup(t *testing.T, limit int) (*engine.Engine, *app, *metrics.Set) {
	a, set := newApp(), metrics.NewSet()
	a.tier.OutLimit = limit
	a.closed = make(chan *engine.Conn, 64)
	return start(t, engine.Config{Metrics: set}, a), a, set
}

var topic = engine.Topic{ID: [16]byte{9}, Space: 4}

// push publishes a tagged frame and returns how many got it.
func push(e *engine.Engine, seq uint64, body []byte) int {
	f := engine.NewFrame(engine.WebSocketText, func(dst []byte) []byte { return append(dst, body...) })
	defer f.Release()
	f.Tag(topic, seq)
	return e.Hub().Publish(topic, func(*engine.Conn) *engine.Frame { f.Retain(); return f }, engine.Push)
}

func TestSlowReaderGetsAGap(t *testing.T) {
	const limit = 256 << 10
	e, a, set := slowSetup(t, limit)
	c, conn := sleeper(t, e, a)
	e.Hub().Subscribe(topic, conn)
	before := heap()
	body := bytes.Repeat([]byte("m"), 16<<10)
	seq := uint64(0)
	for counter(set, droppedPush) < 100 {
		seq++
		push(e, seq, body)
		require.Less(t, seq, uint64(100_000))
	}
	require.Less(t, heap()-before, int64(4<<20), "what a stalled reader costs")
	require.Zero(t, counter(set, closedSlow), "pushes don't close")

	got := uint64(0) // it wakes up: some pushes, then the GAP, nothing between
	for {
		f, err := ws.ReadFrame(c)
		require.NoError(t, err)
		if string(f.Payload) == "gap" {
			break
		}
		require.Equal(t, len(body), len(f.Payload))
		got++
	}
	require.Less(t, got, seq)
	require.Equal(t, []engine.Missed{{Topic: topic, Top: seq}}, *a.missed.Load(), "one GAP says how far it went")

	require.Equal(t, 1, push(e, seq+1, []byte("back to normal")))
	f, err := ws.ReadFrame(c)
	require.NoError(t, err)
	require.Equal(t, "back to normal", string(f.Payload))
	require.Zero(t, counter(set, closedSlow))
}

func TestSlowReaderLosesEphemeralsFirst(t *testing.T) {
	e, a, set := slowSetup(t, 256<<10)
	c, conn := sleeper(t, e, a)
	body := bytes.Repeat([]byte("e"), 4<<10)
	sent := 0
	for counter(set, droppedEphemeral) == 0 {
		conn.Send(engine.NewFrame(engine.WebSocketText, func(dst []byte) []byte { return append(dst, body...) }), engine.Ephemeral)
		sent++
		require.Less(t, sent, 100_000)
	}
	conn.Send(engine.NewFrame(engine.WebSocketText, func(dst []byte) []byte { return append(dst, "answer"...) }), engine.Must)
	for { // the answer still gets through
		f, err := ws.ReadFrame(c)
		require.NoError(t, err)
		if string(f.Payload) == "answer" {
			break
		}
	}
	require.Zero(t, counter(set, closedSlow))
	require.Zero(t, counter(set, droppedPush))
}

func TestSlowReaderOfAnswersIsClosed(t *testing.T) {
	const limit = 256 << 10
	e, a, set := slowSetup(t, limit)
	others := chat(t, e)
	<-a.opened // the chatters'
	<-a.opened
	c, conn := sleeper(t, e, a)
	before := heap()
	body := bytes.Repeat([]byte("x"), 16<<10)
	for i := 0; counter(set, closedSlow) == 0; i++ {
		conn.Send(engine.NewFrame(engine.WebSocketText, func(dst []byte) []byte { return append(dst, body...) }), engine.Must)
		require.Less(t, i, 100_000)
	}
	require.NotZero(t, counter(set, droppedFull))
	require.Less(t, heap()-before, int64(8<<20))
	others.progress(t)
	require.EqualValues(t, 3008, closeCode(t, c)) // if it does read on, it learns why
	_, err := io.Copy(io.Discard, c)
	require.NoError(t, err)
	require.NoError(t, c.Close())
	for gone := range a.closed {
		if gone == conn {
			break
		}
	}
}

func TestReaderWithoutProgressIsClosed(t *testing.T) {
	t.Parallel()
	e, a, set := slowSetup(t, 1<<20)
	_, conn := sleeper(t, e, a)
	for sent := 0; sent < 8<<20; sent += 64 << 10 { // more than the kernel takes, less than closes it at once
		f := engine.NewFrame(engine.WebSocketText, func(dst []byte) []byte { return append(dst, make([]byte, 64<<10)...) })
		conn.Send(f, engine.Ephemeral)
	}
	select {
	case gone := <-a.closed:
		require.Same(t, conn, gone)
	case <-time.After(30 * time.Second):
		t.Fatal("it is still there")
	}
	require.EqualValues(t, 1, counter(set, closedSlow))
	require.EqualValues(t, 1, counter(set, `chat_dropped_messages_total{reason="no_progress"}`))
}

// TestMuchAtOnceIsNotSlow: what is sent in one go may be larger than the limit if the reader takes it.
func TestMuchAtOnceIsNotSlow(t *testing.T) {
	e, a, set := slowSetup(t, 64<<10)
	c := dial(t, e)
	conn := <-a.opened
	body := bytes.Repeat([]byte("x"), 8<<10)
	const n = 32 // four times the limit, well below what the kernel takes
	frames := make([]*engine.Frame, n)
	for i := range frames {
		frames[i] = engine.NewFrame(engine.WebSocketText, func(dst []byte) []byte { return append(dst, body...) })
	}
	e.Each(func(*engine.Conn) { // on the loop: nothing is written in between
		for _, f := range frames {
			conn.Send(f, engine.Must)
		}
	})
	for range n {
		f, err := ws.ReadFrame(c)
		require.NoError(t, err)
		require.Len(t, f.Payload, len(body))
	}
	roundTrip(t, c, ws.OpText, []byte("and on"))
	require.Zero(t, counter(set, droppedFull))
}

func TestFrameLargerThanTheLimit(t *testing.T) {
	e, a, set := slowSetup(t, 16<<10)
	c := dial(t, e)
	conn := <-a.opened
	big := bytes.Repeat([]byte("b"), 3<<20)
	for range 3 {
		conn.Send(engine.NewFrame(engine.WebSocketText, func(dst []byte) []byte { return append(dst, big...) }), engine.Must)
		f, err := ws.ReadFrame(c)
		require.NoError(t, err)
		require.Len(t, f.Payload, len(big))
	}
	roundTrip(t, c, ws.OpText, []byte("and on"))
	require.Zero(t, counter(set, closedSlow))
}
