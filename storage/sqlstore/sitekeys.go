package sqlstore

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/uniqchat/uniqchat/chat"
)

const siteKeyColumns = `site_key, tenant, name, secrets, origins, created_at, widget`

func scanSiteKey(scan row) (k chat.SiteKey, err error) {
	var secrets, origins, widget []byte
	var created int64
	if err = scan(&k.Key, &k.Tenant, &k.Name, &secrets, &origins, &created, &widget); err == nil {
		err = errors.Join(json.Unmarshal(secrets, &k.Secrets), json.Unmarshal(origins, &k.Origins), json.Unmarshal(widget, &k.Widget))
	}
	k.CreatedAt = FromMicros(created)
	return k, err
}

// SiteKey implements chat.Store.
func (s *Store) SiteKey(ctx context.Context, key string) (chat.SiteKey, error) {
	return readOne(ctx, s, System, "site key", scanSiteKey, `SELECT `+siteKeyColumns+` FROM site_keys WHERE site_key = $1`, key)
}

// SiteKeys implements chat.Store.
func (s *Store) SiteKeys(ctx context.Context, tenant chat.TenantID) ([]chat.SiteKey, error) {
	return readAll(ctx, s, Of(tenant), scanSiteKey, `SELECT `+siteKeyColumns+` FROM site_keys WHERE tenant = $1 ORDER BY site_key`, tenant)
}

// SaveSiteKey implements chat.Store. Conflict if the key is another tenant's.
func (s *Store) SaveSiteKey(ctx context.Context, k chat.SiteKey) error {
	return s.audited(ctx, Of(k.Tenant), func(ctx context.Context, q Querier, a *acts) error { return saveSiteKey(ctx, q, a, &k) })
}

func saveSiteKey(ctx context.Context, q Querier, a *acts, k *chat.SiteKey) error {
	old, err := before(ctx, q, scanSiteKey, `SELECT `+siteKeyColumns+` FROM site_keys WHERE site_key = $1 AND tenant = $2`, k.Key, k.Tenant)
	if err != nil {
		return err
	}
	a.siteKeySaved(k, old)
	widget, err := json.Marshal(&k.Widget)
	if err != nil {
		return err
	}
	// Two statements: a tenant may not even see in an upsert that the key is somebody else's.
	args := []any{k.Key, k.Tenant, k.Name, list(k.Secrets), list(k.Origins), string(widget), Micros(k.CreatedAt)}
	for i, text := range []string{
		`INSERT INTO site_keys (site_key, tenant, name, secrets, origins, widget, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (site_key) DO NOTHING`,
		`UPDATE site_keys SET name = $3, secrets = $4, origins = $5, widget = $6 WHERE site_key = $1 AND tenant = $2`,
	} {
		res, err := q.ExecContext(ctx, text, args[:7-i]...)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 1 {
			return err
		}
	}
	return chat.Errorf(chat.Conflict, "the site key is taken")
}

// DeleteSiteKey implements chat.Store.
func (s *Store) DeleteSiteKey(ctx context.Context, tenant chat.TenantID, key string) error {
	return s.audited(ctx, Of(tenant), func(ctx context.Context, q Querier, a *acts) error {
		old, err := before(ctx, q, scanSiteKey, `SELECT `+siteKeyColumns+` FROM site_keys WHERE site_key = $1 AND tenant = $2`, key, tenant)
		if err != nil {
			return err
		}
		if old == nil {
			return chat.Errorf(chat.NotFound, "there is no such site key")
		}
		a.add(tenant, chat.AuditNote{Action: "site_key.deleted", TargetKind: "site_key", TargetID: key, TargetName: old.Name})
		_, err = q.ExecContext(ctx, `DELETE FROM site_keys WHERE site_key = $1 AND tenant = $2`, key, tenant)
		return err
	})
}

// DeleteTeam implements chat.Store.
func (s *Store) DeleteTeam(ctx context.Context, tenant chat.TenantID, id chat.TeamID) error {
	return s.audited(ctx, Of(tenant), func(ctx context.Context, q Querier, a *acts) error {
		old, err := before(ctx, q, scanTeam, `SELECT id, tenant, name, created_at FROM teams WHERE tenant = $1 AND id = $2`, tenant, id)
		if err != nil {
			return err
		}
		res, err := q.ExecContext(ctx, `DELETE FROM teams WHERE tenant = $1 AND id = $2`, tenant, id)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			if err == nil {
				err = chat.Errorf(chat.NotFound, "there is no such team")
			}
			return err
		}
		left, err := without(ctx, q, tenant, id)
		if err != nil {
			return err
		}
		if old != nil {
			a.add(tenant, chat.AuditNote{
				Action: "team.deleted", TargetKind: "team", TargetID: id.String(), TargetName: old.Name, Details: details("members", len(left)),
			})
		}
		for agent, teams := range left {
			if _, err := q.ExecContext(ctx, `UPDATE agents SET teams = $3 WHERE tenant = $1 AND id = $2`, tenant, agent, list(teams)); err != nil {
				return err
			}
		}
		return nil
	})
}

// without returns the agents that are in a team, and which teams they are in besides.
func without(ctx context.Context, q Querier, tenant chat.TenantID, gone chat.TeamID) (map[chat.AgentID][]chat.TeamID, error) {
	rows, err := q.QueryContext(ctx, `SELECT id, teams FROM agents WHERE tenant = $1`, tenant)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	left := make(map[chat.AgentID][]chat.TeamID)
	for rows.Next() {
		var id chat.AgentID
		var raw []byte
		var teams []chat.TeamID
		if err := rows.Scan(&id, &raw); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(raw, &teams); err != nil {
			return nil, err
		}
		kept := make([]chat.TeamID, 0, len(teams))
		for _, t := range teams {
			if t != gone {
				kept = append(kept, t)
			}
		}
		if len(kept) < len(teams) {
			left[id] = kept
		}
	}
	return left, rows.Err()
}
