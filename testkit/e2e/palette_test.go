package e2e_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/testkit/browser"
)

// picture is a PNG that shows something.
func picture(t *testing.T, w, h int) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.Set(x, y, color.RGBA{uint8(x * 255 / w), uint8(y * 255 / h), 140, 255})
		}
	}
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, m))
	return b.Bytes()
}

// inboxPalette: every command of the palette does what it says, and "?" lists all keys.
func inboxPalette(o *office) {
	v := o.visitor("Zoe", "A word that nobody else says: quetzal")
	o.call(http.MethodPost, "/canned-responses", o.admin, map[string]any{"shortcut": "palette", "text": "From the palette"})
	o.call(http.MethodPost, "/labels", o.admin, map[string]any{"name": "palette", "color": "#8f5600"})
	p := o.console("admin", browser.Options{})
	v.open(p)
	open := func(word string) {
		p.Wait(`(document.activeElement?.blur?.(), !document.querySelector('[role="dialog"], [role="menu"]'))`)
		p.Keys("Ctrl+k")
		p.Wait(`document.activeElement?.closest('[role="dialog"]') && document.activeElement.tagName === "INPUT"`)
		if word != "" {
			p.Keys(word)
		}
	}
	view := func(v string) string { return `new URLSearchParams(location.search).get("view") === "` + v + `"` }
	path := func(s string) string { return `location.pathname.startsWith("/console/` + s + `")` }
	for _, c := range []struct {
		name, then string
		popup      bool
	}{
		{"Accept", `$("state").dataset.status === "open"`, false},
		{"Reply", `document.activeElement === $("answer") && $("mode-reply").ariaSelected === "true"`, false},
		{"Write a note", `document.activeElement === $("answer") && $("mode-note").ariaSelected === "true"`, false},
		{"Canned replies", `document.activeElement === $("answer") && $("canned-choice")`, false},
		{"Labels", `$("label-choice")`, true},
		{"Snooze", `$("snooze-hour")`, true},
		{"Hand over", `$("transfer-box") || $("transfer-find")`, true},
		{"Visitor", `!$("panel")`, false},
		{"Download the transcript", `window.__saved?.startsWith("blob:")`, false},
		{"Copy the link", `document.querySelector(".mantine-Notification-root")`, false},
		{"Close", `$("state").dataset.status === "closed"`, false},
		{"Reopen", `$("state").dataset.status !== "closed"`, false},
		{"Search conversations", `document.activeElement === $("search")`, false},
		{"Show: Waiting", view("queued"), false},
		{"Show: Open", view("open"), false},
		{"Show: With the bot", view("bot"), false},
		{"Show: Snoozed", view("snoozed"), false},
		{"Show: Closed", view("closed"), false},
		{"Show: All", view("all"), false},
		{"Show: Mine", `!location.search.includes("view=")`, false},
		{"Keyboard shortcuts", `((keys) => keys.length > 10 && new Set(keys).size === keys.length)([...document.querySelectorAll('[role="dialog"] dd')].map((e) => e.innerText))`, true},
		{"Go to visitors", path("visitors"), false},
		{"Go to reports", path("reports"), false},
		{"Go to settings", path("settings"), false},
		{"Go to the inbox", path("inbox"), false},
	} {
		require.NoError(o.t, p.Eval(`((HTMLAnchorElement.prototype.click = function () { window.__saved = this.href; }), true)`, new(bool)))
		open(c.name)
		p.Wait(`[...document.querySelectorAll('[role="dialog"] button')].filter(shown).some((e) => e.innerText.startsWith(` + quoted(c.name) + `))`)
		if c.name == "Reply" || c.name == "Keyboard shortcuts" {
			p.Screenshot("palette-" + c.name)
		}
		p.Keys("Enter")
		p.Wait(c.then)
		p.Wait(`!document.activeElement?.closest(".mantine-Spotlight-content")`)
		p.Wait(c.then) // and it stays so when the palette is gone
		if c.name == "Close" || c.name == "Canned replies" {
			p.Screenshot("command-" + c.name)
		}
		if c.name == "Keyboard shortcuts" {
			p.Screenshot("help")
		}
		if c.popup {
			p.Keys("Escape")
			p.Wait(`!document.querySelector('[role="dialog"], [role="menu"]')`)
		}
		if c.name == "Canned replies" {
			p.Type("answer", " ")
		}
	}

	// A word that somebody said leads to the conversation.
	p.Go(o.s.BaseURL() + "/console/inbox")
	p.Wait(`$("link")?.dataset.state === "online"`)
	open("quetzal")
	p.Wait(`[...document.querySelectorAll('[role="dialog"] button')].filter(shown).some((e) => e.innerText.includes("Zoe"))`)
	p.Keys("Enter")
	p.Wait(`location.pathname.endsWith("` + v.conv + `")`)
}
