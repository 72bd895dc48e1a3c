package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/uniqchat/uniqchat/chat"
)

// peopleRoutes are visitors as the staff sees them.
func (a *API) peopleRoutes() []row {
	const tag = "visitors"
	readsAll := managers.with(chat.VisitorsRead | chat.ConversationsRead)
	return []row{
		{http.MethodGet, "/api/v1/visitors", readers.with(chat.VisitorsRead), "listVisitors", tag, "List the visitors who have written, who came last first", 200, bind(a, a.listVisitors)},
		{http.MethodGet, "/api/v1/visitors/online", readers.with(chat.VisitorsRead), "listOnlineVisitors", tag, "The live board: who is connected, to any node", 200, bind(a, a.listOnline)},
		{http.MethodGet, "/api/v1/visitors/{id}", readers.with(chat.VisitorsRead), "getVisitor", tag, "One visitor, with the end of its trail", 200, bind(a, a.getVisitor)},
		{http.MethodPatch, "/api/v1/visitors/{id}", workers.with(chat.VisitorsWrite), "updateVisitor", tag, "Change what is known of a visitor", 200, bind(a, a.updateVisitor)},
		{http.MethodDelete, "/api/v1/visitors/{id}", managers.with(chat.VisitorsWrite), "eraseVisitor", tag, "Erase a person: everything that was written, its files, its trail and its tokens", 204, bindFor(a, erasePatience, a.eraseVisitor)},
		{http.MethodGet, "/api/v1/visitors/{id}/events", readers.with(chat.VisitorsRead), "listVisitorEvents", tag, "What a visitor did on the site, the newest first", 200, bind(a, a.listVisitorEvents)},
		{http.MethodGet, "/api/v1/visitors/{id}/export", readsAll, "exportVisitor", tag, "Everything that there is about a person, as one document", 200, bindExport(a, a.exportVisitor)},
		{http.MethodPost, "/api/v1/visitors/{id}/export", readsAll, exportByPost, tag, "The same as GET", 200, bindExport(a, a.exportVisitor)},
	}
}

// exportByPost is the one POST that only reads: there is nothing to do once.
const exportByPost = "exportVisitorByPost"

// erasePatience is how long erasing one person may take a request; the rest is done without it.
const erasePatience = 5 * time.Minute

// trailShown is how much of its trail one visitor is shown with.
const trailShown = 20

// Person is a visitor as the staff knows it.
type Person struct {
	ID            string          `json:"id" format:"uuid"`
	ExternalID    string          `json:"external_id" doc:"The shop's id of the person; a note only, unless verified."`
	Verified      bool            `json:"verified" doc:"The shop signed external_id."`
	Name          string          `json:"name"`
	Email         string          `json:"email"`
	Phone         string          `json:"phone"`
	Locale        string          `json:"locale"`
	Page          string          `json:"page" doc:"Where the visitor first wrote."`
	Attributes    json.RawMessage `json:"attributes" doc:"A JSON object."`
	Blocked       bool            `json:"blocked" doc:"The blocklist names the visitor."`
	Conversations int             `json:"conversations" doc:"How many there are, counted up to 1000."`
	FirstSeenAt   time.Time       `json:"first_seen_at"`
	LastSeenAt    *time.Time      `json:"last_seen_at" nullable:"true"`
	Version       uint64          `json:"version" doc:"Counts the staff's changes, from 1."`
	ErasedAt      *time.Time      `json:"erased_at" nullable:"true" doc:"When the person was erased: what is left is there to be counted. null if not."`
	Trail         []VisitorEvent  `json:"trail,omitzero" nullable:"false" doc:"The newest things that the visitor did on the site, the newest first; not in lists."`
}

// VisitorEvent is something that a visitor did on the site.
type VisitorEvent struct {
	ID   string          `json:"id" format:"uuid"`
	Name string          `json:"name" enum:"page_view,cart_updated,order_placed,custom"`
	Data json.RawMessage `json:"data" doc:"A JSON object."`
	At   time.Time       `json:"at"`
}

func showStep(s *chat.Step) VisitorEvent {
	return VisitorEvent{s.ID.String(), s.Name, s.Data, s.At.UTC()}
}

func (a *API) showPerson(ctx context.Context, p *chat.Person) Person {
	out := Person{
		ID: p.ID.String(), ExternalID: p.ExternalID, Verified: p.Verified, Name: p.Name, Email: p.Email, Phone: p.Phone, Locale: p.Locale, Page: p.Page,
		Attributes: p.Attributes, Blocked: a.cfg.Desk.Blocks(ctx, p.Tenant, p.ID), Conversations: p.Conversations, FirstSeenAt: p.CreatedAt.UTC(),
		LastSeenAt: timeOrNull(p.SeenAt), Version: p.Version, ErasedAt: timeOrNull(p.ErasedAt),
	}
	if len(out.Attributes) == 0 {
		out.Attributes = json.RawMessage("{}")
	}
	return out
}

