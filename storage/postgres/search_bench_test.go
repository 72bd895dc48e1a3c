package postgres

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// serverCPU is what PostgreSQL has used so far: its processes that live, and those that have ended.
func serverCPU(b *testing.B) (total time.Duration) {
	raw, err := os.ReadFile(filepath.Join(shared.server.Dir, "data", "postmaster.pid"))
	require.NoError(b, err)
	main, _, _ := strings.Cut(string(raw), "\n")
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	require.NoError(b, err)
	for _, f := range files {
		line, err := os.ReadFile(f)
		if err != nil {
			continue // it has ended
		}
		fields := strings.Fields(string(line[strings.LastIndexByte(string(line), ')')+1:])) // proc(5): fields from the third on
		own, parent := filepath.Base(filepath.Dir(f)) == main, fields[1] == main
		for i, field := range fields[11:15] {
			ticks, err := strconv.Atoi(field)
			require.NoError(b, err)
			if own || parent && i < 2 {
				total += time.Duration(ticks) * 10 * time.Millisecond
			}
		}
	}
	return total
}

// BenchmarkIndex tells what a message costs PostgreSQL: to be projected, without and with the queue, and to be indexed, many at once
// and few at once (as it would be in the projection's transaction).
func BenchmarkIndex(b *testing.B) {
	said := []string{
		"Order %d says delivered but nothing arrived, can you look?", "订单%d显示已签收,但是我没有收到", "ok %d", "Where is my refund for %d? I asked twice already",
		"您好,订单%d已经从北京仓库发出,预计3天内送达", "The code %d does not work at checkout", "好的,谢谢 %d", "I want the projector with the %d pattern",
	}
	const messages, conversations = 60_000, 3000
	for b.Loop() {
		address := migrated(b, server(b))
		d := opened(b, address)
		f := newFeed(conversations)
		for _, k := range f.keys {
			f.append(f.message(k, ""))
		}
		_, stop := running(b, d, f, "bench")
		require.Eventually(b, f.projected, time.Minute, time.Millisecond)
		cost := func(what string, n int, do func()) {
			before := serverCPU(b)
			do()
			b.ReportMetric(float64((serverCPU(b)-before).Microseconds())/float64(n), "pg-us/"+what)
		}
		project := func() {
			for i := range messages {
				f.append(f.message(f.keys[i*7%conversations], fmt.Sprintf(said[i%len(said)], i)))
			}
			require.Eventually(b, f.projected, time.Minute, time.Millisecond)
		}
		require.NoError(b, raw(b, address, `ALTER TABLE messages DISABLE TRIGGER search_enqueue`))
		cost("projected", messages, project)
		require.NoError(b, raw(b, address, `ALTER TABLE messages ENABLE TRIGGER search_enqueue`))
		cost("projected-and-queued", messages, project)
		stop()
		x := NewIndexer(d, IndexerOptions{})
		began := time.Now()
		cost("indexed", messages, func() { require.NoError(b, x.Finish(b.Context())) })
		b.ReportMetric(float64(time.Since(began).Microseconds())/messages, "us/indexed")
		few := messages / 4
		require.NoError(b, raw(b, address, `TRUNCATE search`, `INSERT INTO search_queue (tenants, convs, seqs) SELECT array_agg(tenant), array_agg(conv), array_agg(seq)
			FROM (SELECT *, row_number() OVER (ORDER BY sent_at, conv, seq) AS n FROM messages WHERE kind <> 5) m WHERE n <= `+strconv.Itoa(few)+` GROUP BY n / 250`))
		x.most = 1
		cost("indexed-by-250", few, func() { require.NoError(b, x.Finish(b.Context())) })
	}
}
