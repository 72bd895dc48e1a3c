package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/testkit/browser"
	"github.com/uniqchat/uniqchat/testkit/client"
	"github.com/uniqchat/uniqchat/testkit/process"
)

// looksOf are what the pages of the console are looked at in, one after the other.
var looksOf = []browser.Options{{Wide: true}, {Wide: true, Dark: true, Language: "zh-CN"}, {Wide: true, Language: "zh-CN"}, {Wide: true, Dark: true}}

// shown waits until a page of the console has what it asked for.
const shown = `$("link")?.dataset.state === "online" && document.querySelector("main") && !document.querySelector("main [role=status] > span:only-child, main .mantine-Loader-root")`

// TestConsoleAxePages: every page of the reports, of the visitors and of the settings, with something in it, and every form of the
// settings: axe-core finds nothing serious or critical. Languages and colours take turns, so that each kind of page is seen in all of them.
func TestConsoleAxePages(t *testing.T) {
	t.Parallel()
	o := newOffice(t, func(opts process.Options) *process.Server {
		opts.Env = append(opts.Env, "UNIQCHAT_WEBHOOKS_ALLOW_NETWORKS=127.0.0.0/8")
		return process.Start(t, opts)
	})
	rich := busyShop(o)
	busySettings(o)
	rated(o, "Nadia", 5, "说得很清楚, thank you")
	rated(o, "Omar", 2, "It took a week")
	var conv struct {
		VisitorID string `json:"visitor_id"`
	}
	require.NoError(t, o.api.Call(o.ctx, http.MethodGet, "/api/v1/conversations/"+rich.conv, o.admin, nil, &conv))

	p := &checked{Page: o.console("admin", looksOf[0]), t: t}
	places := []struct{ path, ready string }{
		{"reports", `$("chart-volume")?.querySelector("canvas") && $("heat")`},
		{"reports/volume", `$("chart-volume")?.querySelector("canvas")`},
		{"reports/response", `$("median")`},
		{"reports/resolution", `$("chart-lengths")?.querySelector("canvas")`},
		{"reports/hours", `$("heat")`},
		{"reports/agents", `$("person")`},
		{"reports/teams", `$("person")`},
		{"reports/ratings", `$("stars")`},
		{"reports/now", `$("queue") && $("waits")`},
		{"visitors", `$("visitor")`},
		{"visitors/live", `$("online")`},
		{"visitors/" + conv.VisitorID, `$("trail") && $("basket")`},
	}
	for _, name := range []string{"agents", "teams", "hours", "promises", "canned", "labels", "blocklist", "sites", "triggers", "webhooks", "tokens"} {
		places = append(places, struct{ path, ready string }{"settings/" + name, `$("row")`}, struct{ path, ready string }{"settings/" + name + "/new", `$("save")`})
	}
	for _, name := range []string{"profile", "routing", "widget/demo", "mail", "exports", "exports/new", "retention"} {
		places = append(places, struct{ path, ready string }{"settings/" + name, `$("save") || $("row") || $("add")`})
	}
	places = append(places, struct{ path, ready string }{"settings/audit", `$("entry")`}, struct{ path, ready string }{"settings", "true"})
	for i, place := range places {
		look := looksOf[(i+i/len(looksOf))%len(looksOf)] // a list and its form are not seen in the same ones every time
		p.Look(look)
		p.Go(o.s.BaseURL() + "/console/" + place.path)
		p.Wait(shown)
		p.Wait(place.ready)
		p.as(strings.ReplaceAll(place.path, "/", "-") + "-" + lookName(look))
	}
	require.Empty(t, p.Problems())

	// And axe-core sees the page: what is wrong there is found.
	p.Wait(`(document.querySelector("main").append(document.createElement("button")), true)`)
	require.NotEmpty(t, browser.Serious(p.Axe()))
}

// busySettings puts one of each into the settings.
func busySettings(o *office) {
	for _, c := range []struct {
		path string
		body map[string]any
	}{
		{"/business-hours", map[string]any{"name": "Shop", "time_zone": "Europe/Berlin", "weekly": []any{map[string]any{"day": "mon", "from": "00:00", "to": "24:00"}}}},
		{"/sla", map[string]any{"name": "Fast", "first_response_seconds": 300}},
		{"/blocklist", map[string]any{"kind": "address", "value": "192.0.2.0/24", "reason": "Asks for discounts all day"}},
		{"/site-keys", map[string]any{"name": "Second shop", "origins": []string{"https://two.example.com"}}},
		{"/triggers", map[string]any{"name": "Hello", "conditions": map[string]any{"seconds_on_page": 20}, "message": map[string]string{"en": "Can we help?", "zh": "需要帮忙吗？"}}},
		{"/webhooks", map[string]any{"url": "http://127.0.0.1:9/hook", "events": []string{"message.created"}, "description": "CRM"}},
		{"/api-tokens", map[string]any{"name": "CRM", "scopes": []string{"conversations:read"}}},
		{"/exports", map[string]any{"kind": "conversations", "format": "csv"}},
	} {
		o.call(http.MethodPost, c.path, o.admin, c.body)
	}
}

// rated is a conversation from its question to its rating.
func rated(o *office, name string, stars int, comment string) (conv string) {
	v := o.visitor(name, "Where is my parcel?")
	path := "/conversations/" + v.conv
	o.call(http.MethodPost, path+"/assign", o.admin, map[string]any{"agent_id": o.agent("admin")})
	o.call(http.MethodPost, path+"/messages", o.admin, map[string]any{"cmid": client.NewID().String(), "body": map[string]any{"text": "You're welcome!"}})
	o.call(http.MethodPost, path+"/close", o.admin, nil)
	o.call(http.MethodPost, path+"/rating", v.token, map[string]any{"rating": stars, "comment": comment})
	return v.conv
}
