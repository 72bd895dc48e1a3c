package storagetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
)

func (s *suite) engine(name string, position int) chat.AIEngine {
	return chat.AIEngine{
		ID: chat.NewID[chat.AIEngine](), Tenant: s.tenant, Name: name, BaseURL: "https://llm.example/v1", Model: "m", Key: "sk-" + name, Enabled: true, Position: position,
		PromptPrice: 0.15, CompletionPrice: 0.6, FirstToken: 2 * time.Second, Total: 9 * time.Second, CreatedAt: start, UpdatedAt: start,
	}
}

// shown is an engine as it is read by those who need no key.
func shown(list ...chat.AIEngine) []chat.AIEngine {
	for i := range list {
		list[i].HasKey = list[i].HasKey || list[i].Key != ""
		list[i].Key = ""
	}
	return list
}

func testAIEngines(t *testing.T, s *suite) {
	b, a, off := s.engine("b", 1), s.engine("a", 1), s.engine("off", 0)
	off.Enabled, off.Key = false, ""
	for _, e := range []chat.AIEngine{b, a, off} {
		require.NoError(t, s.Store.AddAIEngine(ctx(), e))
	}
	twin := s.engine("a", 7)
	code(t, s.Store.AddAIEngine(ctx(), twin), chat.Conflict)
	list := func() []chat.AIEngine {
		all, err := s.Store.AIEngines(ctx(), s.tenant)
		require.NoError(t, err)
		return all
	}
	inUse := func() []chat.AIEngine {
		all, err := s.Store.EnginesInUse(ctx(), s.tenant)
		require.NoError(t, err)
		return all
	}
	require.Empty(t, cmp.Diff(shown(off, a, b), list()))
	a.HasKey, b.HasKey = true, true
	require.Empty(t, cmp.Diff([]chat.AIEngine{a, b}, inUse()))
	one, err := s.Store.AIEngine(ctx(), s.tenant, a.ID)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(shown(a)[0], one))
	_, err = s.Store.AIEngine(ctx(), chat.NewID[chat.Tenant](), a.ID)
	code(t, err, chat.NotFound)
	secret, err := s.Store.AIEngineWithKey(ctx(), s.tenant, a.ID)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(a, secret))
	none, err := s.Store.AIEngineWithKey(ctx(), s.tenant, off.ID)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(off, none), "one that is off has its own as well")
	_, err = s.Store.AIEngineWithKey(ctx(), chat.NewID[chat.Tenant](), a.ID)
	code(t, err, chat.NotFound)
	strangers, err := s.Store.EnginesInUse(ctx(), chat.NewID[chat.Tenant]())
	require.NoError(t, err)
	require.Empty(t, strangers)

	// The key stays, is replaced, is taken away; whoever changes an engine does not see it.
	change := func(fn func(*chat.AIEngine)) chat.AIEngine {
		got, err := s.Store.ChangeAIEngine(ctx(), s.tenant, a.ID, func(e *chat.AIEngine) error {
			require.Empty(t, e.Key)
			fn(e)
			return nil
		})
		require.NoError(t, err)
		require.Empty(t, got.Key)
		return got
	}
	got := change(func(e *chat.AIEngine) {
		e.Model, e.Position, e.Tenant, e.CreatedAt = "m2", 0, chat.NewID[chat.Tenant](), time.Time{}
	})
	a.Model, a.Position = "m2", 0
	require.Empty(t, cmp.Diff(shown(a)[0], got))
	require.Equal(t, "sk-a", inUse()[0].Key)
	change(func(e *chat.AIEngine) { e.Key = "sk-new" })
	require.Equal(t, "sk-new", inUse()[0].Key)
	require.False(t, change(func(e *chat.AIEngine) { e.HasKey = false }).HasKey)
	require.Empty(t, inUse()[0].Key)
	_, err = s.Store.ChangeAIEngine(ctx(), s.tenant, a.ID, func(e *chat.AIEngine) error { e.Name = "b"; return nil })
	code(t, err, chat.Conflict)
	refused := errors.New("no")
	_, err = s.Store.ChangeAIEngine(ctx(), s.tenant, a.ID, func(e *chat.AIEngine) error { e.Name = "x"; return refused })
	require.ErrorIs(t, err, refused)
	_, err = s.Store.ChangeAIEngine(ctx(), chat.NewID[chat.Tenant](), a.ID, func(*chat.AIEngine) error { return nil })
	code(t, err, chat.NotFound)
	code(t, s.Store.DeleteAIEngine(ctx(), chat.NewID[chat.Tenant](), a.ID), chat.NotFound)
	require.NoError(t, s.Store.DeleteAIEngine(ctx(), s.tenant, a.ID))
	require.Len(t, list(), 2)
	for i := len(list()); i < chat.MaxAIEngines; i++ {
		require.NoError(t, s.Store.AddAIEngine(ctx(), s.engine(fmt.Sprint("e", i), 9)))
	}
	code(t, s.Store.AddAIEngine(ctx(), s.engine("one more", 9)), chat.Conflict)

	acts := map[string]int{}
	for _, e := range s.auditLog(s.tenant) {
		acts[e.Action]++
		require.NotContains(t, string(e.Details), "sk-", "keys are told nowhere")
	}
	require.Equal(t, map[string]int{"ai_engine.created": chat.MaxAIEngines + 1, "ai_engine.updated": 3, "ai_engine.deleted": 1}, acts)
}

