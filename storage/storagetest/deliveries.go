package storagetest

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

func testDeliveries(t *testing.T, s *suite) {
	w := s.webhook(chat.AllEvents)
	slow := s.webhook("message.created")
	th := s.thread()
	th.create()
	for range 5 {
		s.append(th.message("x"))
	}
	now := soon()
	take := func(per, most int, busy map[chat.WebhookID]int) (out []chat.Claimed, pending bool) {
		out, pending, err := s.Store.ClaimDeliveries(ctx(), chat.Claim{Now: now, Until: now.Add(time.Minute), PerWebhook: per, Most: most, Busy: busy, Breaker: breaker})
		require.NoError(t, err)
		return out, pending
	}
	got, pending := take(2, 100, map[chat.WebhookID]int{slow.ID: 2})
	require.Len(t, got, 2)
	require.True(t, pending)
	require.Equal(t, []int64{1, 2}, []int64{got[0].Event.Sequence, got[1].Event.Sequence}, "the oldest")
	s.finish(now, chat.ResultTaken, chat.DeliveryDone, got[0])
	s.finish(now.Add(time.Hour), chat.ResultNone, chat.DeliveryPending, got[1])
	got, _ = take(100, 3, nil)
	require.Len(t, got, 3)

	// A claim runs out; whoever has it after that decides.
	first := s.claim(now)
	now = now.Add(2 * time.Minute)
	again := s.claim(now)
	require.NotEmpty(t, first)
	for _, old := range first {
		i := slices.IndexFunc(again, func(c chat.Claimed) bool { return c.ID == old.ID })
		require.Equal(t, 2, again[i].Attempt)
		s.finish(now, chat.ResultTaken, chat.DeliveryDone, old)
	}
	for _, d := range append(s.deliveries(w.ID), s.deliveries(slow.ID)...) {
		for _, old := range first {
			require.False(t, d.ID == old.ID && d.State == chat.DeliveryDone, "the first claim is not good any more")
		}
	}
	s.finish(now, chat.ResultTaken, chat.DeliveryDone, again...)
	_, pending = take(1, 1, nil)
	require.True(t, pending, "one is due in an hour")
	now = now.Add(2 * time.Hour)
	last := s.claim(now)
	require.Len(t, last, 1)
	require.Equal(t, 2, last[0].Tries)
	s.finish(now, chat.ResultTaken, chat.DeliveryDone, last...)
	got, pending = take(1, 1, nil)
	require.Empty(t, got)
	require.False(t, pending)

	all := s.deliveries(w.ID)
	require.Len(t, all, 6)
	for i := range all {
		require.Equal(t, chat.DeliveryDone, all[i].State)
		require.EqualValues(t, 6-i, all[i].Event.Sequence, "newest first")
		require.NotEmpty(t, all[i].Attempts)
	}
	l := all[4].Attempts
	require.Len(t, l, 2)
	require.Equal(t, chat.DeliveryAttempt{Attempt: 2, At: now, Took: 5 * time.Millisecond, URL: w.URL, Status: 201, Answer: "答 ok"}, l[1])
	failed := chat.DeliveryFailed
	none, _, err := s.Store.Deliveries(ctx(), s.tenant, w.ID, chat.DeliveryFilter{Limit: 10, State: &failed})
	require.NoError(t, err)
	require.Empty(t, none)
}

func testReplay(t *testing.T, s *suite) {
	w := s.webhook("message.created")
	th := s.thread()
	th.create()
	now := soon()
	got := s.claim(now)
	require.Len(t, got, 1)
	d, err := s.Store.Replay(ctx(), s.tenant, got[0].ID, now) // while it is under way
	require.NoError(t, err)
	require.Equal(t, []any{chat.DeliveryPending, 0, got[0].Event.ID}, []any{d.State, d.Tries, d.Event.ID})
	s.finish(now, chat.ResultTaken, chat.DeliveryDone, got...)
	got = s.claim(now)
	require.Len(t, got, 1)
	require.Equal(t, []any{3, 1, now}, []any{got[0].Attempt, got[0].Tries, got[0].Since})
	s.finish(now, chat.ResultNone, chat.DeliveryFailed, got...)
	require.Equal(t, chat.DeliveryFailed, s.deliveries(w.ID)[0].State)
	_, err = s.Store.Replay(ctx(), s.tenant, got[0].ID, now)
	require.NoError(t, err)
	require.Len(t, s.claim(now), 1)
	_, err = s.Store.Replay(ctx(), chat.NewID[chat.Tenant](), got[0].ID, now)
	code(t, err, chat.NotFound)

	ping, err := s.Store.Ping(ctx(), s.tenant, w.ID, json.RawMessage(`{"a":1}`), now)
	require.NoError(t, err)
	require.Equal(t, chat.EventPing, ping.Event.Type)
	require.EqualValues(t, 2, ping.Event.Sequence)
	got = s.claim(now)
	require.Len(t, got, 1)
	require.JSONEq(t, `{"a":1}`, string(got[0].Event.Data))
	select {
	case <-s.Store.WebhooksDue():
	case <-time.After(10 * time.Second):
		t.Error("nobody is told")
	}
	_, err = s.Store.ChangeWebhook(ctx(), s.tenant, w.ID, func(w *chat.Webhook) error { w.State = chat.WebhookPaused; return nil })
	require.NoError(t, err)
	_, err = s.Store.Ping(ctx(), s.tenant, w.ID, json.RawMessage(`{}`), now)
	code(t, err, chat.Conflict)
	_, err = s.Store.Replay(ctx(), s.tenant, ping.ID, now)
	code(t, err, chat.Conflict)
	require.Len(t, s.deliveries(w.ID), 2, "what was refused leaves nothing behind")
}

