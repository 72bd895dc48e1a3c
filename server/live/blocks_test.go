package live_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/engine"
)

// elsewhere is the Desk of another node of the same tenant's.
func (w *world) elsewhere() *chat.Desk {
	return chat.NewDesk(chat.DeskConfig{Log: w.store.Log, Store: w.store.Store, Broker: w.store.Broker})
}

// set adds a record as another node does, and tells the others.
func (w *world) set(kind chat.RecordKind, b chat.RecordBody) chat.RecordID {
	w.t.Helper()
	require.NoError(w.t, b.Check())
	raw, err := json.Marshal(b)
	require.NoError(w.t, err)
	r := chat.Record{ID: chat.NewID[chat.Record](), Tenant: w.tenant, Kind: kind, Name: b.UniqueName(), Body: raw, Version: 1}
	require.NoError(w.t, w.store.Store.AddRecord(context.Background(), r, 100))
	require.NoError(w.t, w.elsewhere().SettingsChanged(context.Background(), w.tenant, kind))
	return r.ID
}

// closed reads on until the connection is closed, and returns the code.
func (p *peer) closed() uint16 {
	p.t.Helper()
	var said uint16
	for {
		_, packet := p.read()
		switch v := packet.(type) {
		case *codec.Disconnect:
			said = v.Code
			require.False(p.t, v.Reconnect)
		case closed:
			if p.kind != engine.RawTCP {
				require.Equal(p.t, said, v.code)
			}
			return said
		}
	}
}

func (w *world) knock(name string) uint16 {
	p := w.dial(engine.WebSocketText)
	p.write(0, &codec.Connect{MinVersion: 1, MaxVersion: 1, Token: name})
	return p.closed()
}

// Who gets blocked on any node loses its connections on this one, and can't come back; nobody else is concerned.
func TestBlocked(t *testing.T) {
	w := newWorld(t, nil)
	vera, tab, vito, alice := w.dial(engine.WebSocketText), w.dial(engine.RawTCP), w.dial(engine.WebSocketBinary), w.dial(engine.WebSocketText)
	vera.connect("vera")
	tab.connect("vera")
	vito.connect("vito")
	alice.connect("alice")
	conv := chat.NewID[chat.Conversation]()
	vera.send(conv, "hello")
	id := w.set(chat.RecordBlock, &chat.Block{Kind: chat.BlockVisitor, Value: w.people["vera"].User.String()})
	require.EqualValues(t, codec.CloseKicked, vera.closed())
	require.EqualValues(t, codec.CloseKicked, tab.closed())
	require.EqualValues(t, codec.CloseKicked, w.knock("vera"))
	for locale, reason := range map[string]string{"zh-CN": "您已被限制使用在线客服", "ZH": "您已被限制使用在线客服", "en": "you have been blocked", "": "you have been blocked", "z": "you have been blocked"} {
		p := w.dial(engine.WebSocketText)
		p.write(0, &codec.Connect{MinVersion: 1, MaxVersion: 1, Token: "vera", Locale: locale})
		require.Equal(t, reason, want[codec.Disconnect](p).Reason, locale)
	}
	told := want[codec.Event](alice)
	for told.Name != "settings.changed" {
		told = want[codec.Event](alice)
	}
	require.JSONEq(t, `{"kind":"block"}`, string(told.Data))
	vito.send(chat.NewID[chat.Conversation](), "still here")

	require.NoError(t, w.store.Store.DeleteRecord(context.Background(), w.tenant, chat.RecordBlock, id))
	require.NoError(t, w.elsewhere().SettingsChanged(context.Background(), w.tenant, chat.RecordBlock))
	require.Eventually(t, func() bool {
		return !w.desk.Blocked(context.Background(), w.tenant, chat.Suspect{Visitor: chat.VisitorID(w.people["vera"].User)})
	}, 10*time.Second, 5*time.Millisecond)
	vera = w.dial(engine.WebSocketText)
	vera.connect("vera")
	vera.send(conv, "back again")

	w.set(chat.RecordBlock, &chat.Block{Kind: chat.BlockAddress, Value: "127.0.0.0/8"})
	require.EqualValues(t, codec.CloseKicked, vera.closed())
	require.EqualValues(t, codec.CloseKicked, vito.closed())
	require.EqualValues(t, codec.CloseKicked, w.knock("vito"))
	alice.send(conv, "the staff works from there, too")
	w.dial(engine.WebSocketText).connect("stranger")
}

