package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/project"
	"github.com/uniqchat/uniqchat/storage/seal"
	"github.com/uniqchat/uniqchat/storage/sqlstore"
)

// errSubscribers says that somebody else wants events than is remembered.
var errSubscribers = errors.New("webhooks have changed")

// hooks is what one transaction tells webhooks and bots.
type hooks struct {
	subscribers *project.Subscribers
	out         project.Outbox
	bots        []project.BotChange
	before      map[visitorKey]string // what was known of identified visitors
	contacts    []contact             // what became of them
	keys        seal.All
}

type visitorKey struct {
	tenant  chat.TenantID
	visitor chat.VisitorID
}

type contact struct {
	visitorKey
	made  bool
	known string
}

// subscribed returns who wants which events, as it was last seen.
func (d *DB) subscribed(ctx context.Context) (*project.Subscribers, error) {
	if s := d.subscribers.Load(); s != nil {
		return s, nil
	}
	var s *project.Subscribers
	err := d.run(ctx, sqlstore.System, func(ctx context.Context, q sqlstore.Querier) (err error) {
		s, err = sqlstore.LoadSubscribers(ctx, q)
		return err
	})
	if err != nil {
		return nil, err
	}
	d.subscribers.Store(s)
	return s, nil
}

// queueVersion fails the transaction if the subscribers are not those of this moment.
func (h *hooks) queueVersion(batch *pgx.Batch) {
	batch.Queue(sqlstore.SelectSubscribersVersion).QueryRow(func(row pgx.Row) error {
		var now int64
		if err := row.Scan(&now); err != nil {
			return err
		}
		if now != h.subscribers.Version {
			return errSubscribers
		}
		return nil
	})
}

// What is known of visitors before they are saved, held until they are, and after.
const (
	knownVisitor   = `jsonb_build_array(v.name, v.email, v.locale, v.attributes)::text`
	visitorsBefore = `SELECT v.tenant, v.id, ` + knownVisitor + ` FROM visitors v JOIN unnest($1::bytea[], $2::bytea[]) AS k(tenant, id)
		ON v.tenant = k.tenant AND v.id = k.id ORDER BY v.tenant, v.id FOR UPDATE OF v`
	saveAndTell = `WITH saved AS (` + saveVisitors + ` RETURNING visitors.*, visitors.xmax = 0 AS made)
		SELECT v.tenant, v.id, v.made, ` + knownVisitor + ` FROM saved v`
)

// queueVisitors queues visitors' rows; where somebody wants to know of contacts, what they were and have become is noted.
func (h *hooks) queueVisitors(batch *pgx.Batch, w *work, visitors []*chat.Visitor) {
	h.before, h.contacts = nil, nil
	if len(visitors) == 0 {
		return
	}
	args := w.visitorArgs(visitors)
	var tenants, ids [][]byte
	for _, v := range visitors {
		if v.Verified && h.subscribers.Want(v.Tenant, chat.EventContactCreated, chat.EventContactUpdated) {
			tenants, ids = append(tenants, v.Tenant[:]), append(ids, v.ID[:])
		}
	}
	if len(ids) == 0 {
		batch.Queue(saveVisitors, args...)
		return
	}
	h.before = make(map[visitorKey]string, len(ids))
	batch.Queue(visitorsBefore, tenants, ids).Query(func(rows pgx.Rows) error {
		var c contact
		_, err := pgx.ForEachRow(rows, []any{&c.tenant, &c.visitor, &c.known}, func() error {
			h.before[c.visitorKey] = h.plain(&c)
			return nil
		})
		return err
	})
	batch.Queue(saveAndTell, args...).Query(func(rows pgx.Rows) error {
		var c contact
		_, err := pgx.ForEachRow(rows, []any{&c.tenant, &c.visitor, &c.made, &c.known}, func() error {
			c.known = h.plain(&c)
			h.contacts = append(h.contacts, c)
			return nil
		})
		return err
	})
}

// plain is what is known of a visitor in a form that can be compared.
func (h *hooks) plain(c *contact) string {
	keys := h.keys[c.tenant]
	if keys == nil {
		return c.known
	}
	v := chat.Visitor{ID: c.visitor, Tenant: c.tenant}
	if err := json.Unmarshal([]byte(c.known), &[]any{&v.Name, &v.Email, &v.Locale, &v.Attributes}); err != nil {
		return c.known
	}
	if err := keys.OpenVisitor(&v); err != nil { // what can't be read is another than what can
		return c.known
	}
	return project.Known(&v)
}

