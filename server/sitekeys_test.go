package server_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
)

// signed opens a session as c-1, signed with a secret.
func (n *node) signed(key, secret string, headers ...string) *answer {
	n.t.Helper()
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("c-1"))
	return n.call("POST", session, "", map[string]any{"site_key": key, "external_id": "c-1", "identity_hmac": hex.EncodeToString(mac.Sum(nil))}, headers...)
}

func TestSiteKeys(t *testing.T) {
	n := start(t, nil)
	_, admin := n.agent(n.tenant.ID, chat.Admin)
	_, stranger := n.agent(n.other.ID, chat.Owner)
	const path = "/api/v1/site-keys"
	made := n.call("POST", path, admin, map[string]any{"name": "Main shop", "origins": []string{"https://a.example", "http://localhost:3000"}})
	require.Equal(t, 201, made.status, string(made.raw))
	key, first := made.body["key"].(string), made.body["secret"].(string)
	require.GreaterOrEqual(t, len(first), 26)
	list := n.call("GET", path, admin, nil)
	require.Len(t, list.data(), 2)
	require.NotContains(t, string(list.raw), first, "shown once")
	require.NotContains(t, string(list.raw), `"secret"`)
	require.Len(t, n.call("GET", path, stranger, nil).data(), 1)
	for _, bad := range []string{
		"shop.example", "https://shop.example/", "https://Shop.example", "https://*.shop.example", "https://shop.example:443", "http://shop.example:80",
		"https://u@shop.example", "https://shop.example?x", "https://shop.example#x", "ftp://shop.example", "null", "*", "", "https://", "https://shop.example:",
		"https://shop.example:0", "https://shop.example:99999", "https://店.example", "https://shop.example ", "file:///x", "https:shop.example",
	} {
		got := n.call("POST", path, admin, map[string]any{"name": "x", "origins": []string{bad}})
		require.Equal(t, "origin_invalid", got.code(), "%q: %s", bad, got.raw)
		require.Equal(t, 400, got.status)
		require.Equal(t, "origin_invalid", n.call("PATCH", path+"/"+key, admin, map[string]any{"origins": []string{bad}}).code(), bad)
	}
	for _, fine := range []string{"https://shop.example", "https://shop.example:8443", "http://127.0.0.1:8080", "http://[::1]:8080", "https://xn--fiq228c.example"} {
		require.Equal(t, 201, n.call("POST", path, admin, map[string]any{"name": "x", "origins": []string{fine}}).status, fine)
	}

	require.Equal(t, 201, n.signed(key, first, "Origin", "https://a.example").status)
	require.Equal(t, 403, n.signed(key, first, "Origin", "https://b.example").status)
	require.Equal(t, "Renamed", n.call("PATCH", path+"/"+key, admin, map[string]any{"name": "Renamed", "origins": []string{"https://b.example"}}).body["name"])
	require.Equal(t, 403, n.signed(key, first, "Origin", "https://a.example").status, "at once")
	visitor := n.signed(key, first, "Origin", "https://b.example")
	require.Equal(t, 201, visitor.status)

	// Two secrets are good at a time.
	rotate := func(body any) string {
		got := n.call("POST", path+"/"+key+"/rotate-secret", admin, body)
		require.Equal(t, 200, got.status, string(got.raw))
		return got.body["secret"].(string)
	}
	good := func(want map[string]int) {
		t.Helper()
		for secret, status := range want {
			require.Equal(t, status, n.signed(key, secret).status)
		}
	}
	second := rotate(nil)
	good(map[string]int{first: 201, second: 201})
	third := rotate(map[string]any{})
	good(map[string]int{first: 401, second: 201, third: 201})
	held := n.signed(key, third).body["token"].(string)
	forged := dialLine(t, n.TCPAddr(), held)
	fourth := rotate(map[string]any{"end_old": true})
	require.Equal(t, codec.CloseRebalance, closedWithin(t, forged, 5*time.Second).Code, "whoever is connected by it must come in again")
	require.Equal(t, codec.CloseBadToken, refusedWith(t, n.TCPAddr(), held))
	good(map[string]int{second: 401, third: 401, fourth: 201, "": 401})

	for _, call := range []func(token string) *answer{
		func(token string) *answer {
			return n.call("PATCH", path+"/"+key, token, map[string]any{"name": "Mine"})
		},
		func(token string) *answer { return n.call("POST", path+"/"+key+"/rotate-secret", token, nil) },
		func(token string) *answer { return n.call("DELETE", path+"/"+key, token, nil) },
	} {
		require.Equal(t, 404, call(stranger).status)
	}
	require.Equal(t, 204, n.call("DELETE", path+"/"+key, admin, nil).status)
	require.Equal(t, 404, n.call("DELETE", path+"/"+key, admin, nil).status)
	require.Equal(t, "site_key_unknown", n.signed(key, fourth).code())
	conv := n.conversation(n.tenant.ID, chat.NewID[chat.Visitor](), "hi")
	got := n.call("GET", "/api/v1/conversations/"+conv.String()+"/messages", visitor.body["token"].(string), nil, "Origin", "https://b.example")
	require.Equal(t, "token_revoked", got.code(), "a page of a key that is gone")
}

