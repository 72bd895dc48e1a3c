package redis

import (
	"context"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/testkit/services"
)

// limiterNode is a node's Limiter that runs until the test ends, with connections of its own.
func limiterNode(t testing.TB, url string) *Limiter {
	t.Helper()
	client, err := Connect(url)
	require.NoError(t, err)
	l := NewLimiter(client, "t:", slog.New(slog.DiscardHandler), metrics.NewSet())
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = l.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		wg.Wait()
		_ = client.Close()
	})
	return l
}

// Two nodes hammer one bucket: together they get what one bucket gives, to 2 %.
func TestTwoNodesShareABucket(t *testing.T) {
	r := startRedis(t)
	nodes := []*Limiter{limiterNode(t, r.URL()), limiterNode(t, r.URL())}
	for _, n := range nodes {
		n.most = 30 * time.Second // a machine that stands still for a moment is not a Redis that is away
	}
	for _, tc := range []struct { // a busy machine, too, must ask faster than they fill
		rate  float64
		burst int
	}{{400, 3000}, {150, 1000}, {20, 200}} {
		tenant := chat.NewID[chat.Tenant]()
		all := chat.Bucket{Key: "tenant", Rate: tc.rate, Burst: tc.burst}
		var admitted atomic.Int64
		var wg sync.WaitGroup
		begun := time.Now()
		for w := range 16 {
			wg.Go(func() { // until the bucket is empty and some seconds are over
				own := chat.Bucket{Key: strconv.Itoa(w), Rate: 1e6, Burst: 1e6}
				for {
					l := nodes[w%2].Take(t.Context(), tenant, own, all)
					if l.OK {
						admitted.Add(1)
						continue
					}
					if time.Since(begun) > 3*time.Second {
						return
					}
					time.Sleep(min(l.Wait, 5*time.Millisecond)) // the others' processor time
				}
			})
		}
		wg.Wait()
		allowed := float64(tc.burst) + tc.rate*time.Since(begun).Seconds()
		t.Logf("rate %v, burst %d: %d admitted, %.1f allowed (%+.2f %%)", tc.rate, tc.burst, admitted.Load(), allowed, 100*(float64(admitted.Load())/allowed-1))
		require.InEpsilon(t, allowed, admitted.Load(), 0.02)
		for _, n := range nodes {
			require.Zero(t, n.alone.Get(), "Redis judged all of it")
		}
	}
}

// The shared buckets behave as those of one process do.
func TestLimiterLevels(t *testing.T) {
	r := startRedis(t)
	one, two := limiterNode(t, r.URL()), limiterNode(t, r.URL())
	tenant, other := chat.NewID[chat.Tenant](), chat.NewID[chat.Tenant]()
	take := func(l *Limiter, buckets ...chat.Bucket) chat.Level { return l.Take(t.Context(), tenant, buckets...) }
	visitor, whole := chat.Bucket{Key: "v", Rate: 0.01, Burst: 2}, chat.Bucket{Key: "t", Rate: 0.01, Burst: 3}
	l := take(one, visitor, whole)
	require.True(t, l.OK)
	require.Equal(t, visitor, l.Bucket, "the one with fewer left")
	require.Equal(t, 1, l.Left)
	require.InDelta(t, 100, l.Full.Seconds(), 1)
	require.True(t, take(two, visitor, whole).OK)
	for range 3 {
		for _, n := range []*Limiter{one, two} {
			l = take(n, visitor, whole)
			require.False(t, l.OK)
			require.Equal(t, visitor, l.Bucket)
			require.Zero(t, l.Left)
			require.InDelta(t, 100, l.Wait.Seconds(), 10)
			require.InDelta(t, 200, l.Full.Seconds(), 10)
		}
	}
	require.EqualValues(t, 2, one.known.Get(), "it is not asked again before there can be a token")
	require.True(t, take(one, whole).OK, "what the visitor did not get was not taken of the tenant's")
	require.False(t, take(two, whole).OK)
	require.True(t, two.Take(t.Context(), other, visitor, whole).OK, "another tenant's")
	require.True(t, take(one).OK, "of none")
	require.True(t, take(one, chat.Bucket{Key: "t", Rate: 0.01, Burst: 30}).OK, "a limit that was raised holds at once")
	require.Eventually(t, func() bool { return take(two, chat.Bucket{Key: "t", Rate: 1000, Burst: 1}).OK }, 10*time.Second, time.Millisecond,
		"nobody waits for what another limit said")
}

// Many takings at once go in few calls, and each gets an answer of its own.
func TestLimiterGathers(t *testing.T) {
	r := startRedis(t)
	n := limiterNode(t, r.URL())
	tenants := []chat.TenantID{chat.NewID[chat.Tenant](), chat.NewID[chat.Tenant](), chat.NewID[chat.Tenant]()}
	var ok [3]atomic.Int64
	var wg sync.WaitGroup
	for i := range 600 {
		wg.Go(func() {
			if n.Take(t.Context(), tenants[i%3], chat.Bucket{Key: "t", Rate: 0.001, Burst: 50 * (i%3 + 1)}).OK {
				ok[i%3].Add(1)
			}
		})
	}
	wg.Wait()
	for i := range ok {
		require.EqualValues(t, 50*(i+1), ok[i].Load())
	}
}

