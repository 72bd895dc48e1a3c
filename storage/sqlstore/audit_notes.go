package sqlstore

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/url"
	"reflect"
	"slices"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// before reads what a change is about to replace; nil if there is nothing yet. On PostgreSQL somebody else may change it before
// this transaction does: then the log tells both changes, and the later one from where this one thought it was.
func before[T any](ctx context.Context, q Querier, scan func(row) (T, error), query string, args ...any) (*T, error) {
	v, err := scan(q.QueryRowContext(ctx, query, args...).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &v, nil
}

// details makes an object of names and values by turns. A nil value is left away.
func details(pairs ...any) json.RawMessage {
	out := make(map[string]any, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		if name, ok := pairs[i].(string); ok && pairs[i+1] != nil {
			out[name] = pairs[i+1]
		}
	}
	b, err := json.Marshal(out)
	if err != nil { // strings, numbers and lists of them always marshal
		panic(err)
	}
	return b
}

func whenOrNil(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC()
}

// change is how one field was and is.
type change struct {
	From any `json:"from,omitempty"`
	To   any `json:"to,omitempty"`
}

// changes is what became of a thing, by the names of its fields.
type changes map[string]change

// field notes a field if it is another one now.
func (c changes) field(name string, old, now any) {
	if !reflect.DeepEqual(old, now) {
		c[name] = change{old, now}
	}
}

// secret notes that a field is another one now, and not what it is.
func (c changes) secret(name string, differs bool) {
	if differs {
		c[name] = change{}
	}
}

// changesOf compares a thing with what it was; if it is new, with nothing.
func changesOf[T any](old, now *T, compare func(c *changes, old, now *T)) changes {
	c := changes{}
	if old == nil {
		old = new(T)
	}
	compare(&c, old, now)
	return c
}

// saved notes that something was made or changed. A save that changes nothing is no act.
func (a *acts) saved(tenant chat.TenantID, kind, id, name string, existed bool, c changes) {
	action := kind + ".created"
	if existed {
		if action = kind + ".updated"; len(c) == 0 {
			return
		}
	}
	a.add(tenant, chat.AuditNote{Action: action, TargetKind: kind, TargetID: id, TargetName: name, Details: details("changed", c)})
}

// agentSaved notes what a save makes of an agent.
func (a *acts) agentSaved(ctx context.Context, q Querier, g *chat.Agent) error {
	old, err := before(ctx, q, scanAgent, `SELECT `+agentColumns+` FROM agents WHERE tenant = $1 AND id = $2`, g.Tenant, g.ID)
	if err != nil {
		return err
	}
	a.saved(g.Tenant, "agent", g.ID.String(), g.Email, old != nil, changesOf(old, g, func(c *changes, old, now *chat.Agent) {
		c.field("email", old.Email, now.Email)
		c.field("name", old.Name, now.Name)
		c.field("role", old.Role, now.Role)
		c.field("teams", ids(old.Teams), ids(now.Teams))
		c.field("capacity", old.Capacity, now.Capacity)
		c.field("disabled", old.Disabled, now.Disabled)
		c.secret("password", old.PasswordHash != now.PasswordHash && !now.TokensAfter.Before(old.TokensAfter))
	}))
	return nil
}

// ids is a list of ids that compares and reads well: never nil, in order.
func ids[T any](in []chat.ID[T]) []string {
	out := make([]string, len(in))
	for i := range in {
		out[i] = in[i].String()
	}
	slices.Sort(out)
	return out
}

// siteKeySaved notes what a save makes of a site key.
func (a *acts) siteKeySaved(k, old *chat.SiteKey) {
	a.saved(k.Tenant, "site_key", k.Key, k.Name, old != nil, changesOf(old, k, func(c *changes, old, now *chat.SiteKey) {
		c.field("name", old.Name, now.Name)
		c.field("origins", append([]string{}, old.Origins...), append([]string{}, now.Origins...))
		c.secret("secrets", !slices.Equal(old.Secrets, now.Secrets))
		was, is := members(&old.Widget), members(&now.Widget)
		for name := range is {
			c.member("widget."+name, was[name], is[name])
		}
		for name := range was {
			c.member("widget."+name, was[name], is[name])
		}
	}))
}

// members are those of a JSON object, as they are written.
func members(v any) map[string]json.RawMessage {
	out := map[string]json.RawMessage{}
	raw, err := json.Marshal(v)
	if err == nil {
		_ = json.Unmarshal(raw, &out) // we have just written it
	}
	return out
}

// webhookSaved notes what a save makes of an endpoint. Of its address only the server is told: the rest may be a secret.
func (a *acts) webhookSaved(w, old *chat.Webhook) {
	a.saved(w.Tenant, "webhook", w.ID.String(), serverOf(w.URL), old != nil, changesOf(old, w, func(c *changes, old, now *chat.Webhook) {
		c.secret("url", old.URL != now.URL)
		c.field("server", serverOf(old.URL), serverOf(now.URL))
		c.field("description", old.Description, now.Description)
		c.field("events", append([]string{}, old.Events...), append([]string{}, now.Events...))
		c.field("state", old.State.String(), now.State.String())
		c.secret("secrets", !slices.Equal(old.Secrets, now.Secrets))
	}))
}

func serverOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

// recordSaved notes what a save makes of a record.
func (a *acts) recordSaved(r, old *chat.Record) {
	was := map[string]json.RawMessage{}
	if old != nil {
		_ = json.Unmarshal(old.Body, &was) // what can't be read is told as new
	}
	now := map[string]json.RawMessage{}
	_ = json.Unmarshal(r.Body, &now)
	c := changes{}
	for name := range now {
		c.member(name, was[name], now[name])
	}
	for name := range was {
		if _, still := now[name]; !still {
			c.member(name, was[name], nil)
		}
	}
	a.saved(r.Tenant, string(r.Kind), r.ID.String(), r.Name, old != nil, c)
}

// memberMost is how long a member of a record may be to be told; of a longer one it is only told that it changed.
const memberMost = 300

// writings are members that hold what people wrote, or what must stay secret: it is told that they changed, and not to what.
var writings = []string{"text", "message", "reason", "secret", "password", "token"}

// member notes one member of a record's body.
func (c changes) member(name string, old, now json.RawMessage) {
	if bytes.Equal(old, now) {
		return
	}
	var ch change
	if !slices.Contains(writings, name) {
		if len(old) > 0 && len(old) <= memberMost {
			ch.From = old
		}
		if len(now) > 0 && len(now) <= memberMost {
			ch.To = now
		}
	}
	c[name] = ch
}

// loggedIn notes a log-in: the first refresh token of a family.
func (a *acts) loggedIn(ctx context.Context, q Querier, t *chat.RefreshToken) error {
	var n int
	if err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM refresh_tokens WHERE family = $1`, t.Family[:]).Scan(&n); err != nil || n > 0 {
		return err
	}
	who, err := before(ctx, q, scanAgent, `SELECT `+agentColumns+` FROM agents WHERE tenant = $1 AND id = $2`, t.Tenant, t.Agent)
	if err != nil {
		return err
	}
	by := chat.Act{ActorKind: chat.ActorAgent, ActorID: t.Agent.String()}
	if who != nil {
		by.ActorName = who.Name
	}
	n2 := chat.AuditNote{Action: "auth.login", TargetKind: "agent", TargetID: t.Agent.String(), Details: details("login", hex.EncodeToString(t.Family[:]))}
	if who != nil {
		n2.TargetName = who.Email
	}
	a.addBy(t.Tenant, by, n2)
	return nil
}

// loggedOut notes that a log-in was ended. One that there is none of is nobody's.
func (a *acts) loggedOut(ctx context.Context, q Querier, family [16]byte) error {
	var tenant chat.TenantID
	var agent chat.AgentID
	err := q.QueryRowContext(ctx, `SELECT tenant, agent FROM refresh_tokens WHERE family = $1 LIMIT 1`, family[:]).Scan(&tenant, &agent)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	a.add(tenant, chat.AuditNote{
		Action: "auth.logout", TargetKind: "agent", TargetID: agent.String(), Details: details("login", hex.EncodeToString(family[:])),
	})
	return nil
}
