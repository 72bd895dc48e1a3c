package chat_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage"
)

// office is several nodes' desks over one database.
type office struct {
	t      *testing.T
	kept   *storage.Storage
	desks  []*chat.Desk
	tenant chat.TenantID
	agent  *chat.Actor
}

func newOffice(t *testing.T, nodes int) *office {
	ctx, cancel := context.WithCancel(context.Background())
	kept, err := storage.Open(ctx, storage.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "chat.db")})
	must(t, err)
	o := &office{t: t, kept: kept, tenant: chat.NewID[chat.Tenant]()}
	o.agent = &chat.Actor{Tenant: o.tenant, User: chat.NewID[chat.Actor](), Role: chat.RoleAgent, AgentRole: chat.Supervisor}
	var wg sync.WaitGroup
	runs := []func(context.Context) error{kept.Run}
	for range nodes {
		d := chat.NewDesk(chat.DeskConfig{Log: kept.Log, Store: kept.Store, Broker: kept.Broker})
		o.desks = append(o.desks, d)
		runs = append(runs, d.Run, func(ctx context.Context) error { return kept.Log.Tail(ctx, d.Observe) },
			func(ctx context.Context) error { return kept.Broker.Subscribe(ctx, d.Heard) })
	}
	for _, run := range runs {
		wg.Go(func() { _ = run(ctx) })
	}
	t.Cleanup(func() {
		cancel()
		wg.Wait()
		must(t, kept.Close())
	})
	return o
}

func (o *office) conversation() chat.ConversationID {
	id := chat.NewID[chat.Conversation]()
	r := o.desks[0].Send(context.Background(), []chat.SendRequest{{
		Actor: &chat.Actor{Tenant: o.tenant, User: chat.NewID[chat.Actor](), Role: chat.RoleVisitor}, Conversation: id,
		CMID: chat.NewID[chat.Event](), Body: []byte(`{"text":"hello"}`),
	}})
	must(o.t, r[0].Err)
	return id
}

func (o *office) row(id chat.ConversationID) chat.Conversation {
	c, err := o.kept.Store.Conversation(context.Background(), chat.Key{Tenant: o.tenant, Conversation: id})
	must(o.t, err)
	return c
}

func (o *office) events(id chat.ConversationID, name string) (n int) {
	page, _, err := o.kept.Store.Messages(context.Background(), chat.Key{Tenant: o.tenant, Conversation: id}, chat.Page{Limit: 1000})
	must(o.t, err)
	for i := range page {
		if strings.Contains(string(page[i].Body), `"event":"`+name+`"`) {
			n++
		}
	}
	return n
}

// Labels that many add at once are all there afterwards, and of those who change the same version one wins.
func TestAmendAtOnce(t *testing.T) {
	o := newOffice(t, 3)
	ctx := context.Background()
	id := o.conversation()
	for i := range 6 {
		body, err := json.Marshal(chat.Label{Name: fmt.Sprint("l", i)})
		must(t, err)
		must(t, o.kept.Store.AddRecord(ctx, chat.Record{ID: chat.NewID[chat.Record](), Tenant: o.tenant, Kind: chat.RecordLabel, Name: fmt.Sprint("l", i), Body: body, Version: 1}, 10))
	}
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			for {
				err := o.desks[i%3].Label(ctx, o.agent, id, chat.LabelChange{Add: []string{fmt.Sprint("l", i)}})
				if err == nil {
					return
				}
				if !errors.Is(err, &chat.Error{Code: chat.Conflict}) {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	c := o.row(id)
	if len(c.Labels) != 6 || c.Version != 7 || o.events(id, chat.EventLabels) != 6 {
		t.Errorf("labels %v at version %d, %d events", c.Labels, c.Version, o.events(id, chat.EventLabels))
	}
	won := make(chan int, 6)
	for i := range 6 {
		wg.Go(func() {
			err := o.desks[i%3].Update(ctx, o.agent, id, chat.Update{Version: 7, Context: fmt.Appendf(nil, `{"by":%d}`, i)})
			if err == nil {
				won <- i
			} else if !errors.Is(err, &chat.Error{Code: chat.Conflict}) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(won) != 1 {
		t.Fatalf("%d won", len(won))
	}
	if want := fmt.Sprintf(`{"by":%d}`, <-won); string(o.row(id).Context) != want {
		t.Errorf("context %s, want %s", o.row(id).Context, want)
	}
}

// Several nodes wake who is due, once.
func TestWokenOnce(t *testing.T) {
	o := newOffice(t, 3)
	ctx := context.Background()
	var ids []chat.ConversationID
	for range 5 {
		id := o.conversation()
		must(t, o.desks[0].Snooze(ctx, o.agent, id, time.Now().Add(300*time.Millisecond)))
		ids = append(ids, id)
	}
	later := o.conversation()
	must(t, o.desks[0].Snooze(ctx, o.agent, later, time.Now().Add(time.Hour)))
	for _, id := range ids {
		until(t, "it wakes", func() bool { return o.row(id).Status == chat.Queued })
	}
	for _, id := range ids {
		if n := o.events(id, chat.EventWoken); n != 1 {
			t.Errorf("woken %d times", n)
		}
	}
	if c := o.row(later); c.Status != chat.Snoozed {
		t.Errorf("one that is not due is %s", c.Status)
	}
}

// away is a Store whose records can't be read.
type away struct {
	chat.Store
	mu    sync.Mutex
	is    bool
	asked int
}

func (a *away) RecordsOf(ctx context.Context, t chat.TenantID, kinds ...chat.RecordKind) ([]chat.Record, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked++
	if a.is {
		return nil, errors.New("connection refused")
	}
	return a.Store.RecordsOf(ctx, t, kinds...)
}

// While the database is away, what is known of a blocklist goes on, and who is not known to be blocked comes in; nobody waits
// for the same tenant twice.
func TestSettingsOutliveTheDatabase(t *testing.T) {
	o := newOffice(t, 0)
	store := &away{Store: o.kept.Store}
	d := chat.NewDesk(chat.DeskConfig{Log: o.kept.Log, Store: store, Broker: o.kept.Broker})
	ctx := context.Background()
	who := chat.Suspect{Visitor: chat.NewID[chat.Visitor]()}
	must(t, o.kept.Store.AddRecord(ctx, chat.Record{
		ID: chat.NewID[chat.Record](), Tenant: o.tenant, Kind: chat.RecordBlock, Name: "x", Version: 1,
		Body: []byte(`{"kind":"visitor","value":"` + who.Visitor.String() + `"}`),
	}, 10))
	store.is = true
	for range 100 {
		if d.Blocked(ctx, o.tenant, who) {
			t.Fatal("blocked by what nobody could read")
		}
	}
	if store.asked != 1 {
		t.Errorf("asked %d times", store.asked)
	}
	store.is = false
	must(t, d.SettingsChanged(ctx, o.tenant, chat.RecordBlock))
	if !d.Blocked(ctx, o.tenant, who) {
		t.Error("not blocked though the list was read")
	}
	store.is = true
	must(t, d.SettingsChanged(ctx, o.tenant, chat.RecordBlock))
	if !d.Blocked(ctx, o.tenant, who) {
		t.Error("what was known is forgotten")
	}
}
