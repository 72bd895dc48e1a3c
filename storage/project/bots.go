package project

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// AddBot adds a tenant whose bot is on.
func (s *Subscribers) AddBot(tenant chat.TenantID) {
	if s.bots == nil {
		s.bots = make(map[chat.TenantID]bool)
	}
	s.bots[tenant] = true
}

// NoBots reports whether nobody's bot is on.
func (s *Subscribers) NoBots() bool { return s == nil || len(s.bots) == 0 }

// BotChange is what events make of a conversation's job for the bot: the question that is to be answered now or, with the zero Message,
// none. It counts against jobs of an earlier Seq.
type BotChange struct {
	chat.Key
	Message chat.MessageID
	Seq     chat.Seq
	AskedAt time.Time
}

// Asked reports whether there is something to answer.
func (c *BotChange) Asked() bool { return !c.Message.IsZero() }

// Bots returns what entries of the log, that were really written, make of conversations' jobs: each conversation once, in one order everywhere,
// so that transactions wait for one another in turn. Events of one conversation must be in their order. For tenants whose bot is off there is
// nothing.
func (s *Subscribers) Bots(events []*chat.Event) (out []BotChange) {
	if s.NoBots() {
		return nil
	}
	at := make(map[chat.Key]int)
	for _, e := range events {
		if !s.bots[e.Tenant] {
			continue
		}
		c := BotChange{Key: chat.Key{Tenant: e.Tenant, Conversation: e.Conversation}, Seq: e.Seq}
		waiting := handedOver(e)
		switch {
		case e.Next != nil && e.Next.Status != chat.WithBot:
		case isQuestion(e):
			c.Message, c.AskedAt = e.ID, e.Time
		case !waiting.IsZero():
			c.Message, c.AskedAt = waiting, e.Time
		default:
			continue
		}
		if i, ok := at[c.Key]; ok {
			out[i] = c
			continue
		}
		at[c.Key] = len(out)
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b BotChange) int {
		return cmp.Or(bytes.Compare(a.Tenant[:], b.Tenant[:]), bytes.Compare(a.Conversation[:], b.Conversation[:]))
	})
	return out
}

// handedOver is the question that a conversation comes to the bot with; zero if it is no hand-off, or comes without one.
func handedOver(e *chat.Event) (question chat.MessageID) {
	if e.Kind != chat.KindSystem || e.Next == nil || e.Next.Status != chat.WithBot {
		return question
	}
	var c chat.Change
	if json.Unmarshal(e.Body, &c) == nil && c.Event == chat.EventHandoff && c.To == chat.ToBot {
		return c.Question
	}
	return question
}

// isQuestion reports whether an event is what a visitor has said to a bot.
func isQuestion(e *chat.Event) bool {
	state := &e.State
	if e.Next != nil {
		state = e.Next
	}
	return e.Role == chat.RoleVisitor && e.Kind == chat.KindText && e.Visibility == chat.Public && state.Status == chat.WithBot
}
