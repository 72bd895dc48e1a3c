package auth_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server/auth"
)

// What was being looked up while the settings changed is not kept: the next look is a new one.
func TestForgottenWhileLookedUp(t *testing.T) {
	ctx, w := context.Background(), newWorld(t)
	a := w.agent(t, w.tenant.ID, "a@x.test")
	slow := &overtaken{Store: w.kept.Store}
	s, err := auth.New(ctx, auth.Config{Store: slow, Broker: w.kept.Broker, Hash: cheap, Now: w.clock.now})
	require.NoError(t, err)
	token, err := s.MintAgent(a.Tenant, a.ID, time.Minute)
	require.NoError(t, err)
	slow.then = func() {
		_, err := w.kept.Store.ChangeAgent(ctx, a.Tenant, a.ID, func(g *chat.Agent) error {
			g.Name = "Renamed"
			return nil
		})
		require.NoError(t, err)
		s.Heard(chat.Signal{Kind: chat.SignalSettings, Tenant: a.Tenant})
	}
	c, err := s.Verify(ctx, token)
	require.NoError(t, err)
	require.Equal(t, a.Name, c.Actor.Name)
	c, err = s.Verify(ctx, token)
	require.NoError(t, err)
	require.Equal(t, "Renamed", c.Actor.Name)
}
