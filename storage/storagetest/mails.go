package storagetest

import (
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

// letter is a mail that was queued minutes after the start.
func (s *suite) letter(minute int) chat.Mail {
	at := start.Add(time.Duration(minute) * time.Minute)
	return chat.Mail{
		ID: chat.NewID[chat.Mail](), Tenant: s.tenant, Kind: chat.MailTranscript, To: "who@x.test", Locale: "zh",
		Conversation: chat.NewID[chat.Conversation](), CreatedAt: at, DueAt: at,
	}
}

func (s *suite) linkOf(a chat.AgentID, purpose chat.LinkPurpose, minute int) chat.MailLink {
	id := chat.NewID[chat.MailLink]()
	at := start.Add(time.Duration(minute) * time.Minute)
	return chat.MailLink{
		ID: id, Tenant: s.tenant, Agent: a, Purpose: purpose, Hash: sha256.Sum256(id[:]), Key: "1", CreatedAt: at, ExpiresAt: at.Add(time.Hour),
	}
}

func (s *suite) mails(t *testing.T) []chat.Mail {
	t.Helper()
	all, next, err := s.Store.Mails(ctx(), s.tenant, "", 200)
	require.NoError(t, err)
	require.Empty(t, next)
	return all
}

func testMailQueue(t *testing.T, s *suite) {
	first, second := s.letter(0), s.letter(1)
	require.NoError(t, s.Store.AddMail(ctx(), first))
	require.NoError(t, s.Store.AddMail(ctx(), first)) // the same again
	require.NoError(t, s.Store.AddMail(ctx(), second))
	require.Empty(t, cmp.Diff([]chat.Mail{second, first}, s.mails(t)))
	stranger, _, err := s.Store.Mails(ctx(), chat.NewID[chat.Tenant](), "", 200)
	require.NoError(t, err)
	require.Empty(t, stranger)
	page, next, err := s.Store.Mails(ctx(), s.tenant, "", 1)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff([]chat.Mail{second}, page))
	page, next, err = s.Store.Mails(ctx(), s.tenant, next, 1)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff([]chat.Mail{first}, page))
	require.Empty(t, next)

	now, until := start, start.Add(30*time.Second)
	got, err := s.Store.ClaimMails(ctx(), now, until, 10)
	require.NoError(t, err)
	first.Attempt = 1
	require.Empty(t, cmp.Diff([]chat.Mail{first}, got), "the second is not due yet")
	got, err = s.Store.ClaimMails(ctx(), now, until, 10)
	require.NoError(t, err)
	require.Empty(t, got, "it is claimed")
	// Whoever claimed it died: it is due again, and what the dead one says comes too late.
	late := first
	late.State, late.DoneAt = chat.MailSent, until
	got, err = s.Store.ClaimMails(ctx(), until, until.Add(time.Minute), 10)
	require.NoError(t, err)
	first.Attempt = 2
	require.Empty(t, cmp.Diff([]chat.Mail{first}, got))
	require.NoError(t, s.Store.FinishMail(ctx(), late))
	require.Equal(t, chat.MailQueued, s.mails(t)[1].State)
	// It failed, and is tried again later.
	first.DueAt, first.Error = start.Add(time.Hour), "busy"
	require.NoError(t, s.Store.FinishMail(ctx(), first))
	require.Empty(t, cmp.Diff([]chat.Mail{second, first}, s.mails(t)))
	got, err = s.Store.ClaimMails(ctx(), start.Add(2*time.Hour), start.Add(3*time.Hour), 1)
	require.NoError(t, err)
	require.Equal(t, second.ID, got[0].ID, "the longest due goes first")
	got, err = s.Store.ClaimMails(ctx(), start.Add(2*time.Hour), start.Add(3*time.Hour), 1)
	require.NoError(t, err)
	done := got[0]
	require.Equal(t, 3, done.Attempt)
	done.State, done.DoneAt, done.Error = chat.MailSent, start.Add(2*time.Hour), ""
	require.NoError(t, s.Store.FinishMail(ctx(), done))
	require.NoError(t, s.Store.FinishMail(ctx(), late))
	again := s.letter(0)
	again.ID = first.ID
	require.NoError(t, s.Store.AddMail(ctx(), again)) // whoever did not hear that it is queued
	require.Empty(t, cmp.Diff(done, s.mails(t)[1]))
	got, err = s.Store.ClaimMails(ctx(), start.Add(9*time.Hour), start.Add(10*time.Hour), 10)
	require.NoError(t, err)
	require.Len(t, got, 1, "what was sent is sent")

	n, err := s.Store.ForgetMails(ctx(), start.Add(time.Hour), 10)
	require.NoError(t, err)
	require.Zero(t, n)
	n, err = s.Store.ForgetMails(ctx(), start.Add(24*time.Hour), 10)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Len(t, s.mails(t), 1, "what waits is kept")
}

