package live

import (
	"context"
	"log/slog"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/engine"
	"github.com/uniqchat/uniqchat/server/load"
)

// Authenticator turns a token into an actor. Package server/auth implements it.
type Authenticator interface {
	// Authenticate verifies a token for a connection whose browser named origin ("" if none was named). It returns
	// Unauthenticated for a bad, expired or revoked token and Forbidden for a foreign origin or a blocked person.
	Authenticate(ctx context.Context, token, origin string) (Credential, error)
}

// Credential is what a token proved.
type Credential struct {
	Actor *chat.Actor
	// Family is the log-in that an agent's token belongs to; zero for visitors.
	Family [16]byte
	// Print is the fingerprint of a visitor's page; 0 if none is known.
	Print chat.Print
	// Still says whether the token counts to this moment; nil: it does. It is asked once, when signals that end it reach the connection.
	Still func(context.Context) error
}

// RoleLimits is what one role may do and how its connections are kept alive.
type RoleLimits struct {
	MaxBody   int           // bytes of a message body
	SendRate  float64       // SENDs per second; 0: no limit of this connection's
	SendBurst int           // SENDs at once
	Window    int           // unacknowledged SENDs
	Ping      time.Duration // between the server's pings
	Pong      time.Duration // to answer one
	OutLimit  int           // bytes waiting for a slow reader
}

// Limits holds the limits of every role; raw TCP connections take the heartbeat of API clients.
type Limits struct {
	Visitor, Agent, API RoleLimits
}

// DefaultLimits are protocol rules 7 and 9.
func DefaultLimits() Limits {
	return Limits{
		Visitor: RoleLimits{64 << 10, 10, 40, 32, 45 * time.Second, 15 * time.Second, 512 << 10},
		Agent:   RoleLimits{256 << 10, 50, 200, 128, 20 * time.Second, 10 * time.Second, 2 << 20},
		API:     RoleLimits{1 << 20, 1000, 2000, 512, 120 * time.Second, 30 * time.Second, 4 << 20},
	}
}

func (l *Limits) of(r chat.Role) *RoleLimits {
	switch r {
	case chat.RoleVisitor:
		return &l.Visitor
	case chat.RoleAgent:
		return &l.Agent
	default:
		return &l.API
	}
}

// Config is what a Handler is made of.
type Config struct {
	Desk   *chat.Desk
	Log    chat.Log
	Broker chat.Broker
	Auth   Authenticator
	// Heard takes in signals that end credentials, before the connections are closed that came in by those. nil: nobody does.
	Heard  func(chat.Signal)
	Limits Limits // Defaults to DefaultLimits.
	// Limiter keeps the buckets of SetTenantBucket. nil: API tokens are bounded by each connection's limits only.
	Limiter chat.Limiter
	// Load says what is left out while the node is pressed, and Door which visitors may come in. nil: nothing, and all.
	Load *load.Meter
	Door *load.Door
	// CallTimeout bounds one look-up or append. Defaults to 5s.
	CallTimeout time.Duration
	// Shards is how many goroutines will call Serve; it must be the engine's.
	Shards int
	// Now is the clock. Defaults to time.Now.
	Now func() time.Time
	// Logger defaults to slog.Default().
	Logger *slog.Logger
	// Metrics defaults to a set of its own.
	Metrics *metrics.Set
}

func (c Config) withDefaults() Config {
	if c.Limits == (Limits{}) {
		c.Limits = DefaultLimits()
	}
	if c.CallTimeout <= 0 {
		c.CallTimeout = 5 * time.Second
	}
	if c.Shards <= 0 {
		c.Shards = 1
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

// tiers is the limits of every role as the engine wants them, for WebSocket and for raw TCP. A packet may be larger than
// its body by its envelope.
type tiers [2][3]engine.Tier

func (l *Limits) tiers() (t tiers) {
	for i, r := range []*RoleLimits{&l.Visitor, &l.Agent, &l.API} {
		for tcp, beat := range []*RoleLimits{r, &l.API} {
			t[tcp][i] = engine.Tier{Ping: beat.Ping, Pong: beat.Pong, MaxMessage: r.MaxBody + envelope, OutLimit: r.OutLimit}
		}
	}
	return t
}

// of returns the tier of a role on a kind of connection.
func (t *tiers) of(r chat.Role, k engine.Kind) *engine.Tier {
	tcp := 0
	if k == engine.RawTCP {
		tcp = 1
	}
	switch r {
	case chat.RoleVisitor:
		return &t[tcp][0]
	case chat.RoleAgent:
		return &t[tcp][1]
	default:
		return &t[tcp][2]
	}
}

// envelope is how much larger than its body a packet may be before the connection is closed for it: up to here, a body
// over the limit is answered with ERROR 413.
const envelope = 16 << 10

// IsStaff reports whether a connection is of somebody other than a visitor. Safe for concurrent use.
func (h *Handler) IsStaff(c *engine.Conn) bool {
	t := c.Tier()
	for i := range h.tiers {
		if t == &h.tiers[i][1] || t == &h.tiers[i][2] {
			return true
		}
	}
	return false
}
