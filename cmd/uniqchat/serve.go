package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/spf13/cobra"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/cmd/uniqchat/config"
	"github.com/uniqchat/uniqchat/engine"
	"github.com/uniqchat/uniqchat/server"
	"github.com/uniqchat/uniqchat/server/api"
	"github.com/uniqchat/uniqchat/server/live"
	"github.com/uniqchat/uniqchat/storage"
	"github.com/uniqchat/uniqchat/web"
)

func serveCommand() *cobra.Command {
	var demo bool
	var role string
	cmd := &cobra.Command{
		Use: "serve", Short: "Serve: chat, API, console and widget", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := load(cmd)
			if err != nil {
				return err
			}
			if err := checkRole(server.Role(role), cfg, demo); err != nil {
				return err
			}
			if demo {
				if err := cfg.RequireLoopback(); err != nil {
					return err
				}
			}
			p := &process{cfg: cfg, role: server.Role(role), demo: demo, reload: func() (*config.Config, error) { return load(cmd) }}
			return p.serve(cmd.Context())
		},
	}
	cmd.Flags().BoolVar(&demo, "demo", false, "a demo shop with known accounts, on this machine only")
	cmd.Flags().StringVar(&role, "role", "all", "which part of a cluster's node this process is: all, engine (live connections, routing, "+
		"projection) or api (HTTP only)")
	return cmd
}

// checkRole refuses what can't be: a part of a node needs other parts, and so a log that several processes share.
func checkRole(role server.Role, cfg *config.Config, demo bool) error {
	switch role {
	case server.RoleAll:
		return nil
	case server.RoleEngine, server.RoleAPI:
	default:
		return fmt.Errorf("--role %s: there is no such role; use all, engine or api", role)
	}
	if strings.HasPrefix(cfg.Storage.URL, "sqlite:") {
		return fmt.Errorf("--role %s: one process serves an SQLite database, so it does everything; leave --role at all, "+
			"or set storage.url to postgres://… and redis.url", role)
	}
	if demo {
		return fmt.Errorf("--role %s: a demo is one process; leave --role at all, or leave --demo out", role)
	}
	return nil
}

// process is one run of the server.
type process struct {
	cfg    *config.Config
	role   server.Role
	demo   bool
	reload func() (*config.Config, error)

	level  slog.LevelVar
	logger *slog.Logger
	server *server.Server
}

