package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/testkit/browser"
	"github.com/uniqchat/uniqchat/testkit/llm"
	"github.com/uniqchat/uniqchat/testkit/process"
)

// settingsOpen goes to a page of the settings.
func settingsOpen(o *office, p *browser.Page, path string) {
	p.Go(o.s.BaseURL() + "/console/settings/" + path)
}

// aiOffice is an office whose engines may be on this machine.
func aiOffice(t *testing.T) *office {
	t.Helper()
	return newOffice(t, func(opts process.Options) *process.Server {
		opts.Env = append(opts.Env, "UNIQCHAT_AI_ALLOW_NETWORKS=127.0.0.0/8")
		return process.Start(t, opts)
	})
}

// TestConsoleAI: the bot's settings and engines as an admin sets them up: what was written is kept, keys are shown to nobody again, an engine
// that works says so and one that does not says why, the bot is tried and says what its answer rests on, and how it came about. An agent gets
// suggestions that are put into the reply and sent by nobody else, and a summary.
func TestConsoleAI(t *testing.T) {
	t.Parallel()
	o := aiOffice(t)
	engine := llm.Start(t, llm.Behaviour{Text: "It works."})
	p := o.console("admin", browser.Options{Wide: true})
	w := p.Watch(o.s.HTTP, o.s.WS)
	botSettings(o, p)
	engines(o, p, engine)
	tries(o, p)
	suggests(o, p)
	require.Empty(t, p.Seen(w))
	require.Empty(t, p.Problems())
	aiLooks(o, p)
}

func saves(p *browser.Page) {
	p.Click("save")
	p.Wait(`!$("save") || $("save").disabled && !$("save").dataset.loading`)
}

func botSettings(o *office, p *browser.Page) {
	settingsOpen(o, p, "bot")
	p.Type("field-name", "Robo")
	p.Type("field-en", "Hello! Ask me anything about the shop.")
	p.ClickOn(`$("field-enabled").closest("label, .mantine-Switch-root").querySelector(".mantine-Switch-track")`)
	p.Type("field-avoid", "refund")
	p.Press("Enter")
	p.Type("field-tokens", "200000")
	saves(p)
	p.Reload()
	p.Wait(`$("field-name")?.value === "Robo" && $("field-enabled").checked && $("field-tokens").value === "200,000"`)
	got := o.call(http.MethodGet, "/bot", o.admin, nil)
	require.Equal(o.t, "Robo", got["name"])
	require.Equal(o.t, []any{"refund"}, got["avoid"])
	require.Equal(o.t, true, got["enabled"])
	p.Wait(`$("usage")`)
	p.Screenshot("bot")
}

func engines(o *office, p *browser.Page, engine *llm.Server) {
	t := o.t
	settingsOpen(o, p, "engines")
	p.Click("add")
	p.Type("field-name", "Small")
	p.Type("field-base_url", engine.URL)
	p.Type("field-model", "small-1")
	p.Type("field-key", "sk-very-secret")
	p.Type("field-prompt_price", "0.5")
	saves(p)
	p.See("row", "Small")
	p.ClickOn(`$("row").querySelector("a")`)
	p.Wait(`$("engine-test") && $("field-key").value === ""`)
	var page string
	require.NoError(t, p.Eval(`document.documentElement.outerHTML`, &page))
	require.NotContains(t, page, "sk-very-secret")
	p.Click("engine-test")
	p.Wait(`$("engine-result")?.dataset.ok === "true"`)
	p.Screenshot("engine-works")
	require.Equal(t, "Bearer sk-very-secret", engine.Last().Key)
	engine.Set(llm.Behaviour{Fault: llm.Denied})
	p.Click("engine-test")
	p.Wait(`$("engine-result")?.dataset.ok === "false" && $("engine-message").innerText.length > 10`)
	p.Screenshot("engine-refuses")
	engine.Set(llm.Behaviour{Text: "It works."})

	// Another address does not get the key that was meant for this one.
	p.Type("field-base_url", "https://elsewhere.example/v1")
	p.Click("save")
	p.Wait(`$("field-key").closest(".mantine-PasswordInput-root").querySelector(".mantine-PasswordInput-error")`)
	p.Type("field-key", "sk-other")
	p.ClickOn(`$("field-enabled").closest("label, .mantine-Switch-root").querySelector(".mantine-Switch-track")`)
	saves(p)
	p.Wait(`$("field-key").value === ""`) // what the server has now is shown
	var list struct {
		Data []map[string]any
	}
	require.NoError(t, o.api.Call(o.ctx, http.MethodGet, "/api/v1/ai/engines", o.admin, nil, &list))
	require.Len(t, list.Data, 1)
	require.Equal(t, "https://elsewhere.example/v1", list.Data[0]["base_url"])
	require.Equal(t, false, list.Data[0]["enabled"])
	require.Equal(t, true, list.Data[0]["key_set"])
	require.InDelta(t, 0.5, list.Data[0]["prompt_price"], 1e-9)
	p.Click("delete")
	p.Click("delete-yes")
	p.Wait(`!$("row") && !$("delete-yes")`)
}

