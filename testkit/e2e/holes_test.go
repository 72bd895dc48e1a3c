package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/testkit/api"
	"github.com/uniqchat/uniqchat/testkit/browser"
	"github.com/uniqchat/uniqchat/testkit/client"
	"github.com/uniqchat/uniqchat/testkit/process"
)

// planted is what ran in other products' pages. Each would call xss, or ask evil.example for something.
var planted = []string{
	`<script>xss(1)</script>`, `<img src=x onerror=xss(2)>`, `<svg onload=xss(3)>`, `"><script>xss(4)</script>`, `'-xss(5)-'`, `${xss(6)}`, `{{xss(7)}}`,
	`{{constructor.constructor('xss(8)')()}}`, `[a](javascript:xss(9))`, `![a](https://evil.example/pixel.png)`, `<iframe srcdoc="<script>parent.xss(10)</script>">`,
	`<a href="javascript:xss(11)">a</a>`, `javascript:xss(12)`, `<math><mtext></table><img src onerror=xss(13)>`, `<style>@import 'https://evil.example/x.css';</style>`,
	`<link rel=stylesheet href=https://evil.example/x.css>`, `<details open ontoggle=xss(14)>`, `<input autofocus onfocus=xss(15)>`, `"onmouseover="xss(16)" x="`,
	`<template><script>xss(17)</script></template>`, `<base href=https://evil.example/>`, `<meta http-equiv=refresh content="0;url=https://evil.example/">`,
	`<object data=https://evil.example/x></object>`, `<form action=https://evil.example/><button autofocus>`, "<img src=`x`onerror=xss(18)>", `<svg><use href="data:image/svg+xml,<svg id=x onload=xss(19)>#x">`,
	`</textarea><script>xss(20)</script>`, `<x-uniq onclick=xss(21)>`, `<noscript><p title="</noscript><img src=x onerror=xss(22)>">`,
}

