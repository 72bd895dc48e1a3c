package board

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

// crowdOf makes guests as a shop has them.
type crowdOf struct {
	r *rand.Rand
	n int
}

func (c *crowdOf) guest(id chat.VisitorID) (chat.Guest, State) {
	c.n++
	g := chat.Guest{
		ID: id, Name: fmt.Sprintf("Visitor %d", c.n), Email: fmt.Sprintf("v%d@example.com", c.n), Locale: []string{"zh-Hans-CN", "zh-TW", "de-AT", "en", ""}[c.r.IntN(5)],
		Page: fmt.Sprintf("https://shop.example/Product/%d", c.r.IntN(1000)), Since: int64(c.r.IntN(5000)), Seen: int64(c.r.IntN(5000)),
	}
	if c.r.IntN(4) == 0 {
		g.Pages = c.r.IntN(20)
	}
	if c.r.IntN(5) == 0 {
		g.Cart, g.HasCart, g.CartValue = []byte(`{}`), true, float64(c.r.IntN(50))
	}
	s := State(c.r.IntN(4))
	if s != Idle {
		g.Conversation = chat.NewID[chat.Conversation]()
	}
	return g, s
}

// matches is what a query means, said another way.
func matches(q *chat.BoardQuery, g *chat.Guest, s State) bool {
	has := func(text, part string) bool { return strings.Contains(strings.ToLower(text), strings.ToLower(part)) }
	parts := strings.Split(g.Locale, "-")
	country := ""
	if last := parts[len(parts)-1]; len(parts) > 1 && len(last) == 2 {
		country = last
	}
	return (q.Cart == nil || *q.Cart == g.HasCart) && (q.Since.IsZero() || g.Since >= q.Since.UnixMilli()) &&
		(q.State == "" || s.String() == q.State) && (q.Country == "" || strings.EqualFold(country, q.Country)) &&
		strings.HasPrefix(strings.ToLower(g.Locale), strings.ToLower(q.Locale)) && has(g.Page, q.Page) &&
		(q.Text == "" || has(g.Name, q.Text) || has(g.Email, q.Text) || has(g.Page, q.Text))
}

// An index says after any changes what a look at everybody says.
func TestIndexAgreesWithEverybody(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	c := &crowdOf{r: r}
	x := NewIndex(100)
	guests, states := make(map[chat.VisitorID]chat.Guest), make(map[chat.VisitorID]State)
	var ids []chat.VisitorID
	for range 300 {
		ids = append(ids, chat.NewID[chat.Visitor]())
	}
	yes, no := true, false
	queries := []chat.BoardQuery{
		{},
		{Asc: true},
		{Sort: chat.BySeen},
		{Sort: chat.ByPages},
		{Sort: chat.ByCart, Asc: true},
		{Cart: &yes},
		{Cart: &no, Sort: chat.ByPages},
		{Text: "visitor 7"},
		{Text: "V1@EXAMPLE"},
		{Page: "/product/7"},
		{Locale: "ZH"},
		{Country: "cn"},
		{Country: "at", Sort: chat.BySeen},
		{Country: "z"},
		{State: chat.GuestQueued},
		{State: chat.GuestIdle},
		{Since: time.UnixMilli(2500), Asc: true},
		{Text: "product/1", Country: "TW", Sort: chat.ByCart},
		{Text: "nobody has this"},
	}
	for round := range 60 {
		var changes []Change
		for _, i := range r.Perm(len(ids))[:r.IntN(80)+1] {
			id := ids[i]
			if r.IntN(3) == 0 {
				delete(guests, id)
				changes = append(changes, Change{Row: Row{ID: id}, Gone: true})
				continue
			}
			g, s := c.guest(id)
			if old, there := guests[id]; there && r.IntN(2) == 0 { // only some of it
				old.Page, old.Seen = g.Page, g.Seen
				g, s = old, states[id]
			}
			guests[id], states[id] = g, s
			changes = append(changes, Change{Row: RowOf(&g, s)})
		}
		x.Apply(changes)
		if late := x.Unknown(5); round%3 == 0 {
			for i := range late {
				late[i].State = Chatting
				states[late[i].ID] = Chatting
			}
			x.Settle(late)
		}
		require.Equal(t, len(guests), x.Len())
		for n, q := range queries {
			if n > 4 && r.IntN(3) == 0 { // filters are made at any time
				continue
			}
			compare(t, x, q, guests, states)
		}
	}
}

