package board

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/testkit/screen"
)

// list is a screen in a test.
type list struct {
	screen.Screen
	t testing.TB
}

// turns are taken by a test and by who tells its lists something: Wait orders only what came before it, for the race detector.
var turns sync.Mutex

func (l *list) take(data []byte) {
	turns.Lock()
	defer turns.Unlock()
	require.NoError(l.t, l.Take(data))
}

// A client that applies what it is told has what the server has, however rows come, go, move and change.
func TestDeltaMakesTheSameList(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	c := &crowdOf{r: r}
	l := &list{t: t}
	var before []shown
	for n := range 500 {
		now := slices.Clone(before)
		for range r.IntN(4) {
			if len(now) > 0 {
				i := r.IntN(len(now))
				now = slices.Delete(now, i, i+1)
			}
		}
		for range r.IntN(5) {
			if len(now) < 30 {
				g, s := c.guest(chat.NewID[chat.Visitor]())
				g.State = max(s, Idle).String()
				now = slices.Insert(now, r.IntN(len(now)+1), shown{guest: g})
			}
		}
		for range r.IntN(3) {
			if len(now) > 0 {
				i, j := r.IntN(len(now)), r.IntN(len(now))
				now[i], now[j] = now[j], now[i]
				g, _ := c.guest(now[i].guest.ID)
				now[i].guest.Page, now[i].guest.Conversation = g.Page, g.Conversation
			}
		}
		d := delta{N: n + 1}
		d.compare(before, now)
		data, err := json.Marshal(&d)
		require.NoError(t, err)
		l.take(data)
		want := &list{t: t}
		all := delta{N: 1}
		all.compare(nil, now)
		data, err = json.Marshal(&all)
		require.NoError(t, err)
		want.take(data)
		require.Equal(t, want.Rows, l.Rows, "round %d", n)
		before = now
	}
	d := delta{}
	d.compare(before, before)
	require.Empty(t, d.Rows)
	require.Empty(t, d.Gone)
}

// One row that jumps is one row told, not all those that make room.
func TestDeltaTellsWhatMoves(t *testing.T) {
	c := &crowdOf{r: rand.New(rand.NewPCG(3, 4))}
	var before []shown
	for range 50 {
		g, _ := c.guest(chat.NewID[chat.Visitor]())
		before = append(before, shown{guest: g})
	}
	now := append(slices.Clone(before[49:]), before[:49]...)
	d := delta{}
	d.compare(before, now)
	require.Len(t, d.Rows, 1)
	require.JSONEq(t, fmt.Sprintf(`{"id":%q,"at":0}`, before[49].guest.ID), string(d.Rows[0]))
}

// site is a Source of one node.
type site struct {
	mu     sync.Mutex
	x      *Index
	guests map[chat.VisitorID]chat.Guest
	asked  int // for spots
	told   int // guests
	fail   bool
	tenant chat.TenantID
}

func newSite(n int) *site {
	s := &site{x: NewIndex(1), guests: make(map[chat.VisitorID]chat.Guest), tenant: chat.NewID[chat.Tenant]()}
	var changes []Change
	for i := range n {
		g := chat.Guest{ID: chat.NewID[chat.Visitor](), Since: int64(i + 1), Name: fmt.Sprint("visitor ", i), State: chat.GuestIdle, Page: "https://shop.example/", Locale: "de-AT"}
		s.guests[g.ID] = g
		changes = append(changes, Change{Row: RowOf(&g, Idle)})
	}
	s.x.Apply(changes)
	return s
}

func (s *site) BoardSpots(_ context.Context, t chat.TenantID, q chat.BoardQuery, n int) (b chat.BoardSpots, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked++; s.fail {
		return b, errors.New("no board today")
	}
	if t != s.tenant {
		return chat.BoardSpots{Complete: true}, nil
	}
	q.Spots = n
	b.Spots, b.Total = s.x.Spots(&q)
	b.Complete = true
	return b, nil
}

func (s *site) BoardGuests(_ context.Context, _ chat.TenantID, spots []chat.BoardSpot) (map[chat.VisitorID]chat.Guest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make(map[chat.VisitorID]chat.Guest)
	for i := range spots {
		if g, here := s.guests[spots[i].ID]; here {
			out[g.ID] = g
			s.told++
		}
	}
	return out, nil
}

