package server_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

// freshWebhook makes a webhook of the first tenant, its only one, and returns its id, or that of a delivery to it.
func (n *node) freshWebhook(path string) string {
	n.t.Helper()
	ctx := context.Background()
	old, _, err := n.kept.Store.Webhooks(ctx, n.tenant.ID, "", 100)
	require.NoError(n.t, err)
	for _, w := range old {
		require.NoError(n.t, n.kept.Store.DeleteWebhook(ctx, n.tenant.ID, w.ID))
	}
	w := chat.Webhook{ID: chat.NewID[chat.Webhook](), Tenant: n.tenant.ID, URL: "https://example.com/", Events: []string{"message.created"}, Secrets: []string{"whsec_AAAA"}}
	require.NoError(n.t, n.kept.Store.AddWebhook(ctx, w))
	if !strings.Contains(path, "/webhooks/deliveries/") {
		return w.ID.String()
	}
	d, err := n.kept.Store.Ping(ctx, n.tenant.ID, w.ID, json.RawMessage(`{}`), time.Now())
	require.NoError(n.t, err)
	return d.ID.String()
}

// claim takes everything that is due.
func (n *node) claim() []chat.Claimed {
	n.t.Helper()
	now := time.Now().Add(time.Second)
	out, _, err := n.kept.Store.ClaimDeliveries(context.Background(), chat.Claim{Now: now, Until: now.Add(time.Minute), PerWebhook: 100, Most: 100, Breaker: chat.Breaker{Failures: 5}})
	require.NoError(n.t, err)
	return out
}

func TestWebhooks(t *testing.T) {
	n := start(t, nil)
	_, token := n.agent(n.tenant.ID, chat.Admin)
	_, stranger := n.agent(n.other.ID, chat.Owner)
	const base = "/api/v1/webhooks"
	for _, bad := range []string{
		`{"url":"ftp://example.com","events":["*"]}`, `{"url":"https://","events":["*"]}`, `{"url":"/x","events":["*"]}`, `{"url":"https://u:p@example.com/","events":["*"]}`,
		`{"url":"https://example.com/","events":[]}`, `{"url":"https://example.com/"}`, `{"url":"https://example.com/","events":["message.sent","no.such"]}`,
		`{"url":"https://example.com/#x","events":["*"]}`, `{"url":"https://example.com/` + strings.Repeat("x", 2048) + `","events":["*"]}`,
	} {
		require.Equal(t, 400, n.call("POST", base, token, bad).status, bad)
	}
	made := n.call("POST", base, token, map[string]any{"url": "https://example.com/hook", "events": []string{"message.sent", "session.closed"}, "description": "CRM"})
	require.Equal(t, 201, made.status)
	secret := made.body["secret"].(string)
	require.Regexp(t, `^whsec_[A-Za-z0-9+/]{43}=$`, secret)
	require.Equal(t, []any{"message.sent", "session.closed"}, made.body["events"])
	require.Equal(t, "active", made.body["state"])
	path := base + "/" + made.body["id"].(string)
	got := n.call("GET", path, token, nil)
	require.Equal(t, 200, got.status)
	require.NotContains(t, got.body, "secret")
	require.NotContains(t, string(got.raw), secret)
	require.Equal(t, []any{"…" + secret[len(secret)-4:]}, got.body["secret_hints"])
	require.Len(t, n.call("GET", base, token, nil).data(), 1)
	require.Empty(t, n.call("GET", base, stranger, nil).data())

	rotated := n.call("POST", path+"/rotate-secret", token, nil)
	require.Equal(t, 200, rotated.status)
	require.Len(t, rotated.body["secret_hints"], 2)
	require.NotEqual(t, secret, rotated.body["secret"])
	third := n.call("POST", path+"/rotate-secret", token, map[string]any{})
	require.Len(t, third.body["secret_hints"], 2, "two are live")
	require.Equal(t, rotated.body["secret_hints"].([]any)[0], third.body["secret_hints"].([]any)[1])
	require.Len(t, n.call("POST", path+"/rotate-secret", token, map[string]any{"keep_old": false}).body["secret_hints"], 1)

	require.Equal(t, "paused", n.call("PATCH", path, token, map[string]any{"state": "paused"}).body["state"])
	require.Equal(t, 400, n.call("PATCH", path, token, map[string]any{"state": "disabled"}).status)
	test := n.call("POST", path+"/test", token, nil)
	require.Equal(t, 409, test.status)
	require.Equal(t, "webhook_not_active", test.code())
	require.Equal(t, 400, n.call("PATCH", path, token, map[string]any{"url": "nowhere"}).status)
	got = n.call("PATCH", path, token, map[string]any{"state": "active", "url": "http://example.com/2", "events": []string{"*"}})
	require.Equal(t, []any{"active", "http://example.com/2", []any{"*"}}, []any{got.body["state"], got.body["url"], got.body["events"]})

	require.Equal(t, 204, n.call("DELETE", path, token, nil).status)
	require.Equal(t, 404, n.call("GET", path, token, nil).status)
}

