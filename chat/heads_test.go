package chat

import (
	"math/rand/v2"
	"runtime"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// A full cache must not grow by conversations that come and go.
func TestHeadCacheIsBounded(t *testing.T) {
	const limit = 8192
	require.LessOrEqual(t, unsafe.Sizeof(headEntry{}), uintptr(112))
	before := heap()
	c := newHeadCache(limit)
	for range 20 * limit {
		c.advance(Key{Conversation: NewID[Conversation]()}, Head{State: State{Version: 1}, Last: 1})
	}
	got := (heap() - before) / limit
	t.Logf("%d bytes a head", got)
	require.LessOrEqual(t, got, int64(125))
	runtime.KeepAlive(c)
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Whatever is done to it, what the cache knows is the newest that it was told since it last forgot.
func TestHeadCacheAgainstMap(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	c, truth := newHeadCache(256), make(map[Key]Head)
	keys := make([]Key, 600) // more than there is room for
	for i := range keys {
		keys[i] = Key{NewID[Tenant](), NewID[Conversation]()}
	}
	odd := func(k Key) bool { return k.Conversation[15]&7 == 3 }
	hits := 0
	for step := range 50_000 {
		k := keys[rng.IntN(len(keys))]
		switch n := Seq(rng.IntN(1000)); {
		case step%5000 == 4999:
			c.forget(odd)
			for k := range truth {
				if odd(k) {
					delete(truth, k)
				}
			}
		case step%2 == 0:
			h := Head{State: State{Visitor: NewID[Visitor](), Version: uint64(n)}, Last: n}
			if _, ok := c.get(k); !ok || truth[k].Last <= n {
				truth[k] = h
			}
			c.advance(k, h)
			got, ok := c.get(k)
			require.True(t, ok)
			require.Equal(t, truth[k], got)
		default:
			if got, ok := c.get(k); ok {
				require.Equal(t, truth[k], got)
				hits++
			}
		}
	}
	require.Greater(t, hits, 5000)
	n := 0
	c.each(func(k Key) bool { return !odd(k) }, func(k Key, h Head) {
		n++
		require.Equal(t, truth[k], h)
		got, ok := c.get(k)
		require.True(t, ok)
		require.Equal(t, h, got)
	})
	require.Greater(t, n, 200)
	require.LessOrEqual(t, n, 256)
}
