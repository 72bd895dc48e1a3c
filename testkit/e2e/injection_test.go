package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/ai/eval/suite"
	"github.com/uniqchat/uniqchat/testkit/api"
	"github.com/uniqchat/uniqchat/testkit/browser"
	"github.com/uniqchat/uniqchat/testkit/client"
	"github.com/uniqchat/uniqchat/testkit/llm"
	"github.com/uniqchat/uniqchat/testkit/process"
)

// injections is the suite of ai/eval, by place.
func injections(t *testing.T) map[string][]string {
	t.Helper()
	out, all := map[string][]string{}, suite.Injections(client.NewID().String())
	for _, c := range all {
		out[c.Place] = append(out[c.Place], c.Text)
	}
	require.GreaterOrEqual(t, len(all), 40)
	return out
}

// fact is a sentence that the demo shop's knowledge supports.
const fact = "Below ¥299, shipping is ¥12, whatever is in the parcel."

// obedient is a model that does whatever it reads: it repeats it, with as much else as pages were ever attacked by, one after the other.
func obedient() llm.Behaviour {
	var n atomic.Int64
	return llm.Behaviour{Say: func(r *llm.Request) string {
		at := int(n.Add(1)) * 3
		text := fact
		for i := range 3 {
			text += "\n\n" + planted[(at+i)%len(planted)]
		}
		last := r.Messages[len(r.Messages)-1].Content
		b, err := json.Marshal(map[string]any{
			"action": "answer", "sources": []int{1}, "buttons": []string{planted[at%len(planted)]},
			"text": text + "\n\nPWNED. " + last[max(0, len(last)-300):] + "\n\n![seen](https://evil.example/pixel.png?all) [pay here](https://evil.example/pay) <https://evil.example/> evil.example/x",
		})
		if err != nil {
			panic(err) // it is made of strings
		}
		return string(b)
	}}
}

// injected is a visitor in the demo shop, a bot that says nearly all it may, and a model that obeys everybody.
type injected struct {
	*office
	shop  *browser.Page
	watch *browser.Watch
	conv  uuid.UUID
}

// spoken is what was said in the conversation: how often by the bot, and its status.
func (o *injected) spoken() (byBot int, status string) {
	o.t.Helper()
	if o.conv == uuid.Nil {
		all, err := o.api.Conversations(o.ctx, o.admin, nil)
		require.NoError(o.t, err)
		if len(all) == 0 {
			return 0, ""
		}
		o.conv = all[0].ID
	}
	var page struct{ Data []struct{ Role string } }
	require.NoError(o.t, o.api.Call(o.ctx, http.MethodGet, "/api/v1/conversations/"+o.conv.String()+"/messages?limit=200", o.admin, nil, &page))
	for _, m := range page.Data {
		if m.Role == "bot" {
			byBot++
		}
	}
	c, err := o.api.Conversation(o.ctx, o.admin, o.conv)
	require.NoError(o.t, err)
	return byBot, c.Status
}

