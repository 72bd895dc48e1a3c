package postgres

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

func TestBreaker(t *testing.T) {
	now := time.Unix(1000, 0)
	g := &breaker{now: func() time.Time { return now }}
	refused := &pgconn.ConnectError{}
	require.NoError(t, g.enter())
	g.leave(errors.New("a wrong query"))
	require.NoError(t, g.enter())
	g.leave(refused)
	require.Equal(t, chat.Busy, chat.CodeOf(g.enter()), "it is known to be away")
	now = now.Add(shutFor)
	require.NoError(t, g.enter(), "one tries")
	require.Error(t, g.enter(), "the others don't wait for him")
	g.leave(refused)
	require.Error(t, g.enter())
	now = now.Add(shutFor)
	require.NoError(t, g.enter())
	now = now.Add(tryFor)
	require.NoError(t, g.enter(), "who tried has never come back")
	g.leave(nil)
	require.NoError(t, g.enter())
	require.NoError(t, g.enter())

	slow := context.DeadlineExceeded
	g.leave(slow)
	g.leave(slow)
	g.leave(nil)
	g.leave(slow)
	g.leave(slow)
	require.NoError(t, g.enter(), "slow queries now and then")
	g.leave(slow)
	require.Error(t, g.enter(), "three in a row")
}
