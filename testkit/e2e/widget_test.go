package e2e_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/testkit/api"
	"github.com/uniqchat/uniqchat/testkit/browser"
	"github.com/uniqchat/uniqchat/testkit/process"
)

// desk is an agent who answers over the HTTP API.
type desk struct {
	t     *testing.T
	ctx   context.Context
	api   api.API
	token string
	conv  uuid.UUID
}

func newDesk(ctx context.Context, t *testing.T, s *process.Server) *desk {
	t.Helper()
	d := &desk{t: t, ctx: ctx, api: api.API{Base: s.BaseURL()}}
	l, err := d.api.Login(ctx, "admin@demo.test", process.Password)
	require.NoError(t, err)
	d.token = l.AccessToken
	return d
}

// find waits for the only conversation there is.
func (d *desk) find() {
	d.t.Helper()
	require.Eventually(d.t, func() bool {
		convs, err := d.api.Conversations(d.ctx, d.token, nil)
		if err == nil && len(convs) == 1 {
			d.conv = convs[0].ID
		}
		return d.conv != uuid.Nil
	}, 30*time.Second, 100*time.Millisecond)
}

func (d *desk) do(method, path string, in, out any) {
	d.t.Helper()
	require.NoError(d.t, d.api.Call(d.ctx, method, "/api/v1/conversations/"+d.conv.String()+path, d.token, in, out))
}

// send sends a message and returns its id.
func (d *desk) send(kind, body string) string {
	d.t.Helper()
	var m struct{ MID string }
	d.do(http.MethodPost, "/messages", map[string]any{"cmid": uuid.Must(uuid.NewV7()), "kind": kind, "body": json.RawMessage(body)}, &m)
	return m.MID
}

// photo writes a picture that is no single colour.
func photo(t *testing.T, name string, w, h int) string {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.Set(x, y, color.RGBA{uint8(x * 255 / w), uint8(y * 255 / h), 140, 255})
		}
	}
	path := filepath.Join(t.TempDir(), name)
	f, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, png.Encode(f, img))
	require.NoError(t, f.Close())
	return path
}

// TestWidget: a visitor's chat with everything that can be in one, over two tabs with one socket, to its rating.
func TestWidget(t *testing.T) {
	t.Parallel()
	ctx := within(t, 5*time.Minute)
	s := process.Start(t, process.Options{Env: []string{"UNIQCHAT_LOG_LEVEL=warn"}})
	b := browser.Shared(t)
	d := newDesk(ctx, t, s)
	shop := b.Page(t, "widget", browser.Options{})
	shop.Go(s.BaseURL() + "/demo/")
	shop.See("launcher", "")
	var loaded string
	require.NoError(t, shop.Eval(`performance.getEntriesByType("resource").map((e) => e.name).filter((n) => /chat|session|:8081/.test(n)).join() + document.cookie`, &loaded))
	require.Empty(t, loaded, "before anybody wants to talk there is only the loader")
	require.Zero(t, s.Metric("uniqchat_engine_connections"))

	shop.Click("launcher")
	shop.Wait(`$("input") && $("input").getRootNode().activeElement === $("input")`)
	shop.Screenshot("1-welcome")
	shop.Type("input", "Hi! Two pictures and the invoice, see https://shop.example/orders/7.")
	shop.Press("Enter")
	d.find()
	notes := filepath.Join(t.TempDir(), "invoice 发票.txt")
	require.NoError(t, os.WriteFile(notes, []byte("one mug, 128\n"), 0o600))
	shop.Files("files", photo(t, "wide.png", 900, 500), photo(t, "tall.png", 400, 800), notes)
	shop.Wait(`$$("image").length === 2 && $$("file").length === 1 && $$("upload").length === 0`)
	shop.Wait(`[...$$("image")].every((e) => e.querySelector("img")?.naturalWidth > 0)`)
	shop.Wait(`$("mark").innerText !== ""`)
	shop.Screenshot("2-files")
	shop.ClickOn(`$("image").querySelector("button")`)
	shop.Wait(`$("lightbox").querySelector("img")?.naturalWidth === 900`)
	shop.Screenshot("2-lightbox")
	shop.Press("Escape")
	shop.Wait(`!$("lightbox") && $("panel")`)

	// What an agent can send. None of it may run, and only http(s) is a link.
	edited := d.send("text", `{"text":"It is <b>here</b>, javascript:alert(1)"}`)
	d.do(http.MethodPatch, "/messages/"+edited, map[string]any{"body": map[string]string{"text": "It is at https://shop.example/help <img src=x onerror=alert(1)>"}}, nil)
	recalled := d.send("text", `{"text":"wrong window"}`)
	d.do(http.MethodDelete, "/messages/"+recalled, nil, nil)
	d.send("card", `{"title":"Stoneware mug","text":"Thrown by hand","price":128,"currency":"CNY","actions":[{"label":"Look","type":"link","value":"https://shop.example/mug"},{"label":"Bad","type":"link","value":"javascript:alert(1)"},{"label":"Order it","type":"postback","value":"order:mug"}]}`)
	d.send("form", `{"title":"Where to?","fields":[{"name":"mail","label":"E-mail","type":"email","required":true},{"name":"size","label":"Size","type":"select","options":["S","M"]}]}`)
	shop.See("message", "onerror=alert(1)")
	shop.Wait(`!$$("message").some((e) => e.innerText.includes("wrong window"))`)
	shop.Wait(`$("card").querySelectorAll("a").length === 1 && !$("panel").querySelector("[href^=javascript]")`)
	shop.Click("form-submit")
	shop.Wait(`$("form").querySelector("[role=alert]")`)
	shop.Screenshot("3-form")
	shop.ClickOn(`$("form").querySelector("input")`)
	shop.Wait(`($("form").querySelector("input").value = "mei@shop.example", $("form").querySelector("input").dispatchEvent(new Event("input", { bubbles: true })), true)`)
	shop.Click("form-submit")
	shop.See("message", "E-mail: mei@shop.example")
	shop.Click("card-action")
	shop.See("message", "Order it")
	allSent(shop) // what is asked before that is followed by this
	d.send("card", `{"text":"Anything else?","actions":[{"label":"Yes","type":"postback","value":"yes"},{"label":"No, thank you","type":"postback","value":"no"}]}`)
	shop.See("replies", "No, thank you")
	shop.Screenshot("3-card")
	answers(t, d)

	twoTabs(t, s, shop, d)
	theEnd(t, shop, d)
	s.Stop()
}

