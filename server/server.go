package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
	hertz "github.com/cloudwego/hertz/pkg/app/server"
	"github.com/cloudwego/hertz/pkg/network/standard"
	"golang.org/x/sync/errgroup"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/engine"
	"github.com/uniqchat/uniqchat/server/api"
	"github.com/uniqchat/uniqchat/server/auth"
	"github.com/uniqchat/uniqchat/server/live"
	"github.com/uniqchat/uniqchat/server/load"
)

// Server is one node: engine, HTTP and admin side by side, or a part of that.
type Server struct {
	cfg    Config
	deps   Deps
	auth   *auth.Service
	desk   *chat.Desk
	live   *live.Handler // nil for RoleAPI, as is engine
	engine *engine.Engine
	load   *load.Meter // nil for RoleAPI, as is door
	door   *load.Door
	reader *observer // only for RoleAPI
	api    *api.API  // nil for RoleEngine, as are hertz and http
	hertz  *hertz.Hertz
	http   *listener
	admin  *admin
	set    *metrics.Set

	started  chan struct{}
	draining atomic.Bool
}

// New opens the HTTP and admin listeners and puts everything together. Run serves.
func New(ctx context.Context, cfg Config, deps Deps) (_ *Server, err error) {
	cfg = cfg.withDefaults()
	useLogger(cfg.Logger)
	if deps.Limiter == nil {
		deps.Limiter = chat.NewBuckets(nil)
	}
	s := &Server{cfg: cfg, deps: deps, set: metrics.NewSet(), started: make(chan struct{})}
	s.auth, err = auth.New(ctx, auth.Config{Store: deps.Store, Broker: deps.Broker, Hash: cfg.PasswordCost, Logger: cfg.Logger})
	if err != nil {
		return nil, err
	}
	s.desk = chat.NewDesk(chat.DeskConfig{
		Log: deps.Log, Store: deps.Store, Broker: deps.Broker, Files: deps.Files, FileLimits: cfg.FileLimits,
		Passive: cfg.Role == RoleAPI, Logger: cfg.Logger,
	})
	s.set.NewGauge("uniqchat_chat_swept_files", func() float64 { return float64(s.desk.Swept()) })
	for what, n := range map[string]func(chat.Removed) int{
		"conversations": func(r chat.Removed) int { return r.Conversations }, "messages": func(r chat.Removed) int { return r.Messages },
		"uploads": func(r chat.Removed) int { return r.Uploads }, "deliveries": func(r chat.Removed) int { return r.Deliveries },
		"events": func(r chat.Removed) int { return r.Steps }, "mails": func(r chat.Removed) int { return r.Mails }, "exports": func(r chat.Removed) int { return r.Exports },
		"audit_entries": func(r chat.Removed) int { return r.AuditEntries },
	} {
		s.set.NewGauge(`uniqchat_chat_retained_removed{what="`+what+`"}`, func() float64 { return float64(n(s.desk.Retained())) })
	}
	s.set.NewGauge("uniqchat_chat_dropped_steps", func() float64 { return float64(s.desk.StepsDropped()) })
	s.set.NewGauge("uniqchat_server_peers", func() float64 { return float64(s.desk.Presence.Peers()) })
	if cfg.Role == RoleAPI {
		s.reader = newObserver(s.desk, deps)
	} else if err := s.makeEngine(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.closeListeners()
		}
	}()
	if cfg.AdminListen != "" {
		if s.admin, err = newAdmin(cfg.AdminListen, s.checks, append([]*metrics.Set{s.set}, deps.Metrics...), cfg.Logger); err != nil {
			return nil, fmt.Errorf("admin.listen: %w", err)
		}
	}
	if cfg.Role == RoleEngine {
		return s, nil
	}
	s.http, err = listen(cfg.HTTPListen, cfg.HTTPConnections, cfg.HTTPReadTimeout, 10*time.Second, cfg.Logger)
	if err != nil {
		return nil, fmt.Errorf("http.listen: %w", err)
	}
	return s, s.makeHertz()
}