// change changes guests; one without a name goes.
func (s *site) change(all ...chat.Guest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range all {
		g := &all[i]
		if g.Name == "" {
			delete(s.guests, g.ID)
			s.x.Apply([]Change{{Row: Row{ID: g.ID}, Gone: true}})
			continue
		}
		s.guests[g.ID] = *g
		s.x.Apply([]Change{{Row: RowOf(g, Idle)}})
	}
}

// at is the guest in a place of the newest.
func (s *site) at(i int) chat.Guest {
	s.mu.Lock()
	defer s.mu.Unlock()
	spots, _ := s.x.Spots(&chat.BoardQuery{Spots: i + 1})
	return s.guests[spots[i].ID]
}

// pass lets bubble time go by, and whoever it wakes do what it has to.
func pass(d time.Duration) {
	turns.Lock()
	turns.Unlock() //nolint:staticcheck // what the test did is before what is told from now on
	time.Sleep(d)
	synctest.Wait()
}

// inBubble runs Screens in bubble time.
func inBubble(t *testing.T, s *site, fn func(w *Screens)) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		w := NewScreens(s, slog.New(slog.DiscardHandler))
		done := make(chan error, 1)
		go func() { done <- w.Run(ctx) }()
		fn(w)
		cancel()
		require.NoError(t, <-done)
	})
}

func (s *site) view(offset, limit int) View {
	return View{Tenant: s.tenant, Query: chat.BoardQuery{Sort: chat.BySince}, Offset: offset, Limit: limit}
}

func TestScreenHearsOfVisibleRowsOnly(t *testing.T) {
	s := newSite(1000)
	inBubble(t, s, func(w *Screens) {
		l := &list{t: t}
		w.Show(nil, s.view(10, 20), l.take)
		synctest.Wait()
		require.Len(t, l.Rows, 20, "at once")
		require.Equal(t, []any{1000, 10, true}, []any{l.Total, l.Offset, l.Complete})
		require.Equal(t, "visitor 989", l.Rows[0]["name"])
		require.Equal(t, 20, s.told)

		pass(10 * time.Second)
		require.Equal(t, 1, l.Events, "nothing changed")
		g := s.at(500)
		g.Page = "/elsewhere"
		s.change(g)
		pass(3 * time.Second)
		require.Equal(t, 1, l.Events, "it is not visible")

		g = s.at(12)
		for i := range 10 { // in one second
			g.Page = fmt.Sprint("/", i)
			s.change(g)
		}
		pass(1500 * time.Millisecond)
		require.Equal(t, 2, l.Events)
		require.Equal(t, "/9", l.Rows[2]["page"])
		require.Equal(t, "visitor 987", l.Rows[2]["name"], "what was known stays")
		require.Equal(t, 21, s.told, "only that one was asked for")

		// Somebody above the screen goes: everything moves up, one row comes.
		above := s.at(3)
		above.Name = ""
		s.change(above)
		pass(1500 * time.Millisecond)
		require.Equal(t, 3, l.Events)
		require.Equal(t, 999, l.Total)
		require.Equal(t, 22, s.told)
		want := []string{}
		for i := range 20 {
			want = append(want, s.at(10+i).ID.String())
		}
		require.Equal(t, want, l.IDs())
	})
}

func TestScreensShareAndEnd(t *testing.T) {
	s := newSite(300)
	inBubble(t, s, func(w *Screens) {
		lists := make([]*list, 20)
		screens := make([]*Screen, 20)
		for i := range lists {
			lists[i] = &list{t: t}
			screens[i] = w.Show(nil, s.view(i*10, 50), lists[i].take)
		}
		pass(10*time.Second + 100*time.Millisecond)
		require.LessOrEqual(t, s.asked, 22, "one question a second for all who ask the same")
		for i, l := range lists {
			require.Equal(t, s.at(i*10).ID.String(), l.IDs()[0])
			require.Equal(t, min(50, 300-i*10), len(l.Rows))
		}
		other := &list{t: t}
		v := s.view(0, 50)
		v.Tenant = chat.NewID[chat.Tenant]()
		w.Show(nil, v, other.take)
		pass(2 * time.Second)
		require.Empty(t, other.Rows, "another tenant's")
		require.Equal(t, 1, other.Events)

		for _, one := range screens {
			w.End(one)
		}
		require.Equal(t, 1, w.Len())
		g := s.at(0)
		g.Page = "/new"
		s.change(g)
		events := lists[0].Events
		pass(5 * time.Second)
		require.Equal(t, events, lists[0].Events)
	})
}

