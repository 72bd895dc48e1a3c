package e2e_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/testkit/api"
	"github.com/uniqchat/uniqchat/testkit/browser"
	"github.com/uniqchat/uniqchat/testkit/process"
)

// librarian keeps the knowledge base in the console.
type librarian struct {
	settingsUser
	t *testing.T
}

// rowOf is a document's line, as an expression.
func rowOf(title string) string {
	return `$$("row").find((e) => e.querySelector("b").innerText === ` + quoted(title) + `)`
}

// built waits until nothing is built any more, and returns which version is in use.
func (l librarian) built(more string) (version int) {
	l.t.Helper()
	l.Wait(`$("index")?.dataset.state === "idle" && $("index").dataset.version !== "0" && (` + more + `)`)
	require.NoError(l.t, l.Eval(`Number($("index").dataset.version)`, &version))
	return version
}

// ask tries a question, and waits until what is found first is a chunk of a document.
func (l librarian) ask(question, first string) {
	l.t.Helper()
	l.Click("knowledge-try")
	l.Type("question", question)
	l.Press("Enter")
	l.Wait(`$("hit")?.querySelector("header a").innerText === ` + quoted(first) + ` && $("hit").dataset.first === "true" && $$("used").length === 1`)
}

// TestConsoleKnowledge: documents come in by typing and as files, are found once they are indexed, and a golden question keeps an index out of use
// that does not find its document; the way back; what nothing answered. The page tells all of it without being loaded anew.
func TestConsoleKnowledge(t *testing.T) {
	t.Parallel()
	ctx := within(t, 10*time.Minute)
	s := process.Start(t, process.Options{Env: []string{"UNIQCHAT_LOG_LEVEL=warn"}})
	l := librarian{settingsOf(t, browser.Shared(t), s, "admin@demo.test", browser.Options{Wide: true}), t}
	w := l.Watch(s.HTTP, s.WS)
	l.open("knowledge")
	l.built(`$$("row").length === 4 && $$("row").every((e) => e.dataset.state === "indexed")`)
	l.Screenshot("documents")
	l.files()
	l.writes()
	l.golden()
	l.canary()
	l.unanswered()
	l.switches()
	require.Empty(t, l.Seen(w))
	for _, p := range l.Problems() {
		require.Contains(t, p, "400", "only the file that is no table was refused")
	}

	a := settingsOf(t, browser.Shared(t), s, "alice@demo.test", browser.Options{})
	a.open("knowledge")
	a.Wait(`$("row") && !$("add") && !$("turn") && !$("upload")`)
	a.ClickOn(`$("row").querySelector("a")`)
	a.Wait(`$("field-title")?.matches(":disabled") && !$("save") && !$("delete")`)
	a.open("knowledge/index")
	a.Wait(`$("version") && !$("rebuild") && !$("roll-back")`)
	l.looks(ctx, s)
}

// files: chosen and dropped, each with its own end.
func (l librarian) files() {
	dir := l.t.TempDir()
	var paths []string
	for name, text := range map[string]string{
		"warranty.md": "# Warranty\n\n## How long is the guarantee?\n\nEvery lamp has a guarantee of five years from the day it arrives. Keep the invoice.\n",
		"broken.csv":  "only one column\n",
		"picture.png": "\x89PNG",
	} {
		paths = append(paths, filepath.Join(dir, name))
		require.NoError(l.t, os.WriteFile(paths[len(paths)-1], []byte(text), 0o600))
	}
	l.Files("knowledge-files", paths...)
	file := func(name, state string) string {
		return `$$("file").some((e) => e.querySelector("b").innerText === "` + name + `" && e.dataset.state === "` + state + `")`
	}
	l.Wait(file("warranty.md", "done") + " && " + file("broken.csv", "failed") + " && " + file("picture.png", "failed"))
	l.See("file", "There is no line with a question and an answer")
	l.See("file", "Only PDF, Word (.docx), Markdown")
	l.Screenshot("files")
	l.built(rowOf("Warranty") + `?.dataset.state === "indexed"`)

	require.NoError(l.t, l.Eval(`(() => {
		const data = new DataTransfer();
		data.items.add(new File(["问题,答案\n礼品卡有效期多久？,礼品卡自购买之日起三年内有效。\n"], "礼品卡.csv"));
		for (const name of ["dragenter", "dragover", "drop"]) document.body.dispatchEvent(new DragEvent(name, { dataTransfer: data, bubbles: true, cancelable: true }));
		return true;
	})()`, new(bool)))
	l.built(rowOf("礼品卡") + `?.dataset.state === "indexed"`)
	l.Wait(rowOf("礼品卡") + `.innerText.includes("Chinese")`)
	l.Click("files-clear")
	l.Wait(`!$("file")`)
}

