package auth_test

import (
	"context"
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server/auth"
)

// Who was let in is told later that its credential has ended since, and asks the database for nothing unless something has.
func TestAdmit(t *testing.T) {
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
	v, visitorStill, err := s.Admit(ctx, visitor.Token, "https://shop.example")
	require.NoError(t, err)
	_, staffStill, err := s.Admit(ctx, staff, "")
	require.NoError(t, err)
	asked := store.asked.Load()
	require.NoError(t, visitorStill(ctx))
	require.NoError(t, staffStill(ctx))
	require.Equal(t, asked, store.asked.Load())

	agent.Disabled = true
	require.NoError(t, w.kept.Store.SaveAgents(ctx, agent))
	require.NoError(t, s.Revoked(ctx, agent.Tenant, agent.ID))
	require.Equal(t, chat.Unauthenticated, chat.CodeOf(staffStill(ctx)))
	require.NoError(t, visitorStill(ctx), "something has ended, but not this")
	s.Heard(chat.Signal{
		Kind: chat.SignalErased, Tenant: v.Actor.Tenant, User: v.Actor.User, Role: chat.RoleVisitor,
		Data: binary.BigEndian.AppendUint64(nil, uint64(w.clock.now().UnixMilli())),
	})
	require.Equal(t, chat.Unauthenticated, chat.CodeOf(visitorStill(ctx)))
	_, _, err = s.Admit(ctx, staff, "")
	require.Equal(t, chat.Unauthenticated, chat.CodeOf(err))
}
