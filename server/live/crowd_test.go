package live_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
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

// crowding is a Log that counts look-ups, holds up those for open conversations until they may go on, and fails for some.
type crowding struct {
	chat.Log
	open chan struct{}

	mu       sync.Mutex
	places   []int // how many visitors each look-up was for
	unknown  map[chat.VisitorID]bool
	headless map[chat.ConversationID]bool
}

func (c *crowding) OpenConversations(ctx context.Context, visitors ...chat.VisitorKey) ([]chat.ConversationID, error) {
	<-c.open
	c.mu.Lock()
	defer c.mu.Unlock()
	c.places = append(c.places, len(visitors))
	for _, v := range visitors {
		if c.unknown[v.Visitor] {
			return nil, chat.Errorf(chat.Busy, "the database is away")
		}
	}
	return c.Log.OpenConversations(ctx, visitors...)
}

func (c *crowding) Heads(ctx context.Context, keys ...chat.Key) ([]chat.Head, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range keys {
		if c.headless[k.Conversation] {
			return nil, chat.Errorf(chat.Busy, "the database is away")
		}
	}
	return c.Log.Heads(ctx, keys...)
}

// Tail keeps what can't be looked up out of everybody's memory.
func (c *crowding) Tail(ctx context.Context, fn func([]chat.Event)) error {
	return c.Log.Tail(ctx, func(events []chat.Event) {
		c.mu.Lock()
		kept := slices.DeleteFunc(slices.Clone(events), func(e chat.Event) bool { return c.headless[e.Conversation] })
		c.mu.Unlock()
		fn(kept)
	})
}

// received is how many messages the engine has taken from its connections.
func (w *world) received() (n int) {
	var b bytes.Buffer
	w.metrics.WritePrometheus(&b)
	for line := range strings.Lines(b.String()) {
		if rest, ok := strings.CutPrefix(line, "uniqchat_engine_messages_received_total "); ok {
			_, _ = fmt.Sscan(rest, &n)
		}
	}
	return n
}

// TestCrowd: visitors who connect at the same time share look-ups, each gets his own answer, and whoever can't be looked up
// keeps nobody else out.
func TestCrowd(t *testing.T) {
	log := &crowding{open: make(chan struct{}), unknown: map[chat.VisitorID]bool{}, headless: map[chat.ConversationID]bool{}}
	w := newWorld(t, func(c *live.Config) {
		rows := c.Log.(interface{ Store() *sqlstore.Store }).Store()
		log.Log = c.Log
		c.Log = log
		c.Desk = chat.NewDesk(chat.DeskConfig{Log: log, Store: rows, Broker: c.Broker, Heads: 16})
	})
	const many = 60
	convs := make([]chat.ConversationID, many)
	last := make([]chat.Seq, many)
	for i := range many {
		a := chat.Actor{Tenant: w.tenant, User: chat.NewID[chat.Actor](), Role: chat.RoleVisitor, Name: "one of many"}
		w.is(fmt.Sprint(i), a)
		if i%3 == 0 {
			continue // has never said anything
		}
		convs[i] = chat.NewID[chat.Conversation]()
		log.mu.Lock()
		log.unknown[chat.VisitorID(a.User)], log.headless[convs[i]] = i == 4, i == 5
		log.mu.Unlock()
		for n := range 2 {
			r := w.desk.Send(t.Context(), []chat.SendRequest{{Actor: &a, Conversation: convs[i], CMID: chat.NewID[chat.Event](), Body: text(fmt.Sprint(i, n))}})
			require.NoError(t, r[0].Err)
			last[i] = r[0].Seq
		}
	}
	before := w.received()
	peers := make([]*peer, many)
	for i := range peers {
		peers[i] = w.dial(engine.WebSocketBinary)
		c := &codec.Connect{MinVersion: 1, MaxVersion: 1, Token: fmt.Sprint(i)}
		if i%2 == 1 && i%3 != 0 { // lacks the newest message
			c.Resume = []codec.Position{{Conv: codec.UUID(convs[i]), Seq: uint64(last[i] - 1)}}
		}
		peers[i].write(0, c)
		if i%3 == 0 { // whoever is fast writes at once
			convs[i] = chat.NewID[chat.Conversation]()
			peers[i].write(0, &codec.Ping{Time: 1})
			peers[i].write(0, &codec.Send{Conv: codec.UUID(convs[i]), CMID: codec.UUID(chat.NewID[chat.Event]()), Body: text("first")})
		}
	}
	require.Eventually(t, func() bool { return w.received()-before == many+2*many/3 }, 10*time.Second, time.Millisecond)
	close(log.open)
	for i, p := range peers {
		if i == 4 || i == 5 {
			for {
				_, packet := p.read()
				if c, ok := packet.(closed); ok {
					require.Equal(t, codec.CloseStorage, c.code, "%d", i)
					break
				}
			}
			continue
		}
		_, first := p.read()
		require.IsType(t, &codec.Connack{}, first, "nothing goes before CONNACK")
		ack := *first.(*codec.Connack)
		switch {
		case i%3 == 0:
			require.Zero(t, ack.Conv, "%d", i)
			require.Equal(t, codec.UUID(convs[i]), want[codec.Sendack](p).Conv)
		case i%2 == 1:
			m := want[codec.Message](p)
			require.Equal(t, uint64(last[i]), m.Seq)
			require.Contains(t, string(m.Body), fmt.Sprint(i, 1))
			fallthrough
		default:
			require.Equal(t, codec.UUID(convs[i]), ack.Conv, "%d", i)
		}
	}
	log.mu.Lock()
	defer log.mu.Unlock()
	asked := 0
	for _, n := range log.places {
		asked += n
	}
	require.GreaterOrEqual(t, asked, many)
	// A CONNECT that a SEND follows ends a batch: one in three. Those of one batch that failed were repeated one by one.
	require.Less(t, len(log.places)-(asked-many), many/2, "%v", log.places)
}
