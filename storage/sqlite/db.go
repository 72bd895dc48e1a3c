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
	"time"

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
// The schema is brought up to date first, unless a process that serves the database holds it; then it must be of this version.
func OpenStore(ctx context.Context, path string) (*sqlstore.Store, func() error, error) {
	f, err := lock(ctx, path, lockPatience/10)
	served := errors.Is(err, errServed)
	if err != nil && !served {
		return nil, nil, err
	}
	if !served {
		defer f.Close()
	}
	db, err := open(ctx, path, served)
	if err != nil {
		return nil, nil, err
	}
	return sqlstore.New(sqlstore.PoolReader(db), sqlstore.PoolWriter(db), sqlstore.SQLiteIndex{}), db.Close, nil
}

// open opens the file, made if it is missing, and migrates it, or only checks its version while it is served.
func open(ctx context.Context, path string, served bool) (*sql.DB, error) {
	prepare := sqlstore.Migrate
	if served {
		prepare = sqlstore.CheckSchema
	}
	// Connections of their own: the planner's hints are read when a connection opens.
	db, err := pool(path, 1)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(prepare(ctx, db, sqlstore.SQLite), db.Close()); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	if db, err = pool(path, 4, "cache_size(-1024)"); err == nil {
		db.SetConnMaxIdleTime(readerIdle)
	}
	return db, err
}

// errServed says that another process serves a database.
var errServed = errors.New("the database is being served by another process")

// lockPatience is how long a server waits for one that is ending, or for a command that migrates.
const lockPatience = time.Second

// lock makes sure that one process at a time serves or migrates a database. It waits for at most patience.
func lock(ctx context.Context, path string, patience time.Duration) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the data directory: %w", err)
	}
	f, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the database: %w", err)
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); ; {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == nil:
			return f, nil
		case !errors.Is(err, unix.EWOULDBLOCK):
			return nil, errors.Join(fmt.Errorf("lock the database: %w", err), f.Close())
		case time.Now().After(end):
			return nil, errors.Join(fmt.Errorf("%s: %w", path, errServed), f.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), f.Close())
		case <-tick.C:
		}
	}
}
