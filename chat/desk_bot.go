package chat

import (
	"context"
	"encoding/binary"
	"encoding/json"
)

// BotActor is a tenant's bot, as it acts.
func BotActor(tenant TenantID, name string) *Actor {
	return &Actor{Tenant: tenant, User: BotID(tenant), Role: RoleBot, Name: name}
}

// BotLine is one message of a bot's.
type BotLine struct {
	Part       uint8 // which of what is said to one question: see AnswerCMID
	Kind       Kind
	Visibility Visibility
	Body       []byte // compact JSON
}

// BotReply is what a bot says to a question: all of it is appended, or nothing.
type BotReply struct {
	Question MessageID
	// Version is the conversation's when the bot looked at it.
	Version uint64
	Lines   []BotLine
	// HandOff gives the conversation to people, after what is said.
	HandOff bool
	Team    TeamID // of the hand-off: whose queue, if there is such a team; zero: it stays where it is
	Why     string // of the hand-off, for the staff
	Retry   bool   // it may have been said before
}

// Refusals of Reply, by Error.Name.
const (
	// BotOvertaken: the conversation is not as it was when the bot looked at it. A person may have it by now.
	BotOvertaken = "bot_overtaken"
	// BotAnswered: the question was answered before.
	BotAnswered = "bot_answered"
)

var (
	errOvertaken = &Error{Code: Conflict, Name: BotOvertaken, Message: "the conversation has changed meanwhile"}
	errAnswered  = &Error{Code: Conflict, Name: BotAnswered, Message: "the question was answered before"}
)

// Reply appends what a bot says. Nothing is said in a conversation that is not the bot's, or not as the bot has seen it: Conflict, with the
// reason as its name. Unlike Send it does not try again by itself, since what was to be said may be wrong by now.
func (d *Desk) Reply(ctx context.Context, a *Actor, id ConversationID, r BotReply) error {
	h, err := d.readable(ctx, a, id)
	switch {
	case err != nil:
		return err
	case a.Role != RoleBot:
		return errNotAllowed
	case h.Version < r.Version:
		if h, err = d.HeadNow(ctx, a, id); err != nil {
			return err
		}
	}
	if h.Status != WithBot || h.Version != r.Version {
		return errOvertaken
	}
	if !r.Team.IsZero() && d.staff.hasTeam(ctx, a.Tenant, r.Team) != nil {
		r.Team = TeamID{} // it was deleted since, or nobody can say just now: anybody may come
	}
	events, err := d.replyEvents(a, id, &h.State, &r)
	if err != nil || len(events) == 0 {
		return err
	}
	receipts, err := d.log.Append(ctx, events...)
	switch {
	case err != nil:
		return err
	case receipts[0].Err == nil && receipts[0].Dup:
		return errAnswered
	case receipts[0].Err == nil:
		for i := range events {
			if e := events[i]; e.Next != nil { // a copy: the log may still hold the others
				d.changed(&e, &receipts[i])
			}
		}
		return nil
	}
	stale, err := d.wasStale(ctx, Key{a.Tenant, id}, r.Version, receipts[0].Err)
	switch {
	case stale:
		return errOvertaken
	case CodeOf(err) == Conflict: // in other words
		return errAnswered
	}
	return err
}

// HeadNow is Head as the log has it, where memory may be a moment behind.
func (d *Desk) HeadNow(ctx context.Context, a *Actor, id ConversationID) (Head, error) {
	key := Key{a.Tenant, id}
	heads, err := d.log.Heads(ctx, key)
	if err != nil {
		return Head{}, err
	}
	if !heads[0].Exists() || !mayRead(a, &heads[0].State) {
		return Head{}, errNoConversation
	}
	d.heads.advance(key, heads[0])
	return heads[0], nil
}

// replyEvents makes events of a reply: joined, so that they stand or fall together.
func (d *Desk) replyEvents(a *Actor, id ConversationID, s *State, r *BotReply) (events []Event, err error) {
	for i := range r.Lines {
		l := &r.Lines[i]
		if err := checkBody(l.Kind, l.Body); err != nil {
			return nil, err
		}
		e := Event{Joined: len(events) > 0, Retry: r.Retry, Message: Message{
			Tenant: a.Tenant, Conversation: id, CMID: AnswerCMID(r.Question, l.Part), Sender: a.User, Role: RoleBot, Kind: l.Kind,
			Visibility: l.Visibility, Time: d.stamp(), Body: l.Body,
		}}
		e.ID = DeriveMessageID(id, a.User, e.CMID)
		events = append(events, e)
	}
	if r.HandOff {
		next := *s
		next.Status, next.Assignee = Queued, AgentID{}
		if !r.Team.IsZero() {
			next.Team = r.Team
		}
		e := d.stateEvent(a, Key{a.Tenant, id}, *s, next, Change{Event: EventHandoff, To: ToHuman, TeamID: r.Team, Why: r.Why})
		e.Joined = len(events) > 0
		events = append(events, e)
	}
	if len(events) > 0 {
		events[0].Expect = s.Version
	}
	return events, nil
}

