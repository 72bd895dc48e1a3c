package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Options is how a page's user looks at it. The zero value is an English desktop in light colours.
type Options struct {
	Language string // e.g. zh-CN; defaults to en-US
	Dark     bool
	Phone    bool // 390 x 844 with touch; otherwise 1280 x 800
	Wide     bool // 1440 x 900
	Still    bool // prefers-reduced-motion
}

// Page is a tab of a person of its own: cookies and storage are not shared with other pages. For the test's own goroutine.
type Page struct {
	t    testing.TB
	ctx  context.Context
	name string

	mu       sync.Mutex
	problems []string
	said     []string
}

// patience is how long a page gets to show what a test waits for: the machine may be busy.
const patience = 45 * time.Second

// Page opens an empty tab. name stands in messages and names of screenshots.
func (b *Browser) Page(t testing.TB, name string, o Options) *Page {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	p := &Page{t: t, ctx: ctx, name: name}
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("open a tab: %v", err)
	}
	p.begin()
	t.Cleanup(func() {
		if t.Failed() {
			p.Screenshot("failed")
			t.Logf("%s: problems of the page: %q", name, p.Problems())
			t.Logf("%s: what the page shows: %s", name, p.shows())
		}
	})
	p.Look(o)
	return p
}

// Tab opens another tab of the same person: storage is shared.
func (p *Page) Tab(name string) *Page {
	p.t.Helper()
	ctx, cancel := chromedp.NewContext(p.ctx)
	p.t.Cleanup(cancel)
	tab := &Page{t: p.t, ctx: ctx, name: name}
	if err := chromedp.Do(ctx); err != nil {
		p.t.Fatalf("open a tab: %v", err)
	}
	p.t.Cleanup(func() {
		if p.t.Failed() {
			tab.Screenshot("failed")
		}
	})
	tab.begin()
	return tab
}

// begin listens to a new tab, which is the one that its user looks at, whatever other users' tabs there are in the process.
func (p *Page) begin() {
	p.t.Helper()
	p.must(chromedp.Listen(p.ctx, p.listen))
	_, err := chromedp.Call(p.ctx, runtime.Enable, cdp.Empty{})
	p.must(err)
	_, err = chromedp.Call(p.ctx, cdplog.Enable, cdp.Empty{})
	p.must(err)
	_, err = chromedp.Call(p.ctx, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	p.must(err)
}

// Files chooses files in a file field, which may be hidden.
func (p *Page) Files(id string, paths ...string) {
	p.t.Helper()
	v, err := chromedp.Call(p.ctx, runtime.Evaluate, runtime.EvaluateParams{
		Expression: fmt.Sprintf("(() => {"+helpers+"return all(document, '[data-testid=%q]')[0]; })()", id),
	})
	p.must(err)
	_, err = chromedp.Call(p.ctx, dom.SetFileInputFiles, dom.SetFileInputFilesParams{Files: paths, ObjectID: v.Result.ObjectID})
	p.must(err)
}

// Look changes how the user looks at the page.
func (p *Page) Look(o Options) {
	p.t.Helper()
	if o.Language == "" {
		o.Language = "en-US"
	}
	scheme := "light"
	if o.Dark {
		scheme = "dark"
	}
	motion := "no-preference"
	if o.Still {
		motion = "reduce"
	}
	size := emulation.SetDeviceMetricsOverrideParams{Width: 1280, Height: 800, DeviceScaleFactor: 1}
	if o.Wide {
		size.Width, size.Height = 1440, 900
	}
	if o.Phone {
		size = emulation.SetDeviceMetricsOverrideParams{Width: 390, Height: 844, DeviceScaleFactor: 2, Mobile: true}
	}
	agent, err := chromedp.Run(p.ctx, chromedp.Evaluate[string]("navigator.userAgent"))
	p.must(err)
	_, err = chromedp.Call(p.ctx, emulation.SetDeviceMetricsOverride, size)
	p.must(err)
	_, err = chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: motion}},
	})
	p.must(err)
	_, err = chromedp.Call(p.ctx, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{
		UserAgent: agent, AcceptLanguage: o.Language,
	})
	p.must(err)
}

