package service

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/uniqchat/uniqchat/ai"
	"github.com/uniqchat/uniqchat/ai/bot"
	"github.com/uniqchat/uniqchat/ai/knowledge"
	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/local"
	"github.com/uniqchat/uniqchat/testkit/llm"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rows is a Store in memory.
type rows struct {
	mu      sync.Mutex
	records []chat.Record
	engines []chat.AIEngine
	used    chat.AIAmount
	first   int64 // tokens that were reserved first
	traces  []chat.AITrace
	reads   int
	err     error
}

func (r *rows) RecordsOf(context.Context, chat.TenantID, ...chat.RecordKind) ([]chat.Record, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reads++
	return slices.Clone(r.records), r.err
}

func (r *rows) EnginesInUse(context.Context, chat.TenantID) ([]chat.AIEngine, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.engines), r.err
}

func (r *rows) AddAITrace(_ context.Context, t chat.AITrace) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.traces = append(r.traces, t)
	return t.Check()
}

func (r *rows) Document(_ context.Context, _ chat.TenantID, id chat.DocumentID) (chat.Document, error) {
	return chat.Document{ID: id, URL: "https://shop.test/help"}, nil
}

func (r *rows) ReserveAI(_ context.Context, _ chat.TenantID, b chat.AIBudget, a chat.AIAmount, _ time.Time) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if b.Tokens > 0 && r.used.Tokens+a.Tokens > b.Tokens {
		return false, nil
	}
	r.used.Tokens += a.Tokens
	r.first = cmp.Or(r.first, a.Tokens)
	return true, nil
}

func (r *rows) SettleAI(_ context.Context, _ chat.TenantID, reserved, used chat.AIAmount, _ time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used.Tokens += used.Tokens - reserved.Tokens
	return nil
}

func (r *rows) AIUsage(context.Context, chat.TenantID, time.Time, time.Time) ([]chat.AIUsage, error) {
	return nil, nil
}

func (r *rows) change(fn func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fn()
}

// settings makes a tenant's record of its bot.
func settings(version uint64, body string) []chat.Record {
	return []chat.Record{{ID: chat.NewID[chat.Record](), Kind: chat.RecordBot, Version: version, Body: json.RawMessage(body)}}
}

// shop is the demo shop's English knowledge.
type shop struct {
	index *knowledge.Index
	local *ai.Local
}

var theShop = sync.OnceValues(func() (*shop, error) {
	l, err := ai.NewLocal(false)
	if err != nil {
		return nil, err
	}
	var chunks []knowledge.Chunk
	for _, name := range []string{"orders-en.md", "goods-en.csv"} {
		b, err := os.ReadFile("../../cmd/uniqchat/demo/" + name)
		if err != nil {
			return nil, err
		}
		format, _ := knowledge.FormatOf(name)
		_, sections, err := knowledge.Read(format, b)
		if err != nil {
			return nil, err
		}
		chunks = append(chunks, knowledge.Split(name, name, sections)...)
	}
	vectors, err := knowledge.Embed(context.Background(), l, chunks, nil)
	if err != nil {
		return nil, err
	}
	x, err := knowledge.NewIndex(chunks, l.Name(), vectors)
	return &shop{x, l}, err
})

// Search implements bot.Knowledge as library.Search does.
func (s *shop) Search(_ context.Context, _ chat.TenantID, q chat.KnowledgeQuery) (chat.KnowledgeAnswer, error) {
	v := make([]float32, s.local.Dims())
	s.local.One(v, q.Question)
	out := chat.KnowledgeAnswer{Version: 1}
	for _, h := range s.index.Search(knowledge.Query{Text: q.Question, Vector: v}, q.Limit) {
		if c := s.index.Chunk(h.Chunk); h.Score > 0 {
			out.Hits = append(out.Hits, chat.KnowledgeHit{
				Chunk: c.ID, Document: chat.NewID[chat.Document](), Title: c.Title, Heading: c.Heading, Text: c.Text, Question: c.Question, Score: float64(h.Score),
				Words: float64(h.Words), Parts: float64(h.Grams), Concepts: float64(h.Concepts), HeadingVector: float64(h.Heading), TextVector: float64(h.Body),
			})
		}
	}
	return out, nil
}

// start runs a service of one tenant.
func start(t *testing.T, r *rows, change func(*Options)) (*Service, *local.Broker) {
	t.Helper()
	k, err := theShop()
	require.NoError(t, err)
	broker := local.NewBroker()
	o := Options{Store: r, Broker: broker, Knowledge: k, Embedder: func() (bot.Embedder, error) { return k.local, nil }, Refresh: time.Hour}
	if change != nil {
		change(&o)
	}
	s, err := New(o)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() { stop(); require.NoError(t, <-done) })
	return s, broker
}

