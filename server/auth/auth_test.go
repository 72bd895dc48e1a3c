package auth_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server/auth"
	"github.com/uniqchat/uniqchat/storage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is a clock that the test moves.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

type world struct {
	*auth.Service
	kept   *storage.Storage
	clock  *clock
	tenant chat.Tenant
	other  chat.Tenant
}

const password = "correct horse"

var cheap = &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// newWorld returns a service on a real SQLite database with two tenants, a site key and an agent.
func newWorld(t testing.TB) *world {
	t.Helper()
	ctx := context.Background()
	kept, err := storage.Open(ctx, storage.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "test.db")})
	require.NoError(t, err)
	run, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- kept.Run(run) }()
	t.Cleanup(func() {
		stop()
		<-done
		require.NoError(t, kept.Close())
	})
	w := &world{kept: kept, clock: &clock{t: time.Now()}}
	w.tenant = chat.Tenant{ID: chat.NewID[chat.Tenant](), Slug: "one", Name: "One"}
	w.other = chat.Tenant{ID: chat.NewID[chat.Tenant](), Slug: "two", Name: "Two"}
	require.NoError(t, kept.Store.SaveTenant(ctx, w.tenant))
	require.NoError(t, kept.Store.SaveTenant(ctx, w.other))
	require.NoError(t, kept.Store.SaveSiteKey(ctx, chat.SiteKey{
		Tenant: w.tenant.ID, Key: "shop", Secrets: []string{"new secret", "old secret"}, Origins: []string{"https://shop.example"},
	}))
	w.Service = w.open(t)
	return w
}

// open returns another service on the same database, as after a restart.
func (w *world) open(t testing.TB) *auth.Service {
	s, err := auth.New(context.Background(), auth.Config{Store: w.kept.Store, Broker: w.kept.Broker, Hash: cheap, Now: w.clock.now})
	require.NoError(t, err)
	return s
}

func (w *world) agent(t testing.TB, tenant chat.TenantID, email string) chat.Agent {
	t.Helper()
	hash, err := w.HashPassword(context.Background(), password)
	require.NoError(t, err)
	a := chat.Agent{ID: chat.NewID[chat.Agent](), Tenant: tenant, Email: email, Name: "A", Role: chat.Member, PasswordHash: hash, CreatedAt: w.clock.now()}
	require.NoError(t, w.kept.Store.SaveAgents(context.Background(), a))
	return a
}

// named returns the stable name of an error, or its code.
func named(t testing.TB, err error) string {
	t.Helper()
	var e *chat.Error
	require.True(t, errors.As(err, &e), "want a *chat.Error, got %v", err)
	return e.Name
}

func TestVisitorToken(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)
	s, err := w.OpenSession(ctx, &auth.SessionRequest{
		SiteKey: "shop", Name: "李雷", Email: " Li@Example.com ", Locale: "zh-CN", Attributes: json.RawMessage(`{"vip": true}`), Origin: "https://shop.example",
	})
	require.NoError(t, err)
	require.True(t, s.New)
	require.Equal(t, w.clock.now().Add(24*time.Hour).Unix(), s.Expires.Unix())

	c, err := w.open(t).Verify(ctx, s.Token) // the key outlives the process
	require.NoError(t, err)
	require.Equal(t, chat.RoleVisitor, c.Actor.Role)
	require.Equal(t, w.tenant.ID, c.Actor.Tenant)
	require.Equal(t, "shop", c.SiteKey)
	require.Equal(t, "李雷", c.Actor.Profile.Name)
	require.Equal(t, "li@example.com", c.Actor.Profile.Email)
	require.Equal(t, `{"vip":true}`, string(c.Actor.Profile.Attributes))
	again, err := w.Verify(ctx, s.Token)
	require.NoError(t, err)
	require.NotSame(t, c.Actor.Profile, again.Actor.Profile, "a profile is the caller's own: it writes into it")

	renewed, err := w.OpenSession(ctx, &auth.SessionRequest{SiteKey: "shop", Renew: &c, Locale: "en"})
	require.NoError(t, err)
	require.Equal(t, s.Actor.User, renewed.Actor.User)
	require.Equal(t, "李雷", renewed.Actor.Profile.Name)
	require.Equal(t, "en", renewed.Actor.Profile.Locale)
	require.False(t, renewed.New)

	w.clock.add(25 * time.Hour)
	_, err = w.Verify(ctx, s.Token)
	require.Equal(t, "token_expired", named(t, err))
}

