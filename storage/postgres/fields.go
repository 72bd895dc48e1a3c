package postgres

import (
	"encoding/json"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/uniqchat/uniqchat/chat"
)

// fields is what events told of a conversation besides its state, the later ones over the earlier.
type fields struct {
	chat.Key
	chat.Fields
	seq chat.Seq // of the last of them
}

// tell adds what an event tells. at is where each conversation's fields are.
func (w *work) tell(at map[chat.Key]int, key chat.Key, e *chat.Event) {
	i, ok := at[key]
	if !ok {
		i = len(w.fields)
		at[key] = i
		w.fields = append(w.fields, fields{Key: key})
	}
	w.fields[i].Merge(e.Set)
	w.fields[i].seq = e.Seq
}

func (w *work) queueFields(batch *pgx.Batch) {
	if len(w.fields) > 0 {
		batch.Queue(saveFields, w.fieldArgs(w.fields)...)
	}
}

// saveFields writes fields into rows, after those were saved, unless the row holds later ones. Labels are brought into step in
// both directions; a label that stays is not touched, because what one statement deletes it can't insert.
const saveFields = `WITH k AS (SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bigint[], $4::text[], $5::bigint[], $6::text[], $7::smallint[],
		$8::text[]) AS k(tenant, conv, seq, labels, priority, context, rating, comment)),
	told AS (UPDATE conversations c SET labels = COALESCE(k.labels::jsonb, c.labels), priority = COALESCE(k.priority, c.priority),
			context = COALESCE(k.context::jsonb, c.context), rating = COALESCE(k.rating, c.rating),
			rating_comment = COALESCE(k.comment, c.rating_comment), fields_seq = k.seq
		FROM k WHERE c.tenant = k.tenant AND c.id = k.conv AND k.seq > c.fields_seq RETURNING c.tenant, c.id, k.labels),
	has AS (SELECT t.tenant, t.id AS conv, decode(replace(l.label, '-', ''), 'hex') AS label
		FROM told t, jsonb_array_elements_text(t.labels::jsonb) AS l(label) WHERE t.labels IS NOT NULL),
	gone AS (DELETE FROM conversation_labels l USING told t WHERE t.labels IS NOT NULL AND l.tenant = t.tenant AND l.conv = t.id
		AND NOT EXISTS (SELECT FROM has h WHERE h.tenant = l.tenant AND h.conv = l.conv AND h.label = l.label))
	INSERT INTO conversation_labels (tenant, label, conv) SELECT tenant, label, conv FROM has ON CONFLICT DO NOTHING`

func (w *work) fieldArgs(told []fields) []any {
	rows := told
	if w.sealed != nil {
		rows = slices.Clone(told)
		for i := range rows {
			rows[i].Fields = *w.sealed[rows[i].Tenant].Fields(rows[i].Conversation, &rows[i].Fields)
		}
	}
	return []any{
		column(rows, func(f *fields) []byte { return f.Tenant[:] }),
		column(rows, func(f *fields) []byte { return f.Conversation[:] }),
		column(rows, func(f *fields) int64 { return int64(f.seq) }),
		column(rows, func(f *fields) *string {
			if f.Labels == nil {
				return nil
			}
			b, err := json.Marshal(f.Labels)
			if err != nil { // ids always marshal
				panic(err)
			}
			s := string(b)
			return &s
		}),
		column(rows, func(f *fields) *int64 {
			if f.Priority == nil {
				return nil
			}
			p := int64(*f.Priority)
			return &p
		}),
		column(rows, func(f *fields) *string {
			if f.Context == nil {
				return nil
			}
			s := string(f.Context)
			return &s
		}),
		column(rows, func(f *fields) *int16 {
			if f.Rating == nil {
				return nil
			}
			s := int16(f.Rating.Score)
			return &s
		}),
		column(rows, func(f *fields) *string {
			if f.Rating == nil {
				return nil
			}
			return &f.Rating.Comment
		}),
	}
}
