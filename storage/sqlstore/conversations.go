package sqlstore

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/uniqchat/uniqchat/chat"
)

// conversationColumns reads a conversation c with its visitor v; unread is counted, never stored: the visitor's messages
// after the last one that an agent read.
const conversationColumns = `c.tenant, c.id, c.visitor, c.status, c.assignee, c.team, c.version, c.last_seq, c.last_public,
	c.last_message, c.last_agent, c.labels, c.priority, c.context, c.rating, c.queued_at, c.created_at, c.closed_at, c.updated_at,
	COALESCE(v.name, ''),
	(SELECT COUNT(*) FROM messages m WHERE m.tenant = c.tenant AND m.conv = c.id AND m.role = 1 AND m.kind <> 5 AND m.seq >
		COALESCE((SELECT MAX(k.read_seq) FROM marks k WHERE k.tenant = c.tenant AND k.conv = c.id AND k.role = 2), 0))`

const fromConversations = ` FROM conversations c LEFT JOIN visitors v ON v.tenant = c.tenant AND v.id = c.visitor `

func scanConversation(scan func(...any) error) (c chat.Conversation, lastMessage chat.Seq, updated int64, err error) {
	var labels, context string
	var queued, created, closed int64
	err = scan(&c.Tenant, &c.ID, &c.Visitor, &c.Status, &c.Assignee, &c.Team, &c.Version, &c.Last, &c.LastPublic, &lastMessage,
		&c.LastAgent, &labels, &c.Priority, &context, &c.Rating, &queued, &created, &closed, &updated, &c.VisitorName, &c.Unread)
	if err != nil {
		return c, 0, 0, err
	}
	c.Context = json.RawMessage(context)
	c.Queued, c.CreatedAt, c.ClosedAt = FromMicros(queued), FromMicros(created), FromMicros(closed)
	return c, lastMessage, updated, json.Unmarshal([]byte(labels), &c.Labels)
}

// Conversation implements chat.Store.
func (s *Store) Conversation(ctx context.Context, key chat.Key) (chat.Conversation, error) {
	row := s.read.QueryRowContext(ctx, `SELECT `+conversationColumns+fromConversations+`WHERE c.tenant = $1 AND c.id = $2`,
		key.Tenant, key.Conversation)
	c, last, _, err := scanConversation(row.Scan)
	if err != nil {
		return c, notFound(err, "conversation")
	}
	return c, s.fillLast(ctx, &c, last)
}

// fillLast reads the newest message of a conversation.
func (s *Store) fillLast(ctx context.Context, c *chat.Conversation, seq chat.Seq) error {
	if seq == 0 {
		return nil
	}
	m, err := scanMessage(s.read.QueryRowContext(ctx, `SELECT `+messageColumns+` FROM messages WHERE tenant = $1 AND conv = $2 AND seq = $3`,
		c.Tenant, c.ID, seq).Scan)
	c.LastMessage = &m
	return err
}

var allStatuses = []chat.Status{chat.Queued, chat.Open, chat.WithBot, chat.Snoozed, chat.Closed}

// place is where a page of conversations ended: after this activity and id.
type place struct {
	updated int64
	id      chat.ConversationID
}

// Conversations implements chat.Store.
func (s *Store) Conversations(ctx context.Context, tenant chat.TenantID, f chat.Filter) ([]chat.Conversation, string, error) {
	if f.Limit < 1 || f.Limit > 200 {
		return nil, "", chat.Errorf(chat.Malformed, "limit must be 1 to 200")
	}
	from, err := parsePlace(f.Cursor)
	if err != nil {
		return nil, "", err
	}
	ids, err := s.pageOf(ctx, tenant, &f, from)
	if err != nil {
		return nil, "", err
	}
	next := ""
	if len(ids) > f.Limit {
		ids = ids[:f.Limit]
		next = ids[f.Limit-1].String()
	}
	out := make([]chat.Conversation, 0, len(ids))
	for _, p := range ids {
		c, err := s.Conversation(ctx, chat.Key{Tenant: tenant, Conversation: p.id})
		if err != nil {
			return nil, "", err
		}
		out = append(out, c)
	}
	return out, next, nil
}

