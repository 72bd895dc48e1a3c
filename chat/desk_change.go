package chat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"time"
)

// Change is the body of a KindSystem message: what happened to the conversation, for people and for programs.
type Change struct {
	Event      string         `json:"event"`
	AssigneeID AgentID        `json:"assignee_id,omitzero"`
	Assignee   string         `json:"assignee_name,omitempty"`
	TeamID     TeamID         `json:"team_id,omitzero"`
	By         UserID         `json:"by,omitzero"` // zero: the system
	ByRole     string         `json:"by_role,omitempty"`
	Why        string         `json:"why,omitempty"` // of a routing decision
	Note       string         `json:"note,omitempty"`
	To         string         `json:"to,omitempty"`             // of a handoff: human or bot
	Question   MessageID      `json:"question,omitzero"`        // of a handoff to the bot: what it is to answer
	Until      *time.Time     `json:"until,omitempty"`          // of a snooze
	Rating     int            `json:"rating,omitempty"`         // 1 to 5
	Comment    string         `json:"rating_comment,omitempty"` // of the rating
	Labels     []string       `json:"labels,omitzero"`          // the names of all that there are now
	Priority   *int           `json:"priority,omitempty"`       // of an update that changed it
	Context    bool           `json:"context_changed,omitempty"`
	Status     string         `json:"status"`
	Extra      map[string]any `json:"extra,omitempty"`
}

// Names of Change.Event in use.
const (
	EventCreated     = "conversation.created"
	EventQueued      = "conversation.queued"
	EventAssigned    = "conversation.assigned"
	EventTransferred = "conversation.transferred"
	EventClosed      = "conversation.closed"
	EventReopened    = "conversation.reopened"
	EventRated       = "conversation.rated"
	EventHandoff     = "conversation.handoff"
	EventLabels      = "conversation.labels_updated"
	EventUpdated     = "conversation.updated" // priority or context
	EventSnoozed     = "conversation.snoozed"
	EventWoken       = "conversation.woken"
	EventOffline     = "offline_message.created"   // Extra says of whom
	EventAbandoned   = "conversation.abandoned"    // its visitor left the queue
	EventSLABreached = "conversation.sla_breached" // Extra says what was promised
)

// isInternal reports whether visitors don't hear of an event.
func isInternal(event string) bool {
	switch event {
	case EventQueued, EventLabels, EventUpdated, EventSnoozed, EventWoken, EventOffline, EventAbandoned, EventSLABreached, EventErased:
		return true
	}
	return false
}

// BodyFor returns the body as an audience may see it. What the staff tells one another of a change that visitors hear of (a transfer's
// note, why routing chose) is not for visitors.
func (m *Message) BodyFor(a Audience) []byte {
	if a != AudiencePublic || m.Kind != KindSystem || !bytes.Contains(m.Body, []byte(`"note":`)) && !bytes.Contains(m.Body, []byte(`"why":`)) {
		return m.Body
	}
	var c Change
	if RevisionOf(m) != nil || json.Unmarshal(m.Body, &c) != nil {
		return m.Body // what somebody wrote, with members of these names
	}
	c.Note, c.Why = "", ""
	body, err := json.Marshal(&c)
	if err != nil { // it was just read
		panic(err)
	}
	return body
}

var roleNames = [...]string{"system", "visitor", "agent", "bot", "api"}

// String returns the protocol's name of the role.
func (r Role) String() string {
	if int(r) < len(roleNames) {
		return roleNames[r]
	}
	return "unknown"
}

