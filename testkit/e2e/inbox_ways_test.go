package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/testkit/browser"
	"github.com/uniqchat/uniqchat/testkit/client"
	"github.com/uniqchat/uniqchat/testkit/process"
)

// inboxSession: whoever logs out and in again in the same tab goes on sending files.
func inboxSession(o *office) {
	v := o.visitor("Uma", "Send me both, please")
	alice := o.console("alice", browser.Options{})
	v.open(alice)
	alice.Click("accept")
	alice.Wait(`$("state").dataset.status === "open"`)
	dir := o.t.TempDir()
	for i, name := range []string{"first.txt", "second.txt"} {
		path := filepath.Join(dir, name)
		require.NoError(o.t, os.WriteFile(path, []byte(name), 0o600))
		alice.Files("files", path)
		alice.Wait(fmt.Sprintf(`$$("file").length === %d && $$("upload").length === 0 && !$$("message").some((e) => e.dataset.pending)`, i+1))
		if i > 0 {
			break
		}
		alice.Click("status")
		alice.Click("logout")
		alice.Type("email", "alice@demo.test")
		alice.Type("password", process.Password)
		alice.Click("login")
		alice.Wait(`$("link")?.dataset.state === "online" && $("messages")?.dataset.joined === "true"`)
	}
	// What was asked while the log-out was under way is refused.
	require.Empty(o.t, slices.DeleteFunc(alice.Problems(), func(s string) bool { return strings.Contains(s, " 401 ") }))
}

// inboxHanded: who hands a conversation over to a team of others is led back to the list; what cannot be read has a way back.
func inboxHanded(o *office) {
	team := o.call(http.MethodPost, "/teams", o.admin, map[string]any{"name": "Repairs"})["id"]
	v := o.visitor("Vera", "It broke")
	const gone = `$$("messages").length === 0 && [...document.querySelectorAll('[role="alert"]')].some((e) => e.innerText.includes("not there"))`
	for _, look := range []browser.Options{{Phone: true}, {}} {
		o.call(http.MethodPost, "/conversations/"+v.conv+"/assign", o.admin, map[string]any{"agent_id": o.agent("bob")})
		bob := o.console("bob", look)
		v.open(bob)
		bob.Wait(`$("more")`)
		bob.Click("more")
		bob.Click("more-transfer")
		bob.Type("transfer-find", "Repairs")
		bob.Click("transfer-team")
		bob.Click("transfer-go")
		bob.Wait(`location.pathname === "/console/inbox" && document.querySelector(".mantine-Notification-root")?.innerText.includes("no longer with you")`)
		bob.Wait(`$("search")`)
		bob.Screenshot(fmt.Sprintf("handed-phone-%v", look.Phone))
		require.Equal(o.t, team, o.call(http.MethodGet, "/conversations/"+v.conv, o.admin, nil)["team_id"])

		bob.Go(o.s.BaseURL() + "/console/inbox/" + v.conv)
		bob.Wait(gone)
		bob.Screenshot(fmt.Sprintf("gone-phone-%v", look.Phone))
		if look.Phone {
			bob.Click("back")
		} else {
			bob.Press("Escape")
		}
		bob.Wait(`location.pathname === "/console/inbox" && $("search")`)
	}
}

