package server_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/outbound/mail"
	"github.com/uniqchat/uniqchat/server"
	"github.com/uniqchat/uniqchat/server/api"
	"github.com/uniqchat/uniqchat/testkit/smtpsink"
)

// withMail is a server that sends mail into a sink.
func withMail(t *testing.T, c api.MailConfig) (*node, *smtpsink.Sink) {
	t.Helper()
	sink := smtpsink.Start(t, smtpsink.Options{})
	c.Enabled = true
	n := start(t, func(cfg *server.Config) { cfg.Mail, cfg.SessionsPerAddress = c, 0 })
	s, err := mail.New(mail.Options{
		Queue: n.kept.Store, Data: n.MailData, Resets: n.MailResets, Poll: 20 * time.Millisecond, First: 50 * time.Millisecond, Logger: slog.New(slog.DiscardHandler),
		Server: mail.Server{Host: sink.Host, Port: sink.Port, TLS: mail.StartTLS, From: "support@uniqchat.test", Roots: sink.Roots},
	})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-ended)
	})
	return n, sink
}

var anyLink = regexp.MustCompile(`http://\S+/auth/link#\S+`)

// tokenIn is the token of a link's address.
func tokenIn(t *testing.T, link string) string {
	t.Helper()
	u, err := url.Parse(link)
	require.NoError(t, err)
	values, err := url.ParseQuery(u.Fragment)
	require.NoError(t, err)
	for _, v := range values {
		return v[0]
	}
	t.Fatalf("%q has no token", link)
	return ""
}

// mailed is the token of the link in a mail.
func mailed(t *testing.T, m *smtpsink.Message) string {
	t.Helper()
	_, text, _ := m.Read(t)
	return tokenIn(t, anyLink.FindString(text))
}

const (
	acceptPath = "/api/v1/auth/invite/accept"
	resetPath  = "/api/v1/auth/password/reset/confirm"
)

var another = map[string]any{"password": "another horse"}

func TestInviteByMail(t *testing.T) {
	n, sink := withMail(t, api.MailConfig{})
	_, admin := n.agent(n.tenant.ID, chat.Admin)
	made := n.call("POST", "/api/v1/agents", admin, map[string]any{"email": "New@X.test", "name": "New", "locale": "en"})
	require.Equal(t, 201, made.status, string(made.raw))
	invite := made.body["invite"].(map[string]any)
	require.Equal(t, true, invite["mailed"])
	require.NotContains(t, string(made.raw), "uqm_", "the link is for the one who is invited")
	got := sink.Wait(t, 1)[0]
	require.Equal(t, []string{"new@x.test"}, got.To)
	require.Equal(t, "One: your account for customer support", got.Subject(t))
	token := mailed(t, &got)
	require.Equal(t, 401, n.login("new@x.test", "another horse").status)

	require.Equal(t, 401, n.call("POST", acceptPath, "", another).status)
	require.Equal(t, 401, n.call("POST", acceptPath, token[:len(token)-1]+"x", another).status)
	require.Equal(t, 401, n.call("POST", resetPath, token, another).status, "it is not for that")
	require.Equal(t, 401, n.call("GET", "/api/v1/agents", token, nil).status, "nor for anything else")
	require.Equal(t, "link_only", n.call("POST", acceptPath, admin, another).code())
	require.Equal(t, 400, n.call("POST", acceptPath, token, map[string]any{"password": "12345678"}).status, "a bad password does not spend it")

	id := made.body["id"].(string)
	require.Equal(t, 200, n.call("POST", "/api/v1/agents/"+id+"/invite", admin, map[string]any{"locale": "zh"}).status)
	second := sink.Wait(t, 2)[1]
	require.Equal(t, "One：您的客服账号", second.Subject(t))
	require.Equal(t, "link_invalid", n.call("POST", acceptPath, token, another).code(), "another invite ends it")
	token = mailed(t, &second)
	require.Equal(t, 204, n.call("POST", acceptPath, token, another).status)
	require.Equal(t, 200, n.login("new@x.test", "another horse").status)
	require.Equal(t, 401, n.call("POST", acceptPath, token, map[string]any{"password": "stolen horse"}).status, "once")
	require.Equal(t, "already_accepted", n.call("POST", "/api/v1/agents/"+id+"/invite", admin, nil).code())

	list := n.call("GET", "/api/v1/mails", admin, nil)
	require.Len(t, list.data(), 2)
	for _, m := range list.data() {
		require.Equal(t, "invite", m.(map[string]any)["kind"])
	}
	require.NotContains(t, string(list.raw), "uqm_")
	_, stranger := n.agent(n.other.ID, chat.Admin)
	require.Empty(t, n.call("GET", "/api/v1/mails", stranger, nil).data())
}

