package redis

import (
	"context"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// placeClaim is what is known of the place that a group needs for its visitor, beyond what the script finds.
type placeClaim struct {
	free    bool   // the database knows of no one who has it
	replace string // who may be turned out
	owner   string // who has it, as the script said
}

// opensOne reports whether an event leaves a conversation open, for which its visitor's place is needed.
func opensOne(e *chat.Event) bool { return e.Next != nil && e.Next.Status != chat.Closed }

// appendClaim encodes a group's claim to its visitor's place; see append.lua.
func (l *Log) appendClaim(dst []byte, g *group, m *book, now time.Time) []byte {
	v := g.events()[0].Next.Visitor
	p := &l.parts[homeOf(v)]
	dst = be.AppendUint16(dst, uint16(p.number))
	dst = be.AppendUint64(dst, p.began())
	free := byte(0)
	if g.place.free || m.isFresh(v, now, m.headsSince) {
		free = 1
	}
	var replace [placeOfVisitor]byte
	copy(replace[:], g.place.replace)
	return append(append(dst, free), replace[:]...)
}

// dispute finds out whether somebody has a right to the place that a group needs, and refuses the group or tries it again.
func (l *Log) dispute(g *group) {
	l.looking <- struct{}{}
	defer func() { <-l.looking }()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	answer := g.place.owner
	if answer == "" {
		answer = "miss"
		l.stats.lookups.Inc()
	}
	c := &claim{key: g.key(), visitor: g.events()[0].Next.Visitor}
	l.contest(ctx, c, answer)
	switch {
	case c.err != nil:
		g.refuse(asError(c.err))
	case !c.other.IsZero():
		g.refuse(hasOpen(c.other))
	default:
		g.place = placeClaim{free: g.place.free || c.asked, replace: c.replace}
		l.retry(g, 0, errBusy)
	}
}

// renew tries a group again with what holds of its visitor's partition now.
func (l *Log) renew(g *group) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	l.refresh(ctx, &l.parts[homeOf(g.events()[0].Next.Visitor)])
	l.retry(g, 0, errBusy)
}

// hasOpen refuses to open a second conversation.
func hasOpen(other chat.ConversationID) *chat.Error {
	return &chat.Error{
		Code: chat.Conflict, Name: "conversation_open", Message: "you have an open conversation already", Conversation: other,
	}
}
