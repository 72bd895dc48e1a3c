package storagetest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// Talk is a random run of conversations with all that reports count, and what was accepted of it. It is exported for the drivers' own tests.
type Talk struct {
	Tenant  chat.TenantID
	Threads []*Thread
	Agents  []chat.AgentID
	Teams   []chat.TeamID
	Now     time.Time
}

// Thread is a conversation of a Talk.
type Thread struct {
	Key     chat.Key
	Visitor chat.VisitorID
	State   chat.State
	Events  []chat.Event // accepted, in order
}

// NewTalk returns conversations that were not created yet.
func NewTalk(tenant chat.TenantID, conversations int) *Talk {
	t := &Talk{Tenant: tenant, Now: time.Date(2026, 3, 27, 22, 0, 0, 0, time.UTC)}
	for range 3 {
		t.Agents = append(t.Agents, chat.NewID[chat.Agent]())
	}
	t.Teams = []chat.TeamID{chat.NewID[chat.Team](), chat.NewID[chat.Team]()}
	for range conversations {
		t.Threads = append(t.Threads, &Thread{
			Key: chat.Key{Tenant: tenant, Conversation: chat.NewID[chat.Conversation]()}, Visitor: chat.NewID[chat.Visitor](),
		})
	}
	return t
}

// Next returns what happens next in a conversation: one event, or two that are joined. Time goes on by seconds up to hours.
func (t *Talk) Next(th *Thread) []chat.Event {
	t.Now = t.Now.Add(time.Duration(rand.Int64N(int64(5 * time.Minute))).Truncate(time.Millisecond))
	if rand.IntN(40) == 0 {
		t.Now = t.Now.Add(time.Duration(rand.IntN(7200)) * time.Second)
	}
	if !th.State.Exists() {
		first := t.message(th, chat.RoleVisitor, chat.UserID(th.Visitor))
		first.Joined = true
		created := t.change(th, chat.Queued, chat.Change{Event: chat.EventCreated})
		created.Profile = &chat.Visitor{ID: th.Visitor, Tenant: t.Tenant, Name: "Li", CreatedAt: t.Now}
		return []chat.Event{created, first}
	}
	agent := t.Agents[rand.IntN(len(t.Agents))]
	if n := rand.IntN(20); n < 11 {
		return []chat.Event{t.said(th, agent, n)}
	}
	return []chat.Event{t.moved(th, agent)}
}

func (t *Talk) said(th *Thread, agent chat.AgentID, n int) chat.Event {
	switch {
	case n < 4:
		return t.message(th, chat.RoleVisitor, chat.UserID(th.Visitor))
	case n < 8:
		return t.message(th, chat.RoleAgent, chat.UserID(agent))
	case n == 8:
		return t.message(th, chat.RoleBot, chat.UserID{})
	case n == 9:
		return t.message(th, chat.RoleAPI, chat.UserID{1})
	}
	note := t.message(th, chat.RoleAgent, chat.UserID(agent))
	note.Visibility = chat.InternalOnly
	return note
}

func (t *Talk) moved(th *Thread, agent chat.AgentID) chat.Event {
	if th.State.Status == chat.Closed {
		switch rand.IntN(3) {
		case 0:
			return t.change(th, chat.Open, chat.Change{Event: chat.EventReopened})
		case 1:
			return t.change(th, chat.Queued, chat.Change{Event: chat.EventReopened})
		}
		return t.rating(th)
	}
	switch rand.IntN(9) {
	case 0:
		return t.change(th, chat.Queued, chat.Change{Event: chat.EventQueued})
	case 1:
		return t.change(th, chat.Queued, chat.Change{Event: chat.EventHandoff, To: chat.ToHuman})
	case 2:
		return t.change(th, chat.WithBot, chat.Change{Event: chat.EventHandoff, To: chat.ToBot})
	case 3:
		return t.change(th, chat.Open, chat.Change{Event: chat.EventTransferred, AssigneeID: agent, By: chat.UserID(t.Agents[0]), ByRole: "agent"})
	case 4:
		return t.change(th, chat.Queued, chat.Change{Event: chat.EventTransferred, TeamID: t.Teams[rand.IntN(2)]})
	case 5:
		return t.rating(th)
	case 6:
		return t.change(th, chat.Snoozed, chat.Change{Event: chat.EventSnoozed})
	case 7:
		return t.change(th, chat.Open, chat.Change{Event: chat.EventAssigned, AssigneeID: agent})
	}
	return t.change(th, chat.Closed, chat.Change{Event: chat.EventClosed})
}

func (t *Talk) rating(th *Thread) chat.Event {
	r := chat.Rating{Score: 1 + rand.IntN(5), Comment: "so so"}
	e := t.change(th, th.State.Status, chat.Change{Event: chat.EventRated, Rating: r.Score, Comment: r.Comment})
	e.Set = &chat.Fields{Rating: &r}
	return e
}

func (t *Talk) message(th *Thread, role chat.Role, by chat.UserID) chat.Event {
	e := chat.Event{Message: chat.Message{
		Tenant: th.Key.Tenant, Conversation: th.Key.Conversation, CMID: chat.NewID[chat.Event](), Sender: by, Role: role, Time: t.Now,
		Body: fmt.Appendf(nil, `{"text":"%d"}`, rand.Uint64()),
	}}
	e.ID = chat.DeriveMessageID(e.Conversation, e.Sender, e.CMID)
	return e
}

// change is a change of state as a Desk makes it.
func (t *Talk) change(th *Thread, status chat.Status, c chat.Change) chat.Event {
	next := th.State
	next.Visitor, next.Status, next.Version = th.Visitor, status, th.State.Version+1
	switch {
	case status == chat.Queued || status == chat.WithBot:
		next.Assignee = chat.AgentID{}
	case !c.AssigneeID.IsZero():
		next.Assignee = c.AssigneeID
	}
	if !c.TeamID.IsZero() {
		next.Team = c.TeamID
	}
	if status == chat.Queued && th.State.Status != chat.Queued || !th.State.Exists() {
		next.Queued = t.Now
	}
	if status != chat.Queued {
		next.Queued = time.Time{}
	}
	c.Status = status.String()
	body, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	e := t.message(th, chat.RoleSystem, chat.UserID{})
	e.Kind, e.Body, e.Expect, e.Next = chat.KindSystem, body, th.State.Version, &next
	return e
}

// Accept notes that events are in the log.
func (th *Thread) Accept(events ...chat.Event) {
	for _, e := range events {
		if e.Next != nil {
			th.State = *e.Next
		}
		e.State = th.State
		th.Events = append(th.Events, e)
	}
}
