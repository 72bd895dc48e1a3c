package e2e_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/testkit/browser"
	"github.com/uniqchat/uniqchat/testkit/process"
)

// TestFlashSale: a visitor who comes when it is not its turn yet sees for how long, and what it writes meanwhile goes out when it is in.
// Agents are told what is left out.
func TestFlashSale(t *testing.T) {
	t.Parallel()
	ctx := within(t, 4*time.Minute)
	s := process.Start(t, process.Options{Env: []string{"UNIQCHAT_LOG_LEVEL=error", "UNIQCHAT_FLASH_CONNECTS_PER_SECOND=0.1", "UNIQCHAT_FLASH_LEAVE_OUT=board"}})
	c := newCrowd(t, ctx, s, "")
	d := newDesk(ctx, t, s)
	b := browser.Shared(t)
	p := b.Page(t, "turn", browser.Options{Phone: true})
	p.Go(s.BaseURL() + "/demo/")
	p.See("launcher", "")
	for range 2 { // the second has to wait for ten seconds, and the page's visitor for ten more
		v, err := c.api.Session(ctx, "demo")
		require.NoError(t, err)
		c.connectQuietly(v.Token)
	}
	require.Eventually(t, func() bool { return s.Metric("uniqchat_door_waiting") == 1 }, time.Minute, 50*time.Millisecond)
	p.Click("launcher")
	p.See("state", "your turn in")
	quick(p, "Is the sale still on?")
	p.Screenshot("waits")
	allSent(p)
	p.Wait(`!$("state").innerText.includes("your turn")`)
	d.find()

	agent := b.Page(t, "told", browser.Options{})
	agent.Go(s.BaseURL() + "/console/inbox")
	agent.Type("email", "admin@demo.test")
	agent.Type("password", process.Password)
	agent.Click("login")
	agent.See("left-out", "every message arrives")
	agent.Wait(`$("conversation")`)
	agent.Screenshot("console")
	s.Stop()
}
