package openai

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/uniqchat/uniqchat/ai/model"
	"github.com/uniqchat/uniqchat/ai/prompt"
)

// Why a request was ended by ourselves.
var (
	errFirstToken = errors.New("no first token in time")
	errSilence    = errors.New("no further token in time")
	errTotal      = errors.New("no whole answer in time")
)

type request struct {
	Model               string           `json:"model"`
	Messages            []prompt.Message `json:"messages"`
	Stream              bool             `json:"stream"`
	StreamOptions       any              `json:"stream_options,omitempty"`
	MaxTokens           int              `json:"max_tokens,omitempty"`
	MaxCompletionTokens int              `json:"max_completion_tokens,omitempty"`
	Temperature         *float64         `json:"temperature,omitempty"`
	ResponseFormat      any              `json:"response_format,omitempty"`
}

// request makes a request of what the server is known to take, and says what that was.
func (e *Engine) request(m []prompt.Message) (request, feature) {
	r := request{Model: e.c.Model, Messages: m, Stream: true}
	var sent feature
	if e.has(maxTokens) {
		r.MaxTokens = e.c.MaxTokens
		sent |= maxTokens
	} else {
		r.MaxCompletionTokens = e.c.MaxTokens
	}
	if e.has(streamOptions) {
		r.StreamOptions = map[string]bool{"include_usage": true}
		sent |= streamOptions
	}
	if e.has(temperature) && e.c.Temperature != nil {
		r.Temperature = e.c.Temperature
		sent |= temperature
	}
	switch {
	case e.has(jsonSchema):
		r.ResponseFormat = map[string]any{"type": "json_schema", "json_schema": map[string]any{"name": "answer", "strict": true, "schema": prompt.Schema()}}
		sent |= jsonSchema
	case e.has(jsonObject):
		r.ResponseFormat = map[string]string{"type": "json_object"}
		sent |= jsonObject
	}
	return r, sent
}

// ErrModel is inside of a refusal that is for the model's name.
var ErrModel = errors.New("the server does not know the model")

// Answer implements model.Engine.
func (e *Engine) Answer(ctx context.Context, q *model.Question, piece func(string) error) (model.Result, error) {
	_, res, err := e.answer(ctx, q, piece)
	return res, err
}

func (e *Engine) answer(ctx context.Context, q *model.Question, piece func(string) error) (*answering, model.Result, error) {
	ctx, stop := context.WithTimeoutCause(ctx, e.c.Total, errTotal)
	defer stop()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	a := &answering{e: e, cancel: cancel, messages: prompt.Build(q), reader: prompt.NewReader(q, piece)}
	a.timer = time.AfterFunc(e.c.FirstToken, func() { cancel(errFirstToken) })
	defer a.timer.Stop()
	err := a.ask(ctx)
	res := model.Result{}
	if err == nil {
		res, err = a.reader.Close()
		formless := errors.Is(err, prompt.ErrStructure) || errors.Is(err, prompt.ErrEmpty)
		switch {
		case a.finish == "length" && (formless || err == nil && res.Plain): // an object that was cut is none
			err = &model.Error{Kind: model.Cut, Err: errors.New("it needed more tokens than it may use")}
		case errors.Is(err, prompt.ErrLong):
			err = &model.Error{Kind: model.TooLong, Err: err}
		case formless:
			err = &model.Error{Kind: model.Garbled, Err: err}
		}
	}
	res.Usage = a.used()
	return a, res, e.explain(ctx, err)
}

// explain makes an error one of an engine: it knows which engine it was, and why a context ended.
func (e *Engine) explain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	var known *model.Error
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errFirstToken), errors.Is(cause, errSilence), errors.Is(cause, errTotal):
		known = &model.Error{Kind: model.Slow, Err: cause}
	case cause != nil: // the caller's
		return cause
	case !errors.As(err, &known):
		return err // of piece
	}
	known.Engine = e.c.Name
	return known
}

// answering is one question under way.
type answering struct {
	e        *Engine
	cancel   context.CancelCauseFunc
	timer    *time.Timer
	messages []prompt.Message
	reader   *prompt.Reader

	first   time.Time // when the first token came; zero: none has
	written int       // tokens, about
	usage   *model.Usage
	asked   bool // the request went out, and was not refused: it may be billed
	finish  string
}

func (a *answering) used() model.Usage {
	if a.usage != nil {
		return *a.usage
	}
	u := model.Usage{Completion: a.written, Estimated: true}
	if a.asked {
		for _, m := range a.messages {
			u.Prompt += model.Tokens(m.Content) + 4
		}
	}
	return u
}

