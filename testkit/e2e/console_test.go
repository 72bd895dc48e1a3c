package e2e_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/testkit/browser"
	"github.com/uniqchat/uniqchat/testkit/process"
)

// TestConsole: the console's frame: log in, an address that survives a reload, the palette, colours and language, log out; the strict
// Content-Security-Policy refuses nothing of it.
func TestConsole(t *testing.T) {
	t.Parallel()
	within(t, 3*time.Minute)
	s := process.Start(t, process.Options{Env: []string{"UNIQCHAT_LOG_LEVEL=warn"}})
	p := browser.Shared(t).Page(t, "shell", browser.Options{})
	w := p.Watch(s.HTTP, s.WS)
	p.Go(s.BaseURL() + "/console/reports")
	p.Type("email", "admin@demo.test")
	p.Type("password", "wrong password")
	p.Click("login")
	p.See("problem", "wrong")
	p.Screenshot("login")
	p.Type("password", process.Password)
	p.Click("login")
	p.Wait(`$("link").dataset.state === "online"`)
	p.Wait(`location.pathname === "/console/reports" && $("go-reports").getAttribute("aria-current") === "page"`)
	p.Reload()
	p.Wait(`$("link")?.dataset.state === "online" && location.pathname === "/console/reports"`)
	p.Click("go-inbox")
	p.Wait(`location.pathname === "/console/inbox"`)
	p.Screenshot("inbox")
	p.Click("status")
	p.Screenshot("menu")
	p.Click("status-busy")
	p.Wait(`$("status").dataset.status === "busy"`)
	p.Click("status")
	p.Click("logout")
	p.Wait(`$("login")`)
	require.Empty(t, p.Seen(w))
}
