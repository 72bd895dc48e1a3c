package live

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/server/codes"
)

const (
	protocolVersion = 1
	maxResume       = 64
	maxPage         = 2048 // bytes kept of a visitor's page URL
	maxLocale       = 35   // RFC 5646 4.4.1
)

// newcomer is a session whose CONNECT was accepted and whose place in its audiences is not taken yet.
type newcomer struct {
	s      *session
	rid    uint16
	resume []codec.Position
	still  func(context.Context) error // Credential.Still
}

// maxConnect is how large a CONNECT may be, in bytes of its binary body, or of its text.
const maxConnect = 16 << 10

const tooLongConnect = "CONNECT may have 16 KiB at most"

// connect handles the first packet of a connection (protocol rules 1 and 6). Who may come in waits for letIn, so that all who
// come at the same time cost one look-up.
func (sh *shard) connect(s *session, hd codec.Header, p *codec.Connect) {
	h := sh.h
	origin := s.conn.Origin()
	if s.conn.Gone() { // while its CONNECT waited: its device may be elsewhere by now, and nobody would hear an answer
		s.refused = true
		return
	}
	s.zh = strings.EqualFold(p.Locale[:min(len(p.Locale), 2)], "zh")
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
	cred, err := h.cfg.Auth.Authenticate(ctx, p.Token, origin)
	if err != nil {
		h.refuse(s, err)
		return
	}
	if err := mayConnect(cred.Actor); err != nil {
		h.refuse(s, err)
		return
	}
	h.adopt(s, cred, p)
	if h.keepsOut(ctx, s) {
		s.known = false // it was never part of anything
		s.refuse(codec.CloseKicked, s.said(chat.ErrBlocked.Message))
		return
	}
	s.entering = true
	sh.newcomers = append(sh.newcomers, newcomer{s, hd.RID, slices.Clone(p.Resume), cred.Still})
	if sh.resuming += len(p.Resume); sh.resuming > maxResuming {
		sh.letIn()
	}
}

// atTheDoor sends a visitor away whose turn it is not. Whoever has an open conversation, or is here already, comes in, as do staff and programs.
func (h *Handler) atTheDoor(s *session) {
	if h.cfg.Door == nil || s.actor.Role != chat.RoleVisitor || !s.conv.IsZero() || h.hub.Count(userTopic(s.space, s.actor.User)) > 0 {
		return
	}
	if wait := h.cfg.Door.Enter(chat.VisitorKey{Tenant: s.actor.Tenant, Visitor: chat.VisitorID(s.actor.User)}); wait > 0 {
		s.refused, s.known = true, false // it was never part of anything
		s.conn.CloseFor(codec.CloseTooMany, "very many visitors at the moment", wait)
	}
}

// maxResuming is about how many positions one look-up of letIn is for.
const maxResuming = 1024

// letIn completes the CONNECTs that wait: one look-up for all visitors' open conversations, and one for all positions.
func (sh *shard) letIn() {
	if len(sh.newcomers) == 0 {
		return
	}
	all := sh.newcomers
	sh.newcomers, sh.resuming = nil, 0
	ctx, cancel := context.WithTimeout(sh.ctx, sh.h.cfg.CallTimeout)
	defer cancel()
	for i := range all {
		all[i].s.entering = false
	}
	sh.findOpen(ctx, all)
	for i := range all {
		n := &all[i]
		if !n.s.refused {
			sh.h.atTheDoor(n.s)
		}
		if !n.s.refused {
			sh.guard(n.s, n.rid, func() { sh.enter(n) })
		}
	}
	sh.resume(ctx, all)
	clear(all)
	sh.newcomers = all[:0]
}

// findOpen notes each visitor's open conversation.
func (sh *shard) findOpen(ctx context.Context, all []newcomer) {
	var visitors []*chat.Actor
	var who []*session
	for i := range all {
		if s := all[i].s; s.agent == nil {
			visitors, who = append(visitors, &s.actor), append(who, s)
		}
	}
	apart(len(who), func(from, to int) error {
		convs, err := sh.h.desk.OpenConversations(ctx, visitors[from:to]...)
		for i := range convs {
			s := who[from+i]
			if s.setConv(convs[i]); !convs[i].IsZero() {
				s.caps |= capSaved
			}
		}
		return err
	}, func(i int, err error) {
		sh.h.refuse(who[i], err)
		who[i].known = false
	})
}

// apart does a thing for n at once, or one by one if that fails: what one of them needs and can't be had is not missed by the
// others.
func apart(n int, do func(from, to int) error, failed func(i int, err error)) {
	if n == 0 || do(0, n) == nil {
		return
	}
	for i := range n {
		if err := do(i, i+1); err != nil {
			failed(i, err)
		}
	}
}

// enter makes a newcomer part of its audiences and answers its CONNECT.
func (sh *shard) enter(n *newcomer) {
	h, s := sh.h, n.s
	// History first is held back, then the audience is joined, so that nothing falls between the two.
	for _, r := range n.resume {
		s.beginJoin(chat.ConversationID(r.Conv))
	}
	first := h.enter(sh, s)
	if !sh.stillMay(n) {
		if first { // its end is told, too
			h.desk.Presence.Up(s.actor.Tenant, s.actor.User, s.actor.Role, s.conv)
		}
		return
	}
	h.desk.Connected(&s.actor, s.id, s.device)
	h.welcome(s, n.rid)
	h.tellLoad(s)
	if s.agent == nil {
		h.guests.with(chat.VisitorKey{Tenant: s.actor.Tenant, Visitor: chat.VisitorID(s.actor.User)}, func(g *guest) { g.left = 0 })
	}
	if first { // after CONNACK: it is told to the conversation's audience, which this connection is part of
		h.desk.Presence.Up(s.actor.Tenant, s.actor.User, s.actor.Role, s.conv)
	}
}

