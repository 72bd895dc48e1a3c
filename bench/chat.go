package bench

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// Chat is scenario S2: visitors and agents in pairs, who write to each other by turns.
type Chat struct {
	Pairs int // Defaults to 5000.
	// Agents is how many accounts share the pairs, each with one connection. Defaults to one for 100 pairs.
	Agents int
	Size   int // bytes of a message's body, at least 52. Defaults to 128.
	// Rate is an open loop: so many messages a second over all pairs, whatever the server does; latencies count from when a
	// message was meant to be sent.
	Rate float64
	// Closed is a closed loop: so many messages on their way at any time. Defaults to 128 if Rate is 0.
	Closed   int
	Warmup   time.Duration // before anything counts. Defaults to 2s.
	Duration time.Duration // Defaults to 20s.
	Drain    time.Duration // how long the last messages are waited for without any progress. Defaults to 10s.
	// FindMax looks for the highest rate with this p99 (send -> other side), beginning with Rate. 0: just measure.
	FindMax time.Duration
}

func (s *Chat) defaults() error {
	if s.Pairs <= 0 {
		s.Pairs = 5000
	}
	if s.Agents <= 0 {
		s.Agents = (s.Pairs + 99) / 100
	}
	if s.Size == 0 {
		s.Size = 128
	}
	if s.Size < minBody {
		return fmt.Errorf("size %d is too small: at least %d bytes are needed", s.Size, minBody)
	}
	if s.Rate > 0 && s.Closed > 0 {
		return fmt.Errorf("rate and closed exclude each other")
	}
	if s.FindMax > 0 && s.Rate <= 0 {
		s.Rate = 1000
	}
	if s.Rate <= 0 && s.Closed <= 0 {
		s.Closed = 128
	}
	if s.Warmup <= 0 {
		s.Warmup = 2 * time.Second
	}
	if s.Duration <= 0 {
		s.Duration = 20 * time.Second
	}
	if s.Drain <= 0 {
		s.Drain = 10 * time.Second
	}
	return nil
}

type chatRun struct {
	*runner
	s         *Chat
	id        uint32
	homes     []*chatLoop
	broken    atomic.Int64 // pairs that can't take part
	sent      atomic.Int64
	delivered atomic.Int64
	acked     atomic.Int64
	refused   atomic.Int64
}

// RunChat runs the scenario.
func RunChat(ctx context.Context, cfg Config, s Chat) (*Result, error) {
	if err := s.defaults(); err != nil {
		return nil, err
	}
	if cfg.Sources <= 0 {
		cfg.Sources = 1 + s.Pairs/10_000
	}
	cfg.defaults()
	r, err := newRunner(ctx, cfg, "chat", map[string]any{
		"pairs": s.Pairs, "agents": s.Agents, "size": s.Size, "rate": s.Rate, "closed": s.Closed, "mode": cfg.Mode,
		"warmup_seconds": s.Warmup.Seconds(), "duration_seconds": s.Duration.Seconds(), "loops": cfg.Loops, "sources": cfg.Sources,
		"find_max_p99_ms": s.FindMax.Seconds() * 1000,
	})
	if err != nil {
		return nil, err
	}
	run := &chatRun{runner: r, s: &s, id: uint32(time.Now().UnixNano())}
	return r.finish(run.run())
}

func (r *chatRun) run() error {
	r.res.Server = r.api.version(r.ctx)
	who, err := r.people(r.s.Pairs, r.s.Agents)
	if err != nil {
		return err
	}
	if len(who.agents) < r.s.Agents {
		r.cfg.Progress.note("only %d agents: each has %d conversations", len(who.agents), r.s.Pairs/len(who.agents))
	}
	if err := r.setUp(who); err != nil {
		return err
	}
	if r.s.FindMax > 0 {
		err = r.findMax()
	} else {
		var w *chatWindow
		if w, err = r.measure(r.s.Rate, "measure"); err == nil {
			r.report(w)
		}
	}
	if err != nil {
		return err
	}
	return r.verify()
}

