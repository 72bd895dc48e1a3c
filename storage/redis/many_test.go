package redis

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/project"
	"github.com/uniqchat/uniqchat/testkit/services"
)

// The tags of the partitions lie evenly over the slots, one in each 64th.
func TestTags(t *testing.T) {
	require.Equal(t, 0x31C3, slotOf("123456789"), "the check value of CRC-16/XMODEM")
	for p, tag := range tags {
		require.NotEmpty(t, tag)
		require.Equal(t, p, slotOf(tag)/(slots/project.Partitions))
	}
}

// startOn starts a node on any kind of Redis.
func startOn(t *testing.T, url string, db *memory, ack Ack) *Log {
	t.Helper()
	client, err := Connect(url)
	require.NoError(t, err)
	require.NoError(t, Check(t.Context(), client, ack))
	l := New(Options{Client: client, Database: db, Prefix: "t:", Ack: ack})
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := l.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	wg.Go(func() {
		select {
		case <-l.Ready():
			db.project(ctx, l)
		case <-ctx.Done():
		}
	})
	t.Cleanup(func() { cancel(); wg.Wait(); _ = client.Close() })
	select {
	case <-l.Ready():
	case <-time.After(20 * time.Second):
		t.Fatal("not ready")
	}
	return l
}

func TestCluster(t *testing.T) {
	c, err := services.StartRedisCluster(t.Context(), 3, services.RedisOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	db := newMemory()
	a, b := startOn(t, c.URL(), db, AckFsync), startOn(t, c.URL(), db, AckFsync)
	ca, cb := collect(t, a), collect(t, b)
	threads := someThreads(t, a, 20)
	ld := startLoad(t, threads, a, b)
	ld.more(t, 1000)
	ld.stop()
	ld.check(t, a, db, threads)
	ld.check(t, b, db, threads)
	total := 0
	for _, th := range threads {
		m := th.all(t, a)
		total += len(m)
		for _, c := range []*collector{ca, cb} {
			require.Eventually(t, func() bool { c.mu.Lock(); defer c.mu.Unlock(); return len(c.events[th.key]) >= len(m) }, 10*time.Second, time.Millisecond)
			for i := range m {
				require.Equal(t, m[i].ID, c.events[th.key][i].ID)
			}
		}
	}
	require.Greater(t, total, 1000)
	// Nobody asks the database for what Redis knows, and a second open conversation is refused across partitions.
	other := &thread{chat.Key{Tenant: threads[0].key.Tenant, Conversation: chat.NewID[chat.Conversation]()}, threads[0].visitor}
	r, err := b.Append(t.Context(), other.create()...)
	require.NoError(t, err)
	require.Equal(t, chat.Conflict, chat.CodeOf(r[0].Err))
}

// With level replica an acknowledgement waits for a replica: without one there is none, and after a promotion nothing is missing.
func TestReplica(t *testing.T) {
	primary := startRedis(t)
	replica, err := services.StartReplica(t.Context(), primary, services.RedisOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = replica.Close() })
	db := newMemory()
	a := startOn(t, primary.URL(), db, AckReplica)
	threads := someThreads(t, a, 5)
	ld := startLoad(t, threads, a)
	ld.more(t, 300)
	ld.stop()
	require.NoError(t, replica.Pause())
	_, err = a.Append(t.Context(), threads[0].message("nobody confirms"))
	require.Equal(t, chat.Unknown, chat.CodeOf(err), "%v", err)
	require.NoError(t, replica.Resume())
	ld = startLoad(t, threads, a)
	ld.more(t, 300)
	require.NoError(t, primary.Kill())
	ld.stop()
	require.NoError(t, replica.Promote(t.Context()))
	db2 := newMemory() // everything comes from the replica
	for _, th := range threads {
		require.NotEmpty(t, th.all(t, a))
	}
	b := startOn(t, replica.URL(), db2, AckRedis)
	found := map[chat.MessageID]bool{}
	for _, th := range threads {
		for _, m := range th.all(t, b) {
			found[m.ID] = true
		}
	}
	for id := range ld.acked {
		require.True(t, found[id])
	}
}

// On a cluster it is the server that has the conversation whose replica is waited for.
func TestReplicaOnACluster(t *testing.T) {
	c, err := services.StartRedisCluster(t.Context(), 3, services.RedisOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	replica, err := services.StartReplica(t.Context(), c.Nodes[0], services.RedisOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = replica.Close() })
	db := newMemory()
	threads := someThreads(t, startOn(t, c.URL(), db, AckFsync), 20)
	l := startOn(t, c.URL(), db, AckReplica)
	var g errgroup.Group
	var kept, refused atomic.Int64
	for _, th := range threads {
		g.Go(func() error {
			acked := 0
			for range 2 {
				if r, err := l.Append(t.Context(), th.message("who confirms it?")); err == nil && r[0].Err == nil {
					acked++
				}
			}
			switch acked {
			case 2:
				kept.Add(1)
			case 0:
				refused.Add(1)
			default:
				return fmt.Errorf("%d of 2 were acknowledged", acked)
			}
			return nil
		})
	}
	require.NoError(t, g.Wait())
	require.Positive(t, kept.Load())
	require.Positive(t, refused.Load())
}

// Sentinel promotes a replica when the primary is gone: nodes follow by themselves, and with level replica nothing that was
// acknowledged is lost.
func TestSentinel(t *testing.T) {
	s, err := services.StartSentinels(t.Context(), 3, services.RedisOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	db := newMemory()
	a, b := startOn(t, s.URL(), db, AckReplica), startOn(t, s.URL(), db, AckReplica)
	threads := someThreads(t, a, 10)
	ld := startLoad(t, threads, a, b)
	ld.more(t, 300)
	first, err := s.Primary(t.Context())
	require.NoError(t, err)
	require.NoError(t, first.Kill())
	require.Eventually(t, func() bool {
		now, err := s.Primary(t.Context())
		return err == nil && now != first
	}, 20*time.Second, 10*time.Millisecond, "no replica is promoted")
	ld.more(t, 300)
	require.NoError(t, first.Start(t.Context())) // it comes back as a replica
	ld.more(t, 300)
	ld.stop()
	ld.check(t, a, db, threads)
	ld.check(t, b, db, threads)
}
