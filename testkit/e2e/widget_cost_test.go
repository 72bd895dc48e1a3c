package e2e_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/testkit/browser"
	"github.com/uniqchat/uniqchat/testkit/process"
)

// shopWithout is the demo shop as it would be without the snippet, while without is true.
func shopWithout(t *testing.T, s *process.Server, without *atomic.Bool) string {
	t.Helper()
	target, err := url.Parse(s.BaseURL())
	require.NoError(t, err)
	snippet := regexp.MustCompile(`<script[^>]*widget\.js[^>]*></script>`)
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Header.Del("Accept-Encoding")
			r.Out.Header.Del("Origin")
		},
		ModifyResponse: func(r *http.Response) error {
			r.Header.Set("Cache-Control", "no-store")
			if !strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") {
				return nil
			}
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return err
			}
			if without.Load() {
				body = snippet.ReplaceAll(body, nil)
			}
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			r.Header.Set("Content-Length", strconv.Itoa(len(body)))
			return nil
		},
	}
	srv := httptest.NewServer(proxy)
	t.Cleanup(srv.Close)
	return srv.URL + "/demo/"
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

// untilIntent opens the shop and leaves it alone for three seconds. It returns what its main thread had to do, in processor time.
func untilIntent(t *testing.T, b *browser.Browser, shop string, slower float64, bare bool) (tasks, scripts time.Duration) {
	t.Helper()
	p := b.Page(t, "cost", browser.Options{})
	defer p.Close()
	p.Before(`window.shift = 0; window.sockets = 0; new PerformanceObserver((l) => { for (const e of l.getEntries()) shift += e.value; }).observe({ type: "layout-shift", buffered: true });
		const W = WebSocket; window.WebSocket = function (...a) { sockets++; return new W(...a); };`)
	p.Slow(slower)
	p.Counted()
	p.Go(shop)
	p.Wait(`document.readyState === "complete" && performance.now() > 3000`)
	var there, cookie bool
	var shift float64
	require.NoError(t, p.Eval(`!!document.getElementById("uniqchat")`, &there))
	require.Equal(t, !bare, there)
	require.NoError(t, p.Eval(`shift`, &shift))
	require.Zero(t, shift, "layout shift")
	require.NoError(t, p.Eval(`document.cookie !== "" || sockets > 0`, &cookie))
	require.False(t, cookie)
	return p.MainThread()
}

// TestWidgetCost: before anybody wants to talk the widget moves nothing on the page, opens no socket and sets no cookie. What it
// costs in time is printed, never judged: docs/performance.md has the figures (make widget-cost).
func TestWidgetCost(t *testing.T) {
	within(t, 20*time.Minute)
	runs := number(t, "UNIQCHAT_COST_RUNS", 1)
	s := process.Start(t, process.Options{Env: []string{"UNIQCHAT_LOG_LEVEL=warn"}})
	b := browser.Start(t)
	var without atomic.Bool
	shop := shopWithout(t, s, &without)
	for _, slower := range []float64{1, 4} {
		var tasks, scripts [2][]time.Duration
		for range runs {
			for i, bare := range []bool{true, false} {
				without.Store(bare)
				all, ours := untilIntent(t, b, shop, slower, bare)
				tasks[i], scripts[i] = append(tasks[i], all), append(scripts[i], ours)
			}
		}
		t.Logf("demo shop, processor %gx slower, first 3 s, medians of %d: main thread %v without the snippet, %v with it (%v more); scripts %v and %v (%v more)", slower, runs,
			median(tasks[0]), median(tasks[1]), median(tasks[1])-median(tasks[0]), median(scripts[0]), median(scripts[1]), median(scripts[1])-median(scripts[0]))
	}
	require.Zero(t, s.Metric("uniqchat_engine_connections"))

	without.Store(false)
	cost, onProcessor := map[string][]time.Duration{}, map[string][]time.Duration{}
	for range runs {
		p := b.Page(t, "parse", browser.Options{})
		p.Slow(4)
		for _, run := range p.Trace(func() {
			p.Go(shop)
			p.Click("launcher")
			p.Wait(`$("input")`)
			p.Click("emoji")
			p.Wait(`$("emoji-picker")`)
		}) {
			if u, err := url.Parse(run.URL); err == nil && strings.HasPrefix(u.Path, "/widget") {
				cost[u.Path], onProcessor[u.Path] = append(cost[u.Path], run.Ran), append(onProcessor[u.Path], run.CPU)
			}
		}
		p.Close()
	}
	for _, name := range []string{"/widget.js", "/widget-chat.js", "/widget-en.js", "/widget-parts.js"} {
		require.NotEmpty(t, cost[name], name)
		t.Logf("%s: parsed and executed in %v, %v of them on a processor; quickest %v (median of %d, processor 4x slower)", name, median(cost[name]), median(onProcessor[name]), slices.Min(cost[name]), len(cost[name]))
	}
	s.Stop()
}
