package mail

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/uniqchat/uniqchat/chat"
)

// Options is what a Sender is made of.
type Options struct {
	Queue chat.MailQueue
	// Data looks up what a mail's text is made of. NotFound and Unauthenticated (a link that has ended) give the mail up.
	Data func(ctx context.Context, m *chat.Mail) (chat.MailData, error)
	// Resets finds out whose an address is, and makes links and mails of it.
	Resets func(ctx context.Context, r *chat.MailRequest) ([]chat.MailLink, []chat.Mail, error)
	Server Server
	// GiveUp is how long after a mail was queued it is not tried any more. Defaults to 24h.
	GiveUp time.Duration
	// Poll is how often what is due is looked for. Defaults to 1s.
	Poll time.Duration
	// First and Last are how long after a first attempt another follows, and how far apart attempts get. Default to 20s and 1h.
	First, Last time.Duration
	// Retention is how long mails that were sent or given up are listed. Defaults to 30 days.
	Retention time.Duration
	// AtOnce is how many mails are sent at a time. Defaults to 4.
	AtOnce int
	// Now is the clock. Defaults to time.Now.
	Now func() time.Time
	// Logger defaults to slog.Default().
	Logger *slog.Logger
	// Metrics defaults to a set of its own.
	Metrics *metrics.Set
}

// Sender works off the queue. Any number of them share it. Safe for concurrent use.
type Sender struct {
	o    Options
	post *post

	sent, failed, again *metrics.Counter
}

const (
	// leaseSlack is how much longer than an attempt may take a mail is claimed.
	leaseSlack = 30 * time.Second
	// stopGrace is how long attempts may go on once the Sender is to end.
	stopGrace = 5 * time.Second
	// maxError is how much of an error is kept.
	maxError    = 300
	forgetEvery = 10 * time.Minute
	forgetMost  = 1000
)

// New returns a Sender. Nothing happens before its Run.
func New(o Options) (*Sender, error) {
	o.GiveUp, o.Poll = cmp.Or(o.GiveUp, 24*time.Hour), cmp.Or(o.Poll, time.Second)
	o.First, o.Last = cmp.Or(o.First, 20*time.Second), cmp.Or(o.Last, time.Hour)
	o.Retention, o.AtOnce = cmp.Or(o.Retention, 30*24*time.Hour), cmp.Or(o.AtOnce, 4)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Metrics == nil {
		o.Metrics = metrics.NewSet()
	}
	p, err := newPost(o.Server)
	if err != nil {
		return nil, err
	}
	return &Sender{
		o: o, post: p, sent: o.Metrics.NewCounter("uniqchat_mail_sent_total"), failed: o.Metrics.NewCounter("uniqchat_mail_failed_total"),
		again: o.Metrics.NewCounter("uniqchat_mail_retries_total"),
	}, nil
}

// Run sends until ctx ends. What is under way then may end by itself for a moment; the rest is left to others.
func (s *Sender) Run(ctx context.Context) error {
	work, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(stopGrace, giveUp) })()
	tick := time.NewTimer(0)
	defer tick.Stop()
	trouble := false
	var forgot time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		more, err := s.pass(ctx, work)
		if now := s.o.Now(); err == nil && now.Sub(forgot) > forgetEvery {
			forgot = now
			_, err = s.o.Queue.ForgetMails(ctx, now.Add(-s.o.Retention), forgetMost)
		}
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && !trouble:
			s.o.Logger.Error("mail is held up; it is tried again", "err", err)
		case err == nil && trouble:
			s.o.Logger.Info("mail goes on")
		}
		trouble = err != nil
		if wait := jitter(s.o.Poll); more && err == nil {
			tick.Reset(0)
		} else {
			tick.Reset(wait)
		}
	}
}

// jitter is about d, so that nodes don't look all at once.
func jitter(d time.Duration) time.Duration { return d - d/4 + rand.N(d/2+1) }

