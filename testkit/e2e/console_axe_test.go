package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/testkit/browser"
	"github.com/uniqchat/uniqchat/testkit/client"
	"github.com/uniqchat/uniqchat/testkit/process"
)

// checked takes a picture of a page and looks for what keeps people out who do not see or point as others do.
type checked struct {
	*browser.Page
	t *testing.T
}

func (c *checked) as(name string) {
	c.t.Helper()
	// What fades in has not begun to in the moment after it came.
	c.Wait(`[...document.querySelectorAll('[role="dialog"], [role="menu"], [role="listbox"]')].filter((d) => d.getClientRects().length > 0)
		.every((d) => { for (let e = d; e; e = e.parentElement) if (getComputedStyle(e).opacity !== "1") return false; return true; })`)
	c.Wait(`document.getAnimations().every((a) => a.playState !== "running" || a.effect?.getTiming().iterations === Infinity)`)                         // half-seen colours have no contrast
	c.Wait(`[...document.querySelectorAll('[role="dialog"]')].every((d) => d.ariaLabel || document.getElementById(d.getAttribute("aria-labelledby")))`) // a name comes a moment after its dialog
	// Messages move to their places when one of them grows; until then they lie on each other.
	c.Wait(`(window.__places = null, true)`)
	c.Wait(`((now) => { const same = window.__places === now; window.__places = now; return same; })(
		[...document.querySelectorAll('[data-testid="message"]')].map((e) => Math.round(e.getBoundingClientRect().top)).join())`)
	c.Screenshot(name)
	for _, v := range browser.Serious(c.Axe()) {
		c.t.Errorf("%s: %s", name, v)
	}
	var wide bool
	require.NoError(c.t, c.Eval("document.documentElement.scrollWidth > innerWidth", &wide))
	require.False(c.t, wide, "%s scrolls sideways", name)
}

// busyShop fills an office: people who wait, with a cart and without, labels, canned replies, and a conversation that has everything in it.
func busyShop(o *office) (rich *visitor) {
	for _, c := range []map[string]any{
		{"shortcut": "ship", "title": "Shipping", "text": "Shipping is free over ¥299, and takes three days."},
		{"shortcut": "运费", "title": "运费说明", "text": "满299元包邮，一般三天内送达。"},
		{"shortcut": "thanks", "text": "Thank you for waiting! I have looked it up, and here is what I found about your order and when it will be with you."},
	} {
		o.call(http.MethodPost, "/canned-responses", o.admin, c)
	}
	for name, colour := range map[string]string{"vip": "#d9372c", "refund": "#1f5fbf", "物流": "#14804a"} {
		o.call(http.MethodPost, "/labels", o.admin, map[string]any{"name": name, "color": colour})
	}
	o.call(http.MethodPost, "/teams", o.admin, map[string]any{"name": "Returns"})
	for name, text := range map[string]string{"Mia Okafor": "Is the lamp dimmable?", "王小明": "请问运费怎么算，满多少包邮？", "Jürgen Groß": "Wann kommt meine Bestellung?", "": "Hello, anybody here?"} {
		o.visitor(name, text)
	}
	rich = o.visitor("Léa Fontaine", "Bonjour! My mug arrived broken. See https://shop.example/orders/1042")
	x := upgraded(o.t, o.ctx, o.s.WSURL(), o.s.TCP, "json").hello(rich.token).stays(o.ctx)
	for _, e := range []struct{ name, data string }{
		{"page_view", `{"url":"https://shop.example/","title":"Nook & Needle"}`},
		{"page_view", `{"url":"https://shop.example/mugs/harbour?ref=mail","title":"Harbour mug — stoneware, 350 ml"}`},
		{"order_placed", `{"order_id":"1042","total":256,"currency":"CNY","items":[{"name":"Harbour mug","quantity":2,"price":128}]}`},
		{"cart_updated", `{"value":425,"currency":"CNY","items":[{"name":"Harbour mug","price":128},{"name":"帆布包 Canvas tote with a long name","quantity":1,"price":"297"}]}`},
		{"page_view", `{"url":"https://shop.example/help/broken"}`},
	} {
		x.packet(0, &codec.Track{Name: e.name, Data: []byte(e.data)})
	}
	alice, err := o.api.Login(o.ctx, "alice@demo.test", process.Password)
	require.NoError(o.t, err)
	o.call(http.MethodPost, "/conversations/"+rich.conv+"/accept", alice.AccessToken, nil)
	conv := "/conversations/" + rich.conv
	o.call(http.MethodPost, conv+"/messages", alice.AccessToken, map[string]any{"cmid": client.NewID().String(), "body": map[string]any{"text": "I am sorry to hear that! May I see a picture?"}})
	o.call(http.MethodPost, conv+"/notes", alice.AccessToken, map[string]any{"text": "Second broken mug this week, tell the warehouse."})
	rich.write("It is on its way. 请稍等，我拍一张照片 📷")
	o.call(http.MethodPost, "/conversations/"+rich.conv+"/labels", alice.AccessToken, map[string]any{"add": []string{"vip", "refund"}})
	o.call(http.MethodPatch, "/conversations/"+rich.conv, alice.AccessToken, map[string]any{"priority": 100})
	return rich
}