func TestDeliveryLog(t *testing.T) {
	n := start(t, nil)
	_, token := n.agent(n.tenant.ID, chat.Admin)
	made := n.call("POST", "/api/v1/webhooks", token, map[string]any{"url": "https://example.com/hook", "events": []string{"message.created"}})
	path := "/api/v1/webhooks/" + made.body["id"].(string)
	visitor, _ := n.visitor("shop")
	conv := n.conversation(n.tenant.ID, visitor, "hello")
	list := n.call("GET", path+"/deliveries", token, nil).data()
	require.Len(t, list, 1)
	require.Nil(t, list[0].(map[string]any)["request"], "nothing was sent yet")

	claimed := n.claim()
	require.Len(t, claimed, 1)
	at := time.Now()
	require.NoError(t, n.kept.Store.FinishDeliveries(context.Background(), chat.Breaker{Failures: 5}, []chat.Outcome{{
		Claimed: &claimed[0], State: chat.DeliveryPending, Due: at.Add(time.Hour), Result: chat.ResultFailed,
		Log: chat.DeliveryAttempt{Attempt: 1, At: at, Took: 1500 * time.Microsecond, URL: "https://example.com/hook", Status: 500, Answer: "oops", Error: "answered 500"},
	}}))
	d := n.call("GET", path+"/deliveries?state=pending", token, nil).data()[0].(map[string]any)
	require.Empty(t, n.call("GET", path+"/deliveries?state=failed", token, nil).data())
	require.Equal(t, []any{"pending", "message.created", 1.0, 1.0}, []any{d["state"], d["type"], d["attempt"], d["sequence"]})
	require.NotNil(t, d["next_attempt_at"])
	attempt := d["attempts"].([]any)[0].(map[string]any)
	require.Equal(t, []any{500.0, "oops", "answered 500", 1.5}, []any{attempt["status"], attempt["answer"], attempt["error"], attempt["duration_ms"]})
	body := d["request"].(map[string]any)["body"].(map[string]any)
	require.Equal(t, []any{d["event_id"], "message.created", n.tenant.ID.String(), 1.0, 1.0}, []any{body["id"], body["type"], body["tenant_id"], body["sequence"], body["attempt"]})
	require.Equal(t, map[string]any{"text": "hello"}, body["data"].(map[string]any)["body"])
	require.Equal(t, conv.String(), body["data"].(map[string]any)["conv"])

	replayed := n.call("POST", "/api/v1/webhooks/deliveries/"+d["id"].(string)+"/replay", token, nil)
	require.Equal(t, 202, replayed.status)
	require.Equal(t, d["id"], replayed.body["id"])
	require.Len(t, n.claim(), 1, "at once, not in an hour")
	require.Equal(t, 404, n.call("POST", "/api/v1/webhooks/deliveries/"+conv.String()+"/replay", token, nil).status)
	ping := n.call("POST", path+"/test", token, nil)
	require.Equal(t, []any{202, "webhook.ping", "pending"}, []any{ping.status, ping.body["type"], ping.body["state"]})
}

