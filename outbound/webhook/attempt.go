package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// How much is read of an answer: what is kept, and a little more so that the connection can be used again.
const (
	maxAnswerRead   = 16 << 10
	maxAnswerHeader = 32 << 10
	maxRetryAfter   = time.Hour
)

// newTransport returns how requests are made: straight to the address, which the guard sees, never by way of a proxy.
func newTransport(g *Guard, resolver *net.Resolver, timeout time.Duration, most, perWebhook int) *http.Transport {
	dialer := &net.Dialer{Timeout: min(timeout, 5*time.Second), KeepAlive: 30 * time.Second, Resolver: resolver, Control: g.Control}
	return &http.Transport{
		DialContext: dialer.DialContext, TLSHandshakeTimeout: min(timeout, 5*time.Second), ForceAttemptHTTP2: true,
		MaxIdleConns: most, MaxIdleConnsPerHost: perWebhook, IdleConnTimeout: 30 * time.Second, MaxResponseHeaderBytes: maxAnswerHeader,
		DisableCompression: true, // what is unpacked has no bound
	}
}

// attempt makes one attempt and says what it came to. work ends when the node can't wait any longer.
func (s *Sender) attempt(work context.Context, c *chat.Claimed) chat.Outcome {
	o := chat.Outcome{Claimed: c, Log: chat.DeliveryAttempt{Attempt: c.Attempt, At: time.Now(), URL: c.Endpoint.URL}}
	body, err := s.body(work, c)
	if err == nil {
		err = s.post(work, c, body, &o)
	} else if work.Err() == nil && chat.CodeOf(err) != chat.NotFound {
		err = errNotMade{err}
	}
	o.Log.Took = time.Since(o.Log.At)
	s.conclude(work, &o, err)
	return o
}

// errNotMade says that an attempt was not made, for a reason of our own.
type errNotMade struct{ error }

func (e errNotMade) Unwrap() error { return e.error }

// statusError is an answer that is no success.
type statusError struct {
	status int
	after  time.Duration
}

func (e *statusError) Error() string {
	if e.status/100 == 3 {
		return fmt.Sprintf("answered %d; redirects are not followed", e.status)
	}
	return fmt.Sprintf("answered %d", e.status)
}

// body is what is sent. Data that could be another later is settled before it is sent the first time.
func (s *Sender) body(ctx context.Context, c *chat.Claimed) ([]byte, error) {
	e := &c.Event
	if e.Data == nil {
		data, err := s.data(ctx, e)
		if err != nil {
			return nil, err
		}
		if !e.Settled() {
			if data, err = s.queue.KeepEventData(ctx, e.Tenant, e.Sequence, data); err != nil {
				return nil, err
			}
		}
		e.Data = data
	}
	return e.Envelope(c.Attempt, e.Data)
}

// post sends a body. nil: it was taken.
func (s *Sender) post(work context.Context, c *chat.Claimed, body []byte, o *chat.Outcome) error {
	ctx, cancel := context.WithTimeout(work, s.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Endpoint.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	id, at := c.Event.ID.String(), strconv.FormatInt(o.Log.At.Unix(), 10)
	signature, err := Sign(c.Endpoint.Secrets, id, at, body)
	if err != nil {
		return err
	}
	h := req.Header
	h.Set("Content-Type", "application/json")
	h.Set("User-Agent", s.userAgent)
	h.Set("Webhook-Id", id)
	h.Set("Webhook-Timestamp", at)
	h.Set("Webhook-Signature", signature)
	res, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, _ := io.ReadAll(io.LimitReader(res.Body, maxAnswerRead)) // the status has decided
	o.Log.Status, o.Log.Answer = res.StatusCode, legible(answer)
	if res.StatusCode/100 == 2 {
		return nil
	}
	return &statusError{res.StatusCode, retryAfter(res.Header.Get("Retry-After"))}
}

// legible is the beginning of an answer, as text that can be kept.
func legible(answer []byte) string {
	text := strings.ReplaceAll(strings.ToValidUTF8(string(answer[:min(len(answer), 2*chat.MaxAnswer)]), "\uFFFD"), "\x00", "\uFFFD")
	for i := range text {
		if i > chat.MaxAnswer-4 {
			return text[:i]
		}
	}
	return text
}

// retryAfter reads a number of seconds (RFC 9110, 10.2.3); dates count for nothing.
func retryAfter(v string) time.Duration {
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 {
		return 0
	}
	return min(time.Duration(n)*time.Second, maxRetryAfter)
}

// conclude says what an attempt means for the delivery and its endpoint.
func (s *Sender) conclude(work context.Context, o *chat.Outcome, err error) {
	var status *statusError
	var notMade errNotMade
	now := o.Log.At.Add(o.Log.Took)
	retry := func(hint time.Duration) {
		due, ok := s.schedule.next(o.Claimed.Tries, o.Claimed.Since, now, hint)
		if o.Due = due; !ok {
			o.State = chat.DeliveryFailed
		}
	}
	if err != nil {
		o.Log.Error = describe(err)
	}
	switch {
	case err == nil:
		o.State, o.Result, o.Due = chat.DeliveryDone, chat.ResultTaken, now
	case work.Err() != nil:
		o.Log.Error = "interrupted: the server ended"
		o.Due = now
	case errors.As(err, &notMade):
		s.logger.Warn("a webhook's delivery could not be made", "tenant", o.Claimed.Event.Tenant, "delivery", o.Claimed.ID, "err", notMade.error)
		retry(0)
	case chat.CodeOf(err) == chat.NotFound:
		o.State, o.Log.Error = chat.DeliveryFailed, "what it was about is gone"
	case errors.As(err, &status) && status.status == http.StatusGone:
		o.State, o.Result, o.Due = chat.DeliveryFailed, chat.ResultGone, now
	case errors.As(err, &status):
		o.Result = chat.ResultFailed
		retry(status.after)
	default:
		if errors.Is(err, errRefused) {
			s.stats.refused.Inc()
		}
		o.Result = chat.ResultFailed
		retry(0)
	}
}

// describe is an error as the log of deliveries shows it, without what the tenant knows already.
func describe(err error) string {
	var dns *net.DNSError
	var network net.Error
	switch {
	case errors.Is(err, errRefused):
		return errRefused.Error()
	case errors.As(err, &dns):
		return "the name can't be resolved"
	case errors.As(err, &network) && network.Timeout():
		return "no answer in time"
	}
	text := err.Error()
	if _, rest, ok := strings.Cut(text, `": `); ok { // behind the method and the URL
		text = rest
	}
	return legible([]byte(text))
}

// Data makes what is sent for an event.
type Data func(ctx context.Context, e *chat.WebhookEvent) (json.RawMessage, error)
