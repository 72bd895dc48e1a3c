package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/testkit/browser"
	"github.com/uniqchat/uniqchat/testkit/process"
)

// host serves a page of another origin with the widget on it, and allows that origin to use the key.
func host(t *testing.T, s *process.Server, d *desk, policy, html string) string {
	t.Helper()
	url, _ := hostAndSecret(t, s, d, policy, html)
	return url
}

// hostAndSecret is host, and tells the key's secret too.
func hostAndSecret(t *testing.T, s *process.Server, d *desk, policy, html string) (string, string) {
	t.Helper()
	var key struct{ Key, Secret string }
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if policy != "" {
			w.Header().Set("Content-Security-Policy", strings.NewReplacer("SERVER", s.BaseURL(), "SOCKET", "ws://"+s.WS).Replace(policy))
		}
		_, _ = fmt.Fprint(w, strings.NewReplacer("SNIPPET", fmt.Sprintf(`<script src="%s/widget.js" data-site-key="%s" nonce="n0nce" async></script>`, s.BaseURL(), key.Key)).Replace(html))
	}))
	t.Cleanup(page.Close)
	require.NoError(t, d.api.Call(d.ctx, http.MethodPost, "/api/v1/site-keys", d.token, map[string]any{"name": "host", "origins": []string{page.URL}}, &key))
	return page.URL, key.Secret
}

// aCard is a card with a title, so that it is drawn as one.
const aCard = `{"title":"Stoneware mug","text":"Thrown by hand","price":128,"currency":"CNY","actions":[{"label":"Look","type":"link","value":"https://shop.example/mug"},{"label":"Order it","type":"postback","value":"order:mug"}]}`

const aForm = `{"title":"Where to?","fields":[{"name":"mail","label":"E-mail","type":"email","required":true},{"name":"size","label":"Size","type":"select","options":["S","M"]}]}`

const someReplies = `{"text":"Anything else?","actions":[{"label":"Yes","type":"postback","value":"yes"},{"label":"No, thank you","type":"postback","value":"no"}]}`

// TestWidgetPolicy: every part of the widget works on a page whose policy allows no inline script or style and no script but by its
// nonce, and that asks for Trusted Types. Nothing is violated.
func TestWidgetPolicy(t *testing.T) {
	t.Parallel()
	ctx := within(t, 4*time.Minute)
	s := process.Start(t, process.Options{Env: []string{"UNIQCHAT_LOG_LEVEL=warn"}})
	d := newDesk(ctx, t, s)
	url := host(t, s, d, "default-src 'none'; script-src 'nonce-n0nce'; connect-src SERVER SOCKET; img-src SERVER blob:; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types uniqchat",
		`<!doctype html><html lang=en><meta charset=utf-8><title>Strict</title><p>Hello</p>SNIPPET`)
	p := browser.Shared(t).Page(t, "policy", browser.Options{})
	p.Before(`window.refused = []; document.addEventListener("securitypolicyviolation", (e) => refused.push(e.violatedDirective + " " + e.blockedURI));`)
	p.Go(url)
	p.Click("launcher")
	quick(p, "hello")
	allSent(p)
	d.find()
	d.send("card", aCard)
	d.send("form", aForm)
	p.Wait(`$("card") && $("form")`)
	p.Files("files", photo(t, "a.png", 300, 200))
	p.Wait(`$("image")?.querySelector("img")?.naturalWidth > 0`)
	allSent(p)
	p.ClickOn(`$("image").querySelector("button")`)
	p.Wait(`$("lightbox")?.querySelector("img")?.naturalWidth > 0`)
	p.Press("Escape")
	p.Wait(`!$("lightbox")`)
	atOnce(p, "lightbox", `$("image").querySelector("button")`)
	p.Click("emoji")
	p.Wait(`$("emoji-picker")`)
	p.Press("Escape")
	p.Wait(`!$("emoji-picker")`)
	atOnce(p, "emoji-picker", `$("emoji")`)
	p.Click("menu")
	p.Wait(`$("menu-sound")`)
	p.Press("Escape")
	d.send("card", someReplies)
	p.See("replies", "Yes")
	d.do(http.MethodPost, "/close", map[string]any{}, nil)
	p.Wait(`$("rating")`)
	p.Wait(`refused.filter((r) => !r.includes("favicon")).length === 0`)
	p.Wait(`getComputedStyle($("panel")).position === "fixed" && $("send").getBoundingClientRect().width > 20`) // it has its style
	require.Empty(t, withoutIcon(p.Problems()))
	p.Wait(`(document.body.setAttribute("style", "color: red"), true)`)
	p.Wait(`refused.some((r) => r.startsWith("style-src"))`) // and the page's policy is as strict as it seems
	s.Stop()
}

