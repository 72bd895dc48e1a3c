package chat

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// Names of webhooks' events that are not also the names of a Change or a Revision.
const (
	EventMessageCreated = "message.created"
	EventContactCreated = "contact.created"
	EventContactUpdated = "contact.updated"
	EventContactDeleted = "contact.deleted"                // erased
	EventWantsHuman     = "conversation.handoff_requested" // EventHandoff to a person
	EventPing           = "webhook.ping"

	EventVisitorConnected    = "visitor.connected"
	EventVisitorDisconnected = "visitor.disconnected"
	EventAgentStatus         = "agent.status_changed"
)

// AllEvents in a subscription asks for every event but the comings and goings of visitors.
const AllEvents = "*"

// webhookEvents is what may be subscribed to, and webhookAliases are other names for some of it.
var (
	webhookEvents = []string{
		EventCreated, EventQueued, EventAssigned, EventTransferred, EventClosed, EventReopened,
		EventWantsHuman, EventRated, EventLabels,
		EventMessageCreated, EventMessageUpdated, EventContactCreated, EventContactUpdated,
		EventOffline, EventAbandoned, EventSLABreached, EventContactDeleted,
		EventAgentStatus, EventVisitorConnected, EventVisitorDisconnected,
	}
	// webhookQuiet are events of which there are so many that AllEvents does not ask for them: they must be named.
	webhookQuiet   = []string{EventVisitorConnected, EventVisitorDisconnected}
	webhookAliases = map[string]string{"message.sent": EventMessageCreated, "session.closed": EventClosed}
)

// Subscription is a set of events.
type Subscription uint64

// Subscribe returns the set that names stand for: events, their aliases, AllEvents. Malformed names one that is none.
func Subscribe(names []string) (s Subscription, err error) {
	for _, name := range names {
		if name == AllEvents {
			for i, event := range webhookEvents {
				if !slices.Contains(webhookQuiet, event) {
					s |= 1 << i
				}
			}
			continue
		}
		if of, ok := webhookAliases[name]; ok {
			name = of
		}
		if name == EventPing { // whoever asks for one gets it, subscribed or not
			continue
		}
		i := slices.Index(webhookEvents, name)
		if i < 0 {
			return 0, Errorf(Malformed, "events: there is no event %.60q", name)
		}
		s |= 1 << i
	}
	return s, nil
}

// Wants reports whether an event is in the set.
func (s Subscription) Wants(event string) bool {
	i := slices.Index(webhookEvents, event)
	return i >= 0 && s&(1<<i) != 0
}

// WebhookType returns which webhook event an entry of the log is; "" if it is none.
func WebhookType(e *Event) string {
	if e.Kind != KindSystem {
		return EventMessageCreated
	}
	name := changeName(e.Body)
	switch {
	case name == EventMessageRecalled:
		return EventMessageUpdated
	case name == EventHandoff:
		var c Change
		if json.Unmarshal(e.Body, &c) == nil && c.To == ToHuman {
			return EventWantsHuman
		}
	case slices.Contains(webhookEvents, name):
		return name
	}
	return ""
}

// changeName returns the event that a system message's body names. Ours begin with it.
func changeName(body []byte) string {
	if rest, ok := bytes.CutPrefix(body, []byte(`{"event":"`)); ok {
		if name, _, ok := bytes.Cut(rest, []byte{'"'}); ok {
			return string(name)
		}
	}
	var c struct{ Event string }
	_ = json.Unmarshal(body, &c)
	return c.Event
}

// The identifiers of webhooks.
type (
	WebhookID      = ID[Webhook]
	WebhookEventID = ID[WebhookEvent]
	DeliveryID     = ID[Delivery]
)

// WebhookState says whether an endpoint is sent events.
type WebhookState uint8

// A paused endpoint's events are kept for it and sent once it is active again; a disabled one's are not even kept.
const (
	WebhookActive WebhookState = iota
	WebhookPaused
	WebhookDisabled
)

var webhookStates = [...]string{"active", "paused", "disabled"}

// String returns the API's name of the state.
func (s WebhookState) String() string { return nameOf(webhookStates[:], int(s)) }

func nameOf(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return "unknown"
}

