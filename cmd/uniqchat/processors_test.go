package main

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// There is room for each event loop beside the processors, unless the operator has decided.
func TestMakeRoom(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
	t.Setenv("GOMAXPROCS", "")
	require.Equal(t, before, makeRoom(3))
	require.Equal(t, before+3, runtime.GOMAXPROCS(0))
	runtime.GOMAXPROCS(before)
	require.Equal(t, before, makeRoom(0))
	require.Equal(t, 2*before, runtime.GOMAXPROCS(0))
	t.Setenv("GOMAXPROCS", "1")
	runtime.GOMAXPROCS(1)
	require.Equal(t, 1, makeRoom(3))
	require.Equal(t, 1, runtime.GOMAXPROCS(0))
}
