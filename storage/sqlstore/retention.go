package sqlstore

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/seal"
)

// HoldRetention implements chat.Retaining.
func (s *Store) HoldRetention(ctx context.Context, node chat.NodeID, now, until time.Time) (bool, error) {
	return s.changed(ctx, System, `INSERT INTO retention_lease (id, node, held_until) VALUES (1, $1, $2) ON CONFLICT (id) DO UPDATE SET
		node = excluded.node, held_until = excluded.held_until WHERE retention_lease.node = excluded.node OR retention_lease.held_until < $3`,
		node, Micros(until), Micros(now))
}

// RecordsOfAll implements chat.Retaining.
func (s *Store) RecordsOfAll(ctx context.Context, kind chat.RecordKind) ([]chat.Record, error) {
	return readAll(ctx, s, System, scanRecord, `SELECT `+recordColumns+` FROM records WHERE kind = $1 ORDER BY tenant, id`, string(kind))
}

// purged is a conversation that is due, as it was when it was found.
type purged struct {
	at   int64
	conv chat.ConversationID
}

func scanPurged(scan row) (p purged, err error) {
	err = scan(&p.at, &p.conv)
	return p, err
}

// closedBefore is what still has its content, by the index conversations_kept.
const closedBefore = ` FROM conversations WHERE tenant = $1 AND status = 4 AND purged_at < updated_at AND updated_at < $2 `

// PurgeConversations implements chat.Retaining.
func (s *Store) PurgeConversations(ctx context.Context, tenant chat.TenantID, before time.Time, limit int) (
	removed chat.Removed, dropped []chat.Upload, more bool, err error,
) {
	due, err := readAll(ctx, s, System, scanPurged, `SELECT updated_at, id`+closedBefore+`ORDER BY updated_at, id LIMIT $3`, tenant, Micros(before), limit)
	if err != nil {
		return removed, nil, false, err
	}
	for _, p := range due {
		keys, err := s.keys.Fresh(ctx, tenant)
		if err != nil {
			return removed, dropped, false, err
		}
		n, files, err := s.purgeConversation(ctx, keys, tenant, p)
		removed.Messages += n
		dropped = append(dropped, files...)
		if err == nil {
			err = s.keys.Uploads(ctx, files)
		}
		if err != nil {
			return removed, dropped, false, fmt.Errorf("purge a conversation: %w", err)
		}
		removed.Conversations++
	}
	return removed, dropped, len(due) == limit, nil
}

// purgeStep is how many messages one transaction empties.
const purgeStep = 500

// purgeConversation empties one conversation, unless it was opened again. Begun again in the middle, it does what is left.
func (s *Store) purgeConversation(ctx context.Context, keys *seal.Tenant, tenant chat.TenantID, p purged) (emptied int, dropped []chat.Upload, err error) {
	for after, first, last := chat.Seq(0), true, false; !last; first = false {
		step, next := 0, after
		err := s.write(ctx, System, func(ctx context.Context, q Querier) error {
			step, next, last, dropped = 0, after, true, nil
			// First a write, so that whoever opens it again stands in line.
			res, err := q.ExecContext(ctx, `UPDATE conversations SET context = '{}', rating_comment = '' WHERE tenant = $1 AND id = $2 AND status = 4
				AND updated_at = $3`, tenant, p.conv, p.at)
			if err != nil {
				return err
			}
			if n, err := res.RowsAffected(); err != nil || n == 0 {
				return err
			}
			if first { // while messages still say what they said: an index may have to be told
				if err := s.index.Erase(ctx, q, keys, tenant, []chat.ConversationID{p.conv}); err != nil {
					return err
				}
			}
			page, err := purgePage(ctx, q, keys, tenant, p.conv, after)
			if err != nil {
				return err
			}
			if step = len(page); step == purgeStep {
				next, last = page[step-1].Seq, false
				return nil
			}
			if !first { // what was on its way into the index meanwhile
				if err := s.index.Erase(ctx, q, keys, tenant, []chat.ConversationID{p.conv}); err != nil {
					return err
				}
			}
			dropped, err = purgeRest(ctx, q, tenant, p)
			return err
		})
		if err != nil {
			return emptied, dropped, err
		}
		emptied, after = emptied+step, next
	}
	return emptied, dropped, nil
}