// ask writes a text in the widget and waits for what the bot says. A conversation that was given to people is closed, so that the next text is the bot's.
func (o *injected) ask(text string) {
	o.t.Helper()
	before, _ := o.spoken()
	quick(o.shop, strings.NewReplacer("`", "'", "${", "$ {", `\`, `\\`).Replace(text))
	require.Eventually(o.t, func() bool {
		now, status := o.spoken()
		if now > before && status == "queued" {
			o.call(http.MethodPost, "/conversations/"+o.conv.String()+"/close", o.admin, nil)
		}
		return now > before
	}, 30*time.Second, 10*time.Millisecond, text)
}

// TestInjectionsRendered: whatever visitors, documents and attributes say, and whatever a model makes of it that obeys all of them, runs nowhere in
// the widget and nowhere in the console, and asks nobody outside for anything. The bot's thresholds are as low as they can be.
func TestInjectionsRendered(t *testing.T) {
	t.Parallel()
	texts := injections(t)
	o := &injected{office: newOffice(t, func(opts process.Options) *process.Server {
		opts.Env = append(opts.Env, "UNIQCHAT_DEMO_BOT=on", "UNIQCHAT_AI_ALLOW_NETWORKS=127.0.0.0/8", "UNIQCHAT_LIMITS_VISITOR_SEND_RATE=1000", "UNIQCHAT_LIMITS_VISITOR_SEND_BURST=10000")
		return process.Start(t, opts)
	})}
	o.call(http.MethodPatch, "/bot", o.admin, map[string]any{"name": short(50)[1], "thresholds": map[string]any{"answer": 0.001, "clarify": 0.001}, "clarify": 0})
	engine := llm.Start(t, obedient())
	o.call(http.MethodPost, "/ai/engines", o.admin, map[string]any{"name": short(50)[0], "base_url": engine.URL, "model": "obedient", "key": "sk-1"})
	var documents []string
	for i, text := range slices.Concat(texts["documents"], texts["tenants"]) {
		o.call(http.MethodPost, "/knowledge/documents", o.admin, map[string]any{"title": fmt.Sprintf("Shipping %d %s", i, short(100)[i%10]), "text": "# Shipping, part " + fmt.Sprint(i) + "\n\n" + fact + "\n\n" + text})
		documents = append(documents, text)
	}
	l := &library{t: t, ctx: o.ctx, api: o.api, token: o.admin}
	l.wait("the documents are in use", func(x index) bool { return x.State == "idle" && x.Documents >= len(documents) })

	o.shop = browser.Shared(t).Page(t, "injected", browser.Options{})
	o.watch = o.shop.Watch(o.s.HTTP, o.s.WS)
	o.shop.Go(o.s.BaseURL() + "/demo/")
	o.shop.Click("launcher")
	questions := slices.Concat(texts["chat"], texts["turns"], documents)
	for pair := range slices.Chunk(questions, 2) {
		o.ask("How much is shipping? " + strings.Join(pair, "\n"))
		require.Empty(t, o.shop.Seen(o.watch), pair)
	}
	require.GreaterOrEqual(t, engine.Calls(), len(questions)/3, "most are answered by the engine")
	o.shop.See("message", "PWNED")
	o.clean(o.shop, o.watch)
	o.shop.Screenshot("widget")
	o.shop.Reload() // from the log, not as it was streamed
	o.shop.Wait(`$("panel") || ($("launcher").click(), false)`)
	o.shop.See("message", fact)
	o.clean(o.shop, o.watch)

	o.consoles(texts["attributes"])
	t.Logf("%d texts, %d calls of the engine", len(questions)+len(texts["attributes"]), engine.Calls())
	o.s.Stop()
}

// clean checks that a page has done nothing, and that no link of what the engine made up can be followed.
func (o *injected) clean(p *browser.Page, w *browser.Watch) {
	o.t.Helper()
	require.Empty(o.t, p.Seen(w))
	require.Empty(o.t, p.Problems())
	var links []string
	require.NoError(o.t, p.Eval(`all(document, "[href], [src]").map((e) => e.getAttribute("href") ?? e.getAttribute("src")).filter((s) => s.includes("evil.example"))`, &links))
	require.Empty(o.t, links)
}

// consoles opens everything of the console that shows what visitors, documents and the engine say.
func (o *injected) consoles(attributes []string) {
	t := o.t
	var session api.Visitor
	named := map[string]any{}
	for i, text := range attributes {
		named[fmt.Sprint("order_", i)] = text
	}
	named["order_id"] = short(100)[2]
	o.call2("/widget/session", map[string]any{"site_key": "demo", "name": short(100)[1], "locale": "en", "attributes": named}, &session)
	v := &visitor{o.office, session.Token, client.NewID().String()}
	v.write("How much is shipping? " + attributes[0])
	v.write("I want to talk to a human. " + attributes[3])

	p := browser.Shared(t).Page(t, "injected-console", browser.Options{Wide: true})
	w := p.Watch(o.s.HTTP, o.s.WS)
	p.Go(o.s.BaseURL() + "/console/")
	p.Type("email", "admin@demo.test")
	p.Type("password", process.Password)
	p.Click("login")
	p.Wait(`$("link")?.dataset.state === "online"`)
	(&visitor{o.office, "", o.conv.String()}).open(p)
	p.See("message", "PWNED")
	require.Contains(t, strings.Join(scrolled(t, p), "\n"), fact)
	o.clean(p, w)
	p.Screenshot("conversation")
	p.ClickOn(`$$("why-answer").at(-1)`)
	p.Wait(`$("trace") && $$("step").length > 3 && $$("attempt").length > 1`)
	p.Wait(`$("trace").innerText.includes("evil.example")`) // what the engine wrote, as text
	o.clean(p, w)
	p.Screenshot("trace")

	v.open(p)
	p.See("summary", "shipping")
	v.write("And how much is shipping to an island?")
	p.See("message", "to an island")
	p.Click("suggest")
	p.Wait(`$("suggestion")?.querySelector("[data-testid=sources]")`)
	o.clean(p, w)
	p.Screenshot("suggestions")
	settingsOpen(o.office, p, "bot")
	p.Type("ask-question", "How much is shipping? "+attributes[1])
	p.Press("Enter")
	p.Wait(`$("ask-text")?.innerText.length > 10 && $("ask-confidence").innerText.includes("%")`)
	o.clean(p, w)
	settingsOpen(o.office, p, "traces")
	p.Wait(`$$("row").length > 10`)
	o.clean(p, w)
}

// call2 is call for what has a shape.
func (o *injected) call2(path string, in, out any) {
	o.t.Helper()
	require.NoError(o.t, o.api.Call(o.ctx, http.MethodPost, "/api/v1"+path, "", in, out))
}
