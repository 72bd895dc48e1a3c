package e2e_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/testkit/process"
	"github.com/uniqchat/uniqchat/testkit/services"
)

// shared is the one PostgreSQL of this package's tests; each test has a database of its own.
var shared struct {
	once     sync.Once
	postgres *services.Postgres
	err      error
}

// backend is where a test's servers keep what they keep.
type backend struct {
	start    func(o process.Options) *process.Server
	env      []string           // that names it; nothing for SQLite
	database string             // URL; empty for SQLite
	redis    *services.Redis    // nil for SQLite
	postgres *services.Postgres // likewise
}

// onBoth runs a test on the embedded back end and on Redis with PostgreSQL.
func onBoth(t *testing.T, test func(t *testing.T, start func(o process.Options) *process.Server)) {
	t.Helper()
	onEach(t, func(t *testing.T, b *backend) { test(t, b.start) })
}

// beside is onBoth for tests that mostly wait: the two run at the same time, and beside other tests.
func beside(t *testing.T, test func(t *testing.T, start func(o process.Options) *process.Server)) {
	t.Helper()
	t.Parallel()
	onBoth(t, func(t *testing.T, start func(o process.Options) *process.Server) {
		t.Parallel()
		test(t, start)
	})
}

// onEach is onBoth for tests that look into the back ends.
func onEach(t *testing.T, test func(t *testing.T, b *backend)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		test(t, &backend{start: func(o process.Options) *process.Server { return process.Start(t, o) }})
	})
	t.Run("redis+postgres", func(t *testing.T) {
		shared.once.Do(func() {
			shared.postgres, shared.err = services.StartPostgres(context.Background(), services.PostgresOptions{})
		})
		require.NoError(t, shared.err)
		b := &backend{postgres: shared.postgres}
		var err error
		b.database, err = shared.postgres.NewDatabase(t.Context())
		require.NoError(t, err)
		b.redis, err = services.StartRedis(t.Context(), services.RedisOptions{})
		require.NoError(t, err)
		t.Cleanup(func() { _ = b.redis.Close() })
		b.env = []string{"UNIQCHAT_STORAGE_URL=" + b.database, "UNIQCHAT_REDIS_URL=" + b.redis.URL()}
		b.start = func(o process.Options) *process.Server {
			o.Env = append(append([]string(nil), b.env...), o.Env...)
			return process.Start(t, o)
		}
		test(t, b)
	})
}
