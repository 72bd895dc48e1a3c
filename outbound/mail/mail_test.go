package mail

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/testkit/smtpsink"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// queue is a queue in memory: what storage keeps is tested there.
type queue struct {
	mu    sync.Mutex
	mails map[chat.MailID]chat.Mail
	asked []chat.MailRequest
	news  chan struct{}
}

func newQueue(mails ...chat.Mail) *queue {
	q := &queue{mails: map[chat.MailID]chat.Mail{}, news: make(chan struct{}, 100)}
	for _, m := range mails {
		q.mails[m.ID] = m
	}
	return q
}

func (q *queue) ClaimMails(_ context.Context, now, _ time.Time, most int) (out []chat.Mail, _ error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for id, m := range q.mails {
		if m.State == chat.MailQueued && !m.DueAt.After(now) && len(out) < most {
			m.Attempt++
			q.mails[id] = m
			out = append(out, m)
		}
	}
	return out, nil
}

func (q *queue) FinishMail(_ context.Context, m chat.Mail) error {
	q.mu.Lock()
	q.mails[m.ID] = m
	q.mu.Unlock()
	q.news <- struct{}{}
	return nil
}

func (q *queue) ClaimMailRequests(context.Context, time.Time, time.Time, int) ([]chat.MailRequest, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.asked, nil
}

func (q *queue) FinishMailRequest(_ context.Context, id chat.MailRequestID, _ []chat.MailLink, mails []chat.Mail) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.asked = slices.DeleteFunc(q.asked, func(r chat.MailRequest) bool { return r.ID == id })
	for _, m := range mails {
		q.mails[m.ID] = m
	}
	return nil
}

func (q *queue) ForgetMails(context.Context, time.Time, int) (int, error) { return 0, nil }

func (q *queue) get(id chat.MailID) chat.Mail {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.mails[id]
}

// until waits until a mail is as it should be.
func (q *queue) until(t *testing.T, id chat.MailID, is func(chat.Mail) bool) chat.Mail {
	t.Helper()
	late := time.After(time.Minute)
	for {
		if m := q.get(id); is(m) {
			return m
		}
		select {
		case <-q.news:
		case <-late:
			t.Fatalf("in a minute it came to %+v", q.get(id))
		}
	}
}

func sent(m chat.Mail) bool   { return m.State == chat.MailSent }
func failed(m chat.Mail) bool { return m.State == chat.MailFailed }

func letter(kind chat.MailKind, to string) chat.Mail {
	now := time.Now().UTC()
	return chat.Mail{ID: chat.NewID[chat.Mail](), Tenant: chat.NewID[chat.Tenant](), Kind: kind, To: to, Locale: "en", CreatedAt: now, DueAt: now}
}

// run runs a Sender until the test ends.
func run(t *testing.T, sink *smtpsink.Sink, q chat.MailQueue, data chat.MailData, change ...func(*Options)) {
	t.Helper()
	o := Options{
		Queue: q, Data: func(context.Context, *chat.Mail) (chat.MailData, error) { return data, nil }, Poll: 10 * time.Millisecond, First: time.Millisecond,
		Server: Server{Host: sink.Host, Port: sink.Port, TLS: StartTLS, From: "Support <support@uniqchat.test>", Roots: sink.Roots, Timeout: 20 * time.Second},
		Logger: slog.New(slog.DiscardHandler),
	}
	for _, c := range change {
		c(&o)
	}
	s, err := New(o)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-ended)
	})
}

var shop = chat.MailData{
	Tenant: "花店 & Co", Name: "李 <b>雷</b>", URL: "https://chat.example/auth/link#invite=uqm_x", Expires: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
	ReplyTo: "visitor@example.com", Text: "Where is it?\n\n<script>alert(1)</script>", Lines: []string{"one", "<i>two</i>"},
}

// Every kind of mail, in every language: a subject, a text, and the same as HTML in which nothing of the data is markup.
func TestCompose(t *testing.T) {
	for _, lang := range []string{"en", "zh", "fr"} {
		for _, kind := range []chat.MailKind{chat.MailInvite, chat.MailReset, chat.MailOffline, chat.MailTranscript} {
			got, err := compose(kind, lang, &shop)
			require.NoError(t, err)
			require.Contains(t, got.subject, "花店 & Co", "%s %s", lang, kind)
			require.NotContains(t, got.plain, "<no value>")
			require.Contains(t, got.html, "花店 &amp; Co")
			for _, bad := range []string{"<script", "<b>", "<i>"} {
				require.NotContains(t, got.html, bad, "%s %s", lang, kind)
			}
			if kind != chat.MailTranscript {
				require.Contains(t, got.plain, shop.URL)
				require.Contains(t, got.html, `<a href="`+shop.URL+`"`)
			}
		}
	}
	_, err := compose("nothing", "en", &shop)
	require.Error(t, err)
}