// answers: forms and postbacks come back as the protocol says.
func answers(t *testing.T, d *desk) {
	t.Helper()
	var page struct {
		Data []struct {
			MID  string
			Body map[string]any
		}
	}
	found := 0
	for deadline := time.Now().Add(20 * time.Second); found < 2 && time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		found = 0
		d.do(http.MethodGet, "/messages?limit=200", nil, &page)
		for _, m := range page.Data {
			if v, ok := m.Body["values"].(map[string]any); ok && v["mail"] == "mei@shop.example" && m.Body["form"] != "" {
				found++
			}
			if m.Body["postback"] == "order:mug" {
				found++
			}
		}
	}
	require.Equal(t, 2, found)
}

// twoTabs: a second tab has no socket of its own until the first is closed.
func twoTabs(t *testing.T, s *process.Server, shop *browser.Page, d *desk) {
	t.Helper()
	second := shop.Tab("second")
	second.Go(s.BaseURL() + "/demo/")
	second.Wait(`$("panel") || ($("launcher").click(), false)`)
	second.See("message", "mei@shop.example")
	require.InDelta(t, 1, s.Metric("uniqchat_engine_connections"), 0)
	second.Type("input", "From the second tab")
	second.Press("Enter")
	shop.See("message", "From the second tab")
	second.Wait(`$$("mark").some((e) => !e.className.includes("sending"))`)
	require.InDelta(t, 1, s.Metric("uniqchat_engine_connections"), 0)
	shop.Go("about:blank")
	d.send("text", `{"text":"Still there?"}`)
	second.See("message", "Still there?")
	second.Type("input", "Yes, the other tab leads now")
	second.Press("Enter")
	second.Wait(`$$("mark").some((e) => !e.className.includes("sending"))`)
	require.Empty(t, second.Problems())
	second.Go("about:blank")
	shop.Go(s.BaseURL() + "/demo/")
	shop.Wait(`$("panel") || ($("launcher").click(), false)`)
	shop.See("message", "Yes, the other tab leads now")
}

// theEnd: the conversation is closed, rated, and looked at in every way.
func theEnd(t *testing.T, shop *browser.Page, d *desk) {
	t.Helper()
	d.do(http.MethodPost, "/close", map[string]any{}, nil)
	shop.Wait(`$("rating")`)
	shop.ClickOn(`$("star-5")`)
	shop.Type("rating-comment", "Quick and kind")
	shop.Screenshot("4-rating")
	shop.Click("rating-send")
	shop.Wait(`!$("rating")`)
	var c struct{ Rating int }
	for deadline := time.Now().Add(20 * time.Second); c.Rating == 0 && time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		d.do(http.MethodGet, "", nil, &c) // rows come a moment after the log
	}
	require.Equal(t, 5, c.Rating)
	shop.Click("menu")
	shop.Screenshot("5-menu")
	shop.Press("Escape")
	for name, o := range map[string]browser.Options{"dark": {Dark: true}, "phone": {Phone: true}, "phone-dark": {Phone: true, Dark: true}} {
		shop.Look(o)
		shop.Wait(`(({ scrollHeight, scrollTop, clientHeight }) => scrollHeight - scrollTop - clientHeight < 2)($("messages"))`)
		shop.Screenshot("6-" + name)
	}
	require.Empty(t, shop.Problems())
}

