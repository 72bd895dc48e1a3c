package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Config is what every scenario needs to know.
type Config struct {
	HTTP string // base URL of the API. Defaults to http://127.0.0.1:8080.
	WS   string // Defaults to ws://127.0.0.1:8081/ws.
	TCP  string // host:port. Defaults to 127.0.0.1:8082.
	// Several addresses with commas between, in HTTP, WS or TCP, are nodes of one cluster: connections and sessions go to each
	// in turn.
	Mode Mode // Defaults to ws-bin.
	// Loops is how many event loops share the connections. Defaults to 1; more only help with more cores.
	Loops int
	// Sources spreads connections over this many loopback addresses 127.0.x.y. Defaults to as many as are needed.
	Sources int
	// Ramp is how many connections are being set up at once. Defaults to 256.
	Ramp        int
	Credentials Credentials
	// Server says which processes to measure. Defaults to whoever listens where the connections go.
	Server   ServerFinder
	Progress *Progress
}

func (c *Config) defaults() {
	if c.HTTP == "" {
		c.HTTP = "http://127.0.0.1:8080"
	}
	if c.WS == "" {
		c.WS = "ws://127.0.0.1:8081/ws"
	}
	if c.TCP == "" {
		c.TCP = "127.0.0.1:8082"
	}
	if c.Mode == "" {
		c.Mode = ModeBinary
	}
	if c.Loops <= 0 {
		c.Loops = 1
	}
	if c.Ramp <= 0 {
		c.Ramp = 256
	}
}

// targets resolves where connections go.
func (c *Config) targets() (out []*Target, err error) {
	list := c.TCP
	if c.Mode != ModeTCP {
		list = c.WS
	}
	for address := range strings.SplitSeq(list, ",") {
		t, err := newTarget(c.Mode, strings.TrimSpace(address))
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, nil
}

// newTarget resolves one address.
func newTarget(mode Mode, address string) (*Target, error) {
	t := &Target{Mode: mode, Host: address}
	if mode != ModeTCP {
		u, err := url.Parse(address)
		if err != nil || u.Host == "" {
			return nil, fmt.Errorf("ws address %q is not a URL such as ws://127.0.0.1:8081/ws", address)
		}
		if u.Scheme != "ws" {
			return nil, fmt.Errorf("ws address %q: only ws:// is supported; point it at the server, not at a TLS proxy", address)
		}
		t.Host, t.Path = u.Host, u.RequestURI()
		if u.Port() == "" {
			t.Host = net.JoinHostPort(u.Hostname(), "80")
		}
	}
	a, err := net.ResolveTCPAddr("tcp", t.Host)
	if err != nil {
		return nil, fmt.Errorf("resolve %s: %w", t.Host, err)
	}
	ip, _ := netip.AddrFromSlice(a.IP)
	t.Addr = netip.AddrPortFrom(ip.Unmap(), uint16(a.Port))
	return t, nil
}

// runner holds what a scenario runs on.
type runner struct {
	cfg     Config
	ctx     context.Context // of the loops
	cancel  context.CancelFunc
	wg      sync.WaitGroup
	loops   []*Loop
	targets []*Target
	procs   *Procs
	api     *api
	res     *Result
	ready   atomic.Int64 // connections that are authenticated
	failed  atomic.Pointer[error]

	mu sync.Mutex // guards res.Problems
}

// problem notes that something is not as it must be. Safe for concurrent use.
func (r *runner) problem(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.res.problem(format, args...)
}

// connected counts the connections that are up at this moment.
func (r *runner) connected() (n int64) {
	for _, l := range r.loops {
		n += l.up.Load()
	}
	return n
}

// newRunner starts the loops. finish must be called.
func newRunner(ctx context.Context, cfg Config, scenario string, params any) (*runner, error) {
	cfg.defaults()
	targets, err := cfg.targets()
	if err != nil {
		return nil, err
	}
	find := cfg.Server
	if len(find.PIDs) == 0 && find.Name == "" {
		for _, t := range targets {
			find.Listening = append(find.Listening, t.Addr)
		}
	}
	r := &runner{cfg: cfg, targets: targets, procs: NewProcs(find)}
	r.res = &Result{
		Tool: "uniqbench", Version: Version(), Scenario: scenario, Started: time.Now().UTC(), Params: params, Machine: ThisMachine(),
		Figures: map[string]float64{}, Latencies: map[string]Latency{}, Spans: map[string]Span{},
	}
	r.res.Stats.init()
	if p, ok := params.(map[string]any); ok && len(targets) > 1 {
		p["nodes"] = len(targets)
	}
	r.api = newAPI(cfg.HTTP, r.sources())
	r.ctx, r.cancel = context.WithCancel(ctx)
	for range cfg.Loops {
		l, err := NewLoop()
		if err != nil {
			r.stop()
			return nil, err
		}
		r.loops = append(r.loops, l)
		r.wg.Go(func() {
			if err := l.Run(r.ctx); err != nil {
				r.failed.CompareAndSwap(nil, &err)
				r.cancel()
			}
		})
	}
	return r, nil
}

// targetOf is where the i-th connection goes.
func (r *runner) targetOf(i int) *Target { return r.targets[i%len(r.targets)] }

func (r *runner) stop() {
	r.cancel()
	r.wg.Wait()
	r.api.close()
}

// finish gathers what the loops counted, stops them, and returns the result. err is why the scenario ended early.
func (r *runner) finish(err error) (*Result, error) {
	if r.ctx.Err() == nil {
		for _, l := range r.loops {
			_ = l.Call(r.ctx, func() { r.res.Stats.add(&l.Stats) })
		}
	}
	r.stop()
	if p := r.failed.Load(); p != nil {
		err = errors.Join(err, *p)
	}
	r.res.Seconds = time.Since(r.res.Started).Seconds()
	if err != nil {
		r.res.problem("%v", err)
	}
	r.res.OK = len(r.res.Problems) == 0
	r.res.annotate()
	return r.res, err
}

// each runs fn on every loop, one after the other, and waits.
func (r *runner) each(fn func(i int, l *Loop)) error {
	for i, l := range r.loops {
		if err := l.Call(r.ctx, func() { fn(i, l) }); err != nil {
			return r.why(err)
		}
	}
	return nil
}

// why prefers a loop's own failure to the cancellation that follows from it.
func (r *runner) why(err error) error {
	if p := r.failed.Load(); p != nil {
		return *p
	}
	return err
}

// sources lists the addresses that connections come from; nil leaves the choice to the kernel.
func (r *runner) sources() []netip.Addr {
	if r.cfg.Sources <= 1 || !r.targets[0].Addr.Addr().IsLoopback() || !r.targets[0].Addr.Addr().Is4() {
		return nil
	}
	out := make([]netip.Addr, r.cfg.Sources)
	for i := range out {
		out[i] = netip.AddrFrom4([4]byte{127, 0, byte(1 + i/250), byte(1 + i%250)})
	}
	return out
}

// wait sleeps unless the run ends.
func (r *runner) wait(d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-r.ctx.Done():
		return r.why(r.ctx.Err())
	}
}