// atOnce opens something by a click and presses Escape in the very moment it is there: that closes it, and not the chat around it.
func atOnce(p *browser.Page, id, button string) {
	p.Wait(fmt.Sprintf(`((button) => {
		const root = button.getRootNode();
		window.pressed = false;
		new MutationObserver((_, o) => {
			if (!root.querySelector('[data-testid="%s"]')) return;
			o.disconnect();
			(root.activeElement ?? root.querySelector('[data-testid="panel"]')).dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true, composed: true }));
			window.pressed = true;
		}).observe(root, { childList: true, subtree: true });
		button.focus();
		button.click();
		return true;
	})(%s)`, id, button))
	p.Wait(fmt.Sprintf(`window.pressed && !$(%q) && $("panel")`, id))
}

// TestWidgetRightToLeft: on an Arabic page the widget stands and reads from the other side.
func TestWidgetRightToLeft(t *testing.T) {
	t.Parallel()
	ctx := within(t, 4*time.Minute)
	s := process.Start(t, process.Options{Env: []string{"UNIQCHAT_LOG_LEVEL=warn"}})
	d := newDesk(ctx, t, s)
	url := host(t, s, d, "", `<!doctype html><html lang=ar dir=rtl><meta charset=utf-8><meta name=viewport content="width=device-width"><title>متجر</title><h1>أهلاً وسهلاً</h1>SNIPPET`)
	b := browser.Shared(t)
	for _, name := range []string{"wide", "phone"} { // in this order: the desk looks for the only conversation
		o := browser.Options{Phone: name == "phone"}
		p := b.Page(t, "rtl-"+name, o)
		p.Go(url)
		p.See("launcher", "")
		p.Wait(`$("launcher").getBoundingClientRect().right < innerWidth / 2`)
		p.Click("launcher")
		quick(p, "هل يصلح الكوب لغسالة الصحون؟")
		allSent(p)
		if name == "wide" {
			d.find()
			d.send("text", `{"text":"نعم، بالتأكيد."}`)
			d.send("card", aCard)
			p.Wait(`$("card")`)
			p.See("message", "نعم، بالتأكيد.")
			p.Wait(`((own, theirs) => own.left < theirs.left && own.right < theirs.right)(...$$("message").slice(0, 2).map((e) => e.querySelector(".text").getBoundingClientRect()))`)
			p.Wait(`$("panel").getBoundingClientRect().right < innerWidth / 2`)
		}
		if o.Phone { // it covers the page, and its button is away
			p.Wait(`((r) => r.left === 0 && r.top === 0 && r.width === innerWidth && r.height === innerHeight)($("panel").getBoundingClientRect()) && !$("launcher")`)
		}
		p.Wait(`((r) => r("send").right < r("emoji").left && r("close").left < r("menu").left)((id) => $(id).getBoundingClientRect())`)
		p.Wait(`getComputedStyle($("input")).direction === "rtl" && document.documentElement.scrollWidth <= innerWidth`)
		p.Screenshot("chat")
		require.Empty(t, withoutIcon(p.Problems()))
	}
	s.Stop()
}

// TestWidgetStill: who asked the system for less motion gets none, and others do.
func TestWidgetStill(t *testing.T) {
	t.Parallel()
	ctx := within(t, 3*time.Minute)
	s := process.Start(t, process.Options{Env: []string{"UNIQCHAT_LOG_LEVEL=warn"}})
	d := newDesk(ctx, t, s)
	b := browser.Shared(t)
	for _, still := range []bool{true, false} {
		p := b.Page(t, fmt.Sprintf("still-%v", still), browser.Options{Still: still})
		visit(s, p)
		quick(p, "hello")
		allSent(p)
		const moving = `all($("panel").getRootNode(), "*").filter((e) => { const s = getComputedStyle(e); return s.animationName !== "none" || s.transitionDuration.split(",").some((d) => parseFloat(d) > 0); }).length`
		p.Wait(fmt.Sprintf(`(%s > 0) === %v`, moving, !still))
		if still {
			d.find()
		}
		require.Empty(t, p.Problems())
	}
	s.Stop()
}