// Who scrolls gets where he ends; a connection gets all rows four times a second at most.
func TestScreenScrolls(t *testing.T) {
	s := newSite(5000)
	inBubble(t, s, func(w *Screens) {
		l := &list{t: t}
		one := w.Show(nil, s.view(0, 50), l.take)
		synctest.Wait()
		for i := range 100 { // two seconds
			one = w.Show(one, s.view(i*20, 50), l.take)
			pass(20 * time.Millisecond)
		}
		pass(time.Second)
		require.LessOrEqual(t, l.Events, 11)
		require.Equal(t, 99*20, l.Offset)
		require.Equal(t, s.at(99*20).ID.String(), l.IDs()[0])
		require.Equal(t, 1, w.Len())
	})
}

// However much changes, a connection gets less than 5 KiB a second, and has the newest in the end.
func TestScreenIsCapped(t *testing.T) {
	s := newSite(2000)
	inBubble(t, s, func(w *Screens) {
		l := &list{t: t}
		w.Show(nil, s.view(0, 50), l.take)
		synctest.Wait()
		first := l.Bytes
		const seconds = 120
		for n := range seconds * 10 { // ten new ones at the top each tenth of a second
			for i := range 10 {
				s.change(chat.Guest{ID: chat.NewID[chat.Visitor](), Name: "new", Since: int64(10_000 + n*10 + i), State: chat.GuestIdle})
			}
			pass(100 * time.Millisecond)
		}
		require.Less(t, l.Bytes-first, seconds*5<<10)
		require.Greater(t, l.Events, 20)
		pass(20 * time.Second)
		require.Equal(t, s.at(0).ID.String(), l.IDs()[0])
		require.Equal(t, s.at(49).ID.String(), l.IDs()[49])
	})
}

func TestScreenOutlivesFailure(t *testing.T) {
	s := newSite(10)
	inBubble(t, s, func(w *Screens) {
		s.fail = true
		l := &list{t: t}
		w.Show(nil, s.view(0, 50), l.take)
		pass(5 * time.Second)
		require.Zero(t, l.Events)
		require.LessOrEqual(t, s.asked, 6)
		s.mu.Lock()
		s.fail = false
		s.mu.Unlock()
		pass(2 * time.Second)
		require.Len(t, l.Rows, 10)
	})
}

func TestParseFilter(t *testing.T) {
	yes := true
	for text, want := range map[string]chat.BoardQuery{
		"": {Sort: chat.BySince}, "null": {Sort: chat.BySince}, " {} ": {Sort: chat.BySince},
		`{"q":"anna","page":"/shoes","locale":"zh","country":"CN","state":"queued","has_cart":true,"sort":"last_seen","order":"asc"}`: {
			Text: "anna", Page: "/shoes", Locale: "zh", Country: "CN", State: chat.GuestQueued, Cart: &yes, Sort: chat.BySeen, Asc: true,
		},
		`{"since":"2026-11-26T12:00:00Z","sort":"cart_value","order":"desc"}`: {Since: time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC), Sort: chat.ByCart},
	} {
		got, err := ParseFilter([]byte(text))
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, bad := range []string{
		`[]`, `"x"`, `{"q":1}`, `{"nme":"anna"}`, `{"state":"open"}`, `{"sort":"name"}`, `{"order":"up"}`, `{} {}`, `{`, `{"country":"CHN"}`, `{"has_cart":"true"}`,
		`{"since":"yesterday"}`, `{"q":"` + strings.Repeat("x", 900) + `"}`,
	} {
		_, err := ParseFilter([]byte(bad))
		require.Equal(t, chat.Malformed, chat.CodeOf(err), bad)
	}
}
