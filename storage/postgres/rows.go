package postgres

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/project"
	"github.com/uniqchat/uniqchat/storage/seal"
	"github.com/uniqchat/uniqchat/storage/sqlstore"
)

// work is what events become: rows that are written together.
type work struct {
	messages []*chat.Event
	// conversations are in rounds: one statement may touch a row only once.
	conversations [][]conversation
	visitors      []*chat.Visitor
	fields        []fields
	hooks         hooks
	revisions     []revision
	sealed        seal.All // what people wrote is sealed with
}

// conversation is a conversation's row after a run of its events, as far as they tell: zero fields may be known to the database.
type conversation struct {
	chat.Key
	project.Row
	created, reopened bool // in this run
}

// workOf turns events into rows. Events of one conversation must be in their order.
func workOf(events []*chat.Event) *work {
	w := &work{messages: events}
	type place struct{ round, at int }
	at := make(map[chat.Key]place, len(events))
	visitors := make(map[chat.VisitorID]int)
	told := make(map[chat.Key]int)
	for _, e := range events {
		key := chat.Key{Tenant: e.Tenant, Conversation: e.Conversation}
		p, ok := at[key]
		if !ok {
			p = place{0, w.add(0, conversation{Key: key})}
		} else if w.conversations[p.round][p.at].mustSplit(e) {
			p = place{p.round + 1, w.add(p.round+1, conversation{Key: key})}
		}
		at[key] = p
		w.conversations[p.round][p.at].apply(e)
		if e.Set != nil {
			w.tell(told, key, e)
		}
		w.revise(e)
		if e.Profile == nil {
			continue
		}
		if i, ok := visitors[e.Profile.ID]; ok && w.visitors[i].Tenant == e.Profile.Tenant {
			w.visitors[i] = merged(w.visitors[i], e.Profile)
			continue
		}
		visitors[e.Profile.ID] = len(w.visitors)
		w.visitors = append(w.visitors, e.Profile)
	}
	// The same order everywhere: two transactions that write the same visitors wait for one another in turn.
	slices.SortFunc(w.visitors, func(a, b *chat.Visitor) int {
		return cmp.Or(bytes.Compare(a.Tenant[:], b.Tenant[:]), bytes.Compare(a.ID[:], b.ID[:]))
	})
	return w
}

func (w *work) add(round int, c conversation) int {
	if round == len(w.conversations) {
		w.conversations = append(w.conversations, nil)
	}
	w.conversations[round] = append(w.conversations[round], c)
	return len(w.conversations[round]) - 1
}

// mustSplit reports whether an event begins a new run: a conversation that is closed again after it was reopened gets a new
// time of closing, which a single row could not tell from the old one.
func (c *conversation) mustSplit(e *chat.Event) bool {
	return c.reopened && e.Next != nil && e.Next.Status == chat.Closed && c.Status != chat.Closed
}

func (c *conversation) apply(e *chat.Event) {
	if c.Last == 0 {
		c.LastPublic = e.PrevPublic
		c.Created = e.Time
	}
	created := c.Created
	again := c.Last != 0 && c.Status == chat.Closed // closed earlier in this run
	c.Apply(e)
	c.Created = created
	if e.Next == nil {
		c.State = e.State
		return
	}
	c.created = c.created || e.Next.Version == 1
	c.reopened = c.reopened || (again || !c.created) && e.Next.Status != chat.Closed
}

// merged is a visitor as two tokens describe it: the later one, and what only the earlier one knows.
func merged(old, v *chat.Visitor) *chat.Visitor {
	out := *v
	out.Name, out.Email = cmp.Or(v.Name, old.Name), cmp.Or(v.Email, old.Email)
	out.Locale, out.Page = cmp.Or(v.Locale, old.Locale), cmp.Or(v.Page, old.Page)
	out.ExternalID, out.Verified, out.CreatedAt = old.ExternalID, old.Verified, old.CreatedAt
	if a := string(v.Attributes); a == "" || a == "{}" {
		out.Attributes = old.Attributes
	}
	return &out
}

// orNull is an id as a column takes it: NULL for the zero id.
func orNull[Of any](id *chat.ID[Of]) []byte {
	if id.IsZero() {
		return nil
	}
	return id[:]
}

// column is one argument of unnest: a field of every row.
func column[R, V any](rows []R, field func(*R) V) []V {
	out := make([]V, len(rows))
	for i := range rows {
		out[i] = field(&rows[i])
	}
	return out
}

const insertMessages = `INSERT INTO messages (tenant, conv, seq, prev, prev_public, id, cmid, sender, role, kind, visibility, sent_at, reply_to, body)
	SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bytea[], $7::bytea[], $8::bytea[],
		$9::smallint[], $10::smallint[], $11::smallint[], $12::bigint[], $13::bytea[], $14::text[]) ON CONFLICT DO NOTHING`

func (w *work) messageArgs(m []*chat.Event) []any {
	type event = *chat.Event
	return []any{
		column(m, func(e *event) []byte { return (*e).Tenant[:] }),
		column(m, func(e *event) []byte { return (*e).Conversation[:] }),
		column(m, func(e *event) int64 { return int64((*e).Seq) }),
		column(m, func(e *event) int64 { return int64((*e).Prev) }),
		column(m, func(e *event) int64 { return int64((*e).PrevPublic) }),
		column(m, func(e *event) []byte { return orNull(&(*e).ID) }),
		column(m, func(e *event) []byte { return (*e).CMID[:] }),
		column(m, func(e *event) []byte { return orNull(&(*e).Sender) }),
		column(m, func(e *event) int16 { return int16((*e).Role) }),
		column(m, func(e *event) int16 { return int16((*e).Kind) }),
		column(m, func(e *event) int16 { return int16((*e).Visibility) }),
		column(m, func(e *event) int64 { return sqlstore.Micros((*e).Time) }),
		column(m, func(e *event) []byte { return orNull(&(*e).ReplyTo) }),
		column(m, func(e *event) string { return w.sealed[(*e).Tenant].Body((*e).Body, seal.OfMessage(&(*e).Message)) }),
	}
}

