package server_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
)

// A site key's widget is kept, told to sessions and to pages that have no session yet, and to nobody more than that.
func TestWidgetLook(t *testing.T) {
	n := start(t, nil)
	_, owner := n.agent(n.tenant.ID, chat.Owner)
	look := `{"title":{"zh":"小店","en":"Mei's shop"},"color":"#0F766E","position":"left","starters":[{"en":"Where is my order?"}],` +
		`"pre_chat":{"fields":[{"name":"email","required":true},{"name":"topic","label":{"en":"Topic"},"type":"select","options":[{"value":"order"},{"value":"other"}]}]}}`
	kept := `{"title":{"zh":"小店","en":"Mei's shop"},"starters":[{"en":"Where is my order?"}],"color":"#0f766e","position":"left",` +
		`"pre_chat":{"fields":[{"name":"email","type":"email","required":true},{"name":"topic","label":{"en":"Topic"},"type":"select","options":[{"value":"order"},{"value":"other"}]}]}}`
	same := func(want string, got any) {
		t.Helper()
		raw, err := json.Marshal(got)
		require.NoError(t, err)
		require.JSONEq(t, want, string(raw))
	}
	const path = "/api/v1/site-keys/shop"
	same(`{}`, n.call("GET", path, owner, nil).body["widget"])
	got := n.call("PATCH", path, owner, `{"widget":`+look+`}`)
	require.Equal(t, 200, got.status, string(got.raw))
	same(kept, got.body["widget"])
	require.Equal(t, 200, n.call("PATCH", path, owner, `{"name":"Shop"}`).status)
	same(kept, n.call("GET", path, owner, nil).body["widget"])
	for _, bad := range []string{
		`{"color":"red"}`, `{"logo":"javascript:alert(1)"}`, `{"logo":"http://shop.example/x.png"}`, `{"nothing":1}`, `{"starters":[{}]}`,
		`{"pre_chat":{"fields":[{"name":"A b","label":{"en":"x"}}]}}`, `{"title":{"en":"` + strings.Repeat("x", 61) + `"}}`, `{"offline_form":"always"}`,
	} {
		got := n.call("PATCH", path, owner, `{"widget":`+bad+`}`)
		require.Contains(t, []int{400, 422}, got.status, "%s: %s", bad, got.raw)
	}
	same(kept, n.call("GET", path, owner, nil).body["widget"])
	made := n.call("POST", "/api/v1/site-keys", owner, `{"name":"Two","widget":{"theme":"dark"}}`)
	require.Equal(t, 201, made.status, string(made.raw))
	same(`{"theme":"dark"}`, made.body["widget"])
	changed := n.acts(owner, "action=site_key.updated")
	require.Len(t, changed, 2)
	require.Contains(t, changed[0]["details"].(map[string]any)["changed"], "widget.color")

	trigger := n.call("POST", "/api/v1/triggers", owner, `{"name":"Inner name","conditions":{"seconds_on_page":3},"hold_out_percent":20,"message":{"en":"Hello"}}`)
	require.Equal(t, 201, trigger.status)
	session := n.call("POST", session, "", `{"site_key":"shop"}`)
	same(kept, session.body["config"].(map[string]any)["widget"])

	const open = "/widget/config?key="
	public := n.call("GET", open+"shop", "", nil, "Origin", origin)
	require.Equal(t, 200, public.status, string(public.raw))
	require.JSONEq(t, `{"widget":`+kept+`,"triggers":[{"id":"`+trigger.body["id"].(string)+`","conditions":{"seconds_on_page":3},"message":{"en":"Hello"},"hold_out_percent":20}]}`, string(public.raw))
	require.Equal(t, origin, public.header.Get("Access-Control-Allow-Origin"))
	require.Contains(t, public.header.Get("Cache-Control"), "public, max-age=300")
	require.Contains(t, public.header.Get("Vary"), "Origin")
	require.Empty(t, public.header.Get("Set-Cookie"))
	require.Equal(t, 304, n.call("GET", open+"shop", "", nil, "Origin", origin, "If-None-Match", public.header.Get("ETag")).status)
	require.Equal(t, 200, n.call("GET", open+"shop", "", nil).status, "a page of the server's own")
	foreign := n.call("GET", open+"shop", "", nil, "Origin", "https://evil.example")
	require.Equal(t, "origin_not_allowed", foreign.code())
	require.Equal(t, "https://evil.example", foreign.header.Get("Access-Control-Allow-Origin"), "the refusal, and nothing else, is for every page to read")
	require.NotContains(t, string(foreign.raw), "0f766e")
	require.NotContains(t, foreign.header.Get("Cache-Control"), "public")
	for key, code := range map[string]string{"none": "site_key_unknown", "": "malformed", strings.Repeat("x", 101): "malformed"} {
		require.Equal(t, code, n.call("GET", open+key, "", nil).code(), key)
	}
	require.Equal(t, 200, n.call("PATCH", path, owner, `{"widget":{"triggers":false}}`).status)
	require.JSONEq(t, `{"widget":{"triggers":false},"triggers":[]}`, string(n.call("GET", open+"shop", "", nil).raw))
	require.Empty(t, n.call("POST", "/api/v1/widget/session", "", `{"site_key":"shop"}`).body["config"].(map[string]any)["triggers"])
}

// Whether somebody is there is what is so, not what the shop would like.
func TestWidgetPresence(t *testing.T) {
	n := start(t, nil)
	_, token := n.agent(n.tenant.ID, chat.Member)
	online := func() any {
		return n.call("POST", session, "", `{"site_key":"shop"}`).body["config"].(map[string]any)["agents_online"]
	}
	require.Equal(t, false, online())
	l := dialLine(t, n.TCPAddr(), token)
	for _, state := range []codec.Availability{codec.Online, codec.Away, codec.Online} {
		l.write(&codec.Status{State: state})
		require.Eventually(t, func() bool { return online() == (state == codec.Online) }, 20*time.Second, 50*time.Millisecond, state)
	}
	require.Equal(t, false, n.call("POST", session, "", `{"site_key":"other"}`).body["config"].(map[string]any)["agents_online"], "another tenant's")
}
