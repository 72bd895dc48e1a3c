package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// onceScope is the scope of a tenant's keys. The platform's are the system's.
func onceScope(t chat.TenantID) Scope {
	if t.IsZero() {
		return System
	}
	return Of(t)
}

// beginTries is how often a key is looked at that somebody frees while it is looked at.
const beginTries = 5

// BeginOnce implements chat.Onces.
func (s *Store) BeginOnce(ctx context.Context, o chat.Once) (held chat.Once, err error) {
	for range beginTries {
		held, err = s.beginOnce(ctx, &o)
		if !errors.Is(err, sql.ErrNoRows) {
			return held, err
		}
	}
	return chat.Once{}, chat.Errorf(chat.Busy, "the key is taken and freed all the time; try again")
}

// beginOnce takes a key or reads who has it; sql.ErrNoRows if it was freed between the two.
func (s *Store) beginOnce(ctx context.Context, o *chat.Once) (held chat.Once, err error) {
	err = s.write(ctx, onceScope(o.Tenant), func(ctx context.Context, q Querier) error {
		held = *o
		res, err := q.ExecContext(ctx, `INSERT INTO onces (tenant, what, body, owner, done, begun_at, expires_at, subject) VALUES ($1, $2, $3, $4, 0, $5, $6, $7)
			ON CONFLICT (tenant, what) DO UPDATE SET body = excluded.body, owner = excluded.owner, done = 0, answer = NULL, subject = excluded.subject,
				begun_at = excluded.begun_at, expires_at = excluded.expires_at WHERE onces.expires_at <= excluded.begun_at`,
			o.Tenant[:], o.Key[:], o.Body[:], o.Owner, Micros(o.BegunAt), Micros(o.ExpiresAt), o.Subject)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n > 0 {
			return err
		}
		var body []byte
		var begun, expires int64
		err = q.QueryRowContext(ctx, `SELECT body, owner, done, answer, begun_at, expires_at, subject FROM onces WHERE tenant = $1 AND what = $2`,
			o.Tenant[:], o.Key[:]).Scan(&body, &held.Owner, &held.Done, &held.Answer, &begun, &expires, &held.Subject)
		held.Body = [32]byte{}
		copy(held.Body[:], body)
		held.BegunAt, held.ExpiresAt = FromMicros(begun), FromMicros(expires)
		return err
	})
	return held, err
}

// FinishOnce implements chat.Onces.
func (s *Store) FinishOnce(ctx context.Context, tenant chat.TenantID, key [32]byte, owner chat.OnceID, answer []byte) error {
	return s.exec(ctx, onceScope(tenant), `UPDATE onces SET done = 1, answer = $4 WHERE tenant = $1 AND what = $2 AND owner = $3`,
		tenant[:], key[:], owner, answer)
}

// ForgetOnce implements chat.Onces.
func (s *Store) ForgetOnce(ctx context.Context, tenant chat.TenantID, key [32]byte, owner chat.OnceID) error {
	return s.exec(ctx, onceScope(tenant), `DELETE FROM onces WHERE tenant = $1 AND what = $2 AND owner = $3 AND done = 0`, tenant[:], key[:], owner)
}

// SweepOnces implements chat.Onces.
func (s *Store) SweepOnces(ctx context.Context, now time.Time, limit int) (n int, err error) {
	err = s.write(ctx, System, func(ctx context.Context, q Querier) error {
		res, err := q.ExecContext(ctx, `DELETE FROM onces WHERE (tenant, what) IN
			(SELECT tenant, what FROM onces WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)`, Micros(now), limit)
		if err != nil {
			return err
		}
		gone, err := res.RowsAffected()
		n = int(gone)
		return err
	})
	return n, err
}
