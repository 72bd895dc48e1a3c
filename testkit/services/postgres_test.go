package services

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// What was committed survives a SIGKILL of everything; a frozen server answers nobody until it goes on.
func TestPostgres(t *testing.T) {
	ctx := context.Background()
	p, err := StartPostgres(ctx, PostgresOptions{})
	require.NoError(t, err)
	defer func() { require.NoError(t, p.Close()) }()
	url, err := p.NewDatabase(ctx)
	require.NoError(t, err)
	run := func(within time.Duration, sql string) error {
		ctx, cancel := context.WithTimeout(ctx, within)
		defer cancel()
		conn, err := pgx.Connect(ctx, url)
		if err != nil {
			return err
		}
		defer conn.Close(context.Background())
		_, err = conn.Exec(ctx, sql)
		return err
	}
	require.NoError(t, run(10*time.Second, "CREATE TABLE t (n int); INSERT INTO t VALUES (1)"))
	require.NotEmpty(t, children(p.child.pid()))
	old := p.child.pid()
	require.NoError(t, p.Kill())
	require.Empty(t, children(old))
	require.Error(t, run(time.Second, "SELECT 1"))
	require.NoError(t, p.Start(ctx))
	require.NoError(t, run(10*time.Second, "SELECT 1 / (SELECT COUNT(*) FROM t)"))
	require.NoError(t, p.Pause())
	require.Error(t, run(300*time.Millisecond, "SELECT 1"))
	require.NoError(t, p.Resume())
	require.NoError(t, run(10*time.Second, "DROP TABLE t"))
	require.NoError(t, p.Stop())
	require.NoError(t, p.Stop())
	require.NoError(t, p.Start(ctx))
	require.ErrorIs(t, p.Start(ctx), ErrRunning)
}
