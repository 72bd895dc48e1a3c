package webhook

import (
	"cmp"
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/uniqchat/uniqchat/chat"
)

// Options is what a Sender is made of.
type Options struct {
	Queue chat.WebhookQueue
	// Data makes what is sent, in the API's shapes.
	Data Data
	// AllowNetworks may be dialled though they are not public.
	AllowNetworks []netip.Prefix
	// Timeout bounds one attempt. Defaults to 10s.
	Timeout time.Duration
	// Retention is how long deliveries and their log are kept. Defaults to 7 days.
	Retention time.Duration
	// Poll is how soon what others wrote, and what is due again, is looked for while anything is pending, and Idle while nothing
	// is. Default to 250ms and 1s.
	Poll, Idle time.Duration
	// Most is how many attempts are made at once, and PerWebhook for one endpoint. Default to 256 and 8.
	Most, PerWebhook int
	// Breaker defaults to five failures in a row, 10s to 15m.
	Breaker  chat.Breaker
	schedule schedule
	// Resolver resolves names. Defaults to the system's.
	Resolver *net.Resolver
	// Version is the program's, for User-Agent.
	Version string
	// Logger defaults to slog.Default().
	Logger *slog.Logger
	// Metrics defaults to a set of its own.
	Metrics *metrics.Set
}

// Sender works off deliveries. Any number of them share a queue.
type Sender struct {
	queue      chat.WebhookQueue
	data       Data
	client     *http.Client
	timeout    time.Duration
	retention  time.Duration
	poll, idle time.Duration
	most       int
	perWebhook int
	breaker    chat.Breaker
	schedule   schedule
	userAgent  string
	logger     *slog.Logger
	stats      *stats

	again    chan struct{} // holds a token when a place was freed that something waits for
	outcomes chan chat.Outcome
	attempts sync.WaitGroup
	inFlight atomic.Int64

	mu   sync.Mutex
	busy map[chat.WebhookID]int
	more bool // the last claim left something behind for want of places
}

// How the end is spread out, and what else takes its time.
const (
	// stopGrace is how long attempts may go on once the Sender is to end, finishGrace how long their results may take.
	stopGrace   = 3 * time.Second
	finishGrace = 3 * time.Second
	// leaseSlack is how much longer than its attempt may take a delivery is claimed.
	leaseSlack = 10 * time.Second
	// maxBatch is how many results are written at once.
	maxBatch = 256
	// forgetEvery is how often what is old is removed, forgetAtOnce how much of it at once.
	forgetEvery  = 10 * time.Minute
	forgetAtOnce = 1000
	maxBackoff   = 5 * time.Second
)

// New returns a Sender. Nothing happens before its Run.
func New(o Options) *Sender {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Metrics == nil {
		o.Metrics = metrics.NewSet()
	}
	if o.Breaker.Failures <= 0 {
		o.Breaker = defaultBreaker
	}
	s := &Sender{
		queue: o.Queue, data: o.Data, logger: o.Logger, breaker: o.Breaker, schedule: cmp.Or(o.schedule, defaultSchedule), userAgent: "uniqchat-webhook/" + cmp.Or(o.Version, "dev"),
		timeout: cmp.Or(o.Timeout, 10*time.Second), retention: cmp.Or(o.Retention, 7*24*time.Hour),
		poll: cmp.Or(o.Poll, 250*time.Millisecond), idle: cmp.Or(o.Idle, time.Second), most: cmp.Or(o.Most, 256), perWebhook: cmp.Or(o.PerWebhook, 8),
		again: make(chan struct{}, 1), outcomes: make(chan chat.Outcome, maxBatch), busy: make(map[chat.WebhookID]int),
	}
	s.perWebhook = min(s.perWebhook, max(s.most/4, 1))
	s.client = &http.Client{
		Transport:     newTransport(NewGuard(o.AllowNetworks...), o.Resolver, s.timeout, s.most, s.perWebhook),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	s.stats = newStats(o.Metrics, func() float64 { return float64(s.inFlight.Load()) })
	return s
}

// Run sends until ctx ends. What is under way then may end by itself for a moment; the rest is left to others.
func (s *Sender) Run(ctx context.Context) error {
	work, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	var rest sync.WaitGroup
	rest.Go(func() { s.forget(ctx) })
	var finisher sync.WaitGroup
	finisher.Go(func() { s.finish(ctx) })
	s.work(ctx, work)
	patience := time.AfterFunc(stopGrace, giveUp)
	s.attempts.Wait()
	patience.Stop()
	close(s.outcomes)
	finisher.Wait()
	rest.Wait()
	s.client.CloseIdleConnections()
	return nil
}

// work claims what is due, whenever something may be, until ctx ends.
func (s *Sender) work(ctx, work context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	backoff := s.poll
	var trouble bool
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-s.queue.WebhooksDue():
		case <-s.again:
		}
		pending, err := s.claim(ctx, work)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			if !trouble {
				s.logger.Error("webhooks are held up; it is tried again", "err", err)
			}
			trouble = true
			timer.Reset(jitter(backoff))
			backoff = min(2*backoff, maxBackoff)
			continue
		case trouble:
			s.logger.Info("webhooks go on")
			trouble = false
		}
		backoff = s.poll
		if pending {
			timer.Reset(s.poll)
		} else {
			timer.Reset(s.idle)
		}
	}
}

