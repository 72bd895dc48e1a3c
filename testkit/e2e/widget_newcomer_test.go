package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/testkit/browser"
	"github.com/uniqchat/uniqchat/testkit/process"
)

// TestWidgetNewcomer: a plain HTML file with the pasted snippet and nothing else, served by a web server that knows nothing of
// uniqchat, is all that a shop needs; a page that is not on the site key's list is refused and told why.
func TestWidgetNewcomer(t *testing.T) {
	t.Parallel()
	ctx := within(t, 4*time.Minute)
	s := process.Start(t, process.Options{Env: []string{"UNIQCHAT_LOG_LEVEL=warn"}})
	b := browser.Shared(t)
	d := newDesk(ctx, t, s)
	dir := t.TempDir()
	plain := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer plain.Close()
	var key struct{ Key string }
	require.NoError(t, d.api.Call(ctx, http.MethodPost, "/api/v1/site-keys", d.token, map[string]any{"name": "shop", "origins": []string{plain.URL}}, &key))
	snippet := fmt.Sprintf(`<script src="%s/widget.js" data-site-key="%s" async></script>`, s.BaseURL(), key.Key)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "index.html"), []byte("<html><body><h1>My shop</h1><p>Welcome.</p>"+snippet+"</body></html>"), 0o600))

	p := b.Page(t, "newcomer", browser.Options{})
	p.Go(plain.URL)
	p.See("launcher", "")
	p.Click("launcher")
	p.Type("input", "Does it work?")
	p.Press("Enter")
	p.See("message", "Does it work?")
	d.find()
	d.send("text", `{"text":"It does."}`)
	p.See("message", "It does.")
	p.Screenshot("works")
	require.Empty(t, withoutIcon(p.Problems()))

	// The same page under another name: localhost is not 127.0.0.1.
	other := b.Page(t, "stranger", browser.Options{})
	foreign := "http://localhost:" + plain.URL[len("http://127.0.0.1:"):]
	other.Go(foreign)
	other.Wait(`window.uniqchat?.loaded`)
	want := fmt.Sprintf(`uniqchat: no chat here, because there is no site key "%s" that may be used on %s.`, key.Key, foreign)
	require.Eventually(t, func() bool { return other.Said(want) }, 30*time.Second, 50*time.Millisecond, "%q", other.Problems())
	other.Wait(`document.getElementById("uniqchat") === null`)
	other.Wait(`(uniqchat("open"), uniqchat("setUser", { name: "Mei" }), uniqchat("track", "x"), true)`)
	require.InDelta(t, 1, s.Metric("uniqchat_engine_connections"), 0)
	s.Stop()
}

// withoutIcon leaves out that a plain page has no favicon.ico.
func withoutIcon(problems []string) (out []string) {
	for _, s := range problems {
		if !strings.Contains(s, "favicon.ico") {
			out = append(out, s)
		}
	}
	return out
}

// TestWidgetNoAnswer: what a proxy says in place of a server that is gone, and no page of another origin may read, takes no widget away, neither
// before the first word nor amid a conversation. The next intent asks again.
func TestWidgetNoAnswer(t *testing.T) {
	s, d, p := alone(t, 4*time.Minute, "no-answer")
	target, err := url.Parse(s.BaseURL())
	require.NoError(t, err)
	pass := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }, ModifyResponse: func(r *http.Response) error {
		r.Header.Set("Cache-Control", "no-store") // the browser would have an answer of five minutes ago
		return nil
	}}
	var down atomic.Bool
	var refusals atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if down.Load() && r.URL.Path == "/widget/config" {
			w.WriteHeader(http.StatusBadGateway)
			refusals.Add(1)
			return
		}
		pass.ServeHTTP(w, r)
	}))
	defer proxy.Close()
	shop := host(t, s, d, "", `<!doctype html><html lang=en><meta charset=utf-8><title>Shop</title><link rel=icon href="data:,"><p>Hello</p><script>
		window.uniqchat = function () { (uniqchat.q = uniqchat.q || []).push(arguments); };
		uniqchat("boot", { base: "`+proxy.URL+`" });
	</script>SNIPPET`)
	const kept = `Object.keys(localStorage).find((k) => k.startsWith("uniqchat:site:"))`
	down.Store(true)
	p.Go(shop)
	p.See("launcher", "")
	require.Positive(t, refusals.Load())
	down.Store(false)
	p.Click("launcher")
	p.Wait(kept)
	quick(p, "Where is my order?")
	allSent(p)
	d.find()
	p.Click("close")

	p.Wait(`(localStorage.setItem(` + kept + `, JSON.stringify({ widget: {}, triggers: [], at: 1 })), true)`)
	before := refusals.Load()
	down.Store(true)
	p.Reload()
	require.Eventually(t, func() bool { return refusals.Load() > before }, 20*time.Second, 50*time.Millisecond)
	d.send("text", `{"text":"On its way"}`)
	p.Wait(`$("launcher").innerText === "1"`)
	p.Wait(`(uniqchat("open"), true)`)
	p.See("message", "On its way")
	require.False(t, p.Said("no chat here"), "%q", p.Problems())
	s.Stop()
}
