package browser

import (
	"encoding/json"
	"sync"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/cdproto/tracing"
	"github.com/chromedp/chromedp"
)

// Counted begins to count the main thread's work in its own processor time, which other programs on the machine don't lengthen.
func (p *Page) Counted() {
	p.t.Helper()
	_, err := chromedp.Call(p.ctx, performance.Enable, performance.EnableParams{TimeDomain: performance.EnableTimeDomainThreadTicks})
	p.must(err)
}

// MainThread returns the work of the page's main thread since Counted, in all and in scripts alone.
func (p *Page) MainThread() (tasks, scripts time.Duration) {
	p.t.Helper()
	got, err := chromedp.Call(p.ctx, performance.GetMetrics, cdp.Empty{})
	p.must(err)
	for _, m := range got.Metrics {
		switch m.Name {
		case "TaskDuration":
			tasks = time.Duration(m.Value * float64(time.Second))
		case "ScriptDuration":
			scripts = time.Duration(m.Value * float64(time.Second))
		}
	}
	return tasks, scripts
}

// Script is what a script's first run cost: compiled and executed, by its address.
type Script struct {
	URL string
	Ran time.Duration
	CPU time.Duration // of it on a processor; 0 where the browser does not say
}

// Trace returns the scripts that ran while do did something: parse, compile and first run together.
func (p *Page) Trace(do func()) []Script {
	p.t.Helper()
	type event struct {
		Name string  `json:"name"`
		Dur  float64 `json:"dur"`  // microseconds
		CPU  float64 `json:"tdur"` // of them on a processor, where it is known
		Args struct {
			Data struct {
				URL string `json:"url"`
			} `json:"data"`
		} `json:"args"`
	}
	var mu sync.Mutex
	var events []event
	done := make(chan struct{})
	p.must(chromedp.Listen(p.ctx, func(ev any) {
		switch ev := ev.(type) {
		case *tracing.EventDataCollected:
			mu.Lock()
			defer mu.Unlock()
			for _, raw := range ev.Value {
				var e event
				if json.Unmarshal(raw, &e) == nil && e.Name == "EvaluateScript" {
					events = append(events, e)
				}
			}
		case *tracing.EventTracingComplete:
			close(done)
		}
	}))
	_, err := chromedp.Call(p.ctx, tracing.Start, tracing.StartParams{
		TransferMode: tracing.StartTransferModeReportEvents,
		TraceConfig:  &tracing.TraceConfig{IncludedCategories: []string{"devtools.timeline"}},
	})
	p.must(err)
	do()
	_, err = chromedp.Call(p.ctx, tracing.End, cdp.Empty{})
	p.must(err)
	select {
	case <-done:
	case <-time.After(patience):
		p.t.Fatalf("page %s: the trace did not end", p.name)
	}
	mu.Lock()
	defer mu.Unlock()
	var out []Script
	for _, e := range events {
		out = append(out, Script{e.Args.Data.URL, time.Duration(e.Dur * float64(time.Microsecond)), time.Duration(e.CPU * float64(time.Microsecond))})
	}
	return out
}
