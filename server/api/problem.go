package api

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/server/auth"
	"github.com/uniqchat/uniqchat/server/codes"
)

// Problem is an error document (RFC 9457). Code is stable and meant for programs; Title and Error follow Accept-Language.
type Problem struct {
	Type      string             `json:"type" doc:"Always about:blank: code says what it is."`
	Title     string             `json:"title" doc:"What kind of problem it is, in the caller's language (zh unless en is asked for)."`
	Status    int                `json:"status" doc:"The HTTP status."`
	Detail    string             `json:"detail,omitempty" doc:"What happened this time: in Chinese if Accept-Language asks for it and it is for people, otherwise in English."`
	Code      string             `json:"code" doc:"Stable, machine-readable name of the problem."`
	RequestID string             `json:"request_id,omitempty" doc:"The id of this request, as in X-Request-Id."`
	Error_    string             `json:"error,omitempty" doc:"For 429 only: the same as title."`
	Assignee  string             `json:"assignee_id,omitempty" doc:"Who was faster, for a 409 of accept."`
	Conv      string             `json:"conversation_id,omitempty" doc:"The conversation that stands in the way, for a 409."`
	Scope     string             `json:"required_scope,omitempty" doc:"The scope that the API token lacks, for a 403 scope_missing."`
	Challenge string             `json:"challenge,omitempty" doc:"What to complete at /api/v1/auth/totp within 5 minutes, for a 401 totp_required."`
	Errors    []huma.ErrorDetail `json:"errors,omitempty" nullable:"false" doc:"What is wrong, field by field."`

	retryAfter time.Duration
	limit      int
}

// Error makes a Problem an error.
func (p *Problem) Error() string { return p.Detail }

// GetStatus returns the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is application/problem+json.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders returns what the status asks for: WWW-Authenticate with 401 (RFC 9110 15.5.2), Retry-After.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="uniqchat"`)
	}
	if p.retryAfter > 0 {
		seconds := strconv.Itoa(int(math.Ceil(p.retryAfter.Seconds())))
		h.Set("Retry-After", seconds)
		if p.Status == http.StatusTooManyRequests {
			if p.limit > 0 {
				h.Set("RateLimit-Limit", strconv.Itoa(p.limit))
			}
			h.Set("RateLimit-Remaining", "0")
			h.Set("RateLimit-Reset", seconds)
		}
	}
	return h
}

// byStatus names the statuses that only HTTP itself has.
var byStatus = map[int]codes.Row{
	405: {HTTP: 405, Name: "method_not_allowed", ZH: "方法不允许", EN: "Method not allowed"},
	406: {HTTP: 406, Name: "not_acceptable", ZH: "无法提供所要求的格式", EN: "Not acceptable"},
	408: {HTTP: 408, Name: "timeout", ZH: "请求超时", EN: "Request timed out"},
	416: {HTTP: 416, Name: "range_not_satisfiable", ZH: "请求的范围无效", EN: "Range not satisfiable"},
	415: {HTTP: 415, Name: "unsupported_media_type", ZH: "不支持的内容类型", EN: "Unsupported media type"},
	431: {HTTP: 431, Name: "headers_too_large", ZH: "请求头过大", EN: "Request headers too large"},
}

// problem shows a failure to the caller of this request. What is not for people is Internal, without a word of why.
func problem(c *call, err error) *Problem {
	var e *chat.Error
	if !errors.As(err, &e) {
		e = &chat.Error{Code: chat.Internal, Message: "something went wrong here; the request id helps to find it"}
		if errors.Is(err, context.DeadlineExceeded) {
			e = &chat.Error{Code: chat.Busy, Message: "this took too long; try again", RetryAfter: time.Second}
		}
	}
	p := newProblem(c, codes.Of(e.Code), e.Message)
	if e.Name != "" {
		p.Code = e.Name
	}
	if !e.Assignee.IsZero() {
		p.Assignee = e.Assignee.String()
	}
	if !e.Conversation.IsZero() {
		p.Conv = e.Conversation.String()
	}
	var lacks *scopeError
	if errors.As(err, &lacks) {
		p.Scope = lacks.scope.String()
	}
	var asked *auth.ChallengeError
	if errors.As(err, &asked) {
		p.Challenge = asked.Challenge
	}
	p.retryAfter, p.limit = e.RetryAfter, e.Limit
	if e.Code.Retryable() && p.retryAfter == 0 {
		p.retryAfter = time.Second
	}
	return p
}

func newProblem(c *call, row codes.Row, detail string) *Problem {
	p := &Problem{Type: "about:blank", Status: row.HTTP, Code: row.Name, Detail: detail, Title: row.ZH}
	if c != nil {
		p.RequestID, p.Title, p.Detail = c.id, row.Title(c.lang), codes.Say(c.asked, detail)
	}
	if row.HTTP == http.StatusTooManyRequests {
		p.Error_ = p.Title
	}
	return p
}

// statusProblem shows what huma or the router found: a request that reached no handler.
func statusProblem(c *call, status int, detail string, errs ...error) *Problem {
	if status == http.StatusUnprocessableEntity {
		status = http.StatusBadRequest // one status for what is malformed, as in the protocol
	}
	row, ok := byStatus[status]
	if !ok {
		row = codes.Of(chat.Code(status))
	}
	p := newProblem(c, row, detail)
	for _, err := range errs {
		var d huma.ErrorDetailer
		if errors.As(err, &d) {
			detail := *d.ErrorDetail()
			detail.Value = nil // never echo what may be a password
			p.Errors = append(p.Errors, detail)
		} else if err != nil && status < 500 {
			p.Errors = append(p.Errors, huma.ErrorDetail{Message: err.Error()})
		}
	}
	if len(p.Errors) > 0 {
		first := p.Errors[0]
		p.Detail = strings.TrimPrefix(first.Location+": "+first.Message, ": ")
	}
	return p
}

var installOnce sync.Once

// installProblems makes huma speak Problem. huma keeps this in package variables.
func installProblems() {
	installOnce.Do(func() {
		huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
			return statusProblem(nil, status, msg, errs...)
		}
		huma.NewErrorWithContext = func(ctx huma.Context, status int, msg string, errs ...error) huma.StatusError {
			return statusProblem(callOf(ctx.Context()), status, msg, errs...)
		}
	})
}

// language picks "en" or "zh" (the default) from Accept-Language, by its weights (RFC 9110, 12.5.4): of equals the one that is named
// first. asked is the same, and "" if neither is named.
func language(accept string) (best, asked string) {
	best, most := "zh", 0.0
	for part := range strings.SplitSeq(accept, ",") {
		tag, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		base, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
		if base != "en" && base != "zh" {
			continue
		}
		weight := 1.0
		if q, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(params)), "q="); ok {
			weight, _ = strconv.ParseFloat(q, 64) // nonsense is 0: not wanted
		}
		if weight > most {
			best, asked, most = base, base, weight
		}
	}
	return best, asked
}
