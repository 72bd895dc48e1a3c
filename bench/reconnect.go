package bench

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/uniqchat/uniqchat/codec"
)

// Reconnect is scenario S4: many visitors, each with a conversation, lose their connections at the same moment and come back
// by the rules of the protocol: after a random part of half a second, with RESUME.
type Reconnect struct {
	N      int           // visitors. Defaults to 10,000.
	Rounds int           // how often they are dropped. Defaults to 3.
	Missed float64       // part of them who lack the newest message of their conversation when they come back
	Settle time.Duration // rest before each drop. Defaults to 5s.
	GiveUp time.Duration // without anyone coming back. Defaults to 30s.
}

func (s *Reconnect) defaults() error {
	if s.N <= 0 {
		s.N = 10_000
	}
	if s.Rounds <= 0 {
		s.Rounds = 3
	}
	if s.Missed < 0 || s.Missed > 1 {
		return fmt.Errorf("missed is a part of all, from 0 to 1, not %v", s.Missed)
	}
	if s.Settle <= 0 {
		s.Settle = 5 * time.Second
	}
	if s.GiveUp <= 0 {
		s.GiveUp = 30 * time.Second
	}
	return nil
}

type reconnectRun struct {
	*runner
	s        *Reconnect
	all      []returner
	lost     atomic.Int64 // who will not come any more
	complete atomic.Int64 // in this round
	dropped  int64        // when this round began; written while nobody is on the way
}

// returner is one visitor. Event loop only, but for when they are counted at rest.
type returner struct {
	Client
	NoEvents
	run    *reconnectRun
	ramp   *ramp
	up     bool   // counted
	seen   uint64 // seq of the newest MESSAGE
	before uint64 // seq before the newest entry
	top    uint64 // seq that makes it complete
	away   bool
	back   int64 // when CONNACK came, and when it was complete; ns from the drop
	whole  int64
}

var errDropped = errors.New("dropped by the scenario")

// RunReconnect runs the scenario.
func RunReconnect(ctx context.Context, cfg Config, s Reconnect) (*Result, error) {
	if err := s.defaults(); err != nil {
		return nil, err
	}
	if cfg.Sources <= 0 {
		cfg.Sources = 1 + s.N/5_000
	}
	cfg.defaults()
	r, err := newRunner(ctx, cfg, "reconnect", map[string]any{
		"n": s.N, "mode": cfg.Mode, "rounds": s.Rounds, "missed": s.Missed, "settle_seconds": s.Settle.Seconds(), "sources": cfg.Sources,
		"ramp": cfg.Ramp, "loops": cfg.Loops,
	})
	if err != nil {
		return nil, err
	}
	run := &reconnectRun{runner: r, s: &s}
	return r.finish(run.run())
}

func (r *reconnectRun) run() error {
	r.res.Server = r.api.version(r.ctx)
	who, err := r.people(r.s.N, 0)
	if err != nil {
		return err
	}
	if err := r.connect(who.visitors); err != nil {
		return err
	}
	back, whole := NewHistogram(), NewHistogram()
	var cpu, slowest, sum float64
	for n := range r.s.Rounds {
		if err := r.wait(r.s.Settle); err != nil {
			return err
		}
		span, took, err := r.round(n + 1)
		if err != nil {
			return err
		}
		for i := range r.all {
			if v := &r.all[i]; v.whole > 0 {
				back.Record(v.back)
				whole.Record(v.whole)
			}
		}
		cpu += span.CPUSeconds
		slowest, sum = max(slowest, took), sum+took
		r.res.Figures[fmt.Sprintf("round_%d_seconds", n+1)] = took
		r.res.Figures["steal_percent"] = max(r.res.Figures["steal_percent"], span.Steal)
	}
	f := r.res.Figures
	f["seconds_until_all_complete"] = sum / float64(r.s.Rounds)
	f["slowest_round_seconds"] = slowest
	f["server_cpu_us_per_reconnect"] = cpu * 1e6 / float64(r.s.N*r.s.Rounds)
	r.res.Latencies["back"], r.res.Latencies["complete"] = back.Summary(), whole.Summary()
	return nil
}

