package redis

import (
	"context"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/seal"
	"github.com/uniqchat/uniqchat/testkit/services"
)

// cpuOf returns the CPU time that a process has used.
func cpuOf(b *testing.B, pid int) time.Duration {
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		b.Fatal(err)
	}
	f := strings.Fields(string(raw[strings.LastIndexByte(string(raw), ')')+1:]))
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// BenchmarkAppend has 128 callers with one message each at a time, in 5,000 conversations, durable with appendfsync always.
// It reports the CPU time of redis-server, and of this process, per message beside the time.
func BenchmarkAppend(b *testing.B) {
	b.Run("plain", func(b *testing.B) { benchmarkAppend(b, nil) })
	b.Run("sealed", func(b *testing.B) {
		masters, err := seal.MastersOf(seal.NewMasterKey())
		if err != nil {
			b.Fatal(err)
		}
		benchmarkAppend(b, seal.New(masters, &keyTable{}, seal.Options{Seals: true}))
	})
}

// keyTable keeps one tenant's keys.
type keyTable struct {
	mu   sync.Mutex
	rows []seal.Row
}

func (k *keyTable) Keys(context.Context, chat.TenantID) ([]seal.Row, int64, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.rows, 1, nil
}

func (k *keyTable) AddKeys(_ context.Context, _ chat.TenantID, rows ...seal.Row) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.rows == nil {
		k.rows = rows
	}
	return nil
}

func (k *keyTable) KeyVersion(context.Context) (int64, error) { return 1, nil }

func benchmarkAppend(b *testing.B, keys *seal.Keyring) {
	r, err := services.StartRedis(b.Context(), services.RedisOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	client, err := Connect(r.URL())
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	db := newMemory()
	l := New(Options{Client: client, Database: db, Keys: keys})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { _ = l.Run(ctx) })
	defer cancel()
	<-l.Ready()
	tenant := chat.NewID[chat.Tenant]()
	threads := make([]*thread, 5000)
	var making sync.WaitGroup
	for w := range 64 {
		making.Go(func() {
			for i := w; i < len(threads); i += 64 {
				th := &thread{chat.Key{Tenant: tenant, Conversation: chat.NewID[chat.Conversation]()}, chat.NewID[chat.Visitor]()}
				if _, err := l.Append(ctx, th.create()...); err != nil {
					b.Error(err)
				}
				threads[i] = th
			}
		})
	}
	making.Wait()
	calls, cpu, own := l.stats.calls.Get(), cpuOf(b, r.PID()), cpuOf(b, os.Getpid())
	b.ResetTimer()
	var next sync.Mutex
	n := 0
	var senders sync.WaitGroup
	for range 128 {
		senders.Go(func() {
			for {
				next.Lock()
				i := n
				n++
				next.Unlock()
				if i >= b.N {
					return
				}
				e := threads[i*7919%len(threads)].message(strings.Repeat("x", 100))
				if _, err := l.Append(ctx, e); err != nil {
					b.Error(err)
				}
			}
		})
	}
	senders.Wait()
	b.StopTimer()
	b.ReportMetric(float64(cpuOf(b, r.PID())-cpu)/1e3/float64(b.N), "redis-µs/op")
	b.ReportMetric(float64(cpuOf(b, os.Getpid())-own)/1e3/float64(b.N), "own-µs/op")
	if stats, err := client.Info(ctx, "commandstats").Result(); err == nil && testing.Verbose() {
		b.Log(stats)
	}
	b.ReportMetric(float64(b.N)/float64(l.stats.calls.Get()-calls), "msgs/call")
}
