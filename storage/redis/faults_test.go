package redis

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/testkit/proxy"
	"github.com/uniqchat/uniqchat/testkit/services"
)

// load sends messages with retries until stop, and notes what was acknowledged.
type load struct {
	mu    sync.Mutex
	acked map[chat.MessageID]chat.Receipt
	of    map[chat.Key]int // how many were acknowledged of each conversation
	n     atomic.Int64
	stop  func()
}

func startLoad(t *testing.T, threads []*thread, logs ...*Log) *load {
	ctx, cancel := context.WithCancel(context.Background())
	ld := &load{acked: map[chat.MessageID]chat.Receipt{}, of: map[chat.Key]int{}}
	var wg sync.WaitGroup
	for i, th := range threads {
		wg.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				e := th.message(fmt.Sprint(n))
				for try := 0; ctx.Err() == nil; try++ {
					r, err := logs[(i+n+try)%len(logs)].Append(ctx, e)
					if err == nil && r[0].Err == nil {
						ld.mu.Lock()
						ld.acked[e.ID] = r[0]
						ld.of[th.key]++
						ld.mu.Unlock()
						ld.n.Add(1)
						break
					}
					if err == nil {
						t.Errorf("refused: %v", r[0].Err)
						return
					}
					e.Retry = true
					time.Sleep(10 * time.Millisecond)
				}
			}
		})
	}
	ld.stop = sync.OnceFunc(func() { cancel(); wg.Wait() })
	t.Cleanup(ld.stop)
	return ld
}

func (ld *load) more(t *testing.T, n int64) {
	t.Helper()
	from := ld.n.Load()
	require.Eventually(t, func() bool { return ld.n.Load() >= from+n }, 20*time.Second, 5*time.Millisecond)
}

// check compares what was acknowledged with what readers get and what the rows hold.
func (ld *load) check(t *testing.T, l *Log, db *memory, threads []*thread) {
	t.Helper()
	found := map[chat.MessageID]chat.Message{}
	for _, th := range threads {
		var m []chat.Message
		require.Eventually(t, func() bool { // what another node appended may still be on its way here
			m = th.all(t, l)
			require.NoError(t, l.Settle(t.Context(), th.key, m[len(m)-1].Seq))
			db.mu.Lock()
			defer db.mu.Unlock()
			return len(m) >= ld.of[th.key]+2 && cmp.Equal(m, db.messages[th.key])
		}, 10*time.Second, time.Millisecond)
		last := chat.Seq(0)
		for i := range m {
			require.Greater(t, m[i].Seq, last)
			require.Equal(t, last, m[i].Prev)
			last = m[i].Seq
			require.NotContains(t, found, m[i].ID, "twice")
			found[m[i].ID] = m[i]
		}
	}
	for id, r := range ld.acked {
		m, ok := found[id]
		require.True(t, ok, "acknowledged and lost")
		require.Equal(t, r.Seq, m.Seq)
	}
}

func someThreads(t *testing.T, l *Log, n int) (out []*thread) {
	tenant := chat.NewID[chat.Tenant]()
	for range n {
		out = append(out, newThread(t, l, tenant))
	}
	return out
}

// redis-server is killed under load, three times: nothing that was acknowledged is lost, doubled or out of order.
func TestRedisKilled(t *testing.T) {
	r, db := startRedis(t), newMemory()
	a, b := startNode(t, r, db, nil), startNode(t, r, db, nil)
	ca := collect(t, a.Log)
	threads := someThreads(t, a.Log, 20)
	ld := startLoad(t, threads, a.Log, b.Log)
	for range 3 {
		ld.more(t, 500)
		require.NoError(t, r.Kill())
		require.NoError(t, r.Restart(t.Context()))
		ld.more(t, 200)
	}
	ld.stop()
	ld.check(t, a.Log, db, threads)
	ld.check(t, b.Log, db, threads)
	ca.mu.Lock()
	require.Zero(t, ca.forks)
	ca.mu.Unlock()
	for _, th := range threads { // live readers saw each message once and in order
		m := th.all(t, a.Log)
		require.Eventually(t, func() bool { ca.mu.Lock(); defer ca.mu.Unlock(); return len(ca.events[th.key]) >= len(m) }, 10*time.Second, time.Millisecond)
		ca.mu.Lock()
		for i := range m {
			require.Equal(t, m[i].ID, ca.events[th.key][i].ID)
		}
		ca.mu.Unlock()
	}
}

