package live

import (
	"context"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
)

// A page holds at most this much, and at least one message (protocol rule 6).
const (
	pageMessages = 200
	pageBytes    = 128 << 10
	pageDefault  = 50
	// messageOverhead is about what a message costs beside its body.
	messageOverhead = 160
)

// join answers JOIN: it makes an agent's connection a reader of the conversation and sends a page of it. Live messages
// are held back from before the page is read until it is on its way, so the reader misses and doubles nothing.
func (sh *shard) join(ctx context.Context, s *session, rid uint16, p *codec.Join) (failed error) {
	h := sh.h
	fresh := false // this JOIN made the session a follower
	id := chat.ConversationID(p.Conv)
	if s.isJoining(id) {
		return chat.Errorf(chat.Conflict, "this conversation is being joined already")
	}
	head, err := h.desk.Head(ctx, &s.actor, id)
	if err != nil {
		return err
	}
	s.beginJoin(id)
	sent := ^chat.Seq(0) // drops what was held back, for a new reader without a page
	defer func() {
		switch {
		case failed != nil && fresh:
			h.unfollow(s, id)
		case failed != nil:
			sent = 0 // whoever was in the audience before gets what came meanwhile
		}
		switch gap := s.endJoin(id, sent, failed == nil); gap {
		case 0:
		case forked: // the page may be of what was undone
			h.reply(s, 0, &codec.Gap{Items: []codec.Position{{Conv: p.Conv}}})
		default:
			h.reply(s, 0, &codec.Gap{Items: []codec.Position{{Conv: p.Conv, Seq: uint64(gap)}}})
		}
	}()
	if s.agent != nil {
		fresh = !s.agent.hasJoined(id)
		if !h.follow(s, id) {
			return chat.Errorf(chat.TooMany, "this connection follows too many conversations; LEAVE some")
		}
	}
	// Again, now that nothing can pass unseen: the page below holds at least what this head counts.
	if head, err = h.desk.Head(ctx, &s.actor, id); err != nil {
		return err
	}
	page := chat.Page{After: chat.Seq(p.After), Limit: pageLimit(p.Limit), Newest: p.After == 0}
	messages, complete, err := h.desk.Messages(ctx, &s.actor, id, page)
	if err != nil {
		return err
	}
	messages, complete = cutPage(messages, complete, page.Newest)
	members, err := h.desk.Members(ctx, &s.actor, id, &head.State)
	if err != nil {
		return err
	}
	if s.agent == nil {
		for i := range members { // notes are none of a visitor's business
			m, last := &members[i].Mark, head.LastFor(s.actor.Audience())
			m.Delivered, m.Read = min(m.Delivered, last), min(m.Read, last)
		}
	}
	top := topOf(head.LastFor(s.actor.Audience()), messages, page.Newest || complete)
	h.reply(s, rid, &codec.Joined{
		Conv: p.Conv, Top: uint64(top), Complete: complete, Members: memberPackets(members),
		Messages: messagePackets(messages, s.actor.Audience()),
	})
	sent = top
	return nil
}

// sync answers SYNC: one page, ascending.
func (sh *shard) sync(ctx context.Context, s *session, rid uint16, p *codec.Sync) error {
	h := sh.h
	id := chat.ConversationID(p.Conv)
	head, err := h.desk.Head(ctx, &s.actor, id)
	if err != nil {
		return err
	}
	page := chat.Page{After: chat.Seq(p.After), Before: chat.Seq(p.Before), Limit: pageLimit(p.Limit)}
	messages, complete, err := h.desk.Messages(ctx, &s.actor, id, page)
	if err != nil {
		return err
	}
	messages, complete = cutPage(messages, complete, p.Before > 0)
	top := topOf(head.LastFor(s.actor.Audience()), messages, p.Before == 0 && complete)
	h.reply(s, rid, &codec.Synced{
		Conv: p.Conv, Top: uint64(top), Complete: complete, Messages: messagePackets(messages, s.actor.Audience()),
	})
	return nil
}

// topOf is the newest seq that the reader may rely on. A page that reaches the end says it best; the head was read before the
// page, so it is never ahead of an end that the page reached.
func topOf(head chat.Seq, messages []chat.Message, toTheEnd bool) chat.Seq {
	if len(messages) == 0 {
		return head
	}
	last := messages[len(messages)-1].Seq
	if toTheEnd {
		return last
	}
	return max(head, last)
}

func pageLimit(asked uint16) int {
	if asked == 0 {
		return pageDefault
	}
	return min(int(asked), pageMessages)
}

// cutPage keeps a page within pageBytes: the newest messages if the page is about the end, otherwise the oldest.
func cutPage(m []chat.Message, complete, keepNewest bool) ([]chat.Message, bool) {
	size := 0
	for n := range m {
		at := n
		if keepNewest {
			at = len(m) - 1 - n
		}
		size += len(m[at].Body) + messageOverhead
		if size > pageBytes && n > 0 {
			if keepNewest {
				return m[at+1:], false
			}
			return m[:at], false
		}
	}
	return m, complete
}

// follow subscribes an agent's session to a conversation. False if it follows too many.
func (h *Handler) follow(s *session, id chat.ConversationID) bool {
	fresh, ok := s.agent.join(id)
	if fresh {
		h.hub.Subscribe(convTopic(s.space, id), s.conn)
		h.looks(s, chat.LooksNew, id)
	}
	return ok
}

func (h *Handler) unfollow(s *session, id chat.ConversationID) {
	if s.agent.leave(id) {
		h.hub.Unsubscribe(convTopic(s.space, id), s.conn)
		h.looks(s, chat.LooksAway, id)
	}
}

// leave ends what JOIN began. A visitor stays in the audience of its own conversations, an assignee in that of his.
func (sh *shard) leave(ctx context.Context, s *session, id chat.ConversationID) error {
	if s.agent != nil {
		sh.h.unfollow(s, id)
		return nil
	}
	_, err := sh.h.desk.Head(ctx, &s.actor, id)
	return err
}
