package e2e_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/testkit/browser"
	"github.com/uniqchat/uniqchat/testkit/process"
)

// looked runs axe-core over the widget as it is, in both languages and both themes, and takes a picture of each.
func looked(t *testing.T, p *browser.Page, state string) {
	t.Helper()
	for _, l := range []struct{ name, locale string }{{"zh", "zh-CN"}, {"en", "en"}} {
		for _, dark := range []bool{true, false} {
			name := state + "-" + l.name
			if dark {
				name += "-dark"
			}
			p.Look(browser.Options{Dark: dark, Still: true})
			p.Wait(`(uniqchat("setLocale", "` + l.locale + `"), document.getElementById("uniqchat").lang === "` + l.locale + `" && document.getElementById("uniqchat").hasAttribute("data-dark") === matchMedia("(prefers-color-scheme: dark)").matches)`)
			p.Screenshot(name)
			require.Empty(t, browser.Serious(p.Axe("#uniqchat")), name)
		}
	}
}

// TestWidgetAxe: axe-core finds nothing serious in any state of the widget.
func TestWidgetAxe(t *testing.T) {
	t.Parallel()
	ctx := within(t, 10*time.Minute)
	s := process.Start(t, process.Options{Env: []string{"UNIQCHAT_LOG_LEVEL=warn", "UNIQCHAT_UPLOADS_MAX_BYTES=20000"}})
	b := browser.Shared(t)
	d := newDesk(ctx, t, s)
	var trigger struct{ ID string }
	require.NoError(t, d.api.Call(ctx, http.MethodPost, "/api/v1/triggers", d.token, map[string]any{
		"name": "Hello", "conditions": map[string]any{"seconds_on_page": 1}, "message": map[string]string{"en": "Questions about sizes? Ask us.", "zh": "想问尺码？直接问我们吧。"},
	}, &trigger))
	p := b.Page(t, "axe", browser.Options{Still: true})
	p.Go(s.BaseURL() + "/demo/")
	p.See("launcher", "")
	looked(t, p, "1-closed")
	p.See("tease", "")
	looked(t, p, "2-tease")
	p.ClickOn(`$("tease").querySelector("button")`)
	p.Wait(`$("input")`)
	looked(t, p, "3-greeting")
	large := filepath.Join(t.TempDir(), "manual.txt")
	require.NoError(t, os.WriteFile(large, make([]byte, 30_000), 0o600))
	quick(p, "Hello, a picture and the manual")
	allSent(p)
	d.find()
	p.Files("files", photo(t, "wide.png", 300, 200), large)
	p.Wait(`$("image")?.querySelector("img")?.naturalWidth > 0 && $("upload")?.querySelector("[role=alert]")`)
	d.send("text", `{"text":"It is at https://shop.example/help"}`)
	d.send("card", aCard)
	d.send("form", aForm)
	d.send("card", someReplies)
	p.See("replies", "")
	p.Click("form-submit")
	p.Wait(`$("form").querySelector("[role=alert]")`)
	looked(t, p, "4-chat")
	p.Click("emoji")
	p.Wait(`$("emoji-picker")`)
	looked(t, p, "5-emoji")
	p.Press("Escape")
	p.Click("menu")
	p.Wait(`$("menu-sound")`)
	looked(t, p, "6-menu")
	p.Press("Escape")
	p.ClickOn(`$("image").querySelector("button")`)
	p.Wait(`$("lightbox")?.querySelector("img")?.naturalWidth > 0`)
	looked(t, p, "7-image")
	p.Press("Escape")
	d.do(http.MethodPost, "/close", map[string]any{}, nil)
	p.Wait(`$("rating")`)
	p.ClickOn(`$("star-4")`)
	looked(t, p, "8-rating")
	s.Kill()
	p.See("state", "")
	p.Wait(`$("state").classList.contains("warn")`)
	looked(t, p, "9-connection-lost")
	s.Restart()
	require.NoError(t, d.api.Call(ctx, http.MethodDelete, "/api/v1/triggers/"+trigger.ID, d.token, nil, nil))

	d.look(map[string]any{"color": "#f2c14e", "launcher": map[string]string{"en": "Questions?", "zh": "有问题？"}, "pre_chat": map[string]any{"fields": []map[string]any{
		{"name": "name", "required": true},
		{"name": "email", "required": true},
		{"name": "topic", "label": map[string]string{"en": "What is it about?", "zh": "咨询内容"}, "type": "select", "options": []map[string]any{{"value": "order"}, {"value": "other"}}},
		{"name": "terms", "label": map[string]string{"en": "I have read the terms", "zh": "我已阅读条款"}, "type": "checkbox", "required": true},
	}}})
	p = b.Page(t, "axe", browser.Options{Still: true})
	p.Go(s.BaseURL() + "/demo/")
	p.Click("launcher")
	p.Wait(`$("pre-chat")`)
	p.Click("pre-chat-submit")
	p.Wait(`$("pre-chat").querySelectorAll("[role=alert]").length === 3`)
	looked(t, p, "10-pre-chat")
	p.Click("close")
	looked(t, p, "11-wordy")
	d.look(map[string]any{})
	require.NoError(t, d.api.Call(ctx, http.MethodPost, "/api/v1/business-hours", d.token, map[string]any{"name": "never", "time_zone": "UTC", "weekly": []any{}}, nil))
	p = b.Page(t, "axe", browser.Options{Still: true})
	p.Go(s.BaseURL() + "/demo/")
	p.Click("launcher")
	p.Wait(`$("offline")`)
	looked(t, p, "12-offline")

	// And axe-core looks into the widget: what is wrong there is found.
	p.Wait(`($("offline").querySelector("textarea").labels[0].remove(), true)`)
	require.NotEmpty(t, browser.Serious(p.Axe("#uniqchat")))
	s.Stop()
}