// stateEvent returns the event that moves a conversation from one state to the next.
func (d *Desk) stateEvent(a *Actor, key Key, from State, next State, c Change) Event {
	next.Version = from.Version + 1
	if next.Status == Queued && from.Status != Queued || !from.Exists() {
		next.Queued = d.stamp()
	}
	if next.Status != Queued {
		next.Queued = time.Time{}
	}
	if next.Status != Snoozed {
		next.Wakes = time.Time{}
	}
	c.Status = next.Status.String()
	if a != nil {
		c.By, c.ByRole = a.User, a.Role.String()
	}
	body, err := json.Marshal(&c)
	if err != nil { // a struct of strings and ids always marshals
		panic(err)
	}
	e := Event{Expect: from.Version, Next: &next, Message: Message{
		Tenant: key.Tenant, Conversation: key.Conversation, CMID: NewID[Event](), Role: RoleSystem, Kind: KindSystem,
		Visibility: Public, Time: d.stamp(), Body: body,
	}}
	if isInternal(c.Event) {
		e.Visibility = InternalOnly
	}
	e.ID = DeriveMessageID(e.Conversation, e.Sender, e.CMID)
	return e
}

// stamp is the time as it goes over the wire: milliseconds, UTC.
func (d *Desk) stamp() time.Time { return d.now().UTC().Truncate(time.Millisecond) }

// maxRaces bounds how often a change is tried again because somebody was faster.
const maxRaces = 8

// change loads a conversation, asks plan what is to become of it, and appends that; when somebody was faster, plan is
// asked again with what holds then. plan returns an event name of "" if there is nothing to do.
func (d *Desk) change(ctx context.Context, a *Actor, id ConversationID, plan func(State) (State, Change, error)) error {
	_, err := d.changeAt(ctx, a, id, plan)
	return err
}

// changeAt is change, and returns the seq of what was appended; 0 if nothing was.
func (d *Desk) changeAt(ctx context.Context, a *Actor, id ConversationID, plan func(State) (State, Change, error)) (Seq, error) {
	key := Key{a.Tenant, id}
	if !mayWrite(a) {
		return 0, errNotAllowed
	}
	for range maxRaces {
		h, err := d.readable(ctx, a, id)
		if err != nil {
			return 0, err
		}
		next, c, err := plan(h.State)
		if err != nil || c.Event == "" {
			// Memory may be a moment behind what its actor has done: nothing is refused, or taken as done, on that ground.
			now, herr := d.HeadNow(ctx, a, id)
			if herr != nil {
				return 0, herr
			}
			if now.Version == h.Version {
				return 0, err
			}
			if next, c, err = plan(now.State); err != nil || c.Event == "" {
				return 0, err
			}
			h = now
		}
		e := d.stateEvent(a, key, h.State, next, c)
		receipts, err := d.log.Append(ctx, e)
		if err != nil {
			return 0, err
		}
		if err = receipts[0].Err; err == nil {
			d.changed(&e, &receipts[0])
			return e.Seq, nil
		}
		stale, err := d.wasStale(ctx, key, h.Version, err)
		if !stale {
			return 0, err
		}
	}
	return 0, Errorf(Conflict, "the conversation changes too fast; try again")
}

// wasStale decides whether a refused append was based on an old head, and brings the head up to date if so.
// Otherwise the error is for the actor.
func (d *Desk) wasStale(ctx context.Context, key Key, version uint64, refusal error) (bool, error) {
	var e *Error
	if !errors.As(refusal, &e) || e.Code != Conflict || !e.Conversation.IsZero() {
		return false, refusal
	}
	heads, err := d.log.Heads(ctx, key)
	if err != nil {
		return false, err
	}
	if heads[0].Version == version {
		return false, refusal
	}
	d.heads.advance(key, heads[0])
	return true, nil
}

// Accept makes the acting agent the assignee of a queued conversation. Whoever is slower gets Conflict with the Assignee.
func (d *Desk) Accept(ctx context.Context, a *Actor, id ConversationID) error {
	return d.change(ctx, a, id, func(s State) (State, Change, error) {
		switch {
		case s.Status == Closed:
			return s, Change{}, Errorf(Conflict, "the conversation is closed")
		case UserID(s.Assignee) == a.User:
			return s, Change{}, nil
		case !s.Assignee.IsZero():
			return s, Change{}, &Error{Code: Conflict, Name: "already_assigned", Message: "somebody else has accepted it", Assignee: s.Assignee}
		}
		s.Status, s.Assignee = Open, AgentID(a.User)
		return s, Change{Event: EventAssigned, AssigneeID: s.Assignee, Assignee: a.Name}, nil
	})
}

