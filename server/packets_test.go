package server_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/engine"
	"github.com/uniqchat/uniqchat/server"
	"github.com/uniqchat/uniqchat/server/live"
)

// packetRow is what a packet about a visitor's conversation comes to, by who sends it.
type packetRow struct {
	make func(conv codec.UUID) codec.Packet
	want string
	// about says whether it names a conversation: then one of somebody else's is to look like one that is not there.
	about bool
}

// senders are the columns: the conversation's own visitor, another one, one of another tenant; the roles from owner to
// viewer, an owner of another tenant; programs with every scope, that only read, and of another tenant.
var senders = []string{"own", "visitor", "foreign visitor", "owner", "admin", "supervisor", "agent", "viewer", "foreign owner", "program", "reader", "foreign program"}

const (
	serverOnly = "400     400     400             400   400   400        400   400    400           400     400    400"
	silent     = "-       -       -               -     -     -          -     -      -             -       -      -"
)

// packetRows has a row for every packet type. Written out here, so that a change of what is allowed is a decision; "-" is no
// answer, as the packet has none, a name that packet, a number that ERROR, and one in brackets the close code.
var packetRows = map[codec.Type]packetRow{
	//                                                own     visitor foreign_visitor owner admin supervisor agent viewer foreign_owner program reader foreign_program
	codec.TypeConnect:    {make: always(&codec.Connect{MinVersion: 1, MaxVersion: 1}), want: strings.Repeat("(3502) ", 12)},
	codec.TypePing:       {make: always(&codec.Ping{Time: 1}), want: strings.Repeat("pong ", 12)},
	codec.TypePong:       {make: always(&codec.Pong{Time: 1}), want: silent},
	codec.TypeDisconnect: {make: always(&codec.Disconnect{}), want: strings.Repeat("(1000) ", 12)},
	codec.TypeSend: {about: true, make: func(c codec.UUID) codec.Packet {
		return &codec.Send{Conv: c, CMID: codec.UUID(chat.NewID[chat.Event]()), Body: []byte(`{"text":"hi"}`)}
	}, want: "sendack 404     sendack         sendack sendack sendack sendack 403    404           sendack 403    404"},
	codec.TypeRead:   {about: true, make: func(c codec.UUID) codec.Packet { return &codec.Read{Conv: c, Seq: 1} }, want: "-       404     404             -     -     -          -     -      404           -       403    404"},
	codec.TypeTyping: {about: true, make: func(c codec.UUID) codec.Packet { return &codec.Typing{Conv: c, State: 1} }, want: "-       404     404             -     -     -          -     -      404           -       403    404"},
	codec.TypeJoin:   {about: true, make: func(c codec.UUID) codec.Packet { return &codec.Join{Conv: c} }, want: "joined  404     404             joined joined joined joined joined 404          joined  joined 404"},
	codec.TypeLeave:  {about: true, make: func(c codec.UUID) codec.Packet { return &codec.Leave{Conv: c} }, want: "-       404     404             -     -     -          -     -      -             -       -      -"},
	codec.TypeSync:   {about: true, make: func(c codec.UUID) codec.Packet { return &codec.Sync{Conv: c} }, want: "synced  404     404             synced synced synced synced synced 404          synced  synced 404"},
	codec.TypeStatus: {make: always(&codec.Status{State: codec.Away}), want: "403     403     403             -     -     -          -     -      -             403     403    403"},
	codec.TypeWatch:  {make: always(&codec.Watch{Topic: codec.WatchInbox}), want: "403     403     403             -     -     -          -     -      -             403     403    403"},
	codec.TypeTrack:  {make: always(&codec.Track{Name: "page_view", Data: []byte(`{}`)}), want: "-       -       -               403   403   403        403   403    403           403     403    403"},

	codec.TypeConnack: {make: always(&codec.Connack{}), want: serverOnly},
	codec.TypeError:   {make: always(&codec.Error{Code: 400}), want: serverOnly},
	codec.TypeSendack: {make: func(c codec.UUID) codec.Packet { return &codec.Sendack{Conv: c} }, want: serverOnly, about: true},
	codec.TypeMessage: {make: func(c codec.UUID) codec.Packet { return &codec.Message{Conv: c, Body: []byte(`{}`)} }, want: serverOnly, about: true},
	codec.TypeReceipt: {make: func(c codec.UUID) codec.Packet { return &codec.Receipt{Conv: c} }, want: serverOnly, about: true},
	codec.TypeDurable: {make: func(c codec.UUID) codec.Packet { return &codec.Durable{Items: []codec.Position{{Conv: c, Seq: 1}}} }, want: serverOnly, about: true},
	codec.TypeEvent:   {make: func(c codec.UUID) codec.Packet { return &codec.Event{Name: "x", Conv: c, Data: []byte(`{}`)} }, want: serverOnly, about: true},
	codec.TypeStream:  {make: func(c codec.UUID) codec.Packet { return &codec.Stream{Conv: c, Delta: "x"} }, want: serverOnly, about: true},
	codec.TypeJoined:  {make: func(c codec.UUID) codec.Packet { return &codec.Joined{Conv: c} }, want: serverOnly, about: true},
	codec.TypeSynced:  {make: func(c codec.UUID) codec.Packet { return &codec.Synced{Conv: c} }, want: serverOnly, about: true},
	codec.TypeGap:     {make: func(c codec.UUID) codec.Packet { return &codec.Gap{Items: []codec.Position{{Conv: c}}} }, want: serverOnly, about: true},
}

