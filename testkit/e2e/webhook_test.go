package e2e_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/testkit/api"
	"github.com/uniqchat/uniqchat/testkit/process"
)

// TestWebhookKill: the server is killed while what it has acknowledged is on its way to an endpoint, some of it sent and not
// answered, some of it not sent yet. Afterwards the endpoint gets every message, once or more often, by the same id.
func TestWebhookKill(t *testing.T) { beside(t, testWebhookKill) }

// hookReceiver notes which message came with which event. While it hangs it answers nobody.
type hookReceiver struct {
	*httptest.Server
	hangs   atomic.Bool
	waiting atomic.Int64

	mu     sync.Mutex
	secret string
	events map[string]string // message by event
	last   int64             // the highest sequence
}

func newHookReceiver(t *testing.T) *hookReceiver {
	r := &hookReceiver{events: map[string]string{}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		if r.hangs.Load() {
			r.waiting.Add(1)
			<-req.Context().Done()
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		v, err := standardwebhooks.NewWebhook(r.secret)
		if err == nil {
			err = v.Verify(body, req.Header)
		}
		var e struct {
			ID, Type string
			Sequence int64
			Data     struct{ Mid string }
		}
		if err != nil || json.Unmarshal(body, &e) != nil || e.Type != "message.created" {
			t.Errorf("%v: %s", err, body)
		}
		if mid, ok := r.events[e.ID]; ok && mid != e.Data.Mid {
			t.Errorf("event %s is of %s and %s", e.ID, mid, e.Data.Mid)
		}
		r.events[e.ID] = e.Data.Mid
		r.last = max(r.last, e.Sequence)
	}))
	t.Cleanup(r.Close)
	return r
}

func testWebhookKill(t *testing.T, start func(o process.Options) *process.Server) {
	ctx := within(t, 5*time.Minute)
	s := start(process.Options{Env: append([]string{
		"UNIQCHAT_WEBHOOKS_ALLOW_NETWORKS=127.0.0.0/8", "UNIQCHAT_WEBHOOKS_TIMEOUT=1s",
	}, fast...)})
	a := &api.API{Base: s.BaseURL()}
	admin, err := a.Login(ctx, "admin@demo.test", process.Password)
	require.NoError(t, err)
	r := newHookReceiver(t)
	r.hangs.Store(true)
	var hook struct{ ID, Secret string }
	require.NoError(t, a.Call(ctx, "POST", "/api/v1/webhooks", admin.AccessToken, map[string]any{"url": r.URL, "events": []string{"message.sent"}}, &hook))
	r.secret = hook.Secret
	v, err := a.Session(ctx, "demo")
	require.NoError(t, err)
	conv := uuid.Must(uuid.NewV7()).String()
	sent := map[string]bool{}
	for range 40 {
		var m struct{ Mid string }
		require.NoError(t, a.Call(ctx, "POST", "/api/v1/conversations/"+conv+"/messages", v.Token, map[string]any{
			"cmid": uuid.Must(uuid.NewV7()), "body": map[string]any{"text": "hello"},
		}, &m))
		sent[m.Mid] = true
	}
	require.Eventually(t, func() bool { return r.waiting.Load() > 0 }, time.Minute, time.Millisecond)
	s.Kill()
	r.hangs.Store(false)
	s.Restart()
	require.Eventually(t, func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return len(r.events) == len(sent)
	}, 3*time.Minute, 20*time.Millisecond)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, mid := range r.events {
		require.True(t, sent[mid], "nobody sent %s", mid)
		delete(sent, mid)
	}
	require.Empty(t, sent)
	require.EqualValues(t, 40, r.last)
	require.Positive(t, s.Metric("uniqchat_webhook_attempts_total"))
}