// While Redis is away a node judges by itself; nobody waits for it, and its limits hold again once it is back.
func TestLimiterWithoutRedis(t *testing.T) {
	r := startRedis(t)
	n := limiterNode(t, r.URL())
	tenant := chat.NewID[chat.Tenant]()
	b := chat.Bucket{Key: "t", Rate: 0.001, Burst: 10}
	for range 10 {
		require.True(t, n.Take(t.Context(), tenant, b).OK)
	}
	require.NoError(t, r.Kill())
	other := chat.Bucket{Key: "u", Rate: 0.001, Burst: 10}
	got := 0
	for range 30 {
		if n.Take(t.Context(), tenant, other).OK {
			got++
		}
	}
	require.Equal(t, 10, got, "one node's bucket")
	require.True(t, n.away.Load())
	require.EqualValues(t, 30, n.alone.Get())
	require.NoError(t, r.Start(t.Context()))
	require.Eventually(t, func() bool { return !n.away.Load() }, 30*time.Second, 10*time.Millisecond)
	require.True(t, n.Take(t.Context(), tenant, other).OK)
	require.EqualValues(t, 30, n.alone.Get())

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.True(t, n.Take(ctx, tenant, chat.Bucket{Key: "v", Rate: 1, Burst: 1}).OK, "a caller that is gone")
}

// Buckets leave nothing in the append-only file: a request must not wait for a disk, nor grow the file that messages are in.
func TestLimiterWritesNoFile(t *testing.T) {
	r := startRedis(t)
	n := limiterNode(t, r.URL())
	size := func() string {
		info, err := n.client.Info(t.Context(), "persistence").Result()
		require.NoError(t, err)
		for line := range strings.Lines(info) {
			if v, is := strings.CutPrefix(line, "aof_current_size:"); is {
				return strings.TrimSpace(v)
			}
		}
		t.Fatal("no aof_current_size")
		return ""
	}
	tenant := chat.NewID[chat.Tenant]()
	before := size()
	for range 100 {
		require.True(t, n.Take(t.Context(), tenant, chat.Bucket{Key: "t", Rate: 1, Burst: 1000}).OK) // it is not full, and so forgotten, before the size is looked at
	}
	require.Equal(t, before, size())
	keys, err := n.client.Keys(t.Context(), "t:limit:*").Result()
	require.NoError(t, err)
	require.Equal(t, []string{"t:limit:{" + tenant.String() + "}:t"}, keys)
	left, err := n.client.PTTL(t.Context(), keys[0]).Result()
	require.NoError(t, err)
	require.InDelta(t, 80, left.Seconds(), 21, "a full bucket is no key")
}

// On a cluster tenants' buckets are in different slots, and one flight has them all.
func TestLimiterOnACluster(t *testing.T) {
	c, err := services.StartRedisCluster(t.Context(), 3, services.RedisOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	n := limiterNode(t, c.URL())
	var ok atomic.Int64
	var wg sync.WaitGroup
	for range 20 {
		tenant := chat.NewID[chat.Tenant]()
		for range 10 {
			wg.Go(func() {
				if n.Take(t.Context(), tenant, chat.Bucket{Key: "v", Rate: 0.001, Burst: 100}, chat.Bucket{Key: "t", Rate: 0.001, Burst: 7}).OK {
					ok.Add(1)
				}
			})
		}
	}
	wg.Wait()
	require.EqualValues(t, 140, ok.Load())
	require.Zero(t, n.alone.Get())
}

// BenchmarkLimiter is what a request costs: callers is how many ask at once. "alone" makes a call for each taking, as a Limiter
// would that gathers nothing. It reports the calls and the CPU time of redis-server per request.
func BenchmarkLimiter(b *testing.B) {
	r, err := services.StartRedis(b.Context(), services.RedisOptions{})
	require.NoError(b, err)
	defer r.Close()
	tenant := chat.NewID[chat.Tenant]()
	visitor, whole := chat.Bucket{Key: "v", Rate: 1e6, Burst: 1e6}, chat.Bucket{Key: "t", Rate: 1e6, Burst: 1e6}
	run := func(name string, callers int, take func(n *Limiter) error) {
		b.Run(name+"/callers="+strconv.Itoa(callers), func(b *testing.B) {
			n := limiterNode(b, r.URL())
			_ = take(n)
			calls, used := n.calls.Get(), cpuOf(b, r.PID())
			jobs := make(chan struct{}, callers)
			var wg sync.WaitGroup
			b.ReportAllocs()
			b.ResetTimer()
			for range callers {
				wg.Go(func() {
					for range jobs {
						if err := take(n); err != nil {
							b.Error(err)
						}
					}
				})
			}
			for range b.N {
				jobs <- struct{}{}
			}
			close(jobs)
			wg.Wait()
			b.StopTimer()
			b.ReportMetric(float64(n.calls.Get()-calls)/float64(b.N), "calls/op")
			b.ReportMetric(float64((cpuOf(b, r.PID())-used).Nanoseconds())/float64(b.N), "redis-ns/op")
		})
	}
	for _, callers := range []int{1, 16, 128} {
		run("alone", callers, func(n *Limiter) error {
			_, err := n.call(b.Context(), n.flights([]*taking{{tenant: tenant, buckets: []chat.Bucket{visitor, whole}}}))
			return err
		})
		run("gathered", callers, func(n *Limiter) error { n.Take(b.Context(), tenant, visitor, whole); return nil })
	}
	run("empty", 16, func(n *Limiter) error {
		n.Take(b.Context(), tenant, chat.Bucket{Key: "e", Rate: 10, Burst: 1}, whole)
		return nil
	})
}
