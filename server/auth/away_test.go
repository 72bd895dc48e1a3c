package auth_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server/auth"
)

// away is a Store whose database can be made unreachable, and that counts what it is asked.
type away struct {
	chat.Store
	is    atomic.Bool
	asked atomic.Int32
}

func (a *away) Agent(ctx context.Context, t chat.TenantID, id chat.AgentID) (chat.Agent, error) {
	a.asked.Add(1)
	if a.is.Load() {
		return chat.Agent{}, errors.New("connection refused")
	}
	return a.Store.Agent(ctx, t, id)
}

func (a *away) SiteKey(ctx context.Context, key string) (chat.SiteKey, error) {
	a.asked.Add(1)
	if a.is.Load() {
		return chat.SiteKey{}, errors.New("connection refused")
	}
	return a.Store.SiteKey(ctx, key)
}

// TestDatabaseAway: who was here can connect again while the database is away, for a while, and the database is asked no more
// often than otherwise.
func TestDatabaseAway(t *testing.T) {
	w, ctx := newWorld(t), context.Background()
	agent := chat.Agent{ID: chat.NewID[chat.Agent](), Tenant: w.tenant.ID, Email: "a@x.test", Name: "A", Role: chat.Member, CreatedAt: w.clock.now()}
	require.NoError(t, w.kept.Store.SaveAgents(ctx, agent))
	store := &away{Store: w.kept.Store}
	s, err := auth.New(ctx, auth.Config{Store: store, Broker: w.kept.Broker, Hash: cheap, Now: w.clock.now})
	require.NoError(t, err)
	visitor, err := s.OpenSession(ctx, &auth.SessionRequest{SiteKey: "shop"})
	require.NoError(t, err)
	staff, err := s.MintAgent(w.tenant.ID, agent.ID, time.Hour)
	require.NoError(t, err)
	both := func() error {
		_, one := s.Authenticate(ctx, visitor.Token, "https://shop.example")
		_, two := s.Authenticate(ctx, staff, "")
		return errors.Join(one, two)
	}
	require.NoError(t, both())
	store.is.Store(true)
	w.clock.add(10 * time.Minute)
	before := store.asked.Load()
	for range 100 {
		require.NoError(t, both())
	}
	require.EqualValues(t, 2, store.asked.Load()-before)
	_, err = s.Authenticate(ctx, visitor.Token, "https://evil.example")
	require.Equal(t, chat.Forbidden, chat.CodeOf(err))
	w.clock.add(10 * time.Minute)
	require.Error(t, both())
	store.is.Store(false)
	require.NoError(t, both())

	// The database's own answer counts at once.
	agent.Disabled = true
	require.NoError(t, w.kept.Store.SaveAgents(ctx, agent))
	w.clock.add(3 * time.Second)
	_, err = s.Authenticate(ctx, staff, "")
	require.Equal(t, chat.Unauthenticated, chat.CodeOf(err))
}
