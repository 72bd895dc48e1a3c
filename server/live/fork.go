package live

import (
	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/engine"
)

// owner is a user of a tenant.
type owner struct {
	tenant chat.TenantID
	user   chat.UserID
}

// fork takes in that the newest part of the log's history was lost. Every connection that follows a concerned conversation
// is told GAP with top 0: it drops its copy, and sends again what no DURABLE has covered. It runs on the tail's goroutine,
// so the GAP comes before everything that follows in the log; and DURABLEs that were owed for what is lost are never told.
func (h *Handler) fork(entry []chat.Event) {
	concerns := entry[0].Fork.Concerns
	h.forks.Add(1)
	// Who has conversations without having joined them, as far as is known; the desk forgets it with Observe.
	known := make(map[owner][]chat.ConversationID)
	h.desk.KnownHeads(concerns, func(k chat.Key, head chat.Head) {
		for _, u := range []chat.UserID{chat.UserID(head.Visitor), chat.UserID(head.Assignee)} {
			if !u.IsZero() {
				known[owner{k.Tenant, u}] = append(known[owner{k.Tenant, u}], k.Conversation)
			}
		}
	})
	h.desk.Observe(entry)
	h.rosters.sweep(h.cfg.Now(), true) // states of conversations that were lost
	told := 0
	h.hub.Each(func(t engine.Topic, followers []*engine.Conn) {
		if t.Space%purposes != purposeUser {
			return // everyone follows his own
		}
		for _, c := range followers {
			s, ok := c.Session().(*session)
			if ok && s.forked(concerns, known[owner{s.actor.Tenant, s.actor.User}]) {
				told++
			}
		}
	})
	h.cfg.Logger.Warn("the log's history forked; connections were told to read again", "connections", told)
}

// forked tells the session of every conversation of its own that is concerned, and forgets what it was owed for them.
func (s *session) forked(concerns func(chat.Key) bool, known []chat.ConversationID) bool {
	var joined []chat.ConversationID
	if s.agent != nil {
		s.agent.mu.Lock()
		for id := range s.agent.joined {
			joined = append(joined, id)
		}
		s.agent.mu.Unlock()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := make(map[chat.ConversationID]bool)
	var gaps []codec.Position
	lost := func(id chat.ConversationID) bool {
		if id.IsZero() || !concerns(chat.Key{Tenant: s.actor.Tenant, Conversation: id}) {
			return false
		}
		if !seen[id] {
			seen[id] = true
			gaps = append(gaps, codec.Position{Conv: codec.UUID(id)})
		}
		return true
	}
	lost(s.conv)
	for _, id := range append(joined, known...) {
		lost(id)
	}
	for id, b := range s.joining {
		if lost(id) {
			b.overflow = forked // the page on its way may be of what was lost
		}
	}
	if s.unsaid != nil {
		left := (*s.unsaid)[:0]
		for _, p := range *s.unsaid {
			if !lost(chat.ConversationID(p.Conv)) {
				left = append(left, p)
			}
		}
		*s.unsaid = left
	}
	if len(gaps) == 0 {
		return false
	}
	s.conn.Send(encode(s.conn.Kind(), codec.Header{}, &codec.Gap{Items: gaps}), engine.Push)
	return true
}

// setConv notes which conversation is the visitor's open one.
func (s *session) setConv(id chat.ConversationID) {
	if s.conv == id {
		return
	}
	s.mu.Lock()
	s.conv = id
	s.mu.Unlock()
}
