package sqlstore

import (
	"context"
	"math"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// SLADue implements chat.SLATimers.
func (s *Store) SLADue(ctx context.Context, tenant chat.TenantID, target chat.SLATarget, before, now time.Time, limit int) ([]chat.ConversationID, error) {
	return readAll(ctx, s, Of(tenant), scanID[chat.Conversation], `SELECT c.id FROM conversations c WHERE c.tenant = $1 AND c.status IN (0, 1, 3)
		AND c.created_at <= $2 AND NOT EXISTS (SELECT 1 FROM sla_timers s WHERE s.tenant = c.tenant AND s.conv = c.id AND s.target = $3 AND s.due_at > $4)
		ORDER BY c.created_at, c.id LIMIT $5`, tenant, Micros(before), string(target), Micros(now), limit)
}

// SetSLATimer implements chat.SLATimers.
func (s *Store) SetSLATimer(ctx context.Context, key chat.Key, target chat.SLATarget, due time.Time) error {
	at := Micros(due)
	if due.IsZero() {
		at = math.MaxInt64
	}
	return s.exec(ctx, Of(key.Tenant), `INSERT INTO sla_timers (tenant, conv, target, due_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (tenant, conv, target) DO UPDATE SET due_at = excluded.due_at`, key.Tenant, key.Conversation, string(target), at)
}

// TenantsWith implements chat.Records.
func (s *Store) TenantsWith(ctx context.Context, kind chat.RecordKind) ([]chat.TenantID, error) {
	return readAll(ctx, s, System, scanID[chat.Tenant], `SELECT DISTINCT tenant FROM records WHERE kind = $1`, string(kind))
}

func scanQueuer(scan row) (q chat.Queuer, err error) {
	err = scan(&q.Conversation, &q.Visitor, &q.Team)
	return q, err
}

// Queue implements chat.Store.
func (s *Store) Queue(ctx context.Context, tenant chat.TenantID, limit int) ([]chat.Queuer, error) {
	return readAll(ctx, s, Of(tenant), scanQueuer, `SELECT id, visitor, team FROM conversations WHERE tenant = $1 AND status = 0
		ORDER BY priority DESC, queued_at, id LIMIT $2`, tenant, limit)
}
