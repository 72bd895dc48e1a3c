package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server"
)

const visitorsPath = "/api/v1/visitors"

func TestVisitors(t *testing.T) {
	n := start(t, func(c *server.Config) { c.SessionsPerAddress = 0 })
	_, agent := n.agent(n.tenant.ID, chat.Member)
	_, stranger := n.agent(n.other.ID, chat.Owner)
	require.JSONEq(t, `{"data":[],"next_cursor":null}`, string(n.call("GET", visitorsPath, agent, nil).raw))
	session := n.call("POST", "/api/v1/widget/session", "", map[string]any{
		"site_key": "shop", "external_id": "crm_7", "name": "Li Na", "email": "Li@X.test", "locale": "zh-CN", "attributes": map[string]any{"plan": "gold", "seats": 3},
	})
	require.Equal(t, 201, session.status)
	token, id := session.body["token"].(string), session.body["visitor"].(map[string]any)["id"].(string)
	require.Equal(t, 404, n.call("GET", visitorsPath+"/"+id, agent, nil).status, "nothing is written until the first message")
	conv := chat.NewID[chat.Conversation]()
	require.Equal(t, 201, n.call("POST", "/api/v1/conversations/"+conv.String()+"/messages", token, map[string]any{
		"cmid": chat.NewID[chat.Event]().String(), "body": map[string]any{"text": "hello"},
	}).status)

	got := n.call("GET", visitorsPath+"/"+id, agent, nil)
	require.Equal(t, 200, got.status, string(got.raw))
	require.Equal(t, []any{"crm_7", false, "Li Na", "li@x.test", "zh-CN", 1.0, 1.0, false, nil, []any{}}, []any{
		got.body["external_id"], got.body["verified"], got.body["name"], got.body["email"], got.body["locale"], got.body["conversations"], got.body["version"],
		got.body["blocked"], got.body["erased_at"], got.body["trail"],
	})
	require.Equal(t, 404, n.call("GET", visitorsPath+"/"+id, stranger, nil).status)
	require.Empty(t, n.call("GET", visitorsPath, stranger, nil).data())
	require.Len(t, n.call("GET", visitorsPath+"?q=CRM_7&verified=false&blocked=false", agent, nil).data(), 1)
	for _, none := range []string{"q=crm%257", "verified=true", "blocked=true", "q=%25%25%25x", "until=2020-01-01T00:00:00Z"} {
		require.Empty(t, n.call("GET", visitorsPath+"?"+none, agent, nil).data(), none)
	}
	for _, bad := range []string{"q=", "verified=yes", "limit=0", "cursor=junk", "since=yesterday", "color=red"} {
		require.Contains(t, []int{400, 422}, n.call("GET", visitorsPath+"?"+bad, agent, nil).status, bad)
	}

	patch := func(body any) *answer { return n.call("PATCH", visitorsPath+"/"+id, agent, body) }
	got = patch(map[string]any{"name": "  Li Na Wang ", "phone": "+86 10", "attributes": map[string]any{"plan": nil, "vip": true}, "version": 1})
	require.Equal(t, 200, got.status, string(got.raw))
	require.Equal(t, []any{"Li Na Wang", "+86 10", "li@x.test", 2.0}, []any{got.body["name"], got.body["phone"], got.body["email"], got.body["version"]})
	require.Equal(t, map[string]any{"seats": 3.0, "vip": true}, got.body["attributes"])
	require.Equal(t, "stale", patch(map[string]any{"name": "x", "version": 1}).code())
	require.EqualValues(t, 2, patch(map[string]any{"name": "Li Na Wang"}).body["version"], "nothing changed")
	require.EqualValues(t, "", patch(map[string]any{"email": ""}).body["email"])
	for _, bad := range []any{
		map[string]any{"name": strings.Repeat("x", 201)},
		map[string]any{"email": "nobody"},
		map[string]any{"attributes": []int{1}},
		map[string]any{"name": "a\x00b"},
		map[string]any{"attributes": map[string]any{"x": strings.Repeat("y", 5000)}},
		map[string]any{"attributes": map[string]any{"x": "\x00"}},
		map[string]any{"id": "x"},
	} {
		require.Contains(t, []int{400, 422}, patch(bad).status, "%v", bad)
	}
	require.Equal(t, 201, n.call("POST", "/api/v1/blocklist", n.owner(), map[string]any{"kind": "visitor", "value": id}).status)
	require.Len(t, n.call("GET", visitorsPath+"?blocked=true", agent, nil).data(), 1)
	require.Empty(t, n.call("GET", visitorsPath+"?blocked=false", agent, nil).data())
	require.Equal(t, true, n.call("GET", visitorsPath+"/"+id, agent, nil).body["blocked"])
}

