package engine_test

import (
	"bytes"
	"sync/atomic"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/engine"
)

// fragile panics in the method that the test names.
type fragile struct {
	*app
	in    string
	tamed atomic.Bool
}

func (f *fragile) maybe(method string) {
	if f.in == method && !f.tamed.Load() {
		panic("boom in " + method)
	}
}

func (f *fragile) Open(c *engine.Conn) engine.Session {
	if f.in == "Open" && c.ID() == 2 {
		panic("boom in Open")
	}
	return f.app.Open(c)
}

func (f *fragile) Tick(n int) { f.maybe("Tick"); f.app.Tick(n) }
func (f *fragile) Ping(k engine.Kind, now int64) *engine.Frame {
	f.maybe("Ping")
	return f.app.Ping(k, now)
}

func (f *fragile) Bye(k engine.Kind, code uint16, reason string, after uint32, soft bool) *engine.Frame {
	f.maybe("Bye")
	return f.app.Bye(k, code, reason, after, soft)
}

func (f *fragile) Gap(c *engine.Conn, m []engine.Missed) *engine.Frame {
	f.maybe("Gap")
	return f.app.Gap(c, m)
}

func (f *fragile) Busy(c *engine.Conn, data []byte) *engine.Frame {
	f.maybe("Busy")
	return f.app.Busy(c, data)
}

func TestPanicsAnywhereEndOneConnectionAtMost(t *testing.T) {
	for _, method := range []string{"Open", "Tick", "Ping", "Bye", "Gap", "Busy"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			set := metrics.NewSet()
			h := &fragile{app: newApp(), in: method}
			h.tier.Ping, h.tier.Pong, h.tier.OutLimit = time.Second, 20*time.Second, 64<<10
			entered, leave := make(chan struct{}), make(chan struct{})
			h.serve = func(in *engine.Inbound) {
				if string(in.Data) == "wait" {
					close(entered)
					<-leave
				}
			}
			e := start(t, engine.Config{Loops: 1, Shards: 1, QueueLen: 4, QueueBytes: 4096, Metrics: set}, h)
			other := dial(t, e)
			conn := func() *engine.Conn { return <-h.opened }
			conn()
			victim := dial(t, e)
			switch method {
			case "Open":
				require.EqualValues(t, 3004, closeCode(t, victim))
			case "Bye": // closing works without
				conn().Close(3503, "out")
				require.EqualValues(t, 3503, closeCode(t, victim))
			case "Gap":
				c := conn()
				e.Hub().Subscribe(topic, c)
				for i := uint64(1); counter(set, droppedPush) == 0; i++ {
					push(e, i, bytes.Repeat([]byte("x"), 16<<10))
				}
				require.EqualValues(t, 3004, closeCode(t, victim))
			case "Busy":
				require.NoError(t, wsutil.WriteClientText(victim, []byte("wait")))
				<-entered
				for range 8 {
					require.NoError(t, wsutil.WriteClientText(victim, bytes.Repeat([]byte("x"), 500)))
				}
				require.EqualValues(t, 3013, closeCode(t, victim))
				close(leave)
			}
			eventually(t, "the panic is counted", func() bool { return e.Stats().Panics > 0 })
			h.tamed.Store(true)
			for want := "ping"; ; { // heartbeats go on
				f, err := ws.ReadFrame(other)
				require.NoError(t, err)
				if string(f.Payload) == want {
					break
				}
			}
			for range 3 {
				require.NoError(t, wsutil.WriteClientText(other, []byte("fine")))
				for {
					f, err := ws.ReadFrame(other)
					require.NoError(t, err)
					if string(f.Payload) == "fine" {
						break
					}
				}
			}
		})
	}
}
