package sqlstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

const exportColumns = `tenant, id, state, attempt, expires_at, body`

func scanExport(scan row) (e chat.Export, err error) {
	var expires int64
	var body []byte
	if err = scan(&e.Tenant, &e.ID, &e.State, &e.Attempt, &expires, &body); err != nil {
		return e, err
	}
	e.ExpiresAt = FromMicros(expires)
	return e, json.Unmarshal(body, &e)
}

func exportBody(e *chat.Export) string {
	b, err := json.Marshal(e)
	if err != nil { // its filters were JSON before
		panic(err)
	}
	return string(b)
}

var errManyExports = &chat.Error{Code: chat.Conflict, Name: "too_many_exports", Message: fmt.Sprintf("%d exports are not done yet; wait for one, or delete it", chat.MaxExports)}

// AddExport implements chat.Exports. Several at once may exceed the limit by a few.
func (s *Store) AddExport(ctx context.Context, e chat.Export) error {
	return s.audited(ctx, Of(e.Tenant), func(ctx context.Context, q Querier, a *acts) error {
		a.add(e.Tenant, chat.AuditNote{
			Action: "export.created", TargetKind: "export", TargetID: e.ID.String(), Details: details("kind", e.Kind, "filters", e.Filters),
		})
		var n int
		if err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM exports WHERE tenant = $1 AND state < 2`, e.Tenant).Scan(&n); err != nil {
			return err
		}
		if n >= chat.MaxExports {
			return errManyExports
		}
		_, err := q.ExecContext(ctx, `INSERT INTO exports (tenant, id, state, attempt, held_until, expires_at, body) VALUES ($1, $2, 0, 0, 0, $3, $4)`,
			e.Tenant, e.ID, Micros(e.ExpiresAt), exportBody(&e))
		return err
	})
}

// Export implements chat.Exports.
func (s *Store) Export(ctx context.Context, tenant chat.TenantID, id chat.ExportID) (chat.Export, error) {
	return readOne(ctx, s, Of(tenant), "export", scanExport, `SELECT `+exportColumns+` FROM exports WHERE tenant = $1 AND id = $2`, tenant, id)
}

// ExportsOf implements chat.Exports.
func (s *Store) ExportsOf(ctx context.Context, tenant chat.TenantID, cursor string, limit int) ([]chat.Export, string, error) {
	before, err := decodeCursor[chat.ExportID](cursor)
	if err != nil {
		return nil, "", err
	}
	query, args := `SELECT `+exportColumns+` FROM exports WHERE tenant = $1`, []any{tenant, limit + 1}
	if cursor != "" {
		query, args = query+` AND id < $3`, append(args, before[:])
	}
	page, err := readAll(ctx, s, Of(tenant), scanExport, query+` ORDER BY id DESC LIMIT $2`, args...)
	if err != nil || len(page) <= limit {
		return page, "", err
	}
	return page[:limit], encodeCursor(page[limit-1].ID), nil
}

// ClaimExport implements chat.Exports.
func (s *Store) ClaimExport(ctx context.Context, now, until time.Time) (e chat.Export, err error) {
	err = s.write(ctx, System, func(ctx context.Context, q Querier) (err error) {
		e, err = scanExport(q.QueryRowContext(ctx, `SELECT `+exportColumns+` FROM exports WHERE state < 2 AND held_until <= $1
			ORDER BY held_until, id LIMIT 1`, Micros(now)).Scan)
		if err != nil {
			return err
		}
		res, err := q.ExecContext(ctx, `UPDATE exports SET state = 1, attempt = $3, held_until = $4
			WHERE tenant = $1 AND id = $2 AND attempt = $3 - 1 AND state < 2`, e.Tenant, e.ID, e.Attempt+1, Micros(until))
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, chat.Errorf(chat.NotFound, "there is no such export")) // somebody was faster
		}
		e.State, e.Attempt = chat.ExportRunning, e.Attempt+1
		return nil
	})
	return e, notFound(err, "export")
}

// KeepExport implements chat.Exports.
func (s *Store) KeepExport(ctx context.Context, e chat.Export, until time.Time) error {
	is, err := s.changed(ctx, Of(e.Tenant), `UPDATE exports SET state = $4, held_until = $5, expires_at = $6, body = $7
		WHERE tenant = $1 AND id = $2 AND attempt = $3 AND state = 1`, e.Tenant, e.ID, e.Attempt, int64(e.State), Micros(until), Micros(e.ExpiresAt), exportBody(&e))
	if err == nil && !is {
		err = chat.Errorf(chat.Conflict, "the export is another node's, or was deleted")
	}
	return err
}

// DeleteExport implements chat.Exports.
func (s *Store) DeleteExport(ctx context.Context, tenant chat.TenantID, id chat.ExportID) error {
	return s.audited(ctx, Of(tenant), func(ctx context.Context, q Querier, a *acts) error {
		a.add(tenant, chat.AuditNote{Action: "export.deleted", TargetKind: "export", TargetID: id.String()})
		_, err := q.ExecContext(ctx, `DELETE FROM exports WHERE tenant = $1 AND id = $2`, tenant, id)
		return err
	})
}

// StaleExports implements chat.Exports.
func (s *Store) StaleExports(ctx context.Context, now time.Time, limit int) ([]chat.Export, error) {
	return readAll(ctx, s, System, scanExport, `SELECT `+exportColumns+` FROM exports WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2`, Micros(now), limit)
}

// ConversationsFrom implements chat.Exports.
func (s *Store) ConversationsFrom(ctx context.Context, tenant chat.TenantID, f chat.Filter, after chat.ConversationID) ([]chat.Conversation, error) {
	args := []any{tenant, after[:], f.Limit}
	where := conditions(&f, func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args))
	})
	if len(f.Statuses) > 0 {
		where += " AND status IN ("
		for i, st := range f.Statuses {
			if i > 0 {
				where += ", "
			}
			where += fmt.Sprint(int(st))
		}
		where += ")"
	}
	rows, err := readAll(ctx, s, Of(tenant), scanConversation, `WITH page AS MATERIALIZED (SELECT id FROM conversations WHERE tenant = $1 AND id > $2`+
		where+` ORDER BY id LIMIT $3) `+selectConversation+` FROM page JOIN conversations c ON c.tenant = $1 AND c.id = page.id`+
		withVisitorAndMessage+`ORDER BY page.id`, args...)
	if err != nil {
		return nil, err
	}
	out := plain(rows)
	return out, s.keys.Conversations(ctx, out)
}

// VisitorsFrom implements chat.Exports.
func (s *Store) VisitorsFrom(ctx context.Context, tenant chat.TenantID, since, until time.Time, after chat.VisitorID, limit int) ([]chat.Visitor, error) {
	end := Micros(until)
	if end == 0 {
		end = 1<<63 - 1
	}
	out, err := readAll(ctx, s, Of(tenant), scanVisitor, `SELECT id, tenant, external_id, verified, name, email, locale, page, attributes, created_at
		FROM visitors WHERE tenant = $1 AND id > $2 AND created_at >= $3 AND created_at < $4 ORDER BY id LIMIT $5`,
		tenant, after[:], Micros(since), end, limit)
	if err != nil {
		return nil, err
	}
	return out, s.keys.Visitors(ctx, out)
}

// ShownFrom implements chat.Exports.
func (s *Store) ShownFrom(ctx context.Context, key chat.Key, after chat.Seq, limit int) ([]chat.ShownMessage, error) {
	out, err := readAll(ctx, s, Of(key.Tenant), func(scan row) (m chat.ShownMessage, err error) {
		var sent, revised int64
		var shown []byte
		m.Tenant, m.Conversation = key.Tenant, key.Conversation
		err = scan(&m.Seq, &m.ID, &m.Sender, &m.Role, &m.Kind, &m.Visibility, &sent, &m.Body, &revised, &shown)
		if m.Time = FromMicros(sent); revised != 0 {
			m.Revised, m.Body = revision(shown)
		}
		return m, err
	}, `SELECT m.seq, m.id, m.sender, m.role, m.kind, m.visibility, m.sent_at, m.body, COALESCE(r.revised, 0), r.body FROM messages m
		LEFT JOIN revisions r ON r.tenant = m.tenant AND r.conv = m.conv AND r.seq = m.seq
		WHERE m.tenant = $1 AND m.conv = $2 AND m.seq > $3 ORDER BY m.seq LIMIT $4`, key.Tenant, key.Conversation, int64(after), limit)
	if err != nil {
		return nil, err
	}
	return out, s.keys.Shown(ctx, out)
}

// RemakeExports implements chat.Erasures. Whoever is making one is told with its next word that it is not its own any more.
func (s *Store) RemakeExports(ctx context.Context, tenant chat.TenantID) (old []chat.Export, err error) {
	err = s.write(ctx, Of(tenant), func(ctx context.Context, q Querier) error {
		old = nil
		// A write, so that nobody else writes them until this is done.
		rows, err := q.QueryContext(ctx, `UPDATE exports SET held_until = held_until WHERE tenant = $1 AND state IN (1, 2) RETURNING `+exportColumns, tenant)
		if err != nil {
			return err
		}
		all, err := collect(rows, scanExport)
		if err != nil {
			return err
		}
		for i := range all {
			e := &all[i]
			if e.Kind == chat.ExportReport { // counts nobody by name
				continue
			}
			if e.Object != "" {
				old = append(old, *e)
			}
			e.Before, e.Rows, e.Bytes, e.FinishedAt = e.Attempt, 0, 0, time.Time{}
			if _, err := q.ExecContext(ctx, `UPDATE exports SET state = 0, held_until = 0, body = $3 WHERE tenant = $1 AND id = $2`, tenant, e.ID, exportBody(e)); err != nil {
				return err
			}
		}
		return nil
	})
	return old, err
}