func TestSend(t *testing.T) {
	sink := smtpsink.Start(t, smtpsink.Options{User: "me", Password: "secret"})
	m := letter(chat.MailOffline, "team@example.com")
	m.Locale = "zh"
	q := newQueue(m)
	run(t, sink, q, shop, func(o *Options) { o.Server.Username, o.Server.Password = "me", "secret" })
	q.until(t, m.ID, sent)
	got := sink.Messages()
	require.Len(t, got, 1)
	require.True(t, got[0].TLS)
	require.Equal(t, "me", got[0].User)
	require.Equal(t, "support@uniqchat.test", got[0].From)
	require.Equal(t, []string{"team@example.com"}, got[0].To)
	h, text, html := got[0].Read(t)
	require.Equal(t, "<"+m.ID.String()+"@uniqchat.test>", h.Get("Message-ID"))
	require.Equal(t, "auto-generated", h.Get("Auto-Submitted"))
	require.Equal(t, "<visitor@example.com>", h.Get("Reply-To"))
	require.Equal(t, `花店 & Co：李 <b>雷</b> 的留言`, got[0].Subject(t))
	require.Contains(t, text, "在无人值守时留言")
	require.Contains(t, text, "<script>")
	require.Contains(t, html, "&lt;script&gt;")
}

// Nothing that people wrote becomes a header, another recipient, or the end of the mail.
func TestMailHeaderInjection(t *testing.T) {
	evil := []string{
		"x\r\nBcc: victim@example.com", "x\nBcc: victim@example.com", "x\rBcc: victim@example.com", "x\r\n\r\nBcc: victim@example.com\r\n.\r\nMAIL FROM:<a@b>\r\n",
		"x\u2028Bcc: victim@example.com", "x\u0085Bcc: victim@example.com", "=?utf-8?q?x=0D=0ABcc:_victim@example.com?=", "x\x00\r\nBcc: victim@example.com", strings.Repeat("很长 ", 300) + "\r\nBcc: victim@example.com",
	}
	sink := smtpsink.Start(t, smtpsink.Options{})
	q := newQueue()
	data := map[chat.MailID]chat.MailData{}
	for _, e := range evil {
		for _, kind := range []chat.MailKind{chat.MailInvite, chat.MailReset, chat.MailOffline, chat.MailTranscript} {
			m := letter(kind, "team@example.com")
			q.mails[m.ID] = m
			d := shop
			d.Tenant, d.Name, d.Text, d.Lines = e, e, e, []string{e}
			data[m.ID] = d
		}
	}
	total := len(q.mails)
	run(t, sink, q, chat.MailData{}, func(o *Options) {
		o.Data = func(_ context.Context, m *chat.Mail) (chat.MailData, error) { return data[m.ID], nil }
	})
	for id := range data {
		q.until(t, id, sent)
	}
	got := sink.Messages()
	require.Len(t, got, total)
	names := []string{
		"Auto-Submitted", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "Reply-To", "Subject", "To", "X-Auto-Response-Suppress",
	}
	for i := range got {
		require.Equal(t, []string{"team@example.com"}, got[i].To)
		h, _, _ := got[i].Read(t)
		for name, values := range h {
			require.Contains(t, names, name, "%s", got[i].Raw)
			require.Len(t, values, 1)
		}
		require.NotContains(t, got[i].Subject(t), "\n")
		require.NotContains(t, got[i].Subject(t), "\r")
		head, _, _ := bytes.Cut(got[i].Raw, []byte("\r\n\r\n"))
		for line := range bytes.SplitSeq(head, []byte("\r\n")) {
			require.LessOrEqual(t, len(line), 998)
			require.NotContains(t, string(line), "\r")
			require.False(t, bytes.HasPrefix(bytes.ToLower(line), []byte("bcc")))
		}
	}
	// Addresses that are none go nowhere, whoever let them in.
	for _, to := range []string{
		"a@example.com\r\nBcc: victim@example.com", "a@example.com, victim@example.com", "<a@example.com>", "a@example.com>\r\nRCPT TO:<victim@example.com",
		`"a b"@example.com`, "a@b@example.com", "a@example.com ORCPT=x", "a@[127.0.0.1]", "a@localhost", "用户@example.com", "a@例子.com", "", "@", "a@example.com\x00",
		strings.Repeat("a", 65) + "@example.com", "a..b@example.com", ".a@example.com",
	} {
		m := letter(chat.MailInvite, to)
		q2 := newQueue(m)
		t.Run(fmt.Sprintf("%.20q", to), func(t *testing.T) {
			run(t, sink, q2, shop)
			q2.until(t, m.ID, failed)
		})
	}
	// Nor do replies.
	d := shop
	d.ReplyTo = "a@example.com\r\nBcc: victim@example.com"
	m := letter(chat.MailOffline, "team@example.com")
	q3 := newQueue(m)
	run(t, sink, q3, d)
	q3.until(t, m.ID, failed)
	require.Len(t, sink.Messages(), total)
}