// TestConsoleAxe: the inbox with everything that opens in it, in both languages, both colours, and on a phone: axe-core finds nothing
// serious or critical.
func TestConsoleAxe(t *testing.T) {
	t.Parallel()
	o := newOffice(t, func(opts process.Options) *process.Server { return process.Start(t, opts) })
	fresh := o.b.Page(t, "axe-guide", browser.Options{Wide: true})
	guide := &checked{Page: fresh, t: t}
	guide.Go(o.s.BaseURL() + "/console/")
	guide.Type("email", "alice@demo.test")
	guide.Type("password", process.Password)
	guide.Click("login")
	guide.Wait(`$("guide") && $("link").dataset.state === "online"`)
	guide.as("guide")
	for _, look := range []browser.Options{{Language: "zh-CN", Phone: true}, {Language: "zh-CN", Dark: true, Wide: true}} {
		guide.Look(look)
		guide.Reload()
		guide.Wait(`$("guide") && $("link").dataset.state === "online"`)
		guide.as(lookName(look))
	}
	rich := busyShop(o)
	for _, look := range []browser.Options{
		{Wide: true}, {Wide: true, Dark: true, Language: "zh-CN"}, {Wide: true, Language: "zh-CN"}, {Wide: true, Dark: true}, {Phone: true}, {Phone: true, Dark: true, Language: "zh-CN"},
	} {
		t.Run(lookName(look), func(t *testing.T) { axeStates(o.of(t), rich, look) })
	}
}

func lookName(o browser.Options) string {
	name := map[string]string{"": "en", "zh-CN": "zh"}[o.Language]
	if o.Dark {
		name += "-dark"
	}
	if o.Phone {
		name += "-phone"
	}
	return name
}

func axeStates(o *office, rich *visitor, look browser.Options) {
	within(o.t, 8*time.Minute)
	p := &checked{Page: o.b.Page(o.t, "axe-"+lookName(look), look), t: o.t}
	p.Go(o.s.BaseURL() + "/console/")
	p.Type("email", "alice@demo.test")
	p.Type("password", "wrong password")
	p.Click("login")
	p.See("problem", "")
	p.as("login")
	p.Type("password", process.Password)
	p.Click("login")
	p.Wait(`$("link")?.dataset.state === "online"`)
	p.Click("tab-queued")
	p.Wait(`$$("conversation").length >= 4`)
	p.as("inbox")
	p.Click("conversation")
	p.Wait(`$("accept")`)
	p.as("waiting")
	if look.Phone {
		p.Click("back")
	} else {
		p.Press("Escape")
	}
	p.Wait(`!$("accept")`)
	p.Click("filters")
	p.Wait(`$("filter-box")`)
	p.as("filters")
	p.Press("Escape")
	p.Click("status")
	p.Wait(`$("logout")`)
	p.as("account")
	p.Press("Escape")
	rich.open(p.Page)
	p.See("message", "请稍等")
	p.as("conversation")
	if look.Phone {
		p.Click("panel-toggle")
	}
	p.Wait(`$("cart") && $("order") && $("trail")?.children.length >= 3`)
	p.as("panel")
	p.Click("profile-edit")
	p.Click("attribute-add")
	p.Wait(`$("field-email") && $("attribute-value")`)
	p.as("person")
	for range 2 {
		p.ClickOn(`$("panel").querySelector("form button:not([type=submit])")`)
	}
	p.Wait(`!$("panel").querySelector("form")`)
	if look.Phone {
		p.Click("panel-close")
	} else {
		p.Click("labels")
		p.Wait(`$("label-choice")`)
		p.as("labels")
		p.Press("Escape")
		p.Click("snooze")
		p.Wait(`$("snooze-hour")`)
		p.as("snooze")
		p.Press("Escape")
	}
	p.Click("more")
	p.Wait(`$("transcript")`)
	p.as("more")
	p.Click("more-transfer")
	p.Wait(`$("transfer-go")`)
	p.Click("transfer-agent")
	p.as("transfer")
	p.Press("Escape")
	p.Wait(`!$("transfer-go")`)
	p.Click("canned-open")
	p.Wait(`$$("canned-choice").length === 3`)
	p.as("canned")
	p.Type("answer", "A draft that nobody has sent")
	p.Click("mode-note")
	p.as("note")
	revise(p.Page, "May I see", "edit")
	p.Wait(`$("edit-box")`)
	p.as("edit")
	p.Press("Escape")
	p.Press("Escape")
	p.Wait(`(document.activeElement?.blur(), true)`)
	p.Keys("?")
	p.Wait(`document.querySelectorAll('[role="dialog"] kbd').length > 10`)
	p.as("help")
	p.Press("Escape")
	p.Wait(`!document.querySelector('[role="dialog"] kbd')`)
	p.Keys("Ctrl+k")
	p.Wait(`document.activeElement?.closest('[role="dialog"]')`)
	p.as("palette")
	p.Keys("mug")
	p.Wait(`[...document.querySelectorAll('[role="dialog"] button')].filter(shown).some((e) => e.innerText.includes("Léa"))`)
	p.as("palette-found")
	for _, s := range p.Problems() {
		require.Contains(o.t, s, "/auth/login", "only the wrong password is one")
	}
}
