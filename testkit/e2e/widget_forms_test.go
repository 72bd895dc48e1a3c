package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/testkit/browser"
	"github.com/uniqchat/uniqchat/testkit/process"
)

// fill writes into a field of a form.
func fill(p *browser.Page, selector, value string) {
	p.ClickOn(`$("panel").querySelector(` + "`" + selector + "`" + `)`)
	p.Wait(`((el) => (el.value = ` + "`" + value + "`" + `, el.dispatchEvent(new Event("input", { bubbles: true })), el.dispatchEvent(new Event("change", { bubbles: true })), true))($("panel").querySelector(` + "`" + selector + "`" + `))`)
}

// drop drops a file where none is taken: nothing comes of it, nor does the browser go to the file.
func drop(p *browser.Page) {
	p.Wait(`((data) => (data.items.add(new File(["x"], "notes.txt")), !$("panel").dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }))))(new DataTransfer())`)
}

// look sets the widget of the demo's site key.
func (d *desk) look(widget map[string]any) {
	d.t.Helper()
	require.NoError(d.t, d.api.Call(d.ctx, http.MethodPatch, "/api/v1/site-keys/demo", d.token, map[string]any{"widget": widget}, nil))
}

// TestWidgetForms: the look that the console has, what is asked before the chat, and what stands in its place outside the hours.
func TestWidgetForms(t *testing.T) {
	t.Parallel()
	ctx := within(t, 8*time.Minute)
	s := process.Start(t, process.Options{Env: []string{"UNIQCHAT_LOG_LEVEL=warn"}})
	b := browser.Shared(t)
	d := newDesk(ctx, t, s)
	d.look(map[string]any{
		"title": map[string]string{"zh": "小店客服", "en": "Nook & Needle"}, "greeting": map[string]string{"en": "Ask us about anything we sell."}, "color": "#7c2d5e", "position": "left",
		"launcher": map[string]string{"en": "Questions?", "zh": "有问题？"},
		"pre_chat": map[string]any{"fields": []map[string]any{
			{"name": "name", "required": true},
			{"name": "email", "required": true},
			{"name": "topic", "label": map[string]string{"en": "What is it about?", "zh": "咨询内容"}, "type": "select", "options": []map[string]any{{"value": "order", "label": map[string]string{"en": "An order"}}, {"value": "other"}}},
		}},
	})
	shop := b.Page(t, "forms", browser.Options{})
	shop.Go(s.BaseURL() + "/demo/")
	shop.See("launcher", "Questions?")
	shop.Wait(`getComputedStyle($("launcher")).backgroundColor === "rgb(124, 45, 94)" && $("launcher").getBoundingClientRect().left < 100`)
	shop.Screenshot("1-launcher")
	shop.Click("launcher")
	shop.Wait(`$("pre-chat") && !$("input") && $("pre-chat").getRootNode().activeElement?.name === "name"`)
	shop.See("status", "Nobody is online")
	drop(shop) // does not get past what is asked
	shop.Click("pre-chat-submit")
	shop.Wait(`$("pre-chat").querySelectorAll("[role=alert]").length === 2`)
	shop.Screenshot("2-pre-chat")
	for locale, says := range map[string]string{"zh-CN": "请填写此项", "en": "Please fill this in"} { // what is wrong is said in the language of the moment
		shop.Wait(`(uniqchat("setLocale", "` + locale + `"), [...$("pre-chat").querySelectorAll("[role=alert]")].filter((e) => e.innerText === "` + says + `").length === 2)`)
	}
	shop.Wait(`(uniqchat("setLocale", "en"), $("pre-chat").innerText.includes("What is it about?"))`)
	second := shop.Tab("forms-second") // what is answered in one tab is told by the one that is connected
	second.Go(s.BaseURL() + "/demo/")
	second.Click("launcher")
	second.Wait(`$("pre-chat")`)
	fill(second, "[name=name]", "Mei")
	fill(second, "[name=email]", "mei@shop.example")
	fill(second, "select", "order")
	second.Click("pre-chat-submit")
	second.Type("input", "Where is my parcel?")
	second.Press("Enter")
	second.See("message", "Where is my parcel?")
	shop.See("message", "Where is my parcel?")
	require.InDelta(t, 1, s.Metric("uniqchat_engine_connections"), 0)
	d.find()
	var c struct {
		VisitorID string `json:"visitor_id"`
	}
	d.do(http.MethodGet, "", nil, &c)
	var v struct {
		Name, Email string
		Attributes  map[string]any
	}
	var trail struct{ Data []struct{ Name string } }
	require.Eventually(t, func() bool {
		return d.api.Call(ctx, http.MethodGet, "/api/v1/visitors/"+c.VisitorID, d.token, nil, &v) == nil && v.Name == "Mei"
	}, 20*time.Second, 100*time.Millisecond)
	require.Equal(t, "mei@shop.example", v.Email)
	require.Equal(t, "order", v.Attributes["topic"])
	require.Eventually(t, func() bool {
		err := d.api.Call(ctx, http.MethodGet, "/api/v1/visitors/"+c.VisitorID+"/events", d.token, nil, &trail)
		return err == nil && len(trail.Data) > 0 && trail.Data[0].Name == "page_view"
	}, 20*time.Second, 200*time.Millisecond, "the page that the visitor was on")
	shop.Reload()
	shop.Wait(`$("input") || ($("launcher").click(), false)`)
	shop.Wait(`!$("pre-chat")`)

	// Outside the hours.
	d.look(map[string]any{})
	require.NoError(t, d.api.Call(ctx, http.MethodPost, "/api/v1/business-hours", d.token, map[string]any{"name": "never", "time_zone": "UTC", "weekly": []any{}}, nil))
	late := b.Page(t, "late", browser.Options{Language: "zh-CN", Phone: true})
	late.Go(s.BaseURL() + "/demo/")
	late.Click("launcher")
	late.Wait(`$("offline") && !$("input")`)
	drop(late)
	late.Screenshot("1-offline")
	fill(late, "[name=email]", "li@shop.example")
	fill(late, "textarea", "请明天联系我")
	late.Click("offline-send")
	late.See("message", "请明天联系我")
	late.See("offline-left", "li@shop.example") // and it stays, until the visitor writes on
	late.Screenshot("2-left")
	var offline struct {
		Data []struct{ Email, Text string }
	}
	require.NoError(t, d.api.Call(ctx, http.MethodGet, "/api/v1/offline-messages", d.token, nil, &offline))
	require.Len(t, offline.Data, 1)
	require.Equal(t, "li@shop.example", offline.Data[0].Email)
	anyway := b.Page(t, "anyway", browser.Options{Dark: true})
	anyway.Go(s.BaseURL() + "/demo/")
	anyway.Click("launcher")
	anyway.Wait(`$("offline")`)
	anyway.Screenshot("1-offline-dark")
	anyway.Click("offline-instead")
	anyway.Type("input", "I can wait")
	anyway.Press("Enter")
	anyway.See("message", "I can wait")
	for _, p := range []*browser.Page{shop, late, anyway} {
		require.Empty(t, p.Problems())
	}
	s.Stop()
}

