package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

func scanFactor(scan row) (f chat.SecondFactor, err error) {
	var created, confirmed int64
	err = scan(&f.Tenant, &f.Agent, &f.Secret, &created, &confirmed, &f.LastStep)
	f.CreatedAt, f.ConfirmedAt = FromMicros(created), FromMicros(confirmed)
	return f, err
}

// SecondFactor implements chat.SecondFactors.
func (s *Store) SecondFactor(ctx context.Context, tenant chat.TenantID, agent chat.AgentID) (chat.SecondFactor, error) {
	return readOne(ctx, s, Of(tenant), "second factor", scanFactor, `SELECT tenant, agent, secret, created_at, confirmed_at, last_step
		FROM second_factors WHERE tenant = $1 AND agent = $2`, tenant, agent)
}

// SaveSecondFactor implements chat.SecondFactors.
func (s *Store) SaveSecondFactor(ctx context.Context, f chat.SecondFactor, recovery ...[32]byte) error {
	return s.audited(ctx, Of(f.Tenant), func(ctx context.Context, q Querier, a *acts) error {
		action := "totp.enrolled"
		if !f.ConfirmedAt.IsZero() {
			action = "totp.enabled"
		}
		a.add(f.Tenant, chat.AuditNote{Action: action, TargetKind: "agent", TargetID: f.Agent.String()})
		_, err := q.ExecContext(ctx, `INSERT INTO second_factors (tenant, agent, secret, created_at, confirmed_at, last_step) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (tenant, agent) DO UPDATE SET secret = excluded.secret, created_at = excluded.created_at,
				confirmed_at = excluded.confirmed_at, last_step = excluded.last_step`,
			f.Tenant, f.Agent, f.Secret, Micros(f.CreatedAt), Micros(f.ConfirmedAt), f.LastStep)
		if err != nil {
			return err
		}
		if _, err := q.ExecContext(ctx, `DELETE FROM recovery_codes WHERE tenant = $1 AND agent = $2`, f.Tenant, f.Agent); err != nil {
			return err
		}
		for i := range recovery {
			if _, err := q.ExecContext(ctx, `INSERT INTO recovery_codes (tenant, agent, hash) VALUES ($1, $2, $3)`,
				f.Tenant, f.Agent, recovery[i][:]); err != nil {
				return err
			}
		}
		return nil
	})
}

// DeleteSecondFactor implements chat.SecondFactors.
func (s *Store) DeleteSecondFactor(ctx context.Context, tenant chat.TenantID, agent chat.AgentID) error {
	return s.audited(ctx, Of(tenant), func(ctx context.Context, q Querier, a *acts) error {
		old, err := before(ctx, q, scanFactor, `SELECT tenant, agent, secret, created_at, confirmed_at, last_step FROM second_factors
			WHERE tenant = $1 AND agent = $2`, tenant, agent)
		if err != nil {
			return err
		}
		if old != nil {
			a.add(tenant, chat.AuditNote{Action: "totp.disabled", TargetKind: "agent", TargetID: agent.String()})
		}
		for _, text := range []string{
			`DELETE FROM recovery_codes WHERE tenant = $1 AND agent = $2`, `DELETE FROM second_factors WHERE tenant = $1 AND agent = $2`,
		} {
			if _, err := q.ExecContext(ctx, text, tenant, agent); err != nil {
				return err
			}
		}
		return nil
	})
}

// SpendStep implements chat.SecondFactors.
func (s *Store) SpendStep(ctx context.Context, tenant chat.TenantID, agent chat.AgentID, secret string, step int64) (bool, error) {
	return s.changed(ctx, Of(tenant), `UPDATE second_factors SET last_step = $4 WHERE tenant = $1 AND agent = $2 AND secret = $3 AND last_step < $4`,
		tenant, agent, secret, step)
}

// SpendRecoveryCode implements chat.SecondFactors.
func (s *Store) SpendRecoveryCode(ctx context.Context, tenant chat.TenantID, agent chat.AgentID, hash [32]byte) (bool, error) {
	spent := false
	err := s.audited(ctx, Of(tenant), func(ctx context.Context, q Querier, a *acts) error {
		res, err := q.ExecContext(ctx, `DELETE FROM recovery_codes WHERE tenant = $1 AND agent = $2 AND hash = $3`, tenant, agent, hash[:])
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if spent = n > 0; spent {
			a.add(tenant, chat.AuditNote{Action: "totp.recovery_code_used", TargetKind: "agent", TargetID: agent.String()})
		}
		return err
	})
	return spent && err == nil, err
}

// RecoveryCodes implements chat.SecondFactors.
func (s *Store) RecoveryCodes(ctx context.Context, tenant chat.TenantID, agent chat.AgentID) (int, error) {
	return readOne(ctx, s, Of(tenant), "recovery code", scanCount,
		`SELECT COUNT(*) FROM recovery_codes WHERE tenant = $1 AND agent = $2`, tenant, agent)
}

// CountAttempt implements chat.Attempts. Whoever begins a window removes those that have ended, in a transaction of its own: one
// that holds a counter must not wait for others.
func (s *Store) CountAttempt(ctx context.Context, what [32]byte, now time.Time, window time.Duration) (n int, err error) {
	err = s.write(ctx, System, func(ctx context.Context, q Querier) error {
		return q.QueryRowContext(ctx, `INSERT INTO attempts (what, n, until) VALUES ($1, 1, $2) ON CONFLICT (what) DO UPDATE SET
			n = CASE WHEN attempts.until <= $3 THEN 1 ELSE attempts.n + 1 END,
			until = CASE WHEN attempts.until <= $3 THEN excluded.until ELSE attempts.until END RETURNING n`,
			what[:], Micros(now.Add(window)), Micros(now)).Scan(&n)
	})
	if err != nil || n > 1 {
		return n, err
	}
	return n, s.exec(ctx, System, `DELETE FROM attempts WHERE until <= $1`, Micros(now))
}

// Attempts implements chat.Attempts.
func (s *Store) Attempts(ctx context.Context, what [32]byte, now time.Time) (n int, until time.Time, err error) {
	var end int64
	err = s.read(ctx, System, func(ctx context.Context, q Querier) error {
		err := q.QueryRowContext(ctx, `SELECT n, until FROM attempts WHERE what = $1 AND until > $2`, what[:], Micros(now)).Scan(&n, &end)
		if errors.Is(err, sql.ErrNoRows) {
			n, end, err = 0, 0, nil
		}
		return err
	})
	return n, FromMicros(end), err
}

// ForgetAttempts implements chat.Attempts.
func (s *Store) ForgetAttempts(ctx context.Context, what [32]byte) error {
	return s.exec(ctx, System, `DELETE FROM attempts WHERE what = $1`, what[:])
}

func scanCount(scan row) (n int, err error) {
	err = scan(&n)
	return n, err
}
