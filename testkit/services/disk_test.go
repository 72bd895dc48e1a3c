package services_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/testkit/services"
)

// TestPowerCut: what was synced is there afterwards, and nothing else.
func TestPowerCut(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("mounting takes root")
	}
	d, err := services.NewDisk(64 << 20)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	path := filepath.Join(d.Dir, "file")
	f, err := os.Create(path)
	require.NoError(t, err)
	_, err = f.WriteString("synced ")
	require.NoError(t, err)
	require.NoError(t, f.Sync())
	require.NoError(t, d.Sync())
	_, err = f.WriteString("not synced")
	require.NoError(t, err)
	require.NoError(t, d.Cut())
	require.Error(t, f.Sync())
	f.Close()
	require.NoError(t, d.Revive())
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "synced ", string(b))
}
