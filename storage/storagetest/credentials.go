package storagetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

func testAPITokens(t *testing.T, s *suite) {
	other := chat.NewID[chat.Tenant]()
	make := func(n byte, tenant chat.TenantID) chat.APIToken {
		tok := chat.APIToken{
			ID: chat.NewID[chat.APIToken](), Tenant: tenant, Hash: [32]byte{n}, Name: "crm", Hint: "uq_12…ab", Scopes: chat.ConversationsRead | chat.AllScopes,
			CreatedBy: chat.NewID[chat.Agent](), CreatedAt: start, ExpiresAt: start.Add(time.Hour),
		}
		require.NoError(t, s.Store.SaveAPIToken(ctx(), tok))
		return tok
	}
	list := func(tenant chat.TenantID) (all []chat.APIToken) {
		for cursor := ""; ; {
			page, next, err := s.Store.APITokens(ctx(), tenant, cursor, 1)
			require.NoError(t, err)
			all = append(all, page...)
			if cursor = next; next == "" {
				return all
			}
		}
	}
	first, second, theirs, platform := make(1, s.tenant), make(2, s.tenant), make(3, other), make(4, chat.TenantID{})
	for _, want := range []chat.APIToken{first, theirs, platform} {
		got, err := s.Store.APIToken(ctx(), want.Hash)
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(want, got))
	}
	require.Empty(t, cmp.Diff([]chat.APIToken{first, second}, list(s.tenant)))
	require.Empty(t, cmp.Diff([]chat.APIToken{theirs}, list(other)))
	require.Empty(t, cmp.Diff([]chat.APIToken{platform}, list(chat.TenantID{})))
	_, err := s.Store.APIToken(ctx(), [32]byte{9})
	code(t, err, chat.NotFound)
	again := first
	again.ID = chat.NewID[chat.APIToken]()
	require.Error(t, s.Store.SaveAPIToken(ctx(), again), "one hash, one token")
	_, _, err = s.Store.APITokens(ctx(), s.tenant, "nonsense", 5)
	code(t, err, chat.Malformed)
	_, _, err = s.Store.APITokens(ctx(), s.tenant, "", 0)
	code(t, err, chat.Malformed)

	require.NoError(t, s.Store.APITokensUsed(ctx(), start.Add(time.Minute), first.Hash, platform.Hash, [32]byte{9}))
	require.NoError(t, s.Store.APITokensUsed(ctx(), start.Add(time.Second), first.Hash)) // never back
	got, err := s.Store.APIToken(ctx(), first.Hash)
	require.NoError(t, err)
	require.Equal(t, start.Add(time.Minute), got.LastUsedAt)

	for _, tenant := range []chat.TenantID{s.tenant, {}} {
		code(t, s.Store.RevokeAPIToken(ctx(), tenant, theirs.ID, start), chat.NotFound)
	}
	code(t, s.Store.RevokeAPIToken(ctx(), s.tenant, platform.ID, start), chat.NotFound)
	for _, tok := range []chat.APIToken{first, platform} {
		require.NoError(t, s.Store.RevokeAPIToken(ctx(), tok.Tenant, tok.ID, start.Add(time.Minute)))
		code(t, s.Store.RevokeAPIToken(ctx(), tok.Tenant, tok.ID, start), chat.NotFound)
		got, err = s.Store.APIToken(ctx(), tok.Hash)
		require.NoError(t, err)
		require.False(t, got.Live(start))
	}
	ended, err := s.Store.EndedFamilies(ctx(), start)
	require.NoError(t, err)
	require.ElementsMatch(t, [][16]byte{first.ID, platform.ID}, ended)
	require.Empty(t, cmp.Diff([]chat.APIToken{second}, list(s.tenant)))
	require.Empty(t, list(chat.TenantID{}))
}

