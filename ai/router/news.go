package router

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/uniqchat/uniqchat/ai/model"
)

// errOpened ends an attempt whose engine is left alone by now.
var errOpened = errors.New("the engine fails others")

const never = time.Hour

// take hears news of an attempt. It returns true when the race is over.
func (rc *race) take(ctx context.Context, e event) (*attempt, bool) {
	if e.done {
		return rc.ended(ctx, e)
	}
	a, now := e.a, time.Now()
	if a.first == 0 {
		a.first = now.Sub(a.began)
	}
	a.last = now
	if a.err != nil || rc.chosen != nil && rc.chosen != a {
		return nil, false // it has lost
	}
	text, err := a.gate.Write(e.piece)
	if err != nil {
		return rc.refuse(a, err)
	}
	a.shown.WriteString(text)
	if rc.chosen == nil && !a.held && whole(a.shown.String()) {
		switch share, known := rc.proof.support(a.shown.String()); {
		case known && share < supported:
			a.held = true // it is judged when it is whole
		case known:
			rc.choose(a)
		}
	}
	return nil, rc.tell(a) != nil
}

// refuse ends an attempt whose text must not be shown. What was shown of it stays.
func (rc *race) refuse(a *attempt, err error) (*attempt, bool) {
	a.err, a.trace.Verdict = err, "refused"
	a.cancel(errOver)
	if a == rc.chosen {
		return a, true
	}
	return nil, false
}

// tell shows what is new of the chosen attempt's text.
func (rc *race) tell(a *attempt) error {
	if a != rc.chosen || rc.gone != nil {
		return rc.gone
	}
	if text := a.shown.String()[a.told:]; text != "" {
		a.told += len(text)
		rc.gone = rc.sink(0, text)
	}
	return rc.gone
}

// choose makes an attempt the one that is shown. The others end; that they were slower does not count against them.
func (rc *race) choose(a *attempt) {
	rc.chosen, a.trace.Verdict = a, "chosen"
	for _, o := range rc.attempts {
		if o == a || !o.running {
			continue
		}
		if !o.pass.probe {
			o.cancel(errLost)
		}
	}
}

// ended hears that an attempt is over.
func (rc *race) ended(ctx context.Context, e event) (*attempt, bool) {
	a := e.a
	a.running, a.trace.Took, a.result = false, time.Since(a.began), e.res
	if a.first == 0 && e.err == nil {
		a.first = a.trace.Took
	}
	switch {
	case a.err != nil: // refused before
		return nil, false
	case e.err != nil:
		a.err = e.err
		if a == rc.chosen {
			a.trace.Verdict = "cut"
			return a, true
		}
		a.trace.Verdict = "failed"
		if rc.chosen == nil && rc.working() == 0 && ctx.Err() == nil {
			rc.start(ctx, "failover")
		}
		return nil, false
	case rc.chosen != nil && rc.chosen != a:
		return nil, false
	}
	text, err := a.gate.Close()
	if err != nil {
		return rc.refuse(a, err)
	}
	a.shown.WriteString(text)
	if a.result.Action != model.Answer {
		a.trace.Verdict = "proposed"
		return nil, false
	}
	if a.shown.Len() == 0 { // it was written and not streamed, or nothing of it may be shown
		if text, err = a.gate.Write(a.result.Text); err != nil {
			return rc.refuse(a, err)
		}
		more, err := a.gate.Close()
		if err != nil {
			return rc.refuse(a, err)
		}
		a.shown.WriteString(text + more)
	}
	f := rc.judge(a)
	a.trace.Features, a.sum = &f, f.probability()
	if rc.chosen != a {
		if a.sum < rc.ask.Thresholds.Answer || a.shown.Len() == 0 {
			a.trace.Verdict = "unsupported"
			return nil, false
		}
		rc.choose(a)
	}
	_ = rc.tell(a)
	return a, true
}

// judge collects what speaks for a whole answer.
func (rc *race) judge(a *attempt) Features {
	text := a.shown.String()
	f := Features{Retrieval: rc.ask.Sure, History: a.pace.history()}
	f.Support, _ = rc.proof.support(text)
	f.Cites = len(rc.ask.Chunks) > 0 && slices.Contains(a.result.Cited, rc.ask.Chunks[0].ID)
	n := 0
	if rc.floor != "" {
		f.Agreement, n = alike(text, rc.floor), 1
	}
	for _, o := range rc.attempts {
		if o != a && o.sum > 0 {
			f.Agreement += alike(text, o.shown.String())
			n++
		}
	}
	if f.Agreement /= float64(max(n, 1)); n == 0 {
		f.Agreement = .5
	}
	return f
}

// patience is how long to wait before another engine is asked, too: while none of those that work has given a sign.
func (rc *race) patience() time.Duration {
	wait := never
	for _, a := range rc.attempts {
		switch {
		case !a.running:
		case a.first > 0:
			return never
		default:
			wait = a.pace.hedge(rc.r.c.FirstSign) - time.Since(a.began)
		}
	}
	return max(wait, 0)
}

// silence finds the attempt that was heard of and has said nothing for the longest time, and a timer for when that is too long.
func (rc *race) silence() (*attempt, *time.Timer) {
	var which *attempt
	wait := never
	for _, a := range rc.attempts {
		if !a.running || a.first == 0 || a.err != nil {
			continue
		}
		if w := a.pace.silence(rc.r.c.FirstSign) - time.Since(a.last); w < wait {
			which, wait = a, w
		}
	}
	return which, time.NewTimer(max(wait, 0))
}

// drop ends an attempt for a fault of its engine.
func (a *attempt) drop(why error) {
	a.blame.Store(true)
	a.cancel(&model.Error{Kind: model.Cut, Engine: a.Engine.Name(), Err: why})
	a.last = time.Now().Add(never) // its end is on the way
}

// opened is closed when the engine is left alone from which an attempt has waited longest for a sign.
func (rc *race) opened() <-chan struct{} {
	for _, a := range rc.attempts {
		if a.running && a.first == 0 && !a.pass.probe && a.opens != nil {
			return a.opens
		}
	}
	return nil
}

// abandon ends the attempt that opened speaks of: another engine is asked when its end is heard of.
func (rc *race) abandon() {
	for _, a := range rc.attempts {
		if a.running && a.first == 0 && !a.pass.probe && a.opens != nil {
			a.opens = nil
			a.cancel(&model.Error{Kind: model.Slow, Engine: a.Engine.Name(), Err: errOpened})
			return
		}
	}
}
