package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

// Every request is signed with both secrets; the reference implementation says so.
func TestSigned(t *testing.T) {
	w, r := newWorld(t), newReceiver(t, nil)
	h := w.hook(r.URL)
	w.send(w.quick())
	w.say(3)
	eventually(t, func() bool { return w.done(h.ID, 3, chat.DeliveryDone) })
	seen := map[int64]bool{}
	for _, got := range r.all() {
		for _, secret := range h.Secrets {
			verifier, err := standardwebhooks.NewWebhook(secret)
			require.NoError(t, err)
			require.NoError(t, verifier.Verify(got.body, got.header))
			require.Error(t, verifier.Verify(append(got.body, ' '), got.header))
		}
		stranger, err := standardwebhooks.NewWebhook(newSecret())
		require.NoError(t, err)
		require.Error(t, stranger.Verify(got.body, got.header))
		require.Equal(t, "application/json", got.header.Get("Content-Type"))
		require.Equal(t, got.ID, got.header.Get("webhook-id"))
		require.Equal(t, []any{"message.created", w.tenant.String(), 1}, []any{got.Type, got.Tenant, got.Attempt})
		at, err := time.Parse(time.RFC3339, got.Created)
		require.NoError(t, err)
		require.WithinDuration(t, time.Now(), at, time.Minute)
		seen[got.Sequence] = true
	}
	require.Equal(t, map[int64]bool{1: true, 2: true, 3: true}, seen)
}

