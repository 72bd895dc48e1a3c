package postgres

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/project"
	"github.com/uniqchat/uniqchat/testkit/services"
)

type pgxRow = pgx.CollectableRow

func requireBusy(t *testing.T, err error) {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, chat.Busy, chat.CodeOf(err), "%v", err)
}

// talk appends whatever can happen in conversations, until stop.
func (f *feed) talk(perSecond int) (stop func()) {
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			var events []chat.Event
			used := map[chat.Key]bool{}
			for range max(perSecond/100, 1) {
				k := f.keys[rand.IntN(len(f.keys))]
				if used[k] {
					continue
				}
				used[k] = true
				events = append(events, f.anything(k))
			}
			f.append(events...)
		}
	})
	return sync.OnceFunc(func() { close(done); wg.Wait() })
}

// anything is a message of the visitor or an agent, a note, or a change of state.
func (f *feed) anything(k chat.Key) chat.Event {
	e := f.message(k, fmt.Sprint(rand.Uint64()))
	if e.Next != nil {
		return e
	}
	switch n := rand.IntN(10); {
	case n < 2:
		return f.change(k, chat.Status(rand.IntN(5)))
	case n < 5:
		e.Role, e.Sender = chat.RoleAgent, chat.UserID(chat.NewID[chat.Agent]())
		if n == 4 {
			e.Visibility = chat.InternalOnly
		}
		e.ID = chat.DeriveMessageID(e.Conversation, e.Sender, e.CMID)
	}
	return e
}

// Whatever order of states one batch has, the row is what event after event makes it.
func TestStatesInOneBatch(t *testing.T) {
	d := opened(t, migrated(t, server(t)))
	f := newFeed(300)
	_, stop := running(t, d, f, "n")
	defer stop()
	for range 8 {
		for _, k := range f.keys {
			var events []chat.Event
			for range 1 + rand.IntN(5) {
				e := f.anything(k)
				f.append(e)
				events = append(events, e)
			}
			f.mu.Lock() // one batch of what were several
			n := partitionOf(k)
			last := len(f.parts[n]) - len(events)
			if last >= 0 && f.committed[n].Before(f.parts[n][last].Cursor) {
				all := []chat.Event{}
				for _, b := range f.parts[n][last:] {
					all = append(all, b.Events...)
				}
				f.parts[n] = f.parts[n][:last]
				f.add(n, all)
			}
			f.mu.Unlock()
		}
		put(f.pending)
		require.Eventually(t, f.projected, 20*time.Second, time.Millisecond)
	}
	f.check(t, d)
}

// A conversation that is reopened and closed again within one batch is closed at the later time; one that stays closed is not.
func TestClosedAgain(t *testing.T) {
	d := opened(t, migrated(t, server(t)))
	f := newFeed(2)
	_, stop := running(t, d, f, "n")
	defer stop()
	for _, k := range f.keys {
		f.append(f.message(k, "made"))
		f.append(f.change(k, chat.Closed))
	}
	f.check(t, d)
	var events []chat.Event
	for i, k := range f.keys {
		first := f.change(k, []chat.Status{chat.Queued, chat.Closed}[i])
		second := first
		next := *first.Next
		next.Status, next.Version, next.Queued = chat.Closed, next.Version+1, time.Time{}
		second.Next, second.Time, second.CMID = &next, first.Time.Add(time.Minute), chat.NewID[chat.Event]()
		second.ID = chat.DeriveMessageID(second.Conversation, second.Sender, second.CMID)
		events = append(events, first, second)
	}
	f.append(events...)
	f.check(t, d)
}

// The same where the run begins with the conversation: its row may be there already, closed the first time.
func TestClosedAgainInOneRun(t *testing.T) {
	f := newFeed(1)
	k := f.keys[0]
	made := f.message(k, "made")
	made.Next = &chat.State{Visitor: chat.NewID[chat.Visitor](), Version: 1}
	events := []*chat.Event{&made}
	for i, status := range []chat.Status{chat.Closed, chat.Queued, chat.Closed} {
		e := f.message(k, "changed")
		e.Next = &chat.State{Visitor: made.Next.Visitor, Version: uint64(i + 2), Status: status}
		e.Time = made.Time.Add(time.Duration(i+1) * time.Minute)
		events = append(events, &e)
	}
	for i, e := range events {
		e.Seq = chat.Seq(i + 1)
	}
	w := workOf(events)
	require.Len(t, w.conversations, 2)
	require.True(t, w.conversations[0][0].Closed.IsZero())
	require.Equal(t, events[3].Time, w.conversations[1][0].Closed)
}

