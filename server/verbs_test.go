package server_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

// events returns the bodies of a conversation's system messages as a caller sees them, by event.
func (n *node) events(conv chat.ConversationID, token string) (names []string, bodies map[string]map[string]any) {
	n.t.Helper()
	bodies = map[string]map[string]any{}
	for _, m := range n.call("GET", "/api/v1/conversations/"+conv.String()+"/messages?limit=200", token, nil).data() {
		m := m.(map[string]any)
		if m["kind"] == "system" {
			body := m["body"].(map[string]any)
			name := body["event"].(string)
			names, bodies[name] = append(names, name), body
		}
	}
	return names, bodies
}

func TestRating(t *testing.T) {
	n := start(t, nil)
	_, agent := n.agent(n.tenant.ID, chat.Owner)
	visitor, token := n.visitor("shop")
	_, other := n.visitor("shop")
	conv := n.conversation(n.tenant.ID, visitor, "hello")
	path := "/api/v1/conversations/" + conv.String()

	require.Equal(t, 403, n.call("POST", path+"/rating", agent, map[string]any{"rating": 5}).status, "nobody rates himself")
	require.Equal(t, 404, n.call("POST", path+"/rating", other, map[string]any{"rating": 5}).status)
	for _, bad := range []any{map[string]any{}, map[string]any{"rating": 0}, map[string]any{"rating": 6}, map[string]any{"rating": 2.5}, `{"rating":3,"comment":"a\u0000"}`, map[string]any{"rating": 3, "comment": strings.Repeat("x", 1001)}} {
		require.Equal(t, 400, n.call("POST", path+"/rating", token, bad).status, "%v", bad)
	}
	require.Nil(t, n.call("GET", path, agent, nil).body["rating"])
	got := n.call("POST", path+"/rating", token, map[string]any{"rating": 2, "comment": "太慢"})
	require.Equal(t, 200, got.status, string(got.raw))
	require.EqualValues(t, 2, got.body["rating"])
	version := got.body["version"]
	require.Equal(t, version, n.call("POST", path+"/rating", token, map[string]any{"rating": 2, "comment": "太慢"}).body["version"], "the same again is nothing new")
	n.call("POST", path+"/close", agent, nil)
	require.Equal(t, 200, n.call("POST", path+"/rating", token, map[string]any{"rating": 4}).status, "after the end, too")
	row := n.call("GET", path, agent, nil).body
	require.EqualValues(t, 4, row["rating"])
	require.Equal(t, "closed", row["status"])
	require.Nil(t, row["rating_comment"])
	names, bodies := n.events(conv, token)
	require.Equal(t, []string{"conversation.created", "conversation.rated", "conversation.closed", "conversation.rated"}, names)
	require.EqualValues(t, 4, bodies["conversation.rated"]["rating"])
	require.Equal(t, visitor.String(), bodies["conversation.rated"]["by"])
	require.Contains(t, string(n.call("GET", path+"/transcript", token, nil, "Accept-Language", "en").raw), "— rated 2 of 5: 太慢\n")
}

func TestLabelsOfAConversation(t *testing.T) {
	n := start(t, nil)
	_, agent := n.agent(n.tenant.ID, chat.Supervisor)
	_, stranger := n.agent(n.other.ID, chat.Supervisor)
	visitor, token := n.visitor("shop")
	conv := n.conversation(n.tenant.ID, visitor, "hello")
	n.conversation(n.tenant.ID, chat.NewID[chat.Visitor](), "without labels")
	path := "/api/v1/conversations/" + conv.String()
	ids := map[string]string{}
	for _, name := range []string{"VIP", "退款", "late"} {
		got := n.call("POST", "/api/v1/labels", agent, map[string]any{"name": name})
		require.Equal(t, 201, got.status, string(got.raw))
		ids[name] = got.body["id"].(string)
	}
	theirs := n.call("POST", "/api/v1/labels", stranger, map[string]any{"name": "theirs"}).body["id"]

	set := func(body any) *answer { return n.call("POST", path+"/labels", agent, body) }
	got := set(map[string]any{"labels": []any{"vip", ids["退款"], "VIP"}})
	require.Equal(t, 200, got.status, string(got.raw))
	require.Equal(t, []any{"VIP", "退款"}, got.body["labels"])
	require.Equal(t, []any{"VIP", "退款", "late"}, set(map[string]any{"add": []any{"late", "vip"}}).body["labels"])
	again := set(map[string]any{"add": []any{"late"}})
	require.Equal(t, []any{"退款", "late"}, set(map[string]any{"remove": []any{"vip"}}).body["labels"])
	require.Equal(t, again.body["version"].(float64)+1, n.call("GET", path, agent, nil).body["version"])
	for _, unknown := range []any{"nothing", theirs, chat.NewID[chat.Record]()} {
		got := set(map[string]any{"add": []any{"late", unknown}})
		require.Equal(t, 404, got.status)
		require.Equal(t, "unknown_label", got.code())
	}
	require.Equal(t, 400, set(map[string]any{}).status)
	require.Equal(t, 403, n.call("POST", path+"/labels", token, map[string]any{"labels": []any{"vip"}}).status)
	require.Equal(t, 404, n.call("POST", path+"/labels", stranger, map[string]any{"labels": []any{"theirs"}}).status)

	for _, by := range []string{"late", "LATE", ids["late"]} {
		list := n.call("GET", "/api/v1/conversations?label="+by, agent, nil)
		require.Len(t, list.data(), 1, by)
		require.Equal(t, conv.String(), list.data()[0].(map[string]any)["id"])
	}
	for _, by := range []string{"vip", "nothing", chat.NewID[chat.Record]().String()} {
		require.Empty(t, n.call("GET", "/api/v1/conversations?label="+by, agent, nil).data(), by)
	}
	// Another name is everywhere at once, and what is deleted is nowhere any more.
	require.Equal(t, 200, n.call("PATCH", "/api/v1/labels/"+ids["late"], agent, map[string]any{"name": "overdue"}).status)
	require.Equal(t, []any{"退款", "overdue"}, n.call("GET", path, agent, nil).body["labels"])
	require.Equal(t, 204, n.call("DELETE", "/api/v1/labels/"+ids["退款"], agent, nil).status)
	require.Equal(t, []any{"overdue"}, n.call("GET", path, agent, nil).body["labels"])
	require.Equal(t, []any{"overdue", "VIP"}, set(map[string]any{"add": []any{"VIP"}}).body["labels"])

	names, bodies := n.events(conv, agent)
	require.Contains(t, names, "conversation.labels_updated")
	require.Equal(t, []any{"overdue", "VIP"}, bodies["conversation.labels_updated"]["labels"])
	names, _ = n.events(conv, token)
	require.Equal(t, []string{"conversation.created"}, names, "labels are not for visitors")
	require.Equal(t, []any{}, n.call("POST", path+"/rating", token, map[string]any{"rating": 5}).body["labels"])
}

