package chat_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage"
)

// desks are several nodes' desks over one storage, with a clock that is ahead of the real one.
type desks struct {
	t      *testing.T
	kept   *storage.Storage
	all    []*chat.Desk
	tenant chat.TenantID
	ahead  atomic.Int64
}

func (d *desks) now() time.Time { return time.Now().Add(time.Duration(d.ahead.Load())) }

func startDesks(t *testing.T, n int) *desks {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	kept, err := storage.Open(ctx, storage.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "chat.db")})
	must(t, err)
	d := &desks{t: t, kept: kept, tenant: chat.NewID[chat.Tenant]()}
	must(t, kept.Store.SaveTenant(ctx, chat.Tenant{ID: d.tenant, Slug: "one", Name: "One"}))
	var wg sync.WaitGroup
	wg.Go(func() { _ = kept.Run(ctx) })
	for range n {
		desk := chat.NewDesk(chat.DeskConfig{
			Log: kept.Log, Store: kept.Store, Broker: kept.Broker, Now: d.now, Logger: slog.New(slog.DiscardHandler),
			VisitorGrace: 10 * time.Millisecond, AgentGrace: time.Minute,
		})
		following := make(chan struct{})
		var once sync.Once
		wg.Go(func() {
			_ = kept.Log.Tail(ctx, func(events []chat.Event) {
				desk.Observe(events)
				once.Do(func() { close(following) })
			})
		})
		<-following
		wg.Go(func() { _ = desk.Run(ctx) })
		d.all = append(d.all, desk)
	}
	t.Cleanup(func() {
		cancel()
		wg.Wait()
		must(t, kept.Close())
	})
	return d
}

func (d *desks) agent(name string) chat.AgentID {
	d.t.Helper()
	id := chat.NewID[chat.Agent]()
	must(d.t, d.kept.Store.SaveAgents(d.t.Context(), chat.Agent{ID: id, Tenant: d.tenant, Email: name + "@x.test", Name: name, Role: chat.Member, Capacity: 5}))
	return id
}

func (d *desks) online(id chat.AgentID) {
	for _, desk := range d.all {
		desk.Presence.Up(d.tenant, chat.UserID(id), chat.RoleAgent, chat.ConversationID{})
		desk.Presence.Say(d.tenant, id, chat.Online)
	}
}

func (d *desks) begin() (chat.ConversationID, *chat.Actor) {
	d.t.Helper()
	conv := chat.NewID[chat.Conversation]()
	visitor := &chat.Actor{Tenant: d.tenant, User: chat.NewID[chat.Actor](), Role: chat.RoleVisitor}
	must(d.t, d.say(visitor, conv))
	return conv, visitor
}

func (d *desks) say(a *chat.Actor, conv chat.ConversationID) error {
	return d.all[0].Send(d.t.Context(), []chat.SendRequest{{Actor: a, Conversation: conv, CMID: chat.NewID[chat.Event](), Body: []byte(`{"text":"hi"}`)}})[0].Err
}

// changes returns what the log says of a conversation under a name.
func (d *desks) changes(conv chat.ConversationID, event string) (out []chat.Change) {
	d.t.Helper()
	page, _, err := d.kept.Log.Messages(d.t.Context(), chat.Key{Tenant: d.tenant, Conversation: conv}, chat.Page{Limit: 200})
	must(d.t, err)
	for i := range page {
		var c chat.Change
		if page[i].Kind == chat.KindSystem && json.Unmarshal(page[i].Body, &c) == nil && c.Event == event {
			out = append(out, c)
		}
	}
	return out
}

func (d *desks) record(kind chat.RecordKind, b chat.RecordBody) {
	d.t.Helper()
	must(d.t, b.Check())
	raw, err := json.Marshal(b)
	must(d.t, err)
	must(d.t, d.kept.Store.AddRecord(d.t.Context(), chat.Record{
		ID: chat.NewID[chat.Record](), Tenant: d.tenant, Kind: kind, Name: b.UniqueName(), Body: raw, Version: 1, CreatedAt: time.Now(), UpdatedAt: time.Now(),
	}, 10))
	for _, desk := range d.all {
		must(d.t, desk.SettingsChanged(d.t.Context(), d.tenant, kind))
	}
}

// A broken promise is said once, though two nodes look; one that was kept is not.
func TestPromises(t *testing.T) {
	d := startDesks(t, 2)
	d.record(chat.RecordSLA, &chat.SLA{Name: "fast", FirstResponse: 60, Resolution: 3600})
	a := &chat.Actor{Tenant: d.tenant, User: chat.UserID(d.agent("a")), Role: chat.RoleAgent, AgentRole: chat.Admin}
	late, _ := d.begin()
	quick, _ := d.begin()
	must(t, d.say(a, quick))
	d.ahead.Store(int64(2 * time.Minute))
	until(t, "a first response is late", func() bool { return len(d.changes(late, chat.EventSLABreached)) > 0 })
	c := d.changes(late, chat.EventSLABreached)[0]
	if c.Extra["target"] != "first_response" || c.Extra["sla"] != "fast" || c.Status != "queued" {
		t.Errorf("%+v", c)
	}
	must(t, d.say(a, late))
	d.ahead.Store(int64(2 * time.Hour))
	until(t, "neither is settled", func() bool {
		return len(d.changes(late, chat.EventSLABreached)) == 2 && len(d.changes(quick, chat.EventSLABreached)) == 1
	})
	if c := d.changes(quick, chat.EventSLABreached)[0]; c.Extra["target"] != "resolution" {
		t.Errorf("%+v", c)
	}
	must(t, d.all[0].Close(t.Context(), a, quick))
	must(t, d.all[0].Reopen(t.Context(), a, quick))
	// Both nodes have looked at everything again by the time that a newer one is late.
	d.ahead.Store(int64(3 * time.Hour))
	last, _ := d.begin()
	d.ahead.Store(int64(3*time.Hour + 2*time.Minute))
	until(t, "the last is late", func() bool { return len(d.changes(last, chat.EventSLABreached)) == 1 })
	if n := len(d.changes(late, chat.EventSLABreached)); n != 2 {
		t.Errorf("it was said %d times", n)
	}
}

