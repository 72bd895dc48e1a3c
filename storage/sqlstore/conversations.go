package sqlstore

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// maxUnread is where counting unread messages ends.
const maxUnread = 1000

// selectConversation reads conversations c with their visitor v and last message m. unread is counted, never stored: the
// visitor's messages after the last one that an agent read. (COALESCE stands inside: around the subquery, PostgreSQL would not
// trust it below row-level security, and read all of the conversation instead of a range of the index.)
var selectConversation = fmt.Sprintf(`SELECT c.tenant, c.id, c.visitor, c.status, c.assignee, c.team, c.version, c.last_seq, c.last_public,
	c.last_agent, c.labels, c.priority, c.context, c.rating, c.rating_comment, c.queued_at, c.wakes_at, c.created_at, c.closed_at, c.updated_at, COALESCE(v.name, ''),
	(SELECT COUNT(*) FROM (SELECT 1 FROM messages u WHERE u.tenant = c.tenant AND u.conv = c.id AND u.role = %d AND u.kind <> %d AND u.seq >
		(SELECT COALESCE(MAX(k.read_seq), 0) FROM marks k WHERE k.tenant = c.tenant AND k.conv = c.id AND k.role = %d) LIMIT %d) AS unread),
	c.last_message, COALESCE(m.prev, 0), COALESCE(m.prev_public, 0), m.id, m.cmid, m.sender, COALESCE(m.role, 0), COALESCE(m.kind, 0),
	COALESCE(m.visibility, 0), COALESCE(m.sent_at, 0), m.reply_to, m.body, COALESCE(r.revised, 0), r.body`,
	chat.RoleVisitor, chat.KindSystem, chat.RoleAgent, maxUnread)

const withVisitorAndMessage = ` LEFT JOIN visitors v ON v.tenant = c.tenant AND v.id = c.visitor
	LEFT JOIN messages m ON m.tenant = c.tenant AND m.conv = c.id AND m.seq = c.last_message
	LEFT JOIN revisions r ON r.tenant = c.tenant AND r.conv = c.id AND r.seq = c.last_message `

// conversation is a row of selectConversation, and when it was updated.
type conversation struct {
	chat.Conversation
	updated int64
}

func scanConversation(scan row) (c conversation, err error) {
	var m chat.Message
	var labels, context []byte
	var queued, wakes, created, closed, sent, revised int64
	var shown []byte
	err = scan(&c.Tenant, &c.ID, &c.Visitor, &c.Status, &c.Assignee, &c.Team, &c.Version, &c.Last, &c.LastPublic, &c.LastAgent, &labels,
		&c.Priority, &context, &c.Rating.Score, &c.Rating.Comment, &queued, &wakes, &created, &closed, &c.updated, &c.VisitorName, &c.Unread,
		&m.Seq, &m.Prev, &m.PrevPublic, &m.ID, &m.CMID, &m.Sender, &m.Role, &m.Kind, &m.Visibility, &sent, &m.ReplyTo, &m.Body, &revised, &shown)
	if err != nil {
		return c, err
	}
	if m.Seq > 0 && !m.ID.IsZero() {
		m.Tenant, m.Conversation, m.Time = c.Tenant, c.ID, FromMicros(sent)
		if revised != 0 {
			c.LastRevised, m.Body = revision(shown)
		}
		c.LastMessage = &m
	}
	c.Context = context
	c.Queued, c.Wakes = FromMicros(queued), FromMicros(wakes)
	c.CreatedAt, c.ClosedAt = FromMicros(created), FromMicros(closed)
	return c, json.Unmarshal(labels, &c.Labels)
}

// revision is what a row of revisions says of its message; shown is nil if it was recalled.
func revision(shown []byte) (chat.Revised, []byte) {
	if shown == nil {
		return chat.Recalled, []byte("{}")
	}
	return chat.Edited, shown
}