func TestTokensThatProveNothing(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)
	s, err := w.OpenSession(ctx, &auth.SessionRequest{SiteKey: "shop"})
	require.NoError(t, err)
	parts := strings.Split(s.Token, ".")
	exp := jwt.NewNumericDate(w.clock.now().Add(time.Hour))
	none, err := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims{"role": "visitor", "exp": exp}).SignedString(jwt.UnsafeAllowNoneSignatureType)
	require.NoError(t, err)
	foreign := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"role": "visitor", "exp": exp})
	foreign.Header["kid"] = "1"
	forged, err := foreign.SignedString([]byte("guess"))
	require.NoError(t, err)
	for name, token := range map[string]string{
		"empty": "", "junk": "junk", "dots": "..", "no signature": parts[0] + "." + parts[1] + ".", "other payload": parts[0] + "." + parts[0] + "." + parts[2],
		"alg none": none, "another key": forged, "long": strings.Repeat("a", 1<<20),
	} {
		_, err := w.Verify(ctx, token)
		require.Equal(t, chat.Unauthenticated, chat.CodeOf(err), name)
	}
}

func TestOrigin(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)
	_, err := w.OpenSession(ctx, &auth.SessionRequest{SiteKey: "shop", Origin: "https://evil.example"})
	require.Equal(t, "origin_not_allowed", named(t, err))
	_, err = w.OpenSession(ctx, &auth.SessionRequest{SiteKey: "nobody"})
	require.Equal(t, "site_key_unknown", named(t, err))
	s, err := w.OpenSession(ctx, &auth.SessionRequest{SiteKey: "shop"})
	require.NoError(t, err)
	for origin, want := range map[string]chat.Code{"": 0, "https://shop.example": 0, "https://evil.example": chat.Forbidden, "null": chat.Forbidden, "http://shop.example": chat.Forbidden} {
		_, err := w.Authenticate(ctx, s.Token, origin)
		if want == 0 {
			require.NoError(t, err, origin)
		} else {
			require.Equal(t, want, chat.CodeOf(err), origin)
		}
	}
}