func TestUpdateConversation(t *testing.T) {
	n := start(t, nil)
	_, agent := n.agent(n.tenant.ID, chat.Member)
	_, stranger := n.agent(n.other.ID, chat.Owner)
	visitor, token := n.visitor("shop")
	conv := n.conversation(n.tenant.ID, visitor, "hello")
	path := "/api/v1/conversations/" + conv.String()
	patch := func(body any) *answer { return n.call("PATCH", path, agent, body) }

	got := patch(`{"priority":5,"context":{"order":{"no":"A-1","sum":12.50},"big":12345678901234567890,"中":"文"},"version":1}`)
	require.Equal(t, 200, got.status, string(got.raw))
	require.EqualValues(t, 5, got.body["priority"])
	require.EqualValues(t, 2, got.body["version"])
	require.Contains(t, string(got.raw), "12345678901234567890")
	stale := patch(map[string]any{"priority": 6, "version": 1})
	require.Equal(t, 409, stale.status)
	require.Equal(t, "stale", stale.code())
	require.Equal(t, 200, patch(map[string]any{"priority": 6, "version": 2}).status)
	got = patch(map[string]any{"context": map[string]any{"order": map[string]any{"sum": nil, "paid": true}, "big": nil}})
	require.Equal(t, map[string]any{"order": map[string]any{"no": "A-1", "paid": true}, "中": "文"}, got.body["context"])
	require.EqualValues(t, 4, got.body["version"])
	require.EqualValues(t, 4, patch(map[string]any{"context": map[string]any{}, "priority": 6}).body["version"], "nothing changed")
	for _, bad := range []any{
		map[string]any{"context": []any{}},
		map[string]any{"context": "x"},
		`{"context":null}`,
		map[string]any{"priority": 101},
		map[string]any{"priority": "high"},
		`{"context":{"a":"\u0000"}}`, `{"context":{"a":1e999}}`,
		map[string]any{"status": "closed"},
		`{"context":{"a":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}}`,
	} {
		require.Equal(t, 400, patch(bad).status, "%v", bad)
	}
	require.Equal(t, 413, patch(map[string]any{"context": map[string]any{"a": strings.Repeat("x", 17<<10)}}).status)
	require.Equal(t, 403, n.call("PATCH", path, token, map[string]any{"priority": 1}).status)
	require.Equal(t, 404, n.call("PATCH", path, stranger, map[string]any{"priority": 1}).status)
	names, bodies := n.events(conv, agent)
	require.Equal(t, 3, strings.Count(strings.Join(names, " "), "conversation.updated"))
	require.Equal(t, true, bodies["conversation.updated"]["context_changed"])
	names, _ = n.events(conv, token)
	require.Equal(t, []string{"conversation.created"}, names)
}

