package storage_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/storage"
	"github.com/uniqchat/uniqchat/storage/postgres"
	"github.com/uniqchat/uniqchat/storage/seal"
	"github.com/uniqchat/uniqchat/storage/storagetest"
	"github.com/uniqchat/uniqchat/testkit/services"
)

// TestRedisPostgres runs the one suite on the production back end: a real redis-server and a real PostgreSQL.
func TestRedisPostgres(t *testing.T) { conforms(t, storage.Encryption{}) }

// TestRedisPostgresSealed runs it once more, with everything sealed.
func TestRedisPostgresSealed(t *testing.T) {
	masters, err := seal.MastersOf(seal.NewMasterKey())
	require.NoError(t, err)
	conforms(t, storage.Encryption{Masters: masters, Poll: 20 * time.Millisecond})
}

func conforms(t *testing.T, e storage.Encryption) {
	t.Helper()
	rows, err := services.StartPostgres(t.Context(), services.PostgresOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = rows.Close() })
	storagetest.Run(t, func(t *testing.T) storagetest.Open {
		t.Helper()
		redis, err := services.StartRedis(t.Context(), services.RedisOptions{})
		require.NoError(t, err)
		t.Cleanup(func() { _ = redis.Close() })
		url, err := rows.NewDatabaseLike(t.Context(), postgres.Migrate)
		require.NoError(t, err)
		o := storage.Options{URL: url, Redis: redis.URL(), Encryption: e, Audit: storagetest.Signer{}}
		return func(t *testing.T) storagetest.Backend {
			t.Helper()
			return open(t, o)
		}
	})
}

func open(t *testing.T, o storage.Options) storagetest.Backend {
	t.Helper()
	s, err := storage.Open(t.Context(), o)
	require.NoError(t, err)
	db, err := postgres.Open(t.Context(), o.URL, postgres.Options{MaxConns: 2})
	require.NoError(t, err)
	db.Store().Seal(s.Store.Keyring())
	t.Cleanup(db.Close)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := s.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	stop := sync.OnceFunc(func() {
		cancel()
		wg.Wait()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return storagetest.Backend{
		Log: s.Log, Store: s.Store, Broker: s.Broker, Stop: stop,
		Settle: func(t *testing.T) {
			t.Helper()
			require.Eventually(t, s.Settled, time.Minute, time.Millisecond) // how long it takes on a busy machine is no promise
		},
		Index: func(t *testing.T) {
			t.Helper()
			require.NoError(t, postgres.NewIndexer(db, postgres.IndexerOptions{}).Finish(t.Context())) // beside the one that runs
		},
	}
}
