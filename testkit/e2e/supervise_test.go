package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/testkit/api"
	"github.com/uniqchat/uniqchat/testkit/browser"
	"github.com/uniqchat/uniqchat/testkit/process"
)

// shopDay is a day at a shop: who came, who was answered, who waits. Everything is made through the API and the protocol.
type shopDay struct {
	t     *testing.T
	ctx   context.Context
	s     *process.Server
	api   api.API
	admin string
}

func newShopDay(ctx context.Context, t *testing.T) *shopDay {
	t.Helper()
	s := process.Start(t, process.Options{Env: []string{"UNIQCHAT_LOG_LEVEL=warn"}})
	d := &shopDay{t: t, ctx: ctx, s: s, api: api.API{Base: s.BaseURL()}}
	l, err := d.api.Login(ctx, "admin@demo.test", process.Password)
	require.NoError(t, err)
	d.admin = l.AccessToken
	return d
}

func (d *shopDay) call(method, path, token string, in, out any) {
	d.t.Helper()
	require.NoError(d.t, d.api.Call(d.ctx, method, "/api/v1"+path, token, in, out))
}

// visitor is somebody who has written.
func (d *shopDay) visitor(text string) api.Visitor {
	d.t.Helper()
	v, err := d.api.Session(d.ctx, "demo")
	require.NoError(d.t, err)
	require.NotNil(d.t, v.ConversationID)
	d.call(http.MethodPost, d.path(v, "/messages"), v.Token, map[string]any{"cmid": uuid.Must(uuid.NewV7()), "body": map[string]any{"text": text}}, nil)
	require.Eventually(d.t, func() bool {
		_, err := d.api.Conversation(d.ctx, d.admin, *v.ConversationID)
		return err == nil
	}, time.Minute, 50*time.Millisecond)
	return v
}

func (d *shopDay) path(v api.Visitor, more string) string {
	return "/conversations/" + v.ConversationID.String() + more
}

// served is a visitor's chat from its question to its rating.
func (d *shopDay) served(text string, rating int) api.Visitor {
	d.t.Helper()
	v := d.visitor(text)
	d.call(http.MethodPost, d.path(v, "/assign"), d.admin, map[string]any{"agent_id": d.me()}, nil)
	d.call(http.MethodPost, d.path(v, "/messages"), d.admin, map[string]any{"cmid": uuid.Must(uuid.NewV7()), "body": map[string]any{"text": "You're welcome!"}}, nil)
	d.call(http.MethodPost, d.path(v, "/close"), d.admin, nil, nil)
	d.call(http.MethodPost, d.path(v, "/rating"), v.Token, map[string]any{"rating": rating}, nil)
	return v
}

func (d *shopDay) me() string {
	d.t.Helper()
	var l struct{ Data []struct{ ID, Email string } }
	d.call(http.MethodGet, "/agents", d.admin, nil, &l)
	for _, a := range l.Data {
		if a.Email == "admin@demo.test" {
			return a.ID
		}
	}
	d.t.Fatal("no such agent")
	return ""
}

// comes is a visitor who is on the site and looks at pages.
func (d *shopDay) comes(v api.Visitor, pages ...string) *raw {
	d.t.Helper()
	x := upgraded(d.t, d.ctx, d.s.WSURL(), d.s.TCP, "json")
	x.packet(1, &codec.Connect{MinVersion: 1, MaxVersion: 1, Token: v.Token, Page: "https://shop.example/", Locale: "de-DE"})
	x.until(func(p codec.Packet) bool { _, ok := p.(*codec.Connack); return ok })
	for _, page := range pages {
		x.packet(0, &codec.Track{Name: "page_view", Data: fmt.Appendf(nil, `{"url":"https://shop.example%s","title":"Page %s"}`, page, page)})
	}
	return x
}

// counted waits until a figure of the overview is what it is to be.
func (d *shopDay) counted(closed, ratings int) {
	d.t.Helper()
	require.Eventually(d.t, func() bool {
		var o struct {
			Closed  int
			Ratings struct{ Count int }
		}
		return d.api.Call(d.ctx, http.MethodGet, "/api/v1/reports/overview", d.admin, nil, &o) == nil && o.Closed == closed && o.Ratings.Count == ratings
	}, time.Minute, 100*time.Millisecond)
}

// console logs a page in, at a place of the console.
func (d *shopDay) console(p *browser.Page, at string) {
	d.t.Helper()
	p.Go(d.s.BaseURL() + "/console" + at)
	p.Type("email", "admin@demo.test")
	p.Type("password", process.Password)
	p.Click("login")
	p.Wait(`$("link").dataset.state === "online"`)
}

