package sqlstore

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/uniqchat/uniqchat/chat"
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

// purged is a conversation in the order in which they are purged. A tenant's mark is the last one that was.
type purged struct {
	at   int64
	conv chat.ConversationID
}

func scanPurged(scan row) (p purged, err error) {
	err = scan(&p.at, &p.conv)
	return p, err
}

const closedBefore = ` FROM conversations WHERE tenant = $1 AND status = 4 AND updated_at < $2 AND (updated_at, id) > ($3, $4) `

// purgeMark returns how far a tenant's conversations were purged.
func (s *Store) purgeMark(ctx context.Context, tenant chat.TenantID) (p purged, err error) {
	marks, err := readAll(ctx, s, System, scanPurged, `SELECT done_at, done_conv FROM retention_marks WHERE tenant = $1`, tenant)
	if err == nil && len(marks) == 1 {
		p = marks[0]
	}
	return p, err
}

// PurgeConversations implements chat.Retaining. It goes through the conversations in the order of their index and notes how far it
// came; one that is opened again is behind that mark when it is closed again.
func (s *Store) PurgeConversations(ctx context.Context, tenant chat.TenantID, before time.Time, limit int) (
	removed chat.Removed, dropped []chat.Upload, more bool, err error,
) {
	mark, err := s.purgeMark(ctx, tenant)
	if err != nil {
		return removed, nil, false, err
	}
	due, err := readAll(ctx, s, System, scanPurged, `SELECT updated_at, id`+closedBefore+`ORDER BY updated_at, id LIMIT $5`,
		tenant, Micros(before), mark.at, mark.conv[:], limit)
	if err != nil {
		return removed, nil, false, err
	}
	for _, p := range due {
		n, files, err := s.purgeConversation(ctx, tenant, p)
		removed.Messages += n
		dropped = append(dropped, files...)
		if err != nil {
			return removed, dropped, false, fmt.Errorf("purge a conversation: %w", err)
		}
		removed.Conversations++
		if err := s.exec(ctx, System, `INSERT INTO retention_marks (tenant, done_at, done_conv) VALUES ($1, $2, $3)
			ON CONFLICT (tenant) DO UPDATE SET done_at = excluded.done_at, done_conv = excluded.done_conv`, tenant, p.at, p.conv[:]); err != nil {
			return removed, dropped, false, err
		}
	}
	return removed, dropped, len(due) == limit, nil
}

// purgeStep is how many messages one transaction empties.
const purgeStep = 500

// purgeConversation empties one conversation, unless it was opened again. Done twice, it finds nothing to do.
func (s *Store) purgeConversation(ctx context.Context, tenant chat.TenantID, p purged) (emptied int, dropped []chat.Upload, err error) {
	for after, last := chat.Seq(0), false; !last; {
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
			page, err := s.purgePage(ctx, q, tenant, p.conv, after)
			if err != nil {
				return err
			}
			if step = len(page); step == purgeStep {
				next, last = page[step-1].Seq, false
				return nil
			}
			dropped, err = s.purgeRest(ctx, q, tenant, p.conv)
			return err
		})
		if err != nil {
			return emptied, dropped, err
		}
		emptied, after = emptied+step, next
	}
	return emptied, dropped, nil
}

// purgePage empties the messages behind a place, and takes them out of the index.
func (s *Store) purgePage(ctx context.Context, q Querier, tenant chat.TenantID, conv chat.ConversationID, after chat.Seq) ([]chat.Message, error) {
	rows, err := q.QueryContext(ctx, selectShown+` FROM messages m`+withRevision+`WHERE m.tenant = $1 AND m.conv = $2 AND m.seq > $3
		ORDER BY m.seq LIMIT $4`, tenant, conv, int64(after), purgeStep)
	if err != nil {
		return nil, err
	}
	page, err := collect(rows, scanMessage)
	if err != nil || len(page) == 0 {
		return nil, err
	}
	if err := s.index.Unindex(ctx, q, page); err != nil {
		return nil, fmt.Errorf("take messages out of the index: %w", err)
	}
	for i := range page {
		m := &page[i]
		body := []byte(`{}`)
		if m.Kind == chat.KindSystem {
			if body = skeleton(m.Body); bytes.Equal(body, m.Body) {
				continue
			}
		}
		if _, err := q.ExecContext(ctx, `UPDATE messages SET body = $4 WHERE tenant = $1 AND conv = $2 AND seq = $3 AND body <> $4`,
			tenant, conv, int64(m.Seq), string(body)); err != nil {
			return nil, err
		}
	}
	return page, nil
}

// skeletonOf are the members that stay of what the system said: what happened, and to what, but nothing that somebody wrote.
var skeletonOf = []string{"event", "status", "by", "by_role", "assignee_id", "team_id", "to", "until", "rating", "priority", "mid"}

func skeleton(body []byte) []byte {
	var all map[string]json.RawMessage
	if json.Unmarshal(body, &all) != nil {
		return []byte(`{}`)
	}
	kept := make(map[string]json.RawMessage, len(skeletonOf))
	for _, name := range skeletonOf {
		if v, there := all[name]; there {
			kept[name] = v
		}
	}
	out, err := json.Marshal(kept)
	if err != nil { // it was JSON
		return []byte(`{}`)
	}
	return out
}