// TestHoleStoredXSS: everything that people can write is planted with scripts, and read in the console, the widget, the demo shop and
// the reference of the API by a real browser. Nothing runs, nothing is asked of anybody outside, and the pages' policy has nothing to refuse.
func TestHoleStoredXSS(t *testing.T) {
	t.Parallel()
	ctx := within(t, 5*time.Minute)
	s := process.Start(t, process.Options{Env: []string{
		"UNIQCHAT_LOG_LEVEL=warn", "UNIQCHAT_LIMITS_VISITOR_SEND_RATE=1000", "UNIQCHAT_LIMITS_VISITOR_SEND_BURST=10000",
	}})
	a := &api.API{Base: s.BaseURL()}
	admin, err := a.Login(ctx, "admin@demo.test", process.Password)
	require.NoError(t, err)
	call := func(method, path, token string, in any) map[string]any {
		t.Helper()
		out := map[string]any{}
		require.NoError(t, a.Call(ctx, method, path, token, in, &out), "%s %s %v", method, path, in)
		return out
	}
	for _, p := range planted[:12] { // what a tenant sets up, shown or not
		for path, body := range map[string]any{
			"/teams": map[string]any{"name": p}, "/canned-responses": map[string]any{"shortcut": client.NewID().String()[24:], "text": p},
			"/triggers": map[string]any{"name": p, "conditions": map[string]any{"seconds_on_page": 1}, "message": map[string]any{"en": p, "zh": p}},
		} {
			call(http.MethodPost, "/api/v1"+path, admin.AccessToken, body)
		}
	}
	evil := call(http.MethodPost, "/api/v1/agents", admin.AccessToken, map[string]any{
		"email": "evil@demo.test", "name": `<img src=x onerror=xss('agent')>`, "password": "quite long enough", "role": "agent",
	})
	answerer, err := a.Login(ctx, "evil@demo.test", "quite long enough")
	require.NoError(t, err)

	b := browser.Shared(t)
	shop, desk, docs := b.Page(t, "shop", browser.Options{}), b.Page(t, "console", browser.Options{}), b.Page(t, "docs", browser.Options{})
	watched := map[*browser.Page]*browser.Watch{}
	for _, p := range []*browser.Page{shop, desk, docs} {
		watched[p] = p.Watch(s.HTTP, s.WS)
	}

	// A visitor whose every field is planted, and whose every message is.
	first := plantVisitor(t, ctx, s, a, planted[1])
	messages := "/api/v1/conversations/" + first.conv + "/messages"
	for i, p := range planted {
		first.say(call, messages, "text", map[string]any{"text": p, "form": p, "postback": p, "values": map[string]any{p: p}})
		first.say(call, messages, "card", map[string]any{"title": p, "text": p, "price": p, "currency": p, "actions": []any{map[string]any{"label": p, "type": "link", "value": p}}})
		first.say(call, messages, "form", map[string]any{"title": p, "fields": []any{map[string]any{"name": p, "label": p, "type": p, "options": []string{p}}}})
		if i < 8 {
			up := first.upload(t, ctx, s, p+".pdf")
			first.say(call, messages, "file", map[string]any{"url": up, "name": p, "mime": p, "size": 9})
			call(http.MethodPost, "/api/v1/conversations/"+first.conv+"/notes", admin.AccessToken, map[string]any{"text": p})
		}
	}
	call(http.MethodPost, "/api/v1/conversations/"+first.conv+"/assign", admin.AccessToken, map[string]any{"agent_id": evil["id"]})

	desk.Go(s.BaseURL() + "/console/?next=" + url.QueryEscape(planted[0]) + "#" + url.PathEscape(planted[1]))
	desk.Type("email", "admin@demo.test")
	desk.Type("password", process.Password)
	desk.Click("login")
	desk.Wait(`$("link").dataset.state === "online"`)
	openConversation(desk)
	desk.See("title", planted[1])
	desk.See("message", planted[len(planted)-1])
	last := scrolled(t, desk) // all of it, from the end to the beginning
	for _, p := range planted {
		require.Contains(t, last, p, "it is there, as text")
	}
	call(http.MethodPost, "/api/v1/conversations/"+first.conv+"/close", admin.AccessToken, nil)

	// The visitor of the shop gets the same from an agent.
	shop.Go(s.BaseURL() + "/demo/?lang=" + url.QueryEscape(planted[3]) + "#" + url.PathEscape(planted[1]))
	shop.Click("launcher")
	shop.Type("input", "hello")
	shop.Press("Enter")
	shop.See("message", "hello")
	var mine string
	for mine == "" {
		list, err := a.Conversations(ctx, admin.AccessToken, url.Values{"status": {"queued,open"}})
		require.NoError(t, err)
		for i := range list {
			if id := list[i].ID.String(); id != first.conv {
				mine = id
			}
		}
	}
	call(http.MethodPost, "/api/v1/conversations/"+mine+"/assign", admin.AccessToken, map[string]any{"agent_id": evil["id"]})
	for _, p := range planted {
		say(call, answerer.AccessToken, "/api/v1/conversations/"+mine+"/messages", "text", map[string]any{"text": p})
		say(call, answerer.AccessToken, "/api/v1/conversations/"+mine+"/messages", "card", map[string]any{"title": p, "text": p})
	}
	shop.Wait(fmt.Sprintf("%s.length > %d", texts, len(planted)))
	shop.Wait(`$$("card").length > 20`)
	require.NoError(t, shop.Eval(texts, &last))
	for _, p := range planted[10:] {
		require.Contains(t, last, p, "it is there, as text")
	}
	shop.Reload()
	shop.Wait(`$("panel") || ($("launcher").click(), false)`)
	shop.Wait(texts + ".length > 20")

	docs.Go(s.BaseURL() + "/api/docs?q=" + url.QueryEscape(planted[0]) + "#" + url.PathEscape(planted[1]))
	docs.Wait(`document.querySelectorAll("section").length > 20`)

	for p, w := range watched {
		require.Empty(t, p.Seen(w))
		require.Empty(t, p.Problems())
	}
	// And were there a mistake in a page, its policy would stop it: nothing becomes HTML, nothing foreign is loaded, nothing inline runs.
	for _, p := range []*browser.Page{shop, desk, docs} {
		var stopped []bool
		require.NoError(t, p.Eval(`[
			(() => { try { document.body.insertAdjacentHTML("beforeend", "<img src=x onerror=xss(1)>"); return false } catch (e) { return e instanceof TypeError } })(),
			(() => { try { document.createElement("div").innerHTML = "<b>"; return false } catch (e) { return e instanceof TypeError } })(),
			(() => { try { setTimeout("xss(1)"); return false } catch (e) { return true } })(),
			(() => { try { document.createElement("script").src = "https://evil.example/x.js"; return false } catch (e) { return e instanceof TypeError } })(),
			(() => { try { trustedTypes.createPolicy("p", { createHTML: (x) => x }); return false } catch (e) { return true } })(),
			(() => { try { document.body.setAttribute("onclick", "xss(2)"); return false } catch (e) { return e instanceof TypeError } })(),
			(() => { const f = document.createElement("iframe"); f.src = "https://evil.example/"; document.body.append(f); document.body.click(); return window.__ran.length === 0 })(),
		]`, &stopped))
		require.Equal(t, []bool{true, true, true, true, true, true, true}, stopped)
		p.Wait(`window.__refused.length >= 3`)
	}
}

