package storagetest

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

// Signer signs the audit log of storages under test. Drivers' factories give it to what they open; after every test of the suite
// all chains must be proven by it.
type Signer struct{}

var testKey = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))

// Sign implements chat.AuditSigner.
func (Signer) Sign(statement []byte) (string, []byte) {
	return "test", ed25519.Sign(testKey, statement)
}

// Verify implements chat.AuditVerifier.
func (Signer) Verify(key string, statement, signature []byte) (known, ok bool) {
	public, _ := testKey.Public().(ed25519.PublicKey)
	return key == "test", key == "test" && ed25519.Verify(public, statement, signature)
}

// Appended implements storage.Audit.
func (Signer) Appended() {}

// provenAudit proves every chain that a test has left.
func (s *suite) provenAudit() {
	heads, err := s.Store.AuditHeads(ctx(), time.Time{})
	require.NoError(s.t, err)
	for i := range heads {
		_, err := chat.VerifyAudit(ctx(), s.Store, Signer{}, heads[i].Tenant, nil, func(f chat.AuditFault) { s.t.Errorf("audit log: %+v", f) })
		require.NoError(s.t, err)
	}
}

// auditLog returns what a chain says, the oldest first: "action target details".
func (s *suite) auditLog(tenant chat.TenantID) (all []chat.AuditEntry) {
	s.t.Helper()
	all, err := s.Store.AuditRange(ctx(), tenant, 0, 100_000)
	require.NoError(s.t, err)
	return all
}

func actionsOf(all []chat.AuditEntry) (out []string) {
	for i := range all {
		out = append(out, all[i].Action)
	}
	return out
}

