package storagetest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

// file is an upload of somebody's, at a time.
func (s *suite) file(by chat.UserID, role chat.Role, minute int) chat.Upload {
	id := chat.NewID[chat.Upload]()
	return chat.Upload{
		ID: id, Tenant: s.tenant, Uploader: by, Role: role, Name: "假日.png", Mime: "image/png", Size: 1000, SHA256: sha256.Sum256(id[:]), Width: 3, Height: 4,
		Object: id.String(), Thumb: "image/jpeg", ThumbSize: 10, CreatedAt: start.Add(time.Duration(minute) * time.Minute),
	}
}

// kept is a file that was reserved and kept.
func (s *suite) kept(u chat.Upload) chat.Upload {
	s.t.Helper()
	require.NoError(s.t, s.Store.ReserveUpload(ctx(), u, 0, 1000))
	require.NoError(s.t, s.Store.KeepUpload(ctx(), u.Tenant, u.ID))
	return u
}

func (s *suite) name(t *testing.T, u chat.Upload, m *chat.Message) bool {
	t.Helper()
	fresh, err := s.Store.UseUpload(ctx(), useOf(u, m))
	require.NoError(t, err)
	return fresh
}

func useOf(u chat.Upload, m *chat.Message) chat.UploadUse {
	return chat.UploadUse{
		Key: chat.Key{Tenant: m.Tenant, Conversation: m.Conversation}, Upload: u.ID, Message: m.ID, Sender: m.Sender, Role: m.Role,
		Public: m.Visibility == chat.Public, At: u.CreatedAt,
	}
}

// sees compares an upload with what is stored.
func (s *suite) sees(t *testing.T, want chat.Upload) {
	t.Helper()
	got, err := s.Store.Upload(ctx(), want.Tenant, want.ID)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(want, got))
}