// Everything in Redis is gone: readers are told, what is in the rows stays, new seqs are larger, retries find the rows.
func TestFlushAll(t *testing.T) {
	r, db := startRedis(t), newMemory()
	a, b := startNode(t, r, db, nil), startNode(t, r, db, nil)
	ca, cb := collect(t, a.Log), collect(t, b.Log)
	th := newThread(t, a.Log, chat.NewID[chat.Tenant]())
	kept := th.message("kept")
	first := send(t, a.Log, kept)
	require.NoError(t, a.Settle(t.Context(), th.key, first.Seq))
	db.hold(true)
	gone := th.message("gone")
	lost := send(t, a.Log, gone)
	require.Eventually(t, func() bool { return cb.count() == 4 }, 5*time.Second, time.Millisecond)
	_, err := r.Do(t.Context(), "FLUSHALL")
	require.NoError(t, err)
	forked := func(c *collector) func() bool {
		return func() bool { c.mu.Lock(); defer c.mu.Unlock(); return c.forks == 1 }
	}
	require.Eventually(t, forked(ca), 10*time.Second, time.Millisecond)
	require.Eventually(t, forked(cb), 10*time.Second, time.Millisecond)
	db.hold(false)
	gone.Retry, kept.Retry = true, true
	again := retrying(t, b.Log, gone)
	require.Greater(t, again.Seq, lost.Seq)
	require.Equal(t, first.Seq, again.Prev)
	r1 := retrying(t, b.Log, kept)
	require.True(t, r1.Dup)
	require.Equal(t, first.Seq, r1.Seq)
	m := th.all(t, a.Log)
	require.Len(t, m, 4)
	require.Eventually(t, func() bool { return a.stats.restored.Get() > 0 && b.stats.restored.Get() > 0 }, 10*time.Second, time.Millisecond)
	require.Zero(t, a.stats.lost.Get()+b.stats.lost.Get())
	require.Eventually(t, func() bool { // busy until the visitor's partition has begun again, too
		open, err := b.OpenConversations(t.Context(), chat.VisitorKey{Tenant: th.key.Tenant, Visitor: th.visitor})
		require.True(t, err != nil || open[0] == th.key.Conversation)
		return err == nil
	}, 10*time.Second, time.Millisecond)
}

// An attempt whose answer was lost was projected before Redis lost it: the same call, tried again in the new epoch, finds the row
// and does not append a second time.
func TestForkBetweenAttempts(t *testing.T) {
	r, db := startRedis(t), newMemory()
	link, err := proxy.Start(r.Addr)
	require.NoError(t, err)
	t.Cleanup(func() { _ = link.Close() })
	a := startNode(t, r, db, func(o *Options) {
		client, err := Connect("redis://" + link.Addr())
		require.NoError(t, err)
		t.Cleanup(func() { _ = client.Close() })
		o.Client = client
	})
	b := startNode(t, r, db, nil)
	ca := collect(t, a.Log)
	th := newThread(t, b.Log, chat.NewID[chat.Tenant]())
	require.NoError(t, b.Settle(t.Context(), th.key, 1<<52))
	send(t, a.Log, th.message("before"))
	require.NoError(t, link.OneWay(proxy.Down))
	m := th.message("in between")
	answer := make(chan chat.Receipt, 1)
	go func() {
		got, err := a.Append(context.WithoutCancel(t.Context()), m)
		if err == nil {
			answer <- got[0]
		}
		close(answer)
	}()
	row := func() (seq chat.Seq) {
		db.mu.Lock()
		defer db.mu.Unlock()
		for _, have := range db.messages[th.key] {
			if have.ID == m.ID {
				require.Zero(t, seq, "twice in the database")
				seq = have.Seq
			}
		}
		return seq
	}
	require.Eventually(t, func() bool { return row() != 0 }, 5*time.Second, time.Millisecond)
	require.NoError(t, r.Kill())
	_, err = r.CutAppendFile(40) // the last of what was written, and nothing of the bookkeeping
	require.NoError(t, err)
	require.NoError(t, link.Reset())
	require.NoError(t, r.Restart(t.Context()))
	after := retrying(t, b.Log, th.message("after"))
	require.Equal(t, row(), after.Prev)
	require.NoError(t, link.Heal())
	got, ok := <-answer
	require.True(t, ok, "the call's outcome is known")
	require.NoError(t, got.Err)
	require.Equal(t, row(), got.Seq)
	require.True(t, got.Dup)
	require.Len(t, th.all(t, b.Log), 5)
	require.Eventually(t, func() bool { ca.mu.Lock(); defer ca.mu.Unlock(); return ca.forks > 0 }, 5*time.Second, time.Millisecond,
		"its readers are told, too, though it never knew what was lost")
}

