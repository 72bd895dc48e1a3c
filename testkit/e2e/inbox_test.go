package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/testkit/browser"
	"github.com/uniqchat/uniqchat/testkit/process"
)

// TestInbox: what agents do all day with conversations, in their browsers.
func TestInbox(t *testing.T) {
	beside(t, func(t *testing.T, start func(o process.Options) *process.Server) {
		o := newOffice(t, start)
		for _, part := range []struct {
			name string
			test func(o *office)
		}{
			{"race", inboxRace},
			{"work", inboxWork},
			{"search", inboxSearch},
			{"filters", inboxFilters},
			{"files", inboxFiles},
			{"keyboard", inboxKeyboard},
			{"palette", inboxPalette},
			{"session", inboxSession},
			{"handed", inboxHanded},
			{"hit", inboxHit},
			{"phone", inboxPhone},
			{"blocked", inboxBlocked},
			{"card", inboxCard},
			{"outage", inboxOutage},
			{"refused", inboxRefused},
			{"role", inboxRole},
			{"here", inboxHere},
			{"revoked", inboxRevoked},
			{"still", inboxStill},
		} {
			t.Run(part.name, func(t *testing.T) { part.test(o.of(t)) })
		}
	})
}

// inboxRace: two agents press Accept at the same time. One has the conversation, the other is told who.
func inboxRace(o *office) {
	alice, bob := o.console("alice", browser.Options{}), o.console("bob", browser.Options{})
	for n := 1; ; n++ {
		require.LessOrEqual(o.t, n, 10, "the two were never at the same time")
		v := o.visitor(fmt.Sprintf("Racer %d", n), "Who takes me?")
		v.open(alice)
		v.open(bob)
		alice.Wait(`$("accept")`)
		bob.Wait(`$("accept")`)
		alice.Wait(`$("lookers")?.ariaLabel.includes("Bob")`)
		bob.Wait(`$("lookers")?.ariaLabel.includes("Alice")`)
		clicked := make(chan bool, 2)
		for _, p := range []*browser.Page{alice, bob} {
			go func() {
				var was bool
				err := p.Eval(`((b) => (b ? (b.click(), true) : false))($("accept"))`, &was)
				clicked <- err == nil && was
			}()
		}
		both := <-clicked
		both = <-clicked && both
		alice.Wait(`$("state").dataset.status === "open"`)
		bob.Wait(`$("state").dataset.status === "open"`)
		if !both {
			continue // the first was so fast that the second had nothing to press any more
		}
		winner := o.call(http.MethodGet, "/conversations/"+v.conv, o.admin, nil)["assignee_id"]
		require.NotNil(o.t, winner)
		loser, name := alice, "Bob"
		if winner == o.agent("alice") {
			loser, name = bob, "Alice"
		}
		loser.Wait(`document.querySelector(".mantine-Notification-root")?.innerText.includes("` + name + ` was faster")`)
		loser.See("listening", name)
		loser.Screenshot("race-lost")
		return
	}
}

// revise opens the menu of a message and chooses from it.
func revise(p *browser.Page, text, what string) {
	p.Wait(`((m) => m && (m.querySelector('[data-testid="message-menu"]').click(), true))($$("message").find((e) => e.innerText.includes(` + quoted(text) + `)))`)
	p.Click(what)
}

