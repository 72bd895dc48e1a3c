package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/ai/bot"
	"github.com/uniqchat/uniqchat/ai/library"
	"github.com/uniqchat/uniqchat/ai/service"
	"github.com/uniqchat/uniqchat/ai/trainer"
	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/engine"
	"github.com/uniqchat/uniqchat/outbound/files"
	"github.com/uniqchat/uniqchat/outbound/webhook"
	"github.com/uniqchat/uniqchat/server"
	"github.com/uniqchat/uniqchat/server/auth"
	"github.com/uniqchat/uniqchat/storage"
	"github.com/uniqchat/uniqchat/storage/seal"
)

const (
	password = "correct horse"
	origin   = "https://shop.example"
)

var cheap = &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// node is a real server on loopback, with a database of its own.
type node struct {
	*server.Server
	t        testing.TB
	kept     *storage.Storage
	mint     *auth.Service
	tenant   chat.Tenant
	other    chat.Tenant
	http     *http.Client
	shelf    string // where uploads are
	database string // the file of rows
	files    chat.Files
	known    *library.Library
	ai       *service.Service
	stop     func() error // drains; tells how the server ended

	elsewhere string // where calls go; empty: to this server
}

var pages = fstest.MapFS{
	"widget.js":           {Data: bytes.Repeat([]byte("console.log('widget');"), 100)},
	"demo/index.html":     {Data: []byte("<!doctype html><title>demo</title>")},
	"console/index.html":  {Data: []byte("<!doctype html><title>console</title>")},
	"console/console.css": {Data: []byte("body{}")},
	"picture/index.html":  {Data: []byte("<!doctype html><title>picture</title>")},
}

// start runs a server on SQLite; change may alter its configuration.
func start(t testing.TB, change func(*server.Config)) *node {
	t.Helper()
	return startOn(t, storage.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "test.db")}, change)
}

// encryption is how tests' nodes seal: not at all, unless UNIQCHAT_TEST_SEALED is set. All tests pass either way but TestRetain*Postgres, which
// look in the stores for what was planted in plain.
func encryption(t testing.TB) (e storage.Encryption) {
	if os.Getenv("UNIQCHAT_TEST_SEALED") != "" {
		var err error
		e.Masters, err = seal.MastersOf("c2VhbHMgd2hhdCB0ZXN0cyB3cml0ZSwgYWx3YXlzLi4=")
		require.NoError(t, err)
	}
	return e
}

// startOn is start on the storage that o names.
func startOn(t testing.TB, o storage.Options, change func(*server.Config)) *node {
	t.Helper()
	ctx := context.Background()
	o.Logger = slog.New(slog.DiscardHandler)
	if o.Encryption.Masters == nil {
		o.Encryption = encryption(t)
	}
	kept, err := storage.Open(ctx, o)
	require.NoError(t, err)
	keeping, endKeeping := context.WithCancel(ctx)
	kd := make(chan error, 1)
	go func() { kd <- kept.Run(keeping) }()

	n := &node{t: t, kept: kept, database: strings.TrimPrefix(o.URL, "sqlite:"), shelf: filepath.Join(t.TempDir(), "uploads")}
	n.files, err = files.Open(ctx, n.shelf)
	require.NoError(t, err)
	n.files = seal.NewFiles(n.files, kept.Store.Keyring())
	n.tenant = chat.Tenant{ID: chat.NewID[chat.Tenant](), Slug: "one", Name: "One", CreatedAt: time.Now()}
	n.other = chat.Tenant{ID: chat.NewID[chat.Tenant](), Slug: "two", Name: "Two", CreatedAt: time.Now()}
	require.NoError(t, kept.Store.SaveTenant(ctx, n.tenant))
	require.NoError(t, kept.Store.SaveTenant(ctx, n.other))
	require.NoError(t, kept.Store.SaveSiteKey(ctx, chat.SiteKey{Tenant: n.tenant.ID, Key: "shop", Origins: []string{origin}, Secrets: []string{"secret"}}))
	require.NoError(t, kept.Store.SaveSiteKey(ctx, chat.SiteKey{Tenant: n.other.ID, Key: "other"}))

	cfg := server.Config{
		HTTPListen: "127.0.0.1:0", AdminListen: "127.0.0.1:0", Engine: engine.Config{WSListen: "127.0.0.1:0", TCPListen: "127.0.0.1:0", Loops: 1},
		PasswordCost: cheap, Pages: pages, DrainWindow: 200 * time.Millisecond, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	if change != nil {
		change(&cfg)
	}
	known := library.New(library.Options{Store: kept.Store, Broker: kept.Broker, Builds: true, Logger: o.Logger})
	n.known = known
	ld := make(chan error, 1)
	go func() { ld <- known.Run(keeping) }()
	guard := webhook.NewGuard(netip.MustParsePrefix("127.0.0.0/8"))
	if cfg.EngineAddresses == nil {
		cfg.EngineAddresses, cfg.EnginesPlain = guard.Allows, guard.Inner().Allows
	}
	shared := bot.NewShared(nil)
	taught, err := trainer.New(trainer.Options{Store: kept.Store, Broker: kept.Broker, Shared: shared, Trains: true, Logger: o.Logger})
	require.NoError(t, err)
	td := make(chan error, 1)
	go func() { td <- taught.Run(keeping) }()
	n.ai, err = service.New(service.Options{
		Store: kept.Store, Broker: kept.Broker, Knowledge: known, Control: guard.Control, Plain: guard.Inner().Control, Logger: o.Logger, Shared: shared, Intents: taught,
	})
	require.NoError(t, err)
	ad := make(chan error, 1)
	go func() { ad <- n.ai.Run(keeping) }()
	n.Server, err = server.New(ctx, cfg, server.Deps{
		Log: kept.Log, Store: kept.Store, Broker: kept.Broker, Limiter: kept.Limiter, Files: n.files, Knowledge: known, Answerer: n.ai, EngineTester: n.ai, Intents: taught,
	})
	require.NoError(t, err)
	n.mint, err = auth.New(ctx, auth.Config{Store: kept.Store, Broker: kept.Broker, Hash: cheap})
	require.NoError(t, err)
	serving, drain := context.WithCancel(ctx)
	sd := make(chan error, 1)
	go func() { sd <- n.Run(serving) }()
	select {
	case <-n.Started():
	case err := <-sd:
		t.Fatalf("the server ended: %v", err)
	case <-time.After(10 * time.Second):
		t.Fatal("the server does not start")
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 16}
	n.http = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	ended := false
	n.stop = func() error {
		if ended {
			return nil
		}
		ended = true
		drain()
		return <-sd
	}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		require.NoError(t, n.stop())
		require.NoError(t, n.files.(io.Closer).Close())
		endKeeping()
		require.NoError(t, <-ld)
		require.NoError(t, <-ad)
		require.NoError(t, <-td)
		<-kd
		require.NoError(t, kept.Close())
	})
	return n
}

