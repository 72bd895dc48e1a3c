package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/uniqchat/uniqchat/testkit/client"
	"github.com/uniqchat/uniqchat/testkit/journal"
)

// Row is one line of the table: a fault and what must hold.
type Row struct {
	Name  string // of letters and hyphens: CHAOS_ROWS selects by it
	Fault string
	Holds string
	Setup Setup
	// People is the population; zero: everyday.
	People Population
	// Break does the fault while the crowd talks, and heals it. It returns when everything is up again.
	Break func(r *Run)
	// NotRun says why there is no Break.
	NotRun string
	// Reset says that Redis loses a part of the history, so that some acknowledgements may be taken back, and messages of
	// senders who have left be lost. Every loss must be counted in a metric and logged.
	Reset bool
}

// Verdict of a row.
const (
	Held   = "held"
	Broken = "BROKEN"
	NotRun = "not run"
)

// Check is one thing that must hold beside the journals' verdict.
type Check struct {
	What string `json:"what"`
	OK   bool   `json:"ok"`
	Got  string `json:"got"`
}

// Result is what came out.
type Result struct {
	Row       string   `json:"row"`
	Fault     string   `json:"fault"`
	Holds     string   `json:"must_hold"`
	Verdict   string   `json:"verdict"`
	Why       string   `json:"why,omitempty"` // of not run, or of broken by something else than a check
	Seed      uint64   `json:"seed"`
	Acked     int      `json:"acknowledged"`
	Lost      int      `json:"lost"`
	Doubled   int      `json:"doubled"`
	Missing   int      `json:"undelivered"`
	Problems  int      `json:"problems"`
	Retries   int      `json:"retries"`
	TakenBack int      `json:"taken_back"`
	Again     float64  `json:"acks_again_ms"` // from the last heal to the first acknowledgement; the longest of all heals
	Gap       float64  `json:"longest_gap_ms"`
	Wait      float64  `json:"longest_wait_ms"`
	Projected float64  `json:"projected_ms"` // from heal until everything acknowledged by then was in the database; the longest
	Without   float64  `json:"longest_disconnect_ms"`
	Seconds   float64  `json:"seconds"`
	Checks    []Check  `json:"checks"`
	Notes     []string `json:"notes,omitempty"`

	details string
}

// Run is a row at work. Its methods are for Break.
type Run struct {
	testing.TB
	W   *World
	C   *Crowd
	Rnd *rand.Rand

	ctx      context.Context
	row      *Row
	result   *Result
	messages int
	from     time.Time
	faults   []window
	gone     map[string]bool // readers who have left for good

	mu      sync.Mutex
	samples []sample
}

// window is one fault.
type window struct{ from, healed int64 }

// Check notes something that must hold.
func (r *Run) Check(what string, ok bool, format string, args ...any) {
	r.Helper()
	c := Check{what, ok, fmt.Sprintf(format, args...)}
	r.result.Checks = append(r.result.Checks, c)
	r.Logf("%s: %s (%t)", what, c.Got, ok)
}

// Note puts a remark under the table.
func (r *Run) Note(format string, args ...any) {
	r.Logf(format, args...)
	r.result.Notes = append(r.result.Notes, fmt.Sprintf(format, args...))
}

// Must ends the row if something of the harness fails.
func (r *Run) Must(err error) {
	r.Helper()
	if err != nil {
		r.result.Why = err.Error()
		r.Fatal(err)
	}
}

// Fault notes that something is broken from now on, Healed that it is not any more.
func (r *Run) Fault(format string, args ...any) {
	r.faults = append(r.faults, window{from: r.C.rec.Now()})
	r.Logf("%6.2f s, %d acknowledged: %s", time.Since(r.from).Seconds(), r.C.acks.Load(), fmt.Sprintf(format, args...))
}

// Healed ends what Fault began.
func (r *Run) Healed() {
	r.faults[len(r.faults)-1].healed = r.C.rec.Now()
	r.Logf("%6.2f s, %d acknowledged: healed", time.Since(r.from).Seconds(), r.C.acks.Load())
}

