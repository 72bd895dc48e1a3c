package auth_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server/auth"
)

// overtaken is a Store in which something happens right after an account, or its second factor, was read.
type overtaken struct {
	chat.Store
	then func()
}

func (o *overtaken) happen() {
	if then := o.then; then != nil {
		o.then = nil
		then()
	}
}

func (o *overtaken) Agent(ctx context.Context, t chat.TenantID, id chat.AgentID) (chat.Agent, error) {
	defer o.happen()
	return o.Store.Agent(ctx, t, id)
}

func (o *overtaken) SecondFactor(ctx context.Context, t chat.TenantID, id chat.AgentID) (chat.SecondFactor, error) {
	defer o.happen()
	return o.Store.SecondFactor(ctx, t, id)
}

// Somebody who has the old password, or an old refresh token, does not get a session that outlives the change by asking while it
// happens: hashing takes long enough to try.
func TestHoleLoginOvertakenByPasswordChange(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)
	a := w.agent(t, w.tenant.ID, "a@x.test")
	slow := &overtaken{Store: w.kept.Store}
	s, err := auth.New(ctx, auth.Config{Store: slow, Broker: w.kept.Broker, Hash: cheap, Now: w.clock.now})
	require.NoError(t, err)
	change := func() { // to the same password, so that the next case can begin
		w.clock.add(time.Second)
		is, err := w.kept.Store.SetPassword(ctx, a.Tenant, a.ID, a.PasswordHash, a.PasswordHash, w.clock.now())
		require.NoError(t, err)
		require.True(t, is)
		w.clock.add(time.Second)
	}
	login := auth.LoginRequest{Email: a.Email, Password: password}
	proves := func(want, what string, tokens auth.Tokens, err error) {
		t.Helper()
		require.NoError(t, err, what)
		_, err = w.open(t).Verify(ctx, tokens.Access)
		_, again := w.Refresh(ctx, tokens.Refresh, "")
		if want == "" {
			require.NoError(t, errors.Join(err, again), what)
			return
		}
		require.Equal(t, want, named(t, err), what)
		require.Equal(t, "refresh_invalid", named(t, again), what)
	}
	slow.then = change
	tokens, err := s.Login(ctx, login)
	proves("token_revoked", "a log-in", tokens, err)
	tokens, err = s.Login(ctx, login)
	proves("", "a log-in afterwards", tokens, err)

	in, err := s.Login(ctx, login)
	require.NoError(t, err)
	slow.then = change
	tokens, err = s.Refresh(ctx, in.Refresh, "")
	proves("token_revoked", "a refresh", tokens, err)

	_, recovery := w.enrolled(t, a.Email)
	challenge := w.challenge(t, a.Email)
	slow.then = change
	tokens, err = s.CompleteChallenge(ctx, challenge, recovery[0])
	proves("token_revoked", "a completed challenge", tokens, err)
	slow.then = change
	_, err = s.Login(ctx, login)
	var asked *auth.ChallengeError
	require.ErrorAs(t, err, &asked)
	_, err = s.CompleteChallenge(ctx, asked.Challenge, recovery[1])
	require.Equal(t, "challenge_invalid", named(t, err), "a challenge")
}
