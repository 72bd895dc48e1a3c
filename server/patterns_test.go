package server_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

// Right passwords use nothing up.
func TestRightLoginsAreNotLimited(t *testing.T) {
	n := start(t, nil)
	agent, _ := n.agent(n.tenant.ID, chat.Member)
	for range 40 {
		require.Equal(t, 200, n.call("POST", "/api/v1/auth/login", "", map[string]any{"email": agent.Email, "password": password}).status)
	}
}

// What is made can be read by its id.
func TestOneOfEach(t *testing.T) {
	n := start(t, nil)
	_, admin := n.agent(n.tenant.ID, chat.Admin)
	for path, body := range map[string]map[string]any{
		"/api/v1/teams": {"name": "Returns"}, "/api/v1/api-tokens": {"name": "crm", "scopes": []string{"*"}}, "/api/v1/site-keys": {"name": "Shop"},
	} {
		made := n.call("POST", path, admin, body)
		require.Equal(t, 201, made.status, string(made.raw))
		one := n.call("GET", path+"/"+made.body["id"].(string), admin, nil)
		require.Equal(t, 200, one.status, string(one.raw))
		require.Equal(t, body["name"], one.body["name"])
		require.NotContains(t, string(one.raw), `"token"`)
		require.Equal(t, 404, n.call("GET", path+"/01a20823-21e7-7a0d-a091-d3476cc2db54", admin, nil).status, path)
	}
}

// A program's messages may be as large over HTTP as over a connection, and only the tenant's requests are counted.
func TestProgramsSend(t *testing.T) {
	n := start(t, nil)
	_, by := n.agent(n.tenant.ID, chat.Owner)
	v := n.talks("hello")
	token := n.call("POST", "/api/v1/api-tokens", by, map[string]any{"name": "crm", "scopes": []string{"*"}}).body["token"].(string)
	path := "/api/v1/conversations/" + v.id.String() + "/messages"
	send := func(as string, size int) int {
		return n.call("POST", path, as, map[string]any{"cmid": chat.NewID[chat.Event]().String(), "body": map[string]any{"text": strings.Repeat("x", size)}}).status
	}
	const most = 1 << 20
	require.Equal(t, 201, send(token, most-20))
	require.Equal(t, 413, send(token, most+20))
	require.Equal(t, 413, send(by, 300<<10))
	for range 220 {
		require.Equal(t, 201, send(token, 1))
	}
}
