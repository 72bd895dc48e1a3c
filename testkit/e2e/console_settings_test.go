package e2e_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/testkit/browser"
	"github.com/uniqchat/uniqchat/testkit/process"
)

// settingsUser is an agent in the console's settings.
type settingsUser struct {
	*browser.Page
	base string
}

func settingsOf(t *testing.T, b *browser.Browser, s *process.Server, email string, o browser.Options) settingsUser {
	u := settingsUser{b.Page(t, email[:5], o), s.BaseURL() + "/console/settings/"}
	u.Go(u.base)
	u.Type("email", email)
	u.Type("password", process.Password)
	u.Click("login")
	u.Wait(`$("link")?.dataset.state === "online"`)
	return u
}

// open goes to a page of the settings by its address, as from a link.
func (u settingsUser) open(path string) { u.Go(u.base + path) }

// saved saves a form, and waits until its drawer has closed.
func (u settingsUser) saved() {
	u.Click("save")
	u.Wait(`!$("save") || $("save").disabled && !$("save").dataset.loading`)
}

// row waits for a row of a list that says something, on the page that the server makes anew.
func (u settingsUser) row(text string) {
	u.Reload()
	u.See("row", text)
}

// once keeps a secret that is shown once.
func (u settingsUser) once() {
	u.Wait(`$("secret")?.innerText.length > 20`)
	u.Click("kept")
	u.Click("once-close")
	u.Wait(`!$("secret")`)
}

// TestConsoleSettings: every page of the settings changes something at the server, and shows it when it is loaded anew; what is not saved is guarded; roles.
func TestConsoleSettings(t *testing.T) {
	t.Parallel()
	within(t, 8*time.Minute)
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	defer hook.Close()
	s := process.Start(t, process.Options{Env: []string{"UNIQCHAT_LOG_LEVEL=warn", "UNIQCHAT_WEBHOOKS_ALLOW_NETWORKS=127.0.0.0/8"}})
	b := browser.Shared(t)
	u := settingsOf(t, b, s, "admin@demo.test", browser.Options{})
	w := u.Watch(s.HTTP, s.WS)
	u.Screenshot("overview")
	u.team()
	u.service()
	u.site()
	u.connections(hook.URL)
	u.data()
	require.Empty(t, u.Seen(w))

	a := settingsOf(t, b, s, "alice@demo.test", browser.Options{Language: "zh-CN", Dark: true, Phone: true})
	a.Screenshot("phone")
	a.open("webhooks")
	a.See("denied", "")
	a.Screenshot("denied")
	a.open("labels")
	a.See("row", "Round")
	a.Wait(`!$("add")`)
	a.Screenshot("labels")
	a.open("profile")
	a.Wait(`$("field-name")?.disabled || $("field-name")?.matches(":disabled")`)
	a.Screenshot("profile")
}

func (u settingsUser) team() {
	u.open("profile")
	u.Wait(`$("factor")?.dataset.on === "false"`)
	u.Type("field-name", "Ada Admin")
	u.Click("save")
	u.Wait(`$("save").disabled && !$("save").dataset.loading`)
	u.Reload()
	u.Wait(`$("field-name")?.value === "Ada Admin"`)
	u.Click("factor-change")
	u.Type("field-password", process.Password)
	u.ClickOn(`$("field-password").closest("form").querySelector('[type="submit"]')`)
	u.Wait(`$("totp-secret")`)
	u.Screenshot("totp")

	u.open("teams/new")
	u.Type("field-name", "Returns")
	u.saved()
	u.row("Returns")

	u.open("agents/new")
	u.Type("field-name", "Dora")
	u.Type("field-email", "not an address")
	u.Click("save")
	u.Wait(`$("field-email").getAttribute("aria-invalid") === "true"`)
	u.Type("field-email", "alice@demo.test")
	u.Click("save")
	u.Wait(`document.body.innerText.includes("Another agent has this e-mail address")`)
	u.Screenshot("invalid")
	u.Type("field-email", "dora@demo.test")
	u.Click("save")
	u.once()
	u.row("dora@demo.test")
	u.Screenshot("agents")

	u.open("routing")
	u.ClickOn(`$("strategy-round_robin")?.closest("label") ?? $("strategy-round_robin")`)
	u.Click("save")
	u.Wait(`$("save").disabled && !$("save").dataset.loading`)
	u.Reload()
	u.Wait(`$("strategy-round_robin")?.checked`)
	u.Screenshot("routing")
}

