package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/testkit/browser"
	"github.com/uniqchat/uniqchat/testkit/client"
	"github.com/uniqchat/uniqchat/testkit/process"
)

// short are the planted texts that fit where names and labels have little room.
func short(limit int) (out []string) {
	for _, p := range planted {
		if len(p) <= limit {
			out = append(out, p)
		}
	}
	return out
}

// shown waits until a page of the console has what it asked for.
const shown = `$("link")?.dataset.state === "online" && document.querySelector("main") && !document.querySelector("main [role=status] > span:only-child, main .mantine-Loader-root")`

// TestHoleStoredXSSPages: what TestHoleStoredXSS plants in conversations, planted where the console's other pages and the widget's own
// texts show it: the visitor's trail and basket, comments, labels, teams, agents, canned replies, blocked addresses, triggers, hours,
// goals, tokens, webhooks, sites, and the look of the widget. Nothing runs on any page, nothing is asked of anybody outside.
func TestHoleStoredXSSPages(t *testing.T) {
	t.Parallel()
	o := newOffice(t, func(opts process.Options) *process.Server {
		opts.Env = append(opts.Env, "UNIQCHAT_WEBHOOKS_ALLOW_NETWORKS=127.0.0.0/8")
		return process.Start(t, opts)
	})
	before := rated(o, short(100)[1], 1, short(100)[2])
	v, visitorID := plantPages(o)
	p := o.b.Page(t, "pages", browser.Options{Wide: true})
	w := p.Watch(o.s.HTTP, o.s.WS)
	p.Go(o.s.BaseURL() + "/console/")
	p.Type("email", "admin@demo.test")
	p.Type("password", process.Password)
	p.Click("login")
	p.Wait(`$("link")?.dataset.state === "online"`)
	for _, place := range []struct{ path, shows string }{
		{"visitors", short(100)[1]},
		{"visitors/" + visitorID, short(100)[3]}, // its trail
		{"visitors/live", short(100)[1]},
		{"reports/agents", short(50)[1]},
		{"reports/teams", short(50)[1]},
		{"reports/ratings", ""},
		{"inbox/" + before, short(100)[2]}, // its comment
		{"settings/agents", short(50)[1]},
		{"settings/teams", short(50)[1]},
		{"settings/teams/new", ""},
		{"settings/canned", short(50)[1]},
		{"settings/labels", short(50)[1]},
		{"settings/knowledge", short(50)[1]},
		{"settings/knowledge/golden", short(100)[2]},
		{"settings/bot", short(50)[2]},
		{"settings/engines", short(50)[1]},
		{"settings/blocklist", short(50)[1]},
		{"settings/hours", short(50)[1]},
		{"settings/promises", short(50)[1]},
		{"settings/triggers", short(50)[1]},
		{"settings/webhooks", ""},
		{"settings/tokens", short(50)[1]},
		{"settings/sites", short(50)[1]},
		{"settings/widget/demo", ""},
		{"settings/audit", short(50)[1]},
	} {
		p.Go(o.s.BaseURL() + "/console/" + place.path)
		p.Wait(shown)
		p.Wait(`(document.body.innerText + [...document.querySelectorAll("input, textarea")].map((e) => e.value).join(" ")).includes(` + quoted(place.shows) + `)`)
		require.Empty(t, p.Seen(w), place.path)
	}

	// The conversation with everything that opens in it.
	v.open(p)
	p.Wait(`$("cart") && $("order") && $("trail")?.children.length >= 3`)
	require.Empty(t, p.Seen(w))
	p.Click("labels")
	p.Wait(`$("label-choice")`)
	p.Press("Escape")
	p.Click("canned-open")
	p.Wait(`$$("canned-choice").length > 3`)
	p.Press("Escape")
	p.Click("more")
	p.Wait(`(window.saved = "", URL.createObjectURL = new Proxy(URL.createObjectURL, { apply: (f, me, [blob]) => { void blob.text().then((s) => { window.saved = s; }); return Reflect.apply(f, me, [blob]); } }), true)`)
	p.Click("transcript")
	p.Wait(`window.saved.includes("xss(")`) // it is there, as text: no browser opens it as a page
	p.Click("more")
	p.Click("more-transfer")
	p.Wait(`$("transfer-agent")`)
	require.Empty(t, p.Seen(w))
	require.Empty(t, p.Problems())

	shop := o.b.Page(t, "planted-shop", browser.Options{})
	w = shop.Watch(o.s.HTTP, o.s.WS)
	shop.Go(o.s.BaseURL() + "/demo/")
	shop.See("launcher", short(30)[1])
	shop.Click("launcher")
	shop.Wait(`$("pre-chat")`)
	shop.Wait(`$("panel").innerText.includes(` + quoted(short(60)[1]) + `)`)
	shop.Click("pre-chat-submit")
	shop.Wait(`$("pre-chat").querySelectorAll("[role=alert]").length > 0`)
	require.Empty(t, shop.Seen(w))
	require.Empty(t, shop.Problems())
}

