package server_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/server"
	"github.com/uniqchat/uniqchat/server/board"
	"github.com/uniqchat/uniqchat/testkit/screen"
)

// watcher is an agent whose screen shows the board.
type watcher struct {
	*line
	screen.Screen
}

func (n *node) watcher(addr, token string) *watcher {
	w := &watcher{line: dialLine(n.t, addr, token)}
	require.NoError(n.t, w.c.SetDeadline(time.Now().Add(3*time.Minute)))
	return w
}

func (w *watcher) watch(filter string, offset uint32, limit uint16) {
	w.write(&codec.Watch{Topic: codec.WatchBoard, Filter: []byte(filter), Offset: offset, Limit: limit})
}

// changed reads on until a board.changed comes.
func (w *watcher) changed() ([]byte, error) {
	for {
		p, err := w.packet()
		if err != nil {
			return nil, err
		}
		switch p := p.(type) {
		case *codec.Event:
			if p.Name == "board.changed" {
				return p.Data, nil
			}
		case *codec.Ping:
			if _, err := w.c.Write(codec.AppendBinary(nil, codec.Header{}, &codec.Pong{Time: p.Time})); err != nil {
				return nil, err
			}
		}
	}
}

// next takes in the next event.
func (w *watcher) next() {
	w.t.Helper()
	e, err := w.changed()
	require.NoError(w.t, err)
	require.NoError(w.t, w.Take(e))
}

// until takes events in until something is so.
func (w *watcher) until(what string, so func() bool) {
	w.t.Helper()
	for !so() {
		e, err := w.changed()
		require.NoError(w.t, err, what)
		require.NoError(w.t, w.Take(e))
	}
}

