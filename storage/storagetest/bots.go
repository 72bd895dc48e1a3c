package storagetest

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

func (s settled) ClaimBotJobs(ctx context.Context, c chat.BotClaim) ([]chat.BotJob, error) {
	s.wait()
	return s.Store.ClaimBotJobs(ctx, c)
}

// KeepBotJob, FinishBotJob and RetryBotJob tell whether a job is over: once the rows hold what ends it.
func (s settled) KeepBotJob(ctx context.Context, j chat.BotJob, until time.Time) (bool, error) {
	s.wait()
	return s.Store.KeepBotJob(ctx, j, until)
}

func (s settled) FinishBotJob(ctx context.Context, j chat.BotJob) (bool, error) {
	s.wait()
	return s.Store.FinishBotJob(ctx, j)
}

func (s settled) RetryBotJob(ctx context.Context, j chat.BotJob, due time.Time) (bool, error) {
	s.wait()
	return s.Store.RetryBotJob(ctx, j, due)
}

// botRecord is a tenant's settings of its bot.
func (s *suite) botRecord(enabled bool) chat.Record {
	return chat.Record{
		ID: chat.NewID[chat.Record](), Tenant: s.tenant, Kind: chat.RecordBot, Name: "bot", Version: 1, CreatedAt: start, UpdatedAt: start,
		Body: fmt.Appendf(nil, `{"enabled":%t}`, enabled),
	}
}

// botOn turns a tenant's bot on.
func (s *suite) botOn() chat.Record {
	s.t.Helper()
	r := s.botRecord(true)
	require.NoError(s.t, s.Store.AddRecord(ctx(), r, 1))
	return r
}

// jobs claims everything that is due soon, for a minute from then.
func (s *suite) jobs() []chat.BotJob {
	s.t.Helper()
	got, err := s.Store.ClaimBotJobs(ctx(), chat.BotClaim{Now: soon(), Until: soon().Add(time.Minute), Most: 100, PerTenant: 100})
	require.NoError(s.t, err)
	return got
}

// withBot is a conversation that the bot has.
func (s *suite) withBot() *thread {
	th := s.thread()
	th.create()
	th.move(chat.WithBot, chat.AgentID{})
	return th
}

// jobOf is the job that a question makes, at its first claim.
func jobOf(e *chat.Event, r chat.Receipt) chat.BotJob {
	return chat.BotJob{Key: chat.Key{Tenant: e.Tenant, Conversation: e.Conversation}, Message: e.ID, Seq: r.Seq, AskedAt: e.Time, Attempt: 1, DueAt: e.Time}
}

// same compares jobs.
func same(t *testing.T, want, got []chat.BotJob) {
	t.Helper()
	require.Empty(t, cmp.Diff(want, got))
}

func testBotJobs(t *testing.T, s *suite) {
	people := s.thread()
	people.create()
	s.append(people.message("who answers?"))
	require.Empty(t, s.jobs(), "people have it")
	s.botOn()
	require.Empty(t, s.jobs(), "what people have, people answer")
	stranger := &suite{Backend: s.Backend, t: t, tenant: chat.NewID[chat.Tenant]()}

	th := s.withBot()
	require.Empty(t, s.jobs(), "nobody has asked anything")
	question := th.message("where is my parcel?")
	note := th.message("a note")
	note.Visibility, note.Role, note.Sender = chat.InternalOnly, chat.RoleAgent, chat.NewID[chat.Actor]()
	picture := th.message("")
	picture.Kind, picture.Body = chat.KindImage, []byte(`{"url":"/x"}`)
	own := th.message("Hello!")
	own.Role, own.Sender = chat.RoleBot, chat.BotID(s.tenant)
	r := s.append(question, note, picture, own)
	s.append(question) // sent again
	s.reopen()
	first := jobOf(&question, r[0])
	same(t, []chat.BotJob{first}, s.jobs())
	require.Empty(t, s.jobs(), "it is claimed")
	until := soon().Add(time.Minute)

	// Whoever has it holds on, lets go, or dies; what an earlier claim says changes nothing.
	still := func(want bool, do func() (bool, error)) {
		t.Helper()
		is, err := do()
		require.NoError(t, err)
		require.Equal(t, want, is)
	}
	claim := func(now time.Time) []chat.BotJob {
		got, err := s.Store.ClaimBotJobs(ctx(), chat.BotClaim{Now: now, Until: now.Add(time.Minute), Most: 1, PerTenant: 1})
		require.NoError(t, err)
		return got
	}
	still(true, func() (bool, error) { return s.Store.KeepBotJob(ctx(), first, until.Add(time.Minute)) })
	require.Empty(t, claim(until), "its holder is alive")
	second := first
	second.Attempt = 2
	same(t, []chat.BotJob{second}, claim(until.Add(time.Minute)))
	still(false, func() (bool, error) { return s.Store.KeepBotJob(ctx(), first, until) })
	still(false, func() (bool, error) { return s.Store.FinishBotJob(ctx(), first) })
	still(false, func() (bool, error) { return s.Store.RetryBotJob(ctx(), first, start) })
	foreign := second
	foreign.Tenant = stranger.tenant
	still(false, func() (bool, error) { return s.Store.FinishBotJob(ctx(), foreign) })
	still(true, func() (bool, error) { return s.Store.RetryBotJob(ctx(), second, until) })
	require.Empty(t, claim(until.Add(-time.Second)), "it is due later")
	third := claim(until)
	require.Equal(t, 3, third[0].Attempt)
	require.Equal(t, until.UnixMicro(), third[0].DueAt.UnixMicro())
	still(true, func() (bool, error) { return s.Store.FinishBotJob(ctx(), third[0]) })
	still(false, func() (bool, error) { return s.Store.KeepBotJob(ctx(), third[0], until) })
	require.Empty(t, claim(until.Add(time.Hour)))
}