// tries asks the bot what the built-in engine answers.
func tries(o *office, p *browser.Page) {
	settingsOpen(o, p, "bot")
	p.Type("ask-question", "How much is shipping?")
	p.Press("Enter")
	p.Wait(`["answer", "clarify"].includes($("ask-answer")?.dataset.step) && $("ask-text").innerText.length > 10 && $("ask-confidence").innerText.includes("%")`)
	p.Wait(`$("ask-answer").dataset.step === "clarify" || $("ask-answer").querySelector("[data-testid=sources] a")`)
	p.Screenshot("try")
	p.Click("trace-open")
	p.Wait(`$("trace") && $$("step").length > 3 && $$("chunk").length > 0`)
	p.Screenshot("trace")
	settingsOpen(o, p, "traces")
	p.Wait(`$("row")`)
	p.ClickOn(`$("row").querySelector("a")`)
	p.See("trace", "How much is shipping?")
	p.Reload() // it can be linked to
	p.See("trace", "How much is shipping?")
}

// suggests opens a conversation and takes a suggestion, which nobody sends but the agent.
func suggests(o *office, p *browser.Page) {
	t := o.t
	o.call(http.MethodPatch, "/bot", o.admin, map[string]any{"enabled": false})
	v := o.visitor("Mia", "How much is shipping?")
	o.call(http.MethodPost, "/conversations/"+v.conv+"/assign", o.admin, map[string]any{"agent_id": o.agent("admin")})
	v.open(p)
	p.See("message", "How much is shipping?")
	p.Type("answer", "Hello Mia!")
	learned(o.ctx, o.t, o.api, o.admin)
	p.Click("suggest")
	p.Wait(`$("suggestion")?.querySelector("[data-testid=sources]")`)
	p.Screenshot("suggestions")
	var text string
	require.NoError(t, p.Eval(`$("suggestion").querySelector("[data-text]").innerText`, &text))
	p.Click("suggestion-insert")
	p.Wait(`$("answer").value.startsWith("Hello Mia!") && $("answer").value.endsWith(` + quoted(strings.TrimSpace(text)) + `) && !$("suggestions")`)
	var page struct {
		Data []struct{ Role string }
	}
	require.NoError(t, o.api.Call(o.ctx, http.MethodGet, "/api/v1/conversations/"+v.conv+"/messages", o.admin, nil, &page))
	for _, m := range page.Data {
		require.NotEqual(t, "agent", m.Role, "nothing is sent by itself")
	}
	p.Click("answer")
	p.Press("Enter")
	p.See("message", "Hello Mia!")
	p.Click("more")
	p.Click("summarise")
	p.See("summary", "How much is shipping?")
	p.Screenshot("summary")
	p.Click("summary-keep")
	p.Wait(`$$("message").some((e) => e.closest("[data-internal=true]"))`)
}

// aiLooks looks at everything with axe-core, in both languages and colours and on a phone.
func aiLooks(o *office, page *browser.Page) {
	within(o.t, 8*time.Minute)
	o.call(http.MethodPost, "/ai/engines", o.admin, map[string]any{"name": "Fast", "base_url": "https://api.example.com/v1", "model": "fast-1", "key": "sk-1", "prompt_price": 0.5, "completion_price": 2})
	p := &checked{Page: page, t: o.t}
	for _, look := range []browser.Options{{Wide: true}, {Wide: true, Dark: true, Language: "zh-CN"}, {Phone: true, Language: "zh-CN"}, {Phone: true, Dark: true}} {
		p.Look(look)
		for _, at := range []struct{ name, path, there string }{
			{"bot", "bot", `$("field-name") && $("usage")`}, {"engines", "engines", `$("row")`}, {"engines-new", "engines/new", `$("field-base_url")`}, {"traces", "traces", `$("row")`},
		} {
			settingsOpen(o, page, at.path)
			p.Wait(at.there)
			p.as(fmt.Sprintf("%s-%s", lookName(look), at.name))
		}
		p.ClickOn(`($("row") ?? document.body).querySelector("a")`)
	}
}
