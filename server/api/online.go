package api

import (
	"context"
	"encoding/json"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// OnlineVisitor is a visitor who is connected, as the live board shows it.
type OnlineVisitor struct {
	ID             string          `json:"id" format:"uuid"`
	ExternalID     string          `json:"external_id"`
	Verified       bool            `json:"verified"`
	Name           string          `json:"name"`
	Email          string          `json:"email"`
	Locale         string          `json:"locale"`
	Page           string          `json:"page" doc:"Where the visitor is."`
	State          string          `json:"state" enum:"idle,queued,chatting"`
	ConversationID *string         `json:"conversation_id" nullable:"true" format:"uuid" doc:"The open conversation, or null."`
	Since          time.Time       `json:"since" doc:"Since when the visitor is here."`
	LastSeenAt     time.Time       `json:"last_seen_at" doc:"When it last did something that is known."`
	Pages          int             `json:"pages" doc:"How many pages it has looked at, as far as the site tells (TRACK)."`
	Cart           json.RawMessage `json:"cart" doc:"What the site told of the cart last; null if it is empty."`
	CartValue      float64         `json:"cart_value"`
	Trail          []VisitorEvent  `json:"trail" nullable:"false" doc:"The newest things that the visitor did on the site, the newest first."`
}

// OnlineVisitors is a page of the live board.
type OnlineVisitors struct {
	List[OnlineVisitor]
	Total    int  `json:"total" doc:"How many match."`
	Complete bool `json:"complete" doc:"false: a node has not answered, and its visitors are missing."`
}

type onlineInput struct {
	Text    string    `query:"q" maxLength:"200" doc:"Part of the name, e-mail address, external id or page."`
	Page    string    `query:"page" maxLength:"500" doc:"Part of the address of the page."`
	Locale  string    `query:"locale" maxLength:"35" doc:"The beginning of the locale, such as zh."`
	Country string    `query:"country" maxLength:"2" doc:"The region of the locale, such as CN."`
	State   string    `query:"state" enum:"idle,queued,chatting"`
	HasCart string    `query:"has_cart" enum:"true,false"`
	Since   time.Time `query:"since" doc:"Here since this time or later."`
	Sort    string    `query:"sort" enum:"since,last_seen,pages,cart_value" default:"since"`
	Order   string    `query:"order" enum:"asc,desc" default:"desc"`
	Cursor  string    `query:"cursor" maxLength:"200"`
	Limit   int       `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

func (a *API) listOnline(ctx context.Context, c *call, in *onlineInput) (*answer[OnlineVisitors], error) {
	q := chat.BoardQuery{
		Text: in.Text, Page: in.Page, Locale: in.Locale, Country: in.Country, State: in.State, Cart: maybe(in.HasCart), Since: in.Since,
		Sort: in.Sort, Asc: in.Order == "asc", Limit: in.Limit,
	}
	if q.Sort == "last_seen" {
		q.Sort = chat.BySeen
	}
	var err error
	if q.After, err = chat.ParseBoardPlace(in.Cursor); err != nil {
		return nil, err
	}
	b, err := a.cfg.Desk.Online(ctx, c.actor(), q)
	if err != nil {
		return nil, err
	}
	out := OnlineVisitors{List: List[OnlineVisitor]{Data: make([]OnlineVisitor, len(b.Guests))}, Total: b.Total, Complete: b.Complete}
	for i := range b.Guests {
		out.Data[i] = showGuest(&b.Guests[i])
	}
	if b.Next != nil {
		out.NextCursor = orNull(b.Next.String())
	}
	return ok(out)
}

func showGuest(g *chat.Guest) OnlineVisitor {
	out := OnlineVisitor{
		ID: g.ID.String(), ExternalID: g.ExternalID, Verified: g.Verified, Name: g.Name, Email: g.Email, Locale: g.Locale, Page: g.Page, State: g.State,
		ConversationID: idOrNull(g.Conversation), Since: time.UnixMilli(g.Since).UTC(), LastSeenAt: time.UnixMilli(g.Seen).UTC(), Pages: g.Pages,
		Cart: g.Cart, CartValue: g.CartValue, Trail: make([]VisitorEvent, len(g.Trail)),
	}
	if out.Cart == nil {
		out.Cart = json.RawMessage("null")
	}
	for i := range g.Trail { // oldest first
		out.Trail[len(g.Trail)-1-i] = showStep(&g.Trail[i])
	}
	return out
}
