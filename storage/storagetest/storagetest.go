// Package storagetest is the one conformance suite that every driver of chat.Log and chat.Store passes.
//
// It owns the meaning of the interfaces' promises. It never looks inside a driver.
package storagetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

// Backend is one opened storage, running until Stop.
type Backend struct {
	Log    chat.Log
	Store  chat.Store
	Broker chat.Broker
	Stop   func()
	// Settle waits until the rows hold everything that was appended. Nil where they always do.
	Settle func(t *testing.T)
	// Index waits until everything that the rows hold can be searched for. Nil where it always can.
	Index func(t *testing.T)
}

// Open opens the same storage again and again within one test: what was kept is there again.
type Open func(t *testing.T) Backend

// Factory makes a fresh, empty storage for one test.
type Factory func(t *testing.T) Open

// Run runs the suite against a driver.
func Run(t *testing.T, f Factory) {
	for _, test := range []struct {
		name string
		fn   func(*testing.T, *suite)
	}{
		{"Append", testAppend},
		{"Dedupe", testDedupe},
		{"DedupeAfterReopen", testDedupeAfterReopen},
		{"SameMessageFromManyAtOnce", testRace},
		{"CMIDConflict", testCMIDConflict},
		{"PrevPerAudience", testPrev},
		{"CompareAndAppend", testCompareAndAppend},
		{"TwoAgentsOneConversation", testTwoRacers},
		{"OneOpenConversation", testOneOpen},
		{"JoinedGroups", testJoined},
		{"OneRefusedOfMany", testOneRefused},
		{"UnknownConversation", testUnknown},
		{"TenantsShareNothing", testTenants},
		{"Resume", testResume},
		{"Tail", testTail},
		{"Pages", testPages},
		{"Lists", testLists},
		{"Marks", testMarks},
		{"Refresh", testRefresh},
		{"Agents", testAgents},
		{"Settings", testSettings},
		{"CreateTenant", testCreateTenant},
		{"Queue", testQueue},
		{"Broker", testBroker},
		{"RetriedState", testRetriedState},
		{"Cancelled", testCancelled},
		{"SlowTail", testSlowTail},
		{"Shown", testShown},
		{"Unread", testUnread},
		{"RefreshRace", testRefreshRace},
		{"APITokens", testAPITokens},
		{"SecondFactors", testSecondFactors},
		{"Attempts", testAttempts},
		{"SetPassword", testSetPassword},
		{"SiteKeys", testSiteKeys},
		{"DeleteTeam", testDeleteTeam},
		{"ListsLikeAModel", testListModel},
		{"Fields", testFields},
		{"LabelList", testLabelList},
		{"Asleep", testAsleep},
		{"PriorityQueue", testPriorityQueue},
		{"Records", testRecords},
		{"Search", testSearch},
		{"SearchHostile", testSearchHostile},
		{"SearchLikeAModel", testSearchModel},
		{"Uploads", testUploads},
		{"UploadOwners", testUploadOwners},
		{"UploadQuota", testUploadQuota},
		{"StaleUploads", testStaleUploads},
		{"UploadRaces", testUploadRaces},
		{"Revised", testRevised},
		{"People", testPeople},
		{"ChangePerson", testChangePerson},
		{"Trail", testTrail},
		{"Erasures", testErasures},
		{"Erase", testErase},
		{"AuditActs", testAuditActs},
		{"AuditRollsBack", testAuditRollsBack},
		{"AuditList", testAuditList},
		{"AuditPrune", testAuditPrune},
		{"AuditRace", testAuditRace},
		{"Retention", testRetention},
		{"RetentionTakesAll", testRetentionTakesAll},
		{"RetentionLong", testRetentionLong},
		{"RetentionAges", testRetentionAges},
		{"RetentionJob", testRetentionJob},
		{"ExportsGo", testExportsGo},
		{"Webhooks", testWebhooks},
		{"Outbox", testOutbox},
		{"OutboxRace", testOutboxRace},
		{"Deliveries", testDeliveries},
		{"Replay", testReplay},
		{"Breaker", testBreaker},
		{"EventData", testEventData},
		{"Contacts", testContacts},
		{"Forget", testForget},
		{"Onces", testOnces},
		{"OnceOfMany", testOnceOfMany},
		{"Reports", testReports},
		{"MailQueue", testMailQueue},
		{"MailRace", testMailRace},
		{"MailLinks", testMailLinks},
		{"MailLinkEnds", testMailLinkEnds},
		{"MailRequests", testMailRequests},
		{"OfflineMessages", testOfflineMessages},
		{"SLATimers", testSLATimers},
		{"ChangesAtOnce", testChangesAtOnce},
		{"Announce", testAnnounce},
		{"Knowledge", testKnowledge},
		{"Unanswered", testUnanswered},
		{"KnowledgeBuilds", testKnowledgeBuilds},
	} {
		t.Run(test.name, func(t *testing.T) {
			open := f(t)
			s := &suite{t: t, open: open, tenant: chat.NewID[chat.Tenant]()}
			s.use(open(t))
			defer func() { s.Stop() }()
			test.fn(t, s)
			s.provenAudit()
		})
	}
}

