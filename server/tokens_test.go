package server_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/server"
	"github.com/uniqchat/uniqchat/server/auth"
)

// apiToken makes an API token; the zero tenant is the platform.
func (n *node) apiToken(tenant chat.TenantID, scopes chat.Scopes, change ...func(*chat.APIToken)) (chat.APIToken, string) {
	n.t.Helper()
	t := chat.APIToken{Tenant: tenant, Name: "crm", Scopes: scopes, CreatedAt: time.Now()}
	token := auth.NewAPIToken(&t)
	for _, c := range change {
		c(&t)
	}
	require.NoError(n.t, n.kept.Store.SaveAPIToken(context.Background(), t))
	return t, token
}

// programs are the API tokens of the matrix.
type programs struct {
	n        *node
	with     map[chat.Scopes]string // one scope
	without  map[chat.Scopes]string // every scope but one
	all      string
	strange  string // another tenant's, every scope
	platform string
	expired  string
	revoked  string
}

const everyScope = chat.ConversationsRead | chat.ConversationsWrite | chat.MessagesWrite | chat.VisitorsRead | chat.VisitorsWrite | chat.AgentsRead |
	chat.AgentsWrite | chat.SettingsRead | chat.SettingsWrite | chat.WebhooksWrite | chat.ReportsRead | chat.KnowledgeWrite | chat.AuditRead |
	chat.AIRead | chat.AIWrite | chat.AIAsk

func (n *node) programs() *programs {
	p := &programs{n: n, with: map[chat.Scopes]string{}, without: map[chat.Scopes]string{}}
	for s := chat.ConversationsRead; s <= chat.AIAsk; s <<= 1 {
		_, p.with[s] = n.apiToken(n.tenant.ID, s)
		_, p.without[s] = n.apiToken(n.tenant.ID, everyScope&^s)
	}
	for _, more := range []chat.Scopes{chat.VisitorsRead, chat.AIRead, chat.AIAsk} {
		both := more | chat.ConversationsRead
		_, p.with[both] = n.apiToken(n.tenant.ID, both)
		_, p.without[both] = n.apiToken(n.tenant.ID, everyScope&^chat.ConversationsRead)
	}
	_, p.all = n.apiToken(n.tenant.ID, chat.AllScopes)
	_, p.strange = n.apiToken(n.other.ID, chat.AllScopes)
	_, p.platform = n.apiToken(chat.TenantID{}, 0)
	_, p.expired = n.apiToken(n.tenant.ID, chat.AllScopes, func(t *chat.APIToken) { t.ExpiresAt = time.Now().Add(-time.Minute) })
	_, p.revoked = n.apiToken(n.tenant.ID, chat.AllScopes, func(t *chat.APIToken) { t.RevokedAt = time.Now().Add(-time.Minute) })
	return p
}

// try calls one operation as every kind of program.
func (p *programs) try(t *testing.T, id string, call func(token string) *answer) {
	t.Helper()
	require.Equal(t, "token_expired", call(p.expired).code(), id)
	require.Equal(t, "token_revoked", call(p.revoked).code(), id)
	if !strings.HasSuffix(id, "Tenant") && !strings.HasSuffix(id, "Tenants") {
		require.Equal(t, "platform_only", call(p.platform).code(), id)
	}
	need, ok := scoped[id]
	if !ok {
		require.Equal(t, 403, call(p.all).status, "%s is not for API tokens", id)
		return
	}
	lacking := call(p.without[need])
	require.Equal(t, 403, lacking.status, "%s: %s", id, lacking.raw)
	require.Equal(t, "scope_missing", lacking.code(), id)
	require.Equal(t, need.String(), lacking.body["required_scope"], id)
	require.Contains(t, lacking.body["detail"], need.String())
	for _, token := range []string{p.with[need], p.all} {
		got := call(token)
		if id == "deleteUpload" { // it is the visitor's
			require.Equal(t, "not_yours", got.code(), id)
			continue
		}
		require.NotContains(t, []int{400, 401, 403}, got.status, "%s: %s", id, got.raw)
		require.Less(t, got.status, 500, "%s: %s", id, got.raw)
	}
}

