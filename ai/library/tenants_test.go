package library

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/uniqchat/uniqchat/ai/knowledge"
	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage"
)

// constant is an embedder for questions alone: what chunks have was stored beforehand.
type constant struct{}

func (constant) Name() string { return "constant" }

func (constant) Ready(context.Context) error { return nil }

func (constant) Question(_ context.Context, q string) ([]float32, error) {
	v := make([]float32, 512)
	for i := range v {
		v[i] = float32((len(q)*i)%7) - 3
	}
	return v, nil
}

func (constant) Embed(context.Context, []string) ([][]float32, error) {
	return nil, fmt.Errorf("nothing is to be embedded")
}

// stored are 200 chunks of some 500 characters with vectors of 512 values, as rows.
func stored(b *testing.B) []chat.KnowledgeChunk {
	r := rand.New(rand.NewPCG(3, 4))
	vector := func() knowledge.Vector {
		x := make([]float32, 512)
		for i := range x {
			x[i] = float32(r.NormFloat64())
		}
		return knowledge.NewVector(x)
	}
	rows := make([]chat.KnowledgeChunk, 200)
	document := chat.NewID[chat.Document]().String()
	for i := range rows {
		var text strings.Builder
		for text.Len() < 500 {
			fmt.Fprintf(&text, "word%d ", int(r.ExpFloat64()*300))
		}
		c := knowledge.Chunk{ID: fmt.Sprint(i), Document: document, Title: "Shop", Heading: fmt.Sprintf("Part %d", i), Text: text.String()}
		var err error
		if rows[i], err = pack(&c, constant{}.Name(), &knowledge.Vectors{Heading: vector(), Text: vector()}); err != nil {
			b.Fatal(err)
		}
	}
	return rows
}

// fill keeps an index of these chunks for a tenant, as a build would have.
func fill(b *testing.B, store chat.KnowledgeStore, tenant chat.TenantID, rows []chat.KnowledgeChunk) {
	ctx, holder, now := b.Context(), [16]byte{1}, time.Now()
	members := make([][16]byte, len(rows))
	for i := range rows {
		members[i] = rows[i].ID
	}
	if err := store.Reindex(ctx, tenant, now); err != nil {
		b.Fatal(err)
	}
	if err := store.SaveChunks(ctx, tenant, rows); err != nil {
		b.Fatal(err)
	}
	st, held, err := store.HoldKnowledge(ctx, holder, now.Add(time.Minute), now.Add(time.Minute))
	if err != nil || !held || st.Tenant != tenant {
		b.Fatal(st, held, err)
	}
	if _, err := store.SwapKnowledge(ctx, holder, chat.KnowledgeVersion{Tenant: tenant, Revision: st.Wanted, Embedder: constant{}.Name(), Documents: 1, Members: members, CreatedAt: now}); err != nil {
		b.Fatal(err)
	}
	if err := store.ReleaseKnowledge(ctx, tenant, holder, now); err != nil {
		b.Fatal(err)
	}
}

// processor is how much time this process had of processors.
func processor(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func heap() float64 {
	runtime.GC()
	runtime.GC() // what pools hold goes with the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// BenchmarkTenants keeps indexes of 200 chunks for 1,000 tenants (UNIQCHAT_TENANTS) in SQLite, starts a library as a node does, and reports what it costs:
// memory before anybody asks, of each tenant that has asked, and after those were let go; the time of a tenant's first answer and of later ones; and the
// processor's time while all are in memory and nobody asks, in thousandths of one core.
func BenchmarkTenants(b *testing.B) {
	n := 1000
	if s := os.Getenv("UNIQCHAT_TENANTS"); s != "" {
		if _, err := fmt.Sscan(s, &n); err != nil {
			b.Fatal(err)
		}
	}
	kept, err := storage.Open(b.Context(), storage.Options{URL: "sqlite:" + filepath.Join(b.TempDir(), "test.db")})
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan error, 2)
	go func() { ended <- kept.Run(ctx) }()
	tenants, rows := make([]chat.TenantID, n), stored(b)
	for i := range tenants {
		tenants[i] = chat.NewID[chat.Tenant]()
		fill(b, kept.Store, tenants[i], rows)
	}
	for b.Loop() {
		before := heap()
		o := Options{Store: kept.Store, Broker: kept.Broker, Builds: true, Alone: true, Poll: 5 * time.Second, MaxBytes: 8 << 30}
		o.Embedder = func() (Embedder, error) { return constant{}, nil }
		l := New(o)
		running, end := context.WithCancel(ctx)
		done := make(chan error, 1)
		go func() { done <- l.Run(running) }()
		b.ReportMetric((heap()-before)/float64(n), "B/idle-tenant")
		ask := func(name string) {
			took := make([]time.Duration, n)
			for i, t := range tenants {
				from := time.Now()
				if a, err := l.Search(ctx, t, chat.KnowledgeQuery{Question: "where is word7?", Limit: 5}); err != nil || len(a.Hits) != 5 {
					b.Fatal(a, err)
				}
				took[i] = time.Since(from)
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[n/2].Microseconds())/1e3, name+"-p50-ms")
			b.ReportMetric(float64(took[n*99/100].Microseconds())/1e3, name+"-p99-ms")
		}
		ask("first")
		b.ReportMetric((heap()-before)/float64(n)/1e3, "kB/tenant")
		b.ReportMetric(float64(l.shelf.Bytes())/float64(n)/1e3, "counted-kB/tenant")
		ask("later")
		const quiet = 10 * time.Second
		used := processor(b)
		time.Sleep(quiet) // it is measured what happens when nothing does
		b.ReportMetric(1e3*float64(processor(b)-used)/float64(quiet), "idle-mcores")
		l.shelf.Tidy(time.Now().Add(l.Idle + time.Second))
		b.ReportMetric((heap()-before)/float64(n), "B/tenant-let-go")
		end()
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
	stop()
	<-ended
	if err := kept.Close(); err != nil {
		b.Fatal(err)
	}
}
