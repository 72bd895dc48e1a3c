package trainer

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/uniqchat/uniqchat/ai"
	"github.com/uniqchat/uniqchat/ai/bot"
	"github.com/uniqchat/uniqchat/ai/intent"
	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// counting is the local embedder, which counts what it is asked.
type counting struct {
	bot.Embedder
	texts atomic.Int64
}

func (c *counting) One(dst []float32, text string) {
	c.texts.Add(1)
	c.Embedder.One(dst, text)
}

// local is what all tests share, as it takes a while to make.
var local, localShared = func() (*counting, *bot.Shared) {
	c := &counting{}
	return c, bot.NewShared(func() (bot.Embedder, error) {
		l, err := ai.NewLocal(true)
		c.Embedder = l
		return c, err
	})
}()

// school is a tenant on a real store.
type school struct {
	t      testing.TB
	kept   *storage.Storage
	tenant chat.TenantID
}

func open(t testing.TB) *school {
	t.Helper()
	kept, err := storage.Open(t.Context(), storage.Options{URL: "sqlite:" + filepath.Join(t.TempDir(), "test.db")})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- kept.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-done
		require.NoError(t, kept.Close())
	})
	return &school{t: t, kept: kept, tenant: chat.NewID[chat.Tenant]()}
}

// start runs a trainer, as a node does, until the returned function ends it.
func (s *school) start(change func(*Options)) (*Trainer, func()) {
	s.t.Helper()
	o := Options{
		Store: s.kept.Store, Broker: s.kept.Broker, Trains: true, EmbedderName: "local",
		Shared: localShared, Poll: 20 * time.Millisecond, Hold: 300 * time.Millisecond,
	}
	if change != nil {
		change(&o)
	}
	t, err := New(o)
	require.NoError(s.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- t.Run(ctx) }()
	end := sync.OnceFunc(func() { cancel(); require.NoError(s.t, <-done) })
	s.t.Cleanup(end)
	return t, end
}

// engraving, wholesale and visits are what shops are not asked by the built-in intents.
var (
	engraving = []string{"can you engrave my name", "I want an engraving", "engrave initials on the mug", "is engraving possible", "do you engrave", "please engrave a date", "engraving on leather", "刻字可以吗", "能帮我刻名字吗", "我想刻字"}
	wholesale = []string{"wholesale prices please", "we want to resell your goods", "do you sell to resellers", "bulk order for our company", "wholesale catalogue", "become a reseller", "批发价多少", "可以批发吗", "我们想做代理", "大量采购"}
	visits    = []string{"can I visit your workshop", "do you give tours", "workshop tour on saturday", "visit the workshop with children", "guided tour please", "可以参观工坊吗", "想去参观", "工坊参观怎么预约"}
)

func (s *school) intent(name, action string, examples []string) chat.Intent {
	i := chat.Intent{Tenant: s.tenant, Name: name, Action: action, Examples: examples, CreatedAt: time.Now().UTC(), UpdatedAt: time.Now().UTC()}
	if action == chat.IntentReply {
		i.Reply = chat.Bilingual{EN: "about " + name, ZH: "关于 " + name}
	}
	require.NoError(s.t, i.Check())
	return i
}

// teach makes a tenant's intents those.
func (s *school) teach(all ...chat.Intent) {
	s.t.Helper()
	require.NoError(s.t, s.kept.Store.ChangeIntents(s.t.Context(), s.tenant, time.Now(), func(old []chat.Intent) ([]chat.Intent, error) {
		for i := range all {
			for _, o := range old {
				if o.Name == all[i].Name {
					all[i].ID = o.ID
				}
			}
		}
		return all, nil
	}))
}

// trained waits until all is trained.
func (s *school) trained() chat.IntentReport {
	s.t.Helper()
	var st chat.IntentState
	require.Eventually(s.t, func() bool {
		var err error
		st, err = s.kept.Store.IntentState(s.t.Context(), s.tenant)
		require.NoError(s.t, err)
		return st.Trained == st.Revision && st.Trained > 0
	}, 60*time.Second, 10*time.Millisecond)
	return *st.Report
}