// makeEngine sets live connections up: the handler first, then the engine that it serves.
func (s *Server) makeEngine() (err error) {
	cfg := s.cfg.Engine
	cfg.Path = "/ws"
	cfg.Protocols = map[string]engine.Kind{"uniqchat.v1.json": engine.WebSocketText, "uniqchat.v1.bin": engine.WebSocketBinary}
	cfg.TrustedProxies, cfg.Logger, cfg.Metrics = s.cfg.TrustedProxies, s.cfg.Logger, s.set
	if cfg.Shards == 0 {
		cfg.Shards = defaultShards()
	}
	s.load = load.New(load.Config{
		Lag: func() time.Duration { return s.engine.Lag() }, Changed: s.loadChanged, Logger: s.cfg.Logger, Metrics: s.set,
	}, s.cfg.Flash.Load)
	s.door = load.NewDoor(s.cfg.Flash.Connects, nil, s.set)
	s.live = live.New(live.Config{
		Load: s.load, Door: s.door,
		Desk: s.desk, Log: s.deps.Log, Broker: s.deps.Broker, Auth: authenticator{s.auth}, Heard: s.auth.Heard, Limits: s.cfg.Limits, Limiter: s.deps.Limiter,
		Shards: cfg.Shards, Logger: s.cfg.Logger, Metrics: s.set,
	})
	s.live.SetTenantBucket(s.cfg.Requests.TenantBucket())
	if s.engine, err = engine.New(cfg, s.live); err != nil {
		return err
	}
	s.live.Attach(s.engine.Hub())
	return nil
}

// makeHertz sets HTTP up, with limits much tighter than Hertz's own.
func (s *Server) makeHertz() (err error) {
	s.hertz = hertz.New(
		hertz.WithListener(s.http), hertz.WithTransport(standard.NewTransporter),
		hertz.WithReadTimeout(s.cfg.HTTPReadTimeout), hertz.WithIdleTimeout(60*time.Second),
		hertz.WithMaxHeaderBytes(16<<10), hertz.WithStreamBody(true), hertz.WithMaxRequestBodySize(1<<20), hertz.WithDisablePreParseMultipartForm(true),
		hertz.WithHandleMethodNotAllowed(true), hertz.WithRedirectTrailingSlash(false), hertz.WithDisablePrintRoute(true),
		hertz.WithExitWaitTime(5*time.Second),
	)
	s.hertz.Name = "uniqchat"
	if s.cfg.Mail.BaseURL == "" && s.cfg.Mail.Enabled {
		s.cfg.Mail.BaseURL = "http://" + s.HTTPAddr()
	}
	s.api, err = api.Mount(s.hertz.Engine, api.Config{
		AI:   api.AIConfig{Answerer: s.deps.Answerer, Tester: s.deps.EngineTester, Intents: s.deps.Intents, TLS: s.cfg.EngineAddresses, Plain: s.cfg.EnginesPlain},
		Mail: s.cfg.Mail, Knowledge: s.deps.Knowledge, KnowledgeLimits: s.cfg.KnowledgeLimits,
		Desk: s.desk, Store: s.deps.Store, Broker: s.deps.Broker, Files: s.deps.Files, Auth: s.auth, WSURL: s.wsURL, Pages: s.cfg.Pages,
		Visitors: sendLimits(&s.cfg.Limits.Visitor), Staff: sendLimits(&s.cfg.Limits.Agent), Programs: api.SendLimits{MaxBody: s.cfg.Limits.API.MaxBody},
		Limiter: s.deps.Limiter, Requests: s.cfg.Requests, SessionsPerAddress: s.cfg.SessionsPerAddress, Uploads: s.cfg.Uploads, TrustedProxies: s.cfg.TrustedProxies, Version: s.cfg.Version,
		Logger: s.cfg.Logger, Metrics: s.set,
	})
	return err
}

// sendLimits is what a role may send over HTTP: as much as over a connection.
func sendLimits(l *live.RoleLimits) api.SendLimits {
	return api.SendLimits{MaxBody: l.MaxBody, Rate: l.SendRate, Burst: l.SendBurst}
}

