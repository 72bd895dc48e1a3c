// Package project turns events of the log into rows: what a conversation's row becomes with each event.
//
// It owns that one piece of arithmetic, which every driver shares. It never touches a database.
package project

import (
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// Row is the part of a conversation's row that events change.
type Row struct {
	chat.Head
	LastMessage chat.Seq // newest public message that is no system message; 0 if none
	LastAgent   chat.AgentID
	Created     time.Time
	Closed      time.Time
	Updated     time.Time
	Tally       *Tally // nil: what there is of the conversation was not counted yet. Apply leaves it alone
}

// Apply moves the row forward by one event that has its Seq. Events must come in order.
func (r *Row) Apply(e *chat.Event) {
	if e.Next != nil {
		if !r.Exists() {
			r.Created = e.Time
		}
		switch {
		case e.Next.Status == chat.Closed && r.Status != chat.Closed:
			r.Closed = e.Time
		case e.Next.Status != chat.Closed:
			r.Closed = time.Time{}
		}
		r.State = *e.Next
	}
	r.Last = e.Seq
	if e.Visibility == chat.Public {
		r.LastPublic = e.Seq
		if e.Kind != chat.KindSystem {
			r.LastMessage = e.Seq
		}
	}
	if e.Role == chat.RoleAgent && e.Kind != chat.KindSystem && e.Visibility == chat.Public {
		r.LastAgent = chat.AgentID(e.Sender)
	}
	if e.Time.After(r.Updated) {
		r.Updated = e.Time
	}
}
