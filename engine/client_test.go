package engine_test

import (
	"bytes"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/engine"
)

// chatters are well-behaved clients that echo all the time, to see whether others can disturb them.
type chatters struct {
	stop   chan struct{}
	wg     sync.WaitGroup
	rounds []atomic.Int64
	errs   chan error
}

// chat starts a WebSocket and a TCP client that echo until the test ends, and fails it if they ever can't.
func chat(t *testing.T, e *engine.Engine) *chatters {
	w, s := dial(t, e), dialTCP(t, e)
	for _, c := range []net.Conn{w, s} {
		require.NoError(t, c.SetDeadline(time.Now().Add(2*time.Minute)))
	}
	x := &chatters{stop: make(chan struct{}), rounds: make([]atomic.Int64, 2), errs: make(chan error, 2)}
	text := []byte("does it still echo? 还在吗")
	packet := codec.AppendBinary(nil, codec.Header{RID: 9}, &codec.Ping{Time: 42})
	got := make([]byte, len(packet))
	x.run(0, func() error {
		if err := wsutil.WriteClientText(w, text); err != nil {
			return err
		}
		back, err := wsutil.ReadServerText(w)
		if err == nil && !bytes.Equal(back, text) {
			err = fmt.Errorf("echo of %q was %q", text, back)
		}
		return err
	})
	x.run(1, func() error {
		if _, err := s.Write(packet); err != nil {
			return err
		}
		_, err := readFull(s, got)
		if err == nil && !bytes.Equal(got, packet) {
			err = fmt.Errorf("echo of %x was %x", packet, got)
		}
		return err
	})
	t.Cleanup(func() {
		x.progress(t)
		close(x.stop)
		x.wg.Wait()
		select {
		case err := <-x.errs:
			t.Errorf("a bystander was disturbed: %v", err)
		default:
		}
	})
	return x
}

func readFull(c net.Conn, b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var m int
		m, err = c.Read(b[n:])
		n += m
	}
	return n, err
}

func (x *chatters) run(i int, round func() error) {
	x.wg.Go(func() {
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-x.stop:
				return
			case <-tick.C:
			}
			if err := round(); err != nil {
				x.errs <- err
				return
			}
			x.rounds[i].Add(1)
		}
	})
}

// progress waits until every chatter has echoed again.
func (x *chatters) progress(t *testing.T) {
	t.Helper()
	for i := range x.rounds {
		from := x.rounds[i].Load()
		eventually(t, "a bystander echoes", func() bool { return x.rounds[i].Load() >= from+2 || len(x.errs) > 0 })
	}
}

// eventually waits for a condition.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("in vain waited until %s", what)
		}
	}
}

// upgrade opens a WebSocket without a reader of its own, so that the test decides what is read.
func upgrade(t testing.TB, e *engine.Engine, prepare func(*net.TCPConn)) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", e.WSAddr())
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	if prepare != nil {
		prepare(c.(*net.TCPConn))
	}
	require.NoError(t, c.SetDeadline(time.Now().Add(time.Minute)))
	_, _, err = ws.Dialer{}.Upgrade(c, mustURL("ws://"+e.WSAddr()+"/ws"))
	require.NoError(t, err)
	return c
}

// counter reads one of the engine's counters.
func counter(set *metrics.Set, name string) uint64 { return set.GetOrCreateCounter(name).Get() }

// heap is what the process holds after a collection.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// refusal reads the status line and head of an HTTP answer.
func refusal(t testing.TB, c net.Conn) string {
	t.Helper()
	require.NoError(t, c.SetDeadline(time.Now().Add(20*time.Second)))
	var all []byte
	buf := make([]byte, 1024)
	for {
		n, err := c.Read(buf)
		if all = append(all, buf[:n]...); err != nil {
			return strings.TrimSpace(string(all))
		}
	}
}
