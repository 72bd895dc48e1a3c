package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
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
	Date      string   `json:"date"`
	Revision  string   `json:"revision"`
	Kinds     string   `json:"problem_kinds,omitempty"`
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
	Rate      float64  `json:"acknowledged_per_second"` // over the whole row, faults included
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
	begin    int64 // when people began to write (see warmUp), and when they stopped; as journal.Recorder.Now
	end      int64
	faults   []window
	// afterwards are checks that need the verdict's numbers.
	afterwards []func()
	gone       map[string]bool    // readers who have left for good
	extra      map[uuid.UUID]bool // conversations that nobody keeps a journal of

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
	return &Result{Row: row.Name, Fault: row.Fault, Holds: row.Holds, Verdict: Broken, Why: "the row did not come to its end", Seed: seed, Date: today()}
}

// run does a row and fills the result.
func (row *Row) run(t *testing.T, seed uint64, messages int, res *Result) {
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
	if row.People == (Population{}) {
		row.People = everyday
	}
	r := &Run{
		TB: t, Rnd: rand.New(rand.NewPCG(seed, hash(row.Name))), ctx: ctx, row: row, result: res, messages: messages, gone: map[string]bool{}, extra: map[uuid.UUID]bool{},
	}
	r.W = Start(t, ctx, row.Setup, row.People.Talks, row.People.Agents+row.People.Watchers)
	res.Revision = r.W.revision(ctx)
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
	r.from, r.begin = time.Now(), r.C.rec.Now()
	r.C.talkAll(r.Rnd)
	defer r.C.quiet()
	r.Say(max(messages/10, 100))
	row.Break(r)
	r.Say(max(messages/10, 100)) // it goes on afterwards
	r.reach(int64(messages)+int64(messages)/20, 5*time.Minute)
	r.end = r.C.rec.Now()
	r.C.quiet()
	r.finish()
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