// writes a document, with its preview beside it.
func (l librarian) writes() {
	l.Click("add")
	l.Click("save")
	l.Wait(`$("save").disabled || $("field-text").getAttribute("aria-invalid") === "true"`)
	l.Type("field-text", "# Repairs\n\n## How long does it take?\n\nA lamp under **guarantee** is mended first.\n\n- send it in\n- wait a week\n")
	l.Wait(`$("preview").querySelector("h3")?.innerText === "Repairs" && $("preview").querySelector("strong")?.innerText === "guarantee" && $("preview").querySelectorAll("li").length === 2`)
	l.Type("field-url", "shop.example")
	l.Click("save")
	l.Wait(`$("field-url").getAttribute("aria-invalid") === "true"`)
	l.Type("field-url", "https://shop.example/repairs")
	l.Screenshot("writing")
	l.Click("go-inbox") // what is not saved is asked for
	l.Click("stay")
	l.Click("save")
	l.built(rowOf("Repairs") + `?.dataset.state === "indexed"`)
	l.Type("find", "repairs")
	l.Wait(`$$("row").length === 1 && location.search === "?find=repairs"`)
	l.Reload()
	l.Wait(`$$("row").length === 1 && $("find").value === "repairs"`)
	l.Type("find", "no such title")
	l.Click("show-all")
	l.Wait(`$$("row").length === 7`)
}

// golden: a question that fails keeps the old index, and is told; the way back.
func (l librarian) golden() {
	const question = "how long is the guarantee of a lamp"
	l.ask(question, "Warranty")
	l.ClickOn(`$("hit").querySelector("summary")`)
	l.Screenshot("try")
	l.ClickOn(`$("hit").querySelector('[data-testid="expect"]')`)
	l.Wait(`$("field-question")?.value === ` + quoted(question))
	l.Type("field-within", "1")
	l.Screenshot("golden-new")
	l.Click("save")
	verdict := func(v string) string {
		return `$$("golden").some((e) => e.innerText.includes("` + question + `") && e.dataset.verdict === "` + v + `")`
	}
	before := l.built(verdict("passed"))

	l.Click("knowledge-documents")
	l.ClickOn(rowOf("Warranty") + `.querySelector("a")`)
	l.Type("field-title", "Packaging")
	l.Type("field-text", "Boxes are made of old paper.")
	l.Click("save")
	l.Wait(`$("state")?.dataset.state === "failed"`)
	l.Click("crumb")
	require.Equal(l.t, before, l.built(`$("index").dataset.failed === "true"`), "the index is the one from before")
	l.See("failure", question)
	l.See("failure", "Repairs")
	l.Screenshot("failed")
	l.ask(question, "Warranty")
	l.Click("knowledge-golden")
	l.Wait(verdict("failed"))
	l.See("golden", "“Repairs” came first instead")
	l.Screenshot("golden-failed")
	l.Click("knowledge-index")
	l.See("miss", "Repairs")
	l.Screenshot("index-failed")

	l.ClickOn(`$("miss").querySelector("a")`)
	l.Wait(`$("field-question")?.value === ` + quoted(question))
	l.Click("delete")
	l.Click("delete-yes")
	l.Wait(`!$("field-question")`)
	after := l.built(`$("index").dataset.failed === "false" && Number($("index").dataset.version) > ` + strconv.Itoa(before))
	l.ask(question, "Repairs")

	l.Click("knowledge-index")
	l.ClickOn(`$$("version").find((e) => e.dataset.version === "` + strconv.Itoa(before) + `").querySelector("button")`)
	l.Screenshot("back-asked")
	l.Click("roll-back-yes")
	l.built(`$("index").dataset.version === "` + strconv.Itoa(before) + `" && $$("version").find((e) => e.dataset.active === "true").dataset.version === "` + strconv.Itoa(before) + `"`)
	l.Screenshot("rolled-back")
	l.ask(question, "Warranty")
	l.Click("knowledge-documents")
	l.Wait(rowOf("Packaging") + `?.dataset.state === "not_indexed"`)
	l.Click("knowledge-index")
	l.Click("rebuild")
	l.built(`Number($("index").dataset.version) > ` + strconv.Itoa(after))
}

// canary: a new version answers some conversations first, until a person decides.
func (l librarian) canary() {
	l.Click("knowledge-index")
	l.Type("field-percent", "20")
	l.Wait(`$("field-minutes")`)
	l.Click("save")
	l.Wait(`$("save").disabled && !$("save").dataset.loading`)
	l.Reload()
	l.Wait(`$("field-percent")?.value === "20 %"`)
	l.Screenshot("canary-plan")
	changed := func(text string) {
		l.Click("knowledge-documents")
		l.ClickOn(rowOf("Packaging") + `.querySelector("a")`)
		l.Type("field-text", text)
		l.Click("save")
		l.Wait(`$("state")?.dataset.state === "pending"`)
		l.Click("crumb")
		l.Wait(`$("tried")`)
		l.Click("knowledge-index")
		l.Wait(`$("canary") && $("tallies")`)
	}
	before := l.built(`!$("canary")`)
	changed("Boxes are made of old newspapers.")
	require.Equal(l.t, before, l.built(`$("index").dataset.version`), "it is tried, not in use")
	l.Screenshot("canary")
	l.Click("take-back")
	l.Click("take-back-yes")
	l.Wait(`!$("canary")`)
	require.Equal(l.t, before, l.built(`$("index").dataset.version`))
	l.Wait(`$("only-tried")?.closest("li").dataset.version > ` + strconv.Itoa(before) + ` && document.querySelectorAll('[data-testid="only-tried"]').length === 1`)
	l.Screenshot("only-tried")
	changed("Boxes are made of old magazines.")
	l.Click("promote")
	l.Wait(`!$("canary") && Number($("index").dataset.version) > ` + strconv.Itoa(before))
	l.ask("what are boxes made of", "Packaging")
	l.Click("knowledge-index")
	l.Type("field-percent", "0")
	l.Wait(`!$("field-minutes")`)
	l.Click("save")
	l.Wait(`$("save").disabled && !$("save").dataset.loading`)
}

