package live

import (
	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
)

// erased closes the connections of a visitor who is being erased.
func (h *Handler) erased(sig *chat.Signal) {
	defer h.rosters.touch(sig.Tenant, chat.VisitorID(sig.User))
	h.guests.forget(chat.VisitorKey{Tenant: sig.Tenant, Visitor: chat.VisitorID(sig.User)})
	for _, c := range h.hub.Members(userTopic(h.spaces.of(sig.Tenant), sig.User), nil) {
		if s, ok := c.Session().(*session); ok && s.agent == nil {
			c.Close(codec.CloseBadToken, "the token was revoked")
		}
	}
}