func always(p codec.Packet) func(codec.UUID) codec.Packet {
	return func(codec.UUID) codec.Packet { return p }
}

var transports = map[string]engine.Kind{"json": engine.WebSocketText, "bin": engine.WebSocketBinary, "tcp": engine.RawTCP}

// Every packet type, on every transport, by everybody who has a connection: only the documented answers, and nobody learns
// from them, or from what else arrives, that somebody else's conversation exists.
func TestPacketMatrix(t *testing.T) { onBoth(t, testPacketMatrix) }

func testPacketMatrix(t *testing.T, start func(func(*server.Config)) *node) {
	for _, typ := range codec.Types() {
		require.Contains(t, packetRows, typ, "%v has no row: say who may send it", typ)
	}
	n := start(unhurried)
	vera, veraToken := n.visitor("shop")
	conv := codec.UUID(n.conversation(n.tenant.ID, vera, "hello"))
	tokens := []string{veraToken}
	add := func(_ any, token string) { tokens = append(tokens, token) }
	add(n.visitor("shop"))
	add(n.visitor("other"))
	for _, role := range roles {
		add(n.agent(n.tenant.ID, role))
	}
	add(n.agent(n.other.ID, chat.Owner))
	add(n.apiToken(n.tenant.ID, chat.AllScopes))
	add(n.apiToken(n.tenant.ID, chat.ConversationsRead))
	add(n.apiToken(n.other.ID, chat.AllScopes))
	require.Len(t, tokens, len(senders))

	for name, kind := range transports {
		for i, sender := range senders {
			stranger := i == 1 || i == 2 || i == 8 || i == 11
			for _, typ := range codec.Types() {
				row := packetRows[typ]
				want := strings.Fields(row.want)
				require.Len(t, want, len(senders), "%v", typ)
				what := fmt.Sprintf("%v by %s over %s", typ, sender, name)
				if typ == codec.TypeSend && sender == "foreign visitor" {
					continue // ids are a tenant's own: it begins a conversation of its own, see TestForeignIDsBeginTheirOwn
				}
				w := n.wire(t, kind, tokens[i])
				got := w.ask(row.make(conv))
				require.Equal(t, want[i], got.short, "%s: %s", what, got.full)
				if stranger {
					require.NotContains(t, strings.Join(w.heard, "\n"), conv.String(), what)
				}
				if row.about && stranger && !(typ == codec.TypeSend && i == 1) && !strings.HasPrefix(got.short, "(") { // a visitor's first SEND makes what is not there
					missing := codec.UUID(chat.NewID[chat.Conversation]())
					none := w.ask(row.make(missing))
					require.Equal(t, strings.ReplaceAll(none.full, missing.String(), "it"), strings.ReplaceAll(got.full, conv.String(), "it"), "%s differs from one of what is not there", what)
				}
				w.end()
			}
		}
	}
}