// saveConversations moves rows forward, never back: a run that the row has passed changes nothing. What the run does not tell stays.
const saveConversations = `INSERT INTO conversations (tenant, id, visitor, status, assignee, team, version, last_seq, last_public,
		last_message, last_agent, queued_at, wakes_at, created_at, closed_at, updated_at, tally)
	SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bytea[], $4::smallint[], $5::bytea[], $6::bytea[], $7::bigint[], $8::bigint[],
		$9::bigint[], $10::bigint[], $11::bytea[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[], $17::bytea[])
	ON CONFLICT (tenant, id) DO UPDATE SET status = excluded.status, assignee = excluded.assignee, team = excluded.team,
		version = excluded.version, last_seq = excluded.last_seq, last_public = excluded.last_public,
		last_message = CASE WHEN excluded.last_message = 0 THEN conversations.last_message ELSE excluded.last_message END,
		last_agent = COALESCE(excluded.last_agent, conversations.last_agent), queued_at = excluded.queued_at,
		wakes_at = excluded.wakes_at,
		closed_at = CASE WHEN excluded.status <> 4 THEN 0 WHEN conversations.status = 4 THEN conversations.closed_at ELSE excluded.closed_at END,
		updated_at = GREATEST(excluded.updated_at, conversations.updated_at), tally = excluded.tally
	WHERE excluded.last_seq > conversations.last_seq`

func conversationArgs(rows []conversation) []any {
	type row = conversation
	return []any{
		column(rows, func(c *row) []byte { return c.Tenant[:] }),
		column(rows, func(c *row) []byte { return c.Conversation[:] }),
		column(rows, func(c *row) []byte { return orNull(&c.Visitor) }),
		column(rows, func(c *row) int16 { return int16(c.Status) }),
		column(rows, func(c *row) []byte { return orNull(&c.Assignee) }),
		column(rows, func(c *row) []byte { return orNull(&c.Team) }),
		column(rows, func(c *row) int64 { return int64(c.Version) }),
		column(rows, func(c *row) int64 { return int64(c.Last) }),
		column(rows, func(c *row) int64 { return int64(c.LastPublic) }),
		column(rows, func(c *row) int64 { return int64(c.LastMessage) }),
		column(rows, func(c *row) []byte { return orNull(&c.LastAgent) }),
		column(rows, func(c *row) int64 { return sqlstore.Micros(c.Queued) }),
		column(rows, func(c *row) int64 { return sqlstore.Micros(c.Wakes) }),
		column(rows, func(c *row) int64 { return sqlstore.Micros(c.Created) }),
		column(rows, func(c *row) int64 { return sqlstore.Micros(c.Closed) }),
		column(rows, func(c *row) int64 { return sqlstore.Micros(c.Updated) }),
		column(rows, func(c *row) []byte {
			if c.Tally == nil {
				return nil
			}
			return c.Tally.Bytes()
		}),
	}
}

const saveVisitors = `INSERT INTO visitors (tenant, id, external_id, verified, name, email, locale, page, attributes, created_at, external_print)
	SELECT tenant, id, external_id, verified, name, email, locale, page, attributes::jsonb, created_at, external_print
	FROM unnest($1::bytea[], $2::bytea[], $3::text[], $4::smallint[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::bigint[],
		$11::text[]) AS v(tenant, id, external_id, verified, name, email, locale, page, attributes, created_at, external_print)
	ON CONFLICT (tenant, id) DO UPDATE SET name = COALESCE(NULLIF(excluded.name, ''), visitors.name),
		email = COALESCE(NULLIF(excluded.email, ''), visitors.email), locale = COALESCE(NULLIF(excluded.locale, ''), visitors.locale),
		page = COALESCE(NULLIF(excluded.page, ''), visitors.page),
		attributes = CASE WHEN excluded.attributes = '{}' THEN visitors.attributes ELSE excluded.attributes END`

func (w *work) visitorArgs(visitors []*chat.Visitor) []any {
	rows, prints := visitors, make([]string, len(visitors))
	if w.sealed != nil {
		rows = make([]*chat.Visitor, len(visitors))
		for i, v := range visitors {
			kept, external := w.sealed[v.Tenant].Visitor(v)
			rows[i], prints[i] = &kept, external
		}
	}
	type row = *chat.Visitor
	return []any{
		column(rows, func(v *row) []byte { return (*v).Tenant[:] }),
		column(rows, func(v *row) []byte { return (*v).ID[:] }),
		column(rows, func(v *row) string { return (*v).ExternalID }),
		column(rows, func(v *row) int16 {
			if (*v).Verified {
				return 1
			}
			return 0
		}),
		column(rows, func(v *row) string { return (*v).Name }),
		column(rows, func(v *row) string { return (*v).Email }),
		column(rows, func(v *row) string { return (*v).Locale }),
		column(rows, func(v *row) string { return (*v).Page }),
		column(rows, func(v *row) string { return cmp.Or(string((*v).Attributes), "{}") }),
		column(rows, func(v *row) int64 { return sqlstore.Micros((*v).CreatedAt) }),
		prints,
	}
}