// TestWidgetTriggers: who comes for the first time is spoken to, unless it was drawn into the hold-out group; no socket, no cookie.
func TestWidgetTriggers(t *testing.T) {
	t.Parallel()
	ctx := within(t, 5*time.Minute)
	s := process.Start(t, process.Options{Env: []string{"UNIQCHAT_LOG_LEVEL=warn"}})
	b := browser.Shared(t)
	d := newDesk(ctx, t, s)
	add := func(name string, percent int, seconds int) (id string) {
		var made struct{ ID string }
		require.NoError(t, d.api.Call(ctx, http.MethodPost, "/api/v1/triggers", d.token, map[string]any{
			"name": name, "conditions": map[string]any{"seconds_on_page": seconds}, "hold_out_percent": percent, "message": map[string]string{"en": name + " speaks"},
		}, &made))
		return made.ID
	}
	held, shown := add("Held", 100, 1), add("Shown", 0, 2)
	shop := b.Page(t, "trigger", browser.Options{})
	shop.Go(s.BaseURL() + "/demo/")
	shop.See("tease", "Shown speaks")
	shop.Screenshot("1-tease")
	var told string
	require.NoError(t, shop.Eval(`sessionStorage.getItem("uniqchat:tracked")`, &told))
	require.Contains(t, told, `"trigger":"`+held+`","event":"trigger_held_out"`)
	require.Contains(t, told, `"trigger":"`+shown+`","event":"trigger_shown"`)
	require.Equal(t, 1, strings.Count(told, `"page_view"`))
	shop.Wait(`document.cookie === ""`)
	require.Zero(t, s.Metric("uniqchat_engine_connections"))
	require.NoError(t, shop.Eval(`(history.pushState(null, "", "?lamp"), true)`, new(bool)))
	shop.Wait(`JSON.parse(sessionStorage.getItem("uniqchat:tracked")).filter((e) => e.name === "page_view").length === 2`)
	shop.ClickOn(`$("tease").querySelector("button")`)
	shop.See("greeted", "Shown speaks")
	shop.Screenshot("2-greeted")
	shop.Reload()
	shop.See("launcher", "")
	time.Sleep(3 * time.Second) // nothing is to come: that can only be waited for
	shop.Wait(`!$("tease")`)
	require.Empty(t, shop.Problems())
	s.Stop()
}