func TestIdentity(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)
	sign := func(secret string, c jwt.MapClaims, m jwt.SigningMethod) string {
		token, err := jwt.NewWithClaims(m, c).SignedString([]byte(secret))
		require.NoError(t, err)
		return token
	}
	soon := w.clock.now().Add(time.Minute).Unix()
	mac := func(secret, id string) string {
		h := hmac.New(sha256.New, []byte(secret))
		h.Write([]byte(id))
		return hex.EncodeToString(h.Sum(nil))
	}
	derived := chat.UserID(chat.DeriveVisitorID(w.tenant.ID, "c-1"))
	for _, tc := range []struct {
		name string
		auth.SessionRequest
		want string // error's name; "" is success
	}{
		{"sub", auth.SessionRequest{IdentityToken: sign("new secret", jwt.MapClaims{"sub": "c-1", "exp": soon}, jwt.SigningMethodHS256)}, ""},
		{"external_id", auth.SessionRequest{IdentityToken: sign("new secret", jwt.MapClaims{"external_id": "c-1", "exp": soon}, jwt.SigningMethodHS256)}, ""},
		{"the older secret", auth.SessionRequest{IdentityToken: sign("old secret", jwt.MapClaims{"sub": "c-1", "exp": soon}, jwt.SigningMethodHS256)}, ""},
		{"hmac", auth.SessionRequest{ExternalID: "c-1", IdentityHMAC: mac("new secret", "c-1")}, ""},
		{"hmac, older secret", auth.SessionRequest{ExternalID: "c-1", IdentityHMAC: mac("old secret", "c-1")}, ""},
		{"wrong secret", auth.SessionRequest{IdentityToken: sign("guess", jwt.MapClaims{"sub": "c-1", "exp": soon}, jwt.SigningMethodHS256)}, "identity_invalid"},
		{"other algorithm", auth.SessionRequest{IdentityToken: sign("new secret", jwt.MapClaims{"sub": "c-1", "exp": soon}, jwt.SigningMethodHS512)}, "identity_invalid"},
		{"expired", auth.SessionRequest{IdentityToken: sign("new secret", jwt.MapClaims{"sub": "c-1", "exp": soon - 3600}, jwt.SigningMethodHS256)}, "identity_expired"},
		{"no exp", auth.SessionRequest{IdentityToken: sign("new secret", jwt.MapClaims{"sub": "c-1"}, jwt.SigningMethodHS256)}, ""},
		{"nobody", auth.SessionRequest{IdentityToken: sign("new secret", jwt.MapClaims{"exp": soon}, jwt.SigningMethodHS256)}, "identity_invalid"},
		{"another external_id", auth.SessionRequest{ExternalID: "c-2", IdentityToken: sign("new secret", jwt.MapClaims{"sub": "c-1", "exp": soon}, jwt.SigningMethodHS256)}, "identity_invalid"},
		{"hmac of another", auth.SessionRequest{ExternalID: "c-1", IdentityHMAC: mac("new secret", "c-2")}, "identity_invalid"},
		{"hmac of nobody", auth.SessionRequest{IdentityHMAC: mac("new secret", "")}, "identity_invalid"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.SiteKey = "shop"
			s, err := w.OpenSession(ctx, &tc.SessionRequest)
			if tc.want != "" {
				require.Equal(t, tc.want, named(t, err))
				require.Equal(t, chat.Unauthenticated, chat.CodeOf(err))
				return
			}
			require.NoError(t, err)
			require.Equal(t, derived, s.Actor.User)
			require.True(t, s.Actor.Profile.Verified)
			require.False(t, s.New, "may have been here before")
		})
	}
	s, err := w.OpenSession(ctx, &auth.SessionRequest{SiteKey: "shop", ExternalID: "c-1"})
	require.NoError(t, err)
	require.NotEqual(t, derived, s.Actor.User, "an unsigned identity is never merged")
	require.False(t, s.Actor.Profile.Verified)
}

func TestSessionRequestBounds(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)
	for name, r := range map[string]auth.SessionRequest{
		"name": {Name: strings.Repeat("x", 201)}, "utf-8": {Name: "\xff"}, "array": {Attributes: json.RawMessage(`[1]`)},
		"large": {Attributes: json.RawMessage(`{"a":"` + strings.Repeat("x", 5000) + `"}`)}, "both": {IdentityToken: "a", IdentityHMAC: "b"},
	} {
		r.SiteKey = "shop"
		_, err := w.OpenSession(ctx, &r)
		require.Equal(t, chat.Malformed, chat.CodeOf(err), name)
	}
}