// Started is closed once every listener serves.
func (s *Server) Started() <-chan struct{} { return s.started }

// HTTPAddr returns the address of API and pages, or "".
func (s *Server) HTTPAddr() string {
	if s.http == nil {
		return ""
	}
	return s.http.Addr().String()
}

// AdminAddr returns the address of health and metrics, or "".
func (s *Server) AdminAddr() string {
	if s.admin == nil {
		return ""
	}
	return s.admin.ln.Addr().String()
}

// WSAddr returns the address of the WebSocket listener, or "". Only after Started.
func (s *Server) WSAddr() string {
	if s.engine == nil {
		return ""
	}
	return s.engine.WSAddr()
}

// TCPAddr returns the address of the raw TCP listener, or "". Only after Started.
func (s *Server) TCPAddr() string {
	if s.engine == nil {
		return ""
	}
	return s.engine.TCPAddr()
}

// Desk is who acts in conversations, for what works beside the server.
func (s *Server) Desk() *chat.Desk { return s.desk }

// WebhookData returns a function that makes the data of webhooks' events, as the API shows what they are about.
func (s *Server) WebhookData() func(ctx context.Context, e *chat.WebhookEvent) (json.RawMessage, error) {
	return api.WebhookData(s.deps.Store, s.desk)
}

// MailData looks up what a mail's text is made of, and MailResets what becomes of a wish for a new password. Not for RoleEngine.
func (s *Server) MailData(ctx context.Context, m *chat.Mail) (chat.MailData, error) {
	return s.api.MailData(ctx, m)
}

// MailResets is with MailData.
func (s *Server) MailResets(ctx context.Context, r *chat.MailRequest) ([]chat.MailLink, []chat.Mail, error) {
	return s.api.MailResets(ctx, r)
}

// SetLimits changes the limits that can change while serving.
func (s *Server) SetLimits(sessionsPerAddress float64, connectionsPerAddress, acceptsPerAddress int) {
	if s.api != nil {
		s.api.SetSessionsPerAddress(sessionsPerAddress)
	}
	if s.engine != nil {
		s.engine.SetAddressLimits(connectionsPerAddress, acceptsPerAddress)
	}
}

// SetFlash changes how the node behaves when very many come at once, while serving.
func (s *Server) SetFlash(f Flash) {
	if s.engine != nil {
		s.load.Set(f.Load)
		s.door.Set(f.Connects)
	}
}

// loadChanged tells who is connected. The level is there before the handler is, but nothing looks at it.
func (s *Server) loadChanged(was, is load.Level) { s.live.LoadChanged(was, is) }

// LeavesOut reports whether the node leaves out at the moment what a level names.
func (s *Server) LeavesOut(l load.Level) bool { return s.load.LeavesOut(l) }

// SetRequestLimits changes how often the API may be called, while serving.
func (s *Server) SetRequestLimits(l api.RequestLimits) {
	if s.live != nil {
		s.live.SetTenantBucket(l.TenantBucket())
	}
	if s.api != nil {
		s.api.SetRequestLimits(l)
	}
}

