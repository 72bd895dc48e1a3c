package storagetest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

func (s settled) Person(ctx context.Context, t chat.TenantID, id chat.VisitorID) (chat.Person, error) {
	s.wait()
	return s.Store.Person(ctx, t, id)
}

func (s settled) People(ctx context.Context, t chat.TenantID, f chat.PersonFilter) ([]chat.Person, string, error) {
	s.wait()
	return s.Store.People(ctx, t, f)
}

func (s settled) AddSteps(ctx context.Context, steps ...chat.Step) ([]chat.VisitorKey, error) {
	s.wait()
	return s.Store.AddSteps(ctx, steps...)
}

func (s settled) EraseConversations(ctx context.Context, e chat.Erasure, convs ...chat.ConversationID) error {
	s.wait()
	return s.Store.EraseConversations(ctx, e, convs...)
}

// person makes a visitor with a conversation.
func (s *suite) person(minute int, v chat.Visitor) *thread {
	th := s.thread()
	created := th.change(chat.Queued, chat.AgentID{})
	v.ID, v.Tenant, v.CreatedAt = th.visitor, th.key.Tenant, start.Add(time.Duration(minute)*time.Minute)
	if v.Attributes == nil {
		v.Attributes = json.RawMessage(`{}`)
	}
	created.Profile = &v
	first := th.message("first")
	first.Joined = true
	s.append(created, first)
	th.state = *created.Next
	return th
}

