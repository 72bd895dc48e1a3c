package e2e_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/testkit/browser"
	"github.com/uniqchat/uniqchat/testkit/process"
)

// connected waits until the chat is open and says nothing of its connection, and the server has one.
func connected(t *testing.T, s *process.Server, p *browser.Page) {
	t.Helper()
	p.Wait(`$("panel") && (!$("state") || $("state").classList.contains("info")) && $("input")`) // it may wait in the queue
	require.Eventually(t, func() bool { return s.Metric("uniqchat_engine_connections") == 1 }, 20*time.Second, 50*time.Millisecond)
}

// TestWidgetAfterReset: whoever opens the chat after a log-out is connected, in whichever tab, and a customer who logs in again finds what was said.
func TestWidgetAfterReset(t *testing.T) {
	t.Parallel()
	ctx := within(t, 4*time.Minute)
	s := process.Start(t, process.Options{Env: []string{"UNIQCHAT_LOG_LEVEL=warn"}})
	d := newDesk(ctx, t, s)
	url, secret := hostAndSecret(t, s, d, "", `<!doctype html><html lang=en><meta charset=utf-8><title>Shop</title><link rel=icon href="data:,"><p>Hello</p>SNIPPET`)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("42"))
	logIn := fmt.Sprintf(`(uniqchat("setUser", { id: 42, identityHmac: "%x" }), true)`, mac.Sum(nil))
	gone := func() {
		require.Eventually(t, func() bool { return s.Metric("uniqchat_engine_connections") == 0 }, 20*time.Second, 50*time.Millisecond)
	}

	p := browser.Shared(t).Page(t, "after-reset", browser.Options{})
	p.Go(url)
	p.Wait(`window.uniqchat && ` + logIn)
	p.Click("launcher")
	quick(p, "Where is my order?")
	allSent(p)
	d.find()
	d.send("text", `{"text":"On its way"}`)
	p.See("message", "On its way")
	d.do(http.MethodPost, "/handoff", map[string]any{"to": "bot"}, nil)
	d.do(http.MethodPost, "/handoff", map[string]any{"to": "human"}, nil)
	p.See("change", "We're getting a person for you") // who asked for one was not the visitor

	p.Click("close")
	p.Wait(`(uniqchat("reset"), true)`)
	gone()
	p.Click("launcher")
	connected(t, s, p)
	p.Wait(`$$("message").length === 0`)
	p.Wait(`(uniqchat("reset"), true)`) // and with the chat open
	connected(t, s, p)
	p.Click("close")
	p.Wait(`(uniqchat("reset"), true)`)
	gone()
	p.Wait(logIn)
	p.Click("launcher")
	p.See("message", "On its way")
	connected(t, s, p)

	second := p.Tab("after-reset-second")
	second.Go(url)
	second.Click("launcher")
	second.See("message", "On its way")
	second.Click("close")
	p.Click("close")
	p.Wait(`(uniqchat("reset"), true)`)
	gone()
	second.Wait(`$$("message").length === 0`)
	second.Click("launcher") // the other tab leads, and has nothing open
	connected(t, s, second)
	require.Empty(t, p.Problems())
	require.Empty(t, second.Problems())
	s.Stop()
}

// TestWidgetStuck: a tab that has the connection and does not run, because its page computes, holds up no other one. When it wakes it follows, and
// nothing was sent twice.
func TestWidgetStuck(t *testing.T) {
	s, d, p := alone(t, 4*time.Minute, "stuck")
	visit(s, p)
	quick(p, "before")
	allSent(p)
	d.find()
	second := p.Tab("not-stuck")
	second.Go(s.BaseURL() + "/demo/")
	second.Wait(`$("panel") || ($("launcher").click(), false)`)
	second.See("message", "before")
	// By a message, not a timer: those of a tab that is not looked at come late, and what is sent meanwhile would go through it.
	p.Wait(`((c) => { c.port1.onmessage = () => { for (const end = Date.now() + 45_000; Date.now() < end;); }; c.port2.postMessage(0); return true; })(new MessageChannel())`)
	stuck := time.Now()
	quick(second, "is anybody there?")
	d.has("before", "is anybody there?")
	require.Less(t, time.Since(stuck), 40*time.Second, "before the other one was done")
	p.WaitFor(time.Minute, `$$("message").at(-1)?.innerText.includes("is anybody there?")`)
	require.Eventually(t, func() bool { return s.Metric("uniqchat_engine_connections") == 1 }, 20*time.Second, 50*time.Millisecond)
	quick(p, "now I am")
	allSent(p)
	second.See("message", "now I am")
	d.has("before", "is anybody there?", "now I am")
	require.Empty(t, p.Problems())
	require.Empty(t, second.Problems())
	s.Stop()
}

