package worker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/uniqchat/uniqchat/chat"
)

// Store is what a Worker reads and writes besides conversations. chat.Store is one.
type Store interface {
	chat.BotQueue
	Visitor(ctx context.Context, tenant chat.TenantID, id chat.VisitorID) (chat.Visitor, error)
	NoteUnanswered(ctx context.Context, tenant chat.TenantID, conv chat.ConversationID, question string, at time.Time) error
	AddAITrace(ctx context.Context, t chat.AITrace) error
}

// AI is who knows what to say. *service.Service is one.
type AI interface {
	Answer(ctx context.Context, tenant chat.TenantID, q chat.AIQuestion, piece func(message int, text string) error) (chat.AIAnswer, error)
	// Greeting is what is said before a bot's first answer; may be empty.
	Greeting(ctx context.Context, tenant chat.TenantID, q chat.AIQuestion) (string, error)
	// Chatter reports whether a line is small talk, and so no part of a question that follows it.
	Chatter(line string) bool
	// Language is a question's.
	Language(q chat.AIQuestion) string
	// Apology is what is said where no answer can be made.
	Apology(q chat.AIQuestion) string
	// Unasked is the trace of a question that people get without that Answer was called: a says why, and what its visitor is told.
	Unasked(tenant chat.TenantID, q chat.AIQuestion, a chat.AIAnswer) chat.AITrace
}

// Options says what a Worker works with.
type Options struct {
	Store Store
	Desk  *chat.Desk
	AI    AI
	// Workers is how many questions are answered at once, and PerTenant how many of one tenant; but never more than half of the places that are
	// left, so that whoever comes next finds some however many tenants have slow engines (dynamic thresholds, Choudhury and Hahne 1998). Default to 512,
	// and half of it.
	Workers, PerTenant int
	// Lease is how long a job that is not heard of is still its worker's. It is renewed three times in that time. Defaults to 15s.
	Lease time.Duration
	// Idle is how often there is a look for what other nodes have written, or died over. Defaults to 500ms.
	Idle time.Duration
	// Backoff is how long a job rests that failed; twice as long each time, up to a minute. Defaults to 1s.
	Backoff time.Duration
	// Attempts is after how many of them a person takes over. Defaults to 5.
	Attempts int
	// Asked hears which version of the knowledge a question was asked of, and whether it stayed open. It must not wait. Nil: nobody does.
	Asked func(tenant chat.TenantID, version int64, open bool)
	// Rests reports whether people are to have what is asked, because the node has no time for bots. Nil: never.
	Rests   func() bool
	Logger  *slog.Logger
	Metrics *metrics.Set
}

// Worker answers. Run does it.
type Worker struct {
	o     Options
	stats *stats
	again chan struct{} // holds a token when there is room again that something may wait for
	jobs  sync.WaitGroup

	mu    sync.Mutex
	busy  map[chat.TenantID]int
	n     int
	short bool      // the last claim may have left something for want of room
	retry time.Time // when the first of the jobs is due that this worker has put off; zero if none is
}

// stopGrace is how long answers that are being made may take once the worker is to end.
const stopGrace = 3 * time.Second

// maxBackoff bounds Backoff.
const maxBackoff = time.Minute

// New returns a Worker. Nothing happens before its Run.
func New(o Options) (*Worker, error) {
	if o.Store == nil || o.Desk == nil || o.AI == nil {
		return nil, errors.New("bot worker: store, desk or AI is missing")
	}
	o.Workers = cmp.Or(o.Workers, 512)
	o.PerTenant = cmp.Or(o.PerTenant, max(o.Workers/2, 1))
	o.Lease = cmp.Or(o.Lease, 15*time.Second)
	o.Idle = cmp.Or(o.Idle, 500*time.Millisecond)
	o.Backoff = cmp.Or(o.Backoff, time.Second)
	o.Attempts = cmp.Or(o.Attempts, 5)
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Metrics == nil {
		o.Metrics = metrics.NewSet()
	}
	w := &Worker{o: o, again: make(chan struct{}, 1), busy: make(map[chat.TenantID]int)}
	w.stats = newStats(o.Metrics, w)
	return w, nil
}