// What was projected before Redis lost it belongs to the conversation, even if nothing is ever appended to it again.
func TestLostAndProjected(t *testing.T) {
	r, db := startRedis(t), newMemory()
	a := startNode(t, r, db, nil)
	ca := collect(t, a.Log)
	th := newThread(t, a.Log, chat.NewID[chat.Tenant]())
	last := send(t, a.Log, th.message("the last word"))
	require.NoError(t, a.Settle(t.Context(), th.key, last.Seq))
	require.NoError(t, r.Kill())
	_, err := r.CutAppendFile(40)
	require.NoError(t, err)
	require.NoError(t, r.Restart(t.Context()))
	require.Eventually(t, func() bool { ca.mu.Lock(); defer ca.mu.Unlock(); return ca.forks > 0 }, 15*time.Second, time.Millisecond)
	all := th.all(t, a.Log)
	require.Len(t, all, 3)
	require.Equal(t, last.Seq, all[2].Seq)
	newest, complete, err := a.Messages(t.Context(), th.key, chat.Page{Newest: true, Limit: 1})
	require.NoError(t, err)
	require.False(t, complete)
	require.Equal(t, last.Seq, newest[0].Seq)
}

// retrying sends until it is answered.
func retrying(t *testing.T, l *Log, e chat.Event) (out chat.Receipt) {
	t.Helper()
	require.Eventually(t, func() bool {
		r, err := l.Append(t.Context(), e)
		if err != nil {
			return false
		}
		require.NoError(t, r[0].Err)
		out = r[0]
		return true
	}, 15*time.Second, 10*time.Millisecond)
	return out
}

// The end of the append-only file is cut off: Redis comes back behind what nodes know. Seqs that were given are not given again.
func TestTailCutOff(t *testing.T) {
	r, db := startRedis(t), newMemory()
	a := startNode(t, r, db, nil)
	ca := collect(t, a.Log)
	th := newThread(t, a.Log, chat.NewID[chat.Tenant]())
	send(t, a.Log, th.message("kept"))
	require.NoError(t, a.Settle(t.Context(), th.key, 1<<52))
	db.hold(true)
	var events []chat.Event
	var receipts []chat.Receipt
	for i := range 20 {
		events = append(events, th.message(fmt.Sprint(i)))
		receipts = append(receipts, send(t, a.Log, events[i]))
	}
	require.NoError(t, r.Kill())
	_, err := r.CutAppendFile(3000)
	require.NoError(t, err)
	require.NoError(t, r.Restart(t.Context()))
	require.Eventually(t, func() bool { ca.mu.Lock(); defer ca.mu.Unlock(); return ca.forks == 1 }, 15*time.Second, time.Millisecond)
	db.hold(false)
	require.Eventually(t, func() bool { return a.stats.restored.Get() > 0 }, 10*time.Second, time.Millisecond)
	for i := range events { // nobody sends them again, and they are there: under a new seq, if Redis lost them
		events[i].Retry = true
		again := retrying(t, a.Log, events[i])
		require.True(t, again.Dup)
		require.True(t, again.Seq == receipts[i].Seq || again.Seq > receipts[len(receipts)-1].Seq)
	}
	require.Zero(t, a.stats.lost.Get())
	m := th.all(t, a.Log)
	require.Len(t, m, 23)
	require.NoError(t, a.Settle(t.Context(), th.key, m[22].Seq))
	require.Equal(t, m, db.messages[th.key])
	for i := range events {
		require.Equal(t, events[i].ID, m[3+i].ID, "the same order")
	}
}

// The database is away: what is recent is read and written, a retry that can't be told from a first try is refused as busy.
func TestDatabaseAway(t *testing.T) {
	r, db := startRedis(t), newMemory()
	a := startNode(t, r, db, nil)
	th := newThread(t, a.Log, chat.NewID[chat.Tenant]())
	require.NoError(t, a.Settle(t.Context(), th.key, 1<<52))
	db.setDown(true)
	e := th.message("while away")
	got := send(t, a.Log, e)
	require.False(t, a.Projected(th.key, got.Seq))
	require.True(t, a.Projected(th.key, got.Prev))
	e.Retry = true
	require.True(t, send(t, a.Log, e).Dup)
	unknown := th.message("sent before, they say")
	unknown.Retry = true
	_, err := a.Append(t.Context(), unknown)
	require.Equal(t, chat.Busy, chat.CodeOf(err), "%v", err)
	m, _, err := a.Messages(t.Context(), th.key, chat.Page{Limit: 50})
	require.NoError(t, err)
	require.Len(t, m, 3)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, a.Settle(ctx, th.key, got.Seq), context.DeadlineExceeded)
	db.setDown(false)
	require.NoError(t, a.Settle(t.Context(), th.key, got.Seq))
	require.False(t, send(t, a.Log, unknown).Dup)
}

