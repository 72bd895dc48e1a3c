package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/panjf2000/gnet/v2"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/uniqchat/uniqchat/codec"
)

// Engine accepts connections and carries messages between them and a Handler.
type Engine struct {
	gnet.BuiltinEventEngine
	cfg       Config
	handler   Handler
	upgrader  codec.Upgrader
	hub       *Hub
	shards    []*shard
	stats     stats
	addresses *addresses
	clock     atomic.Uint32 // seconds since start
	began     time.Time
	nextID    atomic.Uint64
	draining  atomic.Bool
	tcpPort   int
	wsAddr    string
	tcpAddr   string

	started chan struct{}
	gnet    gnet.Engine

	mu    sync.Mutex
	loops map[gnet.EventLoop]*loop
	stop  context.CancelFunc
}

// New returns an engine that serves handler once it runs.
func New(cfg Config, handler Handler) (*Engine, error) {
	if handler == nil {
		return nil, errors.New("engine: there is no handler")
	}
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	e := &Engine{
		cfg: cfg, handler: handler, hub: newHub(), addresses: newAddresses(cfg.MaxPerAddress, cfg.AcceptsPerAddress),
		started: make(chan struct{}), loops: make(map[gnet.EventLoop]*loop), began: time.Now(),
	}
	e.upgrader.Path = cfg.Path
	for p := range cfg.Protocols {
		e.upgrader.Protocols = append(e.upgrader.Protocols, p)
	}
	for i := range cfg.Shards {
		e.shards = append(e.shards, newShard(e, i))
	}
	e.clock.Store(1)
	e.stats.register(e)
	return e, nil
}

// Hub returns the engine's topics.
func (e *Engine) Hub() *Hub { return e.hub }

// Shards returns how many shards call Handler.Serve.
func (e *Engine) Shards() int { return len(e.shards) }

// MaxConnections returns how many connections are accepted at once.
func (e *Engine) MaxConnections() int { return e.cfg.MaxConnections }

// Started is closed once the listeners are open.
func (e *Engine) Started() <-chan struct{} { return e.started }

// WSAddr and TCPAddr return the listeners' addresses, or "". Only after Started.
func (e *Engine) WSAddr() string  { return e.wsAddr }
func (e *Engine) TCPAddr() string { return e.tcpAddr }

// SetAddressLimits changes the limits per client address while the engine runs.
func (e *Engine) SetAddressLimits(connections, acceptsPerSecond int) {
	e.addresses.setLimits(connections, acceptsPerSecond)
}

