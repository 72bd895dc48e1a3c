package live

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// guests is what visitors on this node do on the site: of those who tell (TRACK). Nobody else takes any memory here. Safe for
// concurrent use.
type guests struct {
	mu sync.RWMutex
	m  map[chat.VisitorKey]*guest
	// convs are conversations that visitors who are here have begun elsewhere: their connections don't know of them.
	convs map[chat.VisitorKey]chat.ConversationID
}

// talks notes a conversation that a visitor who is here has elsewhere.
func (g *guests) talks(k chat.VisitorKey, conv chat.ConversationID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.convs == nil {
		g.convs = make(map[chat.VisitorKey]chat.ConversationID)
	}
	g.convs[k] = conv
}

// said notes that a visitor has begun, or gone on with, a conversation over a connection: what was noted of another one is over.
func (g *guests) said(k chat.VisitorKey, conv chat.ConversationID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, noted := g.convs[k]; noted {
		g.convs[k] = conv
	}
}

// leave notes that a visitor's last connection to this node has ended.
func (g *guests) leave(k chat.VisitorKey, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.convs, k)
	if one := g.m[k]; one != nil {
		one.left = now.UnixMilli()
	}
}

// guest is what one visitor did. guests.mu is over all of it.
type guest struct {
	since, seen, left int64 // ms since 1970; left: its last connection ended then; 0: it is here
	pages             int
	page              string
	cart              json.RawMessage
	cartValue         float64
	trail             []kept // oldest first
	row               rowState
	wrote             int64 // when it began to have a row
	late              bool  // its row is there, and what came while that was found out is to be written
	bucket            bucket
}

// kept is a step in memory.
type kept struct {
	id   chat.StepID
	at   int64
	name string
	data json.RawMessage
}

// rowState says whether a visitor has a row, for only then its steps are written.
type rowState uint8

const (
	rowUnknown rowState = iota
	rowNone
	rowComing // its first message was appended
	rowThere
)

const (
	maxGuests    = 200_000
	trailSteps   = 10      // in memory
	trailBytes   = 8 << 10 // of their data
	stepRate     = 2       // a second
	stepBurst    = 30
	guestsEvery  = 2 * time.Second
	guestLinger  = 2 * time.Minute // after the last connection: the next page has the same trail
	rowPatience  = 5 * time.Minute // for a first message to become a row
	newcomerSpan = 10 * time.Minute
)

// track takes in a step, and returns it if it is to be written.
func (g *guests) track(k chat.VisitorKey, s *session, name string, data json.RawMessage, now time.Time) (step chat.Step, write bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	one := g.m[k]
	if one == nil {
		if len(g.m) >= maxGuests {
			return step, false, errTooManyGuests
		}
		if g.m == nil {
			g.m = make(map[chat.VisitorKey]*guest)
		}
		one = &guest{since: now.UnixMilli(), row: firstRow(k, s, now)}
		g.m[k] = one
	}
	if wait := one.bucket.take(now, stepRate, stepBurst); wait > 0 {
		return step, false, &chat.Error{Code: chat.TooMany, Message: "too many TRACKs; slow down", RetryAfter: wait}
	}
	step = chat.Step{ID: chat.NewID[chat.Step](), Tenant: k.Tenant, Visitor: k.Visitor, Name: name, Data: data, At: now.UTC().Truncate(time.Microsecond)}
	one.add(&step)
	return step, one.row == rowThere || one.row == rowUnknown, nil
}

// firstRow is what is known of a visitor's row when it is met first: who was given an id just now has none.
func firstRow(k chat.VisitorKey, s *session, now time.Time) rowState {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch age := now.Sub(k.Visitor.MadeAt()); {
	case !s.conv.IsZero():
		return rowComing
	case age < newcomerSpan:
		return rowNone
	default:
		return rowUnknown
	}
}