// Before a credential is proven, no packet is looked at; a credential that ended, is of another kind, or comes from another
// site's page proves nothing, and what came in the same write as its CONNECT is not looked at either.
func TestPacketsWithoutCredential(t *testing.T) { onBoth(t, testPacketsWithoutCredential) }

func testPacketsWithoutCredential(t *testing.T, start func(func(*server.Config)) *node) {
	n := start(unhurried)
	vera, veraToken := n.visitor("shop")
	conv := codec.UUID(n.conversation(n.tenant.ID, vera, "hello"))
	_, blind := n.apiToken(n.tenant.ID, everyScope&^chat.ConversationsRead)
	_, platform := n.apiToken(chat.TenantID{}, 0)
	useless := map[string]string{"": "(3500)", "junk": "(3500)", blind: "(3503)", platform: "(3503)"}
	for _, token := range n.useless() {
		useless[token] = "(3500)"
	}
	for name, kind := range transports {
		for _, typ := range codec.Types() {
			p := packetRows[typ].make(conv)
			if typ != codec.TypeConnect {
				w := n.dialWire(t, kind, "")
				require.Equal(t, "(3502)", w.ask(p).short, "%v first over %s", typ, name)
				w.end()
			}
			for token, want := range useless {
				w := n.dialWire(t, kind, "")
				w.write(1, &codec.Connect{MinVersion: 1, MaxVersion: 1, Token: token}, p)
				got := w.answer(1, false)
				require.Equal(t, want, got.short, "%v behind a CONNECT over %s: %s", typ, name, got.full)
				require.NotContains(t, strings.Join(w.heard, "\n"), conv.String())
				w.end()
			}
			if kind != engine.RawTCP {
				w := n.dialWire(t, kind, "https://evil.example")
				w.write(1, &codec.Connect{MinVersion: 1, MaxVersion: 1, Token: veraToken}, p)
				require.Equal(t, "(3503)", w.answer(1, false).short, "%v from a foreign page over %s", typ, name)
				w.end()
			}
		}
	}
	_, agent := n.agent(n.tenant.ID, chat.Viewer)
	require.Len(t, n.call("GET", "/api/v1/conversations/"+conv.String()+"/messages", agent, nil).data(), 2, "nothing was written: the beginning and hello")
}

// The ids of conversations are a tenant's own: naming one of another tenant's begins one of the same name that has nothing of it.
func TestForeignIDsBeginTheirOwn(t *testing.T) {
	onBoth(t, func(t *testing.T, start func(func(*server.Config)) *node) {
		n := start(nil)
		vera, veraToken := n.visitor("shop")
		conv := n.conversation(n.tenant.ID, vera, "for one tenant only")
		_, strangeToken := n.visitor("other")
		w := n.wire(t, engine.WebSocketText, strangeToken)
		require.Equal(t, "sendack", w.ask(packetRows[codec.TypeSend].make(codec.UUID(conv))).short)
		page := w.ask(&codec.Join{Conv: codec.UUID(conv)})
		require.Contains(t, page.full, `"hi"`)
		require.NotContains(t, page.full, "for one tenant only")
		require.NotContains(t, page.full, vera.String())
		own := n.call("GET", "/api/v1/conversations/"+conv.String()+"/messages", veraToken, nil)
		require.NotContains(t, string(own.raw), `"hi"`)
		w.end()
	})
}

// unhurried lifts what would answer 429.
func unhurried(c *server.Config) {
	c.Limits = live.DefaultLimits()
	for _, l := range []*live.RoleLimits{&c.Limits.Visitor, &c.Limits.Agent} {
		l.SendRate, l.SendBurst = 1000, 10000
	}
}