// says is what an engine writes when it answers about shipping.
const says = `{"text":"Shipping is ¥12, and free from ¥299 on.","action":"answer","buttons":[],"sources":[1]}`

const question = "how much is shipping?"

func engineAt(s *llm.Server, name string) chat.AIEngine {
	return chat.AIEngine{ID: chat.NewID[chat.AIEngine](), Name: name, BaseURL: s.URL, Model: "m", Key: "sk-" + name, Enabled: true, UpdatedAt: time.Now()}
}

func ask(t *testing.T, s *Service, tenant chat.TenantID, text string) (chat.AIAnswer, string) {
	t.Helper()
	var shown strings.Builder
	a, err := s.Answer(t.Context(), tenant, chat.AIQuestion{Text: text}, func(_ int, p string) error {
		shown.WriteString(p)
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, strings.Join(a.Messages, ""), strings.TrimSpace(shown.String()), "what is shown is what is said")
	return a, shown.String()
}

// Without engines the local one answers; with one, that; and each way leaves a trace.
func TestAnswer(t *testing.T) {
	r := &rows{}
	s, _ := start(t, r, nil)
	tenant := chat.NewID[chat.Tenant]()
	a, said := ask(t, s, tenant, question)
	require.Equal(t, chat.AIAnswered, a.Outcome)
	require.Equal(t, "no_engine", a.Reason)
	require.Equal(t, "local", a.Engine)
	require.Contains(t, said, "¥12")
	require.Equal(t, "https://shop.test/help", a.Sources[0].URL)
	require.Len(t, r.traces, 1)
	require.Equal(t, a.Trace.ID, r.traces[0].ID)
	var body map[string]any
	require.NoError(t, json.Unmarshal(r.traces[0].Body, &body))
	require.Equal(t, question, body["question"])
	require.Contains(t, body, "router")

	server := llm.Start(t, llm.Behaviour{Text: says})
	r.change(func() { r.engines = []chat.AIEngine{engineAt(server, "one")} })
	s.EnginesChanged(t.Context(), tenant)
	a, said = ask(t, s, tenant, question)
	require.Equal(t, "engine", a.Reason, "%+v %s", a, r.traces[len(r.traces)-1].Body)
	require.Equal(t, "one", a.Engine)
	require.Equal(t, "Shipping is ¥12, and free from ¥299 on.", said)
	require.Equal(t, "Bearer sk-one", server.Last().Key)
	require.Positive(t, r.used.Tokens)
	health, err := s.EngineHealth(t.Context(), tenant)
	require.NoError(t, err)
	require.Equal(t, map[chat.AIEngineID]string{r.engines[0].ID: "closed"}, health)

	kept := len(r.traces)
	quiet, err := s.Answer(t.Context(), tenant, chat.AIQuestion{Text: "hello", KeepsTrace: true}, nil)
	require.NoError(t, err)
	require.Equal(t, "greeting", quiet.Reason)
	require.NoError(t, quiet.Trace.Check())
	require.Len(t, r.traces, kept)
	own, id, err := s.Suggest(t.Context(), tenant, chat.AIQuestion{Turns: []chat.AITurn{{Role: chat.RoleVisitor, Text: question}}})
	require.NoError(t, err)
	require.NotEmpty(t, own)
	require.Equal(t, id, r.traces[kept].ID)
	sum, id, err := s.Summarize(t.Context(), tenant, chat.AIQuestion{Turns: []chat.AITurn{{Role: chat.RoleVisitor, Text: question}}}, "en")
	require.NoError(t, err)
	require.Equal(t, []string{question}, sum.Wants)
	require.Len(t, r.traces, kept+2)
	trace := r.traces[kept+1]
	require.Equal(t, id, trace.ID)
	require.Equal(t, "summary", trace.Outcome)
	require.NoError(t, trace.Check())
	for _, part := range []string{`"engine":"one"`, `"summary":{`, `"question":"` + question + `"`, `"cost":`} {
		require.Contains(t, string(trace.Body), part)
	}
}

// The bot's hours are for visitors: whoever of the staff asks is answered, also about a conversation.
func TestHours(t *testing.T) {
	r := &rows{records: settings(1, `{"enabled":true,"hours":"closed"}`)} // and people are always there
	s, _ := start(t, r, nil)
	tenant, conv := chat.NewID[chat.Tenant](), chat.NewID[chat.Conversation]()
	reason := func(q chat.AIQuestion) string {
		q.Text = question
		a, err := s.Answer(t.Context(), tenant, q, nil)
		require.NoError(t, err)
		return a.Reason
	}
	require.Equal(t, "off_duty", reason(chat.AIQuestion{Conversation: conv, Message: chat.NewID[chat.Message]()}))
	require.Equal(t, "no_engine", reason(chat.AIQuestion{Conversation: conv}))
	require.Equal(t, "no_engine", reason(chat.AIQuestion{}))
}

// What was answered is given again until something changes that it was made by, and what is read of a tenant is read once.
func TestCache(t *testing.T) {
	server := llm.Start(t, llm.Behaviour{Text: says})
	r := &rows{records: settings(1, `{"enabled":true}`), engines: []chat.AIEngine{engineAt(server, "one")}}
	s, broker := start(t, r, nil)
	tenant := chat.NewID[chat.Tenant]()
	reason := func() string { a, _ := ask(t, s, tenant, question); return a.Reason }
	require.Equal(t, "engine", reason())
	require.Equal(t, "cached", reason())
	require.Equal(t, 1, r.reads)
	r.change(func() {
		r.records[0].Version, r.records[0].Body = 2, json.RawMessage(`{"enabled":true,"tone":"friendly"}`)
	})
	require.Equal(t, "cached", reason(), "nobody has said so yet")
	require.NoError(t, broker.Publish(t.Context(), chat.Signal{Kind: chat.SignalSettings, Tenant: tenant}))
	require.Eventually(t, func() bool { return reason() == "engine" }, 10*time.Second, 10*time.Millisecond)
	require.Equal(t, "cached", reason())
	r.change(func() { r.engines[0].UpdatedAt = time.Now().Add(time.Second) })
	s.EnginesChanged(t.Context(), tenant)
	require.Equal(t, "engine", reason())
	require.Equal(t, 3, server.Calls())
	// While the store is away, what was known goes on.
	r.change(func() { r.err = errors.New("away") })
	s.stale(tenant)
	require.Equal(t, "cached", reason())
	_, err := s.Answer(t.Context(), chat.NewID[chat.Tenant](), chat.AIQuestion{Text: question}, nil)
	require.Equal(t, chat.Busy, chat.CodeOf(err))
	// And whoever asks nothing is let go.
	s.tidy(time.Now().Add(time.Minute))
	require.Empty(t, s.tenants)
	r.change(func() { r.err = nil })
	require.Equal(t, "cached", reason(), "answers are kept")
}

// Where a tenant wants it, engines are asked at once, the cheapest four at most, each within the budget; else the cheapest.
func TestParallel(t *testing.T) {
	r := &rows{records: settings(1, `{"enabled":true}`)}
	servers := make([]*llm.Server, 5)
	asked := make(chan struct{}, 10)
	for i := range servers {
		b := llm.Behaviour{Fault: llm.Hang, Say: func(*llm.Request) string { asked <- struct{}{}; return says }}
		if i == 2 { // of those that are asked at once, this one answers, once the others have heard of it
			b = llm.Behaviour{Say: func(*llm.Request) string {
				for range 3 {
					select {
					case <-asked:
					case <-t.Context().Done():
					}
				}
				return says
			}}
		}
		servers[i] = llm.Start(t, b)
		e := engineAt(servers[i], fmt.Sprint(i))
		e.PromptPrice = float64(1 + i)
		r.engines = append(r.engines, e)
	}
	s, _ := start(t, r, nil)
	tenant := chat.NewID[chat.Tenant]()
	calls := func() (out []int) {
		for _, s := range servers {
			out = append(out, s.Calls())
		}
		return out
	}
	set := func(version uint64, body string) {
		r.change(func() { r.records = settings(version, body) })
		s.stale(tenant)
	}
	set(2, `{"enabled":true,"engines":"parallel"}`)
	a, said := ask(t, s, tenant, question)
	require.Equal(t, "engine", a.Reason)
	require.Equal(t, "2", a.Engine)
	require.Equal(t, "Shipping is ¥12, and free from ¥299 on.", said)
	require.Equal(t, []int{1, 1, 1, 1, 0}, calls())
	for i := range 4 {
		require.Contains(t, string(a.Trace.Body), fmt.Sprintf(`"engine":"%d"`, i))
	}
	require.Equal(t, 4, strings.Count(string(a.Trace.Body), `"why":"parallel"`))

	r.change(func() { r.engines[0], r.engines[2] = r.engines[2], r.engines[0]; r.engines[0].PromptPrice = .5 })
	servers[2].Set(llm.Behaviour{Text: says})
	set(3, `{"enabled":true}`)
	a, _ = ask(t, s, tenant, question)
	require.Equal(t, "2", a.Engine)
	require.Equal(t, []int{1, 1, 2, 1, 0}, calls())
	require.NotContains(t, string(a.Trace.Body), `"why":"parallel"`)

	// A day that has room for one call and a half has one.
	poor := &rows{engines: r.engines, records: settings(1, fmt.Sprintf(`{"enabled":true,"engines":"parallel","budget":{"tokens_per_day":%d}}`, r.first*3/2))}
	s, _ = start(t, poor, nil)
	a, _ = ask(t, s, tenant, question)
	require.Equal(t, "2", a.Engine)
	require.Equal(t, []int{1, 1, 3, 1, 0}, calls())
}

// Whatever fails, there is an answer; and a budget holds.
func TestFloor(t *testing.T) {
	tenant := chat.NewID[chat.Tenant]()
	for _, f := range []llm.Fault{llm.Failing, llm.Denied, llm.Hang, llm.BadJSON, llm.Cut} {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			servers := []*llm.Server{llm.Start(t, llm.Behaviour{Fault: f, Text: says}), llm.Start(t, llm.Behaviour{Fault: f, Text: says})}
			r := &rows{}
			for i, server := range servers {
				e := engineAt(server, fmt.Sprint(i))
				e.FirstToken, e.Total = 300*time.Millisecond, 500*time.Millisecond
				r.engines = append(r.engines, e)
			}
			s, _ := start(t, r, nil)
			a, said := ask(t, s, tenant, question)
			require.Equal(t, chat.AIAnswered, a.Outcome)
			require.Equal(t, "local", a.Engine)
			require.Contains(t, []string{"down", "cut"}, a.Reason)
			require.Contains(t, said, "¥12")
		})
	}
	server := llm.Start(t, llm.Behaviour{Text: says})
	r := &rows{records: settings(1, `{"enabled":true,"budget":{"tokens_per_day":10}}`), engines: []chat.AIEngine{engineAt(server, "one")}}
	s, _ := start(t, r, nil)
	a, _ := ask(t, s, tenant, question)
	require.Equal(t, "local", a.Engine)
	require.Equal(t, "budget", a.Reason)
	require.Zero(t, server.Calls())
	require.Contains(t, string(r.traces[0].Body), `"reason":"budget"`)
}

