package browser

import (
	"net/url"
	"slices"
	"sync"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Watch is what a page did that it should not: for tests that plant things in it. Safe for concurrent use.
type Watch struct {
	mu      sync.Mutex
	allowed []string
	out     []string
}

// canary notes what a planted script would call, and what the browser refused, in every document before anything of the page runs.
const canary = `
window.__ran = [];
window.__refused = [];
window.xss = (x) => { window.__ran.push(String(x)); };
for (const f of ["alert", "confirm", "prompt", "print"]) window[f] = (x) => { window.__ran.push(f + " " + x); };
document.addEventListener("securitypolicyviolation", (e) => window.__refused.push(e.violatedDirective + " " + e.blockedURI + " " + e.sample));
`

// Watch begins to note scripts that run as planted (they call xss), dialogs, and requests to anywhere but hosts (host:port). It
// holds for documents that are opened from now on.
func (p *Page) Watch(hosts ...string) *Watch {
	p.t.Helper()
	w := &Watch{allowed: hosts}
	p.must(chromedp.Listen(p.ctx, func(ev any) {
		switch ev := ev.(type) {
		case *network.EventRequestWillBeSent:
			w.request(ev.Request.URL)
		case *network.EventWebSocketCreated:
			w.request(ev.URL)
		case *page.EventJavascriptDialogOpening:
			w.note("dialog: " + ev.Message)
		case *page.EventWindowOpen:
			w.note("window: " + ev.URL)
		}
	}))
	_, err := chromedp.Call(p.ctx, page.Enable, page.EnableParams{})
	p.must(err)
	_, err = chromedp.Call(p.ctx, network.Enable, network.EnableParams{})
	p.must(err)
	p.Before(canary)
	return w
}

// Before runs a script in every document that is opened from now on, before anything of the page runs.
func (p *Page) Before(script string) {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
	p.must(err)
}

func (w *Watch) request(address string) {
	u, err := url.Parse(address)
	if err == nil && (u.Scheme == "data" || u.Scheme == "blob" || u.Scheme == "about" || slices.Contains(w.allowed, u.Host)) {
		return
	}
	w.note("request: " + address)
}

func (w *Watch) note(s string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.out = append(w.out, s)
}

// Seen returns what was noted of requests and dialogs, and what ran or was refused in the page as it is now.
func (p *Page) Seen(w *Watch) []string {
	p.t.Helper()
	var now []string
	p.must(p.Eval(`[...window.__ran.map((x) => "ran: " + x), ...window.__refused.map((x) => "refused: " + x),
		...all(document, "*").filter((e) => [...e.attributes].some((a) => /^on/i.test(a.name))).map((e) => "handler: " + e.outerHTML.slice(0, 200)),
		...all(document, "[href], [src], [action], [formaction], [srcdoc]").filter((e) => ["href", "src", "action", "formaction", "srcdoc"].some((a) =>
			/^\s*(javascript|vbscript|data:text)/i.test(e.getAttribute(a) ?? ""))).map((e) => "address: " + e.outerHTML.slice(0, 200))]`, &now))
	w.mu.Lock()
	defer w.mu.Unlock()
	return append(slices.Clone(w.out), now...)
}