func testSecondFactors(t *testing.T, s *suite) {
	agent, other := chat.NewID[chat.Agent](), chat.NewID[chat.Tenant]()
	f := chat.SecondFactor{Tenant: s.tenant, Agent: agent, Secret: "JBSWY3DP", CreatedAt: start}
	_, err := s.Store.SecondFactor(ctx(), s.tenant, agent)
	code(t, err, chat.NotFound)
	require.NoError(t, s.Store.SaveSecondFactor(ctx(), f))
	f.Secret, f.ConfirmedAt, f.LastStep = "KRSXG5A", start.Add(time.Second), 7
	require.NoError(t, s.Store.SaveSecondFactor(ctx(), f, [32]byte{1}, [32]byte{2}))
	got, err := s.Store.SecondFactor(ctx(), s.tenant, agent)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(f, got))
	_, err = s.Store.SecondFactor(ctx(), other, agent)
	code(t, err, chat.NotFound)

	// A step is taken once, by one of many, and none before it afterwards.
	taken := make(chan bool, 8)
	for range 8 {
		go func() {
			is, err := s.Store.SpendStep(ctx(), s.tenant, agent, f.Secret, 9)
			taken <- is && err == nil
		}()
	}
	n := 0
	for range 8 {
		if <-taken {
			n++
		}
	}
	require.Equal(t, 1, n)
	for _, tc := range []struct {
		tenant chat.TenantID
		secret string
		step   int64
		want   bool
	}{{s.tenant, f.Secret, 9, false}, {s.tenant, f.Secret, 8, false}, {s.tenant, "JBSWY3DP", 10, false}, {other, f.Secret, 10, false}, {s.tenant, f.Secret, 10, true}} {
		is, err := s.Store.SpendStep(ctx(), tc.tenant, agent, tc.secret, tc.step)
		require.NoError(t, err)
		require.Equal(t, tc.want, is, "%+v", tc)
	}
	for _, want := range []bool{true, false} {
		is, err := s.Store.SpendRecoveryCode(ctx(), other, agent, [32]byte{1})
		require.NoError(t, err)
		require.False(t, is)
		is, err = s.Store.SpendRecoveryCode(ctx(), s.tenant, agent, [32]byte{1})
		require.NoError(t, err)
		require.Equal(t, want, is)
	}
	left, err := s.Store.RecoveryCodes(ctx(), s.tenant, agent)
	require.NoError(t, err)
	require.Equal(t, 1, left)
	for range 2 {
		require.NoError(t, s.Store.DeleteSecondFactor(ctx(), s.tenant, agent))
	}
	_, err = s.Store.SecondFactor(ctx(), s.tenant, agent)
	code(t, err, chat.NotFound)
	left, err = s.Store.RecoveryCodes(ctx(), s.tenant, agent)
	require.NoError(t, err)
	require.Zero(t, left)
}

func testAttempts(t *testing.T, s *suite) {
	what, window := [32]byte{1}, time.Minute
	at := start
	for i := range 3 {
		n, err := s.Store.CountAttempt(ctx(), what, at, window)
		require.NoError(t, err)
		require.Equal(t, i+1, n)
		at = at.Add(10 * time.Second)
	}
	n, until, err := s.Store.Attempts(ctx(), what, at)
	require.NoError(t, err)
	require.Equal(t, 3, n)
	require.Equal(t, start.Add(window), until, "the window began with the first")
	n, _, err = s.Store.Attempts(ctx(), [32]byte{2}, at)
	require.NoError(t, err)
	require.Zero(t, n)
	at = start.Add(window)
	n, _, err = s.Store.Attempts(ctx(), what, at)
	require.NoError(t, err)
	require.Zero(t, n)
	n, err = s.Store.CountAttempt(ctx(), what, at, window)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.NoError(t, s.Store.ForgetAttempts(ctx(), what))
	n, _, err = s.Store.Attempts(ctx(), what, at)
	require.NoError(t, err)
	require.Zero(t, n)

	// Many at once, of few things whose windows end meanwhile: each is counted.
	const each, things = 16, 4
	seen := make(chan int, each*things)
	for i := range each * things {
		go func() {
			n, err := s.Store.CountAttempt(ctx(), [32]byte{10, byte(i % things)}, at.Add(2*window), window)
			if err != nil {
				n = -1
			}
			seen <- n
		}()
		if i < things {
			_, err := s.Store.CountAttempt(ctx(), [32]byte{20, byte(i)}, at, window)
			require.NoError(t, err)
		}
	}
	sum := 0
	for range each * things {
		n := <-seen
		require.Positive(t, n)
		sum += n
	}
	require.Equal(t, things*each*(each+1)/2, sum)
}

func testSetPassword(t *testing.T, s *suite) {
	a := chat.Agent{
		ID: chat.NewID[chat.Agent](), Tenant: s.tenant, Email: "p@x.test", Name: "P", Role: chat.Member, Teams: []chat.TeamID{}, PasswordHash: "one", CreatedAt: start,
	}
	require.NoError(t, s.Store.SaveAgents(ctx(), a))
	set := func(tenant chat.TenantID, old, hash string, after time.Time) bool {
		is, err := s.Store.SetPassword(ctx(), tenant, a.ID, old, hash, after)
		require.NoError(t, err)
		return is
	}
	require.False(t, set(chat.NewID[chat.Tenant](), "one", "stolen", time.Time{}))
	require.True(t, set(s.tenant, "one", "two", start.Add(time.Minute)))
	require.False(t, set(s.tenant, "one", "three", time.Time{}), "somebody else was faster")
	require.True(t, set(s.tenant, "two", "three", time.Time{}))
	got, err := s.Store.Agent(ctx(), s.tenant, a.ID)
	require.NoError(t, err)
	a.PasswordHash, a.TokensAfter = "three", start.Add(time.Minute)
	require.Equal(t, a.PasswordHash, got.PasswordHash)
	require.Equal(t, a.TokensAfter, got.TokensAfter, "what had ended stays ended")

	// Who read the agent before that saves it.
	a.Name, a.PasswordHash, a.TokensAfter = "Renamed", "one", time.Time{}
	require.NoError(t, s.Store.SaveAgents(ctx(), a))
	got, err = s.Store.Agent(ctx(), s.tenant, a.ID)
	require.NoError(t, err)
	a.PasswordHash, a.TokensAfter = "three", start.Add(time.Minute)
	require.Empty(t, cmp.Diff(a, got), "the name is new, the password is not the old one")
	for _, after := range []time.Time{a.TokensAfter, a.TokensAfter.Add(time.Second)} {
		a.PasswordHash, a.TokensAfter = after.String(), after
		require.NoError(t, s.Store.SaveAgents(ctx(), a))
		got, err = s.Store.Agent(ctx(), s.tenant, a.ID)
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(a, got))
	}
}