// Many claim at once: each mail is somebody's once.
func testMailRace(t *testing.T, s *suite) {
	for i := range 40 {
		require.NoError(t, s.Store.AddMail(ctx(), s.letter(-i)))
	}
	var mu sync.Mutex
	seen := map[chat.MailID]int{}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 20 {
				got, err := s.Store.ClaimMails(ctx(), start, start.Add(time.Hour), 3)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				for i := range got {
					seen[got[i].ID]++
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	require.Len(t, seen, 40)
	for _, n := range seen {
		require.Equal(t, 1, n)
	}
}

func (s *suite) staff(t *testing.T, email string) chat.Agent {
	t.Helper()
	a := chat.Agent{
		ID: chat.NewID[chat.Agent](), Tenant: s.tenant, Email: email, Name: "A", Role: chat.Member, Capacity: 3, PasswordHash: "!", CreatedAt: start,
	}
	require.NoError(t, s.Store.SaveAgents(ctx(), a))
	return a
}

func (s *suite) passwordOf(t *testing.T, a chat.Agent) string {
	t.Helper()
	got, err := s.Store.Agent(ctx(), a.Tenant, a.ID)
	require.NoError(t, err)
	return got.PasswordHash
}

func (s *suite) spend(t *testing.T, l chat.MailLink, minute int, hash string) bool {
	t.Helper()
	now := start.Add(time.Duration(minute) * time.Minute)
	ok, err := s.Store.SpendMailLink(ctx(), l.Hash, now, hash, now)
	require.NoError(t, err)
	return ok
}

func testMailLinks(t *testing.T, s *suite) {
	a := chat.Agent{
		ID: chat.NewID[chat.Agent](), Tenant: s.tenant, Email: "new@x.test", Name: "N", Role: chat.Member, Capacity: 3, PasswordHash: "!", CreatedAt: start,
	}
	l, m := s.linkOf(a.ID, chat.LinkInvite, 0), s.letter(0)
	m.Kind, m.Link, m.Conversation = chat.MailInvite, l.ID, chat.ConversationID{}
	require.NoError(t, s.Store.Invite(ctx(), &a, l, &m))
	require.Empty(t, cmp.Diff([]chat.Mail{m}, s.mails(t)))
	got, err := s.Store.MailLink(ctx(), l.Hash)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(l, got))
	got, err = s.Store.LinkOf(ctx(), s.tenant, l.ID)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(l, got))
	_, err = s.Store.LinkOf(ctx(), chat.NewID[chat.Tenant](), l.ID)
	code(t, err, chat.NotFound)
	_, err = s.Store.MailLink(ctx(), sha256.Sum256([]byte("no")))
	code(t, err, chat.NotFound)

	// An address that is taken: nothing of it is written.
	b := a
	b.ID = chat.NewID[chat.Agent]()
	lb, mb := s.linkOf(b.ID, chat.LinkInvite, 0), s.letter(0)
	code(t, s.Store.Invite(ctx(), &b, lb, &mb), chat.Conflict)
	_, err = s.Store.MailLink(ctx(), lb.Hash)
	code(t, err, chat.NotFound)
	require.Len(t, s.mails(t), 1)

	// Another invite ends the one before.
	l2 := s.linkOf(a.ID, chat.LinkInvite, 1)
	require.NoError(t, s.Store.Invite(ctx(), nil, l2, nil))
	require.False(t, s.spend(t, l, 2, "first"))
	require.True(t, s.spend(t, l2, 2, "second"))
	require.Equal(t, "second", s.passwordOf(t, a))
	require.False(t, s.spend(t, l2, 3, "again"), "once")
	require.Equal(t, "second", s.passwordOf(t, a))
	require.Len(t, s.mails(t), 1)
}