func testPeople(t *testing.T, s *suite) {
	var all []chat.VisitorID // who came last first
	for i := range 7 {
		v := chat.Visitor{Name: fmt.Sprintf("Person 100%% %d", i), Email: fmt.Sprintf("p%d@x.test", i), ExternalID: fmt.Sprintf("crm_%d", i), Verified: i%2 == 0}
		all = append(all, s.person(i, v).visitor)
	}
	slices.Reverse(all)
	stranger := s.tenant
	s.tenant = chat.NewID[chat.Tenant]()
	s.person(3, chat.Visitor{Name: "Person of another tenant"})
	s.tenant = stranger
	list := func(f chat.PersonFilter) (ids []chat.VisitorID) {
		t.Helper()
		for f.Limit = 3; ; {
			page, next, err := s.Store.People(ctx(), s.tenant, f)
			require.NoError(t, err)
			for i := range page {
				require.Equal(t, s.tenant, page[i].Tenant)
				ids = append(ids, page[i].ID)
			}
			if f.Cursor = next; next == "" {
				return ids
			}
		}
	}
	require.Equal(t, all, list(chat.PersonFilter{}))
	yes, no := true, false
	require.Equal(t, []chat.VisitorID{all[0], all[2], all[4], all[6]}, list(chat.PersonFilter{Verified: &yes}))
	require.Equal(t, []chat.VisitorID{all[1], all[3], all[5]}, list(chat.PersonFilter{Verified: &no}))
	require.Equal(t, all[1:3], list(chat.PersonFilter{Since: start.Add(4 * time.Minute), Until: start.Add(6 * time.Minute)}))
	for text, want := range map[string][]chat.VisitorID{
		"PERSON 100% 3": {all[3]}, "p3@X": {all[3]}, "CRM_3": {all[3]}, "100% ": all, "100_": nil, `\`: nil, "%": all, "' OR 1=1 --": nil, "another": nil, "crm__": nil,
	} {
		require.Equal(t, want, list(chat.PersonFilter{Text: text}), text)
	}
	require.Equal(t, all[2:4], list(chat.PersonFilter{Only: all[2:4]}))
	require.Empty(t, list(chat.PersonFilter{Only: []chat.VisitorID{}}))
	require.Equal(t, all[2:], list(chat.PersonFilter{Not: all[:2]}))
	_, _, err := s.Store.People(ctx(), s.tenant, chat.PersonFilter{Limit: 3, Cursor: "junk"})
	code(t, err, chat.Malformed)
	_, _, err = s.Store.People(ctx(), s.tenant, chat.PersonFilter{Limit: 201})
	code(t, err, chat.Malformed)
	_, err = s.Store.Person(ctx(), chat.NewID[chat.Tenant](), all[0])
	code(t, err, chat.NotFound)

	umlaut := s.person(9, chat.Visitor{Name: "ÄRGER Straße"})
	for _, text := range []string{"ÄRGER", "Ärger stra", "ärger", "straße"} {
		got := list(chat.PersonFilter{Text: text})
		if text == "ärger" { // in SQLite only ASCII has cases
			continue
		}
		require.Equal(t, []chat.VisitorID{umlaut.visitor}, got, text)
	}
}

func testChangePerson(t *testing.T, s *suite) {
	th := s.person(0, chat.Visitor{Name: "Li", Email: "li@x.test", ExternalID: "7", Verified: true, Locale: "zh-CN", Page: "https://shop.example/a", Attributes: json.RawMessage(`{"plan":"gold"}`)})
	p, err := s.Store.Person(ctx(), s.tenant, th.visitor)
	require.NoError(t, err)
	require.Equal(t, "zh-CN https://shop.example/a 7", p.Locale+" "+p.Page+" "+p.ExternalID)
	require.Equal(t, 1, p.Conversations)
	require.EqualValues(t, 1, p.Version)
	require.False(t, p.SeenAt.Before(p.CreatedAt))
	p.Name, p.Email, p.Phone, p.Attributes, p.Version = "Li Na", "", "+86 1", json.RawMessage(`{"vip":true}`), 2
	require.NoError(t, s.Store.ChangePerson(ctx(), p))
	got, err := s.Store.Person(ctx(), s.tenant, th.visitor)
	require.NoError(t, err)
	require.JSONEq(t, string(p.Attributes), string(got.Attributes))
	got.Attributes = p.Attributes
	require.Empty(t, cmp.Diff(p, got))
	code(t, s.Store.ChangePerson(ctx(), p), chat.Conflict) // the version before is gone
	p.Version = 3
	p.Tenant = chat.NewID[chat.Tenant]()
	code(t, s.Store.ChangePerson(ctx(), p), chat.NotFound)
}

func testTrail(t *testing.T, s *suite) {
	th, none := s.person(0, chat.Visitor{Name: "Li"}), chat.NewID[chat.Visitor]()
	step := func(v chat.VisitorID, i int) chat.Step {
		at := start.Add(time.Duration(i) * time.Second)
		return chat.Step{ID: chat.NewID[chat.Step](), Tenant: s.tenant, Visitor: v, Name: chat.StepPage, Data: fmt.Appendf(nil, `{"url":"/%d"}`, i), At: at}
	}
	var steps []chat.Step
	for i := range 250 {
		steps = append(steps, step(th.visitor, i))
	}
	known, err := s.Store.AddSteps(ctx(), append(steps[:120:120], step(none, 1))...)
	require.NoError(t, err)
	require.Equal(t, []chat.VisitorKey{{Tenant: s.tenant, Visitor: th.visitor}}, known)
	_, err = s.Store.AddSteps(ctx(), steps[100:]...) // some of them again
	require.NoError(t, err)
	var got []chat.Step
	for cursor := ""; ; {
		page, next, err := s.Store.Steps(ctx(), s.tenant, th.visitor, cursor, 90)
		require.NoError(t, err)
		got = append(got, page...)
		if cursor = next; next == "" {
			break
		}
	}
	want := slices.Clone(steps[50:])
	slices.Reverse(want)
	require.Empty(t, cmp.Diff(want, got))
	got, _, err = s.Store.Steps(ctx(), s.tenant, none, "", 10)
	require.NoError(t, err)
	require.Empty(t, got)
	got, _, err = s.Store.Steps(ctx(), chat.NewID[chat.Tenant](), th.visitor, "", 10)
	require.NoError(t, err)
	require.Empty(t, got)
	p, err := s.Store.Person(ctx(), s.tenant, th.visitor)
	require.NoError(t, err)
	require.Equal(t, steps[249].At, p.SeenAt)
	later := steps[249].At.Add(time.Hour)
	require.NoError(t, s.Store.Seen(ctx(), later, chat.VisitorKey{Tenant: s.tenant, Visitor: th.visitor}, chat.VisitorKey{Tenant: s.tenant, Visitor: none}))
	require.NoError(t, s.Store.Seen(ctx(), start, chat.VisitorKey{Tenant: s.tenant, Visitor: th.visitor}))
	p, err = s.Store.Person(ctx(), s.tenant, th.visitor)
	require.NoError(t, err)
	require.Equal(t, later, p.SeenAt)
}

func testErasures(t *testing.T, s *suite) {
	v := chat.NewID[chat.Visitor]()
	e := chat.Erasure{Tenant: s.tenant, Visitor: v, Stranger: chat.NewID[chat.Visitor](), At: start}
	got, err := s.Store.BeginErasure(ctx(), e)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(e, got))
	again := e
	again.Stranger, again.At = chat.NewID[chat.Visitor](), start.Add(time.Hour)
	got, err = s.Store.BeginErasure(ctx(), again)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(e, got), "it is under way")
	_, err = s.Store.Erasure(ctx(), chat.NewID[chat.Tenant](), v)
	code(t, err, chat.NotFound)
	has := func(list []chat.Erasure, err error) bool {
		require.NoError(t, err)
		return slices.ContainsFunc(list, func(x chat.Erasure) bool { return x.Visitor == v })
	}
	require.True(t, has(s.Store.Erasing(ctx(), start)))
	require.False(t, has(s.Store.Erasing(ctx(), start.Add(time.Second))))
	require.True(t, has(s.Store.Unfinished(ctx(), start.Add(time.Second), 1000)))
	require.False(t, has(s.Store.Unfinished(ctx(), start, 1000)))
	require.NoError(t, s.Store.EndErasure(ctx(), e, start))
	require.False(t, has(s.Store.Unfinished(ctx(), start.Add(time.Second), 1000)))
	got, err = s.Store.Erasure(ctx(), s.tenant, v)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(chat.Erasure{Tenant: s.tenant, Visitor: v, At: start, Done: true}, got))
	got, err = s.Store.BeginErasure(ctx(), again) // the person came back, and is erased again
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(again, got))
	require.NoError(t, s.Store.EndErasure(ctx(), again, start.Add(2*time.Hour)))
	_, err = s.Store.Erasure(ctx(), s.tenant, v)
	code(t, err, chat.NotFound)
}

const secret = "Rumpelstilzchen"

// testErase erases what a person and the staff said: nothing is left to be read or found, and everything that is counted is as it was.
func testErase(t *testing.T, s *suite) {
	th := s.person(0, chat.Visitor{Name: secret, Email: secret + "@x.test", ExternalID: secret, Attributes: json.RawMessage(`{"a":"` + secret + `"}`)})
	other := s.person(1, chat.Visitor{Name: secret})
	kept := other.message(secret)
	note := th.message(secret)
	note.Sender, note.Role, note.Visibility = chat.NewID[chat.Actor](), chat.RoleAgent, chat.InternalOnly
	said := th.message(secret)
	s.append(said, note, kept)
	rated := th.change(chat.Queued, chat.AgentID{})
	rated.Set = &chat.Fields{Context: json.RawMessage(`{"c":"` + secret + `"}`), Rating: &chat.Rating{Score: 4, Comment: secret}}
	rated.Body = fmt.Appendf(nil, `{"event":"conversation.rated","rating":4,"rating_comment":%q,"note":%q,"by":%q,"status":"queued"}`, secret, secret, th.visitor)
	s.append(rated)
	th.state = *rated.Next
	edit := th.change(chat.Queued, chat.AgentID{})
	edit.Body = fmt.Appendf(nil, `{"event":"message.updated","mid":%q,"body":{"text":%q}}`, said.ID, secret+" edited")
	s.append(edit)
	th.state = *edit.Next
	_, _, err := s.Store.MarkRead(ctx(), th.key, chat.Mark{User: chat.UserID(th.visitor), Role: chat.RoleVisitor, Read: 2})
	require.NoError(t, err)
	_, err = s.Store.AddSteps(ctx(), chat.Step{ID: chat.NewID[chat.Step](), Tenant: s.tenant, Visitor: th.visitor, Name: chat.StepCart, Data: []byte(`{"x":"` + secret + `"}`), At: start})
	require.NoError(t, err)
	file := s.kept(s.file(chat.UserID(th.visitor), chat.RoleVisitor, 0))
	loose := s.kept(s.file(chat.UserID(th.visitor), chat.RoleVisitor, 0))
	foreign := s.kept(s.file(chat.UserID(other.visitor), chat.RoleVisitor, 0))
	s.name(t, file, &said.Message)
	require.NoError(t, s.Store.AddRecord(ctx(), chat.Record{
		ID: chat.NewID[chat.Record](), Tenant: s.tenant, Kind: chat.RecordBlock, Name: "b", Version: 1, CreatedAt: start, UpdatedAt: start,
		Body: fmt.Appendf(nil, `{"kind":"visitor","value":%q,"reason":%q}`, th.visitor, secret),
	}, 10))
	find := func() []chat.Conversation {
		page, _, err := s.Store.Conversations(ctx(), s.tenant, chat.Filter{Text: secret, Limit: 10})
		require.NoError(t, err)
		return page
	}
	require.Len(t, find(), 2)
	th.move(chat.Closed, chat.AgentID{})
	before, err := s.Store.Conversation(ctx(), th.key)
	require.NoError(t, err)
	entries := th.all(chat.AudienceAll)

	e := chat.Erasure{Tenant: s.tenant, Visitor: th.visitor, Stranger: chat.NewID[chat.Visitor](), At: start.Add(time.Hour)}
	for range 2 { // again: nothing changes
		foreignErasure := e
		foreignErasure.Tenant = chat.NewID[chat.Tenant]()
		require.NoError(t, s.Store.EraseConversations(ctx(), foreignErasure, th.key.Conversation))
		require.NoError(t, s.Store.EraseConversations(ctx(), e, th.key.Conversation, other.key.Conversation))
		require.NoError(t, s.Store.ErasePerson(ctx(), e))
		if log, ok := s.Log.(chat.Eraser); ok {
			require.NoError(t, log.Erased(ctx(), th.key))
		}
	}
	after, err := s.Store.Conversation(ctx(), th.key)
	require.NoError(t, err)
	require.Equal(t, e.Stranger, after.Visitor)
	require.Equal(t, []any{before.Rating.Score, before.Version, before.Last, before.Unread, before.Labels, before.CreatedAt, before.ClosedAt},
		[]any{after.Rating.Score, after.Version, after.Last, after.Unread, after.Labels, after.CreatedAt, after.ClosedAt})
	require.Empty(t, after.Rating.Comment+after.VisitorName)
	require.JSONEq(t, `{}`, string(after.Context))
	now := th.all(chat.AudienceAll)
	require.Len(t, now, len(entries))
	for i := range now {
		m, was := &now[i], &entries[i]
		require.False(t, strings.Contains(string(m.Body), secret) || strings.Contains(string(m.Body), th.visitor.String()), "%s", m.Body)
		require.Equal(t, []any{was.Seq, was.Prev, was.PrevPublic, was.ID, was.Kind, was.Role, was.Visibility, was.Time},
			[]any{m.Seq, m.Prev, m.PrevPublic, m.ID, m.Kind, m.Role, m.Visibility, m.Time})
		require.NotEqual(t, chat.UserID(th.visitor), m.Sender)
		if was.Kind == chat.KindSystem {
			require.Contains(t, string(m.Body), `"event":`)
		}
	}
	left := find()
	require.Len(t, left, 1)
	require.Equal(t, other.key.Conversation, left[0].ID, "the other's is as it was")
	_, err = s.Store.Person(ctx(), s.tenant, th.visitor)
	code(t, err, chat.NotFound)
	p, err := s.Store.Person(ctx(), s.tenant, e.Stranger)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(chat.Person{
		Visitor: chat.Visitor{ID: e.Stranger, Tenant: s.tenant, Attributes: json.RawMessage(`{}`), CreatedAt: start}, Version: 1, ErasedAt: e.At, Conversations: 1,
	}, p))
	people, _, err := s.Store.People(ctx(), s.tenant, chat.PersonFilter{Limit: 10})
	require.NoError(t, err)
	require.Len(t, people, 1)
	steps, _, err := s.Store.Steps(ctx(), s.tenant, th.visitor, "", 10)
	require.NoError(t, err)
	require.Empty(t, steps)
	blocks, err := s.Store.RecordsOf(ctx(), s.tenant, chat.RecordBlock)
	require.NoError(t, err)
	require.Empty(t, blocks)

	var dropped []chat.UploadID
	for len(dropped) < 2 { // one at a time
		got, err := s.Store.UploadsOf(ctx(), e, 1, th.key.Conversation)
		require.NoError(t, err)
		require.Len(t, got, 1)
		dropped = append(dropped, got[0].ID)
		require.NoError(t, s.Store.RemoveUpload(ctx(), s.tenant, got[0].ID))
	}
	require.ElementsMatch(t, []chat.UploadID{file.ID, loose.ID}, dropped)
	got, err := s.Store.UploadsOf(ctx(), e, 1, th.key.Conversation)
	require.NoError(t, err)
	require.Empty(t, got)
	_, err = s.Store.Upload(ctx(), s.tenant, foreign.ID)
	require.NoError(t, err)
	s.total(t, foreign.Size+foreign.ThumbSize)
}
