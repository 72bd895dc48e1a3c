package sqlstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/project"
)

const webhookColumns = `tenant, id, url, description, events, secrets, state, why, failures, opened, open_until, created_at, updated_at`

func scanWebhook(scan row) (w chat.Webhook, err error) {
	var events, secrets []byte
	var open, created, updated int64
	err = scan(&w.Tenant, &w.ID, &w.URL, &w.Description, &events, &secrets, &w.State, &w.Why, &w.Failures, &w.Opened, &open, &created, &updated)
	if err != nil {
		return w, err
	}
	w.OpenUntil, w.CreatedAt, w.UpdatedAt = FromMicros(open), FromMicros(created), FromMicros(updated)
	return w, errors.Join(json.Unmarshal(events, &w.Events), json.Unmarshal(secrets, &w.Secrets))
}

// Webhook implements chat.Webhooks.
func (s *Store) Webhook(ctx context.Context, tenant chat.TenantID, id chat.WebhookID) (chat.Webhook, error) {
	return readOne(ctx, s, Of(tenant), "webhook", scanWebhook, `SELECT `+webhookColumns+` FROM webhooks WHERE tenant = $1 AND id = $2`, tenant, id)
}

// Webhooks implements chat.Webhooks.
func (s *Store) Webhooks(ctx context.Context, tenant chat.TenantID, cursor string, limit int) ([]chat.Webhook, string, error) {
	if limit < 1 || limit > 200 {
		return nil, "", chat.Errorf(chat.Malformed, "limit must be 1 to 200")
	}
	after, err := decodeCursor[chat.WebhookID](cursor)
	if err != nil {
		return nil, "", err
	}
	page, err := readAll(ctx, s, Of(tenant), scanWebhook, `SELECT `+webhookColumns+` FROM webhooks WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3`,
		tenant, after[:], limit+1)
	if err != nil || len(page) <= limit {
		return page, "", err
	}
	return page[:limit], encodeCursor(page[limit-1].ID), nil
}

