package server

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestQuiet(t *testing.T) {
	var q quiet
	var now uint64
	pass := func(mib uint64) bool { now += mib << 20; return q.look(now) }
	require.False(t, pass(40), "a burst")
	require.False(t, pass(40))
	require.True(t, pass(1), "it has become quiet: what the burst left is collected")
	for range quietLong - 2 {
		require.False(t, pass(1), "there is nothing to gain")
	}
	for range 2 {
		require.True(t, pass(0), "caches have let go")
		for range quietLong - 1 {
			require.False(t, pass(0))
		}
	}
	require.False(t, pass(0), "twice is enough")
	for range 3 {
		require.False(t, pass(5))
	}
	require.True(t, pass(5), "little by little it was much")
	require.False(t, pass(10), "not quiet")
	require.True(t, pass(9))
}