func TestSnooze(t *testing.T) {
	n := start(t, nil)
	alice, agent := n.agent(n.tenant.ID, chat.Member)
	visitor, token := n.visitor("shop")
	conv := n.conversation(n.tenant.ID, visitor, "hello")
	path := "/api/v1/conversations/" + conv.String()
	status := func() any { return n.call("GET", path, agent, nil).body["status"] }
	snooze := func(body any) *answer { return n.call("POST", path+"/snooze", agent, body) }
	n.call("POST", path+"/accept", agent, nil)

	until := time.Now().Add(time.Hour).UTC().Truncate(time.Millisecond)
	got := snooze(map[string]any{"until": until})
	require.Equal(t, 200, got.status, string(got.raw))
	require.Equal(t, "snoozed", got.body["status"])
	require.Equal(t, until.Format(time.RFC3339Nano), got.body["snoozed_until"])
	require.Equal(t, got.body["version"], snooze(map[string]any{"until": until}).body["version"])
	for _, bad := range []any{map[string]any{"until": time.Now().Add(-time.Minute)}, map[string]any{"until": time.Now().Add(9999 * time.Hour)}, map[string]any{"until": "soon"}} {
		require.Equal(t, 400, snooze(bad).status, "%v", bad)
	}
	require.Equal(t, 403, n.call("POST", path+"/snooze", token, map[string]any{}).status)
	require.Len(t, n.call("GET", "/api/v1/conversations?status=snoozed", agent, nil).data(), 1)

	// The visitor's next message wakes it, to whom it belonged.
	sent := n.call("POST", path+"/messages", token, map[string]any{"cmid": chat.NewID[chat.Event](), "body": text("are you there?")})
	require.Equal(t, 201, sent.status, string(sent.raw))
	row := n.call("GET", path, agent, nil).body
	require.Equal(t, "open", row["status"])
	require.Equal(t, alice.ID.String(), row["assignee_id"])
	require.Nil(t, row["snoozed_until"])

	// So does the time.
	require.Equal(t, 200, snooze(map[string]any{"until": time.Now().Add(1500 * time.Millisecond)}).status)
	require.Equal(t, "snoozed", status())
	require.Eventually(t, func() bool { return status() == "open" }, 20*time.Second, 50*time.Millisecond)

	// And without one it sleeps until somebody wakes it.
	require.Nil(t, snooze(map[string]any{}).body["snoozed_until"])
	require.Equal(t, "open", n.call("POST", path+"/reopen", agent, nil).body["status"])
	names, bodies := n.events(conv, agent)
	require.Equal(t, 3, strings.Count(strings.Join(names, " "), "conversation.woken"))
	require.Equal(t, "open", bodies["conversation.woken"]["status"])
	n.call("POST", path+"/close", agent, nil)
	require.Equal(t, 409, snooze(map[string]any{"until": until}).status)
}

func TestHandoff(t *testing.T) {
	n := start(t, nil)
	alice, agent := n.agent(n.tenant.ID, chat.Member)
	visitor, token := n.visitor("shop")
	_, other := n.visitor("shop")
	conv := n.conversation(n.tenant.ID, visitor, "hello")
	path := "/api/v1/conversations/" + conv.String()
	hand := func(token, to string) *answer {
		return n.call("POST", path+"/handoff", token, map[string]any{"to": to})
	}

	got := hand(token, "bot")
	require.Equal(t, 200, got.status, string(got.raw))
	require.Equal(t, "bot", got.body["status"])
	require.Nil(t, got.body["queued_at"])
	require.Equal(t, got.body["version"], hand(agent, "bot").body["version"])
	got = hand(token, "human")
	require.Equal(t, "queued", got.body["status"])
	require.NotNil(t, got.body["queued_at"])
	n.call("POST", path+"/accept", agent, nil)
	got = hand(token, "human")
	require.Equal(t, "open", got.body["status"], "a person is there already")
	require.Equal(t, alice.ID.String(), got.body["assignee_id"])
	got = hand(agent, "bot")
	require.Equal(t, "bot", got.body["status"])
	require.Nil(t, got.body["assignee_id"])
	// An agent who joins in takes it from the bot.
	require.Equal(t, 201, n.call("POST", path+"/messages", agent, map[string]any{"cmid": chat.NewID[chat.Event](), "body": text("let me")}).status)
	require.Equal(t, "open", n.call("GET", path, agent, nil).body["status"])

	require.Equal(t, 404, hand(other, "human").status)
	require.Equal(t, 400, hand(token, "nobody").status)
	names, bodies := n.events(conv, token)
	require.Equal(t, 3, strings.Count(strings.Join(names, " "), "conversation.handoff"))
	require.Equal(t, "bot", bodies["conversation.handoff"]["to"])
	hand(agent, "bot")
	hand(agent, "human") // the visitor asked for nobody
	for lang, says := range map[string][2]string{"en": {"asked for a person", "handed to a person"}, "zh": {"请求人工客服", "转给人工客服"}} {
		s := string(n.call("GET", path+"/transcript", token, nil, "Accept-Language", lang).raw)
		require.Equal(t, []int{1, 1}, []int{strings.Count(s, "— "+says[0]+"\n"), strings.Count(s, "— "+says[1]+"\n")}, s)
	}
	n.call("POST", path+"/close", agent, nil)
	require.Equal(t, 409, hand(token, "human").status)
	for _, c := range []string{"open", "queued"} {
		require.Empty(t, n.call("GET", "/api/v1/conversations?status="+c, agent, nil).data())
	}
	_, err := n.kept.Store.Conversation(context.Background(), chat.Key{Tenant: n.other.ID, Conversation: conv})
	require.Error(t, err)
}
