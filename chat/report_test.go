package chat

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The middle of a bucket is at most 6.25 % away from anything in it, or 64 ms; buckets grow with what is in them.
func TestBuckets(t *testing.T) {
	last := 0
	for ms := int64(0); ms < 1<<17; ms++ {
		checkBucket(t, time.Duration(ms)*time.Millisecond)
		b := BucketOf(time.Duration(ms) * time.Millisecond)
		require.True(t, b == last || b == last+1, "%d ms", ms)
		last = b
	}
	for range 10_000 {
		checkBucket(t, time.Duration(rand.Int64N(1<<rand.IntN(40)+1))*time.Millisecond)
	}
	require.Equal(t, 0, BucketOf(-time.Hour))
	require.Less(t, BucketOf(1<<62), 1<<15, "a SMALLINT")
}

func checkBucket(t *testing.T, d time.Duration) {
	t.Helper()
	away := (BucketMiddle(BucketOf(d)) - d).Abs()
	require.LessOrEqual(t, away, max(d/16, 64*time.Millisecond), "%v", d)
}

func TestSlots(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 29, 59, 0, time.UTC)
	require.Equal(t, time.Date(2026, 3, 1, 12, 15, 0, 0, time.UTC), SlotStart(SlotOf(at)))
}
