package project

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/uniqchat/uniqchat/chat"
)

func TestApply(t *testing.T) {
	at := func(s int) time.Time { return time.Date(2026, 1, 1, 0, 0, s, 0, time.UTC) }
	visitor, agent, other := chat.NewID[chat.Visitor](), chat.NewID[chat.Agent](), chat.NewID[chat.Agent]()
	state := func(version uint64, s chat.Status) *chat.State {
		return &chat.State{Visitor: visitor, Status: s, Version: version}
	}
	message := func(seq chat.Seq, role chat.Role, by chat.AgentID, v chat.Visibility, sec int) chat.Event {
		return chat.Event{Message: chat.Message{Seq: seq, Role: role, Sender: chat.UserID(by), Visibility: v, Time: at(sec)}}
	}
	change := func(seq chat.Seq, next *chat.State, v chat.Visibility, sec int) chat.Event {
		return chat.Event{Next: next, Message: chat.Message{Seq: seq, Kind: chat.KindSystem, Visibility: v, Time: at(sec)}}
	}
	row := Row{}
	for i, step := range []struct {
		event chat.Event
		want  Row
	}{
		{change(1, state(1, chat.Queued), chat.Public, 1), Row{Head: chat.Head{State: *state(1, chat.Queued), Last: 1, LastPublic: 1}, Created: at(1), Updated: at(1)}},
		{message(2, chat.RoleVisitor, agent, chat.Public, 2), Row{Head: chat.Head{State: *state(1, chat.Queued), Last: 2, LastPublic: 2}, LastMessage: 2, Created: at(1), Updated: at(2)}},
		{message(3, chat.RoleAgent, agent, chat.InternalOnly, 3), Row{Head: chat.Head{State: *state(1, chat.Queued), Last: 3, LastPublic: 2}, LastMessage: 2, Created: at(1), Updated: at(3)}},
		{message(4, chat.RoleAgent, other, chat.Public, 2), Row{Head: chat.Head{State: *state(1, chat.Queued), Last: 4, LastPublic: 4}, LastMessage: 4, LastAgent: other, Created: at(1), Updated: at(3)}},
		{change(5, state(2, chat.Closed), chat.Public, 5), Row{Head: chat.Head{State: *state(2, chat.Closed), Last: 5, LastPublic: 5}, LastMessage: 4, LastAgent: other, Created: at(1), Closed: at(5), Updated: at(5)}},
		{change(6, state(3, chat.Closed), chat.InternalOnly, 6), Row{Head: chat.Head{State: *state(3, chat.Closed), Last: 6, LastPublic: 5}, LastMessage: 4, LastAgent: other, Created: at(1), Closed: at(5), Updated: at(6)}},
		{change(7, state(4, chat.Queued), chat.Public, 7), Row{Head: chat.Head{State: *state(4, chat.Queued), Last: 7, LastPublic: 7}, LastMessage: 4, LastAgent: other, Created: at(1), Updated: at(7)}},
	} {
		row.Apply(&step.event)
		if diff := cmp.Diff(step.want, row); diff != "" {
			t.Fatalf("step %d (-want +got):\n%s", i, diff)
		}
	}
}