// What waits for the database is bounded.
func TestBacklogIsBounded(t *testing.T) {
	r, db := startRedis(t), newMemory()
	a := startNode(t, r, db, func(o *Options) { o.Backlog = 64 * 4000 })
	th := newThread(t, a.Log, chat.NewID[chat.Tenant]())
	db.setDown(true)
	refused := false
	for i := range 100 {
		if _, err := a.Append(t.Context(), th.message(fmt.Sprint(i))); err != nil {
			require.Equal(t, chat.Full, chat.CodeOf(err))
			refused = true
			break
		}
	}
	require.True(t, refused)
}

// Memory lets go of what the database does not have: then nobody is told that he has everything.
func TestRingIsBounded(t *testing.T) {
	r, db := startRedis(t), newMemory()
	a := startNode(t, r, db, func(o *Options) { o.Ring = 64 * 1000 })
	th := newThread(t, a.Log, chat.NewID[chat.Tenant]())
	require.NoError(t, a.Settle(t.Context(), th.key, 1<<52))
	db.setDown(true)
	var last chat.Receipt
	for i := range 50 {
		last = send(t, a.Log, th.message(fmt.Sprint(i)))
	}
	_, _, err := a.Messages(t.Context(), th.key, chat.Page{Limit: 100})
	require.Equal(t, chat.Busy, chat.CodeOf(err))
	m, complete, err := a.Messages(t.Context(), th.key, chat.Page{After: last.Prev, Limit: 100})
	require.NoError(t, err)
	require.True(t, complete)
	require.Len(t, m, 1)
	require.False(t, a.Projected(th.key, last.Seq))
	db.setDown(false)
	require.NoError(t, a.Settle(t.Context(), th.key, last.Seq))
	require.Len(t, th.all(t, a.Log), 52)
}

// The feed's subscription is broken off under load: nothing is missed.
func TestFeedBroken(t *testing.T) {
	r, db := startRedis(t), newMemory()
	a, b := startNode(t, r, db, nil), startNode(t, r, db, nil)
	cb := collect(t, b.Log)
	threads := someThreads(t, a.Log, 5)
	ld := startLoad(t, threads, a.Log)
	for range 5 {
		ld.more(t, 100)
		_, err := r.Do(t.Context(), "CLIENT", "KILL", "TYPE", "pubsub")
		require.NoError(t, err)
	}
	ld.more(t, 100)
	ld.stop()
	for _, th := range threads {
		m := th.all(t, a.Log)
		require.Eventually(t, func() bool { cb.mu.Lock(); defer cb.mu.Unlock(); return len(cb.events[th.key]) >= len(m) }, 10*time.Second, time.Millisecond)
		cb.mu.Lock()
		for i := range m {
			require.Equal(t, m[i].ID, cb.events[th.key][i].ID)
		}
		require.Zero(t, cb.forks)
		cb.mu.Unlock()
	}
}

// Windows and generations turn under load: duplicates are found all the same, in the rows if need be.
func TestRotation(t *testing.T) {
	r, db := startRedis(t), newMemory()
	a := startNode(t, r, db, func(o *Options) { o.Window, o.Generation = time.Millisecond, time.Millisecond })
	th := newThread(t, a.Log, chat.NewID[chat.Tenant]())
	e := th.message("once")
	first := send(t, a.Log, e)
	require.NoError(t, a.Settle(t.Context(), th.key, first.Seq))
	s := a.parts[partitionOf(th.key)].scope
	for range 3 {
		require.Eventually(t, func() bool {
			from := s.read().window
			a.tidy(t.Context())
			return s.read().window > from
		}, 5*time.Second, 2*time.Millisecond)
	}
	asked := db.asked
	again := send(t, a.Log, e)
	require.True(t, again.Dup)
	require.Equal(t, first.Seq, again.Seq)
	require.Greater(t, db.asked, asked, "the rows were asked")
	next := send(t, a.Log, th.message("and on"))
	require.Equal(t, first.Seq, next.Prev)
	open, err := a.OpenConversations(t.Context(), chat.VisitorKey{Tenant: th.key.Tenant, Visitor: th.visitor})
	require.NoError(t, err)
	require.Equal(t, []chat.ConversationID{th.key.Conversation}, open)
}

