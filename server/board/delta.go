package board

import (
	"encoding/json"
	"sort"
	"strconv"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// shown is a row as a screen has it.
type shown struct {
	guest chat.Guest
	spot  chat.BoardSpot
}

// fields are what a screen is told of a row beside its id, by the names of GET /api/v1/visitors/online.
var fields = [...]struct {
	name string
	of   func(*chat.Guest) any // something that can be compared
}{
	{"external_id", func(g *chat.Guest) any { return g.ExternalID }},
	{"verified", func(g *chat.Guest) any { return g.Verified }},
	{"name", func(g *chat.Guest) any { return g.Name }},
	{"email", func(g *chat.Guest) any { return g.Email }},
	{"locale", func(g *chat.Guest) any { return g.Locale }},
	{"page", func(g *chat.Guest) any { return g.Page }},
	{"state", func(g *chat.Guest) any { return g.State }},
	{"conversation_id", func(g *chat.Guest) any {
		if g.Conversation.IsZero() {
			return nil
		}
		return g.Conversation.String()
	}},
	{"since", func(g *chat.Guest) any { return moment(g.Since) }},
	{"last_seen_at", func(g *chat.Guest) any { return moment(g.Seen) }},
	{"pages", func(g *chat.Guest) any { return g.Pages }},
	{"cart_value", func(g *chat.Guest) any { return g.CartValue }},
	{"has_cart", func(g *chat.Guest) any { return g.HasCart }},
}

// moment is a time in ms since 1970 as the API tells it.
func moment(ms int64) string { return time.UnixMilli(ms).UTC().Format(time.RFC3339Nano) }

// delta is the data of a board.changed.
type delta struct {
	N        int               `json:"n"`
	Offset   int               `json:"offset"`
	Total    int               `json:"total"`
	Complete bool              `json:"complete"`
	Gone     []string          `json:"gone,omitempty"`
	Rows     []json.RawMessage `json:"rows,omitempty"`
}

// compare fills in what makes the new rows of the old ones.
func (d *delta) compare(before, now []shown) {
	old := make(map[chat.VisitorID]int, len(before))
	for i := range before {
		old[before[i].guest.ID] = i
	}
	ranks := make([]int, 0, len(now)) // of the rows that stay, in their new order
	for i := range now {
		if at, was := old[now[i].guest.ID]; was {
			ranks = append(ranks, at)
		}
	}
	still := rising(ranks) // by their place before
	for i := range now {
		g := &now[i].guest
		at, was := old[g.ID]
		if !was {
			d.Rows = append(d.Rows, row(g, nil, i))
			continue
		}
		delete(old, g.ID)
		place := i
		if still[at] {
			place = -1
		}
		if r := row(g, &before[at].guest, place); r != nil {
			d.Rows = append(d.Rows, r)
		}
	}
	for i := range before { // in their order: the same change makes the same event
		if _, left := old[before[i].guest.ID]; left {
			d.Gone = append(d.Gone, before[i].guest.ID.String())
		}
	}
}

// row is what is new of a guest: everything if there is none before, and its place unless that is -1; nil if nothing is new.
func row(g, before *chat.Guest, at int) json.RawMessage {
	b := append([]byte(`{"id":"`), g.ID.String()...)
	b = append(b, '"')
	empty := len(b)
	if at >= 0 {
		b = strconv.AppendInt(append(b, `,"at":`...), int64(at), 10)
	}
	for _, f := range fields {
		now := f.of(g)
		if before != nil && f.of(before) == now {
			continue
		}
		value, err := json.Marshal(now)
		if err != nil { // strings and numbers always marshal
			panic(err)
		}
		b = append(append(append(append(b, `,"`...), f.name...), `":`...), value...)
	}
	if len(b) == empty {
		return nil
	}
	return append(b, '}')
}

// rising returns the members of a longest rising part of distinct numbers: rows that need not be moved.
func rising(all []int) map[int]bool {
	var ends []int // ends[n]: where in all the rising part of n+1 members ends whose end is smallest
	before := make([]int, len(all))
	for i, v := range all {
		n := sort.Search(len(ends), func(j int) bool { return all[ends[j]] >= v })
		before[i] = -1
		if n > 0 {
			before[i] = ends[n-1]
		}
		if n == len(ends) {
			ends = append(ends, i)
		} else {
			ends[n] = i
		}
	}
	out := make(map[int]bool, len(ends))
	if len(ends) > 0 {
		for i := ends[len(ends)-1]; i >= 0; i = before[i] {
			out[all[i]] = true
		}
	}
	return out
}