// purgePage empties the messages behind a place.
func purgePage(ctx context.Context, q Querier, keys *seal.Tenant, tenant chat.TenantID, conv chat.ConversationID, after chat.Seq) ([]chat.Message, error) {
	rows, err := q.QueryContext(ctx, `SELECT `+messageColumns+` FROM messages WHERE tenant = $1 AND conv = $2 AND seq > $3 ORDER BY seq LIMIT $4`,
		tenant, conv, int64(after), purgeStep)
	if err != nil {
		return nil, err
	}
	page, err := collect(rows, scanMessage)
	if err != nil {
		return nil, err
	}
	for i := range page {
		m := &page[i]
		kept := `{}`
		if m.Kind == chat.KindSystem {
			place := seal.OfMessage(m)
			was, err := keys.OpenBody(m.Body, place)
			body := systemBody(was, nil)
			if err == nil && bytes.Equal(body, was) {
				continue
			}
			kept = keys.Body(body, place)
		} else if string(m.Body) == kept {
			continue
		}
		if _, err := q.ExecContext(ctx, `UPDATE messages SET body = $4 WHERE tenant = $1 AND conv = $2 AND seq = $3`,
			tenant, conv, int64(m.Seq), kept); err != nil {
			return nil, err
		}
	}
	return page, nil
}

// purgeRest removes what is kept of a conversation beside its messages, and notes that it is done. Its files are dropped.
func purgeRest(ctx context.Context, q Querier, tenant chat.TenantID, p purged) ([]chat.Upload, error) {
	if err := execAll(ctx, q, beside, tenant, p.conv); err != nil {
		return nil, err
	}
	if err := execAll(ctx, q, []string{
		`DELETE FROM offline_messages WHERE tenant = $1 AND conv = $2`,
		`DELETE FROM revisions WHERE tenant = $1 AND conv = $2`,
		`UPDATE conversations SET purged_at = updated_at WHERE tenant = $1 AND id = $2`,
	}, tenant, p.conv); err != nil {
		return nil, err
	}
	return dropUploads(ctx, q, `conv = $2`, tenant, p.conv)
}

// dropUploads makes files nobody's. The sweep finds those again whose bytes could not be deleted.
func dropUploads(ctx context.Context, q Querier, where string, args ...any) ([]chat.Upload, error) {
	rows, err := q.QueryContext(ctx, `UPDATE uploads SET state = 2, named = 0 WHERE tenant = $1 AND `+where+` RETURNING `+uploadColumns+`, 0`, args...)
	if err != nil {
		return nil, err
	}
	return collect(rows, scanUpload)
}

const filesBefore = ` FROM uploads u JOIN conversations c ON c.tenant = u.tenant AND c.id = u.conv
	WHERE u.tenant = $1 AND u.created_at < $2 AND u.state = 1 AND u.conv IS NOT NULL AND c.status = 4 `

// PurgeUploads implements chat.Retaining.
func (s *Store) PurgeUploads(ctx context.Context, tenant chat.TenantID, before time.Time, limit int) (dropped []chat.Upload, err error) {
	err = s.write(ctx, System, func(ctx context.Context, q Querier) (err error) {
		dropped, err = dropUploads(ctx, q, `id IN (SELECT u.id`+filesBefore+`ORDER BY u.created_at LIMIT $3)`, tenant, Micros(before), limit)
		return err
	})
	if err != nil {
		return nil, err
	}
	return dropped, s.keys.Uploads(ctx, dropped)
}

// PurgeDeliveries implements chat.Retaining.
func (s *Store) PurgeDeliveries(ctx context.Context, tenant chat.TenantID, before time.Time, most int) (n int, err error) {
	err = s.write(ctx, Of(tenant), func(ctx context.Context, q Querier) (err error) {
		n, err = forget(ctx, q, tenant, firstIDOf(before), most)
		return err
	})
	return n, err
}