func (s *school) try(t *Trainer, text string) chat.IntentTry {
	s.t.Helper()
	got, err := t.TryIntent(s.t.Context(), s.tenant, text)
	require.NoError(s.t, err)
	return got
}

func (s *school) becomes(t *Trainer, text, want string) {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return s.try(t, text).Chosen == want }, 30*time.Second, 10*time.Millisecond, "%q: %+v", text, s.try(t, text))
}

// A tenant teaches its bot, changes what it has taught, takes it back; every node and every later process knows; nobody else's does.
func TestTeach(t *testing.T) {
	s := open(t)
	one, stop := s.start(nil)
	other, _ := s.start(func(o *Options) { o.Trains = false })
	require.Equal(t, "order_status", s.try(one, "where is my order").Chosen)
	require.Zero(t, s.try(other, "can you engrave initials").Trained)

	s.teach(s.intent("engraving", chat.IntentReply, engraving), s.intent("wholesale", chat.IntentHandoff, wholesale))
	r := s.trained()
	require.Equal(t, len(engraving)+len(wholesale), r.Examples)
	require.Greater(t, r.Accuracy, .6, "%+v", r)
	require.Len(t, r.Intents, 2)
	for _, node := range []*Trainer{one, other} {
		s.becomes(node, "can you engrave initials on leather", "engraving")
	}
	got := s.try(other, "can you engrave initials on leather")
	require.Equal(t, chat.IntentReply, got.Action)
	require.Equal(t, "about engraving", got.Reply.EN)
	require.Equal(t, "engraving", got.Ranked[0].Name)
	sum := 0.0
	for _, x := range got.Ranked {
		sum += x.Probability
	}
	require.InDelta(t, 1, sum, 1e-6)
	require.Equal(t, got, s.try(one, "can you engrave initials on leather"), "every node says the same")
	require.Equal(t, chat.IntentHandoff, s.try(one, "可以批发吗？").Action)
	require.Equal(t, chat.IntentHandoff, s.try(one, "let me talk to a real person").Action)
	shop := s.try(one, "where is my order")
	require.Equal(t, "order_status", shop.Chosen, "the built-in ones stay: %+v", shop)
	require.True(t, shop.Builtin)

	// Another tenant, and one more node that begins now.
	alien, err := one.TryIntent(t.Context(), chat.NewID[chat.Tenant](), "can you engrave initials on leather")
	require.NoError(t, err)
	require.Zero(t, alien.Trained)
	require.True(t, alien.Builtin)
	stop()
	before := local.texts.Load()
	again, _ := s.start(nil)
	require.Equal(t, got, s.try(again, "can you engrave initials on leather"), "after a start it is the same")
	require.Equal(t, before+1, local.texts.Load(), "examples are embedded once")

	// More, and less.
	s.teach(s.intent("engraving", chat.IntentAnswer, engraving), s.intent("tours", chat.IntentReply, visits))
	again.IntentsChanged(t.Context(), s.tenant)
	s.becomes(other, "a tour of the workshop", "tours")
	s.becomes(again, "a tour of the workshop", "tours")
	require.Equal(t, chat.IntentAnswer, s.try(again, "can you engrave initials on leather").Action)
	require.NotEqual(t, "wholesale", s.try(again, "可以批发吗").Chosen)
	s.teach()
	require.Zero(t, s.trained().Examples)
	require.Eventually(t, func() bool { own, err := other.Own(t.Context(), s.tenant); return err == nil && own == nil }, 10*time.Second, 10*time.Millisecond)
}

// A tenant's intent of the name of a built-in one takes its place, and one that says the same wins over it.
func TestTakesThePlace(t *testing.T) {
	s := open(t)
	tr, _ := s.start(nil)
	s.teach(s.intent("refund", chat.IntentReply, []string{"I want a refund", "give me my money back", "refund my order please", "how do I get a refund", "我要退款", "怎么退款"}))
	r := s.trained()
	require.Contains(t, r.Covered, "refund")
	s.becomes(tr, "I want a refund please", "refund")
	require.False(t, s.try(tr, "I want a refund please").Builtin)

	// By its name alone, where there are no vectors to tell that it says the same.
	plain := open(t)
	plain.start(func(o *Options) { o.Shared, o.EmbedderName = bot.NewShared(nil), "" })
	plain.teach(plain.intent("warranty", chat.IntentReply, []string{"it broke after a year", "质保多久"}))
	require.Equal(t, []string{"warranty"}, plain.trained().Covered)
}

