package live_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/engine"
	"github.com/uniqchat/uniqchat/server/live"
	"github.com/uniqchat/uniqchat/storage"
)

// tokens is an Authenticator that knows a few actors by name; the real one has tests of its own.
type tokens map[string]chat.Actor

func (t tokens) Authenticate(_ context.Context, token, origin string) (live.Credential, error) {
	token, machine, _ := strings.Cut(token, "#") // who, and on which machine
	peopleMu.Lock()
	a, ok := t[token]
	peopleMu.Unlock()
	if !ok {
		return live.Credential{}, chat.Errorf(chat.Unauthenticated, "unknown token")
	}
	if origin != "" && origin != "https://shop.test" {
		return live.Credential{}, chat.Errorf(chat.Forbidden, "foreign origin")
	}
	return live.Credential{Actor: &a, Print: chat.PrintOf(machine)}, nil
}

// peopleMu guards every tokens while its server runs.
var peopleMu sync.Mutex

// is makes somebody known, or somebody else.
func (w *world) is(name string, a chat.Actor) {
	peopleMu.Lock()
	defer peopleMu.Unlock()
	w.people[name] = a
}

type world struct {
	t      *testing.T
	engine *engine.Engine
	store  *storage.Storage
	desk   *chat.Desk
	people tokens
	tenant chat.TenantID

	metrics *metrics.Set // of the engine
	handler *live.Handler
}

func newWorld(t *testing.T, tune func(*live.Config)) *world {
	ctx, cancel := context.WithCancel(context.Background())
	s, err := storage.Open(ctx, storage.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "chat.db")})
	require.NoError(t, err)
	w := &world{t: t, store: s, tenant: chat.NewID[chat.Tenant](), people: tokens{}, metrics: metrics.NewSet()}
	for _, name := range []string{"vera", "vito"} {
		w.people[name] = chat.Actor{Tenant: w.tenant, User: chat.NewID[chat.Actor](), Role: chat.RoleVisitor, Name: name}
	}
	w.people["stranger"] = chat.Actor{Tenant: chat.NewID[chat.Tenant](), User: chat.NewID[chat.Actor](), Role: chat.RoleAgent, AgentRole: chat.Owner}
	var agents []chat.Agent
	for _, name := range []string{"alice", "bob"} {
		id := chat.NewID[chat.Agent]()
		w.people[name] = chat.Actor{Tenant: w.tenant, User: chat.UserID(id), Role: chat.RoleAgent, AgentRole: chat.Member, Name: name}
		agents = append(agents, chat.Agent{ID: id, Tenant: w.tenant, Email: name + "@x.test", Name: name, Role: chat.Member, Capacity: 5})
	}
	require.NoError(t, s.Store.SaveAgents(ctx, agents...))
	w.desk = chat.NewDesk(chat.DeskConfig{Log: s.Log, Store: s.Store, Broker: s.Broker})
	cfg := live.Config{Desk: w.desk, Log: s.Log, Broker: s.Broker, Auth: w.people, Shards: 4, Logger: slog.New(slog.DiscardHandler)}
	if tune != nil {
		tune(&cfg)
	}
	h := live.New(cfg)
	w.handler = h
	w.engine, err = engine.New(engine.Config{
		WSListen: "127.0.0.1:0", TCPListen: "127.0.0.1:0", Shards: 4, Loops: 2, Path: "/ws", Metrics: w.metrics,
		Protocols: map[string]engine.Kind{"uniqchat.v1.json": engine.WebSocketText, "uniqchat.v1.bin": engine.WebSocketBinary},
	}, h)
	require.NoError(t, err)
	h.Attach(w.engine.Hub())
	var wg sync.WaitGroup
	for _, run := range []func(context.Context) error{s.Run, w.desk.Run, h.Run} {
		wg.Go(func() { require.NoError(t, run(ctx)) })
	}
	<-h.Ready()
	stopEngine, cancelEngine := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- w.engine.Run(stopEngine) }()
	<-w.engine.Started()
	t.Cleanup(func() {
		cancelEngine()
		require.NoError(t, <-ended)
		cancel()
		wg.Wait()
		require.NoError(t, s.Close())
	})
	return w
}

// peer is one connection that speaks packets.
type peer struct {
	t    *testing.T
	c    net.Conn
	kind engine.Kind
	d    codec.Decoder
	rest []byte
	rid  uint16
}