// The rows of one tenant's mails that are done, and of visitors' steps, from before a time.
const (
	mailsBefore = ` FROM mails WHERE tenant = $1 AND state <> 0 AND done_at < $2 `
	stepsBefore = ` FROM trail WHERE tenant = $1 AND at < $2 `
)

// PurgeMails implements chat.Retaining.
func (s *Store) PurgeMails(ctx context.Context, tenant chat.TenantID, before time.Time, most int) (int, error) {
	return s.purgeRows(ctx, tenant, `DELETE FROM mails WHERE tenant = $1 AND id IN (SELECT id`+mailsBefore+`ORDER BY done_at LIMIT $3)`, before, most)
}

// PurgeSteps implements chat.Retaining.
func (s *Store) PurgeSteps(ctx context.Context, tenant chat.TenantID, before time.Time, most int) (int, error) {
	return s.purgeRows(ctx, tenant, `DELETE FROM trail WHERE tenant = $1 AND (visitor, id) IN (SELECT visitor, id`+stepsBefore+`ORDER BY at LIMIT $3)`, before, most)
}

// purgeRows deletes up to most rows by a statement, and returns how many.
func (s *Store) purgeRows(ctx context.Context, tenant chat.TenantID, text string, before time.Time, most int) (n int, err error) {
	err = s.write(ctx, Of(tenant), func(ctx context.Context, q Querier) error {
		res, err := q.ExecContext(ctx, text, tenant, Micros(before), most)
		if err != nil {
			return err
		}
		gone, err := res.RowsAffected()
		n = int(gone)
		return err
	})
	return n, err
}

// OldExports implements chat.Retaining. Ids are in the order of time.
func (s *Store) OldExports(ctx context.Context, tenant chat.TenantID, before time.Time) ([]chat.Export, error) {
	first := firstIDOf(before)
	all, err := readAll(ctx, s, Of(tenant), scanExport, `SELECT `+exportColumns+` FROM exports WHERE tenant = $1 AND id < $2 ORDER BY id`, tenant, first[:])
	return slices.DeleteFunc(all, func(e chat.Export) bool { return e.Kind == chat.ExportReport }), err
}

// Purgeable implements chat.Retaining.
func (s *Store) Purgeable(ctx context.Context, tenant chat.TenantID, l chat.Cutoffs) (out chat.Removed, err error) {
	first := firstIDOf(l.Deliveries)
	for _, c := range []struct {
		n     *int
		limit time.Time
		query string
		bound any
	}{
		{&out.Conversations, l.Conversations, `SELECT 1` + closedBefore, Micros(l.Conversations)},
		{&out.Messages, l.Conversations, `SELECT 1 FROM messages WHERE tenant = $1 AND conv IN (SELECT id` + closedBefore + `)`, Micros(l.Conversations)},
		{&out.Uploads, l.Uploads, `SELECT 1` + filesBefore, Micros(l.Uploads)},
		{&out.Deliveries, l.Deliveries, `SELECT 1 FROM webhook_deliveries WHERE tenant = $1 AND id < $2`, first[:]},
		{&out.Steps, l.Steps, `SELECT 1` + stepsBefore, Micros(l.Steps)},
		{&out.Mails, l.Mails, `SELECT 1` + mailsBefore, Micros(l.Mails)},
		{&out.AuditEntries, l.Audit, `SELECT 1 FROM audit_entries WHERE tenant = $1 AND at < $2`, Micros(l.Audit)},
	} {
		if c.limit.IsZero() {
			continue
		}
		n, err := readOne(ctx, s, System, "count", scanCount, `SELECT COUNT(*) FROM (`+c.query+` LIMIT 1000000) AS due`, tenant, c.bound)
		if err != nil {
			return out, err
		}
		*c.n = n
	}
	if l.Conversations.IsZero() {
		return out, nil
	}
	old, err := s.OldExports(ctx, tenant, l.Conversations)
	out.Exports = len(old)
	return out, err
}
