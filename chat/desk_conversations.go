package chat

import (
	"context"
	"errors"
	"time"
)

// readable returns the head of a conversation that the actor may read; anything else is NotFound.
func (d *Desk) readable(ctx context.Context, a *Actor, id ConversationID) (Head, error) {
	heads, err := d.Heads(ctx, []Key{{a.Tenant, id}})
	if err != nil {
		return Head{}, err
	}
	if !heads[0].Exists() || !mayRead(a, &heads[0].State) {
		return Head{}, errNoConversation
	}
	return heads[0], nil
}

var (
	errNoConversation = Errorf(NotFound, "there is no such conversation")
	errNotAllowed     = Errorf(Forbidden, "your role does not allow this")
)

// mayRead says whether the actor may see a conversation at all.
func mayRead(a *Actor, s *State) bool {
	switch a.Role {
	case RoleVisitor:
		return UserID(s.Visitor) == a.User
	case RoleAgent:
		if a.AgentRole != Member || s.Team.IsZero() || UserID(s.Assignee) == a.User {
			return true
		}
		for _, t := range a.Teams {
			if t == s.Team {
				return true
			}
		}
		return false
	default:
		return true
	}
}

// ReadsAll reports whether the actor may see every conversation of the tenant: all may but visitors, and members of teams.
func (a *Actor) ReadsAll() bool {
	return a.Role != RoleVisitor && (a.Role != RoleAgent || a.AgentRole != Member)
}

// mayWrite says whether the actor may change conversations that it may read.
func mayWrite(a *Actor) bool { return a.Role != RoleAgent || a.AgentRole != Viewer }

// MayRead reports whether the actor may see a conversation in this state.
func (d *Desk) MayRead(a *Actor, s *State) bool { return s.Exists() && mayRead(a, s) }

// OpenConversation returns the visitor's open conversation, or the zero id.
func (d *Desk) OpenConversation(ctx context.Context, a *Actor) (ConversationID, error) {
	ids, err := d.OpenConversations(ctx, a)
	if err != nil {
		return ConversationID{}, err
	}
	return ids[0], nil
}

// OpenConversations returns visitors' open conversations in the order asked, in one look-up; the zero id for who has none.
func (d *Desk) OpenConversations(ctx context.Context, visitors ...*Actor) ([]ConversationID, error) {
	keys := make([]VisitorKey, len(visitors))
	for i, a := range visitors {
		keys[i] = VisitorKey{a.Tenant, VisitorID(a.User)}
	}
	ids, err := d.log.OpenConversations(ctx, keys...)
	if err != nil {
		return nil, err
	}
	for i, k := range keys {
		if h, ok := d.heads.get(Key{k.Tenant, ids[i]}); ok && (h.Status == Closed || h.Visitor != k.Visitor) {
			ids[i] = ConversationID{} // the log may not have noted yet that it was closed
		}
	}
	return ids, nil
}

// Head returns where a conversation stands, if the actor may read it.
func (d *Desk) Head(ctx context.Context, a *Actor, id ConversationID) (Head, error) {
	return d.readable(ctx, a, id)
}

// settleWait is how long a reader of a single conversation waits for its row to hold what the log holds.
const settleWait = 2 * time.Second

// Conversation returns one conversation that the actor may read, as it is after everything that was acknowledged by now. If
// the database is behind for long, its state is right and what is counted may be late.
func (d *Desk) Conversation(ctx context.Context, a *Actor, id ConversationID) (Conversation, error) {
	h, err := d.readable(ctx, a, id)
	if err != nil {
		return Conversation{}, err
	}
	// Whoever has just changed it sees the change: what this node remembers may be older than the log, on whose tail it comes.
	if now, err := d.log.Heads(ctx, Key{a.Tenant, id}); err == nil && now[0].Last > h.Last {
		if h = now[0]; !mayRead(a, &h.State) {
			return Conversation{}, errNoConversation
		}
	}
	behind := d.settle(ctx, Key{a.Tenant, id}, h.Last)
	c, err := d.store.Conversation(ctx, Key{a.Tenant, id})
	if behind != nil && errors.Is(err, &Error{Code: NotFound}) {
		return c, behind
	}
	if err == nil && c.Last < h.Last {
		c.Head = h
	}
	return c, err
}

// settle waits for the rows of a conversation, but not for long: Busy if they don't come.
func (d *Desk) settle(ctx context.Context, key Key, seq Seq) error {
	if d.log.Projected(key, seq) {
		return nil
	}
	wait, cancel := context.WithTimeout(ctx, settleWait)
	defer cancel()
	if err := d.log.Settle(wait, key, seq); err != nil {
		return Errorf(Busy, "the database is behind; try again")
	}
	return nil
}

// Conversations lists what the actor may read, newest activity first, or newest match first. A visitor sees its own only, and
// can't search: internal notes would answer.
func (d *Desk) Conversations(ctx context.Context, a *Actor, f Filter) ([]Conversation, string, error) {
	if a.Role == RoleVisitor {
		if f.Text != "" {
			return nil, "", errNotAllowed
		}
		f.Visitor = VisitorID(a.User)
	}
	page, next, err := d.store.Conversations(ctx, a.Tenant, f)
	if err != nil {
		return nil, "", err
	}
	kept := page[:0]
	for i := range page {
		if mayRead(a, &page[i].State) {
			kept = append(kept, page[i])
		}
	}
	return kept, next, nil
}

// Participant is somebody in a conversation, with how far it got.
type Participant struct {
	Mark
	Name string
}

// Members returns the visitor, the assignee, the bot where that is on, and everyone who left a mark in a conversation. While the database
// can't be reached it returns those who are known without it.
func (d *Desk) Members(ctx context.Context, a *Actor, id ConversationID, s *State) ([]Participant, error) {
	key := Key{a.Tenant, id}
	marks, err := d.store.Marks(ctx, key)
	if err != nil && CodeOf(err) != Busy {
		return nil, err
	}
	members := []Participant{{Mark: Mark{User: UserID(s.Visitor), Role: RoleVisitor}}}
	if !s.Assignee.IsZero() {
		members = append(members, Participant{Mark: Mark{User: UserID(s.Assignee), Role: RoleAgent}})
	}
	if d.settings.get(ctx, a.Tenant).bot.Enabled {
		members = append(members, Participant{Mark: Mark{User: BotID(a.Tenant), Role: RoleBot}})
	}
marks:
	for _, m := range marks {
		for i := range members {
			if members[i].User == m.User {
				members[i].Mark = m
				continue marks
			}
		}
		members = append(members, Participant{Mark: m})
	}
	for i := range members {
		if members[i].Name, err = d.nameOf(ctx, a, &members[i].Mark); err != nil && CodeOf(err) != Busy {
			return nil, err
		}
	}
	return members, nil
}

func (d *Desk) nameOf(ctx context.Context, a *Actor, m *Mark) (string, error) {
	if m.User == a.User {
		return a.Name, nil
	}
	switch m.Role {
	case RoleVisitor:
		v, err := d.store.Visitor(ctx, a.Tenant, VisitorID(m.User))
		if errors.Is(err, &Error{Code: NotFound}) {
			return "", nil
		}
		return v.Name, err
	case RoleBot:
		return d.settings.get(ctx, a.Tenant).bot.Name, nil
	case RoleAgent:
		agent, err := d.staff.agent(ctx, a.Tenant, AgentID(m.User))
		if errors.Is(err, &Error{Code: NotFound}) {
			return "", nil
		}
		return agent.Name, err
	}
	return "", nil
}