// Run serves until ctx ends, then drains: readiness goes off, connections are asked to leave over the drain window, and
// what has been taken is finished. It returns nil after a clean drain, and an error if a part failed by itself.
func (s *Server) Run(ctx context.Context) error {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	g, failed := errgroup.WithContext(work)
	g.Go(func() error { return part("presence and routing", s.desk.Run(failed)) })
	g.Go(func() error { return part("revocations", s.auth.Run(failed)) })
	g.Go(func() error { return part("fan-out", s.follow(failed)) })
	g.Go(func() error { return giveBack(failed) })
	g.Go(func() error { return s.watch(failed) })
	if s.api != nil {
		g.Go(func() error { return part("api", s.api.Run(failed)) })
		g.Go(func() error { return part("exports", s.api.RunExports(failed)) })
	}
	if s.admin != nil {
		g.Go(func() error { return part("admin listener", ignoreClosed(s.admin.http.Serve(s.admin.ln))) })
	}
	engineDone := make(chan struct{})
	engineCtx, stopEngine := context.WithCancel(failed)
	g.Go(func() error {
		defer close(engineDone)
		select {
		case <-s.following():
		case <-engineCtx.Done():
			return nil
		}
		if s.engine == nil {
			return nil
		}
		measuring, stop := context.WithCancel(failed)
		defer stop()
		g.Go(func() error { return s.load.Run(measuring) })
		return part("live connections", s.engine.Run(engineCtx))
	})
	g.Go(func() error {
		select {
		case <-s.accepting():
		case <-engineCtx.Done(): // the pages would only offer what is not there
			return nil
		}
		close(s.started)
		if s.hertz == nil {
			return nil
		}
		return part("http", s.hertz.Run())
	})
	select {
	case <-ctx.Done():
	case <-failed.Done():
	}
	s.drain(failed)
	stopEngine()
	<-engineDone
	s.desk.Presence.Leave()
	stop()
	return g.Wait()
}

// drain takes leave of everyone. If ctx has ended, something failed and there is nothing to be polite with.
func (s *Server) drain(ctx context.Context) {
	s.draining.Store(true)
	select {
	case <-s.started:
		if ctx.Err() == nil && s.engine != nil {
			s.cfg.Logger.Info("draining", "window", s.cfg.DrainWindow)
			s.engine.Drain(ctx, s.cfg.DrainWindow, s.drainPlan)
		}
	default:
	}
	bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if s.hertz != nil {
		s.drainHTTP(bye)
	}
	if s.admin != nil {
		if err := s.admin.http.Shutdown(bye); err != nil {
			_ = s.admin.http.Close()
		}
	}
}

func (s *Server) drainHTTP(ctx context.Context) {
	idle, stopIdle := context.WithCancel(ctx)
	defer stopIdle()
	go s.http.endIdle(idle)
	if err := s.hertz.Shutdown(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		s.cfg.Logger.Debug("http did not shut down", "err", err) // it was not running
	}
	_ = s.http.Close()
	s.http.closeAll()
}

func (s *Server) closeListeners() {
	if s.admin != nil {
		_ = s.admin.ln.Close()
	}
	if s.http != nil {
		_ = s.http.Close()
	}
}

// checks is what readiness is made of: "ok", or what is wrong.
func (s *Server) checks(ctx context.Context) map[string]string {
	out := map[string]string{"engine": "ok", "storage": "ok", "draining": "ok"}
	select {
	case <-s.started:
	default:
		out["engine"] = "starting"
	}
	if s.draining.Load() {
		out["draining"] = "draining"
	}
	if s.deps.Health != nil {
		delete(out, "storage")
		maps.Copy(out, s.deps.Health(ctx))
		return out
	}
	if _, err := s.deps.Store.SigningKeys(ctx); err != nil {
		out["storage"] = "unavailable"
	}
	return out
}

// wsURL is where somebody who reached us as host finds the WebSocket listener.
func (s *Server) wsURL(host string) string {
	if s.cfg.WSPublicURL != "" {
		return s.cfg.WSPublicURL
	}
	addr := s.cfg.Engine.WSListen // RoleAPI: other processes have it
	if s.engine != nil {
		addr = s.engine.WSAddr()
	}
	name, port, err := net.SplitHostPort(addr)
	if err != nil {
		return ""
	}
	if ip := net.ParseIP(name); ip != nil && ip.IsUnspecified() {
		if name, _, err = net.SplitHostPort(host); err != nil {
			name = host
		}
	}
	return "ws://" + net.JoinHostPort(name, port) + "/ws"
}

// part names the part of the server that failed.
func part(name string, err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return nil
	}
	return fmt.Errorf("%s: %w", name, err)
}

func ignoreClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// drainPlan spreads leave-taking over the drain window: visitors first, staff last, so that who is helped elsewhere finds
// somebody there.
func (s *Server) drainPlan(c *engine.Conn) (from, to float64) {
	if s.live.IsStaff(c) {
		return 0.7, 1
	}
	return 0, 0.7
}
