package server_test

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server"
)

// Every collection is listed in pages, read, changed, and deleted, by its own tenant alone.
func TestCollections(t *testing.T) {
	n := start(t, nil)
	_, owner := n.agent(n.tenant.ID, chat.Owner)
	_, stranger := n.agent(n.other.ID, chat.Owner)
	for path, c := range map[string]struct {
		body   string // with %d to tell one from another
		patch  string
		change string // what it makes of the body
		same   string // of the second, to be as the first
		bad    []string
	}{
		"/api/v1/labels": {
			`{"name":"Label %d"}`, `{"color":"#A0b0C0","description":null}`, `"color":"#a0b0c0"`, `{"name":" LABEL 1 "}`,
			[]string{`{}`, `{"name":""}`, `{"name":" "}`, `{"name":"x","color":"red"}`, `{"name":"x","size":1}`, `{"name":"a\u0000"}`, `{"name":"` + strings.Repeat("中", 51) + `"}`},
		},
		"/api/v1/canned-responses": {
			`{"shortcut":"/hi%d","text":"你好 {{name}}"}`, `{"title":"Greeting"}`, `"title":"Greeting"`, `{"shortcut":"HI1"}`,
			[]string{`{"shortcut":"a b","text":"x"}`, `{"shortcut":"a"}`, `{"shortcut":"a","text":" "}`, `{"shortcut":"a","text":"x","team_id":"y"}`},
		},
		"/api/v1/business-hours": {
			`{"name":"Hours %d","time_zone":"Asia/Shanghai","weekly":[{"day":"mon","from":"09:00","to":"18:00"}],"holidays":[{"date":"2027-01-01","name":"元旦"}]}`,
			`{"weekly":[{"day":"sun","from":"00:00","to":"24:00"}],"holidays":null}`, `"weekly":[{"day":"sun","from":"00:00","to":"24:00"}]`, `{"name":"hours 1"}`,
			[]string{
				`{"name":"x","weekly":[]}`, `{"name":"x","time_zone":"Mars/Olympus","weekly":[]}`, `{"name":"x","time_zone":"Local","weekly":[]}`,
				`{"name":"x","time_zone":"../../etc/passwd","weekly":[]}`, `{"name":"x","time_zone":"UTC","weekly":[{"day":"mon","from":"18:00","to":"09:00"}]}`,
				`{"name":"x","time_zone":"UTC","weekly":[{"day":"mon","from":"9:00","to":"10:00"}]}`, `{"name":"x","time_zone":"UTC","weekly":[{"day":"monday","from":"09:00","to":"10:00"}]}`,
				`{"name":"x","time_zone":"UTC","weekly":[{"day":"mon","from":"09:00","to":"24:01"}]}`, `{"name":"x","time_zone":"UTC","weekly":[],"holidays":[{"date":"2027-02-30"}]}`,
			},
		},
		"/api/v1/triggers": {
			`{"name":"Trigger %d","conditions":{"seconds_on_page":30,"url":["*/cart*"]},"hold_out_percent":10,"message":{"zh":"需要帮助吗？","en":"Need help?"}}`,
			`{"conditions":{"cart_value_min":99.5}}`, `"conditions":{"cart_value_min":99.5}`, `{"name":"TRIGGER 1"}`,
			[]string{
				`{"name":"x","conditions":{},"message":{"en":"x"}}`, `{"name":"x","conditions":{"seconds_on_page":1},"message":{}}`,
				`{"name":"x","conditions":{"seconds_on_page":-1},"message":{"en":"x"}}`, `{"name":"x","conditions":{"seconds_on_page":1},"message":{"en":"x"},"hold_out_percent":101}`,
			},
		},
		"/api/v1/blocklist": {
			`{"kind":"address","value":"192.0.2.%d"}`, `{"reason":"spam","expires_at":"2030-01-02T03:04:05+08:00"}`, `"expires_at":"2030-01-01T19:04:05Z"`, `{"value":"::ffff:192.0.2.1"}`,
			[]string{`{"kind":"address","value":"x"}`, `{"kind":"address","value":"10.0.0.0/33"}`, `{"kind":"visitor","value":"x"}`, `{"kind":"name","value":"x"}`, `{"kind":"address","value":"fe80::1%eth0"}`},
		},
	} {
		t.Run(strings.TrimPrefix(path, "/api/v1/"), func(t *testing.T) {
			var ids []string
			for i := range 5 {
				got := n.call("POST", path, owner, fmt.Sprintf(c.body, i+1))
				require.Equal(t, 201, got.status, string(got.raw))
				require.EqualValues(t, 1, got.body["version"])
				ids = append(ids, got.body["id"].(string))
			}
			require.Equal(t, 409, n.call("POST", path, owner, fmt.Sprintf(c.body, 1)).status)
			for _, bad := range c.bad {
				require.Equal(t, 400, n.call("POST", path, owner, bad).status, bad)
			}
			var listed []string
			for next := path + "?limit=2"; next != ""; {
				page := n.call("GET", next, owner, nil)
				require.Equal(t, 200, page.status)
				for _, d := range page.data() {
					listed = append(listed, d.(map[string]any)["id"].(string))
				}
				if next = ""; page.body["next_cursor"] != nil {
					next = path + "?limit=2&cursor=" + page.body["next_cursor"].(string)
				}
			}
			require.Equal(t, ids, listed)
			require.Equal(t, 400, n.call("GET", path+"?cursor=nonsense", owner, nil).status)

			one := path + "/" + ids[1]
			before := n.call("GET", one, owner, nil)
			got := n.call("PATCH", one, owner, c.patch)
			require.Equal(t, 200, got.status, string(got.raw))
			require.Contains(t, string(got.raw), c.change)
			require.EqualValues(t, 2, got.body["version"])
			require.Equal(t, before.body["created_at"], got.body["created_at"])
			require.JSONEq(t, string(got.raw), string(n.call("GET", one, owner, nil).raw))
			old := n.call("PATCH", one, owner, strings.Replace(c.patch, "{", `{"version":1,`, 1))
			require.Equal(t, 409, old.status)
			require.Equal(t, "stale", old.code())
			taken := n.call("PATCH", one, owner, c.same)
			require.Equal(t, 409, taken.status, string(taken.raw))
			require.Equal(t, "name_taken", taken.code())
			require.Equal(t, 400, n.call("PATCH", one, owner, `{"nothing":1}`).status)

			require.Empty(t, n.call("GET", path, stranger, nil).data())
			for _, method := range []string{"GET", "PATCH", "DELETE"} {
				require.Equal(t, 404, n.call(method, one, stranger, `{}`).status, method)
				require.Equal(t, 404, n.call(method, path+"/x", owner, `{}`).status, method)
			}
			require.Equal(t, 204, n.call("DELETE", one, owner, nil).status)
			require.Equal(t, 404, n.call("DELETE", one, owner, nil).status)
			require.Equal(t, 404, n.call("GET", one, owner, nil).status)
			require.Equal(t, 404, n.call("PATCH", one, owner, `{}`).status)
			require.Len(t, n.call("GET", path, owner, nil).data(), 4)
		})
	}
	// A canned response's team must be there.
	team := n.call("POST", "/api/v1/teams", owner, map[string]any{"name": "T"}).body["id"]
	foreign := n.call("POST", "/api/v1/teams", stranger, map[string]any{"name": "T"}).body["id"]
	require.Equal(t, 201, n.call("POST", "/api/v1/canned-responses", owner, map[string]any{"shortcut": "t", "text": "x", "team_id": team}).status)
	require.Equal(t, 404, n.call("POST", "/api/v1/canned-responses", owner, map[string]any{"shortcut": "u", "text": "x", "team_id": foreign}).status)
}