// Everything that must be in the log is, in order, with who did it, and without what must not be.
func testAuditActs(t *testing.T, s *suite) {
	ctx := chat.WithAct(ctx(), chat.Act{ActorKind: chat.ActorCLI, ActorName: "root\x00 \xff", Address: "192.0.2.7", Request: "r-1"})
	st, tenant := s.Store, s.tenant
	id := chat.NewID[chat.Agent]()
	g := chat.Agent{ID: id, Tenant: tenant, Email: "a@x.test", Name: "A", Role: chat.Member, Capacity: 1, PasswordHash: "hunter2hash", CreatedAt: start}
	no := func(err error) { t.Helper(); require.NoError(t, err) }
	no(st.SaveAgents(ctx, g))
	no(st.SaveAgents(ctx, g)) // nothing changes: no entry
	g.Role, g.Disabled = chat.Admin, true
	no(st.SaveAgents(ctx, g))
	swapped, err := st.SetPassword(ctx, tenant, id, "hunter2hash", "hunter3hash", start.Add(time.Hour))
	no(err)
	require.True(t, swapped)
	_, err = st.SetPassword(ctx, tenant, id, "hunter3hash", "hunter3rehashed", start.Add(time.Hour)) // the same password, hashed anew
	no(err)
	_, err = st.SetPassword(ctx, tenant, id, "wrong", "x", start.Add(2*time.Hour))
	no(err)
	team := chat.Team{ID: chat.NewID[chat.Team](), Tenant: tenant, Name: "T", CreatedAt: start}
	no(st.SaveTeam(ctx, team))
	no(st.DeleteTeam(ctx, tenant, team.ID))
	key := chat.SiteKey{Tenant: tenant, Key: "sk_1", Name: "S", Secrets: []string{"sitesecret1"}, CreatedAt: start}
	no(st.SaveSiteKey(ctx, key))
	key.Secrets = []string{"sitesecret2", "sitesecret1"}
	no(st.SaveSiteKey(ctx, key))
	no(st.DeleteSiteKey(ctx, tenant, key.Key))
	r := chat.Record{ID: chat.NewID[chat.Record](), Tenant: tenant, Kind: chat.RecordCanned, Name: "hi", Body: []byte(`{"shortcut":"hi","text":"classified"}`), Version: 1, CreatedAt: start, UpdatedAt: start}
	no(st.AddRecord(ctx, r, 5))
	r.Version, r.Body = 2, []byte(`{"shortcut":"hi","text":"classified2","title":"x"}`)
	no(st.ReplaceRecord(ctx, r))
	no(st.DeleteRecord(ctx, tenant, r.Kind, r.ID))
	tok := chat.APIToken{ID: chat.NewID[chat.APIToken](), Tenant: tenant, Hash: [32]byte{1}, Name: "crm", Scopes: chat.AgentsRead, CreatedAt: start}
	no(st.SaveAPIToken(ctx, tok))
	no(st.RevokeAPIToken(ctx, tenant, tok.ID, start))
	f := chat.SecondFactor{Tenant: tenant, Agent: id, Secret: "TOTPSECRET", CreatedAt: start}
	no(st.SaveSecondFactor(ctx, f))
	f.ConfirmedAt = start
	no(st.SaveSecondFactor(ctx, f, [32]byte{5}))
	spent, err := st.SpendRecoveryCode(ctx, tenant, id, [32]byte{5})
	no(err)
	require.True(t, spent)
	no(st.DeleteSecondFactor(ctx, tenant, id))
	no(st.DeleteSecondFactor(ctx, tenant, id)) // there is none
	for _, h := range []byte{1, 2} {
		no(st.SaveRefreshToken(ctx, chat.RefreshToken{Hash: [32]byte{h}, Family: [16]byte{9}, Tenant: tenant, Agent: id, IssuedAt: start, ExpiresAt: start.Add(time.Hour)}))
	}
	_, err = st.TakeRefreshToken(ctx, [32]byte{1}, [32]byte{}, start)
	no(err)
	_, err = st.TakeRefreshToken(ctx, [32]byte{1}, [32]byte{}, start)
	code(t, err, chat.Unauthenticated)
	no(st.EndRefreshFamily(ctx, [16]byte{9}))
	w := chat.Webhook{ID: chat.NewID[chat.Webhook](), Tenant: tenant, URL: "https://hooks.example/pathsecret", Events: []string{"message.created"}, Secrets: []string{"whsec_secret"}, CreatedAt: start, UpdatedAt: start}
	no(st.AddWebhook(ctx, w))
	_, err = st.Ping(ctx, tenant, w.ID, []byte(`{}`), start)
	no(err)
	_, err = st.ChangeWebhook(ctx, tenant, w.ID, func(w *chat.Webhook) error { w.State = chat.WebhookPaused; return nil })
	no(err)
	no(st.DeleteWebhook(ctx, tenant, w.ID))
	no(st.Audit(ctx, tenant, chat.AuditNote{Action: "visitor.exported", Details: []byte(`{`)}))

	all := s.auditLog(tenant)
	require.Equal(t, strings.Fields(`agent.created agent.updated agent.password_changed team.created team.deleted
		site_key.created site_key.updated site_key.deleted canned_response.created canned_response.updated canned_response.deleted
		api_token.created api_token.revoked totp.enrolled totp.enabled totp.recovery_code_used totp.disabled
		auth.login auth.refresh_reused auth.logout webhook.created webhook.tested webhook.updated webhook.deleted visitor.exported`), actionsOf(all))
	for i := range all {
		e := &all[i]
		if e.Action != "auth.login" { // that is the agent's own
			require.Equal(t, chat.Act{ActorKind: chat.ActorCLI, ActorName: "root \uFFFD", Address: "192.0.2.7", Request: "r-1"}, e.Act)
		}
		for _, secret := range []string{"hunter", "sitesecret", "classified", "TOTPSECRET", "pathsecret", "whsec", "rehashed"} {
			require.NotContains(t, string(e.Details)+e.TargetName, secret, e.Action)
		}
	}
	require.JSONEq(t, `{"changed":{"role":{"from":"agent","to":"admin"},"disabled":{"from":false,"to":true}}}`, string(all[1].Details))
	require.JSONEq(t, `{"changed":{"text":{},"title":{"to":"x"}}}`, string(all[9].Details))
	login := all[17]
	require.Equal(t, chat.Act{ActorKind: chat.ActorAgent, ActorID: id.String(), ActorName: "A", Address: "192.0.2.7", Request: "r-1"}, login.Act)
	require.JSONEq(t, `{"truncated":true}`, string(all[24].Details))

	platform := len(s.auditLog(chat.TenantID{}))
	tn := chat.Tenant{ID: tenant, Slug: "s", Name: "N", CreatedAt: start}
	no(st.SaveTenant(ctx, tn))
	tn.Name = "M"
	no(st.SaveTenant(ctx, tn))
	no(st.SaveAPIToken(ctx, chat.APIToken{ID: chat.NewID[chat.APIToken](), Hash: [32]byte{2}, Name: "p", CreatedAt: start}))
	no(st.AddSigningKey(ctx, chat.SigningKey{ID: "k", Secret: []byte("x"), CreatedAt: start}))
	no(st.AddSigningKey(ctx, chat.SigningKey{ID: "k", Secret: []byte("y"), CreatedAt: start}))
	require.Equal(t, []string{"tenant.created", "tenant.updated", "api_token.created", "signing_key.created"}, actionsOf(s.auditLog(chat.TenantID{})[platform:]))
	require.Len(t, s.auditLog(tenant), len(all), "what the platform does is in its own chain")
}

