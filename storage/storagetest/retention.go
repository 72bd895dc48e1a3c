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

// What a tenant does not keep goes, and nothing else does: bodies, what was found of them, files; rows and counts stay.
func testRetention(t *testing.T, s *suite) {
	made := func(status chat.Status, day int) (*thread, chat.Conversation) {
		th := s.thread()
		th.clock = day * 86_400_000
		th.create()
		s.append(th.message("mango secret"))
		th.move(status, chat.AgentID{})
		row, err := s.Store.Conversation(ctx(), th.key)
		require.NoError(t, err)
		return th, row
	}
	old, oldRow := made(chat.Closed, 0)
	older, _ := made(chat.Closed, -1)
	open, _ := made(chat.Queued, 0)
	fresh, freshRow := made(chat.Closed, 5)
	elsewhere := s.thread()
	elsewhere.key.Tenant = chat.NewID[chat.Tenant]()
	elsewhere.create()
	s.append(elsewhere.message("mango secret"))
	elsewhere.move(chat.Closed, chat.AgentID{})
	_ = s.texts(elsewhere.key) // settled
	if s.Index != nil {
		s.Index(t)
	}
	found := func() int {
		t.Helper()
		page, _, err := s.Store.Conversations(ctx(), s.tenant, chat.Filter{Text: "mango", Limit: 10})
		require.NoError(t, err)
		return len(page)
	}
	require.Equal(t, 4, found())
	before := freshRow.CreatedAt.Add(-time.Hour)
	count, err := s.Store.Purgeable(ctx(), s.tenant, chat.Cutoffs{Conversations: before})
	require.NoError(t, err)
	require.Equal(t, 2, count.Conversations)
	rows := len(s.texts(old.key))

	removed, dropped, more, err := s.Store.PurgeConversations(ctx(), s.tenant, before, 1)
	require.NoError(t, err)
	require.True(t, more)
	require.Empty(t, dropped)
	require.Equal(t, 1, removed.Conversations)
	require.NotContains(t, s.texts(older.key), "mango secret")
	require.Contains(t, s.texts(old.key), "mango secret")
	removed, _, _, err = s.Store.PurgeConversations(ctx(), s.tenant, before, 10)
	require.NoError(t, err)
	require.Equal(t, 1, removed.Conversations)
	require.Equal(t, rows, removed.Messages)
	removed, _, more, err = s.Store.PurgeConversations(ctx(), s.tenant, before, 10)
	require.NoError(t, err)
	require.Equal(t, chat.Removed{}, removed)
	require.False(t, more)

	require.Len(t, s.texts(old.key), rows, "rows stay")
	require.NotContains(t, s.texts(old.key), "mango secret")
	for _, th := range []*thread{open, fresh, elsewhere} {
		require.Contains(t, s.texts(th.key), "mango secret")
	}
	require.Equal(t, 2, found())
	now, err := s.Store.Conversation(ctx(), old.key)
	require.NoError(t, err)
	require.Equal(t, oldRow.Unread, now.Unread, "counters are as they were")
	require.Equal(t, oldRow.State, now.State)
	count, err = s.Store.Purgeable(ctx(), s.tenant, chat.Cutoffs{Conversations: before})
	require.NoError(t, err)
	require.Zero(t, count.Conversations)
}

// texts returns what the messages of a conversation say; "" for none.
func (s *suite) texts(key chat.Key) (out []string) {
	s.t.Helper()
	page, complete, err := s.Store.Messages(ctx(), key, chat.Page{Limit: 1000, Audience: chat.AudienceAll})
	require.NoError(s.t, err)
	require.True(s.t, complete)
	for i := range page {
		said := chat.Said(nil, page[i].Kind, page[i].Body)
		out = append(out, append(said, "")[0])
	}
	return out
}

func (s settled) PurgeConversations(ctx context.Context, t chat.TenantID, before time.Time, limit int) (chat.Removed, []chat.Upload, bool, error) {
	s.wait()
	return s.Store.PurgeConversations(ctx, t, before, limit)
}

// worn is a conversation with a secret in everything that is kept of one, and what of it can be looked at.
type worn struct {
	*thread
	hook    chat.Webhook
	files   []chat.Upload
	offline chat.OfflineMessage
	mail    chat.Mail // of another conversation
	key     [32]byte  // of a call that was answered
	owner   chat.OnceID
}