// A node that was gone starts from what Redis holds.
func TestRestart(t *testing.T) {
	r, db := startRedis(t), newMemory()
	a := startNode(t, r, db, nil)
	threads := someThreads(t, a.Log, 3)
	db.setDown(true)
	for i := range 20 {
		send(t, a.Log, threads[i%3].message(fmt.Sprint(i)))
	}
	var want [][]chat.Message
	db.setDown(false)
	for _, th := range threads {
		want = append(want, th.all(t, a.Log))
	}
	a.stop()
	b := startNode(t, r, db, nil)
	for i, th := range threads {
		require.Equal(t, want[i], th.all(t, b.Log))
		got := send(t, b.Log, th.message("on"))
		require.Equal(t, want[i][len(want[i])-1].Seq, got.Prev)
		require.Equal(t, got.Prev+1, got.Seq, "the same epoch")
	}
	require.Zero(t, b.stats.epochs.Get())
}

func TestCheck(t *testing.T) {
	r, err := services.StartRedis(t.Context(), services.RedisOptions{Append: services.AppendEverysec})
	require.NoError(t, err)
	defer r.Close()
	client, err := Connect(r.URL())
	require.NoError(t, err)
	defer client.Close()
	for _, ack := range []Ack{AckFsync, AckReplica} {
		require.ErrorContains(t, Check(t.Context(), client, ack), "storage.ack "+string(ack)+" promises")
	}
	require.NoError(t, Check(t.Context(), client, AckRedis))
	_, err = r.Do(t.Context(), "CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
	require.NoError(t, err)
	require.ErrorContains(t, Check(t.Context(), client, AckRedis), "set maxmemory-policy noeviction")
	_, err = Connect("http://user:secret@host")
	require.ErrorContains(t, err, "redis.url")
	require.NotContains(t, err.Error(), "secret")
}

// A call that nobody can answer ends within patience, as unknown.
func TestRedisSilent(t *testing.T) {
	r, db := startRedis(t), newMemory()
	a := startNode(t, r, db, nil)
	th := newThread(t, a.Log, chat.NewID[chat.Tenant]())
	require.NoError(t, r.Pause())
	began := time.Now()
	e := th.message("into silence")
	_, err := a.Append(t.Context(), e)
	require.Eventually(t, a.silent, 10*time.Second, time.Millisecond)
	asked := time.Now()
	_, busy := a.Append(t.Context(), th.message("and another"))
	require.Equal(t, chat.Busy, chat.CodeOf(busy))
	require.Less(t, time.Since(asked), time.Second, "nobody waits in line for what does not answer")
	require.Len(t, th.all(t, a.Log), 2, "reads work")
	heads, err2 := a.Heads(t.Context(), th.key)
	require.NoError(t, err2)
	require.Equal(t, th.visitor, heads[0].Visitor)
	require.NoError(t, r.Resume())
	require.Equal(t, chat.Unknown, chat.CodeOf(err), "%v", err)
	require.Less(t, time.Since(began), 2*patience)
	var known *chat.Error
	require.True(t, errors.As(err, &known) && known.Code.Retryable())
	e.Retry = true
	again := retrying(t, a.Log, e)
	// If it was the silent call that appended it, the feed may still be bringing it.
	require.NoError(t, a.CatchUp(t.Context(), th.key, again.Seq))
	require.Len(t, th.all(t, a.Log), 3)
}

// Whoever projects after a fork must not take from memory what this node has not read anew yet: it may be what was lost.
func TestBatchesOfTheFloor(t *testing.T) {
	r, db := startRedis(t), newMemory()
	a := startNode(t, r, db, nil)
	th := newThread(t, a.Log, chat.NewID[chat.Tenant]())
	send(t, a.Log, th.message("kept"))
	send(t, a.Log, th.message("lost"))
	n := partitionOf(th.key)
	p := &a.parts[n]
	p.mu.Lock()
	cursor, first := p.cursor, p.batches[0].Cursor
	p.mu.Unlock()
	got, err := a.Batches(t.Context(), n, cursor.Epoch, first, 100)
	require.NoError(t, err)
	require.NotEmpty(t, got)
	got, err = a.Batches(t.Context(), n, cursor.Epoch+1, first, 100)
	require.NoError(t, err)
	require.Empty(t, got, "the epoch has not begun here")
}