// Where no mail is sent, the admin hands the link over; what else needs mail says so.
func TestWithoutMail(t *testing.T) {
	n := start(t, nil)
	_, admin := n.agent(n.tenant.ID, chat.Admin)
	made := n.call("POST", "/api/v1/agents", admin, map[string]any{"email": "new@x.test", "name": "New"})
	require.Equal(t, 201, made.status, string(made.raw))
	invite := made.body["invite"].(map[string]any)
	require.Equal(t, false, invite["mailed"])
	link := invite["url"].(string)
	require.True(t, strings.HasPrefix(link, "http://"+n.HTTPAddr()+"/auth/link#"), link)
	require.NotContains(t, string(n.call("GET", "/api/v1/agents", admin, nil).raw), "uqm_")
	require.Equal(t, 204, n.call("POST", acceptPath, tokenIn(t, link), another).status)
	require.Equal(t, 200, n.login("new@x.test", "another horse").status)

	require.Equal(t, "mail_not_configured", n.call("POST", "/auth/reset", "", map[string]any{"email": "new@x.test"}).code())
	visitor, token := n.visitor("shop")
	conv := n.conversation(n.tenant.ID, visitor, "hello")
	got := n.call("POST", "/api/v1/conversations/"+conv.String()+"/transcript", token, nil)
	require.Equal(t, 409, got.status)
	require.Equal(t, "mail_not_configured", got.code())
	require.Equal(t, 201, n.call("POST", "/api/v1/offline-messages", token, map[string]any{"email": "li@example.com", "text": "call me"}).status)
}

// A reset tells nobody who has an account, and ends every log-in of whoever has.
func TestPasswordReset(t *testing.T) {
	n, sink := withMail(t, api.MailConfig{})
	a, _ := n.agent(n.tenant.ID, chat.Member)
	off, _ := n.agent(n.tenant.ID, chat.Member)
	off.Disabled = true
	require.NoError(t, n.kept.Store.SaveAgents(context.Background(), off))
	in := n.login(a.Email, password)
	access := in.body["access_token"].(string)
	l := dialLine(t, n.TCPAddr(), access)
	ask := func(email string) *answer {
		return n.call("POST", "/auth/reset", "", map[string]any{"email": email}, "Accept-Language", "en")
	}
	unknown, disabled, known := ask("nobody@x.test"), ask(off.Email), ask(strings.ToUpper(a.Email))
	for _, got := range []*answer{unknown, disabled, known} {
		require.Equal(t, 202, got.status)
		require.Empty(t, got.raw)
		require.Equal(t, len(known.header), len(got.header))
	}
	got := sink.Wait(t, 1)[0]
	require.Equal(t, []string{a.Email}, got.To)
	token := mailed(t, &got)
	require.Equal(t, 401, n.call("POST", acceptPath, token, another).status, "it is not for that")
	require.Equal(t, 204, n.call("POST", resetPath, token, another).status)
	require.Equal(t, codec.CloseBadToken, closedWithin(t, l, 5*time.Second).Code)
	require.Equal(t, "token_revoked", n.call("GET", "/api/v1/agents", access, nil).code())
	require.Equal(t, 401, n.call("POST", "/api/v1/auth/refresh", "", map[string]any{"refresh_token": in.body["refresh_token"]}).status)
	require.Equal(t, 401, n.login(a.Email, password).status)
	require.Equal(t, 200, n.login(a.Email, "another horse").status)
	require.Equal(t, 401, n.call("POST", resetPath, token, another).status, "once")
	_, admin := n.agent(n.tenant.ID, chat.Admin)
	acts := n.call("GET", "/api/v1/audit-log?action=agent.password_changed", admin, nil)
	require.Len(t, acts.data(), 1, string(acts.raw))
	require.NotContains(t, string(acts.raw), token)

	// Nobody fills somebody else's mailbox: three an hour, this was the first.
	for range 4 {
		require.Equal(t, 202, ask(a.Email).status)
	}
	sink.Wait(t, 3)
	require.Eventually(t, func() bool {
		left, err := n.kept.Store.ClaimMailRequests(context.Background(), time.Now().Add(time.Hour), time.Now(), 10)
		return err == nil && len(left) == 0
	}, time.Minute, 20*time.Millisecond)
	require.Len(t, sink.Messages(), 3)
	require.Equal(t, 400, ask("no address").status)
}

