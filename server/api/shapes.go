package api

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/chat/text"
)

// Conversation is a conversation as the API shows it.
type Conversation struct {
	ID          string          `json:"id" format:"uuid"`
	Status      string          `json:"status" enum:"queued,open,bot,snoozed,closed"`
	VisitorID   string          `json:"visitor_id" format:"uuid"`
	VisitorName string          `json:"visitor_name" doc:"As the site named the visitor; may be empty."`
	AssigneeID  *string         `json:"assignee_id" nullable:"true" format:"uuid"`
	TeamID      *string         `json:"team_id" nullable:"true" format:"uuid"`
	Labels      []string        `json:"labels" nullable:"false" doc:"Names of labels."`
	Priority    int             `json:"priority" doc:"-100 to 100; higher is routed first."`
	Context     json.RawMessage `json:"context" doc:"A JSON object."`
	Version     uint64          `json:"version" doc:"Counts changes of state, from 1."`
	LastMessage *Message        `json:"last_message" doc:"The newest public message that is not a system message, or null."`
	Unread      int             `json:"unread" doc:"Visitor messages after the last one that an agent read."`
	CreatedAt   time.Time       `json:"created_at"`
	QueuedAt    *time.Time      `json:"queued_at" nullable:"true" doc:"Since when it waits; null unless queued."`
	ClosedAt    *time.Time      `json:"closed_at" nullable:"true"`
	Until       *time.Time      `json:"snoozed_until" nullable:"true" doc:"When a snoozed conversation wakes; null unless snoozed, and if only its visitor can wake it."`
	Rating      *int            `json:"rating" nullable:"true" doc:"1 to 5, as the visitor rated it; null if not."`
	Comment     string          `json:"rating_comment,omitempty" doc:"What the visitor wrote with the rating."`
	Match       *Match          `json:"match,omitempty" doc:"In a list by q: what was found in the conversation."`
}

// Match is the newest message of a conversation that has what was asked for.
type Match struct {
	Mid     string `json:"mid" format:"uuid"`
	Seq     uint64 `json:"seq"`
	Snippet string `json:"snippet" doc:"The part of the message around what was asked for; plain text."`
}

// Message is a message: the MESSAGE packet's fields by the same names.
type Message struct {
	Conv       string          `json:"conv" format:"uuid"`
	Seq        uint64          `json:"seq"`
	Prev       uint64          `json:"prev" doc:"The seq of the message before it that the caller may see."`
	Mid        string          `json:"mid" format:"uuid"`
	CMID       string          `json:"cmid" format:"uuid"`
	Sender     *string         `json:"sender" nullable:"true" format:"uuid" doc:"null: the system."`
	Role       string          `json:"role" enum:"system,visitor,agent,bot,api"`
	Kind       string          `json:"kind" enum:"text,image,file,card,form,system"`
	Visibility string          `json:"visibility" enum:"public,internal"`
	Time       int64           `json:"time" doc:"Milliseconds since 1970, UTC."`
	ReplyTo    *string         `json:"reply_to" nullable:"true" format:"uuid"`
	Body       json.RawMessage `json:"body" doc:"The body that the kind has; see the protocol."`
	Edited     bool            `json:"edited,omitempty" doc:"Only as last_message: the body is not what was first sent."`
	Recalled   bool            `json:"recalled,omitempty" doc:"Only as last_message: the message was taken back, and its body is {}."`
}

// Agent is a member of the staff.
type Agent struct {
	ID        string    `json:"id" format:"uuid"`
	Email     string    `json:"email"`
	Name      string    `json:"name"`
	Role      string    `json:"role" enum:"owner,admin,supervisor,agent,viewer"`
	Teams     []string  `json:"teams" nullable:"false"`
	Capacity  int       `json:"capacity" doc:"How many open conversations routing gives at once."`
	Status    string    `json:"status" enum:"offline,online,busy,away"`
	Disabled  bool      `json:"disabled"`
	CreatedAt time.Time `json:"created_at"`
}

// Team is a group of agents that conversations can be given to.
type Team struct {
	ID        string    `json:"id" format:"uuid"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"created_at"`
}

// List is the body of every list.
type List[T any] struct {
	Data       []T     `json:"data" nullable:"false"`
	NextCursor *string `json:"next_cursor" nullable:"true" doc:"Give it as cursor to get what follows; null at the end."`
}

// answer is a 2xx with a body.
type answer[T any] struct{ Body T }

func ok[T any](v T) (*answer[T], error) { return &answer[T]{v}, nil }

// none is an answer or input without anything in it.
type none struct{}

