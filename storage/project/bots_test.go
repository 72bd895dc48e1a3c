package project

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

// What events make of jobs: each conversation once, by its last word. A question to the bot is one though it was turned off, or its settings were
// deleted, before the row is written; and tenants without a bot cost nothing.
func TestBots(t *testing.T) {
	on, none := chat.NewID[chat.Tenant](), chat.NewID[chat.Tenant]()
	conv, other := chat.ConversationID{1}, chat.ConversationID{2}
	said := func(tenant chat.TenantID, conv chat.ConversationID, seq chat.Seq, status chat.Status) *chat.Event {
		return &chat.Event{
			Message: chat.Message{ID: chat.NewID[chat.Message](), Tenant: tenant, Conversation: conv, Seq: seq, Role: chat.RoleVisitor}, State: chat.State{Status: status, Version: 1},
		}
	}
	changed := func(tenant chat.TenantID, conv chat.ConversationID, seq chat.Seq, to chat.Status) *chat.Event {
		e := said(tenant, conv, seq, to)
		e.Kind, e.Role, e.Next = chat.KindSystem, chat.RoleSystem, &chat.State{Status: to, Version: 2}
		return e
	}
	moved := func(conv chat.ConversationID, seq chat.Seq, to chat.Status) *chat.Event {
		return changed(on, conv, seq, to)
	}
	as := func(e *chat.Event, change func(*chat.Event)) *chat.Event {
		change(e)
		return e
	}
	handed := func(body string) *chat.Event {
		e := moved(conv, 7, chat.WithBot)
		e.Body = []byte(body)
		return e
	}
	const asks = `{"event":"conversation.handoff","to":"bot","question":"01a21d77-d378-72a3-b77d-670f05ab9570"}`
	var nobody *Subscribers
	require.Len(t, nobody.Bots([]*chat.Event{said(on, conv, 1, chat.WithBot)}), 1)
	require.Nil(t, nobody.Bots([]*chat.Event{moved(conv, 2, chat.Open)}))
	s := &Subscribers{}
	s.AddBot(on)
	require.True(t, s.None(), "no endpoint wants anything")
	for name, c := range map[string]struct {
		events []*chat.Event
		seqs   []chat.Seq // of the changes
		asked  []bool
	}{
		"a question":                  {[]*chat.Event{said(on, conv, 1, chat.WithBot)}, []chat.Seq{1}, []bool{true}},
		"the bot is gone":             {[]*chat.Event{said(none, conv, 1, chat.WithBot)}, []chat.Seq{1}, []bool{true}},
		"gone, and over":              {[]*chat.Event{said(none, conv, 1, chat.WithBot), changed(none, conv, 2, chat.Open)}, []chat.Seq{2}, []bool{false}},
		"people have it":              {[]*chat.Event{said(on, conv, 1, chat.Open), said(on, conv, 2, chat.Queued)}, nil, nil},
		"the newest":                  {[]*chat.Event{said(on, conv, 1, chat.WithBot), said(on, conv, 2, chat.WithBot)}, []chat.Seq{2}, []bool{true}},
		"over":                        {[]*chat.Event{said(on, conv, 1, chat.WithBot), moved(conv, 2, chat.Open)}, []chat.Seq{2}, []bool{false}},
		"over, and asked again":       {[]*chat.Event{moved(conv, 2, chat.Closed), said(on, conv, 3, chat.WithBot)}, []chat.Seq{3}, []bool{true}},
		"a label":                     {[]*chat.Event{said(on, conv, 1, chat.WithBot), moved(conv, 2, chat.WithBot)}, []chat.Seq{1}, []bool{true}},
		"handed over with a question": {[]*chat.Event{handed(asks)}, []chat.Seq{7}, []bool{true}},
		"handed over without":         {[]*chat.Event{handed(`{"event":"conversation.handoff","to":"bot"}`)}, nil, nil},
		"it is only said":             {[]*chat.Event{as(handed(asks), func(e *chat.Event) { e.Kind = chat.KindText })}, nil, nil},
		"in one order":                {[]*chat.Event{said(on, other, 5, chat.WithBot), moved(conv, 2, chat.Closed)}, []chat.Seq{2, 5}, []bool{false, true}},
		"a note":                      {[]*chat.Event{as(said(on, conv, 1, chat.WithBot), func(e *chat.Event) { e.Visibility = chat.InternalOnly })}, nil, nil},
		"a picture":                   {[]*chat.Event{as(said(on, conv, 1, chat.WithBot), func(e *chat.Event) { e.Kind = chat.KindImage })}, nil, nil},
		"the bot's own":               {[]*chat.Event{as(said(on, conv, 1, chat.WithBot), func(e *chat.Event) { e.Role = chat.RoleBot })}, nil, nil},
		"a message that changes more": {[]*chat.Event{as(said(on, conv, 1, chat.Queued), func(e *chat.Event) { e.Next = &chat.State{Status: chat.WithBot} })}, []chat.Seq{1}, []bool{true}},
	} {
		var seqs []chat.Seq
		var asked []bool
		for _, b := range s.Bots(c.events) {
			seqs, asked = append(seqs, b.Seq), append(asked, b.Asked())
		}
		require.Equal(t, c.seqs, seqs, name)
		require.Equal(t, c.asked, asked, name)
	}
	without := []*chat.Event{
		said(none, conv, 1, chat.Queued), changed(none, conv, 2, chat.Open), said(none, conv, 3, chat.Open), changed(none, conv, 4, chat.Closed),
	}
	require.Empty(t, s.Bots(without), "what tells of people only")
	require.Zero(t, testing.AllocsPerRun(100, func() { s.Bots(without) }))
}
