package server_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server"
)

func text(s string) map[string]any { return map[string]any{"text": s} }

// A message over HTTP is the one message that its cmid names, whoever asks how often.
func TestSendOverHTTP(t *testing.T) {
	n := start(t, func(c *server.Config) { c.SessionsPerAddress = 0 })
	alice, aliceToken := n.agent(n.tenant.ID, chat.Member)
	visitor, visitorToken := n.visitor("shop")
	conv := n.conversation(n.tenant.ID, visitor, "hello")
	path := "/api/v1/conversations/" + conv.String() + "/messages"
	cmid := chat.NewID[chat.Event]()

	first := n.call("POST", path, aliceToken, `{"cmid":"`+cmid.String()+`","body":{"text":"答复 <b>"}}`)
	require.Equal(t, 201, first.status, string(first.raw))
	require.Equal(t, false, first.body["dup"])
	require.Equal(t, chat.DeriveMessageID(conv, chat.UserID(alice.ID), cmid).String(), first.body["mid"])
	again := n.call("POST", path, aliceToken, `{"cmid":"`+cmid.String()+`", "body" : { "text" : "答复 <b>" } }`)
	require.Equal(t, 200, again.status, "white space makes no difference")
	require.Equal(t, true, again.body["dup"])
	for _, key := range []string{"seq", "prev", "time", "mid"} {
		require.Equal(t, first.body[key], again.body[key], key)
	}
	other := n.call("POST", path, aliceToken, map[string]any{"cmid": cmid, "body": text("something else")})
	require.Equal(t, 409, other.status)
	require.Equal(t, 409, n.call("POST", path, aliceToken, `{"cmid":"`+cmid.String()+`","kind":"card","body":{"text":"答复 <b>"}}`).status)
	require.Equal(t, "open", n.call("GET", "/api/v1/conversations/"+conv.String(), aliceToken, nil).body["status"], "who answers first has it")

	// A visitor's chain does not have the notes in it.
	note := n.call("POST", "/api/v1/conversations/"+conv.String()+"/notes", aliceToken, map[string]any{"text": "rude"})
	require.Equal(t, 201, note.status, string(note.raw))
	require.Equal(t, "internal", note.body["visibility"])
	mine := n.call("POST", path, visitorToken, map[string]any{"cmid": chat.NewID[chat.Event](), "body": text("thanks"), "reply_to": first.body["mid"]})
	require.Equal(t, 201, mine.status, string(mine.raw))
	require.Equal(t, first.body["seq"], mine.body["prev"])
	list := n.call("GET", path, visitorToken, nil)
	require.NotContains(t, string(list.raw), "rude")
	require.Equal(t, first.body["mid"], list.data()[len(list.data())-1].(map[string]any)["reply_to"])

	for name, c := range map[string]struct {
		body any
		want int
	}{
		"no cmid":             {map[string]any{"body": text("x")}, 400},
		"cmid is no id":       {map[string]any{"cmid": "x", "body": text("x")}, 400},
		"no body":             {map[string]any{"cmid": chat.NewID[chat.Event]()}, 400},
		"body is no object":   {map[string]any{"cmid": chat.NewID[chat.Event](), "body": "x"}, 400},
		"text without text":   {map[string]any{"cmid": chat.NewID[chat.Event](), "body": map[string]any{}}, 400},
		"kind system":         {map[string]any{"cmid": chat.NewID[chat.Event](), "kind": "system", "body": text("x")}, 400},
		"U+0000":              {`{"cmid":"` + chat.NewID[chat.Event]().String() + `","body":{"text":"\u0000"}}`, 400},
		"a lone surrogate":    {`{"cmid":"` + chat.NewID[chat.Event]().String() + `","body":{"text":"\ud800"}}`, 400},
		"nested very deep":    {`{"cmid":"` + chat.NewID[chat.Event]().String() + `","body":{"text":"x","a":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}}`, 400},
		"larger than allowed": {map[string]any{"cmid": chat.NewID[chat.Event](), "body": text(strings.Repeat("x", 300<<10))}, 413},
		"reply_to is no id":   {map[string]any{"cmid": chat.NewID[chat.Event](), "reply_to": "x", "body": text("x")}, 400},
	} {
		require.Equal(t, c.want, n.call("POST", path, aliceToken, c.body).status, name)
	}
	require.Equal(t, 400, n.call("POST", path, visitorToken, map[string]any{"cmid": chat.NewID[chat.Event](), "kind": "system", "body": text("x")}).status)
	require.Equal(t, 403, n.call("POST", path, visitorToken, map[string]any{"cmid": chat.NewID[chat.Event](), "visibility": "internal", "body": text("x")}).status)

	// A visitor can begin over HTTP, but have one open conversation only.
	newcomer, token := n.visitor("shop")
	begun := n.call("POST", "/api/v1/conversations/"+chat.NewID[chat.Conversation]().String()+"/messages", token, map[string]any{"cmid": chat.NewID[chat.Event](), "body": text("hi")})
	require.Equal(t, 201, begun.status, string(begun.raw))
	require.Equal(t, newcomer.String(), begun.body["sender"])
	second := n.call("POST", "/api/v1/conversations/"+chat.NewID[chat.Conversation]().String()+"/messages", token, map[string]any{"cmid": chat.NewID[chat.Event](), "body": text("hi")})
	require.Equal(t, 409, second.status)
	require.Equal(t, begun.body["conv"], second.body["conversation_id"])
}

