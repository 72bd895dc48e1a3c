package e2e_test

import (
	"net/http"

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
