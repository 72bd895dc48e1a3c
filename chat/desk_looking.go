package chat

import (
	"context"
	"slices"
)

// What an agent's screen says of a conversation: see Desk.Looking.
const (
	LooksAway uint8 = iota // it shows the conversation no longer
	Looks                  // it shows it
	LooksNew               // it has just begun to, and wants to know who else does, and whether the visitor is here
)

// Looking tells the other agents who have a conversation on their screens that the actor has, or has no longer. It may be lost.
func (d *Desk) Looking(ctx context.Context, a *Actor, id ConversationID, state uint8, origin SessionID) error {
	s := Signal{Kind: SignalLooking, Tenant: a.Tenant, Conversation: id, User: a.User, Role: a.Role, Origin: origin, State: state}
	if state == LooksNew {
		if head, ok := d.HeadIfKnown(Key{a.Tenant, id}); ok {
			s.Data = slices.Clone(head.Visitor[:])
		}
	}
	return d.broker.Publish(ctx, s)
}

// TellHere takes in a LooksNew: it tells whoever looks that the conversation's visitor is connected to this node, if that is so, and later that it
// went. It may be lost.
func (d *Desk) TellHere(s *Signal) {
	if len(s.Data) != len(UserID{}) {
		return
	}
	who := person{s.Tenant, UserID(s.Data)}
	if d.Presence.look(who, s.Conversation) {
		d.visitorSignal(&PresenceChange{who.tenant, who.user, RoleVisitor, s.Conversation, Online})
	}
}
