package server_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

// told is what was done, by the audit action that the document promises for it: the ids of requests that were answered with success.
type told map[string][]string

func (d told) did(op any, a *answer) *answer {
	if action, ok := op.(map[string]any)["x-audit-action"].(string); ok {
		if d[action] = append(d[action], ""); a.status < 300 {
			d[action] = append(d[action], a.header.Get("X-Request-Id"))
		}
	}
	return a
}

// elsewhere is what the matrix can't do with success, or not in every order: the tests below do.
var elsewhere = map[string]bool{"totp.enabled": true, "totp.disabled": true, "auth.logout": true, "routing.deleted": true, "bot.deleted": true, "mail.deleted": true, "retention.deleted": true, "knowledge.rolled_back": true, "knowledge.canary_promoted": true}

// check wants an entry for every kind of act that was promised and done.
func (d told) check(n *node) {
	n.t.Helper()
	logged := map[string][]string{}
	for _, tenant := range []chat.TenantID{n.tenant.ID, {}} {
		all, err := n.kept.Store.AuditRange(context.Background(), tenant, 0, 1_000_000)
		require.NoError(n.t, err)
		for i := range all {
			logged[all[i].Request] = append(logged[all[i].Request], all[i].Action)
		}
	}
	require.Greater(n.t, len(d), 30)
	for promised, requests := range d {
		found := false
		for _, id := range requests {
			for _, action := range logged[id] {
				found = found || id != "" && strings.Contains(" "+promised+" ", " "+action+" ")
			}
		}
		require.True(n.t, found || elsewhere[promised], "no entry %s in the audit log for any of the %d requests that should have made it", promised, len(requests))
	}
}

// acts returns what the audit log says, the oldest first.
func (n *node) acts(token, query string) (all []map[string]any) {
	n.t.Helper()
	got := n.call("GET", "/api/v1/audit-log?limit=200&"+query, token, nil)
	require.Equal(n.t, 200, got.status, string(got.raw))
	for _, e := range got.data() {
		all = append([]map[string]any{e.(map[string]any)}, all...)
	}
	return all
}

func names(all []map[string]any) (out []string) {
	for _, e := range all {
		out = append(out, e["action"].(string))
	}
	return out
}

func TestAuditOfLogins(t *testing.T) {
	n := start(t, nil)
	owner, ownerToken := n.agent(n.tenant.ID, chat.Owner)
	a, _ := n.agent(n.tenant.ID, chat.Member)
	login := func(password string) *answer {
		return n.call("POST", "/api/v1/auth/login", "", map[string]any{"email": a.Email, "password": password})
	}
	require.Equal(t, 401, login("wrong wrong").status)
	require.Equal(t, 401, n.call("POST", "/api/v1/auth/login", "", map[string]any{"email": "nobody@x.test", "password": "wrong wrong"}).status)
	in := login(password)
	require.Equal(t, 200, in.status)
	access := in.body["access_token"].(string)
	require.Equal(t, 200, n.call("POST", "/api/v1/auth/refresh", "", map[string]any{"refresh_token": in.body["refresh_token"]}).status)
	e := n.call("POST", "/api/v1/auth/totp/enrol", access, map[string]any{"password": password})
	secret := e.body["secret"].(string)
	now := func(ahead time.Duration) map[string]any {
		code, err := totp.GenerateCode(secret, time.Now().Add(ahead))
		require.NoError(t, err)
		return map[string]any{"code": code, "password": password}
	}
	confirm := now(0)
	delete(confirm, "password")
	require.Equal(t, 200, n.call("POST", "/api/v1/auth/totp/confirm", access, confirm).status)
	challenged := login(password)
	require.Equal(t, "totp_required", challenged.code())
	require.Equal(t, 401, n.call("POST", "/api/v1/auth/totp", "", map[string]any{"challenge": challenged.body["challenge"], "code": "000000"}).status)
	require.Equal(t, 204, n.call("POST", "/api/v1/auth/totp/disable", access, now(30*time.Second)).status)
	require.Equal(t, 403, n.call("POST", "/api/v1/auth/password", access, map[string]any{"current_password": "wrong wrong", "new_password": "another horse"}).status)
	require.Equal(t, 204, n.call("POST", "/api/v1/auth/logout", access, nil).status)

	all := n.acts(ownerToken, "target="+a.ID.String())
	require.Equal(t, strings.Fields("agent.created auth.failed auth.login totp.enrolled totp.enabled auth.failed totp.disabled auth.failed auth.logout"), names(all))
	kind := func(i int) any { return all[i]["actor"].(map[string]any)["kind"] }
	require.Equal(t, []any{"system", "anonymous", "agent", "agent", "agent", "anonymous", "agent"}, []any{kind(0), kind(1), kind(2), kind(3), kind(4), kind(5), kind(6)})
	require.Equal(t, "failed", all[1]["outcome"])
	require.Equal(t, "127.0.0.1", all[1]["address"])
	require.Equal(t, map[string]any{"proof": "password"}, all[1]["details"])
	require.Equal(t, in.header.Get("X-Request-Id"), all[2]["request_id"])
	require.Equal(t, a.ID.String(), all[2]["actor"].(map[string]any)["id"])
	require.Empty(t, n.acts(ownerToken, "actor="+owner.ID.String()))
}