func (s *suite) worn() *worn {
	w := &worn{hook: s.webhook(chat.AllEvents), thread: s.person(0, chat.Visitor{Name: "Li"}), key: [32]byte{7}, owner: chat.NewID[chat.Once]()}
	said := w.message(secret)
	note := w.message(secret)
	note.Sender, note.Role, note.Visibility = chat.NewID[chat.Actor](), chat.RoleAgent, chat.InternalOnly
	s.append(said, note)
	rated := w.change(chat.Queued, chat.AgentID{})
	rated.Set = &chat.Fields{Context: []byte(`{"c":"` + secret + `"}`), Rating: &chat.Rating{Score: 4, Comment: secret}}
	rated.Body = fmt.Appendf(nil, `{"event":"conversation.rated","rating":4,"rating_comment":%q,"by":%q,"status":"queued"}`, secret, w.visitor)
	s.append(rated)
	w.state = *rated.Next
	s.append(w.revised(said, secret+" edited"))

	named, given := s.file(chat.UserID(w.visitor), chat.RoleVisitor, 0), s.file(chat.NewID[chat.Actor](), chat.RoleAgent, 0)
	given.Conversation = w.thread.key.Conversation
	w.files = []chat.Upload{s.kept(named), s.kept(given)}
	s.name(s.t, named, &said.Message)
	s.kept(s.file(chat.UserID(w.visitor), chat.RoleVisitor, 0)) // not sent: stays
	w.offline = chat.OfflineMessage{
		ID: chat.NewID[chat.OfflineMessage](), Tenant: s.tenant, Conversation: w.thread.key.Conversation, Message: said.ID, Visitor: w.visitor, Name: secret,
		Email: secret + "@x.test", CreatedAt: start,
	}
	told, transcript := s.letter(0), s.letter(0)
	told.Offline, told.Conversation, transcript.Conversation = w.offline.ID, chat.ConversationID{}, w.thread.key.Conversation
	_, err := s.Store.AddOfflineMessage(ctx(), w.offline, told)
	require.NoError(s.t, err)
	w.mail = s.letter(0)
	require.NoError(s.t, s.Store.AddMail(ctx(), transcript))
	require.NoError(s.t, s.Store.AddMail(ctx(), w.mail))

	now := soon()
	claimed := s.claim(now)
	require.NotEmpty(s.t, claimed)
	for i := range claimed {
		_, err := s.Store.KeepEventData(ctx(), s.tenant, claimed[i].Event.Sequence, []byte(`{"text":"`+secret+`"}`))
		require.NoError(s.t, err)
	}
	s.finish(now, chat.ResultTaken, chat.DeliveryDone, claimed...)
	_, err = s.Store.BeginOnce(ctx(), chat.Once{
		Tenant: s.tenant, Key: w.key, Owner: w.owner, BegunAt: start, ExpiresAt: start.AddDate(1, 0, 0), Subject: chat.ID[chat.Once](w.thread.key.Conversation),
	})
	require.NoError(s.t, err)
	require.NoError(s.t, s.Store.FinishOnce(ctx(), s.tenant, w.key, w.owner, []byte(secret)))
	w.move(chat.Closed, chat.AgentID{})
	return w
}

// answer is what the call was answered, as it is kept.
func (w *worn) answer() []byte {
	w.s.t.Helper()
	held, err := w.s.Store.BeginOnce(ctx(), chat.Once{Tenant: w.s.tenant, Key: w.key, Owner: chat.NewID[chat.Once](), BegunAt: start, ExpiresAt: start.Add(time.Hour)})
	require.NoError(w.s.t, err)
	require.True(w.s.t, held.Done)
	require.Equal(w.s.t, w.owner, held.Owner, "it is done once all the same")
	return held.Answer
}

