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

// onBoth runs a test on the embedded back end and on Redis with PostgreSQL.
func onBoth(t *testing.T, test func(t *testing.T, start func(o process.Options) *process.Server)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		test(t, func(o process.Options) *process.Server { return process.Start(t, o) })
	})
	t.Run("redis+postgres", func(t *testing.T) {
		shared.once.Do(func() {
			shared.postgres, shared.err = services.StartPostgres(context.Background(), services.PostgresOptions{})
		})
		require.NoError(t, shared.err)
		database, err := shared.postgres.NewDatabase(t.Context())
		require.NoError(t, err)
		redis, err := services.StartRedis(t.Context(), services.RedisOptions{})
		require.NoError(t, err)
		t.Cleanup(func() { _ = redis.Close() })
		test(t, func(o process.Options) *process.Server {
			o.Env = append([]string{"UNIQCHAT_STORAGE_URL=" + database, "UNIQCHAT_REDIS_URL=" + redis.URL()}, o.Env...)
			return process.Start(t, o)
		})
	})
}
