package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/testkit/api"
	"github.com/uniqchat/uniqchat/testkit/browser"
	"github.com/uniqchat/uniqchat/testkit/process"
)

// texts are the messages that a page shows, in order, its own unsent ones included.
const texts = `$$("message").map((e) => (e.querySelector(".text, [data-text]") || e).innerText)`

// TestBrowser: two people chat in two browsers, as make run offers it: a visitor on the demo shop and an agent in the
// console. The visitor reloads in the middle, the server is killed in the middle; nothing is lost on either screen.
func TestBrowser(t *testing.T) { beside(t, testBrowser) }

func testBrowser(t *testing.T, start func(o process.Options) *process.Server) {
	ctx := within(t, 5*time.Minute)
	s := start(process.Options{Env: []string{"UNIQCHAT_LOG_LEVEL=warn"}})
	b := browser.Shared(t)
	shop, desk := b.Page(t, "shop", browser.Options{}), b.Page(t, "console", browser.Options{})

	shop.Go(s.BaseURL() + "/demo/")
	shop.See("launcher", "")
	shop.Screenshot("1-closed")
	desk.Go(s.BaseURL() + "/console/")
	desk.Screenshot("1-login")
	desk.Type("email", "alice@demo.test")
	desk.Type("password", process.Password)
	desk.Click("login")
	desk.Wait(`$("link").dataset.state === "online"`)

	// The visitor writes; the agent sees it.
	shop.Click("launcher")
	shop.Type("input", "Hello, is the mug dishwasher safe?")
	shop.Press("Enter")
	shop.See("message", "dishwasher safe?")
	openConversation(desk)
	desk.See("message", "dishwasher safe?")

	// Typing is seen on both sides, the visitor's words too.
	shop.Type("input", "我还想知道运费")
	desk.See("typing", "我还想知道运费")
	desk.Screenshot("2-typing")
	shop.Press("Enter")
	desk.See("message", "我还想知道运费")
	desk.Type("answer", "Yes, and ship")
	shop.Wait(`$("typing").innerText !== ""`)
	shop.Screenshot("2-typing")
	desk.Type("answer", "Yes, and shipping is free over ¥299 🙂")
	desk.Press("Enter")
	shop.See("message", "free over ¥299")

	// A reload right after writing: the outbox has it.
	shop.Type("input", "Good. I will take two.")
	shop.Press("Enter")
	shop.Reload()
	shop.Wait(`$("launcher")`)
	shop.Wait(`$("panel") || ($("launcher").click(), false)`)
	expect := []string{
		"Hello, is the mug dishwasher safe?", "我还想知道运费", "Yes, and shipping is free over ¥299 🙂", "Good. I will take two.",
	}
	shows(t, shop, expect)
	shows(t, desk, expect)

	// The server is killed; both go on writing.
	s.Kill()
	shop.Type("input", "Are you still there?")
	shop.Press("Enter")
	desk.Type("answer", "A moment please")
	desk.Press("Enter")
	desk.Wait(`$("link").dataset.state !== "online"`)
	shop.Screenshot("3-server-down")
	desk.Screenshot("3-server-down")
	s.Restart()
	desk.Wait(`$("link").dataset.state === "online"`)
	final := stored(t, ctx, s, len(expect)+2)
	require.Equal(t, expect, final[:len(expect)])
	require.ElementsMatch(t, []string{"Are you still there?", "A moment please"}, final[len(expect):])
	// And it is live again, on the same pages.
	desk.Type("answer", "Back again")
	desk.Press("Enter")
	final = append(final, "Back again")
	shows(t, shop, final)
	shows(t, desk, final)
	shop.Screenshot("4-after")
	desk.Screenshot("4-after")

	require.Empty(t, shop.Problems())
	require.Empty(t, desk.Problems())
	looks(t, s, b)
	s.Stop()
}

// openConversation picks the one conversation, in whichever list it is: an agent who is online may have been given it.
func openConversation(p *browser.Page) {
	p.Wait(`$("conversation") || (/\d/.test($("tab-open").innerText) && ($("tab-open").click(), false))`)
	p.Click("conversation")
}

// shows waits until a page shows exactly these messages, and none as unsent.
func shows(t *testing.T, p *browser.Page, want []string) {
	t.Helper()
	p.Wait(fmt.Sprintf("%s.length >= %d", texts, len(want)))
	var got []string
	require.NoError(t, p.Eval(texts, &got))
	require.Equal(t, want, got)
}

// stored waits until the database has n texts and returns them in its order.
func stored(t *testing.T, ctx context.Context, s *process.Server, n int) []string {
	t.Helper()
	a := &api.API{Base: s.BaseURL()}
	l, err := a.Login(ctx, "admin@demo.test", process.Password)
	require.NoError(t, err)
	convs, err := a.Conversations(ctx, l.AccessToken, nil)
	require.NoError(t, err)
	require.Len(t, convs, 1)
	for {
		var page struct {
			Data []struct {
				Kind string
				Body struct{ Text string }
			}
		}
		require.NoError(t, a.Call(ctx, http.MethodGet, "/api/v1/conversations/"+convs[0].ID.String()+"/messages?limit=200", l.AccessToken, nil, &page))
		var out []string
		for _, m := range page.Data {
			if m.Kind == "text" {
				out = append(out, m.Body.Text)
			}
		}
		if len(out) >= n {
			return out
		}
		select {
		case <-ctx.Done():
			t.Fatalf("only %q are stored", out)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// looks opens both pages in every look: language, colours, size.
func looks(t *testing.T, s *process.Server, b *browser.Browser) {
	t.Helper()
	for _, o := range []browser.Options{
		{Language: "zh-CN"}, {Language: "zh-CN", Phone: true}, {Dark: true}, {Phone: true}, {Language: "zh-CN", Dark: true, Phone: true},
	} {
		name := "en"
		if o.Language != "" {
			name = "zh"
		}
		if o.Dark {
			name += "-dark"
		}
		if o.Phone {
			name += "-phone"
		}
		shop, desk := b.Page(t, "shop-"+name, o), b.Page(t, "console-"+name, o)
		shop.Go(s.BaseURL() + "/demo/")
		shop.Click("launcher")
		text := map[bool]string{true: "你好,请问杯子能用洗碗机洗吗?", false: "Hello! Does the lamp come with a bulb?"}[o.Language != ""]
		shop.Type("input", text)
		shop.Press("Enter")
		shop.See("message", text)
		desk.Go(s.BaseURL() + "/console/")
		desk.Type("email", "bob@demo.test")
		desk.Type("password", process.Password)
		desk.Screenshot("login")
		desk.Click("login")
		desk.Wait(`$("link").dataset.state === "online"`)
		openConversation(desk)
		desk.Wait(texts + ".length > 0")
		desk.Screenshot("look")
		shop.Screenshot("look")
		var wide bool
		require.NoError(t, shop.Eval("document.documentElement.scrollWidth > innerWidth", &wide))
		require.False(t, wide, "the shop %s scrolls sideways", name)
		require.NoError(t, desk.Eval("document.documentElement.scrollWidth > innerWidth", &wide))
		require.False(t, wide, "the console %s scrolls sideways", name)
		require.Empty(t, shop.Problems())
		require.Empty(t, desk.Problems())
	}
}
