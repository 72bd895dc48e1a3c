package storagetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

// Of changes of one agent, or of one site key, at once none undoes another; what is gone does not come back.
func testChangesAtOnce(t *testing.T, s *suite) {
	const n = 12
	g := chat.Agent{ID: chat.NewID[chat.Agent](), Tenant: s.tenant, Email: "a@x.test", Name: "A", Role: chat.Member, Teams: []chat.TeamID{}, PasswordHash: "x", CreatedAt: start}
	require.NoError(t, s.Store.SaveAgents(ctx(), g))
	k := chat.SiteKey{Tenant: s.tenant, Key: "k", Name: "K", Secrets: []string{"one"}, CreatedAt: start}
	require.NoError(t, s.Store.SaveSiteKey(ctx(), k))
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			_, err := s.Store.ChangeAgent(ctx(), s.tenant, g.ID, func(g *chat.Agent) error { g.Capacity++; return nil })
			require.NoError(t, err)
		})
		wg.Go(func() {
			_, err := s.Store.ChangeSiteKey(ctx(), s.tenant, k.Key, func(k *chat.SiteKey) error {
				k.Origins = append(k.Origins, fmt.Sprintf("https://%d.test", i))
				return nil
			})
			require.NoError(t, err)
		})
	}
	wg.Wait()
	got, err := s.Store.Agent(ctx(), s.tenant, g.ID)
	require.NoError(t, err)
	g.Capacity = n
	require.Empty(t, cmp.Diff(g, got))
	key, err := s.Store.SiteKey(ctx(), k.Key)
	require.NoError(t, err)
	require.Len(t, key.Origins, n)
	require.Equal(t, k.Secrets, key.Secrets)

	failed := errors.New("no")
	_, err = s.Store.ChangeAgent(ctx(), s.tenant, g.ID, func(g *chat.Agent) error { g.Capacity = 1; return failed })
	require.ErrorIs(t, err, failed)
	got, err = s.Store.Agent(ctx(), s.tenant, g.ID)
	require.NoError(t, err)
	require.Equal(t, n, got.Capacity)
	other := chat.NewID[chat.Tenant]()
	never := func(*chat.Agent) error { t.Error("there is nothing to change"); return nil }
	_, err = s.Store.ChangeAgent(ctx(), other, g.ID, never)
	code(t, err, chat.NotFound)
	_, err = s.Store.ChangeAgent(ctx(), s.tenant, chat.NewID[chat.Agent](), never)
	code(t, err, chat.NotFound)
	same := func(*chat.SiteKey) error { return nil }
	_, err = s.Store.ChangeSiteKey(ctx(), other, k.Key, same)
	code(t, err, chat.NotFound)
	require.NoError(t, s.Store.DeleteSiteKey(ctx(), s.tenant, k.Key))
	_, err = s.Store.ChangeSiteKey(ctx(), s.tenant, k.Key, same)
	code(t, err, chat.NotFound)
}

// What is announced reaches those who asked for it by name, and no other tenant.
func testAnnounce(t *testing.T, s *suite) {
	all, named := s.webhook(chat.AllEvents), s.webhook(chat.EventVisitorConnected, chat.EventVisitorDisconnected)
	say := func(tenant chat.TenantID, event string) chat.Announcement {
		return chat.Announcement{Tenant: tenant, Type: event, At: start, Subject: chat.NewID[chat.Visitor](), Data: json.RawMessage(`{"id":"x"}`)}
	}
	other := chat.NewID[chat.Tenant]()
	require.NoError(t, s.Store.Announce(ctx()))
	require.NoError(t, s.Store.Announce(ctx(), say(s.tenant, chat.EventVisitorConnected), say(other, chat.EventAgentStatus), say(s.tenant, chat.EventAgentStatus)))
	require.NoError(t, s.Store.Announce(ctx(), say(s.tenant, chat.EventVisitorDisconnected)))
	got := map[chat.WebhookID][]string{}
	for _, c := range s.claim(soon()) {
		require.Equal(t, s.tenant, c.Event.Tenant)
		require.JSONEq(t, `{"id":"x"}`, string(c.Event.Data))
		require.Equal(t, start, c.Event.CreatedAt)
		got[c.Webhook] = append(got[c.Webhook], c.Event.Type)
	}
	require.Equal(t, map[chat.WebhookID][]string{
		all.ID: {chat.EventAgentStatus}, named.ID: {chat.EventVisitorConnected, chat.EventVisitorDisconnected},
	}, got)
	require.NoError(t, s.Store.DeleteWebhook(ctx(), s.tenant, named.ID))
	require.NoError(t, s.Store.Announce(ctx(), say(s.tenant, chat.EventVisitorConnected)))
	require.Empty(t, s.claim(soon()), "who is gone is told nothing")
}