// fresh makes something for an operation that takes it away, and returns its name in paths; "" if it needs nothing new.
func (n *node) fresh(path string) string {
	switch {
	case strings.HasPrefix(path, "/api/v1/api-tokens/"):
		t, _ := n.apiToken(n.tenant.ID, chat.AgentsRead)
		return t.ID.String()
	case strings.HasPrefix(path, "/api/v1/teams/"):
		t := chat.Team{ID: chat.NewID[chat.Team](), Tenant: n.tenant.ID, Name: "Team", CreatedAt: time.Now()}
		require.NoError(n.t, n.kept.Store.SaveTeam(context.Background(), t))
		return t.ID.String()
	case strings.HasPrefix(path, "/api/v1/site-keys/"):
		k := chat.SiteKey{Tenant: n.tenant.ID, Key: "k-" + chat.NewID[chat.SiteKey]().String(), Secrets: []string{"s"}}
		require.NoError(n.t, n.kept.Store.SaveSiteKey(context.Background(), k))
		return k.Key
	case strings.HasPrefix(path, "/api/v1/offline-messages/"):
		return n.offlineMessage().String()
	case path == "/api/v1/agents/{id}/invite":
		a, _ := n.agent(n.tenant.ID, chat.Viewer)
		a.PasswordHash = auth.UnusableHash
		require.NoError(n.t, n.kept.Store.SaveAgents(context.Background(), a))
		return a.ID.String()
	case strings.HasPrefix(path, "/api/v1/tenants/"):
		return n.tenant.ID.String()
	case strings.HasPrefix(path, "/api/v1/visitors/{id}"):
		id := chat.NewID[chat.Visitor]()
		n.conversation(n.tenant.ID, id, "hello")
		return id.String()
	case strings.HasPrefix(path, "/api/v1/webhooks/"):
		return n.freshWebhook(path)
	case strings.HasPrefix(path, "/api/v1/exports/"):
		return n.freshExport()
	case strings.HasPrefix(path, "/api/v1/ai/"):
		return n.freshAI(path)
	case strings.HasPrefix(path, "/api/v1/knowledge/"):
		return n.freshKnowledge(path)
	}
	return ""
}

func TestAPITokens(t *testing.T) {
	n := start(t, nil)
	admin, adminToken := n.agent(n.tenant.ID, chat.Admin)
	_, stranger := n.agent(n.other.ID, chat.Owner)
	const path = "/api/v1/api-tokens"
	made := n.call("POST", path, adminToken, map[string]any{"name": " CRM ", "scopes": []string{"agents:read", "messages:write"}})
	require.Equal(t, 201, made.status, string(made.raw))
	token := made.body["token"].(string)
	require.Regexp(t, `^uq_[0-9a-f]{64}$`, token)
	require.Equal(t, "CRM", made.body["name"])
	require.Equal(t, []any{"messages:write", "agents:read"}, made.body["scopes"])
	require.Equal(t, admin.ID.String(), made.body["created_by"])
	require.Nil(t, made.body["expires_at"])
	list := n.call("GET", path, adminToken, nil)
	require.Len(t, list.data(), 1)
	require.NotContains(t, string(list.raw), token, "shown once")
	require.Equal(t, made.body["id"], list.data()[0].(map[string]any)["id"])
	require.Empty(t, n.call("GET", path, stranger, nil).data())
	for _, bad := range []map[string]any{
		{"name": "x"},
		{"name": "x", "scopes": []string{}},
		{"name": "x", "scopes": []string{"agents"}},
		{"name": " ", "scopes": []string{"*"}},
		{"name": "x", "scopes": []string{"*"}, "expires_at": "2020-01-01T00:00:00Z"},
	} {
		require.Equal(t, 400, n.call("POST", path, adminToken, bad).status, "%v", bad)
	}

	// In either header; only what its scopes allow; and never to make more of itself.
	require.Equal(t, 200, n.call("GET", "/api/v1/agents", token, nil).status)
	require.Equal(t, 200, n.call("GET", "/api/v1/agents", "", nil, "X-API-Token", token).status)
	require.Equal(t, "agents:write", n.call("POST", "/api/v1/teams", token, map[string]any{"name": "T"}).body["required_scope"])
	_, mighty := n.apiToken(n.tenant.ID, chat.AllScopes)
	_, staffing := n.apiToken(n.tenant.ID, chat.AgentsWrite)
	for _, tok := range []string{mighty, staffing} {
		require.Equal(t, 403, n.call("POST", path, tok, map[string]any{"name": "x", "scopes": []string{"*"}}).status)
		require.Equal(t, "owner_only", n.call("POST", "/api/v1/agents", tok, map[string]any{"email": "o@x.test", "name": "N", "password": "long enough", "role": "owner"}).code())
	}
	require.Equal(t, "admin_only", n.call("POST", "/api/v1/agents", staffing, map[string]any{"email": "o@x.test", "name": "N", "password": "long enough", "role": "admin"}).code())
	require.Equal(t, "admin_only", n.call("PATCH", "/api/v1/agents/"+admin.ID.String(), staffing, map[string]any{"password": "long enough"}).code())
	for _, junk := range []string{"uq_", "uq_" + strings.Repeat("0", 64), token[:len(token)-1], token + "0", strings.ToUpper(token)} {
		require.Equal(t, "token_invalid", n.call("GET", "/api/v1/agents", junk, nil).code(), junk)
	}

	// Its use is written, about once a minute.
	id, err := chat.ParseID[chat.APIToken](made.body["id"].(string))
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		page, _, err := n.kept.Store.APITokens(context.Background(), n.tenant.ID, "", 10)
		require.NoError(t, err)
		return page[0].ID == id && time.Since(page[0].LastUsedAt) < time.Minute
	}, 5*time.Second, 50*time.Millisecond)

	own := path + "/" + made.body["id"].(string)
	require.Equal(t, 404, n.call("DELETE", own, stranger, nil).status)
	require.Equal(t, 204, n.call("DELETE", own, adminToken, nil).status)
	require.Equal(t, "token_revoked", n.call("GET", "/api/v1/agents", token, nil).code())
	require.Equal(t, 404, n.call("DELETE", own, adminToken, nil).status)
}