// unanswered: what nothing answers is noted, and written.
func (l librarian) unanswered() {
	note := func(question string) {
		l.Click("knowledge-try")
		l.Type("question", question)
		l.Press("Enter")
		l.Wait(`new URLSearchParams(location.search).get("q") === ` + quoted(question))
		l.Click("note-unanswered")
		l.Wait(`$("note-unanswered").disabled`)
		l.Click("knowledge-unanswered")
		l.See("unanswered", question)
	}
	const question = "Do you engrave names" // marks at its end go
	note(question)
	l.See("count", "asked 1 time")
	l.Screenshot("unanswered")
	l.Click("answer-question")
	l.Wait(`$("field-title").value === ` + quoted(question) + ` && $("take-off").checked`)
	l.Type("field-text", "Yes: up to twelve letters on every mug, within two days.")
	l.Click("save")
	l.Wait(`$("all-answered")`)
	l.Screenshot("all-answered")
	note("Is there a shop in Rome")
	l.Click("dismiss")
	l.Wait(`$("all-answered")`)
	l.Click("knowledge-documents")
	l.built(rowOf(question) + `?.dataset.state === "indexed"`)
}

// switches a document off, and deletes one.
func (l librarian) switches() {
	l.ClickOn(rowOf("礼品卡") + `.querySelector(".mantine-Switch-track")`)
	l.built(rowOf("礼品卡") + `?.dataset.state === "disabled"`)
	l.ClickOn(rowOf("Packaging") + `.querySelector("a")`)
	l.Wait(`!document.querySelector(".mantine-Notification-root")`) // they stand before it for a moment
	l.Click("delete")
	l.Wait(`$("delete-yes")`)
	l.Screenshot("delete")
	l.Click("delete-yes")
	l.built(`$("row") && !` + rowOf("Packaging"))
}

// looks at everything with axe-core, in both languages and colours and on a phone, while an index is not put in use.
func (l librarian) looks(ctx context.Context, s *process.Server) {
	a := api.API{Base: s.BaseURL()}
	login, err := a.Login(ctx, "admin@demo.test", process.Password)
	require.NoError(l.t, err)
	var list struct {
		Data []struct {
			ID      string
			Format  string
			Enabled bool
		}
	}
	require.NoError(l.t, a.Call(ctx, http.MethodGet, "/api/v1/knowledge/documents", login.AccessToken, nil, &list))
	shown := ""
	for _, d := range list.Data {
		if d.Enabled && d.Format == "markdown" && shown == "" {
			shown = d.ID
		}
		if !d.Enabled {
			golden := map[string]any{"question": "礼品卡可以用多久？", "document_id": d.ID}
			require.NoError(l.t, a.Call(ctx, http.MethodPost, "/api/v1/knowledge/golden", login.AccessToken, golden, nil))
		}
	}
	for range 3 {
		require.NoError(l.t, a.Call(ctx, http.MethodPost, "/api/v1/knowledge/unanswered", login.AccessToken, map[string]any{"question": "Do you deliver to islands?"}, nil))
	}
	for _, look := range []browser.Options{{Wide: true}, {Wide: true, Dark: true, Language: "zh-CN"}, {Phone: true, Language: "zh-CN"}, {Phone: true, Dark: true}} {
		p := &checked{Page: l.Page, t: l.t}
		p.Look(look)
		for _, at := range []struct{ name, path, there string }{
			{"documents", "", `$("row") && $("index").dataset.failed === "true"`},
			{"document", "/" + shown, `$("field-text")?.value.length > 100`},
			{"try", "/try?" + "q=" + "how%20much%20is%20shipping", `$("hit")`},
			{"golden", "/golden", `$$("golden").some((e) => e.dataset.verdict === "failed")`},
			{"golden-new", "/golden/new", `$("field-document_id")`},
			{"unanswered", "/unanswered", `$("unanswered")`},
			{"index", "/index", `$("miss")`},
		} {
			l.open("knowledge" + at.path)
			p.Wait(at.there)
			p.as(lookName(look) + "-" + at.name)
		}
		if look.Phone {
			l.open("knowledge/" + shown)
			p.ClickOn(`[...$("view").querySelectorAll("label")].at(-1)`)
			p.Wait(`$("preview")`)
			p.as(lookName(look) + "-preview")
		}
	}
}
