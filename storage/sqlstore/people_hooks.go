package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/project"
)

// contactChanged writes into the outbox that the staff has changed an identified visitor, and reports whether somebody wanted to know.
func contactChanged(ctx context.Context, q Querier, p *chat.Person, at time.Time) (bool, error) {
	if !p.Verified {
		return false, nil
	}
	subscribers, err := subscribersOf(ctx, q, p.Tenant)
	if err != nil {
		return false, err
	}
	var o project.Outbox
	subscribers.Contact(&o, &p.Visitor, false, at)
	return writeOut(ctx, q, &o, at)
}

// contactErased writes into the outbox that an identified visitor was erased, by its id alone, and reports likewise.
func contactErased(ctx context.Context, q Querier, e *chat.Erasure) (bool, error) {
	subscribers, err := subscribersOf(ctx, q, e.Tenant)
	if err != nil {
		return false, err
	}
	data, err := json.Marshal(map[string]any{"id": e.Visitor, "erased_at": e.At.UTC()})
	if err != nil {
		return false, err
	}
	var o project.Outbox
	subscribers.Tell(&o, project.OutboxEvent{
		Tenant: e.Tenant, ID: chat.NewID[chat.WebhookEvent](), Type: chat.EventContactDeleted, At: e.At, Subject: e.Visitor, Data: string(data),
	})
	return writeOut(ctx, q, &o, e.At)
}

func writeOut(ctx context.Context, q Querier, o *project.Outbox, at time.Time) (bool, error) {
	if len(o.Events) == 0 {
		return false, nil
	}
	o.Close(at)
	return true, WriteOutbox(ctx, q, o)
}

// subscribersOf reads who of a tenant wants which events.
func subscribersOf(ctx context.Context, q Querier, tenant chat.TenantID) (*project.Subscribers, error) {
	rows, err := q.QueryContext(ctx, `SELECT id, events FROM webhooks WHERE tenant = $1 AND state <> $2 ORDER BY id`, tenant, int(chat.WebhookDisabled))
	if err != nil {
		return nil, fmt.Errorf("read webhooks: %w", err)
	}
	all, err := collect(rows, func(scan row) (w chat.Webhook, err error) {
		var events []byte
		if err = scan(&w.ID, &events); err == nil {
			err = json.Unmarshal(events, &w.Events)
		}
		return w, err
	})
	if err != nil {
		return nil, fmt.Errorf("read webhooks: %w", err)
	}
	out := new(project.Subscribers)
	for i := range all {
		if wants, err := chat.Subscribe(all[i].Events); err == nil { // of a later version: somebody else's
			out.Add(tenant, all[i].ID, wants)
		}
	}
	return out, nil
}

// beside is what is kept of a conversation beside its messages: mails of it, what was left while nobody was there, what webhooks were
// told and answered, and what calls with an Idempotency-Key were.
var beside = []string{
	`UPDATE onces SET answer = NULL WHERE tenant = $1 AND subject = $2`,
	`UPDATE onces SET answer = NULL WHERE tenant = $1 AND subject IN (SELECT id FROM offline_messages WHERE tenant = $1 AND conv = $2)`,
	`UPDATE onces SET answer = NULL WHERE tenant = $1 AND subject IN (SELECT d.id FROM webhook_deliveries d
		JOIN webhook_events e ON e.tenant = d.tenant AND e.sequence = d.sequence WHERE e.tenant = $1 AND e.subject = $2)`,
	`DELETE FROM mails WHERE tenant = $1 AND (conv = $2 OR offline IN (SELECT id FROM offline_messages WHERE tenant = $1 AND conv = $2))`,
	`UPDATE offline_messages SET name = '', email = '' WHERE tenant = $1 AND conv = $2`,
	`UPDATE webhook_attempts SET answer = '' WHERE tenant = $1 AND answer <> '' AND delivery IN (SELECT d.id FROM webhook_deliveries d
		JOIN webhook_events e ON e.tenant = d.tenant AND e.sequence = d.sequence WHERE e.tenant = $1 AND e.subject = $2)`,
	`UPDATE webhook_events SET data = '' WHERE tenant = $1 AND subject = $2 AND data <> ''`,
	`DELETE FROM ai_traces WHERE tenant = $1 AND conv = $2`,
	`DELETE FROM knowledge_unanswered WHERE tenant = $1 AND conv = $2`,
	`DELETE FROM bot_jobs WHERE tenant = $1 AND conv = $2`,
}

// told is what webhooks were told of a person: it goes, but for the word that the person was erased.
var told = []string{
	`UPDATE onces SET answer = NULL, subject = NULL WHERE tenant = $1 AND subject = $2`,
	`DELETE FROM webhook_attempts WHERE tenant = $1 AND delivery IN (SELECT d.id FROM webhook_deliveries d
		JOIN webhook_events e ON e.tenant = d.tenant AND e.sequence = d.sequence WHERE e.tenant = $1 AND e.subject = $2 AND e.type <> 'contact.deleted')`,
	`DELETE FROM webhook_deliveries WHERE tenant = $1 AND sequence IN (SELECT sequence FROM webhook_events
		WHERE tenant = $1 AND subject = $2 AND type <> 'contact.deleted')`,
	`DELETE FROM webhook_events WHERE tenant = $1 AND subject = $2 AND type <> 'contact.deleted'`,
}