func compare(t *testing.T, x *Index, q chat.BoardQuery, guests map[chat.VisitorID]chat.Guest, states map[chat.VisitorID]State) {
	t.Helper()
	var want []chat.BoardPlace
	for id, g := range guests {
		if matches(&q, &g, states[id]) {
			want = append(want, chat.BoardPlace{Key: q.Key(&g), ID: id})
		}
	}
	slices.SortFunc(want, q.Compare)
	q.Spots = 50
	spots, total := x.Spots(&q)
	require.Equal(t, len(want), total, "%+v", q)
	require.Len(t, spots, min(50, len(want)), "%+v", q)
	for i := range spots {
		require.Equal(t, want[i], spots[i].BoardPlace, "%+v", q)
	}
	q.Limit = 7
	var got []chat.BoardPlace
	for {
		rows, total := x.Page(&q)
		require.Equal(t, len(want), total)
		for i := range rows[:min(len(rows), q.Limit)] {
			g := guests[rows[i].ID]
			got = append(got, chat.BoardPlace{Key: q.Key(&g), ID: rows[i].ID})
		}
		if len(rows) <= q.Limit {
			break
		}
		last := got[len(got)-1]
		q.After = &last
	}
	require.Equal(t, want, got, "%+v", q)
}

// A row's revision moves with what it says, and only then; filters that nobody asks for any more go.
func TestIndexRevisionsAndBounds(t *testing.T) {
	c := &crowdOf{r: rand.New(rand.NewPCG(1, 2))}
	x := NewIndex(7)
	g, _ := c.guest(chat.NewID[chat.Visitor]())
	x.Apply([]Change{{Row: RowOf(&g, Unknown)}})
	first, _ := x.Row(g.ID)
	require.Greater(t, first.Rev, uint64(7))
	x.Apply([]Change{{Row: RowOf(&g, Unknown)}})
	same, _ := x.Row(g.ID)
	require.Equal(t, first.Rev, same.Rev)
	x.Settle([]Row{{ID: g.ID, Conversation: chat.NewID[chat.Conversation](), State: Queued}})
	still, _ := x.Row(g.ID)
	require.Equal(t, Unknown, still.State, "another conversation")
	same.State = Queued
	x.Settle([]Row{same})
	moved, _ := x.Row(g.ID)
	require.Equal(t, Queued, moved.State)
	require.Greater(t, moved.Rev, first.Rev)
	require.Empty(t, x.Unknown(10))
	for i := range 3 * maxFilters {
		x.Page(&chat.BoardQuery{Text: fmt.Sprint("x", i), Limit: 1})
	}
	require.Len(t, x.filters, maxFilters)
	x.Apply([]Change{{Row: Row{ID: g.ID}, Gone: true}})
	require.Zero(t, x.Len())
	_, there := x.Row(g.ID)
	require.False(t, there)
}

func TestRegion(t *testing.T) {
	for locale, want := range map[string]string{"zh-Hans-CN": "CN", "de_at": "AT", "en": "", "": "", "-": "", "zh-": "", "-gb": "GB", "sr-Latn-RS-x": "RS", "zh-419": ""} {
		got := region(locale)
		require.Equal(t, cmp.Or(want, "\x00\x00"), string(got[:]), locale)
	}
}

// BenchmarkIndex is 100,000 visitors of one node: what a page costs, and what 1,000 changes cost that come between two pages.
func BenchmarkIndex(b *testing.B) {
	c := &crowdOf{r: rand.New(rand.NewPCG(1, 2))}
	var changes []Change
	for range 100_000 {
		g, s := c.guest(chat.NewID[chat.Visitor]())
		changes = append(changes, Change{Row: RowOf(&g, s)})
	}
	full := func() *Index {
		x := NewIndex(0)
		x.Apply(changes)
		return x
	}
	b.Run("build", func(b *testing.B) {
		for b.Loop() {
			full()
		}
	})
	queries := map[string]chat.BoardQuery{
		"newest": {}, "pages": {Sort: chat.ByPages}, "page": {Page: "/product/77"}, "country": {Country: "CN", Sort: chat.BySeen}, "text": {Text: "visitor 7777"},
		"nothing": {Text: "nobody has this"},
	}
	x := full()
	for name, q := range queries {
		q.Limit = 50
		x.Page(&q) // its order is there
		b.Run("first/"+name, func(b *testing.B) {
			for b.Loop() {
				x.filters = nil
				x.Page(&q)
			}
		})
		b.Run("again/"+name, func(b *testing.B) {
			for b.Loop() {
				x.Page(&q)
			}
		})
	}
	b.Run("deep", func(b *testing.B) {
		for b.Loop() {
			x.Spots(&chat.BoardQuery{Spots: 10_050})
		}
	})
	for _, q := range queries { // 20 agents, each with a filter of his own
		for i := range 5 {
			q.Text, q.Limit = fmt.Sprint(q.Text, i), 50
			x.Page(&q)
		}
	}
	b.Run(fmt.Sprintf("changes-%d-orders-%d-filters", len(x.orders), len(x.filters)), func(b *testing.B) {
		for b.Loop() {
			some, from := make([]Change, 1000), c.r.IntN(len(changes)-1000)
			for i := range some {
				g, s := c.guest(changes[from+i].Row.ID)
				some[i].Row = RowOf(&g, s)
			}
			x.Apply(some)
		}
	})
}