func (w *world) dial(kind engine.Kind) *peer {
	p := &peer{t: w.t, kind: kind}
	var err error
	switch kind {
	case engine.RawTCP:
		p.c, err = net.Dial("tcp", w.engine.TCPAddr())
	default:
		d := ws.Dialer{Protocols: []string{map[engine.Kind]string{engine.WebSocketText: "uniqchat.v1.json", engine.WebSocketBinary: "uniqchat.v1.bin"}[kind]}}
		p.c, _, _, err = d.Dial(context.Background(), "ws://"+w.engine.WSAddr()+"/ws")
	}
	require.NoError(w.t, err)
	w.t.Cleanup(func() { _ = p.c.Close() })
	return p
}

func (p *peer) write(flags codec.Flags, packet codec.Packet) uint16 {
	p.t.Helper()
	p.rid++
	h := codec.Header{RID: p.rid, Flags: flags}
	var err error
	switch p.kind {
	case engine.RawTCP:
		_, err = p.c.Write(codec.AppendBinary(nil, h, packet))
	case engine.WebSocketText:
		err = wsutil.WriteClientText(p.c, codec.AppendJSON(nil, h, packet))
	default:
		err = wsutil.WriteClientBinary(p.c, codec.AppendBinary(nil, h, packet))
	}
	require.NoError(p.t, err)
	return p.rid
}

type closed struct{ code uint16 }

// read returns the next packet, or closed.
func (p *peer) read() (codec.Header, any) {
	p.t.Helper()
	require.NoError(p.t, p.c.SetReadDeadline(time.Now().Add(30*time.Second))) // of this packet: a whole test takes longer on a busy machine
	if p.kind == engine.RawTCP {
		for {
			if h, ok, err := codec.ParseHeader(p.rest); err == nil && ok && len(p.rest) >= codec.HeaderSize+int(h.Length) {
				h, packet, n, err := p.d.Binary(p.rest)
				require.NoError(p.t, err)
				p.rest = append([]byte(nil), p.rest[n:]...)
				return h, packet
			}
			buf := make([]byte, 65536)
			n, err := p.c.Read(buf)
			if err != nil {
				return codec.Header{}, closed{}
			}
			p.rest = append(p.rest, buf[:n]...)
		}
	}
	for {
		f, err := ws.ReadFrame(p.c)
		require.NoError(p.t, err)
		switch f.Header.OpCode {
		case ws.OpClose:
			code, _ := ws.ParseCloseFrameData(f.Payload)
			return codec.Header{}, closed{uint16(code)}
		case ws.OpText:
			var h codec.Header
			var packet codec.Packet
			require.NoError(p.t, p.d.JSON(f.Payload, func(hd codec.Header, pk codec.Packet, err error) {
				require.NoError(p.t, err)
				h, packet = hd, pk
			}))
			return h, packet
		case ws.OpBinary:
			h, packet, _, err := p.d.Binary(f.Payload)
			require.NoError(p.t, err)
			return h, packet
		}
	}
}

// want reads on until a packet of type T comes, and returns a copy; packets in between are passed over.
func want[T any](p *peer) T {
	p.t.Helper()
	for {
		_, packet := p.read()
		switch v := packet.(type) {
		case *T:
			return *v
		case T:
			return v
		case closed:
			p.t.Fatalf("closed with %d while waiting for %T", v.code, *new(T))
		}
	}
}

func (p *peer) connect(token string, resume ...codec.Position) codec.Connack {
	p.t.Helper()
	p.write(0, &codec.Connect{MinVersion: 1, MaxVersion: 1, Token: token, Resume: resume})
	return want[codec.Connack](p)
}

func text(s string) []byte { return fmt.Appendf(nil, `{"text":%q}`, s) }

func (p *peer) send(conv chat.ConversationID, s string) codec.Sendack {
	p.t.Helper()
	p.write(0, &codec.Send{Conv: codec.UUID(conv), CMID: codec.UUID(chat.NewID[chat.Event]()), Body: text(s)})
	return want[codec.Sendack](p)
}

// expect sends a packet that must be answered with an ERROR.
func (p *peer) refused(code chat.Code, packet codec.Packet) codec.Error {
	p.t.Helper()
	rid := p.write(0, packet)
	for {
		h, got := p.read()
		if e, ok := got.(*codec.Error); ok {
			require.Equal(p.t, rid, h.RID)
			require.EqualValues(p.t, code, e.Code, e.Message)
			return *e
		}
		if c, ok := got.(closed); ok {
			p.t.Fatalf("closed with %d", c.code)
		}
	}
}