// A conversation has one job, for its newest question, as long as the bot has the conversation.
func testBotJobEnds(t *testing.T, s *suite) {
	record := s.botOn()
	th := s.withBot()
	one, two := th.message("Hi"), th.message("where is my parcel?")
	r := s.append(one, two)
	held := s.jobs()
	same(t, []chat.BotJob{jobOf(&two, r[1])}, held)
	three := th.message("hello?")
	r = s.append(three)
	is, err := s.Store.KeepBotJob(ctx(), held[0], soon().Add(time.Minute))
	require.NoError(t, err)
	require.False(t, is, "there is a newer question")
	is, err = s.Store.FinishBotJob(ctx(), held[0])
	require.NoError(t, err)
	require.False(t, is)
	same(t, []chat.BotJob{jobOf(&three, r[0])}, s.jobs())

	for name, end := range map[string]func(th *thread){
		"a person takes it over":     func(th *thread) { th.move(chat.Open, chat.NewID[chat.Agent]()) },
		"a person is asked for":      func(th *thread) { th.move(chat.Queued, chat.AgentID{}) },
		"it is closed":               func(th *thread) { th.move(chat.Closed, chat.AgentID{}) },
		"in one call with a message": func(th *thread) { s.append(th.message("quick"), th.change(chat.Closed, chat.AgentID{})) },
	} {
		th := s.withBot()
		asked := th.message("?")
		r := s.append(asked)
		held := s.jobs()
		same(t, []chat.BotJob{jobOf(&asked, r[0])}, held)
		end(th)
		is, err := s.Store.KeepBotJob(ctx(), held[0], soon().Add(time.Minute))
		require.NoError(t, err)
		require.False(t, is, name)
		require.Empty(t, s.jobs(), name)
	}

	// What only changes something beside the status ends nothing.
	th = s.withBot()
	asked := th.message("?")
	r = s.append(asked)
	held = s.jobs()
	th.move(chat.WithBot, chat.AgentID{})
	is, err = s.Store.KeepBotJob(ctx(), held[0], soon())
	require.NoError(t, err)
	require.True(t, is)
	same(t, []chat.BotJob{{Key: th.key, Message: asked.ID, Seq: r[0].Seq, AskedAt: asked.Time, Attempt: 2, DueAt: asked.Time}}, s.jobs())

	// The bot is turned off, and its settings go: what it had not answered is kept for whoever gives it to people, and so is what was asked of it
	// before that, though its row is written after it.
	finish := func(message chat.MessageID, attempt int) {
		t.Helper()
		is, err := s.Store.FinishBotJob(ctx(), chat.BotJob{Key: th.key, Message: message, Attempt: attempt})
		require.NoError(t, err)
		require.True(t, is)
	}
	still := func(asked *chat.Event, r chat.Receipt) {
		t.Helper()
		same(t, []chat.BotJob{jobOf(asked, r)}, s.jobs())
		finish(asked.ID, 1)
	}
	record.Version, record.Body = 2, []byte(`{"enabled":false}`)
	require.NoError(t, s.Store.ReplaceRecord(ctx(), record))
	finish(asked.ID, 2)
	asked = th.message("off?")
	still(&asked, s.append(asked)[0])
	taken := s.withBot()
	s.append(taken.message("off, and taken?"))
	taken.move(chat.Open, chat.NewID[chat.Agent]())
	require.Empty(t, s.jobs())
	record.Version, record.Body = 3, []byte(`{"enabled":true}`)
	require.NoError(t, s.Store.ReplaceRecord(ctx(), record))
	asked = th.message("on!")
	still(&asked, s.append(asked)[0])
	require.NoError(t, s.Store.DeleteRecord(ctx(), s.tenant, chat.RecordBot, record.ID))
	asked = th.message("gone?")
	still(&asked, s.append(asked)[0])
}