// TestWidgetOddPage: a page whose language is none, to which the browser gives no locks and no channel, and that says more of its visitor than the
// server takes, has a chat.
func TestWidgetOddPage(t *testing.T) {
	t.Parallel()
	ctx := within(t, 3*time.Minute)
	s := process.Start(t, process.Options{Env: []string{"UNIQCHAT_LOG_LEVEL=warn"}})
	d := newDesk(ctx, t, s)
	url := host(t, s, d, "", `<!doctype html><html lang=中文><meta charset=utf-8><title>Shop</title><link rel=icon href="data:,"><p>Hello</p>SNIPPET`)
	p := browser.Shared(t).Page(t, "odd-page", browser.Options{})
	p.Before(`navigator.locks.request = async () => { throw new DOMException("no", "SecurityError"); }; window.BroadcastChannel = class { constructor() { throw new DOMException("no", "SecurityError"); } };`)
	p.Go(url)
	p.Click("launcher")
	quick(p, "hello")
	allSent(p)
	d.find()
	p.Wait(`(uniqchat("setAttributes", { story: "x".repeat(5000) }), true)`)
	require.Eventually(t, func() bool { return p.Said("attributes must be") }, 20*time.Second, 50*time.Millisecond)
	quick(p, "still here?")
	allSent(p)
	p.Wait(`!$("state")?.querySelector("button")`)
	var all []string
	for _, said := range p.Problems() {
		if !strings.Contains(said, "attributes must be") && !strings.Contains(said, "400") {
			all = append(all, said)
		}
	}
	require.Empty(t, all)
	s.Stop()
}

// TestWidgetPaste: a table of a spreadsheet, which comes with a picture of itself, is pasted as text; a file with its name as text is a file.
func TestWidgetPaste(t *testing.T) {
	s, _, p := alone(t, 3*time.Minute, "paste")
	visit(s, p)
	const paste = `((html) => {
		const data = new DataTransfer();
		data.items.add(new File(["x"], "notes.txt", { type: "text/plain" }));
		data.setData("text/plain", "a 1");
		if (html !== "") data.setData("text/html", html);
		return $("input").dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
	})`
	p.Wait(paste + `("<table><td>a<td>1</table>") === true`)
	p.Wait(`$$("upload").length === 0 && $$("file").length === 0`)
	p.Wait(paste + `("") === false`)
	p.Wait(`$$("file").length === 1 && $$("upload").length === 0`)
	require.Empty(t, p.Problems())
	s.Stop()
}

// TestWidgetSaidEarly: what a page says of its visitor holds at once, in other tabs and after a reset, whether its own chat ever comes or not.
func TestWidgetSaidEarly(t *testing.T) {
	s, d, p := alone(t, 3*time.Minute, "said-early")
	visit(s, p)
	quick(p, "hello")
	allSent(p)
	d.find()
	var c struct {
		VisitorID string `json:"visitor_id"`
	}
	d.do(http.MethodGet, "", nil, &c)
	second := p.Tab("said-early-second")
	second.Block("*://*:*/widget-chat.js*")
	second.Go(s.BaseURL() + "/demo/")
	second.Wait(`$("launcher") && (uniqchat("setUser", { name: "Mei" }), uniqchat("setAttributes", { plan: "gold" }), true)`)
	require.Eventually(t, func() bool {
		var v struct {
			Name       string
			Attributes map[string]any
		}
		require.NoError(t, d.api.Call(d.ctx, http.MethodGet, "/api/v1/visitors/"+c.VisitorID, d.token, nil, &v))
		return v.Name == "Mei" && v.Attributes["plan"] == "gold"
	}, 20*time.Second, 100*time.Millisecond)
	second.Wait(`(uniqchat("setUser", { name: "Nobody" }), uniqchat("reset"), uniqchat("setUser", { name: "Bo" }), true)`)
	p.Wait(`$$("message").length === 0`)
	quick(p, "hello again")
	allSent(p)
	p.Wait(`JSON.parse(localStorage.getItem("uniqchat:widget:demo")).visitor.name === "Bo"`)
	require.Empty(t, p.Problems())
	s.Stop()
}

// TestWidgetUnreadOfClosed: an answer that nobody has read is announced on the next page too, though its conversation is closed; once it is read,
// the next page brings nothing.
func TestWidgetUnreadOfClosed(t *testing.T) {
	s, d, p := alone(t, 3*time.Minute, "unread-of-closed")
	visit(s, p)
	quick(p, "I want my money back")
	allSent(p)
	d.find()
	p.Click("close")
	d.send("text", `{"text":"Refund done"}`)
	p.Wait(`$("launcher").innerText === "1"`)
	d.do(http.MethodPost, "/close", map[string]any{}, nil)
	p.Wait(`all(document, "[data-testid=change]").some((e) => e.textContent.includes("closed"))`)
	p.Reload()
	p.Wait(`$("launcher")?.innerText === "1"`)
	p.Click("launcher")
	p.See("message", "Refund done")
	p.Wait(`JSON.parse(localStorage.getItem("uniqchat:widget:demo")).done`)
	p.Click("close")
	p.Reload()
	p.See("launcher", "")
	p.Wait(`document.readyState === "complete" && performance.now() > 4000`) // by then it would have been brought
	p.Wait(`!performance.getEntriesByType("resource").some((e) => e.name.includes("widget-chat"))`)
	require.Eventually(t, func() bool { return s.Metric("uniqchat_engine_connections") == 0 }, 20*time.Second, 50*time.Millisecond)
	require.Empty(t, p.Problems())
	s.Stop()
}
