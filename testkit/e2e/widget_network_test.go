package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/testkit/browser"
	"github.com/uniqchat/uniqchat/testkit/process"
)

// outboxed is how many messages of the visitor wait in IndexedDB, in window.kept once it is read.
const outboxed = `(window.kept ??= -1, indexedDB.databases().then((all) => all.find((d) => d.name === "uniqchat:demo") && new Promise((done) => {
	const r = indexedDB.open("uniqchat:demo");
	r.onsuccess = () => { const db = r.result, store = [...db.objectStoreNames][0], n = db.transaction(store).objectStore(store).count(); n.onsuccess = () => { window.kept = n.result; db.close(); done(); }; };
})), window.kept)`

// allSent waits until nothing of what the visitor wrote is on its way.
func allSent(p *browser.Page) {
	p.Wait(`$$("mark").length > 0 && !$$("mark").some((e) => e.classList.contains("sending") || e.classList.contains("failed")) && $$("upload").length === 0`)
}

// quick writes a text at once and sends it.
func quick(p *browser.Page, text string) {
	p.Wait(`$("input") && ((el) => (el.focus(), el.value = ` + "`" + text + "`" + `, el.dispatchEvent(new Event("input", { bubbles: true })), true))($("input"))`)
	p.Keys("Enter")
	p.Wait(`$("input").value === ""`)
}

// alone starts a demo shop for one visitor, at whose page the test looks, and an agent at the API. The test runs beside others.
func alone(t *testing.T, limit time.Duration, name string, env ...string) (*process.Server, *desk, *browser.Page) {
	t.Helper()
	t.Parallel()
	ctx := within(t, limit)
	s := process.Start(t, process.Options{Env: append([]string{"UNIQCHAT_LOG_LEVEL=warn"}, env...)})
	return s, newDesk(ctx, t, s), browser.Shared(t).Page(t, name, browser.Options{})
}

// visit opens the demo shop and the chat in it.
func visit(s *process.Server, p *browser.Page) {
	p.Go(s.BaseURL() + "/demo/")
	p.Click("launcher")
	p.Wait(`$("input")`)
}

// inStore returns what the visitor wrote as the database has it: texts, and names of images.
func (d *desk) inStore() (texts, images []string) {
	d.t.Helper()
	for after := 0; ; {
		var page struct {
			Data []struct {
				Seq        int
				Kind       string
				SenderRole string `json:"sender_role"`
				Body       struct{ Text, Name string }
			}
		}
		d.do(http.MethodGet, fmt.Sprintf("/messages?limit=200&after=%d", after), nil, &page)
		if len(page.Data) == 0 {
			return texts, images
		}
		for _, m := range page.Data {
			after = max(after, m.Seq)
			switch m.Kind {
			case "text":
				texts = append(texts, m.Body.Text)
			case "image":
				images = append(images, m.Body.Name)
			}
		}
	}
}

// has waits until the database has all of these texts of the visitor's, and no others, in this order.
func (d *desk) has(want ...string) {
	d.t.Helper()
	require.Eventually(d.t, func() bool { got, _ := d.inStore(); return len(got) >= len(want) }, 20*time.Second, 100*time.Millisecond)
	got, _ := d.inStore()
	require.Equal(d.t, want, got)
}

// TestWidgetRestart: the server is restarted while the visitor types. The draft stays, over a reload too, and goes out once.
func TestWidgetRestart(t *testing.T) {
	s, d, p := alone(t, 4*time.Minute, "restart")
	visit(s, p)
	quick(p, "first")
	allSent(p)
	d.find()
	p.Type("input", "I was about to ask")
	p.Wait(`(window.real = WebSocket, window.WebSocket = class { constructor() { window.hung = this; } send() {} close() {} }, true)`) // the next one hangs
	s.Kill()
	p.See("state", "Connecting")
	p.Wait(`(window.WebSocket = real, hung.onclose({ code: 1006, reason: "" }), true)`)
	p.See("state", "Connection lost")
	p.Screenshot("down")
	p.Wait(`$("input").value === "I was about to ask" && $("input").getRootNode().activeElement === $("input")`)
	p.Keys(" whether")
	p.Press("Enter")
	p.See("message", "I was about to ask whether")
	p.Wait(`$$("mark").some((e) => e.classList.contains("sending"))`)
	p.Keys("and a draft")
	s.Restart()
	allSent(p)
	p.Wait(`$("input").value === "and a draft" && !$("state")?.classList.contains("warn")`)
	p.Reload()
	p.Wait(`$("panel") || ($("launcher").click(), false)`)
	p.Wait(`$("input").value === "and a draft"`)
	p.Click("input")
	p.Press("Enter")
	allSent(p)
	want := []string{"first", "I was about to ask whether", "and a draft"}
	shows(t, p, want)
	d.has(want...)
	require.Empty(t, p.Problems())
	s.Stop()
}

