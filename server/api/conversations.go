package api

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/uniqchat/uniqchat/chat"
)

type listConversationsInput struct {
	Status   string    `query:"status" doc:"One or several of queued, open, bot, snoozed, closed, with commas between."`
	Assignee string    `query:"assignee" doc:"An agent's id, me, or none: nobody's."`
	Team     string    `query:"team" doc:"A team's id."`
	Visitor  string    `query:"visitor" doc:"A visitor's id."`
	Label    string    `query:"label" maxLength:"50" doc:"A label's name or id."`
	Since    time.Time `query:"since" doc:"Created at this time or later."`
	Until    time.Time `query:"until" doc:"Created before this time."`
	Text     string    `query:"q" maxLength:"200" doc:"Full text: conversations with a message, notes among agents included, that has all of it; the newest such message first. Words in any order, the last one may be unfinished; Chinese, Japanese and Korean characters as they stand. A page may then be shorter than limit, or empty, though next_cursor leads on."`
	Sort     string    `query:"sort" enum:"activity,waiting" doc:"activity, the default: the newest first. waiting: in the order in which they are taken, the highest priority first, of these who has waited longest; only with status=queued, and without q."`
	Cursor   string    `query:"cursor" maxLength:"500"`
	Limit    int       `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

// Resolve tells an empty q, which asks for nothing that can be found, from none.
func (in *listConversationsInput) Resolve(ctx huma.Context) []error {
	if u := ctx.URL(); in.Text == "" && u.Query().Has("q") {
		return []error{&huma.ErrorDetail{Location: "query.q", Message: "is empty: leave it away to list everything"}}
	}
	return nil
}

func (a *API) listConversations(ctx context.Context, c *call, in *listConversationsInput) (*answer[List[Conversation]], error) {
	f := chat.Filter{Since: in.Since, Until: in.Until, Text: in.Text, ByWait: in.Sort == "waiting", Cursor: in.Cursor, Limit: in.Limit}
	if in.Status != "" {
		for name := range strings.SplitSeq(in.Status, ",") {
			s, err := chat.ParseStatus(strings.TrimSpace(name))
			if err != nil {
				return nil, err
			}
			f.Statuses = append(f.Statuses, s)
		}
	}
	var err error
	if in.Assignee == "me" {
		f.Assignee = chat.AgentID(c.actor().User)
	} else if in.Assignee == "none" {
		f.Unassigned = true
	} else if f.Assignee, err = optionalID[chat.Agent]("assignee", in.Assignee); err != nil {
		return nil, err
	}
	if f.Team, err = optionalID[chat.Team]("team", in.Team); err != nil {
		return nil, err
	}
	if f.Visitor, err = optionalID[chat.Visitor]("visitor", in.Visitor); err != nil {
		return nil, err
	}
	if in.Label != "" {
		if f.Label, err = a.cfg.Desk.Settings(ctx, c.actor().Tenant).LabelID(in.Label); err != nil { // nothing has it
			return ok(List[Conversation]{Data: []Conversation{}})
		}
	}
	page, next, err := a.cfg.Desk.Conversations(ctx, c.actor(), f)
	if err != nil {
		return nil, err
	}
	out := List[Conversation]{Data: make([]Conversation, len(page)), NextCursor: orNull(next)}
	for i := range page {
		out.Data[i] = a.showConversation(ctx, c, &page[i])
		out.Data[i].Match = showMatch(in.Text, page[i].Match)
	}
	return ok(out)
}

func (a *API) getConversation(ctx context.Context, c *call, in *Target) (*answer[Conversation], error) {
	id, err := pathID[chat.Conversation](in.ID)
	if err != nil {
		return nil, err
	}
	return a.conversation(ctx, c, id)
}

// conversation answers with a conversation as it is now.
func (a *API) conversation(ctx context.Context, c *call, id chat.ConversationID) (*answer[Conversation], error) {
	conv, err := a.cfg.Desk.Conversation(ctx, c.actor(), id)
	if err != nil {
		return nil, err
	}
	return ok(a.showConversation(ctx, c, &conv))
}

type listMessagesInput struct {
	Target
	After  uint64 `query:"after" doc:"Only messages with a greater seq."`
	Before uint64 `query:"before" doc:"Only messages with a smaller seq; the newest of them."`
	Newest bool   `query:"newest" doc:"The newest page, instead of the oldest; the cursor then leads to older ones."`
	Cursor string `query:"cursor" maxLength:"50"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

// MessagePage is a page of messages, oldest first.
type MessagePage struct {
	List[Message]
	Complete bool `json:"complete" doc:"Nothing is left in the asked range."`
}

func (a *API) listMessages(ctx context.Context, c *call, in *listMessagesInput) (*answer[MessagePage], error) {
	id, err := pathID[chat.Conversation](in.ID)
	if err != nil {
		return nil, err
	}
	p := chat.Page{After: chat.Seq(in.After), Before: chat.Seq(in.Before), Limit: in.Limit, Newest: in.Newest && in.After == 0 && in.Before == 0}
	if in.Cursor != "" {
		seq, older, err := parseMessageCursor(in.Cursor)
		if err != nil {
			return nil, err
		}
		p.Newest = false
		if older {
			p.Before = seq
		} else {
			p.After = seq
		}
	}
	messages, complete, err := a.cfg.Desk.Messages(ctx, c.actor(), id, p)
	if err != nil {
		return nil, err
	}
	out := MessagePage{List: List[Message]{Data: make([]Message, len(messages))}, Complete: complete}
	for i := range messages {
		out.Data[i] = showMessage(&messages[i], c.actor().Audience())
	}
	if n := len(messages); n > 0 && !complete {
		next := messageCursor(messages[n-1].Seq, false)
		if p.Newest || p.Before > 0 {
			next = messageCursor(messages[0].Seq, true)
		}
		out.NextCursor = &next
	}
	return ok(out)
}

// messageCursor names the place where the next page begins.
func messageCursor(seq chat.Seq, older bool) string {
	b := []byte{'n'}
	if older {
		b[0] = 'o'
	}
	return base64.RawURLEncoding.EncodeToString(binary.AppendUvarint(b, uint64(seq)))
}

func parseMessageCursor(s string) (seq chat.Seq, older bool, err error) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil && len(b) > 1 && (b[0] == 'n' || b[0] == 'o') {
		if v, n := binary.Uvarint(b[1:]); n == len(b)-1 {
			return chat.Seq(v), b[0] == 'o', nil
		}
	}
	return 0, false, chat.Errorf(chat.Malformed, "cursor is not one of ours")
}