// attempts bounds how often a request is made because the server refused a feature.
const attempts = 6

func (a *answering) ask(ctx context.Context) error {
	for n := 1; ; n++ {
		r, sent := a.e.request(a.messages)
		body, err := json.Marshal(r)
		if err != nil {
			return err
		}
		res, err := a.post(ctx, body)
		if err != nil {
			return err
		}
		if res.StatusCode == http.StatusOK {
			a.asked = true
			defer res.Body.Close()
			return a.read(res)
		}
		problem, _ := io.ReadAll(io.LimitReader(res.Body, maxProblem)) // the status has decided
		res.Body.Close()
		refused := res.StatusCode == http.StatusBadRequest || res.StatusCode == http.StatusUnprocessableEntity
		if refused && n < attempts && a.e.forget(sent, string(problem)) {
			continue
		}
		err = refusal(res)
		if unknownModel(string(problem)) {
			err = &model.Error{Kind: model.Refused, Status: res.StatusCode, Err: ErrModel}
		}
		return err
	}
}

// unknownModel reports whether a refusal is for the model's name, by what servers say then.
func unknownModel(problem string) bool {
	problem = strings.ToLower(problem)
	if !strings.Contains(problem, "model") {
		return false
	}
	for _, said := range []string{"not found", "not_found", "not exist", "unknown model", "invalid model", "no such model", "model is not supported", "unsupported model"} {
		if strings.Contains(problem, said) {
			return true
		}
	}
	return false
}

func (a *answering) post(ctx context.Context, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.e.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "text/event-stream")
	if a.e.c.Key != "" {
		req.Header.Set("Authorization", "Bearer "+a.e.c.Key)
	}
	var wrote atomic.Bool // told by the connection's own goroutine
	res, err := a.e.client.Do(req.WithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteRequest: func(i httptrace.WroteRequestInfo) { wrote.Store(i.Err == nil) },
	})))
	if err != nil {
		a.asked = wrote.Load()
		return nil, &model.Error{Kind: model.Unreachable, Err: noConnection{unreached(err), err}}
	}
	return res, nil
}

// refusal is what an answer means that is no success. Its text is not kept: some servers repeat the key or the question.
func refusal(res *http.Response) *model.Error {
	e := &model.Error{Kind: model.Declined, Status: res.StatusCode, RetryAfter: retryAfter(res.Header.Get("Retry-After"))}
	switch s := res.StatusCode; {
	case s == http.StatusTooManyRequests, s == http.StatusServiceUnavailable && e.RetryAfter > 0:
		e.Kind = model.Limited
	case s == http.StatusRequestTimeout:
		e.Kind = model.Slow
	case s >= 500, s < 300:
		e.Kind = model.Failed
	case s < 400, s == http.StatusUnauthorized, s == http.StatusPaymentRequired, s == http.StatusForbidden, s == http.StatusNotFound, s == http.StatusMethodNotAllowed:
		e.Kind = model.Refused
	}
	return e
}

// maxRetryAfter is the longest that a server can ask for.
const maxRetryAfter = time.Hour

// retryAfter reads seconds or a date (RFC 9110, 10.2.3).
func retryAfter(v string) time.Duration {
	if n, err := strconv.ParseFloat(v, 64); err == nil {
		if n >= 0 { // and is a number
			return time.Duration(min(n, maxRetryAfter.Seconds()) * float64(time.Second))
		}
		return 0
	}
	if at, err := http.ParseTime(v); err == nil {
		return max(0, min(time.Until(at), maxRetryAfter))
	}
	return 0
}

// read reads an answer: a stream, or the whole of it in one object from servers that don't stream.
func (a *answering) read(res *http.Response) error {
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	body := &bounded{r: res.Body, left: maxBody}
	switch kind {
	case "text/event-stream":
		return a.stream(body)
	case "application/json":
		return a.whole(body)
	}
	return &model.Error{Kind: model.Garbled, Status: res.StatusCode, Err: errors.New("it is neither an event stream nor JSON")}
}

// bounded reads so many bytes and then fails, where io.LimitReader would pretend an end.
type bounded struct {
	r    io.Reader
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, prompt.ErrLong
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// alive tells the clock that the server has said something.
func (a *answering) alive() {
	if a.first.IsZero() {
		a.first = time.Now()
	}
	a.timer.Reset(a.e.c.Silence)
}
