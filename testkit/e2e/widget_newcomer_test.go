package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
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
