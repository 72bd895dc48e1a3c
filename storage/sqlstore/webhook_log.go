package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// selectDelivery reads deliveries d with their event e and the entry m of the log that it is.
const selectDelivery = `SELECT d.tenant, d.id, d.webhook, d.sequence, d.state, d.attempt, d.tries, d.since, d.due_at,
	e.id, e.type, e.created_at, e.subject, e.seq, e.state, e.data, COALESCE(m.prev, 0), COALESCE(m.prev_public, 0), m.id, m.cmid, m.sender,
	COALESCE(m.role, 0), COALESCE(m.kind, 0), COALESCE(m.visibility, 0), COALESCE(m.sent_at, 0), m.reply_to, m.body
	FROM webhook_deliveries d JOIN webhook_events e ON e.tenant = d.tenant AND e.sequence = d.sequence
	LEFT JOIN messages m ON m.tenant = d.tenant AND m.conv = e.subject AND m.seq = e.seq `

func scanDelivery(scan row) (d chat.Delivery, err error) {
	var m chat.Message
	var since, due, created, seq, sent int64
	var subject chat.ID[chat.Event]
	var state, data string
	e := &d.Event
	err = scan(&e.Tenant, &d.ID, &d.Webhook, &e.Sequence, &d.State, &d.Attempt, &d.Tries, &since, &due, &e.ID, &e.Type, &created, &subject, &seq,
		&state, &data, &m.Prev, &m.PrevPublic, &m.ID, &m.CMID, &m.Sender, &m.Role, &m.Kind, &m.Visibility, &sent, &m.ReplyTo, &m.Body)
	if err != nil {
		return d, err
	}
	d.Since, d.DueAt, e.CreatedAt, e.Seq = FromMicros(since), FromMicros(due), FromMicros(created), chat.Seq(seq)
	if strings.HasPrefix(e.Type, "contact.") {
		e.Visitor = chat.VisitorID(subject)
	} else if !subject.IsZero() {
		e.Key = chat.Key{Tenant: e.Tenant, Conversation: chat.ConversationID(subject)}
	}
	if !m.ID.IsZero() {
		m.Tenant, m.Conversation, m.Seq, m.Time = e.Tenant, e.Key.Conversation, e.Seq, FromMicros(sent)
		e.Message = &m
	}
	if data != "" {
		e.Data = json.RawMessage(data)
	}
	if state != "" {
		e.State = new(chat.State)
		err = json.Unmarshal([]byte(state), e.State)
	}
	return d, err
}

func readDelivery(ctx context.Context, q Querier, tenant chat.TenantID, id chat.DeliveryID) (chat.Delivery, error) {
	d, err := scanDelivery(q.QueryRowContext(ctx, selectDelivery+`WHERE d.tenant = $1 AND d.id = $2`, tenant, id).Scan)
	return d, notFound(err, "delivery")
}

// Deliveries implements chat.Webhooks.
func (s *Store) Deliveries(ctx context.Context, tenant chat.TenantID, id chat.WebhookID, f chat.DeliveryFilter) (page []chat.Delivery, next string, err error) {
	if f.Limit < 1 || f.Limit > 200 {
		return nil, "", chat.Errorf(chat.Malformed, "limit must be 1 to 200")
	}
	before, err := decodeCursor[chat.DeliveryID](f.Cursor)
	if err != nil {
		return nil, "", err
	}
	if f.Cursor == "" {
		for i := range before {
			before[i] = 0xff
		}
	}
	args := []any{tenant, id, before[:], f.Limit + 1}
	where := `WHERE d.tenant = $1 AND d.webhook = $2 AND d.id < $3 `
	if f.State != nil {
		where += `AND d.state = $5 `
		args = append(args, int(*f.State))
	}
	err = s.read(ctx, Of(tenant), func(ctx context.Context, q Querier) error {
		if _, err := scanID[chat.Webhook](q.QueryRowContext(ctx, `SELECT id FROM webhooks WHERE tenant = $1 AND id = $2`, tenant, id).Scan); err != nil {
			return notFound(err, "webhook")
		}
		rows, err := q.QueryContext(ctx, selectDelivery+where+`ORDER BY d.id DESC LIMIT $4`, args...)
		if err != nil {
			return err
		}
		if page, err = collect(rows, scanDelivery); err != nil {
			return err
		}
		next = ""
		if len(page) > f.Limit {
			page = page[:f.Limit]
			next = encodeCursor(page[f.Limit-1].ID)
		}
		return readAttempts(ctx, q, tenant, page)
	})
	if err != nil {
		return nil, "", err
	}
	for i := range page {
		if err := s.keys.Delivery(ctx, &page[i]); err != nil {
			return nil, "", err
		}
	}
	return page, next, nil
}

// readAttempts fills in what became of deliveries.
func readAttempts(ctx context.Context, q Querier, tenant chat.TenantID, page []chat.Delivery) error {
	if len(page) == 0 {
		return nil
	}
	at := make(map[chat.DeliveryID]int, len(page))
	ids := make([]any, len(page))
	for i := range page {
		at[page[i].ID], ids[i] = i, page[i].ID
	}
	rows, err := q.QueryContext(ctx, `SELECT delivery, attempt, at, took, url, status, answer, error FROM webhook_attempts WHERE tenant = $1
		AND delivery IN (`+placeholders(2, len(ids))+`) ORDER BY delivery, attempt`, append([]any{tenant}, ids...)...)
	if err != nil {
		return err
	}
	type attempt struct {
		of chat.DeliveryID
		chat.DeliveryAttempt
	}
	all, err := collect(rows, func(scan row) (a attempt, err error) {
		var began, took int64
		err = scan(&a.of, &a.Attempt, &began, &took, &a.URL, &a.Status, &a.Answer, &a.Error)
		a.At, a.Took = FromMicros(began), time.Duration(took)*time.Microsecond
		return a, err
	})
	for _, a := range all {
		d := &page[at[a.of]]
		d.Attempts = append(d.Attempts, a.DeliveryAttempt)
	}
	return err
}

// placeholders is n parameters from $from on, with commas between.
func placeholders(from, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", from+i)
	}
	return b.String()
}
