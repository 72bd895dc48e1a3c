package e2e_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/testkit/browser"
	"github.com/uniqchat/uniqchat/testkit/process"
)

// TestConsoleIntents: an admin teaches the bot an intent, sees it trained and tries it; what is wrong is told at its field, what is kept is there
// again, and it can be taken back.
func TestConsoleIntents(t *testing.T) {
	t.Parallel()
	within(t, 5*time.Minute)
	o := newOffice(t, func(opts process.Options) *process.Server { return process.Start(t, opts) })
	page := o.console("admin", browser.Options{Wide: true})
	p := &checked{Page: page, t: t}
	settingsOpen(o, page, "intents")
	p.Click("add")
	p.Type("field-name", "Engraving")
	p.Type("field-examples", "can you engrave my name\nI want an engraving\nengrave initials on the mug\nis engraving possible\ndo you engrave\nplease engrave a date\n能帮我刻名字吗\n我想刻字\n刻字可以吗")
	p.Click("save")
	p.Wait(`$("field-name").getAttribute("aria-invalid") === "true"`)
	p.Type("field-name", "engraving")
	p.Type("field-description", "Letters on goods")
	p.ClickOn(`$("field-action").querySelector("input[value=reply]").nextElementSibling`)
	p.Type("field-en", "We engrave up to 20 letters for free.")
	p.Click("save")
	p.Wait(`$("row")?.innerText.includes("engraving") && !$("field-name")`)
	p.Wait(`$("training")?.dataset.state === "ready" && $("accuracy")?.innerText.includes("%")`)
	p.Type("try-text", "could you engrave my initials?")
	p.Wait(`$("try-result").dataset.intent === "engraving" || (!$("try-go").dataset.loading && $("try-go").click(), false)`)
	p.Screenshot("intents")
	p.ClickOn(`$("row").querySelector("a")`)
	p.Wait(`$("field-examples")?.value.split("\n").length === 9 && $("field-en").value.startsWith("We engrave")`)
	p.Screenshot("intent")
	p.Type("field-description", "Letters and dates on goods")
	p.Press("Enter")
	p.Wait(`$("row").innerText.includes("dates") && $("save").disabled && document.activeElement === $("field-description")`)
	for _, look := range []browser.Options{{Wide: true, Dark: true, Language: "zh-CN"}, {Phone: true}} {
		p.Look(look)
		for _, at := range []struct{ path, there string }{{"intents", `$("row") && $("accuracy")`}, {"intents/engraving", `$("field-examples")`}, {"intents/new", `$("field-examples")`}} {
			settingsOpen(o, page, at.path)
			p.Wait(at.there)
			p.as(fmt.Sprintf("%s-%s", lookName(look), strings.ReplaceAll(at.path, "/", "-")))
		}
	}
	settingsOpen(o, page, "intents/engraving")
	p.Click("delete")
	p.Click("delete-yes")
	p.Wait(`!$("row") && !$("delete-yes")`)
	require.Empty(t, page.Problems())
}
