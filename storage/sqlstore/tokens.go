package sqlstore

import (
	"context"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

const tokenColumns = `hash, tenant, id, name, hint, scopes, created_by, created_at, expires_at, last_used_at, revoked_at`

func scanToken(scan row) (t chat.APIToken, err error) {
	var hash []byte
	var scopes string
	var created, expires, used, revoked int64
	err = scan(&hash, &t.Tenant, &t.ID, &t.Name, &t.Hint, &scopes, &t.CreatedBy, &created, &expires, &used, &revoked)
	copy(t.Hash[:], hash)
	t.Scopes = chat.StoredScopes(scopes)
	t.CreatedAt, t.ExpiresAt, t.LastUsedAt, t.RevokedAt = FromMicros(created), FromMicros(expires), FromMicros(used), FromMicros(revoked)
	return t, err
}

// tokenScope is whose rows a tenant's tokens are; the platform's are the system's.
func tokenScope(t chat.TenantID) Scope {
	if t.IsZero() {
		return System
	}
	return Of(t)
}

// SaveAPIToken implements chat.APITokens.
func (s *Store) SaveAPIToken(ctx context.Context, t chat.APIToken) error {
	return s.audited(ctx, tokenScope(t.Tenant), func(ctx context.Context, q Querier, a *acts) error {
		a.add(t.Tenant, chat.AuditNote{
			Action: "api_token.created", TargetKind: "api_token", TargetID: t.ID.String(), TargetName: t.Name,
			Details: details("scopes", t.Scopes.Names(), "expires_at", whenOrNil(t.ExpiresAt)),
		})
		_, err := q.ExecContext(ctx, `INSERT INTO api_tokens (`+tokenColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
			t.Hash[:], t.Tenant, t.ID, t.Name, t.Hint, t.Scopes.String(), t.CreatedBy, Micros(t.CreatedAt), Micros(t.ExpiresAt),
			Micros(t.LastUsedAt), Micros(t.RevokedAt))
		return err
	})
}

// APIToken implements chat.APITokens.
func (s *Store) APIToken(ctx context.Context, hash [32]byte) (chat.APIToken, error) {
	return readOne(ctx, s, System, "API token", scanToken, `SELECT `+tokenColumns+` FROM api_tokens WHERE hash = $1`, hash[:])
}

// APITokens implements chat.APITokens.
func (s *Store) APITokens(ctx context.Context, tenant chat.TenantID, cursor string, limit int) ([]chat.APIToken, string, error) {
	if limit < 1 || limit > 1000 {
		return nil, "", chat.Errorf(chat.Malformed, "limit must be 1 to 1000")
	}
	after, err := decodeCursor[chat.APITokenID](cursor)
	if err != nil {
		return nil, "", err
	}
	query, args := `SELECT `+tokenColumns+` FROM api_tokens WHERE tenant = $3 AND revoked_at = 0 AND id > $1 ORDER BY id LIMIT $2`,
		[]any{after[:], limit + 1, tenant}
	if tenant.IsZero() {
		query, args = `SELECT `+tokenColumns+` FROM api_tokens WHERE tenant IS NULL AND revoked_at = 0 AND id > $1 ORDER BY id LIMIT $2`, args[:2]
	}
	page, err := readAll(ctx, s, tokenScope(tenant), scanToken, query, args...)
	if err != nil || len(page) <= limit {
		return page, "", err
	}
	return page[:limit], encodeCursor(page[limit-1].ID), nil
}

// RevokeAPIToken implements chat.APITokens. It works for the system, because a tenant may not write ended_families.
func (s *Store) RevokeAPIToken(ctx context.Context, tenant chat.TenantID, id chat.APITokenID, now time.Time) error {
	return s.audited(ctx, System, func(ctx context.Context, q Querier, a *acts) error {
		old, err := before(ctx, q, scanToken, `SELECT `+tokenColumns+` FROM api_tokens WHERE id = $1`, id)
		if err != nil {
			return err
		}
		query, args := `UPDATE api_tokens SET revoked_at = $1 WHERE id = $2 AND revoked_at = 0 AND tenant = $3`, []any{Micros(now), id, tenant}
		if tenant.IsZero() {
			query, args = `UPDATE api_tokens SET revoked_at = $1 WHERE id = $2 AND revoked_at = 0 AND tenant IS NULL`, args[:2]
		}
		res, err := q.ExecContext(ctx, query, args...)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			if err == nil {
				err = chat.Errorf(chat.NotFound, "there is no such API token")
			}
			return err
		}
		if old != nil {
			a.add(tenant, chat.AuditNote{Action: "api_token.revoked", TargetKind: "api_token", TargetID: id.String(), TargetName: old.Name})
		}
		return endFamily(ctx, q, [16]byte(id), now)
	})
}

// APITokensUsed implements chat.APITokens.
func (s *Store) APITokensUsed(ctx context.Context, at time.Time, hashes ...[32]byte) error {
	return s.write(ctx, System, func(ctx context.Context, q Querier) error {
		for i := range hashes {
			if _, err := q.ExecContext(ctx, `UPDATE api_tokens SET last_used_at = $1 WHERE hash = $2 AND last_used_at < $1`,
				Micros(at), hashes[i][:]); err != nil {
				return err
			}
		}
		return nil
	})
}