// TestWidgetElsewhere: the pasted snippet works on a page of another origin under a strict policy, and its calls come through.
func TestWidgetElsewhere(t *testing.T) {
	t.Parallel()
	ctx := within(t, 3*time.Minute)
	s := process.Start(t, process.Options{Env: []string{"UNIQCHAT_LOG_LEVEL=warn"}})
	d := newDesk(ctx, t, s)
	var key struct{ Key, Secret string }
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", fmt.Sprintf("default-src 'none'; script-src 'self' %[1]s; connect-src %[1]s ws://%[2]s; img-src %[1]s blob: data:; base-uri 'none'", s.BaseURL(), s.WS))
		_, _ = fmt.Fprintf(w, `<!doctype html><meta charset=utf-8><title>A shop</title><link rel=icon href="data:,"><p>Hello</p><script src="%s/widget.js" data-site-key="%s"></script>`, s.BaseURL(), key.Key)
	}))
	defer page.Close()
	require.NoError(t, d.api.Call(ctx, http.MethodPost, "/api/v1/site-keys", d.token, map[string]any{"name": "elsewhere", "origins": []string{page.URL}}, &key))
	p := browser.Shared(t).Page(t, "elsewhere", browser.Options{Language: "zh-CN"})
	p.Go(page.URL)
	p.Wait(`(window.heard = [], uniqchat("on", "opened", () => heard.push("opened")), uniqchat("on", "message", (m) => heard.push(m.body.text)), uniqchat("setUser", { name: "Mei" }), uniqchat("open"), true)`)
	p.Type("input", "你好")
	p.Press("Enter")
	p.See("message", "你好")
	d.find()
	p.Click("close")
	d.send("text", `{"text":"您好，有什么可以帮您？"}`)
	p.Wait(`heard.join() === "opened,您好，有什么可以帮您？"`)
	p.Wait(`document.title === "(1) A shop" && $("launcher").innerText === "1"`)
	p.Screenshot("unread")
	p.Click("launcher")
	p.Wait(`document.title === "A shop"`)
	p.Files("files", photo(t, "图.png", 300, 200))
	p.Wait(`$("image")?.querySelector("img")?.naturalWidth > 0 && $$("upload").length === 0`)
	p.Screenshot("zh")
	logIn(t, p, d, page.URL, key.Secret)
	require.Empty(t, p.Problems())
	s.Stop()
}

// logIn: who logs in at the shop in one tab is the same visitor in the one that is connected, and who logs out is gone from both.
func logIn(t *testing.T, p *browser.Page, d *desk, shop, secret string) {
	t.Helper()
	visitors := func() (out []string) {
		convs, err := d.api.Conversations(d.ctx, d.token, nil)
		require.NoError(t, err)
		for _, c := range convs {
			var in struct {
				VisitorID string `json:"visitor_id"`
			}
			var v struct {
				ExternalID string `json:"external_id"`
				Verified   bool
			}
			require.NoError(t, d.api.Call(d.ctx, http.MethodGet, "/api/v1/conversations/"+c.ID.String(), d.token, nil, &in))
			require.NoError(t, d.api.Call(d.ctx, http.MethodGet, "/api/v1/visitors/"+in.VisitorID, d.token, nil, &v))
			out = append(out, fmt.Sprint(v.ExternalID, " ", v.Verified))
		}
		slices.Sort(out)
		return out
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("42"))
	second := p.Tab("logged-in")
	second.Go(shop)
	says := fmt.Sprintf(`$("launcher") && (uniqchat("setUser", { id: 42, identityHmac: "%x" }), true)`, mac.Sum(nil))
	second.Wait(says + ` && (uniqchat("open"), true)`)
	p.Wait(`$$("message").length === 0`)
	second.Wait(`$$("message").length === 0`)
	quick(second, "我的订单")
	allSent(second)
	p.See("message", "我的订单")
	require.Eventually(t, func() bool { return slices.Equal(visitors(), []string{" false", "42 true"}) }, 20*time.Second, 100*time.Millisecond)

	second.Type("input", "我的地址是")
	p.Wait(`["getItem", "removeItem"].every((name) => { // a browser tells its tabs of one another's storage a moment later
		const was = Storage.prototype[name];
		return Storage.prototype[name] = function (key) { return key.startsWith("uniqchat:draft:") ? null : was.call(this, key); };
	}) && (uniqchat("reset"), true)`)
	for _, tab := range []*browser.Page{p, second} {
		tab.Wait(`$$("message").length === 0 && $("input").value === ""`)
	}
	third := p.Tab("before-the-chat") // it has not even told what the page said
	third.Go(shop)
	third.Wait(says + ` && (addEventListener("storage", (e) => { window.told ||= e.key.endsWith(":era"); }), true)`)
	p.Wait(`(uniqchat("reset"), true)`)
	third.Wait(`window.told && (uniqchat("open"), true)`)
	quick(third, "换了一个人")
	allSent(third)
	p.See("message", "换了一个人")
	second.See("message", "换了一个人")
	require.Eventually(t, func() bool { return slices.Equal(visitors(), []string{" false", " false", "42 true"}) }, 20*time.Second, 100*time.Millisecond)
	require.Empty(t, second.Problems())
}