// What did not happen is not in the log.
func testAuditRollsBack(t *testing.T, s *suite) {
	require.NoError(t, s.Store.SaveTeam(ctx(), chat.Team{ID: chat.NewID[chat.Team](), Tenant: s.tenant, Name: "T", CreatedAt: start}))
	r := chat.Record{ID: chat.NewID[chat.Record](), Tenant: s.tenant, Kind: chat.RecordLabel, Name: "a", Body: []byte(`{}`), Version: 1, CreatedAt: start, UpdatedAt: start}
	require.NoError(t, s.Store.AddRecord(ctx(), r, 5))
	again := r
	again.ID = chat.NewID[chat.Record]()
	code(t, s.Store.AddRecord(ctx(), again, 5), chat.Conflict)
	r.Version = 7
	code(t, s.Store.ReplaceRecord(ctx(), r), chat.Conflict)
	code(t, s.Store.DeleteRecord(ctx(), s.tenant, chat.RecordLabel, again.ID), chat.NotFound)
	code(t, s.Store.DeleteTeam(ctx(), s.tenant, chat.NewID[chat.Team]()), chat.NotFound)
	code(t, s.Store.DeleteSiteKey(ctx(), s.tenant, "none"), chat.NotFound)
	code(t, s.Store.RevokeAPIToken(ctx(), s.tenant, chat.NewID[chat.APIToken](), start), chat.NotFound)
	code(t, s.Store.DeleteWebhook(ctx(), s.tenant, chat.NewID[chat.Webhook]()), chat.NotFound)
	require.NoError(t, s.Store.EndRefreshFamily(ctx(), [16]byte{77}))
	require.Equal(t, []string{"team.created", "label.created"}, actionsOf(s.auditLog(s.tenant)))
}

func testAuditList(t *testing.T, s *suite) {
	for i := range 10 {
		by := chat.WithAct(ctx(), chat.Act{ActorKind: chat.ActorAgent, ActorID: fmt.Sprint("agent-", i%2)})
		action := "agent.updated"
		if i%5 == 0 {
			action = "agent_x.updated"
		}
		require.NoError(t, s.Store.Audit(by, s.tenant, chat.AuditNote{Action: action, TargetID: fmt.Sprint("t-", i%3)}))
	}
	require.NoError(t, s.Store.Audit(ctx(), chat.NewID[chat.Tenant](), chat.AuditNote{Action: "agent.updated"}))
	list := func(f chat.AuditFilter) (seqs []uint64) {
		t.Helper()
		for f.Limit = 3; ; {
			page, next, err := s.Store.AuditEntries(ctx(), s.tenant, f)
			require.NoError(t, err)
			for i := range page {
				seqs = append(seqs, page[i].Seq)
			}
			if f.Cursor = next; next == "" {
				return seqs
			}
		}
	}
	require.Equal(t, []uint64{10, 9, 8, 7, 6, 5, 4, 3, 2, 1}, list(chat.AuditFilter{}))
	require.Equal(t, []uint64{10, 8, 6, 4, 2}, list(chat.AuditFilter{Actor: "agent-1"}))
	require.Equal(t, []uint64{10, 7, 4, 1}, list(chat.AuditFilter{Target: "t-0"}))
	require.Equal(t, []uint64{6, 1}, list(chat.AuditFilter{Action: "agent_x.updated"}))
	require.Equal(t, []uint64{10, 9, 8, 7, 5, 4, 3, 2}, list(chat.AuditFilter{Action: "agent."}))
	require.Equal(t, []uint64{4}, list(chat.AuditFilter{Action: "agent.updated", Actor: "agent-1", Target: "t-0", Until: time.Now().Add(time.Hour)})[1:])
	at := s.auditLog(s.tenant)[4].At
	require.Equal(t, 10, len(list(chat.AuditFilter{Since: at}))+len(list(chat.AuditFilter{Until: at})))
	for _, bad := range []chat.AuditFilter{{Limit: 0}, {Limit: 201}, {Limit: 1, Cursor: "x"}, {Limit: 1, Cursor: "-4"}} {
		_, _, err := s.Store.AuditEntries(ctx(), s.tenant, bad)
		code(t, err, chat.Malformed)
	}
}

