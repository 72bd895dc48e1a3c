package server_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/ai/worker"
	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server"
)

// A question that was answered, by a worker who died before it could say so, and is recalled then is not answered again, nor is the line before it, which
// was answered with it.
func TestBotAnsweredAndRecalled(t *testing.T) { onBoth(t, testBotAnsweredAndRecalled) }

func testBotAnsweredAndRecalled(t *testing.T, start func(func(*server.Config)) *node) {
	n := start(nil)
	n.botOn("")
	v := n.talks("how long does it take?")
	v.say("to Norway")
	asked := v.all()
	require.NoError(t, n.kept.Log.Settle(t.Context(), chat.Key{Tenant: n.tenant.ID, Conversation: v.id}, asked[len(asked)-1].Seq), "the job is for both")
	quick := func(o *worker.Options) { o.Lease = 300 * time.Millisecond }
	first := says("Five days.")
	dead := n.works(first, func(o *worker.Options) { quick(o); o.Store = amnesiac{o.Store} })
	v.hears("Five days.")
	dead()
	require.Equal(t, "how long does it take?\nto Norway", first.question().Text)
	require.NoError(t, n.Desk().Recall(t.Context(), v.actor, v.id, v.newest(chat.RoleVisitor)))

	set, again := metrics.NewSet(), says("Two days.")
	end := n.works(again, func(o *worker.Options) { quick(o); o.Metrics = set })
	require.Eventually(t, func() bool {
		return set.GetOrCreateCounter(`uniqchat_ai_jobs_total{result="dropped"}`).Get() == 1 || again.asked.Load() > 0
	}, 30*time.Second, 10*time.Millisecond)
	n.noJobs(end)
	require.Zero(t, again.asked.Load())
	require.Equal(t, []string{"Five days."}, v.bot())
}

// doubtful is a log whose answers to a bot's appends are lost, be they done or not; and in which, for a while, nothing can be looked up.
type doubtful struct {
	chat.Log
	does  bool
	lost  func() // what happens then
	blind *atomic.Bool
}

func (l doubtful) Append(ctx context.Context, events ...chat.Event) ([]chat.Receipt, error) {
	if events[0].Role != chat.RoleBot {
		return l.Log.Append(ctx, events...)
	}
	if l.does {
		if _, err := l.Log.Append(ctx, events...); err != nil {
			return nil, err
		}
	}
	l.lost()
	return nil, chat.Errorf(chat.Unknown, "nobody answers")
}

func (l doubtful) Heads(ctx context.Context, keys ...chat.Key) ([]chat.Head, error) {
	if l.blind != nil && l.blind.Load() {
		return nil, chat.Errorf(chat.Busy, "the log is away")
	}
	return l.Log.Heads(ctx, keys...)
}

// lossy is a store that says that jobs are somebody else's once an append has been lost.
type lossy struct {
	worker.Store
	lost *atomic.Bool
}

func (s lossy) KeepBotJob(ctx context.Context, j chat.BotJob, until time.Time) (bool, error) {
	if s.lost.Load() {
		return false, nil
	}
	return s.Store.KeepBotJob(ctx, j, until)
}

// Where nobody can tell a worker whether its append was done, the log is asked, and the trace says what it says: that the answer was given, or that it was
// not. If the log is away, too, the trace stays what it was.
func TestBotInDoubt(t *testing.T) { onBoth(t, testBotInDoubt) }

func testBotInDoubt(t *testing.T, start func(func(*server.Config)) *node) {
	n := start(nil)
	n.botOn("")
	agent, _ := n.agent(n.tenant.ID, chat.Owner)
	by := &chat.Actor{Tenant: n.tenant.ID, User: chat.UserID(agent.ID), Role: chat.RoleAgent, AgentRole: chat.Owner}
	answer := answering("Two days.")
	handOff := answering("A colleague knows.")
	handOff.Outcome, handOff.Summary = chat.AIHandedOff, &chat.AISummary{Language: "en"}
	for name, c := range map[string]struct {
		answer  chat.AIAnswer
		does    bool // the append is done
		loses   bool // the job is somebody else's then
		person  bool // a person takes over then
		blind   bool // the log can't be asked then
		outcome string
		result  string
		says    int
	}{
		"said, and the job is lost":           {answer, true, true, false, false, "answer", "answered", 1},
		"handed off":                          {handOff, true, false, false, false, "answer", "handed_off", 2},
		"not said, and the job is lost":       {answer, false, true, false, false, "overtaken", "overtaken", 0},
		"not said, and a person takes over":   {answer, false, false, true, false, "overtaken", "overtaken", 0},
		"said, and the log is away":           {answer, true, true, false, true, "answer", "overtaken", 1},
		"said, and it was tried often enough": {answer, true, false, false, false, "answer", "answered", 1},
	} {
		t.Run(name, func(t *testing.T) {
			var v *talk
			var lost, blind atomic.Bool
			set := metrics.NewSet()
			log := doubtful{Log: n.kept.Log, does: c.does, blind: &blind}
			log.lost = func() {
				if c.person && !lost.Load() {
					require.NoError(t, n.Desk().Handoff(context.Background(), v.actor, v.id, chat.ToHuman))
				}
				lost.Store(true)
				blind.Store(c.blind)
			}
			v = n.talks("how long does it take?")
			end := n.works(&scripted{answer: func(context.Context, chat.AIQuestion, func(int, string) error) (chat.AIAnswer, error) {
				return c.answer, nil
			}}, func(o *worker.Options) {
				o.Desk = chat.NewDesk(chat.DeskConfig{Log: log, Store: n.kept.Store, Broker: n.kept.Broker})
				o.Metrics = set
				if c.loses {
					o.Store = lossy{o.Store, &lost}
				}
			})
			count := set.GetOrCreateCounter(`uniqchat_ai_jobs_total{result="` + c.result + `"}`)
			require.Eventually(t, func() bool { return count.Get() > 0 }, 30*time.Second, 10*time.Millisecond)
			end()
			require.Equal(t, []string{c.outcome}, slices.Compact(traces(v)))
			require.Len(t, v.bot(), c.says)
			require.NoError(t, n.Desk().Close(t.Context(), by, v.id)) // nobody else is to answer it
			n.noJobs()
		})
	}
}
