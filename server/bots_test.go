package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/ai/worker"
	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server"
)

// botOn turns the bot of a node's tenant on; body are the members of its settings.
func (n *node) botOn(body string) {
	n.t.Helper()
	now := time.Now()
	r := chat.Record{
		ID: chat.NewID[chat.Record](), Tenant: n.tenant.ID, Kind: chat.RecordBot, Name: "bot", Version: 1, CreatedAt: now, UpdatedAt: now,
		Body: fmt.Appendf(nil, `{"enabled":true%s}`, body),
	}
	require.NoError(n.t, n.kept.Store.AddRecord(context.Background(), r, 1))
	require.NoError(n.t, n.Desk().SettingsChanged(context.Background(), n.tenant.ID, chat.RecordBot))
}

// scripted is an AI that says what a test wants.
type scripted struct {
	answer func(ctx context.Context, q chat.AIQuestion, piece func(int, string) error) (chat.AIAnswer, error)
	hello  string
	asked  atomic.Int64

	mu   sync.Mutex
	last chat.AIQuestion
}

func (s *scripted) Answer(ctx context.Context, t chat.TenantID, q chat.AIQuestion, piece func(int, string) error) (chat.AIAnswer, error) {
	s.asked.Add(1)
	s.mu.Lock()
	s.last = q
	s.mu.Unlock()
	a, err := s.answer(ctx, q, piece)
	a.Trace = chat.AITrace{
		ID: chat.NewID[chat.AITrace](), Tenant: t, Conversation: q.Conversation, Message: q.Message, At: time.Now(), Outcome: "answer", Body: json.RawMessage(`{}`),
	}
	return a, err
}

func (s *scripted) Greeting(context.Context, chat.TenantID, chat.AIQuestion) (string, error) {
	return s.hello, nil
}

func (s *scripted) Chatter(line string) bool { return line == "ok" }

func (s *scripted) Apology(chat.AIQuestion) string { return "sorry" }

func (s *scripted) Unasked(t chat.TenantID, q chat.AIQuestion, a chat.AIAnswer) chat.AITrace {
	body, _ := json.Marshal(map[string]any{"question": q.Text, "reason": a.Reason, "told": a.Messages})
	return chat.AITrace{
		ID: chat.NewID[chat.AITrace](), Tenant: t, Conversation: q.Conversation, Message: q.Message, At: time.Now(), Outcome: a.Outcome, Body: body,
	}
}

func (s *scripted) Language(chat.AIQuestion) string { return "en" }

