package chat_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage"
)

// lagging is a log and a store whose counts may be behind, and whose database may be away.
type lagging struct {
	mu     sync.Mutex
	behind bool
	away   bool
	looked int // how often somebody asked whether the rows are there, and they were not
	failed int // how often the database was asked in vain
}

type (
	laggingLog struct {
		chat.Log
		*lagging
	}
	laggingStore struct {
		chat.Store
		l *lagging
	}
)

func (l laggingLog) Projected(chat.Key, chat.Seq) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.behind {
		l.looked++
	}
	return !l.behind
}

func (s laggingStore) OpenCounts(ctx context.Context, t chat.TenantID) (map[chat.AgentID]int, error) {
	s.l.mu.Lock()
	defer s.l.mu.Unlock()
	if s.l.away {
		s.l.failed++
		return nil, errors.New("connection refused")
	}
	if s.l.behind {
		return nil, nil
	}
	return s.Store.OpenCounts(ctx, t)
}

func (l *lagging) set(behind, away bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.behind, l.away, l.looked, l.failed = behind, away, 0, 0
}

func (l *lagging) counts() (looked, failed int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.looked, l.failed
}

func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: it does not happen", what)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// loud keeps what is logged. Safe for concurrent use.
type loud struct {
	mu  sync.Mutex
	out strings.Builder
}

func (l *loud) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out.Write(p)
}

func (l *loud) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out.String()
}

// TestRoutingWaitsForRows: rows that don't hold the last pass yet give an agent nothing beyond his capacity, and a database
// that is away pauses routing, which goes on by itself.
func TestRoutingWaitsForRows(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	kept, err := storage.Open(ctx, storage.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "chat.db")})
	must(t, err)
	l := new(lagging)
	said := new(loud)
	d := chat.NewDesk(chat.DeskConfig{
		Log: laggingLog{kept.Log, l}, Store: laggingStore{kept.Store, l}, Broker: kept.Broker, Logger: slog.New(slog.NewTextHandler(said, nil)),
	})
	tenant, agent := chat.NewID[chat.Tenant](), chat.NewID[chat.Agent]()
	must(t, kept.Store.SaveTenant(ctx, chat.Tenant{ID: tenant, Slug: "one", Name: "One"}))
	must(t, kept.Store.SaveAgents(ctx, chat.Agent{ID: agent, Tenant: tenant, Email: "a@x.test", Name: "A", Role: chat.Member, Capacity: 1}))
	var wg sync.WaitGroup
	following := make(chan struct{})
	for _, run := range []func(context.Context) error{kept.Run, d.Run, func(ctx context.Context) error {
		first := sync.OnceFunc(func() { close(following) })
		return kept.Log.Tail(ctx, func(e []chat.Event) { first(); d.Observe(e) })
	}} {
		wg.Go(func() { _ = run(ctx) })
	}
	<-following
	start := func() chat.ConversationID {
		id := chat.NewID[chat.Conversation]()
		r := d.Send(ctx, []chat.SendRequest{{
			Actor: &chat.Actor{Tenant: tenant, User: chat.NewID[chat.Actor](), Role: chat.RoleVisitor}, Conversation: id,
			CMID: chat.NewID[chat.Event](), Body: []byte(`{"text":"hello"}`),
		}})
		must(t, r[0].Err)
		return id
	}
	open := func() int {
		n, err := kept.Store.OpenCounts(ctx, tenant)
		must(t, err)
		return n[agent]
	}
	d.Presence.Up(tenant, chat.UserID(agent), chat.RoleAgent, chat.ConversationID{})
	d.Presence.Say(tenant, agent, chat.Online)
	first := start()
	until(t, "the first is assigned", func() bool { return open() == 1 })
	l.set(true, false)
	start()
	until(t, "passes are put off", func() bool { n, _ := l.counts(); return n > 3 })
	if n := open(); n != 1 {
		t.Fatalf("the agent has %d conversations and takes 1", n)
	}
	l.set(false, false)
	start()
	must(t, d.Close(ctx, &chat.Actor{Tenant: tenant, Role: chat.RoleSystem}, first))
	until(t, "the next is assigned", func() bool { return open() == 1 })

	l.set(false, true)
	system := &chat.Actor{Tenant: tenant, Role: chat.RoleSystem}
	page, _, err := kept.Store.Conversations(ctx, tenant, chat.Filter{Statuses: []chat.Status{chat.Open}, Limit: 10})
	must(t, err)
	must(t, d.Close(ctx, system, page[0].ID))
	until(t, "routing asks in vain", func() bool { _, n := l.counts(); return n >= 2 })
	l.set(false, false)
	until(t, "routing goes on", func() bool { return open() == 1 })
	until(t, "and says so", func() bool { return strings.Contains(said.String(), "routing goes on") })
	cancel()
	wg.Wait()
	must(t, kept.Close())
	for _, text := range []string{"routing pauses", "routing goes on"} {
		if n := strings.Count(said.String(), text); n != 1 {
			t.Errorf("%q was said %d times:\n%s", text, n, said.String())
		}
	}
}
