package server_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server"
)

// A desk that has not heard of the last change yet neither refuses what is right by now nor takes for done what is not.
func TestBehind(t *testing.T) { onBoth(t, testBehind) }

func testBehind(t *testing.T, start func(func(*server.Config)) *node) {
	n := start(nil)
	agent, _ := n.agent(n.tenant.ID, chat.Owner)
	by := &chat.Actor{Tenant: n.tenant.ID, User: chat.UserID(agent.ID), Role: chat.RoleAgent, AgentRole: chat.Owner, Name: "Ann"}
	v := n.talks("hello")
	ctx := t.Context()
	require.NoError(t, n.Desk().Accept(ctx, by, v.id))
	behind := chat.NewDesk(chat.DeskConfig{Log: n.kept.Log, Store: n.kept.Store, Broker: n.kept.Broker}) // nobody tells it of anything
	knows := func() {
		t.Helper()
		_, err := behind.HeadNow(ctx, by, v.id)
		require.NoError(t, err)
	}
	knows()
	require.NoError(t, n.Desk().Close(ctx, by, v.id))
	err := behind.Assign(ctx, by, v.id, agent.ID)
	require.Equal(t, chat.Conflict, chat.CodeOf(err), "it was closed meanwhile: %v", err)
	knows()
	require.NoError(t, n.Desk().Reopen(ctx, by, v.id))
	require.NoError(t, behind.Assign(ctx, by, v.id, agent.ID), "it was opened again meanwhile")
	knows()
	require.NoError(t, n.Desk().Close(ctx, by, v.id))
	require.NoError(t, behind.Reopen(ctx, by, v.id), "it is not open, as it seemed to be")
	require.Equal(t, chat.Open, v.status())
}
