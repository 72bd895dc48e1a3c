package project

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// Subscribers are the endpoints that want events, and the tenants that have a bot, as of one version of the database's. What is asked of
// them costs nothing for a tenant that has none.
type Subscribers struct {
	Version  int64
	byTenant map[chat.TenantID][]subscriber
	bots     map[chat.TenantID]bool
}

type subscriber struct {
	id    chat.WebhookID
	wants chat.Subscription
}

// Add adds an endpoint.
func (s *Subscribers) Add(tenant chat.TenantID, id chat.WebhookID, wants chat.Subscription) {
	if s.byTenant == nil {
		s.byTenant = make(map[chat.TenantID][]subscriber)
	}
	s.byTenant[tenant] = append(s.byTenant[tenant], subscriber{id, wants})
}

// None reports whether no endpoint wants anything.
func (s *Subscribers) None() bool { return s == nil || len(s.byTenant) == 0 }

// Want reports whether somebody wants one of a tenant's events.
func (s *Subscribers) Want(tenant chat.TenantID, events ...string) bool {
	if s.None() {
		return false
	}
	return slices.ContainsFunc(s.byTenant[tenant], func(w subscriber) bool { return slices.ContainsFunc(events, w.wants.Wants) })
}

// Outbox is what webhooks are to be told, on its way into the transaction that writes what it is about.
type Outbox struct {
	Now        time.Time
	Tenants    []OutboxTenant
	Events     []OutboxEvent
	Deliveries []OutboxDelivery
	at         map[chat.TenantID]int // in Tenants
}

// OutboxTenant is how many events of a tenant there are.
type OutboxTenant struct {
	Tenant chat.TenantID
	Events int64
}

// OutboxEvent is an event; its sequence is Back before the tenant's last.
type OutboxEvent struct {
	Tenant  chat.TenantID
	Back    int64
	ID      chat.WebhookEventID
	Type    string
	At      time.Time
	Subject [16]byte
	Seq     chat.Seq
	State   string
	Data    string
}

// OutboxDelivery is an event for one endpoint.
type OutboxDelivery struct {
	Tenant  chat.TenantID
	Back    int64
	ID      chat.DeliveryID
	Webhook chat.WebhookID
}

// Empty reports whether there is nothing to write.
func (o *Outbox) Empty() bool { return len(o.Events) == 0 }

// Log adds entries of the log that were really written, each once. Those that nobody wants leave no trace.
func (s *Subscribers) Log(o *Outbox, events []*chat.Event) {
	if s.None() {
		return
	}
	seen := make(map[chat.WebhookEventID]bool)
	for _, e := range events {
		if len(s.byTenant[e.Tenant]) == 0 {
			continue
		}
		typ, id := chat.WebhookType(e), chat.WebhookIDOf(&e.Message)
		if typ == "" || seen[id] {
			continue
		}
		seen[id] = true
		out := OutboxEvent{Tenant: e.Tenant, ID: id, Type: typ, At: e.Time, Subject: e.Conversation, Seq: e.Seq}
		if e.Kind == chat.KindSystem && typ != chat.EventMessageUpdated {
			out.State = stateText(e)
		}
		s.add(o, out)
	}
}

// stateText is the state after an event, as it is kept.
func stateText(e *chat.Event) string {
	state := &e.State
	if e.Next != nil {
		state = e.Next
	}
	b, err := json.Marshal(state)
	if err != nil { // ids, numbers and times always marshal
		panic(err)
	}
	return string(b)
}

// Contact adds that an identified visitor was made, or has changed.
func (s *Subscribers) Contact(o *Outbox, v *chat.Visitor, made bool, at time.Time) {
	typ := chat.EventContactUpdated
	if made {
		typ = chat.EventContactCreated
	}
	s.add(o, OutboxEvent{Tenant: v.Tenant, ID: chat.NewID[chat.WebhookEvent](), Type: typ, At: at, Subject: v.ID})
}

// Known is what is known of a visitor but for the page: equal for two rows if nobody needs to be told of a change. Another way of
// writing the same attributes (spaces, the order of keys, {} for none) is no change.
func Known(v *chat.Visitor) string {
	attributes := cmp.Or(string(v.Attributes), "{}")
	d := json.NewDecoder(bytes.NewReader(v.Attributes))
	d.UseNumber()
	var value any
	if d.Decode(&value) == nil {
		if b, err := json.Marshal(value); err == nil {
			attributes = string(b)
		}
	}
	return strings.Join([]string{v.Name, v.Email, v.Locale, attributes}, "\x00")
}

// Tell adds an event whose data is settled.
func (s *Subscribers) Tell(o *Outbox, e OutboxEvent) { s.add(o, e) }

// add adds an event for those who want it.
func (s *Subscribers) add(o *Outbox, e OutboxEvent) {
	var to []chat.WebhookID
	for _, w := range s.byTenant[e.Tenant] {
		if w.wants.Wants(e.Type) {
			to = append(to, w.id)
		}
	}
	o.Add(e, to...)
}

// Add adds an event for endpoints; for none it leaves no trace.
func (o *Outbox) Add(e OutboxEvent, to ...chat.WebhookID) {
	if len(to) == 0 {
		return
	}
	i, ok := o.at[e.Tenant]
	if !ok {
		if o.at == nil {
			o.at = make(map[chat.TenantID]int)
		}
		i = len(o.Tenants)
		o.at[e.Tenant] = i
		o.Tenants = append(o.Tenants, OutboxTenant{Tenant: e.Tenant})
	}
	e.Back = o.Tenants[i].Events // turned around by Close
	o.Tenants[i].Events++
	o.Events = append(o.Events, e)
	for _, id := range to {
		o.Deliveries = append(o.Deliveries, OutboxDelivery{Tenant: e.Tenant, Back: e.Back, ID: chat.NewID[chat.Delivery](), Webhook: id})
	}
}

// Close ends the outbox: tenants are in one order everywhere, so that transactions wait for one another in turn.
func (o *Outbox) Close(now time.Time) {
	o.Now = now
	for i := range o.Events {
		o.Events[i].Back = o.Tenants[o.at[o.Events[i].Tenant]].Events - 1 - o.Events[i].Back
	}
	for i := range o.Deliveries {
		o.Deliveries[i].Back = o.Tenants[o.at[o.Deliveries[i].Tenant]].Events - 1 - o.Deliveries[i].Back
	}
	slices.SortFunc(o.Tenants, func(a, b OutboxTenant) int { return bytes.Compare(a.Tenant[:], b.Tenant[:]) })
}