func TestRoutingSettings(t *testing.T) {
	n := start(t, nil)
	_, owner := n.agent(n.tenant.ID, chat.Owner)
	_, stranger := n.agent(n.other.ID, chat.Owner)
	const path = "/api/v1/routing"
	got := n.call("GET", path, owner, nil)
	require.Equal(t, map[string]any{"strategy": "least_loaded", "sticky": true, "reoffer_seconds": 0.0, "version": 0.0, "updated_at": nil}, got.body)
	got = n.call("PATCH", path, owner, `{"strategy":"round_robin"}`)
	require.Equal(t, 200, got.status, string(got.raw))
	got = n.call("PATCH", path, owner, `{"sticky":false,"version":1}`)
	require.Equal(t, "round_robin", got.body["strategy"], string(got.raw))
	require.Equal(t, false, got.body["sticky"])
	require.EqualValues(t, 2, got.body["version"])
	require.Equal(t, 409, n.call("PATCH", path, owner, `{"sticky":true,"version":1}`).status)
	require.Equal(t, 400, n.call("PATCH", path, owner, `{"strategy":"by magic"}`).status)
	require.Equal(t, "least_loaded", n.call("GET", path, stranger, nil).body["strategy"])
	require.Equal(t, 204, n.call("DELETE", path, owner, nil).status)
	require.Equal(t, 204, n.call("DELETE", path, owner, nil).status)
	require.EqualValues(t, 0, n.call("GET", path, owner, nil).body["version"])
}