func TestVisitorAndAgentChat(t *testing.T) {
	for _, kinds := range [][2]engine.Kind{{engine.WebSocketText, engine.WebSocketBinary}, {engine.RawTCP, engine.WebSocketText}, {engine.WebSocketBinary, engine.RawTCP}} {
		w := newWorld(t, nil)
		vera, tab, alice := w.dial(kinds[0]), w.dial(kinds[1]), w.dial(kinds[1])
		ack := vera.connect("vera")
		require.Equal(t, codec.RoleVisitor, ack.Role)
		require.EqualValues(t, 64<<10, ack.MaxBody)
		tab.connect("vera")
		alice.connect("alice")
		conv := chat.NewID[chat.Conversation]()
		cmid := codec.UUID(chat.NewID[chat.Event]())
		vera.write(0, &codec.Send{Conv: codec.UUID(conv), CMID: cmid, Body: text("hello")})
		created := want[codec.Message](vera)
		require.Equal(t, codec.KindSystem, created.Kind)
		require.Contains(t, string(created.Body), "conversation.created")
		first := want[codec.Sendack](vera)
		require.Equal(t, created.Seq, first.Prev)
		// The other tab sees both, in order; the agent joins and sees them as a page.
		require.Equal(t, created.Seq, want[codec.Message](tab).Seq)
		m := want[codec.Message](tab)
		require.Equal(t, first.Seq, m.Seq)
		require.Equal(t, cmid, m.CMID)
		require.JSONEq(t, `{"text":"hello"}`, string(m.Body))
		alice.write(0, &codec.Join{Conv: codec.UUID(conv)})
		j := want[codec.Joined](alice)
		require.True(t, j.Complete)
		require.Equal(t, first.Seq, j.Top)
		require.Len(t, j.Messages, 2)
		require.Equal(t, "vera", j.Members[0].Name)
		// Typing, with the preview for the agent only.
		vera.write(0, &codec.Typing{Conv: codec.UUID(conv), State: codec.TypingTyping, Preview: "I want"})
		require.Equal(t, "I want", want[codec.Typing](alice).Preview)
		require.Empty(t, want[codec.Typing](tab).Preview)
		// The agent answers, which assigns; the visitor sees assignment, then answer.
		answer := alice.send(conv, "hi Vera")
		assigned := want[codec.Message](vera)
		require.Contains(t, string(assigned.Body), "conversation.assigned")
		got := want[codec.Message](vera)
		require.Equal(t, answer.Seq, got.Seq)
		require.Equal(t, assigned.Seq, got.Prev)
		require.Equal(t, assigned.Seq, answer.Prev)
		// A retry is a duplicate with the first seq; another body is a conflict.
		vera.write(codec.FlagDup, &codec.Send{Conv: codec.UUID(conv), CMID: cmid, Body: []byte(`{ "text" : "hello" }`)})
		again := want[codec.Sendack](vera)
		require.True(t, again.Dup)
		require.Equal(t, first.Seq, again.Seq)
		e := vera.refused(chat.Conflict, &codec.Send{Conv: codec.UUID(conv), CMID: cmid, Body: text("other")})
		require.Equal(t, codec.UUID{}, e.Conv)
		// Reading makes a receipt; an internal note stays inside and leaves the visitor no gap.
		alice.write(0, &codec.Read{Conv: codec.UUID(conv), Seq: answer.Seq})
		require.Equal(t, answer.Seq, want[codec.Receipt](vera).Read)
		alice.write(0, &codec.Send{Conv: codec.UUID(conv), CMID: codec.UUID(chat.NewID[chat.Event]()), Visibility: codec.VisibilityInternal, Body: text("note")})
		want[codec.Sendack](alice)
		alice.send(conv, "anything else?")
		require.Equal(t, answer.Seq, want[codec.Message](vera).Prev)
		vera.write(0, &codec.Sync{Conv: codec.UUID(conv), Limit: 200})
		s := want[codec.Synced](vera)
		require.True(t, s.Complete)
		require.Len(t, s.Messages, 5)
		want[codec.Durable](vera)
	}
}

