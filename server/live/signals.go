package live

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/engine"
	"github.com/uniqchat/uniqchat/server/load"
)

// signal takes in one signal of the broker.
func (h *Handler) signal(sig chat.Signal) {
	h.desk.Heard(sig)
	switch sig.Kind {
	case chat.SignalTyping:
		if h.cfg.Load.LeavesOut(load.Typing) {
			return
		}
		h.tellConversation(&sig, func(r chat.Role) codec.Packet {
			p := &codec.Typing{Conv: codec.UUID(sig.Conversation), User: codec.UUID(sig.User), State: codec.TypingState(sig.State)}
			if r != chat.RoleVisitor {
				p.Preview = sig.Text
			}
			return p
		})
	case chat.SignalReceipt:
		h.tellConversation(&sig, func(to chat.Role) codec.Packet {
			delivered, read := sig.Delivered, sig.Read
			if to == chat.RoleVisitor { // notes are none of its business, nor how many there are
				head, _ := h.desk.HeadIfKnown(chat.Key{Tenant: sig.Tenant, Conversation: sig.Conversation})
				if top := head.LastFor(chat.AudiencePublic); read <= head.LastFor(chat.AudienceAll) { // else the head is a moment behind
					delivered, read = min(delivered, top), min(read, top)
				}
			}
			return &codec.Receipt{Conv: codec.UUID(sig.Conversation), User: codec.UUID(sig.User), Delivered: uint64(delivered), Read: uint64(read)}
		})
		if sig.Role == chat.RoleAgent {
			h.inbox.markKey(chat.Key{Tenant: sig.Tenant, Conversation: sig.Conversation}, false)
		}
	case chat.SignalLooking:
		h.looking(&sig)
	case chat.SignalStream:
		if p, ok := chat.PieceOf(&sig); ok {
			packet := &codec.Stream{Conv: codec.UUID(sig.Conversation), MID: codec.UUID(p.Message), Offset: p.Offset, End: p.End, Delta: p.Text}
			h.tellConversation(&sig, func(chat.Role) codec.Packet { return packet })
		}
	case chat.SignalPresence:
		h.presence(&sig)
	case chat.SignalRevoked:
		h.heard(sig)
		h.revoked(&sig)
	case chat.SignalErased:
		h.heard(sig)
		h.erased(&sig)
	case chat.SignalSession:
		h.superseded(&sig)
	case chat.SignalSettings:
		h.settingsChanged(&sig)
	}
}

// tellConversation sends an ephemeral packet to a conversation's audience, but for the connection that caused it, and for those that packet has
// nothing for.
func (h *Handler) tellConversation(sig *chat.Signal, packet func(to chat.Role) codec.Packet) {
	head, ok := h.desk.HeadIfKnown(chat.Key{Tenant: sig.Tenant, Conversation: sig.Conversation})
	if !ok {
		return // nobody here has touched it; the signal is lossy by nature
	}
	space := h.spaces.of(sig.Tenant)
	var frames [2][engine.Kinds]*engine.Frame
	pick := func(to chat.Role, joined bool) func(*engine.Conn) *engine.Frame {
		return func(c *engine.Conn) *engine.Frame {
			s, ok := c.Session().(*session)
			if !ok || s.id == sig.Origin || !joined && s.agent != nil && s.agent.hasJoined(sig.Conversation) {
				return nil
			}
			a := 0
			if to == chat.RoleVisitor {
				a = 1
			}
			f := &frames[a][c.Kind()]
			if *f == nil {
				p := packet(to)
				if p == nil {
					return nil
				}
				*f = encode(c.Kind(), codec.Header{Flags: codec.FlagEphemeral}, p)
			}
			(*f).Retain()
			return *f
		}
	}
	h.hub.Publish(userTopic(space, chat.UserID(head.Visitor)), pick(chat.RoleVisitor, true), engine.Ephemeral)
	h.hub.Publish(convTopic(space, sig.Conversation), pick(chat.RoleAgent, true), engine.Ephemeral)
	if !head.Assignee.IsZero() {
		h.hub.Publish(userTopic(space, chat.UserID(head.Assignee)), pick(chat.RoleAgent, false), engine.Ephemeral)
	}
	for a := range frames {
		for _, f := range frames[a] {
			if f != nil {
				f.Release()
			}
		}
	}
}

var availabilityNames = [...]string{"offline", "online", "busy", "away"}

// agentChanged tells a tenant's staff on this node how an agent stands; every node hears of it by itself.
func (h *Handler) agentChanged(c chat.PresenceChange) {
	data := map[string]any{"agent_id": c.User, "state": availabilityNames[c.State&3]}
	h.tellStaff(c.Tenant, "agent.status", chat.ConversationID{}, data, nil)
}

// presence tells a conversation's agents whether its visitor is here.
func (h *Handler) presence(sig *chat.Signal) {
	if h.cfg.Load.LeavesOut(load.Presence) {
		return
	}
	data, err := json.Marshal(map[string]any{"visitor_id": sig.User, "online": sig.State == uint8(chat.Online)})
	if err != nil {
		return
	}
	h.tellConversation(sig, func(to chat.Role) codec.Packet {
		if to == chat.RoleVisitor {
			return nil
		}
		return &codec.Event{Name: "visitor.online", Conv: codec.UUID(sig.Conversation), Data: data}
	})
}