// What the server does not take now is tried again as the same mail; what it never takes is given up.
func TestRetry(t *testing.T) {
	sink := smtpsink.Start(t, smtpsink.Options{Refuse: func(to string, try int) *smtp.SMTPError {
		switch {
		case strings.HasPrefix(to, "later") && try < 4:
			return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "not now"}
		case strings.HasPrefix(to, "never"):
			return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "nobody here\r\nof that name"}
		case strings.HasPrefix(to, "always"):
			return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "not now"}
		}
		return nil
	}})
	later, never, always := letter(chat.MailReset, "later@example.com"), letter(chat.MailReset, "never@example.com"), letter(chat.MailReset, "always@example.com")
	always.CreatedAt = always.CreatedAt.Add(-25 * time.Hour)
	q := newQueue(later, never, always)
	run(t, sink, q, shop)
	got := q.until(t, later.ID, sent)
	require.Equal(t, 4, got.Attempt)
	require.Empty(t, got.Error)
	got = q.until(t, never.ID, failed)
	require.Equal(t, 1, got.Attempt)
	require.Contains(t, got.Error, "550")
	require.NotContains(t, got.Error, "\n")
	got = q.until(t, always.ID, failed)
	require.Contains(t, got.Error, "not now")
	require.False(t, got.DoneAt.IsZero())
	require.Len(t, sink.Messages(), 1)
}

// Without a connection that is protected as the operator wants it, nothing is sent.
func TestProtection(t *testing.T) {
	for name, test := range map[string]struct {
		sink smtpsink.Options
		how  func(*Options)
		sent bool
	}{
		"starttls":                 {smtpsink.Options{}, func(*Options) {}, true},
		"starttls is not offered":  {smtpsink.Options{NoTLS: true}, func(*Options) {}, false},
		"an unknown certificate":   {smtpsink.Options{}, func(o *Options) { o.Server.Roots = nil }, false},
		"implicit":                 {smtpsink.Options{Implicit: true, NoTLS: true}, func(o *Options) { o.Server.TLS = Implicit }, true},
		"none":                     {smtpsink.Options{NoTLS: true}, func(o *Options) { o.Server.TLS = None }, true},
		"a wrong password":         {smtpsink.Options{User: "me", Password: "x"}, func(o *Options) { o.Server.Username, o.Server.Password = "me", "y" }, false},
		"no password where one is": {smtpsink.Options{User: "me", Password: "x"}, func(*Options) {}, false},
	} {
		t.Run(name, func(t *testing.T) {
			sink := smtpsink.Start(t, test.sink)
			m := letter(chat.MailInvite, "who@example.com")
			q := newQueue(m)
			run(t, sink, q, shop, test.how)
			if test.sent {
				q.until(t, m.ID, sent)
				return
			}
			got := q.until(t, m.ID, func(m chat.Mail) bool { return m.Attempt > 1 && m.Error != "" })
			require.Equal(t, chat.MailQueued, got.State, "it is tried again: the operator may mend it")
			require.Empty(t, sink.Messages())
		})
	}
}

func TestGone(t *testing.T) {
	sink := smtpsink.Start(t, smtpsink.Options{})
	m := letter(chat.MailInvite, "who@example.com")
	q := newQueue(m)
	run(t, sink, q, shop, func(o *Options) {
		o.Data = func(context.Context, *chat.Mail) (chat.MailData, error) {
			return chat.MailData{}, chat.Errorf(chat.NotFound, "there is no such agent")
		}
	})
	require.Contains(t, q.until(t, m.ID, failed).Error, "no such agent")
	require.Empty(t, sink.Messages())
}

func TestResets(t *testing.T) {
	sink := smtpsink.Start(t, smtpsink.Options{})
	q := newQueue()
	m := letter(chat.MailReset, "who@example.com")
	q.asked = []chat.MailRequest{{ID: chat.NewID[chat.MailRequest](), Email: "who@example.com"}}
	run(t, sink, q, shop, func(o *Options) {
		o.Resets = func(_ context.Context, r *chat.MailRequest) ([]chat.MailLink, []chat.Mail, error) {
			require.Equal(t, "who@example.com", r.Email)
			return nil, []chat.Mail{m}, nil
		}
	})
	sink.Wait(t, 1)
	q.until(t, m.ID, sent)
}

func TestParseFrom(t *testing.T) {
	for _, s := range []string{"support@example.com", "Support <support@example.com>", "客服 <support@example.com>"} {
		_, err := ParseFrom(s)
		require.NoError(t, err, s)
	}
	for _, s := range []string{"", "Support", "a@b", "a@example.com, b@example.com", "X\r\nBcc: y <a@example.com>"} {
		_, err := ParseFrom(s)
		require.Error(t, err, s)
	}
}

func TestBackoff(t *testing.T) {
	s := &Sender{o: Options{First: 20 * time.Second, Last: time.Hour}}
	for attempt, want := range map[int]time.Duration{1: 20 * time.Second, 2: 40 * time.Second, 5: 320 * time.Second, 50: time.Hour} {
		for range 20 {
			got := s.backoff(attempt)
			require.GreaterOrEqual(t, got, want*3/4)
			require.LessOrEqual(t, got, want*5/4+1)
		}
	}
}
