package webhook

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var loopback = netip.MustParsePrefix("127.0.0.0/8")

// world is a storage with a tenant that talks, and what receives.
type world struct {
	t      testing.TB
	kept   *storage.Storage
	tenant chat.TenantID
	conv   chat.Key
	n      int
}

// open opens a storage and runs it until the test ends.
func open(t testing.TB, o storage.Options) *world {
	t.Helper()
	kept, err := storage.Open(context.Background(), o)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- kept.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
		require.NoError(t, kept.Close())
	})
	w := &world{t: t, kept: kept, tenant: chat.NewID[chat.Tenant]()}
	w.conv = chat.Key{Tenant: w.tenant, Conversation: chat.NewID[chat.Conversation]()}
	return w
}

func newWorld(t testing.TB) *world {
	t.Helper()
	return open(t, storage.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "chat.db")})
}

// say appends messages; the first makes the conversation.
func (w *world) say(n int) {
	w.t.Helper()
	visitor := chat.NewID[chat.Actor]()
	var events []chat.Event
	add := func(e chat.Event) {
		e.Tenant, e.Conversation, e.CMID, e.Time = w.tenant, w.conv.Conversation, chat.NewID[chat.Event](), time.Now().UTC().Truncate(time.Millisecond)
		e.ID = chat.DeriveMessageID(e.Conversation, e.Sender, e.CMID)
		events = append(events, e)
	}
	if w.n == 0 {
		add(chat.Event{
			Next:    &chat.State{Visitor: chat.VisitorID(visitor), Version: 1},
			Message: chat.Message{Kind: chat.KindSystem, Role: chat.RoleSystem, Body: []byte(`{"event":"conversation.created"}`)},
		})
	}
	for range n {
		w.n++
		add(chat.Event{Message: chat.Message{Sender: visitor, Role: chat.RoleVisitor, Body: fmt.Appendf(nil, `{"text":"%d"}`, w.n)}})
	}
	receipts, err := w.kept.Log.Append(context.Background(), events...)
	require.NoError(w.t, err)
	for i := range receipts {
		require.NoError(w.t, receipts[i].Err)
	}
}

func newSecret() string {
	var b [32]byte
	_, _ = rand.Read(b[:])
	return secretPrefix + base64.StdEncoding.EncodeToString(b[:])
}

// hook makes an endpoint that is told of messages.
func (w *world) hook(url string) chat.Webhook {
	w.t.Helper()
	h := chat.Webhook{
		ID: chat.NewID[chat.Webhook](), Tenant: w.tenant, URL: url, Events: []string{"message.sent"}, Secrets: []string{newSecret(), newSecret()},
		CreatedAt: time.Now(), UpdatedAt: time.Now(),
	}
	require.NoError(w.t, w.kept.Store.AddWebhook(context.Background(), h))
	return h
}

func (w *world) webhook(id chat.WebhookID) chat.Webhook {
	w.t.Helper()
	h, err := w.kept.Store.Webhook(context.Background(), w.tenant, id)
	require.NoError(w.t, err)
	return h
}

func (w *world) deliveries(id chat.WebhookID) (all []chat.Delivery) {
	w.t.Helper()
	for cursor := ""; ; {
		page, next, err := w.kept.Store.Deliveries(context.Background(), w.tenant, id, chat.DeliveryFilter{Limit: 200, Cursor: cursor})
		require.NoError(w.t, err)
		all = append(all, page...)
		if cursor = next; next == "" {
			return all
		}
	}
}

// done reports whether so many deliveries are all in a state.
func (w *world) done(id chat.WebhookID, n int, state chat.DeliveryState) bool {
	all := w.deliveries(id)
	for i := range all {
		if all[i].State != state {
			return false
		}
	}
	return len(all) == n
}

// quick is a Sender's Options for tests.
func (w *world) quick() Options {
	return Options{
		Queue: w.kept.Store, AllowNetworks: []netip.Prefix{loopback}, Timeout: 30 * time.Second, Poll: 5 * time.Millisecond, Idle: 20 * time.Millisecond,
		Breaker:  chat.Breaker{Failures: 5, Cooldown: func(int) time.Duration { return 50 * time.Millisecond }},
		schedule: schedule{50 * time.Millisecond, 100 * time.Millisecond},
		Data:     func(_ context.Context, e *chat.WebhookEvent) (json.RawMessage, error) { return e.Message.Body, nil },
		Logger:   slog.New(slog.DiscardHandler),
	}
}

// send runs a Sender until stop, or the test's end.
func (w *world) send(o Options) (s *Sender, stop func()) {
	s = New(o)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
	})
	w.t.Cleanup(stop)
	return s, stop
}

// received is one request as its receiver saw it.
type received struct {
	header http.Header
	body   []byte
	envelope
}

type envelope struct {
	ID       string
	Type     string
	Tenant   string `json:"tenant_id"`
	Created  string `json:"created_at"`
	Sequence int64
	Attempt  int
	Data     struct{ Text string }
}

// receiver is an endpoint. answer decides; nil answers 204.
type receiver struct {
	*httptest.Server
	mu  sync.Mutex
	got []received
}

func newReceiver(t testing.TB, answer func(w http.ResponseWriter, r *http.Request, n int)) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		one := received{header: req.Header, body: body}
		if err := json.Unmarshal(body, &one.envelope); err != nil {
			t.Errorf("%v: %s", err, body)
		}
		r.mu.Lock()
		r.got = append(r.got, one)
		n := len(r.got)
		r.mu.Unlock()
		if answer == nil {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		answer(w, req, n)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) all() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]received(nil), r.got...)
}

func eventually(t testing.TB, what func() bool) {
	t.Helper()
	require.Eventually(t, what, 60*time.Second, 5*time.Millisecond)
}
