package server

import (
	"context"
	"io/fs"
	"log/slog"
	"net/netip"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/alexedwards/argon2id"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/engine"
	"github.com/uniqchat/uniqchat/server/api"
	"github.com/uniqchat/uniqchat/server/live"
	"github.com/uniqchat/uniqchat/server/load"
)

// Role is which part of a node a Server is.
type Role string

// A node does everything, or only what is live (connections, routing), or only HTTP.
const (
	RoleAll    Role = "all"
	RoleEngine Role = "engine"
	RoleAPI    Role = "api"
)

// Config is how a Server is set up.
type Config struct {
	Role        Role   // Defaults to RoleAll.
	HTTPListen  string // host:port of API and pages; port 0 takes a free one
	AdminListen string // host:port of health and metrics; empty: none
	// WSPublicURL is what clients are told to connect to. Defaults to the WebSocket listener's own address.
	WSPublicURL string
	// Engine is how live connections are set up; Path and Protocols are filled here.
	Engine engine.Config
	// Limits of live connections by role. Defaults to live.DefaultLimits.
	Limits live.Limits
	// SessionsPerAddress is how many widget sessions one address may open a second. 0: no limit.
	SessionsPerAddress float64
	// Requests bounds how often the API may be called.
	Requests api.RequestLimits
	// Uploads and FileLimits bound what is taken of files, and what is kept.
	Uploads    api.UploadLimits
	FileLimits chat.FileLimits
	// KnowledgeLimits bounds what a tenant's knowledge base may hold.
	KnowledgeLimits chat.KnowledgeLimits
	// EngineAddresses and EnginesPlain say which addresses tenants' engines may have, over TLS and without. Nil: any, and none.
	EngineAddresses, EnginesPlain func(netip.Addr) bool
	// Mail says whether mail is sent. Without a base URL, links begin with the HTTP listener's own address.
	Mail api.MailConfig
	// Flash is how the node behaves when very many come at once.
	Flash Flash
	// DrainWindow is how long connections are given to leave. Defaults to 10s.
	DrainWindow time.Duration
	// MoveAfter is how long after the node stopped being ready for want of its storage its clients are moved to other nodes.
	// Defaults to 10s, which is 15s after the storage was heard last.
	MoveAfter time.Duration
	// HTTPConnections is how many HTTP connections are accepted at once. Defaults to what ShareFiles says.
	HTTPConnections int
	// HTTPReadTimeout bounds reading one request. Defaults to 10s.
	HTTPReadTimeout time.Duration
	// TrustedProxies may name the client's address.
	TrustedProxies []netip.Prefix
	// PasswordCost is the cost of a password. Defaults to auth.PasswordCost.
	PasswordCost *argon2id.Params
	// Pages are the embedded files. nil: none are served.
	Pages   fs.FS
	Version string
	// Logger defaults to slog.Default().
	Logger *slog.Logger
}

// Flash is how a node behaves when very many come at once. It can change while serving.
type Flash struct {
	// Load says when a pressed node leaves things out.
	Load load.Settings
	// Connects is how many visitors a second may connect; the others are told when. 0: all.
	Connects float64
}

// Deps is what a Server works with. Whoever opened them runs and closes them, after the Server has ended.
type Deps struct {
	Log    chat.Log
	Store  chat.Store
	Broker chat.Broker
	// Limiter keeps the buckets of all nodes. Defaults to one for this node.
	Limiter chat.Limiter
	// Files keeps what is uploaded. Nil: nothing can be.
	Files chat.Files
	// Knowledge is the knowledge base; whoever made it runs it. Nil: there is none.
	Knowledge chat.KnowledgeBase
	// Answerer answers staff and programs, EngineTester tries engines; whoever made them runs them. Nil: nobody does.
	Answerer     chat.Answerer
	EngineTester chat.EngineTester
	// Intents tells what messages want; whoever made it runs it. Nil: nobody can say.
	Intents chat.IntentBase
	// Metrics are served beside the server's own.
	Metrics []*metrics.Set
	// Health says how the servers behind the storage are: "ok", "degraded: …" (chat goes on), or what is wrong. May be nil.
	Health func(ctx context.Context) map[string]string
}

func (c Config) withDefaults() Config {
	if c.Limits == (live.Limits{}) {
		c.Limits = live.DefaultLimits()
	}
	if c.Role == "" {
		c.Role = RoleAll
	}
	if c.Requests == (api.RequestLimits{}) {
		c.Requests = api.DefaultRequestLimits()
	}
	if c.DrainWindow <= 0 {
		c.DrainWindow = 10 * time.Second
	}
	if c.MoveAfter <= 0 {
		c.MoveAfter = 10 * time.Second
	}
	http, reserved := ShareFiles(openFiles())
	if c.HTTPConnections <= 0 {
		c.HTTPConnections = http
	}
	if c.Engine.ReserveFiles == 0 {
		c.Engine.ReserveFiles = reserved + c.HTTPConnections - http
	}
	if c.HTTPReadTimeout <= 0 {
		c.HTTPReadTimeout = 10 * time.Second
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}
