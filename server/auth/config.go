package auth

import (
	"log/slog"
	"runtime"
	"time"

	"github.com/alexedwards/argon2id"

	"github.com/uniqchat/uniqchat/chat"
)

// Config is what a Service is made of.
type Config struct {
	Store  chat.Store
	Broker chat.Broker
	// VisitorLife is how long a visitor token is valid. Defaults to 24h.
	VisitorLife time.Duration
	// AccessLife is how long an agent's access token is valid. Defaults to 15m.
	AccessLife time.Duration
	// RefreshLife is how long a refresh token is valid. Defaults to 30 days.
	RefreshLife time.Duration
	// CacheLife is how long agents and site keys are believed without another look. Defaults to 2s; with the poll of ended
	// log-ins it bounds how long a revoked credential works, and must stay well below 5s.
	CacheLife time.Duration
	// StaleLife is how long beyond CacheLife they are believed while the database can't be asked, so that who was here can
	// connect again. What revokes a credential travels without the database. Defaults to 15m.
	StaleLife time.Duration
	// Hash is the cost of a password. Defaults to argon2id with 64 MiB, two passes, one lane (above OWASP's minimum).
	Hash *argon2id.Params
	// HashesAtOnce bounds how many passwords are hashed at a time, each taking Hash.Memory. Defaults to the number of CPUs,
	// at most 4.
	HashesAtOnce int
	// Now is the clock. Defaults to time.Now.
	Now func() time.Time
	// Logger defaults to slog.Default().
	Logger *slog.Logger
}

func (c Config) withDefaults() Config {
	if c.VisitorLife <= 0 {
		c.VisitorLife = 24 * time.Hour
	}
	if c.AccessLife <= 0 {
		c.AccessLife = 15 * time.Minute
	}
	if c.RefreshLife <= 0 {
		c.RefreshLife = 30 * 24 * time.Hour
	}
	if c.CacheLife <= 0 {
		c.CacheLife = 2 * time.Second
	}
	if c.StaleLife <= 0 {
		c.StaleLife = 15 * time.Minute
	}
	if c.Hash == nil {
		c.Hash = PasswordCost()
	}
	if c.HashesAtOnce <= 0 {
		c.HashesAtOnce = min(runtime.GOMAXPROCS(0), 4)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}

// PasswordCost returns the cost that passwords are hashed with unless a Config says otherwise.
func PasswordCost() *argon2id.Params {
	return &argon2id.Params{Memory: 64 << 10, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}
}
