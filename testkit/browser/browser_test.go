package browser_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/testkit/browser"
)

const html = `<!doctype html><meta charset=utf-8><title>test</title>
<input data-testid=field><button data-testid=button>press</button><p data-testid=hidden hidden>x</p><div id=host></div>
<script>
const root = document.getElementById("host").attachShadow({ mode: "open" });
root.innerHTML = "<p data-testid=deep></p>";
const deep = root.firstChild;
document.querySelector("[data-testid=button]").onclick = () => {
  deep.textContent = document.querySelector("input").value + " " + navigator.language + " " + matchMedia("(prefers-color-scheme: dark)").matches + " " + innerWidth;
};
</script>`

// TestPage: what the helper promises holds in the browser at hand.
func TestPage(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(html)) }))
	defer s.Close()
	b := browser.Start(t)
	p := b.Page(t, "test", browser.Options{Language: "zh-CN", Dark: true, Phone: true})
	p.Go(s.URL)
	p.Type("field", "hello 你好")
	p.Click("button")
	p.See("deep", "hello 你好 zh-CN true ")
	var n int
	require.NoError(t, p.Eval(`$$("hidden").length`, &n))
	require.Zero(t, n, "hidden elements are not found")
	require.Empty(t, p.Problems())
	require.NoError(t, p.Eval(`setTimeout(() => { window.thrown = true; throw new Error("on purpose") })`, &n))
	p.Wait(`window.thrown`)
	p.Reload()
	p.Wait(`$("field").value === ""`)
	require.Len(t, p.Problems(), 1)
}
