// Package storage opens the log, the store and the broker that a configuration names.
//
// It owns the choice of driver. It never reads configuration itself and knows no rule of the domain.
package storage

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/local"
	"github.com/uniqchat/uniqchat/storage/sqlite"
	"github.com/uniqchat/uniqchat/storage/sqlstore"
)

// Options says where things are kept.
type Options struct {
	// URL is storage.url: sqlite:<path of the file>.
	URL string
}

// Storage is everything that is kept, opened.
type Storage struct {
	Log    chat.Log
	Store  *sqlstore.Store
	Broker chat.Broker

	run   func(ctx context.Context) error
	close func() error
}

// Open opens the storage for serving. Its Run must be running before anything is appended.
func Open(ctx context.Context, o Options) (*Storage, error) {
	path, err := sqlitePath(o.URL)
	if err != nil {
		return nil, err
	}
	log, err := sqlite.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	return &Storage{Log: log, Store: log.Store(), Broker: local.NewBroker(), run: log.Run, close: log.Close}, nil
}

// Run does the storage's own work until ctx ends.
func (s *Storage) Run(ctx context.Context) error { return s.run(ctx) }

// Close lets go of everything. Only after Run has returned.
func (s *Storage) Close() error { return s.close() }

// Migrate brings the schema up to date. It is no error if it is. Opening SQLite does the same.
func Migrate(ctx context.Context, o Options) error {
	_, closeStore, err := OpenStore(ctx, o)
	if err != nil {
		return err
	}
	return closeStore()
}

// OpenStore opens the rows only, beside a server that may be running: for command-line use.
func OpenStore(ctx context.Context, o Options) (*sqlstore.Store, func() error, error) {
	path, err := sqlitePath(o.URL)
	if err != nil {
		return nil, nil, err
	}
	return sqlite.OpenStore(ctx, path)
}

func sqlitePath(url string) (string, error) {
	path, ok := strings.CutPrefix(url, "sqlite:")
	switch {
	case !ok:
		return "", fmt.Errorf("storage.url %q: this version keeps its data in SQLite only: use sqlite:<path of the file>", redact(url))
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
