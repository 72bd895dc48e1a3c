package library

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// of returns which edition answers a conversation: the same one each time, as long as the same ones are there.
func (e *editions) of(conv chat.ConversationID) edition {
	if e.canary.index != nil && e.tries(conv) {
		return e.canary
	}
	return e.active
}

// tries reports whether a conversation is one of those that the version that is tried is to answer.
func (e *editions) tries(conv chat.ConversationID) bool {
	if e.canary.version == 0 || conv.IsZero() {
		return false
	}
	// With the version in it, it is not the same people each time. Ids are made one after the other, and a lesser hash than this has whole
	// runs of them fall to one side.
	h := sha256.Sum256(binary.BigEndian.AppendUint64(conv[:len(conv):len(conv)], uint64(e.canary.version)))
	return int(binary.BigEndian.Uint64(h[:])%100) < e.percent
}

// put has an index that was just built answer here, as far as it is to: who does not ask does not need it.
func (l *Library) put(ctx context.Context, tenant chat.TenantID, built edition) {
	have := l.shelf.Kept(tenant)
	if have == nil {
		return
	}
	st, err := l.Store.KnowledgeState(ctx, tenant)
	switch {
	case err != nil: // it will be loaded
	case st.Active == built.version:
		l.shelf.Put(tenant, bookOf(editions{active: built}))
	case st.Canary.Version == built.version && have.Value.active.version == st.Active:
		l.shelf.Put(tenant, bookOf(editions{active: have.Value.active, canary: built, percent: st.Canary.Percent}))
	}
}

// tallies counts what came of questions of tenants that try a version, until it is written. Safe for concurrent use.
type tallies struct {
	mu sync.Mutex
	of map[tried]*[2]chat.CanaryTally // the version in use, and the one that is tried
}

// tried is one trial.
type tried struct {
	tenant  chat.TenantID
	version int64
}

// Asked implements chat.KnowledgeBase.
func (l *Library) Asked(tenant chat.TenantID, version int64, open bool) {
	b := l.shelf.Kept(tenant)
	if b == nil || b.Value.canary.version == 0 {
		return
	}
	which := 0
	switch version {
	case b.Value.active.version:
	case b.Value.canary.version:
		which = 1
	default:
		return
	}
	var n [2]chat.CanaryTally
	n[which].Asked = 1
	if open {
		n[which].Open = 1
	}
	l.tallies.add(tried{tenant, b.Value.canary.version}, &n)
}

// mostTallies is of how many trials what could not be written is kept.
const mostTallies = 10_000

// add adds to what was counted of a trial.
func (t *tallies) add(key tried, n *[2]chat.CanaryTally) {
	t.mu.Lock()
	defer t.mu.Unlock()
	have := t.of[key]
	if have == nil {
		if len(t.of) >= mostTallies {
			return
		}
		if t.of == nil {
			t.of = map[tried]*[2]chat.CanaryTally{}
		}
		have = &[2]chat.CanaryTally{}
		t.of[key] = have
	}
	for i := range n {
		have[i].Asked += n[i].Asked
		have[i].Open += n[i].Open
	}
}

// take returns what was counted since it was called last.
func (t *tallies) take() map[tried]*[2]chat.CanaryTally {
	t.mu.Lock()
	defer t.mu.Unlock()
	of := t.of
	t.of = nil
	return of
}

// try writes down what came of questions, and decides about the versions that are tried, until ctx ends.
func (l *Library) try(ctx context.Context) error {
	tick := time.NewTicker(l.Judge)
	defer tick.Stop()
	for {
		var end bool
		select {
		case <-ctx.Done():
			end = true
		case <-tick.C:
		}
		l.write(ctx)
		if end {
			return ctx.Err()
		}
		if !l.Builds {
			continue
		}
		if err := l.judgeAll(ctx, time.Now()); err != nil && ctx.Err() == nil {
			l.Logger.Warn("versions of the knowledge that are tried can't be judged", "err", err)
		}
	}
}

// write keeps what was counted. What can't be kept is tried again the next time.
func (l *Library) write(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	var failed int
	var why error
	for key, n := range l.tallies.take() {
		if err := l.Store.TallyCanary(ctx, key.tenant, key.version, n[0], n[1]); err != nil {
			l.tallies.add(key, n)
			failed, why = failed+1, err
		}
	}
	if why != nil {
		l.Logger.Warn("what came of questions to versions that are tried is not counted yet", "versions", failed, "err", why)
	}
}

// judgeAll ends the trials that are to end. What can't be ended keeps no other from it.
func (l *Library) judgeAll(ctx context.Context, now time.Time) error {
	all, err := l.Store.Canaries(ctx)
	for i := range all {
		if e := l.judge(ctx, &all[i], now); e != nil {
			err = errors.Join(err, fmt.Errorf("tenant %s: %w", all[i].Tenant, e))
		}
	}
	return err
}

// judge ends a trial: early if the version is clearly worse than the one in use, else when its time is over. A version that too few have
// asked is put in use then: golden questions are what speaks for it.
func (l *Library) judge(ctx context.Context, st *chat.KnowledgeState, now time.Time) error {
	c := &st.Canary
	over := !now.Before(c.Ends)
	var f *chat.KnowledgeFailure
	switch {
	case worse(c.Old, c.New, over):
		f = &chat.KnowledgeFailure{At: now.UTC().Truncate(time.Microsecond), Revision: st.Built, Reason: chat.FailureCanary, Canary: &chat.CanaryResult{Old: c.Old, New: c.New}}
	case !over:
		return nil
	}
	ended, err := l.Store.EndCanary(ctx, st.Tenant, c.Version, f)
	if err != nil || !ended {
		return err
	}
	args := []any{"tenant", st.Tenant, "version", c.Version, "asked", c.New.Asked, "open", c.New.Open, "asked_before", c.Old.Asked, "open_before", c.Old.Open}
	if f == nil {
		l.Logger.Info("a version of the knowledge was tried and is in use now", args...)
	} else {
		l.failed.Inc()
		l.Logger.Warn("a version of the knowledge was tried and taken back: it answers fewer questions", args...)
	}
	l.Changed(ctx, st.Tenant)
	return nil
}

const (
	// fewest is how many questions each version must have been asked before they are compared.
	fewest = 20
	// gap is by how much the share of open questions must be higher, so that what is compared again and again is not called worse by chance,
	// nor for what nobody would notice.
	gap = .05
	// doubtful and certain are the one-sided normal quantiles of 5 % and .05 %: at the end there is one look, before that many.
	doubtful, certain = 1.645, 3.29
)

// worse reports whether a version leaves more questions open than the one before (two-proportion z-test, pooled).
func worse(old, tried chat.CanaryTally, over bool) bool {
	if old.Asked < fewest || tried.Asked < fewest {
		return false
	}
	n, m := float64(old.Asked), float64(tried.Asked)
	p, q := float64(old.Open)/n, float64(tried.Open)/m
	if q-p < gap {
		return false
	}
	pooled := float64(old.Open+tried.Open) / (n + m)
	z := (q - p) / math.Sqrt(pooled*(1-pooled)*(1/n+1/m))
	if over {
		return z > doubtful
	}
	return z > certain
}
