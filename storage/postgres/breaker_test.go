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

// Callers who go away while they wait say nothing of the database: one of them must not have everybody refused, nor open what is shut.
func TestBreakerCallersGo(t *testing.T) {
	now := time.Unix(1000, 0)
	g := &breaker{now: func() time.Time { return now }}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, gone := pgconn.Connect(ctx, "postgres://nobody@127.0.0.1:1/x")
	var refused *pgconn.ConnectError
	require.ErrorAs(t, gone, &refused, "what who goes while a connection is made for him gets")
	g.leave(gone)
	require.NoError(t, g.enter())

	g.leave(&pgconn.ConnectError{})
	require.Error(t, g.enter())
	g.leave(context.Canceled)
	require.Error(t, g.enter(), "it is still away")
	now = now.Add(shutFor)
	require.NoError(t, g.enter(), "one tries")
	g.leave(gone)
	now = now.Add(shutFor)
	require.NoError(t, g.enter(), "and if he goes, the next one does")
}