// The fingerprint is that of the token.
func TestBlockedFingerprint(t *testing.T) {
	w := newWorld(t, nil)
	marked := w.dial(engine.WebSocketText)
	marked.connect("vera#machine")
	plain := w.dial(engine.WebSocketText)
	plain.connect("vera")
	w.set(chat.RecordBlock, &chat.Block{Kind: chat.BlockFingerprint, Value: "machine"})
	require.EqualValues(t, codec.CloseKicked, marked.closed())
	require.EqualValues(t, codec.CloseKicked, w.knock("vito#machine"))
	plain.send(chat.NewID[chat.Conversation](), "from another machine")
}

// A visitor over whose head the blocklist changed while it connected is caught with its next message.
func TestBlockedWhileConnecting(t *testing.T) {
	w := newWorld(t, nil)
	vera := w.dial(engine.WebSocketText)
	vera.connect("vera")
	conv := chat.NewID[chat.Conversation]()
	vera.send(conv, "hello")
	w.desk.SetBlocksChanged(nil) // as if it had not been there yet when connections were looked through
	w.set(chat.RecordBlock, &chat.Block{Kind: chat.BlockVisitor, Value: w.people["vera"].User.String()})
	require.Eventually(t, func() bool {
		return w.desk.BlockedIfKnown(w.tenant, chat.Suspect{Visitor: chat.VisitorID(w.people["vera"].User)})
	}, 30*time.Second, 5*time.Millisecond)
	vera.refused(chat.Forbidden, &codec.Send{Conv: codec.UUID(conv), CMID: codec.UUID(chat.NewID[chat.Event]()), Body: text("x")})
	require.EqualValues(t, codec.CloseKicked, vera.closed())
}

// What becomes of a conversation is on every screen that may see it, in the log's order, and leaves visitors no gap.
func TestScreensSeeTheState(t *testing.T) {
	w := newWorld(t, nil)
	vera, alice := w.dial(engine.WebSocketText), w.dial(engine.WebSocketBinary)
	vera.connect("vera")
	alice.connect("alice")
	conv := chat.NewID[chat.Conversation]()
	hello := vera.send(conv, "hello")
	alice.write(0, &codec.Join{Conv: codec.UUID(conv)})
	want[codec.Joined](alice)
	w.set(chat.RecordLabel, &chat.Label{Name: "VIP"})
	agent, visitor := w.people["alice"], w.people["vera"]
	ctx := context.Background()
	five := 5
	last := hello.Seq
	for _, step := range []struct {
		do     func(*chat.Desk) error
		event  string
		more   string
		public bool
	}{
		{func(d *chat.Desk) error { return d.Label(ctx, &agent, conv, chat.LabelChange{Add: []string{"vip"}}) }, "conversation.labels_updated", `"labels":["VIP"]`, false},
		{func(d *chat.Desk) error {
			return d.Update(ctx, &agent, conv, chat.Update{Priority: &five, Context: []byte(`{"a":1}`)})
		}, "conversation.updated", `"priority":5`, false},
		{func(d *chat.Desk) error { return d.Rate(ctx, &visitor, conv, chat.Rating{Score: 3}) }, "conversation.rated", `"rating":3`, true},
		{func(d *chat.Desk) error { return d.Handoff(ctx, &visitor, conv, chat.ToBot) }, "conversation.handoff", `"status":"bot"`, true},
		{func(d *chat.Desk) error { return d.Handoff(ctx, &visitor, conv, chat.ToHuman) }, "conversation.handoff", `"status":"queued"`, true},
		{func(d *chat.Desk) error { return d.Snooze(ctx, &agent, conv, time.Time{}) }, "conversation.snoozed", `"status":"snoozed"`, false},
	} {
		require.NoError(t, step.do(w.elsewhere()), step.event)
		m := want[codec.Message](alice)
		require.Equal(t, last, m.Prev)
		last = m.Seq
		require.Contains(t, string(m.Body), `"event":"`+step.event+`"`)
		require.Contains(t, string(m.Body), step.more)
		if step.public {
			mine := want[codec.Message](vera)
			require.Equal(t, m.Seq, mine.Seq)
			require.Equal(t, hello.Seq, mine.Prev)
			hello.Seq = mine.Seq
		}
	}
	back := vera.send(conv, "are you there?")
	require.Equal(t, hello.Seq, back.Prev, "waking it leaves the visitor no gap")
	woken := want[codec.Message](alice)
	require.Contains(t, string(woken.Body), `"event":"conversation.woken"`)
	require.Equal(t, last, woken.Prev)
	require.Equal(t, back.Seq, want[codec.Message](alice).Seq)
	c, err := w.store.Store.Conversation(ctx, chat.Key{Tenant: w.tenant, Conversation: conv})
	require.NoError(t, err)
	require.Equal(t, chat.Queued, c.Status)
	require.EqualValues(t, 8, c.Version)
	require.Len(t, c.Labels, 1)
	require.Equal(t, chat.Rating{Score: 3}, c.Rating)
}