type listVisitorsInput struct {
	Text     string    `query:"q" maxLength:"200" doc:"Part of the name, e-mail address, telephone number or external id; case does not matter."`
	Verified string    `query:"verified" enum:"true,false" doc:"Whether the shop signed who it is."`
	Blocked  string    `query:"blocked" enum:"true,false" doc:"Whether the blocklist names the visitor."`
	Since    time.Time `query:"since" doc:"First seen at this time or later."`
	Until    time.Time `query:"until" doc:"First seen before this time."`
	Cursor   string    `query:"cursor" maxLength:"500"`
	Limit    int       `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

// Resolve tells an empty q, which asks for nothing that can be found, from none.
func (in *listVisitorsInput) Resolve(ctx huma.Context) []error {
	if u := ctx.URL(); in.Text == "" && u.Query().Has("q") {
		return []error{&huma.ErrorDetail{Location: "query.q", Message: "is empty: leave it away to list everybody"}}
	}
	return nil
}

// maybe is true or false, or nil for neither.
func maybe(s string) *bool {
	if s == "" {
		return nil
	}
	is := s == "true"
	return &is
}

func (a *API) listVisitors(ctx context.Context, c *call, in *listVisitorsInput) (*answer[List[Person]], error) {
	f := chat.PersonFilter{Text: in.Text, Verified: maybe(in.Verified), Since: in.Since, Until: in.Until, Cursor: in.Cursor, Limit: in.Limit}
	page, next, err := a.cfg.Desk.People(ctx, c.actor(), f, maybe(in.Blocked))
	if err != nil {
		return nil, err
	}
	out := List[Person]{Data: make([]Person, len(page)), NextCursor: orNull(next)}
	for i := range page {
		out.Data[i] = a.showPerson(ctx, &page[i])
	}
	return ok(out)
}

func (a *API) getVisitor(ctx context.Context, c *call, in *Target) (*answer[Person], error) {
	id, err := pathID[chat.Visitor](in.ID)
	if err != nil {
		return nil, err
	}
	p, err := a.cfg.Desk.Person(ctx, c.actor(), id)
	if err != nil {
		return nil, err
	}
	out := a.showPerson(ctx, &p)
	steps, _, err := a.cfg.Store.Steps(ctx, p.Tenant, p.ID, "", trailShown)
	if err != nil {
		return nil, err
	}
	out.Trail = make([]VisitorEvent, len(steps))
	for i := range steps {
		out.Trail[i] = showStep(&steps[i])
	}
	return ok(out)
}

type updateVisitorInput struct {
	Target
	Body struct {
		Name       *string         `json:"name,omitempty" maxLength:"200"`
		Email      *string         `json:"email,omitempty" maxLength:"320"`
		Phone      *string         `json:"phone,omitempty" maxLength:"40"`
		Attributes json.RawMessage `json:"attributes,omitempty" doc:"A JSON object that is laid over what is there (RFC 7396): members that are null go; at most 4 KiB in all."`
		Version    uint64          `json:"version,omitempty" doc:"The version that the caller has seen: 409 if it is another by now."`
	}
}

func (a *API) updateVisitor(ctx context.Context, c *call, in *updateVisitorInput) (*answer[Person], error) {
	id, err := pathID[chat.Visitor](in.ID)
	if err != nil {
		return nil, err
	}
	b := &in.Body
	p, err := a.cfg.Desk.ChangePerson(ctx, c.actor(), id, chat.PersonChange{
		Name: b.Name, Email: b.Email, Phone: b.Phone, Attributes: b.Attributes, Version: b.Version,
	})
	if err != nil {
		return nil, err
	}
	return ok(a.showPerson(ctx, &p))
}

func (a *API) eraseVisitor(ctx context.Context, c *call, in *Target) (*none, error) {
	id, err := pathID[chat.Visitor](in.ID)
	if err != nil {
		return nil, err
	}
	return &none{}, a.cfg.Desk.EraseVisitor(ctx, c.actor(), id)
}

type listVisitorEventsInput struct {
	Target
	Cursor string `query:"cursor" maxLength:"50"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

func (a *API) listVisitorEvents(ctx context.Context, c *call, in *listVisitorEventsInput) (*answer[List[VisitorEvent]], error) {
	id, err := pathID[chat.Visitor](in.ID)
	if err != nil {
		return nil, err
	}
	if _, err := a.cfg.Desk.Person(ctx, c.actor(), id); err != nil {
		return nil, err
	}
	page, next, err := a.cfg.Store.Steps(ctx, c.actor().Tenant, id, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	out := List[VisitorEvent]{Data: make([]VisitorEvent, len(page)), NextCursor: orNull(next)}
	for i := range page {
		out.Data[i] = showStep(&page[i])
	}
	return ok(out)
}