// purgeRest removes what belongs to a conversation beside its messages. Its files are dropped.
func (s *Store) purgeRest(ctx context.Context, q Querier, tenant chat.TenantID, conv chat.ConversationID) ([]chat.Upload, error) {
	for _, text := range []string{
		`DELETE FROM revisions WHERE tenant = $1 AND conv = $2`, `DELETE FROM search_backlog WHERE tenant = $1 AND conv = $2`,
	} {
		if _, err := q.ExecContext(ctx, text, tenant, conv); err != nil {
			return nil, err
		}
	}
	return dropUploads(ctx, q, `id IN (SELECT upload FROM upload_uses WHERE tenant = $1 AND conv = $2) AND conv = $2`, tenant, conv)
}

// dropUploads makes files nobody's. The sweep finds those again whose bytes could not be deleted.
func dropUploads(ctx context.Context, q Querier, where string, args ...any) ([]chat.Upload, error) {
	rows, err := q.QueryContext(ctx, `UPDATE uploads SET state = 2, named = 0 WHERE tenant = $1 AND `+where+` RETURNING `+uploadColumns+`, 0`, args...)
	if err != nil {
		return nil, err
	}
	return collect(rows, scanUpload)
}

// PurgeUploads implements chat.Retaining. Ids are in the order of time.
func (s *Store) PurgeUploads(ctx context.Context, tenant chat.TenantID, before time.Time, limit int) (dropped []chat.Upload, err error) {
	first := firstIDOf(before)
	err = s.write(ctx, System, func(ctx context.Context, q Querier) (err error) {
		dropped, err = dropUploads(ctx, q, `id IN (SELECT u.id FROM uploads u JOIN conversations c ON c.tenant = u.tenant AND c.id = u.conv
			WHERE u.tenant = $1 AND u.id < $2 AND c.status = 4 AND u.state = 1 ORDER BY u.id LIMIT $3)`, tenant, first[:], limit)
		return err
	})
	return dropped, err
}

// PurgeDeliveries implements chat.Retaining.
func (s *Store) PurgeDeliveries(ctx context.Context, tenant chat.TenantID, before time.Time, most int) (n int, err error) {
	err = s.write(ctx, Of(tenant), func(ctx context.Context, q Querier) (err error) {
		n, err = forget(ctx, q, tenant, firstIDOf(before), most)
		return err
	})
	return n, err
}

// Purgeable implements chat.Retaining.
func (s *Store) Purgeable(ctx context.Context, tenant chat.TenantID, l chat.Cutoffs) (out chat.Removed, err error) {
	mark, err := s.purgeMark(ctx, tenant)
	if err != nil {
		return out, err
	}
	uploads, deliveries := firstIDOf(l.Uploads), firstIDOf(l.Deliveries)
	for _, c := range []struct {
		n     *int
		limit time.Time
		query string
		args  []any
	}{
		{&out.Conversations, l.Conversations, `SELECT 1` + closedBefore, []any{Micros(l.Conversations), mark.at, mark.conv[:]}},
		{&out.Messages, l.Conversations, `SELECT 1 FROM messages WHERE tenant = $1 AND conv IN (SELECT id` + closedBefore + `)`, []any{Micros(l.Conversations), mark.at, mark.conv[:]}},
		{&out.Uploads, l.Uploads, `SELECT 1 FROM uploads u JOIN conversations c ON c.tenant = u.tenant AND c.id = u.conv
			WHERE u.tenant = $1 AND u.id < $2 AND c.status = 4 AND u.state = 1`, []any{uploads[:]}},
		{&out.Deliveries, l.Deliveries, `SELECT 1 FROM webhook_deliveries WHERE tenant = $1 AND id < $2`, []any{deliveries[:]}},
		{&out.AuditEntries, l.Audit, `SELECT 1 FROM audit_entries WHERE tenant = $1 AND at < $2`, []any{Micros(l.Audit)}},
	} {
		if c.limit.IsZero() {
			continue
		}
		n, err := readOne(ctx, s, System, "count", scanCount, `SELECT COUNT(*) FROM (`+c.query+` LIMIT 1000000) AS due`, append([]any{tenant}, c.args...)...)
		if err != nil {
			return out, err
		}
		*c.n = n
	}
	return out, nil
}

// Unindex implements Index. The scope must be the system's.
func (PostgresIndex) Unindex(ctx context.Context, q Querier, page []chat.Message) error {
	first, last := &page[0], &page[len(page)-1]
	for _, table := range []string{"search", "dead_letter"} {
		if _, err := q.ExecContext(ctx, `DELETE FROM `+table+` WHERE tenant = $1 AND conv = $2 AND seq BETWEEN $3 AND $4`,
			first.Tenant, first.Conversation, int64(first.Seq), int64(last.Seq)); err != nil {
			return err
		}
	}
	return nil
}