// write writes what is to be told, and to be answered, of messages that were really inserted, and of the visitors that were saved.
func (h *hooks) write(ctx context.Context, tx pgx.Tx, inserted []*chat.Event, visitors []*chat.Visitor) error {
	h.out, h.bots = project.Outbox{}, h.subscribers.Bots(inserted)
	if h.subscribers.None() && len(h.bots) == 0 {
		return nil
	}
	saved := make(map[visitorKey]*chat.Visitor, len(visitors))
	for _, v := range visitors {
		saved[visitorKey{v.Tenant, v.ID}] = v
	}
	for _, c := range h.contacts {
		known, was := h.before[c.visitorKey]
		v := saved[c.visitorKey]
		if (c.made || was && known != c.known) && v.Verified {
			h.subscribers.Contact(&h.out, v, c.made, v.CreatedAt)
		}
	}
	h.subscribers.Log(&h.out, inserted)
	batch := &pgx.Batch{}
	if !h.out.Empty() {
		h.out.Close(time.Now())
		queueOutbox(batch, &h.out)
	}
	h.queueBots(batch)
	if batch.Len() == 0 {
		return nil
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("write webhooks' events and jobs for bots: %w", err)
	}
	return nil
}

// The rows of an outbox, all at once. A tenant's counter is moved on first and held to the end, so that what is counted back from
// it is this transaction's own.
const (
	bumpSequences = `INSERT INTO webhook_sequences (tenant, last) SELECT * FROM unnest($1::bytea[], $2::bigint[])
		ON CONFLICT (tenant) DO UPDATE SET last = webhook_sequences.last + excluded.last`
	insertEvents = `INSERT INTO webhook_events (tenant, sequence, id, type, created_at, subject, seq, state, data)
		SELECT k.tenant, s.last - k.back, k.id, k.type, k.at, k.subject, k.seq, k.state, k.data
		FROM unnest($1::bytea[], $2::bigint[], $3::bytea[], $4::text[], $5::bigint[], $6::bytea[], $7::bigint[], $8::text[], $9::text[])
			AS k(tenant, back, id, type, at, subject, seq, state, data) JOIN webhook_sequences s ON s.tenant = k.tenant`
	insertDeliveries = `INSERT INTO webhook_deliveries (tenant, id, webhook, sequence, state, attempt, tries, since, due_at, leased_until)
		SELECT k.tenant, k.id, k.webhook, s.last - k.back, 0, 0, 0, $5::bigint, $5::bigint, 0
		FROM unnest($1::bytea[], $2::bigint[], $3::bytea[], $4::bytea[]) AS k(tenant, back, id, webhook) JOIN webhook_sequences s ON s.tenant = k.tenant`
)

func queueOutbox(batch *pgx.Batch, o *project.Outbox) {
	type event = project.OutboxEvent
	type delivery = project.OutboxDelivery
	batch.Queue(bumpSequences,
		column(o.Tenants, func(t *project.OutboxTenant) []byte { return t.Tenant[:] }),
		column(o.Tenants, func(t *project.OutboxTenant) int64 { return t.Events }))
	batch.Queue(insertEvents,
		column(o.Events, func(e *event) []byte { return e.Tenant[:] }),
		column(o.Events, func(e *event) int64 { return e.Back }),
		column(o.Events, func(e *event) []byte { return e.ID[:] }),
		column(o.Events, func(e *event) string { return e.Type }),
		column(o.Events, func(e *event) int64 { return sqlstore.Micros(e.At) }),
		column(o.Events, func(e *event) []byte { return e.Subject[:] }),
		column(o.Events, func(e *event) int64 { return int64(e.Seq) }),
		column(o.Events, func(e *event) string { return e.State }),
		column(o.Events, func(e *event) string { return e.Data }))
	batch.Queue(insertDeliveries,
		column(o.Deliveries, func(d *delivery) []byte { return d.Tenant[:] }),
		column(o.Deliveries, func(d *delivery) int64 { return d.Back }),
		column(o.Deliveries, func(d *delivery) []byte { return d.ID[:] }),
		column(o.Deliveries, func(d *delivery) []byte { return d.Webhook[:] }),
		sqlstore.Micros(o.Now))
}