// TestWidgetOffline: what is written without a network is in IndexedDB, is shown as such, and goes out once the network is back,
// or from another tab if this one is gone by then.
func TestWidgetOffline(t *testing.T) {
	s, d, p := alone(t, 5*time.Minute, "offline")
	visit(s, p)
	quick(p, "before")
	allSent(p)
	d.find()
	p.Wait(outboxed + " === 0")
	p.Network(browser.Network{Offline: true})
	quick(p, "one")
	quick(p, "two")
	p.See("state", "You're offline")
	p.Wait(`$$("mark").some((e) => e.classList.contains("sending"))`)
	p.Wait(outboxed + " === 2")
	p.Screenshot("offline")
	time.Sleep(time.Duration(number(t, "UNIQCHAT_OFFLINE_SECONDS", 3)) * time.Second) // how long makes no difference that could be waited for
	got, _ := d.inStore()
	require.Equal(t, []string{"before"}, got)
	p.Network(browser.Network{})
	allSent(p)
	p.Wait(`!$("state")?.classList.contains("warn")`)
	p.Wait(outboxed + " === 0")

	p.Network(browser.Network{Offline: true})
	quick(p, "three")
	p.Wait(outboxed + " === 1")
	second := p.Tab("heir")
	second.Go(s.BaseURL() + "/demo/") // this tab has a network; the first one leads until it is closed
	p.Close()
	second.Wait(`$("panel") || ($("launcher").click(), false)`)
	second.See("message", "three")
	allSent(second)
	want := []string{"before", "one", "two", "three"}
	shows(t, second, want)
	d.has(want...)
	require.InDelta(t, 1, s.Metric("uniqchat_engine_connections"), 0)
	s.Stop()
}

// TestWidgetDrip: many texts and images over a network that drips, breaks twice, and a server that is killed once:
// UNIQCHAT_DRIP_MESSAGES of them, every fifth an image.
func TestWidgetDrip(t *testing.T) {
	n := number(t, "UNIQCHAT_DRIP_MESSAGES", 40)
	s, d, p := alone(t, 25*time.Minute, "drip")
	visit(s, p)
	p.Network(browser.Network{Latency: 300, BytesPerSecond: 24_000})
	dir := t.TempDir()
	raw, err := os.ReadFile(photo(t, "p.png", 120, 90))
	require.NoError(t, err)
	var texts, images []string
	for i := range n {
		switch i {
		case n / 4, n / 2:
			p.Network(browser.Network{Offline: true})
		case n/4 + 3, n/2 + 3:
			p.Network(browser.Network{Latency: 300, BytesPerSecond: 24_000})
		case 3 * n / 4:
			s.Kill()
			s.Restart()
		}
		if i%5 != 4 {
			texts = append(texts, fmt.Sprintf("text %03d", i))
			quick(p, texts[len(texts)-1])
			continue
		}
		images = append(images, fmt.Sprintf("image %03d.png", i))
		path := filepath.Join(dir, images[len(images)-1])
		require.NoError(t, os.WriteFile(path, append(raw[:len(raw):len(raw)], strings.Repeat("x", 8000)...), 0o600)) // what stands after a PNG's end is nobody's
		p.Files("files", path)
	}
	p.Screenshot("on-the-way")
	// What broke off goes on by itself.
	p.WaitFor(10*time.Minute, `$$("upload").length + $$("mark").filter((e) => e.classList.contains("sending")).length === 0`)
	p.Network(browser.Network{})
	d.find()
	require.Eventually(t, func() bool { a, b := d.inStore(); return len(a) >= len(texts) && len(b) >= len(images) }, time.Minute, 200*time.Millisecond)
	gotTexts, gotImages := d.inStore()
	require.Equal(t, texts, gotTexts)
	require.ElementsMatch(t, images, gotImages) // one that had to be tried again comes later
	p.Reload()
	p.Wait(`$("panel") || ($("launcher").click(), false)`)
	p.Wait(fmt.Sprintf(`$$("message").length + $$("image").length >= %d || ($("messages")?.scrollTo(0, 0), false)`, min(n, 50)))
	var twice []string
	require.NoError(t, p.Eval(`((all) => all.filter((x, i) => all.indexOf(x) !== i))(`+texts0+`)`, &twice))
	require.Empty(t, twice)
	p.Screenshot("after")
	require.Empty(t, refusedNone(p.Problems()))
	s.Stop()
}

const texts0 = `$$("message").map((e) => e.querySelector(".text").innerText)`

// refusedNone leaves out requests that failed because there was no network.
func refusedNone(problems []string) (out []string) {
	for _, s := range problems {
		if !strings.Contains(s, "net::ERR_INTERNET_DISCONNECTED") && !strings.Contains(s, "net::ERR_ABORTED") {
			out = append(out, s)
		}
	}
	return out
}

