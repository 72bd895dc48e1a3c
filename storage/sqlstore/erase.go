package sqlstore

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/seal"
)

func scanErasure(scan row) (e chat.Erasure, err error) {
	var at int64
	err = scan(&e.Tenant, &e.Visitor, &e.Stranger, &at)
	e.At, e.Done = FromMicros(at), e.Stranger.IsZero()
	return e, err
}

const selectErasure = `SELECT tenant, visitor, stranger, begun_at FROM erasures `

// BeginErasure implements chat.Erasures.
func (s *Store) BeginErasure(ctx context.Context, e chat.Erasure) (got chat.Erasure, err error) {
	err = s.audited(ctx, Of(e.Tenant), func(ctx context.Context, q Querier, a *acts) error {
		a.add(e.Tenant, chat.AuditNote{Action: "visitor.erased", TargetKind: "visitor", TargetID: e.Visitor.String()})
		if _, err := q.ExecContext(ctx, `INSERT INTO erasures (tenant, visitor, stranger, begun_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (tenant, visitor) DO UPDATE SET stranger = excluded.stranger, begun_at = excluded.begun_at WHERE erasures.stranger IS NULL`,
			e.Tenant, e.Visitor, e.Stranger, Micros(e.At)); err != nil {
			return err
		}
		got, err = scanErasure(q.QueryRowContext(ctx, selectErasure+`WHERE tenant = $1 AND visitor = $2`, e.Tenant, e.Visitor).Scan)
		return err
	})
	return got, err
}

// Erasure implements chat.Erasures.
func (s *Store) Erasure(ctx context.Context, tenant chat.TenantID, visitor chat.VisitorID) (chat.Erasure, error) {
	return readOne(ctx, s, Of(tenant), "erasure", scanErasure, selectErasure+`WHERE tenant = $1 AND visitor = $2`, tenant, visitor)
}

// Erasing implements chat.Erasures.
func (s *Store) Erasing(ctx context.Context, since time.Time) ([]chat.Erasure, error) {
	return readAll(ctx, s, System, scanErasure, selectErasure+`WHERE begun_at >= $1`, Micros(since))
}

// Unfinished implements chat.Erasures.
func (s *Store) Unfinished(ctx context.Context, before time.Time, limit int) ([]chat.Erasure, error) {
	return readAll(ctx, s, System, scanErasure, selectErasure+`WHERE stranger IS NOT NULL AND begun_at < $1 ORDER BY begun_at LIMIT $2`, Micros(before), limit)
}

// EndErasure implements chat.Erasures.
func (s *Store) EndErasure(ctx context.Context, e chat.Erasure, forget time.Time) error {
	return s.write(ctx, Of(e.Tenant), func(ctx context.Context, q Querier) error {
		if _, err := q.ExecContext(ctx, `UPDATE erasures SET stranger = NULL WHERE tenant = $1 AND visitor = $2 AND stranger = $3`,
			e.Tenant, e.Visitor, e.Stranger); err != nil {
			return err
		}
		_, err := q.ExecContext(ctx, `DELETE FROM erasures WHERE tenant = $1 AND stranger IS NULL AND begun_at < $2`, e.Tenant, Micros(forget))
		return err
	})
}