// useless returns credentials that were good once or are good for something else.
func (n *node) useless() map[string]string {
	n.t.Helper()
	ctx := context.Background()
	site, err := n.kept.Store.SiteKey(ctx, "shop")
	require.NoError(n.t, err)
	gone, _ := n.agent(n.tenant.ID, chat.Owner)
	out := map[string]string{}
	out["an agent's, expired"], err = n.mint.MintAgent(n.tenant.ID, gone.ID, -time.Minute)
	require.NoError(n.t, err)
	out["a visitor's, expired"], err = n.mint.MintVisitor(site, chat.NewID[chat.Visitor](), -time.Minute)
	require.NoError(n.t, err)
	out["of an agent that there is none of"], err = n.mint.MintAgent(n.tenant.ID, chat.NewID[chat.Agent](), time.Hour)
	require.NoError(n.t, err)
	out["of another tenant's agent in this tenant"], err = n.mint.MintAgent(n.other.ID, gone.ID, time.Hour)
	require.NoError(n.t, err)
	in := n.call("POST", "/api/v1/auth/login", "", map[string]any{"email": gone.Email, "password": password})
	require.Equal(n.t, 200, in.status, string(in.raw))
	out["a refresh token"] = in.body["refresh_token"].(string)
	out["an agent's, revoked"] = in.body["access_token"].(string)
	require.Equal(n.t, 204, n.call("POST", "/api/v1/auth/logout", in.body["access_token"].(string), nil).status)
	_, out["a program's, expired"] = n.apiToken(n.tenant.ID, chat.AllScopes, func(t *chat.APIToken) { t.ExpiresAt = time.Now().Add(-time.Minute) })
	_, out["a program's, revoked"] = n.apiToken(n.tenant.ID, chat.AllScopes, func(t *chat.APIToken) { t.RevokedAt = time.Now().Add(-time.Minute) })
	return out
}

// wire is a connection of one transport that speaks packets and keeps what it heard.
type wire struct {
	t     *testing.T
	c     net.Conn
	kind  engine.Kind
	d     codec.Decoder
	rest  []byte
	rid   uint16
	heard []string // as JSON
	shut  uint16   // of the last DISCONNECT
}

func (n *node) dialWire(t *testing.T, kind engine.Kind, origin string) *wire {
	t.Helper()
	w := &wire{t: t, kind: kind}
	var err error
	if kind == engine.RawTCP {
		w.c, err = net.Dial("tcp", n.TCPAddr())
	} else {
		d := ws.Dialer{Protocols: []string{"uniqchat.v1." + map[engine.Kind]string{engine.WebSocketText: "json", engine.WebSocketBinary: "bin"}[kind]}}
		if origin != "" {
			d.Header = ws.HandshakeHeaderHTTP{"Origin": {origin}}
		}
		w.c, _, _, err = d.Dial(context.Background(), "ws://"+n.WSAddr()+"/ws")
	}
	require.NoError(t, err)
	require.NoError(t, w.c.SetDeadline(time.Now().Add(time.Minute)))
	return w
}

// wire connects with a credential that is good.
func (n *node) wire(t *testing.T, kind engine.Kind, token string) *wire {
	t.Helper()
	w := n.dialWire(t, kind, "")
	w.write(1, &codec.Connect{MinVersion: 1, MaxVersion: 1, Token: token})
	require.Equal(t, "connack", w.answer(1, false).short)
	w.rid, w.heard = 1, nil
	return w
}

func (w *wire) end() { _ = w.c.Close() }

// write sends packets in one write, all with the same rid.
func (w *wire) write(rid uint16, packets ...codec.Packet) {
	w.t.Helper()
	var buf []byte
	for _, p := range packets {
		buf = append(buf, w.encoded(rid, p)...)
	}
	_, err := w.c.Write(buf)
	require.NoError(w.t, err)
}

