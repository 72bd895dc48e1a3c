package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/cloudwego/hertz/pkg/app"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server/auth"
)

// WidgetConfig is what the widget of a site goes by.
type WidgetConfig struct {
	Open          bool                 `json:"open" doc:"Somebody is there by the business hours; true without any."`
	NextOpenAt    *time.Time           `json:"next_open_at" nullable:"true" doc:"When it opens next; null while it is open, and if it does not within a year."`
	BusinessHours []chat.BusinessHours `json:"business_hours" nullable:"false" doc:"Those that hold for the site."`
	Triggers      []WidgetTrigger      `json:"triggers" nullable:"false" doc:"Those that are enabled for the site."`
	AgentsOnline  bool                 `json:"agents_online" doc:"An agent is there, as of a second ago."`
	JoinSeconds   *int                 `json:"join_seconds" nullable:"true" doc:"How long visitors usually waited for an agent in the last hour (the median); null if they were too few to tell."`
	Widget        chat.Widget          `json:"widget" doc:"How the site wants its widget; see the site key."`
}

// WidgetTrigger is a trigger as it holds for the visitor.
type WidgetTrigger struct {
	ID         string                 `json:"id" format:"uuid"`
	Name       string                 `json:"name"`
	Conditions chat.TriggerConditions `json:"conditions"`
	Message    chat.Bilingual         `json:"message"`
	HeldOut    bool                   `json:"held_out" doc:"The visitor is one of those who never get it."`
}

func (a *API) widgetConfig(ctx context.Context, site *chat.SiteKey, v *chat.Visitor) WidgetConfig {
	s := a.cfg.Desk.Settings(ctx, v.Tenant)
	open, next := s.Opens(site.Key, a.cfg.Now())
	staff := a.cfg.Desk.Staffing(v.Tenant)
	out := WidgetConfig{
		Open: open, NextOpenAt: timeOrNull(next), BusinessHours: s.Hours(site.Key), Triggers: []WidgetTrigger{},
		AgentsOnline: staff.Online, Widget: site.Widget,
	}
	if staff.Online && staff.Known {
		n := seconds(staff.Joins)
		out.JoinSeconds = &n
	}
	if !site.Widget.FiresTriggers() {
		return out
	}
	for _, t := range s.Triggers(site.Key, v.ID) {
		out.Triggers = append(out.Triggers, WidgetTrigger{t.ID.String(), t.Name, t.Conditions, t.Message, t.HeldOut})
	}
	return out
}

// publicConfig is what every page of a site may know before there is a visitor.
type publicConfig struct {
	Widget   chat.Widget     `json:"widget"`
	Triggers []publicTrigger `json:"triggers"`
}

// publicTrigger is a trigger for whoever comes: the browser draws who is held out.
type publicTrigger struct {
	ID         string                 `json:"id"`
	Conditions chat.TriggerConditions `json:"conditions"`
	Message    chat.Bilingual         `json:"message"`
	HoldOut    int                    `json:"hold_out_percent"`
}

// publicConfigLife is how long browsers, and what stands between, may keep a publicConfig.
const publicConfigLife = "public, max-age=300, stale-while-revalidate=86400"

// serveConfig answers a page that has nothing but its site key, without a session, a cookie or anything of a visitor.
func (a *API) serveConfig(ctx context.Context, h *app.RequestContext) {
	c := callOf(ctx)
	h.Response.Header.Set("Vary", "Origin, Accept-Language")
	if c.origin != "" {
		allowOrigin(h, c.origin) // a page that gets no widget may read so: what it can't read may be a proxy's word, whose server is gone
	}
	raw, err := a.publicConfig(ctx, h, c)
	if err != nil {
		a.refuse(h, c, err)
		return
	}
	sum := sha256.Sum256(raw)
	etag := `"` + hex.EncodeToString(sum[:10]) + `"`
	h.Response.Header.Set("Cache-Control", publicConfigLife)
	h.Response.Header.Set("ETag", etag)
	if matchesETag(string(h.Request.Header.Peek("If-None-Match")), etag) {
		h.SetStatusCode(http.StatusNotModified)
		return
	}
	h.Data(http.StatusOK, "application/json", raw)
}

func (a *API) publicConfig(ctx context.Context, h *app.RequestContext, c *call) ([]byte, error) {
	if err := a.countAnonymous(h, c, configPath); err != nil {
		return nil, err
	}
	key := string(h.QueryArgs().Peek("key"))
	if key == "" || len(key) > 100 {
		return nil, chat.Errorf(chat.Malformed, "key: the site key is needed")
	}
	site, err := a.cfg.Auth.Site(ctx, key, c.origin)
	if err != nil {
		return nil, err
	}
	out := publicConfig{site.Widget, []publicTrigger{}}
	if site.Widget.FiresTriggers() {
		for _, t := range a.cfg.Desk.Settings(ctx, site.Tenant).Triggers(site.Key, chat.VisitorID{}) {
			out.Triggers = append(out.Triggers, publicTrigger{t.ID.String(), t.Conditions, t.Message, t.HoldOut})
		}
	}
	return json.Marshal(&out)
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
	c.welcome = true
	v := s.Actor.Profile
	if a.cfg.Desk.Blocked(ctx, v.Tenant, chat.Suspect{Visitor: v.ID, Addr: c.addr, Print: s.Print}) {
		return nil, chat.ErrBlocked
	}
	out := WidgetSession{
		Token: s.Token, ExpiresAt: s.Expires, WSURL: a.cfg.WSURL(c.host), Config: a.widgetConfig(ctx, &s.Site, v),
		Visitor: Visitor{v.ID.String(), v.ExternalID, v.Verified, v.Name, v.Email, v.Locale},
	}
	if !s.New {
		conv, err := a.cfg.Desk.OpenConversation(ctx, s.Actor)
		if err != nil {
			return nil, err
		}
		out.ConversationID = idOrNull(conv)
		if !conv.IsZero() {
			a.tellNews(ctx, &req, s.Actor)
		}
	}
	return ok(out)
}

// tellNews writes what a session says anew of a visitor who is talking: agents look at the row, which was written when the conversation began.
// What the visitor's last token said already is no news, so that what the staff has written over it stays; nor is what another browser says,
// which has no such token. Visitors get a few changes, and then one a minute. A failure costs the session nothing.
func (a *API) tellNews(ctx context.Context, req *auth.SessionRequest, by *chat.Actor) {
	v := by.Profile
	if req.Renew == nil || req.Renew.Actor.Profile.ID != v.ID {
		return
	}
	before := req.Renew.Actor.Profile
	var changes []chat.PersonChange
	if name := strings.TrimSpace(v.Name); name != "" && v.Name != before.Name {
		changes = append(changes, chat.PersonChange{Name: &name})
	}
	if email := v.Email; email != "" && email != before.Email {
		changes = append(changes, chat.PersonChange{Email: &email})
	}
	if len(v.Attributes) > 0 && !sameJSON(v.Attributes, before.Attributes) {
		changes = append(changes, chat.PersonChange{Attributes: v.Attributes})
	}
	if len(changes) == 0 || a.news.Allow(v.ID.String()) != nil {
		return
	}
	for _, c := range changes { // one that can't be, such as an e-mail address that is none, keeps no other from it
		if _, err := a.cfg.Desk.ChangePerson(ctx, by, v.ID, c); err != nil {
			a.cfg.Logger.Warn("what a page said of its visitor was not written", "tenant", v.Tenant, "visitor", v.ID, "err", err)
		}
	}
}

// sameJSON reports whether two texts say the same, however they are written.
func sameJSON(a, b []byte) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}