func testMailLinkEnds(t *testing.T, s *suite) {
	a := s.staff(t, "a@x.test")
	reset := func(minute int) chat.MailLink {
		l := s.linkOf(a.ID, chat.LinkReset, minute)
		require.NoError(t, s.Store.AddMailRequest(ctx(), chat.MailRequest{ID: chat.NewID[chat.MailRequest](), Email: a.Email, Locale: "en", CreatedAt: start}))
		reqs, err := s.Store.ClaimMailRequests(ctx(), start, start.Add(time.Second), 10)
		require.NoError(t, err)
		require.Len(t, reqs, 1)
		require.NoError(t, s.Store.FinishMailRequest(ctx(), reqs[0].ID, []chat.MailLink{l}, nil))
		return l
	}
	one, two := reset(0), reset(1)
	require.False(t, s.spend(t, one, 60, "late"), "it has expired")
	require.True(t, s.spend(t, two, 2, "new"))
	require.False(t, s.spend(t, one, 3, "other"), "the others end with it")
	old := reset(4)
	ok, err := s.Store.SetPassword(ctx(), s.tenant, a.ID, "new", "own", start.Add(5*time.Minute))
	require.NoError(t, err)
	require.True(t, ok)
	require.False(t, s.spend(t, old, 6, "stolen"), "the password was changed since")
	require.Equal(t, "own", s.passwordOf(t, a))
	last := reset(7)
	a.Disabled, a.PasswordHash, a.TokensAfter = true, "own", start.Add(5*time.Minute)
	require.NoError(t, s.Store.SaveAgents(ctx(), a))
	require.False(t, s.spend(t, last, 8, "disabled"))
	require.Equal(t, "own", s.passwordOf(t, a))
	n, err := s.Store.ForgetMails(ctx(), start.Add(24*time.Hour), 10)
	require.NoError(t, err)
	require.Zero(t, n)
	_, err = s.Store.MailLink(ctx(), last.Hash)
	code(t, err, chat.NotFound)

	// Many hold the same token.
	b := s.staff(t, "b@x.test")
	l := s.linkOf(b.ID, chat.LinkInvite, 0)
	require.NoError(t, s.Store.Invite(ctx(), nil, l, nil))
	var won atomic.Int64
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			now := start.Add(time.Minute)
			ok, err := s.Store.SpendMailLink(ctx(), l.Hash, now, fmt.Sprintf("p%d", i), now)
			if err != nil {
				t.Error(err)
			}
			if ok {
				won.Add(1)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 1, won.Load())
}

func testMailRequests(t *testing.T, s *suite) {
	r := chat.MailRequest{ID: chat.NewID[chat.MailRequest](), Email: "who@x.test", Slug: "one", Locale: "en", CreatedAt: start}
	require.NoError(t, s.Store.AddMailRequest(ctx(), r))
	got, err := s.Store.ClaimMailRequests(ctx(), start, start.Add(time.Minute), 10)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff([]chat.MailRequest{r}, got))
	got, err = s.Store.ClaimMailRequests(ctx(), start, start.Add(time.Minute), 10)
	require.NoError(t, err)
	require.Empty(t, got)
	got, err = s.Store.ClaimMailRequests(ctx(), start.Add(time.Minute), start.Add(2*time.Minute), 10)
	require.NoError(t, err)
	require.Len(t, got, 1, "whoever took it died")
	m := s.letter(0)
	require.NoError(t, s.Store.FinishMailRequest(ctx(), r.ID, nil, []chat.Mail{m}))
	other := s.letter(0)
	require.NoError(t, s.Store.FinishMailRequest(ctx(), r.ID, nil, []chat.Mail{other}))
	require.Empty(t, cmp.Diff([]chat.Mail{m}, s.mails(t)), "only the first counts")
}