// closedWithin reports how a line was closed, which must happen in time.
func closedWithin(t *testing.T, l *line, d time.Duration) *codec.Disconnect {
	t.Helper()
	require.NoError(t, l.c.SetReadDeadline(time.Now().Add(d)))
	return until[*codec.Disconnect](l)
}

// refusedWith returns the code that a CONNECT with a token is refused with.
func refusedWith(t *testing.T, addr, token string) uint16 {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.SetDeadline(time.Now().Add(10*time.Second)))
	l := &line{t: t, c: c}
	l.write(&codec.Connect{MinVersion: 1, MaxVersion: 1, Token: token})
	return until[*codec.Disconnect](l).Code
}

func TestAPITokenOnASocket(t *testing.T) {
	n := start(t, nil)
	far := n.beside(server.Config{}, nil)
	visitor, visitorToken := n.visitor("shop")
	conv := n.conversation(n.tenant.ID, visitor, "hello")
	tok, full := n.apiToken(n.tenant.ID, chat.ConversationsRead|chat.MessagesWrite)
	for _, addr := range []string{n.TCPAddr(), far.TCPAddr()} {
		_, blind := n.apiToken(n.tenant.ID, chat.MessagesWrite)
		require.Equal(t, codec.CloseKicked, refusedWith(t, addr, blind))
		_, platform := n.apiToken(chat.TenantID{}, 0)
		require.Equal(t, codec.CloseKicked, refusedWith(t, addr, platform))
		require.Equal(t, codec.CloseBadToken, refusedWith(t, addr, "uq_"+strings.Repeat("0", 64)))
	}
	_, reading := n.apiToken(n.tenant.ID, chat.ConversationsRead)
	deaf := dialLine(t, n.TCPAddr(), reading)
	send := func() *codec.Send {
		return &codec.Send{Conv: codec.UUID(conv), CMID: codec.UUID(chat.NewID[chat.Event]()), Body: []byte(`{"text":"from a program"}`)}
	}
	for _, p := range []codec.Packet{send(), &codec.Read{Conv: codec.UUID(conv), Seq: 1}, &codec.Typing{Conv: codec.UUID(conv)}} {
		deaf.write(p)
		e := until[*codec.Error](deaf)
		require.EqualValues(t, 403, e.Code)
		require.Contains(t, e.Message, "scope")
	}
	vera := dialLine(t, n.TCPAddr(), visitorToken)
	l := dialLine(t, far.TCPAddr(), full)
	l.write(send())
	until[*codec.Sendack](l)
	for {
		if m := until[*codec.Message](vera); string(m.Body) == `{"text":"from a program"}` {
			require.Equal(t, codec.Role(chat.RoleAPI), m.Role)
			require.Equal(t, codec.UUID(tok.ID), m.Sender)
			break
		}
	}
	_, strange := n.apiToken(n.other.ID, chat.AllScopes)
	theirs := dialLine(t, n.TCPAddr(), strange)
	theirs.write(send())
	require.EqualValues(t, 404, until[*codec.Error](theirs).Code, "another tenant's conversation is one that is not there")

	// Revoked over HTTP at one node, it ends at the other; revoked in the database (the command line), too.
	_, admin := n.agent(n.tenant.ID, chat.Admin)
	require.Equal(t, 204, n.call("DELETE", "/api/v1/api-tokens/"+tok.ID.String(), admin, nil).status)
	require.Equal(t, codec.CloseBadToken, closedWithin(t, l, 5*time.Second).Code)
	second, token := n.apiToken(n.tenant.ID, chat.AllScopes)
	l = dialLine(t, far.TCPAddr(), token)
	require.NoError(t, n.kept.Store.RevokeAPIToken(context.Background(), n.tenant.ID, second.ID, time.Now()))
	require.Equal(t, codec.CloseBadToken, closedWithin(t, l, 5*time.Second).Code)
	require.Equal(t, codec.CloseBadToken, refusedWith(t, n.TCPAddr(), token))
	_, short := n.apiToken(n.tenant.ID, chat.AllScopes, func(t *chat.APIToken) { t.ExpiresAt = time.Now().Add(time.Second) })
	l = dialLine(t, n.TCPAddr(), short)
	require.Equal(t, codec.CloseBadToken, closedWithin(t, l, 6*time.Second).Code, "an expired API token has no connections")
}