func TestLogin(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)
	w.agent(t, w.tenant.ID, "a@x.test")
	w.agent(t, w.tenant.ID, "both@x.test")
	w.agent(t, w.other.ID, "both@x.test")
	for _, tc := range []struct{ email, password, tenant, want string }{
		{"a@x.test", password, "", ""},
		{" A@X.test ", password, "", ""},
		{"a@x.test", password, "ONE", ""},
		{"a@x.test", "wrong", "", "wrong_password"},
		{"a@x.test", password, "two", "wrong_password"},
		{"a@x.test", password, "nowhere", "wrong_password"},
		{"nobody@x.test", password, "", "wrong_password"},
		{"both@x.test", "wrong", "", "wrong_password"}, // says nothing of tenants to who does not know a password
		{"both@x.test", password, "", "tenant_required"},
		{"both@x.test", password, "two", ""},
		{"a@x.test", strings.Repeat("x", 5000), "", "wrong_password"},
	} {
		tokens, err := w.Login(ctx, auth.LoginRequest{Email: tc.email, Password: tc.password, Tenant: tc.tenant})
		if tc.want != "" {
			require.Equal(t, tc.want, named(t, err), "%+v", tc)
			continue
		}
		require.NoError(t, err, "%+v", tc)
		c, err := w.Verify(ctx, tokens.Access)
		require.NoError(t, err)
		require.Equal(t, chat.UserID(tokens.Agent.ID), c.Actor.User)
		require.Equal(t, chat.Member, c.Actor.AgentRole)
	}
}

func TestRefreshRotatesAndReuseEndsTheFamily(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)
	w.agent(t, w.tenant.ID, "a@x.test")
	first, err := w.Login(ctx, auth.LoginRequest{Email: "a@x.test", Password: password})
	require.NoError(t, err)
	other, err := w.Login(ctx, auth.LoginRequest{Email: "a@x.test", Password: password})
	require.NoError(t, err)
	second, err := w.Refresh(ctx, first.Refresh, "")
	require.NoError(t, err)
	require.NotEqual(t, first.Refresh, second.Refresh)

	_, err = w.Refresh(ctx, first.Refresh, "") // stolen or replayed
	require.Equal(t, "refresh_invalid", named(t, err))
	_, err = w.Refresh(ctx, second.Refresh, "")
	require.Equal(t, "refresh_invalid", named(t, err), "the whole family has ended")
	_, err = w.Refresh(ctx, other.Refresh, "")
	require.NoError(t, err, "another log-in goes on")
	for _, junk := range []string{"", "x", strings.Repeat("x", 500)} {
		_, err = w.Refresh(ctx, junk, "")
		require.Equal(t, "refresh_invalid", named(t, err))
	}
	w.clock.add(31 * 24 * time.Hour)
	_, err = w.Refresh(ctx, other.Refresh, "")
	require.Equal(t, "refresh_invalid", named(t, err))
}

func TestMint(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)
	a := w.agent(t, w.tenant.ID, "a@x.test")
	token, err := w.MintAgent(w.tenant.ID, a.ID, 1000*time.Hour)
	require.NoError(t, err)
	w.clock.add(999 * time.Hour)
	c, err := w.Verify(ctx, token)
	require.NoError(t, err)
	require.Equal(t, chat.UserID(a.ID), c.Actor.User)
	_, err = w.MintAgent(w.other.ID, a.ID, time.Hour)
	require.NoError(t, err)
	foreign, err := w.MintAgent(w.other.ID, a.ID, time.Hour)
	require.NoError(t, err)
	_, err = w.Verify(ctx, foreign)
	require.Equal(t, "token_revoked", named(t, err), "the agent is not one of that tenant")
}

func TestLimiter(t *testing.T) {
	c := &clock{t: time.Now()}
	l := auth.NewLimiter(2, 3, c.now)
	for range 3 {
		require.NoError(t, l.Allow("a"))
	}
	err := l.Allow("a")
	require.Equal(t, chat.TooMany, chat.CodeOf(err))
	var e *chat.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, 500*time.Millisecond, e.RetryAfter)
	require.NoError(t, l.Allow("b"), "each key for itself")
	c.add(500 * time.Millisecond)
	require.NoError(t, l.Allow("a"))
	require.Error(t, l.Allow("a"))
	l.Set(0, 0)
	for range 100 {
		require.NoError(t, l.Allow("a"))
	}
}