// tellStaff sends an EVENT to the agents of a tenant that want it.
func (h *Handler) tellStaff(t chat.TenantID, name string, conv chat.ConversationID, data any, want func(*session) bool) {
	raw, err := json.Marshal(data)
	if err != nil {
		h.cfg.Logger.Error("event can't be encoded", "event", name, "err", err)
		return
	}
	var frames [engine.Kinds]*engine.Frame
	h.hub.Publish(staffTopic(h.spaces.of(t)), func(c *engine.Conn) *engine.Frame {
		s, ok := c.Session().(*session)
		if !ok || want != nil && !want(s) {
			return nil
		}
		f := &frames[c.Kind()]
		if *f == nil {
			*f = encode(c.Kind(), codec.Header{Flags: codec.FlagEphemeral}, &codec.Event{Name: name, Conv: codec.UUID(conv), Data: raw})
		}
		(*f).Retain()
		return *f
	}, engine.Ephemeral)
	for _, f := range frames {
		if f != nil {
			f.Release()
		}
	}
}

// heard has the authenticator take a signal in first: whoever comes back at once must be judged by it.
func (h *Handler) heard(sig chat.Signal) {
	if h.cfg.Heard != nil {
		h.cfg.Heard(sig)
	}
}

// revoked closes the connections whose credential ended: all of a user's, those of one log-in, or those of all visitors of a tenant,
// who come in again if their tokens still count.
func (h *Handler) revoked(sig *chat.Signal) {
	if sig.Role == chat.RoleVisitor && sig.User.IsZero() {
		h.proveAgain(sig.Tenant)
		return
	}
	for _, c := range h.hub.Members(userTopic(h.spaces.of(sig.Tenant), sig.User), nil) {
		s, ok := c.Session().(*session)
		if !ok || len(sig.Data) == 16 && (s.agent == nil || s.agent.family != [16]byte(sig.Data)) {
			continue
		}
		c.Close(codec.CloseBadToken, s.said("the credential was revoked"))
	}
}

// proveAgain sends a tenant's visitors away for a moment, spread over proveWithin: their tokens stand on what has changed.
func (h *Handler) proveAgain(t chat.TenantID) {
	own := h.spaces.of(t) + purposeUser
	h.hub.Each(func(topic engine.Topic, followers []*engine.Conn) {
		if topic.Space != own {
			return
		}
		for _, c := range followers {
			if s, ok := c.Session().(*session); ok && s.agent == nil {
				c.CloseFor(codec.CloseRebalance, s.said("come in again"), time.Duration(rand.Int64N(int64(proveWithin))))
			}
		}
	})
}

const proveWithin = 2 * time.Second

// superseded closes the connections of a device that has connected to another node. The newer one wins by its id, which is
// time-ordered. How long ago the signal came says nothing: it may have waited for Redis, or its CONNECT in a queue, while the
// device had long gone on to the connection that is here. Where clocks differ, a connection that is younger than they differ
// may stay although its device has left it; its heartbeat ends it then.
func (h *Handler) superseded(sig *chat.Signal) {
	for _, c := range h.hub.Members(userTopic(h.spaces.of(sig.Tenant), sig.User), nil) {
		s, ok := c.Session().(*session)
		if !ok || s.id == sig.Origin || string(s.device[:]) != string(sig.Data) {
			continue
		}
		if string(s.id[:]) < string(sig.Origin[:]) {
			c.Close(codec.CloseReplaced, s.said("replaced by a newer connection of the same device"))
		}
	}
}

// inbox gathers which conversations changed, so that agents' lists hear of them a few times a second at most.
type inbox struct {
	mu      sync.Mutex
	changed map[chat.TenantID]*inboxChange
}

type inboxChange struct {
	queue bool // who waits or answers changed, not just what was said
	convs map[chat.ConversationID]struct{}
}

const (
	inboxEvery = 250 * time.Millisecond
	inboxMost  = 200 // more changes than this are told as "many"
)

func (b *inbox) mark(e *chat.Event) {
	b.markKey(chat.Key{Tenant: e.Tenant, Conversation: e.Conversation}, e.Kind == chat.KindSystem)
}

func (b *inbox) markKey(k chat.Key, state bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.changed[k.Tenant]
	if c == nil {
		if b.changed == nil {
			b.changed = make(map[chat.TenantID]*inboxChange)
		}
		c = &inboxChange{convs: make(map[chat.ConversationID]struct{})}
		b.changed[k.Tenant] = c
	}
	c.queue = c.queue || state
	if len(c.convs) < inboxMost {
		c.convs[k.Conversation] = struct{}{}
	}
}

func (b *inbox) take() map[chat.TenantID]*inboxChange {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.changed
	b.changed = nil
	return out
}

// run tells agents' screens what changed, until ctx ends. Screens that WATCH the inbox hear of every change, the others
// once a second that the queue has.
func (b *inbox) run(ctx context.Context, h *Handler) error {
	tick := time.NewTicker(inboxEvery)
	defer tick.Stop()
	queues := make(map[chat.TenantID]bool)
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		for t, c := range b.take() {
			queues[t] = queues[t] || c.queue
			ids := make([]chat.ConversationID, 0, len(c.convs))
			for id := range c.convs {
				ids = append(ids, id)
			}
			data := map[string]any{"conversations": ids, "more": len(ids) >= inboxMost}
			h.tellStaff(t, "inbox.changed", chat.ConversationID{}, data, func(s *session) bool {
				s.agent.mu.Lock()
				defer s.agent.mu.Unlock()
				return s.agent.inbox
			})
		}
		if n%4 != 0 {
			continue
		}
		for t, changed := range queues {
			if changed {
				h.tellStaff(t, "queue.changed", chat.ConversationID{}, struct{}{}, nil)
			}
		}
		clear(queues)
	}
}
