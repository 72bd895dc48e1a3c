package browser

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// Violation is something that axe-core found wrong with a page for people who do not see or point as others do.
type Violation struct {
	Rule   string
	Impact string // critical, serious, moderate or minor
	Help   string
	Nodes  []string // where, and what it says of it
}

func (v Violation) String() string {
	return fmt.Sprintf("%s (%s): %s\n    %s", v.Rule, v.Impact, v.Help, strings.Join(v.Nodes, "\n    "))
}

// Serious leaves what is serious or critical.
func Serious(all []Violation) []Violation {
	var out []Violation
	for _, v := range all {
		if v.Impact == "serious" || v.Impact == "critical" {
			out = append(out, v)
		}
	}
	return out
}

// axeSource returns axe-core as npm brought it for web's tests.
func axeSource(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd() // of the package under test; its path in the program is none with -trimpath
	for err == nil && dir != filepath.Dir(dir) {
		if _, missing := os.Stat(filepath.Join(dir, "go.mod")); missing == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	b, err := os.ReadFile(filepath.Join(dir, "web", "node_modules", "axe-core", "axe.min.js"))
	if os.IsNotExist(err) {
		t.Fatal("axe-core is not there; make test gets it, or: cd web && npm ci")
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Axe runs axe-core over the page, its shadow roots included, or over what the CSS selectors name. The scripts of DevTools
// are not under the page's policy.
func (p *Page) Axe(selectors ...string) []Violation {
	p.t.Helper()
	var there bool
	p.must(p.Eval("!!window.axe", &there))
	if !there {
		_, err := chromedp.Run(p.ctx, chromedp.Evaluate[string](axeSource(p.t)+"; 'there'"))
		p.must(err)
	}
	within := "document"
	if len(selectors) > 0 {
		within = quote(strings.Join(selectors, ","))
	}
	var ok bool
	p.must(p.Eval(`(window.__axe = null, axe.run(`+within+`, { resultTypes: ["violations"] }).then((r) => { window.__axe = r.violations.map((v) => ({ Rule: v.id, Impact: v.impact ?? "", Help: v.help,
		Nodes: v.nodes.map((n) => n.target.flat(9).join(" ") + " | " + n.html.slice(0, 160) + " | " + [...n.any, ...n.all, ...n.none].map((c) => c.message).join("; ")) })); }, (e) => { window.__axe = [{ Rule: "axe", Impact: "critical", Help: String(e), Nodes: [] }]; }), true)`, &ok))
	p.Wait("window.__axe")
	var out []Violation
	p.must(p.Eval("window.__axe", &out))
	return out
}
