package server_test

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server"
)

// What the tables of the permission matrix say of intents.
func init() {
	for id := range strings.FieldsSeq("listIntents getIntent getIntentTraining testIntent") {
		allowed[id], scoped[id] = "-oas--", chat.AIRead
	}
	for id := range strings.FieldsSeq("putIntent deleteIntent importIntentExamples") {
		allowed[id], scoped[id] = "-oa---", chat.AIWrite
	}
	maps.Copy(bodies, map[string]any{
		"putIntent":            map[string]any{"examples": []string{"can you engrave my name"}},
		"importIntentExamples": map[string]any{"examples": []map[string]any{{"text": "wholesale prices please", "intent": "wholesale"}}},
		"testIntent":           map[string]any{"text": "do you engrave?"},
	})
}

// freshIntent makes an intent, and takes others away.
func (n *node) freshIntent() string {
	n.t.Helper()
	now := time.Now()
	require.NoError(n.t, n.kept.Store.ChangeIntents(context.Background(), n.tenant.ID, now, func([]chat.Intent) ([]chat.Intent, error) {
		return []chat.Intent{{Tenant: n.tenant.ID, Name: "engraving", Action: chat.IntentAnswer, Examples: []string{"is engraving possible"}, CreatedAt: now, UpdatedAt: now}}, nil
	}))
	return "engraving"
}

const intentsPath = "/api/v1/ai/intents"

// Intents are made, changed, imported, trained, tried and deleted; what is wrong is named, and nobody else's are seen.
func TestIntents(t *testing.T) { onBoth(t, testIntents) }

func testIntents(t *testing.T, start func(func(*server.Config)) *node) {
	n := start(nil)
	_, admin := n.agent(n.tenant.ID, chat.Admin)
	_, stranger := n.agent(n.other.ID, chat.Admin)
	team := chat.Team{ID: chat.NewID[chat.Team](), Tenant: n.tenant.ID, Name: "Workshop"}
	require.NoError(t, n.kept.Store.SaveTeam(t.Context(), team))
	training := func(token string) map[string]any {
		t.Helper()
		got := n.call("GET", "/api/v1/ai/training", token, nil)
		require.Equal(t, 200, got.status, string(got.raw))
		return got.body
	}
	require.Equal(t, "none", training(admin)["state"])

	engraving := []string{"can you engrave my name", "I want an engraving", "engrave initials on the mug", "is engraving possible", "do you engrave", "please engrave a date", "能帮我刻名字吗", "我想刻字", "刻字可以吗"}
	put := n.call("PUT", intentsPath+"/engraving", admin, map[string]any{"description": "Letters on goods", "action": "reply", "reply": map[string]any{"en": "We engrave for free.", "zh": "免费刻字。"}, "examples": engraving})
	require.Equal(t, 200, put.status, string(put.raw))
	require.EqualValues(t, len(engraving), put.body["examples_count"])
	imported := n.call("POST", intentsPath+"/examples", admin, map[string]any{"examples": []map[string]any{
		{"text": "wholesale prices please", "intent": "wholesale"},
		{"text": "we want to resell your goods", "intent": "wholesale"},
		{"text": "become a reseller", "intent": "wholesale"},
		{"text": "可以批发吗", "intent": "wholesale"},
		{"text": "批发价多少", "intent": "wholesale"},
		{"text": "Do you engrave?", "intent": "engraving"},
		{"text": "engraving on leather", "intent": "engraving"},
	}})
	require.Equal(t, 200, imported.status, string(imported.raw))
	require.Equal(t, map[string]any{"added": 6., "known": 1., "created": []any{"wholesale"}}, imported.body)
	require.Equal(t, 200, n.call("PUT", intentsPath+"/tours", admin, map[string]any{"action": "handoff", "team_id": team.ID.String(), "examples": []string{"can I visit your workshop", "do you give tours", "可以参观工坊吗"}}).status)
	list := n.call("GET", intentsPath, admin, nil)
	require.Len(t, list.data(), 3)
	require.Nil(t, list.data()[0].(map[string]any)["examples"], "not in lists")
	first := n.call("GET", intentsPath+"?limit=1", admin, nil)
	require.Len(t, n.call("GET", intentsPath+"?limit=5&cursor="+first.body["next_cursor"].(string), admin, nil).data(), 2)
	one := n.call("GET", intentsPath+"/wholesale", admin, nil)
	require.Len(t, one.body["examples"], 5)
	require.Equal(t, "answer", one.body["action"])

	require.Eventually(t, func() bool { return training(admin)["state"] == "ready" }, 60*time.Second, 50*time.Millisecond)
	report := training(admin)["report"].(map[string]any)
	require.EqualValues(t, len(engraving)+1+5+3, report["examples"])
	require.Len(t, report["intents"], 3)
	for _, m := range training(admin)["mistakes"].([]any) {
		require.NotEmpty(t, m.(map[string]any)["text"])
	}
	test := func(token, text string) map[string]any {
		t.Helper()
		got := n.call("POST", intentsPath+"/test", token, map[string]any{"text": text})
		require.Equal(t, 200, got.status, string(got.raw))
		return got.body
	}
	require.Eventually(t, func() bool { return test(admin, "can you engrave my initials")["intent"] == "engraving" }, 20*time.Second, 50*time.Millisecond)
	got := test(admin, "can you engrave my initials")
	require.Equal(t, "reply", got["action"])
	require.Equal(t, "We engrave for free.", got["reply"].(map[string]any)["en"])
	require.Equal(t, "engraving", got["ranked"].([]any)[0].(map[string]any)["intent"])
	got = test(admin, "I want to talk to a real person")
	require.Equal(t, "handoff", got["action"])
	require.Equal(t, "human", got["guard"])

	// Another tenant sees nothing of it.
	require.Empty(t, n.call("GET", intentsPath, stranger, nil).data())
	require.Equal(t, "none", training(stranger)["state"])
	require.Equal(t, true, test(stranger, "can you engrave my initials")["builtin"])
	require.Equal(t, 404, n.call("GET", intentsPath+"/engraving", stranger, nil).status)
	require.Equal(t, 404, n.call("DELETE", intentsPath+"/engraving", stranger, nil).status)

	require.Equal(t, 204, n.call("DELETE", intentsPath+"/tours", admin, nil).status)
	require.Equal(t, 404, n.call("DELETE", intentsPath+"/tours", admin, nil).status)
	told := map[string]int{}
	for _, e := range n.acts(admin, "action=intent.") {
		told[e["action"].(string)]++
	}
	require.Equal(t, map[string]int{"intent.created": 3, "intent.updated": 1, "intent.deleted": 1}, told)
}