func TestAuditLog(t *testing.T) {
	n := start(t, nil)
	owner, token := n.agent(n.tenant.ID, chat.Owner)
	_, stranger := n.agent(n.other.ID, chat.Owner)
	made := n.call("POST", "/api/v1/labels", token, map[string]any{"name": "vip"})
	require.Equal(t, 201, made.status)
	id := made.body["id"].(string)
	require.Equal(t, 200, n.call("PATCH", "/api/v1/labels/"+id, token, map[string]any{"color": "#ff0000"}).status)
	require.Equal(t, 204, n.call("DELETE", "/api/v1/labels/"+id, token, nil, "X-Request-Id", "mine").status)
	require.Equal(t, 409, n.call("PATCH", "/api/v1/agents/"+owner.ID.String(), token, map[string]any{"disabled": true}).status)
	all := n.acts(token, "actor="+owner.ID.String())
	require.Equal(t, []string{"label.created", "label.updated", "label.deleted"}, names(all))
	require.Equal(t, map[string]any{"kind": "agent", "id": owner.ID.String(), "name": ""}, map[string]any{"kind": "agent", "id": all[0]["actor"].(map[string]any)["id"], "name": ""})
	require.Equal(t, map[string]any{"kind": "label", "id": id, "name": "vip"}, all[1]["target"])
	require.Equal(t, map[string]any{"changed": map[string]any{"color": map[string]any{"from": "#64748b", "to": "#ff0000"}}}, all[1]["details"])
	require.Equal(t, "mine", all[2]["request_id"])
	require.Len(t, n.acts(token, "action=label."), 3)
	require.Len(t, n.acts(token, "action=label.updated"), 1)
	require.Empty(t, n.acts(token, "until=2020-01-01T00:00:00Z"))
	require.NotEmpty(t, n.acts(token, "since=2020-01-01T00:00:00Z"))
	require.Empty(t, n.acts(stranger, "action=label."))
	require.Equal(t, 200, n.call("PATCH", "/api/v1/routing", token, map[string]any{"sticky": false}).status)
	require.Equal(t, 204, n.call("DELETE", "/api/v1/routing", token, nil).status)
	require.Equal(t, []string{"routing.created", "routing.deleted"}, names(n.acts(token, "action=routing.")))
	require.Equal(t, 200, n.call("PATCH", "/api/v1/retention", token, map[string]any{"conversations_days": 30}).status)
	require.Equal(t, 204, n.call("DELETE", "/api/v1/retention", token, nil).status)
	require.Equal(t, []string{"retention.created", "retention.deleted"}, names(n.acts(token, "action=retention.")))
	first := n.call("GET", "/api/v1/audit-log?limit=1&action=label.", token, nil)
	require.Equal(t, "label.deleted", first.data()[0].(map[string]any)["action"])
	next := n.call("GET", "/api/v1/audit-log?limit=1&action=label.&cursor="+first.body["next_cursor"].(string), token, nil)
	require.Equal(t, "label.updated", next.data()[0].(map[string]any)["action"])
	for _, bad := range []string{"limit=0", "cursor=x", "since=x", "x=y"} {
		require.Equal(t, 400, n.call("GET", "/api/v1/audit-log?"+bad, token, nil).status, bad)
	}
}
