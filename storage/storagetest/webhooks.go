package storagetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

// webhook makes an endpoint of the suite's tenant.
func (s *suite) webhook(events ...string) chat.Webhook {
	s.t.Helper()
	at := time.Now().UTC().Truncate(time.Microsecond)
	w := chat.Webhook{
		ID: chat.NewID[chat.Webhook](), Tenant: s.tenant, URL: "https://example.com/hook", Description: "for tests", Events: events,
		Secrets: []string{"whsec_AAAA"}, CreatedAt: at, UpdatedAt: at,
	}
	require.NoError(s.t, s.Store.AddWebhook(ctx(), w))
	return w
}

var breaker = chat.Breaker{Failures: 3, Cooldown: func(times int) time.Duration { return time.Duration(times) * time.Hour }}

// claim claims what is due at a time.
func (s *suite) claim(at time.Time) []chat.Claimed {
	s.t.Helper()
	out, _, err := s.Store.ClaimDeliveries(ctx(), chat.Claim{Now: at, Until: at.Add(time.Minute), PerWebhook: 100, Most: 1000, Breaker: breaker})
	require.NoError(s.t, err)
	slices.SortFunc(out, func(a, b chat.Claimed) int { return int(a.Event.Sequence - b.Event.Sequence) })
	return out
}

// finish says that attempts had a result; a delivery that is still pending is due at a time.
func (s *suite) finish(at time.Time, r chat.Result, state chat.DeliveryState, claimed ...chat.Claimed) {
	s.t.Helper()
	var all []chat.Outcome
	for i := range claimed {
		c := &claimed[i]
		all = append(all, chat.Outcome{Claimed: c, State: state, Due: at, Result: r, Log: chat.DeliveryAttempt{
			Attempt: c.Attempt, At: at, Took: 5 * time.Millisecond, URL: c.Endpoint.URL, Status: 200 + int(r), Answer: "答 ok", Error: "",
		}})
	}
	require.NoError(s.t, s.Store.FinishDeliveries(ctx(), breaker, all))
}

func (s *suite) deliveries(id chat.WebhookID) (all []chat.Delivery) {
	s.t.Helper()
	for cursor := ""; ; {
		page, next, err := s.Store.Deliveries(ctx(), s.tenant, id, chat.DeliveryFilter{Limit: 3, Cursor: cursor})
		require.NoError(s.t, err)
		all = append(all, page...)
		if cursor = next; next == "" {
			return all
		}
	}
}

// soon is when everything that was written is due.
func soon() time.Time { return time.Now().Add(time.Second).UTC().Truncate(time.Microsecond) }

func types(claimed []chat.Claimed) (out []string) {
	for i := range claimed {
		out = append(out, claimed[i].Event.Type)
	}
	return out
}

// says makes an event one that the log calls by a name.
func says(e chat.Event, name string) chat.Event {
	e.Body = fmt.Appendf(nil, `{"event":%q,"status":"x"}`, name)
	return e
}