func testSiteKeys(t *testing.T, s *suite) {
	other := chat.NewID[chat.Tenant]()
	k := chat.SiteKey{Tenant: s.tenant, Key: "b", Name: "Shop", Secrets: []string{"x"}, Origins: []string{"https://a.test"}, CreatedAt: start}
	require.NoError(t, s.Store.SaveSiteKey(ctx(), k))
	require.NoError(t, s.Store.SaveSiteKey(ctx(), chat.SiteKey{Tenant: s.tenant, Key: "a"}))
	require.NoError(t, s.Store.SaveSiteKey(ctx(), chat.SiteKey{Tenant: other, Key: "c"}))
	off := false
	k.Name, k.Origins = "Renamed", nil
	k.Widget = chat.Widget{Title: chat.Bilingual{ZH: "小店"}, Color: "#112233", Triggers: &off, PreChat: chat.PreChat{Fields: []chat.WidgetField{{Name: "email", Type: "email", Required: true}}}}
	changed := k
	changed.CreatedAt = start.Add(time.Hour) // when it was made does not change
	require.NoError(t, s.Store.SaveSiteKey(ctx(), changed))
	keys, err := s.Store.SiteKeys(ctx(), s.tenant)
	require.NoError(t, err)
	require.Len(t, keys, 2)
	require.Equal(t, "a", keys[0].Key)
	require.Equal(t, k.Name, keys[1].Name)
	require.Equal(t, k.CreatedAt, keys[1].CreatedAt)
	require.Equal(t, k.Widget, keys[1].Widget)
	require.Equal(t, chat.Widget{}, keys[0].Widget)
	code(t, s.Store.DeleteSiteKey(ctx(), s.tenant, "c"), chat.NotFound)
	require.NoError(t, s.Store.DeleteSiteKey(ctx(), s.tenant, "b"))
	code(t, s.Store.DeleteSiteKey(ctx(), s.tenant, "b"), chat.NotFound)
	_, err = s.Store.SiteKey(ctx(), "b")
	code(t, err, chat.NotFound)
	_, err = s.Store.SiteKey(ctx(), "c")
	require.NoError(t, err)
}

func testDeleteTeam(t *testing.T, s *suite) {
	sales := chat.Team{ID: chat.NewID[chat.Team](), Tenant: s.tenant, Name: "Sales", CreatedAt: start}
	help := chat.Team{ID: chat.NewID[chat.Team](), Tenant: s.tenant, Name: "Help", CreatedAt: start}
	require.NoError(t, s.Store.SaveTeam(ctx(), sales))
	require.NoError(t, s.Store.SaveTeam(ctx(), help))
	both := chat.Agent{ID: chat.NewID[chat.Agent](), Tenant: s.tenant, Email: "t@x.test", Role: chat.Member, Teams: []chat.TeamID{sales.ID, help.ID}, CreatedAt: start}
	one := chat.Agent{ID: chat.NewID[chat.Agent](), Tenant: s.tenant, Email: "u@x.test", Role: chat.Member, Teams: []chat.TeamID{help.ID}, CreatedAt: start}
	require.NoError(t, s.Store.SaveAgents(ctx(), both, one))
	code(t, s.Store.DeleteTeam(ctx(), chat.NewID[chat.Tenant](), sales.ID), chat.NotFound)
	require.NoError(t, s.Store.DeleteTeam(ctx(), s.tenant, sales.ID))
	code(t, s.Store.DeleteTeam(ctx(), s.tenant, sales.ID), chat.NotFound)
	for _, id := range []chat.AgentID{both.ID, one.ID} {
		a, err := s.Store.Agent(ctx(), s.tenant, id)
		require.NoError(t, err)
		require.Equal(t, []chat.TeamID{help.ID}, a.Teams)
	}
	teams, err := s.Store.Teams(ctx(), s.tenant)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff([]chat.Team{help}, teams))
}