// Who trains and dies is replaced, and a training that fails is tried again.
func TestGoesOn(t *testing.T) {
	s := open(t)
	s.teach(s.intent("engraving", chat.IntentReply, engraving))
	_, held, err := s.kept.Store.HoldIntents(t.Context(), [16]byte{9}, time.Now(), time.Now().Add(200*time.Millisecond))
	require.NoError(t, err)
	require.True(t, held)
	s.start(nil)
	require.Equal(t, len(engraving), s.trained().Examples)
}

// Models of tenants that ask nothing take no memory.
func TestIdle(t *testing.T) {
	s := open(t)
	tr, _ := s.start(func(o *Options) { o.Idle = 200 * time.Millisecond })
	s.teach(s.intent("engraving", chat.IntentReply, engraving))
	s.trained()
	s.becomes(tr, "can you engrave my name", "engraving")
	require.Positive(t, tr.shelf.Bytes())
	require.Eventually(t, func() bool { return tr.shelf.Bytes() == 0 }, 10*time.Second, 20*time.Millisecond)
	s.becomes(tr, "can you engrave my name", "engraving")
}

// big is a tenant with so many intents of so many examples.
func (s *school) big(intents, examples int) []chat.Intent {
	verbs := []string{"how do I", "can you", "I want to", "please help me", "where can I", "is it possible to", "我想", "请问怎么", "why can't I", "when may I"}
	var all []chat.Intent
	for i := range intents {
		var texts []string
		for n := range examples {
			texts = append(texts, fmt.Sprintf("%s thing%d word%d the other%d today %d", verbs[n%len(verbs)], i, i*3+n%3, n%7, n))
		}
		all = append(all, s.intent(fmt.Sprintf("intent_%d", i), chat.IntentAnswer, texts))
	}
	return all
}

// busy reports the processor's time: others use the machine, too.
func busy(b *testing.B) func() {
	spent := func() time.Duration {
		var u syscall.Rusage
		require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	from := spent()
	return func() { b.ReportMetric(float64((spent()-from).Milliseconds())/float64(b.N), "cpu-ms/op") }
}

// Training of 20 intents with 50 examples each: with its vectors to make; with those kept; and what another node takes to make the same model.
func BenchmarkTrain(b *testing.B) {
	s := open(b)
	t, err := New(Options{Store: s.kept.Store, Broker: s.kept.Broker, EmbedderName: "local", Shared: localShared})
	require.NoError(b, err)
	_, err = localShared.Parts(b.Context())
	require.NoError(b, err)
	all := s.big(20, 50)
	for i := range all {
		all[i].ID = chat.NewID[chat.Intent]()
	}
	judge := func(b *testing.B) *lesson {
		l, r, err := t.judge(b.Context(), all)
		require.NoError(b, err)
		b.ReportMetric(r.Accuracy*100, "%right")
		return l
	}
	b.Run("first", func(b *testing.B) {
		defer busy(b)()
		for b.Loop() {
			judge(b)
		}
	})
	for id, v := range judge(b).vectors {
		for i := range all {
			if all[i].ID == id {
				all[i].Vectors = v
			}
		}
	}
	b.Run("again", func(b *testing.B) {
		defer busy(b)()
		for b.Loop() {
			judge(b)
		}
	})
	b.Run("load", func(b *testing.B) {
		defer busy(b)()
		for b.Loop() {
			l, err := t.lesson(b.Context(), all)
			require.NoError(b, err)
			m, err := intent.TrainWith(b.Context(), l.examples, .2, workers())
			require.NoError(b, err)
			b.ReportMetric(float64(m.Bytes()), "B/model")
		}
	})
}