// inboxHit: a search leads to the message that was found, however far back, from the list and from the palette.
func inboxHit(o *office) {
	v := o.visitor("Wim", "The needle is called chatoyant")
	hers, err := o.api.Login(o.ctx, "alice@demo.test", process.Password)
	require.NoError(o.t, err)
	o.call(http.MethodPost, "/conversations/"+v.conv+"/accept", hers.AccessToken, nil)
	for i := range 130 {
		o.call(http.MethodPost, "/conversations/"+v.conv+"/messages", hers.AccessToken, map[string]any{"cmid": client.NewID().String(), "body": map[string]any{"text": fmt.Sprintf("Hay %d", i)}})
	}
	alice := o.console("alice", browser.Options{})
	const there = `((e) => e && ((b, box) => b.top >= box.top && b.bottom <= box.bottom)(e.getBoundingClientRect(), $("messages").getBoundingClientRect()))` +
		`($$("message").find((e) => e.innerText.includes("chatoyant") && e.closest("[aria-current=true]")))`
	alice.Type("search", "chatoyant")
	alice.Wait(`$$("conversation").length === 1 && $("conversation").innerText.includes("needle")`)
	alice.Click("conversation")
	alice.Wait(there)
	alice.Screenshot("hit")
	alice.Click("newest")
	alice.See("message", "Hay 129")

	revise(alice, "Hay 129", "edit") // what is being edited stays while one looks at what was said before
	alice.Type("edit-box", "Straw")
	alice.Wait(`($("messages").scrollTop = 0, $$("message").some((e) => e.innerText.includes("chatoyant")))`)
	alice.Click("newest")
	alice.Wait(`$("edit-box")?.value === "Straw"`)
	alice.Click("edit-save")
	alice.See("message", "Straw")

	alice.Go(o.s.BaseURL() + "/console/inbox")
	alice.Wait(`$("link")?.dataset.state === "online"`)
	alice.Keys("Ctrl+k")
	alice.Wait(`document.activeElement?.closest('[role="dialog"]') && document.activeElement.tagName === "INPUT"`)
	alice.Keys("chatoyant")
	alice.Wait(`[...document.querySelectorAll('[role="dialog"] button')].filter(shown).some((e) => e.innerText.includes("needle"))`)
	alice.Screenshot("hit-palette")
	alice.Keys("Enter")
	alice.Wait(there)
	require.Empty(o.t, alice.Problems())
}

// inboxPhone: labels and snoozing on a small screen.
func inboxPhone(o *office) {
	o.call(http.MethodPost, "/labels", o.admin, map[string]any{"name": "small", "color": "#1f5fbf"})
	v := o.visitor("Xia", "From the train")
	alice := o.console("alice", browser.Options{Phone: true})
	v.open(alice)
	alice.Click("accept")
	alice.Wait(`$("state").dataset.status === "open"`)
	alice.Click("more")
	alice.Wait(`$("more-labels")`)
	alice.Screenshot("phone-more")
	alice.Click("more-labels")
	choice := `[...document.querySelectorAll('[data-testid="label-choice"]')].find((e) => e.closest(".mantine-Checkbox-root").innerText.includes("small"))`
	alice.ClickOn(choice)
	alice.Wait(choice + `.checked`)
	alice.Screenshot("phone-labels")
	alice.Press("Escape")
	alice.Wait(`!document.querySelector('[role="dialog"]')`)
	alice.Click("more")
	alice.Click("more-snooze")
	alice.Wait(`$("snooze-hour")`)
	alice.Screenshot("phone-snooze")
	alice.Click("snooze-hour")
	alice.Wait(`$("state").dataset.status === "snoozed"`)
	require.Equal(o.t, []any{"small"}, o.call(http.MethodGet, "/conversations/"+v.conv, o.admin, nil)["labels"])
	require.Empty(o.t, alice.Problems())
}

// inboxBlocked: a visitor is kept from writing where one meets them, and let in again.
func inboxBlocked(o *office) {
	v := o.visitor("Yan", "You fools")
	admin := o.console("admin", browser.Options{Language: "zh-CN", Wide: true})
	v.open(admin)
	write := func() error {
		return o.api.Call(o.ctx, http.MethodPost, "/api/v1/conversations/"+v.conv+"/messages", v.token, map[string]any{"cmid": client.NewID().String(), "body": map[string]any{"text": "More"}}, nil)
	}
	admin.Click("block")
	admin.Type("block-reason", "Rude")
	admin.Screenshot("block")
	admin.Click("block-go")
	admin.Wait(`$("blocked") && $("unblock")`)
	admin.Screenshot("blocked")
	require.Error(o.t, write())
	admin.Click("unblock")
	admin.Click("block-go")
	admin.Wait(`$("block") && !$("blocked")`)
	require.NoError(o.t, write())
	admin.See("message", "More")
	require.Empty(o.t, admin.Problems())
	inboxPerson(o, v, admin)
}