// Claims are shared fairly, and no job is two workers'.
func testBotJobShares(t *testing.T, s *suite) {
	small := &suite{Backend: s.Backend, t: t, tenant: chat.NewID[chat.Tenant]()}
	s.botOn()
	small.botOn()
	for range 8 {
		s.append(s.withBot().message("a rush"))
	}
	s.append(small.withBot().message("one"))
	claim := func(c chat.BotClaim) map[chat.TenantID]int {
		c.Now, c.Until = soon(), soon().Add(time.Minute)
		got, err := s.Store.ClaimBotJobs(ctx(), c)
		require.NoError(t, err)
		out := map[chat.TenantID]int{}
		for _, j := range got {
			out[j.Tenant]++
		}
		return out
	}
	require.Equal(t, map[chat.TenantID]int{s.tenant: 3, small.tenant: 1}, claim(chat.BotClaim{Most: 100, PerTenant: 3}))
	require.Empty(t, claim(chat.BotClaim{Most: 100, PerTenant: 3, Busy: map[chat.TenantID]int{s.tenant: 3}}))
	require.Equal(t, map[chat.TenantID]int{s.tenant: 1}, claim(chat.BotClaim{Most: 1, PerTenant: 3, Busy: map[chat.TenantID]int{s.tenant: 1}}))

	var mu sync.Mutex
	taken := map[chat.Key]int{}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 4 {
				got, err := s.Store.ClaimBotJobs(ctx(), chat.BotClaim{Now: soon(), Until: soon().Add(time.Minute), Most: 2, PerTenant: 2})
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				for _, j := range got {
					taken[j.Key]++
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	require.Len(t, taken, 4)
	for _, n := range taken {
		require.Equal(t, 1, n)
	}
}

// trace is what became of a question, kept.
func (s *suite) trace(conv chat.ConversationID, minute int, text string) chat.AITrace {
	s.t.Helper()
	tr := chat.AITrace{
		ID: chat.NewID[chat.AITrace](), Tenant: s.tenant, Conversation: conv, At: start.Add(time.Duration(minute) * time.Minute), Outcome: "answer",
		Body: fmt.Appendf(nil, `{"question":%q}`, text),
	}
	if !conv.IsZero() {
		tr.Message = chat.NewID[chat.Message]()
	}
	require.NoError(s.t, s.Store.AddAITrace(ctx(), tr))
	return tr
}

func (s *suite) traces(f chat.AITraceFilter) []chat.AITrace {
	s.t.Helper()
	f.Limit = 200
	all, next, err := s.Store.AITraces(ctx(), s.tenant, f)
	require.NoError(s.t, err)
	require.Empty(s.t, next)
	return all
}

func testAITraces(t *testing.T, s *suite) {
	conv := chat.NewID[chat.Conversation]()
	a, b := s.trace(conv, 0, "退货?"), s.trace(chat.ConversationID{}, 1, "by the staff")
	c := chat.AITrace{ID: chat.NewID[chat.AITrace](), Tenant: s.tenant, Conversation: conv, At: start, Outcome: "hand_off", Body: json.RawMessage(`{}`)}
	require.NoError(t, s.Store.AddAITrace(ctx(), c))
	again := a
	again.Outcome, again.Body, again.At, again.Message = "failed", json.RawMessage(`{}`), start, chat.NewID[chat.Message]()
	require.NoError(t, s.Store.AddAITrace(ctx(), again))
	got, err := s.Store.AITrace(ctx(), s.tenant, a.ID)
	require.NoError(t, err)
	a.Outcome = "failed"
	require.Empty(t, cmp.Diff(a, got), "the first stays; what became of it is known by now")
	_, err = s.Store.AITrace(ctx(), chat.NewID[chat.Tenant](), a.ID)
	code(t, err, chat.NotFound)
	short := func(list ...chat.AITrace) []chat.AITrace {
		for i := range list {
			list[i].Body = nil
		}
		return list
	}
	require.Empty(t, cmp.Diff(short(c, b, a), s.traces(chat.AITraceFilter{})))
	require.Empty(t, cmp.Diff(short(c, a), s.traces(chat.AITraceFilter{Conversation: conv})))
	require.Empty(t, cmp.Diff(short(c), s.traces(chat.AITraceFilter{Conversation: conv, Outcome: "hand_off"})))
	page, next, err := s.Store.AITraces(ctx(), s.tenant, chat.AITraceFilter{Limit: 2})
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(short(c, b), page))
	page, next, err = s.Store.AITraces(ctx(), s.tenant, chat.AITraceFilter{Limit: 2, Cursor: next})
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(short(a), page))
	require.Empty(t, next)
	bad := c
	bad.ID, bad.Body = chat.NewID[chat.AITrace](), json.RawMessage(`[]`)
	code(t, s.Store.AddAITrace(ctx(), bad), chat.Malformed)

	n, err := s.Store.ForgetAITraces(ctx(), start.Add(time.Second), 1)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	n, err = s.Store.ForgetAITraces(ctx(), start.Add(time.Second), 10)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Empty(t, cmp.Diff(short(b), s.traces(chat.AITraceFilter{})))
}