func (u settingsUser) service() {
	u.open("hours/new")
	u.Type("field-name", "Summer")
	u.Click("holiday-add")
	u.Click("save")
	u.Wait(`document.body.innerText.includes("Please choose a date")`)
	u.ClickOn(`$("holiday-date").parentElement.querySelector("button")`)
	u.Screenshot("hours")
	u.saved()
	u.row("Mon–Fri 09:00–18:00")

	u.open("promises/new")
	u.Type("field-name", "Fast")
	u.Type("field-first", "5")
	u.saved()
	u.row("First answer in 5m")

	u.open("canned/new")
	u.Type("field-shortcut", "has blanks")
	u.Type("field-text", "It comes tomorrow.")
	u.Click("save")
	u.Wait(`$("field-shortcut").getAttribute("aria-invalid") === "true"`)
	u.Type("field-shortcut", "ship9")
	u.saved()
	u.row("/ship9")

	u.open("labels/new")
	u.Type("field-name", "Round trip")
	u.Click("go-inbox") // what is not saved is asked for
	u.Click("stay")
	u.Wait(`!$("stay") && location.pathname.endsWith("/settings/labels/new") && $("field-name").value === "Round trip"`)
	u.saved()
	u.row("Round trip")
	u.Screenshot("labels")

	u.open("blocklist/new")
	u.Type("field-value", "192.0.2.300")
	u.Click("save")
	u.Wait(`$("field-value").getAttribute("aria-invalid") === "true"`)
	u.Type("field-value", "192.0.2.0/24")
	u.saved()
	u.row("192.0.2.0/24")
}

func (u settingsUser) site() {
	u.open("sites/new")
	u.Type("field-name", "Second shop")
	u.Type("field-origins", "https://two.example.com/cart")
	u.Press("Tab")
	u.Click("save")
	u.once()
	u.row("https://two.example.com")
	u.ClickOn(`[...document.querySelectorAll('[data-testid="row"] a')].find((a) => a.innerText.includes("Second shop"))`)
	u.Click("rotate")
	u.Click("rotate-yes")
	u.once()
	u.Wait(`$("secrets").dataset.count === "2"`)
	u.Screenshot("site")

	u.open("widget/demo")
	u.See("snippet", `data-site-key="demo"`)
	u.Type("field-title-en", "Ask Nook")
	u.Type("field-color", "#7c2d5e")
	u.Press("Tab")
	u.Click("ask-email")
	u.Click("save")
	u.Wait(`$("save").disabled && !$("save").dataset.loading`)
	u.Reload()
	u.Wait(`$("field-title-en")?.value === "Ask Nook" && $("field-color").value === "#7c2d5e" && $("pre-chat-field")`)
	u.See("preview", "Ask Nook")
	u.Screenshot("widget")

	u.open("triggers/new")
	u.Type("field-name", "Hello")
	u.Click("condition-add")
	u.Click("condition-cart_value_min")
	u.Type("field-en", "Can we help?")
	u.Screenshot("trigger")
	u.saved()
	u.row("Cart from 100")
}

func (u settingsUser) connections(hook string) {
	u.open("webhooks/new")
	u.Type("field-url", hook)
	u.Click("field-all")
	u.Click("save")
	u.once()
	u.row(hook)
	u.ClickOn(`$("row").querySelector("a")`)
	u.Click("webhook-test")
	u.Wait(`$("delivery")?.dataset.state === "delivered"`)
	u.ClickOn(`$("delivery").querySelector("button")`)
	u.Click("replay")
	u.Wait(`$$("delivery").some((e) => e.innerText.includes("attempt 2")) || $$("delivery").length > 1`)
	u.Screenshot("webhook")
	u.Click("rotate")
	u.Click("rotate-yes")
	u.once()
	u.Wait(`$("secrets").dataset.count === "2"`)
	u.Click("webhook-state")
	u.Wait(`$("webhook-state").dataset.state === "paused"`)

	u.open("tokens/new")
	u.Type("field-name", "CRM")
	u.Click("scope-conversations:read")
	u.Screenshot("token")
	u.Click("save")
	u.once()
	u.row("CRM")
	u.ClickOn(`$("row").querySelector("a")`)
	u.Click("delete")
	u.Click("delete-yes")
	u.Wait(`!$("row") && !$("delete")`)

	u.open("mail")
	u.Type("field-offline_to", "team@example.com")
	u.Press("Tab")
	u.Click("save")
	u.Wait(`$("save").disabled && !$("save").dataset.loading`)
	u.Reload()
	u.Wait(`document.body.innerText.includes("team@example.com")`)
}

func (u settingsUser) data() {
	u.open("exports/new")
	u.Click("save")
	u.Wait(`$("export-state")?.dataset.state === "done"`)
	u.Screenshot("exports")

	u.open("retention")
	u.Type("field-audit_days", "7")
	u.Click("save")
	u.Wait(`$("field-audit_days").getAttribute("aria-invalid") === "true"`)
	u.Type("field-audit_days", "400")
	u.Click("save")
	u.Wait(`$("save").disabled && !$("save").dataset.loading`)
	u.Reload()
	u.Wait(`$("field-audit_days")?.value.startsWith("400")`)
	u.Screenshot("retention")

	u.open("audit?action=label.")
	u.Wait(`$("entry") && $$("entry").every((e) => e.dataset.action.startsWith("label."))`)
	u.ClickOn(`$("entry").querySelector("button")`)
	u.Wait(`$("entry").innerText.includes("Round trip")`)
	u.Screenshot("audit")
}
