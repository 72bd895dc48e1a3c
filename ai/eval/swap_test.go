package eval

import (
	"errors"
	"testing"
	"time"

	"github.com/uniqchat/uniqchat/ai/knowledge"
)

// TestSwap: the rows of swap are there, and no question fails.
func TestSwap(t *testing.T) {
	r := &Runner{Log: t.Logf, Data: t.TempDir(), sizes: sizes{swapped: 300, peace: 200 * time.Millisecond}}
	got := measured(t, r, "swap")
	if m := got["300 chunks re-indexed, 500 questions/s: failed"]; len(got) != 6 || m.Value != 0 || m.N < 50 || m.Goal == "" {
		t.Errorf("%d rows, %+v", len(got), m)
	}
	if m := got["300 chunks re-indexed, 500 questions/s: a build"]; m.N < 1 || m.Value <= 0 {
		t.Errorf("%+v", m)
	}
}

// TestSwapFails: a build that fails is told, and questions that find nothing are counted.
func TestSwapFails(t *testing.T) {
	chunks, vectors := made(64)
	wrong := errors.New("no room")
	if _, err := swapping(t.Context(), chunks, vectors, 10*time.Millisecond, func() (*knowledge.Index, error) { return nil, wrong }); !errors.Is(err, wrong) {
		t.Errorf("%v", err)
	}
	s, err := swapping(t.Context(), chunks, vectors, 50*time.Millisecond, func() (*knowledge.Index, error) {
		return knowledge.NewIndex(nil, "", nil)
	})
	if err != nil || s.before.failed > 0 || s.after.failed != len(s.after.took) {
		t.Errorf("%v: %d before, %d of %d after", err, s.before.failed, s.after.failed, len(s.after.took))
	}
	if a := (asked{took: []time.Duration{time.Second, time.Millisecond}}); a.waiting() != 1 || a.p99() != time.Second {
		t.Errorf("%+v", a)
	}
}

// BenchmarkSwap20k is swap three times: indexes are built aside, as they are; not at all, which is what the machine does to questions by itself; and as fast
// as they can be.
func BenchmarkSwap20k(b *testing.B) {
	chunks, vectors := made(swapChunks)
	x, err := knowledge.NewIndex(chunks, "random", vectors)
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		build func() (*knowledge.Index, error)
	}{
		{"aside", func() (*knowledge.Index, error) {
			return knowledge.NewIndexAside(b.Context(), chunks, "random", vectors)
		}},
		{"nothing", func() (*knowledge.Index, error) { time.Sleep(20 * time.Second); return x, nil }},
		{"at once", func() (*knowledge.Index, error) { return knowledge.NewIndex(chunks, "random", vectors) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				s, err := swapping(b.Context(), chunks, vectors, 3*time.Second, c.build)
				if err != nil {
					b.Fatal(err)
				}
				for name, a := range map[string]*asked{"before": &s.before, "during": &s.during, "after": &s.after} {
					b.ReportMetric(Milliseconds(a.p99()), name+"-p99-ms")
					b.ReportMetric(float64(a.failed), name+"-failed")
				}
				b.ReportMetric(s.took.Seconds()/float64(s.builds), "s/build")
			}
		})
	}
}
