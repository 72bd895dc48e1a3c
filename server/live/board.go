package live

import (
	"cmp"
	"container/heap"
	"context"
	"encoding/json"
	"strings"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/engine"
)

var errTooManyGuests = &chat.Error{Code: chat.Busy, Message: "too many visitors are followed"}

// track handles TRACK: what a visitor did on the site. It is in memory at once, and written, many at once, if the visitor has a row.
func (sh *shard) track(s *session, p *codec.Track) error {
	if s.agent != nil {
		return chat.Errorf(chat.Forbidden, "TRACK is for visitors")
	}
	data, err := chat.CheckStep(p.Name, p.Data)
	if err != nil {
		return err
	}
	h := sh.h
	k := chat.VisitorKey{Tenant: s.actor.Tenant, Visitor: chat.VisitorID(s.actor.User)}
	step, write, err := h.guests.track(k, s, p.Name, data, h.cfg.Now())
	if err == nil && write {
		h.desk.Track(step)
	}
	return err
}

// scan looks through a node's visitors for a page of the board: the best so far are in a heap, the worst of them first.
type scan struct {
	h     *Handler
	q     *chat.BoardQuery
	t     chat.TenantID
	best  []candidate
	total int
	late  []candidate // whose conversation's state must be looked up
	next  candidate   // the one that is looked at
}

// candidate is a visitor that may be on the page.
type candidate struct {
	place   chat.BoardPlace
	guest   chat.Guest
	profile profile
	seen    guest
}

// Len and the others make a scan a heap.
func (sc *scan) Len() int           { return len(sc.best) }
func (sc *scan) Less(i, j int) bool { return sc.q.Compare(sc.best[i].place, sc.best[j].place) > 0 }
func (sc *scan) Swap(i, j int)      { sc.best[i], sc.best[j] = sc.best[j], sc.best[i] }
func (sc *scan) Push(x any)         { sc.best = append(sc.best, x.(candidate)) } //nolint:forcetypeassert // heap.Push of ours
func (sc *scan) Pop() any {
	last := len(sc.best) - 1
	c := sc.best[last]
	sc.best = sc.best[:last]
	return c
}

// board returns up to q.Limit+1 of a tenant's visitors who are connected to this node, and how many match.
func (h *Handler) board(ctx context.Context, t chat.TenantID, q *chat.BoardQuery) ([]chat.Guest, int) {
	sc := &scan{h: h, q: q, t: t}
	own := h.spaces.of(t) + purposeUser
	h.hub.Each(func(topic engine.Topic, followers []*engine.Conn) {
		if topic.Space != own {
			return
		}
		var sessions [4]*session // more devices of one visitor change nothing
		n := 0
		for _, c := range followers {
			if s, ok := c.Session().(*session); ok && s.agent == nil && n < len(sessions) {
				sessions[n] = s
				n++
			}
		}
		if n > 0 {
			sc.visit(sessions[:n])
		}
	})
	return sc.finish(ctx), sc.total
}

// visit looks at one visitor.
func (sc *scan) visit(sessions []*session) {
	sc.next = candidate{}
	c := &sc.next
	g := &c.guest
	g.ID = chat.VisitorID(sessions[0].actor.User)
	for _, s := range sessions {
		at := s.id.MadeAt().UnixMilli()
		if g.Since == 0 || at < g.Since {
			g.Since = at
		}
		g.Seen = max(g.Seen, at)
		s.mu.Lock()
		if !s.conv.IsZero() {
			g.Conversation = s.conv
		}
		if c.profile == "" {
			c.profile = s.profile
		}
		s.mu.Unlock()
	}
	seen, elsewhere, ok := sc.h.guests.peek(chat.VisitorKey{Tenant: sc.t, Visitor: g.ID})
	if !elsewhere.IsZero() {
		g.Conversation = elsewhere
	}
	if ok {
		c.seen = seen
		g.Since, g.Seen, g.Pages, g.CartValue = min(g.Since, seen.since), max(g.Seen, seen.seen), seen.pages, seen.cartValue
	}
	if !sc.wants(c) {
		return
	}
	g.State = chat.GuestIdle
	if !g.Conversation.IsZero() {
		head, known := sc.h.desk.HeadIfKnown(chat.Key{Tenant: sc.t, Conversation: g.Conversation})
		if !known && sc.q.State != "" {
			sc.late = append(sc.late, *c)
			return
		}
		setState(g, &head)
	}
	sc.offer(c)
}

