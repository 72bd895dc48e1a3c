package server_test

import (
	"context"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/server"
)

func (n *node) login(email, password string) *answer {
	n.t.Helper()
	return n.call("POST", "/api/v1/auth/login", "", map[string]any{"email": email, "password": password})
}

// A changed password ends every session and connection of before, on every node, and only the answer's tokens go on.
func TestNoSessionSurvivesAPasswordChange(t *testing.T) {
	n := start(t, nil)
	far := n.beside(server.Config{}, nil)
	a, minted := n.agent(n.tenant.ID, chat.Member)
	in, other := n.login(a.Email, password), n.login(a.Email, password)
	token := in.body["access_token"].(string)
	lines := []*line{dialLine(t, n.TCPAddr(), token), dialLine(t, far.TCPAddr(), other.body["access_token"].(string)), dialLine(t, far.TCPAddr(), minted)}
	const path = "/api/v1/auth/password"
	require.Equal(t, "wrong_password", n.call("POST", path, token, map[string]any{"current_password": "x", "new_password": "another horse"}).code())
	require.Equal(t, 400, n.call("POST", path, token, map[string]any{"current_password": password, "new_password": "short"}).status)
	changed := n.call("POST", path, token, map[string]any{"current_password": password, "new_password": "another horse"})
	require.Equal(t, 200, changed.status, string(changed.raw))
	for i, l := range lines {
		require.Equal(t, codec.CloseBadToken, closedWithin(t, l, 5*time.Second).Code, i)
	}
	for _, old := range []string{token, other.body["access_token"].(string), minted} {
		require.Equal(t, "token_revoked", n.call("GET", "/api/v1/agents", old, nil).code())
		require.Equal(t, codec.CloseBadToken, refusedWith(t, n.TCPAddr(), old))
	}
	for _, old := range []*answer{in, other} {
		require.Equal(t, 401, n.call("POST", "/api/v1/auth/refresh", "", map[string]any{"refresh_token": old.body["refresh_token"]}).status)
	}
	require.Equal(t, 200, n.call("GET", "/api/v1/agents", changed.body["access_token"].(string), nil).status)
	require.Equal(t, 200, n.call("POST", "/api/v1/auth/refresh", "", map[string]any{"refresh_token": changed.body["refresh_token"]}).status)
	require.Equal(t, 401, n.login(a.Email, password).status)
	require.Equal(t, 200, n.login(a.Email, "another horse").status)
}

// What ends an account, or a log-in, ends its connections within 5 s, on every node, whoever did it.
func TestConnectionsEndWithTheAccount(t *testing.T) {
	n := start(t, nil)
	far := n.beside(server.Config{}, nil)
	_, admin := n.agent(n.tenant.ID, chat.Admin)
	ctx := context.Background()
	for what, end := range map[string]func(a *chat.Agent, in *answer){
		"disabled": func(a *chat.Agent, _ *answer) {
			require.Equal(t, 200, n.call("PATCH", "/api/v1/agents/"+a.ID.String(), admin, map[string]any{"disabled": true}).status)
		},
		"password set by an admin": func(a *chat.Agent, _ *answer) {
			require.Equal(t, 200, n.call("PATCH", "/api/v1/agents/"+a.ID.String(), admin, map[string]any{"password": "another horse"}).status)
		},
		"password set by the command line": func(a *chat.Agent, _ *answer) {
			a.PasswordHash = "!"
			a.EndTokens(time.Now())
			require.NoError(t, n.kept.Store.SaveAgents(ctx, *a))
		},
		"logged out": func(_ *chat.Agent, in *answer) {
			require.Equal(t, 204, n.call("POST", "/api/v1/auth/logout", in.body["access_token"].(string), nil).status)
		},
		"a refresh token came twice": func(_ *chat.Agent, in *answer) {
			again := map[string]any{"refresh_token": in.body["refresh_token"]}
			require.Equal(t, 200, n.call("POST", "/api/v1/auth/refresh", "", again).status)
			require.Equal(t, "refresh_invalid", n.call("POST", "/api/v1/auth/refresh", "", again).code())
		},
	} {
		a, _ := n.agent(n.tenant.ID, chat.Member)
		in := n.login(a.Email, password)
		token := in.body["access_token"].(string)
		lines := []*line{dialLine(t, n.TCPAddr(), token), dialLine(t, far.TCPAddr(), token)}
		end(&a, in)
		for _, l := range lines {
			require.Equal(t, codec.CloseBadToken, closedWithin(t, l, 5*time.Second).Code, what)
		}
		require.Equal(t, "token_revoked", n.call("GET", "/api/v1/agents", token, nil).code(), what)
		require.Equal(t, codec.CloseBadToken, refusedWith(t, far.TCPAddr(), token), what)
	}
}