func TestRefusals(t *testing.T) {
	w := newWorld(t, nil)
	vera, vito, alice, stranger := w.dial(engine.WebSocketText), w.dial(engine.WebSocketText), w.dial(engine.WebSocketBinary), w.dial(engine.RawTCP)
	vera.connect("vera")
	vito.connect("vito")
	alice.connect("alice")
	stranger.connect("stranger")
	conv := chat.NewID[chat.Conversation]()
	vera.send(conv, "mine")
	cmid := func() codec.UUID { return codec.UUID(chat.NewID[chat.Event]()) }
	id := codec.UUID(conv)
	other := codec.UUID(chat.NewID[chat.Conversation]())
	vito.refused(chat.NotFound, &codec.Send{Conv: id, CMID: cmid(), Body: text("x")})
	vito.refused(chat.NotFound, &codec.Join{Conv: id})
	vito.refused(chat.NotFound, &codec.Sync{Conv: id})
	vito.refused(chat.NotFound, &codec.Read{Conv: id, Seq: 1})
	vito.refused(chat.NotFound, &codec.Typing{Conv: id})
	stranger.refused(chat.NotFound, &codec.Join{Conv: id})
	stranger.refused(chat.NotFound, &codec.Send{Conv: id, CMID: cmid(), Body: text("x")})
	alice.refused(chat.NotFound, &codec.Join{Conv: other})
	e := vera.refused(chat.Conflict, &codec.Send{Conv: other, CMID: cmid(), Body: text("x")})
	require.Equal(t, id, e.Conv)
	vera.refused(chat.Malformed, &codec.Send{Conv: id, CMID: cmid(), Body: []byte(`"text"`)})
	vera.refused(chat.Malformed, &codec.Send{Conv: id, CMID: cmid(), Body: []byte(`{"txt":1}`)})
	vera.refused(chat.Malformed, &codec.Send{Conv: id, Body: text("x")})
	vera.refused(chat.Forbidden, &codec.Send{Conv: id, CMID: cmid(), Kind: codec.KindSystem, Body: text("x")})
	vera.refused(chat.Forbidden, &codec.Send{Conv: id, CMID: cmid(), Visibility: codec.VisibilityInternal, Body: text("x")})
	vera.refused(chat.TooLarge, &codec.Send{Conv: id, CMID: cmid(), Body: text(strings.Repeat("x", 64<<10))})
	vera.refused(chat.Forbidden, &codec.Status{State: codec.Online})
	vera.refused(chat.Malformed, &codec.Connack{})
	require.NoError(t, wsutil.WriteClientText(vera.c, []byte(`{"type":"dance","rid":9}`)))
	require.EqualValues(t, 400, want[codec.Error](vera).Code)
	require.NoError(t, wsutil.WriteClientText(vera.c, []byte(`not json`)))
	require.EqualValues(t, 400, want[codec.Error](vera).Code)
	vera.send(conv, "still here")
}

func TestCloseCodes(t *testing.T) {
	w := newWorld(t, nil)
	closes := func(p *peer) (uint16, codec.Disconnect) {
		t.Helper()
		d := want[codec.Disconnect](p)
		if p.kind == engine.RawTCP {
			return d.Code, d
		}
		_, c := p.read()
		require.IsType(t, closed{}, c)
		return c.(closed).code, d
	}
	for _, kind := range []engine.Kind{engine.WebSocketText, engine.WebSocketBinary, engine.RawTCP} {
		p := w.dial(kind)
		p.write(0, &codec.Ping{})
		code, _ := closes(p)
		require.Equal(t, codec.CloseHandshake, code)
		p = w.dial(kind)
		p.write(0, &codec.Connect{MinVersion: 1, MaxVersion: 1, Token: "vera", Page: strings.Repeat("x", 16<<10)})
		code, _ = closes(p)
		require.Equal(t, codec.CloseHandshake, code)
		p = w.dial(kind)
		p.write(0, &codec.Connect{MinVersion: 1, MaxVersion: 1, Token: "nobody"})
		code, d := closes(p)
		require.Equal(t, codec.CloseBadToken, code)
		require.False(t, d.Reconnect)
		p = w.dial(kind)
		p.write(0, &codec.Connect{MinVersion: 2, MaxVersion: 3, Token: "vera"})
		code, _ = closes(p)
		require.Equal(t, codec.CloseVersion, code)
		// The same device again replaces the older connection; nil never does.
		device := codec.UUID(chat.NewID[chat.Origin]())
		a := w.dial(kind)
		a.write(0, &codec.Connect{MinVersion: 1, MaxVersion: 1, Token: "vera", Device: device})
		want[codec.Connack](a)
		b := w.dial(kind)
		b.write(0, &codec.Connect{MinVersion: 1, MaxVersion: 1, Token: "vera", Device: device})
		want[codec.Connack](b)
		code, _ = closes(a)
		require.Equal(t, codec.CloseReplaced, code)
		b.write(0, &codec.Ping{Time: 7})
		require.EqualValues(t, 7, want[codec.Pong](b).Time)
	}
	p := w.dial(engine.WebSocketText)
	p.connect("vera")
	require.NoError(t, wsutil.WriteClientBinary(p.c, codec.AppendBinary(nil, codec.Header{}, &codec.Ping{})))
	code, _ := closes(p)
	require.Equal(t, codec.CloseBadFrame, code)
}

