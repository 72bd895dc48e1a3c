package api

import (
	"context"
	"encoding/json"
	"time"

	"github.com/uniqchat/uniqchat/server/auth"
)

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
	Token          string            `json:"token"`
	ExpiresAt      time.Time         `json:"expires_at"`
	Visitor        Visitor           `json:"visitor"`
	ConversationID *string           `json:"conversation_id" nullable:"true" format:"uuid" doc:"The visitor's open conversation, or null."`
	WSURL          string            `json:"ws_url"`
	Config         map[string]string `json:"config" nullable:"false" doc:"How the site wants its widget."`
}

// openSession gives a visitor's page a token. Nothing is written until the first message.
func (a *API) openSession(ctx context.Context, c *call, in *sessionInput) (*answer[WidgetSession], error) {
	if err := a.sessions.Allow(addressKey(c.addr)); err != nil {
		return nil, err
	}
	b := &in.Body
	req := auth.SessionRequest{
		SiteKey: b.SiteKey, Origin: c.origin, ExternalID: b.ExternalID, IdentityToken: b.IdentityToken, IdentityHMAC: b.IdentityHMAC,
		Name: b.Name, Email: b.Email, Locale: b.Locale, Attributes: b.Attributes,
	}
	if c.bearer != "" {
		cred, err := a.cfg.Auth.Verify(ctx, c.bearer)
		if err != nil {
			return nil, err
		}
		req.Renew = &cred
	}
	s, err := a.cfg.Auth.OpenSession(ctx, &req)
	if err != nil {
		return nil, err
	}
	v := s.Actor.Profile
	out := WidgetSession{
		Token: s.Token, ExpiresAt: s.Expires, WSURL: a.cfg.WSURL(c.host), Config: map[string]string{},
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
