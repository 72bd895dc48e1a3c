package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/project"
)

// The statements of an outbox, a row each. A tenant's counter is moved on first and held, so that what is counted back from it
// is this transaction's own. (PostgreSQL's projection writes all rows at once: package postgres.)
const (
	bumpSequence = `INSERT INTO webhook_sequences (tenant, last) VALUES ($1, $2)
		ON CONFLICT (tenant) DO UPDATE SET last = webhook_sequences.last + excluded.last RETURNING last`
	insertEvent = `INSERT INTO webhook_events (tenant, sequence, id, type, created_at, subject, seq, state, data)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`
	insertDelivery = `INSERT INTO webhook_deliveries (tenant, id, webhook, sequence, state, attempt, tries, since, due_at, leased_until)
		VALUES ($1, $2, $3, $4, 0, 0, 0, $5, $5, 0)`
)

// WriteOutbox writes a closed outbox in a transaction.
func WriteOutbox(ctx context.Context, q Querier, o *project.Outbox) error {
	last := make(map[chat.TenantID]int64, len(o.Tenants))
	for _, t := range o.Tenants {
		var n int64
		if err := q.QueryRowContext(ctx, bumpSequence, t.Tenant, t.Events).Scan(&n); err != nil {
			return fmt.Errorf("number webhooks' events: %w", err)
		}
		last[t.Tenant] = n
	}
	err := each(ctx, q, insertEvent, o.Events, func(e *project.OutboxEvent) []any {
		return []any{
			e.Tenant, last[e.Tenant] - e.Back, e.ID, e.Type, Micros(e.At), chat.ID[chat.Event](e.Subject), int64(e.Seq), e.State, e.Data,
		}
	})
	if err != nil {
		return fmt.Errorf("write webhooks' events: %w", err)
	}
	now := Micros(o.Now)
	err = each(ctx, q, insertDelivery, o.Deliveries, func(d *project.OutboxDelivery) []any {
		return []any{d.Tenant, d.ID, d.Webhook, last[d.Tenant] - d.Back, now}
	})
	if err != nil {
		return fmt.Errorf("write webhooks' deliveries: %w", err)
	}
	return nil
}

// each executes a statement for every row.
func each[T any](ctx context.Context, q Querier, text string, rows []T, args func(*T) []any) error {
	if len(rows) == 0 {
		return nil
	}
	stmt, err := q.PrepareContext(ctx, text)
	if err != nil {
		return err
	}
	defer stmt.Close()
	for i := range rows {
		if _, err := stmt.ExecContext(ctx, args(&rows[i])...); err != nil {
			return err
		}
	}
	return nil
}

var errNotActive = &chat.Error{Code: chat.Conflict, Name: "webhook_not_active", Message: "the webhook is not active; set its state to active first"}

// Ping implements chat.Webhooks.
func (s *Store) Ping(ctx context.Context, tenant chat.TenantID, id chat.WebhookID, data json.RawMessage, at time.Time) (d chat.Delivery, err error) {
	err = s.audited(ctx, Of(tenant), func(ctx context.Context, q Querier, a *acts) error {
		a.add(tenant, chat.AuditNote{Action: "webhook.tested", TargetKind: "webhook", TargetID: id.String()})
		if err := closeBreaker(ctx, q, tenant, id); err != nil {
			return err
		}
		o := project.Outbox{}
		o.Add(project.OutboxEvent{Tenant: tenant, ID: chat.NewID[chat.WebhookEvent](), Type: chat.EventPing, At: at, Data: string(data)}, id)
		o.Close(at)
		if err := WriteOutbox(ctx, q, &o); err != nil {
			return err
		}
		d, err = readDelivery(ctx, q, tenant, o.Deliveries[0].ID)
		return err
	})
	if err != nil {
		return d, err
	}
	s.WebhooksWritten()
	err = s.keys.Delivery(ctx, &d)
	return d, err
}

// closeBreaker lets an endpoint be tried at once, because a person asks. Conflict if it is not active.
func closeBreaker(ctx context.Context, q Querier, tenant chat.TenantID, id chat.WebhookID) error {
	var state chat.WebhookState
	err := q.QueryRowContext(ctx, `UPDATE webhooks SET open_until = 0 WHERE tenant = $1 AND id = $2 RETURNING state`, tenant, id).Scan(&state)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return chat.Errorf(chat.NotFound, "there is no such webhook")
	case err == nil && state != chat.WebhookActive:
		return errNotActive
	}
	return err
}

// Replay implements chat.Webhooks.
func (s *Store) Replay(ctx context.Context, tenant chat.TenantID, id chat.DeliveryID, at time.Time) (d chat.Delivery, err error) {
	err = s.audited(ctx, Of(tenant), func(ctx context.Context, q Querier, a *acts) error {
		// A claim that is out for it counts no more: its attempt is not the one that is waited for.
		var webhook chat.WebhookID
		err := q.QueryRowContext(ctx, `UPDATE webhook_deliveries SET state = 0, attempt = CASE WHEN leased_until > 0 THEN attempt + 1 ELSE attempt END,
			tries = 0, since = $3, due_at = $3, leased_until = 0 WHERE tenant = $1 AND id = $2 RETURNING webhook`, tenant, id, Micros(at)).Scan(&webhook)
		if errors.Is(err, sql.ErrNoRows) {
			return chat.Errorf(chat.NotFound, "there is no such delivery")
		}
		if err != nil {
			return err
		}
		if err := closeBreaker(ctx, q, tenant, webhook); err != nil {
			return err
		}
		a.add(tenant, chat.AuditNote{
			Action: "webhook.replayed", TargetKind: "webhook", TargetID: webhook.String(), Details: details("delivery", id.String()),
		})
		d, err = readDelivery(ctx, q, tenant, id)
		return err
	})
	if err != nil {
		return d, err
	}
	s.WebhooksWritten()
	err = s.keys.Delivery(ctx, &d)
	return d, err
}