// inboxWork: from the keyboard where there are keys: a note that stays among agents, a canned reply, an edit and a recall, a label, a
// transfer to a colleague who reads the note on it, the end.
func inboxWork(o *office) {
	t := o.t
	o.call(http.MethodPost, "/canned-responses", o.admin, map[string]any{"shortcut": "ship", "title": "Shipping", "text": "Shipping is free over ¥299."})
	o.call(http.MethodPost, "/labels", o.admin, map[string]any{"name": "vip", "color": "#d9372c"})
	alice, shop := o.console("alice", browser.Options{}), o.shop()
	shop.Type("input", "Do you ship to Köln?")
	shop.Press("Enter")
	shop.See("message", "Köln")

	// It waits; j opens it, a accepts it.
	alice.Click("tab-queued")
	alice.See("conversation", "Köln")
	alice.Wait(`/\d/.test($("tab-queued").innerText)`)
	alice.Keys("j")
	alice.See("message", "Köln")
	alice.Wait(`$("accept")`)
	alice.Screenshot("work-1-waiting")
	alice.Keys("a")
	alice.Wait(`$("state").dataset.status === "open"`)

	// A note, which the visitor never gets.
	alice.Keys("n")
	alice.Wait(`document.activeElement === $("answer") && $("mode-note").ariaSelected === "true"`)
	alice.Keys("He asked the same yesterday", "Enter")
	alice.Wait(`$$("message").some((e) => e.innerText.includes("Internal note") && e.innerText.includes("yesterday"))`)
	alice.Keys("Escape")

	// A canned reply.
	alice.Keys("r")
	alice.Wait(`document.activeElement === $("answer") && $("mode-reply").ariaSelected === "true"`)
	alice.Keys("Yes. /shi")
	alice.See("canned-choice", "Shipping is free")
	alice.Screenshot("work-2-canned")
	alice.Keys("Enter")
	alice.Wait(`$("answer").value === "Yes. Shipping is free over ¥299."`)
	alice.Keys("Enter")
	shop.See("message", "free over ¥299")
	alice.Wait(`["delivered", "read"].includes($("mark")?.dataset.mark)`)
	var seen string
	require.NoError(t, shop.Eval(`$("panel").innerText`, &seen))
	require.NotContains(t, seen, "yesterday")

	// An edit and a recall, on both screens.
	revise(alice, "free over", "edit")
	alice.Type("edit-box", "Shipping is free over 199.")
	alice.Click("edit-save")
	shop.See("message", "free over 199")
	alice.See("message", "edited")
	alice.Type("answer", "And wrong")
	alice.Press("Enter")
	shop.See("message", "And wrong")
	revise(alice, "And wrong", "recall")
	alice.Wait(`$$("message").some((e) => e.innerText.includes("taken back"))`)
	shop.Wait(`!$$("message").some((e) => e.innerText.includes("And wrong"))`)

	// A label, from the keyboard to the list.
	alice.Wait(`document.activeElement?.blur() ?? true`)
	alice.Keys("l")
	alice.Wait(`$("label-choice")`)
	alice.ClickOn(`document.querySelector('[data-testid="label-choice"]')`)
	alice.See("label", "vip")
	alice.Press("Escape")
	inboxTransfer(o, alice, shop)
	for _, p := range []*browser.Page{alice, shop} {
		require.Empty(t, p.Problems())
	}
}

// inboxTransfer: alice hands her conversation to bob with a word, who answers and ends it.
func inboxTransfer(o *office, alice, shop *browser.Page) {
	bob := o.console("bob", browser.Options{})
	alice.Wait(`!$("label-choice")`)
	alice.Keys("t")
	alice.Type("transfer-find", "bob")
	alice.Click("transfer-agent")
	alice.Type("transfer-note", "Knows Köln better")
	alice.Screenshot("work-3-transfer")
	alice.Click("transfer-go")
	alice.See("listening", "Bob")
	bob.ClickOn(`$$("conversation").find((e) => e.innerText.includes("wrong") || e.innerText.includes("199") || e.innerText.includes("taken"))`)
	bob.See("change", "Knows Köln better")
	bob.See("why", "Knows Köln better")
	bob.See("message", "yesterday")
	bob.Screenshot("work-4-transferred")
	bob.Type("answer", "Bob here")
	bob.Press("Enter")
	shop.See("message", "Bob here")
	shop.Wait(`!document.body.innerText.includes("better") && !$("panel").innerText.includes("better")`)

	// The end, and again.
	bob.Press("Escape")
	bob.Keys("e")
	bob.Wait(`$("state").dataset.status === "closed"`)
	bob.Click("reopen")
	bob.Wait(`$("state").dataset.status === "open"`)
	require.Empty(o.t, bob.Problems())
}

func quoted(s string) string { return fmt.Sprintf("%q", s) }

// inboxSearch: what was said is found, in Chinese too, and stands in the address.
func inboxSearch(o *office) {
	o.visitor("Mia", "Is the lamp dimmable?")
	v := o.visitor("小明", "请问运费怎么算，满多少包邮？")
	alice := o.console("alice", browser.Options{Language: "zh-CN", Wide: true})
	alice.Type("search", "运费")
	alice.Wait(`$$("conversation").length === 1 && $("conversation").innerText.includes("运费")`)
	alice.Wait(`location.search.includes("view=all") && new URLSearchParams(location.search).get("q") === "运费"`)
	alice.Click("conversation")
	alice.See("message", "包邮")
	alice.Screenshot("search-zh")
	alice.Reload()
	alice.Wait(`$$("conversation").length === 1 && $("search").value === "运费"`)
	alice.Wait(`location.pathname.endsWith("` + v.conv + `")`)
	alice.Type("search", "没有人说过")
	alice.Wait(`$$("conversation").length === 0`)
	alice.Screenshot("search-zh-none")
	alice.Type("search", "lamp")
	alice.See("conversation", "dimmable")
	require.Empty(o.t, alice.Problems())
}