// A person's traces and jobs go with what the person wrote, and what comes later is not kept; others' stay. Retention takes them, too.
func testAITracesGo(t *testing.T, s *suite) {
	s.botOn()
	gone, purged, other := s.withBot(), s.withBot(), s.withBot()
	ask := func(th *thread, question string) {
		require.NoError(t, s.Store.NoteUnanswered(ctx(), s.tenant, th.key.Conversation, question, start))
	}
	questions := func() (out []string) {
		all, _, err := s.Store.Unanswered(ctx(), s.tenant, "", 100)
		require.NoError(t, err)
		for i := range all {
			out = append(out, all[i].Question)
		}
		return out
	}
	for _, th := range []*thread{gone, purged, other} {
		s.append(th.message(secret))
		s.trace(th.key.Conversation, 0, secret)
	}
	ask(gone, "do you ship to my house")
	ask(purged, "is it old")
	ask(gone, "do you sell tea")
	ask(other, "do you sell tea")
	ask(&thread{}, "the staff asks")
	loose := s.trace(chat.ConversationID{}, 0, "the staff's")
	require.Len(t, s.jobs(), 3)
	e, err := s.Store.BeginErasure(ctx(), chat.Erasure{Tenant: s.tenant, Visitor: gone.visitor, Stranger: chat.NewID[chat.Visitor](), At: start.Add(time.Hour)})
	require.NoError(t, err)
	require.NoError(t, s.Store.EraseConversations(ctx(), e, gone.key.Conversation))
	count := func(th *thread) int { return len(s.traces(chat.AITraceFilter{Conversation: th.key.Conversation})) }
	require.Zero(t, count(gone))
	require.Equal(t, []string{"the staff asks", "do you sell tea", "is it old"}, questions(), "what others asked, too, stays")
	late := func(when string) {
		t.Helper()
		s.trace(gone.key.Conversation, 0, secret)
		require.Zero(t, count(gone), when)
		ask(gone, "do you ship to my house")
		require.Len(t, questions(), 3, when)
	}
	late("while the person is being erased")
	require.NoError(t, s.Store.ErasePerson(ctx(), e))
	late("once the person is erased")
	require.NoError(t, s.Store.EndErasure(ctx(), e, start))
	late("once it is over")

	purged.move(chat.Closed, chat.AgentID{})
	_, err = s.Store.Conversation(ctx(), purged.key) // once the rows hold it
	require.NoError(t, err)
	_, _, _, err = s.Store.PurgeConversations(ctx(), s.tenant, start.Add(time.Hour), 10)
	require.NoError(t, err)
	require.Zero(t, count(purged))
	require.Equal(t, 1, count(other))
	require.Equal(t, []string{"the staff asks", "do you sell tea"}, questions())
	_, err = s.Store.AITrace(ctx(), s.tenant, loose.ID)
	require.NoError(t, err)
	got, err := s.Store.ClaimBotJobs(ctx(), chat.BotClaim{Now: soon().Add(time.Hour), Until: soon().Add(2 * time.Hour), Most: 10, PerTenant: 10})
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.Equal(t, other.key, got[0].Key)
}
