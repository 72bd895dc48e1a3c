package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// PlanCanary implements chat.KnowledgeCanaries.
func (s *Store) PlanCanary(ctx context.Context, tenant chat.TenantID, p chat.CanaryPlan) error {
	if p.Percent == 0 {
		p.For = 0
	}
	return s.audited(ctx, Of(tenant), func(ctx context.Context, q Querier, a *acts) error {
		a.add(tenant, chat.AuditNote{
			Action: "knowledge.canary_planned", TargetKind: "knowledge", Details: details("percent", p.Percent, "minutes", int64(p.For/time.Minute)),
		})
		_, err := q.ExecContext(ctx, `INSERT INTO knowledge_states (tenant, revision, wanted, built, active, due_at, until, done, total, failure, plan_percent, plan_micros)
			VALUES ($1, 0, 0, 0, 0, 0, 0, 0, 0, '', $2, $3) ON CONFLICT (tenant) DO UPDATE SET plan_percent = excluded.plan_percent,
			plan_micros = excluded.plan_micros`, tenant, p.Percent, p.For.Microseconds())
		return err
	})
}

// beginCanary has a version tried, as it is planned.
func beginCanary(ctx context.Context, q Querier, st *chat.KnowledgeState, v chat.KnowledgeVersion) error {
	_, err := q.ExecContext(ctx, `UPDATE knowledge_states SET canary = $2, canary_percent = $3, canary_began = $4, canary_ends = $5,
		old_asked = 0, old_open = 0, new_asked = 0, new_open = 0 WHERE tenant = $1`, v.Tenant, v.Version, st.Plan.Percent, Micros(v.CreatedAt), Micros(v.CreatedAt.Add(st.Plan.For)))
	return err
}

// dropCanary ends the trial of a version that something newer has overtaken.
func dropCanary(ctx context.Context, q Querier, st *chat.KnowledgeState) error {
	if st.Canary.Version == 0 {
		return nil
	}
	_, err := q.ExecContext(ctx, `UPDATE knowledge_states SET canary = 0 WHERE tenant = $1`, st.Tenant)
	return err
}

// PromoteCanary implements chat.KnowledgeCanaries.
func (s *Store) PromoteCanary(ctx context.Context, tenant chat.TenantID) (v chat.KnowledgeVersion, err error) {
	err = s.audited(ctx, Of(tenant), func(ctx context.Context, q Querier, a *acts) error {
		if v.Version, err = promote(ctx, q, tenant, 0); err != nil {
			return err
		}
		v, err = scanIndex(q.QueryRowContext(ctx, `SELECT `+versionColumns+` FROM knowledge_versions WHERE tenant = $1 AND version = $2`, tenant, v.Version).Scan)
		a.add(tenant, chat.AuditNote{Action: "knowledge.canary_promoted", TargetKind: "knowledge", Details: details("version", v.Version)})
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		err = &chat.Error{Code: chat.Conflict, Name: "no_canary", Message: "no version is being tried"}
	}
	return v, err
}

// promote puts the version that is tried in use, if it is that one, or any if version is 0. sql.ErrNoRows if it is not.
func promote(ctx context.Context, q Querier, tenant chat.TenantID, version int64) (int64, error) {
	// First a write, so that nobody ends the trial meanwhile.
	err := q.QueryRowContext(ctx, `UPDATE knowledge_states SET active = canary WHERE tenant = $1 AND canary > 0 AND (canary = $2 OR $2 = 0) RETURNING canary`,
		tenant, version).Scan(&version)
	if err != nil {
		return 0, err
	}
	return version, use(ctx, q, tenant, version)
}

// Canaries implements chat.KnowledgeCanaries.
func (s *Store) Canaries(ctx context.Context) ([]chat.KnowledgeState, error) {
	return readAll(ctx, s, System, scanState, `SELECT `+stateColumns+` FROM knowledge_states WHERE canary > 0`)
}

// TallyCanary implements chat.KnowledgeCanaries.
func (s *Store) TallyCanary(ctx context.Context, tenant chat.TenantID, version int64, old, more chat.CanaryTally) error {
	_, err := s.changed(ctx, Of(tenant), `UPDATE knowledge_states SET old_asked = old_asked + $3, old_open = old_open + $4, new_asked = new_asked + $5, new_open = new_open + $6
		WHERE tenant = $1 AND canary = $2`, tenant, version, old.Asked, old.Open, more.Asked, more.Open)
	return err
}

// EndCanary implements chat.KnowledgeCanaries.
func (s *Store) EndCanary(ctx context.Context, tenant chat.TenantID, version int64, f *chat.KnowledgeFailure) (bool, error) {
	if f == nil {
		err := s.write(ctx, Of(tenant), func(ctx context.Context, q Querier) error {
			_, err := promote(ctx, q, tenant, version)
			return err
		})
		if errors.Is(err, sql.ErrNoRows) {
			return false, nil
		}
		return err == nil, err
	}
	b, err := json.Marshal(f)
	if err != nil {
		return false, err
	}
	return s.changed(ctx, Of(tenant), `UPDATE knowledge_states SET canary = 0, failure = $3 WHERE tenant = $1 AND canary = $2`, tenant, version, string(b))
}
