package server_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

func TestAgentsAndTeams(t *testing.T) {
	n := start(t, nil)
	owner, ownerToken := n.agent(n.tenant.ID, chat.Owner)
	self, adminToken := n.agent(n.tenant.ID, chat.Admin)
	team := n.call("POST", "/api/v1/teams", adminToken, map[string]any{"name": "Sales"})
	require.Equal(t, 201, team.status)
	teamID := team.body["id"].(string)
	require.Equal(t, 400, n.call("POST", "/api/v1/teams", adminToken, map[string]any{"name": " \t"}).status)
	require.Len(t, n.call("GET", "/api/v1/teams", adminToken, nil).data(), 1)

	created := n.call("POST", "/api/v1/agents", adminToken, map[string]any{
		"email": "New@X.test", "name": "New", "password": "long enough", "teams": []string{teamID},
	})
	require.Equal(t, 201, created.status, string(created.raw))
	require.Equal(t, "new@x.test", created.body["email"])
	require.Equal(t, "agent", created.body["role"])
	require.Equal(t, []any{teamID}, created.body["teams"])
	require.NotContains(t, string(created.raw), "argon2id")
	path := "/api/v1/agents/" + created.body["id"].(string)
	require.Equal(t, created.body["created_at"], n.call("GET", path, adminToken, nil).body["created_at"], "told as it is kept")
	for _, bad := range []map[string]any{
		{"email": "x", "name": "N", "password": "long enough"},
		{"email": "a@b.test", "name": "N", "password": "short"},
		{"email": "a@b.test", "name": "  ", "password": "long enough"},
		{"email": "a@b.test", "name": "N", "password": "long enough", "role": "god"},
		{"email": "a@b.test", "name": "N", "password": "long enough", "teams": []string{"x"}},
		{"email": "a@b.test", "name": "N", "password": "long enough", "extra": 1},
	} {
		got := n.call("POST", "/api/v1/agents", adminToken, bad)
		require.Equal(t, 400, got.status, "%v", bad)
		require.NotContains(t, string(got.raw), "short", "what was sent is not told back")
	}
	require.Equal(t, "email_taken", n.call("POST", "/api/v1/agents", adminToken, map[string]any{"email": "new@x.test", "name": "N", "password": "long enough"}).code())
	require.Equal(t, "owner_only", n.call("POST", "/api/v1/agents", adminToken, map[string]any{"email": "o@x.test", "name": "N", "password": "long enough", "role": "owner"}).code())
	require.Equal(t, "owner_only", n.call("PATCH", "/api/v1/agents/"+owner.ID.String(), adminToken, map[string]any{"name": "Mine"}).code())
	require.Equal(t, "self", n.call("PATCH", "/api/v1/agents/"+self.ID.String(), adminToken, map[string]any{"disabled": true}).code())
	require.Equal(t, 201, n.call("POST", "/api/v1/agents", ownerToken, map[string]any{"email": "o@x.test", "name": "N", "password": "long enough", "role": "owner"}).status)

	login := func(pw string) *answer {
		return n.call("POST", "/api/v1/auth/login", "", map[string]any{"email": "new@x.test", "password": pw})
	}
	in := login("long enough")
	require.Equal(t, 200, in.status)
	token := in.body["access_token"].(string)
	require.Equal(t, 200, n.call("GET", path, token, nil).status)
	require.Equal(t, "Renamed", n.call("PATCH", path, adminToken, map[string]any{"name": "Renamed", "capacity": 9}).body["name"])
	require.Equal(t, 200, n.call("GET", path, token, nil).status, "a new name ends nothing")
	require.Equal(t, 400, n.call("PATCH", path, adminToken, map[string]any{"name": "  "}).status)
	require.Equal(t, 200, n.call("PATCH", path, adminToken, map[string]any{"password": "another one"}).status)
	require.Equal(t, 401, n.call("GET", path, token, nil).status, "a new password ends what was")
	require.Equal(t, 401, n.call("POST", "/api/v1/auth/refresh", "", map[string]any{"refresh_token": in.body["refresh_token"]}).status)
	require.Equal(t, 401, login("long enough").status)
	in = login("another one")
	require.Equal(t, 200, in.status)
	require.Equal(t, true, n.call("PATCH", path, adminToken, map[string]any{"disabled": true}).body["disabled"])
	require.Equal(t, 401, n.call("GET", path, in.body["access_token"].(string), nil).status)
	require.Equal(t, 401, login("another one").status)
}