// stillMay looks once more whether a newcomer's token counts, now that whatever ends it finds the connection: what ended it while its
// CONNECT was under way found nothing.
func (sh *shard) stillMay(n *newcomer) bool {
	if n.still == nil {
		return true
	}
	ctx, cancel := context.WithTimeout(sh.ctx, sh.h.cfg.CallTimeout)
	defer cancel()
	if err := n.still(ctx); err != nil {
		sh.h.refuse(n.s, err)
		return false
	}
	return true
}

// adopt makes a connection a session of the credential's owner.
func (h *Handler) adopt(s *session, cred Credential, p *codec.Connect) {
	s.actor, s.known = *cred.Actor, true
	s.device = p.Device
	s.caps = p.Caps & codec.CapCompress
	s.print = cred.Print
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
	packed := packProfile(v)
	s.mu.Lock()
	s.profile = packed
	s.mu.Unlock()
	s.actor.Profile = nil
}

// said is a sentence for people in the language that CONNECT asked for.
func (s *session) said(english string) string {
	if s.zh {
		return codes.Say("zh", english)
	}
	return english
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
		s.refuse(codec.CloseBadToken, s.said("the token is not valid (any more)"))
	case chat.Forbidden, chat.NotFound:
		s.refuse(codec.CloseKicked, s.said("not allowed here"))
	case chat.TooMany:
		s.refuse(codec.CloseTooMany, s.said("too many connections; try again later"))
	default:
		var e *chat.Error
		if !errors.As(err, &e) {
			h.cfg.Logger.Error("connect failed", "err", err)
		}
		s.refuse(codec.CloseStorage, s.said("storage is not available; try again"))
	}
}

// enter makes the session part of its audiences and replaces older connections of its device. It reports whether presence is to
// be told: the first connection of its owner to this node, and every one of staff.
func (h *Handler) enter(sh *shard, s *session) (tell bool) {
	own := userTopic(s.space, s.actor.User)
	h.hub.Subscribe(own, s.conn)
	if s.agent == nil {
		h.rosters.touch(s.actor.Tenant, chat.VisitorID(s.actor.User))
	} else {
		h.hub.Subscribe(staffTopic(s.space), s.conn)
	}
	sh.conns = h.hub.Members(own, sh.conns[:0])
	tell = len(sh.conns) == 1 || s.agent != nil // two first connections at once may each see the other
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
			older.conn.Close(codec.CloseReplaced, older.said("replaced by a newer connection of the same device"))
		}
	}
	clear(sh.conns)
	return tell
}

// welcome sends CONNACK.
func (h *Handler) welcome(s *session, rid uint16) {
	l := h.cfg.Limits.of(s.role())
	t := h.tiers.of(s.role(), s.conn.Kind())
	s.conn.Ready(t, encode(s.conn.Kind(), codec.Header{RID: rid}, &codec.Connack{
		Version: protocolVersion, Session: codec.UUID(s.id), User: codec.UUID(s.actor.User), Role: codec.Role(s.actor.Role),
		Time: uint64(h.cfg.Now().UnixMilli()), Ping: uint16(t.Ping / time.Second), Pong: uint16(t.Pong / time.Second),
		MaxBody: uint32(l.MaxBody), Window: uint16(l.Window), Caps: s.caps & codec.CapCompress, Conv: codec.UUID(s.conv),
	}))
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
	if s.agent == nil {
		h.rosters.touch(s.actor.Tenant, chat.VisitorID(s.actor.User))
	} else {
		h.hub.Unsubscribe(staffTopic(s.space), s.conn)
		s.agent.mu.Lock()
		joined := s.agent.joined
		s.agent.joined = nil
		if s.agent.board != nil {
			h.screens.End(s.agent.board)
			s.agent.board = nil
		}
		s.agent.mu.Unlock()
		for c := range joined {
			h.hub.Unsubscribe(convTopic(s.space, c), s.conn)
			h.looks(s, chat.LooksAway, c)
		}
	}
	conv, stays := h.ongoing(s.actor.Tenant, s.conv), h.hub.Count(own) > 0
	if s.agent == nil {
		k := chat.VisitorKey{Tenant: s.actor.Tenant, Visitor: chat.VisitorID(s.actor.User)}
		_, elsewhere, _ := h.guests.peek(k)
		elsewhere = h.ongoing(s.actor.Tenant, elsewhere)
		switch {
		case !stays && !elsewhere.IsZero():
			conv = elsewhere
		case stays && !conv.IsZero() && elsewhere.IsZero():
			h.guests.talks(k, conv) // the connections that stay may not have heard of it
		}
		if !stays {
			h.guests.leave(k, h.cfg.Now())
		}
	}
	if !stays {
		h.desk.Presence.Down(s.actor.Tenant, s.actor.User, s.actor.Role, conv)
	}
}

// ongoing is a conversation, or zero if it is known to be over.
func (h *Handler) ongoing(t chat.TenantID, conv chat.ConversationID) chat.ConversationID {
	if conv.IsZero() {
		return conv
	}
	if head, ok := h.desk.HeadIfKnown(chat.Key{Tenant: t, Conversation: conv}); ok && head.Status == chat.Closed {
		return chat.ConversationID{}
	}
	return conv
}