// Whoever reads somebody's mail does not get past the second factor.
func TestResetKeepsSecondFactor(t *testing.T) {
	n, sink := withMail(t, api.MailConfig{})
	a, _ := n.agent(n.tenant.ID, chat.Member)
	access := n.login(a.Email, password).body["access_token"].(string)
	enrolled := n.do("POST", "/api/v1/auth/totp/enrol", access, map[string]any{"password": password})
	code, err := totp.GenerateCode(enrolled.body["secret"].(string), time.Now())
	require.NoError(t, err)
	n.do("POST", "/api/v1/auth/totp/confirm", access, map[string]any{"code": code})
	require.Equal(t, 202, n.call("POST", "/auth/reset", "", map[string]any{"email": a.Email}).status)
	got := sink.Wait(t, 1)[0]
	require.Equal(t, 204, n.call("POST", resetPath, mailed(t, &got), another).status)
	require.Equal(t, "totp_required", n.login(a.Email, "another horse").code())
}

// Beyond what a tenant may send nothing more goes out; what visitors leave is kept all the same.
func TestMailsOfATenantAreBounded(t *testing.T) {
	n, sink := withMail(t, api.MailConfig{PerTenant: 2})
	_, admin := n.agent(n.tenant.ID, chat.Admin)
	n.do("PATCH", "/api/v1/mail-settings", admin, map[string]any{"offline_to": []string{"team@example.com"}})
	for range 4 {
		n.offlineMessage()
	}
	sink.Wait(t, 2)
	require.Len(t, n.call("GET", "/api/v1/offline-messages", admin, nil).data(), 4)
	require.Len(t, n.call("GET", "/api/v1/mails", admin, nil).data(), 2)
	token := n.session("li@example.com")
	got := n.call("POST", "/api/v1/conversations/"+n.begin(token, "hello")+"/transcript", token, nil)
	require.Equal(t, []any{429, "too_many_mails"}, []any{got.status, got.code()})
	_, stranger := n.agent(n.other.ID, chat.Admin)
	made := n.call("POST", "/api/v1/agents", stranger, map[string]any{"email": "new@x.test", "name": "New"})
	require.Equal(t, 201, made.status, "another tenant's are its own")
	require.Equal(t, true, made.body["invite"].(map[string]any)["mailed"])
	sink.Wait(t, 3)
}

// A reset is for both of somebody's accounts, unless the tenant is named.
func TestResetInSeveralTenants(t *testing.T) {
	n, sink := withMail(t, api.MailConfig{BaseURL: "http://chat.example"})
	var both [2]chat.Agent
	for i, tenant := range []chat.TenantID{n.tenant.ID, n.other.ID} {
		both[i], _ = n.agent(tenant, chat.Member)
		both[i].Email = "both@x.test"
		require.NoError(t, n.kept.Store.SaveAgents(context.Background(), both[i]))
	}
	require.Equal(t, 202, n.call("POST", "/auth/reset", "", map[string]any{"email": "both@x.test", "tenant": "two"}).status)
	first := sink.Wait(t, 1)[0]
	require.Equal(t, "Two：重设密码", first.Subject(t))
	_, text, _ := first.Read(t)
	require.Contains(t, text, "http://chat.example/auth/link#")
	require.Equal(t, 202, n.call("POST", "/auth/reset", "", map[string]any{"email": "both@x.test"}).status)
	sink.Wait(t, 3)
	require.Equal(t, 204, n.call("POST", resetPath, mailed(t, &first), another).status)
	other, err := n.kept.Store.Agent(context.Background(), n.tenant.ID, both[0].ID)
	require.NoError(t, err)
	require.Equal(t, both[0].PasswordHash, other.PasswordHash, "the other account's is what it was")
}

// session opens a widget's session of somebody with an address.
func (n *node) session(email string) (token string) {
	n.t.Helper()
	got := n.call("POST", "/api/v1/widget/session", "", map[string]any{"site_key": "shop", "email": email, "name": "Li", "locale": "en-GB"}, "Origin", origin)
	require.Equal(n.t, 201, got.status, string(got.raw))
	return got.body["token"].(string)
}

// begin begins a conversation.
func (n *node) begin(token, said string) string {
	n.t.Helper()
	conv := chat.NewID[chat.Conversation]().String()
	got := n.call("POST", "/api/v1/conversations/"+conv+"/messages", token, map[string]any{"cmid": chat.NewID[chat.Event]().String(), "body": text(said)})
	require.Equal(n.t, 201, got.status, string(got.raw))
	return conv
}

