package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/seal"
)

const engineColumns = `tenant, id, name, base_url, model, enabled, position, prompt_price, completion_price, first_token, total, created_at, updated_at, api_key`

// scanSecretEngine reads an engine with its key as it is kept.
func scanSecretEngine(scan row) (e chat.AIEngine, err error) {
	var first, total, created, updated int64
	err = scan(&e.Tenant, &e.ID, &e.Name, &e.BaseURL, &e.Model, &e.Enabled, &e.Position, &e.PromptPrice, &e.CompletionPrice, &first, &total, &created, &updated, &e.Key)
	e.FirstToken, e.Total = time.Duration(first)*time.Microsecond, time.Duration(total)*time.Microsecond
	e.CreatedAt, e.UpdatedAt, e.HasKey = FromMicros(created), FromMicros(updated), e.Key != ""
	return e, err
}

// scanEngine reads an engine without its key.
func scanEngine(scan row) (chat.AIEngine, error) {
	e, err := scanSecretEngine(scan)
	e.Key = ""
	return e, err
}

// AIEngine implements chat.AIStore.
func (s *Store) AIEngine(ctx context.Context, tenant chat.TenantID, id chat.AIEngineID) (chat.AIEngine, error) {
	return readOne(ctx, s, Of(tenant), "engine", scanEngine, `SELECT `+engineColumns+` FROM ai_engines WHERE tenant = $1 AND id = $2`, tenant, id)
}

// AIEngineWithKey implements chat.AIStore.
func (s *Store) AIEngineWithKey(ctx context.Context, tenant chat.TenantID, id chat.AIEngineID) (chat.AIEngine, error) {
	e, err := readOne(ctx, s, Of(tenant), "engine", scanSecretEngine, `SELECT `+engineColumns+` FROM ai_engines WHERE tenant = $1 AND id = $2`, tenant, id)
	if err != nil {
		return e, err
	}
	return e, s.keys.Engine(ctx, &e)
}

// AIEngines implements chat.AIStore.
func (s *Store) AIEngines(ctx context.Context, tenant chat.TenantID) ([]chat.AIEngine, error) {
	return readAll(ctx, s, Of(tenant), scanEngine, `SELECT `+engineColumns+` FROM ai_engines WHERE tenant = $1 ORDER BY position, name`, tenant)
}

// EnginesInUse implements chat.AIStore.
func (s *Store) EnginesInUse(ctx context.Context, tenant chat.TenantID) ([]chat.AIEngine, error) {
	all, err := readAll(ctx, s, Of(tenant), scanSecretEngine, `SELECT `+engineColumns+` FROM ai_engines WHERE tenant = $1 AND enabled = 1 ORDER BY position, name`, tenant)
	if err != nil {
		return nil, err
	}
	kept := all[:0]
	for i := range all {
		if err := s.keys.Engine(ctx, &all[i]); err != nil {
			return nil, err
		}
		if all[i].HasKey == (all[i].Key != "") {
			kept = append(kept, all[i])
		}
	}
	return kept, nil
}

func engineArgs(e *chat.AIEngine, key string) []any {
	return []any{
		e.Tenant, e.ID, e.Name, e.BaseURL, e.Model, flag(e.Enabled), e.Position, e.PromptPrice, e.CompletionPrice, e.FirstToken.Microseconds(), e.Total.Microseconds(),
		Micros(e.CreatedAt), Micros(e.UpdatedAt), key,
	}
}