// Lists that are short all the same come in pages, like any.
func TestShortListsHavePages(t *testing.T) {
	n := start(t, nil)
	_, admin := n.agent(n.tenant.ID, chat.Admin)
	_, token := n.apiToken(chat.TenantID{}, 0)
	for i := range 4 {
		name := []string{"C", "A", "B", "A"}[i]
		require.Equal(t, 201, n.call("POST", "/api/v1/teams", admin, map[string]any{"name": name}).status)
		require.Equal(t, 201, n.call("POST", "/api/v1/site-keys", admin, map[string]any{"name": name}).status)
		require.Equal(t, 201, n.call("POST", "/api/v1/tenants", token, map[string]any{"name": name, "slug": fmt.Sprintf("t%d", i)}).status)
	}
	for _, list := range []struct {
		path, token, by string
		want            int
	}{{"/api/v1/teams", admin, "id", 4}, {"/api/v1/site-keys", admin, "key", 5}, {"/api/v1/tenants", token, "id", 6}} {
		whole := n.call("GET", list.path, list.token, nil)
		require.Len(t, whole.data(), list.want)
		require.Nil(t, whole.body["next_cursor"])
		var all []any
		for cursor := ""; ; {
			page := n.call("GET", list.path+"?limit=2"+cursor, list.token, nil)
			require.Equal(t, 200, page.status, string(page.raw))
			require.LessOrEqual(t, len(page.data()), 2)
			all = append(all, page.data()...)
			next, more := page.body["next_cursor"].(string)
			if !more {
				break
			}
			cursor = "&cursor=" + next
		}
		require.Equal(t, whole.data(), all, list.path)
		for _, bad := range []string{"limit=0", "limit=201", "limit=x", "cursor=%21"} {
			require.Equal(t, 400, n.call("GET", list.path+"?"+bad, list.token, nil).status, "%s?%s", list.path, bad)
		}
		after := n.call("GET", list.path+"?cursor="+base64.RawURLEncoding.EncodeToString([]byte("\xff")), list.token, nil)
		require.Empty(t, after.data(), "what the cursor named may be gone")
	}
}

func TestTenantsByThePlatform(t *testing.T) {
	n := start(t, nil)
	_, token := n.apiToken(chat.TenantID{}, 0)
	const path = "/api/v1/tenants"
	made := n.call("POST", path, token, map[string]any{
		"slug": "acme", "name": "Acme", "origins": []string{"https://acme.example"},
		"owner": map[string]any{"email": "Boss@acme.test", "name": "Boss", "password": "long enough"},
	})
	require.Equal(t, 201, made.status, string(made.raw))
	in := n.login("boss@acme.test", "long enough")
	require.Equal(t, 200, in.status)
	require.Equal(t, "owner", in.body["agent"].(map[string]any)["role"])
	key := made.body["site_key"].(map[string]any)
	require.Equal(t, 201, n.signed(key["key"].(string), key["secret"].(string), "Origin", "https://acme.example").status)
	require.Equal(t, "slug_taken", n.call("POST", path, token, map[string]any{"slug": "acme", "name": "Again"}).code())
	for _, bad := range []map[string]any{
		{"slug": "No Slug", "name": "x"},
		{"slug": "x"},
		{"slug": "x", "name": " "},
		{"slug": "x", "name": "x", "origins": []string{"x"}},
		{"slug": "x", "name": "x", "owner": map[string]any{"email": "x", "name": "x", "password": "long enough"}},
	} {
		require.Equal(t, 400, n.call("POST", path, token, bad).status, "%v", bad)
	}
	require.Len(t, n.call("GET", path, token, nil).data(), 3, "what was refused left nothing behind")
	one := path + "/" + made.body["id"].(string)
	require.Equal(t, "acme", n.call("GET", one, token, nil).body["slug"])
	require.Equal(t, "Acme Ltd", n.call("PATCH", one, token, map[string]any{"name": "Acme Ltd"}).body["name"])
	require.Equal(t, 404, n.call("GET", path+"/"+chat.NewID[chat.Tenant]().String(), token, nil).status)
	_, owner := n.agent(n.tenant.ID, chat.Owner)
	_, everything := n.apiToken(n.tenant.ID, chat.AllScopes)
	for _, foreign := range []string{owner, everything} {
		require.Equal(t, "platform_only", n.call("GET", one, foreign, nil).code())
	}
}

func TestTeamsChangeAndGo(t *testing.T) {
	n := start(t, nil)
	_, admin := n.agent(n.tenant.ID, chat.Admin)
	id := n.call("POST", "/api/v1/teams", admin, map[string]any{"name": "Sales"}).body["id"].(string)
	path := "/api/v1/teams/" + id
	require.Equal(t, "Returns", n.call("PATCH", path, admin, map[string]any{"name": " Returns "}).body["name"])
	require.Equal(t, 400, n.call("PATCH", path, admin, map[string]any{"name": "  "}).status)
	agent := n.call("POST", "/api/v1/agents", admin, map[string]any{"email": "t@x.test", "name": "T", "password": "long enough", "teams": []string{id}})
	require.Equal(t, []any{id}, agent.body["teams"])
	conv := "/api/v1/conversations/" + n.conversation(n.tenant.ID, chat.NewID[chat.Visitor](), "hi").String()
	require.Equal(t, 200, n.call("POST", conv+"/transfer", admin, map[string]any{"team_id": id}).status)
	busy := n.call("DELETE", path, admin, nil)
	require.Equal(t, "team_in_use", busy.code())
	require.Equal(t, 409, busy.status)
	require.Equal(t, 200, n.call("POST", conv+"/close", admin, nil).status)
	require.Equal(t, 204, n.call("DELETE", path, admin, nil).status)
	require.Equal(t, 404, n.call("DELETE", path, admin, nil).status)
	require.Equal(t, 404, n.call("PATCH", path, admin, map[string]any{"name": "x"}).status)
	require.Empty(t, n.call("GET", "/api/v1/teams", admin, nil).data())
	require.Empty(t, n.call("GET", "/api/v1/agents/"+agent.body["id"].(string), admin, nil).body["teams"])
}