func (s *scripted) question() chat.AIQuestion {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

// answering is an answer that is whole at once.
func answering(text string) chat.AIAnswer {
	return chat.AIAnswer{Outcome: chat.AIAnswered, Reason: "engine", Messages: []string{text}, Language: "en"}
}

// says is an AI that always says the same.
func says(text string) *scripted {
	return &scripted{answer: func(_ context.Context, _ chat.AIQuestion, piece func(int, string) error) (chat.AIAnswer, error) {
		_ = piece(0, text)
		return answering(text), nil
	}}
}

// works runs a worker beside the node, with a desk of its own as another node has; it returns what ends it.
func (n *node) works(ai worker.AI, change func(*worker.Options)) (end func()) {
	n.t.Helper()
	o := worker.Options{Store: n.kept.Store, Desk: n.Desk(), AI: ai, Idle: 20 * time.Millisecond, Backoff: 20 * time.Millisecond}
	if change != nil {
		change(&o)
	}
	w, err := worker.New(o)
	require.NoError(n.t, err)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	var once sync.Once
	end = func() { once.Do(func() { stop(); require.NoError(n.t, <-done) }) }
	n.t.Cleanup(end)
	return end
}

// talk is a visitor with a conversation.
type talk struct {
	n     *node
	actor *chat.Actor
	id    chat.ConversationID
}

// talks begins a conversation with something that is said.
func (n *node) talks(text string) *talk {
	n.t.Helper()
	return n.talksOn(n.Desk(), text)
}

// talksOn is talks on another node's Desk.
func (n *node) talksOn(desk *chat.Desk, text string) *talk {
	n.t.Helper()
	t := &talk{n, &chat.Actor{Tenant: n.tenant.ID, User: chat.UserID(chat.NewID[chat.Visitor]()), Role: chat.RoleVisitor}, chat.NewID[chat.Conversation]()}
	t.sayOn(desk, text)
	return t
}

func (t *talk) say(text string) {
	t.n.t.Helper()
	t.sayOn(t.n.Desk(), text)
}

func (t *talk) sayOn(desk *chat.Desk, text string) {
	t.n.t.Helper()
	body, err := json.Marshal(map[string]string{"text": text})
	require.NoError(t.n.t, err)
	r := desk.Send(context.Background(), []chat.SendRequest{{Actor: t.actor, Conversation: t.id, CMID: chat.NewID[chat.Event](), Body: body}})
	require.NoError(t.n.t, r[0].Err)
}

// all is what stands in the conversation.
func (t *talk) all() []chat.Message {
	t.n.t.Helper()
	m, _, err := t.n.Desk().Messages(context.Background(), chat.BotActor(t.n.tenant.ID, ""), t.id, chat.Page{Newest: true, Limit: 100})
	require.NoError(t.n.t, err)
	return m
}

// bot is what the bot has said, internal notes with "note: " before them.
func (t *talk) bot() (out []string) {
	for _, m := range t.all() {
		if m.Role != chat.RoleBot {
			continue
		}
		text := strings.Join(chat.Said(nil, m.Kind, m.Body), "\n")
		if m.Visibility == chat.InternalOnly {
			text = "note: " + text
		}
		out = append(out, text)
	}
	return out
}

func (t *talk) status() chat.Status {
	t.n.t.Helper()
	h, err := t.n.Desk().HeadNow(context.Background(), chat.BotActor(t.n.tenant.ID, ""), t.id)
	require.NoError(t.n.t, err)
	return h.Status
}

// hears waits until the bot has said so much.
func (t *talk) hears(want ...string) {
	t.n.t.Helper()
	require.Eventually(t.n.t, func() bool { return len(t.bot()) >= len(want) }, 30*time.Second, 10*time.Millisecond, "%v", want)
	got := t.bot()
	require.Len(t.n.t, got, len(want))
	for i, w := range want {
		require.Contains(t.n.t, got[i], w)
	}
}

// noJobs ends workers, and wants nothing left to be answered once the rows have caught up.
func (n *node) noJobs(workers ...func()) {
	n.t.Helper()
	for _, end := range workers {
		end()
	}
	far := time.Now().Add(time.Hour)
	for ; ; far = far.Add(time.Hour) {
		jobs, err := n.kept.Store.ClaimBotJobs(context.Background(), chat.BotClaim{Now: far, Until: far.Add(time.Minute), Most: 100, PerTenant: 100})
		require.NoError(n.t, err)
		if len(jobs) == 0 {
			return
		}
		require.Less(n.t, time.Until(far), 50*time.Hour, "%v", jobs)
		time.Sleep(50 * time.Millisecond)
	}
}

// asks waits until the AI was asked so often.
func (s *scripted) asks(t *testing.T, n int64) {
	t.Helper()
	require.Eventually(t, func() bool { return s.asked.Load() >= n }, 30*time.Second, 5*time.Millisecond)
}

func traces(t *talk) (out []string) {
	all, _, err := t.n.kept.Store.AITraces(context.Background(), t.n.tenant.ID, chat.AITraceFilter{Conversation: t.id, Limit: 100})
	require.NoError(t.n.t, err)
	for _, a := range all {
		out = append(out, a.Outcome)
	}
	return out
}

// leaves wants one trace of the conversation, of a question that people were given unasked.
func (t *talk) leaves(body string) {
	t.n.t.Helper()
	all, _, err := t.n.kept.Store.AITraces(context.Background(), t.n.tenant.ID, chat.AITraceFilter{Conversation: t.id, Limit: 100})
	require.NoError(t.n.t, err)
	require.Len(t.n.t, all, 1)
	one, err := t.n.kept.Store.AITrace(context.Background(), t.n.tenant.ID, all[0].ID)
	require.NoError(t.n.t, err)
	require.Equal(t.n.t, chat.AIHandedOff, one.Outcome)
	require.JSONEq(t.n.t, body, string(one.Body))
	require.Equal(t.n.t, t.newest(chat.RoleVisitor), one.Message)
}

// A conversation begins with the bot, which answers it, goes on, hands it over with a note for whoever takes it, and is silent from then on.
func TestBot(t *testing.T) { onBoth(t, testBot) }

func testBot(t *testing.T, start func(func(*server.Config)) *node) {
	n := start(nil)
	before := n.talks("nobody is a bot here")
	require.Equal(t, chat.Queued, before.status())
	n.botOn(`,"greeting":{"en":"Welcome!"}`)
	document := chat.NewID[chat.Document]()
	ai := &scripted{hello: "Welcome!"}
	ai.answer = func(_ context.Context, q chat.AIQuestion, piece func(int, string) error) (chat.AIAnswer, error) {
		switch q.Text {
		case "which?":
			a := answering("Which of these?")
			a.Outcome, a.Buttons = chat.AIClarified, []string{"A", "B"}
			return a, nil
		case "a person!":
			a := answering("I'll bring in a colleague.")
			a.Outcome, a.Reason, a.Summary = chat.AIHandedOff, "unknown", &chat.AISummary{Language: "en", Wants: []string{"a parcel"}}
			return a, nil
		case "ok":
			return chat.AIAnswer{Outcome: chat.AISilent, Reason: "noted"}, nil
		}
		a := answering("Two days.")
		a.Sources = []chat.AISource{{Document: document, Title: "Delivery", URL: "https://shop.test/d"}}
		return a, nil
	}
	end := n.works(ai, nil)
	v := n.talks("how long does it take?")
	require.Equal(t, chat.WithBot, v.status())
	v.hears("Welcome!", "Two days.")
	last := v.all()
	m := last[len(last)-1]
	require.Equal(t, chat.BotID(n.tenant.ID), m.Sender)
	require.Equal(t, chat.BotMessageID(chat.Key{Tenant: n.tenant.ID, Conversation: v.id}, last[1].ID, 0), m.ID)
	require.JSONEq(t, `{"text":"Two days.","sources":[{"document":"`+document.String()+`","title":"Delivery","url":"https://shop.test/d"}]}`, string(m.Body))
	v.say("which?")
	v.hears("Welcome!", "Two days.", "Which of these?")
	last = v.all()
	require.Equal(t, chat.KindCard, last[len(last)-1].Kind)
	require.JSONEq(t, `{"text":"Which of these?","actions":[{"label":"A","type":"postback","value":"A"},{"label":"B","type":"postback","value":"B"}]}`, string(last[len(last)-1].Body))
	v.say("ok")
	ai.asks(t, 3)
	require.Eventually(t, func() bool { return len(traces(v)) == 3 }, 10*time.Second, 10*time.Millisecond)
	require.Len(t, v.bot(), 3)
	q := ai.question()
	require.Equal(t, []chat.AITurn{{Role: chat.RoleVisitor, Text: "how long does it take?"}, {Role: chat.RoleBot, Text: "Two days."}, {Role: chat.RoleVisitor, Text: "which?"}, {Role: chat.RoleBot, Text: "Which of these?", Buttons: []string{"A", "B"}}}, q.Turns)
	v.say("a person!")
	v.hears("Welcome!", "Two days.", "Which of these?", "colleague", "note: The bot handed this over")
	require.Equal(t, chat.Queued, v.status())
	last = v.all()
	handoff := last[len(last)-1]
	require.Equal(t, chat.KindSystem, handoff.Kind)
	require.Equal(t, chat.Public, handoff.Visibility)
	require.Contains(t, string(handoff.Body), `"event":"conversation.handoff"`)
	require.Contains(t, string(handoff.Body), `"to":"human"`)
	v.say("anybody?")
	require.Eventually(t, func() bool { return len(traces(v)) == 4 }, 10*time.Second, 10*time.Millisecond)
	var unanswered []chat.Unanswered
	require.Eventually(t, func() bool {
		var err error
		unanswered, _, err = n.kept.Store.Unanswered(context.Background(), n.tenant.ID, "", 10)
		return err == nil && len(unanswered) == 1
	}, 10*time.Second, 10*time.Millisecond)
	require.Equal(t, chat.FoldQuestion("a person!"), chat.FoldQuestion(unanswered[0].Question))

	// Closed and written to again, it is the bot's, which knows nothing of before.
	agent, _ := n.agent(n.tenant.ID, chat.Owner)
	require.NoError(t, n.Desk().Close(t.Context(), &chat.Actor{Tenant: n.tenant.ID, User: chat.UserID(agent.ID), Role: chat.RoleAgent, AgentRole: chat.Owner}, v.id))
	v.say("and how long now?")
	require.Equal(t, chat.WithBot, v.status())
	v.hears("Welcome!", "Two days.", "Which of these?", "colleague", "note:", "Welcome!", "Two days.")
	require.Empty(t, ai.question().Turns)
	// A picture is for people, and so is what is left for them.
	other := n.talks("hello there")
	other.hears("Welcome!", "Two days.")
	r := n.Desk().Send(t.Context(), []chat.SendRequest{{Actor: other.actor, Conversation: other.id, CMID: chat.NewID[chat.Event](), Kind: chat.KindImage, Body: []byte(`{"url":"https://x.test/a.png"}`)}})
	require.NoError(t, r[0].Err)
	require.Equal(t, chat.Queued, other.status())
	n.noJobs(end)
	require.Len(t, v.bot(), 7)
	require.EqualValues(t, 6, ai.asked.Load())
}

// Whoever takes over in mid-answer is not talked over: by accepting it, by writing, by asking for it, by closing it.
func TestBotOvertaken(t *testing.T) { onBoth(t, testBotOvertaken) }

func testBotOvertaken(t *testing.T, start func(func(*server.Config)) *node) {
	n := start(nil)
	n.botOn("")
	agent, _ := n.agent(n.tenant.ID, chat.Owner)
	by := &chat.Actor{Tenant: n.tenant.ID, User: chat.UserID(agent.ID), Role: chat.RoleAgent, AgentRole: chat.Owner, Name: "Ann"}
	reached, release := make(chan chat.ConversationID, 8), make(chan struct{})
	end := n.works(&scripted{answer: func(_ context.Context, q chat.AIQuestion, _ func(int, string) error) (chat.AIAnswer, error) {
		reached <- q.Conversation // and it goes on to its end whatever happens: only the append can stop it
		<-release
		return answering("too late"), nil
	}}, nil)
	ctx := context.Background()
	var talks []*talk
	for _, take := range []func(v *talk) error{
		func(v *talk) error { return n.Desk().Accept(ctx, by, v.id) },
		func(v *talk) error {
			return n.Desk().Send(ctx, []chat.SendRequest{{Actor: by, Conversation: v.id, CMID: chat.NewID[chat.Event](), Body: []byte(`{"text":"hello"}`)}})[0].Err
		},
		func(v *talk) error { return n.Desk().Handoff(ctx, v.actor, v.id, chat.ToHuman) },
		func(v *talk) error { return n.Desk().Close(ctx, by, v.id) },
		func(v *talk) error { // it is the bot's again, but not to answer this
			err := n.Desk().Close(ctx, by, v.id)
			v.status() // which brings what the desk has in memory up to date
			return errors.Join(err, n.Desk().Reopen(ctx, v.actor, v.id))
		},
	} {
		v := n.talks("a question")
		require.Equal(t, v.id, <-reached)
		require.NoError(t, take(v))
		talks = append(talks, v)
	}
	stays := n.talks("a question")
	<-reached
	priority := 1
	require.NoError(t, n.Desk().Update(ctx, by, stays.id, chat.Update{Priority: &priority})) // changes the version, and nothing of whose it is
	close(release)
	stays.hears("too late")
	n.noJobs(end)
	for i, v := range talks {
		require.Empty(t, v.bot(), "%d", i)
	}
	require.Equal(t, chat.WithBot, talks[4].status())
}

// However many workers there are, and wherever they die, a question is answered once.
func TestBotOnce(t *testing.T) { onBoth(t, testBotOnce) }

func testBotOnce(t *testing.T, start func(func(*server.Config)) *node) {
	n := start(nil)
	n.botOn(`,"greeting":{"en":"Welcome!"}`)
	ai := says("one answer")
	ai.hello = "Welcome!"
	quick := func(o *worker.Options) { o.Lease = 300 * time.Millisecond }
	// Killed between append and done: its end is never written.
	dead := n.works(ai, func(o *worker.Options) { quick(o); o.Store = amnesiac{o.Store} })
	var talks []*talk
	for range 8 {
		talks = append(talks, n.talks("a question"))
	}
	for _, v := range talks {
		v.hears("Welcome!", "one answer")
	}
	dead()
	ends := []func(){n.works(says("another answer"), quick), n.works(says("a third answer"), quick)}
	for range 8 {
		talks = append(talks, n.talks("a question"))
	}
	for _, v := range talks[8:] {
		v.hears("answer")
	}
	time.Sleep(time.Second) // for leases of the dead one to end: what it has said is not said again
	n.noJobs(ends...)
	for _, v := range talks[:8] {
		v.hears("Welcome!", "one answer")
	}
	for _, v := range talks[8:] {
		v.hears("answer")
	}
}

// amnesiac forgets to write that jobs are over.
type amnesiac struct{ worker.Store }

func (amnesiac) FinishBotJob(context.Context, chat.BotJob) (bool, error) { return true, nil }

// Two workers that both believe that a job is theirs say it once, whatever each has to say.
func TestBotTwoOwners(t *testing.T) { onBoth(t, testBotTwoOwners) }

func testBotTwoOwners(t *testing.T, start func(func(*server.Config)) *node) {
	n := start(nil)
	n.botOn("")
	var both sync.WaitGroup
	both.Add(2)
	var ends []func()
	for _, text := range []string{"first", "second"} {
		var once sync.Once
		ends = append(ends, n.works(&scripted{answer: func(context.Context, chat.AIQuestion, func(int, string) error) (chat.AIAnswer, error) {
			once.Do(both.Done)
			both.Wait()
			return answering(text), nil
		}}, func(o *worker.Options) {
			o.Workers, o.Lease = 1, 300*time.Millisecond
			o.Store = stubborn{o.Store}
		}))
	}
	v := n.talks("a question")
	both.Wait()
	require.Eventually(t, func() bool { return len(v.bot()) > 0 }, 10*time.Second, 10*time.Millisecond)
	n.noJobs(ends...)
	require.Len(t, v.bot(), 1)
	said := traces(v)
	slices.Sort(said)
	require.Equal(t, []string{"answer", "overtaken"}, slices.Compact(said))
	require.Equal(t, "overtaken", said[1], "one has said it")
}

// stubborn holds on to nothing and believes that it does.
type stubborn struct{ worker.Store }

func (stubborn) KeepBotJob(context.Context, chat.BotJob, time.Time) (bool, error) { return true, nil }

// A model that takes long holds up its own conversation only, and what fails is tried again until a person takes over.
func TestBotSlowAndBroken(t *testing.T) {
	n := start(t, nil)
	n.botOn("")
	var failures atomic.Int64
	ai := &scripted{answer: func(ctx context.Context, q chat.AIQuestion, _ func(int, string) error) (chat.AIAnswer, error) {
		switch q.Text {
		case "slow":
			<-ctx.Done()
			return chat.AIAnswer{}, ctx.Err()
		case "broken":
			failures.Add(1)
			return chat.AIAnswer{}, chat.Errorf(chat.Busy, "away")
		case "shaky":
			if failures.Add(1) < 3 {
				return chat.AIAnswer{}, chat.Errorf(chat.Busy, "away")
			}
		}
		return answering("quick"), nil
	}}
	end := n.works(ai, func(o *worker.Options) { o.Workers, o.PerTenant = 40, 10 })
	var slow []*talk
	for range 9 {
		slow = append(slow, n.talks("slow"))
	}
	require.Eventually(t, func() bool { return ai.asked.Load() == 9 }, 10*time.Second, 5*time.Millisecond)
	for range 5 {
		v, from := n.talks("fast"), time.Now()
		v.hears("quick")
		require.Less(t, time.Since(from), 5*time.Second)
	}
	v := n.talks("shaky")
	v.hears("quick")
	failures.Store(0)
	v = n.talks("broken")
	v.hears("sorry", "note: The bot handed this over")
	require.Equal(t, chat.Queued, v.status())
	require.EqualValues(t, 5, failures.Load())
	v.leaves(`{"question":"broken","reason":"failed","told":["sorry"]}`)
	for _, v := range slow {
		require.Empty(t, v.bot())
	}
	end() // what is not done is given back at once
	n.works(says("at last"), nil)
	for _, v := range slow {
		v.hears("at last")
	}
}

// What a bot is asked while the node has no time for it, people get; and who begins with people asks for the bot.
func TestBotRests(t *testing.T) {
	n := start(t, nil)
	n.botOn("")
	var pressed atomic.Bool
	pressed.Store(true)
	ai := says("quick")
	n.works(ai, func(o *worker.Options) { o.Rests = pressed.Load })
	v := n.talks("at midnight")
	v.hears("sorry", "note: The bot handed this over")
	require.Equal(t, chat.Queued, v.status())
	require.Zero(t, ai.asked.Load())
	v.leaves(`{"question":"at midnight","reason":"busy","told":["sorry"]}`)
	pressed.Store(false)
	n.talks("an hour later").hears("quick")

	_, owner := n.agent(n.tenant.ID, chat.Owner)
	require.Equal(t, 400, n.call("PATCH", "/api/v1/bot", owner, map[string]any{"begins": "anybody"}).status)
	require.Equal(t, 200, n.call("PATCH", "/api/v1/bot", owner, map[string]any{"begins": "people"}).status)
	require.Eventually(t, func() bool { return n.talks("hello").status() == chat.Queued }, 10*time.Second, 10*time.Millisecond)
	v = n.talks("is anybody there?")
	require.Equal(t, chat.Queued, v.status())
	require.NoError(t, n.Desk().Handoff(t.Context(), v.actor, v.id, chat.ToBot))
	v.say("then you tell me")
	v.hears("quick")
}

// A bot that is turned off leaves nobody waiting: what it had not answered goes to people, without a word of the bot's.
func TestBotTurnedOff(t *testing.T) { onBoth(t, testBotTurnedOff) }

func testBotTurnedOff(t *testing.T, start func(func(*server.Config)) *node) {
	n := start(nil)
	n.botOn("")
	v := n.talks("who answers this?")
	require.Equal(t, chat.WithBot, v.status())
	// One node turns it off, and another has not heard yet: what is asked now is the bot's, and no bot's by the time that its row is written.
	all, err := n.kept.Store.RecordsOf(t.Context(), n.tenant.ID, chat.RecordBot)
	require.NoError(t, err)
	behind := chat.NewDesk(chat.DeskConfig{Log: n.kept.Log, Store: n.kept.Store, Broker: n.kept.Broker}) // nobody tells it of anything
	behind.Settings(t.Context(), n.tenant.ID)
	all[0].Version, all[0].Body = all[0].Version+1, []byte(`{"enabled":false}`)
	require.NoError(t, n.kept.Store.ReplaceRecord(t.Context(), all[0]))
	late := n.talksOn(behind, "and this?")
	require.Equal(t, chat.WithBot, late.status())
	_, owner := n.agent(n.tenant.ID, chat.Owner)
	require.Equal(t, 200, n.call("PATCH", "/api/v1/bot", owner, map[string]any{"enabled": false}).status)
	ai := says("not me")
	end := n.works(ai, nil)
	for _, c := range []*talk{v, late} {
		require.Eventually(t, func() bool { return c.status() == chat.Queued }, 20*time.Second, 10*time.Millisecond)
	}
	n.noJobs(end)
	require.Empty(t, append(v.bot(), late.bot()...))
	require.Zero(t, ai.asked.Load())
	v.leaves(`{"question":"who answers this?","reason":"off","told":null}`)
	late.leaves(`{"question":"and this?","reason":"off","told":null}`)
}

// An erased person's question is nobody's job any more.
func TestBotErased(t *testing.T) { onBoth(t, testBotErased) }

func testBotErased(t *testing.T, start func(func(*server.Config)) *node) {
	n := start(nil)
	n.botOn("")
	agent, _ := n.agent(n.tenant.ID, chat.Owner)
	by := &chat.Actor{Tenant: n.tenant.ID, User: chat.UserID(agent.ID), Role: chat.RoleAgent, AgentRole: chat.Owner}
	reached, release := make(chan struct{}), make(chan struct{})
	end := n.works(&scripted{answer: func(context.Context, chat.AIQuestion, func(int, string) error) (chat.AIAnswer, error) {
		close(reached)
		<-release
		return answering("to nobody"), nil
	}}, nil)
	v := n.talks("forget me")
	<-reached
	require.NoError(t, n.Desk().EraseVisitor(context.Background(), by, chat.VisitorID(v.actor.User)))
	close(release)
	n.noJobs(end)
	require.Empty(t, traces(v))
	_, err := n.Desk().HeadNow(context.Background(), by, v.id)
	if err == nil { // its log may still be there for a moment
		require.Empty(t, v.bot())
	}
}

// The append itself refuses, where the worker could not have known: its job seems to be its own still.
func TestBotOvertakenAtTheAppend(t *testing.T) {
	n := start(t, nil)
	n.botOn("")
	agent, _ := n.agent(n.tenant.ID, chat.Owner)
	by := &chat.Actor{Tenant: n.tenant.ID, User: chat.UserID(agent.ID), Role: chat.RoleAgent, AgentRole: chat.Owner, Name: "Ann"}
	reached, release := make(chan struct{}), make(chan struct{})
	end := n.works(&scripted{answer: func(context.Context, chat.AIQuestion, func(int, string) error) (chat.AIAnswer, error) {
		close(reached)
		<-release
		return answering("too late"), nil
	}}, func(o *worker.Options) { o.Store = stubborn{o.Store} })
	v := n.talks("a question")
	<-reached
	require.NoError(t, n.Desk().Accept(context.Background(), by, v.id))
	close(release)
	end()
	require.Empty(t, v.bot())
	// And so does the desk, asked with what was so a moment ago.
	err := n.Desk().Reply(context.Background(), chat.BotActor(n.tenant.ID, ""), v.id, chat.BotReply{Question: v.all()[1].ID, Version: 1, Lines: []chat.BotLine{{Body: []byte(`{"text":"x"}`)}}})
	require.ErrorIs(t, err, &chat.Error{Code: chat.Conflict})
	require.Empty(t, v.bot())
}
