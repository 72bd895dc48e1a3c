package api

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/cloudwego/hertz/pkg/app"
)

// stats counts requests by route and status. Safe for concurrent use.
type stats struct {
	set    *metrics.Set
	took   *metrics.PrometheusHistogram
	panics *metrics.Counter

	uploads, refused, uploaded, downloaded, replayed *metrics.Counter // uploaded and downloaded count bytes

	limited map[string]*metrics.Counter // by whose bucket was empty

	mu       sync.RWMutex
	counters map[statKey]*metrics.Counter
}

type statKey struct {
	route, method string
	status        int
}

func newStats(set *metrics.Set) *stats {
	s := &stats{
		set: set, took: set.NewPrometheusHistogram("uniqchat_server_http_request_seconds"),
		panics: set.NewCounter("uniqchat_server_http_panics_total"), counters: make(map[statKey]*metrics.Counter),
		uploads: set.NewCounter("uniqchat_server_uploads_total"), refused: set.NewCounter("uniqchat_server_uploads_refused_total"),
		uploaded: set.NewCounter("uniqchat_server_upload_bytes_total"), downloaded: set.NewCounter("uniqchat_server_download_bytes_total"),
		replayed: set.NewCounter("uniqchat_server_http_replayed_total"), limited: make(map[string]*metrics.Counter),
	}
	for _, by := range []string{limitVisitor, limitAgent, limitTenant, limitAddress} {
		s.limited[by] = set.NewCounter(fmt.Sprintf("uniqchat_server_http_limited_total{by=%q}", by))
	}
	return s
}

// count takes in one answer. Routes are patterns, so there are few; unknown paths and methods count together.
func (s *stats) count(h *app.RequestContext, took time.Duration) {
	s.took.Update(took.Seconds())
	k := statKey{h.FullPath(), "", h.Response.StatusCode()}
	if k.route != "" {
		k.method = string(h.Method())
	}
	s.mu.RLock()
	c := s.counters[k]
	s.mu.RUnlock()
	if c == nil {
		c = s.set.GetOrCreateCounter(fmt.Sprintf("uniqchat_server_http_requests_total{route=%q,method=%q,status=\"%d\"}", k.route, k.method, k.status))
		k.route, k.method = strings.Clone(k.route), strings.Clone(k.method)
		s.mu.Lock()
		s.counters[k] = c
		s.mu.Unlock()
	}
	c.Inc()
}
