package api

import (
	"context"
	"encoding/json"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server/auth"
)

// WidgetConfig is what the widget of a site goes by.
type WidgetConfig struct {
	Open          bool                 `json:"open" doc:"Somebody is there by the business hours; true without any."`
	NextOpenAt    *time.Time           `json:"next_open_at" nullable:"true" doc:"When it opens next; null while it is open, and if it does not within a year."`
	BusinessHours []chat.BusinessHours `json:"business_hours" nullable:"false" doc:"Those that hold for the site."`
	Triggers      []WidgetTrigger      `json:"triggers" nullable:"false" doc:"Those that are enabled for the site."`
}

// WidgetTrigger is a trigger as it holds for the visitor.
type WidgetTrigger struct {
	ID         string                 `json:"id" format:"uuid"`
	Name       string                 `json:"name"`
	Conditions chat.TriggerConditions `json:"conditions"`
	Message    chat.Bilingual         `json:"message"`
	HeldOut    bool                   `json:"held_out" doc:"The visitor is one of those who never get it."`
}

func (a *API) widgetConfig(ctx context.Context, site string, v *chat.Visitor) WidgetConfig {
	s := a.cfg.Desk.Settings(ctx, v.Tenant)
	open, next := s.Opens(site, a.cfg.Now())
	out := WidgetConfig{Open: open, NextOpenAt: timeOrNull(next), BusinessHours: s.Hours(site), Triggers: []WidgetTrigger{}}
	for _, t := range s.Triggers(site, v.ID) {
		out.Triggers = append(out.Triggers, WidgetTrigger{t.ID.String(), t.Name, t.Conditions, t.Message, t.HeldOut})
	}
	return out
}

type sessionInput struct {
	Body struct {
		SiteKey       string          `json:"site_key" minLength:"1" doc:"What the shop's page is known by."`
		ExternalID    string          `json:"external_id,omitempty" doc:"The shop's id of the person; a note only, unless signed."`
		IdentityToken string          `json:"identity_token,omitempty" doc:"JWT (HS256) signed with the site's secret: sub or external_id, exp."`
		IdentityHMAC  string          `json:"identity_hmac,omitempty" doc:"Hexadecimal HMAC-SHA256 of external_id under the site's secret."`
		Name          string          `json:"name,omitempty"`
		Email         string          `json:"email,omitempty"`
		Locale        string          `json:"locale,omitempty"`
		Attributes    json.RawMessage `json:"attributes,omitempty" doc:"A JSON object of at most 4 KiB."`
		Fingerprint   string          `json:"fingerprint,omitempty" maxLength:"128" doc:"What the page knows its device again by, if it does: the blocklist may name it."`
		Device        string          `json:"device,omitempty" maxLength:"64" doc:"The page load's id, as in CONNECT."`
	}
}

// Visitor is whom a session belongs to.
type Visitor struct {
	ID         string `json:"id" format:"uuid"`
	ExternalID string `json:"external_id,omitempty"`
	Verified   bool   `json:"verified" doc:"The shop signed external_id."`
	Name       string `json:"name,omitempty"`
	Email      string `json:"email,omitempty"`
	Locale     string `json:"locale,omitempty"`
}

// WidgetSession is what a widget needs to talk.
type WidgetSession struct {
	Token          string       `json:"token"`
	ExpiresAt      time.Time    `json:"expires_at"`
	Visitor        Visitor      `json:"visitor"`
	ConversationID *string      `json:"conversation_id" nullable:"true" format:"uuid" doc:"The visitor's open conversation, or null."`
	WSURL          string       `json:"ws_url"`
	Config         WidgetConfig `json:"config" doc:"How the site wants its widget."`
}

// openSession gives a visitor's page a token. Nothing is written until the first message.
func (a *API) openSession(ctx context.Context, c *call, in *sessionInput) (*answer[WidgetSession], error) {
	if c.bearer == "" {
		if err := a.sessions.Allow(addressKey(c.addr)); err != nil {
			return nil, err
		}
	}
	b := &in.Body
	req := auth.SessionRequest{
		SiteKey: b.SiteKey, Origin: c.origin, ExternalID: b.ExternalID, IdentityToken: b.IdentityToken, IdentityHMAC: b.IdentityHMAC,
		Name: b.Name, Email: b.Email, Locale: b.Locale, Attributes: b.Attributes,
	}
	if req.Print = chat.PrintOf(b.Fingerprint); req.Print == 0 {
		req.Print = chat.PrintOf(b.Device)
	}
	if c.bearer != "" {
		cred, err := a.cfg.Auth.Verify(ctx, c.bearer)
		if err != nil {
			return nil, a.unproven(c.h, c, err)
		}
		if err := a.count(ctx, c.h, &cred); err != nil { // many visitors may share an address, but not a token
			return nil, err
		}
		req.Renew = &cred
	}
	s, err := a.cfg.Auth.OpenSession(ctx, &req)
	if err != nil {
		return nil, err
	}
	v := s.Actor.Profile
	if a.cfg.Desk.Blocked(ctx, v.Tenant, chat.Suspect{Visitor: v.ID, Addr: c.addr, Print: s.Print}) {
		return nil, chat.ErrBlocked
	}
	out := WidgetSession{
		Token: s.Token, ExpiresAt: s.Expires, WSURL: a.cfg.WSURL(c.host), Config: a.widgetConfig(ctx, b.SiteKey, v),
		Visitor: Visitor{v.ID.String(), v.ExternalID, v.Verified, v.Name, v.Email, v.Locale},
	}
	if !s.New {
		conv, err := a.cfg.Desk.OpenConversation(ctx, s.Actor)
		if err != nil {
			return nil, err
		}
		out.ConversationID = idOrNull(conv)
	}
	return ok(out)
}