// Run answers until ctx ends. What is being said then may be said to its end for a moment; the rest is left to others.
func (w *Worker) Run(ctx context.Context) error {
	work, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	timer := time.NewTimer(0)
	defer timer.Stop()
	failing := false
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
			continue
		case <-timer.C:
		case <-w.o.Store.BotJobsDue():
		case <-w.again:
		}
		err := w.claim(ctx, work)
		if err != nil && !failing && ctx.Err() == nil { // once, however long the database is away
			w.o.Logger.Error("questions to bots are held up; it is tried again", "err", err)
		}
		if err == nil && failing {
			w.o.Logger.Info("bots go on")
		}
		failing = err != nil
		timer.Reset(w.rest())
	}
	patience := time.AfterFunc(stopGrace, giveUp)
	defer patience.Stop()
	w.jobs.Wait()
	return nil
}

// rest is how long until the next look, if nothing calls for one before.
func (w *Worker) rest() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	d := w.o.Idle
	if !w.retry.IsZero() {
		d = min(d, max(time.Until(w.retry), 10*time.Millisecond))
	}
	return time.Duration(float64(d) * (.9 + .2*rand.Float64()))
}

// claim takes what is due and there is room for, and begins to answer it.
func (w *Worker) claim(ctx, work context.Context) error {
	now := time.Now()
	w.mu.Lock()
	c := chat.BotClaim{Now: now, Until: now.Add(w.o.Lease), Most: w.half(), PerTenant: w.perTenant(), Busy: maps.Clone(w.busy)}
	w.short = w.n >= w.o.Workers
	if !w.retry.IsZero() && !w.retry.After(now) {
		w.retry = time.Time{}
	}
	w.mu.Unlock()
	if c.Most <= 0 {
		return nil
	}
	jobs, err := w.o.Store.ClaimBotJobs(ctx, c)
	if err != nil {
		return err
	}
	w.mu.Lock()
	w.n += len(jobs)
	w.short = len(jobs) >= c.Most
	again := w.short && w.n < w.o.Workers
	for i := range jobs {
		w.busy[jobs[i].Tenant]++
	}
	most := w.perTenant()
	for _, n := range w.busy {
		w.short = w.short || n >= most
	}
	w.mu.Unlock()
	if again {
		w.look()
	}
	for _, j := range jobs {
		w.stats.wait.Update(max(0, now.Sub(j.DueAt).Seconds()))
		w.jobs.Go(func() {
			defer w.free(j.Tenant)
			w.work(work, j)
		})
	}
	return nil
}

// half is how many places are taken at once at most: half of those that are left, but one if there is one. w.mu must be held.
func (w *Worker) half() int { return (w.o.Workers - w.n + 1) / 2 }

// perTenant is how many questions of one tenant may be answered at once now. w.mu must be held.
func (w *Worker) perTenant() int { return min(w.o.PerTenant, max(w.half(), 1)) }

// free gives a job's place back.
func (w *Worker) free(tenant chat.TenantID) {
	w.mu.Lock()
	w.n--
	if w.busy[tenant]--; w.busy[tenant] <= 0 {
		delete(w.busy, tenant)
	}
	short := w.short
	w.mu.Unlock()
	if short {
		w.look()
	}
}

// look has the worker look for jobs.
func (w *Worker) look() {
	select {
	case w.again <- struct{}{}:
	default:
	}
}

// result is what became of a job's attempt.
type result string

// The results. Those up to dropped end the job.
const (
	answered  result = "answered"
	clarified result = "clarified"
	handedOff result = "handed_off"
	silent    result = "silent"
	dropped   result = "dropped"   // there is nothing to answer any more
	overtaken result = "overtaken" // by a person, a newer question, or another worker
	failed    result = "failed"    // it is tried again
	stopped   result = "stopped"   // another worker goes on
)