// inboxFilters: filters stand in the address: they survive a reload, and somebody else can be sent there.
func inboxFilters(o *office) {
	o.call(http.MethodPost, "/labels", o.admin, map[string]any{"name": "refund", "color": "#1f5fbf"})
	v := o.visitor("Fay", "I want my money back")
	o.visitor("Gil", "I want something else")
	o.call(http.MethodPost, "/conversations/"+v.conv+"/labels", o.admin, map[string]any{"add": []string{"refund"}})
	alice := o.console("alice", browser.Options{Wide: true})
	alice.Click("tab-queued")
	alice.See("conversation", "something else")
	alice.Click("filters")
	alice.Wait(`$("filter-box")`)
	alice.ClickOn(`document.querySelector('input[data-testid="filter-label"], [data-testid="filter-label"] input')`)
	alice.ClickOn(`[...document.querySelectorAll('[role="option"]')].filter(shown).find((e) => e.innerText === "refund")`)
	one := `$$("conversation").length === 1 && $("conversation").innerText.includes("money back")`
	alice.Wait(one)
	alice.Screenshot("filters")
	alice.Press("Escape")
	var address string
	require.NoError(o.t, alice.Eval("location.href", &address))
	require.Contains(o.t, address, "view=queued")
	require.Contains(o.t, address, "label=refund")
	alice.Reload()
	alice.Wait(one)
	alice.Wait(`$("tab-queued").ariaSelected === "true" && $("filters").innerText.includes("1")`)

	bob := o.console("bob", browser.Options{})
	bob.Go(address)
	bob.Wait(one)
	bob.Click("filters")
	bob.Click("filter-clear")
	bob.Wait(`$$("conversation").length > 1`)
}

// inboxFiles: files go both ways, pictures with a preview.
func inboxFiles(o *office) {
	alice, shop := o.console("alice", browser.Options{}), o.shop()
	dir := o.t.TempDir()
	text, image := filepath.Join(dir, "invoice 发票.txt"), filepath.Join(dir, "lamp.png")
	require.NoError(o.t, os.WriteFile(text, []byte("1 lamp\n"), 0o600))
	require.NoError(o.t, os.WriteFile(image, picture(o.t, 320, 200), 0o600))
	shop.Type("input", "Here is my lamp, it is broken")
	shop.Press("Enter")
	shop.Files("files", image)
	alice.Click("tab-queued")
	alice.ClickOn(`$$("conversation").find((e) => e.innerText.includes("lamp.png") || e.innerText.includes("broken"))`)
	alice.Wait(`$("picture")?.querySelector("img")?.naturalWidth > 0`)
	alice.Click("accept")
	alice.Wait(`$("state").dataset.status === "open"`)
	alice.Files("files", text, image)
	alice.Wait(`$("file")?.innerText.includes("invoice 发票.txt") && $$("picture").length === 2 && $$("upload").length === 0`)
	shop.See("file", "invoice 发票.txt")
	shop.Wait(`$$("image").length === 2`)
	alice.Wait(`$$("picture").every((e) => e.querySelector("img")?.naturalWidth > 0)`)
	alice.Screenshot("files")
	var got string
	require.NoError(o.t, alice.Eval(`(fetch($("file").href).then((r) => r.text()).then((x) => { window.__file = x; }), true)`, new(bool)))
	alice.Wait(`window.__file`)
	require.NoError(o.t, alice.Eval(`window.__file`, &got))
	require.Equal(o.t, "1 lamp\n", got)
	require.Empty(o.t, alice.Problems())
}

// inboxKeyboard: from the log-in to the end of a chat without a mouse.
func inboxKeyboard(o *office) {
	v := o.visitor("Kim", "Can you hear me?")
	p := o.b.Page(o.t, "keyboard", browser.Options{})
	p.Go(o.s.BaseURL() + "/console/")
	p.Wait(`document.activeElement === $("email")`)
	p.Keys("bob@demo.test", "Tab", process.Password, "Enter")
	p.Wait(`$("link")?.dataset.state === "online"`)
	p.Keys("2")
	p.Wait(`$("tab-queued").ariaSelected === "true" && $$("conversation").length > 0`)
	at := `location.pathname.endsWith("` + v.conv + `")`
	p.Wait(`$$("conversation").some((e) => e.dataset.id === "` + v.conv + `")`)
	for {
		var there bool
		require.NoError(o.t, p.Eval(at, &there))
		if there {
			break
		}
		var before string
		require.NoError(o.t, p.Eval("location.pathname", &before))
		p.Keys("j")
		p.Wait("location.pathname !== " + quoted(before))
	}
	p.See("message", "Can you hear me?")
	p.Wait(`$("accept")`)
	p.Keys("a")
	p.Wait(`$("state").dataset.status === "open"`)
	p.Keys("r")
	p.Wait(`document.activeElement === $("answer")`)
	p.Keys("Loud and clear", "Enter")
	p.Wait(`$$("message").some((e) => e.innerText.includes("Loud and clear") && !e.dataset.pending)`)
	v.write("Good. Bye!")
	p.See("message", "Good. Bye!")
	p.Keys("Escape", "e")
	p.Wait(`$("state").dataset.status === "closed"`)
	require.Equal(o.t, "closed", o.call(http.MethodGet, "/conversations/"+v.conv, o.admin, nil)["status"])
}

