package live

import (
	"context"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/engine"
)

// suspect is what a blocklist can be about of a visitor's session.
func (s *session) suspect() chat.Suspect {
	return chat.Suspect{Visitor: chat.VisitorID(s.actor.User), Addr: s.conn.Addr(), Print: s.print}
}

// keepsOut reports whether the session's tenant keeps its visitor away: when it connects.
func (h *Handler) keepsOut(ctx context.Context, s *session) bool {
	if s.agent != nil {
		return false
	}
	s.blocks = h.desk.BlockChanges()
	return h.desk.Blocked(ctx, s.actor.Tenant, s.suspect())
}

// nowBlocked reports whether a visitor has been blocked since it was looked at last. It costs a look only when some
// blocklist has changed since.
func (h *Handler) nowBlocked(s *session) bool {
	n := h.desk.BlockChanges()
	if s.agent != nil || s.blocks == n {
		return false
	}
	if h.desk.BlockedIfKnown(s.actor.Tenant, s.suspect()) {
		return true
	}
	s.blocks = n
	return false
}

// kick closes the connections of visitors whom a tenant keeps away from now on.
func (h *Handler) kick(t chat.TenantID) {
	own := h.spaces.of(t) + purposeUser
	h.hub.Each(func(topic engine.Topic, followers []*engine.Conn) {
		if topic.Space != own {
			return
		}
		for _, c := range followers {
			if s, ok := c.Session().(*session); ok && s.agent == nil && h.desk.BlockedIfKnown(t, s.suspect()) {
				c.Close(codec.CloseKicked, s.said(chat.ErrBlocked.Message))
			}
		}
	})
}

// settingsChanged tells a tenant's staff that something was set up differently, so that screens read it again.
func (h *Handler) settingsChanged(sig *chat.Signal) {
	h.tellStaff(sig.Tenant, "settings.changed", chat.ConversationID{}, map[string]string{"kind": sig.Text}, nil)
}