type caller func(method, path, token string, in any) map[string]any

func say(call caller, token, path, kind string, body map[string]any) {
	call(http.MethodPost, path, token, map[string]any{"cmid": client.NewID().String(), "kind": kind, "body": body})
}

// scrolled shows a conversation of the console from its end to its beginning, as only what is seen is drawn, and returns the texts.
func scrolled(t *testing.T, p *browser.Page) []string {
	t.Helper()
	p.Wait(`window.__texts = new Set()`)
	p.Wait(`((m) => { for (const x of ` + texts + `) __texts.add(x);
		if (m.scrollTop === 0 && $$("change").some((e) => e.innerText.includes("began"))) return true;
		m.scrollTop -= m.clientHeight / 2 })($("messages"))`)
	var all []string
	require.NoError(t, p.Eval(`[...__texts]`, &all))
	return all
}

// hostileVisitor is one whose profile is planted.
type hostileVisitor struct{ token, conv string }

func (v *hostileVisitor) say(call func(string, string, string, any) map[string]any, path, kind string, body map[string]any) {
	say(call, v.token, path, kind, body)
}

// upload sends a file up and returns its url.
func (v *hostileVisitor) upload(t *testing.T, ctx context.Context, s *process.Server, name string) string {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreateFormFile("file", name)
	require.NoError(t, err)
	_, err = part.Write([]byte("%PDF-1.7\n<script>xss('file')</script>"))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.BaseURL()+"/api/v1/uploads", &b)
	require.NoError(t, err)
	req.Header.Set("Content-Type", w.FormDataContentType())
	req.Header.Set("Authorization", "Bearer "+v.token)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	require.Equal(t, http.StatusCreated, res.StatusCode, name)
	var out struct{ URL string }
	require.NoError(t, json.NewDecoder(res.Body).Decode(&out))
	return out.URL
}

// plantVisitor opens a session that says p of everything, and connects with a page and a locale that do.
func plantVisitor(t *testing.T, ctx context.Context, s *process.Server, a *api.API, p string) *hostileVisitor {
	t.Helper()
	attributes := map[string]any{}
	for i, x := range planted {
		attributes[x[:min(len(x), 40)]] = planted[len(planted)-1-i]
	}
	var session api.Visitor
	require.NoError(t, a.Call(ctx, http.MethodPost, "/api/v1/widget/session", "", map[string]any{
		"site_key": "demo", "external_id": p, "name": p, "locale": "en", "attributes": attributes, "fingerprint": p,
	}, &session))
	v := &hostileVisitor{session.Token, client.NewID().String()}
	x := upgraded(t, ctx, s.WSURL(), s.TCP, "json")
	x.packet(1, &codec.Connect{MinVersion: 1, MaxVersion: 1, Token: v.token, Page: "javascript:" + p, Locale: p[:min(len(p), 30)]})
	x.packet(2, &codec.Send{Conv: codecID(t, v.conv), CMID: client.NewID(), Body: client.TextBody(p)})
	x.until(func(p codec.Packet) bool { _, ok := p.(*codec.Sendack); return ok })
	x.packet(3, &codec.Typing{Conv: codecID(t, v.conv), State: codec.TypingTyping, Preview: p})
	return v
}

func codecID(t *testing.T, s string) (id codec.UUID) {
	t.Helper()
	require.NoError(t, id.UnmarshalText([]byte(s)))
	return id
}