func TestSecondFactorOverHTTP(t *testing.T) {
	n := start(t, nil)
	a, _ := n.agent(n.tenant.ID, chat.Member)
	token := n.login(a.Email, password).body["access_token"].(string)
	post := func(path string, body map[string]any) *answer {
		return n.call("POST", "/api/v1/auth/totp"+path, token, body)
	}
	status := func() *answer { return n.call("GET", "/api/v1/auth/totp/status", token, nil) }
	require.Equal(t, false, status().body["enabled"])
	require.Equal(t, "totp_not_enabled", post("/confirm", map[string]any{"code": "000000"}).code())
	require.Equal(t, "totp_not_enabled", post("/disable", map[string]any{"password": password, "code": "000000"}).code())
	require.Equal(t, "wrong_password", post("/enrol", map[string]any{"password": "x"}).code())
	enrolled := post("/enrol", map[string]any{"password": password})
	require.Equal(t, 200, enrolled.status)
	require.Contains(t, enrolled.body["otpauth_url"], "otpauth://totp/uniqchat:")
	secret := enrolled.body["secret"].(string)
	code, err := totp.GenerateCode(secret, time.Now())
	require.NoError(t, err)
	on := post("/confirm", map[string]any{"code": code})
	require.Equal(t, 200, on.status, string(on.raw))
	recovery := on.body["recovery_codes"].([]any)
	require.Len(t, recovery, 10)
	require.Equal(t, true, status().body["enabled"])
	require.NotContains(t, string(n.call("GET", "/api/v1/agents", token, nil).raw), secret)

	in := n.login(a.Email, password)
	require.Equal(t, 401, in.status)
	require.Equal(t, "totp_required", in.code())
	require.NotContains(t, in.body, "access_token")
	challenge := in.body["challenge"].(string)
	require.NotContains(t, n.login(a.Email, "wrong").body, "challenge")
	require.Equal(t, 401, n.call("GET", "/api/v1/agents", challenge, nil).status)
	require.Equal(t, "totp_invalid", n.call("POST", "/api/v1/auth/totp", "", map[string]any{"challenge": challenge, "code": code}).code(), "spent by the confirmation")
	next, err := totp.GenerateCode(secret, time.Now().Add(30*time.Second)) // one step early is taken
	require.NoError(t, err)
	done := n.call("POST", "/api/v1/auth/totp", "", map[string]any{"challenge": challenge, "code": next})
	require.Equal(t, 200, done.status, string(done.raw))
	require.NotEmpty(t, done.body["refresh_token"])
	require.Equal(t, a.ID.String(), done.body["agent"].(map[string]any)["id"])
	require.Equal(t, 400, n.call("POST", "/api/v1/auth/totp", "", map[string]any{"challenge": challenge}).status)
	for _, none := range []any{nil, "junk", `{"x":1}`, `{"challenge":1}`, map[string]any{"code": next}, map[string]any{"challenge": token, "code": next}} {
		require.Equal(t, 401, n.call("POST", "/api/v1/auth/totp", "junk", none).status)
		got := n.call("POST", "/api/v1/auth/totp", "", none)
		require.Equal(t, 401, got.status, "%v", none)
		require.Equal(t, "challenge_invalid", got.code())
	}
	require.Equal(t, 405, n.call("GET", "/api/v1/auth/totp", token, nil).status)
	require.Equal(t, "challenge_invalid", n.call("POST", "/api/v1/auth/totp", "", map[string]any{"challenge": "x", "code": next}).code())
	require.Equal(t, 204, post("/disable", map[string]any{"password": password, "code": recovery[0]}).status)
	require.Equal(t, 200, n.login(a.Email, password).status)
}