// TestWidgetKeyboard: a whole chat without a mouse: found with Tab, opened, written in, answered by a quick reply, rated, closed.
func TestWidgetKeyboard(t *testing.T) {
	s, d, p := alone(t, 4*time.Minute, "keyboard")
	p.Before(`addEventListener("pointerdown", () => { window.mouse = true; }, true); window.focused = () => { let e = document.activeElement; while (e?.shadowRoot?.activeElement) e = e.shadowRoot.activeElement; return e; };`)
	p.Go(s.BaseURL() + "/demo/")
	p.See("launcher", "")
	to := func(key, what string) {
		t.Helper()
		for range 60 {
			var there bool
			require.NoError(t, p.Eval("!!("+what+")", &there))
			if there {
				return
			}
			p.Keys(key)
		}
		t.Fatalf("%s was not reached with %s", what, key)
	}
	to("Tab", `focused()?.dataset.testid === "launcher"`)
	p.Wait(`getComputedStyle(focused()).outlineStyle !== "none"`) // and it is seen that it has the focus
	p.Keys("Enter")
	p.Wait(`focused()?.dataset.testid === "input"`)
	p.Keys("Do you ship to Lyon?", "Enter")
	p.See("message", "Do you ship to Lyon?")
	d.find()
	d.send("card", someReplies)
	p.See("replies", "No, thank you")
	to("Shift+Tab", `focused()?.closest("[data-testid=replies]")`)
	p.Keys("Enter")
	allSent(p)
	p.Wait(`$$("message").length === 3 && !$("replies")`)
	p.Wait(`focused()?.dataset.testid === "input"`) // what had the focus is gone; it has not fallen out of the chat
	to("Tab", `focused()?.dataset.testid === "emoji"`)
	p.Keys("Enter")
	p.Wait(`focused()?.closest("[data-testid=emoji-picker]")`)
	p.Keys("ArrowRight", "Enter")
	p.Wait(`$("input").value !== "" && focused() === $("input")`)
	p.Keys("Enter")
	p.Wait(`$$("message").length === 4`)
	to("Shift+Tab", `focused()?.dataset.testid === "menu"`)
	p.Keys("Enter")
	p.Wait(`focused()?.role === "menuitem"`)
	p.Keys("ArrowDown", "Escape")
	p.Wait(`!$("menu-sound") && focused()?.dataset.testid === "menu"`)
	d.do(http.MethodPost, "/close", map[string]any{}, nil)
	p.Wait(`$("rating")`)
	to("Tab", `focused()?.name === "uniqchat-rating"`)
	p.Keys("Space", "ArrowRight", "ArrowRight", "ArrowRight")
	p.Wait(`$("rating").querySelectorAll(".lit").length === 4`)
	to("Tab", `focused()?.dataset.testid === "rating-send"`)
	p.Keys("Enter")
	p.Wait(`!$("rating")`)
	var c struct{ Rating int }
	require.Eventually(t, func() bool { d.do(http.MethodGet, "", nil, &c); return c.Rating == 4 }, 20*time.Second, 100*time.Millisecond)
	to("Shift+Tab", `focused()?.dataset.testid === "close"`)
	p.Keys("Escape")
	p.Wait(`!$("panel") && focused()?.dataset.testid === "launcher"`)
	p.Wait(`!window.mouse`)

	// On a phone the chat covers the page: the focus stays in it.
	p.Look(browser.Options{Phone: true})
	p.Keys("Enter")
	p.Wait(`focused()?.dataset.testid === "input"`)
	for range 12 {
		p.Keys("Tab")
		p.Wait(`focused()?.closest("[data-testid=panel]")`)
	}
	require.Empty(t, p.Problems())
	s.Stop()
}