// Engines may have any names: one that is called as the local engine is told from it, and from all others.
func TestNames(t *testing.T) {
	server := llm.Start(t, llm.Behaviour{Text: says})
	r := &rows{}
	for _, name := range []string{"local (server)", "local", "local (server) (server)"} {
		r.engines = append(r.engines, engineAt(server, name))
	}
	r.engines[0].PromptPrice, r.engines[2].PromptPrice = 2, 3
	s, _ := start(t, r, nil)
	tenant := chat.NewID[chat.Tenant]()
	a, _ := ask(t, s, tenant, question)
	require.Equal(t, "engine", a.Reason)
	require.Equal(t, "local (server) (server) (server)", a.Engine)
	require.Equal(t, "Bearer sk-local", server.Last().Key)
	health, err := s.EngineHealth(t.Context(), tenant)
	require.NoError(t, err)
	require.Equal(t, map[chat.AIEngineID]string{r.engines[0].ID: "closed", r.engines[1].ID: "closed", r.engines[2].ID: "closed"}, health)
}

// Engines inside are not asked unless that is allowed.
func TestGuard(t *testing.T) {
	server := llm.Start(t, llm.Behaviour{Text: says})
	r := &rows{engines: []chat.AIEngine{engineAt(server, "one")}}
	s, _ := start(t, r, func(o *Options) {
		o.Control = func(_, _ string, _ syscall.RawConn) error { return errors.New("the address is not a public one") }
	})
	a, _ := ask(t, s, chat.NewID[chat.Tenant](), question)
	require.Equal(t, "down", a.Reason)
	require.Zero(t, server.Calls())
}

// Many at once, while engines change.
func TestAtOnce(t *testing.T) {
	server := llm.Start(t, llm.Behaviour{Text: says})
	r := &rows{engines: []chat.AIEngine{engineAt(server, "one")}}
	s, _ := start(t, r, nil)
	tenants := []chat.TenantID{chat.NewID[chat.Tenant](), chat.NewID[chat.Tenant]()}
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 5 {
				a, err := s.Answer(context.Background(), tenants[i%2], chat.AIQuestion{Text: question, KeepsTrace: true}, nil)
				if err != nil || a.Outcome != chat.AIAnswered {
					t.Errorf("%+v %v", a, err)
				}
				if i == 0 {
					r.change(func() { r.engines[0].UpdatedAt = time.Now() })
					s.EnginesChanged(context.Background(), tenants[0])
					s.tidy(time.Now().Add(time.Minute))
				}
			}
		})
	}
	all.Wait()
}
