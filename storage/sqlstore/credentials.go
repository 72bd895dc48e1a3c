package sqlstore

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// endedFor is how long an ended log-in is remembered: longer than any token lives.
const endedFor = 90 * 24 * time.Hour

// Credentials are the system's: they are looked at before anyone knows whose they are.

// SaveRefreshToken implements chat.Credentials. What has expired by t.IssuedAt is forgotten.
func (s *Store) SaveRefreshToken(ctx context.Context, t chat.RefreshToken) error {
	return s.audited(ctx, System, func(ctx context.Context, q Querier, a *acts) error {
		if err := a.loggedIn(ctx, q, &t); err != nil {
			return err
		}
		return addRefreshToken(ctx, q, &t, nil)
	})
}

var errOvertaken = &chat.Error{Code: chat.Conflict, Name: "refresh_overtaken", Message: "the same refresh was asked for again; that answer counts"}

// GiveRefreshToken implements chat.Credentials.
func (s *Store) GiveRefreshToken(ctx context.Context, taken, t chat.RefreshToken) error {
	return s.audited(ctx, System, func(ctx context.Context, q Querier, _ *acts) error {
		// A write: who takes it again stands in line, and then finds t.
		res, err := q.ExecContext(ctx, `UPDATE refresh_tokens SET used = used WHERE hash = $1 AND (used = $2 OR attempt IS NULL)`,
			taken.Hash[:], taken.Taken)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, errOvertaken)
		}
		return addRefreshToken(ctx, q, &t, taken.Hash[:])
	})
}

func addRefreshToken(ctx context.Context, q Querier, t *chat.RefreshToken, givenFor []byte) error {
	if _, err := q.ExecContext(ctx, `DELETE FROM refresh_tokens WHERE expires_at < $1`, Micros(t.IssuedAt)); err != nil {
		return err
	}
	if _, err := q.ExecContext(ctx, `DELETE FROM ended_families WHERE ended_at < $1`, Micros(t.IssuedAt.Add(-endedFor))); err != nil {
		return err
	}
	_, err := q.ExecContext(ctx, `INSERT INTO refresh_tokens (hash, family, tenant, agent, issued_at, expires_at, given_for)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`, t.Hash[:], t.Family[:], t.Tenant, t.Agent, Micros(t.IssuedAt), Micros(t.ExpiresAt), givenFor)
	return err
}

var errRefresh = &chat.Error{Code: chat.Unauthenticated, Name: "refresh_token_invalid", Message: "the refresh token is not valid (any more); log in again"}

// TakeRefreshToken implements chat.Credentials.
func (s *Store) TakeRefreshToken(ctx context.Context, hash, attempt [32]byte, now time.Time) (t chat.RefreshToken, err error) {
	var reused bool
	var by []byte // NULL if there is none
	if attempt != ([32]byte{}) {
		by = attempt[:]
	}
	err = s.audited(ctx, System, func(ctx context.Context, tx Querier, a *acts) error {
		reused = false
		var family, first []byte
		var ended int
		var issued, expires, at int64
		// First a write, so that two takers of one token stand in line.
		if _, err := tx.ExecContext(ctx, `UPDATE refresh_tokens SET used = used + 1, attempt = CASE WHEN used = 0 THEN $2 ELSE attempt END,
			taken_at = CASE WHEN used = 0 THEN $3 ELSE taken_at END WHERE hash = $1`, hash[:], by, Micros(now)); err != nil {
			return err
		}
		err := tx.QueryRowContext(ctx, `SELECT r.family, r.tenant, r.agent, r.issued_at, r.expires_at, r.used, r.attempt, r.taken_at,
			(SELECT COUNT(*) FROM ended_families e WHERE e.family = r.family) FROM refresh_tokens r WHERE r.hash = $1`, hash[:]).
			Scan(&family, &t.Tenant, &t.Agent, &issued, &expires, &t.Taken, &first, &at, &ended)
		if errors.Is(err, sql.ErrNoRows) {
			return errRefresh
		}
		if err != nil {
			return err
		}
		t.Hash, t.Family = hash, [16]byte(family)
		t.IssuedAt, t.ExpiresAt = FromMicros(issued), FromMicros(expires)
		if ended > 0 || !now.Before(t.ExpiresAt) {
			return errRefresh
		}
		if t.Taken == 1 {
			return nil
		}
		if by != nil && bytes.Equal(by, first) && now.Before(FromMicros(at).Add(chat.RefreshRepeats)) {
			if lost, err := replaceGiven(ctx, tx, &t); err != nil || lost {
				return err
			}
		}
		// Somebody has a copy: nobody may go on with this log-in.
		reused = true
		a.add(t.Tenant, chat.AuditNote{
			Action: "auth.refresh_reused", TargetKind: "agent", TargetID: t.Agent.String(), Outcome: chat.OutcomeFailed,
			Details: details("login", hex.EncodeToString(t.Family[:])),
		})
		return endFamily(ctx, tx, t.Family, now)
	})
	if err == nil && reused {
		err = errRefresh
	}
	return t, err
}

