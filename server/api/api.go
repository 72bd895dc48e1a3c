package api

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/cloudwego/hertz/pkg/route"
	"github.com/danielgtaylor/huma/v2"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server/auth"
)

// Config is what an API is made of.
type Config struct {
	Desk   *chat.Desk
	Store  chat.Store
	Broker chat.Broker
	// Files keeps exports. Nil: none can be made.
	Files chat.Files
	Auth  *auth.Service
	// WSURL returns the address of the WebSocket listener for somebody who reached us as host (a Host header).
	WSURL func(host string) string
	// Pages are the embedded files: widget.js, widget-chat.js, demo/, console/. nil: none are served.
	Pages fs.FS
	// SessionsPerAddress is how many widget sessions one address may open a second; twice as many at once. 0: no limit.
	SessionsPerAddress float64
	// LoginsPerAddress is how many log-ins one address may try a second; ten times as many at once. Defaults to 5.
	LoginsPerAddress float64
	// Limiter keeps the buckets of Requests. Defaults to one for this process.
	Limiter chat.Limiter
	// Requests bounds how often the API may be called.
	Requests RequestLimits
	// Visitors and Staff bound what each of them sends over HTTP. Default to 64 KiB, 10 a second, 40 at once, and
	// 256 KiB, 50, 200. Programs bounds the messages of API tokens, 1 MiB by default; how many they are is bounded as all of a tenant's requests are.
	Visitors, Staff, Programs SendLimits
	// Uploads bounds what is taken of files.
	Uploads UploadLimits
	// Knowledge is the knowledge base, and KnowledgeLimits bounds what a tenant keeps in it. Nil: there is none.
	Knowledge       chat.KnowledgeBase
	KnowledgeLimits chat.KnowledgeLimits
	// AI is what answers with engines.
	AI AIConfig
	// Mail says whether mail is sent, and what links in it begin with.
	Mail MailConfig
	// TrustedProxies may name the client's address in X-Forwarded-For.
	TrustedProxies []netip.Prefix
	// CallTimeout bounds one request's work. Defaults to 10s.
	CallTimeout time.Duration
	// Version is the program's, for the document. Defaults to "dev".
	Version string
	// Now is the clock. Defaults to time.Now.
	Now func() time.Time
	// Logger defaults to slog.Default().
	Logger *slog.Logger
	// Metrics defaults to a set of its own.
	Metrics *metrics.Set
}

