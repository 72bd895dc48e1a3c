package storagetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

// A tenant is made with its key and its owner, or not at all: what is refused half-way leaves nothing, and can be done again.
func testCreateTenant(t *testing.T, s *suite) {
	taken := chat.SiteKey{Tenant: s.tenant, Key: "sk_taken", Secrets: []string{"a"}}
	require.NoError(t, s.Store.SaveTenant(ctx(), chat.Tenant{ID: s.tenant, Slug: "first", Name: "First", CreatedAt: start}))
	require.NoError(t, s.Store.SaveSiteKey(ctx(), taken))
	made := chat.Tenant{ID: chat.NewID[chat.Tenant](), Slug: "made", Name: "Made", CreatedAt: start}
	key := chat.SiteKey{Tenant: made.ID, Key: "sk_made", Secrets: []string{"b"}}
	owner := chat.Agent{ID: chat.NewID[chat.Agent](), Tenant: made.ID, Email: "owner@x.test", Name: "Owner", Role: chat.Owner, CreatedAt: start}
	twin := owner
	twin.ID = chat.NewID[chat.Agent]()
	none := func() {
		t.Helper()
		_, err := s.Store.TenantBySlug(ctx(), made.Slug)
		code(t, err, chat.NotFound)
		_, err = s.Store.SiteKey(ctx(), key.Key)
		code(t, err, chat.NotFound)
		found, err := s.Store.AgentsByEmail(ctx(), owner.Email)
		require.NoError(t, err)
		require.Empty(t, found)
	}
	stolen := key
	stolen.Key = taken.Key
	code(t, s.Store.CreateTenant(ctx(), made, stolen, owner), chat.Conflict)
	none()
	code(t, s.Store.CreateTenant(ctx(), made, key, owner, twin), chat.Conflict)
	none()
	require.NoError(t, s.Store.CreateTenant(ctx(), made, key, owner))
	got, err := s.Store.TenantBySlug(ctx(), made.Slug)
	require.NoError(t, err)
	require.Equal(t, made, got)
	site, err := s.Store.SiteKey(ctx(), key.Key)
	require.NoError(t, err)
	require.Equal(t, made.ID, site.Tenant)
	found, err := s.Store.AgentsByEmail(ctx(), owner.Email)
	require.NoError(t, err)
	require.Len(t, found, 1)
	code(t, s.Store.CreateTenant(ctx(), chat.Tenant{ID: chat.NewID[chat.Tenant](), Slug: "made"}, chat.SiteKey{Key: "sk_3"}), chat.Conflict)
}
