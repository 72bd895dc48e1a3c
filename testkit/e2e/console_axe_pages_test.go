package e2e_test

import (
	"cmp"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/testkit/browser"
	"github.com/uniqchat/uniqchat/testkit/client"
	"github.com/uniqchat/uniqchat/testkit/process"
)

// place is a page of the console, or what opens on it.
type place struct {
	path  string // from /console; "": where the last one was
	there string // shows that it is there
	do    func(p *browser.Page)
}

// walk looks at one place after the other, without loading the page anew.
func (c *checked) walk(look browser.Options, places []place) {
	c.t.Helper()
	for _, at := range places {
		if at.path != "" {
			c.Wait(`(history.pushState(null, "", "/console` + at.path + `"), true)`)
		}
		if at.do != nil {
			at.do(c.Page)
		}
		c.Wait(at.there + ` && !document.querySelector('[role="status"][aria-busy], [class*="skeleton"]')`)
		var name string
		require.NoError(c.t, c.Eval(`location.pathname.slice(9).replaceAll("/", "-") + " " + document.querySelectorAll('[role="dialog"]').length`, &name))
		c.as(lookName(look) + " " + name)
	}
}

// press clicks, by the pointer, what has a data-testid.
func press(id string) func(*browser.Page) { return func(p *browser.Page) { p.Click(id) } }

// showsRow opens the first line of a list.
func showsRow(p *browser.Page) { p.ClickOn(`$("row").querySelector("a")`) }

const inDialog = `document.querySelector('[role="dialog"]')`

// plants sets up something of every kind that the settings show. The shop is open at all times: nothing here depends on the day.
func plants(o *office) (doc string) {
	var week []map[string]string
	for _, d := range []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"} {
		week = append(week, map[string]string{"day": d, "from": "00:00", "to": "24:00"})
	}
	for _, x := range []struct {
		path string
		in   map[string]any
	}{
		{"/business-hours", map[string]any{"name": "Always", "time_zone": "UTC", "weekly": week}},
		{"/sla", map[string]any{"name": "Fast", "first_response_seconds": 300}},
		{"/triggers", map[string]any{"name": "Hello", "conditions": map[string]any{"cart_value_min": 100}, "message": map[string]string{"en": "Can we help?"}}},
		{"/blocklist", map[string]any{"kind": "address", "value": "192.0.2.0/24", "reason": "floods"}},
		{"/webhooks", map[string]any{"url": "https://hooks.example.com/chat", "events": []string{"*"}}},
		{"/api-tokens", map[string]any{"name": "CRM", "scopes": []string{"conversations:read"}}},
		{"/ai/engines", map[string]any{"name": "Fast", "base_url": "https://api.example.com/v1", "model": "fast-1", "key": "sk-1", "enabled": false}},
		{"/exports", map[string]any{"kind": "conversations"}},
		{"/knowledge/unanswered", map[string]any{"question": "Do you deliver to islands?"}},
	} {
		o.call(http.MethodPost, x.path, o.admin, x.in)
	}
	var docs struct{ Data []struct{ ID, Title string } }
	require.NoError(o.t, o.api.Call(o.ctx, http.MethodGet, "/api/v1/knowledge/documents", o.admin, nil, &docs))
	o.call(http.MethodPost, "/knowledge/golden", o.admin, map[string]any{"question": docs.Data[0].Title, "document_id": docs.Data[0].ID})
	return docs.Data[0].ID
}

// says has the desk write everything that a conversation can hold.
func says(o *office, conv string) {
	for _, m := range []map[string]any{
		{"kind": "card", "body": json.RawMessage(aCard)},
		{"kind": "form", "body": json.RawMessage(aForm)},
		{"kind": "card", "body": json.RawMessage(someReplies)},
		{"kind": "text", "body": map[string]any{"text": "It is at https://shop.example/help"}},
	} {
		m["cmid"] = client.NewID().String()
		o.call(http.MethodPost, "/conversations/"+conv+"/messages", o.admin, m)
	}
}