// Say waits until so many more messages were acknowledged.
func (r *Run) Say(more int) {
	r.Helper()
	r.reach(r.C.acks.Load()+int64(more), 2*time.Minute)
}

// reach waits until a number of messages was acknowledged.
func (r *Run) reach(want int64, within time.Duration) {
	r.Helper()
	r.Until(within, fmt.Sprintf("%d messages acknowledged", want), func() bool { return r.C.acks.Load() >= want })
}

// Until waits until cond holds; the row is broken if it does not within a time.
func (r *Run) Until(within time.Duration, what string, cond func() bool) {
	r.Helper()
	if !r.Wait(within, cond) {
		r.Must(fmt.Errorf("not within %s: %s (%d acknowledged)", within, what, r.C.acks.Load()))
	}
}

// Wait waits until cond holds or the time is over.
func (r *Run) Wait(within time.Duration, cond func() bool) bool {
	end := time.NewTimer(within)
	defer end.Stop()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for !cond() {
		select {
		case <-poll.C:
		case <-end.C:
			return cond()
		case <-r.ctx.Done():
			return false
		}
	}
	return true
}

// Last lets time pass while everybody talks.
func (r *Run) Last(d time.Duration) { r.Wait(d, func() bool { return false }) }

// Moment lets a random part of a time pass: so the next thing happens somewhere in the middle of others.
func (r *Run) Moment(d time.Duration) { r.Last(time.Duration(r.Rnd.Int64N(int64(d)))) }

// newResult is the result of a row that does not come to its end.
func (row *Row) newResult(seed uint64) *Result {
	return &Result{Row: row.Name, Fault: row.Fault, Holds: row.Holds, Verdict: Broken, Why: "the row did not come to its end", Seed: seed}
}

// run does a row and fills the result.
func (row *Row) run(t *testing.T, seed uint64, messages int, res *Result) {
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
	if row.People == (Population{}) {
		row.People = everyday
	}
	r := &Run{
		TB: t, Rnd: rand.New(rand.NewPCG(seed, hash(row.Name))), ctx: ctx, row: row, result: res, messages: messages, gone: map[string]bool{},
	}
	r.W = Start(t, ctx, row.Setup, row.People.Talks, row.People.Agents+row.People.Watchers)
	r.C = newCrowd(t, ctx, r.W, row.People)
	var work sync.WaitGroup
	sampling, stop := context.WithCancel(ctx)
	defer work.Wait()
	defer stop()
	if r.W.Postgres != nil {
		work.Go(func() {
			r.W.sampler(sampling, r.C.rec.Now, func(s sample) {
				r.mu.Lock()
				defer r.mu.Unlock()
				r.samples = append(r.samples, s)
			})
		})
	}
	r.from = time.Now()
	r.C.talkAll(r.Rnd)
	defer r.C.quiet()
	r.Say(max(messages/10, 100))
	row.Break(r)
	r.Say(max(messages/10, 100)) // it goes on afterwards
	r.reach(int64(messages)+int64(messages)/20, 5*time.Minute)
	r.C.quiet()
	r.finish()
}

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
			db = stored(all)
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
	res.details = v.String()
	res.Acked, res.Lost, res.Doubled, res.Missing, res.Retries = v.Acked, v.Count(journal.Lost), v.Count(journal.Doubled), v.Count(journal.Missing), v.Retries
	res.TakenBack, res.Problems = v.TakenBack, len(v.Problems)
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
	return 0
}

func (r *Run) ids() (ids []uuid.UUID) {
	for _, k := range r.C.talks {
		ids = append(ids, k.id)
	}
	return ids
}

// Leave lets some visitors close their browsers for good, without waiting for anything.
func (r *Run) Leave(n int) {
	for _, i := range r.Rnd.Perm(len(r.C.talks))[:n] {
		k := r.C.talks[i]
		r.gone[k.visitor.name] = true
		r.C.goAway(k.visitor, k.id)
	}
}

// hash is FNV-1a.
func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for _, b := range []byte(s) {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return h
}
