package trainer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/uniqchat/uniqchat/ai/bot"
	"github.com/uniqchat/uniqchat/ai/intent"
	"github.com/uniqchat/uniqchat/chat"
)

const (
	// farewell is for letting go of a training when this node ends.
	farewell = 3 * time.Second
	// again is how long after a failure of storage or embedder training is tried again.
	again = 10 * time.Second
)

// trainAll trains what is due, one tenant after the other.
func (t *Trainer) trainAll(ctx context.Context) error {
	tick := time.NewTicker(t.o.Poll)
	defer tick.Stop()
	for {
		more, err := t.trainNext(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			t.failed.Inc()
			t.o.Logger.Warn("intents can't be trained", "err", err)
		} else if more {
			continue
		}
		var pause <-chan time.Time
		select {
		case <-ctx.Done():
		case <-tick.C:
			continue
		case <-t.wake: // what was changed is due a moment later, so that many changes are one training
			pause = time.After(chat.IntentPause + 50*time.Millisecond)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-pause:
		}
	}
}

// trainNext trains what is due, and reports whether there was anything.
func (t *Trainer) trainNext(ctx context.Context) (bool, error) {
	now := time.Now()
	holder := [16]byte(chat.NewID[Trainer]())
	st, held, err := t.o.Store.HoldIntents(ctx, holder, now, now.Add(t.o.Hold))
	if err != nil || !held {
		return false, err
	}
	err = t.train(ctx, &st, holder)
	switch {
	case err == nil:
		t.IntentsChanged(ctx, st.Tenant)
		return true, nil
	case isLost(err):
		return true, nil // it is another's now
	}
	bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	if rerr := t.o.Store.ReleaseIntents(bye, st.Tenant, holder, time.Now().Add(again)); !isLost(rerr) {
		err = errors.Join(err, rerr)
	}
	return true, fmt.Errorf("intents of tenant %s: %w", st.Tenant, err)
}

// isLost reports whether somebody else trains by now.
func isLost(err error) bool {
	var e *chat.Error
	return errors.As(err, &e) && e.Name == "not_held"
}

// train trains a tenant's model and keeps what came of it, holding on meanwhile.
func (t *Trainer) train(ctx context.Context, st *chat.IntentState, holder [16]byte) error {
	t.trainings.Inc()
	ctx, stop := context.WithCancelCause(ctx)
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		tick := time.NewTicker(t.o.Hold / 3)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				if err := t.o.Store.KeepIntents(ctx, st.Tenant, holder, time.Now().Add(t.o.Hold)); isLost(err) {
					stop(err)
				}
			}
		}
	}()
	defer func() { stop(nil); <-kept }()
	from := time.Now()
	all, err := t.o.Store.TrainingIntents(ctx, st.Tenant)
	if err != nil {
		return err
	}
	l, r, err := t.judge(ctx, all)
	if err != nil {
		return cmp.Or(context.Cause(ctx), err)
	}
	r.At, r.Took = time.Now().UTC().Truncate(time.Microsecond), time.Since(from).Milliseconds()
	if err := t.o.Store.FinishIntents(ctx, st.Tenant, holder, chat.IntentTraining{Revision: st.Revision, Report: r, Vectors: l.vectors}); err != nil {
		return err
	}
	t.o.Logger.Info("intents trained", "tenant", st.Tenant, "revision", st.Revision, "examples", r.Examples, "took_ms", r.Took)
	return nil
}

// judge finds out how well a tenant's examples teach.
func (t *Trainer) judge(ctx context.Context, all []chat.Intent) (*lesson, chat.IntentReport, error) {
	r := chat.IntentReport{Embedder: t.o.EmbedderName, Intents: []chat.IntentResult{}, Confusions: []chat.IntentConfusion{}, Covered: []string{}}
	l, err := t.lesson(ctx, all)
	if err != nil || l.own == 0 {
		return l, r, err
	}
	r.Examples, r.Builtin, r.Covered = l.own, len(l.examples)-l.own, l.covered
	v, err := intent.Validate(ctx, l.examples, workers())
	if err != nil {
		return l, r, err
	}
	r.Temperature = v.Temperature
	r.MinKnown = minKnown(l, &v)
	count(&r, l, all, &v)
	p, err := t.o.Shared.Parts(ctx)
	if err != nil {
		return l, r, err
	}
	r.Confusions = confusions(p, l, all, &v)
	return l, r, nil
}

// Bounds of IntentReport.MinKnown.
const leastKnown, mostKnown = .5, .9

// minKnown is the fifth percentile of how well known those examples are that were told right.
func minKnown(l *lesson, v *intent.Validation) float64 {
	var right []float64
	for i := range l.own {
		if v.Guesses[i].Label == l.examples[i].Label {
			right = append(right, v.Guesses[i].Known)
		}
	}
	if len(right) == 0 {
		return mostKnown
	}
	slices.Sort(right)
	return min(max(right[len(right)/20], leastKnown), mostKnown)
}

// count fills in the shares.
func count(r *chat.IntentReport, l *lesson, all []chat.Intent, v *intent.Validation) {
	right, refused, taken := make([]int, len(all)), 0, 0
	var bins [10]struct{ n, right, sum float64 }
	for i := range l.examples {
		g := &v.Guesses[i]
		is := g.Label == l.examples[i].Label
		b := &bins[min(int(g.Probability*10), 9)]
		b.n, b.sum = b.n+1, b.sum+g.Probability
		if is {
			b.right++
		}
		took, _ := bot.Take(g.Label, g.Probability, g.Known, r.MinKnown)
		switch {
		case i >= l.own && took:
			taken++
		case i < l.own && is:
			right[l.from[i].intent]++
		}
		if i < l.own && !took {
			refused++
		}
	}
	for i := range bins {
		if b := &bins[i]; b.n > 0 {
			r.Error += math.Abs(b.right-b.sum) / float64(len(l.examples))
		}
	}
	sum := 0
	for i := range all {
		if n := len(all[i].Examples); n > 0 {
			sum += right[i]
			r.Intents = append(r.Intents, chat.IntentResult{Intent: all[i].Name, Examples: n, Accuracy: share(right[i], n)})
		}
	}
	r.Accuracy, r.Refused, r.Taken = share(sum, l.own), share(refused, l.own), share(taken, r.Builtin)
}

func share(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return math.Round(float64(n)/float64(of)*1e4) / 1e4
}

// mostConfusions is how many kinds of mistakes are told.
const mostConfusions = 50

// confusions are what was told wrong, the most frequent first.
func confusions(p *bot.Parts, l *lesson, all []chat.Intent, v *intent.Validation) []chat.IntentConfusion {
	type pair struct {
		intent, taken string
		builtin       bool
	}
	at := map[pair]int{}
	out := []chat.IntentConfusion{}
	for i := range l.own {
		e, g := &l.examples[i], &v.Guesses[i]
		if g.Label == e.Label {
			continue
		}
		k := pair{e.Label, g.Label, false}
		if g.Label == bot.Elsewhere {
			k.taken, k.builtin = p.Builtin.Classify(e.Text, e.Vector).Label, true
		}
		if n, is := at[k]; is {
			out[n].Count++
			continue
		}
		at[k] = len(out)
		o := l.from[i]
		out = append(out, chat.IntentConfusion{Intent: all[o.intent].Name, Taken: k.taken, Builtin: k.builtin, Count: 1, Example: o.place})
	}
	slices.SortStableFunc(out, func(a, b chat.IntentConfusion) int { return cmp.Compare(b.Count, a.Count) })
	return out[:min(len(out), mostConfusions)]
}
