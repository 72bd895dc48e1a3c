package storagetest

import (
	"encoding/json"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

// revised is the system message that says what becomes of another one; no text is a recall.
func (th *thread) revised(of chat.Event, text string) chat.Event {
	r := chat.Revision{Event: chat.EventMessageRecalled, Message: of.ID}
	if text != "" {
		r.Event, r.Body = chat.EventMessageUpdated, []byte(`{"text":"`+text+`"}`)
	}
	body, err := json.Marshal(&r)
	require.NoError(th.s.t, err)
	e := th.message("")
	e.Role, e.Kind, e.Sender, e.Visibility, e.Body = chat.RoleSystem, chat.KindSystem, chat.UserID{}, of.Visibility, body
	e.ID = chat.DeriveMessageID(e.Conversation, e.Sender, e.CMID)
	return e
}

// What was edited is found and shown as it is now, what was recalled not at all; the messages themselves stay as they were sent.
func testRevised(t *testing.T, s *suite) {
	th, other := s.thread(), s.thread()
	th.create()
	other.create()
	finds := func(text string, want ...string) {
		t.Helper()
		_, got := s.search(t, s.tenant, chat.Filter{Text: text})
		require.Empty(t, gocmp.Diff(want, got), text)
	}
	shows := func(body string, how chat.Revised) {
		t.Helper()
		c, err := s.Store.Conversation(ctx(), th.key)
		require.NoError(t, err)
		require.JSONEq(t, body, string(c.LastMessage.Body))
		require.Equal(t, how, c.LastRevised)
		list, _, err := s.Store.Conversations(ctx(), s.tenant, chat.Filter{Limit: 10, Visitor: th.visitor})
		require.NoError(t, err)
		require.Equal(t, c, list[0])
	}
	kept := th.message("a kept umbrella")
	wrong := th.message("my password is hunter2")
	s.append(kept, wrong)
	finds("hunter2", `{"text":"my password is hunter2"}`)
	shows(`{"text":"my password is hunter2"}`, chat.AsSent)

	s.append(th.revised(wrong, "my password is a secret"))
	finds("hunter2")
	finds("secret", `{"text":"my password is a secret"}`)
	shows(`{"text":"my password is a secret"}`, chat.Edited)
	s.reopen()
	s.append(th.revised(wrong, "请退款"))
	finds("secret")
	finds("退款", `{"text":"请退款"}`)
	s.append(th.revised(wrong, ""))
	finds("退款")
	finds("password")
	shows(`{}`, chat.Recalled)
	finds("umbrella", `{"text":"a kept umbrella"}`)
	var sent []string
	for _, m := range th.all(chat.AudienceAll) {
		if m.ID == wrong.ID {
			sent = append(sent, string(m.Body))
		}
	}
	require.Equal(t, []string{`{"text":"my password is hunter2"}`}, sent)

	// All at once, twice in a row, from nothing to something, of a note.
	quick, mute, note := th.message("quicksilver"), th.message("👍"), th.message("vermilion")
	note.Visibility, note.Role = chat.InternalOnly, chat.RoleAgent
	note.ID = chat.DeriveMessageID(note.Conversation, note.Sender, note.CMID)
	s.append(quick, mute, note, th.revised(quick, "mercury"), th.revised(quick, "thermometer"), th.revised(mute, "thumbs"), th.revised(note, ""))
	for _, gone := range []string{"quicksilver", "mercury", "vermilion"} {
		finds(gone)
	}
	finds("thermometer", `{"text":"thermometer"}`)
	finds("thumbs", `{"text":"thumbs"}`)

	// What another conversation says of it, and what nobody has sent, changes nothing.
	s.append(other.revised(kept, "stolen"), th.revised(other.message("never sent"), "invented"))
	finds("stolen")
	finds("invented")
	finds("umbrella", `{"text":"a kept umbrella"}`)
}