// add appends a step to the trail. guests.mu must be held.
func (one *guest) add(s *chat.Step) {
	one.seen = s.At.UnixMilli()
	switch s.Name {
	case chat.StepPage:
		var d struct{ URL string }
		if json.Unmarshal(s.Data, &d) == nil {
			one.page = d.URL[:min(len(d.URL), maxPage)]
		}
		one.pages++
	case chat.StepCart:
		one.setCart(s.Data)
	case chat.StepOrder: // what was ordered is not in the cart any more
		one.cart, one.cartValue = nil, 0
	}
	one.trail = append(one.trail, kept{s.ID, one.seen, s.Name, s.Data})
	size := 0
	for i := range one.trail {
		size += len(one.trail[i].data)
	}
	for len(one.trail) > trailSteps || size > trailBytes && len(one.trail) > 1 {
		size -= len(one.trail[0].data)
		one.trail = append(one.trail[:0:0], one.trail[1:]...)
	}
}

// setCart notes what is in the cart: items, and total or value.
func (one *guest) setCart(data json.RawMessage) {
	var d struct {
		Items        []json.RawMessage
		Total, Value float64
	}
	_ = json.Unmarshal(data, &d) // what is not as it should be counts for nothing
	one.cart, one.cartValue = nil, max(d.Total, d.Value)
	if len(d.Items) > 0 || one.cartValue > 0 {
		one.cart = data
	}
}

// peek returns what the board needs to sort and filter.
func (g *guests) peek(k chat.VisitorKey) (seen guest, conv chat.ConversationID, ok bool) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	conv = g.convs[k]
	one := g.m[k]
	if one == nil {
		return seen, conv, false
	}
	return *one, conv, true
}

// steps is a guest's trail, for others. guests.mu need not be held: kept steps never change.
func (one *guest) steps(k chat.VisitorKey) []chat.Step {
	out := make([]chat.Step, len(one.trail))
	for i, s := range one.trail {
		out[i] = chat.Step{ID: s.id, Tenant: k.Tenant, Visitor: k.Visitor, Name: s.name, Data: s.data, At: time.UnixMilli(s.at).UTC()}
	}
	return out
}

// with calls fn with a visitor's guest, if there is one.
func (g *guests) with(k chat.VisitorKey, fn func(*guest)) {
	g.mu.RLock()
	_, there := g.m[k]
	g.mu.RUnlock()
	if !there {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if one := g.m[k]; one != nil {
		fn(one)
	}
}

// forget drops what is known of a visitor.
func (g *guests) forget(k chat.VisitorKey) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.m, k)
	delete(g.convs, k)
}

// tracked notes who has a row.
func (g *guests) tracked(asked, known []chat.VisitorKey) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, k := range asked {
		if one := g.m[k]; one != nil && one.row == rowUnknown {
			one.row = rowNone
		}
	}
	for _, k := range known {
		if one := g.m[k]; one != nil {
			one.late = one.late || one.row != rowThere
			one.row = rowThere
		}
	}
}

// sweep lets go of guests who left, and returns the trails of those whose row is on its way.
func (g *guests) sweep(now time.Time) (coming []chat.Step) {
	g.mu.Lock()
	defer g.mu.Unlock()
	ms := now.UnixMilli()
	for k, one := range g.m {
		switch {
		case one.left > 0 && ms-one.left > guestLinger.Milliseconds() && one.row != rowComing:
			delete(g.m, k)
		case one.late:
			one.late = false
			coming = append(coming, one.steps(k)...) // each is written once
		case one.row == rowComing && one.wrote > 0 && ms-one.wrote > rowPatience.Milliseconds():
			one.row = rowUnknown
		case one.row == rowComing:
			if one.wrote == 0 {
				one.wrote = ms
			}
			coming = append(coming, one.steps(k)...)
		}
	}
	return coming
}

// runGuests keeps guests up to date until ctx ends.
func (h *Handler) runGuests(ctx context.Context) error {
	tick := time.NewTicker(guestsEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			h.rosters.sweep(h.cfg.Now(), false)
			for _, s := range h.guests.sweep(h.cfg.Now()) {
				h.desk.Track(s)
			}
		}
	}
}