// raw sends bytes as one message.
func (w *wire) raw(b []byte) {
	w.t.Helper()
	if w.kind == engine.WebSocketBinary {
		b = ws.MustCompileFrame(ws.MaskFrame(ws.NewBinaryFrame(b)))
	}
	_, err := w.c.Write(b)
	require.NoError(w.t, err)
}

// toldOf is what a packet came to.
type toldOf struct{ short, full string }

// ask sends a packet and returns its answer. One that is answered only by ERROR is followed by a PING, which is answered after it.
func (w *wire) ask(p codec.Packet) toldOf {
	w.t.Helper()
	w.rid += 2
	_, send := p.(*codec.Send)
	w.write(w.rid, p)
	if !send && p.Type() != codec.TypePing {
		if _, err := w.c.Write(w.encoded(w.rid+1, &codec.Ping{Time: 7})); err != nil && !errors.Is(err, net.ErrClosed) {
			return w.answer(w.rid, true) // it was closed already
		}
		return w.answer(w.rid, true)
	}
	return w.answer(w.rid, false)
}

func (w *wire) encoded(rid uint16, p codec.Packet) []byte {
	switch w.kind {
	case engine.RawTCP:
		return codec.AppendBinary(nil, codec.Header{RID: rid}, p)
	case engine.WebSocketText:
		return ws.MustCompileFrame(ws.MaskFrame(ws.NewTextFrame(codec.AppendJSON(nil, codec.Header{RID: rid}, p))))
	default:
		return ws.MustCompileFrame(ws.MaskFrame(ws.NewBinaryFrame(codec.AppendBinary(nil, codec.Header{RID: rid}, p))))
	}
}

// answer reads on until rid is answered or, if pinged, the PING behind it is, or the connection ends.
func (w *wire) answer(rid uint16, pinged bool) toldOf {
	w.t.Helper()
	for {
		h, p, open := w.read()
		switch {
		case !open:
			return toldOf{short: fmt.Sprintf("(%d)", w.shut)}
		case p == nil:
			continue
		}
		text := string(codec.AppendJSON(nil, codec.Header{Type: p.Type()}, p))
		w.heard = append(w.heard, text)
		if d, ok := p.(*codec.Disconnect); ok {
			w.shut = d.Code
			continue
		}
		switch {
		case h.RID == rid:
			if e, ok := p.(*codec.Error); ok {
				return toldOf{fmt.Sprint(e.Code), text}
			}
			return toldOf{p.Type().String(), text}
		case pinged && h.RID == rid+1:
			return toldOf{short: "-"}
		}
	}
}

// read returns the next packet; not open: there is none.
func (w *wire) read() (h codec.Header, p codec.Packet, open bool) {
	w.t.Helper()
	for w.kind == engine.RawTCP || len(w.rest) > 0 {
		if hd, ok, err := codec.ParseHeader(w.rest); err == nil && ok && len(w.rest) >= codec.HeaderSize+int(hd.Length) {
			h, p, n, err := w.d.Binary(w.rest)
			require.NoError(w.t, err)
			w.rest = bytes.Clone(w.rest[n:])
			return h, p, true
		}
		buf := make([]byte, 16<<10)
		n, err := w.c.Read(buf)
		if err != nil {
			return h, nil, false
		}
		w.rest = append(w.rest, buf[:n]...)
	}
	f, err := ws.ReadFrame(w.c)
	if errors.Is(err, io.EOF) || err != nil {
		return h, nil, false
	}
	switch f.Header.OpCode {
	case ws.OpClose:
		code, _ := ws.ParseCloseFrameData(f.Payload)
		w.shut = uint16(code)
		return h, nil, false
	case ws.OpText:
		require.NoError(w.t, w.d.JSON(f.Payload, func(hd codec.Header, pk codec.Packet, err error) {
			require.NoError(w.t, err)
			h, p = hd, pk
		}))
		return h, p, true
	case ws.OpBinary:
		w.rest = f.Payload
		return w.read()
	}
	return h, nil, true
}