type suite struct {
	Backend
	t      *testing.T
	open   Open
	tenant chat.TenantID
}

func (s *suite) reopen() {
	s.Stop()
	s.use(s.open(s.t))
	if s.Settle != nil { // before a test asks what time it is, to read what is due by then
		s.Settle(s.t)
	}
}

// use makes a backend the suite's. Its rows are read once they hold what the log does: how long that takes is no promise.
func (s *suite) use(b Backend) {
	s.Backend = b
	if b.Settle != nil {
		s.Store = settled{b.Store, func() { b.Settle(s.t) }, func() { b.Index(s.t) }}
	}
}

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

func testAppend(t *testing.T, s *suite) {
	th := s.thread()
	th.create()
	m := th.message("second")
	m.ReplyTo = chat.NewID[chat.Message]()
	r := s.append(m)[0]
	s.reopen()
	got := th.all(chat.AudienceAll)
	require.Len(t, got, 3)
	want := m.Message
	want.Seq, want.Prev, want.PrevPublic = r.Seq, r.Prev, r.PrevPublic
	require.Empty(t, cmp.Diff(want, got[2]))
	for i := range got[1:] {
		require.Greater(t, got[i+1].Seq, got[i].Seq)
		require.Equal(t, got[i].Seq, got[i+1].Prev)
	}
	h, err := s.Log.Heads(ctx(), th.key, chat.Key{Tenant: s.tenant, Conversation: chat.NewID[chat.Conversation]()})
	require.NoError(t, err)
	require.Equal(t, r.Seq, h[0].Last)
	require.Empty(t, cmp.Diff(th.state, h[0].State))
	require.False(t, h[1].Exists())
	v, err := s.Store.Visitor(ctx(), s.tenant, th.visitor)
	require.NoError(t, err)
	require.Equal(t, "Li", v.Name)
}

func testDedupe(t *testing.T, s *suite) {
	th := s.thread()
	th.create()
	m := th.message("once")
	first := s.append(m)[0]
	s.append(th.message("another"))
	m.Time = m.Time.Add(time.Hour) // a retry is later
	m.Expect = 77                  // and may be based on an old state
	again := s.append(m)[0]
	first.Dup = true
	require.Empty(t, cmp.Diff(first, again))
	require.Len(t, th.all(chat.AudienceAll), 4)
	twice := th.message("twice in one call")
	r := s.append(twice, twice)
	require.False(t, r[0].Dup)
	require.True(t, r[1].Dup)
	require.Equal(t, r[0].Seq, r[1].Seq)
}

func testDedupeAfterReopen(t *testing.T, s *suite) {
	th := s.thread()
	th.create()
	m := th.message("once")
	first := s.append(m)[0]
	s.reopen()
	again := s.append(m)[0]
	require.True(t, again.Dup)
	require.Equal(t, first.Seq, again.Seq)
}

func testRace(t *testing.T, s *suite) {
	th := s.thread()
	th.create()
	m := th.message("once")
	var mu sync.Mutex
	seqs, fresh := map[chat.Seq]int{}, 0
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			r, err := s.Log.Append(ctx(), m)
			mu.Lock()
			defer mu.Unlock()
			if err != nil || r[0].Err != nil {
				t.Errorf("%v %v", err, r)
				return
			}
			seqs[r[0].Seq]++
			if !r[0].Dup {
				fresh++
			}
		})
	}
	wg.Wait()
	require.Len(t, seqs, 1)
	require.Equal(t, 1, fresh)
	require.Len(t, th.all(chat.AudienceAll), 3)
}

func testCMIDConflict(t *testing.T, s *suite) {
	th := s.thread()
	th.create()
	m := th.message("one thing")
	s.append(m)
	for _, change := range []func(*chat.Event){
		func(e *chat.Event) { e.Body = []byte(`{"text":"another"}`) },
		func(e *chat.Event) { e.Kind = chat.KindCard },
	} {
		other := m
		change(&other)
		r, err := s.Log.Append(ctx(), other)
		require.NoError(t, err)
		require.True(t, conflict(t, r[0].Err).IsZero())
	}
	require.Len(t, th.all(chat.AudienceAll), 3)
}