func orNull[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

func idOrNull[Of any](id chat.ID[Of]) *string {
	if id.IsZero() {
		return nil
	}
	s := id.String()
	return &s
}

func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	u := t.UTC()
	return &u
}

// showConversation shows a conversation to the caller. What only the staff knows of it is not for its visitor.
func (a *API) showConversation(ctx context.Context, to *call, c *chat.Conversation) Conversation {
	return shapeConversation(ctx, a.cfg.Desk, to.actor().Audience(), c)
}

// shapeConversation is a conversation as an audience may see it.
func shapeConversation(ctx context.Context, desk *chat.Desk, audience chat.Audience, c *chat.Conversation) Conversation {
	out := Conversation{
		ID: c.ID.String(), Status: c.Status.String(), VisitorID: c.Visitor.String(), VisitorName: c.VisitorName,
		AssigneeID: idOrNull(c.Assignee), TeamID: idOrNull(c.Team), Labels: []string{}, Version: c.Version, CreatedAt: c.CreatedAt.UTC(), QueuedAt: timeOrNull(c.Queued),
		ClosedAt: timeOrNull(c.ClosedAt), Until: timeOrNull(c.Wakes), Rating: orNull(c.Rating.Score), Comment: c.Rating.Comment,
	}
	if audience == chat.AudienceAll {
		out.Priority, out.Context, out.Unread = c.Priority, c.Context, c.Unread
		if len(c.Labels) > 0 {
			out.Labels = desk.Settings(ctx, c.Tenant).LabelNames(c.Labels)
		}
	}
	if len(out.Context) == 0 {
		out.Context = json.RawMessage("{}")
	}
	if c.LastMessage != nil {
		m := showMessage(c.LastMessage, audience)
		m.Edited, m.Recalled = c.LastRevised == chat.Edited, c.LastRevised == chat.Recalled
		out.LastMessage = &m
	}
	return out
}

// snippetLength is how many characters of a message a list of results shows.
const snippetLength = 120

// showMatch is what was found, nil if nothing was asked for.
func showMatch(q string, m *chat.Message) *Match {
	if m == nil {
		return nil
	}
	out := &Match{Mid: m.ID.String(), Seq: uint64(m.Seq)}
	said := strings.Join(chat.Said(nil, m.Kind, m.Body), " – ")
	if query, err := text.Parse(q); err == nil {
		out.Snippet = query.Snippet(said, snippetLength)
	}
	return out
}

var (
	kindNames       = [...]string{"text", "image", "file", "card", "form", "system"}
	visibilityNames = [...]string{"public", "internal"}
)

func showMessage(m *chat.Message, to chat.Audience) Message {
	out := Message{
		Conv: m.Conversation.String(), Seq: uint64(m.Seq), Prev: uint64(m.PrevFor(to)), Mid: m.ID.String(), CMID: m.CMID.String(),
		Sender: idOrNull(m.Sender), Role: m.Role.String(), Kind: "unknown", Visibility: visibilityNames[m.Visibility&1],
		Time: m.Time.UnixMilli(), ReplyTo: idOrNull(m.ReplyTo), Body: m.BodyFor(to),
	}
	if int(m.Kind) < len(kindNames) {
		out.Kind = kindNames[m.Kind]
	}
	if len(out.Body) == 0 {
		out.Body = json.RawMessage("{}")
	}
	return out
}

var availabilityNames = [...]string{"offline", "online", "busy", "away"}

func (a *API) showAgent(g *chat.Agent) Agent {
	out := Agent{
		ID: g.ID.String(), Email: g.Email, Name: g.Name, Role: string(g.Role), Teams: make([]string, len(g.Teams)),
		Capacity: g.Capacity, Disabled: g.Disabled, CreatedAt: g.CreatedAt.UTC(),
		Status: availabilityNames[a.cfg.Desk.Presence.Agent(g.Tenant, g.ID)&3],
	}
	for i, t := range g.Teams {
		out.Teams[i] = t.String()
	}
	return out
}

// Target is the {id} of a route.
type Target struct {
	ID string `path:"id" doc:"A UUID."`
}

// pathID reads a path's id; what is not an id names nothing.
func pathID[Of any](s string) (chat.ID[Of], error) {
	id, err := chat.ParseID[Of](s)
	if err != nil || id.IsZero() {
		return id, chat.Errorf(chat.NotFound, "there is nothing with this id")
	}
	return id, nil
}

// optionalID reads an id that may be missing.
func optionalID[Of any](name, s string) (chat.ID[Of], error) {
	if s == "" {
		return chat.ID[Of]{}, nil
	}
	id, err := chat.ParseID[Of](s)
	if err != nil {
		return id, chat.Errorf(chat.Malformed, "%s: %s", name, err)
	}
	return id, nil
}