// connect brings everyone up, each with a conversation.
func (r *reconnectRun) connect(who []*Identity) error {
	r.all = make([]returner, len(who))
	sources := r.sources()
	nl := len(r.loops)
	err := r.each(func(li int, l *Loop) {
		p := &ramp{total: (len(who) - li + nl - 1) / nl}
		p.start = func(i int) {
			at := i*nl + li
			v := &r.all[at]
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
	settled := func() int64 { return r.ready.Load() + r.lost.Load() }
	whole, err := r.await(time.Minute, func() bool { return settled() >= int64(len(who)) }, settled)
	if err == nil && (!whole || r.lost.Load() > 0) {
		err = fmt.Errorf("only %d of %d visitors came up", r.ready.Load(), len(who))
	}
	return err
}

// round drops everyone and waits until all are back and complete. It returns how long that took, in seconds.
func (r *reconnectRun) round(n int) (span Span, took float64, err error) {
	r.complete.Store(0)
	r.dropped = nanotime()
	finish := r.window(fmt.Sprintf("round %d", n))
	lacking := int(r.s.Missed * float64(r.s.N))
	for li, l := range r.loops {
		l.Do(func() {
			for at := li; at < len(r.all); at += len(r.loops) {
				r.all[at].drop(at < lacking)
			}
		})
	}
	end := r.cfg.Progress.phase(fmt.Sprintf("round %d", n), int64(r.s.N), func() (int64, string) { return r.complete.Load(), "" })
	defer end()
	settled := func() int64 { return r.complete.Load() + r.lost.Load() }
	_, err = r.await(r.s.GiveUp, func() bool { return settled() >= int64(r.s.N) }, settled)
	span = finish()
	if err != nil {
		return span, 0, err
	}
	if c := r.complete.Load(); c < int64(r.s.N) {
		r.problem("round %d: only %d of %d came back and were complete", n, c, r.s.N)
	}
	err = r.each(func(li int, _ *Loop) {
		for at := li; at < len(r.all); at += len(r.loops) {
			took = max(took, time.Duration(r.all[at].whole).Seconds())
		}
	})
	return span, took, err
}

// drop ends the connection as a network would, and perhaps forgets the newest message.
func (v *returner) drop(lacking bool) {
	v.away, v.back, v.whole = true, 0, 0
	v.top = v.view.Last
	if lacking && v.before > 0 {
		v.view.Last = v.before
	}
	v.fail(errDropped)
}

// Ready implements Events.
func (v *returner) Ready(_ *Client, again bool) {
	if v.away {
		v.back = nanotime() - v.run.dropped
		v.look()
		return
	}
	if again || v.up {
		return
	}
	if v.Conv == (codec.UUID{}) {
		v.Conv = v.loop.newUUID()
		v.View(v.Conv)
		v.Send(v.Conv, 0, hello)
		return
	}
	v.Join(v.Conv)
}

// look counts a client that is back and lacks nothing.
func (v *returner) look() {
	if v.away && v.back > 0 && v.view.Last >= v.top {
		v.away, v.whole = false, nanotime()-v.run.dropped
		v.run.complete.Add(1)
	}
}

// Message implements Events.
func (v *returner) Message(_ *Client, w *View, m *codec.Message) {
	v.seen, v.before = m.Seq, m.Prev
	if w.Last >= v.top {
		v.look()
	}
}

// Acked implements Events: the first message opened the conversation.
func (v *returner) Acked(*Client, *Sending) {
	v.before = v.seen
	v.count()
}

// Joined implements Events: the visitor had a conversation.
func (v *returner) Joined(*Client, *View) { v.count() }

func (v *returner) count() {
	if !v.up {
		v.up = true
		v.run.ready.Add(1)
		v.ramp.done()
	}
}

// Refused implements Events.
func (v *returner) Refused(_ *Client, _ *Sending, e *codec.Error) {
	v.gone("first message refused: %d %s", e.Code, e.Message)
}

// JoinRefused implements Events.
func (v *returner) JoinRefused(_ *Client, _ *View, e *codec.Error) {
	v.gone("its conversation refused: %d %s", e.Code, e.Message)
}

// Gone implements Events.
func (v *returner) Gone(_ *Client, why string) { v.gone("gone: %s", why) }

func (v *returner) gone(format string, args ...any) {
	v.run.problem("a visitor: "+format, args...)
	v.run.lost.Add(1)
	if !v.up {
		v.ramp.done()
	}
}