// A transcript goes to its visitor's own address, and has what the visitor saw.
func TestTranscriptByMail(t *testing.T) {
	n, sink := withMail(t, api.MailConfig{PerRecipient: 2})
	token := n.session("li@example.com")
	_, agent := n.agent(n.tenant.ID, chat.Member)
	conv := n.begin(token, "Where is <b>it</b>?")
	require.Equal(t, 201, n.call("POST", "/api/v1/conversations/"+conv+"/notes", agent, map[string]any{"text": "a difficult one"}).status)
	path := "/api/v1/conversations/" + conv + "/transcript"
	require.Equal(t, 202, n.call("POST", path, token, nil).status)
	got := sink.Wait(t, 1)[0]
	require.Equal(t, []string{"li@example.com"}, got.To)
	require.Equal(t, "One: your conversation", got.Subject(t))
	_, plain, html := got.Read(t)
	require.Contains(t, plain, "Visitor: Where is <b>it</b>?")
	require.Contains(t, html, "&lt;b&gt;it")
	require.NotContains(t, plain, "difficult")
	require.Equal(t, 202, n.call("POST", path, agent, nil).status)
	sink.Wait(t, 2)
	over := n.call("POST", path, agent, nil)
	require.Equal(t, 429, over.status)
	require.Equal(t, "too_many_mails", over.code())
	require.NotEmpty(t, over.header.Get("Retry-After"))

	stranger := n.session("other@example.com")
	require.Equal(t, 404, n.call("POST", path, stranger, nil).status)
	for _, bad := range []string{"", "li@example.com\r\nBcc: x@example.com", "not an address"} {
		quiet := n.session(bad)
		got := n.call("POST", "/api/v1/conversations/"+n.begin(quiet, "hello")+"/transcript", quiet, nil)
		require.Equal(t, "no_address", got.code(), bad)
	}
}

func (n *node) offlineMessage() chat.OfflineID {
	n.t.Helper()
	visitor, token := n.visitor("shop")
	got := n.call("POST", "/api/v1/offline-messages", token, map[string]any{"email": "li@example.com", "text": "call me"})
	require.Equal(n.t, 201, got.status, "%s of %s", got.raw, visitor)
	id, err := chat.ParseID[chat.OfflineMessage](got.body["id"].(string))
	require.NoError(n.t, err)
	return id
}

