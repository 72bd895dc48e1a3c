package postgres

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"github.com/uniqchat/uniqchat/storage/sqlstore"
)

// appRole is the role that a tenant's transactions run as: it owns nothing and sees one tenant's rows.
const appRole = "uniqchat_app"

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

// run is a sqlstore.Runner: fn in one transaction of its scope.
func (d *DB) run(ctx context.Context, s sqlstore.Scope, fn func(ctx context.Context, q sqlstore.Querier) error) error {
	conn, err := d.db.Conn(ctx)
	if err != nil {
		return unavailable(fmt.Errorf("connect: %w", err))
	}
	defer conn.Close()
	return unavailable(transact(ctx, conn, begin(s), fn))
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

// isCut reports whether a connection broke while it was used.
func isCut(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
