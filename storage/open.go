// Package storage opens the log, the store and the broker that a configuration names.
//
// It owns the choice of driver. It never reads configuration itself and knows no rule of the domain.
package storage

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/VictoriaMetrics/metrics"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/local"
	"github.com/uniqchat/uniqchat/storage/postgres"
	"github.com/uniqchat/uniqchat/storage/sqlite"
	"github.com/uniqchat/uniqchat/storage/sqlstore"
)

// Options says where things are kept.
type Options struct {
	// URL is storage.url: sqlite:<path of the file>, or postgres://… together with Redis.
	URL string
	// Redis is redis.url: where the log of a cluster is kept.
	Redis string
	// Ack is storage.ack: fsync (the default), redis or replica.
	Ack string
	// Node names this node among those of the cluster, the same after a restart. Defaults to a random name.
	Node string
	// Passive nodes read and append but leave the projection to others.
	Passive bool
	// Encryption is how what people write is sealed.
	Encryption Encryption
	// Audit signs the audit log. Without it entries are not signed.
	Audit Audit
	// Logger defaults to slog.Default().
	Logger *slog.Logger
}

// Audit signs the audit log, and is told when entries were appended. See package notary.
type Audit interface {
	chat.AuditSigner
	Appended()
}

// sign has a store's audit log signed.
func (o *Options) sign(s *sqlstore.Store) {
	if o.Audit != nil {
		s.SetAudit(o.Audit, o.Audit.Appended)
	}
}

// Storage is everything that is kept, opened.
type Storage struct {
	Log    chat.Log
	Store  *sqlstore.Store
	Broker chat.Broker
	// Limiter keeps the buckets of all nodes.
	Limiter chat.Limiter
	// Metrics are the storage's own, to be served with the others.
	Metrics []*metrics.Set

	health  func(ctx context.Context) map[string]string
	settled func() bool
	sealing *sealing // nil: nothing is sealed
	run     func(ctx context.Context) error
	close   func() error
}

// Settled reports whether the rows hold everything that this node has heard of.
func (s *Storage) Settled() bool { return s.settled == nil || s.settled() }

// Health returns what says how the servers are that the storage needs: "ok", "degraded: …", or what is wrong. Nil for SQLite.
func (s *Storage) Health() func(ctx context.Context) map[string]string { return s.health }

// Open opens the storage for serving. Its Run must be running before anything is appended.
func Open(ctx context.Context, o Options) (*Storage, error) {
	if isPostgres(o.URL) {
		if o.Redis == "" {
			return nil, errors.New("storage.url is PostgreSQL, so the log must be in Redis: set redis.url")
		}
		return openCluster(ctx, o)
	}
	if o.Redis != "" {
		return nil, errors.New("redis.url is set, so the rows must be in PostgreSQL: set storage.url to postgres://…, or leave redis.url away")
	}
	path, err := sqlitePath(o.URL)
	if err != nil {
		return nil, err
	}
	log, err := sqlite.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	o.sign(log.Store())
	set := metrics.NewSet()
	sealing, err := o.seal(ctx, log.Store(), log.Reindex, log.Tidy, set)
	if err != nil {
		return nil, errors.Join(err, log.Close())
	}
	s := &Storage{Log: log, Store: log.Store(), Broker: local.NewBroker(), Limiter: chat.NewBuckets(nil), sealing: sealing, run: log.Run, close: log.Close}
	if sealing != nil {
		s.Metrics = []*metrics.Set{set}
		s.run = func(ctx context.Context) error { return together(ctx, log.Run, sealing.run) }
	}
	return s, nil
}

// Run does the storage's own work until ctx ends.
func (s *Storage) Run(ctx context.Context) error { return s.run(ctx) }

// Close lets go of everything. Only after Run has returned.
func (s *Storage) Close() error { return s.close() }

// Migrate brings the schema up to date. It is no error if it is. Opening SQLite does the same.
func Migrate(ctx context.Context, o Options) error {
	if isPostgres(o.URL) {
		return postgres.Migrate(ctx, o.URL)
	}
	_, closeStore, err := OpenStore(ctx, o)
	if err != nil {
		return err
	}
	return closeStore()
}

// OpenStore opens the rows only, beside a server that may be running: for command-line use.
func OpenStore(ctx context.Context, o Options) (*sqlstore.Store, func() error, error) {
	if isPostgres(o.URL) {
		db, err := postgres.Open(ctx, o.URL, postgres.Options{MaxConns: 4})
		if err != nil {
			return nil, nil, err
		}
		o.attach(db.Store())
		o.sign(db.Store())
		return db.Store(), func() error { db.Close(); return nil }, nil
	}
	path, err := sqlitePath(o.URL)
	if err != nil {
		return nil, nil, err
	}
	store, closeStore, err := sqlite.OpenStore(ctx, path)
	if err == nil {
		o.attach(store)
		o.sign(store)
	}
	return store, closeStore, err
}

func isPostgres(url string) bool {
	return strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://")
}

func sqlitePath(url string) (string, error) {
	path, ok := strings.CutPrefix(url, "sqlite:")
	switch {
	case !ok:
		return "", fmt.Errorf("storage.url %q: must be sqlite:<path of the file> or postgres://…", redact(url))
	case path == "":
		return "", errors.New("storage.url: sqlite: needs the path of a file behind it")
	}
	return path, nil
}

// redact takes user and password out of a URL.
func redact(url string) string {
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok {
		return url
	}
	if at := strings.LastIndex(rest, "@"); at >= 0 {
		rest = "…" + rest[at:]
	}
	return scheme + "://" + rest
}
