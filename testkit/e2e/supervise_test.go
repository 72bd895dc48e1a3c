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

func newShopDay(ctx context.Context, t *testing.T, start func(o process.Options) *process.Server) *shopDay {
	t.Helper()
	s := start(process.Options{Env: []string{"UNIQCHAT_LOG_LEVEL=warn"}})
	d := &shopDay{t: t, ctx: ctx, s: s, api: api.API{Base: s.BaseURL()}}
	l, err := d.api.Login(ctx, "admin@demo.test", process.Password)
	require.NoError(t, err)
	d.admin = l.AccessToken
	d.call(http.MethodPatch, "/routing", d.admin, map[string]any{"strategy": "manual"}, nil) // consoles are opened here that answer nobody
	return d
}

func (d *shopDay) call(method, path, token string, in, out any) {
	d.t.Helper()
	require.NoError(d.t, d.api.Call(d.ctx, method, "/api/v1"+path, token, in, out))
}

// session is somebody whose page has the widget; the conversation's id is the visitor's choice.
func (d *shopDay) session() api.Visitor {
	d.t.Helper()
	v, err := d.api.Session(d.ctx, "demo")
	require.NoError(d.t, err)
	conv := uuid.Must(uuid.NewV7())
	v.ConversationID = &conv
	return v
}

