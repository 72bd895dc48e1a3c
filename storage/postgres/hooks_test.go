package postgres

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/project"
)

func addWebhook(t testing.TB, d *DB, tenant chat.TenantID, events ...string) chat.Webhook {
	t.Helper()
	w := chat.Webhook{ID: chat.NewID[chat.Webhook](), Tenant: tenant, URL: "https://example.com/", Events: events, Secrets: []string{"whsec_AAAA"}}
	require.NoError(t, d.Store().AddWebhook(t.Context(), w))
	return w
}

// everything stands before a question across tenants.
const everything = `SET uniqchat.system = 'on'`

// once checks that every message of the tenants is one event with one delivery for each endpoint, numbered without a hole.
func once(t *testing.T, address string, endpoints int) {
	t.Helper()
	messages := count(t, address, `SELECT count(*) FROM messages WHERE kind <> 5`, everything)
	require.NotZero(t, messages)
	for _, question := range []string{
		`SELECT count(*) FROM webhook_events`,
		`SELECT count(*) FROM webhook_events e JOIN messages m ON m.tenant = e.tenant AND m.conv = e.subject AND m.seq = e.seq AND m.kind <> 5`,
		`SELECT count(DISTINCT (tenant, subject, seq)) FROM webhook_events`,
		`SELECT count(DISTINCT (tenant, id)) FROM webhook_events`,
		`SELECT sum(last)::bigint FROM webhook_sequences`,
		`SELECT count(*) FROM webhook_events e JOIN webhook_sequences s ON s.tenant = e.tenant AND e.sequence BETWEEN 1 AND s.last`,
		`SELECT count(DISTINCT (webhook, sequence)) / ` + fmt.Sprint(endpoints) + ` FROM webhook_deliveries`,
		`SELECT count(*) / ` + fmt.Sprint(endpoints) + ` FROM webhook_deliveries`,
	} {
		require.Equal(t, messages, count(t, address, question, everything), question)
	}
}

// Reading the log again, all of it or parts of it, under load, by several projectors, doubles no event.
func TestEventsOnce(t *testing.T) {
	address := migrated(t, server(t))
	d, other := opened(t, address), opened(t, address)
	f := newFeed(60)
	for _, tenant := range f.tenants {
		addWebhook(t, d, tenant, chat.AllEvents)
		addWebhook(t, d, tenant, chat.EventMessageCreated, "session.closed")
	}
	_, stop := running(t, d, f, "n")
	_, stopOther := running(t, other, f, "o")
	quiet := f.talk(2000)
	require.Eventually(t, f.committedAll, 30*time.Second, time.Millisecond)
	for n := range project.Partitions {
		if n%4 == 0 {
			_, err := d.Fork(t.Context(), n, 0)
			require.NoError(t, err)
		}
	}
	quiet()
	f.check(t, d)
	once(t, address, 2)
	stop()
	stopOther()
	f.mu.Lock()
	f.committed = [project.Partitions]project.Cursor{}
	f.mu.Unlock()
	require.NoError(t, raw(t, address, `UPDATE log_partitions SET epoch = 0, n = 0, tag = '\x0000000000000000'`))
	_, stop = running(t, d, f, "m")
	defer stop()
	f.check(t, d)
	once(t, address, 2)
}

// A projector hears of endpoints that other nodes make, change and delete, with the first event after that.
func TestSubscribersOfOthers(t *testing.T) {
	address := migrated(t, server(t))
	d, other := opened(t, address), opened(t, address)
	f := newFeed(2)
	_, stop := running(t, d, f, "n")
	defer stop()
	talk := func() (events int) {
		for _, k := range f.keys {
			f.append(f.message(k, "x"))
		}
		f.check(t, d)
		return count(t, address, `SELECT count(*) FROM webhook_deliveries`, everything)
	}
	talk() // conversations are made
	require.Zero(t, talk())
	w := addWebhook(t, other, f.tenants[0], "message.sent")
	require.Equal(t, 1, talk(), "one tenant's")
	set := func(state chat.WebhookState) {
		_, err := other.Store().ChangeWebhook(t.Context(), w.Tenant, w.ID, func(w *chat.Webhook) error { w.State = state; return nil })
		require.NoError(t, err)
	}
	set(chat.WebhookDisabled)
	require.Equal(t, 1, talk())
	set(chat.WebhookPaused)
	require.Equal(t, 2, talk())
	addWebhook(t, other, f.tenants[1], "message.created")
	require.Equal(t, 4, talk())
	require.NoError(t, other.Store().DeleteWebhook(t.Context(), w.Tenant, w.ID))
	require.Equal(t, 5, talk())
}

// ownCPU is what this process has used so far.
func ownCPU(b *testing.B) time.Duration {
	var u unix.Rusage
	require.NoError(b, unix.Getrusage(unix.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkOutbox tells what a message costs PostgreSQL and the projector: where nobody wants to be told, and where one or five
// endpoints of its tenant do.
func BenchmarkOutbox(b *testing.B) {
	const messages, conversations = 40_000, 2000
	for b.Loop() {
		for _, endpoints := range []int{0, 1, 5} {
			address := migrated(b, server(b))
			d := opened(b, address)
			f := newFeed(conversations)
			for range endpoints {
				for _, tenant := range f.tenants {
					addWebhook(b, d, tenant, chat.EventMessageCreated)
				}
			}
			for _, k := range f.keys {
				f.append(f.message(k, ""))
			}
			_, stop := running(b, d, f, "bench")
			require.Eventually(b, f.projected, 20*time.Minute, time.Millisecond)
			before, own := serverCPU(b), ownCPU(b)
			for i := range messages {
				f.append(f.message(f.keys[i*7%conversations], fmt.Sprintf("Order %d says delivered but nothing arrived, can you look?", i)))
			}
			require.Eventually(b, f.projected, 20*time.Minute, time.Millisecond)
			b.ReportMetric(float64((serverCPU(b)-before).Microseconds())/messages, fmt.Sprintf("pg-us/msg-%d", endpoints))
			b.ReportMetric(float64((ownCPU(b)-own).Microseconds())/messages, fmt.Sprintf("own-us/msg-%d", endpoints))
			stop()
		}
	}
}