// A log that lost its newest part does not set rows back.
func TestOlderLog(t *testing.T) {
	address := migrated(t, server(t))
	d := opened(t, address)
	f := newFeed(64)
	p, stop := running(t, d, f, "n")
	defer stop()
	for range 6 {
		for _, k := range f.keys {
			f.append(f.anything(k))
		}
	}
	f.check(t, d)
	require.NoError(t, raw(t, address, `CREATE TABLE before AS SELECT * FROM conversations`))
	f.lose(t, d, 2)
	put(f.pending)
	require.Eventually(t, func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		for n, pos := range p.held {
			if last := len(f.parts[n]) - 1; last >= 0 && (pos.floor != f.epoch || pos.cursor != f.parts[n][last].Cursor) {
				return false
			}
		}
		return len(p.held) == project.Partitions
	}, 10*time.Second, time.Millisecond, "what is left is read again")
	require.Equal(t, 64, count(t, address, `SELECT count(*) FROM conversations`))
	require.Zero(t, count(t, address, `SELECT count(*) FROM (SELECT * FROM conversations EXCEPT SELECT * FROM before) AS changed`))
	require.Equal(t, f.total, count(t, address, `SELECT count(*) FROM messages`))
}

// PostgreSQL is killed again and again under load: every message is there once, and the projection goes on by itself.
func TestKilledUnderLoad(t *testing.T) {
	s, err := services.StartPostgres(t.Context(), services.PostgresOptions{})
	require.NoError(t, err)
	defer s.Close()
	d := opened(t, migrated(t, s))
	f := newFeed(500)
	_, stop := running(t, d, f, "n")
	defer stop()
	quiet := f.talk(3000)
	defer quiet()
	for range 4 {
		f.mu.Lock()
		before := f.total
		f.mu.Unlock()
		require.Eventually(t, func() bool {
			f.mu.Lock()
			defer f.mu.Unlock()
			return f.total > before+1500
		}, 30*time.Second, time.Millisecond)
		require.NoError(t, s.Kill())
		require.NoError(t, s.Start(t.Context()))
	}
	quiet()
	f.check(t, d)
	t.Logf("%d messages, each there once after 4 kills", f.total)
}

// gate holds a source's answers back while it is closed.
type gate struct {
	*feed
	mu   sync.Mutex
	read atomic.Int64 // events in answers
}

func (g *gate) Batches(ctx context.Context, n int, floor uint64, after project.Cursor, limit int) ([]project.Batch, error) {
	out, err := g.feed.Batches(ctx, n, floor, after, limit)
	for i := range out {
		g.read.Add(int64(len(out[i].Events)))
	}
	if len(out) > 0 { // read, and not committed yet; who found nothing looks again
		g.mu.Lock()
		defer g.mu.Unlock()
	}
	return out, err
}