func (s *suite) total(t *testing.T, want int64) {
	t.Helper()
	got, err := s.Store.UploadTotal(ctx(), s.tenant)
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func testUploads(t *testing.T, s *suite) {
	th := s.thread()
	th.create()
	me := chat.UserID(th.visitor)
	s.total(t, 0)
	u := s.file(me, chat.RoleVisitor, 0)
	require.NoError(t, s.Store.ReserveUpload(ctx(), u, 0, 10))
	_, err := s.Store.Upload(ctx(), s.tenant, u.ID)
	code(t, err, chat.NotFound)
	m := th.message("names it")
	_, err = s.Store.UseUpload(ctx(), useOf(u, &m.Message))
	code(t, err, chat.NotFound)
	require.NoError(t, s.Store.KeepUpload(ctx(), s.tenant, u.ID))
	code(t, s.Store.KeepUpload(ctx(), s.tenant, u.ID), chat.NotFound)
	s.sees(t, u)
	s.total(t, 1010)
	_, err = s.Store.Upload(ctx(), chat.NewID[chat.Tenant](), u.ID)
	code(t, err, chat.NotFound)

	// The first message makes it its conversation's.
	require.True(t, s.name(t, u, &m.Message))
	require.False(t, s.name(t, u, &m.Message), "noted before")
	u.Conversation, u.Named, u.Shown = th.key.Conversation, true, true
	s.sees(t, u)
	other := s.thread()
	other.create()
	o := other.message("another's")
	_, err = s.Store.UseUpload(ctx(), useOf(u, &o.Message))
	code(t, err, chat.NotFound)
	o.Sender = me
	_, err = s.Store.UseUpload(ctx(), useOf(u, &o.Message))
	code(t, err, chat.NotFound)
	foreign := useOf(u, &m.Message)
	foreign.Key.Tenant = chat.NewID[chat.Tenant]()
	_, err = s.Store.UseUpload(ctx(), foreign)
	code(t, err, chat.NotFound)
	code(t, s.Store.DropUpload(ctx(), s.tenant, u.ID), chat.Conflict)

	// A second message in the same conversation, by somebody else; then the first lets go.
	m2 := th.message("an agent's")
	m2.Sender, m2.Role, m2.Visibility = chat.NewID[chat.Actor](), chat.RoleAgent, chat.InternalOnly
	require.True(t, s.name(t, u, &m2.Message))
	require.NoError(t, s.Store.ReleaseUploads(ctx(), th.key, m.ID, u.ID))
	s.sees(t, u)
	require.NoError(t, s.Store.ReleaseUploads(ctx(), th.key, m.ID, chat.UploadID{}))
	u.Shown = false
	s.sees(t, u)
	require.False(t, s.name(t, u, &m.Message), "sent again: it stays as it is")
	s.sees(t, u)
	edit := useOf(u, &m.Message)
	edit.Edited = true
	fresh, err := s.Store.UseUpload(ctx(), edit)
	require.NoError(t, err)
	require.True(t, fresh, "an edit names it anew")
	u.Shown = true
	s.sees(t, u)
	for _, x := range []*chat.Message{&m.Message, &m2.Message} {
		require.NoError(t, s.Store.ReleaseUpload(ctx(), useOf(u, x)))
	}
	u.Conversation, u.Named, u.Shown = chat.ConversationID{}, false, false
	s.sees(t, u)
	require.NoError(t, s.Store.DropUpload(ctx(), s.tenant, u.ID))
	_, err = s.Store.Upload(ctx(), s.tenant, u.ID)
	code(t, err, chat.NotFound)
	_, err = s.Store.UseUpload(ctx(), useOf(u, &m.Message))
	code(t, err, chat.NotFound)
	require.NoError(t, s.Store.RemoveUpload(ctx(), s.tenant, u.ID))
	require.NoError(t, s.Store.RemoveUpload(ctx(), s.tenant, u.ID))
	s.total(t, 0)
}

// Who may name which file.
func testUploadOwners(t *testing.T, s *suite) {
	th := s.thread()
	th.create()
	visitor, agent := chat.UserID(th.visitor), chat.NewID[chat.Actor]()
	m := th.message("by the visitor")
	theirs := s.kept(s.file(agent, chat.RoleAgent, 0))
	_, err := s.Store.UseUpload(ctx(), useOf(theirs, &m.Message))
	code(t, err, chat.NotFound)
	// The same id in another role is somebody else.
	alias := s.kept(s.file(visitor, chat.RoleAgent, 0))
	_, err = s.Store.UseUpload(ctx(), useOf(alias, &m.Message))
	code(t, err, chat.NotFound)
	given := s.file(agent, chat.RoleAgent, 0)
	given.Conversation = th.key.Conversation
	s.kept(given)
	_, err = s.Store.UseUpload(ctx(), useOf(given, &m.Message))
	code(t, err, chat.NotFound)
	note := th.message("a note")
	note.Sender, note.Role, note.Visibility = agent, chat.RoleAgent, chat.InternalOnly
	require.True(t, s.name(t, given, &note.Message))
	_, err = s.Store.UseUpload(ctx(), useOf(given, &m.Message))
	code(t, err, chat.NotFound)
	said := th.message("public")
	said.Sender, said.Role = agent, chat.RoleAgent
	require.True(t, s.name(t, given, &said.Message))
	require.True(t, s.name(t, given, &m.Message), "what the visitor saw")
	for _, x := range []*chat.Message{&m.Message, &note.Message, &said.Message} {
		require.NoError(t, s.Store.ReleaseUpload(ctx(), useOf(given, x)))
	}
	s.sees(t, given) // it was given to the conversation, and stays its own
}

func testUploadQuota(t *testing.T, s *suite) {
	me := chat.NewID[chat.Actor]()
	for i := range 3 {
		require.NoError(t, s.Store.ReserveUpload(ctx(), s.file(me, chat.RoleVisitor, i), 3030, 10))
	}
	err := s.Store.ReserveUpload(ctx(), s.file(me, chat.RoleVisitor, 3), 4039, 10)
	code(t, err, chat.Full)
	err = s.Store.ReserveUpload(ctx(), s.file(me, chat.RoleVisitor, 3), 0, 3)
	code(t, err, chat.TooMany)
	s.total(t, 3030)
	// From many at once, never more than fits.
	var wg sync.WaitGroup
	var taken atomic.Int64
	for i := range 20 {
		wg.Go(func() {
			u := s.file(chat.NewID[chat.Actor](), chat.RoleVisitor, i)
			if err := s.Store.ReserveUpload(ctx(), u, 3030+5*1010, 10); err == nil {
				taken.Add(1)
			} else if chat.CodeOf(err) != chat.Full {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 5, taken.Load())
	s.total(t, 8*1010)
}

// What no message names goes; what one may still name, or does, stays.
func testStaleUploads(t *testing.T, s *suite) {
	th := s.thread()
	th.create()
	me := chat.UserID(th.visitor)
	loose, young, reserved := s.kept(s.file(me, chat.RoleVisitor, 1)), s.kept(s.file(me, chat.RoleVisitor, 500)), s.file(me, chat.RoleVisitor, 2)
	require.NoError(t, s.Store.ReserveUpload(ctx(), reserved, 0, 100))
	sent, never, soon := s.kept(s.file(me, chat.RoleVisitor, 3)), s.kept(s.file(me, chat.RoleVisitor, 4)), s.kept(s.file(me, chat.RoleVisitor, 5))
	m := th.message("is appended")
	require.True(t, s.name(t, sent, &m.Message))
	s.append(m)
	_, _ = s.Store.Conversation(ctx(), th.key) // waits for the rows
	lost := th.message("is not")
	require.True(t, s.name(t, never, &lost.Message))
	late := useOf(soon, &lost.Message)
	late.Message, late.At = chat.DeriveMessageID(th.key.Conversation, me, chat.NewID[chat.Event]()), start.Add(500*time.Minute)
	_, err := s.Store.UseUpload(ctx(), late)
	require.NoError(t, err)

	before := start.Add(100 * time.Minute)
	mine := func(list []chat.Upload) (ids []string) {
		for _, u := range list {
			if u.Tenant == s.tenant {
				ids = append(ids, u.ID.String())
			}
		}
		return ids
	}
	for range 2 { // what is not removed comes again
		stale, err := s.Store.StaleUploads(ctx(), before, 1000)
		require.NoError(t, err)
		require.Equal(t, []string{loose.ID.String(), reserved.ID.String(), never.ID.String()}, mine(stale))
	}
	for _, gone := range []chat.Upload{loose, reserved, never} {
		_, err := s.Store.Upload(ctx(), s.tenant, gone.ID)
		code(t, err, chat.NotFound)
		require.NoError(t, s.Store.RemoveUpload(ctx(), s.tenant, gone.ID))
	}
	stale, err := s.Store.StaleUploads(ctx(), before, 1000)
	require.NoError(t, err)
	require.Empty(t, mine(stale))
	for _, there := range []chat.Upload{young, sent, soon} {
		_, err := s.Store.Upload(ctx(), s.tenant, there.ID)
		require.NoError(t, err)
		require.NoError(t, s.Store.RemoveUpload(ctx(), s.tenant, there.ID), "what is kept is not removed")
		_, err = s.Store.Upload(ctx(), s.tenant, there.ID)
		require.NoError(t, err)
	}
	s.total(t, 3*1010)
}

// Whoever names a file while it is being taken away, or let go by another message, either has it or hears so.
func testUploadRaces(t *testing.T, s *suite) {
	th := s.thread()
	th.create()
	me := chat.UserID(th.visitor)
	for i := range 20 {
		u := s.kept(s.file(me, chat.RoleVisitor, i))
		first, second := th.message(fmt.Sprint("first", i)), th.message(fmt.Sprint("second", i))
		drop := i%2 == 0
		if !drop {
			require.True(t, s.name(t, u, &first.Message))
		}
		var wg sync.WaitGroup
		var useErr, otherErr error
		wg.Go(func() { _, useErr = s.Store.UseUpload(context.Background(), useOf(u, &second.Message)) })
		wg.Go(func() {
			if drop {
				otherErr = s.Store.DropUpload(context.Background(), s.tenant, u.ID)
			} else {
				otherErr = s.Store.ReleaseUploads(context.Background(), th.key, first.ID, chat.UploadID{})
			}
		})
		wg.Wait()
		got, err := s.Store.Upload(ctx(), s.tenant, u.ID)
		switch {
		case !drop:
			require.NoError(t, useErr)
			require.NoError(t, otherErr)
			require.NoError(t, err)
			require.True(t, got.Named)
			require.Equal(t, th.key.Conversation, got.Conversation)
		case useErr == nil:
			code(t, otherErr, chat.Conflict)
			require.NoError(t, err)
			require.True(t, got.Named)
		default:
			code(t, useErr, chat.NotFound)
			require.NoError(t, otherErr)
			code(t, err, chat.NotFound)
		}
	}
}
