package sqlstore

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/uniqchat/uniqchat/chat"
)

// ChangeAgent implements chat.Store.
func (s *Store) ChangeAgent(ctx context.Context, tenant chat.TenantID, id chat.AgentID, change func(*chat.Agent) error) (g chat.Agent, err error) {
	err = s.audited(ctx, Of(tenant), func(ctx context.Context, q Querier, a *acts) error {
		// First a write, so that two changes of one agent stand in line.
		if _, err := q.ExecContext(ctx, `UPDATE agents SET capacity = capacity WHERE tenant = $1 AND id = $2`, tenant, id); err != nil {
			return err
		}
		if g, err = scanAgent(q.QueryRowContext(ctx, `SELECT `+agentColumns+` FROM agents WHERE tenant = $1 AND id = $2`, tenant, id).Scan); err != nil {
			return err
		}
		g.Teams = slices.Clone(g.Teams)
		if err := change(&g); err != nil {
			return err
		}
		g.Tenant, g.ID = tenant, id
		return saveAgents(ctx, q, a, []chat.Agent{g})
	})
	return g, notFound(err, "agent")
}

// ChangeSiteKey implements chat.Store.
func (s *Store) ChangeSiteKey(ctx context.Context, tenant chat.TenantID, key string, change func(*chat.SiteKey) error) (k chat.SiteKey, err error) {
	err = s.audited(ctx, Of(tenant), func(ctx context.Context, q Querier, a *acts) error {
		if _, err := q.ExecContext(ctx, `UPDATE site_keys SET name = name WHERE site_key = $1 AND tenant = $2`, key, tenant); err != nil {
			return err
		}
		old, err := scanSiteKey(q.QueryRowContext(ctx, `SELECT `+siteKeyColumns+` FROM site_keys WHERE site_key = $1 AND tenant = $2`, key, tenant).Scan)
		if err != nil {
			return err
		}
		k = old
		k.Secrets, k.Origins = slices.Clone(old.Secrets), slices.Clone(old.Origins)
		if err := change(&k); err != nil {
			return err
		}
		k.Tenant, k.Key, k.CreatedAt = tenant, key, old.CreatedAt
		a.siteKeySaved(&k, &old)
		widget, err := json.Marshal(&k.Widget)
		if err != nil {
			return err
		}
		_, err = q.ExecContext(ctx, `UPDATE site_keys SET name = $3, secrets = $4, origins = $5, widget = $6 WHERE site_key = $1 AND tenant = $2`,
			key, tenant, k.Name, list(k.Secrets), list(k.Origins), string(widget))
		return err
	})
	return k, notFound(err, "site key")
}