// A projector that stood still while others took its partitions commits nothing any more, and then takes part again.
func TestZombie(t *testing.T) {
	address := migrated(t, server(t))
	d, other := opened(t, address), opened(t, address)
	f := newFeed(100)
	g := &gate{feed: f}
	p, stop := running(t, d, g, "zombie")
	defer stop()
	require.Eventually(t, func() bool { p.mu.Lock(); defer p.mu.Unlock(); return len(p.held) == project.Partitions }, 10*time.Second, time.Millisecond)
	g.mu.Lock()
	open := sync.OnceFunc(g.mu.Unlock)
	defer open() // before stop, which waits for the projector
	for _, k := range f.keys {
		f.append(f.message(k, "made"))
	}
	require.Eventually(t, func() bool { return g.read.Load() > 0 }, 10*time.Second, time.Millisecond)
	// The database is told what it would find after the zombie's lease has ended: another owner, with another fence.
	require.NoError(t, raw(t, address, `UPDATE log_partitions SET owner = 'living', fence = fence + 1`,
		`INSERT INTO log_projectors VALUES ('living', clock_timestamp() + interval '10 minutes')`))
	events := make([]chat.Event, 0, len(f.keys))
	for _, k := range f.keys {
		events = append(events, f.message(k, "more"))
	}
	f.append(events...)
	open()
	require.Eventually(t, func() bool { p.mu.Lock(); defer p.mu.Unlock(); return len(p.held) == 0 }, 10*time.Second, time.Millisecond)
	require.Zero(t, count(t, address, `SELECT count(*) FROM messages`))
	require.NoError(t, raw(t, address, `UPDATE log_projectors SET alive_until = clock_timestamp() - interval '1 s' WHERE node = 'living'`))
	_, stopOther := running(t, other, f, "young")
	defer stopOther()
	f.check(t, d)
}

// Two share all partitions; when one vanishes without a word, the other has them all within 15 s; one that says good-bye is
// followed at once, and a fork while they work is followed as well.
func TestTakeOver(t *testing.T) {
	address := migrated(t, server(t))
	a, b := opened(t, address), opened(t, address)
	f := newFeed(200)
	pa, stopA := running(t, a, f, "a")
	defer stopA()
	pb, stopB := running(t, b, f, "b")
	defer stopB()
	held := func(p *Projector) int { p.mu.Lock(); defer p.mu.Unlock(); return len(p.held) }
	require.Eventually(t, func() bool {
		return held(pa) > 16 && held(pb) > 16 && held(pa)+held(pb) == project.Partitions
	}, 15*time.Second, 5*time.Millisecond)
	quiet := f.talk(500)
	defer quiet()
	require.Eventually(t, func() bool { return f.committedAll() }, 10*time.Second, time.Millisecond)
	a.pool.Close() // it vanishes: nothing of it reaches the database any more
	begun := time.Now()
	require.Eventually(t, func() bool { return held(pb) == project.Partitions }, 15*time.Second, 5*time.Millisecond)
	t.Logf("taken over after %s", time.Since(begun).Round(time.Millisecond))
	c := opened(t, address)
	pc, stopC := running(t, c, f, "c")
	defer stopC()
	require.Eventually(t, func() bool { return held(pc) > 16 && held(pb)+held(pc) == project.Partitions }, 15*time.Second, 5*time.Millisecond)
	stopB()
	begun = time.Now()
	require.Eventually(t, func() bool { return held(pc) == project.Partitions }, 5*time.Second, 5*time.Millisecond)
	t.Logf("given back and taken after %s", time.Since(begun).Round(time.Millisecond))
	quiet()
	f.check(t, c)
}

// committedAll reports whether every partition was committed once.
func (f *feed) committedAll() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for n := range f.parts {
		if len(f.parts[n]) > 0 && f.committed[n] == (project.Cursor{}) {
			return false
		}
	}
	return f.total > 500
}

// lose takes the newest batches of every partition away, as a log that was set back, and makes the model forget them.
func (f *feed) lose(t *testing.T, d *DB, batches int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.epoch += 1000
	for n := range f.parts {
		keep := max(len(f.parts[n])-batches, 0)
		f.parts[n] = f.parts[n][:keep]
		epoch, err := d.Fork(t.Context(), n, f.epoch)
		require.NoError(t, err)
		require.Equal(t, f.epoch, epoch)
	}
}

