package e2e_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/testkit/browser"
	"github.com/uniqchat/uniqchat/testkit/process"
)

// oddStyles are rules that shops have, or that could be: each of them hid, moved or dressed up the widget.
const oddStyles = `
	:root { font-size: 5px; }
	* { font-family: cursive; letter-spacing: 3px; text-transform: uppercase; box-sizing: content-box; line-height: 3; transition: all 9s; }
	body { display: grid; gap: 40px; text-align: right; visibility: hidden; }
	body > div { transform: translateZ(0); opacity: .5; margin: 70px; width: 10px; overflow: hidden; pointer-events: none; color-scheme: dark; }
	body > div, div:empty { display: none; }
	#uniqchat { display: none !important; position: fixed !important; filter: blur(4px) !important; z-index: 1 !important; }
	button, section, textarea, svg { display: none !important; background: red !important; padding: 30px !important; }`

// drawn is how everything of the widget looks and where it is. Where its host stands in the page, without a size, nobody sees.
const drawn = `((host) => [host, ...all(host.shadowRoot, "*")].map((e) => {
	const style = getComputedStyle(e), r = e.getBoundingClientRect();
	return [e.tagName + "." + (e.getAttribute("class") ?? "") + (r.width === 0 ? "" : " at " + [r.x, r.y, r.width, r.height]),
		...[...style].filter((n) => !n.startsWith("--") && !(e === host && /^(top|right|bottom|left|inset-.*)$/.test(n))).map((n) => n + ": " + style.getPropertyValue(n))];
}))(document.getElementById("uniqchat"))`

// TestWidgetOddStyles: the button and the chat look on a page full of rules as they do on a plain one, and take no room in it.
func TestWidgetOddStyles(t *testing.T) {
	t.Parallel()
	ctx := within(t, 3*time.Minute)
	s := process.Start(t, process.Options{Env: []string{"UNIQCHAT_LOG_LEVEL=warn"}})
	d := newDesk(ctx, t, s)
	b := browser.Shared(t)
	const page = `<!doctype html><html lang=en><meta charset=utf-8><title>Shop</title><style>body { margin: 0; } main { height: 100px; } :root { --uniqchat-color: #7c2d5e; --uniqchat-edge: 31px; }STYLES</style><main>Hello</main>SNIPPET`
	for _, dark := range []bool{false, true} {
		o := browser.Options{Dark: dark}
		var want [][][]string
		for _, odd := range []bool{false, true} {
			name, styles := "plain", ""
			if odd {
				name, styles = "odd", oddStyles
			}
			p := b.Page(t, name, o)
			p.Go(host(t, s, d, "", strings.Replace(page, "STYLES", styles, 1)))
			p.Wait(`$("launcher")`)
			var got [2][][]string
			require.NoError(t, p.Eval(drawn, &got[0]))
			p.Wait(`(uniqchat("open"), true)`)
			p.Wait(`$("input")?.getRootNode().activeElement === $("input") && $("status") && !$("state") && $("panel").getRootNode().getAnimations().length === 0`)
			p.Screenshot(name)
			require.NoError(t, p.Eval(drawn, &got[1]))
			var height float64
			require.NoError(t, p.Eval(`document.body.getBoundingClientRect().height`, &height))
			require.InDelta(t, 100, height, 0, "the widget takes room in the page")
			p.Wait(`getComputedStyle($("panel")).colorScheme === "` + map[bool]string{false: "light", true: "dark"}[dark] + `"`)
			require.Empty(t, withoutIcon(p.Problems()))
			if !odd {
				want = got[:]
				continue
			}
			for i, what := range []string{"the button", "the chat"} {
				require.Greater(t, len(got[i]), 5, what)
				require.Len(t, got[i], len(want[i]), what)
				for j := range want[i] {
					require.Equal(t, want[i][j], got[i][j], what)
				}
			}
		}
	}
	s.Stop()
}