func testPrev(t *testing.T, s *suite) {
	th := s.thread()
	th.create()
	note := th.message("a note")
	note.Visibility, note.Role, note.Sender = chat.InternalOnly, chat.RoleAgent, chat.NewID[chat.Actor]()
	note.ID = chat.DeriveMessageID(note.Conversation, note.Sender, note.CMID)
	s.append(note, th.message("a"), note, th.message("b"))
	s.append(th.message("c"))
	for _, a := range []chat.Audience{chat.AudienceAll, chat.AudiencePublic} {
		last := chat.Seq(0)
		n := 0
		for _, m := range th.all(a) {
			require.Equal(t, last, m.PrevFor(a), "audience %d, message %s", a, m.Body)
			last = m.Seq
			n++
		}
		require.Equal(t, map[chat.Audience]int{chat.AudienceAll: 6, chat.AudiencePublic: 5}[a], n)
		h, err := s.Log.Heads(ctx(), th.key)
		require.NoError(t, err)
		require.Equal(t, last, h[0].LastFor(a))
	}
}

func testCompareAndAppend(t *testing.T, s *suite) {
	th := s.thread()
	th.create()
	old := *th
	agent := chat.NewID[chat.Agent]()
	th.move(chat.Open, agent)
	late := old.change(chat.Open, chat.NewID[chat.Agent]())
	message := th.message("based on the old state")
	message.Expect = old.state.Version
	again := s.thread()
	again.key, again.visitor = th.key, th.visitor
	r, err := s.Log.Append(ctx(), late, message, again.change(chat.Queued, chat.AgentID{}))
	require.NoError(t, err)
	for i := range r {
		require.True(t, conflict(t, r[i].Err).IsZero())
	}
	h, err := s.Log.Heads(ctx(), th.key)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(th.state, h[0].State))
	require.Len(t, th.all(chat.AudienceAll), 3)
}

func testTwoRacers(t *testing.T, s *suite) {
	for range 20 {
		th := s.thread()
		th.create()
		var wg sync.WaitGroup
		won := make(chan chat.AgentID, 8)
		for range 8 {
			agent := chat.NewID[chat.Agent]()
			e := th.change(chat.Open, agent)
			wg.Go(func() {
				r, err := s.Log.Append(ctx(), e)
				if err == nil && r[0].Err == nil {
					won <- agent
				}
			})
		}
		wg.Wait()
		require.Len(t, won, 1)
		h, err := s.Log.Heads(ctx(), th.key)
		require.NoError(t, err)
		require.Equal(t, <-won, h[0].Assignee)
	}
}

func testOneOpen(t *testing.T, s *suite) {
	th := s.thread()
	th.create()
	second := s.thread()
	second.visitor = th.visitor
	r, err := s.Log.Append(ctx(), second.change(chat.Queued, chat.AgentID{}))
	require.NoError(t, err)
	require.Equal(t, th.key.Conversation, conflict(t, r[0].Err))
	other := s.thread()
	other.create()
	nobody := s.thread()
	var asked []chat.VisitorKey
	for _, v := range []chat.VisitorID{nobody.visitor, other.visitor, th.visitor, th.visitor} {
		asked = append(asked, chat.VisitorKey{Tenant: s.tenant, Visitor: v})
	}
	open, err := s.Log.OpenConversations(ctx(), asked...)
	require.NoError(t, err)
	require.Equal(t, []chat.ConversationID{{}, other.key.Conversation, th.key.Conversation, th.key.Conversation}, open)
	open, err = s.Log.OpenConversations(ctx(), chat.VisitorKey{Tenant: chat.NewID[chat.Tenant](), Visitor: th.visitor})
	require.NoError(t, err)
	require.Equal(t, []chat.ConversationID{{}}, open, "another tenant's visitor with the same id")
	open, err = s.Log.OpenConversations(ctx())
	require.NoError(t, err)
	require.Empty(t, open)
	th.move(chat.Closed, chat.AgentID{})
	open, err = s.Log.OpenConversations(ctx(), chat.VisitorKey{Tenant: s.tenant, Visitor: th.visitor})
	require.NoError(t, err)
	require.Equal(t, []chat.ConversationID{{}}, open)
	second.create()
	r, err = s.Log.Append(ctx(), th.change(chat.Queued, chat.AgentID{})) // reopening the first
	require.NoError(t, err)
	require.Equal(t, second.key.Conversation, conflict(t, r[0].Err))
	// Closing one and reopening the other in one call, and two creations in one call.
	closing := second.change(chat.Closed, chat.AgentID{})
	reopen := th.change(chat.Queued, chat.AgentID{})
	s.append(closing, reopen)
	a, b := s.thread(), s.thread()
	b.visitor = a.visitor
	r, err = s.Log.Append(ctx(), a.change(chat.Queued, chat.AgentID{}), b.change(chat.Queued, chat.AgentID{}))
	require.NoError(t, err)
	require.NoError(t, r[0].Err)
	require.Equal(t, a.key.Conversation, conflict(t, r[1].Err))
}

