package postgres

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/project"
	"github.com/uniqchat/uniqchat/storage/storagetest"
	"github.com/uniqchat/uniqchat/testkit/services"
)

// talked appends random events of a Talk, in batches as a log has them.
func (f *feed) talked(talk *storagetest.Talk, rounds int) {
	for range rounds {
		var batch []chat.Event
		for range 1 + rand.IntN(8) {
			th := talk.Threads[rand.IntN(len(talk.Threads))]
			next := talk.Next(th)
			th.Accept(next...)
			batch = append(batch, next...)
		}
		f.append(batch...)
	}
}

// again puts a batch of the log that is somewhere in it at its end once more, as a sender who got no answer would.
func (f *feed) again() {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := rand.IntN(project.Partitions)
	if len(f.parts[n]) > 0 {
		f.add(n, f.parts[n][rand.IntN(len(f.parts[n]))].Events)
	}
}

// Whatever happens to projectors and the database, every event counts once in the reports.
func TestReportsOnce(t *testing.T) {
	s, err := services.StartPostgres(t.Context(), services.PostgresOptions{})
	require.NoError(t, err)
	defer s.Close()
	address := migrated(t, s)
	d, other := opened(t, address), opened(t, address)
	f := newFeed(0)
	talk := storagetest.NewTalk(f.tenants[0], 60)
	_, stop := running(t, d, f, "one")
	defer func() { stop() }()
	_, stopOther := running(t, other, f, "other")
	defer func() { stopOther() }()
	for round := range 12 {
		f.talked(talk, 100)
		f.again()
		switch round {
		case 2, 7:
			require.NoError(t, s.Kill())
			require.NoError(t, s.Start(t.Context()))
		case 4: // everything is read again, with new events behind it
			require.NoError(t, raw(t, address, `UPDATE log_partitions SET epoch = 0, n = 0, tag = '\x0000000000000000'`))
		case 5:
			stop()
			_, stop = running(t, d, f, "one")
		case 9:
			stopOther()
			_, stopOther = running(t, other, f, "other")
		}
	}
	require.Eventually(t, f.projected, 60*time.Second, 5*time.Millisecond)
	talk.Check(t, d.Store())
	require.Zero(t, count(t, address, `SELECT count(*) FROM conversations WHERE tally IS NULL`))
}

// What a log that has forked brings anew is counted if, and only if, it was not in the rows.
func TestReportsOfAFork(t *testing.T) {
	d := opened(t, migrated(t, server(t)))
	f := newFeed(0)
	talk := storagetest.NewTalk(f.tenants[1], 40)
	_, stop := running(t, d, f, "n")
	defer stop()
	for range 4 {
		f.talked(talk, 60)
		require.Eventually(t, f.projected, 60*time.Second, 5*time.Millisecond)
		f.mu.Lock()
		f.epoch++
		f.mu.Unlock()
		for n := range project.Partitions {
			epoch, err := d.Fork(t.Context(), n, f.epoch)
			require.NoError(t, err)
			require.Equal(t, f.epoch, epoch)
		}
		f.talked(talk, 60)
	}
	require.Eventually(t, f.projected, 60*time.Second, 5*time.Millisecond)
	talk.Check(t, d.Store())
}

// A database that was full before reports were kept is counted while it is in use: by the projection where something happens, and
// otherwise in the background.
func TestReportsOfAnOlderDatabase(t *testing.T) {
	address := migrated(t, server(t))
	d := opened(t, address)
	f := newFeed(0)
	talk := storagetest.NewTalk(f.tenants[0], 400)
	_, stop := running(t, d, f, "n")
	f.talked(talk, 500)
	require.Eventually(t, f.projected, 60*time.Second, 5*time.Millisecond)
	stop()
	require.NoError(t, raw(t, address, `UPDATE conversations SET tally = NULL`, `DELETE FROM report_counts`))
	left, err := d.Store().Uncounted(t.Context(), talk.Tenant)
	require.NoError(t, err)
	require.True(t, left)
	_, stop = running(t, d, f, "n")
	_, stopOther := running(t, opened(t, address), f, "other")
	f.talked(talk, 400)
	require.Eventually(t, func() bool {
		return f.projected() && count(t, address, `SELECT count(*) FROM conversations WHERE tally IS NULL`) == 0
	}, 60*time.Second, 50*time.Millisecond)
	stop()
	stopOther()
	talk.Check(t, d.Store())
}