func testOfflineMessages(t *testing.T, s *suite) {
	th := s.thread()
	th.create()
	left := func(minute int) (chat.OfflineMessage, chat.Event) {
		e := th.message(fmt.Sprintf("call me, %d", minute))
		receipts, err := s.Log.Append(ctx(), e)
		require.NoError(t, err)
		require.NoError(t, receipts[0].Err)
		return chat.OfflineMessage{
			ID: chat.NewID[chat.OfflineMessage](), Tenant: s.tenant, Conversation: th.key.Conversation, Message: e.ID, Visitor: th.visitor,
			Name: "李", Email: "li@x.test", CreatedAt: start.Add(time.Duration(minute) * time.Minute),
		}, e
	}
	first, e := left(1)
	m := s.letter(1)
	m.Kind, m.Offline = chat.MailOffline, first.ID
	kept, err := s.Store.AddOfflineMessage(ctx(), first, m)
	require.NoError(t, err)
	kept.Body = nil // the rows may be behind
	require.Empty(t, cmp.Diff(first, kept))
	again := first
	again.ID = chat.NewID[chat.OfflineMessage]()
	kept, err = s.Store.AddOfflineMessage(ctx(), again, s.letter(1))
	require.NoError(t, err)
	require.Equal(t, first.ID, kept.ID, "it is there already")
	require.Empty(t, cmp.Diff([]chat.Mail{m}, s.mails(t)), "and nobody is told twice")
	second, _ := left(2)
	_, err = s.Store.AddOfflineMessage(ctx(), second)
	require.NoError(t, err)
	if s.Settle != nil {
		s.Settle(t)
	}
	kept, err = s.Store.OfflineMessage(ctx(), s.tenant, first.ID)
	require.NoError(t, err)
	first.Body = e.Body
	require.Empty(t, cmp.Diff(first, kept))
	_, err = s.Store.OfflineMessage(ctx(), chat.NewID[chat.Tenant](), first.ID)
	code(t, err, chat.NotFound)

	ids := func(done *bool) (out []chat.OfflineID) {
		cursor := ""
		for {
			page, next, err := s.Store.OfflineMessages(ctx(), s.tenant, chat.OfflineFilter{Done: done, Cursor: cursor, Limit: 1})
			require.NoError(t, err)
			for i := range page {
				out = append(out, page[i].ID)
			}
			if cursor = next; next == "" {
				return out
			}
		}
	}
	yes, no := true, false
	require.Equal(t, []chat.OfflineID{second.ID, first.ID}, ids(nil))
	require.Empty(t, ids(&yes))
	by := chat.NewID[chat.Actor]()
	kept, err = s.Store.FinishOfflineMessage(ctx(), s.tenant, first.ID, by, start.Add(time.Hour))
	require.NoError(t, err)
	first.DoneAt, first.DoneBy = start.Add(time.Hour), by
	require.Empty(t, cmp.Diff(first, kept))
	kept, err = s.Store.FinishOfflineMessage(ctx(), s.tenant, first.ID, chat.NewID[chat.Actor](), start.Add(2*time.Hour))
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(first, kept), "the first counts")
	require.Equal(t, []chat.OfflineID{first.ID}, ids(&yes))
	require.Equal(t, []chat.OfflineID{second.ID}, ids(&no))
	_, err = s.Store.FinishOfflineMessage(ctx(), s.tenant, chat.NewID[chat.OfflineMessage](), by, start)
	code(t, err, chat.NotFound)
}

func testSLATimers(t *testing.T, s *suite) {
	var all []chat.ConversationID
	for i := range 4 {
		th := s.thread()
		th.clock = i * 60_000
		th.create()
		all = append(all, th.key.Conversation)
		if i == 3 {
			th.move(chat.Closed, chat.AgentID{})
		}
	}
	now := start.Add(time.Hour)
	due := func(before, now time.Time, limit int) []chat.ConversationID {
		t.Helper()
		got, err := s.Store.SLADue(ctx(), s.tenant, chat.FirstResponse, before, now, limit)
		require.NoError(t, err)
		return got
	}
	require.Equal(t, all[:3], due(now, now, 10))
	require.Equal(t, all[:2], due(now, now, 2))
	require.Equal(t, all[:1], due(start.Add(30*time.Second), now, 10))
	set := func(i int, at time.Time) {
		require.NoError(t, s.Store.SetSLATimer(ctx(), chat.Key{Tenant: s.tenant, Conversation: all[i]}, chat.FirstResponse, at))
	}
	set(0, now.Add(time.Minute))
	set(1, time.Time{})
	require.Equal(t, all[2:3], due(now, now, 10))
	require.Equal(t, []chat.ConversationID{all[0], all[2]}, due(now, now.Add(time.Minute), 10))
	set(0, time.Time{})
	require.Equal(t, all[2:3], due(now, now.Add(1000*time.Hour), 10))
	got, err := s.Store.SLADue(ctx(), s.tenant, chat.Resolution, now, now, 10)
	require.NoError(t, err)
	require.Equal(t, all[:3], got, "each target has its own")
	got, err = s.Store.SLADue(ctx(), chat.NewID[chat.Tenant](), chat.FirstResponse, now, now, 10)
	require.NoError(t, err)
	require.Empty(t, got)

	queue, err := s.Store.Queue(ctx(), s.tenant, 2)
	require.NoError(t, err)
	require.Len(t, queue, 2)
	require.Equal(t, all[0], queue[0].Conversation)
	require.False(t, queue[0].Visitor.IsZero())

	with, err := s.Store.TenantsWith(ctx(), chat.RecordSLA)
	require.NoError(t, err)
	require.NotContains(t, with, s.tenant)
	r := chat.Record{ID: chat.NewID[chat.Record](), Tenant: s.tenant, Kind: chat.RecordSLA, Name: "a", Body: []byte(`{}`), Version: 1, CreatedAt: start, UpdatedAt: start}
	require.NoError(t, s.Store.AddRecord(ctx(), r, 10))
	with, err = s.Store.TenantsWith(ctx(), chat.RecordSLA)
	require.NoError(t, err)
	require.Contains(t, with, s.tenant)
}