// The widget learns when somebody is there and which triggers hold for its site and its visitor.
func TestWidgetConfig(t *testing.T) {
	n := start(t, nil)
	_, owner := n.agent(n.tenant.ID, chat.Owner)
	config := func(extra string) map[string]any {
		t.Helper()
		got := n.call("POST", "/api/v1/widget/session", "", `{"site_key":"shop"`+extra+`}`)
		require.Equal(t, 201, got.status, string(got.raw))
		return got.body["config"].(map[string]any)
	}
	require.Equal(t, map[string]any{
		"open": true, "next_open_at": nil, "business_hours": []any{}, "triggers": []any{}, "agents_online": false, "join_seconds": nil, "widget": map[string]any{},
	}, config(""))
	day := strings.ToLower(time.Now().UTC().AddDate(0, 0, 3).Format("Mon"))
	add := func(path, body string) string {
		t.Helper()
		got := n.call("POST", "/api/v1/"+path, owner, body)
		require.Equal(t, 201, got.status, string(got.raw))
		return got.body["id"].(string)
	}
	add("business-hours", `{"name":"elsewhere","site_key":"other","time_zone":"UTC","weekly":[]}`)
	require.Equal(t, true, config("")["open"], "another site's")
	add("business-hours", `{"name":"late","time_zone":"UTC","weekly":[{"day":"`+day+`","from":"10:00","to":"11:00"}]}`)
	c := config("")
	require.Equal(t, false, c["open"])
	require.Equal(t, time.Now().UTC().AddDate(0, 0, 3).Format("2006-01-02")+"T10:00:00Z", c["next_open_at"])
	require.Len(t, c["business_hours"], 1)
	all := `"weekly":[`
	for _, d := range []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"} {
		all += `{"day":"` + d + `","from":"00:00","to":"24:00"},`
	}
	add("business-hours", `{"name":"always","site_key":"shop","time_zone":"Asia/Shanghai",`+strings.TrimSuffix(all, ",")+`]}`)
	require.Equal(t, true, config("")["open"])

	id := add("triggers", `{"name":"half","conditions":{"url":["*/cart"]},"hold_out_percent":50,"message":{"zh":"在"}}`)
	add("triggers", `{"name":"off","enabled":false,"conditions":{"url":["*"]},"message":{"zh":"在"}}`)
	add("triggers", `{"name":"elsewhere","site_key":"other","conditions":{"url":["*"]},"message":{"zh":"在"}}`)
	held := 0
	for range 200 {
		triggers := config("")["triggers"].([]any)
		require.Len(t, triggers, 1)
		if triggers[0].(map[string]any)["held_out"] == true {
			held++
		}
	}
	require.InDelta(t, 100, held, 60)
	first := n.call("POST", "/api/v1/widget/session", "", `{"site_key":"shop"}`)
	again := n.call("POST", "/api/v1/widget/session", first.body["token"].(string), `{"site_key":"shop"}`)
	require.Equal(t, first.body["config"], again.body["config"], "the same visitor is always of the same group")
	require.Equal(t, 204, n.call("DELETE", "/api/v1/triggers/"+id, owner, nil).status)
	require.Empty(t, config("")["triggers"])
}