// await polls until done says yes. It gives up, without an error, when limit has passed without any change in progress.
func (r *runner) await(limit time.Duration, done func() bool, progress func() int64) (bool, error) {
	last, since := progress(), time.Now()
	for !done() {
		if err := r.wait(20 * time.Millisecond); err != nil {
			return false, err
		}
		if now := progress(); now != last {
			last, since = now, time.Now()
		} else if time.Since(since) > limit {
			return false, nil
		}
	}
	return true, nil
}

// window measures the server from now until the returned function is called.
func (r *runner) window(name string) (end func() Span) {
	a, own := r.procs.Look(), ownCPU()
	return func() Span {
		s := Between(a, r.procs.Look(), ownCPU()-own)
		r.res.Spans[name] = s
		return s
	}
}

// sample adds points to the timeline until the returned function is called. done counts operations.
func (r *runner) sample(every time.Duration, done func() int64) (stop func()) {
	quit := make(chan struct{})
	var wg sync.WaitGroup
	procs := NewProcs(r.procs.find) // its own: two looks at the same time would disturb each other
	begin := time.Now()
	wg.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		last, count := procs.Look(), done()
		for {
			select {
			case <-quit:
				return
			case <-r.ctx.Done():
				return
			case <-tick.C:
			}
			u, n := procs.Look(), done()
			s := Between(last, u, 0)
			r.res.Timeline = append(r.res.Timeline, Point{
				At: time.Since(begin).Seconds(), Connections: r.connected(), Rate: float64(n-count) / max(s.Seconds, 1e-9),
				CPU: s.CPUPercent, PSS: u.PSS, RSS: u.RSS, Steal: s.Steal,
			})
			last, count = u, n
		}
	})
	return func() { close(quit); wg.Wait() }
}

// ramp starts many things with only so many in progress. Event loop only.
type ramp struct {
	next, total int
	start       func(i int)
}

func (p *ramp) begin(atOnce int) {
	for range min(atOnce, p.total) {
		p.done()
	}
}

// done says that one has come to its end; the next begins.
func (p *ramp) done() {
	if p.next < p.total {
		p.next++
		p.start(p.next - 1)
	}
}