// shots shows places of the console to somebody else: dark, Chinese, on a phone. Nothing scrolls sideways.
func (d *shopDay) shots(b *browser.Browser, name string, places map[string]string) {
	d.t.Helper()
	for look, o := range map[string]browser.Options{"phone": {Phone: true}, "zh-dark": {Language: "zh-CN", Dark: true}} {
		p := b.Page(d.t, name+"-"+look, o)
		w := p.Watch(d.s.HTTP, d.s.WS)
		d.console(p, "/inbox")
		for at, ready := range places {
			u, err := url.Parse(d.s.BaseURL() + "/console" + at)
			require.NoError(d.t, err)
			p.Go(u.String())
			p.Wait(`$("link")?.dataset.state === "online"`)
			p.Wait(ready)
			var wide bool
			require.NoError(d.t, p.Eval(`document.documentElement.scrollWidth > innerWidth`, &wide))
			require.False(d.t, wide, "%s scrolls sideways on %s", at, look)
			p.Screenshot(strings.NewReplacer("/", "-", "=", "-").Replace(strings.Trim(u.Path, "/")))
		}
		require.Empty(d.t, p.Seen(w))
	}
}

// TestConsoleReports: a supervisor sees whether customers wait, live, and the day's figures: what the address says survives a reload,
// a chart has a table, a report is a file.
func TestConsoleReports(t *testing.T) {
	ctx := within(t, 6*time.Minute)
	d := newShopDay(ctx, t)
	b := browser.Start(t)
	for _, rating := range []int{5, 5, 3} {
		d.served("Where is my parcel?", rating)
	}
	d.counted(3, 3)
	p := b.Page(t, "reports", browser.Options{})
	w := p.Watch(d.s.HTTP, d.s.WS)
	d.console(p, "/reports")
	p.See("created", "3")
	p.See("closed", "3")
	p.See("rating", "4.33")
	p.Wait(`$("chart-volume")?.querySelector("canvas")?.width > 0 && $("heat")`)
	p.Screenshot("overview")
	p.Click("range")
	p.Click("range-today")
	p.Wait(`location.search.includes("range=today") && $("range").innerText === "Today"`)
	p.Reload()
	p.Wait(`location.search.includes("range=today") && $("range")?.innerText === "Today"`)
	p.See("created", "3")
	p.Click("report-volume")
	p.See("created", "3")
	p.Wait(`$("chart-volume")?.querySelector("canvas")`)
	p.Screenshot("volume")
	p.ClickOn(`$("chart-volume").querySelector("button")`)
	p.Wait(`$("chart-volume").querySelectorAll("tbody tr").length === 24 && [...$("chart-volume").querySelectorAll("tbody tr")].reduce((n, r) => n + Number(r.cells[1].innerText), 0) === 3`)
	p.Screenshot("table")
	p.Click("report-agents")
	p.Wait(`[...$$("person")].some((r) => r.cells[2].innerText === "3")`)
	p.Click("sort-closed")
	p.Wait(`location.search.includes("sort=closed") && $$("person")[0].cells[2].innerText === "3"`)
	p.Screenshot("agents")
	p.Wait(`(window.saved ??= (() => { URL.createObjectURL = new Proxy(URL.createObjectURL, { apply: (f, me, [blob]) => { void blob.text().then((s) => { window.saved = s; }); return Reflect.apply(f, me, [blob]); } }); return "-"; })()) === "-"`)
	p.Click("csv")
	p.Wait(`window.saved.includes("\r\n") && window.saved.split("\r\n")[0].includes("closed")`)
	p.Click("report-ratings")
	p.See("stars", "67%")
	p.Screenshot("ratings")

	p.Click("report-now")
	p.Wait(`$("queue").dataset.waiting === "0"`)
	p.Screenshot("nobody")
	first := d.visitor("Is anybody there?")
	p.Wait(`$("queue").dataset.waiting === "1" && $$("waits").length === 1`)
	d.visitor("还有人吗？")
	p.Wait(`$("queue").dataset.waiting === "2" && $$("waits").length === 2`)
	p.Screenshot("waiting")
	d.call(http.MethodPost, d.path(first, "/assign"), d.admin, map[string]any{"agent_id": d.me()}, nil)
	p.Wait(`$("queue").dataset.waiting === "1"`)
	p.Click("waits")
	p.Wait(`location.pathname.startsWith("/console/inbox/")`)
	require.Empty(t, p.Seen(w))
	d.shots(b, "reports", map[string]string{
		"/reports": `$("chart-volume")?.querySelector("canvas") && $("heat")`, "/reports/volume?range=today": `$("chart-volume")?.querySelector("canvas")`,
		"/reports/hours": `$("heat")`, "/reports/agents": `$("person")`, "/reports/now": `$("queue")?.dataset.waiting === "1" && $("waits")`,
	})
}

