package server_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server"
)

// What a page says of its visitor while they talk reaches the agents; what it has said before does not undo what they have written since.
func TestSessionTellsNews(t *testing.T) { onBoth(t, testSessionTellsNews) }

func testSessionTellsNews(t *testing.T, start func(func(*server.Config)) *node) {
	n := start(nil)
	_, agent := n.agent(n.tenant.ID, chat.Member)
	open := func(token string, said map[string]any) (string, string) {
		t.Helper()
		said["site_key"] = "shop"
		got := n.call(http.MethodPost, session, token, said, "Origin", origin)
		require.Equal(t, 201, got.status, string(got.raw))
		return got.body["token"].(string), got.body["visitor"].(map[string]any)["id"].(string)
	}
	token, id := open("", map[string]any{"name": "Li", "attributes": map[string]any{"tier": "gold"}})
	n.begin(token, "hello")
	person := func() map[string]any {
		got := n.call(http.MethodGet, "/api/v1/visitors/"+id, agent, nil)
		require.Equal(t, 200, got.status, string(got.raw))
		return got.body
	}
	require.Eventually(t, func() bool { return n.call(http.MethodGet, "/api/v1/visitors/"+id, agent, nil).status == 200 }, 20*time.Second, 10*time.Millisecond)
	require.Equal(t, 200, n.call(http.MethodPatch, "/api/v1/visitors/"+id, agent, map[string]any{"name": "Li Wei"}).status)
	token, same := open(token, map[string]any{"name": "Li", "attributes": map[string]any{"tier": "gold", "cart": 3}})
	require.Equal(t, id, same)
	got := person()
	require.Equal(t, "Li Wei", got["name"], "the page says the same name as before")
	require.Equal(t, map[string]any{"tier": "gold", "cart": 3.0}, got["attributes"])
	token, _ = open(token, map[string]any{"name": "Wei", "email": "wei@example.com"})
	got = person()
	require.Equal(t, []any{"Wei", "wei@example.com"}, []any{got["name"], got["email"]})

	// However it is written, the same is the same; and what can't be keeps nothing else from it.
	shop := map[string]any{"ref": "?a=1&b=2"}
	token, _ = open(token, map[string]any{"attributes": shop})
	require.Equal(t, 200, n.call(http.MethodPatch, "/api/v1/visitors/"+id, agent, map[string]any{"attributes": map[string]any{"ref": "checked"}}).status)
	token, _ = open(token, map[string]any{"attributes": shop})
	require.Equal(t, "checked", person()["attributes"].(map[string]any)["ref"])
	token, _ = open(token, map[string]any{"name": "Ann", "email": "none"})
	got = person()
	require.Equal(t, []any{"Ann", "wei@example.com"}, []any{got["name"], got["email"]})

	// Who says something else each time is not heard each time.
	for i := range 12 {
		token, _ = open(token, map[string]any{"name": fmt.Sprint("Ann ", i)})
	}
	require.NotEqual(t, "Ann 11", person()["name"])
}
