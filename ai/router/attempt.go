package router

import (
	"context"
	"errors"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/uniqchat/uniqchat/ai/filter"
	"github.com/uniqchat/uniqchat/ai/model"
)

// Member is one of a tenant's engines.
type Member struct {
	Engine model.Engine
	Price  model.Price
	// MaxTokens is how many tokens an answer has at most. Defaults to 300, which is more than most have.
	MaxTokens int
}

// member is a Member with what is known of its health.
type member struct {
	Member
	breaker *breaker
	pace    pace
}

// attempt is one engine that works on a question.
type attempt struct {
	*member
	trace  Attempt
	began  time.Time
	pass   pass
	cancel context.CancelCauseFunc
	opens  <-chan struct{} // its engine's breaker has opened
	tardy  bool            // its engine was told to be late
	others bool            // there are others that work
	// blame says that it was ended because it fell silent, not because nobody waited.
	blame atomic.Bool

	// The rest belongs to the race.
	gate    *filter.Gate
	shown   strings.Builder // what the gate let through
	told    int             // bytes of it that the visitor has
	held    bool            // nothing is shown before it is whole
	first   time.Duration
	last    time.Time // of its newest piece
	running bool
	result  model.Result
	sum     float64 // confidence
	err     error
}

// slowProbe is how many times its usual time an engine may take to be taken for well again.
const slowProbe = 4

// What ends an attempt from outside.
var (
	errLost   = errors.New("another engine was faster")
	errSilent = errors.New("no further piece for a while")
	errOver   = errors.New("the question is settled")
)

// event is news of an attempt.
type event struct {
	a     *attempt
	piece string
	done  bool
	res   model.Result
	err   error
}

// reserved is what was counted as used when an attempt began.
type reserved struct {
	Amount
	at time.Time
}

// errPanic is an engine's that panicked: it is an engine that fails, and nothing more.
var errPanic = errors.New("it panicked")

// errTurned is an engine's that hands on text and says in the end that it is no answer. The text may be on a screen by then.
var errTurned = errors.New("it answers, and then it does something else")

// engine has an engine answer. A panic of it costs this attempt only.
func (rc *race) engine(ctx context.Context, a *attempt, piece func(string) error) (res model.Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			rc.r.c.Logger.Error("panic of an engine", "engine", a.Engine.Name(), "panic", p, "stack", string(debug.Stack()))
			res, err = model.Result{}, &model.Error{Kind: model.Failed, Engine: a.Engine.Name(), Err: errPanic}
		}
	}()
	return a.Engine.Answer(ctx, &rc.ask.Question, piece)
}

// work runs an attempt and tells the race what the engine does, until it is over. It accounts for the attempt in the end, whoever won.
func (rc *race) work(ctx context.Context, a *attempt, counted reserved) {
	var first, gap time.Duration
	last, pieces := a.began, 0
	sign := func() {
		now := time.Now()
		if first == 0 {
			first = now.Sub(a.began)
		} else {
			gap = max(gap, now.Sub(last))
		}
		last = now
	}
	res, err := rc.engine(ctx, a, func(p string) error {
		sign()
		pieces++
		select {
		case rc.events <- event{a: a, piece: p}:
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-rc.over: // only of a probe: it goes on, to see how it ends
		}
		return nil
	})
	sign()
	if err == nil && pieces > 0 && res.Action != model.Answer {
		err = &model.Error{Kind: model.Garbled, Engine: a.Engine.Name(), Err: errTurned}
	}
	if usual := a.pace.hedge(rc.r.c.FirstSign); err == nil && a.pass.probe && a.others && first > slowProbe*usual {
		a.blame.Store(true) // it answers, but much later than it used to, and others work
	}
	rc.r.account(ctx, a, res, err, rc.ask.Tenant, counted)
	if err == nil && !a.blame.Load() {
		a.pace.succeeded(first, gap)
	}
	select {
	case rc.events <- event{a: a, done: true, res: res, err: err}:
	case <-rc.over:
	}
}

// account tells breaker and meter what became of an attempt.
func (r *Router) account(ctx context.Context, a *attempt, res model.Result, err error, tenant string, counted reserved) {
	v, rest := well, time.Duration(0)
	if err == nil && a.blame.Load() {
		v = ill
	}
	if err != nil {
		v = ill
		switch kind := model.KindOf(err); {
		case a.blame.Load(), errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		case context.Cause(ctx) != nil, kind == model.Canceled, kind == model.Declined:
			v = nothing
		}
		var known *model.Error
		if errors.As(err, &known) && v == ill {
			rest = known.RetryAfter
		}
		if v == ill {
			a.pace.failed()
		}
	}
	a.breaker.leave(a.pass, v, time.Now(), rest)
	used := Amount{res.Usage.Total(), a.Price.Of(res.Usage)}
	if errors.Is(err, errPanic) {
		used = counted.Amount // nobody knows what it has used
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer cancel()
	if err := r.c.Meter.Settle(ctx, tenant, counted.Amount, used, counted.at); err != nil {
		r.c.Logger.Warn("what an engine used could not be counted", "engine", a.Engine.Name(), "err", err)
	}
}

const settleTime = 5 * time.Second

// snapshot is an attempt as the trace shows it.
func (a *attempt) snapshot() Attempt {
	t := a.trace
	t.Engine = a.Engine.Name()
	if t.Took == 0 {
		t.Took = time.Since(a.began)
	}
	t.First = a.first
	t.Text, t.Action, t.Cited, t.Usage = a.result.Text, a.result.Action, a.result.Cited, a.result.Usage
	if t.Text == "" {
		t.Text = a.shown.String()
	}
	t.Cost = a.Price.Of(t.Usage)
	t.Removed = a.gate.Notes()
	if a.err != nil {
		t.Kind, t.Error = model.KindOf(a.err), a.err.Error()
	}
	t.Confidence = a.sum
	if t.Verdict == "" {
		t.Verdict = "lost"
	}
	return t
}
