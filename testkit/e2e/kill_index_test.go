package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/testkit/api"
	"github.com/uniqchat/uniqchat/testkit/process"
)

// library is a tenant's knowledge base over HTTP.
type library struct {
	t     *testing.T
	ctx   context.Context
	api   *api.API
	token string
}

func (l *library) call(method, path string, in map[string]any) (out map[string]any) {
	l.t.Helper()
	var into any
	if method != http.MethodDelete {
		into = &out
	}
	require.NoError(l.t, l.api.Call(l.ctx, method, "/api/v1/knowledge"+path, l.token, in, into))
	return out
}

// index is how the index stands.
type index struct {
	Version     int64
	State       string
	Documents   int
	Chunks      int
	LastFailure *struct {
		Reason string
		Golden []struct{ Question string }
	} `json:"last_failure"`
}

// learned waits until the demo's documents are in use: a bot that is asked before that knows nothing.
func learned(ctx context.Context, t *testing.T, a *api.API, token string) {
	t.Helper()
	l := &library{t: t, ctx: ctx, api: a, token: token}
	l.wait("the demo's documents are in use", func(x index) bool { return x.State == "idle" && x.Version > 0 })
}

func (l *library) index() (x index) {
	l.t.Helper()
	require.NoError(l.t, l.api.Call(l.ctx, http.MethodGet, "/api/v1/knowledge/reindex", l.token, nil, &x))
	return x
}

// wait waits for the index to stand as it is to.
func (l *library) wait(what string, is func(index) bool) (x index) {
	l.t.Helper()
	require.Eventually(l.t, func() bool { x = l.index(); return is(x) }, time.Minute, 20*time.Millisecond, "%s: %+v", what, &x)
	return x
}

// first is the title of what answers a question best.
func (l *library) first(question string) string {
	l.t.Helper()
	var out struct {
		Data []struct{ Document struct{ Title string } }
	}
	require.NoError(l.t, l.api.Call(l.ctx, http.MethodGet, "/api/v1/knowledge/search?"+url.Values{"q": {question}}.Encode(), l.token, nil, &out))
	if len(out.Data) == 0 {
		return ""
	}
	return out.Data[0].Document.Title
}

// TestKillIndex: the server is killed in the middle of an index build. The index before serves at once when it is back, the build goes on by itself
// and behind what it had; a golden question that the new index doesn't answer keeps the old one, and without that question it is put in use.
func TestKillIndex(t *testing.T) { onBoth(t, testKillIndex) }

func testKillIndex(t *testing.T, start func(o process.Options) *process.Server) {
	const embedded = "uniqchat_knowledge_embedded_chunks_total"
	ctx := within(t, 3*time.Minute)
	s := start(process.Options{Env: []string{"UNIQCHAT_LOG_LEVEL=info"}})
	l := &library{t: t, ctx: ctx, api: &api.API{Base: s.BaseURL()}}
	admin, err := l.api.Login(ctx, "admin@demo.test", process.Password)
	require.NoError(t, err)
	l.token = admin.AccessToken

	doc := l.call(http.MethodPost, "/documents", map[string]any{"title": "Zeppelins", "text": "# Zeppelins\n\nA zeppelin's hydrogen is topped up at dawn by the harbour master."})
	old := l.wait("the first index", func(x index) bool {
		return x.State == "idle" && x.Version > 0 && l.first("who tops up hydrogen in a zeppelin?") == "Zeppelins"
	})
	golden := l.call(http.MethodPost, "/golden", map[string]any{"question": "who tops up hydrogen in a zeppelin?", "document_id": doc["id"], "within": 1})

	base := s.Metric(embedded) // the demo's own, and the first document
	// Some hundred chunks are some seconds of work. The document that the golden question is about says something else now, and another one what it said.
	const parts = 300
	var text strings.Builder
	for n := range parts {
		fmt.Fprintf(&text, "## Part %d\n\nShelf number %d holds %d boxes with what came in on day %d, and whoever opens one of them writes it into book %d.\n\n", n, n, n*7, n*13, n*17)
	}
	l.call(http.MethodPost, "/documents", map[string]any{"title": "Shelves", "text": text.String()})
	l.call(http.MethodPost, "/documents", map[string]any{"title": "Airships", "text": "# Airships\n\nA zeppelin's hydrogen is topped up at dawn by the harbour master. Who tops up hydrogen? The harbour master does."})
	l.call(http.MethodPatch, "/documents/"+doc["id"].(string), map[string]any{"text": "# Kites\n\nKites are folded after rain."})

	var before float64
	require.Eventually(t, func() bool { before = s.Metric(embedded) - base; return before >= 40 }, time.Minute, 5*time.Millisecond)
	s.Kill()
	killed := time.Now()
	require.Less(t, before, float64(parts), "it was to be killed in the middle")
	s.Restart()
	back := l.index()
	require.Equal(t, old.Version, back.Version)
	require.Equal(t, "Zeppelins", l.first("who tops up hydrogen in a zeppelin?"), "the index before serves")
	require.Nil(t, back.LastFailure)

	failed := l.wait("the build goes on, and is kept back", func(x index) bool { return x.LastFailure != nil && x.State == "idle" })
	t.Logf("%.0f chunks before the kill, %.0f after it; judged %.1f s after the kill", before, s.Metric(embedded), time.Since(killed).Seconds())
	require.Equal(t, "golden", failed.LastFailure.Reason)
	require.Len(t, failed.LastFailure.Golden, 1)
	require.Equal(t, old.Version, failed.Version)
	require.Equal(t, "Zeppelins", l.first("who tops up hydrogen in a zeppelin?"))
	require.Positive(t, s.Metric(embedded))
	again := 2 + 16*max(runtime.NumCPU()/2, 1) // of those that were being embedded when it was killed nothing was kept
	require.LessOrEqual(t, s.Metric(embedded)+before, float64(parts+again), "what was kept is not embedded again")

	after := s.Metric(embedded)
	l.call(http.MethodDelete, "/golden/"+golden["id"].(string), nil)
	l.call(http.MethodPost, "/reindex", map[string]any{})
	now := l.wait("the new index", func(x index) bool { return x.Version > old.Version && x.State == "idle" })
	require.Greater(t, now.Chunks, parts)
	require.Nil(t, now.LastFailure)
	require.Eventually(t, func() bool { return l.first("who tops up hydrogen in a zeppelin?") == "Airships" }, 10*time.Second, 20*time.Millisecond)
	require.LessOrEqual(t, s.Metric(embedded), after, "and nothing is embedded for it")
	s.Stop()
}
