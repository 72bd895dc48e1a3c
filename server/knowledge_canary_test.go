package server_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/ai/worker"
	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server"
)

// A version that is planned to be tried answers some conversations, is counted, and is put in use or taken back by people.
func TestKnowledgeCanary(t *testing.T) { onBoth(t, testKnowledgeCanary) }

func testKnowledgeCanary(t *testing.T, start func(func(*server.Config)) *node) {
	n := start(nil)
	_, token := n.agent(n.tenant.ID, chat.Supervisor)
	const canary = "/api/v1/knowledge/canary"
	for name, body := range map[string]map[string]any{
		"percent": {"percent": 51, "minutes": 5}, "minutes": {"percent": 1, "minutes": 0}, "more minutes": {"percent": 1, "minutes": 10081}, "nothing": {},
	} {
		require.Equal(t, 400, n.call("PUT", canary, token, body).status, name)
	}
	require.Equal(t, "no_canary", n.call("POST", canary+"/promote", token, nil).code())
	planned := n.call("PUT", canary, token, map[string]any{"percent": 50, "minutes": 90})
	require.Equal(t, 200, planned.status, string(planned.raw))
	require.Equal(t, map[string]any{"percent": 50.0, "minutes": 90.0}, planned.body["canary_plan"])

	n.knows(shopKnows)
	require.EqualValues(t, 1, n.indexed(token)["version"], "the first one is in use at once")
	made := n.call("POST", "/api/v1/knowledge/documents", token, map[string]any{"text": "# Gift wrapping\n\nWe wrap presents in paper for two euro.", "language": "en"})
	require.Equal(t, 201, made.status)
	index := n.indexed(token)
	tried := index["canary"].(map[string]any)
	require.EqualValues(t, 1, index["version"])
	require.EqualValues(t, 2, tried["version"])
	require.Equal(t, false, index["rolled_back"])
	began, err := time.Parse(time.RFC3339, tried["began_at"].(string))
	require.NoError(t, err)
	ends, err := time.Parse(time.RFC3339, tried["ends_at"].(string))
	require.NoError(t, err)
	require.Equal(t, 90*time.Minute, ends.Sub(began))
	state := func() string {
		return n.call("GET", "/api/v1/knowledge/documents/"+made.body["id"].(string), token, nil).body["state"].(string)
	}
	require.Equal(t, "pending", state())
	require.NotContains(t, n.finds(token, "can you wrap a present"), "Gift wrapping", "a search asks the version in use")
	require.Eventually(t, func() bool {
		a, err := n.known.Search(t.Context(), n.tenant.ID, chat.KnowledgeQuery{Conversation: chat.NewID[chat.Conversation](), Question: "presents", Limit: 1})
		require.NoError(t, err)
		return a.Version == 2
	}, 10*time.Second, 10*time.Millisecond, "this node has it, too")

	// Questions of the bot's are counted for the version that they were asked of.
	n.botOn(`,"thresholds":{"answer":0.2,"clarify":0.1}`)
	n.works(n.ai, func(o *worker.Options) { o.Asked = n.known.Asked })
	const talks = 24
	for range talks {
		n.talks("How much does shipping cost?")
	}
	var old, more map[string]any
	require.Eventually(t, func() bool {
		tried := n.indexed(token)["canary"].(map[string]any)
		old, more = tried["before"].(map[string]any), tried["tried"].(map[string]any)
		return old["asked"].(float64)+more["asked"].(float64) == talks
	}, 60*time.Second, 100*time.Millisecond)
	require.Positive(t, old["asked"], "one half of them")
	require.Positive(t, more["asked"], "the other half")
	require.Zero(t, old["open"])

	back := n.call("POST", "/api/v1/knowledge/rollback", token, nil)
	require.Equal(t, 200, back.status, string(back.raw))
	require.Nil(t, back.body["canary"])
	require.EqualValues(t, 1, back.body["version"])
	require.Equal(t, "not_indexed", state())
	require.Equal(t, true, back.body["rolled_back"], "by hand")
	usedOf := func(index map[string]any) map[float64]any {
		of := map[float64]any{}
		for _, v := range index["versions"].([]any) {
			of[v.(map[string]any)["version"].(float64)] = v.(map[string]any)["used"]
		}
		return of
	}
	require.Equal(t, map[float64]any{1: true, 2: false}, usedOf(back.body))
	require.Equal(t, "no_such_version", n.call("POST", "/api/v1/knowledge/rollback", token, nil).code(), "nothing before it was in use")
	require.Equal(t, 202, n.call("POST", "/api/v1/knowledge/reindex", token, nil).status)
	require.EqualValues(t, 3, n.indexed(token)["canary"].(map[string]any)["version"])
	used := n.call("POST", canary+"/promote", token, nil)
	require.Equal(t, 200, used.status, string(used.raw))
	require.EqualValues(t, 3, used.body["version"])
	require.Nil(t, used.body["canary"])
	require.Equal(t, "indexed", state())
	require.Equal(t, map[float64]any{1: true, 2: false, 3: true}, usedOf(used.body))
	require.Eventually(t, func() bool { return n.finds(token, "can you wrap a present")[0] == "Gift wrapping" }, 10*time.Second, 20*time.Millisecond)

	// What is taken back by itself nobody went back from, until somebody does.
	require.Equal(t, 201, n.call("POST", "/api/v1/knowledge/documents", token, map[string]any{"text": "# Opening hours\n\nFrom nine to five.", "language": "en"}).status)
	require.EqualValues(t, 4, n.indexed(token)["canary"].(map[string]any)["version"])
	require.NoError(t, n.kept.Store.TallyCanary(t.Context(), n.tenant.ID, 4, chat.CanaryTally{Asked: 100}, chat.CanaryTally{Asked: 100, Open: 100}))
	require.Eventually(t, func() bool { return n.indexed(token)["last_failure"] != nil }, 30*time.Second, 20*time.Millisecond)
	index = n.indexed(token)
	require.Equal(t, "canary", index["last_failure"].(map[string]any)["reason"])
	require.Equal(t, false, index["rolled_back"])
	back = n.call("POST", "/api/v1/knowledge/rollback", token, nil)
	require.EqualValues(t, 1, back.body["version"])
	require.Equal(t, true, back.body["rolled_back"])
	_, admin := n.agent(n.tenant.ID, chat.Admin)
	told := map[string]any{}
	for _, e := range n.acts(admin, "") {
		told[e["action"].(string)] = e["details"]
	}
	require.Equal(t, map[string]any{"percent": 50.0, "minutes": 90.0}, told["knowledge.canary_planned"])
	require.Equal(t, map[string]any{"version": 3.0}, told["knowledge.canary_promoted"])
	require.Contains(t, []any{map[string]any{"from": 2.0, "to": 1.0}, map[string]any{"from": 3.0, "to": 1.0}}, told["knowledge.rolled_back"])
}