// Run serves until ctx ends, or until gnet ends by itself, which is an error: every connection is lost then. Call Drain
// before ctx ends to say goodbye properly.
func (e *Engine) Run(ctx context.Context) error {
	var addrs []string
	var held []func()
	defer func() {
		for _, f := range held {
			f()
		}
	}()
	for _, l := range []struct {
		want string
		got  *string
	}{{e.cfg.WSListen, &e.wsAddr}, {e.cfg.TCPListen, &e.tcpAddr}} {
		if l.want == "" {
			continue
		}
		addr, release, err := reserve(l.want)
		if err != nil {
			return err
		}
		held = append(held, release)
		*l.got = addr
		addrs = append(addrs, "tcp://"+addr)
	}
	if e.tcpAddr != "" {
		e.tcpPort = int(netip.MustParseAddrPort(e.tcpAddr).Port())
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	e.mu.Lock()
	e.stop = cancel
	e.mu.Unlock()

	serving, endServing := context.WithCancel(context.Background())
	var workers errgroup.Group
	for _, s := range e.shards {
		workers.Go(func() error { s.run(serving); return nil })
	}
	workers.Go(func() error {
		select {
		case <-e.started:
		case <-serving.Done():
			return nil
		}
		select {
		case <-ctx.Done():
		case <-serving.Done():
			return nil
		}
		e.draining.Store(true)
		stop, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		return e.gnet.Stop(stop)
	})
	err := gnet.Rotate(e, addrs,
		gnet.WithReusePort(true), gnet.WithReuseAddr(true), gnet.WithNumEventLoop(e.cfg.Loops), gnet.WithTicker(true), gnet.WithReadBufferCap(e.cfg.ReadBuffer),
		gnet.WithTCPKeepAlive(2*time.Minute), gnet.WithTCPNoDelay(gnet.TCPNoDelay), gnet.WithLogger(gnetLogger{e.cfg.Logger}))
	e.mu.Lock()
	for _, l := range e.loops {
		l.stop()
	}
	e.mu.Unlock()
	wanted := ctx.Err() != nil
	endServing()
	if werr := workers.Wait(); err == nil && werr != nil && !errors.Is(werr, context.Canceled) {
		e.cfg.Logger.Warn("event loops ended late", "err", werr)
	}
	switch {
	case err != nil:
		return fmt.Errorf("event loops: %w", err)
	case !wanted:
		return errors.New("event loops ended by themselves; every connection is lost")
	}
	return nil
}

// reserve finds out whether an address is free, picks a port if that is asked for, and keeps others from taking it until
// the event loops have: they share it among themselves (SO_REUSEPORT), which would also let another process in.
func reserve(addr string) (actual string, release func(), err error) {
	probe, err := net.Listen("tcp", addr)
	if err != nil {
		return "", nil, err
	}
	actual = probe.Addr().String()
	if err := probe.Close(); err != nil {
		return "", nil, err
	}
	ap, err := netip.ParseAddrPort(actual)
	if err != nil {
		return "", nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	family, sa := unix.AF_INET6, unix.Sockaddr(&unix.SockaddrInet6{Port: int(ap.Port()), Addr: ap.Addr().As16()})
	if ap.Addr().Is4() {
		family, sa = unix.AF_INET, &unix.SockaddrInet4{Port: int(ap.Port()), Addr: ap.Addr().As4()}
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return "", nil, fmt.Errorf("socket: %w", err)
	}
	release = func() { _ = unix.Close(fd) }
	for _, opt := range []int{unix.SO_REUSEADDR, unix.SO_REUSEPORT} {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, opt, 1); err != nil {
			release()
			return "", nil, fmt.Errorf("set socket option: %w", err)
		}
	}
	if err := unix.Bind(fd, sa); err != nil { // bound, not listening: nothing can arrive here
		release()
		return "", nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	return actual, release, nil
}

// OnBoot implements gnet.EventHandler.
func (e *Engine) OnBoot(g gnet.Engine) gnet.Action {
	e.gnet = g
	close(e.started)
	return gnet.None
}

// OnOpen implements gnet.EventHandler: limits come first.
func (e *Engine) OnOpen(gc gnet.Conn) (out []byte, action gnet.Action) {
	n := e.stats.conns.Add(1)
	mine := true // whether it is OnClose that will take this connection off the count
	defer func() {
		if p := recover(); p != nil {
			e.panicked(nil, p)
			out, action = nil, gnet.Close
			mine = gc.Context() != nil
		}
		if !mine {
			e.stats.conns.Add(-1)
		}
	}()
	isTCP := e.tcpPort != 0 && gc.LocalAddr().(*net.TCPAddr).Port == e.tcpPort
	addr := gc.RemoteAddr().(*net.TCPAddr).AddrPort().Addr().Unmap()
	var refusal string
	counted := false
	switch {
	case e.draining.Load():
		refusal = "draining"
	case n > int64(e.cfg.MaxConnections):
		refusal = "max_connections"
	case gc.Fd() >= e.cfg.lastFile:
		// The kernel gives the lowest free number, so others in this process have taken what was kept for them and more.
		// An accept that fails for want of a descriptor would end gnet.
		refusal = "files"
	case isTCP || !e.trusted(addr):
		counted, refusal = e.addresses.admit(addr, e.clock.Load())
	}
	if refusal != "" {
		mine = false
		e.stats.refused(refusal)
		return e.refusal(isTCP, refusal), gnet.Close
	}
	l := e.loopOf(gc.EventLoop())
	c := &Conn{gc: gc, loop: l, id: e.nextID.Add(1), addr: addr, heard: l.now, counted: counted}
	c.tier.Store(&e.cfg.First)
	gc.SetContext(c)
	if isTCP {
		c.kind = RawTCP
		c.guarded(c.open)
	} else {
		l.wheel.add(c, l.after(e.cfg.HandshakeTimeout))
	}
	return nil, gnet.None
}

// refusal is what a connection that can't be had is told.
func (e *Engine) refusal(isTCP bool, reason string) []byte {
	if !isTCP {
		return []byte("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
	}
	code := codec.CloseTooMany
	switch reason {
	case "draining":
		code = codec.CloseDraining
	case "address_limit":
		code = codec.CloseConnLimit
	}
	f := e.byeFrame(RawTCP, &goodbye{code: code, reason: http.StatusText(http.StatusServiceUnavailable), retryAfter: 2000})
	if f == nil {
		return nil
	}
	defer f.Release()
	return append([]byte(nil), f.data...)
}

// OnTraffic implements gnet.EventHandler.
func (e *Engine) OnTraffic(gc gnet.Conn) gnet.Action {
	c, ok := gc.Context().(*Conn)
	if !ok {
		return gnet.Close
	}
	c.guarded(c.traffic)
	c.guarded(c.loop.flushAll)
	return gnet.None
}

// guarded runs f; a panic in it closes the connection with 3004.
func (c *Conn) guarded(f func()) {
	defer c.loop.e.rescue(c)
	f()
}

// OnClose implements gnet.EventHandler.
func (e *Engine) OnClose(gc gnet.Conn, _ error) gnet.Action {
	c, ok := gc.Context().(*Conn)
	if !ok || c.state == isGone {
		return gnet.None
	}
	defer e.rescue(nil)
	c.state = isGone
	c.origin.Store(gone)
	c.loop.wheel.remove(c)
	e.stats.conns.Add(-1)
	if c.counted {
		e.addresses.leave(c.addr)
	}
	c.letGo()
	if b := c.out; b != nil {
		c.loop.letHeld(c)
		for _, f := range b.frames {
			f.Release()
		}
		b.frames, b.missed = nil, nil
		delete(c.loop.slow, c)
	}
	c.gc, c.out = nil, nil // who still holds the connection holds only that
	if c.opened {
		e.shardOf(c).push(item{conn: c, op: OpClosed}, true)
	}
	return gnet.None
}

// since is how long the engine has been there, in nanoseconds and never 0.
func (e *Engine) since() int64 { return max(int64(time.Since(e.began)), 1) }

// Lag returns the longest that messages have waited for the application since the last call, or wait now.
func (e *Engine) Lag() (longest time.Duration) {
	for _, s := range e.shards {
		longest = max(longest, s.lag())
	}
	return longest
}

// OnTick implements gnet.EventHandler: it moves the clock and lets every loop do its second's work.
func (e *Engine) OnTick() (time.Duration, gnet.Action) {
	now := time.Since(e.began)
	e.clock.Store(uint32(now/time.Second) + 1)
	e.mu.Lock()
	for _, l := range e.loops {
		if err := l.gnet.Execute(context.Background(), (*stepper)(l)); err != nil {
			break // shutting down
		}
	}
	e.mu.Unlock()
	return time.Second - now%time.Second + time.Millisecond, gnet.None
}

// loopOf returns what we keep for a gnet loop.
func (e *Engine) loopOf(g gnet.EventLoop) *loop {
	e.mu.Lock()
	defer e.mu.Unlock()
	l := e.loops[g]
	if l == nil {
		l = &loop{e: e, gnet: g, now: e.clock.Load(), slow: make(map[*Conn]struct{})}
		l.wheel.at = l.now
		e.loops[g] = l
	}
	return l
}

func (e *Engine) shardOf(c *Conn) *shard { return e.shards[c.id%uint64(len(e.shards))] }

func (e *Engine) trusted(a netip.Addr) bool {
	for _, p := range e.cfg.TrustedProxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// gnetLogger writes gnet's messages to slog; what is only about its own start and stop is debug.
type gnetLogger struct{ l *slog.Logger }

func (g gnetLogger) Debugf(f string, a ...any) { g.l.Debug("gnet", "msg", fmt.Sprintf(f, a...)) }
func (g gnetLogger) Infof(f string, a ...any)  { g.l.Debug("gnet", "msg", fmt.Sprintf(f, a...)) }
func (g gnetLogger) Warnf(f string, a ...any)  { g.l.Warn("gnet", "msg", fmt.Sprintf(f, a...)) }
func (g gnetLogger) Errorf(f string, a ...any) { g.l.Error("gnet", "msg", fmt.Sprintf(f, a...)) }
func (g gnetLogger) Fatalf(f string, a ...any) { g.l.Error("gnet", "msg", fmt.Sprintf(f, a...)) }
