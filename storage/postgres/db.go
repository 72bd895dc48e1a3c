// Package postgres keeps the rows in PostgreSQL: chat.Store over the SQL text of sqlstore, what a clustered log asks of the
// rows, and the Projector that turns the log into rows, each event once in effect.
//
// It owns the connections, the scopes that row-level security holds them to, and the leases of the log's partitions. It never
// assigns a seq and never writes to the log.
package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/project"
	"github.com/uniqchat/uniqchat/storage/sqlstore"
)

// Options says how a database is used.
type Options struct {
	// MaxConns is how many connections are open at most. Defaults to 10, or what pool_max_conns in the URL says.
	MaxConns int32
	// ConnectTimeout is how long one attempt to connect may take. Defaults to 3s, or what connect_timeout in the URL says.
	ConnectTimeout time.Duration
	// Notice, if set, hears what the server says beside its answers. For tools that look at plans. It must be safe for
	// concurrent use.
	Notice func(*pgconn.Notice)
}

// DB is an opened database. Safe for concurrent use.
type DB struct {
	pool  *pgxpool.Pool
	db    *sql.DB // the same connections
	store *sqlstore.Store
	gate  breaker
	part  int16 // of the reports' rows that this process adds to: others hardly ever wait for the same ones
	// subscribers are who wants webhooks' events, as it was last seen. nil: look.
	subscribers atomic.Pointer[project.Subscribers]
}

var _ project.Database = (*DB)(nil)

// Open opens the database of a URL (postgres://user:password@host:port/name?…). Its schema must be of this version:
// sqlstore.ErrSchemaBehind otherwise, which names the command that migrates.
func Open(ctx context.Context, url string, o Options) (*DB, error) {
	d, err := connect(ctx, url, o)
	if err != nil {
		return nil, err
	}
	err = sqlstore.CheckSchema(ctx, d.db, sqlstore.PostgreSQL)
	if err == nil {
		err = d.checkRole(ctx)
	}
	if err != nil {
		d.Close()
		return nil, fmt.Errorf("open the database: %w", err)
	}
	return d, nil
}

func connect(ctx context.Context, url string, o Options) (*DB, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("storage.url: %w", err) // pgx redacts the password
	}
	if o.MaxConns <= 0 {
		o.MaxConns = max(cfg.MaxConns, 10)
	}
	if o.ConnectTimeout <= 0 {
		o.ConnectTimeout = 3 * time.Second
	}
	cfg.MaxConns = o.MaxConns
	if cfg.ConnConfig.ConnectTimeout <= 0 || cfg.ConnConfig.ConnectTimeout > time.Minute {
		cfg.ConnConfig.ConnectTimeout = o.ConnectTimeout
	}
	cfg.MaxConnIdleTime = 5 * time.Minute
	if o.Notice != nil {
		cfg.ConnConfig.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { o.Notice(n) }
	}
	for name, value := range map[string]string{"application_name": "uniqchat", "idle_in_transaction_session_timeout": "60s"} {
		if cfg.ConnConfig.RuntimeParams[name] == "" {
			cfg.ConnConfig.RuntimeParams[name] = value
		}
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	d := &DB{pool: pool, db: stdlib.OpenDBFromPool(pool), part: rand.N[int16](reportParts)}
	d.store = sqlstore.New(d.run, d.runAgain, sqlstore.PostgresIndex{})
	return d, nil
}

// Store returns chat.Store over this database.
func (d *DB) Store() *sqlstore.Store { return d.store }

// Close closes all connections. Nothing may use the database any more.
func (d *DB) Close() {
	_ = d.db.Close() // the pool below has the connections
	d.pool.Close()
}

// Ping asks whether the database answers.
func (d *DB) Ping(ctx context.Context) error { return unavailable(d.pool.Ping(ctx)) }

// checkRole makes sure that tenants' work can be held to their rows.
func (d *DB) checkRole(ctx context.Context) error {
	var may bool
	err := d.pool.QueryRow(ctx, `SELECT COALESCE((SELECT pg_has_role(current_user, oid, 'MEMBER') FROM pg_roles WHERE rolname = $1), false)`,
		appRole).Scan(&may)
	if err != nil {
		return fmt.Errorf("look for the role %s: %w", appRole, err)
	}
	if !may {
		return fmt.Errorf("the role %s is missing or not granted to this user: run uniqchat migrate as this user", appRole)
	}
	return nil
}

// SQLSTATE classes (PostgreSQL, appendix A).
const (
	classConnection   = "08"
	classResources    = "53"
	classIntervention = "57"
	classSystem       = "58"
	serialization     = "40001"
	deadlock          = "40P01"
	diskFull          = "53100"
)

// state returns the SQLSTATE of an error of the server, or "".
func state(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// isDown reports whether an error says that the database is away or in trouble, not that something is wrong with the work.
func isDown(err error) bool {
	if code := state(err); code != "" {
		switch code[:2] {
		case classConnection, classResources, classIntervention, classSystem:
			return true
		}
		return false
	}
	var refused *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &refused) || errors.As(err, &network) || pgconn.Timeout(err) || isStale(err)
}

// unavailable makes of trouble with the database what callers are told: try again later.
func unavailable(err error) error {
	var told *chat.Error
	if err == nil || errors.As(err, &told) || errors.Is(err, context.Canceled) || !isDown(err) {
		return err
	}
	if state(err) == diskFull {
		return &away{chat.Error{Code: chat.Full, Message: "storage is full"}, err}
	}
	return &away{chat.Error{Code: chat.Busy, Message: "the database can't be reached; try again"}, err}
}

// away is an error for people, with its cause for the log.
type away struct {
	told  chat.Error
	cause error
}

func (a *away) Error() string   { return a.told.Message + " (" + a.cause.Error() + ")" }
func (a *away) Unwrap() []error { return []error{&a.told, a.cause} }
