package postgres

import (
	"github.com/jackc/pgx/v5"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/seal"
)

// revision is what is shown of a message from an event on.
type revision struct {
	*chat.Event
	message chat.MessageID
	body    *string // nil if it was recalled
}

// revise notes what an event says of an earlier message; the last one counts.
func (w *work) revise(e *chat.Event) {
	said := chat.RevisionOf(&e.Message)
	if said == nil {
		return
	}
	r := revision{Event: e, message: said.Message}
	if shown := said.Shown(); shown != nil {
		body := string(shown)
		r.body = &body
	}
	for i := range w.revisions { // they are few
		if old := &w.revisions[i]; old.message == r.message && old.Conversation == r.Conversation && old.Tenant == r.Tenant {
			*old = r
			return
		}
	}
	w.revisions = append(w.revisions, r)
}

// saveRevisions writes what is shown of messages that are there; what is older than the row changes nothing.
const saveRevisions = `INSERT INTO revisions (tenant, conv, seq, revised, body)
	SELECT m.tenant, m.conv, m.seq, k.revised, k.body FROM unnest($1::bytea[], $2::bytea[], $3::bytea[], $4::bigint[], $5::text[])
		AS k(tenant, conv, id, revised, body) JOIN messages m ON m.tenant = k.tenant AND m.conv = k.conv AND m.id = k.id
	ON CONFLICT (tenant, conv, seq) DO UPDATE SET revised = excluded.revised, body = excluded.body WHERE excluded.revised > revisions.revised`

func (w *work) revisionArgs(rows []revision) []any {
	return []any{
		column(rows, func(r *revision) []byte { return r.Tenant[:] }),
		column(rows, func(r *revision) []byte { return r.Conversation[:] }),
		column(rows, func(r *revision) []byte { return r.message[:] }),
		column(rows, func(r *revision) int64 { return int64(r.Seq) }),
		column(rows, func(r *revision) *string { return r.kept(w.sealed[r.Tenant]) }),
	}
}

// kept is the body as its row keeps it.
func (r *revision) kept(keys *seal.Tenant) *string {
	if r.body == nil || keys == nil {
		return r.body
	}
	of := chat.Message{ID: r.message, Tenant: r.Tenant, Conversation: r.Conversation}
	kept := keys.Body([]byte(*r.body), seal.OfMessage(&of))
	return &kept
}

func (w *work) queueRevisions(batch *pgx.Batch) {
	if len(w.revisions) > 0 {
		batch.Queue(saveRevisions, w.revisionArgs(w.revisions)...)
	}
}