func (c Config) withDefaults() Config {
	if c.LoginsPerAddress == 0 {
		c.LoginsPerAddress = 5
	}
	if c.Visitors == (SendLimits{}) {
		c.Visitors = SendLimits{64 << 10, 10, 40}
	}
	if c.Staff == (SendLimits{}) {
		c.Staff = SendLimits{256 << 10, 50, 200}
	}
	if c.Programs == (SendLimits{}) {
		c.Programs = SendLimits{MaxBody: 1 << 20}
	}
	if c.Requests == (RequestLimits{}) {
		c.Requests = DefaultRequestLimits()
	}
	if c.Limiter == nil {
		c.Limiter = chat.NewBuckets(c.Now)
	}
	c.Uploads, c.AI = c.Uploads.withDefaults(), c.AI.withDefaults()
	c.Mail = c.Mail.withDefaults()
	if c.CallTimeout <= 0 {
		c.CallTimeout = 10 * time.Second
	}
	if c.Version == "" {
		c.Version = "dev"
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Metrics == nil {
		c.Metrics = metrics.NewSet()
	}
	return c
}

// API serves the HTTP interface. Safe for concurrent use.
type API struct {
	cfg       Config
	requests  atomic.Pointer[RequestLimits]
	addresses *auth.Limiter
	sessions  *auth.Limiter
	news      *auth.Limiter // what pages say anew of visitors who are talking
	logins    *auth.Limiter
	accounts  *auth.Limiter
	visitors  sending
	staff     sending
	programs  sending
	uploaders *auth.Limiter
	uploading chan struct{} // one for each file that is coming in
	reading   chan struct{} // one for each document that a text is made of
	asking    *asking
	exporting chan struct{}   // holds a token when an export was asked for here
	public    map[string]bool // paths that need no credential
	stats     *stats
	openAPI   []byte
	mounted   route.RoutesInfo
}

// Mount registers every route with a Hertz engine. It fails if a route has no row of permissions.
func Mount(engine *route.Engine, cfg Config) (*API, error) {
	cfg = cfg.withDefaults()
	a := &API{
		cfg:       cfg,
		addresses: auth.NewLimiter(cfg.Requests.Address.PerSecond, cfg.Requests.Address.Burst, cfg.Now),
		news:      auth.NewLimiter(1.0/60, 10, cfg.Now),
		sessions:  auth.NewLimiter(cfg.SessionsPerAddress, int(2*cfg.SessionsPerAddress), cfg.Now),
		logins:    auth.NewLimiter(cfg.LoginsPerAddress, int(10*cfg.LoginsPerAddress), cfg.Now),
		accounts:  auth.NewLimiter(0.2, 20, cfg.Now),
		visitors:  sending{cfg.Visitors, auth.NewLimiter(cfg.Visitors.Rate, cfg.Visitors.Burst, cfg.Now)},
		staff:     sending{cfg.Staff, auth.NewLimiter(cfg.Staff.Rate, cfg.Staff.Burst, cfg.Now)},
		programs:  sending{cfg.Programs, auth.NewLimiter(cfg.Programs.Rate, cfg.Programs.Burst, cfg.Now)},
		uploaders: auth.NewLimiter(cfg.Uploads.Rate, cfg.Uploads.Burst, cfg.Now),
		uploading: make(chan struct{}, cfg.Uploads.AtOnce),
		reading:   make(chan struct{}, documentsAtOnce),
		asking:    newAsking(cfg.AI.AtOnce, cfg.AI.PerTenant),
		exporting: make(chan struct{}, 1),
		public:    make(map[string]bool),
		stats:     newStats(cfg.Metrics),
	}
	a.requests.Store(&cfg.Requests)
	for _, r := range a.routes() {
		if r.who.public {
			a.public[r.path] = true
		}
	}
	engine.Use(a.begin, a.gate)
	engine.NoRoute(a.noRoute)
	engine.NoMethod(a.noMethod)
	doc, err := a.register(engine)
	if err != nil {
		return nil, err
	}
	if a.openAPI, err = doc.MarshalJSON(); err != nil {
		return nil, fmt.Errorf("encode openapi: %w", err)
	}
	a.mountPages(engine)
	engine.GET(configPath, a.serveConfig)
	engine.GET(linkPath+":token", a.linkedFile)
	engine.HEAD(linkPath+":token", a.linkedFile)
	a.mounted = engine.Routes()
	return a, nil
}

// SetSessionsPerAddress changes the limit of widget sessions while serving.
func (a *API) SetSessionsPerAddress(perSecond float64) { a.sessions.Set(perSecond, int(2*perSecond)) }

// register puts the table of routes into a Hertz engine and returns the document made of it.
func (a *API) register(engine *route.Engine) (*huma.OpenAPI, error) {
	installProblems()
	h := huma.NewAPI(humaConfig(a.cfg.Version), &adapter{engine})
	seen := make(map[string]bool)
	for _, r := range a.routes() {
		if !r.who.known() {
			return nil, fmt.Errorf("route %s %s has no row of permissions", r.method, r.path)
		}
		if seen[r.id] {
			return nil, fmt.Errorf("two routes are called %s", r.id)
		}
		seen[r.id] = true
		op := r.operation(a)
		action, err := r.auditAction()
		if err != nil {
			return nil, err
		}
		if action != "" {
			op.Extensions = map[string]any{"x-audit-action": action}
		}
		r.bind(h, op)
	}
	return h.OpenAPI(), complete(h.OpenAPI())
}

// Spec returns the OpenAPI 3.1 document, without serving anything.
func Spec() (*huma.OpenAPI, error) {
	a := &API{cfg: Config{Version: "1"}.withDefaults()}
	return a.register(newBareEngine())
}

// Document is Spec as YAML.
func Document() ([]byte, error) {
	doc, err := Spec()
	if err != nil {
		return nil, err
	}
	return doc.YAML()
}

// fail turns what a handler returned into a problem document; what is nobody's fault outside is logged.
func (a *API) fail(c *call, err error) *Problem {
	var shown *Problem
	if errors.As(err, &shown) {
		return shown
	}
	p := problem(c, err)
	if p.Status == http.StatusTooManyRequests && c != nil && c.h != nil {
		c.h.Response.Header.Del("RateLimit-Limit") // it is another limit's: huma adds headers, it does not replace them
		c.h.Response.Header.Del("RateLimit-Remaining")
		c.h.Response.Header.Del("RateLimit-Reset")
	}
	var e *chat.Error
	if !errors.As(err, &e) && !errors.Is(err, context.Canceled) {
		a.cfg.Logger.Error("request failed", "request", c.id, "err", err)
	}
	return p
}

// bind makes a handler huma's: with a deadline, and problem documents for errors.
func bind[I, O any](a *API, fn func(context.Context, *call, *I) (*O, error)) func(huma.API, huma.Operation) {
	return bindFor(a, a.cfg.CallTimeout, fn)
}

// bindFor is bind with a deadline of its own.
func bindFor[I, O any](a *API, within time.Duration, fn func(context.Context, *call, *I) (*O, error)) func(huma.API, huma.Operation) {
	return func(h huma.API, op huma.Operation) {
		huma.Register(h, op, func(ctx context.Context, in *I) (*O, error) {
			c := callOf(ctx)
			ctx, cancel := context.WithTimeout(chat.WithAct(ctx, c.act()), within)
			defer cancel()
			out, err := fn(ctx, c, in)
			if err != nil {
				return nil, a.fail(c, err)
			}
			return out, nil
		})
	}
}