// Conversation implements chat.Store.
func (s *Store) Conversation(ctx context.Context, key chat.Key) (chat.Conversation, error) {
	c, err := readOne(ctx, s, Of(key.Tenant), "conversation", scanConversation, selectConversation+` FROM conversations c`+
		withVisitorAndMessage+`WHERE c.tenant = $1 AND c.id = $2`, key.Tenant, key.Conversation)
	if err == nil {
		err = s.keys.Conversation(ctx, &c.Conversation)
	}
	return c.Conversation, err
}

var allStatuses = []chat.Status{chat.Queued, chat.Open, chat.WithBot, chat.Snoozed, chat.Closed}

// place is where a page of conversations ended: after this activity (or the Doc of this match) and id.
type place struct {
	updated int64
	id      chat.ConversationID
}

// Conversations implements chat.Store.
func (s *Store) Conversations(ctx context.Context, tenant chat.TenantID, f chat.Filter) ([]chat.Conversation, string, error) {
	if f.Limit < 1 || f.Limit > 200 {
		return nil, "", chat.Errorf(chat.Malformed, "limit must be 1 to 200")
	}
	if f.ByWait {
		return s.waiting(ctx, tenant, &f)
	}
	if f.Text != "" {
		return s.search(ctx, tenant, &f)
	}
	from, err := parsePlace(f.Cursor)
	if err != nil {
		return nil, "", err
	}
	page, args := pageQuery(tenant, &f, from)
	rows, err := readAll(ctx, s, Of(tenant), scanConversation, `WITH page AS MATERIALIZED (`+page+`) `+selectConversation+
		` FROM page JOIN conversations c ON c.tenant = $1 AND c.id = page.id`+withVisitorAndMessage+
		`ORDER BY page.updated_at DESC, page.id DESC`, args...)
	if err != nil {
		return nil, "", err
	}
	return s.page(ctx, rows, f.Limit, func(c *conversation) string { return place{c.updated, c.ID}.String() })
}

// page is a page of rows, of which there is one more if there is another page, with the cursor of where it ends.
func (s *Store) page(ctx context.Context, rows []conversation, limit int, end func(last *conversation) string) ([]chat.Conversation, string, error) {
	next := ""
	if len(rows) > limit {
		rows = rows[:limit]
		next = end(&rows[limit-1])
	}
	out := plain(rows)
	return out, next, s.keys.Conversations(ctx, out)
}

// plain is what callers get of rows.
func plain(rows []conversation) []chat.Conversation {
	out := make([]chat.Conversation, len(rows))
	for i := range rows {
		out[i] = rows[i].Conversation
	}
	return out
}

// pageQuery finds one page's updated_at and ids, and one more, newest activity first: one ordered range of the index for
// each status, merged.
func pageQuery(tenant chat.TenantID, f *chat.Filter, from *place) (query string, args []any) {
	args = []any{tenant}
	arg := adder(&args)
	where := conditions(f, arg)
	if from != nil {
		where += " AND (updated_at, id) < (" + arg(from.updated) + ", " + arg(from.id) + ")"
	}
	end := ` ORDER BY updated_at DESC, id DESC LIMIT ` + arg(f.Limit+1)
	statuses := allStatuses
	if len(f.Statuses) > 0 {
		statuses = slices.Compact(slices.Sorted(slices.Values(f.Statuses)))
	}
	parts := make([]string, len(statuses))
	for i, st := range statuses {
		parts[i] = `SELECT * FROM (SELECT updated_at, id FROM conversations WHERE tenant = $1 AND status = ` + fmt.Sprint(int(st)) + where +
			end + `) AS s` + fmt.Sprint(i)
	}
	return strings.Join(parts, " UNION ALL ") + end, args
}

// adder appends to a query's arguments, and says how the query names them.
func adder(args *[]any) func(v any) string {
	return func(v any) string {
		*args = append(*args, v)
		return fmt.Sprintf("$%d", len(*args))
	}
}

