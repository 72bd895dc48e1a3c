package postgres

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/storage/seal"
)

// BenchmarkSealed tells what a message costs to become a row and to be found, PostgreSQL and this process apart: in plain, and sealed.
func BenchmarkSealed(b *testing.B) {
	const messages, conversations = 30_000, 2000
	for b.Loop() {
		for _, what := range []string{"plain", "sealed"} {
			d := opened(b, migrated(b, server(b)))
			if what == "sealed" {
				masters, err := seal.MastersOf(seal.NewMasterKey())
				require.NoError(b, err)
				d.Store().Seal(seal.New(masters, d.Store(), seal.Options{Seals: true}))
			}
			f := newFeed(conversations)
			for _, k := range f.keys {
				f.append(f.message(k, ""))
			}
			_, stop := running(b, d, f, "bench")
			require.Eventually(b, f.projected, 5*time.Minute, time.Millisecond)
			cost := func(part string, do func()) {
				before, own := serverCPU(b), ownCPU(b)
				do()
				b.ReportMetric(float64((serverCPU(b)-before).Microseconds())/messages, "pg-us/"+part+"-"+what)
				b.ReportMetric(float64((ownCPU(b)-own).Microseconds())/messages, "own-us/"+part+"-"+what)
			}
			cost("row", func() {
				for i := range messages {
					f.append(f.message(f.keys[i*7%conversations], fmt.Sprintf("Order %d says delivered but nothing arrived, can you look?", i)))
				}
				require.Eventually(b, f.projected, 20*time.Minute, time.Millisecond)
			})
			stop()
			x := NewIndexer(d, IndexerOptions{})
			cost("index", func() { require.NoError(b, x.Finish(b.Context())) })
		}
	}
}
