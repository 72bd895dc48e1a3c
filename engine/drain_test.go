package engine_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/engine"
)

// leaver notes what it was asked to say at the end.
type leaver struct {
	*app
	mu    sync.Mutex
	soft  []uint32
	codes []uint16
}

func (l *leaver) Bye(k engine.Kind, code uint16, reason string, retryAfter uint32, soft bool) *engine.Frame {
	l.mu.Lock()
	if soft {
		l.soft = append(l.soft, retryAfter)
	}
	l.codes = append(l.codes, code)
	l.mu.Unlock()
	text := fmt.Sprintf("bye %d soft=%v", code, soft)
	return engine.NewFrame(k, func(dst []byte) []byte { return append(dst, text...) })
}

func TestDrain(t *testing.T) {
	t.Parallel()
	h := &leaver{app: newApp()}
	e := start(t, engine.Config{}, h)
	stays, goes := dial(t, e), dial(t, e)
	tcp := dialTCP(t, e)
	half, err := net.Dial("tcp", e.WSAddr())
	require.NoError(t, err)
	defer half.Close()
	eventually(t, "all are there", func() bool { return e.Stats().Connections == 4 })

	const window = time.Second
	done := make(chan struct{})
	began := time.Now()
	go func() {
		defer close(done)
		e.Drain(context.Background(), window, func(c *engine.Conn) (from, to float64) {
			if c.Kind() == engine.RawTCP {
				return 0.5, 1
			}
			return 0, 0.5
		})
	}()
	for _, c := range []net.Conn{stays, goes} {
		got, err := wsutil.ReadServerText(c)
		require.NoError(t, err)
		require.Equal(t, "bye 3001 soft=true", string(got))
	}
	roundTrip(t, stays, ws.OpText, []byte("still served"))
	late, err := net.Dial("tcp", e.WSAddr()) // nobody new
	require.NoError(t, err)
	defer late.Close()
	require.Contains(t, refusal(t, late), "HTTP/1.1 503")
	late, err = net.Dial("tcp", e.TCPAddr())
	require.NoError(t, err)
	defer late.Close()
	require.Contains(t, refusal(t, late), "bye 3001")
	require.NoError(t, goes.Close())

	require.EqualValues(t, 3001, closeCode(t, stays))
	require.NoError(t, stays.Close())
	require.Contains(t, refusal(t, tcp), "bye 3001 soft=truebye 3001 soft=false")
	require.NoError(t, tcp.Close())
	<-done
	require.GreaterOrEqual(t, time.Since(began), window)
	require.Zero(t, e.Stats().Connections)
	h.mu.Lock()
	defer h.mu.Unlock()
	require.Len(t, h.soft, 3)
	waves := 0
	for _, ms := range h.soft {
		require.LessOrEqual(t, ms, uint32(window/time.Millisecond))
		if ms >= 500 {
			waves++
		}
	}
	require.Equal(t, 1, waves, "the second wave is the TCP client's alone")
}

func TestDrainEndsEarlyWhenAllHaveGone(t *testing.T) {
	h := newApp()
	e := start(t, engine.Config{}, h)
	c := dial(t, e)
	<-h.opened
	done := make(chan struct{})
	go func() { defer close(done); e.Drain(context.Background(), time.Hour, nil) }()
	_, err := wsutil.ReadServerText(c)
	require.NoError(t, err)
	require.NoError(t, c.Close())
	<-done
}

// TestDrainWaitsForTheShards: what was taken from clients is served before Drain returns.
func TestDrainWaitsForTheShards(t *testing.T) {
	h := newEcho()
	entered, leave := make(chan struct{}), make(chan struct{})
	h.serve = func(in *engine.Inbound) {
		if string(in.Data) == "slow" {
			close(entered)
			<-leave
		}
	}
	e := start(t, engine.Config{}, h)
	c := dial(t, e)
	require.NoError(t, wsutil.WriteClientText(c, []byte("slow")))
	<-entered
	require.NoError(t, c.Close())
	eventually(t, "it has gone", func() bool { return e.Stats().Connections == 0 })
	done := make(chan struct{})
	go func() { defer close(done); e.Drain(context.Background(), time.Millisecond, nil) }()
	timer := time.NewTimer(200 * time.Millisecond)
	select {
	case <-done:
		t.Error("drained while a message was being served")
	case <-timer.C:
	}
	close(leave)
	<-done
}

func TestOpClosedIsLast(t *testing.T) {
	h := newEcho()
	var mu sync.Mutex
	log := map[*engine.Conn][]engine.Op{}
	h.serve = func(in *engine.Inbound) {
		mu.Lock()
		log[in.Conn] = append(log[in.Conn], in.Op)
		mu.Unlock()
	}
	e := start(t, engine.Config{}, h)
	const n, each = 50, 20
	for range n {
		c := dial(t, e)
		for range each {
			require.NoError(t, wsutil.WriteClientText(c, []byte("x")))
		}
		require.NoError(t, wsutil.WriteClientMessage(c, ws.OpClose, ws.NewCloseFrameBody(1000, "")))
		require.EqualValues(t, 1000, closeCode(t, c))
		require.NoError(t, c.Close())
	}
	eventually(t, "every end was delivered", func() bool {
		mu.Lock()
		defer mu.Unlock()
		ends := 0
		for _, ops := range log {
			if ops[len(ops)-1] == engine.OpClosed {
				ends++
			}
		}
		return ends == n
	})
	mu.Lock()
	defer mu.Unlock()
	for _, ops := range log {
		require.Len(t, ops, each+1, "all messages, one end")
	}
}

func TestRunRefusesATakenAddress(t *testing.T) {
	first := start(t, engine.Config{}, newEcho())
	e, err := engine.New(engine.Config{WSListen: first.WSAddr()}, newEcho())
	require.NoError(t, err)
	err = e.Run(context.Background())
	require.Error(t, err)
	require.True(t, strings.Contains(err.Error(), "in use"), err)
}
