package project

import (
	"encoding/json"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// Replay makes events again of a conversation's rows, for counting: what was there before reports were kept. A row has no state;
// what its body tells of a change is enough for what is counted. The zero Replay is before the first row.
type Replay struct {
	state chat.State
}

// Event returns the event that a row was. Rows must come in order.
func (r *Replay) Event(m *chat.Message) chat.Event {
	e := chat.Event{Message: *m}
	if m.Kind == chat.KindSystem {
		var c chat.Change
		if json.Unmarshal(m.Body, &c) == nil && c.Status != "" {
			r.apply(&c, m.Time)
			next := r.state
			e.Next = &next
			if c.Event == chat.EventRated && c.Rating > 0 {
				e.Set = &chat.Fields{Rating: &chat.Rating{Score: c.Rating, Comment: c.Comment}}
			}
		}
	}
	e.State = r.state
	return e
}

func (r *Replay) apply(c *chat.Change, at time.Time) {
	status, err := chat.ParseStatus(c.Status)
	if err != nil {
		return
	}
	s := &r.state
	s.Version++
	if status == chat.Queued && s.Status != chat.Queued || s.Version == 1 {
		s.Queued = at
	}
	s.Status = status
	switch {
	case status == chat.Queued || status == chat.WithBot:
		s.Assignee = chat.AgentID{}
	case c.Event == chat.EventAssigned || c.Event == chat.EventTransferred:
		s.Assignee = c.AssigneeID
	}
	if status != chat.Queued {
		s.Queued = time.Time{}
	}
	if !c.TeamID.IsZero() {
		s.Team = c.TeamID
	}
}