func TestSendsOverHTTPAreLimited(t *testing.T) {
	n := start(t, func(c *server.Config) {
		c.Limits.Visitor.MaxBody, c.Limits.Visitor.SendRate, c.Limits.Visitor.SendBurst = 1000, 0.01, 2
		c.Limits.Agent.MaxBody, c.Limits.Agent.SendRate, c.Limits.Agent.SendBurst = 1000, 100, 100
	})
	visitor, token := n.visitor("shop")
	path := "/api/v1/conversations/" + n.conversation(n.tenant.ID, visitor, "hello").String() + "/messages"
	send := func() *answer {
		return n.call("POST", path, token, map[string]any{"cmid": chat.NewID[chat.Event](), "body": text("x")})
	}
	require.Equal(t, 201, send().status)
	require.Equal(t, 201, send().status)
	slow := send()
	require.Equal(t, 429, slow.status)
	require.NotEmpty(t, slow.header.Get("Retry-After"))
	require.Equal(t, "请求过于频繁", slow.body["error"])
	_, agent := n.agent(n.tenant.ID, chat.Member)
	require.Equal(t, 201, n.call("POST", path, agent, map[string]any{"cmid": chat.NewID[chat.Event](), "body": text("x")}).status, "others are not concerned")
}

// An edit and a recall are entries of the log; what was said stays in it.
func TestEditAndRecall(t *testing.T) {
	n := start(t, nil)
	alice, aliceToken := n.agent(n.tenant.ID, chat.Member)
	_, bobToken := n.agent(n.tenant.ID, chat.Member)
	_, chief := n.agent(n.tenant.ID, chat.Supervisor)
	visitor, visitorToken := n.visitor("shop")
	conv := n.conversation(n.tenant.ID, visitor, "hello")
	path := "/api/v1/conversations/" + conv.String() + "/messages"
	send := func(token, what string) string {
		got := n.call("POST", path, token, map[string]any{"cmid": chat.NewID[chat.Event](), "body": text(what)})
		require.Equal(t, 201, got.status, string(got.raw))
		return path + "/" + got.body["mid"].(string)
	}
	all := func() string { return string(n.call("GET", path+"?limit=200", visitorToken, nil).raw) }

	one := send(aliceToken, "tpyo")
	got := n.call("PATCH", one, aliceToken, map[string]any{"body": text("typo")})
	require.Equal(t, 200, got.status, string(got.raw))
	require.Equal(t, map[string]any{"text": "typo"}, got.body["body"])
	require.Contains(t, all(), `"event":"message.updated"`)
	require.Contains(t, all(), "tpyo", "the log is never changed")
	require.Equal(t, 403, n.call("PATCH", one, bobToken, map[string]any{"body": text("x")}).status)
	require.Equal(t, 403, n.call("PATCH", one, chief, map[string]any{"body": text("x")}).status, "nobody puts words into another's mouth")
	require.Equal(t, 403, n.call("PATCH", one, visitorToken, map[string]any{"body": text("x")}).status)
	require.Equal(t, 400, n.call("PATCH", one, aliceToken, map[string]any{"body": map[string]any{}}).status)
	require.Equal(t, 404, n.call("PATCH", path+"/"+chat.NewID[chat.Message]().String(), aliceToken, map[string]any{"body": text("x")}).status)

	require.Equal(t, 403, n.call("DELETE", one, bobToken, nil).status)
	require.Equal(t, 204, n.call("DELETE", one, aliceToken, nil).status)
	require.Equal(t, 204, n.call("DELETE", one, aliceToken, nil).status, "once more changes nothing")
	require.Equal(t, 1, strings.Count(all(), `"event":"message.recalled"`))
	late := n.call("PATCH", one, aliceToken, map[string]any{"body": text("again")})
	require.Equal(t, 409, late.status)
	require.Equal(t, "message_recalled", late.code())

	theirs := send(visitorToken, "my card is 1234")
	require.Equal(t, 204, n.call("DELETE", theirs, chief, nil).status, "a supervisor may take anything back")
	mine := send(visitorToken, "oops")
	require.Equal(t, 204, n.call("DELETE", mine, visitorToken, nil).status)
	note := n.call("POST", "/api/v1/conversations/"+conv.String()+"/notes", aliceToken, map[string]any{"text": "secret note"})
	noted := path + "/" + note.body["mid"].(string)
	require.Equal(t, 404, n.call("DELETE", noted, visitorToken, nil).status, "a visitor can't tell that it is there")
	require.Equal(t, 200, n.call("PATCH", noted, aliceToken, map[string]any{"body": text("another secret note")}).status)
	require.NotContains(t, all(), "secret note", "who could not see it does not see its edit")

	// What is old stays.
	old := chat.Event{Message: chat.Message{
		Tenant: n.tenant.ID, Conversation: conv, CMID: chat.NewID[chat.Event](), Sender: chat.UserID(alice.ID), Role: chat.RoleAgent,
		Time: time.Now().Add(-chat.ReviseWithin - time.Minute), Body: []byte(`{"text":"old"}`),
	}}
	old.ID = chat.DeriveMessageID(conv, old.Sender, old.CMID)
	receipts, err := n.kept.Log.Append(context.Background(), old)
	require.NoError(t, err)
	require.NoError(t, receipts[0].Err)
	for _, method := range []string{"PATCH", "DELETE"} {
		got := n.call(method, path+"/"+old.ID.String(), aliceToken, map[string]any{"body": text("new")})
		require.Equal(t, 409, got.status)
		require.Equal(t, "too_late", got.code())
	}
	require.Equal(t, 204, n.call("DELETE", path+"/"+old.ID.String(), chief, nil).status)
	for _, m := range n.call("GET", path+"?limit=200", aliceToken, nil).data() {
		if m := m.(map[string]any); m["kind"] == "system" {
			require.Equal(t, 403, n.call("DELETE", path+"/"+m["mid"].(string), chief, nil).status)
		}
	}
}