// setUp connects everyone, makes the conversations and has the agents join them.
func (r *chatRun) setUp(who *people) error {
	nl := min(len(r.loops), len(who.agents))
	r.homes = make([]*chatLoop, nl)
	agents := make([]*chatAgent, len(who.agents))
	for i, id := range who.agents {
		home := r.homes[i%nl]
		if home == nil {
			home = newChatLoop(r, r.loops[i%nl])
			r.homes[i%nl] = home
		}
		agents[i] = &chatAgent{home: home}
		agents[i].Who = id
		home.agents = append(home.agents, agents[i])
	}
	sources := r.sources()
	for i, id := range who.visitors {
		a := agents[i%len(agents)]
		p := &pair{home: a.home, agent: a, index: uint32(i)}
		p.visitor.pair = p
		p.visitor.Who = id
		if len(sources) > 0 {
			p.visitor.Source = sources[i%len(sources)]
		}
		a.home.pairs = append(a.home.pairs, p)
	}
	for _, h := range r.homes {
		if err := h.loop.Call(r.ctx, h.startAgents); err != nil {
			return r.why(err)
		}
	}
	up := func() int64 { return r.ready.Load() + r.broken.Load() }
	end := r.cfg.Progress.phase("set up pairs", int64(len(who.visitors)), func() (int64, string) { return up(), "" })
	defer end()
	whole, err := r.await(60*time.Second, func() bool { return up() >= int64(len(who.visitors)) }, up)
	if err == nil && !whole {
		err = fmt.Errorf("only %d of %d pairs came up", r.ready.Load(), len(who.visitors))
	}
	return err
}

// chatWindow is what one measurement found.
type chatWindow struct {
	rate            float64 // offered; 0 in a closed loop
	seconds         float64
	delivered, sent float64
	overloaded      bool
	span            Span
	deliver, ack    Latency
	lag             Latency
}

// perSecond is the rate that was reached.
func (w *chatWindow) perSecond() float64 { return w.delivered / max(w.seconds, 1e-9) }

// measure lets the pairs talk: at a rate, or in a closed loop if rate is 0. It ends when everything has arrived, or nothing
// arrives any more.
func (r *chatRun) measure(rate float64, name string) (*chatWindow, error) {
	w := &chatWindow{rate: rate}
	start := nanotime()
	from, to := start+int64(r.s.Warmup), start+int64(r.s.Warmup+r.s.Duration)
	total := 0
	for _, h := range r.homes {
		total += len(h.pairs)
	}
	for i, h := range r.homes {
		share := float64(len(h.pairs)) / float64(total)
		closed := r.s.Closed / len(r.homes)
		if i < r.s.Closed%len(r.homes) {
			closed++
		}
		if rate > 0 {
			closed = 0
		}
		if err := h.loop.Call(r.ctx, func() { h.begin(rate*share, closed, from, to) }); err != nil {
			return nil, r.why(err)
		}
	}
	stop := r.sample(time.Second, r.delivered.Load)
	defer stop()
	end := r.cfg.Progress.phase(name, int64((r.s.Warmup + r.s.Duration).Seconds()), func() (int64, string) {
		return int64(time.Duration(nanotime() - start).Seconds()), fmt.Sprintf("s, %d delivered, %d on their way",
			r.delivered.Load(), r.sent.Load()-r.delivered.Load()-r.refused.Load())
	})
	defer end()
	if err := r.wait(time.Duration(from - nanotime())); err != nil {
		return nil, err
	}
	finish := r.window(name)
	delivered, sent, began := r.delivered.Load(), r.sent.Load(), nanotime()
	if err := r.wait(time.Duration(to - nanotime())); err != nil {
		return nil, err
	}
	w.delivered, w.sent = float64(r.delivered.Load()-delivered), float64(r.sent.Load()-sent)
	w.seconds = time.Duration(nanotime() - began).Seconds()
	w.span = finish()
	return w, r.drain(w)
}

