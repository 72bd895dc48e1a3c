package auth_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server/auth"
)

// verified opens a session of c-1, signed with a secret of the site.
func (w *world) verified(t *testing.T, site, secret string) auth.VisitorSession {
	t.Helper()
	s, err := w.OpenSession(context.Background(), &auth.SessionRequest{SiteKey: site, ExternalID: "c-1", IdentityHMAC: macOf(secret, "c-1")})
	require.NoError(t, err)
	return s
}

// settingsChanged is what every node hears after a change.
func (w *world) settingsChanged() {
	w.Heard(chat.Signal{Kind: chat.SignalSettings, Tenant: w.tenant.ID})
}

// A visitor's token ends with its site key, for programs, too, which name no origin.
func TestVisitorTokenEndsWithItsSiteKey(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)
	s, err := w.OpenSession(ctx, &auth.SessionRequest{SiteKey: "shop"})
	require.NoError(t, err)
	_, err = w.Authenticate(ctx, s.Token, "")
	require.NoError(t, err)
	require.NoError(t, w.kept.Store.DeleteSiteKey(ctx, w.tenant.ID, "shop"))
	w.settingsChanged()
	_, err = w.Authenticate(ctx, s.Token, "")
	require.Equal(t, "token_revoked", named(t, err))
	_, err = w.open(t).Verify(ctx, s.Token)
	require.Equal(t, "token_revoked", named(t, err), "on a node that never knew the key")
}

// Whoever has stolen a site's secret can be anybody: when it is taken out of use, so are the tokens that were had with it, and
// those that they were renewed to. Nobody else notices.
func TestVisitorTokenEndsWithItsSecret(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)
	old, fresh := w.verified(t, "shop", "old secret"), w.verified(t, "shop", "new secret")
	nobody, err := w.OpenSession(ctx, &auth.SessionRequest{SiteKey: "shop", ExternalID: "c-1"})
	require.NoError(t, err)
	cred, err := w.Verify(ctx, old.Token)
	require.NoError(t, err)
	renewed, err := w.OpenSession(ctx, &auth.SessionRequest{SiteKey: "shop", Renew: &cred})
	require.NoError(t, err)
	require.True(t, renewed.Actor.Profile.Verified)
	other, err := w.OpenSession(ctx, &auth.SessionRequest{SiteKey: "shop", Renew: &cred, Email: "somebody-else@mail.example"})
	require.NoError(t, err)
	require.Equal(t, renewed.Actor.Profile.Email, other.Actor.Profile.Email, "what nobody signed does not replace what was signed")
	_, err = w.Verify(ctx, renewed.Token)
	require.NoError(t, err)

	site, err := w.kept.Store.SiteKey(ctx, "shop")
	require.NoError(t, err)
	site.Secrets = []string{"new secret"}
	require.NoError(t, w.kept.Store.SaveSiteKey(ctx, site))
	w.settingsChanged()
	for _, ended := range []string{old.Token, renewed.Token} {
		_, err = w.Verify(ctx, ended)
		require.Equal(t, "token_revoked", named(t, err))
	}
	_, err = w.OpenSession(ctx, &auth.SessionRequest{SiteKey: "shop", Renew: &cred})
	require.Equal(t, "token_revoked", named(t, err), "nor is it renewed, by whoever verified it just before")
	for _, good := range []string{fresh.Token, nobody.Token} {
		_, err = w.Verify(ctx, good)
		require.NoError(t, err)
	}
}

// What one site's secret has proven proves nothing to another site of the tenant.
func TestProofIsASites(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)
	require.NoError(t, w.kept.Store.SaveSiteKey(ctx, chat.SiteKey{Tenant: w.tenant.ID, Key: "outlet", Secrets: []string{"outlet secret"}}))
	s := w.verified(t, "shop", "new secret")
	cred, err := w.Verify(ctx, s.Token)
	require.NoError(t, err)
	_, err = w.OpenSession(ctx, &auth.SessionRequest{SiteKey: "outlet", Renew: &cred})
	require.Equal(t, "token_revoked", named(t, err))
	again, err := w.OpenSession(ctx, &auth.SessionRequest{SiteKey: "outlet", Renew: &cred, ExternalID: "c-1", IdentityHMAC: macOf("outlet secret", "c-1")})
	require.NoError(t, err)
	require.Equal(t, s.Actor.User, again.Actor.User)
	_, err = w.Verify(ctx, again.Token)
	require.NoError(t, err)
}
