package bench

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/uniqchat/uniqchat/codec"
)

// Echo measures round trips of plain WebSocket messages against cmd/echo: codec and engine without a protocol on top.
type Echo struct {
	N        int           // connections. Defaults to 100.
	Depth    int           // messages on their way on each. Defaults to 1.
	Size     int           // bytes of a message, at least 16. Defaults to 128.
	Text     bool          // text messages rather than binary ones
	Warmup   time.Duration // before anything counts. Defaults to 1s.
	Duration time.Duration // Defaults to 10s.
}

func (s *Echo) defaults() {
	if s.N <= 0 {
		s.N = 100
	}
	if s.Depth <= 0 {
		s.Depth = 1
	}
	if s.Size <= 0 {
		s.Size = 128
	}
	s.Size = max(s.Size, echoStamp)
	if s.Warmup <= 0 {
		s.Warmup = time.Second
	}
	if s.Duration <= 0 {
		s.Duration = 10 * time.Second
	}
}

// echoStamp is how many bytes at the start of a message hold the time it was sent at, in hex so that it may be text.
const echoStamp = 16

type echoRun struct {
	*runner
	s     *Echo
	op    codec.Opcode
	done  atomic.Int64
	loops []*echoLoop
}

// echoLoop is one loop's share.
type echoLoop struct {
	run     *echoRun
	hist    *Histogram
	fill    []byte // what follows the stamp
	from    int64  // count what was sent after
	stopped bool
	ramp    ramp
}

type echoConn struct {
	conn
	home *echoLoop
	up   bool
}

// RunEcho runs the scenario. cfg.WS is the echo program's address.
func RunEcho(ctx context.Context, cfg Config, s Echo) (*Result, error) {
	s.defaults()
	cfg.Mode = modeEcho
	cfg.defaults()
	r, err := newRunner(ctx, cfg, "echo", map[string]any{
		"n": s.N, "depth": s.Depth, "size": s.Size, "text": s.Text, "loops": cfg.Loops, "warmup_seconds": s.Warmup.Seconds(),
		"duration_seconds": s.Duration.Seconds(),
	})
	if err != nil {
		return nil, err
	}
	run := &echoRun{runner: r, s: &s, op: codec.OpBinaryFrame}
	if s.Text {
		run.op = codec.OpTextFrame
	}
	return r.finish(run.run())
}

func (r *echoRun) run() error {
	sources := r.sources()
	nl := len(r.runner.loops)
	err := r.each(func(li int, l *Loop) {
		h := &echoLoop{run: r, hist: NewHistogram(), fill: bytes.Repeat([]byte("uniqchat"), r.s.Size/8+1)[:r.s.Size-echoStamp]}
		r.loops = append(r.loops, h)
		h.ramp = ramp{total: (r.s.N - li + nl - 1) / nl, start: func(i int) {
			c := &echoConn{home: h}
			var source netip.Addr
			if len(sources) > 0 {
				source = sources[i%len(sources)]
			}
			if err := c.dial(l, c, r.targetOf(i), source); err != nil {
				r.problem("%v", err)
			}
		}}
		h.ramp.begin(max(r.cfg.Ramp/nl, 1))
	})
	if err != nil {
		return err
	}
	up, err := r.await(20*time.Second, func() bool { return r.ready.Load() >= int64(r.s.N) }, r.ready.Load)
	if err != nil {
		return err
	}
	if !up {
		return fmt.Errorf("only %d of %d connections came up", r.ready.Load(), r.s.N)
	}
	if err := r.wait(r.s.Warmup); err != nil {
		return err
	}
	return r.measure()
}

func (r *echoRun) measure() error {
	if err := r.each(func(i int, l *Loop) { r.loops[i].from = l.now }); err != nil {
		return err
	}
	stop := r.sample(time.Second, r.done.Load)
	end := r.window("measure")
	was, begin := r.done.Load(), time.Now()
	finish := r.cfg.Progress.phase("echo", int64(r.s.Duration.Seconds()), func() (int64, string) {
		return int64(time.Since(begin).Seconds()), fmt.Sprintf("s, %d round trips", r.done.Load()-was)
	})
	err := r.wait(r.s.Duration)
	n := float64(r.done.Load() - was)
	span := end()
	finish()
	stop()
	if err != nil {
		return err
	}
	all := NewHistogram()
	if err := r.each(func(i int, _ *Loop) { r.loops[i].stopped = true; all.Merge(r.loops[i].hist) }); err != nil {
		return err
	}
	r.res.Latencies["round_trip"] = all.Summary()
	r.res.Figures["round_trips_per_second"] = n / span.Seconds
	r.res.Figures["server_cpu_us_per_message"] = span.CPUSeconds * 1e6 / max(n, 1)
	r.res.Figures["client_cpu_us_per_message"] = span.Client * 1e6 / max(n, 1)
	return nil
}

func (c *echoConn) opened() {
	c.up = true
	c.loop.Stats.Connects++
	c.home.run.ready.Add(1)
	c.loop.up.Add(1)
	for range c.home.run.s.Depth {
		c.send()
	}
	c.home.ramp.done()
}

const hexDigits = "0123456789abcdef"

// appendHex appends a number as 16 hex digits.
func appendHex(b []byte, n uint64) []byte {
	for shift := 60; shift >= 0; shift -= 4 {
		b = append(b, hexDigits[n>>shift&15])
	}
	return b
}

// parseHex reads hex digits; false if there are others.
func parseHex(b []byte) (n uint64, ok bool) {
	for _, c := range b {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		default:
			return 0, false
		}
		n = n<<4 | uint64(c)
	}
	return n, true
}

func (c *echoConn) send() {
	b := c.begin()
	start := len(b)
	b = appendHex(b, uint64(nanotime()))
	b = append(b, c.home.fill...)
	c.out = maskFrom(b, start, c.home.run.op, uint32(c.loop.random()))
}

func (c *echoConn) data(op codec.Opcode, b []byte) error {
	h := c.home
	if h.stopped {
		return nil
	}
	if op != h.run.op || len(b) != h.run.s.Size || !bytes.Equal(b[echoStamp:], h.fill) {
		return fmt.Errorf("the echo of %d bytes differs from what was sent", len(b))
	}
	sent, ok := parseHex(b[:echoStamp])
	if !ok {
		return fmt.Errorf("the echo differs from what was sent")
	}
	if h.from > 0 && int64(sent) >= h.from {
		h.hist.Record(nanotime() - int64(sent))
	}
	h.run.done.Add(1)
	c.send()
	return nil
}

func (c *echoConn) lost(err error) {
	r := c.home.run
	c.loop.Stats.Drops++
	c.loop.Stats.Closes[closeName(err)]++
	if c.up {
		c.loop.up.Add(-1)
	}
	r.problem("connection lost: %v", err)
}
