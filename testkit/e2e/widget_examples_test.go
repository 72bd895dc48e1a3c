package e2e_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/testkit/browser"
	"github.com/uniqchat/uniqchat/testkit/process"
)

// TestWidgetExamples: every example of the SDK runs, and shows what came of it, before there is a conversation and in one.
func TestWidgetExamples(t *testing.T) {
	t.Parallel()
	ctx := within(t, 6*time.Minute)
	s := process.Start(t, process.Options{Env: []string{"UNIQCHAT_LOG_LEVEL=warn"}})
	b := browser.Shared(t)
	d := newDesk(ctx, t, s)
	p := b.Page(t, "examples", browser.Options{})
	p.Go(s.BaseURL() + "/demo/examples.html")
	p.See("heard", "ready")
	p.Screenshot("1-begin")
	shows := []struct{ id, outcome, heard string }{
		{"locale", "The widget speaks zh-CN, “打开在线客服”", ""},
		{"cart", `Kept for the agents: cart_updated {"value":459,"currency":"CNY","items":[{"id":"lamp","name":"Desk lamp","quantity":1,"price":459}]}`, ""},
		{"order", `Kept for the agents: newsletter {"name":"newsletter","topic":"lamps","event":"newsletter"}`, ""},
		{"page", `Kept for the agents: page_view {"url"`, ""},
		{"open", "The chat is open.", "closed"},
		{"on", "The listener was called, and is gone.", "opened"},
		{"user", "The server knows the visitor as Mei Lin, unverified", "opened"},
		{"look", "The button's color is rgb(124, 45, 94)", "opened"},
		{"reset", "This browser knows no visitor.", "closed"},
	}
	var ids []string
	require.NoError(t, p.Eval(`[...document.querySelectorAll("[data-testid^=run-]")].map((e) => e.dataset.testid.slice(4))`, &ids))
	require.Len(t, shows, len(ids), "every example is clicked: %v", ids)
	for _, e := range shows {
		p.Click("run-" + e.id)
		p.See("seen-"+e.id, e.outcome)
		if e.heard != "" {
			p.See("heard", e.heard)
		}
		if e.id == "open" {
			p.Wait(`document.getElementById("uniqchat").shadowRoot.querySelector(".launcher").getAttribute("aria-expanded") === "false"`)
		}
		if e.id == "user" || e.id == "look" {
			p.Screenshot("2-" + e.id)
		}
	}
	// In a conversation what is tracked is told at once, and who the visitor is reaches the agent.
	p.Click("run-locale") // to English again
	p.Click("run-user")
	p.Type("input", "Is the lamp warm?")
	p.Press("Enter")
	d.find()
	d.send("text", `{"text":"2700 kelvin"}`)
	p.See("heard", `"kind":"text","body":{"text":"2700 kelvin"}`)
	p.Click("run-order")
	p.See("seen-order", "Told to the agents.")
	p.Screenshot("3-heard")
	var c struct {
		VisitorID string `json:"visitor_id"`
	}
	d.do("GET", "", nil, &c)
	var v struct {
		Name       string
		Attributes map[string]any
	}
	require.NoError(t, d.api.Call(ctx, "GET", "/api/v1/visitors/"+c.VisitorID, d.token, nil, &v))
	require.Equal(t, "Mei Lin", v.Name)
	require.Equal(t, "gold", v.Attributes["plan"])
	require.Eventually(t, func() bool {
		var trail struct{ Data []struct{ Name string } }
		if d.api.Call(ctx, "GET", "/api/v1/visitors/"+c.VisitorID+"/events", d.token, nil, &trail) != nil {
			return false
		}
		for _, e := range trail.Data {
			if e.Name == "order_placed" {
				return true
			}
		}
		return false
	}, 20*time.Second, 200*time.Millisecond)
	require.Empty(t, p.Problems())

	for name, o := range map[string]browser.Options{"zh-dark": {Language: "zh-CN", Dark: true}, "phone": {Phone: true}} {
		p := b.Page(t, "examples-"+name, o)
		p.Go(s.BaseURL() + "/demo/examples.html")
		p.See("heard", "ready")
		p.Click("run-cart")
		p.See("seen-cart", "cart_updated")
		p.Screenshot("look")
		p.Wait(`document.documentElement.scrollWidth <= innerWidth`)
		require.Empty(t, browser.Serious(p.Axe()))
		require.Empty(t, p.Problems())
	}
	s.Stop()
}