// What retention removes is proven to be removed by it; the rest stays a chain.
func testAuditPrune(t *testing.T, s *suite) {
	for range 10 {
		require.NoError(t, s.Store.Audit(ctx(), s.tenant, chat.AuditNote{Action: "x.y"}))
	}
	prune := func(before time.Time, most, want int) {
		t.Helper()
		n, err := s.Store.PruneAudit(ctx(), s.tenant, before, most)
		require.NoError(t, err)
		require.Equal(t, want, n)
	}
	later := time.Now().Add(time.Hour)
	prune(time.Unix(0, 0), 100, 0)
	prune(later, 4, 4)
	s.provenAudit()
	all := s.auditLog(s.tenant)
	require.EqualValues(t, 5, all[0].Seq)
	require.Equal(t, "audit.pruned", all[6].Action)
	require.JSONEq(t, `{"from":1,"to":4}`, string(all[6].Details))
	prune(later, 100, 6) // 5 to 10: the newest stays
	s.provenAudit()
	require.Len(t, s.auditLog(s.tenant), 2)
	n, err := s.Store.PruneAudit(ctx(), chat.NewID[chat.Tenant](), later, 10)
	require.NoError(t, err)
	require.Zero(t, n)
}

// Many at once, of several chains and with rows of their own that wait for one another, make chains.
func testAuditRace(t *testing.T, s *suite) {
	const writers, each = 8, 10
	before := len(s.auditLog(chat.TenantID{}))
	var wg sync.WaitGroup
	team := chat.Team{ID: chat.NewID[chat.Team](), Tenant: s.tenant, Name: "T", CreatedAt: start}
	// One who is made for the first time by two at once may be told that the address is taken: by itself.
	require.NoError(t, s.Store.SaveAgents(ctx(), chat.Agent{ID: chat.AgentID(team.ID), Tenant: s.tenant, Email: "same@x.test", CreatedAt: start}))
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				var err error
				switch (w + i) % 3 {
				case 0:
					mine := team
					mine.Name = fmt.Sprint(w, i)
					err = s.Store.SaveTeam(ctx(), mine)
				case 1:
					err = s.Store.SaveTenant(ctx(), chat.Tenant{ID: s.tenant, Slug: "s", Name: fmt.Sprint(w, i), CreatedAt: start})
				case 2:
					err = s.Store.SaveAgents(ctx(), chat.Agent{ID: chat.NewID[chat.Agent](), Tenant: s.tenant, Email: fmt.Sprint(w, "-", i, "@x.test"), CreatedAt: start},
						chat.Agent{ID: chat.AgentID(team.ID), Tenant: s.tenant, Email: "same@x.test", Name: fmt.Sprint(w, i), CreatedAt: start})
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	all := append(s.auditLog(s.tenant), s.auditLog(chat.TenantID{})[before:]...)
	require.GreaterOrEqual(t, len(all), writers*each)
}
