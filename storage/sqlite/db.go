// Package sqlite is the embedded log and store: one file, no service.
//
// It owns the file, its lock, and the one writer that appends: whatever has queued up goes into one transaction, with the rows
// it makes, and is acknowledged after the commit (WAL, synchronous=FULL). It never acknowledges what is not on the disk.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
	_ "modernc.org/sqlite" // the driver

	"github.com/uniqchat/uniqchat/storage/sqlstore"
)

// pool opens the file with settings for every connection.
func pool(path string, conns int, pragmas ...string) (*sql.DB, error) {
	q := url.Values{}
	for _, p := range append([]string{"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)"}, pragmas...) {
		q.Add("_pragma", p)
	}
	q.Set("_txlock", "immediate")
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

// OpenStore opens the rows of a database without its log, beside a process that may be serving it: for command-line use.
// The schema is brought up to date first.
func OpenStore(ctx context.Context, path string) (*sqlstore.Store, func() error, error) {
	db, err := open(ctx, path)
	if err != nil {
		return nil, nil, err
	}
	return sqlstore.New(db, sqlstore.PoolWriter(db)), db.Close, nil
}

// open opens the file, made if it is missing, and migrates it.
func open(ctx context.Context, path string) (*sql.DB, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the data directory: %w", err)
	}
	db, err := pool(path, 4)
	if err != nil {
		return nil, err
	}
	if err := sqlstore.Migrate(ctx, db, sqlstore.SQLite); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", path, err), db.Close())
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// lock makes sure that one process at a time serves a database.
func lock(path string) (*os.File, error) {
	f, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("%s is being served by another process", path), f.Close())
	}
	return f, nil
}
