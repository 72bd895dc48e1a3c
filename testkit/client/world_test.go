package client_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/engine"
	"github.com/uniqchat/uniqchat/server/live"
	"github.com/uniqchat/uniqchat/storage"
	"github.com/uniqchat/uniqchat/testkit/client"
	"github.com/uniqchat/uniqchat/testkit/journal"
)

// server is the real chat server but for HTTP and credentials, in this process.
type server struct {
	t      *testing.T
	ctx    context.Context
	engine *engine.Engine
	store  *storage.Storage
	people people
	tenant chat.TenantID
	rec    *journal.Recorder
}

// people is an Authenticator that knows actors by name; the real one has tests of its own.
type people map[string]chat.Actor

func (p people) Authenticate(_ context.Context, token, _ string) (live.Credential, error) {
	a, ok := p[token]
	if !ok {
		return live.Credential{}, chat.Errorf(chat.Unauthenticated, "unknown token")
	}
	return live.Credential{Actor: &a}, nil
}

func newServer(t *testing.T, visitors, agents []string) *server {
	ctx, cancel := context.WithCancel(t.Context())
	s, err := storage.Open(ctx, storage.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "chat.db")})
	require.NoError(t, err)
	w := &server{t: t, store: s, tenant: chat.NewID[chat.Tenant](), people: people{}, rec: journal.NewRecorder(nil)}
	for _, name := range visitors {
		w.people[name] = chat.Actor{Tenant: w.tenant, User: chat.NewID[chat.Actor](), Role: chat.RoleVisitor, Name: name}
	}
	for _, name := range agents {
		id := chat.NewID[chat.Agent]()
		w.people[name] = chat.Actor{Tenant: w.tenant, User: chat.UserID(id), Role: chat.RoleAgent, AgentRole: chat.Member, Name: name}
		require.NoError(t, s.Store.SaveAgents(ctx, chat.Agent{ID: id, Tenant: w.tenant, Email: name + "@x.test", Name: name, Role: chat.Member, Capacity: 5}))
	}
	desk := chat.NewDesk(chat.DeskConfig{Log: s.Log, Store: s.Store, Broker: s.Broker})
	h := live.New(live.Config{Desk: desk, Log: s.Log, Broker: s.Broker, Auth: w.people, Shards: 4, Logger: slog.New(slog.DiscardHandler)})
	w.engine, err = engine.New(engine.Config{
		WSListen: "127.0.0.1:0", TCPListen: "127.0.0.1:0", Shards: 4, Loops: 2, Path: "/ws",
		Protocols: map[string]engine.Kind{"uniqchat.v1.json": engine.WebSocketText, "uniqchat.v1.bin": engine.WebSocketBinary},
	}, h)
	require.NoError(t, err)
	h.Attach(w.engine.Hub())
	var wg sync.WaitGroup
	for _, run := range []func(context.Context) error{s.Run, desk.Run, h.Run} {
		wg.Go(func() { _ = run(ctx) })
	}
	<-h.Ready()
	stop, cancelEngine := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- w.engine.Run(stop) }()
	<-w.engine.Started()
	var cancelTest context.CancelFunc
	w.ctx, cancelTest = context.WithTimeout(t.Context(), 10*time.Minute)
	t.Cleanup(func() {
		cancelTest()
		cancelEngine()
		require.NoError(t, <-ended)
		cancel()
		wg.Wait()
		require.NoError(t, s.Close())
	})
	return w
}

// client connects somebody.
func (w *server) client(name string, mode client.Mode, tune func(*client.Config)) *client.Client {
	cfg := client.Config{
		Address: "ws://" + w.engine.WSAddr() + "/ws", Mode: mode, Token: name, Recorder: w.rec, Tenant: "shop",
		BackoffMin: 10 * time.Millisecond, BackoffMax: 200 * time.Millisecond,
	}
	if mode == client.TCP {
		cfg.Address = w.engine.TCPAddr()
	}
	if tune != nil {
		tune(&cfg)
	}
	c, err := client.New(cfg)
	require.NoError(w.t, err)
	ctx, cancel := context.WithCancel(w.ctx)
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	w.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Logf("client %s: %v", name, err)
		}
	})
	_, err = c.WaitReady(w.ctx)
	require.NoError(w.t, err)
	return c
}

// database reads conversations as a reader of everything.
func (w *server) database(convs ...codec.UUID) []journal.Conversation {
	var db []journal.Conversation
	for _, id := range convs {
		key := chat.Key{Tenant: w.tenant, Conversation: chat.ConversationID(id)}
		conv, err := w.store.Store.Conversation(w.ctx, key)
		require.NoError(w.t, err)
		out := journal.Conversation{ID: id, Tenant: "shop", Visitor: codec.UUID(conv.Visitor)}
		for after, complete := chat.Seq(0), false; !complete; {
			var page []chat.Message
			page, complete, err = w.store.Store.Messages(w.ctx, key, chat.Page{After: after, Limit: 200})
			require.NoError(w.t, err)
			for i := range page {
				m := &page[i]
				after = m.Seq
				out.Messages = append(out.Messages, journal.Stored{
					MID: codec.UUID(m.ID), CMID: codec.UUID(m.CMID), Sender: codec.UUID(m.Sender), Seq: uint64(m.Seq),
					Hash: journal.HashBody(m.Body), Internal: m.Visibility == chat.InternalOnly, System: m.Kind == chat.KindSystem,
				})
			}
		}
		db = append(db, out)
	}
	return db
}
