package live

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
)

const (
	protocolVersion = 1
	maxResume       = 64
	maxPage         = 2048 // bytes kept of a visitor's page URL
	maxLocale       = 35   // RFC 5646 4.4.1
)

// connect handles the first packet of a connection (protocol rules 1 and 6).
func (sh *shard) connect(s *session, hd codec.Header, p *codec.Connect) {
	h := sh.h
	if p.MinVersion > protocolVersion || p.MaxVersion < protocolVersion {
		s.refuse(codec.CloseVersion, "this server speaks version 1 of the protocol")
		return
	}
	if len(p.Resume) > maxResume {
		s.refuse(codec.CloseHandshake, "CONNECT may resume at most 64 conversations")
		return
	}
	ctx, cancel := context.WithTimeout(sh.ctx, h.cfg.CallTimeout)
	defer cancel()
	cred, err := h.cfg.Auth.Authenticate(ctx, p.Token, s.conn.Origin())
	if err != nil {
		h.refuse(s, err)
		return
	}
	if err := mayConnect(cred.Actor); err != nil {
		h.refuse(s, err)
		return
	}
	h.adopt(s, cred, p)
	if s.actor.Role == chat.RoleVisitor {
		conv, err := h.desk.OpenConversation(ctx, &s.actor)
		if err != nil {
			h.refuse(s, err)
			s.known = false
			return
		}
		s.setConv(conv)
		if !s.conv.IsZero() {
			s.profile = "" // it is in the database already
		}
	}
	// History first is held back, then the audience is joined, so that nothing falls between the two.
	for _, r := range p.Resume {
		s.beginJoin(chat.ConversationID(r.Conv))
	}
	h.enter(sh, s)
	h.desk.Connected(&s.actor, s.id, s.device)
	h.welcome(s, hd.RID)
	sh.resume(ctx, s, p.Resume)
}

// adopt makes a connection a session of the credential's owner.
func (h *Handler) adopt(s *session, cred Credential, p *codec.Connect) {
	s.actor, s.known = *cred.Actor, true
	s.id = chat.NewID[chat.Origin]()
	s.device = p.Device
	s.caps = p.Caps & codec.CapCompress
	s.space = h.spaces.of(s.actor.Tenant)
	if s.actor.Role != chat.RoleVisitor {
		s.agent = &agentSide{family: cred.Family}
		return
	}
	v := s.actor.Profile
	if v == nil {
		v = new(chat.Visitor)
	}
	v.Page = p.Page[:min(len(p.Page), maxPage)]
	if v.Locale == "" {
		v.Locale = p.Locale[:min(len(p.Locale), maxLocale)]
	}
	s.profile = packProfile(v)
	s.actor.Profile = nil
}

// refuse ends a connection that was not accepted: nothing else that it sent is looked at.
func (s *session) refuse(code uint16, reason string) {
	s.refused = true
	s.conn.Close(code, reason)
}

// refuse ends a connection whose CONNECT failed.
func (h *Handler) refuse(s *session, err error) {
	switch chat.CodeOf(err) {
	case chat.Unauthenticated:
		s.refuse(codec.CloseBadToken, "the token is not valid (any more)")
	case chat.Forbidden, chat.NotFound:
		s.refuse(codec.CloseKicked, "not allowed here")
	case chat.TooMany:
		s.refuse(codec.CloseTooMany, "too many connections; try again later")
	default:
		var e *chat.Error
		if !errors.As(err, &e) {
			h.cfg.Logger.Error("connect failed", "err", err)
		}
		s.refuse(codec.CloseStorage, "storage is not available; try again")
	}
}

// enter makes the session part of its audiences and replaces older connections of its device.
func (h *Handler) enter(sh *shard, s *session) {
	own := userTopic(s.space, s.actor.User)
	h.hub.Subscribe(own, s.conn)
	if s.agent != nil {
		h.hub.Subscribe(staffTopic(s.space), s.conn)
	}
	sh.conns = h.hub.Members(own, sh.conns[:0])
	if len(sh.conns) == 1 || s.agent != nil { // two first connections at once may each see the other
		h.desk.Presence.Up(s.actor.Tenant, s.actor.User, s.actor.Role, s.conv)
	}
	if s.device != (codec.UUID{}) {
		for _, c := range sh.conns {
			other, ok := c.Session().(*session)
			if !ok || other == s || other.device != s.device {
				continue
			}
			older := other
			if string(other.id[:]) > string(s.id[:]) { // ids are time-ordered: both may look at the same moment
				older = s
			}
			older.conn.Close(codec.CloseReplaced, "replaced by a newer connection of the same device")
		}
	}
	clear(sh.conns)
}

// welcome sends CONNACK.
func (h *Handler) welcome(s *session, rid uint16) {
	l := h.cfg.Limits.of(s.role())
	t := h.tiers.of(s.role(), s.conn.Kind())
	s.conn.Ready(t)
	h.reply(s, rid, &codec.Connack{
		Version: protocolVersion, Session: codec.UUID(s.id), User: codec.UUID(s.actor.User), Role: codec.Role(s.actor.Role),
		Time: uint64(h.cfg.Now().UnixMilli()), Ping: uint16(t.Ping / time.Second), Pong: uint16(t.Pong / time.Second),
		MaxBody: uint32(l.MaxBody), Window: uint16(l.Window), Caps: s.caps, Conv: codec.UUID(s.conv),
	})
}