// writes is a visitor's first message, and waits until it is in the database.
func (d *shopDay) writes(v api.Visitor, text string) api.Visitor {
	d.t.Helper()
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
func (d *shopDay) served(v api.Visitor, text string, rating int) {
	d.t.Helper()
	d.writes(v, text)
	d.call(http.MethodPost, d.path(v, "/assign"), d.admin, map[string]any{"agent_id": d.me()}, nil)
	d.call(http.MethodPost, d.path(v, "/messages"), d.admin, map[string]any{"cmid": uuid.Must(uuid.NewV7()), "body": map[string]any{"text": "You're welcome!"}}, nil)
	d.call(http.MethodPost, d.path(v, "/close"), d.admin, nil, nil)
	d.call(http.MethodPost, d.path(v, "/rating"), v.Token, map[string]any{"rating": rating}, nil)
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
	got := x.until(func(p codec.Packet) bool { _, ok := p.(*codec.Connack); return ok })
	require.Empty(d.t, got.closed, "instead of CONNACK")
	return x.stays(d.ctx).looks(pages...)
}

// stays keeps the connection: who is silent is taken for gone.
func (x *raw) stays(ctx context.Context) *raw {
	go func() {
		tick := time.NewTicker(5 * time.Second)
		defer tick.Stop()
		ping := frame(codec.OpTextFrame, codec.AppendJSON(nil, codec.Header{}, &codec.Ping{Time: 1}))
		for {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
			if _, err := x.c.Write(ping); err != nil {
				return
			}
		}
	}()
	return x
}

// looks is a visitor's way over pages.
func (x *raw) looks(pages ...string) *raw {
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

// inWords is a length of time of less than a minute as the console writes it.
func inWords(seconds float64) string {
	if seconds > 0 && seconds < 1 {
		return "<1s"
	}
	return fmt.Sprintf("%.0fs", seconds)
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
func TestConsoleReports(t *testing.T) { beside(t, testConsoleReports) }

func testConsoleReports(t *testing.T, start func(o process.Options) *process.Server) {
	ctx := within(t, 6*time.Minute)
	d := newShopDay(ctx, t, start)
	b := browser.Shared(t)
	for _, rating := range []int{5, 5, 3} {
		d.served(d.session(), "Where is my parcel?", rating)
	}
	d.counted(3, 3)
	p := b.Page(t, "reports", browser.Options{})
	w := p.Watch(d.s.HTTP, d.s.WS)
	d.console(p, "/reports")
	p.See("created", "3")
	p.See("closed", "3")
	p.See("rating", "4.33")
	var answers struct {
		FirstResponse struct {
			Median float64 `json:"median_seconds"`
			Count  int
		} `json:"first_response"`
	}
	d.call(http.MethodGet, "/reports/overview", d.admin, nil, &answers)
	require.Equal(t, 3, answers.FirstResponse.Count)
	require.Less(t, answers.FirstResponse.Median, 60.0)
	p.See("first-response", inWords(answers.FirstResponse.Median))
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
	p.Click("report-response")
	p.See("median", inWords(answers.FirstResponse.Median))
	p.Click("report-resolution")
	p.Wait(`$("chart-lengths")?.querySelector("canvas")`)
	p.Click("report-hours")
	p.Wait(`[...$("heat").querySelectorAll("td")].reduce((n, c) => n + Number(c.innerText), 0) === 3`)
	p.Click("report-teams")
	p.Wait(`[...$$("person")].some((r) => r.cells[2].innerText === "3")`)
	p.Click("report-ratings")
	p.See("stars", "67%")
	var agents struct{ Data []struct{ ID, Email string } }
	d.call(http.MethodGet, "/agents", d.admin, nil, &agents)
	for _, a := range agents.Data { // a link shows the same to whoever has it: this agent's only
		n := map[bool]string{true: "3", false: "0"}[a.Email == "admin@demo.test"]
		p.Go(d.s.BaseURL() + "/console/reports/ratings?range=today&compare=off&agent=" + a.ID)
		p.See("ratings", n)
		p.Wait(`location.search.includes("agent=")`)
	}
	p.Go(d.s.BaseURL() + "/console/reports/ratings?range=today")
	p.See("stars", "67%")
	p.Screenshot("ratings")

	p.Click("report-now")
	p.Wait(`$("queue").dataset.waiting === "0" && $("free").innerText === "20"`)
	p.Screenshot("nobody")
	p.Click("status")
	p.Click("status-busy")
	p.Wait(`$("free").innerText === "0" && $("queue").dataset.mood === "warn"`)
	first := d.writes(d.session(), "Is anybody there?")
	p.Wait(`$("queue").dataset.waiting === "1" && $$("waits").length === 1`)
	d.writes(d.session(), "还有人吗？")
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
func TestConsoleVisitors(t *testing.T) { beside(t, testConsoleVisitors) }

func testConsoleVisitors(t *testing.T, start func(o process.Options) *process.Server) {
	ctx := within(t, 6*time.Minute)
	d := newShopDay(ctx, t, start)
	b := browser.Shared(t)
	ada, gone := d.session(), d.writes(d.session(), "A slip, please forget me")
	x := d.comes(ada, "/")
	d.served(ada, "Do you have it in blue?", 5)
	d.call(http.MethodPatch, "/visitors/"+ada.Visitor.ID.String(), d.admin, map[string]any{"name": "Ada Lovelace", "email": "ada@home.test", "attributes": map[string]any{"plan": "gold"}}, nil)
	d.call(http.MethodPatch, "/visitors/"+gone.Visitor.ID.String(), d.admin, map[string]any{"name": "Wu Ming"}, nil)
	x.looks("/mugs", "/cart")
	x.packet(0, &codec.Track{Name: "order_placed", Data: []byte(`{"order_id":"A-17","items":[{"name":"Tea","quantity":1}],"total":12,"currency":"EUR"}`)})
	x.packet(0, &codec.Track{Name: "cart_updated", Data: []byte(`{"items":[{"name":"Blue mug","quantity":2}],"total":39.8,"currency":"EUR"}`)})

	require.Eventually(t, func() bool { // steps are written a second later
		var trail struct{ Data []struct{ Name string } }
		d.call(http.MethodGet, "/visitors/"+ada.Visitor.ID.String()+"/events", d.admin, nil, &trail)
		return len(trail.Data) == 5
	}, 20*time.Second, 200*time.Millisecond)

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
	p.Click("edit") // somebody else saves while this one writes
	p.Type("field-name", "Ada Byron")
	d.call(http.MethodPatch, "/visitors/"+ada.Visitor.ID.String(), d.admin, map[string]any{"phone": "+44 20 7946 0000"}, nil)
	p.Click("save")
	p.See("newer", "Somebody else has saved this")
	p.Screenshot("conflict")
	p.Click("load-newer")
	p.Wait(`!$("newer") && $("field-name").value === "Ada Byron" && $("field-phone").value === "+44 20 7946 0000"`)
	p.Click("save")
	p.See("facts", "+44 20 7946 0000")
	p.See("name", "Ada Byron")
	p.Type("attribute-plan", "platinum")
	p.Press("Enter")
	p.Wait(`$("attribute-plan").value === "platinum" && !$("attribute-plan").disabled`)
	p.Click("edit")
	p.Type("field-name", "Ada King")
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
		others = append(others, d.comes(d.session(), fmt.Sprintf("/shoes/%d", i)))
	}
	p.Wait(`$$("online").length === 13`)
	others[3].looks("/sale")
	p.Wait(`[...$$("online")].some((e) => e.innerText.includes("/sale"))`)
	p.Screenshot("live")
	require.NoError(t, others[3].c.Close())
	p.Wait(`$$("online").length === 12 && ![...$$("online")].some((e) => e.innerText.includes("/sale"))`)
	others[5].looks("/a", "/b", "/c", "/d", "/e", "/f")
	p.Click("sort-pages")
	p.Wait(`location.search === "?sort=pages" && $("online").innerText.includes("/f")`)
	p.Click("sort-pages")
	p.Wait(`location.search.includes("order=asc") && !$("online").innerText.includes("/f") && $$("online").at(-1).innerText.includes("/f")`)
	p.Reload()
	p.Wait(`$$("online").length === 12 && $$("online").at(-1).innerText.includes("/f")`)
	p.Type("search", "mug")
	p.Wait(`$("total").innerText.startsWith("0")`)
	p.Type("search", "/cart")
	p.Wait(`$$("online").length === 1 && $("online").innerText.includes("/cart")`)
	p.Click("online")
	p.See("detail", "Blue mug")
	p.Screenshot("detail")
	p.Reload()
	p.See("detail", "Blue mug")
	var there string
	require.NoError(t, p.Eval("location.href", &there))
	p.Go(strings.Replace(there, "q=", "q=nobody", 1)) // among so many that its row is not told of
	p.See("detail", "Blue mug")
	x.packet(0, &codec.Track{Name: "cart_updated", Data: []byte(`{"items":[{"name":"Green mug","quantity":1}],"total":19.9,"currency":"EUR"}`)})
	p.See("detail", "Green mug")
	p.Go(strings.Replace(there, "visitor="+ada.Visitor.ID.String(), "visitor="+gone.Visitor.ID.String(), 1))
	p.See("left", "not on the site")
	p.Go(strings.SplitN(there, "&visitor=", 2)[0])
	p.Click("online")
	p.See("detail", "Green mug")
	p.Click("invite")
	p.Wait("location.pathname === \"/console/inbox/" + ada.ConversationID.String() + "\"")
	c, err := d.api.Conversation(ctx, d.admin, *ada.ConversationID)
	require.NoError(t, err)
	require.Equal(t, "open", c.Status)
	require.Empty(t, p.Seen(w))
	d.shots(b, "visitors", map[string]string{"/visitors": `$("visitor")`, "/visitors/live": `$$("online").length > 5`, profile: `$("trail")`})
}
