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
		return rc.refuse(ctx, a, err)
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
func (rc *race) refuse(ctx context.Context, a *attempt, err error) (*attempt, bool) {
	a.err = err
	a.cancel(errOver)
	rc.turnDown(ctx, a, "refused")
	if a == rc.chosen {
		return a, true
	}
	return nil, false
}

// turnDown is for an attempt that worked and is no answer: another engine may have one.
func (rc *race) turnDown(ctx context.Context, a *attempt, verdict string) {
	a.turned, a.trace.Verdict = true, verdict
	rc.doubt(a)
	rc.failOver(ctx, a, false)
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
	a.running, a.trace.Took, a.result, a.says, a.failed = false, time.Since(a.began), e.res, e.says, e.err
	if a.first == 0 && e.err == nil {
		a.first = a.trace.Took
	}
	switch {
	case a.err != nil: // refused before
		rc.failOver(ctx, a, false)
		return nil, false
	case e.err != nil:
		a.err = e.err
		if a == rc.chosen {
			a.trace.Verdict = "cut"
			return a, true
		}
		if a.trace.Verdict = "failed"; model.KindOf(e.err) == model.Declined {
			rc.doubt(a)
		}
		rc.failOver(ctx, a, true)
		return nil, false
	case rc.chosen != nil && rc.chosen != a:
		return nil, false
	}
	text, err := a.gate.Close()
	if err != nil {
		return rc.refuse(ctx, a, err)
	}
	a.shown.WriteString(text)
	if a.result.Action != model.Answer {
		rc.turnDown(ctx, a, "proposed")
		return nil, false
	}
	if a.shown.Len() == 0 { // it was written and not streamed, or nothing of it may be shown
		if text, err = a.gate.Write(a.result.Text); err != nil {
			return rc.refuse(ctx, a, err)
		}
		more, err := a.gate.Close()
		if err != nil {
			return rc.refuse(ctx, a, err)
		}
		a.shown.WriteString(text + more)
	}
	f := rc.judge(a)
	a.trace.Features, a.sum = &f, f.probability()
	if rc.chosen != a {
		if a.sum < rc.ask.Thresholds.Answer || a.shown.Len() == 0 {
			rc.turnDown(ctx, a, "unsupported")
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

// silence finds the attempt that was heard of and has to say something soonest, and a timer for when that is.
func (rc *race) silence() (*attempt, *time.Timer) {
	var which *attempt
	wait := never
	for _, a := range rc.attempts {
		if !a.running || a.first == 0 || a.err != nil || rc.chosen != nil && rc.chosen != a {
			continue
		}
		usual, most := rc.silences(a)
		if !a.doubted && rc.others(a) {
			most = min(usual, most)
		}
		if w := most - time.Since(a.last); w < wait {
			which, wait = a, w
		}
	}
	return which, time.NewTimer(max(wait, 0))
}

// silences are after how long without a further piece an answer is unusual, and after how long it has broken off. What somebody reads is given more time than
// what nobody has seen yet. Where no other engine could do better, the engine's own limits and the deadline end it.
func (rc *race) silences(a *attempt) (usual, most time.Duration) {
	usual = a.pace.silence(rc.r.c.FirstSign)
	switch {
	case a == rc.chosen && rc.others(a):
		return usual, min(max(usual, minShownSilence), rc.r.c.FirstSign)
	case a != rc.chosen && (rc.another() || rc.uncut() > 1):
		return usual, usual
	}
	return usual, never
}

// rests is told when an attempt has said nothing for too long. Its engine is late first, and has failed when somebody was reading.
func (rc *race) rests(a *attempt) {
	rc.doubt(a)
	if _, most := rc.silences(a); time.Since(a.last) < most {
		return
	}
	a.blame.Store(a == rc.chosen || a.pass.probe)
	a.cut = true
	a.cancel(&model.Error{Kind: model.Cut, Engine: a.Engine.Name(), Err: errSilent})
	a.last = time.Now().Add(never) // its end is on the way
}

// opened is closed when the engine fails others, or is late for them, from which an attempt has waited longest for a sign.
func (rc *race) opened() <-chan struct{} {
	if a := rc.waiting(); a != nil {
		return a.opens
	}
	return nil
}

func (rc *race) waiting() *attempt {
	for _, a := range rc.attempts {
		if a.running && a.first == 0 && !a.pass.probe && a.opens != nil {
			return a
		}
	}
	return nil
}

// abandon ends the attempt that opened speaks of if its engine fails: another one is asked when its end is heard of. One that is only late may go on, beside
// another one.
func (rc *race) abandon(ctx context.Context) {
	a := rc.waiting()
	if a == nil {
		return
	}
	a.opens = a.breaker.opens()
	if a.breaker.standing() == open {
		a.opens = nil
		a.cancel(&model.Error{Kind: model.Slow, Engine: a.Engine.Name(), Err: errOpened})
		return
	}
	a.doubted = true
	if rc.chosen == nil && rc.working() == 1 && rc.another() {
		rc.start(ctx, "hedge")
	}
}
