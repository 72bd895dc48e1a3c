// Package sqlstore is chat.Store in one SQL text that runs on SQLite and on PostgreSQL through database/sql.
//
// It owns the schema and every query that is no part of the log's write path. It never assigns a seq.
package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// Store implements chat.Store. Safe for concurrent use.
type Store struct {
	read  *sql.DB
	write Writer
}

// Writer calls fn in a transaction that is committed if fn returns nil, and otherwise leaves nothing behind. It may call fn
// again if the transaction must be repeated, but never after it has returned.
type Writer func(ctx context.Context, fn func(ctx context.Context, q Querier) error) error

// Querier is a transaction, or a connection in one.
type Querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

// New returns a Store that reads from a pool and writes through a Writer.
func New(read *sql.DB, write Writer) *Store { return &Store{read: read, write: write} }

// PoolWriter returns a Writer that takes a connection of a pool for each transaction.
func PoolWriter(db *sql.DB) Writer {
	return func(ctx context.Context, fn func(ctx context.Context, q Querier) error) error {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return fmt.Errorf("begin: %w", err)
		}
		defer func() { _ = tx.Rollback() }() // no-op after Commit
		if err := fn(ctx, tx); err != nil {
			return err
		}
		if err := tx.Commit(); err != nil {
			return fmt.Errorf("commit: %w", err)
		}
		return nil
	}
}

// exec writes with a single statement.
func (s *Store) exec(ctx context.Context, query string, args ...any) error {
	return s.write(ctx, func(ctx context.Context, q Querier) error {
		_, err := q.ExecContext(ctx, query, args...)
		return err
	})
}

// Micros and FromMicros are how times are stored; the zero time is 0.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// FromMicros is the reverse of Micros.
func FromMicros(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// notFound maps "no rows" to an error for people.
func notFound(err error, what string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return chat.Errorf(chat.NotFound, "there is no such %s", what)
	}
	return err
}

// isDuplicate reports whether err is a violated UNIQUE constraint, in either engine.
func isDuplicate(err error) bool {
	return err != nil && (strings.Contains(err.Error(), "UNIQUE constraint") || strings.Contains(err.Error(), "SQLSTATE 23505"))
}

func scanTenant(row *sql.Row) (t chat.Tenant, err error) {
	var created int64
	err = row.Scan(&t.ID, &t.Slug, &t.Name, &created)
	t.CreatedAt = FromMicros(created)
	return t, notFound(err, "tenant")
}

// Tenant implements chat.Store.
func (s *Store) Tenant(ctx context.Context, id chat.TenantID) (chat.Tenant, error) {
	return scanTenant(s.read.QueryRowContext(ctx, `SELECT id, slug, name, created_at FROM tenants WHERE id = $1`, id))
}

// TenantBySlug implements chat.Store.
func (s *Store) TenantBySlug(ctx context.Context, slug string) (chat.Tenant, error) {
	return scanTenant(s.read.QueryRowContext(ctx, `SELECT id, slug, name, created_at FROM tenants WHERE slug = $1`, slug))
}

// Tenants lists all tenants by slug.
func (s *Store) Tenants(ctx context.Context) (out []chat.Tenant, err error) {
	rows, err := s.read.QueryContext(ctx, `SELECT id, slug, name, created_at FROM tenants ORDER BY slug`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var t chat.Tenant
		var created int64
		if err := rows.Scan(&t.ID, &t.Slug, &t.Name, &created); err != nil {
			return nil, err
		}
		t.CreatedAt = FromMicros(created)
		out = append(out, t)
	}
	return out, rows.Err()
}

// SaveTenant implements chat.Store.
func (s *Store) SaveTenant(ctx context.Context, t chat.Tenant) error {
	err := s.exec(ctx, `INSERT INTO tenants (id, slug, name, created_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (id) DO UPDATE SET slug = excluded.slug, name = excluded.name`, t.ID, t.Slug, t.Name, Micros(t.CreatedAt))
	if isDuplicate(err) {
		return chat.Errorf(chat.Conflict, "there is a tenant %q already", t.Slug)
	}
	return err
}

// SiteKey implements chat.Store.
func (s *Store) SiteKey(ctx context.Context, key string) (k chat.SiteKey, err error) {
	var secrets, origins string
	err = s.read.QueryRowContext(ctx, `SELECT site_key, tenant, secrets, origins FROM site_keys WHERE site_key = $1`, key).
		Scan(&k.Key, &k.Tenant, &secrets, &origins)
	if err == nil {
		err = errors.Join(json.Unmarshal([]byte(secrets), &k.Secrets), json.Unmarshal([]byte(origins), &k.Origins))
	}
	return k, notFound(err, "site key")
}

// SaveSiteKey implements chat.Store. Conflict if the key is another tenant's.
func (s *Store) SaveSiteKey(ctx context.Context, k chat.SiteKey) error {
	return s.write(ctx, func(ctx context.Context, q Querier) error {
		res, err := q.ExecContext(ctx, `INSERT INTO site_keys (site_key, tenant, secrets, origins) VALUES ($1, $2, $3, $4)
			ON CONFLICT (site_key) DO UPDATE SET secrets = excluded.secrets, origins = excluded.origins
			WHERE site_keys.tenant = excluded.tenant`, k.Key, k.Tenant, list(k.Secrets), list(k.Origins))
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 1 {
			return err
		}
		return chat.Errorf(chat.Conflict, "the site key is taken")
	})
}

// list is a slice as a JSON array, [] for nil.
func list[T any](v []T) string {
	if len(v) == 0 {
		return "[]"
	}
	b, err := json.Marshal(v)
	if err != nil { // strings and ids always marshal
		panic(err)
	}
	return string(b)
}

// Visitor implements chat.Store.
func (s *Store) Visitor(ctx context.Context, tenant chat.TenantID, id chat.VisitorID) (v chat.Visitor, err error) {
	var created int64
	var attributes string
	err = s.read.QueryRowContext(ctx, `SELECT id, tenant, external_id, verified, name, email, locale, page, attributes, created_at
		FROM visitors WHERE tenant = $1 AND id = $2`, tenant, id).
		Scan(&v.ID, &v.Tenant, &v.ExternalID, &v.Verified, &v.Name, &v.Email, &v.Locale, &v.Page, &attributes, &created)
	v.CreatedAt = FromMicros(created)
	v.Attributes = json.RawMessage(attributes)
	return v, notFound(err, "visitor")
}

// Teams implements chat.Store.
func (s *Store) Teams(ctx context.Context, tenant chat.TenantID) (out []chat.Team, err error) {
	rows, err := s.read.QueryContext(ctx, `SELECT id, tenant, name, created_at FROM teams WHERE tenant = $1 ORDER BY name, id`, tenant)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var t chat.Team
		var created int64
		if err := rows.Scan(&t.ID, &t.Tenant, &t.Name, &created); err != nil {
			return nil, err
		}
		t.CreatedAt = FromMicros(created)
		out = append(out, t)
	}
	return out, rows.Err()
}

// SaveTeam implements chat.Store.
func (s *Store) SaveTeam(ctx context.Context, t chat.Team) error {
	return s.exec(ctx, `INSERT INTO teams (tenant, id, name, created_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (tenant, id) DO UPDATE SET name = excluded.name`, t.Tenant, t.ID, t.Name, Micros(t.CreatedAt))
}