// pageOf finds one page's ids, newest activity first: one ordered range of the index for each status, merged.
func (s *Store) pageOf(ctx context.Context, tenant chat.TenantID, f *chat.Filter, from *place) ([]place, error) {
	args := []any{tenant}
	arg := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args))
	}
	where := ""
	if !f.Assignee.IsZero() {
		where += " AND assignee = " + arg(f.Assignee)
	}
	if !f.Team.IsZero() {
		where += " AND team = " + arg(f.Team)
	}
	if !f.Visitor.IsZero() {
		where += " AND visitor = " + arg(f.Visitor)
	}
	if !f.Since.IsZero() {
		where += " AND created_at >= " + arg(Micros(f.Since))
	}
	if !f.Until.IsZero() {
		where += " AND created_at < " + arg(Micros(f.Until))
	}
	if from != nil {
		where += " AND (updated_at, id) < (" + arg(from.updated) + ", " + arg(from.id) + ")"
	}
	limit := arg(f.Limit + 1)
	statuses := f.Statuses
	if len(statuses) == 0 {
		statuses = allStatuses
	}
	parts := make([]string, len(statuses))
	for i, st := range statuses {
		parts[i] = `SELECT * FROM (SELECT updated_at, id FROM conversations WHERE tenant = $1 AND status = ` + fmt.Sprint(int(st)) + where +
			` ORDER BY updated_at DESC, id DESC LIMIT ` + limit + `) AS s` + fmt.Sprint(i)
	}
	rows, err := s.read.QueryContext(ctx, strings.Join(parts, " UNION ALL ")+` ORDER BY 1 DESC, 2 DESC LIMIT `+limit, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []place
	for rows.Next() {
		var p place
		if err := rows.Scan(&p.updated, &p.id); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, rows.Err()
}

// String is the place as a cursor.
func (p place) String() string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d.%s", p.updated, p.id))
}

func badCursor() error { return chat.Errorf(chat.Malformed, "cursor is not one that a list returned") }

func parsePlace(cursor string) (*place, error) {
	if cursor == "" {
		return nil, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return nil, badCursor()
	}
	var p place
	var id string
	if n, err := fmt.Sscanf(strings.Replace(string(raw), ".", " ", 1), "%d %s", &p.updated, &id); err != nil || n != 2 {
		return nil, badCursor()
	}
	if p.id, err = chat.ParseID[chat.Conversation](id); err != nil {
		return nil, badCursor()
	}
	return &p, nil
}

func encodeCursor[Of any](id chat.ID[Of]) string { return base64.RawURLEncoding.EncodeToString(id[:]) }

func decodeCursor[T ~[16]byte](cursor string) (id T, err error) {
	if cursor == "" {
		return id, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(raw) != 16 {
		return id, badCursor()
	}
	return T([16]byte(raw)), nil
}

// Waiting implements chat.Store.
func (s *Store) Waiting(ctx context.Context, tenant chat.TenantID, limit int) ([]chat.Conversation, error) {
	return s.conversations(ctx, `SELECT `+conversationColumns+fromConversations+`WHERE c.tenant = $1 AND c.status = 0
		ORDER BY c.priority DESC, c.queued_at, c.id LIMIT $2`, tenant, limit)
}

func (s *Store) conversations(ctx context.Context, query string, args ...any) (out []chat.Conversation, err error) {
	rows, err := s.read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		c, _, _, err := scanConversation(rows.Scan)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

// OpenCounts implements chat.Store.
func (s *Store) OpenCounts(ctx context.Context, tenant chat.TenantID) (map[chat.AgentID]int, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT assignee, COUNT(*) FROM conversations WHERE tenant = $1 AND status = 1
		AND assignee IS NOT NULL GROUP BY assignee`, tenant)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := make(map[chat.AgentID]int)
	for rows.Next() {
		var id chat.AgentID
		var n int
		if err := rows.Scan(&id, &n); err != nil {
			return nil, err
		}
		out[id] = n
	}
	return out, rows.Err()
}

// TenantsWaiting implements chat.Store.
func (s *Store) TenantsWaiting(ctx context.Context) (out []chat.TenantID, err error) {
	rows, err := s.read.QueryContext(ctx, `SELECT DISTINCT tenant FROM conversations WHERE status = 0`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id chat.TenantID
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		out = append(out, id)
	}
	return out, rows.Err()
}

// OpenConversation returns a visitor's open conversation, or the zero id.
func (s *Store) OpenConversation(ctx context.Context, tenant chat.TenantID, v chat.VisitorID) (id chat.ConversationID, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT id FROM conversations WHERE tenant = $1 AND visitor = $2 AND status <> 4`, tenant, v).Scan(&id)
	if err == sql.ErrNoRows {
		err = nil
	}
	return id, err
}