// Assign gives a conversation to an agent; the zero agent puts it back into the queue.
func (d *Desk) Assign(ctx context.Context, a *Actor, id ConversationID, to AgentID) error {
	name, err := d.assignable(ctx, a, to)
	if err != nil {
		return err
	}
	return d.change(ctx, a, id, func(s State) (State, Change, error) {
		if s.Status == Closed {
			return s, Change{}, Errorf(Conflict, "the conversation is closed; reopen it first")
		}
		if s.Assignee == to && (s.Status == Open || to.IsZero() && s.Status == Queued) {
			return s, Change{}, nil
		}
		s.Assignee = to
		if to.IsZero() {
			s.Status = Queued
			return s, Change{Event: EventQueued}, nil
		}
		s.Status = Open
		return s, Change{Event: EventAssigned, AssigneeID: to, Assignee: name}, nil
	})
}

// assignable returns the name of an agent who may be given conversations.
func (d *Desk) assignable(ctx context.Context, a *Actor, id AgentID) (string, error) {
	if id.IsZero() {
		return "", nil
	}
	agent, err := d.staff.agent(ctx, a.Tenant, id)
	if err != nil {
		return "", err
	}
	if agent.Disabled || agent.Role == Viewer {
		return "", Errorf(Conflict, "agent %s can't be given conversations", agent.Name)
	}
	return agent.Name, nil
}

// Transfer hands a conversation to another agent, or to a team's queue, with a note for whoever takes it.
func (d *Desk) Transfer(ctx context.Context, a *Actor, id ConversationID, to AgentID, team TeamID, note string) error {
	if to.IsZero() && team.IsZero() {
		return Errorf(Malformed, "transfer needs agent_id or team_id")
	}
	name, err := d.assignable(ctx, a, to)
	if err != nil {
		return err
	}
	if !team.IsZero() {
		if err := d.staff.hasTeam(ctx, a.Tenant, team); err != nil {
			return err
		}
	}
	return d.change(ctx, a, id, func(s State) (State, Change, error) {
		if s.Status == Closed {
			return s, Change{}, Errorf(Conflict, "the conversation is closed; reopen it first")
		}
		s.Assignee, s.Status = to, Open
		if to.IsZero() {
			s.Status = Queued
		}
		if !team.IsZero() {
			s.Team = team
		}
		return s, Change{Event: EventTransferred, AssigneeID: to, Assignee: name, TeamID: team, Note: cut(note, MaxPreview)}, nil
	})
}

// Close ends a conversation. Closing a closed one changes nothing.
func (d *Desk) Close(ctx context.Context, a *Actor, id ConversationID) error {
	return d.change(ctx, a, id, func(s State) (State, Change, error) {
		if s.Status == Closed {
			return s, Change{}, nil
		}
		s.Status = Closed
		return s, Change{Event: EventClosed}, nil
	})
}

// Reopen brings a closed conversation back: to the acting agent if it was theirs, otherwise into the queue, or to the bot if its visitor asks for
// it and the bot is on. A snoozed one wakes.
// Conflict names the visitor's other open conversation, if there is one.
func (d *Desk) Reopen(ctx context.Context, a *Actor, id ConversationID) error {
	return d.change(ctx, a, id, func(s State) (State, Change, error) {
		if s.Status == Snoozed {
			return woken(s), Change{Event: EventWoken}, nil
		}
		if s.Status != Closed {
			return s, Change{}, nil
		}
		s = reopened(a, s)
		if a.Role == RoleVisitor && d.botOnDuty(ctx, a.Tenant) {
			s.Status = WithBot
		}
		return s, Change{Event: EventReopened}, nil
	})
}

// reopened is what a closed conversation becomes when the actor brings it back.
func reopened(a *Actor, s State) State {
	if a.Role == RoleAgent && UserID(s.Assignee) == a.User {
		s.Status = Open
		return s
	}
	s.Status, s.Assignee = Queued, AgentID{}
	return s
}
