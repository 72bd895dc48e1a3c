package sqlstore

import (
	"context"
	"database/sql"

	"github.com/uniqchat/uniqchat/chat"
)

// Scope says whose rows a transaction may read and write: one tenant's, or, for work that belongs to no tenant or must find
// one, the system's, which is all of them. The zero Scope is no tenant's: it reaches nothing.
type Scope struct {
	tenant chat.TenantID
	system bool
}

// System is the scope of work across tenants.
var System = Scope{system: true}

// Of is the scope of one tenant's work.
func Of(t chat.TenantID) Scope { return Scope{tenant: t} }

// Tenant returns the tenant, or reports that the scope is the system's.
func (s Scope) Tenant() (t chat.TenantID, system bool) { return s.tenant, s.system }

// Runner calls fn with a connection that may do what the scope says. What fn does is kept if it returns nil, and otherwise
// leaves nothing behind. It may call fn again if a transaction must be repeated, but never after it has returned.
type Runner func(ctx context.Context, s Scope, fn func(ctx context.Context, q Querier) error) error

// Querier is a connection, a transaction, or a pool of connections for reading.
type Querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

// PoolReader returns a Runner for an engine without scopes: fn reads from whatever connections are free.
func PoolReader(db *sql.DB) Runner {
	return func(ctx context.Context, _ Scope, fn func(ctx context.Context, q Querier) error) error {
		return fn(ctx, db)
	}
}

// row is one row of an answer: its Scan.
type row func(dest ...any) error

// readOne reads one row; what names it when there is none.
func readOne[T any](ctx context.Context, s *Store, in Scope, what string, scan func(row) (T, error), query string, args ...any) (out T, err error) {
	err = s.read(ctx, in, func(ctx context.Context, q Querier) (err error) {
		out, err = scan(q.QueryRowContext(ctx, query, args...).Scan)
		return err
	})
	if err != nil {
		var none T
		return none, notFound(err, what)
	}
	return out, nil
}

// readAll reads every row; none is nil.
func readAll[T any](ctx context.Context, s *Store, in Scope, scan func(row) (T, error), query string, args ...any) (out []T, err error) {
	err = s.read(ctx, in, func(ctx context.Context, q Querier) error {
		rows, err := q.QueryContext(ctx, query, args...)
		if err != nil {
			return err
		}
		out, err = collect(rows, scan)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// collect reads all rows of an answer and closes it; none is nil.
func collect[T any](rows *sql.Rows, scan func(row) (T, error)) (out []T, err error) {
	defer rows.Close()
	for rows.Next() {
		v, err := scan(rows.Scan)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}