// AddAIEngine implements chat.AIStore. Several at once may exceed MaxAIEngines by a few.
func (s *Store) AddAIEngine(ctx context.Context, e chat.AIEngine) error {
	keys, err := s.keys.Ready(ctx, e.Tenant)
	if err != nil {
		return err
	}
	e.HasKey = e.Key != ""
	return nameTaken(s.audited(ctx, Of(e.Tenant), func(ctx context.Context, q Querier, a *acts) error {
		var n int
		if err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM ai_engines WHERE tenant = $1`, e.Tenant).Scan(&n); err != nil {
			return err
		}
		if n >= chat.MaxAIEngines {
			return &chat.Error{Code: chat.Conflict, Name: "too_many", Message: fmt.Sprintf("there may be %d engines; delete some first", chat.MaxAIEngines), Limit: chat.MaxAIEngines}
		}
		a.engineSaved(&e, nil, false)
		_, err := q.ExecContext(ctx, `INSERT INTO ai_engines (`+engineColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
			engineArgs(&e, keys.Text(e.Key, seal.OfEngine(e.ID)))...)
		return err
	}))
}

// engineSaved notes what a save makes of an engine. Of its key it is told that it is another one, and no more.
func (a *acts) engineSaved(e, old *chat.AIEngine, newKey bool) {
	a.saved(e.Tenant, "ai_engine", e.ID.String(), e.Name, old != nil, changesOf(old, e, func(c *changes, old, now *chat.AIEngine) {
		c.field("name", old.Name, now.Name)
		c.field("base_url", old.BaseURL, now.BaseURL)
		c.field("model", old.Model, now.Model)
		c.field("enabled", old.Enabled, now.Enabled)
		c.field("position", old.Position, now.Position)
		c.field("prompt_price", old.PromptPrice, now.PromptPrice)
		c.field("completion_price", old.CompletionPrice, now.CompletionPrice)
		c.field("first_token_ms", old.FirstToken.Milliseconds(), now.FirstToken.Milliseconds())
		c.field("total_ms", old.Total.Milliseconds(), now.Total.Milliseconds())
		c.secret("key", newKey || old.HasKey != now.HasKey)
	}))
}

// ChangeAIEngine implements chat.AIStore.
func (s *Store) ChangeAIEngine(ctx context.Context, tenant chat.TenantID, id chat.AIEngineID, change func(*chat.AIEngine) error) (e chat.AIEngine, err error) {
	keys, err := s.keys.Ready(ctx, tenant)
	if err != nil {
		return e, err
	}
	err = s.audited(ctx, Of(tenant), func(ctx context.Context, q Querier, a *acts) error {
		// First a write, so that two changes of one engine stand in line.
		if _, err := q.ExecContext(ctx, `UPDATE ai_engines SET updated_at = updated_at WHERE tenant = $1 AND id = $2`, tenant, id); err != nil {
			return err
		}
		old, err := scanSecretEngine(q.QueryRowContext(ctx, `SELECT `+engineColumns+` FROM ai_engines WHERE tenant = $1 AND id = $2`, tenant, id).Scan)
		if err != nil {
			return err
		}
		kept := old.Key // as it is
		old.Key = ""
		e = old
		if err := change(&e); err != nil {
			return err
		}
		newKey := e.Key != ""
		switch {
		case newKey:
			kept, e.HasKey = keys.Text(e.Key, seal.OfEngine(id)), true
		case !e.HasKey:
			kept = ""
		}
		e.Tenant, e.ID, e.CreatedAt, e.Key, e.HasKey = tenant, id, old.CreatedAt, "", kept != ""
		a.engineSaved(&e, &old, newKey)
		_, err = q.ExecContext(ctx, `UPDATE ai_engines SET name = $3, base_url = $4, model = $5, enabled = $6, position = $7, prompt_price = $8, completion_price = $9,
			first_token = $10, total = $11, created_at = $12, updated_at = $13, api_key = $14 WHERE tenant = $1 AND id = $2`, engineArgs(&e, kept)...)
		return err
	})
	return e, nameTaken(notFound(err, "engine"))
}

// DeleteAIEngine implements chat.AIStore.
func (s *Store) DeleteAIEngine(ctx context.Context, tenant chat.TenantID, id chat.AIEngineID) error {
	return s.audited(ctx, Of(tenant), func(ctx context.Context, q Querier, a *acts) error {
		old, err := before(ctx, q, scanEngine, `SELECT `+engineColumns+` FROM ai_engines WHERE tenant = $1 AND id = $2`, tenant, id)
		if err != nil {
			return err
		}
		if old != nil {
			a.add(tenant, chat.AuditNote{Action: "ai_engine.deleted", TargetKind: "ai_engine", TargetID: id.String(), TargetName: old.Name})
		}
		return deleted(ctx, q, "engine", `DELETE FROM ai_engines WHERE tenant = $1 AND id = $2`, tenant, id)
	})
}