// inboxPerson: what is known of a visitor is changed in the side panel while somebody else changes it, too; a text stays one.
func inboxPerson(o *office, v *visitor, p *browser.Page) {
	person := "/visitors/" + o.call(http.MethodGet, "/conversations/"+v.conv, o.admin, nil)["visitor_id"].(string)
	o.call(http.MethodPatch, person, o.admin, map[string]any{"attributes": map[string]any{"app": "2.10"}})
	p.Reload()
	p.See("attributes", "2.10")
	p.Click("profile-edit")
	p.Type("field-email", "yan@home.test")
	o.call(http.MethodPatch, person, o.admin, map[string]any{"phone": "555 0100"})
	p.Click("save")
	p.See("newer", "")
	p.Screenshot("person")
	p.Click("load-newer")
	p.Wait(`!$("newer") && $("field-phone").value === "555 0100"`)
	p.Click("save")
	p.Wait(`!$("field-email") && ["yan@home.test", "555 0100"].every((x) => $("facts").innerText.includes(x))`)
	p.Click("attribute-edit")
	p.Type("attribute-value", "3")
	p.Screenshot("attribute")
	p.Press("Enter")
	p.Wait(`!$("attribute-value") && !$("attributes").innerText.includes("2.10")`)
	require.Equal(o.t, map[string]any{"app": "3"}, o.call(http.MethodGet, person, o.admin, nil)["attributes"])
}

// inboxCard: an agent sends what lies in the visitor's cart as a card, and one written by hand.
func inboxCard(o *office) {
	alice, shop := o.console("alice", browser.Options{}), o.shop()
	shop.Type("input", "Which lamp was it?")
	shop.Press("Enter")
	shop.See("message", "Which lamp")
	shop.Wait(`(uniqchat("track", "cart_updated", { value: 459, currency: "CNY", items: [{ id: "lamp", name: "Desk lamp", price: 459, quantity: 1, url: "https://shop.example/lamp" }] }), true)`)
	alice.Click("tab-queued")
	alice.ClickOn(`$$("conversation").find((e) => e.innerText.includes("Which lamp"))`)
	alice.Click("accept")
	alice.Wait(`$("state").dataset.status === "open"`)
	alice.ClickOn(`$("cart").querySelector('[data-testid="as-card"]')`)
	alice.Wait(`$("card-title")?.value === "Desk lamp" && $("card-price").value === "459" && $("card-url").value === "https://shop.example/lamp"`)
	alice.Type("card-url", "lamp")
	alice.Click("card-go")
	alice.Wait(`$("card-url").closest(".mantine-TextInput-root").innerText.includes("begins with https")`)
	alice.Screenshot("card")
	alice.Type("card-url", "https://shop.example/lamp")
	alice.Click("card-go")
	alice.Wait(`!$("card-title") && $("card")?.innerText.includes("459")`)
	shop.Wait(`$("card")?.innerText.includes("Desk lamp") && $("card").innerText.includes("459") && $("card").querySelector("a").href === "https://shop.example/lamp"`)
	alice.Screenshot("card-sent")
	shop.Screenshot("card")

	alice.Click("card-open")
	alice.Type("card-title", "Order 7")
	alice.Type("card-text", "On its way")
	alice.Look(browser.Options{Phone: true, Language: "zh-CN"})
	alice.Screenshot("card-phone")
	alice.Click("card-go")
	shop.Wait(`$$("card").some((e) => e.innerText.includes("On its way"))`)
	for _, p := range []*browser.Page{alice, shop} {
		require.Empty(o.t, p.Problems())
	}
}
