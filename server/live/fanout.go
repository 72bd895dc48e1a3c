package live

import (
	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/engine"
)

// fanout sends one event to everyone who may see it: the visitor's connections, the agents who joined the conversation,
// and the assignee's connections. Each encoding is made once. The connection that sent the message gets its SENDACK here
// instead, in its place between other people's messages.
//
// It runs on the tail's goroutine alone, which is what keeps every connection's order the log's.
func (h *Handler) fanout(e *chat.Event) {
	space := h.spaces.of(e.Tenant)
	x := h.spread
	x.e, x.topic, x.acked = e, convTopic(space, e.Conversation), false
	if e.Visibility == chat.Public {
		h.hub.Publish(userTopic(space, chat.UserID(e.State.Visitor)), x.toVisitor, engine.Push)
	}
	h.hub.Publish(x.topic, x.toAgent, engine.Push)
	if !e.State.Assignee.IsZero() {
		h.hub.Publish(userTopic(space, chat.UserID(e.State.Assignee)), x.toAssignee, engine.Push)
	}
	if !x.acked && !e.Origin.Session.IsZero() {
		h.hub.Publish(userTopic(space, e.Sender), x.toSender, engine.Push)
	}
	if e.Role == chat.RoleVisitor && !x.acked { // it was said in another way than over a connection to this node
		if h.hub.Count(userTopic(space, e.Sender)) > 0 {
			h.guests.talks(chat.VisitorKey{Tenant: e.Tenant, Visitor: e.State.Visitor}, e.Conversation)
			h.rosters.touch(e.Tenant, e.State.Visitor)
		}
	}
	if e.Next != nil {
		h.rosters.touch(e.Tenant, e.State.Visitor)
	}
	x.release()
	if e.Profile != nil {
		h.guests.with(chat.VisitorKey{Tenant: e.Tenant, Visitor: e.Profile.ID}, func(g *guest) { g.row = rowComing })
	}
	h.stats.events.Inc()
	h.inbox.mark(e)
}

// spread is one event on its way to its audience, with the encodings made so far. One is used again and again.
type spread struct {
	h      *Handler
	e      *chat.Event
	topic  engine.Topic
	acked  bool // the sender's connection was met
	packet codec.Message
	reply  codec.Sendack
	frames [2][engine.Kinds]*engine.Frame

	toVisitor, toAgent, toAssignee, toSender func(*engine.Conn) *engine.Frame
}

func newSpread(h *Handler) *spread {
	x := &spread{h: h}
	x.toVisitor, x.toAgent, x.toAssignee, x.toSender = x.visitor, x.agent, x.assignee, x.sender
	return x
}

func (x *spread) visitor(c *engine.Conn) *engine.Frame { return x.pick(c, chat.AudiencePublic) }

// agent picks for connections that have joined the conversation. The change that takes it out of an agent's reach is the
// last that he sees of it.
func (x *spread) agent(c *engine.Conn) *engine.Frame {
	s, ok := c.Session().(*session)
	if !ok {
		return nil
	}
	if !x.h.desk.MayRead(&s.actor, &x.e.State) {
		x.h.unfollow(s, x.e.Conversation)
		if x.e.Next == nil && s.id != x.e.Origin.Session {
			return nil
		}
	}
	return x.pick(c, chat.AudienceAll)
}

// assignee picks for connections of the assignee that have not joined the conversation: those that have got it already.
func (x *spread) assignee(c *engine.Conn) *engine.Frame {
	s, ok := c.Session().(*session)
	if !ok || s.agent == nil || s.agent.hasJoined(x.e.Conversation) {
		return nil
	}
	return x.pick(c, chat.AudienceAll)
}

// sender picks only the connection that sent the message, which was not met in the audience: it has not joined, or is
// joining right now, or its role has no part in conversations.
func (x *spread) sender(c *engine.Conn) *engine.Frame {
	s, ok := c.Session().(*session)
	if !ok || s.id != x.e.Origin.Session {
		return nil
	}
	return x.ack(c, s.actor.Audience())
}

// pick returns the frame for one connection, with a reference for it, or nil if the frame was held back.
func (x *spread) pick(c *engine.Conn, a chat.Audience) *engine.Frame {
	s, ok := c.Session().(*session)
	if !ok {
		return nil
	}
	if s.id == x.e.Origin.Session {
		return x.ack(c, a)
	}
	f := x.frame(c.Kind(), a)
	f.Retain()
	if s.hold(x.e.Conversation, x.e.Seq, f) {
		return nil
	}
	return f
}

// frame returns the shared encoding of the event for a kind of connection and an audience.
func (x *spread) frame(k engine.Kind, a chat.Audience) *engine.Frame {
	if f := x.frames[a][k]; f != nil {
		return f
	}
	fillMessage(&x.packet, &x.e.Message, a)
	f := encode(k, codec.Header{}, &x.packet)
	f.Tag(x.topic, uint64(x.e.Seq))
	x.frames[a][k] = f
	return f
}

// ack returns the SENDACK for the connection that sent the message.
func (x *spread) ack(c *engine.Conn, a chat.Audience) *engine.Frame {
	e := x.e
	x.acked = true
	if e.Origin.Unsure {
		return nil // it tries again, or asks what there is
	}
	x.h.stats.acks.Inc()
	x.reply = codec.Sendack{
		Conv: codec.UUID(e.Conversation), CMID: codec.UUID(e.CMID), MID: codec.UUID(e.ID), Seq: uint64(e.Seq),
		Prev: uint64(e.PrevFor(a)), Time: millis(e.Time),
	}
	return encode(c.Kind(), codec.Header{RID: e.Origin.Request}, &x.reply)
}

func (x *spread) release() {
	for a := range x.frames {
		for _, f := range x.frames[a] {
			if f != nil {
				f.Release()
			}
		}
	}
	x.frames = [2][engine.Kinds]*engine.Frame{}
	x.e = nil
}