func TestTranscript(t *testing.T) {
	n := start(t, nil)
	_, aliceToken := n.agent(n.tenant.ID, chat.Member)
	visitor, visitorToken := n.visitor("shop")
	conv := n.conversation(n.tenant.ID, visitor, "你好", "line one\nline two\x1b[31m")
	path := "/api/v1/conversations/" + conv.String()
	send := func(kind string, body map[string]any) string {
		got := n.call("POST", path+"/messages", aliceToken, map[string]any{"cmid": chat.NewID[chat.Event](), "kind": kind, "body": body})
		require.Equal(t, 201, got.status, string(got.raw))
		return path + "/messages/" + got.body["mid"].(string)
	}
	wrong, gone := send("text", text("wrong price")), send("text", text("to be taken back"))
	send("image", map[string]any{"url": "/u/1", "name": "a.png"})
	n.call("PATCH", wrong, aliceToken, map[string]any{"body": text("right price")})
	n.call("DELETE", gone, aliceToken, nil)
	n.call("POST", path+"/notes", aliceToken, map[string]any{"text": "for us only"})

	got := n.call("GET", path+"/transcript", visitorToken, nil, "Accept-Language", "en")
	require.Equal(t, 200, got.status)
	require.Equal(t, "text/plain; charset=utf-8", got.header.Get("Content-Type"))
	require.Equal(t, `attachment; filename="conversation-`+conv.String()+`.txt"`, got.header.Get("Content-Disposition"))
	s := string(got.raw)
	for _, want := range []string{"] — began\n", "Visitor: 你好\n", "Visitor: line one\n    line two[31m\n", "— answered by Agent\n", "Agent [edited]: right price\n", "Agent: (taken back)\n", "Agent: [image] a.png /u/1\n"} {
		require.Contains(t, s, want)
	}
	for _, not := range []string{"wrong price", "to be taken back", "for us only", "\x1b"} {
		require.NotContains(t, s, not)
	}
	require.Contains(t, string(n.call("GET", path+"/transcript", aliceToken, nil).raw), "[内部备注]: for us only\n")

	var many []string
	for range 450 {
		many = append(many, "x")
	}
	visitor, visitorToken = n.visitor("shop")
	conv = n.conversation(n.tenant.ID, visitor, many...)
	s = string(n.call("GET", "/api/v1/conversations/"+conv.String()+"/transcript", visitorToken, nil).raw)
	require.Equal(t, 450, strings.Count(s, ": x\n"), "pages are put together")
}
