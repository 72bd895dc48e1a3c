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
	"sync/atomic"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/project"
	"github.com/uniqchat/uniqchat/storage/seal"
)

// Store implements chat.Store. Safe for concurrent use.
type Store struct {
	read  Runner
	write Runner
	index Index
	keys  *seal.Keyring // nil: nothing is sealed
	due   chan struct{} // holds a token when webhooks' deliveries may be due
	asked chan struct{} // holds a token when jobs for bots may be due

	subscribers atomic.Pointer[project.Subscribers] // as Announce saw them last

	signer   chat.AuditSigner // nil: entries of the audit log are not signed
	appended func()           // nil: nobody wants to know
}

// New returns a Store that reads and writes through Runners; every call says in which scope. Words are found by the index.
func New(read, write Runner, index Index) *Store {
	return &Store{read: read, write: write, index: index, due: make(chan struct{}, 1), asked: make(chan struct{}, 1)}
}

// PoolWriter returns a Runner for an engine without scopes: a transaction of a pool's connection.
func PoolWriter(db *sql.DB) Runner {
	return func(ctx context.Context, _ Scope, fn func(ctx context.Context, q Querier) error) error {
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
func (s *Store) exec(ctx context.Context, in Scope, query string, args ...any) error {
	return s.write(ctx, in, func(ctx context.Context, q Querier) error {
		_, err := q.ExecContext(ctx, query, args...)
		return err
	})
}

// changed writes with a single statement, and reports whether it changed a row.
func (s *Store) changed(ctx context.Context, in Scope, query string, args ...any) (is bool, err error) {
	err = s.write(ctx, in, func(ctx context.Context, q Querier) error {
		res, err := q.ExecContext(ctx, query, args...)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		is = n > 0
		return err
	})
	return is && err == nil, err
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

func scanTenant(scan row) (t chat.Tenant, err error) {
	var created int64
	err = scan(&t.ID, &t.Slug, &t.Name, &created)
	t.CreatedAt = FromMicros(created)
	return t, err
}

// Tenant implements chat.Store.
func (s *Store) Tenant(ctx context.Context, id chat.TenantID) (chat.Tenant, error) {
	return readOne(ctx, s, Of(id), "tenant", scanTenant, `SELECT id, slug, name, created_at FROM tenants WHERE id = $1`, id)
}

// TenantBySlug implements chat.Store.
func (s *Store) TenantBySlug(ctx context.Context, slug string) (chat.Tenant, error) {
	return readOne(ctx, s, System, "tenant", scanTenant, `SELECT id, slug, name, created_at FROM tenants WHERE slug = $1`, slug)
}

// Tenants lists all tenants by slug.
func (s *Store) Tenants(ctx context.Context) ([]chat.Tenant, error) {
	return readAll(ctx, s, System, scanTenant, `SELECT id, slug, name, created_at FROM tenants ORDER BY slug`)
}

// SaveTenant implements chat.Store.
func (s *Store) SaveTenant(ctx context.Context, t chat.Tenant) error {
	return s.audited(ctx, System, func(ctx context.Context, q Querier, a *acts) error { return saveTenant(ctx, q, a, &t) })
}

// CreateTenant implements chat.Store.
func (s *Store) CreateTenant(ctx context.Context, t chat.Tenant, k chat.SiteKey, owners ...chat.Agent) error {
	return s.audited(ctx, System, func(ctx context.Context, q Querier, a *acts) error {
		if err := saveTenant(ctx, q, a, &t); err != nil {
			return err
		}
		if err := saveSiteKey(ctx, q, a, &k); err != nil || len(owners) == 0 {
			return err
		}
		return saveAgents(ctx, q, a, owners)
	})
}

func saveTenant(ctx context.Context, q Querier, a *acts, t *chat.Tenant) error {
	old, err := before(ctx, q, scanTenant, `SELECT id, slug, name, created_at FROM tenants WHERE id = $1`, t.ID)
	if err != nil {
		return err
	}
	a.saved(chat.TenantID{}, "tenant", t.ID.String(), t.Name, old != nil, changesOf(old, t, func(c *changes, old, now *chat.Tenant) {
		c.field("slug", old.Slug, now.Slug)
		c.field("name", old.Name, now.Name)
	}))
	_, err = q.ExecContext(ctx, `INSERT INTO tenants (id, slug, name, created_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (id) DO UPDATE SET slug = excluded.slug, name = excluded.name`, t.ID, t.Slug, t.Name, Micros(t.CreatedAt))
	if isDuplicate(err) {
		return chat.Errorf(chat.Conflict, "there is a tenant %q already", t.Slug)
	}
	return err
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

func scanVisitor(scan row) (v chat.Visitor, err error) {
	var created int64
	var attributes []byte
	err = scan(&v.ID, &v.Tenant, &v.ExternalID, &v.Verified, &v.Name, &v.Email, &v.Locale, &v.Page, &attributes, &created)
	v.CreatedAt, v.Attributes = FromMicros(created), attributes
	return v, err
}

// Visitor implements chat.Store.
func (s *Store) Visitor(ctx context.Context, tenant chat.TenantID, id chat.VisitorID) (chat.Visitor, error) {
	v, err := readOne(ctx, s, Of(tenant), "visitor", scanVisitor, `SELECT id, tenant, external_id, verified, name, email, locale, page,
		attributes, created_at FROM visitors WHERE tenant = $1 AND id = $2`, tenant, id)
	if err == nil {
		err = s.keys.Visitor(ctx, &v)
	}
	return v, err
}

func scanTeam(scan row) (t chat.Team, err error) {
	var created int64
	err = scan(&t.ID, &t.Tenant, &t.Name, &created)
	t.CreatedAt = FromMicros(created)
	return t, err
}

// Teams implements chat.Store.
func (s *Store) Teams(ctx context.Context, tenant chat.TenantID) ([]chat.Team, error) {
	return readAll(ctx, s, Of(tenant), scanTeam, `SELECT id, tenant, name, created_at FROM teams WHERE tenant = $1 ORDER BY name, id`, tenant)
}

// SaveTeam implements chat.Store.
func (s *Store) SaveTeam(ctx context.Context, t chat.Team) error {
	return s.audited(ctx, Of(t.Tenant), func(ctx context.Context, q Querier, a *acts) error {
		old, err := before(ctx, q, scanTeam, `SELECT id, tenant, name, created_at FROM teams WHERE tenant = $1 AND id = $2`, t.Tenant, t.ID)
		if err != nil {
			return err
		}
		a.saved(t.Tenant, "team", t.ID.String(), t.Name, old != nil, changesOf(old, &t, func(c *changes, old, now *chat.Team) {
			c.field("name", old.Name, now.Name)
		}))
		_, err = q.ExecContext(ctx, `INSERT INTO teams (tenant, id, name, created_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (tenant, id) DO UPDATE SET name = excluded.name`, t.Tenant, t.ID, t.Name, Micros(t.CreatedAt))
		return err
	})
}
