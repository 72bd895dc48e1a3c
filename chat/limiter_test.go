package chat

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// clock is a time that the test moves.
type clock struct{ at time.Time }

func (c *clock) now() time.Time                  { return c.at }
func (c *clock) after(d time.Duration)           { c.at = c.at.Add(d) }
func newClock() *clock                           { return &clock{time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }
func bucket(key string, r float64, n int) Bucket { return Bucket{Key: key, Rate: r, Burst: n} }

// A bucket gives its burst at once and then exactly its rate, whatever the pace at which it is asked.
func TestBucketsAreExact(t *testing.T) {
	for _, rate := range []float64{0.1, 1, 3, 7, 1000, 33_333} {
		c := newClock()
		b, tenant := NewBuckets(c.now), NewID[Tenant]()
		start, ok := c.at, 0
		for c.at.Sub(start).Seconds()*rate < 500 {
			for range 40 {
				if b.Take(context.Background(), tenant, bucket("x", rate, 20)).OK {
					ok++
				}
			}
			c.after(time.Duration(float64(time.Second) / rate * 2.7))
		}
		want := 20 + c.at.Sub(start).Seconds()*rate
		require.InDelta(t, want, ok, 4, "rate %v", rate) // the last step's tokens are not asked for
	}
}

func TestBucketLevels(t *testing.T) {
	c := newClock()
	b, tenant, other := NewBuckets(c.now), NewID[Tenant](), NewID[Tenant]()
	take := func(buckets ...Bucket) Level { return b.Take(context.Background(), tenant, buckets...) }
	x := bucket("x", 2, 3)
	require.Equal(t, Level{Bucket: x, OK: true, Left: 2, Full: 500 * time.Millisecond}, take(x))
	require.Equal(t, 1, take(x).Left)
	require.Equal(t, 0, take(x).Left)
	require.Equal(t, Level{Bucket: x, Wait: 500 * time.Millisecond, Full: 1500 * time.Millisecond}, take(x))
	require.True(t, b.Take(context.Background(), other, x).OK, "another tenant's")
	require.True(t, take(bucket("y", 2, 3)).OK, "another bucket")
	c.after(200 * time.Millisecond)
	require.Equal(t, 300*time.Millisecond, take(x).Wait.Round(time.Microsecond))
	c.after(300 * time.Millisecond)
	require.True(t, take(x).OK)
	require.False(t, take(x).OK)
	c.after(time.Hour)
	require.Equal(t, 2, take(x).Left, "no more than the burst")
	require.True(t, take().OK, "of none")
}

// A token is taken of every bucket or of none.
func TestBucketsAllOrNone(t *testing.T) {
	b, tenant := NewBuckets(newClock().now), NewID[Tenant]()
	visitor, whole := bucket("v", 1, 2), bucket("t", 1, 3)
	take := func(buckets ...Bucket) Level { return b.Take(context.Background(), tenant, buckets...) }
	require.Equal(t, "v", take(visitor, whole).Key, "the one with fewer left")
	require.True(t, take(visitor, whole).OK)
	for range 5 {
		l := take(visitor, whole)
		require.False(t, l.OK)
		require.Equal(t, "v", l.Key)
	}
	require.True(t, take(whole).OK, "what the visitor did not get was not taken of the tenant's")
	for range 5 {
		l := take(bucket("w", 1, 1), whole)
		require.False(t, l.OK)
		require.Equal(t, "t", l.Key)
	}
	require.True(t, take(bucket("w", 1, 1)).OK, "nor the other way round")
}

// A limit that becomes smaller holds at once, and nobody waits for what a larger one allowed.
func TestBucketsWithAnotherLimit(t *testing.T) {
	c := newClock()
	b, tenant := NewBuckets(c.now), NewID[Tenant]()
	for range 100 {
		require.True(t, b.Take(context.Background(), tenant, bucket("x", 1, 100)).OK)
	}
	l := b.Take(context.Background(), tenant, bucket("x", 10, 5))
	require.Equal(t, 100*time.Millisecond, l.Wait.Round(time.Microsecond))
	c.after(100 * time.Millisecond)
	require.True(t, b.Take(context.Background(), tenant, bucket("x", 10, 5)).OK)
}

func TestBucketsAreBounded(t *testing.T) {
	c := newClock()
	b := NewBuckets(c.now)
	b.most = 100
	for i := range 1000 {
		require.True(t, b.Take(context.Background(), TenantID{}, bucket(fmt.Sprint(i), 1, 1)).OK)
		require.LessOrEqual(t, len(b.full), 100)
	}
	last := bucket("999", 1, 1)
	require.False(t, b.Take(context.Background(), TenantID{}, last).OK)
	c.after(time.Second)
	for i := range 100 {
		b.Take(context.Background(), TenantID{}, bucket(fmt.Sprint("new", i), 1, 1))
	}
	require.True(t, b.Take(context.Background(), TenantID{}, last).OK)
}

func BenchmarkBuckets(b *testing.B) {
	l, tenant := NewBuckets(nil), NewID[Tenant]()
	b.ReportAllocs()
	for b.Loop() {
		l.Take(context.Background(), tenant, bucket("v", 1, 1), bucket("t", 1e6, 1e6))
	}
}
