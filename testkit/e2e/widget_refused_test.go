package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/testkit/browser"
)

// refusals lets a test answer the widget's requests in the server's place: window.refuse = { path, status, after }; without a status there is no
// answer at all.
const refusals = `window.refuse = null; window.real = window.fetch; window.fetch = (url, o) => refuse === null || !String(url).includes(refuse.path) ? real(url, o)
	: refuse.status ? Promise.resolve(new Response(JSON.stringify({ code: "rate_limited", error: "Too many requests" }), { status: refuse.status, headers: { "Retry-After": refuse.after } }))
	: Promise.reject(new TypeError("Failed to fetch"));`

// refused presses a button three times: the server asks for patience, then the network is away, then nothing is wrong. The last press is the caller's.
func refused(p *browser.Page, path, form, button string) {
	said := `$("` + form + `").querySelector(".bad")?.innerText ?? ""`
	p.Wait(`(window.refuse = { path: "` + path + `", status: 429, after: 5 }, true)`)
	p.Click(button)
	p.Wait(`(` + said + `).includes("You can go on in") && $("` + button + `").disabled`)
	p.Screenshot("patience-" + form)
	for name, o := range map[string]browser.Options{"wide-dark": {Dark: true}, "phone": {Phone: true}} {
		p.Look(o)
		p.Screenshot("patience-" + form + "-" + name)
	}
	p.Look(browser.Options{})
	p.Wait(`(` + said + `) === "" && !$("` + button + `").disabled`)
	p.Wait(`(window.refuse = { path: "` + path + `" }, true)`)
	p.Click(button)
	p.Wait(`/the server can't be reached/.test(` + said + `) && !$("` + button + `").disabled`)
	p.Wait(`(uniqchat("setLocale", "zh-CN"), /连不上服务器/.test(` + said + `))`)
	p.Look(browser.Options{Phone: true, Dark: true})
	p.Screenshot("away-" + form + "-zh")
	p.Look(browser.Options{})
	p.Wait(`(uniqchat("setLocale", "en"), window.refuse = null, true)`)
}

// TestWidgetRefused: whoever was here before finds the form outside the hours too, and what the server or the network refuses of forms is said in the
// widget's words, with a countdown where there is one to wait for; no text is cut without a word.
func TestWidgetRefused(t *testing.T) {
	s, d, p := alone(t, 4*time.Minute, "refused")
	p.Before(refusals)
	visit(s, p)
	quick(p, "Do you ship to Norway?")
	allSent(p)
	d.find()
	d.do(http.MethodPost, "/close", map[string]any{}, nil)
	p.Wait(`$("rating") && $("input") && !$("offline")`)
	require.NoError(t, d.api.Call(d.ctx, http.MethodPost, "/api/v1/business-hours", d.token, map[string]any{"name": "never", "time_zone": "UTC", "weekly": []any{}}, nil))
	p.Wait(`((k, s) => (s = JSON.parse(localStorage.getItem(k)), localStorage.setItem(k, JSON.stringify({ ...s, at: 1 })), true))("uniqchat:widget:demo")`)
	p.Click("close")
	p.Click("launcher")
	p.See("status", "away") // it is closed by now, but who was in a conversation goes on with it
	p.Wait(`$("input") && !$("offline")`)
	p.Reload()
	p.Wait(`$("panel") || ($("launcher").click(), false)`)
	p.See("message", "Do you ship to Norway?")
	p.Wait(`$("rating") && $("offline") && !$("input")`)
	for name, o := range map[string]browser.Options{"wide": {}, "wide-dark": {Dark: true}, "phone": {Phone: true}} {
		p.Look(o)
		p.Screenshot("history-" + name)
	}
	p.Look(browser.Options{})

	p.ClickOn(`$("star-4")`)
	refused(p, "/rating", "rating", "rating-send")
	p.Click("rating-send")
	p.Wait(`!$("rating")`)

	fill(p, "[name=email]", "kari@shop.example")
	fill(p, "textarea", "And how much is it?")
	refused(p, "/offline-messages", "offline", "offline-send")
	p.Click("offline-send")
	p.See("message", "And how much is it?")
	p.See("offline-left", "kari@shop.example")

	p.Wait(`(window.refuse = { path: "/transcript", status: 429, after: 3 }, true)`)
	p.Click("menu")
	p.Click("menu-transcript")
	p.Wait(`$("panel").querySelector(".state.bad").innerText.includes("You can go on in")`)
	p.Screenshot("patience-menu")
	p.Wait(`!$("panel").querySelector(".state.bad")`)
	p.Wait(`(window.refuse = null, true)`)

	p.Wait(`((el) => (el.focus(), document.execCommand("insertText", false, "长".repeat(8003)), el.value.length === 8003))($("input"))`)
	p.See("panel", "Too long to send: 8003 of 8000 characters")
	p.Wait(`$("send").disabled`)
	p.Keys("Enter")
	p.Wait(`$("input").value.length === 8003`)
	p.Screenshot("too-long")
	p.Wait(`(uniqchat("setLocale", "zh-CN"), $("panel").innerText.includes("8003/8000"))`)
	p.Look(browser.Options{Phone: true, Dark: true})
	p.Screenshot("too-long-zh")
	p.Look(browser.Options{})
	p.Wait(`((el) => (el.setSelectionRange(0, 3), document.execCommand("delete"), el.value.length === 8000))($("input"))`)
	p.Click("send")
	p.Wait(`$("input").value === "" && $$("message").at(-1).innerText.includes("长长长")`)
	allSent(p)
	require.Empty(t, p.Problems())
	s.Stop()
}

