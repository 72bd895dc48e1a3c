package webhook

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage"
	"github.com/uniqchat/uniqchat/testkit/services"
)

// cpu is what this process has used so far: steadier than the clock on a shared machine.
func cpu(b *testing.B) time.Duration {
	var u unix.Rusage
	require.NoError(b, unix.Getrusage(unix.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkDeliver: deliveries a second to 20 endpoints of one tenant, all of which want every message. What is to be sent has
// been written before; the endpoints answer at once, on this machine.
func BenchmarkDeliver(b *testing.B) {
	for name, options := range map[string]func(b *testing.B) storage.Options{
		"sqlite": func(b *testing.B) storage.Options {
			return storage.Options{URL: "sqlite:" + filepath.Join(b.TempDir(), "chat.db")}
		},
		"postgres": func(b *testing.B) storage.Options {
			rows, err := services.StartPostgres(b.Context(), services.PostgresOptions{})
			require.NoError(b, err)
			b.Cleanup(func() { _ = rows.Close() })
			redis, err := services.StartRedis(b.Context(), services.RedisOptions{})
			require.NoError(b, err)
			b.Cleanup(func() { _ = redis.Close() })
			url, err := rows.NewDatabase(b.Context())
			require.NoError(b, err)
			o := storage.Options{URL: url, Redis: redis.URL()}
			require.NoError(b, storage.Migrate(b.Context(), o))
			return o
		},
	} {
		b.Run(name, func(b *testing.B) {
			const endpoints = 20
			messages := max(b.N/endpoints, 1)
			var got atomic.Int64
			all := make(chan struct{}) // closed when everything has come
			r := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if got.Add(1) == int64(endpoints*messages) {
					close(all)
				}
				w.WriteHeader(http.StatusNoContent)
			}))
			defer r.Close()
			w := open(b, options(b))
			var hooks []chat.Webhook
			for range endpoints {
				hooks = append(hooks, w.hook(r.URL))
			}
			for left := messages; left > 0; left -= 100 {
				w.say(min(left, 100))
			}
			require.Eventually(b, w.kept.Settled, 20*time.Minute, time.Millisecond)
			o := w.quick()
			o.Most, o.PerWebhook, o.Timeout = 0, 0, time.Minute
			before := cpu(b)
			b.ResetTimer()
			_, stop := w.send(o)
			<-all
			stop() // with what is still to be written down
			b.StopTimer()
			b.ReportMetric(float64(endpoints*messages)/b.Elapsed().Seconds(), "deliveries/s")
			// Of sender, receiver and SQLite; PostgreSQL has processes of its own.
			b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(endpoints*messages), "cpu-us/delivery")
			for _, h := range hooks {
				require.True(b, w.done(h.ID, messages, chat.DeliveryDone))
			}
		})
	}
}
