package bench

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/uniqchat/uniqchat/codec"
)

// Sessions is scenario S3: a visitor from nothing to a stored first message, again and again: POST widget/session, WebSocket
// connect, CONNECT, first SEND acknowledged.
type Sessions struct {
	Clients  int           // at the same time. Defaults to 64.
	N        int           // sessions in all; 0 = as many as Duration has room for
	Warmup   time.Duration // before anything counts, if N is 0. Defaults to 1s.
	Duration time.Duration // Defaults to 20s if N is 0.
	Timeout  time.Duration // of one session. Defaults to 30s.
}

func (s *Sessions) defaults() {
	if s.Clients <= 0 {
		s.Clients = 64
	}
	if s.N <= 0 {
		if s.Warmup <= 0 {
			s.Warmup = time.Second
		}
		if s.Duration <= 0 {
			s.Duration = 20 * time.Second
		}
	} else {
		s.Warmup, s.Duration = 0, 0
	}
	if s.Timeout <= 0 {
		s.Timeout = 30 * time.Second
	}
}

type sessionsRun struct {
	*runner
	s       *Sessions
	body    []byte
	sources []netip.Addr
	started atomic.Int64
	done    atomic.Int64
	failed  atomic.Int64
	from    atomic.Int64 // sessions that began after count

	mu                        sync.Mutex
	whole, http, connect, ack *Histogram
}

// freshVisitor is one session's client. It tells its worker when it has come to an end.
type freshVisitor struct {
	Client
	NoEvents
	connected, acked int64
	result           chan error
	told             bool
}

// RunSessions runs the scenario.
func RunSessions(ctx context.Context, cfg Config, s Sessions) (*Result, error) {
	s.defaults()
	if cfg.Credentials.SiteKey == "" {
		return nil, fmt.Errorf("sessions are made through the API: name a site key with --site-key")
	}
	if cfg.Sources <= 0 {
		cfg.Sources = 16 // a closed connection's port rests for a minute
	}
	cfg.defaults()
	r, err := newRunner(ctx, cfg, "sessions", map[string]any{
		"clients": s.Clients, "n": s.N, "mode": cfg.Mode, "warmup_seconds": s.Warmup.Seconds(), "duration_seconds": s.Duration.Seconds(),
		"sources": cfg.Sources, "loops": cfg.Loops,
	})
	if err != nil {
		return nil, err
	}
	run := &sessionsRun{runner: r, s: &s, body: sessionBody(cfg.Credentials.SiteKey), sources: r.sources()}
	run.whole, run.http, run.connect, run.ack = NewHistogram(), NewHistogram(), NewHistogram(), NewHistogram()
	return r.finish(run.run())
}

func (r *sessionsRun) run() error {
	r.res.Server = r.api.version(r.ctx)
	ctx, cancel := context.WithCancel(r.ctx)
	defer cancel()
	var wg sync.WaitGroup
	r.from.Store(nanotime() + int64(r.s.Warmup))
	for i := range r.s.Clients {
		wg.Go(func() { r.work(ctx, i) })
	}
	total := int64(r.s.N)
	if total == 0 {
		total = int64((r.s.Warmup + r.s.Duration).Seconds())
	}
	begin := time.Now()
	end := r.cfg.Progress.phase("sessions", total, func() (int64, string) {
		if r.s.N > 0 {
			return r.done.Load(), ""
		}
		return int64(time.Since(begin).Seconds()), fmt.Sprintf("s, %d sessions", r.done.Load())
	})
	stop := r.sample(time.Second, r.done.Load)
	err := r.wait(r.s.Warmup)
	finish := r.window("measure")
	was := r.done.Load()
	if r.s.N > 0 {
		wg.Wait()
	} else if err == nil {
		err = r.wait(r.s.Duration)
	}
	n := float64(r.done.Load() - was)
	span := finish()
	cancel()
	wg.Wait()
	stop()
	end()
	if err == nil {
		err = r.why(r.ctx.Err())
	}
	r.report(n, span)
	return err
}

func (r *sessionsRun) report(n float64, span Span) {
	f := r.res.Figures
	f["sessions"] = float64(r.done.Load())
	f["sessions_per_second"] = n / max(span.Seconds, 1e-9)
	f["failed"] = float64(r.failed.Load())
	f["server_cpu_us_per_session"] = span.CPUSeconds * 1e6 / max(n, 1)
	f["client_cpu_us_per_session"] = span.Client * 1e6 / max(n, 1)
	f["steal_percent"] = span.Steal
	r.res.Latencies["session"] = r.whole.Summary()
	r.res.Latencies["http"] = r.http.Summary()
	r.res.Latencies["connect"] = r.connect.Summary()
	r.res.Latencies["first_message"] = r.ack.Summary()
	if bad := r.failed.Load(); bad > 0 {
		r.problem("%d sessions failed", bad)
	}
}

// work makes sessions one after the other.
func (r *sessionsRun) work(ctx context.Context, i int) {
	l := r.loops[i%len(r.loops)]
	for ctx.Err() == nil {
		k := r.started.Add(1)
		if r.s.N > 0 && k > int64(r.s.N) {
			return
		}
		v := &freshVisitor{result: make(chan error, 1)}
		if len(r.sources) > 0 {
			v.Source = r.sources[int(k)%len(r.sources)]
		}
		begin := nanotime()
		made, err := r.one(ctx, l, v, int(k))
		switch {
		case err == nil:
			r.record(begin, made, v)
		case ctx.Err() == nil:
			r.failed.Add(1)
			r.problem("%v", err)
		}
	}
}

// one makes the k-th session and returns when the token was there.
func (r *sessionsRun) one(ctx context.Context, l *Loop, v *freshVisitor, k int) (made int64, err error) {
	if v.Who, err = r.api.session(ctx, r.body); err != nil {
		return 0, err
	}
	made = nanotime()
	l.Do(func() {
		v.Device = l.newUUID()
		v.stayDown, v.unlisted = true, true
		v.start(l, r.targetOf(k), v)
	})
	timeout := time.NewTimer(r.s.Timeout)
	defer timeout.Stop()
	select {
	case err = <-v.result:
	case <-timeout.C:
		err = fmt.Errorf("a session was not there after %v", r.s.Timeout)
	case <-ctx.Done():
		err = ctx.Err()
	}
	l.Do(v.Stop)
	return made, err
}

func (r *sessionsRun) record(begin, made int64, v *freshVisitor) {
	r.done.Add(1)
	if begin < r.from.Load() {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.whole.Record(v.acked - begin)
	r.http.Record(made - begin)
	r.connect.Record(v.connected - made)
	r.ack.Record(v.acked - v.connected)
}

func (v *freshVisitor) tell(err error) {
	if !v.told {
		v.told = true
		v.result <- err
	}
}

// Ready implements Events.
func (v *freshVisitor) Ready(*Client, bool) {
	v.connected = nanotime()
	v.Send(v.loop.newUUID(), 0, hello)
}

// Acked implements Events.
func (v *freshVisitor) Acked(*Client, *Sending) {
	v.acked = nanotime()
	v.tell(nil)
}

// Refused implements Events.
func (v *freshVisitor) Refused(_ *Client, _ *Sending, e *codec.Error) {
	v.tell(fmt.Errorf("first message refused: %d %s", e.Code, e.Message))
}

// Gone implements Events.
func (v *freshVisitor) Gone(_ *Client, why string) { v.tell(fmt.Errorf("connection lost: %s", why)) }