// plantPages plants a tenant's settings and one visitor with a trail, a basket and an order.
func plantPages(o *office) (v *visitor, visitorID string) {
	all := short(50)
	for i, p := range all[:10] {
		var hours []any // always open, whatever day it is: otherwise the widget asks for an address instead
		for _, day := range []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"} {
			hours = append(hours, map[string]any{"day": day, "from": "00:00", "to": "24:00"})
		}
		for path, body := range map[string]map[string]any{
			"/teams": {"name": p}, "/labels": {"name": p, "description": p, "color": "#d9372c"}, "/canned-responses": {"shortcut": "p" + string(rune('a'+i)), "title": p, "text": p},
			"/blocklist": {"kind": "fingerprint", "value": p, "reason": p}, "/business-hours": {"name": p, "time_zone": "UTC", "weekly": hours},
			"/triggers":   {"name": p, "conditions": map[string]any{"seconds_on_page": 80_000}, "message": map[string]string{"en": p, "zh": p}},
			"/webhooks":   {"url": "http://127.0.0.1:9/" + strings.Repeat("x", i+1), "events": []string{"message.created"}, "description": p},
			"/api-tokens": {"name": p, "scopes": []string{"conversations:read"}}, "/site-keys": {"name": p, "origins": []string{"https://two.example.com"}},
		} {
			o.call(http.MethodPost, path, o.admin, body)
		}
	}
	doc := o.call(http.MethodPost, "/knowledge/documents", o.admin, map[string]any{"title": all[1], "text": strings.Join(planted, "\n\n")})
	o.call(http.MethodPost, "/knowledge/golden", o.admin, map[string]any{"question": short(100)[2], "document_id": doc["id"]})
	o.call(http.MethodPatch, "/bot", o.admin, map[string]any{"name": all[1], "greeting": map[string]string{"en": all[2]}, "topics": all[:3]})
	o.call(http.MethodPost, "/ai/engines", o.admin, map[string]any{"name": all[1], "base_url": "https://api.example.com/v1", "model": all[2]})
	o.call(http.MethodPost, "/sla", o.admin, map[string]any{"name": all[1], "first_response_seconds": 300}) // there can be one for all
	o.call(http.MethodPost, "/agents", o.admin, map[string]any{"email": "evil@demo.test", "name": all[1], "password": "quite long enough", "role": "agent"})
	o.call(http.MethodPatch, "/site-keys/demo", o.admin, map[string]any{"widget": map[string]any{
		"title": map[string]string{"en": short(60)[1]}, "greeting": map[string]string{"en": short(60)[0]}, "launcher": map[string]string{"en": short(30)[1]},
		"pre_chat": map[string]any{"fields": []map[string]any{
			{"name": "topic", "label": map[string]string{"en": short(60)[2]}, "type": "select", "required": true, "options": []map[string]any{{"value": short(60)[3], "label": map[string]string{"en": short(60)[3]}}}},
		}},
	}})
	v = o.visitor(short(100)[1], planted[0])
	x := upgraded(o.t, o.ctx, o.s.WSURL(), o.s.TCP, "json").hello(v.token).stays(o.ctx)
	for i, p := range planted {
		v.write(p)
		if i%2 == 1 { // a visitor who is quicker than people is not listened to: 30 at once
			x.packet(0, &codec.Track{Name: "page_view", Data: []byte(`{"url":` + quoted("https://shop.example/"+p) + `,"title":` + quoted(planted[i-1]) + `}`)})
		}
	}
	item := `[{"name":` + quoted(planted[1]) + `,"quantity":1,"price":` + quoted(planted[2]) + `}]`
	x.packet(0, &codec.Track{Name: "order_placed", Data: []byte(`{"order_id":` + quoted(planted[3]) + `,"total":1,"currency":` + quoted(planted[1]) + `,"items":` + item + `}`)})
	x.packet(0, &codec.Track{Name: "cart_updated", Data: []byte(`{"value":1,"currency":"EUR","items":` + item + `}`)})
	for _, p := range short(100)[:10] {
		x.packet(0, &codec.Track{Name: p, Data: []byte(`{"note":` + quoted(p) + `}`)})
	}
	o.call(http.MethodPost, "/conversations/"+v.conv+"/labels", o.admin, map[string]any{"add": all[:5]})
	var conv struct {
		VisitorID string `json:"visitor_id"`
	}
	require.NoError(o.t, o.api.Call(o.ctx, http.MethodGet, "/api/v1/conversations/"+v.conv, o.admin, nil, &conv))
	return v, conv.VisitorID
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
