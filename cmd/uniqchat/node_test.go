package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNodeName(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	first, release := nodeName(dir)
	second, releaseSecond := nodeName(dir)
	require.NotEqual(t, first, second, "two processes at once are two nodes")
	releaseSecond()
	release()
	again, release := nodeName(dir)
	require.Equal(t, first, again, "after a restart it is the same node")
	release()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "node"), []byte("something else that is longer than an id of a node"), 0o600))
	other, release := nodeName(dir)
	require.NotEqual(t, first, other)
	release()
	kept, release := nodeName(dir)
	require.Equal(t, other, kept)
	release()
}