func testWebhooks(t *testing.T, s *suite) {
	a, b := s.webhook("message.sent", chat.AllEvents), s.webhook("conversation.closed")
	other := &suite{Backend: s.Backend, t: t, tenant: chat.NewID[chat.Tenant]()}
	other.webhook(chat.AllEvents)
	got, err := s.Store.Webhook(ctx(), s.tenant, a.ID)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(a, got))
	page, next, err := s.Store.Webhooks(ctx(), s.tenant, "", 1)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff([]chat.Webhook{a}, page))
	page, next, err = s.Store.Webhooks(ctx(), s.tenant, next, 1)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff([]chat.Webhook{b}, page))
	require.Empty(t, next)
	for _, id := range []chat.WebhookID{a.ID, chat.NewID[chat.Webhook]()} {
		_, err = s.Store.Webhook(ctx(), other.tenant, id)
		code(t, err, chat.NotFound)
		_, err = s.Store.ChangeWebhook(ctx(), other.tenant, id, func(*chat.Webhook) error { return nil })
		code(t, err, chat.NotFound)
		code(t, s.Store.DeleteWebhook(ctx(), other.tenant, id), chat.NotFound)
		_, _, err = s.Store.Deliveries(ctx(), other.tenant, id, chat.DeliveryFilter{Limit: 1})
		code(t, err, chat.NotFound)
		_, err = s.Store.Ping(ctx(), other.tenant, id, json.RawMessage("{}"), time.Now())
		code(t, err, chat.NotFound)
	}
	refused := errors.New("no")
	_, err = s.Store.ChangeWebhook(ctx(), s.tenant, a.ID, func(w *chat.Webhook) error { w.URL = "x"; return refused })
	require.ErrorIs(t, err, refused)
	// Changes of one endpoint at the same time lose nothing of each other.
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			_, err := s.Store.ChangeWebhook(ctx(), s.tenant, a.ID, func(w *chat.Webhook) error { w.Description += "!"; return nil })
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	a.Description += "!!!!!!!!"
	a.State, a.Why, a.Secrets = chat.WebhookDisabled, "because", []string{"whsec_BBBB", "whsec_AAAA"}
	_, err = s.Store.ChangeWebhook(ctx(), s.tenant, a.ID, func(w *chat.Webhook) error {
		w.State, w.Why, w.Secrets = a.State, a.Why, a.Secrets
		return nil
	})
	require.NoError(t, err)
	s.reopen()
	got, err = s.Store.Webhook(ctx(), s.tenant, a.ID)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(a, got))
	require.NoError(t, s.Store.DeleteWebhook(ctx(), s.tenant, a.ID))
	_, err = s.Store.Webhook(ctx(), s.tenant, a.ID)
	code(t, err, chat.NotFound)
	for range chat.MaxWebhooks - 1 {
		s.webhook("message.created")
	}
	b.ID = chat.NewID[chat.Webhook]()
	code(t, s.Store.AddWebhook(ctx(), b), chat.Conflict)
}

// Events are there if somebody wants them, once, numbered in the log's order.
func testOutbox(t *testing.T, s *suite) {
	th := s.thread()
	th.create()
	require.Empty(t, s.claim(soon()), "nobody wants anything")
	sent := s.webhook("message.sent")
	closed := s.webhook("session.closed", "conversation.reopened")
	paused := s.webhook(chat.AllEvents)
	set := func(id chat.WebhookID, to chat.WebhookState) {
		_, err := s.Store.ChangeWebhook(ctx(), s.tenant, id, func(w *chat.Webhook) error { w.State = to; return nil })
		require.NoError(t, err)
	}
	set(paused.ID, chat.WebhookPaused)
	foreign := &suite{Backend: s.Backend, t: t, tenant: chat.NewID[chat.Tenant]()}
	foreign.webhook("contact.created")
	ft := foreign.thread()
	ft.create() // nobody wants it
	m := th.message("hello")
	note := th.message("a note")
	note.Visibility, note.Role = chat.InternalOnly, chat.RoleAgent
	r := s.append(m, note)
	s.append(m) // sent again
	th.move(chat.Open, chat.NewID[chat.Agent]())
	close := says(th.change(chat.Closed, th.state.Assignee), chat.EventClosed)
	s.append(close)
	th.state = *close.Next
	reopen := says(th.change(chat.Queued, chat.AgentID{}), chat.EventReopened)
	s.append(reopen)
	th.state = *reopen.Next
	edit := th.change(0, chat.AgentID{})
	edit.Next, edit.Expect, edit.Profile = nil, 0, nil
	s.append(says(edit, chat.EventMessageRecalled))
	s.reopen()

	got := s.claim(soon())
	require.Equal(t, []string{"message.created", "message.created", "conversation.closed", "conversation.reopened"}, types(got))
	for i := range got {
		require.EqualValues(t, i+1, got[i].Event.Sequence)
		require.Equal(t, 1, got[i].Attempt)
		require.Equal(t, th.key, got[i].Event.Key)
		require.Equal(t, map[bool]chat.WebhookID{true: sent.ID, false: closed.ID}[i < 2], got[i].Webhook)
		require.Empty(t, cmp.Diff(map[bool]chat.Webhook{true: sent, false: closed}[i < 2], got[i].Endpoint))
	}
	want := m.Message
	want.Seq, want.Prev, want.PrevPublic = r[0].Seq, r[0].Prev, r[0].PrevPublic
	require.Empty(t, cmp.Diff(&want, got[0].Event.Message))
	require.Equal(t, chat.WebhookIDOf(&m.Message), got[0].Event.ID)
	require.Equal(t, m.Time, got[0].Event.CreatedAt)
	require.Nil(t, got[0].Event.State)
	require.Equal(t, note.ID, got[1].Event.Message.ID)
	require.Empty(t, cmp.Diff(close.Next, got[2].Event.State))
	require.Empty(t, cmp.Diff(reopen.Next, got[3].Event.State))
	require.Nil(t, got[3].Event.Data)
	require.Empty(t, s.claim(soon()), "all of it is claimed")

	set(paused.ID, chat.WebhookActive)
	kept := s.claim(soon())
	require.Equal(t, []string{"message.created", "message.created", "conversation.closed", "conversation.reopened", "message.updated"}, types(kept))
	for i := range got {
		require.Equal(t, got[i].Event.ID, kept[i].Event.ID)
		require.Equal(t, got[i].Event.Sequence, kept[i].Event.Sequence)
	}
	set(paused.ID, chat.WebhookDisabled)
	set(sent.ID, chat.WebhookDisabled)
	s.append(th.message("unheard"))
	s.deliveries(paused.ID) // once the rows hold it
	set(paused.ID, chat.WebhookActive)
	require.NoError(t, s.Store.DeleteWebhook(ctx(), s.tenant, sent.ID))
	s.append(th.message("heard"))
	got = s.claim(soon())
	require.Len(t, got, 1)
	require.JSONEq(t, `{"text":"heard"}`, string(got[0].Event.Message.Body))
}

