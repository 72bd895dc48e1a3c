package storagetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

func ctx() context.Context { return context.Background() }

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// thread is a conversation under test, as its Desk would see it.
type thread struct {
	s       *suite
	key     chat.Key
	visitor chat.VisitorID
	state   chat.State
	clock   int
}

func (s *suite) thread() *thread {
	return &thread{s: s, key: chat.Key{Tenant: s.tenant, Conversation: chat.NewID[chat.Conversation]()}, visitor: chat.NewID[chat.Visitor]()}
}

// message is an ordinary message of the visitor.
func (th *thread) message(text string) chat.Event {
	th.clock++
	e := chat.Event{Message: chat.Message{
		Tenant: th.key.Tenant, Conversation: th.key.Conversation, CMID: chat.NewID[chat.Event](), Sender: chat.UserID(th.visitor),
		Role: chat.RoleVisitor, Time: start.Add(time.Duration(th.clock) * time.Millisecond), Body: fmt.Appendf(nil, `{"text":%q}`, text),
	}}
	e.ID = chat.DeriveMessageID(e.Conversation, e.Sender, e.CMID)
	return e
}

// change is a state event from the state that the thread believes in.
func (th *thread) change(status chat.Status, assignee chat.AgentID) chat.Event {
	th.clock++
	next := th.state
	next.Visitor, next.Status, next.Assignee, next.Version = th.visitor, status, assignee, th.state.Version+1
	next.Queued, next.Wakes = time.Time{}, time.Time{}
	if status == chat.Queued {
		next.Queued = start.Add(time.Duration(th.clock) * time.Millisecond)
	}
	e := chat.Event{Expect: th.state.Version, Next: &next, Message: chat.Message{
		Tenant: th.key.Tenant, Conversation: th.key.Conversation, CMID: chat.NewID[chat.Event](), Role: chat.RoleSystem,
		Kind: chat.KindSystem, Time: start.Add(time.Duration(th.clock) * time.Millisecond), Body: []byte(`{"event":"conversation.changed"}`),
	}}
	if !th.state.Exists() {
		e.Profile = &chat.Visitor{ID: th.visitor, Tenant: th.key.Tenant, Name: "Li", CreatedAt: e.Time}
	}
	e.ID = chat.DeriveMessageID(e.Conversation, e.Sender, e.CMID)
	return e
}

// append appends events that must all be accepted.
func (s *suite) append(events ...chat.Event) []chat.Receipt {
	s.t.Helper()
	receipts, err := s.Log.Append(ctx(), events...)
	require.NoError(s.t, err)
	for i, r := range receipts {
		require.NoError(s.t, r.Err, "event %d", i)
	}
	return receipts
}

// create creates the conversation with a first message.
func (th *thread) create() {
	th.s.t.Helper()
	first := th.message("first")
	first.Joined = true
	created := th.change(chat.Queued, chat.AgentID{})
	th.s.append(created, first)
	th.state = *created.Next
}

// move changes the state; it must be accepted.
func (th *thread) move(status chat.Status, assignee chat.AgentID) {
	th.s.t.Helper()
	e := th.change(status, assignee)
	th.s.append(e)
	th.state = *e.Next
}

func (th *thread) all(a chat.Audience) []chat.Message {
	th.s.t.Helper()
	page := chat.Page{Limit: 10_000, Audience: a}
	now, complete, err := th.s.Log.Messages(ctx(), th.key, page)
	require.NoError(th.s.t, err)
	require.True(th.s.t, complete)
	m, complete, err := th.s.Store.Messages(ctx(), th.key, page)
	require.NoError(th.s.t, err)
	require.True(th.s.t, complete)
	require.Empty(th.s.t, cmp.Diff(now, m), "the log's page and the rows (-log +rows)")
	return m
}

func code(t *testing.T, err error, want chat.Code) {
	t.Helper()
	var e *chat.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, want, e.Code, "%v", err)
}

// conflict returns the conversation that stands in the way; zero if the conflict is another one.
func conflict(t *testing.T, err error) chat.ConversationID {
	t.Helper()
	code(t, err, chat.Conflict)
	var e *chat.Error
	require.ErrorAs(t, err, &e)
	return e.Conversation
}
