package live

import (
	"context"
	"encoding/json"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/engine"
	"github.com/uniqchat/uniqchat/server/load"
)

// Who else is looking. A screen is a connection of an agent that WATCHes the inbox; it looks at the conversations that it JOINed.
// Whoever begins to look says so, and whoever looks already answers; programs neither tell nor are told. What a node that dies did
// not take back is over when its agents are offline.

// looks tells the others what an agent's screen does with conversations.
func (h *Handler) looks(s *session, state uint8, convs ...chat.ConversationID) {
	if !s.agent.isScreen() || state != chat.LooksAway && h.cfg.Load.LeavesOut(load.Presence) { // who has stopped is always told
		return
	}
	for _, c := range convs {
		if err := h.desk.Looking(context.Background(), &s.actor, c, state, s.id); err != nil {
			return // as lossy as typing
		}
	}
}

// looking takes in that somebody looks, or no longer does.
func (h *Handler) looking(sig *chat.Signal) {
	if sig.State != chat.LooksAway && h.cfg.Load.LeavesOut(load.Presence) {
		return
	}
	if sig.State == chat.LooksNew {
		h.desk.TellHere(sig)
	}
	data, err := json.Marshal(map[string]any{"agent_id": sig.User, "looking": sig.State != chat.LooksAway})
	if err != nil {
		return
	}
	var frames [engine.Kinds]*engine.Frame
	for _, c := range h.hub.Members(convTopic(h.spaces.of(sig.Tenant), sig.Conversation), nil) {
		s, ok := c.Session().(*session)
		if !ok || s.id == sig.Origin || !s.agent.isScreen() {
			continue
		}
		if sig.State == chat.LooksNew || sig.State == chat.LooksAway && s.actor.User == sig.User { // another screen of the same agent stays
			h.looks(s, chat.Looks, sig.Conversation)
		}
		if s.actor.User == sig.User {
			continue
		}
		f := &frames[c.Kind()]
		if *f == nil {
			*f = encode(c.Kind(), codec.Header{Flags: codec.FlagEphemeral}, &codec.Event{Name: "conversation.looking", Conv: codec.UUID(sig.Conversation), Data: data})
		}
		(*f).Retain()
		c.Send(*f, engine.Ephemeral)
	}
	for _, f := range frames {
		if f != nil {
			f.Release()
		}
	}
}

// isScreen reports whether the session is an agent's screen, not a program.
func (a *agentSide) isScreen() bool {
	if a == nil {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.inbox
}

// follows returns the conversations that were JOINed.
func (a *agentSide) follows() []chat.ConversationID {
	a.mu.Lock()
	defer a.mu.Unlock()
	all := make([]chat.ConversationID, 0, len(a.joined))
	for c := range a.joined {
		all = append(all, c)
	}
	return all
}