// listen keeps what goes wrong in the page.
func (p *Page) listen(ev any) {
	var s string
	switch ev := ev.(type) {
	case *runtime.EventExceptionThrown:
		s = ev.ExceptionDetails.Text
		if ev.ExceptionDetails.Exception != nil {
			s += " " + ev.ExceptionDetails.Exception.Description
		}
	case *runtime.EventConsoleAPICalled:
		var words []string
		for _, a := range ev.Args {
			words = append(words, string(a.Value))
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.said = append(p.said, string(ev.Type)+": "+strings.Join(words, " "))
		return
	case *cdplog.EventEntryAdded:
		if ev.Entry.Level != "error" {
			return
		}
		s = ev.Entry.Text + " " + ev.Entry.URL
	default:
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.problems = append(p.problems, s)
}

// Problems returns uncaught exceptions and errors that the browser logged (refused by the content security policy, failed
// loads), without failed connections, which are the network's.
func (p *Page) Problems() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []string
	for _, s := range p.problems {
		if !strings.Contains(s, "net::ERR_CONNECTION") && !strings.Contains(s, "WebSocket connection to") &&
			!strings.Contains(s, "net::ERR_EMPTY_RESPONSE") && !strings.Contains(s, "net::ERR_SOCKET_NOT_CONNECTED") {
			out = append(out, s)
		}
	}
	return out
}

// Said reports whether a script wrote a text to the console.
func (p *Page) Said(text string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.ContainsFunc(p.said, func(s string) bool { return strings.Contains(s, strings.Trim(quote(text), `"`)) })
}

func (p *Page) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatalf("page %s: %v", p.name, err)
	}
}

// Go opens an address and waits until it has loaded.
func (p *Page) Go(url string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	p.must(chromedp.Do(ctx, chromedp.Navigate(url)))
}

// Close closes the tab, as its user does. A slowed one (Slow) would go on to burn a processor though it is blank.
func (p *Page) Close() {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	p.must(chromedp.Do(ctx, chromedp.Navigate("about:blank"))) // what a page does at its end is done
	p.Slow(1)
}

// Reload loads the page again.
func (p *Page) Reload() {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	p.must(chromedp.Do(ctx, chromedp.Reload()))
}

// helpers are functions for expressions: $(id) is the visible element with a data-testid, however deep in shadow roots it
// is, $$(id) all of them.
const helpers = `
const all = (root, sel) => [...root.querySelectorAll(sel), ...[...root.querySelectorAll("*")].filter((e) => e.shadowRoot).flatMap((e) => all(e.shadowRoot, sel))];
const shown = (e) => e.getClientRects().length > 0 && getComputedStyle(e).visibility !== "hidden";
const $$ = (id) => all(document, '[data-testid="' + id + '"]').filter(shown);
const $ = (id) => $$(id)[0] ?? null;
`

// Eval evaluates a JavaScript expression, in which $ and $$ find elements, and decodes its JSON value into out.
func (p *Page) Eval(expr string, out any) error {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[string]("(() => {"+helpers+"return JSON.stringify("+expr+") ?? 'null'; })()"))
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(v), out)
}

// Wait waits until a JavaScript expression is true.
func (p *Page) Wait(expr string) {
	p.t.Helper()
	p.WaitFor(patience, expr)
}

// WaitFor is Wait for what may take longer.
func (p *Page) WaitFor(patience time.Duration, expr string) {
	p.t.Helper()
	deadline := time.Now().Add(patience)
	var last error
	for time.Now().Before(deadline) {
		var ok bool
		if last = p.Eval("!!("+expr+")", &ok); last == nil && ok {
			return
		}
		select {
		case <-p.ctx.Done():
			p.must(p.ctx.Err())
		case <-time.After(30 * time.Millisecond):
		}
	}
	p.t.Fatalf("page %s: still not so after %s: %s (%v)", p.name, patience, expr, last)
}

