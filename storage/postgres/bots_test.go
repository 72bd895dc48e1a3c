package postgres

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/project"
)

func setBot(t testing.TB, d *DB, tenant chat.TenantID, enabled bool) {
	t.Helper()
	all, err := d.Store().RecordsOf(t.Context(), tenant, chat.RecordBot)
	require.NoError(t, err)
	body := fmt.Appendf(nil, `{"enabled":%t}`, enabled)
	if len(all) == 0 {
		require.NoError(t, d.Store().AddRecord(t.Context(), chat.Record{ID: chat.NewID[chat.Record](), Tenant: tenant, Kind: chat.RecordBot, Name: "bot", Version: 1, Body: body}, 1))
		return
	}
	all[0].Version, all[0].Body = all[0].Version+1, body
	require.NoError(t, d.Store().ReplaceRecord(t.Context(), all[0]))
}

// claimBots takes all jobs that there are.
func claimBots(t testing.TB, d *DB) []chat.BotJob {
	t.Helper()
	now := time.Now().Add(time.Minute)
	got, err := d.Store().ClaimBotJobs(t.Context(), chat.BotClaim{Now: now, Until: now.Add(time.Hour), Most: 1000, PerTenant: 1000})
	require.NoError(t, err)
	return got
}

// The log is read again, by several projectors: what was answered is not asked again. Whose bot it is when a question is written counts, whatever
// another node does to the bot's settings meanwhile.
func TestBotsOnce(t *testing.T) {
	address := migrated(t, server(t))
	d, other := opened(t, address), opened(t, address)
	f := newFeed(40)
	_, stop := running(t, d, f, "n")
	_, stopOther := running(t, other, f, "o")
	for _, k := range f.keys {
		f.append(f.message(k, "created"))
		f.append(f.message(k, "before"))
	}
	f.check(t, d)
	require.Empty(t, claimBots(t, d), "people have all of it")
	setBot(t, other, f.tenants[0], true)
	for _, k := range f.keys {
		if k.Tenant == f.tenants[0] {
			f.append(f.change(k, chat.WithBot))
		}
	}
	newest := map[chat.Key]chat.MessageID{}
	for i, k := range f.keys {
		first, second := f.message(k, "one"), f.message(k, "two")
		f.append(first, second)
		switch {
		case k.Tenant != f.tenants[0]:
		case i%3 == 0:
			f.append(f.change(k, chat.Closed))
		default:
			newest[k] = second.ID
		}
	}
	f.check(t, d)
	select {
	case <-d.Store().BotJobsDue():
	case <-other.Store().BotJobsDue():
	default:
		t.Error("whoever wrote jobs says so")
	}
	jobs := claimBots(t, d)
	require.Len(t, jobs, len(newest))
	for _, j := range jobs {
		require.Equal(t, newest[j.Key], j.Message)
		is, err := other.Store().FinishBotJob(t.Context(), j)
		require.NoError(t, err)
		require.True(t, is)
	}

	stop()
	stopOther()
	f.mu.Lock()
	f.committed = [project.Partitions]project.Cursor{}
	f.mu.Unlock()
	require.NoError(t, raw(t, address, `UPDATE log_partitions SET epoch = 0, n = 0, tag = '\x0000000000000000'`))
	again := f.message(f.keys[2], "three") // in what is read again, too
	f.append(again)
	_, stop = running(t, d, f, "m")
	f.check(t, d)
	jobs = claimBots(t, d)
	require.Len(t, jobs, 1)
	require.Equal(t, again.ID, jobs[0].Message)

	// The bot is turned off by another node before what was asked of it is in rows: it is kept for whoever gives it to people.
	is, err := d.Store().FinishBotJob(t.Context(), jobs[0])
	require.NoError(t, err)
	require.True(t, is)
	stop()
	late := f.message(f.keys[2], "four")
	f.append(late)
	setBot(t, other, f.tenants[0], false)
	_, stop = running(t, d, f, "l")
	f.check(t, d)
	jobs = claimBots(t, d)
	require.Len(t, jobs, 1)
	require.Equal(t, late.ID, jobs[0].Message)
	stop()
}
