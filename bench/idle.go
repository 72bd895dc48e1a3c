package bench

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/uniqchat/uniqchat/codec"
)

// Idle is scenario S1 and S1b: many authenticated visitors who do nothing.
type Idle struct {
	N             int           // connections
	Conversations bool          // each visitor has its own, made with a first message
	Settle        time.Duration // between the last connection and the first look. Defaults to 5s.
	Hold          time.Duration // how long they are watched. Defaults to 60s.
	GiveUp        time.Duration // without any connection becoming ready. Defaults to 60s.
}

func (s *Idle) defaults() {
	if s.Settle <= 0 {
		s.Settle = 5 * time.Second
	}
	if s.Hold <= 0 {
		s.Hold = 60 * time.Second
	}
	if s.GiveUp <= 0 {
		s.GiveUp = 60 * time.Second
	}
}

// idleVisitor is one of them.
type idleVisitor struct {
	Client
	NoEvents
	run  *idleRun
	ramp *ramp
	up   bool // counted
}

type idleRun struct {
	*runner
	s    *Idle
	gone atomic.Int64
}

// RunIdle runs the scenario.
func RunIdle(ctx context.Context, cfg Config, s Idle) (*Result, error) {
	s.defaults()
	if s.N <= 0 {
		return nil, fmt.Errorf("n must be at least 1")
	}
	if cfg.Sources <= 0 {
		cfg.Sources = 1 + s.N/10_000
	}
	cfg.defaults()
	r, err := newRunner(ctx, cfg, "idle", map[string]any{
		"n": s.N, "mode": cfg.Mode, "conversations": s.Conversations, "sources": cfg.Sources, "ramp": cfg.Ramp, "loops": cfg.Loops,
		"settle_seconds": s.Settle.Seconds(), "hold_seconds": s.Hold.Seconds(),
	})
	if err != nil {
		return nil, err
	}
	run := &idleRun{runner: r, s: &s}
	return r.finish(run.run())
}

func (r *idleRun) run() error {
	r.res.Server = r.api.version(r.ctx)
	who, err := r.people(r.s.N, 0)
	if err != nil {
		return err
	}
	before := r.procs.Look()
	if len(before.PIDs) == 0 {
		r.cfg.Progress.note("the server's processes were not found: name them with --pid or --server-name to have memory and CPU measured")
	}
	connecting := r.window("connect")
	begin := time.Now()
	if err := r.connect(who.visitors); err != nil {
		return err
	}
	up := connecting()
	r.res.Figures["connects_per_second"] = float64(r.ready.Load()) / time.Since(begin).Seconds()
	if err := r.wait(r.s.Settle); err != nil {
		return err
	}
	settled := r.procs.Look()
	early, err := r.drops()
	if err != nil {
		return err
	}
	hold, drops, err := r.hold(early)
	if err != nil {
		return err
	}
	n := r.connected()
	per := func(kib int64) float64 { return float64(kib) / float64(max(n, 1)) }
	fig := r.res.Figures
	fig["connections"] = float64(n)
	fig["drops"], fig["drops_before"] = float64(drops), float64(early)
	fig["pss_before_kib"], fig["pss_after_kib"] = float64(before.PSS), float64(hold.PSS)
	fig["rss_before_kib"], fig["rss_after_kib"] = float64(before.RSS), float64(hold.RSS)
	fig["kib_per_connection"] = per(hold.PSS - before.PSS)
	fig["kib_per_connection_at_once"] = per(settled.PSS - before.PSS)
	fig["whole_process_kib_per_connection"] = per(hold.PSS)
	fig["idle_cpu_percent"] = hold.CPUPercent
	fig["connect_cpu_us"] = up.CPUSeconds * 1e6 / float64(max(n, 1))
	if n < int64(r.s.N) {
		r.problem("%d of %d connections are there at the end", n, r.s.N)
	}
	if drops > 0 {
		r.problem("%d connections dropped while they were held", drops)
	}
	return nil
}

// connect brings everyone up.
func (r *idleRun) connect(who []*Identity) error {
	all := make([]idleVisitor, len(who))
	sources := r.sources()
	nl := len(r.loops)
	err := r.each(func(li int, l *Loop) {
		l.lean = true
		p := &ramp{total: (len(who) - li + nl - 1) / nl}
		p.start = func(i int) {
			at := i*nl + li
			v := &all[at]
			v.run, v.ramp, v.Who = r, p, who[at]
			v.Device = l.newUUID()
			if len(sources) > 0 {
				v.Source = sources[at%len(sources)]
			}
			v.start(l, r.targetOf(at), v)
		}
		p.begin(max(r.cfg.Ramp/nl, 1))
	})
	if err != nil {
		return err
	}
	end := r.cfg.Progress.phase("connect", int64(len(who)), func() (int64, string) { return r.ready.Load(), "" })
	defer end()
	settled := func() int64 { return r.ready.Load() + r.gone.Load() }
	whole, err := r.await(r.s.GiveUp, func() bool { return settled() >= int64(len(who)) }, settled)
	if err == nil && !whole {
		err = fmt.Errorf("only %d of %d connections came up", r.ready.Load(), len(who))
	}
	return err
}

// drops counts the connections that were lost so far.
func (r *idleRun) drops() (n int64, err error) {
	err = r.each(func(_ int, l *Loop) { n += l.Stats.Drops })
	return n, err
}

// hold watches the connections do nothing. was is how many had been lost before.
func (r *idleRun) hold(was int64) (Span, int64, error) {
	stop := r.sample(min(5*time.Second, r.s.Hold), func() int64 { return 0 })
	held := r.window("hold")
	begin := time.Now()
	end := r.cfg.Progress.phase("hold", int64(r.s.Hold.Seconds()), func() (int64, string) {
		return int64(time.Since(begin).Seconds()), fmt.Sprintf("s, %d connections", r.connected())
	})
	err := r.wait(r.s.Hold)
	end()
	stop()
	span := held()
	if err != nil {
		return span, 0, err
	}
	now, err := r.drops()
	return span, now - was, err
}

var hello = []byte(`{"text":"hello, is anybody there?"}`)

// Ready implements Events.
func (v *idleVisitor) Ready(_ *Client, again bool) {
	if again {
		return
	}
	if !v.run.s.Conversations || v.Conv != (codec.UUID{}) {
		v.count()
		return
	}
	v.Conv = v.loop.newUUID()
	v.View(v.Conv)
	v.Send(v.Conv, 0, hello)
}

// Acked implements Events.
func (v *idleVisitor) Acked(*Client, *Sending) { v.count() }

func (v *idleVisitor) count() {
	if v.up {
		return
	}
	v.up = true
	v.run.ready.Add(1)
	v.ramp.done()
}

// Refused implements Events.
func (v *idleVisitor) Refused(_ *Client, _ *Sending, e *codec.Error) {
	if !v.up {
		v.run.gone.Add(1)
		v.run.problem("first message refused: %d %s", e.Code, e.Message)
		v.ramp.done()
	}
}

// Gone implements Events.
func (v *idleVisitor) Gone(_ *Client, why string) {
	v.run.problem("a visitor is gone: %s", why)
	if v.up {
		return
	}
	v.run.gone.Add(1)
	v.ramp.done()
}
