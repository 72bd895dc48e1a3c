package explain

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/postgres"
	"github.com/uniqchat/uniqchat/storage/project"
)

// queryCase is one way to call the store.
type queryCase struct {
	name   string
	method string        // of sqlstore.Store, or of postgres.DB
	goal   time.Duration // of p99
	run    func(ctx context.Context, db *postgres.DB, s *sample, r *rand.Rand) error
}

// inboxGoal is what docs/performance.md asks of a page of the inbox (S8).
const inboxGoal = 50 * time.Millisecond

// searchGoal is what it asks of a search (S8).
const searchGoal = 300 * time.Millisecond

// page is what the API returns unless it is asked for another number.
const page = 50

// list is a case of the inbox.
func list(name string, filter func(s *sample, r *rand.Rand) chat.Filter) queryCase {
	return queryCase{name, "Conversations", inboxGoal, func(ctx context.Context, db *postgres.DB, s *sample, r *rand.Rand) error {
		f := filter(s, r)
		if f.Limit == 0 {
			f.Limit = page
		}
		_, _, err := db.Store().Conversations(ctx, s.tenant.ID, f)
		return err
	}}
}

// find is a case of a search.
func find(name string, filter func(s *sample, r *rand.Rand) chat.Filter) queryCase {
	c := list("search: "+name, filter)
	c.goal = searchGoal
	return c
}

// words is a search for one of some texts.
func words(name string, of ...string) queryCase {
	return find(name, func(_ *sample, r *rand.Rand) chat.Filter { return chat.Filter{Text: one(r, of)} })
}

// history is a case of one conversation's messages.
func history(name string, of func(s *sample, r *rand.Rand) (chat.Key, chat.Page)) queryCase {
	return queryCase{name, "Messages", inboxGoal, func(ctx context.Context, db *postgres.DB, s *sample, r *rand.Rand) error {
		key, p := of(s, r)
		p.Limit = page
		_, _, err := db.Store().Messages(ctx, key, p)
		return err
	}}
}

// call is any other case.
func call(name, method string, run func(ctx context.Context, db *postgres.DB, s *sample, r *rand.Rand) error) queryCase {
	return queryCase{name, method, inboxGoal, run}
}

func one[T any](r *rand.Rand, of []T) T { return of[r.IntN(len(of))] }

// oneOf is like one, and the zero value if there is none.
func oneOf(r *rand.Rand, of []string) string {
	if len(of) == 0 {
		return ""
	}
	return one(r, of)
}

// within returns a moment in which the tenant had conversations.
func (s *sample) within(r *rand.Rand) time.Time {
	return s.from.Add(time.Duration(r.Float64() * float64(s.to.Sub(s.from))))
}

func status(st ...chat.Status) []chat.Status { return st }