// Whoever leaves the queue has abandoned it, said once for each stay; who left a message has not.
func TestAbandoned(t *testing.T) {
	d := startDesks(t, 2)
	conv, visitor := d.begin()
	leave := func(conv chat.ConversationID, v *chat.Actor) {
		for _, desk := range d.all {
			desk.Presence.Up(d.tenant, v.User, chat.RoleVisitor, conv)
			desk.Presence.Down(d.tenant, v.User, chat.RoleVisitor, conv)
		}
	}
	patient := &chat.Actor{Tenant: d.tenant, User: chat.NewID[chat.Actor](), Role: chat.RoleVisitor, Profile: &chat.Visitor{}}
	left, _, err := d.all[0].LeaveOffline(t.Context(), patient, chat.NewID[chat.Event](), "call me", "li@example.com")
	must(t, err)
	leave(left, patient)
	leave(conv, visitor)
	until(t, "it was abandoned", func() bool { return len(d.changes(conv, chat.EventAbandoned)) > 0 })
	leave(conv, visitor)
	other, another := d.begin()
	leave(other, another)
	until(t, "so was the other", func() bool { return len(d.changes(other, chat.EventAbandoned)) > 0 })
	if n := len(d.changes(conv, chat.EventAbandoned)); n != 1 {
		t.Errorf("it was said %d times", n)
	}
	if n := len(d.changes(left, chat.EventAbandoned)); n != 0 {
		t.Errorf("who left a message is said to have given up")
	}
}

// A conversation whose agent stays silent goes to the next, and says why; an answered one stays.
func TestReoffer(t *testing.T) {
	d := startDesks(t, 2)
	d.record(chat.RecordRouting, &chat.Routing{Reoffer: 60})
	a := d.agent("Ann")
	d.online(a)
	quiet, _ := d.begin()
	until(t, "it was given to Ann", func() bool { return len(d.changes(quiet, chat.EventAssigned)) == 1 })
	d.ahead.Store(int64(2 * time.Minute))
	b := d.agent("Bob")
	d.online(a)
	d.online(b)
	until(t, "Bob got it", func() bool { return len(d.changes(quiet, chat.EventAssigned)) == 2 })
	c := d.changes(quiet, chat.EventAssigned)[1]
	if c.AssigneeID != b || !strings.HasPrefix(c.Why, "Ann did not answer within 60 s; ") {
		t.Errorf("%+v", c)
	}
	must(t, d.say(&chat.Actor{Tenant: d.tenant, User: chat.UserID(b), Role: chat.RoleAgent, AgentRole: chat.Member}, quiet))
	d.ahead.Store(int64(10 * time.Minute))
	d.online(a)
	d.online(b)
	again, _ := d.begin()
	until(t, "another is given", func() bool { return len(d.changes(again, chat.EventAssigned)) >= 1 })
	if n := len(d.changes(quiet, chat.EventAssigned)); n != 2 {
		t.Errorf("an answered conversation was given away: %d", n)
	}
}

// Where somebody stands is told line by line, with an estimate only where somebody is there and was fast enough to measure.
func TestPlaces(t *testing.T) {
	d := startDesks(t, 1)
	d.record(chat.RecordRouting, &chat.Routing{Strategy: chat.ByHand})
	a := &chat.Actor{Tenant: d.tenant, User: chat.UserID(d.agent("a")), Role: chat.RoleAgent, AgentRole: chat.Admin}
	for range 4 {
		conv, _ := d.begin()
		must(t, d.all[0].Accept(t.Context(), a, conv))
	}
	first, _ := d.begin()
	second, visitor := d.begin()
	queue, err := d.all[0].Queue(t.Context(), d.tenant, 10)
	must(t, err)
	if len(queue) != 2 || queue[0].Conversation != first || queue[1].Conversation != second || queue[1].Place != 2 || queue[1].Visitor != chat.VisitorID(visitor.User) {
		t.Fatalf("%+v", queue)
	}
	if queue[0].Known {
		t.Error("nobody is there")
	}
	d.online(chat.AgentID(a.User))
	until(t, "it can be told", func() bool {
		queue, err = d.all[0].Queue(t.Context(), d.tenant, 10)
		must(t, err)
		return queue[0].Known && queue[1].Wait > queue[0].Wait*3/2
	})
}
