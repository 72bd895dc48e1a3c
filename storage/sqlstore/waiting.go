package sqlstore

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"

	"github.com/uniqchat/uniqchat/chat"
)

// turn is where a page of those who wait ended: after this priority, time and id.
type turn struct {
	priority int
	queued   int64
	id       chat.ConversationID
}

// Waiting implements chat.Store.
func (s *Store) Waiting(ctx context.Context, tenant chat.TenantID, limit int) ([]chat.Conversation, error) {
	rows, err := s.turns(ctx, tenant, &chat.Filter{}, nil, limit)
	if err != nil {
		return nil, err
	}
	out := plain(rows)
	return out, s.keys.Conversations(ctx, out)
}

// waiting is Conversations for a Filter ByWait.
func (s *Store) waiting(ctx context.Context, tenant chat.TenantID, f *chat.Filter) ([]chat.Conversation, string, error) {
	if !slices.Equal(f.Statuses, []chat.Status{chat.Queued}) || f.Text != "" {
		return nil, "", chat.Errorf(chat.Malformed, "only who waits has an order by waiting: ask for status queued alone, and for no text")
	}
	from, err := parseTurn(f.Cursor)
	if err != nil {
		return nil, "", err
	}
	rows, err := s.turns(ctx, tenant, f, from, f.Limit+1)
	if err != nil {
		return nil, "", err
	}
	return s.page(ctx, rows, f.Limit, func(c *conversation) string { return turn{c.Priority, Micros(c.Queued), c.ID}.String() })
}

// turns reads who waits after a place, in routing's order: what is left of the place's own priority, then what is below it, each one
// ordered range of the index.
func (s *Store) turns(ctx context.Context, tenant chat.TenantID, f *chat.Filter, from *turn, limit int) ([]conversation, error) {
	args := []any{tenant}
	arg := adder(&args)
	where := conditions(f, arg)
	end := ` ORDER BY priority DESC, queued_at, id LIMIT ` + arg(limit)
	part := func(more string) string {
		return `SELECT priority, queued_at, id FROM conversations WHERE tenant = $1 AND status = 0` + where + more + end
	}
	page := part("")
	if from != nil {
		own := arg(from.priority)
		page = `SELECT * FROM (` + part(` AND priority = `+own+` AND (queued_at, id) > (`+arg(from.queued)+`, `+arg(from.id)+`)`) +
			`) AS own UNION ALL SELECT * FROM (` + part(` AND priority < `+own) + `) AS below` + end
	}
	return readAll(ctx, s, Of(tenant), scanConversation, `WITH page AS MATERIALIZED (`+page+`) `+selectConversation+
		` FROM page JOIN conversations c ON c.tenant = $1 AND c.id = page.id`+withVisitorAndMessage+
		`ORDER BY page.priority DESC, page.queued_at, page.id`, args...)
}

// String is the turn as a cursor.
func (t turn) String() string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d.%d.%s", t.priority, t.queued, t.id))
}

func parseTurn(cursor string) (*turn, error) {
	if cursor == "" {
		return nil, nil
	}
	var t turn
	err := splitCursor(cursor, &t.id, &t.priority, &t.queued)
	return &t, err
}