// What is left when nobody is there waits in the queue like any conversation, is told of once, and can be seen to.
func TestOfflineMessages(t *testing.T) {
	n, sink := withMail(t, api.MailConfig{})
	_, admin := n.agent(n.tenant.ID, chat.Admin)
	const path = "/api/v1/offline-messages"
	require.Equal(t, 400, n.call("PATCH", "/api/v1/mail-settings", admin, map[string]any{"offline_to": []string{"a@x.test\nBcc: b@x.test"}}).status)
	set := n.call("PATCH", "/api/v1/mail-settings", admin, map[string]any{"offline_to": []string{"team@example.com", "Team@example.com", "boss@example.com"}, "locale": "en"})
	require.Equal(t, 200, set.status, string(set.raw))
	require.Equal(t, []any{"team@example.com", "boss@example.com"}, set.body["offline_to"])

	_, token := n.visitor("shop")
	body := map[string]any{"email": "li@example.com", "name": "Li", "text": "Call me.\n\n<script>", "cmid": chat.NewID[chat.Event]().String()}
	left := n.call("POST", path, token, body)
	require.Equal(t, 201, left.status, string(left.raw))
	again := n.call("POST", path, token, body)
	require.Equal(t, left.body["id"], again.body["id"], "the same message is the same")
	mails := sink.Wait(t, 2)
	h, plain, html := mails[0].Read(t)
	require.Equal(t, "<li@example.com>", h.Get("Reply-To"))
	require.Equal(t, "One: message from Li", mails[0].Subject(t))
	require.Contains(t, plain, "Call me.")
	require.NotContains(t, html, "<script>")

	conv := n.call("GET", "/api/v1/conversations/"+left.body["conversation_id"].(string), admin, nil)
	require.Equal(t, "queued", conv.body["status"])
	require.Equal(t, "Li", conv.body["visitor_name"])
	entries := n.call("GET", "/api/v1/conversations/"+left.body["conversation_id"].(string)+"/messages", admin, nil).data()
	require.Len(t, entries, 3, "it began, the message, the note of how to answer")
	var change chat.Change
	raw, err := json.Marshal(entries[2].(map[string]any)["body"])
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &change))
	require.Equal(t, chat.EventOffline, change.Event)
	require.Equal(t, "li@example.com", change.Extra["email"])
	require.Len(t, n.call("GET", "/api/v1/conversations/"+left.body["conversation_id"].(string)+"/messages", token, nil).data(), 2, "which is the staff's")

	require.Len(t, n.call("GET", path+"?status=open", admin, nil).data(), 1)
	require.Empty(t, n.call("GET", path+"?status=done", admin, nil).data())
	id := left.body["id"].(string)
	done := n.call("POST", path+"/"+id+"/done", admin, nil)
	require.Equal(t, 200, done.status, string(done.raw))
	require.NotNil(t, done.body["done_at"])
	require.Equal(t, "Call me.\n\n<script>", done.body["text"])
	require.Empty(t, n.call("GET", path+"?status=open", admin, nil).data())
	_, stranger := n.agent(n.other.ID, chat.Admin)
	require.Equal(t, 404, n.call("GET", path+"/"+id, stranger, nil).status)
	require.Empty(t, n.call("GET", path, stranger, nil).data())

	for _, bad := range []map[string]any{{"email": "no", "text": "x"}, {"email": "a@x.test\r\nBcc: b@x.test", "text": "x"}, {"email": "a@x.test", "text": "  "}, {"email": "a@x.test"}} {
		require.Equal(t, 400, n.call("POST", path, token, bad).status)
	}
	for range 3 {
		require.Equal(t, 201, n.call("POST", path, token, map[string]any{"email": "li@example.com", "text": "hello?"}).status)
	}
	require.Equal(t, "too_many_offline_messages", n.call("POST", path, token, map[string]any{"email": "li@example.com", "text": "hello?"}).code())
	sink.Wait(t, 8)
	require.Equal(t, 204, n.call("DELETE", "/api/v1/mail-settings", admin, nil).status)
	require.Empty(t, n.call("GET", "/api/v1/mail-settings", admin, nil).body["offline_to"])
	deleted := n.call("GET", "/api/v1/audit-log?action=mail.deleted", admin, nil)
	require.Len(t, deleted.data(), 1, string(deleted.raw))
}

// The pages behind links stand by themselves.
func TestAuthPages(t *testing.T) {
	n := start(t, nil)
	for _, path := range []string{"/auth/reset", "/auth/link"} {
		got := n.call("GET", path, "", nil)
		require.Equal(t, 200, got.status)
		require.Contains(t, got.header.Get("Content-Security-Policy"), "frame-ancestors 'none'")
	}
	require.Equal(t, 200, n.call("GET", "/auth/auth.js", "", nil).status)
}

// A team has one promise, and so has everybody else.
func TestPromisesOverHTTP(t *testing.T) {
	n := start(t, nil)
	_, admin := n.agent(n.tenant.ID, chat.Admin)
	const path = "/api/v1/sla"
	made := n.call("POST", path, admin, map[string]any{"name": "fast", "first_response_seconds": 60})
	require.Equal(t, 201, made.status, string(made.raw))
	require.Equal(t, "name_taken", n.call("POST", path, admin, map[string]any{"name": "faster", "first_response_seconds": 30}).code())
	id := made.body["id"].(string)
	changed := n.call("PATCH", path+"/"+id, admin, map[string]any{"resolution_seconds": 3600})
	require.Equal(t, 200, changed.status, string(changed.raw))
	require.EqualValues(t, 60, changed.body["first_response_seconds"])
	require.Len(t, n.call("GET", "/api/v1/audit-log?action=sla.updated", admin, nil).data(), 1)
	for _, bad := range []map[string]any{{"name": "none"}, {"name": "x", "first_response_seconds": -1}, {"name": "x", "resolution_seconds": 1, "team_id": "x"}} {
		require.Equal(t, 400, n.call("POST", path, admin, bad).status)
	}
	unknown := map[string]any{"name": "x", "resolution_seconds": 1, "team_id": chat.NewID[chat.Team]().String()}
	require.Equal(t, 404, n.call("POST", path, admin, unknown).status)
	require.Equal(t, 204, n.call("DELETE", path+"/"+id, admin, nil).status)
	require.Equal(t, 400, n.call("PATCH", "/api/v1/routing", admin, map[string]any{"reoffer_seconds": 1}).status)
	require.EqualValues(t, 60, n.call("PATCH", "/api/v1/routing", admin, map[string]any{"reoffer_seconds": 60}).body["reoffer_seconds"])
}