// drain waits for what is on its way and gathers the histograms.
func (r *chatRun) drain(w *chatWindow) error {
	deliver, ack, lag := NewHistogram(), NewHistogram(), NewHistogram()
	for _, h := range r.homes {
		if err := h.loop.Call(r.ctx, h.end); err != nil {
			return r.why(err)
		}
	}
	_, err := r.await(r.s.Drain, func() bool {
		return r.sent.Load() == r.delivered.Load()+r.refused.Load() && r.sent.Load() <= r.acked.Load()+r.refused.Load()
	}, func() int64 { return r.delivered.Load() + r.acked.Load() })
	if err != nil {
		return err
	}
	for _, h := range r.homes {
		err := h.loop.Call(r.ctx, func() {
			deliver.Merge(h.deliver)
			ack.Merge(h.ack)
			lag.Merge(h.lag)
			w.overloaded = w.overloaded || h.overloaded
		})
		if err != nil {
			return r.why(err)
		}
	}
	w.deliver, w.ack, w.lag = deliver.Summary(), ack.Summary(), lag.Summary()
	return nil
}

// report makes a window the run's result.
func (r *chatRun) report(w *chatWindow) {
	f := r.res.Figures
	f["messages_per_second"] = w.perSecond()
	f["server_cpu_us_per_message"] = w.span.CPUSeconds * 1e6 / max(w.delivered, 1)
	f["client_cpu_us_per_message"] = w.span.Client * 1e6 / max(w.delivered, 1)
	f["steal_percent"] = w.span.Steal
	r.res.Latencies["deliver"] = w.deliver
	r.res.Latencies["ack"] = w.ack
	if w.rate > 0 {
		f["offered_per_second"] = w.rate
		r.res.Latencies["client_lag"] = w.lag
	}
	if w.overloaded {
		r.problem("the server can't keep up with %.0f messages a second", w.rate)
	}
}

// good says whether a window kept its promise.
func (w *chatWindow) good(p99 time.Duration) bool {
	return !w.overloaded && w.deliver.P99 <= p99.Seconds()*1000 && w.perSecond() >= .98*w.rate
}

// findMax raises the rate until the p99 breaks its bound, then closes in on where that happens. A rate that fails gets a
// second chance: it may have been the machine's fault.
func (r *chatRun) findMax() error {
	var best *chatWindow
	err := search(r.s.Rate, func(rate float64) (bool, error) {
		for range 2 {
			w, err := r.measure(rate, fmt.Sprintf("at %.0f/s", rate))
			if err != nil {
				return false, err
			}
			good := w.good(r.s.FindMax)
			r.cfg.Progress.note("%s", w.line(good))
			if good {
				if best == nil || best.rate < rate {
					best = w
				}
				return true, nil
			}
		}
		return false, nil
	})
	switch {
	case err != nil:
		return err
	case best == nil:
		r.problem("no rate kept p99 within %v", r.s.FindMax)
		return nil
	}
	r.report(best)
	r.res.Figures["highest_rate"] = best.rate
	return nil
}

// line tells of a window while a search goes on.
func (w *chatWindow) line(good bool) string {
	verdict := "too much"
	if good {
		verdict = "good"
	}
	return fmt.Sprintf("%.0f/s: reached %.0f/s, p99 %.2f ms, server CPU %.1f us a message, steal %.1f %%, busy %.0f %%: %s",
		w.rate, w.perSecond(), w.deliver.P99, w.span.CPUSeconds*1e6/max(w.delivered, 1), w.span.Steal, w.span.Busy, verdict)
}

// maxSearch bounds how many rates are tried.
const maxSearch = 16

// search looks for the highest rate that is good, to about 5 %: in steps of a half, then by bisection.
func search(rate float64, try func(rate float64) (good bool, err error)) error {
	low, high := 0.0, 0.0
	for range maxSearch {
		good, err := try(rate)
		if err != nil {
			return err
		}
		if good {
			low = rate
		} else {
			high = rate
		}
		switch {
		case high == 0:
			rate *= 1.5
		case low == 0:
			rate /= 2
		case high/low < 1.06:
			return nil
		default:
			rate = (low + high) / 2
		}
	}
	return nil
}
