package chaos

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/uniqchat/uniqchat/testkit/client"
	"github.com/uniqchat/uniqchat/testkit/journal"
)

// finish waits until everything is at rest, and judges.
func (r *Run) finish() {
	res := r.result
	res.Seconds = time.Since(r.from).Seconds()
	err := r.C.idle(60 * time.Second)
	r.Check("everybody has an answer to everything within 60 s of the end", err == nil, "%v", orDone(err))
	if r.W.Postgres != nil {
		want := 0
		caught := r.Wait(60*time.Second, func() bool {
			want = len(newTimeline(r.C.rec.Entries()).acks)
			r.mu.Lock()
			defer r.mu.Unlock()
			return len(r.samples) > 0 && r.samples[len(r.samples)-1].n >= want
		})
		r.Check("everything acknowledged is in the database within 60 s of the end", caught || r.row.Reset, "%d messages", want)
	}
	r.fresh()
	err = r.C.idle(30 * time.Second)
	r.Check("fresh readers are complete", err == nil, "%v", orDone(err))
	r.judge()
	r.times()
	for _, f := range r.afterwards {
		f()
	}
	bad := res.Problems > 0
	for _, c := range res.Checks {
		bad = bad || !c.OK
	}
	res.Why = ""
	switch {
	case res.Acked < r.messages:
		res.Verdict, res.Why = NotRun, fmt.Sprintf("only %d messages were acknowledged", res.Acked)
	case bad:
		res.Verdict = Broken
	default:
		res.Verdict = Held
	}
}

func orDone(err error) string {
	if err == nil {
		return "done"
	}
	return err.Error()
}

// fresh lets readers who were never there read every conversation.
func (r *Run) fresh() {
	ctx, cancel := context.WithTimeout(r.ctx, time.Minute)
	defer cancel()
	late := r.C.join("late agent", r.W.tokens["agent"][0], r.Rnd.IntN(len(r.W.Nodes)), client.Binary, nil)
	for i, k := range r.C.talks {
		if err := late.Follow(ctx, k.id); err != nil {
			r.Check("a fresh reader reads "+k.id.String(), false, "%v", err)
			return
		}
		if i%10 == 1 {
			m := r.C.join(fmt.Sprintf("visitor %d, late tab", i), k.visitor.token, r.Rnd.IntN(len(r.W.Nodes)), client.JSON, nil)
			if err := m.Follow(ctx, k.id); err != nil {
				r.Check("a late tab reads "+k.id.String(), false, "%v", err)
			}
		}
	}
}

// judge holds the journals against the database.
func (r *Run) judge() {
	res := r.result
	var db []journal.Conversation
	var err error
	if r.W.Postgres != nil {
		var all []*conversation
		if all, err = r.W.readDatabase(r.ctx); err == nil {
			db = stored(slices.DeleteFunc(slices.Clone(all), func(c *conversation) bool { return r.extra[c.id] }))
			var counted []error
			for _, c := range all {
				counted = append(counted, c.recount())
			}
			err := errors.Join(append(counted, r.W.recountUnread(r.ctx, all))...)
			r.Check("counters and states equal a recount", err == nil, "%.300s", orDone(err))
		}
	} else {
		db, err = r.W.readAPI(r.ctx, r.ids())
	}
	r.Must(err)
	v := journal.Check(r.C.rec.Entries(), db)
	res.details, res.Kinds = v.String(), kinds(v)
	res.Acked, res.Lost, res.Doubled, res.Missing, res.Retries = v.Acked, v.Count(journal.Lost), v.Count(journal.Doubled), v.Count(journal.Missing), v.Retries
	res.TakenBack, res.Problems, res.Rate = v.TakenBack, len(v.Problems), float64(v.Acked)/res.Seconds
	if r.row.Reset {
		res.Problems -= r.excuse(v)
	}
	for _, m := range r.C.all {
		select {
		case <-m.left:
			r.Check(m.name+" stays", false, "%v", m.err)
		default:
		}
	}
}

// kinds counts the problems by kind.
func kinds(v *journal.Verdict) string {
	n := map[journal.Kind]int{}
	for _, p := range v.Problems {
		n[p.Kind]++
	}
	var all []string
	for _, k := range slices.Sorted(maps.Keys(n)) {
		all = append(all, fmt.Sprintf("%d %s", n[k], k))
	}
	return strings.Join(all, ", ")
}

// excuse counts the problems that a row which loses history may have: acknowledged messages of senders who have left, and what
// those saw before the loss.
func (r *Run) excuse(v *journal.Verdict) (n int) {
	for _, p := range v.Problems {
		switch p.Kind {
		case journal.Lost, journal.AckMismatch, journal.Phantom, journal.Mismatch, journal.Chain, journal.Order:
			if r.gone[p.Reader] {
				n++
			}
		}
	}
	return n
}

// times reads the clock of every fault.
func (r *Run) times() {
	tl := newTimeline(r.C.rec.Entries())
	end := r.C.rec.Now()
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	res := r.result
	for _, f := range r.faults {
		res.Again = max(res.Again, ms(tl.after(f.healed)))
		res.Gap = max(res.Gap, ms(tl.gap(f.from, f.healed)))
		res.Projected = max(res.Projected, ms(r.projected(tl, f.healed)))
	}
	res.Wait = ms(tl.waits(0, end, 1)[0])
	without, _ := r.C.without()
	res.Without = ms(without)
}

// projected returns how long it took from a time until everything that was acknowledged by then was in the database.
func (r *Run) projected(tl *timeline, at int64) time.Duration {
	want := tl.before(at)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.samples {
		if s.at >= at && s.n >= want {
			return micros(s.at - at)
		}
	}
	return -time.Millisecond
}

func (r *Run) ids() (ids []uuid.UUID) {
	for _, k := range r.C.talks {
		ids = append(ids, k.id)
	}
	return ids
}
