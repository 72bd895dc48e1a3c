package e2e_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/testkit/browser"
	"github.com/uniqchat/uniqchat/testkit/llm"
	"github.com/uniqchat/uniqchat/testkit/process"
)

// TestBotInTheShop: a visitor of the demo shop asks its bot, in English and in Chinese, and is answered with a source, by an engine word by word and
// by the one that is built in; is asked back with buttons; asks for a human, and gets one, who reads the summary and how an answer came about.
func TestBotInTheShop(t *testing.T) {
	t.Parallel()
	o := newOffice(t, func(opts process.Options) *process.Server {
		opts.Env = append(opts.Env, "UNIQCHAT_DEMO_BOT=on", "UNIQCHAT_AI_ALLOW_NETWORKS=127.0.0.0/8")
		return process.Start(t, opts)
	})
	learned(o.ctx, t, o.api, o.admin)
	b := browser.Shared(t)
	shop := func(name string, look browser.Options) *browser.Page {
		p := b.Page(t, name, look)
		p.Go(o.s.BaseURL() + "/demo/")
		p.Click("launcher")
		return p
	}

	p := shop("bot-zh", browser.Options{Phone: true, Language: "zh-CN"})
	quick(p, "有保修吗？")
	p.See("message", "两年")
	p.Wait(`$("sources").innerText.includes("保修")`)
	p.Screenshot("source")
	quick(p, "你们的帆布包怎么洗，能装多少？")
	p.See("message", "15")
	require.Empty(t, p.Problems())

	p = shop("bot-en", browser.Options{})
	quick(p, "Is the lamp good for reading?")
	p.Wait(`$("replies")?.querySelectorAll("button").length > 1`)
	p.Screenshot("choice")
	p.ClickOn(`[...$("replies").querySelectorAll("button")].find((e) => e.innerText.includes("lamp"))`)
	p.See("message", "25,000 hours")

	// An engine writes word by word, and what is seen before the end is the beginning of what is there in the end.
	const told = "Below ¥299, shipping is ¥12, whatever is in the parcel. Orders over ¥299 are sent free of charge."
	engine := llm.Start(t, llm.Behaviour{Text: `{"action":"answer","sources":[1,2],"text":"` + told + `","buttons":[]}`, Token: 60 * time.Millisecond})
	o.call(http.MethodPost, "/ai/engines", o.admin, map[string]any{"name": "Small", "base_url": engine.URL, "model": "small-1", "key": "sk-1"})
	p.Wait(`((find) => (window.seen = [], setInterval(() => { const last = find("message").map((e) => e.innerText).filter((s) => s.includes("Below ¥299")).at(-1); if (last && seen.at(-1) !== last) seen.push(last); }, 20), true))($$)`)
	quick(p, "What does shipping cost, and when is it free?")
	p.See("message", told)
	p.Screenshot("answer")
	var seen []string
	require.NoError(t, p.Eval(`seen`, &seen))
	require.Greater(t, len(seen), 3, "it comes word by word: %q", seen)
	for i, s := range seen[1:] {
		require.Contains(t, s, strings.TrimSuffix(strings.Split(seen[i][strings.Index(seen[i], "Below"):], "\n")[0], "…"), "what was seen is not taken back")
	}

	quick(p, "I want to talk to a human")
	p.Wait(`$$("change").length > 0 || $("state").innerText !== ""`)
	p.Screenshot("human")
	agent := o.console("admin", browser.Options{Wide: true})
	waiting, err := o.api.Conversations(o.ctx, o.admin, url.Values{"status": {"queued"}})
	require.NoError(t, err)
	require.Len(t, waiting, 1)
	agent.Go(o.s.BaseURL() + "/console/inbox/" + waiting[0].ID.String())
	agent.See("summary", "shipping cost")
	agent.Screenshot("handover")
	agent.ClickOn(`$("why-answer")`)
	agent.Wait(`$("trace") && $$("step").length > 3 && $$("chunk").length > 0`)
	agent.Screenshot("trace")
	require.Empty(t, agent.Problems())
	o.s.Stop()
}

// TestBotWhenAsked: where conversations begin with people, a visitor who would rather ask the bot finds it in the menu.
func TestBotWhenAsked(t *testing.T) {
	s, d, p := alone(t, 3*time.Minute, "asked", "UNIQCHAT_DEMO_BOT=")
	learned(d.ctx, t, &d.api, d.token)
	visit(s, p)
	quick(p, "hello?")
	allSent(p)
	d.find()
	p.See("status", "Nobody is online")
	p.Click("menu")
	p.Wait(`$("menu-bot")`)
	p.Click("menu")
	p.Wait(`!$("menu-bot")`) // it closes what it opened
	p.Click("menu")
	p.Click("menu-bot")
	p.Wait(`$("ask-human")`)
	quick(p, "Is there a warranty?")
	p.See("message", "two years")
	p.Wait(`!$("status")`) // somebody is there: the bot
	p.Screenshot("answered")
	require.Empty(t, p.Problems())
	s.Stop()
}
