package live_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/engine"
	"github.com/uniqchat/uniqchat/server/live"
	"github.com/uniqchat/uniqchat/storage/sqlstore"
)

// pausing is a Log whose pages wait: each says that it was read, and returns when it is told how.
type pausing struct {
	chat.Log
	isRead chan struct{}
	result chan error
}

func (p *pausing) Messages(ctx context.Context, key chat.Key, page chat.Page) ([]chat.Message, bool, error) {
	m, complete, err := p.Log.Messages(ctx, key, page)
	p.isRead <- struct{}{}
	if fail := <-p.result; fail != nil {
		return nil, false, fail
	}
	return m, complete, err
}

// TestJoinHoldsBackAndLosesNothing: what is said while a JOIN is on its way reaches a reader that was in the audience before,
// also if the JOIN fails; and if it was too much, the GAP names all of it.
func TestJoinHoldsBackAndLosesNothing(t *testing.T) {
	log := &pausing{isRead: make(chan struct{}), result: make(chan error)}
	w := newWorld(t, func(c *live.Config) {
		rows := c.Log.(interface{ Store() *sqlstore.Store }).Store()
		log.Log = c.Log
		c.CallTimeout = time.Minute // a JOIN waits here for as long as 520 messages take
		c.Desk = chat.NewDesk(chat.DeskConfig{Log: log, Store: rows, Broker: c.Broker})
	})
	vera, tab := w.dial(engine.WebSocketText), w.dial(engine.WebSocketText)
	vera.connect("vera")
	tab.connect("vera")
	conv := chat.NewID[chat.Conversation]()
	tab.write(0, &codec.Send{Conv: codec.UUID(conv), CMID: codec.UUID(chat.NewID[chat.Event]()), Body: text("hello")})
	want[codec.Sendack](tab)
	want[codec.Message](vera) // created
	want[codec.Message](vera)
	alice := w.people["alice"]
	say := func(n int) (last chat.Seq) {
		for i := range n {
			r := w.desk.Send(context.Background(), []chat.SendRequest{{Actor: &alice, Conversation: conv, CMID: chat.NewID[chat.Event](), Body: text(fmt.Sprint(i))}})
			require.NoError(t, r[0].Err)
			last = r[0].Seq
		}
		for want[codec.Message](tab).Seq != uint64(last) {
			continue // the fan-out is that far when the tab has it
		}
		return last
	}
	vera.write(0, &codec.Join{Conv: codec.UUID(conv)})
	<-log.isRead
	last := say(1)
	log.result <- &chat.Error{Code: chat.Busy, Message: "try again"}
	for {
		if m := want[codec.Message](vera); m.Seq == uint64(last) {
			break
		}
	}
	vera.write(0, &codec.Join{Conv: codec.UUID(conv)})
	<-log.isRead
	last = say(520)
	log.result <- nil
	require.Less(t, want[codec.Joined](vera).Top, uint64(last))
	require.EqualValues(t, last, want[codec.Gap](vera).Items[0].Seq)
}

// A RESUME must leave room in the outbox: what is too much for a slow line comes as a GAP.
func TestResumeLeavesRoom(t *testing.T) {
	w := newWorld(t, func(c *live.Config) {
		c.Limits = live.DefaultLimits()
		c.Limits.Agent.OutLimit = 64 << 10
	})
	vera := w.dial(engine.WebSocketText)
	vera.connect("vera")
	conv := chat.NewID[chat.Conversation]()
	first := vera.send(conv, "1")
	var last codec.Sendack
	for range 20 {
		last = vera.send(conv, strings.Repeat("x", 4<<10))
	}
	alice := w.dial(engine.WebSocketBinary)
	at := codec.Position{Conv: codec.UUID(conv), Seq: first.Seq}
	alice.connect("alice", at, at) // named twice is no more than once
	require.Equal(t, []codec.Position{{Conv: codec.UUID(conv), Seq: last.Seq}}, want[codec.Gap](alice).Items)
}

// lagging is a log whose tail stands still while its mutex is held.
type lagging struct {
	chat.Log
	sync.Mutex
}

func (l *lagging) Tail(ctx context.Context, fn func([]chat.Event)) error {
	return l.Log.Tail(ctx, func(events []chat.Event) {
		l.Lock()
		defer l.Unlock()
		fn(events)
	})
}

// What a page or a RESUME has brought does not come again when the tail gets there.
func TestTailBehindHistory(t *testing.T) {
	l := new(lagging)
	w := newWorld(t, func(c *live.Config) {
		l.Log = c.Log
		c.Log = l
	})
	l.Lock()
	goOn := sync.OnceFunc(l.Unlock)
	t.Cleanup(goOn) // or nothing ends
	vera, conv := w.people["vera"], chat.NewID[chat.Conversation]()
	elsewhere := chat.NewDesk(chat.DeskConfig{Log: l.Log, Store: w.store.Store, Broker: w.store.Broker}) // this node hears of it by the tail alone
	say := func(s string) chat.Seq {
		r := elsewhere.Send(t.Context(), []chat.SendRequest{{Actor: &vera, Conversation: conv, CMID: chat.NewID[chat.Event](), Body: text(s)}})[0]
		require.NoError(t, r.Err)
		return r.Receipt.Seq
	}
	first, second := say("1"), say("2")
	resumed, joined := w.dial(engine.WebSocketBinary), w.dial(engine.RawTCP)
	resumed.connect("alice", codec.Position{Conv: codec.UUID(conv), Seq: uint64(first)})
	require.EqualValues(t, second, want[codec.Message](resumed).Seq)
	want[codec.Durable](resumed)
	joined.connect("bob")
	joined.write(0, &codec.Join{Conv: codec.UUID(conv)})
	require.EqualValues(t, second, want[codec.Joined](joined).Top)
	joined.pong() // the JOIN is over
	goOn()
	third := say("3")
	require.EqualValues(t, third, want[codec.Message](resumed).Seq)
	require.EqualValues(t, third, want[codec.Message](joined).Seq)
}