// says reports whether what was shown of an answer has become a message.
func (r result) says() bool { return r == answered || r == clarified || r == handedOff }

// errOvertaken ends an attempt whose job is not this worker's any more.
var errOvertaken = errors.New("the job is another's by now")

// guarded is attempt where a panic costs this attempt only: after some of them a person has the question.
func (w *Worker) guarded(ctx context.Context, j *job) (r result, err error) {
	defer func() {
		if p := recover(); p != nil {
			w.o.Logger.Error("panic while a question was answered", "panic", p, "stack", string(debug.Stack()))
			r, err = failed, fmt.Errorf("panic: %v", p)
		}
	}()
	return w.attempt(ctx, j)
}

// work answers one question, and holds on to its job meanwhile.
func (w *Worker) work(ctx context.Context, j chat.BotJob) {
	busy, lose := context.WithCancelCause(ctx)
	defer lose(nil)
	held := make(chan struct{})
	go func() {
		defer close(held)
		w.hold(busy, j, lose)
	}()
	at := &job{BotJob: j, w: w}
	r, err := w.guarded(busy, at)
	lose(nil)
	<-held
	switch cause := context.Cause(busy); {
	case errors.Is(cause, errOvertaken) && (r == failed || r == stopped):
		r = overtaken
	case ctx.Err() != nil && r == failed:
		r = stopped
	}
	w.stats.results[r].Inc()
	if r == failed {
		w.o.Logger.Warn("a bot's answer failed and is tried again", "tenant", j.Tenant, "conv", j.Conversation, "attempt", j.Attempt, "err", err)
	}
	if r == overtaken && at.over {
		r = dropped // there is nothing left to be done
	}
	w.end(ctx, j, r)
}

// hold renews a job's lease until ctx ends, and ends it through lose once the job is lost.
func (w *Worker) hold(ctx context.Context, j chat.BotJob, lose context.CancelCauseFunc) {
	tick := time.NewTicker(w.o.Lease / 3)
	defer tick.Stop()
	until := time.Now().Add(w.o.Lease)
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		next := time.Now().Add(w.o.Lease)
		call, cancel := context.WithTimeout(ctx, w.o.Lease/3)
		still, err := w.o.Store.KeepBotJob(call, j, next)
		cancel()
		switch {
		case err == nil && still:
			until = next
		case err == nil, time.Now().Add(w.o.Lease / 3).After(until):
			lose(errOvertaken)
			return
		}
	}
}

// endWait is how long the end of a job may take to be written. If it isn't, the job is claimed again, and found answered.
const endWait = 5 * time.Second

// end writes what becomes of the job.
func (w *Worker) end(ctx context.Context, j chat.BotJob, r result) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endWait)
	defer cancel()
	var err error
	switch r {
	case overtaken: // what becomes of it is another's to say. Without another it is due again when its lease ends
	case failed:
		due := time.Now().Add(w.backoff(j.Attempt))
		w.mu.Lock()
		if w.retry.IsZero() || due.Before(w.retry) {
			w.retry = due
		}
		w.mu.Unlock()
		_, err = w.o.Store.RetryBotJob(ctx, j, due)
		w.look()
	case stopped:
		_, err = w.o.Store.RetryBotJob(ctx, j, time.Now())
	default:
		_, err = w.o.Store.FinishBotJob(ctx, j)
	}
	if err != nil {
		w.o.Logger.Warn("the end of a bot's job was not written; it will be claimed again", "tenant", j.Tenant, "conv", j.Conversation, "err", err)
	}
}

// backoff is how long a job rests after an attempt.
func (w *Worker) backoff(attempt int) time.Duration {
	return min(w.o.Backoff<<min(max(attempt-1, 0), 10), maxBackoff)
}