// agent makes an agent who can log in with password, and returns an access token of its own.
func (n *node) agent(tenant chat.TenantID, role chat.AgentRole) (chat.Agent, string) {
	n.t.Helper()
	hash, err := n.mint.HashPassword(context.Background(), password)
	require.NoError(n.t, err)
	id := chat.NewID[chat.Agent]()
	a := chat.Agent{ID: id, Tenant: tenant, Email: id.String() + "@x.test", Name: "Agent", Role: role, Capacity: 5, PasswordHash: hash, CreatedAt: time.Now()}
	require.NoError(n.t, n.kept.Store.SaveAgents(context.Background(), a))
	token, err := n.mint.MintAgent(tenant, id, time.Hour)
	require.NoError(n.t, err)
	return a, token
}

// visitor returns a visitor and its token.
func (n *node) visitor(siteKey string) (chat.VisitorID, string) {
	n.t.Helper()
	site, err := n.kept.Store.SiteKey(context.Background(), siteKey)
	require.NoError(n.t, err)
	id := chat.NewID[chat.Visitor]()
	token, err := n.mint.MintVisitor(site, id, time.Hour)
	require.NoError(n.t, err)
	return id, token
}

// conversation starts a conversation of a visitor with some messages, through a Desk as live connections do.
func (n *node) conversation(tenant chat.TenantID, visitor chat.VisitorID, texts ...string) chat.ConversationID {
	n.t.Helper()
	desk := chat.NewDesk(chat.DeskConfig{Log: n.kept.Log, Store: n.kept.Store, Broker: n.kept.Broker})
	id := chat.NewID[chat.Conversation]()
	actor := &chat.Actor{Tenant: tenant, User: chat.UserID(visitor), Role: chat.RoleVisitor}
	for _, text := range texts {
		body, err := json.Marshal(map[string]string{"text": text})
		require.NoError(n.t, err)
		res := desk.Send(context.Background(), []chat.SendRequest{{Actor: actor, Conversation: id, CMID: chat.NewID[chat.Event](), Body: body}})
		require.NoError(n.t, res[0].Err)
	}
	return id
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	raw    []byte
	body   map[string]any
}

func (a *answer) code() string { s, _ := a.body["code"].(string); return s }

func (a *answer) data() []any { d, _ := a.body["data"].([]any); return d }

// call sends a request; body may be nil, a string as it is, or something to be encoded.
func (n *node) call(method, path, token string, body any, headers ...string) *answer {
	n.t.Helper()
	var r io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		r = bytes.NewReader([]byte(b))
	default:
		raw, err := json.Marshal(b)
		require.NoError(n.t, err)
		r = bytes.NewReader(raw)
	}
	addr := n.elsewhere
	if addr == "" {
		addr = n.HTTPAddr()
	}
	req, err := http.NewRequest(method, "http://"+addr+path, r)
	require.NoError(n.t, err)
	if r != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := n.http.Do(req)
	require.NoError(n.t, err)
	defer res.Body.Close()
	a := &answer{status: res.StatusCode, header: res.Header}
	a.raw, err = io.ReadAll(res.Body)
	require.NoError(n.t, err)
	if len(a.raw) > 0 && a.raw[0] == '{' {
		require.NoError(n.t, json.Unmarshal(a.raw, &a.body), string(a.raw))
	}
	if res.StatusCode >= 400 {
		require.Equal(n.t, "application/problem+json", res.Header.Get("Content-Type"), "%s %s: %s", method, path, a.raw)
		require.EqualValues(n.t, res.StatusCode, a.body["status"])
		require.NotEmpty(n.t, a.code())
		require.NotEmpty(n.t, a.body["title"])
		require.Equal(n.t, res.Header.Get("X-Request-Id"), a.body["request_id"])
	}
	require.NotEmpty(n.t, res.Header.Get("X-Request-Id"))
	documented(n.t, method, path, a)
	return a
}

// at makes calls go to another address.
func (n *node) at(addr string, fn func()) {
	was := n.elsewhere
	n.elsewhere = addr
	defer func() { n.elsewhere = was }()
	fn()
}
