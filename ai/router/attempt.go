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
	others bool            // there are others that work
	// blame says that it was ended because it fell silent, not because nobody waited.
	blame atomic.Bool

	// The rest belongs to the race while that goes on.
	doubted bool // its breaker was told that it is late, or of no use
	turned  bool // what it says is no answer, or can't be shown
	gate    *filter.Gate
	shown   strings.Builder // what the gate let through
	told    int             // bytes of it that the visitor has
	held    bool            // nothing is shown before it is whole
	first   time.Duration
	last    time.Time // of its newest piece
	running bool
	cut     bool    // it was silent for too long: only its end is waited for
	says    verdict // of its end, when it runs no more
	failed  error   // likewise
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
	says  verdict // what its end says about the engine by itself
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

// work runs an attempt and tells the race what the engine does, until it is over. In the end it accounts for the attempt, whoever won.
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
	v, rest := a.health(ctx, err, first > slowProbe*a.pace.hedge(rc.r.c.FirstSign))
	if v == well {
		a.pace.timed(first, gap)
	}
	if v == ill || v == slow { // those that wait for it are to know at once
		a.leave(v, rest)
	}
	rc.r.settle(ctx, a, res, err, rc.ask.Tenant, counted)
	select {
	case rc.events <- event{a: a, done: true, res: res, err: err, says: v}:
	case <-rc.over:
		rc.leave(a, v, res, err)
	}
}

// health is what the end of an attempt says by itself about its engine, and how long that wants to be left alone.
func (a *attempt) health(ctx context.Context, err error, late bool) (verdict, time.Duration) {
	switch kind := model.KindOf(err); {
	case a.blame.Load():
	case err == nil && a.pass.probe && a.others && late:
		return slow, 0
	case err == nil:
		return well, 0
	case errors.Is(context.Cause(ctx), context.DeadlineExceeded):
	case context.Cause(ctx) != nil, kind == model.Canceled, kind == model.Declined:
		return nothing, 0
	}
	var known *model.Error
	if errors.As(err, &known) {
		return ill, known.RetryAfter
	}
	return ill, 0
}

// leave has an attempt's engine be judged when the race is over, if its end did not say it before. That a question is turned down counts only where another
// engine has answered that very question: else it may be the question, and a row of such questions, which anybody can ask, would have all engines left alone.
func (rc *race) leave(a *attempt, v verdict, res model.Result, err error) {
	turned := a.turned || model.KindOf(err) == model.Declined || err == nil && (res.Action != model.Answer || a.pass.probe && !rc.stands(res.Text))
	switch {
	case v == ill || v == slow:
		return
	case turned && rc.answered != nil && rc.answered != a:
		v = outdone
	case turned:
		v = nothing
	}
	a.leave(v, 0)
}

// stands reports whether an answer may be shown and stands in the chunks: of one that came when another was shown already.
func (rc *race) stands(text string) bool {
	g := filter.NewGate(rc.allowed, rc.ask.Secrets)
	head, err := g.Write(text)
	tail, err2 := g.Close()
	share, _ := rc.proof.support(head + tail)
	return err == nil && err2 == nil && share >= supported
}

// leave tells the breaker, and remembers how it went.
func (a *attempt) leave(v verdict, rest time.Duration) {
	if v != nothing {
		a.pace.went(v == well)
	}
	a.breaker.leave(a.pass, v, time.Now(), rest)
}

// settle tells the meter what an attempt has used.
func (r *Router) settle(ctx context.Context, a *attempt, res model.Result, err error, tenant string, counted reserved) {
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