// TestConsoleVisitors: who has written is found, changed, and erased; the live board shows who comes, moves and goes without asking.
func TestConsoleVisitors(t *testing.T) {
	ctx := within(t, 6*time.Minute)
	d := newShopDay(ctx, t)
	b := browser.Start(t)
	ada, gone := d.served("Do you have it in blue?", 5), d.visitor("A slip, please forget me")
	d.call(http.MethodPatch, "/visitors/"+ada.Visitor.ID.String(), d.admin, map[string]any{"name": "Ada Lovelace", "email": "ada@home.test", "attributes": map[string]any{"plan": "gold"}}, nil)
	d.call(http.MethodPatch, "/visitors/"+gone.Visitor.ID.String(), d.admin, map[string]any{"name": "Wu Ming"}, nil)
	x := d.comes(ada, "/", "/mugs", "/cart")
	x.packet(0, &codec.Track{Name: "cart_updated", Data: []byte(`{"items":[{"name":"Blue mug","quantity":2}],"total":39.8,"currency":"EUR"}`)})
	x.packet(0, &codec.Track{Name: "order_placed", Data: []byte(`{"order_id":"A-17","items":[{"name":"Tea","quantity":1}],"total":12,"currency":"EUR"}`)})

	p := b.Page(t, "visitors", browser.Options{})
	w := p.Watch(d.s.HTTP, d.s.WS)
	d.console(p, "/visitors")
	p.Wait(`$$("visitor").length === 2`)
	p.Screenshot("list")
	p.Type("search", "lovelace")
	p.Wait(`$$("visitor").length === 1 && location.search === "?q=lovelace"`)
	p.Reload()
	p.Wait(`$$("visitor").length === 1 && $("search").value === "lovelace"`)
	p.Click("visitor")
	p.See("name", "Ada Lovelace")
	p.See("trail", "Page /cart")
	p.Wait(`[...$$("basket")].some((e) => e.innerText.includes("Blue mug") && e.innerText.includes("39.80"))`)
	p.Screenshot("profile")
	p.Type("attribute-plan", "platinum")
	p.Press("Enter")
	p.Click("edit")
	p.Type("edit-name", "Ada King")
	p.Click("save")
	p.See("name", "Ada King")
	var person struct {
		Name       string
		Attributes map[string]any
	}
	require.Eventually(t, func() bool {
		d.call(http.MethodGet, "/visitors/"+ada.Visitor.ID.String(), d.admin, nil, &person)
		return person.Name == "Ada King" && person.Attributes["plan"] == "platinum"
	}, time.Minute, 100*time.Millisecond)
	profile := "/visitors/" + ada.Visitor.ID.String()

	p.Go(d.s.BaseURL() + "/console/visitors/" + gone.Visitor.ID.String())
	p.See("name", "Wu Ming")
	p.Click("more")
	p.Click("erase")
	p.Type("erase-word", "wrong")
	p.Wait(`$("erase-now").disabled`)
	p.Screenshot("erase")
	p.Type("erase-word", gone.Visitor.ID.String()[30:])
	p.Click("erase-now")
	p.Wait(`location.pathname === "/console/visitors"`)

	p.Click("tab-live")
	p.Wait(`$$("online").length === 1 && $("online").dataset.state === "idle"`)
	var others []*raw
	for i := range 12 {
		v, err := d.api.Session(ctx, "demo")
		require.NoError(t, err)
		others = append(others, d.comes(v, fmt.Sprintf("/shoes/%d", i)))
	}
	p.Wait(`$$("online").length === 13`)
	others[3].packet(0, &codec.Track{Name: "page_view", Data: []byte(`{"url":"https://shop.example/sale"}`)})
	p.Wait(`[...$$("online")].some((e) => e.innerText.includes("/sale"))`)
	p.Screenshot("live")
	require.NoError(t, others[3].c.Close())
	p.Wait(`$$("online").length === 12 && ![...$$("online")].some((e) => e.innerText.includes("/sale"))`)
	p.Type("search", "mug")
	p.Wait(`$("total").innerText.startsWith("0")`)
	p.Type("search", "ada king")
	p.Wait(`$$("online").length === 1 && $("online").innerText.includes("Ada King")`)
	p.Click("online")
	p.See("detail", "Blue mug")
	p.Screenshot("detail")
	p.Click("invite")
	p.Wait("location.pathname === \"/console/inbox/" + ada.ConversationID.String() + "\"")
	c, err := d.api.Conversation(ctx, d.admin, *ada.ConversationID)
	require.NoError(t, err)
	require.Equal(t, "open", c.Status)
	require.Empty(t, p.Seen(w))
	d.shots(b, "visitors", map[string]string{"/visitors": `$("visitor")`, "/visitors/live": `$$("online").length > 5`, profile: `$("trail")`})
}