// TestWidgetUpload: a file shows how far it is and why it failed, can be tried again, and goes up once the server is back; one may be taken back, one is too large.
func TestWidgetUpload(t *testing.T) {
	s, d, p := alone(t, 4*time.Minute, "upload", "UNIQCHAT_UPLOADS_MAX_BYTES=300000")
	visit(s, p)
	quick(p, "a file comes")
	allSent(p)
	d.find()
	file := func(name string, bytes int) string {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(path, []byte(strings.Repeat("line\n", bytes/5)), 0o600))
		return path
	}
	p.Network(browser.Network{Latency: 50, BytesPerSecond: 12_000})
	p.Files("files", file("invoice.txt", 200_000), file("wrong.txt", 100_000))
	p.Wait(`((v) => v > 0 && v < 100)($("upload")?.querySelector("progress").value)`)
	p.Screenshot("progress")
	p.ClickOn(`$$("upload").find((e) => e.innerText.includes("wrong.txt")).querySelector("[data-testid=cancel-upload]")`)
	p.Wait(`$$("upload").length === 1`)
	s.Kill()
	p.Wait(`$("upload").querySelector("[role=alert]")`)
	p.Screenshot("failed")
	p.ClickOn(`$("upload").querySelector(".link")`) // still in vain
	p.Wait(`$("upload").querySelector("[role=alert]")`)
	p.Network(browser.Network{})
	s.Restart() // now it goes on by itself
	p.Wait(`$$("upload").length === 0 && $$("file").length === 1`)
	allSent(p)
	p.Files("files", file("film.txt", 400_000))
	p.Wait(`$("upload")?.querySelector("[role=alert]")?.innerText === "This file is too large."`)
	p.Wait(`!$("upload").querySelector(".link")`)
	p.Screenshot("too-large")
	p.ClickOn(`$("cancel-upload")`)
	p.Wait(`$$("upload").length === 0`)
	var page struct {
		Data []struct {
			Kind string
			Body struct{ Name string }
		}
	}
	d.do(http.MethodGet, "/messages?limit=50", nil, &page)
	var files []string
	for _, m := range page.Data {
		if m.Kind == "file" {
			files = append(files, m.Body.Name)
		}
	}
	require.Equal(t, []string{"invoice.txt"}, files)
	s.Stop()
}

// TestWidgetPatience: who writes faster than the server allows is told for how long to wait, and everything arrives in its order.
func TestWidgetPatience(t *testing.T) {
	s, d, p := alone(t, 4*time.Minute, "patience", "UNIQCHAT_LIMITS_VISITOR_SEND_RATE=0.25", "UNIQCHAT_LIMITS_VISITOR_SEND_BURST=2")
	p.Before(`window.told = []; setInterval(() => { const s = document.getElementById("uniqchat")?.shadowRoot.querySelector("[data-testid=state]")?.innerText; const n = /You can go on in (\d+) s/.exec(s ?? ""); if (n && told.at(-1) !== +n[1]) told.push(+n[1]); }, 50)`)
	visit(s, p)
	want := []string{"one", "two", "three", "four"}
	for _, text := range want {
		quick(p, text)
	}
	p.See("state", "You can go on in")
	p.Screenshot("countdown")
	p.Wait(`told.some((n, i) => i > 0 && n === told[i - 1] - 1)`)
	allSent(p)
	p.Wait(`!$("state")?.innerText.includes("You can go on")`)
	d.find()
	d.has(want...)
	require.Empty(t, p.Problems())
	s.Stop()
}

// TestWidgetQueue: two who wait see their places, and what the page hears of them; the second moves up when the first is through.
func TestWidgetQueue(t *testing.T) {
	t.Parallel()
	ctx := within(t, 4*time.Minute)
	s := process.Start(t, process.Options{Env: []string{"UNIQCHAT_LOG_LEVEL=warn"}})
	d := newDesk(ctx, t, s)
	b := browser.Shared(t)
	first, second := b.Page(t, "queue-first", browser.Options{}), b.Page(t, "queue-second", browser.Options{Language: "zh-CN"})
	visit(s, first)
	quick(first, "I was here first")
	d.find()
	first.See("state", "You're next in the queue")
	first.Screenshot("place")
	visit(s, second)
	second.Wait(`(window.places = [], uniqchat("on", "queue", (q) => places.push(q && q.eta_seconds === null && q.place)), true)`)
	quick(second, "我排在后面")
	second.See("state", "2")
	second.Screenshot("place")
	d.do(http.MethodPost, "/close", map[string]any{}, nil)
	second.Wait(`places.includes(2) && places.at(-1) === 1`)
	second.Wait(`!$("state")?.innerText.includes("2")`)
	first.Wait(`$("rating") && !$("state")`)
	s.Stop()
}