// Who is blocked gets 403 wherever a visitor can come in over HTTP, until that ends.
func TestBlockedOverHTTP(t *testing.T) {
	n := start(t, func(c *server.Config) {
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
	_, owner := n.agent(n.tenant.ID, chat.Owner)
	visitor, token := n.visitor("shop")
	conv := n.conversation(n.tenant.ID, visitor, "hello")
	messages := "/api/v1/conversations/" + conv.String() + "/messages"
	block := func(kind, value string, more ...string) string {
		t.Helper()
		body := map[string]any{"kind": kind, "value": value}
		if len(more) > 0 {
			body["expires_at"] = more[0]
		}
		got := n.call("POST", "/api/v1/blocklist", owner, body)
		require.Equal(t, 201, got.status, string(got.raw))
		return "/api/v1/blocklist/" + got.body["id"].(string)
	}
	session := func(body string, from string) *answer {
		return n.call("POST", "/api/v1/widget/session", "", body, "X-Forwarded-For", from)
	}
	refused := func(a *answer) {
		t.Helper()
		require.Equal(t, 403, a.status, string(a.raw))
		require.Equal(t, "blocked", a.code())
	}

	require.Equal(t, 200, n.call("GET", messages, token, nil).status)
	rule := block("visitor", visitor.String())
	refused(n.call("GET", messages, token, nil))
	refused(n.call("POST", messages, token, map[string]any{"cmid": chat.NewID[chat.Event](), "body": text("x")}))
	again := n.call("POST", "/api/v1/widget/session", token, `{"site_key":"shop"}`, "Origin", origin)
	refused(again)
	require.Equal(t, origin, again.header.Get("Access-Control-Allow-Origin"), "its page may read why")
	_, other := n.visitor("shop")
	require.Equal(t, 404, n.call("GET", messages, other, nil).status, "others are not concerned")
	require.Equal(t, 200, n.call("GET", messages, owner, nil).status)
	require.Equal(t, 204, n.call("DELETE", rule, owner, nil).status)
	require.Equal(t, 200, n.call("GET", messages, token, nil).status)

	const page = `{"site_key":"shop"}`
	for _, c := range []struct{ rule, in, out string }{
		{"192.0.2.0/24", "192.0.2.77", "192.0.3.1"},
		{"198.51.100.7", "198.51.100.7", "198.51.100.8"},
		{"2001:db8:1::/48", "2001:db8:1:ffff::1", "2001:db8:2::1"},
		{"203.0.113.0/25", "::ffff:203.0.113.9", "203.0.113.200"},
	} {
		require.Equal(t, 201, session(page, c.in).status)
		rule := block("address", c.rule)
		refused(session(page, c.in))
		refused(n.call("GET", messages, token, nil, "X-Forwarded-For", c.in))
		require.Equal(t, 201, session(page, c.out).status, c.out)
		require.Equal(t, 201, session(page, c.in+", "+c.out).status, "what a client says of itself is not believed")
		require.Equal(t, 200, n.call("GET", messages, owner, nil, "X-Forwarded-For", c.in).status, "staff can't lock itself out")
		other := n.call("POST", "/api/v1/widget/session", "", `{"site_key":"other"}`, "X-Forwarded-For", c.in)
		require.Equal(t, 201, other.status, "another tenant's visitors are its own business")
		require.Equal(t, 204, n.call("DELETE", rule, owner, nil).status)
		require.Equal(t, 201, session(page, c.in).status)
	}

	marked := session(`{"site_key":"shop","fingerprint":"device-1"}`, "192.0.2.1")
	require.Equal(t, 201, marked.status)
	block("fingerprint", "device-1")
	refused(session(`{"site_key":"shop","fingerprint":"device-1"}`, "192.0.2.1"))
	refused(n.call("POST", "/api/v1/widget/session", marked.body["token"].(string), page))
	require.Equal(t, 201, session(`{"site_key":"shop","fingerprint":"device-2"}`, "192.0.2.1").status)

	block("fingerprint", "late", time.Now().Add(-time.Minute).Format(time.RFC3339))
	require.Equal(t, 201, session(`{"site_key":"shop","fingerprint":"late"}`, "192.0.2.1").status, "it has expired")
	soon := time.Now().Add(700 * time.Millisecond)
	block("fingerprint", "soon", soon.Format(time.RFC3339Nano))
	refused(session(`{"site_key":"shop","fingerprint":"soon"}`, "192.0.2.1"))
	require.Eventually(t, func() bool { return session(`{"site_key":"shop","fingerprint":"soon"}`, "192.0.2.1").status == 201 }, 10*time.Second, 20*time.Millisecond)
}

// Without a trusted proxy nobody's word about addresses counts.
func TestBlockedAddressIsThePeers(t *testing.T) {
	n := start(t, nil)
	_, owner := n.agent(n.tenant.ID, chat.Owner)
	require.Equal(t, 201, n.call("POST", "/api/v1/blocklist", owner, `{"kind":"address","value":"127.0.0.0/8"}`).status)
	got := n.call("POST", "/api/v1/widget/session", "", `{"site_key":"shop"}`, "X-Forwarded-For", "192.0.2.1")
	require.Equal(t, 403, got.status)
	require.Equal(t, 200, n.call("GET", "/api/v1/blocklist", owner, nil).status)
}

// recordPaths are the collections, and an example of each.
var recordPaths = map[string]chat.Record{
	"/api/v1/canned-responses": {Kind: chat.RecordCanned, Body: []byte(`{"shortcut":"a","text":"b"}`)},
	"/api/v1/labels":           {Kind: chat.RecordLabel, Body: []byte(`{"name":"a","color":"#000000"}`)},
	"/api/v1/business-hours":   {Kind: chat.RecordHours, Body: []byte(`{"name":"a","time_zone":"UTC","weekly":[]}`)},
	"/api/v1/triggers":         {Kind: chat.RecordTrigger, Body: []byte(`{"name":"a","enabled":true,"conditions":{"seconds_on_page":1},"message":{"en":"x"}}`)},
	"/api/v1/sla":              {Kind: chat.RecordSLA, Body: []byte(`{"name":"a","first_response_seconds":60}`)},
	"/api/v1/blocklist":        {Kind: chat.RecordBlock, Body: []byte(`{"kind":"fingerprint","value":"a"}`)},
}

// record adds one like an example, the only one of its kind.
func (n *node) record(r chat.Record) chat.RecordID {
	n.t.Helper()
	old, err := n.kept.Store.RecordsOf(context.Background(), n.tenant.ID, r.Kind)
	require.NoError(n.t, err)
	for i := range old { // or names and limits are in the way of what comes next, in some orders
		require.NoError(n.t, n.kept.Store.DeleteRecord(context.Background(), n.tenant.ID, r.Kind, old[i].ID))
	}
	r.ID, r.Tenant, r.Version, r.CreatedAt, r.UpdatedAt = chat.NewID[chat.Record](), n.tenant.ID, 1, time.Now(), time.Now()
	r.Name = r.ID.String()
	require.NoError(n.t, n.kept.Store.AddRecord(context.Background(), r, 10_000))
	return r.ID
}