func (a *API) accept(ctx context.Context, c *call, in *Target) (*answer[Conversation], error) {
	return a.act(ctx, c, in.ID, func(id chat.ConversationID) error { return a.cfg.Desk.Accept(ctx, c.actor(), id) })
}

type assignInput struct {
	Target
	Body struct {
		AgentID *string `json:"agent_id" nullable:"true" doc:"Who gets it; null puts it back into the queue."`
	}
}

func (a *API) assign(ctx context.Context, c *call, in *assignInput) (*answer[Conversation], error) {
	var to chat.AgentID
	if in.Body.AgentID != nil {
		var err error
		if to, err = bodyID[chat.Agent]("agent_id", *in.Body.AgentID); err != nil {
			return nil, err
		}
	}
	return a.act(ctx, c, in.ID, func(id chat.ConversationID) error { return a.cfg.Desk.Assign(ctx, c.actor(), id, to) })
}

// bodyID reads an id of a body, which may not be empty.
func bodyID[Of any](name, s string) (chat.ID[Of], error) {
	id, err := optionalID[Of](name, s)
	if err == nil && id.IsZero() {
		err = chat.Errorf(chat.Malformed, "%s: is empty", name)
	}
	return id, err
}

type transferInput struct {
	Target
	Body struct {
		AgentID string `json:"agent_id,omitempty" doc:"Who gets it."`
		TeamID  string `json:"team_id,omitempty" doc:"Whose queue it goes to, or the team of the agent."`
		Note    string `json:"note,omitempty" maxLength:"2000" doc:"For whoever takes it."`
	}
}

func (a *API) transfer(ctx context.Context, c *call, in *transferInput) (*answer[Conversation], error) {
	to, err := optionalID[chat.Agent]("agent_id", in.Body.AgentID)
	if err != nil {
		return nil, err
	}
	team, err := optionalID[chat.Team]("team_id", in.Body.TeamID)
	if err != nil {
		return nil, err
	}
	id, err := pathID[chat.Conversation](in.ID)
	if err != nil {
		return nil, err
	}
	if err := a.cfg.Desk.Transfer(ctx, c.actor(), id, to, team, in.Body.Note); err != nil {
		return nil, err
	}
	// It may have gone to a team that the caller is not in: show it this once all the same.
	conv, err := a.cfg.Desk.Conversation(ctx, &chat.Actor{Tenant: c.actor().Tenant, Role: chat.RoleSystem}, id)
	if err != nil {
		return nil, err
	}
	return ok(a.showConversation(ctx, c, &conv))
}

func (a *API) close(ctx context.Context, c *call, in *Target) (*answer[Conversation], error) {
	return a.act(ctx, c, in.ID, func(id chat.ConversationID) error { return a.cfg.Desk.Close(ctx, c.actor(), id) })
}

func (a *API) reopen(ctx context.Context, c *call, in *Target) (*answer[Conversation], error) {
	return a.act(ctx, c, in.ID, func(id chat.ConversationID) error { return a.cfg.Desk.Reopen(ctx, c.actor(), id) })
}

// act does something to a conversation and answers with what became of it.
func (a *API) act(ctx context.Context, c *call, rawID string, do func(chat.ConversationID) error) (*answer[Conversation], error) {
	id, err := pathID[chat.Conversation](rawID)
	if err != nil {
		return nil, err
	}
	if err := do(id); err != nil {
		return nil, err
	}
	return a.conversation(ctx, c, id)
}

type readInput struct {
	Target
	Body struct {
		Seq uint64 `json:"seq" maximum:"9007199254740991" doc:"Everything up to and including it was read."`
	}
}

// ReadMark is how far a reader has got.
type ReadMark struct {
	Read      uint64 `json:"read"`
	Delivered uint64 `json:"delivered"`
}

func (a *API) read(ctx context.Context, c *call, in *readInput) (*answer[ReadMark], error) {
	id, err := pathID[chat.Conversation](in.ID)
	if err != nil {
		return nil, err
	}
	m, err := a.cfg.Desk.MarkRead(ctx, c.actor(), id, chat.Seq(in.Body.Seq), chat.SessionID{})
	if err != nil {
		return nil, err
	}
	return ok(ReadMark{uint64(m.Read), uint64(m.Delivered)})
}