// Webhook is an endpoint of a tenant's that events are sent to.
type Webhook struct {
	ID          WebhookID
	Tenant      TenantID
	URL         string
	Description string
	Events      []string // as they were named: see Subscribe
	// Secrets sign what is sent, all of them; one or two, newest first, each "whsec_" and base64.
	Secrets []string
	State   WebhookState
	Why     string // why it is disabled
	// Failures counts attempts that failed in a row, and Opened how often the breaker has opened since one did not. Nothing is
	// sent before OpenUntil.
	Failures  int
	Opened    int
	OpenUntil time.Time
	CreatedAt time.Time
	UpdatedAt time.Time
}

// MaxSecrets is how many secrets are live at once.
const MaxSecrets = 2

// WebhookEvent is something that endpoints are told of.
type WebhookEvent struct {
	ID     WebhookEventID
	Tenant TenantID
	// Sequence numbers the tenant's events that somebody wanted, in the order of the log's rows.
	Sequence  int64
	Type      string
	CreatedAt time.Time
	// Key is the conversation that it is about, and Seq the entry of its log; zero if it is about none.
	Key Key
	Seq Seq
	// Visitor is the person that it is about, for contact.*.
	Visitor VisitorID
	// State is the conversation's state after it, for conversation.*.
	State *State
	// Message is the entry of the log, if there is one and it still exists.
	Message *Message
	// Data is what is sent, once that is settled; nil before.
	Data json.RawMessage
}

// Settled reports whether the event's data is the same whenever it is made: what it is about never changes.
func (e *WebhookEvent) Settled() bool { return strings.HasPrefix(e.Type, "message.") }

// WebhookIDOf derives the id of the event that an entry of the log is, so that it is the same however often the log is read.
func WebhookIDOf(m *Message) WebhookEventID {
	return WebhookEventID(DeriveMessageID(m.Conversation, UserID(m.Tenant), CMID(m.ID)))
}

// Envelope is the body of one attempt to deliver the event.
func (e *WebhookEvent) Envelope(attempt int, data json.RawMessage) ([]byte, error) {
	return json.Marshal(struct {
		ID        WebhookEventID  `json:"id"`
		Type      string          `json:"type"`
		CreatedAt time.Time       `json:"created_at"`
		Tenant    TenantID        `json:"tenant_id"`
		Sequence  int64           `json:"sequence"`
		Attempt   int             `json:"attempt"`
		Data      json.RawMessage `json:"data"`
	}{e.ID, e.Type, e.CreatedAt.UTC(), e.Tenant, e.Sequence, attempt, data})
}

// DeliveryState says what became of a delivery.
type DeliveryState uint8

// A delivery is pending until it was answered with 2xx, or given up.
const (
	DeliveryPending DeliveryState = iota
	DeliveryDone
	DeliveryFailed
)

var deliveryStates = [...]string{"pending", "delivered", "failed"}

// String returns the API's name of the state.
func (s DeliveryState) String() string { return nameOf(deliveryStates[:], int(s)) }

// ParseDeliveryState is the reverse of String.
func ParseDeliveryState(name string) (DeliveryState, error) {
	if i := slices.Index(deliveryStates[:], name); i >= 0 {
		return DeliveryState(i), nil
	}
	return 0, Errorf(Malformed, "state %.40q is none of pending, delivered, failed", name)
}

// Delivery is one event on its way to one endpoint.
type Delivery struct {
	ID      DeliveryID
	Webhook WebhookID
	Event   WebhookEvent
	State   DeliveryState
	Attempt int       // how many were made, or begun
	Tries   int       // how many of them since Since
	Since   time.Time // when it was made, or replayed: how long it is tried counts from there
	DueAt   time.Time // when the next attempt is due, while pending
	// Attempts are those that ended, oldest first. Only in lists.
	Attempts []DeliveryAttempt
}

// DeliveryAttempt is what one attempt came to.
type DeliveryAttempt struct {
	Attempt int
	At      time.Time
	Took    time.Duration
	URL     string
	Status  int    // of the answer; 0: there was none
	Answer  string // its first bytes
	Error   string // why it failed
}

// MaxAnswer is how much of an answer is kept, in bytes.
const MaxAnswer = 1024

// DeliveryFilter narrows a list of deliveries.
type DeliveryFilter struct {
	State  *DeliveryState
	Cursor string
	Limit  int // 1 to 200
}