// TestWidgetLateAnswer: where nobody answers what the site wants, it is asked again, by itself and at every step towards the chat; then its triggers
// speak, and the page was seen once.
func TestWidgetLateAnswer(t *testing.T) {
	s, d, p := alone(t, 3*time.Minute, "late-answer")
	require.NoError(t, d.api.Call(d.ctx, http.MethodPost, "/api/v1/triggers", d.token, map[string]any{
		"name": "Soon", "conditions": map[string]any{"seconds_on_page": 1}, "message": map[string]string{"en": "Here at last"},
	}, nil))
	p.Before(`((later) => { window.setTimeout = (f, ms, ...more) => later(f, ms === 60000 ? (window.minutes = (window.minutes ?? 0) + 1, 500) : ms, ...more); })(window.setTimeout)`)
	p.Block(s.BaseURL() + "/widget/config*")
	p.Go(s.BaseURL() + "/demo/")
	p.See("launcher", "")
	p.Wait(`window.minutes > 2 && !$("tease")`)
	p.Block()
	p.See("tease", "Here at last")
	p.Wait(`JSON.parse(sessionStorage.getItem("uniqchat:tracked")).filter((e) => e.name === "page_view").length === 1`)
	s.Stop()
}

// TestWidgetBootAgain: what is said to boot once more holds from then on, except that a page has one site; and the widget names the language that it
// speaks, whatever the page's is.
func TestWidgetBootAgain(t *testing.T) {
	s, d, p := alone(t, 3*time.Minute, "boot-again")
	p.Go(host(t, s, d, "", `<!doctype html><html lang=nb><meta charset=utf-8><title>Butikk</title><link rel=icon href="data:,"><p>Hei</p>SNIPPET`))
	p.See("launcher", "")
	p.Wait(`document.getElementById("uniqchat").lang === "en"`)
	p.Wait(`(uniqchat("boot", { color: "#7c2d5e", position: "left", launcher: "Spørsmål?", hideLauncher: false }), true)`)
	p.See("launcher", "Spørsmål?")
	p.Wait(`getComputedStyle($("launcher")).backgroundColor === "rgb(124, 45, 94)" && $("launcher").getBoundingClientRect().left < 100`)
	p.Screenshot("launcher")
	p.Wait(`(uniqchat("boot", { locale: "zh-CN", title: "小店" }), uniqchat("open"), document.getElementById("uniqchat").lang === "zh-CN")`)
	p.See("panel", "小店")
	p.Screenshot("zh")
	require.Empty(t, p.Problems())
	p.Wait(`(uniqchat("boot", { siteKey: "another" }), true)`)
	require.True(t, p.Said("another site's needs another page"), "%q", p.Problems())
	quick(p, "你好")
	allSent(p)
	s.Stop()
}
