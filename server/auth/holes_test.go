package auth_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server/auth"
)

// The tests of this file are holes that other products had.

// forger makes tokens that look like an owner's.
type forger struct {
	t      *testing.T
	w      *world
	claims jwt.MapClaims
	key    chat.SigningKey // the real one
}

func newForger(t *testing.T, w *world) *forger {
	a := w.agent(t, w.tenant.ID, "owner@x.test")
	keys, err := w.kept.Store.SigningKeys(context.Background())
	require.NoError(t, err)
	now := w.clock.now()
	f := &forger{t: t, w: w, key: keys[0], claims: jwt.MapClaims{
		"tid": a.Tenant, "sub": a.ID, "role": "agent", "iat": now.Unix(), "ims": now.UnixMilli(), "exp": now.Add(time.Hour).Unix(),
	}}
	_, err = w.Verify(context.Background(), f.sign(jwt.SigningMethodHS256, f.key.Secret, map[string]any{"kid": f.key.ID}))
	require.NoError(t, err, "but for the forgery, the token is good")
	return f
}

func (f *forger) sign(m jwt.SigningMethod, key any, header map[string]any) string {
	token := jwt.NewWithClaims(m, f.claims)
	for k, v := range header {
		token.Header[k] = v
	}
	s, err := token.SignedString(key)
	require.NoError(f.t, err)
	return s
}

func (f *forger) refused(what, token string) {
	f.t.Helper()
	_, err := f.w.Verify(context.Background(), token)
	require.Equal(f.t, "token_invalid", named(f.t, err), what)
}

func TestHoleAlgNone(t *testing.T) {
	f := newForger(t, newWorld(t))
	body, err := json.Marshal(f.claims)
	require.NoError(t, err)
	b64 := base64.RawURLEncoding.EncodeToString
	for _, alg := range []string{`"none"`, `"None"`, `"NONE"`, `"nOnE"`, `""`, `null`, `[]`, `"HS256\u0000"`, `"hs256"`} {
		head := b64([]byte(`{"alg":` + alg + `,"typ":"JWT","kid":"` + f.key.ID + `"}`))
		for _, signature := range []string{"", b64([]byte("x"))} {
			f.refused(alg, head+"."+b64(body)+"."+signature)
		}
	}
	f.refused("none", f.sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, map[string]any{"kid": f.key.ID}))
}

func TestHoleKid(t *testing.T) {
	f := newForger(t, newWorld(t))
	for _, kid := range []any{
		"", "../../../../dev/null", "/dev/null", "1' OR '1'='1", "x' UNION SELECT 'AA' -- ", "|id", "http://127.0.0.1/key", strings.Repeat("k", 4000),
		1, 1.0, nil, true,
		[]string{f.key.ID},
		map[string]any{"id": f.key.ID},
		f.key.ID + "\x00", " " + f.key.ID,
	} {
		for _, key := range [][]byte{nil, {0}, []byte("AA"), f.key.Secret} {
			f.refused("kid", f.sign(jwt.SigningMethodHS256, key, map[string]any{"kid": kid}))
		}
	}
	own := []byte("a key of the attacker's own, long enough")
	for name, value := range map[string]any{
		"jwk": map[string]any{"kty": "oct", "k": base64.RawURLEncoding.EncodeToString(own)},
		"jku": "http://127.0.0.1:1/jwks.json", "x5u": "http://127.0.0.1:1/cert", "x5c": []string{"AA"},
	} {
		f.refused(name, f.sign(jwt.SigningMethodHS256, own, map[string]any{"kid": f.key.ID, name: value}))
	}
}