// What is wrong is told by its place, and changes nothing.
func TestIntentsRefused(t *testing.T) {
	n := start(t, nil)
	_, admin := n.agent(n.tenant.ID, chat.Admin)
	require.Equal(t, 200, n.call("PUT", intentsPath+"/engraving", admin, map[string]any{"examples": []string{"do you engrave"}}).status)
	many := make([]string, chat.MaxIntentExamples+1)
	for i := range many {
		many[i] = fmt.Sprint("sentence number ", i)
	}
	for _, c := range []struct {
		name   string
		body   map[string]any
		status int
		says   string
	}{
		{"Bad", map[string]any{"examples": []string{"x"}}, 400, "name:"},
		{"human", map[string]any{"examples": []string{"x"}}, 400, "human"},
		{"a", map[string]any{"examples": many}, 400, "examples"},
		{"a", map[string]any{"examples": []string{"fine", strings.Repeat("长", chat.MaxExampleLength+1)}}, 400, "examples[1]"},
		{"a", map[string]any{"examples": []string{"fine", "  ?! "}}, 400, "examples[1]"},
		{"a", map[string]any{"examples": []string{"x"}, "action": "reply"}, 400, "reply:"},
		{"a", map[string]any{"examples": []string{"x"}, "action": "dance"}, 400, "action"},
		{"a", map[string]any{"examples": []string{"x"}, "reply": map[string]any{"en": "Hi"}}, 400, "reply:"},
		{"a", map[string]any{"examples": []string{"x"}, "action": "handoff", "team_id": chat.NewID[chat.Team]().String()}, 404, "team_id"},
		{"a", map[string]any{"examples": []string{"DO you engrave?"}}, 409, "engraving"},
	} {
		got := n.call("PUT", intentsPath+"/"+c.name, admin, c.body)
		require.Equal(t, c.status, got.status, "%v: %s", c.body["action"], got.raw)
		require.Contains(t, string(got.raw), c.says)
	}
	got := n.call("POST", intentsPath+"/examples", admin, map[string]any{"examples": []map[string]any{{"text": "new one", "intent": "fine"}, {"text": "x", "intent": "No Name"}}})
	require.Equal(t, 400, got.status)
	require.Contains(t, string(got.raw), "No Name")
	require.Len(t, n.call("GET", intentsPath, admin, nil).data(), 1, "all or nothing")
}
