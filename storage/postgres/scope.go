package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/uniqchat/uniqchat/storage/sqlstore"
)

// appRole is the role that a tenant's transactions run as: it owns nothing and sees one tenant's rows.
const appRole = "uniqchat_app"

// searchRole is the role that the functions of the search run as: it reads the index of words and nothing else.
const searchRole = "uniqchat_search"

// asSystem makes a transaction one for the system.
const asSystem = `SET LOCAL uniqchat.system = 'on'`

// begin is the text that begins a transaction in a scope, in one round trip.
func begin(s sqlstore.Scope) string {
	tenant, system := s.Tenant()
	if system {
		return `BEGIN; ` + asSystem
	}
	return `BEGIN; SET LOCAL ROLE ` + appRole + `; SET LOCAL uniqchat.tenant = '` + hex.EncodeToString(tenant[:]) + `'`
}

// maxDead is how many connections that turn out to be dead are given up before the database counts as away.
const maxDead = 3

// run is a sqlstore.Runner: fn in one transaction of its scope.
func (d *DB) run(ctx context.Context, s sqlstore.Scope, fn func(ctx context.Context, q sqlstore.Querier) error) (err error) {
	if err := d.gate.enter(); err != nil {
		return err
	}
	defer func() { d.gate.leave(err) }()
	for range maxDead {
		begun := false
		err = d.runOnce(ctx, begin(s), func(ctx context.Context, q sqlstore.Querier) error {
			begun = true
			return fn(ctx, q)
		})
		if begun || ctx.Err() != nil || !isStale(err) {
			break
		}
		d.pool.Reset() // the others are likely to be dead, too
	}
	return unavailable(err)
}

func (d *DB) runOnce(ctx context.Context, begin string, fn func(ctx context.Context, q sqlstore.Querier) error) error {
	conn, err := d.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer conn.Close()
	return transact(ctx, conn, begin, fn)
}

// rollbackTimeout is how long a connection may take to give up a transaction; then it is closed.
const rollbackTimeout = 2 * time.Second

func transact(ctx context.Context, conn *sql.Conn, begin string, fn func(ctx context.Context, q sqlstore.Querier) error) error {
	if _, err := conn.ExecContext(ctx, begin); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	err := fn(ctx, conn)
	if err == nil {
		if _, err = conn.ExecContext(ctx, `COMMIT`); err == nil {
			return nil
		}
		err = fmt.Errorf("commit: %w", err)
	}
	// A connection that is left in a transaction is closed by its pool.
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
	defer cancel()
	_, _ = conn.ExecContext(last, `ROLLBACK`)
	return err
}

// maxRepeats is how often a transaction is tried that lost against another one.
const maxRepeats = 5

// runAgain is run for writers: a transaction that only lost against another one is repeated.
func (d *DB) runAgain(ctx context.Context, s sqlstore.Scope, fn func(ctx context.Context, q sqlstore.Querier) error) (err error) {
	for range maxRepeats {
		err = d.run(ctx, s, fn)
		if code := state(err); code != serialization && code != deadlock {
			return err
		}
	}
	return err
}

// isStale reports whether a connection broke, or had been broken, while it was used.
func isStale(err error) bool {
	var refused *pgconn.ConnectError
	if errors.As(err, &refused) {
		return false
	}
	if code := state(err); code != "" {
		return code[:2] == classIntervention || code[:2] == classConnection
	}
	return errors.Is(err, driver.ErrBadConn) || pgconn.SafeToRetry(err) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