func testJoined(t *testing.T, s *suite) {
	th := s.thread()
	th.create()
	m := th.message("comes with the assignment")
	m.Joined = true
	stale := th.change(chat.Open, chat.NewID[chat.Agent]())
	th.move(chat.Open, chat.NewID[chat.Agent]())
	r, err := s.Log.Append(ctx(), stale, m)
	require.NoError(t, err)
	code(t, r[0].Err, chat.Conflict)
	code(t, r[1].Err, chat.Conflict)
	require.Len(t, th.all(chat.AudienceAll), 3)
	// A duplicate takes its neighbours with it: a retried message must not reopen the conversation.
	th.move(chat.Closed, chat.AgentID{})
	th2 := s.thread()
	created, first := th2.change(chat.Queued, chat.AgentID{}), th2.message("first")
	first.Joined = true
	rr := s.append(created, first)
	th2.state = *created.Next
	th2.move(chat.Closed, chat.AgentID{})
	reopen := th2.change(chat.Queued, chat.AgentID{})
	again := s.append(reopen, first)
	require.True(t, again[1].Dup)
	require.Equal(t, rr[1].Seq, again[1].Seq)
	h, err := s.Log.Heads(ctx(), th2.key)
	require.NoError(t, err)
	require.Equal(t, chat.Closed, h[0].Status)
}

func testOneRefused(t *testing.T, s *suite) {
	th, other := s.thread(), s.thread()
	th.create()
	bad := th.message("x")
	bad.Expect = 99
	r, err := s.Log.Append(ctx(), th.message("a"), bad, other.message("nowhere"), th.message("b"))
	require.NoError(t, err)
	require.NoError(t, r[0].Err)
	code(t, r[1].Err, chat.Conflict)
	code(t, r[2].Err, chat.NotFound)
	require.NoError(t, r[3].Err)
	require.Equal(t, r[0].Seq, r[3].Prev)
}

func testUnknown(t *testing.T, s *suite) {
	_, err := s.Store.Conversation(ctx(), s.thread().key)
	code(t, err, chat.NotFound)
	_, err = s.Store.Visitor(ctx(), s.tenant, chat.NewID[chat.Visitor]())
	code(t, err, chat.NotFound)
	events, err := s.Log.Read(ctx(), s.thread().key, 0, 10)
	require.NoError(t, err)
	require.Empty(t, events)
}

func testTenants(t *testing.T, s *suite) {
	mine, theirs := s.thread(), s.thread()
	theirs.key = chat.Key{Tenant: chat.NewID[chat.Tenant](), Conversation: mine.key.Conversation}
	theirs.visitor = mine.visitor
	mine.create()
	theirs.create()
	s.append(theirs.message("theirs"))
	require.Len(t, mine.all(chat.AudienceAll), 2)
	require.Len(t, theirs.all(chat.AudienceAll), 3)
	mine.move(chat.Closed, chat.AgentID{})
	h, err := s.Log.Heads(ctx(), mine.key, theirs.key)
	require.NoError(t, err)
	require.Equal(t, chat.Closed, h[0].Status)
	require.Equal(t, chat.Queued, h[1].Status)
}

func testBroker(t *testing.T, s *suite) {
	c, cancel := context.WithCancel(ctx())
	got := make(chan chat.Signal, 1)
	done := make(chan error, 1)
	go func() {
		done <- s.Broker.Subscribe(c, func(sig chat.Signal) {
			select {
			case got <- sig:
			default:
			}
		})
	}()
	want := chat.Signal{Kind: chat.SignalTyping, Tenant: s.tenant, Text: "hel"}
	require.Eventually(t, func() bool {
		require.NoError(t, s.Broker.Publish(ctx(), want))
		select {
		case sig := <-got:
			return cmp.Equal(want, sig)
		default:
			return false
		}
	}, 10*time.Second, time.Millisecond)
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
}