// replaceGiven makes what was given for t useless: whoever uses it has a copy. False: it was used, so its answer was not lost.
// First the write: who takes such a token now stands in line behind it, and who was faster is seen afterwards.
func replaceGiven(ctx context.Context, tx Querier, t *chat.RefreshToken) (lost bool, err error) {
	if _, err = tx.ExecContext(ctx, `UPDATE refresh_tokens SET used = 1 WHERE family = $1 AND given_for = $2 AND used = 0`, t.Family[:], t.Hash[:]); err != nil {
		return false, err
	}
	var n int
	err = tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM refresh_tokens WHERE family = $1 AND given_for = $2 AND taken_at > 0`, t.Family[:], t.Hash[:]).Scan(&n)
	return n == 0, err
}

func endFamily(ctx context.Context, x Querier, family [16]byte, at time.Time) error {
	_, err := x.ExecContext(ctx, `INSERT INTO ended_families (family, ended_at) VALUES ($1, $2) ON CONFLICT (family) DO NOTHING`,
		family[:], Micros(at))
	return err
}

// EndRefreshFamily implements chat.Credentials.
func (s *Store) EndRefreshFamily(ctx context.Context, family [16]byte) error {
	return s.audited(ctx, System, func(ctx context.Context, q Querier, a *acts) error {
		if err := a.loggedOut(ctx, q, family); err != nil {
			return err
		}
		return endFamily(ctx, q, family, time.Now())
	})
}

func scanFamily(scan row) (family [16]byte, err error) {
	var f []byte
	if err = scan(&f); err == nil && len(f) == 16 {
		family = [16]byte(f)
	}
	return family, err
}

// EndedFamilies implements chat.Credentials.
func (s *Store) EndedFamilies(ctx context.Context, since time.Time) ([][16]byte, error) {
	return readAll(ctx, s, System, scanFamily, `SELECT family FROM ended_families WHERE ended_at >= $1`, Micros(since))
}

func scanSigningKey(scan row) (k chat.SigningKey, err error) {
	var created int64
	err = scan(&k.ID, &k.Secret, &created)
	k.CreatedAt = FromMicros(created)
	return k, err
}

// SigningKeys implements chat.Credentials.
func (s *Store) SigningKeys(ctx context.Context) ([]chat.SigningKey, error) {
	return readAll(ctx, s, System, scanSigningKey, `SELECT id, secret, created_at FROM signing_keys ORDER BY created_at DESC, id`)
}

// AddSigningKey implements chat.Credentials.
func (s *Store) AddSigningKey(ctx context.Context, k chat.SigningKey) error {
	return s.audited(ctx, System, func(ctx context.Context, q Querier, a *acts) error {
		res, err := q.ExecContext(ctx, `INSERT INTO signing_keys (id, secret, created_at) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING`,
			k.ID, k.Secret, Micros(k.CreatedAt))
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if n > 0 {
			a.add(chat.TenantID{}, chat.AuditNote{Action: "signing_key.created", TargetKind: "signing_key", TargetID: k.ID})
		}
		return err
	})
}