// claim takes what is due and there is room for, and begins to send it.
func (s *Sender) claim(ctx, work context.Context) (pending bool, err error) {
	now := time.Now()
	c := chat.Claim{Now: now, Until: now.Add(s.timeout + leaseSlack), PerWebhook: s.perWebhook, Most: s.most, Breaker: s.breaker}
	s.mu.Lock()
	c.Busy = make(map[chat.WebhookID]int, len(s.busy))
	for id, n := range s.busy {
		c.Most -= n
		if c.Busy[id] = n; n > s.perWebhook/2 { // several at a time cost less
			c.Busy[id] = s.perWebhook
		}
	}
	s.more = c.Most <= s.most/4
	s.mu.Unlock()
	if c.Most <= 0 {
		return true, nil
	}
	claimed, pending, err := s.queue.ClaimDeliveries(ctx, c)
	if err != nil {
		return false, err
	}
	s.stats.claimed(now, claimed)
	s.mu.Lock()
	s.more = s.more || len(claimed) >= c.Most
	for i := range claimed {
		w := &claimed[i].Endpoint
		s.busy[w.ID]++
		s.more = s.more || s.busy[w.ID] >= s.perWebhook || w.Failures > 0
	}
	for _, n := range s.busy {
		s.more = s.more || n > s.perWebhook/2 // it was not asked for
	}
	s.mu.Unlock()
	s.inFlight.Add(int64(len(claimed)))
	for i := range claimed {
		s.attempts.Go(func() { s.outcomes <- s.attempt(work, &claimed[i]) })
	}
	return pending, nil
}

// finish writes down what attempts came to, as many at once as there are, until all have ended.
func (s *Sender) finish(ctx context.Context) {
	var batch []chat.Outcome
	for o := range s.outcomes {
		batch = append(batch[:0], o)
	gather:
		for len(batch) < maxBatch {
			select {
			case o, ok := <-s.outcomes:
				if !ok {
					break gather
				}
				batch = append(batch, o)
			default:
				break gather
			}
		}
		s.record(ctx, batch)
		s.freed(batch)
	}
}

// record keeps trying while deliveries are still claimed; then they are anybody's, and will be made once more.
func (s *Sender) record(ctx context.Context, batch []chat.Outcome) {
	for i := range batch {
		o := &batch[i]
		s.stats.finished(o)
		if o.Result == chat.ResultGone {
			s.logger.Warn("a webhook answered 410 and is disabled", "tenant", o.Claimed.Event.Tenant, "webhook", o.Claimed.Webhook)
		}
	}
	lasting, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseSlack)
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(stopGrace+finishGrace, cancel) })()
	for backoff := s.poll; ; backoff = min(2*backoff, maxBackoff) {
		err := s.queue.FinishDeliveries(lasting, s.breaker, batch)
		if err == nil {
			return
		}
		select {
		case <-time.After(jitter(backoff)):
		case <-lasting.Done():
			s.logger.Error("results of webhooks' deliveries were not kept; they will be made again", "deliveries", len(batch), "err", err)
			return
		}
	}
}

// freed gives places back.
func (s *Sender) freed(batch []chat.Outcome) {
	s.inFlight.Add(-int64(len(batch)))
	s.mu.Lock()
	for i := range batch {
		id := batch[i].Claimed.Endpoint.ID
		if s.busy[id]--; s.busy[id] <= 0 {
			delete(s.busy, id)
		}
	}
	more := s.more
	s.mu.Unlock()
	if more {
		select {
		case s.again <- struct{}{}:
		default:
		}
	}
}

// forget removes what is older than the retention, now and then.
func (s *Sender) forget(ctx context.Context) {
	timer := time.NewTimer(jitter(forgetEvery))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		n, err := s.queue.ForgetDeliveries(ctx, time.Now().Add(-s.retention), forgetAtOnce)
		s.stats.dropped.Add(n)
		if err != nil && ctx.Err() == nil {
			s.logger.Warn("old deliveries of webhooks were not removed", "err", err)
		}
		if err == nil && n >= forgetAtOnce {
			timer.Reset(time.Second)
			continue
		}
		timer.Reset(jitter(forgetEvery))
	}
}