func (n *node) owner() string {
	_, token := n.agent(n.tenant.ID, chat.Owner)
	return token
}

// An export holds everything, in order, however much it is, and only what is the person's.
func TestExport(t *testing.T) {
	n := start(t, func(c *server.Config) { c.SessionsPerAddress = 0 })
	owner := n.owner()
	visitor, token := n.visitor("shop")
	other, _ := n.visitor("shop")
	n.conversation(n.tenant.ID, other, "of somebody else")
	texts := make([]string, 250)
	for i := range texts {
		texts[i] = fmt.Sprintf("message %d", i)
	}
	first := n.conversation(n.tenant.ID, visitor, texts...)
	pic := n.uploaded(token, "holiday.png", picture(t, 3, 3))
	require.Equal(t, 201, n.say(token, first, "image", pic).status)
	n.uploaded(token, "unsent.txt", []byte("text"))
	require.Equal(t, 201, n.call("POST", "/api/v1/conversations/"+first.String()+"/notes", owner, map[string]any{"text": "a note"}).status)
	require.Equal(t, 200, n.call("POST", "/api/v1/conversations/"+first.String()+"/close", owner, nil).status)
	second := n.conversation(n.tenant.ID, visitor, "again")
	_, err := n.kept.Store.AddSteps(context.Background(), chat.Step{
		ID: chat.NewID[chat.Step](), Tenant: n.tenant.ID, Visitor: visitor, Name: chat.StepPage, Data: []byte(`{"url":"/a"}`), At: time.Now(),
	})
	require.NoError(t, err)

	got := n.call("GET", visitorsPath+"/"+visitor.String()+"/export", owner, nil)
	require.Equal(t, 200, got.status)
	require.Contains(t, got.header.Get("Content-Disposition"), visitor.String())
	var doc struct {
		Visitor Person `json:"visitor"`
		Events  []map[string]any
		Uploads []struct {
			Name string
			Link struct{ URL string }
		}
		Conversations []struct {
			ID       string
			Messages []struct {
				Kind string
				Body json.RawMessage
			}
		}
	}
	require.NoError(t, json.Unmarshal(got.raw, &doc))
	require.NotContains(t, string(got.raw), "of somebody else")
	require.Equal(t, visitor.String(), doc.Visitor.ID)
	require.Len(t, doc.Events, 1)
	require.Len(t, doc.Uploads, 2)
	require.Equal(t, 200, n.call("GET", doc.Uploads[0].Link.URL, "", nil).status)
	require.Len(t, doc.Conversations, 2)
	require.Equal(t, []string{second.String(), first.String()}, []string{doc.Conversations[0].ID, doc.Conversations[1].ID})
	var said []string
	for _, m := range doc.Conversations[1].Messages {
		var b struct{ Text string }
		require.NoError(t, json.Unmarshal(m.Body, &b))
		if m.Kind == "text" {
			said = append(said, b.Text)
		}
	}
	require.Equal(t, append(texts, "a note"), said)
}

// Person is what the test reads of a visitor.
type Person struct{ ID, Name string }

// What the tables of the permission matrix say of visitors.
func init() {
	maps.Copy(allowed, map[string]string{
		"listVisitors": "-oasmv", "getVisitor": "-oasmv", "updateVisitor": "-oasm-", "eraseVisitor": "-oa---", "listVisitorEvents": "-oasmv",
		"exportVisitor": "-oa---", "exportVisitorByPost": "-oa---", "listOnlineVisitors": "-oasmv",
	})
	maps.Copy(scoped, map[string]chat.Scopes{
		"listVisitors": chat.VisitorsRead, "getVisitor": chat.VisitorsRead, "updateVisitor": chat.VisitorsWrite, "eraseVisitor": chat.VisitorsWrite,
		"listVisitorEvents": chat.VisitorsRead, "listOnlineVisitors": chat.VisitorsRead, "exportVisitor": chat.VisitorsRead | chat.ConversationsRead, "exportVisitorByPost": chat.VisitorsRead | chat.ConversationsRead,
	})
	bodies["updateVisitor"] = map[string]any{"name": "Li"}
}
