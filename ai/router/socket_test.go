package router_test

import (
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/uniqchat/uniqchat/ai/confidence"
	"github.com/uniqchat/uniqchat/ai/knowledge"
	"github.com/uniqchat/uniqchat/ai/model"
	"github.com/uniqchat/uniqchat/ai/openai"
	"github.com/uniqchat/uniqchat/ai/router"
	"github.com/uniqchat/uniqchat/testkit/llm"
)

const written = `{"action":"answer","sources":[1],"text":"You can return goods within 30 days. Send them in their box, and the refund is paid within five working days.","buttons":[]}`

func asking() router.Ask {
	a := router.Ask{Tenant: "t1", Knowledge: "v1", Intent: "return", Evidence: confidence.Evidence{
		Words: 1, Grams: .9, Concepts: 1, Heading: .8, Body: .7, Score: 2, Margin: 1, Share: .9, HeadingMargin: .3, Agreement: 1, Inside: 1, SameIntent: .8,
	}}
	a.Text, a.Language = "Can I return goods?", "en"
	a.Chunks = []model.Chunk{{Chunk: &knowledge.Chunk{
		ID: "c1", Heading: "Returns", Text: "You can return goods within 30 days of delivery. Send them in their box. The refund is paid within five working days after we have them.",
	}}}
	return a
}

type bench struct {
	servers []*llm.Server
	router  *router.Router
}

func start(t testing.TB) *bench {
	t.Helper()
	b := &bench{}
	var members []router.Member
	for i := range 3 {
		s := llm.Start(t, healthy)
		e, err := openai.New(openai.Config{Name: fmt.Sprint("engine", i), BaseURL: s.URL, Model: "m"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(e.Close)
		b.servers = append(b.servers, s)
		members = append(members, router.Member{Engine: e, Price: model.Price{Prompt: float64(i + 1), Completion: float64(i + 1)}})
	}
	var err error
	if b.router, err = router.New(router.Config{Engines: members}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.router.Close)
	return b
}

var healthy = llm.Behaviour{Text: written, First: 100 * time.Millisecond, Token: 5 * time.Millisecond}

func (b *bench) calls() (n int) {
	for _, s := range b.servers {
		n += s.Calls()
	}
	return n
}

// load asks for a while and returns the 50th and 99th percentile; a question's time counts from when it was due.
func (b *bench) load(t testing.TB, perSecond int, d time.Duration) (p50, p99 time.Duration, byEngine, all int) {
	n := int(d.Seconds() * float64(perSecond))
	took, engines := make([]time.Duration, n), make([]bool, n)
	var wg sync.WaitGroup
	from := time.Now()
	for i := range n {
		due := from.Add(time.Duration(i) * time.Second / time.Duration(perSecond))
		time.Sleep(time.Until(due))
		wg.Go(func() {
			o := b.router.Answer(t.Context(), asking(), nil)
			took[i] = time.Since(due)
			engines[i] = o.Reason == router.BecauseEngine
			if o.Step != router.Answered || len(o.Messages) == 0 || o.Messages[0].Text == "" {
				t.Errorf("%+v", o)
			}
		})
	}
	wg.Wait()
	for _, e := range engines {
		if e {
			byEngine++
		}
	}
	slices.Sort(took)
	return took[n/2], took[n*99/100], byEngine, n
}

// TestSockets: over real connections, too, a failing engine costs nobody an answer.
func TestSockets(t *testing.T) {
	for _, f := range []llm.Fault{llm.Hang, llm.Failing, llm.Cut, llm.BadJSON, llm.Limited} {
		t.Run(string(f), func(t *testing.T) {
			b := start(t)
			b.load(t, 20, time.Second)
			broken := healthy
			broken.Fault = f
			b.servers[0].Set(broken)
			_, _, byEngine, all := b.load(t, 20, 2*time.Second)
			if byEngine < all*3/4 {
				t.Errorf("%d of %d by an engine", byEngine, all)
			}
		})
	}
}

// BenchmarkFaults asks 200 questions a second over real connections, first in peace, then while the cheapest of three engines fails in each way, and
// reports how much later the 99th percentile is and how many more calls there are. UNIQCHAT_ROUTER_SECONDS is how long it fails.
func BenchmarkFaults(b *testing.B) {
	seconds := 30
	if s := os.Getenv("UNIQCHAT_ROUTER_SECONDS"); s != "" {
		if _, err := fmt.Sscan(s, &seconds); err != nil {
			b.Fatal(err)
		}
	}
	for _, f := range llm.Faults {
		b.Run(string(f), func(b *testing.B) {
			for b.Loop() {
				w := start(b)
				_, quiet, _, n := w.load(b, 200, 5*time.Second)
				before := w.calls()
				per := float64(before) / float64(n)
				broken := healthy
				broken.Fault = f
				w.servers[0].Set(broken)
				p50, p99, byEngine, all := w.load(b, 200, time.Duration(seconds)*time.Second)
				extra := float64(w.calls()-before)/float64(all)/per - 1
				b.ReportMetric(float64(quiet.Milliseconds()), "quiet-p99-ms")
				b.ReportMetric(float64(p50.Milliseconds()), "p50-ms")
				b.ReportMetric(float64((p99 - quiet).Milliseconds()), "added-p99-ms")
				b.ReportMetric(100*extra, "extra-calls-%")
				b.ReportMetric(100*float64(byEngine)/float64(all), "by-engine-%")
			}
		})
	}
}
