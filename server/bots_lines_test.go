package server_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/VictoriaMetrics/metrics"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/ai/worker"
	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/server"
)

// What a visitor writes while an answer is made is answered together with what it wrote before, whatever the bot has greeted with meanwhile and
// whoever asks whether anybody is there; what was answered is not asked again.
func TestBotSecondLine(t *testing.T) {
	n := start(t, nil)
	n.botOn(`,"greeting":{"en":"Hello! Ask me anything."}`)
	ai := &scripted{hello: "Hello! Ask me anything."}
	ai.answer = func(ctx context.Context, q chat.AIQuestion, _ func(int, string) error) (chat.AIAnswer, error) {
		if q.Text == "where is my parcel?" {
			<-ctx.Done() // its model is slow
			return chat.AIAnswer{}, ctx.Err()
		}
		return answering("to: " + q.Text), nil
	}
	n.works(ai, nil)
	v := n.talks("where is my parcel?")
	v.hears("Hello! Ask me anything.")
	v.say("ok") // small talk, to this AI
	v.say("and do you gift-wrap?")
	v.hears("Hello! Ask me anything.", "to: where is my parcel?\nand do you gift-wrap?")
	v.say("thank you, and is it free?")
	v.hears("Hello! Ask me anything.", "to: where is my parcel?\nand do you gift-wrap?", "to: thank you, and is it free?")
	require.Len(t, ai.question().Turns, 4)
}

// Whoever asks for a person gets one, though an earlier line is long and waits for its answer; and at the end of a long line of its own.
func TestBotLongLines(t *testing.T) { onBoth(t, testBotLongLines) }

func testBotLongLines(t *testing.T, start func(func(*server.Config)) *node) {
	n := start(nil)
	n.botOn("")
	real := n.thinks()
	long := func(sentence string, chars int) string {
		return strings.Repeat(sentence, chars/utf8.RuneCountInString(sentence))
	}
	asked := make(chan struct{}, 1)
	ai := &scripted{}
	ai.answer = func(ctx context.Context, q chat.AIQuestion, piece func(int, string) error) (chat.AIAnswer, error) {
		if strings.HasSuffix(q.Text, ", ") || strings.HasSuffix(q.Text, "，") {
			select {
			case asked <- struct{}{}:
			case <-ctx.Done():
			}
			<-ctx.Done() // its model is slow
			return chat.AIAnswer{}, ctx.Err()
		}
		return real.Answer(ctx, n.tenant.ID, q, piece)
	}
	n.works(ai, nil)
	for text, person := range map[string]string{long("Where is my parcel now, ", 2_200): "I want to talk to a human", long("我的包裹到哪里了，", 2_200): "我要转人工"} {
		v := n.talks(text)
		<-asked
		v.say(person)
		require.Eventually(t, func() bool { return v.status() == chat.Queued }, 20*time.Second, 10*time.Millisecond, person)
		q := ai.question()
		require.True(t, strings.HasSuffix(q.Text, person) && strings.HasPrefix(q.Text, text[:20]), "all of it is looked at")
	}
	v := n.talks(long("Where is my parcel now, ", 7_000) + "Human, please")
	require.Eventually(t, func() bool { return v.status() == chat.Queued }, 20*time.Second, 10*time.Millisecond)
}

// What was shown of an answer that is not given is taken back.
func TestBotTakesBack(t *testing.T) {
	n := start(t, nil)
	n.botOn("")
	shown := make(chan struct{}, 1)
	ai := &scripted{answer: func(ctx context.Context, q chat.AIQuestion, piece func(int, string) error) (chat.AIAnswer, error) {
		if q.Text == "first" {
			_ = piece(0, "half an ans")
			shown <- struct{}{}
			<-ctx.Done()
			return chat.AIAnswer{}, ctx.Err()
		}
		return answering("whole"), nil
	}}
	n.works(ai, nil)
	_, token := n.visitor("shop")
	l := dialLine(t, n.TCPAddr(), token)
	conv := codec.UUID(chat.NewID[chat.Conversation]())
	say := func(text string) {
		l.write(&codec.Send{Conv: conv, CMID: codec.UUID(chat.NewID[chat.Event]()), Body: []byte(`{"text":"` + text + `"}`)})
	}
	say("first")
	<-shown
	first := until[*codec.Stream](l)
	require.Equal(t, "half an ans", first.Delta)
	say("second")
	for back, answered := false, false; !back || !answered; { // the other attempt may be heard of later than what came instead
		p, err := l.packet()
		require.NoError(t, err)
		switch p := p.(type) {
		case *codec.Stream:
			require.Equal(t, &codec.Stream{Conv: conv, MID: first.MID, End: true}, p)
			back = true
		case *codec.Message:
			if p.Role == codec.Role(chat.RoleBot) {
				require.NotEqual(t, first.MID, p.MID)
				answered = true
			}
		}
	}
}