// inboxOutage: what is written while the connection is down is seen as on its way, and goes out with it back. What happened meanwhile
// is there then, in the thread and in the list.
func inboxOutage(o *office) {
	v := o.visitor("Pia", "Are you there?")
	alice := o.console("alice", browser.Options{})
	v.open(alice)
	alice.Click("accept")
	alice.Wait(`$("state").dataset.status === "open"`)
	alice.Network(browser.Network{Offline: true})
	alice.Wait(`$("link").dataset.state !== "online"`)
	alice.Type("answer", "I am here")
	alice.Press("Enter")
	alice.Wait(`$$("message").some((e) => e.dataset.pending && e.querySelector('[data-mark="sending"]') && e.innerText.includes("I am here"))`)
	v.write("Hello?")
	other := o.visitor("Quin", "And me?")
	require.NoError(o.t, alice.Eval("true", new(bool)))
	alice.Wait(`document.querySelector('[role="alert"]')`) // the bar says that the connection is down
	alice.Screenshot("outage")
	alice.Network(browser.Network{})
	alice.Wait(`$("link").dataset.state === "online"`)
	alice.See("message", "Hello?")
	alice.Wait(`$$("message").some((e) => !e.dataset.pending && e.innerText.includes("I am here"))`)
	alice.Click("tab-queued")
	alice.Wait(`$$("conversation").some((e) => e.dataset.id === "` + other.conv + `")`)

	// What comes into another conversation of hers is counted on its row until she opens it.
	other.open(alice)
	alice.Click("accept")
	alice.Wait(`$("state").dataset.status === "open"`)
	v.write("One more")
	row := `$$("conversation").find((e) => e.dataset.id === "` + v.conv + `")`
	alice.Wait(row + `?.dataset.unread === "true"`)
	alice.ClickOn(row)
	alice.See("message", "One more")
	alice.Wait(row + `?.dataset.unread === "false"`)
}

// inboxRefused: what the server refuses stays on the screen with the reason, and can be tried again.
func inboxRefused(o *office) {
	v := o.visitor("Ron", "Hello")
	bob := o.console("bob", browser.Options{})
	v.open(bob)
	bob.Click("accept")
	bob.Wait(`$("state").dataset.status === "open"`)
	bob.Network(browser.Network{Offline: true})
	bob.Wait(`$("link").dataset.state !== "online"`)
	bob.Type("answer", "Too late for this")
	bob.Press("Enter")
	bob.Wait(`$("mark")?.dataset.mark === "sending"`)
	role := func(r string) {
		o.call(http.MethodPatch, "/agents/"+o.agent("bob"), o.admin, map[string]any{"role": r})
	}
	role("viewer")
	bob.Network(browser.Network{})
	bob.Wait(`$("failed")?.innerText.includes("Not sent")`)
	bob.Screenshot("refused")
	role("agent")
	bob.Wait(`$("link").dataset.state === "online"`)
	bob.Click("retry")
	bob.Wait(`$$("message").some((e) => !e.dataset.pending && e.innerText.includes("Too late for this")) && !$("failed")`)
	var page struct {
		Data []struct{ Body struct{ Text string } }
	}
	require.NoError(o.t, o.api.Call(o.ctx, http.MethodGet, "/api/v1/conversations/"+v.conv+"/messages?limit=50", o.admin, nil, &page))
	var n int
	for _, m := range page.Data {
		if m.Body.Text == "Too late for this" {
			n++
		}
	}
	require.Equal(o.t, 1, n)
}

// inboxRevoked: whoever is locked out is out and sees nothing any more. That the connection ends within five seconds is tested where no browser
// draws: TestConnectionsEndWithTheAccount of server.
func inboxRevoked(o *office) {
	v := o.visitor("Mia", "Hello")
	bob := o.console("bob", browser.Options{})
	v.open(bob)
	o.call(http.MethodPatch, "/agents/"+o.agent("bob"), o.admin, map[string]any{"disabled": true})
	bob.Wait(`$("login")`)
	bob.Wait(`!document.body.innerText.includes("Mia")`)
	bob.Screenshot("revoked")
}