// EraseConversations implements chat.Erasures.
func (s *Store) EraseConversations(ctx context.Context, e chat.Erasure, convs ...chat.ConversationID) error {
	for _, conv := range convs { // in small transactions: others write, too
		keys, err := s.keys.Fresh(ctx, e.Tenant)
		if err != nil {
			return err
		}
		// The system's scope, because the index of words is in nobody else's; every statement says the tenant.
		err = s.write(ctx, System, func(ctx context.Context, q Querier) error { return s.eraseConversation(ctx, q, keys, &e, conv) })
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) eraseConversation(ctx context.Context, q Querier, keys *seal.Tenant, e *chat.Erasure, conv chat.ConversationID) error {
	var whose int
	err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM conversations WHERE tenant = $1 AND id = $2 AND visitor IN ($3, $4)`,
		e.Tenant, conv, e.Visitor, e.Stranger).Scan(&whose)
	if err != nil || whose == 0 {
		return err
	}
	if err := s.index.Erase(ctx, q, keys, e.Tenant, []chat.ConversationID{conv}); err != nil {
		return err
	}
	if err := eraseSystemMessages(ctx, q, keys, e, conv); err != nil {
		return err
	}
	for _, st := range []struct {
		text string
		args []any
	}{
		{`UPDATE messages SET body = '{}' WHERE tenant = $1 AND conv = $2 AND kind <> 5 AND body <> '{}'`, nil},
		{`UPDATE messages SET sender = $4 WHERE tenant = $1 AND conv = $2 AND sender = $3`, []any{e.Visitor, e.Stranger}},
		{`DELETE FROM revisions WHERE tenant = $1 AND conv = $2`, nil},
		{`DELETE FROM marks WHERE tenant = $1 AND conv = $2 AND user_id IN ($3, $4)`, []any{e.Visitor, e.Stranger}},
		{`UPDATE webhook_events SET state = REPLACE(state, $3, $4) WHERE tenant = $1 AND subject = $2 AND state <> ''`, []any{e.Visitor.String(), e.Stranger.String()}},
		{`UPDATE offline_messages SET visitor = $3 WHERE tenant = $1 AND conv = $2`, []any{e.Stranger}},
		{`UPDATE conversations SET visitor = $3, context = '{}', rating_comment = '' WHERE tenant = $1 AND id = $2`, []any{e.Stranger}},
	} {
		if _, err := q.ExecContext(ctx, st.text, append([]any{e.Tenant, conv}, st.args...)...); err != nil {
			return fmt.Errorf("erase a conversation: %w", err)
		}
	}
	return execAll(ctx, q, beside, e.Tenant, conv)
}

// execAll executes statements with the same arguments.
func execAll(ctx context.Context, q Querier, texts []string, args ...any) error {
	for _, text := range texts {
		if _, err := q.ExecContext(ctx, text, args...); err != nil {
			return fmt.Errorf("erase: %w", err)
		}
	}
	return nil
}

// systemKept is what stays of a system message: what happened, and who of the staff did it.
var systemKept = []string{"event", "status", "assignee_id", "assignee_name", "team_id", "by_role", "to", "until", "rating", "priority", "labels", "mid"}

// systemBody is what stays of a system message's body; e is nil where its visitor stays the one it was.
func systemBody(body []byte, e *chat.Erasure) []byte {
	var all map[string]json.RawMessage
	if json.Unmarshal(body, &all) != nil {
		return []byte("{}")
	}
	kept := make(map[string]json.RawMessage, len(all))
	for _, name := range systemKept {
		if v, ok := all[name]; ok {
			kept[name] = v
		}
	}
	if by, ok := all["by"]; ok {
		kept["by"] = by
		if e != nil && string(by) == `"`+e.Visitor.String()+`"` {
			kept["by"] = json.RawMessage(`"` + e.Stranger.String() + `"`)
		}
	}
	out, err := json.Marshal(kept)
	if err != nil { // it was JSON
		return []byte("{}")
	}
	return out
}

func eraseSystemMessages(ctx context.Context, q Querier, keys *seal.Tenant, e *chat.Erasure, conv chat.ConversationID) error {
	for after := chat.Seq(0); ; {
		rows, err := q.QueryContext(ctx, `SELECT `+messageColumns+` FROM messages WHERE tenant = $1 AND conv = $2 AND seq > $3 AND kind = 5
			ORDER BY seq LIMIT $4`, e.Tenant, conv, after, eraseStep)
		if err != nil {
			return err
		}
		page, err := collect(rows, scanMessage)
		if err != nil {
			return err
		}
		for i := range page {
			place := seal.OfMessage(&page[i])
			was, err := keys.OpenBody(page[i].Body, place)
			body := systemBody(was, e)
			if err == nil && bytes.Equal(body, was) {
				continue
			}
			if _, err := q.ExecContext(ctx, `UPDATE messages SET body = $4 WHERE tenant = $1 AND conv = $2 AND seq = $3`,
				e.Tenant, conv, page[i].Seq, keys.Body(body, place)); err != nil {
				return err
			}
		}
		if len(page) < eraseStep {
			return nil
		}
		after = page[len(page)-1].Seq
	}
}

// UploadsOf implements chat.Erasures.
func (s *Store) UploadsOf(ctx context.Context, e chat.Erasure, limit int, convs ...chat.ConversationID) (out []chat.Upload, err error) {
	err = s.write(ctx, Of(e.Tenant), func(ctx context.Context, q Querier) error {
		out = out[:0]
		take := func(where string, arg any) error {
			rows, err := q.QueryContext(ctx, `UPDATE uploads SET state = 2 WHERE tenant = $1 AND id IN (SELECT id FROM uploads
				WHERE tenant = $1 AND `+where+` ORDER BY id LIMIT $3) RETURNING `+uploadColumns+`, 0`, e.Tenant, arg, limit-len(out))
			if err != nil {
				return err
			}
			got, err := collect(rows, scanUpload)
			out = append(out, got...)
			return err
		}
		for _, c := range convs {
			if len(out) < limit {
				if err := take(`conv = $2`, c); err != nil {
					return err
				}
			}
		}
		if len(out) < limit {
			return take(`uploader = $2 AND named = 0`, e.Visitor)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, s.keys.Uploads(ctx, out)
}

// ErasePerson implements chat.Erasures.
func (s *Store) ErasePerson(ctx context.Context, e chat.Erasure) error {
	toldThem := false
	keys, err := s.keys.Of(ctx, e.Tenant)
	if err != nil {
		return err
	}
	err = s.write(ctx, System, func(ctx context.Context, q Querier) error {
		toldThem = false
		if err := s.index.EraseVisitor(ctx, q, keys, e.Tenant, e.Visitor); err != nil {
			return err
		}
		var verified bool
		err := q.QueryRowContext(ctx, `SELECT verified FROM visitors WHERE tenant = $1 AND id = $2`, e.Tenant, e.Visitor).Scan(&verified)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		// First what counts the person, if it was not moved before.
		res, err := q.ExecContext(ctx, `UPDATE visitors SET id = $3, external_id = '', external_print = '', verified = 0, name = '', email = '', locale = '', page = '', phone = '',
			attributes = '{}', version = 1, seen_at = 0, erased_at = $4 WHERE tenant = $1 AND id = $2
			AND NOT EXISTS (SELECT 1 FROM visitors x WHERE x.tenant = $1 AND x.id = $3)`, e.Tenant, e.Visitor, e.Stranger, Micros(e.At))
		if err != nil {
			return fmt.Errorf("erase a person: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil {
			return err
		} else if n == 0 { // the second time: what came late is one person more to nobody
			if _, err := q.ExecContext(ctx, `DELETE FROM visitors WHERE tenant = $1 AND id = $2`, e.Tenant, e.Visitor); err != nil {
				return err
			}
		} else if verified {
			if toldThem, err = contactErased(ctx, q, &e); err != nil {
				return err
			}
		}
		if err := execAll(ctx, q, told, e.Tenant, e.Visitor); err != nil {
			return err
		}
		if _, err := q.ExecContext(ctx, `DELETE FROM trail WHERE tenant = $1 AND visitor = $2`, e.Tenant, e.Visitor); err != nil {
			return err
		}
		return eraseBlocks(ctx, q, &e)
	})
	if err == nil && toldThem {
		s.WebhooksWritten()
	}
	return err
}

// eraseBlocks takes the person off the blocklist.
func eraseBlocks(ctx context.Context, q Querier, e *chat.Erasure) error {
	rows, err := q.QueryContext(ctx, `SELECT `+recordColumns+` FROM records WHERE tenant = $1 AND kind = $2`, e.Tenant, string(chat.RecordBlock))
	if err != nil {
		return err
	}
	blocks, err := collect(rows, scanRecord)
	if err != nil {
		return err
	}
	for i := range blocks {
		var b chat.Block
		if json.Unmarshal(blocks[i].Body, &b) != nil || b.Kind != chat.BlockVisitor || b.Value != e.Visitor.String() {
			continue
		}
		if _, err := q.ExecContext(ctx, `DELETE FROM records WHERE tenant = $1 AND kind = $2 AND id = $3`, e.Tenant, string(chat.RecordBlock), blocks[i].ID); err != nil {
			return err
		}
	}
	return nil
}
