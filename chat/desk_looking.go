package chat

import "context"

// What an agent's screen says of a conversation: see Desk.Looking.
const (
	LooksAway uint8 = iota // it shows the conversation no longer
	Looks                  // it shows it
	LooksNew               // it has just begun to, and wants to know who else does
)

// Looking tells the other agents who have a conversation on their screens that the actor has, or has no longer. It may be lost.
func (d *Desk) Looking(ctx context.Context, a *Actor, id ConversationID, state uint8, origin SessionID) error {
	return d.broker.Publish(ctx, Signal{Kind: SignalLooking, Tenant: a.Tenant, Conversation: id, User: a.User, Role: a.Role, Origin: origin, State: state})
}

// TellHere tells those who look at a conversation that its visitor is connected to this node, if that is so: they hear of changes
// only otherwise. It may be lost.
func (d *Desk) TellHere(k Key) {
	head, ok := d.HeadIfKnown(k)
	if !ok || !d.Presence.connected(person{k.Tenant, UserID(head.Visitor)}) {
		return
	}
	d.visitorSignal(&PresenceChange{k.Tenant, UserID(head.Visitor), RoleVisitor, k.Conversation, Online})
}