// What nobody could answer is kept for whoever writes the knowledge; what says who has asked is not, and its numbers are masked.
func TestBotUnanswered(t *testing.T) {
	n := start(t, nil)
	n.botOn("")
	n.works(&scripted{answer: func(context.Context, chat.AIQuestion, func(int, string) error) (chat.AIAnswer, error) {
		return chat.AIAnswer{Outcome: chat.AIHandedOff, Reason: "unknown", Messages: []string{"no idea"}, Summary: &chat.AISummary{}}, nil
	}}, nil)
	for _, text := range []string{"my number is 138 0013 8000", "where is order 10023?", "where is order 20045?", "write to li@example.com", "do you rent out boats?", "do you sell the X5000 adapter of 2025?"} {
		v := n.talks(text)
		require.Eventually(t, func() bool { return v.status() == chat.Queued }, 20*time.Second, 10*time.Millisecond)
	}
	_, owner := n.agent(n.tenant.ID, chat.Owner)
	noted := func() []any { return n.call("GET", "/api/v1/knowledge/unanswered", owner, nil).data() }
	require.Eventually(t, func() bool { return len(noted()) > 3 }, 20*time.Second, 10*time.Millisecond)
	var questions []any
	for _, q := range noted() {
		questions = append(questions, q.(map[string]any)["question"])
	}
	require.ElementsMatch(t, []any{"my number is ×××", "where is order ×××", "do you rent out boats", "do you sell the X5000 adapter of 2025"}, questions)
}

// What waits for people is asked of the bot when the conversation is handed to it; what a person has answered is not.
func TestBotIsHanded(t *testing.T) { onBoth(t, testBotIsHanded) }

func testBotIsHanded(t *testing.T, start func(func(*server.Config)) *node) {
	n := start(nil)
	n.botOn(`,"begins":"people"`)
	ai := &scripted{}
	ai.answer = func(context.Context, chat.AIQuestion, func(int, string) error) (chat.AIAnswer, error) {
		return answering("Two days."), nil
	}
	end := n.works(ai, nil)
	v := n.talks("how long does it take?")
	require.Equal(t, chat.Queued, v.status())
	require.NoError(t, n.Desk().Handoff(t.Context(), v.actor, v.id, chat.ToBot))
	v.hears("Two days.")
	require.Equal(t, "how long does it take?", ai.question().Text)
	require.Equal(t, chat.WithBot, v.status())

	agent, _ := n.agent(n.tenant.ID, chat.Owner)
	by := &chat.Actor{Tenant: n.tenant.ID, User: chat.UserID(agent.ID), Role: chat.RoleAgent, AgentRole: chat.Owner}
	answered := n.talks("are you open?")
	r := n.Desk().Send(t.Context(), []chat.SendRequest{{Actor: by, Conversation: answered.id, CMID: chat.NewID[chat.Event](), Body: []byte(`{"text":"We are."}`)}})
	require.NoError(t, r[0].Err)
	require.NoError(t, n.Desk().Handoff(t.Context(), by, answered.id, chat.ToBot))
	require.Equal(t, chat.WithBot, answered.status())
	n.noJobs(end)
	require.Empty(t, answered.bot())
	require.EqualValues(t, 1, ai.asked.Load())
}

