package auth_test

import (
	"context"
	"errors"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server/auth"
)

func (w *world) login(email string) (auth.Tokens, error) {
	return w.Login(context.Background(), auth.LoginRequest{Email: email, Password: password, From: "192.0.2.1"})
}

// credential is what an agent's access token proves.
func (w *world) credential(t *testing.T, tokens auth.Tokens) auth.Credential {
	t.Helper()
	c, err := w.Verify(context.Background(), tokens.Access)
	require.NoError(t, err)
	return c
}

// enrolled gives an agent a second factor, and returns its secret and recovery codes.
func (w *world) enrolled(t *testing.T, email string) (secret string, recovery []string) {
	t.Helper()
	ctx := context.Background()
	in, err := w.login(email)
	require.NoError(t, err)
	c := w.credential(t, in)
	_, err = w.Enrol(ctx, c, "wrong")
	require.Equal(t, "wrong_password", named(t, err))
	e, err := w.Enrol(ctx, c, password)
	require.NoError(t, err)
	u, err := url.Parse(e.URL)
	require.NoError(t, err)
	require.Equal(t, "otpauth", u.Scheme)
	require.Equal(t, e.Secret, u.Query().Get("secret"))
	_, err = w.login(email)
	require.NoError(t, err, "it does not count before it is confirmed")
	_, err = w.ConfirmEnrolment(ctx, c, "000000")
	require.Equal(t, "totp_invalid", named(t, err))
	recovery, err = w.ConfirmEnrolment(ctx, c, w.code(t, e.Secret))
	require.NoError(t, err)
	require.Len(t, recovery, 10)
	_, err = w.ConfirmEnrolment(ctx, c, w.code(t, e.Secret))
	require.Equal(t, "totp_not_enabled", named(t, err))
	_, err = w.Enrol(ctx, c, password)
	require.Equal(t, "totp_enabled", named(t, err), "a second one would replace the first without its code")
	on, left, err := w.SecondFactor(ctx, c)
	require.NoError(t, err)
	require.True(t, on)
	require.Equal(t, 10, left)
	return e.Secret, recovery
}

func (w *world) code(t *testing.T, secret string) string {
	t.Helper()
	c, err := totp.GenerateCode(secret, w.clock.now())
	require.NoError(t, err)
	return c
}

func (w *world) challenge(t *testing.T, email string) string {
	t.Helper()
	_, err := w.login(email)
	var asked *auth.ChallengeError
	require.True(t, errors.As(err, &asked), "%v", err)
	require.Equal(t, "totp_required", named(t, err))
	require.Equal(t, chat.Unauthenticated, chat.CodeOf(err))
	return asked.Challenge
}

func TestSecondFactor(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)
	a := w.agent(t, w.tenant.ID, "a@x.test")
	w.agent(t, w.tenant.ID, "b@x.test")
	secret, recovery := w.enrolled(t, a.Email)
	elsewhere := w.open(t) // another node

	ch := w.challenge(t, a.Email)
	_, err := elsewhere.CompleteChallenge(ctx, ch, w.code(t, secret))
	require.Equal(t, "totp_invalid", named(t, err), "the code that confirmed it is spent")
	w.clock.add(30 * time.Second)
	code := w.code(t, secret)
	tokens, err := elsewhere.CompleteChallenge(ctx, ch, code)
	require.NoError(t, err)
	require.Equal(t, a.ID, tokens.Agent.ID)
	_, err = w.CompleteChallenge(ctx, w.challenge(t, a.Email), code)
	require.Equal(t, "totp_invalid", named(t, err), "each code once")
	_, err = w.Login(ctx, auth.LoginRequest{Email: a.Email, Password: "wrong"})
	require.Equal(t, "wrong_password", named(t, err), "only who knows the password learns of the second factor")

	// Clocks may disagree by one step, not by two.
	for _, off := range []time.Duration{-60 * time.Second, 60 * time.Second} {
		c, err := totp.GenerateCode(secret, w.clock.now().Add(off))
		require.NoError(t, err)
		_, err = w.CompleteChallenge(ctx, w.challenge(t, a.Email), c)
		require.Equal(t, "totp_invalid", named(t, err), off)
	}
	ahead, err := totp.GenerateCode(secret, w.clock.now().Add(30*time.Second))
	require.NoError(t, err)
	_, err = w.CompleteChallenge(ctx, w.challenge(t, a.Email), ahead)
	require.NoError(t, err)

	// A challenge proves nothing by itself, nothing else is one, and it lives for five minutes.
	ch = w.challenge(t, a.Email)
	_, err = w.Verify(ctx, ch)
	require.Equal(t, "token_invalid", named(t, err))
	for _, junk := range []string{"", "junk", tokens.Access, tokens.Refresh} {
		_, err = w.CompleteChallenge(ctx, junk, recovery[0])
		require.Equal(t, "challenge_invalid", named(t, err))
	}
	w.clock.add(5 * time.Minute)
	_, err = w.CompleteChallenge(ctx, ch, w.code(t, secret))
	require.Equal(t, "challenge_invalid", named(t, err))

	// A recovery code works once, however it is written, and only for its owner.
	_, err = w.CompleteChallenge(ctx, w.challenge(t, a.Email), " "+recovery[0])
	require.NoError(t, err)
	_, err = w.CompleteChallenge(ctx, w.challenge(t, a.Email), recovery[0])
	require.Equal(t, "totp_invalid", named(t, err))
	other, _ := w.enrolled(t, "b@x.test")
	for _, c := range []string{recovery[1], w.code(t, secret)} {
		_, err = w.CompleteChallenge(ctx, w.challenge(t, "b@x.test"), c)
		require.Equal(t, "totp_invalid", named(t, err))
	}
	require.NotEqual(t, secret, other)

	c := w.credential(t, tokens)
	require.Equal(t, "wrong_password", named(t, w.EndSecondFactor(ctx, c, "wrong", recovery[1])))
	require.Equal(t, "totp_invalid", named(t, w.EndSecondFactor(ctx, c, password, "000000")))
	require.NoError(t, w.EndSecondFactor(ctx, c, password, recovery[1]))
	_, err = w.login(a.Email)
	require.NoError(t, err)
}