// setState says what a guest's conversation is in.
func setState(g *chat.Guest, head *chat.Head) {
	switch {
	case !head.Exists() || head.Status == chat.Closed || head.Status == chat.Snoozed:
		g.State = chat.GuestIdle
	case head.Status == chat.Queued:
		g.State = chat.GuestQueued
	default:
		g.State = chat.GuestChatting
	}
}

// wants judges everything but the state.
func (sc *scan) wants(c *candidate) bool {
	q := sc.q
	switch {
	case q.Cart != nil && *q.Cart != (c.seen.cart != nil), !q.Since.IsZero() && c.guest.Since < q.Since.UnixMilli():
		return false
	case q.Text == "" && q.Page == "" && q.Locale == "" && q.Country == "":
		return true
	}
	p := c.profile.read()
	page := cmp.Or(c.seen.page, p.Page)
	if q.Page != "" && !has(page, q.Page) || q.Country != "" && !strings.EqualFold(region(p.Locale), q.Country) {
		return false
	}
	if q.Locale != "" && (len(p.Locale) < len(q.Locale) || !strings.EqualFold(p.Locale[:len(q.Locale)], q.Locale)) {
		return false
	}
	return q.Text == "" || has(p.Name, q.Text) || has(p.Email, q.Text) || has(p.ExternalID, q.Text) || has(page, q.Text)
}

// has reports whether a text has another in it, whatever the case.
func has(text, part string) bool {
	return text != "" && strings.Contains(strings.ToLower(text), strings.ToLower(part))
}

// region is the region of a locale (RFC 5646): CN of zh-Hans-CN.
func region(locale string) string {
	for i, part := range strings.FieldsFunc(locale, func(r rune) bool { return r == '-' || r == '_' }) {
		if i > 0 && len(part) == 2 {
			return part
		}
	}
	return ""
}

// offer counts a visitor that matches, and keeps it if it is among the best.
func (sc *scan) offer(c *candidate) {
	if sc.q.State != "" && sc.q.State != c.guest.State {
		return
	}
	sc.total++
	c.place = chat.BoardPlace{Key: sc.q.Key(&c.guest), ID: c.guest.ID}
	if sc.q.After != nil && sc.q.Compare(*sc.q.After, c.place) >= 0 {
		return
	}
	if len(sc.best) > sc.q.Limit {
		if sc.q.Compare(c.place, sc.best[0].place) >= 0 {
			return
		}
		sc.best[0] = *c
		heap.Fix(sc, 0)
		return
	}
	heap.Push(sc, *c)
}

// maxLate bounds how many conversations' states are looked up for one page.
const maxLate = 5000

// finish looks up what was missing and fills in what is shown.
func (sc *scan) finish(ctx context.Context) []chat.Guest {
	sc.states(ctx, sc.late[:min(len(sc.late), maxLate)])
	for i := range sc.late[:min(len(sc.late), maxLate)] {
		sc.offer(&sc.late[i])
	}
	sc.states(ctx, sc.best)
	out := make([]chat.Guest, len(sc.best))
	for i := range sc.best {
		c := &sc.best[i]
		p := c.profile.read()
		g := &c.guest
		g.ExternalID, g.Verified, g.Name, g.Email, g.Locale = p.ExternalID, p.Verified, p.Name, p.Email, p.Locale
		g.Page, g.Cart = cmp.Or(c.seen.page, p.Page), c.seen.cart
		g.Trail = c.seen.steps(chat.VisitorKey{Tenant: sc.t, Visitor: g.ID})
		out[i] = *g
	}
	return out
}

// states looks up the states of conversations that are not in memory, in one call.
func (sc *scan) states(ctx context.Context, list []candidate) {
	var keys []chat.Key
	var at []int
	for i := range list {
		if id := list[i].guest.Conversation; !id.IsZero() {
			keys, at = append(keys, chat.Key{Tenant: sc.t, Conversation: id}), append(at, i)
		}
	}
	if len(keys) == 0 {
		return
	}
	heads, err := sc.h.desk.Heads(ctx, keys)
	if err != nil { // what is not known counts as nothing
		return
	}
	for j, i := range at {
		setState(&list[i].guest, &heads[j])
	}
}

// read unpacks a profile.
func (p profile) read() (c packed) {
	if p != "" {
		_ = json.Unmarshal([]byte(p), &c) // ours: it is JSON
	}
	return c
}