// See waits until an element with a data-testid shows a text; "" stands for any.
func (p *Page) See(id, text string) {
	p.t.Helper()
	p.Wait(fmt.Sprintf("$$(%q).some((e) => (typeof e.value === \"string\" && e.value !== \"\" ? e.value : e.innerText).includes(%s))", id, quote(text)))
}

// Click clicks into the middle of an element, as a mouse does.
func (p *Page) Click(id string) {
	p.t.Helper()
	p.ClickOn(fmt.Sprintf("$(%q)", id))
}

// ClickOn is Click for the element that an expression gives.
func (p *Page) ClickOn(expr string) {
	p.t.Helper()
	deadline := time.Now().Add(patience)
	var covered time.Time // since when something has been before it
	for {
		p.Wait(expr)
		at, err := p.aim(expr)
		switch {
		case err != nil && time.Now().After(deadline): // a page that was left at this moment has another answer
			p.must(err)
		case err != nil || at == nil || !at.Still:
		case !at.Free && covered.IsZero():
			covered = time.Now()
		case at.Free || time.Since(covered) > time.Second: // what stands before it for good is part of it, as far as a person can tell
			p.must(chromedp.Do(p.ctx, chromedp.MouseClickXY(at.X, at.Y)))
			return
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("page %s: does not stand still after %s: %s", p.name, patience, expr)
		}
		select {
		case <-p.ctx.Done():
			p.must(p.ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// target is where an element is: in the middle of the window's coordinates, whether it stands still, and whether nothing
// else is before it.
type target struct {
	X, Y        float64
	Still, Free bool
}

// aim scrolls the element that an expression gives into view, and says where it is; nil if it is gone.
func (p *Page) aim(expr string) (*target, error) {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	v, err := chromedp.Call(ctx, runtime.Evaluate, runtime.EvaluateParams{AwaitPromise: new(true), ReturnByValue: new(true), Expression: `(async () => {` + helpers + `
		const e = ` + expr + `;
		if (!e) return null;
		e.scrollIntoView({ block: "nearest", behavior: "instant" });
		const at = () => ((r) => ({ X: r.x + r.width / 2, Y: r.y + r.height / 2 }))(e.getBoundingClientRect());
		const later = (ms) => new Promise((go) => setTimeout(go, ms));
		const frame = () => Promise.race([new Promise(requestAnimationFrame), later(100)]);
		const was = at();
		await Promise.all([later(80), frame().then(frame).then(frame)]); // what has come just now begins to move some frames later
		const now = at();
		const moves = document.getAnimations().some((a) => a.playState === "running" && a.effect?.getTiming().iterations !== Infinity && a.effect?.target?.contains(e));
		let top = document.elementFromPoint(now.X, now.Y);
		while (top?.shadowRoot?.elementFromPoint(now.X, now.Y)) { const deeper = top.shadowRoot.elementFromPoint(now.X, now.Y); if (deeper === top) break; top = deeper; }
		return { ...now, Still: e.isConnected && !moves && was.X === now.X && was.Y === now.Y, Free: !!top && (e.contains(top) || top.contains(e)) };
	})()`})
	if err != nil {
		return nil, err
	}
	if v.ExceptionDetails != nil {
		return nil, fmt.Errorf("aim at %s: %s", expr, v.ExceptionDetails.Text)
	}
	var at *target
	return at, json.Unmarshal(v.Result.Value, &at)
}

// Press presses a key of the names that Keys knows.
func (p *Page) Press(key string) {
	p.t.Helper()
	p.Keys(key)
}

// Screenshot writes a picture into the folder that UNIQCHAT_SCREENSHOTS names; without it nothing happens.
func (p *Page) Screenshot(name string) {
	dir := os.Getenv("UNIQCHAT_SCREENSHOTS")
	if dir == "" {
		return
	}
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	b, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, p.name+"-"+name+".png"), b, 0o644)
	}
	if err != nil {
		p.t.Logf("screenshot %s of page %s: %v", name, p.name, err)
	}
}

func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings always have a JSON form
	}
	return string(b)
}
