package server_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

// A search shows conversations with what was found; notes among agents are found, other tenants' words never, and a visitor has none.
func TestSearch(t *testing.T) {
	n := start(t, nil)
	agent, token := n.agent(n.tenant.ID, chat.Member)
	_, stranger := n.agent(n.other.ID, chat.Owner)
	visitor, visitorToken := n.visitor("shop")
	first := n.conversation(n.tenant.ID, visitor, "你好", "订单 2012345 什么时候发货?", "Is anybody there?")
	second := n.conversation(n.tenant.ID, chat.NewID[chat.Visitor](), "When will you ship my order?", "订单 777 没有发货")
	desk := chat.NewDesk(chat.DeskConfig{Log: n.kept.Log, Store: n.kept.Store, Broker: n.kept.Broker})
	note := desk.Send(t.Context(), []chat.SendRequest{{
		Actor:        &chat.Actor{Tenant: n.tenant.ID, User: chat.UserID(agent.ID), Role: chat.RoleAgent, AgentRole: chat.Member},
		Conversation: second, CMID: chat.NewID[chat.Event](), Visibility: chat.InternalOnly, Body: []byte(`{"text":"a difficult customer"}`),
	}})
	require.NoError(t, note[0].Err)
	search := func(query, token string) (ids []string, list []any) {
		got := n.call("GET", "/api/v1/conversations?"+query, token, nil)
		require.Equal(t, 200, got.status, string(got.raw))
		for _, c := range got.data() {
			ids = append(ids, c.(map[string]any)["id"].(string))
		}
		return ids, got.data()
	}
	q := func(text string) string { return "q=" + url.QueryEscape(text) }
	ids, list := search(q("什么时候"), token)
	require.Equal(t, []string{first.String()}, ids)
	match := list[0].(map[string]any)["match"].(map[string]any)
	require.Equal(t, "订单 2012345 什么时候发货?", match["snippet"])
	messages := n.call("GET", "/api/v1/conversations/"+first.String()+"/messages", token, nil).data()
	found := false
	for _, m := range messages {
		found = found || m.(map[string]any)["mid"] == match["mid"] && m.(map[string]any)["seq"] == match["seq"]
	}
	require.True(t, found, "the match is a message of the conversation")
	ids, _ = search(q("发货"), token)
	require.Equal(t, []string{second.String(), first.String()}, ids)
	ids, _ = search(q("发货")+"&visitor="+visitor.String(), token)
	require.Equal(t, []string{first.String()}, ids)
	ids, _ = search(q("发货")+"&status=closed", token)
	require.Empty(t, ids)
	ids, _ = search(q("difficult cust"), token)
	require.Equal(t, []string{second.String()}, ids)
	ids, _ = search(q("发货"), stranger)
	require.Empty(t, ids)
	page := n.call("GET", "/api/v1/conversations?limit=1&"+q("发货"), token, nil)
	require.NotContains(t, n.call("GET", "/api/v1/conversations", token, nil).data()[0], "match")
	ids, _ = search("limit=1&"+q("发货")+"&cursor="+page.body["next_cursor"].(string), token)
	require.Equal(t, []string{first.String()}, ids)
	require.Equal(t, 403, n.call("GET", "/api/v1/conversations?"+q("发货"), visitorToken, nil).status)
	bad := n.call("GET", "/api/v1/conversations?q=", token, nil)
	require.Equal(t, 400, bad.status)
	require.Contains(t, string(bad.raw), "q")

	_, _, err := desk.Conversations(t.Context(), &chat.Actor{Tenant: n.tenant.ID, User: chat.UserID(visitor), Role: chat.RoleVisitor},
		chat.Filter{Text: "发货", Limit: 10})
	require.Equal(t, chat.Forbidden, chat.CodeOf(err), "whatever route may come to lead there")
}
