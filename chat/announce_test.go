package chat_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// announced returns what a webhook was told, in order.
func (d *desks) announced(id chat.WebhookID) (out []chat.WebhookEvent) {
	d.t.Helper()
	page, _, err := d.kept.Store.Deliveries(d.t.Context(), d.tenant, id, chat.DeliveryFilter{Limit: 200})
	must(d.t, err)
	for i := len(page) - 1; i >= 0; i-- {
		out = append(out, page[i].Event)
	}
	return out
}

// Webhooks are told once who comes and goes, whatever the number of nodes that see it.
func TestAnnounced(t *testing.T) {
	d := startDesks(t, 2)
	for _, desk := range d.all {
		go func() { _ = d.kept.Broker.Subscribe(t.Context(), desk.Heard) }()
	}
	until(t, "the nodes know one another", func() bool { return d.all[0].Presence.Peers() == 1 && d.all[1].Presence.Peers() == 1 })
	hook := chat.Webhook{ID: chat.NewID[chat.Webhook](), Tenant: d.tenant, URL: "https://x.test/", Secrets: []string{"whsec_AAAA"}, Events: []string{"*", chat.EventVisitorConnected, chat.EventVisitorDisconnected}}
	must(t, d.kept.Store.AddWebhook(t.Context(), hook))
	told := func(n int) []chat.WebhookEvent {
		t.Helper()
		until(t, "it is told", func() bool { return len(d.announced(hook.ID)) >= n })
		return d.announced(hook.ID)
	}
	ann := d.agent("Ann")
	d.all[0].Presence.Up(d.tenant, chat.UserID(ann), chat.RoleAgent, chat.ConversationID{})
	d.all[0].Presence.Say(d.tenant, ann, chat.Online)
	told(1)
	d.all[0].Presence.Say(d.tenant, ann, chat.Away)
	told(2)
	d.all[0].Presence.Say(d.tenant, ann, chat.Away) // nothing new
	vera := chat.NewID[chat.Visitor]()
	d.all[1].Presence.Up(d.tenant, chat.UserID(vera), chat.RoleVisitor, chat.ConversationID{})
	told(3)
	d.all[1].Presence.Down(d.tenant, chat.UserID(vera), chat.RoleVisitor, chat.ConversationID{})
	all := told(4)
	want := []string{chat.EventAgentStatus, chat.EventAgentStatus, chat.EventVisitorConnected, chat.EventVisitorDisconnected}
	if len(all) != len(want) {
		t.Fatalf("%d events", len(all))
	}
	for i, e := range all {
		if e.Type != want[i] || time.Since(e.CreatedAt) > time.Minute {
			t.Errorf("%d: %s of %s", i, e.Type, e.CreatedAt)
		}
	}
	var said struct{ ID, Status, Previous string }
	must(t, json.Unmarshal(all[1].Data, &said))
	if said.ID != ann.String() || said.Status != "away" {
		t.Errorf("%s", all[1].Data)
	}
	must(t, json.Unmarshal(all[3].Data, &said))
	if said.ID != vera.String() {
		t.Errorf("%s", all[3].Data)
	}
}
