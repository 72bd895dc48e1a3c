package auth_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server/auth"
)

func TestChangePassword(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)
	a := w.agent(t, w.tenant.ID, "a@x.test")
	signals := heard(t, w)
	in, err := w.login(a.Email)
	require.NoError(t, err)
	other, err := w.login(a.Email)
	require.NoError(t, err)
	c := w.credential(t, in)
	for _, tc := range []struct{ current, next, want string }{
		{"wrong", "another horse", "wrong_password"}, {password, "short", "password_too_short"}, {password, password, "password_same"},
	} {
		_, err = w.ChangePassword(ctx, c, tc.current, tc.next)
		require.Equal(t, tc.want, named(t, err))
	}
	w.clock.add(time.Second)
	fresh, err := w.ChangePassword(ctx, c, password, "another horse")
	require.NoError(t, err)
	s := <-signals
	require.Equal(t, chat.UserID(a.ID), s.User)
	require.Empty(t, s.Data, "every connection")
	for _, old := range []auth.Tokens{in, other} {
		_, err = w.Verify(ctx, old.Access)
		require.Equal(t, "token_revoked", named(t, err))
		_, err = w.Refresh(ctx, old.Refresh, "")
		require.Equal(t, "refresh_invalid", named(t, err))
	}
	w.credential(t, fresh)
	_, err = w.Refresh(ctx, fresh.Refresh, "")
	require.NoError(t, err)
	_, err = w.login(a.Email)
	require.Equal(t, "wrong_password", named(t, err))

	visitor, err := w.OpenSession(ctx, &auth.SessionRequest{SiteKey: "shop"})
	require.NoError(t, err)
	_, err = w.ChangePassword(ctx, w.credential(t, auth.Tokens{Access: visitor.Token}), password, "another horse")
	require.Equal(t, "role_not_allowed", named(t, err))
}

// Who found a token can't guess the password behind it.
func TestOwnPasswordCantBeGuessed(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)
	a := w.agent(t, w.tenant.ID, "a@x.test")
	in, err := w.login(a.Email)
	require.NoError(t, err)
	c := w.credential(t, in)
	for range 10 {
		_, err = w.ChangePassword(ctx, c, "guess", "another horse")
		require.Equal(t, "wrong_password", named(t, err))
	}
	_, err = w.open(t).ChangePassword(ctx, c, password, "another horse")
	require.Equal(t, "too_many_attempts", named(t, err))
	w.clock.add(16 * time.Minute)
	_, err = w.ChangePassword(ctx, c, password, "another horse")
	require.NoError(t, err)
}

func TestHashOfAnotherCostIsReplaced(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)
	a := w.agent(t, w.tenant.ID, "a@x.test")
	in, err := w.login(a.Email)
	require.NoError(t, err)
	dear := &argon2id.Params{Memory: 128, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}
	later, err := auth.New(ctx, auth.Config{Store: w.kept.Store, Broker: w.kept.Broker, Hash: dear, Now: w.clock.now})
	require.NoError(t, err)
	_, err = later.Login(ctx, auth.LoginRequest{Email: a.Email, Password: "wrong"})
	require.Error(t, err)
	same, err := w.kept.Store.Agent(ctx, a.Tenant, a.ID)
	require.NoError(t, err)
	require.Equal(t, a.PasswordHash, same.PasswordHash)
	_, err = later.Login(ctx, auth.LoginRequest{Email: a.Email, Password: password})
	require.NoError(t, err)
	now, err := w.kept.Store.Agent(ctx, a.Tenant, a.ID)
	require.NoError(t, err)
	require.Contains(t, now.PasswordHash, "m=128,t=2,p=1")
	_, err = later.Login(ctx, auth.LoginRequest{Email: a.Email, Password: password})
	require.NoError(t, err)
	again, err := w.kept.Store.Agent(ctx, a.Tenant, a.ID)
	require.NoError(t, err)
	require.Equal(t, now.PasswordHash, again.PasswordHash, "once is enough")
	w.credential(t, in) // nobody is logged out by it
}

// Guessing one account from everywhere is bounded, tells nothing of who has an account, and keeps nobody out who was here before.
func TestGuessingFromEverywhere(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)
	a := w.agent(t, w.tenant.ID, "a@x.test")
	_, err := w.Login(ctx, auth.LoginRequest{Email: a.Email, Password: password, From: "home"})
	require.NoError(t, err)
	nodes := []*auth.Service{w.Service, w.open(t)}
	bounds := map[string]int{}
	for _, email := range []string{a.Email, "nobody@x.test"} {
		for i := range 150 {
			_, err := nodes[i%2].Login(ctx, auth.LoginRequest{Email: email, Password: "guess", From: fmt.Sprint("bot", i)})
			if named(t, err) == "too_many_attempts" {
				require.Equal(t, chat.TooMany, chat.CodeOf(err))
				break
			}
			require.Equal(t, "wrong_password", named(t, err))
			bounds[email]++
		}
	}
	require.Equal(t, map[string]int{a.Email: 100, "nobody@x.test": 100}, bounds)
	_, err = w.Login(ctx, auth.LoginRequest{Email: a.Email, Password: password, From: "bot"})
	require.Equal(t, "too_many_attempts", named(t, err), "not even with the right password, or the bound would be an oracle")
	_, err = w.Login(ctx, auth.LoginRequest{Email: strings.ToUpper(a.Email), Password: password, From: "home"})
	require.NoError(t, err, "the owner's own address")
	w.clock.add(16 * time.Minute)
	_, err = w.Login(ctx, auth.LoginRequest{Email: a.Email, Password: password, From: "elsewhere"})
	require.NoError(t, err, "not for ever")
}
