package project

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// AddBot adds a tenant that has set up a bot, be it on or off.
func (s *Subscribers) AddBot(tenant chat.TenantID) {
	if s.bots == nil {
		s.bots = make(map[chat.TenantID]bool)
	}
	s.bots[tenant] = true
}

// mayHaveJobs reports whether a tenant's conversations may have jobs for its bot.
func (s *Subscribers) mayHaveJobs(tenant chat.TenantID) bool { return s != nil && s.bots[tenant] }

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
// so that transactions wait for one another in turn. Events of one conversation must be in their order.
//
// What a conversation's status was when a question was written says whether it is the bot's, not whether the bot is on when its row is: it may have
// been turned off in between, and then somebody must give the question to people. Where no conversation is the bot's there is nothing.
func (s *Subscribers) Bots(events []*chat.Event) (out []BotChange) {
	var at map[chat.Key]int
	for _, e := range events {
		with := withBot(e)
		if !with && e.Next == nil {
			continue // most of what is said
		}
		c := BotChange{Key: chat.Key{Tenant: e.Tenant, Conversation: e.Conversation}, Seq: e.Seq}
		switch {
		case with && isQuestion(e):
			c.Message, c.AskedAt = e.ID, e.Time
		case with:
			waiting := handedOver(e)
			if waiting.IsZero() {
				continue
			}
			c.Message, c.AskedAt = waiting, e.Time
		}
		i, known := at[c.Key]
		switch {
		case known:
			out[i] = c
			continue
		case !c.Asked() && !s.mayHaveJobs(e.Tenant):
			continue
		case at == nil:
			at = make(map[chat.Key]int)
		}
		at[c.Key] = len(out)
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b BotChange) int {
		return cmp.Or(bytes.Compare(a.Tenant[:], b.Tenant[:]), bytes.Compare(a.Conversation[:], b.Conversation[:]))
	})
	return out
}

// handedOver is the question that a conversation, which is the bot's now, comes to it with; zero if it is no hand-off, or comes without one.
func handedOver(e *chat.Event) (question chat.MessageID) {
	if e.Kind != chat.KindSystem || e.Next == nil {
		return question
	}
	var c chat.Change
	if json.Unmarshal(e.Body, &c) == nil && c.Event == chat.EventHandoff && c.To == chat.ToBot {
		return c.Question
	}
	return question
}

// withBot reports whether a conversation is the bot's after an event.
func withBot(e *chat.Event) bool {
	if e.Next != nil {
		return e.Next.Status == chat.WithBot
	}
	return e.State.Status == chat.WithBot
}

// isQuestion reports whether an event, in a conversation that is the bot's, is what a visitor has said to it.
func isQuestion(e *chat.Event) bool {
	return e.Role == chat.RoleVisitor && e.Kind == chat.KindText && e.Visibility == chat.Public
}