// AddWebhook implements chat.Webhooks.
func (s *Store) AddWebhook(ctx context.Context, w chat.Webhook) error {
	return s.audited(ctx, Of(w.Tenant), func(ctx context.Context, q Querier, a *acts) error {
		a.webhookSaved(&w, nil)
		if err := subscriptionsChanged(ctx, q); err != nil { // first: those who add stand in line
			return err
		}
		var n int
		if err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM webhooks WHERE tenant = $1`, w.Tenant).Scan(&n); err != nil {
			return err
		}
		if n >= chat.MaxWebhooks {
			return &chat.Error{Code: chat.Conflict, Name: "too_many_webhooks", Message: fmt.Sprintf("a tenant has %d webhooks at most", chat.MaxWebhooks)}
		}
		_, err := q.ExecContext(ctx, `INSERT INTO webhooks (`+webhookColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
			w.Tenant, w.ID, w.URL, w.Description, list(w.Events), list(w.Secrets), int(w.State), w.Why, w.Failures, w.Opened, Micros(w.OpenUntil),
			Micros(w.CreatedAt), Micros(w.UpdatedAt))
		return err
	})
}

// ChangeWebhook implements chat.Webhooks.
func (s *Store) ChangeWebhook(ctx context.Context, tenant chat.TenantID, id chat.WebhookID, change func(*chat.Webhook) error) (w chat.Webhook, err error) {
	err = s.audited(ctx, Of(tenant), func(ctx context.Context, q Querier, a *acts) error {
		// First a write, so that two changes of one endpoint stand in line.
		if _, err := q.ExecContext(ctx, `UPDATE webhooks SET updated_at = updated_at WHERE tenant = $1 AND id = $2`, tenant, id); err != nil {
			return err
		}
		old, err := scanWebhook(q.QueryRowContext(ctx, `SELECT `+webhookColumns+` FROM webhooks WHERE tenant = $1 AND id = $2`, tenant, id).Scan)
		if err != nil {
			return err
		}
		w = old
		if err := change(&w); err != nil {
			return err
		}
		a.webhookSaved(&w, &old)
		if _, err := q.ExecContext(ctx, `UPDATE webhooks SET url = $3, description = $4, events = $5, secrets = $6, state = $7, why = $8,
			failures = $9, opened = $10, open_until = $11, updated_at = $12 WHERE tenant = $1 AND id = $2`, tenant, id, w.URL, w.Description,
			list(w.Events), list(w.Secrets), int(w.State), w.Why, w.Failures, w.Opened, Micros(w.OpenUntil), Micros(w.UpdatedAt)); err != nil {
			return err
		}
		if slices.Equal(old.Events, w.Events) && old.State == w.State {
			return nil
		}
		return subscriptionsChanged(ctx, q)
	})
	if err == nil && w.State == chat.WebhookActive {
		s.WebhooksWritten() // what waited for it
	}
	return w, notFound(err, "webhook")
}

// DeleteWebhook implements chat.Webhooks. What was on its way to it is forgotten in time.
func (s *Store) DeleteWebhook(ctx context.Context, tenant chat.TenantID, id chat.WebhookID) error {
	return s.audited(ctx, Of(tenant), func(ctx context.Context, q Querier, a *acts) error {
		a.add(tenant, chat.AuditNote{Action: "webhook.deleted", TargetKind: "webhook", TargetID: id.String()})
		res, err := q.ExecContext(ctx, `DELETE FROM webhooks WHERE tenant = $1 AND id = $2`, tenant, id)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, chat.Errorf(chat.NotFound, "there is no such webhook"))
		}
		return subscriptionsChanged(ctx, q)
	})
}

// subscriptionsChanged tells everybody who writes events to look again at the endpoints, and at who has a bot.
func subscriptionsChanged(ctx context.Context, q Querier) error {
	_, err := q.ExecContext(ctx, `UPDATE webhook_version SET version = version + 1`)
	return err
}

// SelectSubscribersVersion asks for the version that Subscribers must have.
const SelectSubscribersVersion = `SELECT version FROM webhook_version`

// LoadSubscribers reads who wants which events, and who has a bot, in a transaction of the system's.
func LoadSubscribers(ctx context.Context, q Querier) (*project.Subscribers, error) {
	s := &project.Subscribers{}
	// The version first: what is newer than it is looked at again.
	if err := q.QueryRowContext(ctx, SelectSubscribersVersion).Scan(&s.Version); err != nil {
		return nil, fmt.Errorf("read webhooks: %w", err)
	}
	rows, err := q.QueryContext(ctx, `SELECT tenant, id, events FROM webhooks WHERE state <> $1 ORDER BY tenant, id`, int(chat.WebhookDisabled))
	if err != nil {
		return nil, fmt.Errorf("read webhooks: %w", err)
	}
	all, err := collect(rows, func(scan row) (w chat.Webhook, err error) {
		var events []byte
		if err = scan(&w.Tenant, &w.ID, &events); err == nil {
			err = json.Unmarshal(events, &w.Events)
		}
		return w, err
	})
	if err != nil {
		return nil, fmt.Errorf("read webhooks: %w", err)
	}
	for i := range all {
		wants := chat.Subscription(0)
		for _, name := range all[i].Events { // one that this version does not know is no reason to forget the others
			if one, err := chat.Subscribe([]string{name}); err == nil {
				wants |= one
			}
		}
		s.Add(all[i].Tenant, all[i].ID, wants)
	}
	return s, loadBots(ctx, q, s)
}

// WebhooksDue implements chat.WebhookQueue.
func (s *Store) WebhooksDue() <-chan struct{} { return s.due }

// WebhooksWritten says that deliveries may be due. Whoever writes them calls it once they are there.
func (s *Store) WebhooksWritten() {
	select {
	case s.due <- struct{}{}:
	default:
	}
}
