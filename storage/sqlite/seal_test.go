package sqlite_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/storage"
	"github.com/uniqchat/uniqchat/storage/seal"
	"github.com/uniqchat/uniqchat/storage/storagetest"
)

// runSealed opens a database that is sealed, and runs it until stop.
func runSealed(t testing.TB, path string, masters *seal.Masters) (*storage.Storage, func()) {
	s, err := storage.Open(context.Background(), storage.Options{URL: "sqlite:" + path, Audit: storagetest.Signer{}, Encryption: storage.Encryption{Masters: masters, Poll: 20 * time.Millisecond}})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	return s, func() {
		cancel()
		require.NoError(t, <-done)
		require.NoError(t, s.Close())
	}
}

// The whole suite once more, with everything sealed.
func TestConformanceSealed(t *testing.T) {
	masters, err := seal.MastersOf(seal.NewMasterKey())
	require.NoError(t, err)
	storagetest.Run(t, func(t *testing.T) storagetest.Open {
		path := filepath.Join(t.TempDir(), "chat.db")
		return func(t *testing.T) storagetest.Backend {
			s, stop := runSealed(t, path, masters)
			return storagetest.Backend{Log: s.Log, Store: s.Store, Broker: s.Broker, Stop: stop}
		}
	})
}