// However many slow questions one tenant has, there is a place for another's.
func TestBotShares(t *testing.T) {
	n := start(t, nil)
	n.botOn("")
	ai := &scripted{answer: func(ctx context.Context, q chat.AIQuestion, _ func(int, string) error) (chat.AIAnswer, error) {
		if q.Text == "slow" {
			<-ctx.Done()
			return chat.AIAnswer{}, ctx.Err()
		}
		return answering("quick"), nil
	}}
	for range 12 {
		n.talks("slow")
	}
	n.works(ai, func(o *worker.Options) { o.Workers, o.PerTenant = 12, 12 })
	ai.asks(t, 6)
	n.tenant, n.other = n.other, n.tenant
	n.botOn("")
	n.talks("me, too").hears("quick")
	require.EqualValues(t, 7, ai.asked.Load())
}

// newest is the newest thing that somebody has said in a conversation.
func (t *talk) newest(role chat.Role) chat.MessageID {
	t.n.t.Helper()
	for _, m := range slices.Backward(t.all()) {
		if m.Role == role {
			return m.ID
		}
	}
	t.n.t.Fatal("nobody has said anything")
	return chat.MessageID{}
}

// A line that is recalled leaves the one before it to be answered; what was answered is not asked again though its answer was recalled.
func TestBotRecalled(t *testing.T) { onBoth(t, testBotRecalled) }

func testBotRecalled(t *testing.T, start func(func(*server.Config)) *node) {
	n := start(nil)
	n.botOn("")
	v, gone := n.talks("how long does it take?"), n.talks("forget it")
	v.say("never mind")
	for _, c := range []*talk{v, gone} {
		require.NoError(t, n.Desk().Recall(t.Context(), c.actor, c.id, c.newest(chat.RoleVisitor)))
	}
	ai := says("Two days.")
	end := n.works(ai, nil)
	v.hears("Two days.")
	require.Equal(t, "how long does it take?", ai.question().Text)

	agent, _ := n.agent(n.tenant.ID, chat.Owner)
	by := &chat.Actor{Tenant: n.tenant.ID, User: chat.UserID(agent.ID), Role: chat.RoleAgent, AgentRole: chat.Owner}
	require.NoError(t, n.Desk().Recall(t.Context(), by, v.id, v.newest(chat.RoleBot)))
	v.say("is it free?")
	ai.asks(t, 2)
	require.Equal(t, "is it free?", ai.question().Text)
	n.noJobs(end)
	require.EqualValues(t, 2, ai.asked.Load())
	require.Empty(t, gone.bot())
}

// traced is a store that is seen keeping traces.
type traced struct {
	worker.Store
	before func(chat.AITrace) error
}

func (s traced) AddAITrace(ctx context.Context, t chat.AITrace) error {
	if err := s.before(t); err != nil {
		return err
	}
	return s.Store.AddAITrace(ctx, t)
}

// A trace is kept before its answer is said, so that no answer is without one; if it can't be, the answer is said and that is counted. What nobody got
// to hear is told in it.
func TestBotTraced(t *testing.T) {
	n := start(t, nil)
	n.botOn("")
	v := n.talks("a question")
	var said []int
	end := n.works(says("an answer"), func(o *worker.Options) {
		o.Store = traced{o.Store, func(chat.AITrace) error { said = append(said, len(v.bot())); return nil }}
	})
	v.hears("an answer")
	n.noJobs(end)
	require.NotEmpty(t, said)
	require.Zero(t, said[0])
	require.Equal(t, []string{"answer"}, traces(v))

	v = n.talks("another question")
	set, tries := metrics.NewSet(), 0
	end = n.works(says("an answer"), func(o *worker.Options) {
		o.Metrics = set
		o.Store = traced{o.Store, func(chat.AITrace) error { tries++; return errors.New("there is no room") }}
	})
	v.hears("an answer")
	n.noJobs(end)
	require.Equal(t, 2, tries, "before it was said, and after")
	require.EqualValues(t, 1, set.GetOrCreateCounter("uniqchat_ai_untraced_total").Get())

	v = n.talks("a question that a person takes")
	end = n.works(says("an answer"), func(o *worker.Options) {
		o.Store = traced{stubborn{o.Store}, func(chat.AITrace) error {
			if len(traces(v)) == 0 {
				return n.Desk().Handoff(context.Background(), v.actor, v.id, chat.ToHuman)
			}
			return nil
		}}
	})
	require.Eventually(t, func() bool { return slices.Equal(traces(v), []string{"overtaken"}) }, 20*time.Second, 10*time.Millisecond)
	n.noJobs(end)
	require.Empty(t, v.bot())
}
