package router

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/uniqchat/uniqchat/ai/confidence"
	"github.com/uniqchat/uniqchat/ai/model"
	"github.com/uniqchat/uniqchat/ai/prompt"
)

// Mode says how engines are asked.
type Mode string

// The modes.
const (
	Cheapest Mode = "cheapest" // one after the other, the cheapest first, another one when it is slow or fails
	Parallel Mode = "parallel" // several at once: the first good answer counts
)

// Config says how a Router works.
type Config struct {
	Engines []Member
	Mode    Mode // Defaults to Cheapest.
	AtOnce  int  // engines that are asked at once in Parallel. Defaults to all.

	Deadline  time.Duration // for all of it. Defaults to 20s.
	FirstSign time.Duration // the longest wait for an engine's first or next piece before another one is asked. Defaults to 4s.
	// Extra is how many hedges there may be, as a share of all calls. Defaults to .03.
	Extra float64

	Model      confidence.Model      // Defaults to confidence.Shipped.
	Thresholds confidence.Thresholds // Defaults to confidence.Default.
	// Easy is from which probability on the answer to a question of a table is said as it is, without any engine. Defaults to .95; above 1: never.
	Easy float64

	Budget Budget
	Meter  Meter    // Defaults to a Memory.
	Cache  *Cache   // nil: none
	Hosts  []string // of links that answers may have besides those of the knowledge
	Logger *slog.Logger
}

func (c *Config) defaults() {
	c.Mode = cmp.Or(c.Mode, Cheapest)
	if c.AtOnce == 0 {
		c.AtOnce = len(c.Engines)
	}
	c.Deadline = cmp.Or(c.Deadline, 20*time.Second)
	c.FirstSign = cmp.Or(c.FirstSign, 4*time.Second)
	c.Extra = cmp.Or(c.Extra, .03)
	c.Easy = cmp.Or(c.Easy, .95)
	c.Model = cmp.Or(c.Model, confidence.Shipped)
	c.Thresholds = cmp.Or(c.Thresholds, confidence.Default)
	if c.Meter == nil {
		c.Meter = &Memory{}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
}

func (c *Config) validate() error {
	seen := map[string]bool{}
	for _, m := range c.Engines {
		switch name := m.Engine.Name(); {
		case seen[name]:
			return fmt.Errorf("router: engines: two have the name %q", name)
		case m.Price.Prompt < 0 || m.Price.Completion < 0 || m.MaxTokens < 0:
			return fmt.Errorf("router: engine %s: a price, or its most tokens, is negative", name)
		default:
			seen[name] = true
		}
	}
	switch {
	case c.Mode != Cheapest && c.Mode != Parallel:
		return fmt.Errorf("router: mode: %q is neither cheapest nor parallel", c.Mode)
	case c.Deadline < 0, c.FirstSign < 0, c.AtOnce < 0, c.Extra < 0 || c.Extra > 1:
		return errors.New("router: deadline, first sign, how many at once and extra must be positive, extra at most 1")
	}
	return nil
}

// Router answers questions with one set of engines: a tenant's, or what all tenants share.
//
// Safe for concurrent use.
type Router struct {
	c       Config
	members []*member // the cheapest first
	extra   allowance // of hedges
	second  allowance // of engines that are asked after one that turned a question down
	calls   sync.WaitGroup
	closing context.Context
	close   context.CancelFunc
}

// New makes a Router. Close ends it.
func New(c Config) (*Router, error) {
	c.defaults()
	if err := c.validate(); err != nil {
		return nil, err
	}
	r := &Router{c: c, extra: allowance{share: c.Extra, left: mostExtra / 2}, second: allowance{share: secondShare, left: mostExtra / 2}}
	r.closing, r.close = context.WithCancel(context.Background())
	for _, m := range c.Engines {
		r.members = append(r.members, &member{Member: m, breaker: newBreaker()})
	}
	slices.SortStableFunc(r.members, func(a, b *member) int {
		return cmp.Compare(a.Price.Prompt+a.Price.Completion, b.Price.Prompt+b.Price.Completion)
	})
	return r, nil
}

// secondShare is of how many calls another engine is asked after one that proposed something else than an answer, or wrote what can't be shown. One that
// does so all the time is left alone before long; what is left are engines that are right to. With the hedges that is a twentieth of all calls.
const secondShare = .02

// Close waits for calls that nobody waits for any longer. Answer must not be called any more.
func (r *Router) Close() {
	r.close()
	r.calls.Wait()
}

// Health says of each engine whether its breaker is closed, open or half-open.
func (r *Router) Health() map[string]string {
	out := map[string]string{}
	for _, m := range r.members {
		out[m.Engine.Name()] = m.breaker.state(time.Now())
	}
	return out
}

// scope is the context of a call. One that is to show whether an engine is well again goes on when the race is over.
func (r *Router) scope(ctx context.Context, probe bool) (context.Context, context.CancelCauseFunc) {
	if !probe {
		return context.WithCancelCause(ctx)
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), r.c.Deadline)
	ctx, cancel := context.WithCancelCause(ctx)
	unhook := context.AfterFunc(r.closing, func() { cancel(errOver) })
	return ctx, func(err error) { cancel(err); stop(); unhook() }
}

// answerTokens is how long an answer may be where an engine doesn't say it.
const answerTokens = 300

// estimate is what a call may use.
func (r *Router) estimate(m *member, q *model.Question) Amount {
	u := model.Usage{Prompt: model.Tokens(prompt.Rules()) + model.Tokens(q.Text) + 60, Completion: cmp.Or(m.MaxTokens, answerTokens)}
	for _, c := range q.Chunks {
		u.Prompt += model.Tokens(c.Text) + 30
	}
	for _, t := range q.Turns {
		u.Prompt += model.Tokens(t.Text) + 5
	}
	return Amount{u.Total(), m.Price.Of(u)}
}

// Answer answers. It always returns an outcome: whatever fails is told by its reason and its trace. sink may be nil.
func (r *Router) Answer(ctx context.Context, ask Ask, sink Sink) Outcome {
	if sink == nil {
		sink = func(int, string) error { return nil }
	}
	ctx, cancel := context.WithTimeout(ctx, r.c.Deadline)
	defer cancel()
	f := &flow{r: r, ask: &ask, sink: sink, from: time.Now(), trace: &Trace{ID: uuid.Must(uuid.NewV7()).String()}}
	o := f.run(ctx)
	f.finish(&o)
	return o
}
