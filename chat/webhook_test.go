package chat

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSubscribe(t *testing.T) {
	s, err := Subscribe([]string{"message.sent", "session.closed", "contact.updated"})
	require.NoError(t, err)
	for event, want := range map[string]bool{
		"message.created": true, "conversation.closed": true, "contact.updated": true, "contact.created": false, "message.updated": false,
		"message.sent": false, "webhook.ping": false, "": false,
	} {
		require.Equal(t, want, s.Wants(event), event)
	}
	all, err := Subscribe([]string{AllEvents})
	require.NoError(t, err)
	for _, event := range webhookEvents {
		require.Equal(t, !slices.Contains(webhookQuiet, event), all.Wants(event), event)
	}
	named, err := Subscribe([]string{AllEvents, EventVisitorConnected})
	require.NoError(t, err)
	require.True(t, named.Wants(EventVisitorConnected))
	require.False(t, all.Wants("webhook.ping"))
	pinged, err := Subscribe([]string{"message.created", "webhook.ping"})
	require.NoError(t, err)
	require.True(t, pinged.Wants("message.created"))
	for _, bad := range []string{"", "webhook.pong", "message", "*.created", "conversation.snoozed"} {
		_, err := Subscribe([]string{"message.created", bad})
		require.Equal(t, Malformed, CodeOf(err), bad)
	}
}

// What the log calls a change is what webhooks call it, but for some.
func TestWebhookType(t *testing.T) {
	body := func(c any) []byte {
		b, err := json.Marshal(c)
		require.NoError(t, err)
		return b
	}
	for want, bodies := range map[string][][]byte{
		"conversation.created":           {body(Change{Event: EventCreated})},
		"conversation.closed":            {body(Change{Event: EventClosed, Note: `","event":"conversation.created`}), []byte(`{ "status": "x", "event": "conversation.closed" }`)},
		"conversation.rated":             {body(Change{Event: EventRated, Rating: 5})},
		"conversation.labels_updated":    {body(Change{Event: EventLabels})},
		"conversation.handoff_requested": {body(Change{Event: EventHandoff, To: ToHuman})},
		"message.updated":                {body(Revision{Event: EventMessageUpdated}), body(Revision{Event: EventMessageRecalled})},
		"": {
			body(Change{Event: EventHandoff, To: ToBot}), body(Change{Event: EventSnoozed}), body(Change{Event: EventUpdated}), []byte(`{}`), []byte(`nonsense`), nil,
			[]byte(`{"event":"webhook.ping"}`), []byte(`{"event":"contact"}`),
		},
	} {
		for _, b := range bodies {
			require.Equal(t, want, WebhookType(&Event{Message: Message{Kind: KindSystem, Body: b}}), "%s", b)
		}
	}
	for _, k := range []Kind{KindText, KindImage, KindFile, KindCard, KindForm} {
		require.Equal(t, "message.created", WebhookType(&Event{Message: Message{Kind: k, Body: []byte(`{"event":"conversation.closed"}`)}}))
	}
}

func TestEnvelope(t *testing.T) {
	e := WebhookEvent{ID: NewID[WebhookEvent](), Tenant: NewID[Tenant](), Type: "message.created", Sequence: 7, CreatedAt: time.UnixMilli(1500).In(time.FixedZone("x", 3600))}
	b, err := e.Envelope(3, json.RawMessage(`{"a":[1]}`))
	require.NoError(t, err)
	require.JSONEq(t, `{"id":"`+e.ID.String()+`","type":"message.created","created_at":"1970-01-01T00:00:01.5Z","tenant_id":"`+e.Tenant.String()+
		`","sequence":7,"attempt":3,"data":{"a":[1]}}`, string(b))
}

// One entry of the log is one event, whatever is read again; entries of two tenants are two.
func TestWebhookID(t *testing.T) {
	m := Message{ID: NewID[Message](), Conversation: NewID[Conversation](), Tenant: NewID[Tenant]()}
	require.Equal(t, WebhookIDOf(&m), WebhookIDOf(&m))
	other := m
	other.Tenant = NewID[Tenant]()
	require.NotEqual(t, WebhookIDOf(&m), WebhookIDOf(&other))
	require.NotEqual(t, WebhookEventID(m.ID), WebhookIDOf(&m))
}