// pass sends what is due, and tells whether there may be more.
func (s *Sender) pass(ctx, work context.Context) (more bool, err error) {
	now := s.o.Now()
	until := now.Add(s.post.timeout + leaseSlack)
	asked, err := s.o.Queue.ClaimMailRequests(ctx, now, until, 16)
	if err != nil {
		return false, err
	}
	failed := make([]error, 0, s.o.AtOnce+len(asked))
	for i := range asked { // one that fails holds up no other
		failed = append(failed, s.answer(ctx, &asked[i]))
	}
	due, err := s.o.Queue.ClaimMails(ctx, now, until, s.o.AtOnce)
	if err != nil {
		return false, err
	}
	var all sync.WaitGroup
	tried := make([]error, len(due))
	for i := range due {
		all.Go(func() { tried[i] = s.deliver(work, due[i]) })
	}
	all.Wait()
	failed = append(failed, tried...)
	return len(due) == s.o.AtOnce || len(asked) == 16, errors.Join(failed...)
}

// answer makes mails of a wish for a new password.
func (s *Sender) answer(ctx context.Context, r *chat.MailRequest) error {
	links, mails, err := s.o.Resets(ctx, r)
	if err != nil {
		return err
	}
	return s.o.Queue.FinishMailRequest(ctx, r.ID, links, mails)
}

// deliver makes one attempt and writes down what it came to.
func (s *Sender) deliver(ctx context.Context, m chat.Mail) error {
	err := s.attempt(ctx, &m)
	now := s.o.Now().UTC().Truncate(time.Microsecond)
	m.Error = ""
	switch {
	case err == nil:
		m.State, m.DoneAt = chat.MailSent, now
		s.sent.Inc()
	case isFinal(err) || now.Sub(m.CreatedAt) >= s.o.GiveUp:
		m.State, m.DoneAt, m.Error = chat.MailFailed, now, describe(err)
		s.failed.Inc()
		s.o.Logger.Warn("a mail was given up", "mail", m.ID, "kind", string(m.Kind), "attempt", m.Attempt, "err", logged(err))
	default:
		m.DueAt, m.Error = now.Add(s.backoff(m.Attempt)), describe(err)
		s.again.Inc()
		if m.Attempt == 1 {
			s.o.Logger.Warn("a mail could not be sent; it is tried again", "mail", m.ID, "kind", string(m.Kind), "err", logged(err))
		}
	}
	keep, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseSlack/2)
	defer cancel()
	return s.o.Queue.FinishMail(keep, m)
}

// backoff is how long to wait after an attempt: about twice as long each time.
func (s *Sender) backoff(attempt int) time.Duration {
	d := s.o.First
	for ; attempt > 1 && d < s.o.Last; attempt-- {
		d *= 2
	}
	return jitter(min(d, s.o.Last))
}

// attempt looks up what the mail is about, writes it and hands it to the server.
func (s *Sender) attempt(ctx context.Context, m *chat.Mail) error {
	ctx, cancel := context.WithTimeout(ctx, s.post.timeout)
	defer cancel()
	data, err := s.o.Data(ctx, m)
	if err != nil {
		return err
	}
	letter, err := s.post.write(m, &data)
	if err != nil {
		return err
	}
	return s.post.send(ctx, letter)
}

// isFinal reports whether another attempt would end the same: what the mail is about is gone, or the server at the other end
// will never take it.
func isFinal(err error) bool {
	switch chat.CodeOf(err) {
	case chat.NotFound, chat.Unauthenticated, chat.Malformed:
		return true
	}
	return isRefused(err)
}

// describe is an error as it is kept and shown: one line, and no more than people read.
func describe(err error) string {
	text := oneLine(err.Error())
	if len(text) <= maxError {
		return text
	}
	for n := maxError; ; n-- {
		if text[n]&0xC0 != 0x80 {
			return text[:n] + "…"
		}
	}
}