// TestWidgetKeysOfThePage: a page that does something of its own at a key does it for its own keys, not for those of the chat.
func TestWidgetKeysOfThePage(t *testing.T) {
	t.Parallel()
	ctx := within(t, 3*time.Minute)
	s := process.Start(t, process.Options{Env: []string{"UNIQCHAT_LOG_LEVEL=warn"}})
	d := newDesk(ctx, t, s)
	p := browser.Shared(t).Page(t, "keys", browser.Options{})
	p.Go(host(t, s, d, "", `<!doctype html><html lang=en><meta charset=utf-8><title>Shop</title><main tabindex=0>Hello</main><script>
		window.heard = [];
		for (const on of [document, window]) for (const name of ["keydown", "keypress", "keyup"]) on.addEventListener(name, (e) => {
			if (/INPUT|TEXTAREA/.test(e.target.tagName)) return;
			heard.push(name + e.key);
			if ([" ", "/", "s", "Enter", "Escape"].includes(e.key)) e.preventDefault();
		});
	</script>SNIPPET`))
	p.Wait(`$("launcher") && ($("launcher").focus(), true)`)
	p.Keys("Space")
	p.Wait(`$("input")?.getRootNode().activeElement === $("input")`)
	p.Keys("is this a/s?", "Enter")
	p.See("message", "is this a/s?")
	allSent(p)
	p.Keys("Escape")
	p.Wait(`!$("panel") && $("launcher").getRootNode().activeElement === $("launcher")`)
	p.Wait(`heard.join() === "" && (document.querySelector("main").focus(), true)`)
	p.Keys("s")
	p.Wait(`heard.join() === "keydowns,keydowns,keyups,keyups"`)
	require.Empty(t, withoutIcon(p.Problems()))
	s.Stop()
}

// atTheEnd: there is more than fits, and the newest is seen.
const atTheEnd = `(({ scrollHeight, scrollTop, clientHeight }) => scrollHeight > clientHeight + 20 && scrollHeight - scrollTop - clientHeight < 2)($("messages"))`

// TestWidgetOtherBody: where a page goes on to another one by taking away its body, or all that is in it, the widget stays, with
// everything that is in it, and who was writing goes on writing.
func TestWidgetOtherBody(t *testing.T) {
	t.Parallel()
	ctx := within(t, 3*time.Minute)
	s := process.Start(t, process.Options{Env: []string{"UNIQCHAT_LOG_LEVEL=warn"}})
	d := newDesk(ctx, t, s)
	p := browser.Shared(t).Page(t, "body", browser.Options{})
	p.Go(host(t, s, d, "", `<!doctype html><html lang=en><meta charset=utf-8><title>Shop</title><h1>Hello</h1>SNIPPET<script>
		window.swap = (keep) => {
			const next = document.createElement("body");
			next.innerHTML = (keep ? document.body.innerHTML : "") + "<h1 tabindex=0>Another</h1>";
			document.body = next;
			return document.querySelectorAll("h1").length > 0;
		};
		window.only = () => document.querySelectorAll("#uniqchat").length === 1 && document.body.querySelector("#uniqchat").shadowRoot !== null;
	</script>`))
	p.Wait(`$("launcher")`)
	p.Wait(`(document.body.innerHTML = "", true)`)
	p.Wait(`$("launcher") && swap(false)`)
	p.Wait(`only() && $("launcher") && swap(true)`) // as Turbo shows a page that it kept: with a copy of what was the widget
	p.Wait(`only() && $("launcher") && (document.body.remove(), true)`)
	p.Wait(`document.body === null && (document.documentElement.append(document.createElement("body")), true)`)
	p.Wait(`only() && $("launcher")`)

	p.Click("launcher")
	quick(p, "Is the blue one in stock?")
	allSent(p)
	d.find()
	d.send("text", `{"text":"It is"}`)
	p.See("message", "It is")
	p.Keys("How many")
	p.Wait(`$("input").value === "How many" && swap(true)`)
	p.Wait(`only() && $("panel")`)
	p.Keys(" are there")
	p.Wait(`$("input").value === "How many are there" && (document.body.innerHTML = "<h1>Third</h1>", true)`)
	p.Wait(`only() && $("panel")`)
	p.Keys("?", "Enter")
	p.See("message", "How many are there?")
	allSent(p)
	p.Wait(`$$("message").length === 3`)
	d.send("text", `{"text":"Three of them:\n\n1. here\n2. there\n3. on their way\n\nWhich one would you like?"}`)
	p.See("message", "Three")
	p.Wait(atTheEnd + ` && swap(true)`)
	p.Wait(`only() && ` + atTheEnd)

	// Whoever was in the page stays there.
	p.Wait(`swap(false)`)
	p.Wait(`only() && $("panel")`)
	p.ClickOn(`document.querySelector("h1")`)
	p.Wait(`document.activeElement.tagName === "H1" && (setTimeout(() => { window.settled = true; }, 9), true)`) // the widget notes a tick later that it lost the focus
	p.Wait(`window.settled && swap(false)`)
	p.Wait(`only() && $("panel") && document.activeElement === document.body`)
	p.Click("close")
	p.Wait(`swap(false)`)
	p.Wait(`only() && $("launcher") && !$("panel")`)

	// And a page that won't have it gets its way.
	p.Wait(`(new MutationObserver(() => document.getElementById("uniqchat")?.remove()).observe(document.body, { childList: true }), document.body.append("x"), true)`)
	p.Wait(`!document.getElementById("uniqchat")`)
	require.Empty(t, withoutIcon(p.Problems()))
	s.Stop()
}