// After a fork everything is read again from the start: rows that are there stay as they are, and what was read before the
// fork, and lost, is not written after it.
func TestFork(t *testing.T) {
	d := opened(t, migrated(t, server(t)))
	f := newFeed(100)
	g := &gate{feed: f}
	p, stop := running(t, d, g, "n")
	defer stop()
	for range 5 {
		for _, k := range f.keys {
			f.append(f.anything(k))
		}
	}
	f.check(t, d)
	before, err := d.Cursors(t.Context())
	require.NoError(t, err)
	kept := f.total
	g.mu.Lock() // from here on batches are read and held
	read := g.read.Load()
	for range 3 {
		for _, k := range f.keys {
			f.append(f.message(k, "lost"))
		}
	}
	require.Eventually(t, func() bool { return g.read.Load() > read }, 10*time.Second, time.Millisecond)
	f.lose(t, d, 1_000_000) // all of the log is gone, even what the rows have
	after, err := d.Cursors(t.Context())
	require.NoError(t, err)
	for n := range after {
		require.True(t, before[n].Before(after[n]))
		require.Equal(t, project.Cursor{Epoch: f.epoch}, after[n])
	}
	f.mu.Lock()
	f.total = kept
	for k := range f.rows { // the log asks the rows where conversations stand
		f.messages[k] = f.messages[k][:len(f.messages[k])-3]
		row := new(project.Row)
		f.rows[k] = row
	}
	f.mu.Unlock()
	g.mu.Unlock()
	put(f.pending)
	require.Eventually(t, func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, pos := range p.held {
			if pos.floor != 1001 || pos.cursor != (project.Cursor{}) {
				return false
			}
		}
		return len(p.held) == project.Partitions
	}, 10*time.Second, time.Millisecond)
	n := 0
	require.NoError(t, d.query(t.Context(), func(row pgxRow) error { return row.Scan(&n) }, `SELECT count(*) FROM messages`))
	require.Equal(t, kept, n, "what was lost is not in the rows")
}

// Reading everything again changes nothing, whoever does it.
func TestReadAgain(t *testing.T) {
	address := migrated(t, server(t))
	d := opened(t, address)
	f := newFeed(60)
	_, stop := running(t, d, f, "n")
	quiet := f.talk(2000)
	require.Eventually(t, func() bool { return f.committedAll() }, 10*time.Second, time.Millisecond)
	for n := range project.Partitions { // under load, again and again
		if n%4 == 0 {
			_, err := d.Fork(t.Context(), n, 0)
			require.NoError(t, err)
		}
	}
	quiet()
	f.check(t, d)
	stop()
	f.mu.Lock()
	f.committed = [project.Partitions]project.Cursor{}
	f.mu.Unlock()
	require.NoError(t, raw(t, address, `UPDATE log_partitions SET epoch = 0, n = 0, tag = '\x0000000000000000'`))
	set := metrics.NewSet()
	p := NewProjector(d, f, ProjectorOptions{Node: "m", Metrics: set})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	f.check(t, d)
	cancel()
	require.NoError(t, <-done)
	require.Zero(t, p.stats.dead.Get())
	// A source that says that it does not continue is read from the start.
	require.NoError(t, raw(t, address, `UPDATE log_partitions SET epoch = 1, n = 1, tag = '\x0102030405060708'`))
	f.mu.Lock()
	f.committed = [project.Partitions]project.Cursor{}
	f.mu.Unlock()
	_, stop = running(t, d, f, "o")
	defer stop()
	f.check(t, d)
}

