package sqlstore

import (
	"context"
	"encoding/json"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

const agentColumns = `tenant, id, email, name, role, teams, capacity, password_hash, disabled, tokens_after, created_at`

func scanAgent(scan row) (a chat.Agent, err error) {
	var teams []byte
	var after, created int64
	err = scan(&a.Tenant, &a.ID, &a.Email, &a.Name, &a.Role, &teams, &a.Capacity, &a.PasswordHash, &a.Disabled, &after, &created)
	if err == nil {
		err = json.Unmarshal(teams, &a.Teams)
	}
	a.TokensAfter, a.CreatedAt = FromMicros(after), FromMicros(created)
	return a, err
}

// Agent implements chat.Store.
func (s *Store) Agent(ctx context.Context, tenant chat.TenantID, id chat.AgentID) (chat.Agent, error) {
	return readOne(ctx, s, Of(tenant), "agent", scanAgent, `SELECT `+agentColumns+` FROM agents WHERE tenant = $1 AND id = $2`, tenant, id)
}

// AgentsByEmail implements chat.Store.
func (s *Store) AgentsByEmail(ctx context.Context, email string) ([]chat.Agent, error) {
	return readAll(ctx, s, System, scanAgent, `SELECT `+agentColumns+` FROM agents WHERE email = $1 ORDER BY tenant LIMIT 100`, email)
}

// Agents implements chat.Store.
func (s *Store) Agents(ctx context.Context, tenant chat.TenantID, cursor string, limit int) ([]chat.Agent, string, error) {
	if limit < 1 || limit > 1000 {
		return nil, "", chat.Errorf(chat.Malformed, "limit must be 1 to 1000")
	}
	after, err := decodeCursor[chat.AgentID](cursor)
	if err != nil {
		return nil, "", err
	}
	page, err := readAll(ctx, s, Of(tenant), scanAgent, `SELECT `+agentColumns+` FROM agents WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3`,
		tenant, after[:], limit+1)
	if err != nil || len(page) <= limit {
		return page, "", err
	}
	return page[:limit], encodeCursor(page[limit-1].ID), nil
}

// SaveAgents implements chat.Store. Who read an agent before its password was changed does not bring the old one back: what
// is older than the latest tokens_after is not written.
func (s *Store) SaveAgents(ctx context.Context, agents ...chat.Agent) error {
	return s.audited(ctx, scopeOf(agents), func(ctx context.Context, q Querier, acts *acts) error { return saveAgents(ctx, q, acts, agents) })
}

func saveAgents(ctx context.Context, q Querier, acts *acts, agents []chat.Agent) error {
	stmt, err := q.PrepareContext(ctx, `INSERT INTO agents (`+agentColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (tenant, id) DO UPDATE SET email = excluded.email, name = excluded.name, role = excluded.role,
			teams = excluded.teams, capacity = excluded.capacity, disabled = excluded.disabled,
			password_hash = CASE WHEN excluded.tokens_after < agents.tokens_after THEN agents.password_hash ELSE excluded.password_hash END,
			tokens_after = CASE WHEN excluded.tokens_after < agents.tokens_after THEN agents.tokens_after ELSE excluded.tokens_after END`)
	if err != nil {
		return err
	}
	defer stmt.Close()
	for i := range agents {
		a := &agents[i]
		disabled := 0
		if a.Disabled {
			disabled = 1
		}
		if err := acts.agentSaved(ctx, q, a); err != nil {
			return err
		}
		_, err := stmt.ExecContext(ctx, a.Tenant, a.ID, a.Email, a.Name, string(a.Role), list(a.Teams), a.Capacity, a.PasswordHash,
			disabled, Micros(a.TokensAfter), Micros(a.CreatedAt))
		if isDuplicate(err) {
			return chat.Errorf(chat.Conflict, "another agent has the address %s", a.Email)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// SetPassword implements chat.Store.
func (s *Store) SetPassword(ctx context.Context, tenant chat.TenantID, id chat.AgentID, old, hash string, tokensAfter time.Time) (bool, error) {
	swapped := false
	err := s.audited(ctx, Of(tenant), func(ctx context.Context, q Querier, a *acts) error {
		swapped = false
		was, err := before(ctx, q, scanAgent, `SELECT `+agentColumns+` FROM agents WHERE tenant = $1 AND id = $2 AND password_hash = $3`, tenant, id, old)
		if err != nil || was == nil {
			return err
		}
		res, err := q.ExecContext(ctx, `UPDATE agents SET password_hash = $4, tokens_after = CASE WHEN tokens_after < $5 THEN $5 ELSE tokens_after END
			WHERE tenant = $1 AND id = $2 AND password_hash = $3`, tenant, id, old, hash, Micros(tokensAfter))
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if swapped = n > 0; swapped && tokensAfter.After(was.TokensAfter) { // otherwise it is the same password, hashed anew
			a.add(tenant, chat.AuditNote{Action: "agent.password_changed", TargetKind: "agent", TargetID: id.String(), TargetName: was.Email})
		}
		return err
	})
	return swapped && err == nil, err
}

// scopeOf is the agents' tenant, or the system if they are of several.
func scopeOf(agents []chat.Agent) Scope {
	for i := range agents {
		if agents[i].Tenant != agents[0].Tenant {
			return System
		}
	}
	if len(agents) == 0 {
		return Scope{}
	}
	return Of(agents[0].Tenant)
}