func testAIMeter(t *testing.T, s *suite) {
	b := chat.AIBudget{Tokens: 100, Money: 1}
	reserve := func(tokens int64, money float64, at time.Time) bool {
		t.Helper()
		room, err := s.Store.ReserveAI(ctx(), s.tenant, b, chat.AIAmount{Tokens: tokens, Money: money}, at)
		require.NoError(t, err)
		return room
	}
	require.True(t, reserve(60, 0.5, start))
	require.False(t, reserve(41, 0, start), "too many tokens")
	require.False(t, reserve(1, 0.75, start), "too much money")
	require.True(t, reserve(40, 0.5, start))
	require.True(t, reserve(100, 1, start.AddDate(0, 0, 1)), "another day")
	usage := func() []chat.AIUsage {
		all, err := s.Store.AIUsage(ctx(), s.tenant, start.AddDate(0, 0, -1), start.AddDate(0, 0, 2))
		require.NoError(t, err)
		return all
	}
	day := start.Truncate(24 * time.Hour)
	require.Empty(t, cmp.Diff([]chat.AIUsage{{Day: day, AIAmount: chat.AIAmount{Tokens: 100, Money: 1}, Refused: 2}, {Day: day.AddDate(0, 0, 1), AIAmount: chat.AIAmount{Tokens: 100, Money: 1}}}, usage()))
	require.NoError(t, s.Store.SettleAI(ctx(), s.tenant, chat.AIAmount{Tokens: 40, Money: 0.5}, chat.AIAmount{Tokens: 10, Money: 0.25}, start))
	require.Equal(t, chat.AIAmount{Tokens: 70, Money: 0.75}, usage()[0].AIAmount)
	require.True(t, reserve(30, 0.25, start))
	// What is given back on a day that knows nothing of it makes nothing less than nothing.
	later := start.AddDate(0, 0, 2)
	require.NoError(t, s.Store.SettleAI(ctx(), s.tenant, chat.AIAmount{Tokens: 40}, chat.AIAmount{Tokens: 10, Money: 0.5}, later))
	require.Equal(t, chat.AIAmount{Money: 0.5}, usage()[2].AIAmount)
	require.NoError(t, s.Store.SettleAI(ctx(), s.tenant, chat.AIAmount{Money: 2}, chat.AIAmount{Tokens: 5}, later))
	require.Equal(t, chat.AIAmount{Tokens: 5}, usage()[2].AIAmount)
	none, err := s.Store.AIUsage(ctx(), chat.NewID[chat.Tenant](), start, later)
	require.NoError(t, err)
	require.Empty(t, none)
	require.False(t, reserve(101, 0, start.AddDate(0, 0, -1)), "what is refused is told, though nothing was used")
	require.Equal(t, chat.AIUsage{Day: day.AddDate(0, 0, -1), Refused: 1}, usage()[0])
	b = chat.AIBudget{}
	require.True(t, reserve(1<<40, 1e6, start), "no limit")

	// Many at once use no more than there is.
	b = chat.AIBudget{Tokens: 10}
	var mu sync.Mutex
	took := 0
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 3 {
				room, err := s.Store.ReserveAI(ctx(), s.tenant, b, chat.AIAmount{Tokens: 1}, start.AddDate(0, 0, 5))
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				if room {
					took++
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	require.Equal(t, 10, took)
}
