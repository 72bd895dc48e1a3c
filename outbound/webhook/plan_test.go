package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

// queue has one delivery, in memory.
type queue struct {
	mu      sync.Mutex
	d       chat.Delivery
	claimed bool
	log     []chat.Outcome
}

func (q *queue) WebhooksDue() <-chan struct{} { return nil }

func (q *queue) ClaimDeliveries(_ context.Context, c chat.Claim) ([]chat.Claimed, bool, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	pending := q.d.State == chat.DeliveryPending
	if !pending || q.claimed || q.d.DueAt.After(c.Now) {
		return nil, pending, nil
	}
	q.claimed = true
	q.d.Attempt++
	q.d.Tries++
	return []chat.Claimed{{Delivery: q.d, Endpoint: chat.Webhook{ID: q.d.Webhook, URL: "http://example.com/", Secrets: []string{"whsec_AAAA"}}}}, true, nil
}

func (q *queue) KeepEventData(_ context.Context, _ chat.TenantID, _ int64, data json.RawMessage) (json.RawMessage, error) {
	return data, nil
}

func (q *queue) FinishDeliveries(_ context.Context, _ chat.Breaker, outcomes []chat.Outcome) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, o := range outcomes {
		q.log = append(q.log, o)
		q.d.State, q.d.DueAt, q.claimed = o.State, o.Due, false
	}
	return nil
}

func (q *queue) ForgetDeliveries(context.Context, time.Time, int) (int, error) { return 0, nil }

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// attempts runs a Sender in a bubble for so long, and returns when attempts were made, from the first on.
func attempts(t *testing.T, answer roundTrip, long time.Duration) (at []time.Duration, q *queue) {
	begun := time.Now()
	q = &queue{d: chat.Delivery{ID: chat.NewID[chat.Delivery](), Webhook: chat.NewID[chat.Webhook](), Since: begun, DueAt: begun}}
	q.d.Event = chat.WebhookEvent{Type: chat.EventPing, Data: json.RawMessage(`{}`)}
	s := New(Options{Queue: q, Logger: slog.New(slog.DiscardHandler)})
	s.client.Transport = answer
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	require.NoError(t, s.Run(ctx))
	for _, o := range q.log {
		at = append(at, o.Log.At.Sub(begun))
	}
	return at, q
}

func status(code int, header http.Header) roundTrip {
	return func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: code, Header: header, Body: io.NopCloser(strings.NewReader(""))}, nil
	}
}

// Three tries within seconds, then pauses that double, for a day; then it is given up.
func TestBackOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at, q := attempts(t, status(503, nil), 30*time.Hour)
		require.Equal(t, chat.DeliveryFailed, q.d.State)
		require.Less(t, at[0], time.Second)
		require.Less(t, at[2], 4*time.Second, "three quick ones")
		for i := 3; i < len(at)-1; i++ {
			pause := at[i] - at[i-1]
			around := defaultSchedule.first << (i - 3)
			require.GreaterOrEqual(t, pause, around/2, "%v", at)
			require.LessOrEqual(t, pause, around*3/2+time.Second, "%v", at)
		}
		require.InDelta(t, 24*time.Hour, at[len(at)-1], float64(time.Minute), "the last one is as late as any may be")
		require.Greater(t, len(at), 10)
		require.Less(t, len(at), 20)
	})
}

func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at, _ := attempts(t, status(429, http.Header{"Retry-After": {"120"}}), 150*time.Second)
		require.Len(t, at, 2)
		require.InDelta(t, 120*time.Second, at[1]-at[0], float64(2*time.Second))
	})
}

// An attempt that takes too long has failed, and one that the end cuts short is due at once, for whoever comes next.
func TestHangs(t *testing.T) {
	hang := roundTrip(func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	})
	synctest.Test(t, func(t *testing.T) {
		_, q := attempts(t, hang, 25*time.Second)
		require.Len(t, q.log, 3)
		for _, o := range q.log[:2] {
			require.Equal(t, []any{10 * time.Second, "no answer in time", chat.ResultFailed}, []any{o.Log.Took, o.Log.Error, o.Result})
		}
		last := q.log[2]
		require.Equal(t, []any{chat.DeliveryPending, chat.ResultNone, "interrupted: the server ended"}, []any{last.State, last.Result, last.Log.Error})
		require.False(t, last.Due.After(time.Now()))
	})
}

// The queue fails for a while: what was done is written down when it is back, and nothing is sent twice.
func TestQueueAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		q := &awayQueue{queue: queue{d: chat.Delivery{ID: chat.NewID[chat.Delivery](), Webhook: chat.NewID[chat.Webhook](), Since: begun, DueAt: begun}}}
		q.d.Event = chat.WebhookEvent{Type: chat.EventPing, Data: json.RawMessage(`{}`)}
		s := New(Options{Queue: q, Logger: slog.New(slog.DiscardHandler)})
		sent := 0
		s.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			sent++
			return status(200, nil)(r)
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		require.NoError(t, s.Run(ctx))
		require.Equal(t, 1, sent)
		require.Equal(t, chat.DeliveryDone, q.d.State)
	})
}

// awayQueue fails every other call, and the first three results.
type awayQueue struct {
	queue
	claims, finishes int
}

var errAway = errors.New("away")

func (q *awayQueue) ClaimDeliveries(ctx context.Context, c chat.Claim) ([]chat.Claimed, bool, error) {
	if q.claims++; q.claims%2 == 1 {
		return nil, false, errAway
	}
	return q.queue.ClaimDeliveries(ctx, c)
}

func (q *awayQueue) FinishDeliveries(ctx context.Context, b chat.Breaker, o []chat.Outcome) error {
	if q.finishes++; q.finishes <= 3 {
		return errAway
	}
	return q.queue.FinishDeliveries(ctx, b, o)
}