// A challenge takes five codes and an account twenty wrong ones in a quarter of an hour, over all nodes and however many come at once.
func TestCodesCantBeGuessed(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)
	a := w.agent(t, w.tenant.ID, "a@x.test")
	secret, _ := w.enrolled(t, a.Email)
	w.clock.add(time.Minute)
	nodes := []*auth.Service{w.Service, w.open(t)}
	var mu sync.Mutex
	answers := map[string]int{}
	guess := func(ch string, i int) {
		_, err := nodes[i%2].CompleteChallenge(ctx, ch, "no-such-code")
		mu.Lock()
		defer mu.Unlock()
		var e *chat.Error
		if errors.As(err, &e) {
			answers[e.Name]++
		}
	}
	var wg sync.WaitGroup
	ch := w.challenge(t, a.Email)
	for i := range 20 {
		wg.Go(func() { guess(ch, i) })
	}
	wg.Wait()
	require.Equal(t, map[string]int{"totp_invalid": 5, "challenge_invalid": 15}, answers)
	_, err := w.CompleteChallenge(ctx, ch, w.code(t, secret))
	require.Equal(t, "challenge_invalid", named(t, err), "the right code comes too late")
	for range 4 {
		ch = w.challenge(t, a.Email)
		for i := range 5 {
			guess(ch, i)
		}
	}
	require.Equal(t, 20, answers["totp_invalid"])
	require.Equal(t, 5, answers["too_many_attempts"])
	_, err = w.CompleteChallenge(ctx, w.challenge(t, a.Email), w.code(t, secret))
	require.Equal(t, "too_many_attempts", named(t, err))
	w.clock.add(16 * time.Minute)
	_, err = w.CompleteChallenge(ctx, w.challenge(t, a.Email), w.code(t, secret))
	require.NoError(t, err, "not for ever")
}

// Who found a token can't turn on, with codes of their own guessing, what its owner has begun: it would lock the owner out.
func TestConfirmationCantBeGuessed(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)
	a := w.agent(t, w.tenant.ID, "a@x.test")
	in, err := w.login(a.Email)
	require.NoError(t, err)
	c := w.credential(t, in)
	e, err := w.Enrol(ctx, c, password)
	require.NoError(t, err)
	for range 20 {
		_, err = w.ConfirmEnrolment(ctx, c, "000000")
		require.Equal(t, "totp_invalid", named(t, err))
	}
	_, err = w.open(t).ConfirmEnrolment(ctx, c, w.code(t, e.Secret))
	require.Equal(t, "too_many_attempts", named(t, err))
	w.clock.add(16 * time.Minute)
	in, err = w.login(a.Email)
	require.NoError(t, err)
	_, err = w.ConfirmEnrolment(ctx, w.credential(t, in), w.code(t, e.Secret))
	require.NoError(t, err)
}

func TestChallengeEndsWithThePassword(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)
	a := w.agent(t, w.tenant.ID, "a@x.test")
	_, recovery := w.enrolled(t, a.Email)
	ch := w.challenge(t, a.Email)
	w.clock.add(time.Second)
	is, err := w.kept.Store.SetPassword(ctx, a.Tenant, a.ID, a.PasswordHash, "another", w.clock.now())
	require.NoError(t, err)
	require.True(t, is)
	_, err = w.CompleteChallenge(ctx, ch, recovery[0])
	require.Equal(t, "challenge_invalid", named(t, err))
}