// BotMessageID is the id that what a bot says to a question will have.
func BotMessageID(key Key, question MessageID, part uint8) MessageID {
	return DeriveMessageID(key.Conversation, BotID(key.Tenant), AnswerCMID(question, part))
}

// Piece is a part of a message that is being made.
type Piece struct {
	Message MessageID
	Offset  uint32 // bytes of the text before it
	End     bool   // the text is whole
	Text    string
}

// Stream shows a piece of a message that is being made. It may be lost: the message itself comes when it is whole.
func (d *Desk) Stream(ctx context.Context, a *Actor, id ConversationID, p Piece) error {
	data := binary.BigEndian.AppendUint32(append(make([]byte, 0, 21), p.Message[:]...), p.Offset)
	end := byte(0)
	if p.End {
		end = 1
	}
	return d.broker.Publish(ctx, Signal{
		Kind: SignalStream, Tenant: a.Tenant, Conversation: id, User: a.User, Role: a.Role, Text: p.Text, Data: append(data, end),
	})
}

// PieceOf reads what Stream has sent; false if it can't be read.
func PieceOf(s *Signal) (p Piece, ok bool) {
	if len(s.Data) != 21 {
		return p, false
	}
	copy(p.Message[:], s.Data)
	p.Offset, p.End, p.Text = binary.BigEndian.Uint32(s.Data[16:]), s.Data[20] == 1, s.Text
	return p, true
}

// begins is who has a conversation first that a visitor begins, or brings back, with a message: the bot, if there is one, if it is its time, and
// if there is something to read for it.
func (d *Desk) begins(ctx context.Context, r *SendRequest) Status {
	if r.ForPeople || r.Kind != KindText || !d.botOnDuty(ctx, r.Actor.Tenant) {
		return Queued
	}
	return WithBot
}

// botOnDuty reports whether a conversation that begins now begins with the tenant's bot.
func (d *Desk) botOnDuty(ctx context.Context, t TenantID) bool {
	s := d.settings.get(ctx, t)
	if !s.bot.Enabled || s.bot.Begins == BeginsPeople {
		return false
	}
	if s.bot.Hours == BotAlways {
		return true
	}
	open, _ := s.Opens("", d.now())
	return s.bot.OnDuty(open)
}

// leavesBot reports whether a visitor's message takes its conversation from the bot to people: what is for people, what the bot can't read, and
// all if the bot was turned off.
func (d *Desk) leavesBot(ctx context.Context, r *SendRequest) bool {
	if r.ForPeople || r.Kind != KindText {
		return true
	}
	s := d.settings.get(ctx, r.Actor.Tenant)
	return !s.bot.Enabled && !s.assumed
}

// toPeople is the change that does it. Nobody has asked for it, so it is the server's.
func (d *Desk) toPeople(key Key, s State) Event {
	next := s
	next.Status, next.Assignee = Queued, AgentID{}
	return d.stateEvent(nil, key, s, next, Change{Event: EventHandoff, To: ToHuman})
}

// Context is what was said in a conversation since it was opened last, to a bot that is to answer: as it is shown by now, oldest first, without notes
// and system messages.
func Context(entries []Message) []Message {
	var out []Message
	at := map[MessageID]int{}
	for i := range entries {
		m := &entries[i]
		if m.Kind != KindSystem {
			if m.Visibility == Public {
				at[m.ID] = len(out)
				out = append(out, *m)
			}
			continue
		}
		if r := RevisionOf(m); r != nil {
			if j, is := at[r.Message]; is {
				out[j].Body = r.Shown()
			}
			continue
		}
		var c Change
		if json.Unmarshal(m.Body, &c) == nil && (c.Event == EventClosed || c.Event == EventReopened) {
			out, at = nil, map[MessageID]int{}
		}
	}
	kept := out[:0]
	for _, m := range out {
		if len(m.Body) > 0 {
			kept = append(kept, m)
		}
	}
	return kept
}