// resume sends what followed each position, or a GAP, and how far the database is. Conversations that the actor may not
// read are passed over in silence: they are no business of his.
func (sh *shard) resume(ctx context.Context, s *session, positions []codec.Position) {
	if len(positions) == 0 {
		return
	}
	h := sh.h
	keys := make([]chat.Key, len(positions))
	for i, p := range positions {
		keys[i] = chat.Key{Tenant: s.actor.Tenant, Conversation: chat.ConversationID(p.Conv)}
		if s.agent != nil {
			// Joined before the look, so that nothing falls between; taken back if it is not readable.
			h.follow(s, keys[i].Conversation)
		}
	}
	forks := h.forks.Load()
	heads, err := h.desk.Heads(ctx, keys)
	if err != nil {
		for i := range keys {
			s.endJoin(keys[i].Conversation, ^chat.Seq(0))
		}
		h.refuse(s, err)
		return
	}
	var gaps []codec.Position
	// All of it together must leave room in the outbox, or a slow line would be closed for what it asked for.
	sh.room = s.conn.Tier().OutLimit / 2
	for i := range positions {
		id, after := keys[i].Conversation, chat.Seq(positions[i].Seq)
		if slices.Contains(keys[:i], keys[i]) {
			continue // named twice
		}
		if !h.desk.MayRead(&s.actor, &heads[i].State) {
			s.endJoin(id, ^chat.Seq(0))
			if s.agent != nil {
				h.unfollow(s, id)
			}
			continue
		}
		sent, gap, err := sh.catchUp(ctx, s, keys[i], heads[i], after)
		if err != nil {
			h.cfg.Logger.Warn("resume could not read", "err", err)
			gap = max(heads[i].LastFor(s.actor.Audience()), 1)
		}
		if dropped := s.endJoin(id, sent); gap != forked {
			gap = max(gap, dropped)
		}
		switch {
		case gap == forked:
			gaps = append(gaps, codec.Position{Conv: codec.UUID(id)})
		case gap > 0:
			gaps = append(gaps, codec.Position{Conv: codec.UUID(id), Seq: uint64(gap)})
		}
		if gap != forked {
			sh.owe(s, id, max(sent, heads[i].LastFor(s.actor.Audience())), forks)
		}
	}
	if len(gaps) > 0 {
		h.reply(s, 0, &codec.Gap{Items: gaps})
	}
	sh.payDurable(s)
}

// forked stands for a GAP with top 0: the client knows entries that the log does not.
const forked = ^chat.Seq(0)

// catchUp sends what followed after. It returns how far it got, and the top of a GAP if it was too much for one page.
func (sh *shard) catchUp(ctx context.Context, s *session, key chat.Key, head chat.Head, after chat.Seq) (sent, gap chat.Seq, err error) {
	h := sh.h
	top := head.LastFor(s.actor.Audience())
	if after > top {
		// The head in memory may be older than what another connection was told: ask the log itself before giving up.
		fresh, err := h.cfg.Log.Heads(ctx, key)
		if err != nil {
			return after, 0, err
		}
		if top = fresh[0].LastFor(s.actor.Audience()); after > top {
			return after, forked, nil
		}
	}
	if after == top {
		return after, 0, nil
	}
	if after > 0 && !after.SameEpoch(top) {
		known, _, err := h.desk.Messages(ctx, &s.actor, key.Conversation, chat.Page{After: after - 1, Before: after + 1, Limit: 1})
		if err != nil {
			return after, 0, err
		}
		if len(known) == 0 { // what the client knows was lost, and others wrote on without it
			return after, forked, nil
		}
	}
	events, all, err := h.desk.Follow(ctx, &s.actor, key.Conversation, after, pageMessages+1)
	if err != nil {
		return after, 0, err
	}
	size := 0
	for i := range events {
		size += len(events[i].Body) + messageOverhead
	}
	if !all || len(events) > pageMessages || size > min(pageBytes, sh.room) {
		if n := len(events); n > 0 {
			top = max(top, events[n-1].Seq)
		}
		return after, top, nil
	}
	sent = after
	sh.room -= size
	for i := range events {
		e := &events[i]
		h.reply(s, 0, messagePacket(&e.Message, s.actor.Audience()))
		sent = e.Seq
	}
	return sent, 0, nil
}

// closed ends a session: it leaves its audiences, and its owner may have left altogether.
func (sh *shard) closed(s *session) {
	s.gone = true
	if !s.known {
		return
	}
	h := sh.h
	own := userTopic(s.space, s.actor.User)
	h.hub.Unsubscribe(own, s.conn)
	if s.agent != nil {
		h.hub.Unsubscribe(staffTopic(s.space), s.conn)
		s.agent.mu.Lock()
		joined := s.agent.joined
		s.agent.joined = nil
		s.agent.mu.Unlock()
		for c := range joined {
			h.hub.Unsubscribe(convTopic(s.space, c), s.conn)
		}
	}
	if h.hub.Count(own) == 0 {
		h.desk.Presence.Down(s.actor.Tenant, s.actor.User, s.actor.Role, s.conv)
	}
}
