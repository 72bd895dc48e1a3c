package e2e_test

import (
	"net/http"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/testkit/browser"
)

// inboxRole: an open console shows what its agent may do now, without a reload, and what it is called.
func inboxRole(o *office) {
	bob := o.console("bob", browser.Options{})
	bob.Wait(`$("go-inbox") && !$("go-reports")`)
	role := func(r string) {
		o.call(http.MethodPatch, "/agents/"+o.agent("bob"), o.admin, map[string]any{"role": r})
	}
	role("supervisor")
	bob.Wait(`$("link")?.dataset.state === "online" && $("go-reports")`)
	role("agent")
	bob.Wait(`$("link")?.dataset.state === "online" && !$("go-reports")`)

	admin := o.console("admin", browser.Options{})
	admin.Go(o.s.BaseURL() + "/console/settings/profile")
	admin.Type("field-name", "Ada Lovelace")
	admin.Press("Enter")
	admin.Wait(`$("status").ariaLabel.includes("Ada Lovelace")`)
}

// inboxHere: whoever opens a conversation sees at once whether its visitor is on the site.
func inboxHere(o *office) {
	shop := o.shop()
	shop.Type("input", "Anybody here?")
	shop.Press("Enter")
	shop.Wait(`$("mark")`)
	gone := o.visitor("Gaia", "I wrote and left")
	alice := o.console("alice", browser.Options{Wide: true})
	alice.Click("tab-queued")
	alice.ClickOn(`$$("conversation").find((e) => e.innerText.includes("Anybody here?"))`)
	alice.Wait(`$("who")?.innerText.includes("Online now")`)
	gone.open(alice)
	alice.Wait(`$("who")?.innerText.includes("Gaia") && !$("who").innerText.includes("Online now")`)
}

// inboxStill: where nothing moves, Escape closes what lies over a conversation and leaves the conversation open. And as on a page
// without https, where there is no clipboard to write to, what is copied is copied all the same.
func inboxStill(o *office) {
	v := o.visitor("Zoe", "Is it still there?")
	p := o.console("alice", browser.Options{Language: "zh-CN", Still: true, Wide: true})
	v.open(p)
	p.Click("accept")
	p.Wait(`$("state").dataset.status === "open"`)
	const over = `document.querySelector('[role="dialog"], [role="menu"]')`
	for _, open := range []func(){func() { p.Keys("?") }, func() {
		p.Click("more")
		p.Wait(`$("mail-transcript").disabled && $("mail-transcript").innerText.includes("没有该访客的邮箱地址")`)
		p.Screenshot("still-more")
	}, func() { p.Keys("t") }} {
		open()
		p.Wait(over + `?.contains(document.activeElement)`)
		p.Press("Escape")
		p.Wait("!" + over)
		p.Wait(`location.pathname.endsWith("` + v.conv + `") && $("state")`)
	}
	var id string
	require.NoError(o.t, p.Eval(`(Object.defineProperty(navigator, "clipboard", { value: undefined }), document.addEventListener("copy", () => { window.copied = String(getSelection()); }, true), $("visitor-id").innerText)`, &id))
	p.Click("visitor-id")
	p.Wait(`$("visitor-id").dataset.copied === "true" && window.copied === ` + quoted(id))
	p.Press("Escape")
	p.Wait(`location.pathname === "/console/inbox"`)
	require.Empty(o.t, p.Problems())
}