// Rows that can't be written go to dead_letter, and nothing else is held up.
func TestDeadLetters(t *testing.T) {
	address := migrated(t, server(t))
	d := opened(t, address)
	f := newFeed(64)
	set := metrics.NewSet()
	p := NewProjector(d, f, ProjectorOptions{Node: "n", Metrics: set})
	for _, k := range f.keys {
		f.append(f.message(k, "made"))
	}
	var bad []chat.Event
	for i, k := range f.keys[:8] {
		e := f.message(k, "bad")
		switch {
		case i < 3:
			e.Body = []byte("{\"text\":\"nul \x00\"}")
		case i < 6:
			e.Body = []byte("{\"text\":\"no utf-8 \xff\"}")
		default:
			e.ID = chat.MessageID{} // NULL
		}
		bad = append(bad, e)
		f.append(e)
	}
	stranger := f.keys[20] // somebody else's row is in the place of a message
	f.append(f.message(stranger, "the log's"))
	f.mu.Lock()
	m := f.messages[stranger]
	seq := m[len(m)-1].Seq
	f.mu.Unlock()
	foreign := chat.NewID[chat.Message]()
	require.NoError(t, raw(t, address, fmt.Sprintf(`INSERT INTO messages VALUES ('\x%x', '\x%x', %d, 0, 0, '\x%x', '\x00', NULL, 0, 0, 0, 0, NULL, '{}')`,
		stranger.Tenant[:], stranger.Conversation[:], seq, foreign[:])))
	profile := f.message(chat.Key{Tenant: f.tenants[0], Conversation: chat.NewID[chat.Conversation]()}, "made")
	profile.Profile.Name = "Li \x00"
	f.append(profile)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	require.Eventually(t, f.projected, 20*time.Second, time.Millisecond)
	for _, k := range f.keys {
		f.append(f.message(k, "afterwards"))
	}
	require.Eventually(t, f.projected, 20*time.Second, time.Millisecond)
	cancel()
	require.NoError(t, <-done)
	require.Equal(t, 10, count(t, address, `SELECT count(*) FROM dead_letter`))
	require.EqualValues(t, 10, p.stats.dead.Get())
	require.Equal(t, 8, count(t, address, `SELECT count(*) FROM dead_letter WHERE what = 'message' AND reason LIKE 'ERROR:%'`))
	require.Equal(t, 1, count(t, address, `SELECT count(*) FROM dead_letter WHERE reason LIKE 'another message%'`))
	require.Equal(t, 1, count(t, address, `SELECT count(*) FROM dead_letter WHERE what = 'visitor'`))
	require.Equal(t, 1, count(t, address, fmt.Sprintf(`SELECT count(*) FROM dead_letter WHERE what = 'message' AND convert_from(payload, 'UTF8') LIKE '%%%s%%'`, bad[0].ID)))
	require.Equal(t, f.total-9+1, count(t, address, `SELECT count(*) FROM messages`), "all but the dead, and the stranger")
	require.Equal(t, len(f.keys)+1, count(t, address, `SELECT count(*) FROM conversations`))
	c, err := d.Store().Conversation(t.Context(), f.keys[0])
	require.NoError(t, err)
	require.JSONEq(t, `{"text":"afterwards"}`, string(c.LastMessage.Body))
	// Read again, they are bad again, and kept once.
	f.mu.Lock()
	f.committed = [project.Partitions]project.Cursor{}
	f.mu.Unlock()
	require.NoError(t, raw(t, address, `UPDATE log_partitions SET epoch = 0, n = 0, tag = '\x0000000000000000'`))
	_, stop := running(t, d, f, "again")
	defer stop()
	require.Eventually(t, f.projected, 20*time.Second, time.Millisecond)
	require.Equal(t, 10, count(t, address, `SELECT count(*) FROM dead_letter`))
}

// At idle a message is in the rows within a moment.
func TestIdleIsQuick(t *testing.T) {
	d := opened(t, migrated(t, server(t)))
	f := newFeed(10)
	_, stop := running(t, d, f, "n")
	defer stop()
	f.append(f.message(f.keys[0], "made"))
	require.Eventually(t, f.projected, 10*time.Second, time.Millisecond)
	var total time.Duration
	const rounds = 50
	for i := range rounds {
		begun := time.Now()
		f.append(f.message(f.keys[i%10], "x"))
		require.Eventually(t, f.projected, 10*time.Second, 200*time.Microsecond)
		total += time.Since(begun)
	}
	t.Logf("%s from the log to the rows, on average", (total / rounds).Round(10*time.Microsecond))
	require.Less(t, total/rounds, idlePoll/2, "it did not wait for its turn")
}

func TestPause(t *testing.T) {
	require.Zero(t, pause(199, time.Millisecond))
	require.Equal(t, 250*time.Millisecond, pause(250, time.Second))
	require.Equal(t, 500*time.Millisecond, pause(2000, time.Second))
	require.Equal(t, time.Second, pause(8000, time.Second))
	require.Equal(t, time.Second, pause(8000, 0))
}

func TestShare(t *testing.T) {
	nodes := []string{"a", "b", "c"}
	for i := range project.Partitions {
		n := 0
		for _, node := range nodes {
			if share(node, nodes)[i] {
				n++
			}
		}
		require.Equal(t, 1, n)
		if share("a", nodes)[i] {
			require.True(t, share("a", nodes[:2])[i], "who leaves moves only its own")
		}
	}
}
