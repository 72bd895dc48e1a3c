package auth_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server/auth"
)

// heard collects revocations until one passes the test.
func heard(t *testing.T, w *world) <-chan chat.Signal {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	out := make(chan chat.Signal, 64)
	done, listening := make(chan struct{}), make(chan struct{})
	var once sync.Once
	go func() {
		defer close(done)
		_ = w.kept.Broker.Subscribe(ctx, func(s chat.Signal) {
			once.Do(func() { close(listening) })
			if s.Kind == chat.SignalRevoked {
				select {
				case out <- s:
				case <-ctx.Done(): // nobody listens any more
				}
			}
		})
	}()
	t.Cleanup(func() { stop(); <-done })
	// What is published before the subscription stands is lost: ask until something is heard.
	require.Eventually(t, func() bool {
		require.NoError(t, w.kept.Broker.Publish(ctx, chat.Signal{Kind: chat.SignalTyping}))
		select {
		case <-listening:
			return true
		default:
			return false
		}
	}, 10*time.Second, time.Millisecond)
	return out
}

func running(t *testing.T, s *auth.Service) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-done)
	})
}

func TestRevocation(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)
	a := w.agent(t, w.tenant.ID, "a@x.test")
	elsewhere := w.open(t) // another node
	running(t, w.Service)
	running(t, elsewhere)
	signals := heard(t, w)
	login := func() (auth.Tokens, auth.Credential) {
		tokens, err := w.Login(ctx, auth.LoginRequest{Email: "a@x.test", Password: password})
		require.NoError(t, err)
		c, err := elsewhere.Verify(ctx, tokens.Access)
		require.NoError(t, err)
		return tokens, c
	}
	gone := func(tokens auth.Tokens) {
		t.Helper()
		require.Eventually(t, func() bool {
			w.clock.add(100 * time.Millisecond) // caches age by the clock, polls by the machine's
			_, err := elsewhere.Verify(ctx, tokens.Access)
			return chat.CodeOf(err) == chat.Unauthenticated && err != nil
		}, 5*time.Second, 5*time.Millisecond)
	}

	tokens, c := login()
	require.NoError(t, w.Logout(ctx, c))
	gone(tokens)
	s := <-signals
	require.Equal(t, c.Actor.User, s.User)
	require.Equal(t, c.Family[:], s.Data)

	tokens, _ = login()
	require.NoError(t, w.kept.Store.EndRefreshFamily(ctx, c.Family)) // by another process: only a poll finds it
	_, err := w.Refresh(ctx, tokens.Refresh, "")
	require.NoError(t, err)
	_, err = w.Refresh(ctx, tokens.Refresh, "") // reuse
	require.Error(t, err)
	gone(tokens)

	tokens, c = login()
	w.clock.add(time.Second)
	a.TokensAfter = w.clock.now()
	require.NoError(t, w.kept.Store.SaveAgents(ctx, a))
	gone(tokens)
	for s = <-signals; string(s.Data) != string(c.Family[:]); s = <-signals { // its connections end, too
	}
	_, err = w.Refresh(ctx, tokens.Refresh, "")
	require.Equal(t, "refresh_invalid", named(t, err))
	w.clock.add(time.Second)
	tokens, _ = login() // a new one works

	a.Disabled = true
	require.NoError(t, w.kept.Store.SaveAgents(ctx, a))
	require.NoError(t, w.Revoked(ctx, a.Tenant, a.ID))
	gone(tokens)
	_, err = w.Login(ctx, auth.LoginRequest{Email: "a@x.test", Password: password})
	require.Equal(t, "wrong_password", named(t, err))
}