// quiet makes sure that nothing comes in a while.
func (w *watcher) quiet(d time.Duration) {
	w.t.Helper()
	events := 0
	begun := time.Now()
	for time.Since(begun) < d {
		w.write(&codec.Ping{Time: 1})
		for {
			p := until[codec.Packet](w.line)
			if e, is := p.(*codec.Event); is && e.Name == "board.changed" {
				events++
			}
			if _, is := p.(*codec.Pong); is {
				break
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	require.Zero(w.t, events)
}

// A screen that shows the board of two nodes: who comes, goes, does something, talks; only what it shows, and only its tenant's.
func TestBoardWatch(t *testing.T) { onBoth(t, testBoardWatch) }

func testBoardWatch(t *testing.T, start func(func(*server.Config)) *node) {
	n := start(func(c *server.Config) { c.SessionsPerAddress = 0 })
	other := n.beside(server.Config{}, nil)
	_, agent := n.agent(n.tenant.ID, chat.Member)
	_, viewer := n.agent(n.tenant.ID, chat.Viewer)
	_, stranger := n.agent(n.other.ID, chat.Owner)
	la, _, anna := n.guest(t, n.TCPAddr(), "shop", map[string]any{"name": "Anna", "locale": "de-AT"})
	lb, tokenB, bo := n.guest(t, other.TCPAddr(), "shop", map[string]any{"name": "Bo", "locale": "zh-Hans-CN"})

	w, v := n.watcher(n.TCPAddr(), agent), n.watcher(other.TCPAddr(), viewer)
	foreign := n.watcher(n.TCPAddr(), stranger)
	w.watch(`{"order":"asc"}`, 0, 0)
	v.watch(`{"q":"shop.example/shoes"}`, 0, 10)
	foreign.watch(`{}`, 0, 200)
	foreign.next()
	require.Equal(t, []any{0, 0}, []any{foreign.Total, len(foreign.Rows)})
	w.until("both", func() bool { return w.Complete && w.Total == 2 })
	require.Equal(t, []string{anna, bo}, w.IDs())
	require.Equal(t, []any{"Anna", "de-AT", "idle", nil, false}, []any{w.Rows[0]["name"], w.Rows[0]["locale"], w.Rows[0]["state"], w.Rows[0]["conversation_id"], w.Rows[0]["has_cart"]})
	row := n.call("GET", visitorsPath+"/online?order=asc", agent, nil).data()[0].(map[string]any)
	for name, value := range w.Rows[0] { // the same as over HTTP
		if name != "has_cart" {
			require.Contains(t, row, name)
			require.Equal(t, row[name], value, name)
		}
	}
	v.next()
	require.Zero(t, v.Total)

	la.track("page_view", `{"url":"https://shop.example/shoes"}`)
	lb.track("cart_updated", `{"items":[{"sku":"secret"}],"total":12.5}`)
	w.until("what they did", func() bool { return w.Rows[0]["page"] == "https://shop.example/shoes" && w.Rows[1]["has_cart"] == true })
	require.Equal(t, []any{1.0, 12.5}, []any{w.Rows[0]["pages"], w.Rows[1]["cart_value"]})
	v.until("Anna comes into the filter", func() bool { return v.Total == 1 })
	require.Equal(t, []string{anna}, v.IDs())

	conv := chat.NewID[chat.Conversation]().String()
	require.Equal(t, 201, n.call("POST", "/api/v1/conversations/"+conv+"/messages", tokenB, map[string]any{
		"cmid": chat.NewID[chat.Event]().String(), "body": map[string]any{"text": "hi"},
	}).status)
	w.until("Bo waits", func() bool { return w.Rows[1]["state"] == "queued" && w.Rows[1]["conversation_id"] == conv })
	require.Equal(t, 200, n.call("POST", "/api/v1/conversations/"+conv+"/accept", agent, nil).status)
	w.until("Bo talks", func() bool { return w.Rows[1]["state"] == "chatting" })

	lc, _, cem := n.guest(t, other.TCPAddr(), "shop", map[string]any{"name": "Cem"})
	w.until("Cem comes", func() bool { return w.Total == 3 })
	require.Equal(t, []string{anna, bo, cem}, w.IDs())
	require.NoError(t, la.c.Close())
	w.until("Anna goes", func() bool { return w.Total == 2 })
	require.Equal(t, []string{bo, cem}, w.IDs())
	v.until("also there", func() bool { return v.Total == 0 })

	// Only what is visible is told.
	w.watch(`{"order":"asc"}`, 1, 1)
	w.until("it scrolls", func() bool { return w.N == 1 && w.Offset == 1 })
	require.Equal(t, []string{cem}, w.IDs())
	lb.track("page_view", `{"url":"https://shop.example/hats"}`)
	lb.settledTracks()
	w.quiet(2500 * time.Millisecond)
	lc.track("page_view", `{"url":"https://shop.example/hats"}`)
	w.next()
	require.Equal(t, "https://shop.example/hats", w.Rows[0]["page"])
	w.write(&codec.Watch{Topic: codec.WatchNone})
	lc.track("page_view", `{"url":"https://shop.example/coats"}`)
	lc.settledTracks()
	w.quiet(2500 * time.Millisecond)
	require.Equal(t, 1, foreign.Events)
	foreign.quiet(100 * time.Millisecond) // all along

	for _, bad := range []*codec.Watch{
		{Topic: codec.WatchBoard, Filter: []byte(`{"name":"Anna"}`)},
		{Topic: codec.WatchBoard, Filter: []byte(`[]`)},
		{Topic: codec.WatchBoard, Limit: 201},
		{Topic: codec.WatchBoard, Offset: 10_001},
		{Topic: codec.WatchBoard, Filter: []byte(`{"sort":"tenant"}`)},
	} {
		w.write(bad)
		require.EqualValues(t, 400, until[*codec.Error](w.line).Code, "%+v", bad)
	}
	_, program := n.apiToken(n.tenant.ID, chat.AllScopes)
	for _, token := range []string{tokenB, program} {
		l := dialLine(t, n.TCPAddr(), token)
		l.write(&codec.Watch{Topic: codec.WatchBoard})
		require.EqualValues(t, 403, until[*codec.Error](l).Code)
	}
}

// simulated is a node of the cluster that has 100,000 visitors without having their connections: what it tells enters through the Broker.
type simulated struct {
	mu     sync.Mutex
	x      *board.Index
	guests []chat.Guest
	at     map[chat.VisitorID]int
}

func simulate(b *testing.B, n *node, count int) *simulated {
	s := &simulated{x: board.NewIndex(1), at: make(map[chat.VisitorID]int)}
	changes := make([]board.Change, count)
	for i := range changes {
		g := chat.Guest{
			ID: chat.NewID[chat.Visitor](), Name: fmt.Sprint("Visitor ", i), Locale: "zh-CN", Page: "https://shop.example/product/1", State: chat.GuestIdle,
			Since: time.Now().UnixMilli() - int64(count-i),
		}
		g.Seen = g.Since
		s.at[g.ID], s.guests = i, append(s.guests, g)
		changes[i].Row = board.RowOf(&g, board.Idle)
	}
	s.x.Apply(changes)
	d := chat.NewDesk(chat.DeskConfig{Log: n.kept.Log, Store: n.kept.Store, Broker: n.kept.Broker})
	d.SetBoard(func(_ context.Context, t chat.TenantID, q *chat.BoardQuery) (out chat.BoardPart) {
		if t != n.tenant.ID {
			return out
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		switch {
		case q.Only != nil:
			for _, id := range q.Only {
				out.Guests = append(out.Guests, s.guests[s.at[id]])
			}
		case q.Spots > 0:
			out.Spots, out.Total = s.x.Spots(q)
		}
		return out
	})
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = d.Run(ctx) })
	wg.Go(func() { _ = n.kept.Broker.Subscribe(ctx, d.Heard) })
	b.Cleanup(func() {
		cancel()
		wg.Wait()
	})
	require.Eventually(b, func() bool { return d.Presence.Peers() > 0 }, 15*time.Second, 10*time.Millisecond)
	return s
}

// change changes so many guests: most look at another page, one in ten goes and another comes.
func (s *simulated) change(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now().UnixMilli()
	var changes []board.Change
	for _, i := range rand.Perm(len(s.guests))[:n] {
		g := &s.guests[i]
		if len(changes)%10 == 0 {
			changes = append(changes, board.Change{Row: board.Row{ID: g.ID}, Gone: true})
			delete(s.at, g.ID)
			g.ID, g.Since, g.Pages = chat.NewID[chat.Visitor](), now, 0
			s.at[g.ID] = i
		}
		g.Page, g.Seen, g.Pages = fmt.Sprintf("https://shop.example/product/%d", rand.IntN(5000)), now, g.Pages+1
		changes = append(changes, board.Change{Row: board.RowOf(g, board.Idle)})
	}
	s.x.Apply(changes)
}

// BenchmarkBoardWatch is 20 agents with connections who look at a board of 100,000 visitors, 1,000 of whom change every second. It
// tells the bytes a second that an agent gets, and the CPU a second of everything in this process: the node, the other one that
// makes the changes, the agents.
func BenchmarkBoardWatch(b *testing.B) {
	const visitors, agents, perSecond = 100_000, 20, 1000
	for name, filters := range map[string][]string{
		"newest": {`{}`}, "oldest": {`{"order":"asc"}`}, "everybody-another": {`{"q":"product/%d"}`, `{"q":"visitor 7%d"}`, `{"sort":"last_seen","page":"/%d"}`, `{"sort":"pages","q":"%d"}`},
	} {
		b.Run(name, func(b *testing.B) {
			n := start(b, nil)
			s := simulate(b, n, visitors)
			for b.Loop() {
				var watchers []*watcher
				for i := range agents {
					_, token := n.agent(n.tenant.ID, chat.Member)
					w := n.watcher(n.TCPAddr(), token)
					filter := filters[i%len(filters)]
					if len(filters) > 1 {
						filter = fmt.Sprintf(filter, i)
					}
					w.watch(filter, 0, 50)
					watchers = append(watchers, w)
				}
				var wg sync.WaitGroup
				for _, w := range watchers {
					w.until("all", func() bool { return w.Complete })
					require.NoError(b, w.c.SetDeadline(time.Time{}))
					w.Bytes, w.Events = 0, 0
					wg.Go(func() {
						for {
							e, err := w.changed()
							if err != nil {
								return
							}
							w.Events, w.Bytes = w.Events+1, w.Bytes+len(e)
						}
					})
				}
				before, begun := processor(b), time.Now()
				for tick := time.NewTicker(100 * time.Millisecond); time.Since(begun) < 20*time.Second; {
					<-tick.C
					s.change(perSecond / 10)
				}
				took := time.Since(begun).Seconds()
				used := processor(b) - before
				for _, w := range watchers {
					require.NoError(b, w.c.Close())
				}
				wg.Wait()
				bytes, events := make([]int, agents), 0
				for i, w := range watchers {
					bytes[i], events = w.Bytes, events+w.Events
				}
				slices.Sort(bytes)
				b.ReportMetric(float64(bytes[agents/2])/took, "B/s/agent")
				b.ReportMetric(float64(bytes[agents-1])/took, "B/s/most")
				b.ReportMetric(float64(events)/took/agents, "events/s/agent")
				b.ReportMetric(used.Seconds()/took*100, "%CPU")
			}
		})
	}
}

func processor(b *testing.B) time.Duration {
	var u unix.Rusage
	require.NoError(b, unix.Getrusage(unix.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