// An endpoint that is down for a while gets everything once it is back.
func TestDownForAWhile(t *testing.T) {
	w := newWorld(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := ln.Addr().String()
	require.NoError(t, ln.Close())
	h := w.hook("http://" + address)
	w.send(w.quick())
	w.say(20)
	eventually(t, func() bool { return w.webhook(h.ID).Opened > 0 })
	require.Contains(t, w.deliveries(h.ID)[19].Attempts[0].Error, "refused")
	r := newReceiver(t, nil)
	back, err := net.Listen("tcp", address)
	require.NoError(t, err)
	server := &http.Server{Handler: r.Config.Handler}
	go func() { _ = server.Serve(back) }()
	defer server.Close()
	w.say(5)
	eventually(t, func() bool { return w.done(h.ID, 25, chat.DeliveryDone) })
	hook := w.webhook(h.ID)
	require.Equal(t, []any{0, 0}, []any{hook.Failures, hook.Opened})
	seen := map[string]bool{}
	for _, got := range r.all() {
		seen[got.Data.Text] = true
	}
	require.Len(t, seen, 25)
}

// An endpoint that does not answer costs nobody else anything, and has no more than its share under way.
func TestHangingDelaysNobody(t *testing.T) {
	w := newWorld(t)
	var now, most atomic.Int64
	hanging := newReceiver(t, func(_ http.ResponseWriter, r *http.Request, _ int) {
		n := now.Add(1)
		defer now.Add(-1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		<-r.Context().Done()
	})
	good := newReceiver(t, nil)
	slow, fast := w.hook(hanging.URL), w.hook(good.URL)
	o := w.quick()
	o.PerWebhook, o.Most = 4, 16
	o.Timeout = time.Minute // it hangs for as long as the test lasts
	_, stop := w.send(o)
	w.say(100)
	eventually(t, func() bool { return w.done(fast.ID, 100, chat.DeliveryDone) })
	require.LessOrEqual(t, most.Load(), int64(4))
	require.True(t, w.done(slow.ID, 100, chat.DeliveryPending))
	stop() // what is under way is given up
	o.Timeout = 50 * time.Millisecond
	w.send(o)
	eventually(t, func() bool { return w.webhook(slow.ID).Opened > 0 })
	said := map[string]int{}
	for _, d := range w.deliveries(slow.ID) {
		for _, a := range d.Attempts {
			said[a.Error]++
		}
	}
	require.Equal(t, 4, said["interrupted: the server ended"])
	require.GreaterOrEqual(t, said["no answer in time"], 5)
}

func TestGone(t *testing.T) {
	w := newWorld(t)
	r := newReceiver(t, func(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(http.StatusGone) })
	h := w.hook(r.URL)
	o := w.quick()
	o.PerWebhook = 1
	w.send(o)
	w.say(1)
	eventually(t, func() bool { return w.webhook(h.ID).State == chat.WebhookDisabled })
	require.Contains(t, w.webhook(h.ID).Why, "410")
	w.say(3)
	other := newReceiver(t, nil)
	w.hook(other.URL)
	w.say(1)
	eventually(t, func() bool { return len(other.all()) == 1 })
	require.Len(t, r.all(), 1)
	require.True(t, w.done(h.ID, 1, chat.DeliveryFailed))
}

// One request in three fails: everything arrives, and the log tells of every attempt.
func TestSometimesFails(t *testing.T) {
	w := newWorld(t)
	r := newReceiver(t, func(w http.ResponseWriter, _ *http.Request, n int) {
		if n%3 == 0 {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = w.Write([]byte("sorry \xff\x00" + strings.Repeat("é", 5000)))
		}
	})
	h := w.hook(r.URL)
	w.send(w.quick())
	w.say(30)
	eventually(t, func() bool { return w.done(h.ID, 30, chat.DeliveryDone) })
	attempts, failed := 0, 0
	for _, d := range w.deliveries(h.ID) {
		require.Len(t, d.Attempts, d.Attempt)
		for i, a := range d.Attempts {
			attempts++
			require.Equal(t, i+1, a.Attempt)
			require.Equal(t, r.URL, a.URL)
			if i < d.Attempt-1 {
				failed++
				require.Equal(t, []any{500, "answered 500"}, []any{a.Status, a.Error})
				require.True(t, strings.HasPrefix(a.Answer, "sorry \uFFFD\uFFFDé"))
				require.LessOrEqual(t, len(a.Answer), chat.MaxAnswer)
			} else {
				require.Equal(t, []any{200, ""}, []any{a.Status, a.Error})
			}
		}
	}
	require.Equal(t, len(r.all()), attempts)
	require.Equal(t, len(r.all())/3, failed)
	ids := map[string]int{} // the same id in every attempt, and the number of the attempt
	for _, got := range r.all() {
		ids[got.ID]++
		require.Equal(t, ids[got.ID], got.Attempt)
	}
	require.Len(t, ids, 30)
}

// One after the other, an endpoint gets the tenant's events in their order.
func TestOrder(t *testing.T) {
	w, r := newWorld(t), newReceiver(t, nil)
	h := w.hook(r.URL)
	o := w.quick()
	o.PerWebhook = 1
	w.send(o)
	for range 20 {
		w.say(3)
	}
	eventually(t, func() bool { return w.done(h.ID, 60, chat.DeliveryDone) })
	for i, got := range r.all() {
		require.EqualValues(t, i+1, got.Sequence)
	}
}

// Several senders of one queue make each delivery once.
func TestShared(t *testing.T) {
	w, r := newWorld(t), newReceiver(t, nil)
	h := w.hook(r.URL)
	for range 3 {
		w.send(w.quick())
	}
	for range 20 {
		w.say(10)
	}
	eventually(t, func() bool { return w.done(h.ID, 200, chat.DeliveryDone) })
	require.Len(t, r.all(), 200)
}

func TestPauseReplayPing(t *testing.T) {
	w, r := newWorld(t), newReceiver(t, nil)
	h := w.hook(r.URL)
	w.send(w.quick())
	set := func(to chat.WebhookState) {
		_, err := w.kept.Store.ChangeWebhook(context.Background(), w.tenant, h.ID, func(h *chat.Webhook) error { h.State = to; return nil })
		require.NoError(t, err)
	}
	set(chat.WebhookPaused)
	w.say(2)
	set(chat.WebhookActive)
	eventually(t, func() bool { return w.done(h.ID, 2, chat.DeliveryDone) })
	d := w.deliveries(h.ID)[0]
	_, err := w.kept.Store.Replay(context.Background(), w.tenant, d.ID, time.Now())
	require.NoError(t, err)
	eventually(t, func() bool { return w.done(h.ID, 2, chat.DeliveryDone) && len(r.all()) == 3 })
	require.Equal(t, []any{d.Event.ID.String(), 2}, []any{r.all()[2].ID, r.all()[2].Attempt})
	_, err = w.kept.Store.Ping(context.Background(), w.tenant, h.ID, json.RawMessage(`{"text":"hi"}`), time.Now())
	require.NoError(t, err)
	eventually(t, func() bool { return len(r.all()) == 4 })
	require.Equal(t, []any{"webhook.ping", "hi"}, []any{r.all()[3].Type, r.all()[3].Data.Text})
}

// What an event is about may be gone, and making what is sent may fail: neither is held against the endpoint.
func TestNoData(t *testing.T) {
	w, r := newWorld(t), newReceiver(t, nil)
	h := w.hook(r.URL)
	o := w.quick()
	data := o.Data
	var tries atomic.Int64
	o.Data = func(ctx context.Context, e *chat.WebhookEvent) (json.RawMessage, error) {
		switch {
		case e.Sequence == 1:
			return nil, chat.Errorf(chat.NotFound, "erased")
		case e.Sequence == 2 && tries.Add(1) == 1:
			return nil, errors.New("the database is away")
		}
		return data(ctx, e)
	}
	w.send(o)
	w.say(3)
	eventually(t, func() bool { return len(r.all()) == 2 })
	eventually(t, func() bool {
		all := w.deliveries(h.ID)
		return all[2].State == chat.DeliveryFailed && all[1].State == chat.DeliveryDone
	})
	require.Zero(t, w.webhook(h.ID).Failures)
}