// Everything that is kept of a conversation goes with what was said in it; what counts it stays.
func testRetentionTakesAll(t *testing.T, s *suite) {
	w := s.worn()
	figures := func() []chat.ReportRow {
		rows, err := s.Store.Report(ctx(), s.tenant, chat.ReportQuery{Metrics: allMetrics, Since: start.AddDate(0, 0, -1), Until: start.AddDate(0, 0, 1)})
		require.NoError(t, err)
		return rows
	}
	counted := figures()
	require.NotEmpty(t, counted)
	require.Equal(t, secret, string(w.answer()))
	entries := w.all(chat.AudienceAll)
	before, err := s.Store.Conversation(ctx(), w.thread.key)
	require.NoError(t, err)
	if s.Index != nil {
		s.Index(t)
	}

	removed, dropped, _, err := s.Store.PurgeConversations(ctx(), s.tenant, start.Add(time.Hour), 10)
	require.NoError(t, err)
	require.Equal(t, chat.Removed{Conversations: 1, Messages: len(entries)}, removed)
	require.ElementsMatch(t, []chat.UploadID{w.files[0].ID, w.files[1].ID}, ids(dropped))
	for i := range dropped {
		_, err := s.Store.Upload(ctx(), s.tenant, dropped[i].ID)
		code(t, err, chat.NotFound)
		require.NoError(t, s.Store.RemoveUpload(ctx(), s.tenant, dropped[i].ID))
	}
	s.total(t, w.files[0].Size+w.files[0].ThumbSize)

	after, err := s.Store.Conversation(ctx(), w.thread.key)
	require.NoError(t, err)
	require.JSONEq(t, `{}`, string(after.Context))
	require.Equal(t, chat.Rating{Score: 4}, after.Rating)
	require.Equal(t, []any{before.State, before.Last, before.Unread, before.CreatedAt, before.ClosedAt}, []any{after.State, after.Last, after.Unread, after.CreatedAt, after.ClosedAt})
	page, _, err := s.Store.Messages(ctx(), w.thread.key, chat.Page{Limit: 100, Audience: chat.AudienceAll})
	require.NoError(t, err)
	require.Len(t, page, len(entries))
	for i := range page {
		require.NotContains(t, string(page[i].Body), secret)
		require.Equal(t, []any{entries[i].Seq, entries[i].ID, entries[i].Sender, entries[i].Time}, []any{page[i].Seq, page[i].ID, page[i].Sender, page[i].Time})
		if page[i].Kind == chat.KindSystem {
			require.Contains(t, string(page[i].Body), `"event":`)
		}
	}
	shown, err := s.Store.ShownFrom(ctx(), w.thread.key, 0, 100)
	require.NoError(t, err)
	for i := range shown {
		require.NotContains(t, string(shown[i].Body), secret)
	}
	require.Equal(t, counted, figures(), "reports don't change their past")
	require.Nil(t, w.answer())
	_, err = s.Store.OfflineMessage(ctx(), s.tenant, w.offline.ID)
	code(t, err, chat.NotFound)
	require.Empty(t, cmp.Diff([]chat.Mail{w.mail}, s.mails(t)))
	for _, d := range s.deliveries(w.hook.ID) {
		require.NotContains(t, string(d.Event.Data), secret)
		for _, a := range d.Attempts {
			require.Empty(t, a.Answer)
			require.NotZero(t, a.Status)
		}
	}

	// Opened again, and closed again: what was said since goes, too.
	w.move(chat.Queued, chat.AgentID{})
	s.append(w.message(secret))
	removed, _, _, err = s.Store.PurgeConversations(ctx(), s.tenant, start.Add(time.Hour), 10)
	require.NoError(t, err)
	require.Zero(t, removed.Conversations, "it is not closed")
	w.move(chat.Closed, chat.AgentID{})
	removed, _, _, err = s.Store.PurgeConversations(ctx(), s.tenant, start.Add(time.Hour), 10)
	require.NoError(t, err)
	require.Equal(t, 1, removed.Conversations)
	require.NotContains(t, s.texts(w.thread.key), secret)
}

func ids(all []chat.Upload) (out []chat.UploadID) {
	for i := range all {
		out = append(out, all[i].ID)
	}
	return out
}

// A conversation that takes several transactions.
func testRetentionLong(t *testing.T, s *suite) {
	th := s.thread()
	th.create()
	for range 11 {
		var batch []chat.Event
		for range 100 {
			batch = append(batch, th.message("mango"))
		}
		s.append(batch...)
	}
	th.move(chat.Closed, chat.AgentID{})
	removed, _, _, err := s.Store.PurgeConversations(ctx(), s.tenant, start.Add(time.Hour), 10)
	require.NoError(t, err)
	require.Equal(t, chat.Removed{Conversations: 1, Messages: 1103}, removed)
	shown, err := s.Store.ShownFrom(ctx(), th.key, 0, 2000)
	require.NoError(t, err)
	require.Len(t, shown, 1103)
	for i := range shown {
		require.NotContains(t, string(shown[i].Body), "text")
	}
	found, _, err := s.Store.Conversations(ctx(), s.tenant, chat.Filter{Text: "mango", Limit: 10})
	require.NoError(t, err)
	require.Empty(t, found)
}