// pagesOf are the pages of the console, and what can be open on them.
func pagesOf(rich *visitor, bot, person, doc string) []place {
	all := []place{
		{path: "/nowhere", there: `document.querySelector('main a[href="/console/inbox"]')`},
		{path: "/inbox/" + rich.conv, there: `$("messages")?.dataset.joined === "true" && $$("message").length > 8 && $("trail")`},
		{there: `$("change") || $$("message").length > 8`, do: func(p *browser.Page) { p.Wait(`$("messages").scrollTo(0, 0) ?? true`) }},
		{path: "/inbox/" + bot, there: `$("messages")?.dataset.joined === "true" && $("sources")`},
		{there: `$("trace")`, do: press("why-answer")},
		{path: "/inbox/00000000-0000-7000-8000-000000000000", there: `document.querySelector("main").innerText.length > 50`},
		{path: "/visitors", there: `$$("visitor").length > 3`},
		{path: "/visitors/live", there: `$("board") && $("online")`},
		{there: `$("detail")`, do: press("online")},
		{path: "/visitors/" + person, there: `$("facts") && $("trail")`},
		{there: inDialog, do: press("edit")},
		{path: "/visitors/" + person + "?", there: `$("erase")`, do: func(p *browser.Page) { p.Press("Escape"); p.Click("more") }},
		{there: `$("erase-word")`, do: press("erase")},
		{path: "/reports/now", there: `$("queue")`, do: func(p *browser.Page) { p.Press("Escape") }},
		{path: "/reports", there: `$("csv")`},
	}
	for _, name := range []string{"volume", "response", "resolution", "ratings", "handoffs", "hours", "agents", "teams"} {
		all = append(all, place{path: "/reports/" + name, there: `$("csv")`})
	}
	return append(all, settingsPlaces(doc)...)
}

func settingsPlaces(doc string) []place {
	all := []place{
		{path: "/settings", there: `$("settings-audit")`},
		{path: "/settings/nowhere", there: `document.querySelector('main a[href="/console/settings"], main a[href="/console/settings/"]')`},
		{path: "/settings/profile", there: `$("factor")`},
		{there: `$("field-password")`, do: press("factor-change")},
	}
	for _, name := range []string{"routing", "bot", "mail", "retention", "audit", "traces"} {
		all = append(all, place{path: "/settings/" + name, there: map[string]string{"traces": `$("row")`, "audit": `$("entry")`}[name]})
		if all[len(all)-1].there == "" {
			all[len(all)-1].there = `$("save")`
		}
	}
	all = append(all, place{there: `$("entry")`, path: "/settings/audit", do: func(p *browser.Page) { p.Wait(`$("entry")`); p.ClickOn(`$("entry").querySelector("button")`) }},
		place{path: "/settings/traces", there: `$("trace")`, do: func(p *browser.Page) { p.Wait(`$("row")`); showsRow(p) }})
	for _, name := range []string{"agents", "teams", "hours", "promises", "canned", "labels", "blocklist", "engines", "sites", "triggers", "webhooks", "exports"} {
		all = append(all,
			place{path: "/settings/" + name, there: `$("row")`},
			place{there: inDialog + `?.querySelector("form, a, button")`, do: showsRow},
			place{path: "/settings/" + name + "/new", there: `$("editor") && $("save")`},
		)
	}
	all = append(all,
		place{path: "/settings/tokens/new", there: `$("editor") && $("save")`},
		place{path: "/settings/labels/new", there: `document.querySelector('[aria-invalid="true"]')`, do: func(p *browser.Page) { p.Type("field-name", " "); p.Click("save") }},
		place{there: `$("stay")`, do: press("go-inbox")},
		place{there: `$("delete-yes")`, do: func(p *browser.Page) {
			p.Click("leave")
			p.Wait(`location.pathname.endsWith("/settings/labels") && !$("leave")`) // the list is beneath
			showsRow(p)
			p.Click("delete")
		}},
		place{path: "/settings/widget/demo", there: `$("preview") && $("field-color")`},
		place{there: `$("pre-chat-field")`, do: press("ask-email")},
		place{path: "/settings/knowledge", there: `$("row")`, do: press("leave")},
		place{path: "/settings/knowledge/" + doc, there: `$("field-text")?.value.length > 100`},
		place{path: "/settings/knowledge/new", there: `$("field-text")`},
		place{path: "/settings/knowledge/try?q=warranty", there: `$("hit")`},
		place{path: "/settings/knowledge/golden", there: `$("golden")`},
		place{path: "/settings/knowledge/golden/new", there: `$("field-document_id")`},
		place{path: "/settings/knowledge/unanswered", there: `$("unanswered")`},
		place{path: "/settings/knowledge/index", there: `$("version")`},
	)
	return all
}