// serve runs until a signal ends it. It returns nil after a clean drain.
func (p *process) serve(ctx context.Context) (err error) {
	p.logger = newLogger(os.Stderr, p.cfg.Log, &p.level)
	slog.SetDefault(p.logger)
	if ctx == nil {
		ctx = context.Background()
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	defer signal.Stop(signals)
	over := make(chan struct{})
	defer close(over)
	go p.listen(signals, stop, over)

	o, err := storageOptions(p.cfg)
	if err != nil {
		return err
	}
	o.Logger, o.Passive = p.logger, p.role == server.RoleAPI
	var release func()
	o.Node, release = nodeName(p.cfg.DataDir)
	defer release()
	if p.demo {
		if err := storage.Migrate(ctx, o); err != nil {
			return err
		}
	}
	set := metrics.NewSet()
	n, err := openNotary(p.cfg, set)
	if err != nil {
		return err
	}
	o.Audit = n
	kept, err := storage.Open(ctx, o)
	if err != nil {
		return err
	}
	kept.Metrics = append(kept.Metrics, set)
	shelf, closeShelf, err := p.openFiles(ctx, kept.Store.Keyring())
	if err != nil {
		return errors.Join(err, kept.Close())
	}
	defer closeShelf()
	kept.Reseal(shelf)
	keeping, endKeeping := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() {
		err := kept.Run(keeping)
		stop() // without storage there is nothing to serve
		ended <- err
	}()
	var noting sync.WaitGroup
	noting.Go(func() {
		if err := n.Run(keeping, kept.Store); err != nil {
			p.logger.Error("the audit log's last checkpoint was not written", "err", err)
		}
	})
	defer func() {
		endKeeping()
		noting.Wait()
		if runErr := <-ended; runErr != nil && !errors.Is(runErr, context.Canceled) {
			err = errors.Join(err, fmt.Errorf("storage: %w", runErr))
		}
		err = errors.Join(err, kept.Close())
	}()
	return p.run(ctx, kept, shelf)
}

// storageOptions is where the configuration says that things are kept, and how.
func storageOptions(c *config.Config) (storage.Options, error) {
	e, err := encryption(&c.Encryption)
	return storage.Options{URL: c.Storage.URL, Redis: c.Redis.URL, Ack: c.Storage.Ack, Encryption: e}, err
}

// run serves on opened storage and files.
func (p *process) run(ctx context.Context, kept *storage.Storage, shelf chat.Files) error {
	var password string
	if p.demo {
		var err error
		if password, err = seedDemo(ctx, kept.Store, p.cfg.DataDir); err != nil {
			return fmt.Errorf("prepare the demo: %w", err)
		}
	}
	cfg, err := p.serverConfig()
	if err != nil {
		return err
	}
	outgoing := metrics.NewSet()
	deps := server.Deps{
		Log: kept.Log, Store: kept.Store, Broker: kept.Broker, Limiter: kept.Limiter, Files: shelf, Metrics: append(kept.Metrics, outgoing), Health: kept.Health(),
	}
	embedder := embedders(&p.cfg.AI)
	known, err := p.library(kept, embedder, outgoing)
	if err != nil {
		return err
	}
	if known != nil {
		deps.Knowledge = known
	}
	bots := shared(embedder)
	taught, err := p.trainer(kept, known, bots, outgoing)
	if err != nil {
		return err
	}
	answers, err := p.answerer(kept, known, taught, bots, outgoing)
	if err != nil {
		return err
	}
	if answers != nil {
		deps.Answerer, deps.EngineTester, deps.Intents = answers, answers, taught
	}
	if p.demo {
		if err := seedKnowledge(ctx, kept.Store, known, p.knowledgeLimits()); err != nil {
			return fmt.Errorf("prepare the demo's knowledge base: %w", err)
		}
		if err := seedBot(ctx, kept.Store, os.Getenv("UNIQCHAT_DEMO_BOT")); err != nil {
			return fmt.Errorf("prepare the demo's bot: %w", err)
		}
	}
	p.server, err = server.New(ctx, cfg, deps)
	if err != nil {
		return err
	}
	go func() {
		select {
		case <-ctx.Done():
			return
		case <-p.server.Started():
		}
		p.logger.Info("serving", "http", p.server.HTTPAddr(), "ws", p.server.WSAddr(), "tcp", p.server.TCPAddr(),
			"admin", p.server.AdminAddr(), "version", version)
		if p.demo {
			printDemo(os.Stdout, p.server.HTTPAddr(), password)
		}
	}()
	hooks, err := p.webhooks(kept, outgoing)
	if err != nil {
		return err
	}
	letters, err := p.mailer(kept, outgoing)
	if err != nil {
		return err
	}
	mailing := func(ctx context.Context) error { return alongside(ctx, letters, p.server.Run) }
	answering, err := p.answering(kept, answers, taught, known, outgoing)
	if err != nil {
		return err
	}
	botting := func(ctx context.Context) error { return alongside(ctx, answering, mailing) }
	serve := func(ctx context.Context) error { return alongside(ctx, reading(known), botting) }
	if err := alongside(ctx, hooks, serve); err != nil {
		return err
	}
	p.logger.Info("ended")
	return nil
}

// echo is how soon after the first signal another one is the same: timeout(1) and some supervisors signal a process and
// then its group.
const echo = 100 * time.Millisecond

// listen acts on signals: the first SIGTERM or SIGINT drains, a second one ends at once, SIGHUP reloads.
func (p *process) listen(signals <-chan os.Signal, stop func(), over <-chan struct{}) {
	var asked time.Time
	for {
		select {
		case <-over:
			return
		case s := <-signals:
			switch {
			case s == syscall.SIGHUP:
				p.reloaded()
			case asked.IsZero():
				asked = time.Now()
				stop()
			case time.Since(asked) > echo:
				p.logger.Warn("ended at once")
				os.Exit(1)
			}
		}
	}
}

// liveKeys are the keys that SIGHUP changes.
var liveKeys = map[string]bool{
	"log.level": true, "flash.leave_out_at": true, "flash.leave_out": true, "flash.connects_per_second": true,
	"limits.connections_per_address": true, "limits.accepts_per_address_per_second": true,
	"limits.sessions_per_address_per_second": true,
	"limits.visitor.request_rate":            true, "limits.visitor.request_burst": true,
	"limits.agent.request_rate": true, "limits.agent.request_burst": true,
	"limits.tenant.request_rate": true, "limits.tenant.request_burst": true,
	"limits.address.request_rate": true, "limits.address.request_burst": true,
}

// reloaded takes over what can change while serving, and says what can't.
func (p *process) reloaded() {
	next, err := p.reload()
	if err != nil {
		p.logger.Error("configuration not reloaded", "err", err)
		return
	}
	old, now := p.cfg.Keys(), next.Keys()
	for i := range now {
		if old[i].String() == now[i].String() {
			continue
		}
		if liveKeys[now[i].Name] {
			p.logger.Info("changed", "key", now[i].Name, "to", now[i].String())
		} else {
			p.logger.Warn("can't change while serving; restart for it", "key", now[i].Name)
		}
	}
	setLevel(&p.level, next.Log.Level)
	if p.server != nil {
		l := next.Limits
		p.server.SetLimits(l.SessionsPerAddressPerSecond, l.ConnectionsPerAddress, l.AcceptsPerAddressPerSecond)
		p.server.SetRequestLimits(requestLimits(&l))
		p.server.SetFlash(flash(&next.Flash))
	}
	p.cfg.Log.Level, p.cfg.Flash = next.Log.Level, next.Flash
	p.cfg.Limits.ConnectionsPerAddress = next.Limits.ConnectionsPerAddress
	p.cfg.Limits.AcceptsPerAddressPerSecond = next.Limits.AcceptsPerAddressPerSecond
	p.cfg.Limits.SessionsPerAddressPerSecond = next.Limits.SessionsPerAddressPerSecond
	p.cfg.Limits.Tenant, p.cfg.Limits.Address = next.Limits.Tenant, next.Limits.Address
	p.cfg.Limits.Visitor.RequestRate, p.cfg.Limits.Visitor.RequestBurst = next.Limits.Visitor.RequestRate, next.Limits.Visitor.RequestBurst
	p.cfg.Limits.Agent.RequestRate, p.cfg.Limits.Agent.RequestBurst = next.Limits.Agent.RequestRate, next.Limits.Agent.RequestBurst
}

// requestLimits is how often the API may be called.
func requestLimits(l *config.Limits) api.RequestLimits {
	return api.RequestLimits{
		Tenant:  api.RequestLimit{PerSecond: l.Tenant.Rate, Burst: l.Tenant.Burst},
		Visitor: api.RequestLimit{PerSecond: l.Visitor.RequestRate, Burst: l.Visitor.RequestBurst},
		Agent:   api.RequestLimit{PerSecond: l.Agent.RequestRate, Burst: l.Agent.RequestBurst},
		Address: api.RequestLimit{PerSecond: l.Address.Rate, Burst: l.Address.Burst},
	}
}

// serverConfig is the configuration as the server wants it.
func (p *process) serverConfig() (server.Config, error) {
	c := p.cfg
	proxies, err := c.TrustedProxies()
	if err != nil {
		return server.Config{}, err
	}
	secure, plain, err := p.engineAddresses()
	if err != nil {
		return server.Config{}, err
	}
	address := func(a string) string {
		if a == config.Off {
			return ""
		}
		return a
	}
	limits := live.DefaultLimits()
	role := func(to *live.RoleLimits, l config.RoleLimit, b config.Beat) {
		to.SendRate, to.SendBurst, to.Window = l.SendRate, l.SendBurst, l.Window
		to.Ping, to.Pong = time.Duration(b.Ping), time.Duration(b.Pong)
	}
	role(&limits.Visitor, c.Limits.Visitor, c.Heartbeat.Visitor)
	role(&limits.Agent, c.Limits.Agent, c.Heartbeat.Agent)
	loops, shards := c.Engine.Loops, 0
	if p.role != server.RoleAPI {
		processors := makeRoom(c.Engine.Loops)
		loops, shards = cmp.Or(c.Engine.Loops, processors), max(2*processors, 4)
	}
	limits.API.SendRate = 0 // programs are bounded by their tenant's bucket, whatever that is set to
	limits.API.Ping, limits.API.Pong = time.Duration(c.Heartbeat.API.Ping), time.Duration(c.Heartbeat.API.Pong)
	return server.Config{
		Role: p.role, HTTPListen: c.HTTP.Listen, AdminListen: address(c.Admin.Listen), WSPublicURL: c.WS.PublicURL,
		Engine: engine.Config{
			WSListen: c.WS.Listen, TCPListen: address(c.TCP.Listen), Loops: loops, Shards: shards, MaxConnections: c.Engine.MaxConnections,
			MaxPerAddress: c.Limits.ConnectionsPerAddress, AcceptsPerAddress: c.Limits.AcceptsPerAddressPerSecond,
		},
		Uploads: api.UploadLimits{
			Bytes: int64(c.Uploads.MaxBytes), Pixels: int64(c.Uploads.MaxPixels), LinkLife: time.Duration(c.Uploads.LinkLife), Temp: p.tempDir(),
		},
		Mail: p.mailConfig(), KnowledgeLimits: p.knowledgeLimits(), EngineAddresses: secure, EnginesPlain: plain,
		FileLimits: chat.FileLimits{Quota: int64(c.Uploads.TenantBytes), UnsentLife: time.Duration(c.Uploads.UnsentLife)},
		Limits:     limits, Requests: requestLimits(&c.Limits), Flash: flash(&c.Flash), SessionsPerAddress: c.Limits.SessionsPerAddressPerSecond, DrainWindow: time.Duration(c.Drain.Window),
		TrustedProxies: proxies, Pages: web.Files(), Version: version, Logger: p.logger,
	}, nil
}
