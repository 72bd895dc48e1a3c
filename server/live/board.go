package live

import (
	"cmp"
	"context"
	"encoding/json"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/engine"
	"github.com/uniqchat/uniqchat/server/board"
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
	if err == nil {
		h.rosters.touch(k.Tenant, k.Visitor)
	}
	if err == nil && write {
		h.desk.Track(step)
	}
	return err
}

// maxDevices is how many of a visitor's connections are looked at: more change nothing.
const maxDevices = 4

// devices appends the sessions of a visitor among a topic's followers.
func devices(followers []*engine.Conn, dst []*session) []*session {
	for _, c := range followers {
		if s, ok := c.Session().(*session); ok && s.agent == nil && len(dst) < maxDevices {
			dst = append(dst, s)
		}
	}
	return dst
}

// guestOf is a visitor who has these sessions here, at least one, as the board shows it, but for the trail; and the state that its row
// is in, which the guest does not say if it is unknown.
func (h *Handler) guestOf(t chat.TenantID, sessions []*session) (chat.Guest, board.State, guest) {
	g := chat.Guest{ID: chat.VisitorID(sessions[0].actor.User)}
	var says profile
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
		if says == "" {
			says = s.profile
		}
		s.mu.Unlock()
	}
	seen, elsewhere, ok := h.guests.peek(chat.VisitorKey{Tenant: t, Visitor: g.ID})
	if !elsewhere.IsZero() {
		g.Conversation = elsewhere
	}
	if ok {
		g.Since, g.Seen, g.Pages, g.CartValue = min(g.Since, seen.since), max(g.Seen, seen.seen), seen.pages, seen.cartValue
	}
	p := says.read()
	g.ExternalID, g.Verified, g.Name, g.Email, g.Locale = p.ExternalID, p.Verified, p.Name, p.Email, p.Locale
	g.Page, g.Cart, g.HasCart = cmp.Or(seen.page, p.Page), seen.cart, seen.cart != nil
	state := board.Idle
	if !g.Conversation.IsZero() {
		state = board.Unknown
		if head, known := h.desk.HeadIfKnown(chat.Key{Tenant: t, Conversation: g.Conversation}); known {
			state = board.StateOf(&head)
		}
	}
	return g, state, seen
}

// whatIs is what is so of a visitor now.
func (h *Handler) whatIs(t chat.TenantID, id chat.VisitorID) board.Change {
	sessions := devices(h.hub.Members(userTopic(h.spaces.of(t), chat.UserID(id)), nil), nil)
	if len(sessions) == 0 {
		return board.Change{Row: board.Row{ID: id}, Gone: true}
	}
	g, state, _ := h.guestOf(t, sessions)
	return board.Change{Row: board.RowOf(&g, state)}
}

// everybody is every visitor of a tenant who is connected to this node.
func (h *Handler) everybody(t chat.TenantID) (out []board.Change) {
	own := h.spaces.of(t) + purposeUser
	var room [maxDevices]*session
	h.hub.Each(func(topic engine.Topic, followers []*engine.Conn) {
		if topic.Space != own {
			return
		}
		if sessions := devices(followers, room[:0]); len(sessions) > 0 {
			g, state, _ := h.guestOf(t, sessions)
			out = append(out, board.Change{Row: board.RowOf(&g, state)})
		}
	})
	return out
}

// maxLate bounds how many conversations' states are looked up for one question.
const maxLate = 5000

// board answers for this node: up to q.Limit+1 of a tenant's visitors who are connected to it, or where the first q.Spots stand, and
// how many match; or q.Only.
func (h *Handler) board(ctx context.Context, t chat.TenantID, q *chat.BoardQuery) (out chat.BoardPart) {
	if q.Only != nil {
		out.Guests = h.only(ctx, t, q.Only)
		return out
	}
	r := h.rosters.of(t, h.cfg.Now())
	if q.State != "" {
		var late []board.Row
		r.look(h, t, func(x *board.Index) { late = x.Unknown(maxLate) })
		h.settle(ctx, t, r, late)
	}
	var rows []board.Row
	r.look(h, t, func(x *board.Index) {
		if q.Spots > 0 {
			out.Spots, out.Total = x.Spots(q)
		} else {
			rows, out.Total = x.Page(q)
		}
	})
	if q.Spots == 0 {
		out.Guests = h.fill(ctx, t, r, rows, true)
	}
	return out
}

// only returns those of some visitors who are here, without trail and cart.
func (h *Handler) only(ctx context.Context, t chat.TenantID, ids []chat.VisitorID) []chat.Guest {
	r := h.rosters.of(t, h.cfg.Now())
	rows := make([]board.Row, 0, len(ids))
	r.look(h, t, func(x *board.Index) {
		for _, id := range ids {
			if row, here := x.Row(id); here {
				rows = append(rows, row)
			}
		}
	})
	return h.fill(ctx, t, r, rows, false)
}

// settle looks up the states of rows, in one call.
func (h *Handler) settle(ctx context.Context, t chat.TenantID, r *roster, rows []board.Row) {
	if len(rows) == 0 {
		return
	}
	keys := make([]chat.Key, len(rows))
	for i := range rows {
		keys[i] = chat.Key{Tenant: t, Conversation: rows[i].Conversation}
	}
	heads, err := h.desk.Heads(ctx, keys)
	if err != nil { // what is not known counts as nothing
		return
	}
	for i := range rows {
		rows[i].State = board.StateOf(&heads[i])
	}
	r.look(h, t, func(x *board.Index) { x.Settle(rows) })
}

// fill makes guests of rows. Who has gone since is left out.
func (h *Handler) fill(ctx context.Context, t chat.TenantID, r *roster, rows []board.Row, whole bool) []chat.Guest {
	var late []board.Row
	for i := range rows {
		if rows[i].State == board.Unknown {
			late = append(late, rows[i])
		}
	}
	h.settle(ctx, t, r, late)
	states := make(map[chat.VisitorID]board.State, len(late))
	for i := range late {
		states[late[i].ID] = late[i].State
	}
	out := make([]chat.Guest, 0, len(rows))
	var room [maxDevices]*session
	space := h.spaces.of(t)
	for i := range rows {
		row := &rows[i]
		sessions := devices(h.hub.Members(userTopic(space, chat.UserID(row.ID)), nil), room[:0])
		if len(sessions) == 0 {
			continue
		}
		g, state, seen := h.guestOf(t, sessions)
		if state == board.Unknown {
			state = max(row.State, states[row.ID])
		}
		// It stands where the row stood: what has moved since is told next time.
		g.Since, g.Seen, g.Pages, g.CartValue, g.State = row.Since, row.Seen, row.Pages, row.CartValue, max(state, board.Idle).String()
		if whole {
			g.Trail = seen.steps(chat.VisitorKey{Tenant: t, Visitor: g.ID})
		} else {
			g.Cart = nil
		}
		out = append(out, g)
	}
	return out
}

// read unpacks a profile.
func (p profile) read() (c packed) {
	if p != "" {
		_ = json.Unmarshal([]byte(p), &c) // ours: it is JSON
	}
	return c
}