// TestConsoleAxePages: axe-core finds nothing serious on any page of the console, in what opens there, and in every kind of message; in both
// languages, by day and by night. TestConsoleAxe looks at the inbox's menus and at phones.
func TestConsoleAxePages(t *testing.T) {
	t.Parallel()
	o := newOffice(t, func(opts process.Options) *process.Server { return process.Start(t, opts) })
	require.Eventually(t, func() bool { return o.call(http.MethodGet, "/knowledge/reindex", o.admin, nil)["version"] != 0. }, time.Minute, 50*time.Millisecond)
	o.call(http.MethodPatch, "/bot", o.admin, map[string]any{"enabled": true, "begins": "bot"})
	bot := o.visitor("Nils", "Is there a warranty?")
	require.Eventually(t, func() bool {
		var page struct{ Data []struct{ Role string } }
		err := o.api.Call(o.ctx, http.MethodGet, "/api/v1/conversations/"+bot.conv+"/messages", o.admin, nil, &page)
		return err == nil && slices.ContainsFunc(page.Data, func(m struct{ Role string }) bool { return m.Role == "bot" })
	}, 30*time.Second, 50*time.Millisecond)
	o.call(http.MethodPatch, "/bot", o.admin, map[string]any{"enabled": false})
	rich := busyShop(o)
	says(o, rich.conv)
	doc := plants(o)
	person, _ := o.call(http.MethodGet, "/conversations/"+rich.conv, o.admin, nil)["visitor_id"].(string)
	note := filepath.Join(t.TempDir(), "manual.txt")
	require.NoError(t, os.WriteFile(note, []byte("how to wash it"), 0o600))
	look := browser.Options{Wide: true, Still: true}
	p := o.console("admin", look)
	rich.open(p)
	p.Files("files", photo(t, "mug.png", 300, 200), note)
	p.Wait(`$$("message").some((e) => e.querySelector("img")?.naturalWidth > 0)`)
	c := &checked{Page: p, t: t}
	visits := func() { upgraded(t, o.ctx, o.s.WSURL(), o.s.TCP, "json").hello(rich.token).stays(o.ctx) } // who says nothing is not online for long
	for i, look := range []browser.Options{look, {Wide: true, Still: true, Language: "zh-CN", Dark: true}, {Wide: true, Still: true, Dark: true}, {Wide: true, Still: true, Language: "zh-CN"}} {
		if i > 0 {
			language := strings.TrimSuffix(look.Language, "-CN")
			p.Look(look)
			p.Wait(`(localStorage.setItem("uniqchat:console:lang", '"` + cmp.Or(language, "en") + `"'), true)`)
			p.Go(o.s.BaseURL() + "/console/inbox")
			p.Wait(`document.documentElement.lang === "` + cmp.Or(look.Language, "en") + `" && $("link")?.dataset.state === "online"`)
		}
		visits()
		c.walk(look, pagesOf(rich, bot.conv, person, doc))
	}
	for _, s := range p.Problems() {
		require.Contains(t, s, "404", "only the conversation that is not there is one")
	}
}

// TestConsoleAxeDoors: what those see who are not in yet, or may not enter everywhere.
func TestConsoleAxeDoors(t *testing.T) {
	t.Parallel()
	o := newOffice(t, func(opts process.Options) *process.Server { return process.Start(t, opts) })
	bob, err := o.api.Login(o.ctx, "bob@demo.test", process.Password)
	require.NoError(t, err)
	enrolled := o.call(http.MethodPost, "/auth/totp/enrol", bob.AccessToken, map[string]any{"password": process.Password})
	code, err := totp.GenerateCode(enrolled["secret"].(string), time.Now())
	require.NoError(t, err)
	o.call(http.MethodPost, "/auth/totp/confirm", bob.AccessToken, map[string]any{"code": code})
	for _, look := range []browser.Options{{Still: true}, {Still: true, Language: "zh-CN", Dark: true, Phone: true}, {Still: true, Dark: true}, {Still: true, Language: "zh-CN"}} {
		c := &checked{Page: o.b.Page(t, "doors", look), t: t}
		c.Go(o.s.BaseURL() + "/console/")
		c.Wait(`$("login")`)
		c.as(lookName(look) + " login")
		c.Type("email", "bob@demo.test")
		c.Type("password", process.Password)
		c.Click("login")
		c.Wait(`$("code")`)
		c.Type("code", "000000")
		c.Click("login")
		c.Wait(`$("problem")`)
		c.as(lookName(look) + " code")
		c.Go(o.s.BaseURL() + "/console/")
		c.Type("email", "alice@demo.test")
		c.Type("password", process.Password)
		c.Click("login")
		c.Wait(`$("link")?.dataset.state === "online"`)
		c.walk(look, []place{
			{path: "/settings/webhooks", there: `$("denied")`},
			{path: "/settings/labels", there: `document.querySelector("main h1, main h2")`},
			{path: "/settings/profile", there: `$("factor")`},
			{path: "/reports", there: `document.querySelector("main").innerText.length > 20`},
		})
		c.Go(o.s.BaseURL() + "/auth/reset")
		c.Wait(`document.querySelector("form")`)
		c.as(lookName(look) + " reset")
	}
}