func testBreaker(t *testing.T, s *suite) {
	w := s.webhook("message.created")
	th := s.thread()
	th.create()
	for range 5 {
		s.append(th.message("x"))
	}
	now := soon()
	got := s.claim(now)
	require.Len(t, got, 6)
	s.finish(now, chat.ResultFailed, chat.DeliveryPending, got[:2]...)
	one := s.claim(now)
	require.Len(t, one, 1, "one that fails gets one at a time")
	s.finish(now, chat.ResultFailed, chat.DeliveryPending, got[2:]...) // the third opens it, the others don't open it further
	hook, err := s.Store.Webhook(ctx(), s.tenant, w.ID)
	require.NoError(t, err)
	require.Equal(t, []any{6, 1, now.Add(time.Hour + 5*time.Millisecond)}, []any{hook.Failures, hook.Opened, hook.OpenUntil})
	require.Empty(t, s.claim(now.Add(30*time.Minute)))
	now = now.Add(2 * time.Hour)
	probe := s.claim(now)
	require.Len(t, probe, 1)
	require.True(t, probe[0].Probe)
	require.Empty(t, s.claim(now), "nobody else, until that one is decided")
	s.finish(now, chat.ResultFailed, chat.DeliveryPending, probe...)
	require.Empty(t, s.claim(now.Add(time.Hour)), "the second time is longer")
	now = now.Add(3 * time.Hour)
	probe = s.claim(now)
	require.Len(t, probe, 1)
	s.finish(now, chat.ResultTaken, chat.DeliveryDone, probe...)
	hook, err = s.Store.Webhook(ctx(), s.tenant, w.ID)
	require.NoError(t, err)
	require.Equal(t, []any{0, 0, time.Time{}}, []any{hook.Failures, hook.Opened, hook.OpenUntil})
	got = s.claim(now)
	require.Len(t, got, 5)
	s.finish(now, chat.ResultGone, chat.DeliveryFailed, got[0])
	hook, err = s.Store.Webhook(ctx(), s.tenant, w.ID)
	require.NoError(t, err)
	require.Equal(t, chat.WebhookDisabled, hook.State)
	require.Contains(t, hook.Why, "410")
	s.append(th.message("unheard"))
	require.Len(t, s.deliveries(w.ID), 6)
	require.Empty(t, s.claim(now.Add(time.Hour)))
}

func testEventData(t *testing.T, s *suite) {
	s.webhook(chat.EventCreated)
	th := s.thread()
	created := says(th.change(chat.Queued, chat.AgentID{}), chat.EventCreated)
	s.append(created)
	got := s.claim(soon())
	require.Len(t, got, 1)
	for _, text := range []string{`{"first":true}`, `{"first":false}`} {
		data, err := s.Store.KeepEventData(ctx(), s.tenant, got[0].Event.Sequence, json.RawMessage(text))
		require.NoError(t, err)
		require.JSONEq(t, `{"first":true}`, string(data))
	}
	_, err := s.Store.KeepEventData(ctx(), s.tenant, 99, json.RawMessage(`{}`))
	code(t, err, chat.NotFound)
	require.JSONEq(t, `{"first":true}`, string(s.claim(soon().Add(time.Hour))[0].Event.Data))
}

func testForget(t *testing.T, s *suite) {
	w := s.webhook("message.created")
	th := s.thread()
	th.create()
	for range 9 {
		s.append(th.message("x"))
	}
	now := soon()
	s.finish(now, chat.ResultTaken, chat.DeliveryDone, s.claim(now)...)
	require.Len(t, s.deliveries(w.ID), 10)
	n, err := s.Store.ForgetDeliveries(ctx(), now.Add(-time.Hour), 4)
	require.NoError(t, err)
	require.Zero(t, n)
	require.Len(t, s.deliveries(w.ID), 10)
	n, err = s.Store.ForgetDeliveries(ctx(), now, 4)
	require.NoError(t, err)
	require.Equal(t, 4, n)
	left := s.deliveries(w.ID)
	require.Len(t, left, 6)
	require.EqualValues(t, 5, left[5].Event.Sequence, "the oldest are gone")
	require.Len(t, left[5].Attempts, 1)
	for range 2 {
		_, err = s.Store.ForgetDeliveries(ctx(), now, 4)
		require.NoError(t, err)
	}
	require.Empty(t, s.deliveries(w.ID))
	s.append(th.message("another"))
	require.EqualValues(t, 11, s.deliveries(w.ID)[0].Event.Sequence)
}

func (s settled) ClaimDeliveries(ctx context.Context, c chat.Claim) ([]chat.Claimed, bool, error) {
	s.wait()
	return s.Store.ClaimDeliveries(ctx, c)
}

func (s settled) Deliveries(ctx context.Context, t chat.TenantID, id chat.WebhookID, f chat.DeliveryFilter) ([]chat.Delivery, string, error) {
	s.wait()
	return s.Store.Deliveries(ctx, t, id, f)
}