// conditions is what a filter asks for but for the status, each condition with AND in front of it.
func conditions(f *chat.Filter, arg func(v any) string) (where string) {
	if !f.Assignee.IsZero() {
		where += " AND assignee = " + arg(f.Assignee)
	}
	if f.Unassigned {
		where += " AND assignee IS NULL"
	}
	if !f.Team.IsZero() {
		where += " AND team = " + arg(f.Team)
	}
	if !f.Visitor.IsZero() {
		where += " AND visitor = " + arg(f.Visitor)
	}
	if !f.Label.IsZero() {
		where += " AND id IN (SELECT conv FROM conversation_labels WHERE tenant = $1 AND label = " + arg(f.Label) + ")"
	}
	if !f.Since.IsZero() {
		where += " AND created_at >= " + arg(Micros(f.Since))
	}
	if !f.Until.IsZero() {
		where += " AND created_at < " + arg(Micros(f.Until))
	}
	return where
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
	var p place
	err := splitCursor(cursor, &p.id, &p.updated)
	return &p, err
}

// splitCursor reads the numbers and then the id that a cursor is made of.
func splitCursor(cursor string, id *chat.ConversationID, numbers ...any) error {
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return badCursor()
	}
	var last string
	if _, err = fmt.Sscan(strings.ReplaceAll(string(raw), ".", " "), append(numbers, &last)...); err != nil {
		return badCursor()
	}
	if *id, err = chat.ParseID[chat.Conversation](last); err != nil {
		return badCursor()
	}
	return nil
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

type openCount struct {
	agent chat.AgentID
	n     int
}

func scanOpenCount(scan row) (c openCount, err error) {
	err = scan(&c.agent, &c.n)
	return c, err
}

// OpenCounts implements chat.Store.
func (s *Store) OpenCounts(ctx context.Context, tenant chat.TenantID) (map[chat.AgentID]int, error) {
	counts, err := readAll(ctx, s, Of(tenant), scanOpenCount, `SELECT assignee, COUNT(*) FROM conversations WHERE tenant = $1 AND status = 1
		AND assignee IS NOT NULL GROUP BY assignee`, tenant)
	out := make(map[chat.AgentID]int, len(counts))
	for _, c := range counts {
		out[c.agent] = c.n
	}
	return out, err
}

func scanKey(scan row) (k chat.Key, err error) {
	err = scan(&k.Tenant, &k.Conversation)
	return k, err
}

// Asleep implements chat.Store.
func (s *Store) Asleep(ctx context.Context, now time.Time, limit int) ([]chat.Key, error) {
	return readAll(ctx, s, System, scanKey, `SELECT tenant, id FROM conversations WHERE status = 3 AND wakes_at > 0 AND wakes_at <= $1
		ORDER BY wakes_at LIMIT $2`, Micros(now), limit)
}

func scanID[Of any](scan row) (id chat.ID[Of], err error) {
	err = scan(&id)
	return id, err
}

// TenantsWaiting implements chat.Store.
func (s *Store) TenantsWaiting(ctx context.Context) ([]chat.TenantID, error) {
	return readAll(ctx, s, System, scanID[chat.Tenant], `SELECT DISTINCT tenant FROM conversations WHERE status = 0`)
}

// OpenConversation returns a visitor's open conversation, or the zero id.
func (s *Store) OpenConversation(ctx context.Context, tenant chat.TenantID, v chat.VisitorID) (chat.ConversationID, error) {
	// The log sees to it that there is one at most; its rows may come in another order.
	ids, err := readAll(ctx, s, Of(tenant), scanID[chat.Conversation], `SELECT id FROM conversations WHERE tenant = $1 AND visitor = $2
		AND status <> 4 ORDER BY created_at DESC, id DESC LIMIT 1`, tenant, v)
	if err != nil || len(ids) == 0 {
		return chat.ConversationID{}, err
	}
	return ids[0], nil
}
