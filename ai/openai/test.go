package openai

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/uniqchat/uniqchat/ai/knowledge"
	"github.com/uniqchat/uniqchat/ai/model"
	"github.com/uniqchat/uniqchat/chat"
)

// Bounds of a test. It waits longer than visitors do, so that it can be told how slow an engine is.
const (
	testFirst  = 15 * time.Second
	testTotal  = 22 * time.Second
	testTokens = 300 // of the answer: some models think before they speak
)

// Test asks a server one tiny question as visitors' questions are asked, and says what is wrong. What comes later than c allows is told as such.
func Test(ctx context.Context, c Config) (chat.AITest, model.Usage) {
	c.defaults()
	limit, total := c.FirstToken, c.Total
	var refused atomic.Bool
	if control := c.Control; control != nil {
		c.Control = func(network, address string, conn syscall.RawConn) error {
			err := control(network, address, conn)
			if err != nil {
				refused.Store(true)
			}
			return err
		}
	}
	c.FirstToken, c.Silence, c.Total, c.MaxTokens = max(testFirst, limit), max(testFirst, limit), max(testTotal, total), testTokens
	e, err := New(c)
	if err != nil {
		return chat.AITest{Problem: chat.EngineDeclined}, model.Usage{}
	}
	defer e.Close()
	from := time.Now()
	a, res, err := e.answer(ctx, testQuestion(), func(string) error { return nil })
	t := chat.AITest{Total: time.Since(from), Text: res.Text, Structured: err == nil && !res.Plain}
	if !a.first.IsZero() {
		t.FirstToken = a.first.Sub(from)
	}
	switch {
	case err != nil && refused.Load():
		t.Problem = chat.EngineNotAllowed
	case err != nil:
		t.Problem, t.Status = problemOf(err)
		if t.Problem == chat.EngineSlow && t.FirstToken == 0 {
			t.Problem = chat.EngineSlowFirst
		}
	default:
		t.Status = http.StatusOK
		if t.FirstToken > limit {
			t.Problem = chat.EngineSlowFirst
		} else if t.Total > total {
			t.Problem = chat.EngineSlow
		}
	}
	return t, res.Usage
}

// testQuestion is about nobody.
func testQuestion() *model.Question {
	return &model.Question{
		Text: "When does the shop open?", Language: "en", Sure: 1, Secrets: model.NewSecrets(),
		Chunks: []model.Chunk{{Score: 1, Chunk: &knowledge.Chunk{ID: "1", Title: "Opening hours", Heading: "When do you open?", Question: true, Text: "We open at nine."}}},
	}
}

// problemOf says what an error means to whoever set the engine up, and what the server answered.
func problemOf(err error) (problem string, status int) {
	var e *model.Error
	if errors.As(err, &e) {
		status = e.Status
	}
	if errors.Is(err, ErrModel) {
		return chat.EngineNoModel, status
	}
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return chat.EngineUnauthorized, status
	case status == http.StatusPaymentRequired:
		return chat.EngineUnpaid, status
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed:
		return chat.EngineNoPath, status
	case status >= 300 && status < 400:
		return chat.EngineRedirects, status
	}
	switch model.KindOf(err) {
	case model.Unreachable:
		return unreached(err), status
	case model.Slow, model.Canceled:
		return chat.EngineSlow, status
	case model.Limited:
		return chat.EngineLimited, status
	case model.Declined, model.Refused:
		return chat.EngineDeclined, status
	case model.Cut:
		return chat.EngineCut, status
	case model.Garbled:
		return chat.EngineGarbled, status
	case model.TooLong:
		return chat.EngineTooLong, status
	}
	return chat.EngineFailed, status
}

// noConnection is why there is none. Its text, which traces show, has no address: what names resolve to inside is nobody's business outside.
type noConnection struct {
	code  string // unreached's
	cause error
}

func (n noConnection) Error() string {
	var late net.Error
	switch {
	case n.code == chat.EngineUnresolved:
		return "the name can't be resolved"
	case n.code == chat.EngineTLS:
		return "no secure connection"
	case n.code == chat.EngineGarbled:
		return "what answers is no HTTP"
	case errors.As(n.cause, &late) && late.Timeout():
		return "no connection in time"
	}
	return "no connection"
}

func (n noConnection) Unwrap() error { return n.cause }

// unreached says why there is no connection.
func unreached(err error) string {
	var known noConnection
	if errors.As(err, &known) {
		return known.code
	}
	var (
		dns     *net.DNSError
		cert    *tls.CertificateVerificationError
		unknown x509.UnknownAuthorityError
		record  tls.RecordHeaderError
		alert   tls.AlertError
	)
	switch {
	case errors.As(err, &dns):
		return chat.EngineUnresolved
	case errors.As(err, &cert), errors.As(err, &unknown), errors.As(err, &record), errors.As(err, &alert),
		strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"): // which has no type
		return chat.EngineTLS
	case strings.Contains(err.Error(), "malformed HTTP"), strings.Contains(err.Error(), "headers exceeded"):
		return chat.EngineGarbled
	}
	return chat.EngineUnreachable
}