func TestHoleKeyConfusion(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)
	f := newForger(t, w)
	kid := map[string]any{"kid": f.key.ID}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	f.refused("RS256", f.sign(jwt.SigningMethodRS256, rsaKey, kid))
	f.refused("ES256", f.sign(jwt.SigningMethodES256, ecKey, kid))
	f.refused("HS384", f.sign(jwt.SigningMethodHS384, f.key.Secret, kid))
	f.refused("HS512", f.sign(jwt.SigningMethodHS512, f.key.Secret, kid))
	f.refused("the key as text", f.sign(jwt.SigningMethodHS256, []byte(base64.StdEncoding.EncodeToString(f.key.Secret)), kid))

	// A shop's secret signs the shop's customers, and nothing of ours; our key signs no customer.
	f.refused("a site's secret", f.sign(jwt.SigningMethodHS256, []byte("new secret"), kid))
	f.claims["external_id"] = "c-1"
	_, err = w.OpenSession(ctx, &auth.SessionRequest{SiteKey: "shop", IdentityToken: f.sign(jwt.SigningMethodHS256, f.key.Secret, kid)})
	require.Equal(t, "identity_invalid", named(t, err))
	// An identity that the shop did sign is no token, and what it says of roles counts for nothing.
	signed := f.sign(jwt.SigningMethodHS256, []byte("new secret"), kid)
	s, err := w.OpenSession(ctx, &auth.SessionRequest{SiteKey: "shop", IdentityToken: signed})
	require.NoError(t, err)
	require.Equal(t, chat.RoleVisitor, s.Actor.Role)
	f.refused("an identity", signed)
	// A role that there is none of.
	for _, role := range []any{"", "system", "bot", "api", "owner", "Agent"} {
		f.claims["role"] = role
		f.refused("role", f.sign(jwt.SigningMethodHS256, f.key.Secret, kid))
	}
}

func TestHoleIdentityWithoutHash(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)
	victim := chat.UserID(chat.DeriveVisitorID(w.tenant.ID, "victim"))
	require.NoError(t, w.kept.Store.SaveSiteKey(ctx, chat.SiteKey{Tenant: w.tenant.ID, Key: "bare"}))
	require.NoError(t, w.kept.Store.SaveSiteKey(ctx, chat.SiteKey{Tenant: w.tenant.ID, Key: "blank", Secrets: []string{"", ""}}))
	for _, site := range []string{"shop", "bare", "blank"} {
		s, err := w.OpenSession(ctx, &auth.SessionRequest{SiteKey: site, ExternalID: "victim"})
		require.NoError(t, err)
		require.NotEqual(t, victim, s.Actor.User, "no hash")
		require.False(t, s.Actor.Profile.Verified)
		c, err := w.Verify(ctx, s.Token)
		require.NoError(t, err)
		again, err := w.OpenSession(ctx, &auth.SessionRequest{SiteKey: site, ExternalID: "victim", Renew: &c})
		require.NoError(t, err)
		require.NotEqual(t, victim, again.Actor.User)
		require.False(t, again.Actor.Profile.Verified, "renewing proves nothing new")
		for _, mac := range []string{"00", "x", strings.Repeat("0", 64), macOf("", "victim"), macOf("new secret", "attacker")} {
			_, err := w.OpenSession(ctx, &auth.SessionRequest{SiteKey: site, ExternalID: "victim", IdentityHMAC: mac})
			require.Equal(t, "identity_invalid", named(t, err), mac)
		}
		unsigned, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"sub": "victim", "exp": w.clock.now().Add(time.Hour).Unix()}).SignedString([]byte(""))
		require.NoError(t, err)
		_, err = w.OpenSession(ctx, &auth.SessionRequest{SiteKey: site, IdentityToken: unsigned})
		require.Equal(t, "identity_invalid", named(t, err))
	}
}

func macOf(secret, id string) string {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(id))
	return hex.EncodeToString(h.Sum(nil))
}

// Nobody becomes somebody else by naming an e-mail address, signed or not.
func TestHoleMergingByEmail(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)
	exp := w.clock.now().Add(time.Hour).Unix()
	sign := func(sub string) string {
		s, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"sub": sub, "email": "victim@x.test", "exp": exp}).SignedString([]byte("new secret"))
		require.NoError(t, err)
		return s
	}
	seen := map[chat.UserID]bool{}
	for _, r := range []auth.SessionRequest{
		{IdentityToken: sign("victim")},
		{IdentityToken: sign("attacker")},
		{Email: "victim@x.test"},
		{Email: "victim@x.test", ExternalID: "victim"},
		{Email: "victim@x.test", ExternalID: "attacker"},
	} {
		r.SiteKey = "shop"
		s, err := w.OpenSession(ctx, &r)
		require.NoError(t, err)
		require.False(t, seen[s.Actor.User], "%+v", r)
		seen[s.Actor.User] = true
	}
}