// What has an age of its own: files, deliveries, mails, steps, exports.
func testRetentionAges(t *testing.T, s *suite) {
	closed, open := s.thread(), s.thread()
	closed.create()
	open.create()
	file := func(th *thread, minute int) chat.Upload {
		u := s.file(chat.NewID[chat.Actor](), chat.RoleAgent, minute)
		u.Conversation = th.key.Conversation
		return s.kept(u)
	}
	old, older, fresh, kept := file(closed, 1), file(closed, 0), file(closed, 60), file(open, 0)
	closed.move(chat.Closed, chat.AgentID{})
	cut := start.Add(30 * time.Minute)
	if s.Settle != nil {
		s.Settle(t)
	}
	count, err := s.Store.Purgeable(ctx(), s.tenant, chat.Cutoffs{Uploads: cut})
	require.NoError(t, err)
	require.Equal(t, chat.Removed{Uploads: 2}, count)
	for _, want := range []chat.UploadID{older.ID, old.ID} {
		got, err := s.Store.PurgeUploads(ctx(), s.tenant, cut, 1)
		require.NoError(t, err)
		require.Equal(t, []chat.UploadID{want}, ids(got))
	}
	got, err := s.Store.PurgeUploads(ctx(), s.tenant, cut, 10)
	require.NoError(t, err)
	require.Empty(t, got)
	for _, u := range []chat.Upload{fresh, kept} {
		_, err = s.Store.Upload(ctx(), s.tenant, u.ID)
		require.NoError(t, err)
	}
	stale, err := s.Store.StaleUploads(ctx(), cut, 10)
	require.NoError(t, err)
	require.Subset(t, ids(stale), []chat.UploadID{old.ID, older.ID}, "whose bytes could not be deleted, the sweep finds")

	queued, sent := s.letter(0), s.letter(0)
	require.NoError(t, s.Store.AddMail(ctx(), sent))
	claimed, err := s.Store.ClaimMails(ctx(), start, start.Add(time.Minute), 10)
	require.NoError(t, err)
	require.Len(t, claimed, 1)
	require.NoError(t, s.Store.AddMail(ctx(), queued))
	claimed[0].State, claimed[0].DoneAt = chat.MailSent, start
	require.NoError(t, s.Store.FinishMail(ctx(), claimed[0]))

	th := s.person(0, chat.Visitor{Name: "Li"})
	var steps []chat.Step
	for i := range 5 {
		steps = append(steps, chat.Step{
			ID: chat.NewID[chat.Step](), Tenant: s.tenant, Visitor: th.visitor, Name: chat.StepPage, Data: []byte(`{}`), At: start.Add(time.Duration(i) * time.Hour),
		})
	}
	_, err = s.Store.AddSteps(ctx(), steps...)
	require.NoError(t, err)
	cut = start.Add(150 * time.Minute)
	count, err = s.Store.Purgeable(ctx(), s.tenant, chat.Cutoffs{Mails: cut, Steps: cut})
	require.NoError(t, err)
	require.Equal(t, chat.Removed{Mails: 1, Steps: 3}, count)
	other := chat.NewID[chat.Tenant]()
	purge := func(fn func(context.Context, chat.TenantID, time.Time, int) (int, error), tenant chat.TenantID, before time.Time, want ...int) {
		t.Helper()
		for _, want := range want {
			n, err := fn(ctx(), tenant, before, 2)
			require.NoError(t, err)
			require.Equal(t, want, n)
		}
	}
	purge(s.Store.PurgeMails, other, cut, 0)
	purge(s.Store.PurgeMails, s.tenant, cut, 1, 0)
	require.Equal(t, queued.ID, s.mails(t)[0].ID, "what waits is kept")
	purge(s.Store.PurgeSteps, other, cut, 0)
	purge(s.Store.PurgeSteps, s.tenant, cut, 2, 1, 0)
	left, _, err := s.Store.Steps(ctx(), s.tenant, th.visitor, "", 10)
	require.NoError(t, err)
	require.Len(t, left, 2)

	hook := s.webhook("message.created")
	s.append(th.message("one"), th.message("two"), th.message("three"))
	require.Len(t, s.deliveries(hook.ID), 3)
	count, err = s.Store.Purgeable(ctx(), s.tenant, chat.Cutoffs{Deliveries: soon()})
	require.NoError(t, err)
	require.Equal(t, chat.Removed{Deliveries: 3}, count)
	purge(s.Store.PurgeDeliveries, other, soon(), 0)
	purge(s.Store.PurgeDeliveries, s.tenant, start, 0)
	purge(s.Store.PurgeDeliveries, s.tenant, soon(), 2, 1, 0)
	require.Empty(t, s.deliveries(hook.ID))
}

// The job is one node's at a time, and finds who wants what.
func testRetentionJob(t *testing.T, s *suite) {
	a, b := chat.NewID[chat.Presence](), chat.NewID[chat.Presence]()
	hold := func(node chat.NodeID, now time.Time, want bool) {
		t.Helper()
		held, err := s.Store.HoldRetention(ctx(), node, now, now.Add(time.Minute))
		require.NoError(t, err)
		require.Equal(t, want, held)
	}
	hold(a, start, true)
	hold(b, start.Add(time.Second), false)
	hold(a, start.Add(time.Second), true)
	hold(b, start.Add(2*time.Minute), true)
	hold(a, start.Add(2*time.Minute), false)

	r := chat.Record{ID: chat.NewID[chat.Record](), Tenant: s.tenant, Kind: chat.RecordRetention, Name: "retention", Body: []byte(`{"audit_days":30}`), Version: 1, CreatedAt: start, UpdatedAt: start}
	require.NoError(t, s.Store.AddRecord(ctx(), r, 1))
	all, err := s.Store.RecordsOfAll(ctx(), chat.RecordRetention)
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.Equal(t, s.tenant, all[0].Tenant)
}