func TestResume(t *testing.T) {
	w := newWorld(t, func(c *live.Config) {
		c.Limits = live.DefaultLimits()
		c.Limits.Visitor.SendRate, c.Limits.Visitor.SendBurst = 1e6, 1e6
	})
	vera, alice := w.dial(engine.WebSocketText), w.dial(engine.WebSocketBinary)
	vera.connect("vera")
	alice.connect("alice")
	conv := chat.NewID[chat.Conversation]()
	first := vera.send(conv, "1")
	alice.write(0, &codec.Join{Conv: codec.UUID(conv)})
	want[codec.Joined](alice)
	require.NoError(t, alice.c.Close())
	var last codec.Sendack
	for i := range 20 {
		last = vera.send(conv, fmt.Sprint(i+2))
	}
	again := w.dial(engine.WebSocketBinary)
	again.connect("alice", codec.Position{Conv: codec.UUID(conv), Seq: first.Seq})
	prev := first.Seq
	for range 20 {
		m := want[codec.Message](again)
		require.Equal(t, prev, m.Prev)
		prev = m.Seq
	}
	require.Equal(t, last.Seq, want[codec.Durable](again).Items[0].Seq)
	next := vera.send(conv, "live again") // and it follows the conversation as before
	require.Equal(t, next.Seq, want[codec.Message](again).Seq)
	for i := range 210 {
		last = vera.send(conv, fmt.Sprint("more", i))
	}
	for _, tt := range []struct{ seq, top uint64 }{{first.Seq, last.Seq}, {last.Seq + 5, 0}} {
		p := w.dial(engine.RawTCP)
		p.connect("bob", codec.Position{Conv: codec.UUID(conv), Seq: tt.seq})
		require.Equal(t, []codec.Position{{Conv: codec.UUID(conv), Seq: tt.top}}, want[codec.Gap](p).Items)
	}
	p := w.dial(engine.RawTCP)
	lost := codec.UUID(chat.NewID[chat.Conversation]()) // and nowhere to be found
	require.Equal(t, codec.UUID(conv), p.connect("vera", codec.Position{Conv: lost, Seq: 5}).Conv)
	require.Equal(t, []codec.Position{{Conv: lost}}, want[codec.Gap](p).Items)
	p = w.dial(engine.WebSocketBinary) // somebody else's is nowhere, either
	p.connect("vito", codec.Position{Conv: lost, Seq: 5}, codec.Position{Conv: codec.UUID(conv), Seq: 5}, codec.Position{Conv: lost})
	require.Equal(t, []codec.Position{{Conv: lost}, {Conv: codec.UUID(conv)}}, want[codec.Gap](p).Items)
}