func TestHoleConstantSecrets(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)
	for _, weak := range []string{"password", "PassWord123", "changeme", "12345678", "adminadmin", "uniqchat", "aaaaaaaaaaaa"} {
		_, err := w.HashPassword(ctx, weak)
		require.Equal(t, "password_common", named(t, err), weak)
	}
	for _, secret := range []string{"secret", strings.Repeat("x", 64), "change-me-change-me-change-me", strings.Repeat("\x00", 32)} {
		w := newWorld(t)
		require.NoError(t, w.kept.Store.AddSigningKey(ctx, chat.SigningKey{ID: "mine", Secret: []byte(secret), CreatedAt: w.clock.now()}))
		_, err := auth.New(ctx, auth.Config{Store: w.kept.Store, Broker: w.kept.Broker, Hash: cheap})
		require.ErrorContains(t, err, "is no secret", secret)
	}
	keys, err := w.kept.Store.SigningKeys(ctx)
	require.NoError(t, err)
	other, err := newWorld(t).kept.Store.SigningKeys(ctx)
	require.NoError(t, err)
	require.NotEqual(t, keys[0].Secret, other[0].Secret, "every deployment has a key of its own")
}

// What we sign for one purpose is good for no other.
func TestHoleTokenOfAnotherKind(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)
	f := newForger(t, w)
	kid := map[string]any{"kid": f.key.ID}
	agent := f.sign(jwt.SigningMethodHS256, f.key.Secret, kid)
	f.claims["role"] = "challenge"
	challenge := f.sign(jwt.SigningMethodHS256, f.key.Secret, kid)
	link, err := w.SignLink(auth.FileLink{Tenant: w.tenant.ID, Upload: chat.NewID[chat.Upload](), Expires: w.clock.now().Add(time.Hour)})
	require.NoError(t, err)
	s, err := w.OpenSession(ctx, &auth.SessionRequest{SiteKey: "shop"})
	require.NoError(t, err)
	in, err := w.Login(ctx, auth.LoginRequest{Email: "owner@x.test", Password: password})
	require.NoError(t, err)

	// Nothing but access tokens is one.
	f.refused("a challenge", challenge)
	f.refused("a link", link)
	f.refused("a refresh token", in.Refresh)
	// A visitor's is the visitor's, and its subject no agent's, whatever agent has that id.
	c, err := w.Verify(ctx, s.Token)
	require.NoError(t, err)
	require.Equal(t, chat.RoleVisitor, c.Actor.Role)
	f.claims["role"] = "visitor"
	c, err = w.Verify(ctx, f.sign(jwt.SigningMethodHS256, f.key.Secret, kid))
	require.NoError(t, err)
	require.Equal(t, chat.RoleVisitor, c.Actor.Role, "an agent's id makes no agent of a visitor")
	require.Zero(t, c.Actor.AgentRole)
	// An agent of this tenant is nobody in another, though the signature is right.
	f.claims["role"], f.claims["tid"] = "agent", w.other.ID
	_, err = w.Verify(ctx, f.sign(jwt.SigningMethodHS256, f.key.Secret, kid))
	require.Equal(t, "token_revoked", named(t, err))
	for what, token := range map[string]string{"an access token": agent, "a visitor's": s.Token, "a challenge": challenge, "a refresh token": in.Refresh, "a link": link} {
		if what != "a refresh token" {
			_, err = w.Refresh(ctx, token, "")
			require.Error(t, err, "%s is no refresh token", what)
		}
		if what != "a challenge" {
			require.Error(t, w.CheckChallenge(ctx, token), "%s is no challenge", what)
		}
		if what != "a link" {
			_, err = w.VerifyLink(ctx, token)
			require.Error(t, err, "%s is no link", what)
		}
	}
}

// A token may say that whoever does not know an extension of it must refuse it (RFC 7515, 4.1.11).
func TestHoleCriticalHeader(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"sub": "victim", "exp": w.clock.now().Add(time.Hour).Unix()})
	token.Header["crit"], token.Header["b64"] = []string{"b64"}, false
	signed, err := token.SignedString([]byte("new secret"))
	require.NoError(t, err)
	_, err = w.OpenSession(ctx, &auth.SessionRequest{SiteKey: "shop", IdentityToken: signed})
	require.Equal(t, "identity_invalid", named(t, err))
}

// One challenge completed as many log-ins as there were codes.
func TestHoleChallengeTwice(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)
	a := w.agent(t, w.tenant.ID, "a@x.test")
	_, recovery := w.enrolled(t, a.Email)
	ch := w.challenge(t, a.Email)
	_, err := w.CompleteChallenge(ctx, ch, recovery[0])
	require.NoError(t, err)
	_, err = w.open(t).CompleteChallenge(ctx, ch, recovery[1])
	require.Equal(t, "challenge_invalid", named(t, err))
	_, err = w.CompleteChallenge(ctx, w.challenge(t, a.Email), recovery[2])
	require.NoError(t, err)
}