// TestWidgetOddCalls: what a page says with things that are no data, before the chat is there and after, throws nothing at it and loses
// nothing else. Pages behind a fragment are pages, and a number before the shop's title is the shop's.
func TestWidgetOddCalls(t *testing.T) {
	t.Parallel()
	ctx := within(t, 3*time.Minute)
	s := process.Start(t, process.Options{Env: []string{"UNIQCHAT_LOG_LEVEL=warn"}})
	d := newDesk(ctx, t, s)
	p := browser.Shared(t).Page(t, "calls", browser.Options{})
	p.Go(host(t, s, d, "", `<!doctype html><html lang=en><meta charset=utf-8><title>(2024) Shop</title><script>
		window.uniqchat = window.uniqchat || function () { (uniqchat.q = uniqchat.q || []).push(arguments); };
		window.round = { what: "round" };
		round.round = round;
		window.odd = () => {
			uniqchat("setAttributes", round);
			uniqchat("setAttributes", { n: 1n });
			uniqchat("setUser", round);
			uniqchat("track", "odd", round);
			uniqchat("track", "cart_updated", { value: 7, of: () => {}, body: document.body, proxy: new Proxy({}, {}) });
		};
		odd();
		uniqchat("setUser", { name: "Mei" });
		uniqchat("setAttributes", { plan: "gold" });
		uniqchat("open", round);
	</script>SNIPPET`))
	p.Wait(`$("input")`)
	quick(p, "hello")
	allSent(p)
	d.find()
	p.Wait(`(odd(), location.hash = "#/mugs", true)`)
	var c struct {
		VisitorID string `json:"visitor_id"`
	}
	d.do("GET", "", nil, &c)
	require.Eventually(t, func() bool {
		var v struct {
			Name       string
			Attributes map[string]any
		}
		require.NoError(t, d.api.Call(ctx, "GET", "/api/v1/visitors/"+c.VisitorID, d.token, nil, &v))
		return v.Name == "Mei" && v.Attributes["plan"] == "gold" && len(v.Attributes) == 1
	}, 20*time.Second, 200*time.Millisecond)
	require.Eventually(t, func() bool {
		var trail struct {
			Data []struct {
				Name string
				Data map[string]any
			}
		}
		require.NoError(t, d.api.Call(ctx, "GET", "/api/v1/visitors/"+c.VisitorID+"/events", d.token, nil, &trail))
		seen := map[string]int{}
		for _, e := range trail.Data {
			seen[e.Name]++
			if url, _ := e.Data["url"].(string); e.Name == "page_view" && strings.HasSuffix(url, "/#/mugs") {
				seen["mugs"]++
				require.Equal(t, "(2024) Shop", e.Data["title"])
			}
		}
		return seen["mugs"] == 1 && seen["page_view"] == 2 && seen["cart_updated"] == 2 && seen["custom"] == 2
	}, 20*time.Second, 200*time.Millisecond)
	p.Click("close")
	d.send("text", `{"text":"Hello Mei"}`)
	p.Wait(`document.title === "(1) (2024) Shop"`)
	p.Click("launcher")
	p.Wait(`document.title === "(2024) Shop"`)
	require.Empty(t, withoutIcon(p.Problems()))
	s.Stop()
}