// cases are all ways in which the API, routing and the log ask for rows.
var cases = []queryCase{
	list("inbox: first page", func(*sample, *rand.Rand) chat.Filter { return chat.Filter{} }),
	list("inbox: first page of 200", func(*sample, *rand.Rand) chat.Filter { return chat.Filter{Limit: 200} }),
	list("inbox: deep page", func(s *sample, r *rand.Rand) chat.Filter { return chat.Filter{Cursor: oneOf(r, s.deep)} }),
	list("inbox: queued", func(*sample, *rand.Rand) chat.Filter { return chat.Filter{Statuses: status(chat.Queued)} }),
	list("inbox: queued, the longest wait first", func(*sample, *rand.Rand) chat.Filter {
		return chat.Filter{Statuses: status(chat.Queued), ByWait: true}
	}),
	list("inbox: queued, the longest wait first, deep page", func(s *sample, r *rand.Rand) chat.Filter {
		return chat.Filter{Statuses: status(chat.Queued), ByWait: true, Cursor: oneOf(r, s.deepWaiting)}
	}),
	list("inbox: open", func(*sample, *rand.Rand) chat.Filter { return chat.Filter{Statuses: status(chat.Open)} }),
	list("inbox: closed", func(*sample, *rand.Rand) chat.Filter { return chat.Filter{Statuses: status(chat.Closed)} }),
	list("inbox: queued, open and bot", func(*sample, *rand.Rand) chat.Filter {
		return chat.Filter{Statuses: status(chat.Queued, chat.Open, chat.WithBot)}
	}),
	list("inbox: mine, open", func(s *sample, r *rand.Rand) chat.Filter {
		return chat.Filter{Statuses: status(chat.Open), Assignee: one(r, s.agents).ID}
	}),
	list("inbox: of one agent, any status", func(s *sample, r *rand.Rand) chat.Filter { return chat.Filter{Assignee: one(r, s.agents).ID} }),
	list("inbox: closed by one agent, deep page", func(s *sample, r *rand.Rand) chat.Filter {
		return chat.Filter{Statuses: status(chat.Closed), Assignee: s.deepAgent, Cursor: oneOf(r, s.deepClosed)}
	}),
	list("inbox: nobody's", func(*sample, *rand.Rand) chat.Filter {
		return chat.Filter{Statuses: status(chat.Queued), Unassigned: true}
	}),
	list("inbox: of an agent with none", func(*sample, *rand.Rand) chat.Filter { return chat.Filter{Assignee: chat.NewID[chat.Agent]()} }),
	list("inbox: of a team", func(s *sample, r *rand.Rand) chat.Filter { return chat.Filter{Team: one(r, s.teams).ID} }),
	list("inbox: of a team with none", func(*sample, *rand.Rand) chat.Filter { return chat.Filter{Team: chat.NewID[chat.Team]()} }),
	list("inbox: with a label", func(s *sample, r *rand.Rand) chat.Filter { return chat.Filter{Label: one(r, s.labels).ID} }),
	list("inbox: open with a label", func(s *sample, r *rand.Rand) chat.Filter {
		return chat.Filter{Statuses: status(chat.Open), Label: one(r, s.labels).ID}
	}),
	list("inbox: with a label that nothing has", func(*sample, *rand.Rand) chat.Filter { return chat.Filter{Label: chat.NewID[chat.Record]()} }),
	list("inbox: of a visitor", func(s *sample, r *rand.Rand) chat.Filter {
		return chat.Filter{Visitor: one(r, s.conversations).visitor}
	}),
	list("inbox: of a visitor with a very long conversation", func(s *sample, r *rand.Rand) chat.Filter {
		return chat.Filter{Visitor: s.long[r.IntN(min(5, len(s.long)))].visitor}
	}),
	list("inbox: begun since a moment", func(s *sample, r *rand.Rand) chat.Filter { return chat.Filter{Since: s.within(r)} }),
	list("inbox: begun until a moment", func(s *sample, r *rand.Rand) chat.Filter { return chat.Filter{Until: s.within(r)} }),
	list("inbox: begun on one day", func(s *sample, r *rand.Rand) chat.Filter {
		day := s.within(r).Truncate(24 * time.Hour)
		return chat.Filter{Since: day, Until: day.Add(24 * time.Hour)}
	}),
	list("inbox: of an agent on one day", func(s *sample, r *rand.Rand) chat.Filter {
		day := s.within(r).Truncate(24 * time.Hour)
		return chat.Filter{Assignee: one(r, s.agents).ID, Since: day, Until: day.Add(24 * time.Hour)}
	}),

	words("a common word", "order", "订单", "please", "您好"),
	words("a word now and then", "Denver", "昆明", "warranty", "projector"),
	find("a rare word", func(s *sample, r *rand.Rand) chat.Filter { return chat.Filter{Text: oneOf(r, s.orders)} }),
	words("two characters", "退款", "保修", "耳机", "漏水"),
	words("one character", "款", "货", "鹤"),
	words("part of a sentence in Chinese", "什么时候能发货", "没有收到", "什么区别"),
	words("two words", "refund working", "code checkout", "北京 订单", "delivery Boston"),
	words("two common words that never meet", "warehouse checkout", "发货 保修"),
	words("the beginning of a word", "ord", "war", "ref"),
	words("nothing", "zzyzx", "龘龘", "order zzyzx"),
	words("what somebody pasted", "Could you send a photo of it? Then we replace it right away", "麻烦您拍一张照片,我们核实后给您补发"),
	find("a common word, deep page", func(s *sample, r *rand.Rand) chat.Filter {
		return chat.Filter{Text: "order", Cursor: oneOf(r, s.deepFound)}
	}),
	find("a common word, open", func(*sample, *rand.Rand) chat.Filter {
		return chat.Filter{Text: "订单", Statuses: status(chat.Open)}
	}),
	find("a common word, of one agent", func(s *sample, r *rand.Rand) chat.Filter {
		return chat.Filter{Text: "order", Assignee: one(r, s.agents).ID}
	}),
	find("a common word, of an agent with none", func(*sample, *rand.Rand) chat.Filter {
		return chat.Filter{Text: "order", Assignee: chat.NewID[chat.Agent]()}
	}),
	find("a common word, of a visitor", func(s *sample, r *rand.Rand) chat.Filter {
		return chat.Filter{Text: "order", Visitor: one(r, s.conversations).visitor}
	}),
	find("a common word, begun until a moment", func(s *sample, r *rand.Rand) chat.Filter {
		return chat.Filter{Text: "order", Until: s.within(r)}
	}),
	find("a rare word, begun since a moment", func(s *sample, r *rand.Rand) chat.Filter {
		return chat.Filter{Text: oneOf(r, s.orders), Since: s.within(r)}
	}),

	history("history: newest page", func(s *sample, r *rand.Rand) (chat.Key, chat.Page) {
		return one(r, s.conversations).Key, chat.Page{Newest: true}
	}),
	history("history: newest page, visitor's", func(s *sample, r *rand.Rand) (chat.Key, chat.Page) {
		return one(r, s.conversations).Key, chat.Page{Newest: true, Audience: chat.AudiencePublic}
	}),
	history("history: a page in the middle, backwards", func(s *sample, r *rand.Rand) (chat.Key, chat.Page) {
		d := one(r, s.long)
		return d.Key, chat.Page{Before: d.first + 1 + chat.Seq(r.Int64N(int64(d.last-d.first)))}
	}),
	history("history: a page in the middle, forwards", func(s *sample, r *rand.Rand) (chat.Key, chat.Page) {
		d := one(r, s.long)
		return d.Key, chat.Page{After: d.first + chat.Seq(r.Int64N(int64(d.last-d.first)))}
	}),
	call("one message", "Message", func(ctx context.Context, db *postgres.DB, s *sample, r *rand.Rand) error {
		d := one(r, s.conversations)
		_, err := db.Store().Message(ctx, d.Key, d.message)
		return err
	}),
	call("one conversation", "Conversation", func(ctx context.Context, db *postgres.DB, s *sample, r *rand.Rand) error {
		_, err := db.Store().Conversation(ctx, one(r, s.conversations).Key)
		return err
	}),
	call("one conversation, very long", "Conversation", func(ctx context.Context, db *postgres.DB, s *sample, r *rand.Rand) error {
		_, err := db.Store().Conversation(ctx, s.long[r.IntN(min(5, len(s.long)))].Key)
		return err
	}),
	call("read marks", "Marks", func(ctx context.Context, db *postgres.DB, s *sample, r *rand.Rand) error {
		_, err := db.Store().Marks(ctx, one(r, s.conversations).Key)
		return err
	}),
	call("a read mark that moves nothing", "MarkRead", func(ctx context.Context, db *postgres.DB, s *sample, r *rand.Rand) error {
		key := one(r, s.conversations).Key
		marks, err := db.Store().Marks(ctx, key)
		if err == nil && len(marks) > 0 {
			_, _, err = db.Store().MarkRead(ctx, key, marks[0])
		}
		return err
	}),
	call("a visitor", "Visitor", func(ctx context.Context, db *postgres.DB, s *sample, r *rand.Rand) error {
		_, err := db.Store().Visitor(ctx, s.tenant.ID, one(r, s.conversations).visitor)
		return err
	}),
	call("visitors: the newest", "People", func(ctx context.Context, db *postgres.DB, s *sample, _ *rand.Rand) error {
		_, _, err := db.Store().People(ctx, s.tenant.ID, chat.PersonFilter{Limit: page})
		return err
	}),
	call("visitors: an export's page", "VisitorsFrom", func(ctx context.Context, db *postgres.DB, s *sample, r *rand.Rand) error {
		_, err := db.Store().VisitorsFrom(ctx, s.tenant.ID, time.Time{}, time.Time{}, one(r, s.conversations).visitor, page)
		return err
	}),
	call("conversations: an export's page", "ConversationsFrom", func(ctx context.Context, db *postgres.DB, s *sample, r *rand.Rand) error {
		_, err := db.Store().ConversationsFrom(ctx, s.tenant.ID, chat.Filter{Limit: page}, one(r, s.conversations).Conversation)
		return err
	}),
	call("messages: an export's page", "ShownFrom", func(ctx context.Context, db *postgres.DB, s *sample, r *rand.Rand) error {
		_, err := db.Store().ShownFrom(ctx, one(r, s.conversations).Key, 0, page)
		return err
	}),
	call("a visitor's open conversation", "OpenConversations", func(ctx context.Context, db *postgres.DB, s *sample, r *rand.Rand) error {
		_, err := db.OpenConversations(ctx, chat.VisitorKey{Tenant: s.tenant.ID, Visitor: one(r, s.conversations).visitor})
		return err
	}),

	call("an agent", "Agent", func(ctx context.Context, db *postgres.DB, s *sample, r *rand.Rand) error {
		_, err := db.Store().Agent(ctx, s.tenant.ID, one(r, s.agents).ID)
		return err
	}),
	call("agents: a page", "Agents", func(ctx context.Context, db *postgres.DB, s *sample, _ *rand.Rand) error {
		_, _, err := db.Store().Agents(ctx, s.tenant.ID, "", page)
		return err
	}),
	call("agents by e-mail (log-in)", "AgentsByEmail", func(ctx context.Context, db *postgres.DB, s *sample, r *rand.Rand) error {
		_, err := db.Store().AgentsByEmail(ctx, one(r, s.agents).Email)
		return err
	}),
	call("teams", "Teams", func(ctx context.Context, db *postgres.DB, s *sample, _ *rand.Rand) error {
		_, err := db.Store().Teams(ctx, s.tenant.ID)
		return err
	}),
	call("a tenant", "Tenant", func(ctx context.Context, db *postgres.DB, s *sample, _ *rand.Rand) error {
		_, err := db.Store().Tenant(ctx, s.tenant.ID)
		return err
	}),
	call("a tenant by its name", "TenantBySlug", func(ctx context.Context, db *postgres.DB, s *sample, _ *rand.Rand) error {
		_, err := db.Store().TenantBySlug(ctx, s.tenant.Slug)
		return err
	}),
	call("all tenants (command line)", "Tenants", func(ctx context.Context, db *postgres.DB, _ *sample, _ *rand.Rand) error {
		_, err := db.Store().Tenants(ctx)
		return err
	}),
	call("a site key", "SiteKey", func(ctx context.Context, db *postgres.DB, s *sample, _ *rand.Rand) error {
		_, err := db.Store().SiteKey(ctx, s.siteKey)
		return err
	}),

	call("routing: who waits", "Waiting", func(ctx context.Context, db *postgres.DB, s *sample, _ *rand.Rand) error {
		_, err := db.Store().Waiting(ctx, s.tenant.ID, 100)
		return err
	}),
	call("visitors: where they stand in the queue", "Queue", func(ctx context.Context, db *postgres.DB, s *sample, _ *rand.Rand) error {
		_, err := db.Store().Queue(ctx, s.tenant.ID, 1000)
		return err
	}),
	call("routing: open conversations by agent", "OpenCounts", func(ctx context.Context, db *postgres.DB, s *sample, _ *rand.Rand) error {
		_, err := db.Store().OpenCounts(ctx, s.tenant.ID)
		return err
	}),
	call("retention: what is due", "PurgeConversations", func(ctx context.Context, db *postgres.DB, s *sample, _ *rand.Rand) error {
		_, _, _, err := db.Store().PurgeConversations(ctx, s.tenant.ID, time.UnixMilli(1), 20)
		return err
	}),
	call("routing: tenants with a queue", "TenantsWaiting", func(ctx context.Context, db *postgres.DB, _ *sample, _ *rand.Rand) error {
		_, err := db.Store().TenantsWaiting(ctx)
		return err
	}),

	call("snoozed: who is due", "Asleep", func(ctx context.Context, db *postgres.DB, s *sample, r *rand.Rand) error {
		_, err := db.Store().Asleep(ctx, s.within(r), 200)
		return err
	}),

	call("labels: a page", "Records", func(ctx context.Context, db *postgres.DB, s *sample, _ *rand.Rand) error {
		_, _, err := db.Store().Records(ctx, s.tenant.ID, chat.RecordLabel, "", 50)
		return err
	}),
	call("a label", "Record", func(ctx context.Context, db *postgres.DB, s *sample, r *rand.Rand) error {
		_, err := db.Store().Record(ctx, s.tenant.ID, chat.RecordLabel, one(r, s.labels).ID)
		return err
	}),
	call("a tenant's settings", "RecordsOf", func(ctx context.Context, db *postgres.DB, s *sample, _ *rand.Rand) error {
		_, err := db.Store().RecordsOf(ctx, s.tenant.ID, chat.RecordLabel, chat.RecordHours, chat.RecordTrigger, chat.RecordBlock, chat.RecordRouting)
		return err
	}),

	call("log: where 50 conversations stand", "Heads", func(ctx context.Context, db *postgres.DB, s *sample, r *rand.Rand) error {
		keys := make([]chat.Key, 50)
		for i := range keys {
			keys[i] = one(r, s.conversations).Key
		}
		_, err := db.Heads(ctx, keys...)
		return err
	}),
	call("log: 50 messages by id", "Find", func(ctx context.Context, db *postgres.DB, s *sample, r *rand.Rand) error {
		refs := make([]project.Ref, 50)
		for i := range refs {
			d := one(r, s.conversations)
			refs[i] = project.Ref{Key: d.Key, Message: d.message}
		}
		_, err := db.Find(ctx, refs...)
		return err
	}),
	call("log: cursors", "Cursors", func(ctx context.Context, db *postgres.DB, _ *sample, _ *rand.Rand) error {
		_, err := db.Cursors(ctx)
		return err
	}),
}