// Webhooks keeps endpoints and what is sent to them. Events get in by themselves, in the transactions that write the rows they
// are about, as far as an endpoint wants them then.
type Webhooks interface {
	Webhook(ctx context.Context, tenant TenantID, id WebhookID) (Webhook, error)
	// Webhooks lists, in the order they were made.
	Webhooks(ctx context.Context, tenant TenantID, cursor string, limit int) (page []Webhook, next string, err error)
	// AddWebhook refuses with Conflict if the tenant has MaxWebhooks.
	AddWebhook(ctx context.Context, w Webhook) error
	// ChangeWebhook lets change alter an endpoint and keeps that, unless it fails. It may be called again with a fresh copy.
	ChangeWebhook(ctx context.Context, tenant TenantID, id WebhookID, change func(*Webhook) error) (Webhook, error)
	DeleteWebhook(ctx context.Context, tenant TenantID, id WebhookID) error
	// Deliveries lists an endpoint's, newest first, with their attempts.
	Deliveries(ctx context.Context, tenant TenantID, id WebhookID, f DeliveryFilter) (page []Delivery, next string, err error)
	// Replay makes a delivery be tried anew from at on. Conflict if its endpoint is not active.
	Replay(ctx context.Context, tenant TenantID, id DeliveryID, at time.Time) (Delivery, error)
	// Ping makes an event webhook.ping for one endpoint. Conflict if it is not active.
	Ping(ctx context.Context, tenant TenantID, id WebhookID, data json.RawMessage, at time.Time) (Delivery, error)
	// Announce makes events of what no row tells, as far as somebody wants them.
	Announce(ctx context.Context, all ...Announcement) error

	WebhookQueue
}

// MaxWebhooks is how many endpoints a tenant may have.
const MaxWebhooks = 50

// WebhookQueue is the deliveries of all tenants as those see it who send them. Any number of processes may.
type WebhookQueue interface {
	// WebhooksDue holds a token when this process may have written deliveries; those of others must be asked for.
	WebhooksDue() <-chan struct{}
	// ClaimDeliveries takes deliveries that are due, in each endpoint's order, as the caller's own until c.Until. pending says that
	// there are others, due now or later.
	ClaimDeliveries(ctx context.Context, c Claim) (claimed []Claimed, pending bool, err error)
	// KeepEventData settles what is sent for an event, and returns it: the first caller's.
	KeepEventData(ctx context.Context, tenant TenantID, sequence int64, data json.RawMessage) (json.RawMessage, error)
	// FinishDeliveries says what attempts came to. One whose claim has run out, or that was replayed, is only logged.
	FinishDeliveries(ctx context.Context, b Breaker, outcomes []Outcome) error
	// ForgetDeliveries removes up to about most events and deliveries from before, whatever became of them, and returns how
	// many deliveries; 0: there are no more.
	ForgetDeliveries(ctx context.Context, before time.Time, most int) (int, error)
}

// Claim asks for deliveries.
type Claim struct {
	Now   time.Time
	Until time.Time // later they are anybody's again
	// PerWebhook is how many the caller works on at once for one endpoint, Busy how many it does; Most is for all together. An
	// endpoint that fails gets one at a time.
	PerWebhook, Most int
	Busy             map[WebhookID]int
	Breaker          Breaker
}

// Breaker says when an endpoint that fails is left alone.
type Breaker struct {
	// Failures in a row open it, for as long as Cooldown says of the number of times.
	Failures int
	Cooldown func(times int) time.Duration
}

// Claimed is a delivery that was claimed. Its Attempt is the number of the attempt to be made.
type Claimed struct {
	Delivery
	Endpoint Webhook
	Probe    bool // the breaker was open: this one decides
}

// Outcome is what an attempt came to.
type Outcome struct {
	Claimed *Claimed
	Log     DeliveryAttempt
	State   DeliveryState
	Due     time.Time // of the next attempt, while pending
	Result  Result
}

// Result is what an attempt says of its endpoint.
type Result uint8

// An endpoint has taken the event, failed, wants no more (410), or nothing is known of it.
const (
	ResultNone Result = iota
	ResultTaken
	ResultFailed
	ResultGone
)
