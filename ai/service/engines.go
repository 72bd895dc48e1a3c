package service

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uniqchat/uniqchat/ai/local"
	"github.com/uniqchat/uniqchat/ai/model"
	"github.com/uniqchat/uniqchat/ai/openai"
	"github.com/uniqchat/uniqchat/ai/router"
	"github.com/uniqchat/uniqchat/chat"
)

// fingerprint is the same for engines that are the same, and asked in the same way: what is known of their health still holds.
func fingerprint(mode string, engines []chat.AIEngine) string {
	var b strings.Builder
	b.WriteString(mode + " ")
	for i := range engines {
		fmt.Fprintf(&b, "%s@%d ", engines[i].ID, engines[i].UpdatedAt.UnixMicro())
	}
	return b.String()
}

// atOnce is how many engines are asked at once at most, of those of a tenant that wants that.
const atOnce = 4

// newLineup makes engines of rows. One that can't be made is left out: the others answer.
func (s *Service) newLineup(t *tenant, rows []chat.AIEngine, mode, key string) (*lineup, error) {
	l := &lineup{key: key, ids: make(map[string]chat.AIEngineID, len(rows)), idle: make(chan struct{})}
	c := router.Config{Meter: meter{s, t}, Cache: s.cache, Deadline: s.o.Deadline, FirstSign: s.o.FirstSign, Logger: s.o.Logger}
	if mode == chat.EnginesParallel {
		c.Mode, c.AtOnce = router.Parallel, atOnce
	}
	var made []*openai.Engine
	for i := range rows {
		r := &rows[i]
		name := nameOf(r, rows)
		e, err := openai.New(s.server(r, name))
		if err != nil {
			s.o.Logger.Warn("an engine can't be used", "tenant", t.id, "engine", r.ID, "err", err)
			continue
		}
		made = append(made, e)
		l.ids[name] = r.ID
		c.Engines = append(c.Engines, router.Member{Engine: e, Price: model.Price{Prompt: r.PromptPrice, Completion: r.CompletionPrice}, MaxTokens: e.MaxTokens()})
	}
	l.close = func() {
		for _, e := range made {
			e.Close()
		}
	}
	var err error
	if l.router, err = router.New(c); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

// nameOf is what an engine is called in traces: its own name, unless that is the local engine's, which needs no server. No other of rows has it.
func nameOf(r *chat.AIEngine, rows []chat.AIEngine) string {
	name := r.Name
	if name != local.Name {
		return name
	}
	for taken := true; taken; {
		name += " (server)"
		taken = slices.ContainsFunc(rows, func(o chat.AIEngine) bool { return o.Name == name })
	}
	return name
}

// server is how an engine is asked.
func (s *Service) server(r *chat.AIEngine, name string) openai.Config {
	c := openai.Config{Name: name, BaseURL: r.BaseURL, Key: r.Key, Model: r.Model, FirstToken: r.FirstToken, Total: r.Total, Control: s.o.Control}
	if s.o.Plain != nil && !strings.HasPrefix(strings.ToLower(r.BaseURL), "https:") {
		c.Control = s.o.Plain
	}
	return c
}

// TestEngine implements chat.EngineTester.
func (s *Service) TestEngine(ctx context.Context, e *chat.AIEngine) chat.AITest {
	t, used := openai.Test(ctx, s.server(e, e.Name))
	t.Used = chat.AIAmount{Tokens: int64(used.Total()), Money: model.Price{Prompt: e.PromptPrice, Completion: e.CompletionPrice}.Of(used)}
	return t
}

// meter counts what a tenant's engines use in the store, for all nodes, against the budget as it is by then.
type meter struct {
	s *Service
	t *tenant
}

// meterWait is how long an engine waits to be allowed. If nobody knows whether there is room, there is none.
const meterWait = 2 * time.Second

// Reserve implements router.Meter. The budget is the tenant's, whatever the router thinks.
func (m meter) Reserve(ctx context.Context, _ string, _ router.Budget, a router.Amount, at time.Time) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, meterWait)
	defer cancel()
	var b chat.AIBudget
	if k := m.t.known.Load(); k != nil {
		b = k.bot.Budget
	}
	room, err := m.s.o.Store.ReserveAI(ctx, m.t.id, b, amount(a), at)
	if err == nil && !room {
		m.s.stats.overBudget.Inc()
	}
	return room, err
}

// Settle implements router.Meter.
func (m meter) Settle(ctx context.Context, _ string, reserved, used router.Amount, at time.Time) error {
	m.s.stats.tokens.Add(used.Tokens)
	return m.s.o.Store.SettleAI(ctx, m.t.id, amount(reserved), amount(used), at)
}

func amount(a router.Amount) chat.AIAmount {
	return chat.AIAmount{Tokens: int64(a.Tokens), Money: a.Money}
}
