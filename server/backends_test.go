package server_test

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/server"
	"github.com/uniqchat/uniqchat/storage"
	"github.com/uniqchat/uniqchat/testkit/services"
)

// postgres is the one PostgreSQL of this package's tests; each test has a database of its own.
var postgres struct {
	once   sync.Once
	server *services.Postgres
	err    error
}

// withServices ends what tests share before anybody looks for what was left behind.
type withServices struct{ *testing.M }

// Run runs the tests.
func (m withServices) Run() int {
	code := m.M.Run()
	if postgres.server != nil {
		if err := postgres.server.Close(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	return code
}

// onBoth runs a test on the embedded back end and on Redis with PostgreSQL.
func onBoth(t *testing.T, test func(t *testing.T, start func(change func(*server.Config)) *node)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		test(t, func(change func(*server.Config)) *node { return start(t, change) })
	})
	t.Run("redis+postgres", func(t *testing.T) {
		postgres.once.Do(func() {
			postgres.server, postgres.err = services.StartPostgres(context.Background(), services.PostgresOptions{})
		})
		require.NoError(t, postgres.err)
		url, err := postgres.server.NewDatabaseLike(t.Context(), func(ctx context.Context, url string) error {
			return storage.Migrate(ctx, storage.Options{URL: url})
		})
		require.NoError(t, err)
		redis, err := services.StartRedis(t.Context(), services.RedisOptions{})
		require.NoError(t, err)
		t.Cleanup(func() { _ = redis.Close() })
		o := storage.Options{URL: url, Redis: redis.URL()}
		test(t, func(change func(*server.Config)) *node { return startOn(t, o, change) })
	})
}