// What webhooks are told has the API's shapes.
func TestWebhookData(t *testing.T) {
	n := start(t, nil)
	alice, token := n.agent(n.tenant.ID, chat.Admin)
	require.Equal(t, 201, n.call("POST", "/api/v1/webhooks", token, map[string]any{"url": "https://example.com/", "events": []string{"*"}}).status)
	visitor, visitorToken := n.visitor("shop")
	conv := n.conversation(n.tenant.ID, visitor, "hello")
	path := "/api/v1/conversations/" + conv.String()
	sent := n.call("POST", path+"/messages", visitorToken, map[string]any{"cmid": chat.NewID[chat.Event](), "body": map[string]any{"text": "second"}})
	require.Equal(t, 201, sent.status)
	message := path + "/messages/" + sent.body["mid"].(string)
	require.Equal(t, 200, n.call("PATCH", message, visitorToken, map[string]any{"body": map[string]any{"text": "edited"}}).status)
	require.Equal(t, 204, n.call("DELETE", message, visitorToken, nil).status)
	require.Equal(t, 200, n.call("POST", path+"/accept", token, nil).status)
	require.Equal(t, 200, n.call("POST", path+"/close", token, nil).status)
	require.Equal(t, 200, n.call("POST", path+"/reopen", token, nil).status)
	require.Equal(t, 200, n.call("POST", path+"/assign", token, map[string]any{"agent_id": nil}).status)
	require.Equal(t, 200, n.call("POST", path+"/transfer", token, map[string]any{"agent_id": alice.ID, "note": "yours"}).status)
	require.Equal(t, 201, n.call("POST", "/api/v1/labels", token, map[string]any{"name": "vip"}).status)
	require.Equal(t, 200, n.call("POST", path+"/labels", token, map[string]any{"labels": []string{"vip"}}).status)
	require.Less(t, n.call("POST", path+"/rating", visitorToken, map[string]any{"rating": 4, "comment": "fine"}).status, 300)
	require.Equal(t, 200, n.call("POST", path+"/handoff", token, map[string]any{"to": "bot"}).status)
	require.Equal(t, 200, n.call("POST", path+"/handoff", token, map[string]any{"to": "human"}).status)
	now := n.call("GET", path, token, nil).body
	messages := n.call("GET", path+"/messages", token, nil).data()

	dataOf := n.WebhookData()
	var types []string
	var data []map[string]any
	for _, c := range n.claim() {
		raw, err := dataOf(context.Background(), &c.Event)
		require.NoError(t, err)
		var v map[string]any
		require.NoError(t, json.Unmarshal(raw, &v))
		types, data = append(types, c.Event.Type), append(data, v)
	}
	require.Equal(t, []string{
		"conversation.created", "message.created", "message.created", "message.updated", "message.updated", "conversation.assigned",
		"conversation.closed", "conversation.reopened", "conversation.queued", "conversation.transferred",
		"conversation.labels_updated", "conversation.rated", "conversation.handoff_requested",
	}, types)
	require.Equal(t, messages[1], any(data[1]), "a message as the API shows it")
	require.Equal(t, map[string]any{"text": "edited"}, data[3]["body"])
	require.Equal(t, map[string]any{}, data[4]["body"])
	require.Equal(t, "message.recalled", data[4]["change"].(map[string]any)["event"])
	for i, status := range map[int]string{0: "queued", 5: "open", 6: "closed", 7: "open", 8: "queued", 9: "open"} {
		require.Equal(t, []any{conv.String(), status}, []any{data[i]["id"], data[i]["status"]}, types[i])
		require.Equal(t, status == "closed", data[i]["closed_at"] != nil, types[i])
		require.Equal(t, status == "queued", data[i]["queued_at"] != nil, types[i])
		require.Equal(t, types[i], data[i]["change"].(map[string]any)["event"])
	}
	require.Equal(t, []any{"open", []any{"vip"}}, []any{data[10]["status"], data[10]["labels"]})
	require.Equal(t, []any{4.0, 4.0}, []any{data[11]["rating"], data[11]["change"].(map[string]any)["rating"]})
	require.Equal(t, []any{"queued", "human"}, []any{data[12]["status"], data[12]["change"].(map[string]any)["to"]})
	require.Equal(t, []any{nil, alice.ID.String()}, []any{data[0]["assignee_id"], data[6]["assignee_id"]})
	require.Equal(t, "yours", data[9]["change"].(map[string]any)["note"])
	last := data[12]
	delete(last, "change")
	require.Equal(t, now, last, "the conversation as the API shows it")
}