// However many append at once, a tenant's events have the numbers 1, 2, 3, …, each message one.
func testOutboxRace(t *testing.T, s *suite) {
	w := s.webhook("message.created")
	var wg sync.WaitGroup
	const callers, each = 8, 10
	for range callers {
		th := s.thread()
		th.create()
		messages := make([]chat.Event, each)
		for i := range messages {
			messages[i] = th.message("x")
		}
		wg.Go(func() {
			for _, m := range messages {
				for range 2 {
					if r, err := s.Log.Append(ctx(), m); err != nil || r[0].Err != nil {
						t.Error(err, r)
					}
				}
			}
		})
	}
	wg.Wait()
	all := s.deliveries(w.ID)
	require.Len(t, all, callers*(each+1))
	seen := map[chat.MessageID]bool{}
	numbers := map[int64]bool{}
	for i := range all {
		require.False(t, seen[all[i].Event.Message.ID])
		seen[all[i].Event.Message.ID] = true
		numbers[all[i].Event.Sequence] = true
	}
	for i := range int64(len(all)) {
		require.True(t, numbers[i+1], "%d", i+1)
	}
}

// Identified visitors are contacts: they are told of when they are made, and when they have become others.
func testContacts(t *testing.T, s *suite) {
	s.webhook(chat.EventContactCreated, chat.EventContactUpdated)
	visitor := chat.NewID[chat.Visitor]()
	begin := func(v chat.Visitor) {
		th := s.thread()
		th.visitor = visitor
		e := th.change(chat.Queued, chat.AgentID{})
		v.ID, v.Tenant, v.CreatedAt = visitor, s.tenant, e.Time
		e.Profile = &v
		s.append(e)
		th.state = *e.Next
		th.move(chat.Closed, chat.AgentID{})
	}
	expect := func(want ...string) {
		t.Helper()
		got := s.claim(soon())
		require.Equal(t, want, types(got), "%+v", got)
		for i := range got {
			require.Equal(t, visitor, got[i].Event.Visitor)
		}
		s.finish(soon(), chat.ResultTaken, chat.DeliveryDone, got...)
	}
	begin(chat.Visitor{Name: "Li"}) // nobody knows who it is
	expect()
	visitor = chat.NewID[chat.Visitor]()
	known := chat.Visitor{ExternalID: "7", Verified: true, Name: "Li", Page: "/"}
	begin(known)
	expect(chat.EventContactCreated)
	known.Page = "/elsewhere"
	begin(known)
	expect()
	known.Attributes = json.RawMessage(`{"plan": "gold"}`)
	begin(known)
	expect(chat.EventContactUpdated)
	begin(known)
	expect()
	known.Attributes = json.RawMessage(`{"plan":"gold"}`) // the same, as another program writes it
	begin(known)
	expect()
	known.Email = "li@example.com"
	begin(known)
	expect(chat.EventContactUpdated)
}