// TestOrderUnderLoad: many write and read one conversation at once, joining in the middle: all see the same order, and
// every chain is whole.
func TestOrderUnderLoad(t *testing.T) {
	w := newWorld(t, func(c *live.Config) {
		c.Limits = live.DefaultLimits()
		c.Limits.Agent.SendRate, c.Limits.Agent.SendBurst = 1e6, 1e6
	})
	vera := w.dial(engine.WebSocketText)
	vera.connect("vera")
	conv := chat.NewID[chat.Conversation]()
	start := vera.send(conv, "start")
	const writers, each = 4, 100
	var wg sync.WaitGroup
	orders := make([][]uint64, writers*2)
	for i := range orders {
		kind := engine.Kind(i % 3)
		p := w.dial(kind)
		p.connect([]string{"alice", "bob"}[i%2])
		wg.Go(func() {
			if i >= writers { // join while it goes on
				require.Eventually(t, func() bool {
					h, ok := w.desk.HeadIfKnown(chat.Key{Tenant: w.tenant, Conversation: conv})
					return ok && h.Last > 50
				}, 20*time.Second, time.Millisecond)
			}
			p.write(0, &codec.Join{Conv: codec.UUID(conv), Limit: 200})
			var order []uint64
			last, acked, sent := uint64(0), 0, 0
			step := func(seq, prev uint64) {
				if last == 0 || seq <= last {
					return // the assignee gets messages before it joins, and pages may overlap with what is live
				}
				if prev != last {
					t.Errorf("reader %d: %d follows %d, not %d", i, seq, prev, last)
				}
				last = seq
				order = append(order, seq)
			}
			for len(order) == 0 || order[len(order)-1] < start.Seq+1+writers*each {
				_, packet := p.read()
				switch v := packet.(type) {
				case *codec.Joined:
					for _, m := range v.Messages {
						last = m.Seq
						order = append(order, m.Seq)
					}
					last = v.Top
				case *codec.Message:
					step(v.Seq, v.Prev)
				case *codec.Sendack:
					step(v.Seq, v.Prev)
					acked++
				case closed:
					t.Errorf("reader %d closed: %d", i, v.code)
					return
				case *codec.Error:
					t.Errorf("reader %d: %s", i, v.Message)
					return
				default:
					continue
				}
				if i < writers && last > 0 && sent-acked < 8 && sent < each {
					p.write(0, &codec.Send{Conv: codec.UUID(conv), CMID: codec.UUID(chat.NewID[chat.Event]()), Body: text(fmt.Sprint(i, sent))})
					sent++
				}
			}
			orders[i] = order
		})
	}
	wg.Wait()
	all, _, err := w.store.Store.Messages(context.Background(), chat.Key{Tenant: w.tenant, Conversation: conv}, chat.Page{Limit: 10_000})
	require.NoError(t, err)
	require.Len(t, all, writers*each+3)
	var db bytes.Buffer
	for i := range all {
		fmt.Fprintln(&db, all[i].Seq)
	}
	for i, order := range orders {
		var got bytes.Buffer
		for _, s := range order {
			fmt.Fprintln(&got, s)
		}
		require.True(t, strings.HasSuffix(db.String(), got.String()), "reader %d saw another order", i)
	}
}

func TestRateLimit(t *testing.T) {
	w := newWorld(t, func(c *live.Config) {
		c.Limits = live.DefaultLimits()
		c.Limits.Visitor.SendRate, c.Limits.Visitor.SendBurst = 1, 3
	})
	vera := w.dial(engine.WebSocketText)
	vera.connect("vera")
	conv := chat.NewID[chat.Conversation]()
	for range 3 {
		vera.send(conv, "x")
	}
	e := vera.refused(chat.TooMany, &codec.Send{Conv: codec.UUID(conv), CMID: codec.UUID(chat.NewID[chat.Event]()), Body: text("x")})
	require.True(t, e.Retryable)
	require.NotZero(t, e.RetryAfter)
	again := w.dial(engine.WebSocketBinary) // has no more for it
	again.connect("vera")
	again.refused(chat.TooMany, &codec.Send{Conv: codec.UUID(conv), CMID: codec.UUID(chat.NewID[chat.Event]()), Body: text("x")})
	vito := w.dial(engine.WebSocketText)
	vito.connect("vito")
	vito.send(chat.NewID[chat.Conversation](), "x")
}

func TestClosedConversationReopens(t *testing.T) {
	w := newWorld(t, nil)
	vera, alice := w.dial(engine.WebSocketText), w.dial(engine.WebSocketText)
	vera.connect("vera")
	alice.connect("alice")
	conv := chat.NewID[chat.Conversation]()
	vera.send(conv, "hi")
	actor := w.people["alice"]
	require.NoError(t, w.desk.Accept(context.Background(), &actor, conv))
	bob := w.people["bob"]
	err := w.desk.Accept(context.Background(), &bob, conv)
	var e *chat.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, chat.AgentID(actor.User), e.Assignee)
	require.NoError(t, w.desk.Close(context.Background(), &actor, conv))
	vera.send(conv, "one more thing")
	c, err := w.desk.Conversation(context.Background(), &actor, conv)
	require.NoError(t, err)
	require.Equal(t, chat.Queued, c.Status)
	require.EqualValues(t, 4, c.Version)
	// Agents who are available get what waits.
	alice.write(0, &codec.Status{State: codec.Online})
	require.Eventually(t, func() bool {
		c, err := w.desk.Conversation(context.Background(), &actor, conv)
		return err == nil && c.Assignee == chat.AgentID(actor.User)
	}, 10*time.Second, 10*time.Millisecond)
}
