package api

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/uniqchat/uniqchat/chat"
)

const (
	askPath = "/api/v1/ai/ask"
	// askPatience bounds an answer; the AI's engines have bounds of their own, which are shorter.
	askPatience = 45 * time.Second
)

// AIAnswer is what the bot would answer.
type AIAnswer struct {
	Step       string     `json:"step" enum:"answer,clarify,handoff,silence" doc:"What the bot would do: answer, ask back, call a person, or nothing."`
	Reason     string     `json:"reason" doc:"One word that says why, such as engine, easy, unknown, budget."`
	Answer     string     `json:"answer" doc:"What a visitor would see; may be empty."`
	Buttons    []string   `json:"buttons" nullable:"false" doc:"Of clarify: what can be meant, at most three."`
	Sources    []AISource `json:"sources" nullable:"false" doc:"What the answer rests on."`
	Confidence float64    `json:"confidence" doc:"How likely the answer is right, 0 to 1."`
	Language   string     `json:"language"`
	Engine     *string    `json:"engine" nullable:"true" doc:"Which engine wrote the answer; local is the one that needs no network."`
	TraceID    *string    `json:"trace_id" nullable:"true" format:"uuid" doc:"Where to read how it came about."`
}

// AISource is a piece of the knowledge base.
type AISource struct {
	DocumentID string  `json:"document_id" format:"uuid"`
	Title      string  `json:"title"`
	Heading    string  `json:"heading" doc:"May be empty."`
	URL        *string `json:"url" nullable:"true" doc:"Where people find it."`
}

// AIDelta is the data of an event delta.
type AIDelta struct {
	Message int    `json:"message" doc:"Which message it belongs to, from 0: a second one follows where the first broke off."`
	Text    string `json:"text" doc:"What comes next of it."`
}

func showSources(all []chat.AISource) []AISource {
	out := make([]AISource, len(all))
	for i, s := range all {
		out[i] = AISource{s.Document.String(), s.Title, s.Heading, orNull(s.URL)}
	}
	return out
}

func showAnswer(r *chat.AIAnswer) AIAnswer {
	return AIAnswer{
		Step: r.Outcome, Reason: r.Reason, Answer: strings.Join(r.Messages, "\n\n"), Buttons: some(r.Buttons), Sources: showSources(r.Sources),
		Confidence: r.Confidence, Language: r.Language, Engine: orNull(r.Engine), TraceID: idOrNull(r.Trace.ID),
	}
}

type askInput struct {
	Accept string `header:"Accept" hidden:"true"`
	Body   struct {
		Question     string `json:"question" minLength:"1" maxLength:"2000"`
		Conversation string `json:"conversation,omitempty" doc:"A conversation's id: what was said there comes before the question. An API token needs the scope conversations:read, too."`
		Language     string `json:"language,omitempty" maxLength:"35" doc:"Of whoever asks: a language tag such as zh or en. It counts where the question itself does not tell."`
	}
}

var languageTag = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)

func checkLanguage(tag string) error {
	if tag != "" && !languageTag.MatchString(tag) {
		return chat.Errorf(chat.Malformed, "language: must be a language tag such as zh or en")
	}
	return nil
}

// question reads what is asked, and sees to it that the caller may.
func (a *API) question(ctx context.Context, c *call, in *askInput) (q chat.AIQuestion, err error) {
	text, language := strings.TrimSpace(in.Body.Question), in.Body.Language
	if text == "" {
		return q, chat.Errorf(chat.Malformed, "question: ask something")
	}
	if err := checkLanguage(language); err != nil {
		return q, err
	}
	if in.Body.Conversation != "" {
		if c.actor().Role == chat.RoleAPI && !c.actor().Scopes.Has(chat.ConversationsRead) {
			return q, &scopeError{chat.ConversationsRead}
		}
		if q, err = a.talk(ctx, c, in.Body.Conversation); err != nil {
			return q, err
		}
	}
	q.Text = text
	if language != "" {
		q.Locale = language
	}
	return q, nil
}

// talkEntries is how much of a conversation is told to the AI, at most.
const talkEntries = 200

// talk is what was said in a conversation that the caller may read, and who says it.
func (a *API) talk(ctx context.Context, c *call, id string) (q chat.AIQuestion, err error) {
	if q.Conversation, err = pathID[chat.Conversation](id); err != nil {
		return q, err
	}
	conv, err := a.cfg.Desk.Conversation(ctx, c.actor(), q.Conversation)
	if err != nil {
		return q, err
	}
	entries, _, err := a.cfg.Desk.Messages(ctx, c.actor(), q.Conversation, chat.Page{Newest: true, Limit: talkEntries})
	if err != nil {
		return q, err
	}
	v, err := a.cfg.Store.Visitor(ctx, conv.Tenant, conv.Visitor)
	if err != nil && chat.CodeOf(err) != chat.NotFound {
		return q, err
	}
	q.Turns, q.Locale, q.Attributes = chat.AITurns(entries), v.Locale, chat.AIAttributes(v.Attributes)
	return q, nil
}

// ask answers a question, in one piece or as a stream of events.
func (a *API) ask(ctx context.Context, c *call, in *askInput) (*served, error) {
	q, err := a.question(ctx, c, in)
	if err != nil {
		return nil, err
	}
	if a.cfg.AI.Answerer == nil {
		return nil, errNoAI
	}
	done, err := a.asking.begin(c.actor().Tenant)
	if err != nil {
		return nil, err
	}
	defer done()
	return a.relay(ctx, c, &q, newEvents(c.h, likes(in.Accept, "text/event-stream", "application/json")))
}

// replied is the end of an answer.
type replied struct {
	answer chat.AIAnswer
	err    error
}

// relay hands on what the AI says while it says it. It looks after the caller meanwhile: who has gone is answered no more, and the
// engines are told to stop.
func (a *API) relay(ctx context.Context, c *call, q *chat.AIQuestion, out *events) (*served, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	deltas, end := make(chan AIDelta), make(chan replied, 1)
	go a.consult(ctx, c.actor().Tenant, q, deltas, end)
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		select {
		case d := <-deltas:
			if err := out.send("delta", d); err != nil {
				cancel(errGone)
			}
		case <-look.C:
			if out.gone() || out.alive() != nil {
				cancel(errGone)
			}
		case r := <-end:
			return a.replied(ctx, c, out, &r)
		}
	}
}

func (a *API) replied(ctx context.Context, c *call, out *events, r *replied) (*served, error) {
	switch {
	case context.Cause(ctx) == errGone:
		c.h.SetConnectionClose()
		return &served{http.StatusOK}, nil // nobody hears it
	case r.err != nil && !out.begun:
		return nil, r.err
	case r.err != nil:
		_ = out.send("error", a.fail(c, r.err)) // the stream ends either way
	default:
		return &served{http.StatusOK}, out.last(showAnswer(&r.answer))
	}
	return &served{http.StatusOK}, nil
}

// consult asks the AI. A panic of it is a failure of this question and nothing more.
func (a *API) consult(ctx context.Context, tenant chat.TenantID, q *chat.AIQuestion, deltas chan<- AIDelta, end chan<- replied) {
	var r replied
	defer func() {
		if p := recover(); p != nil {
			a.stats.panics.Inc()
			r.err = fmt.Errorf("panic of the AI: %v\n%s", p, debug.Stack())
		}
		end <- r
	}()
	r.answer, r.err = a.cfg.AI.Answerer.Answer(ctx, tenant, *q, func(part int, text string) error {
		select {
		case deltas <- AIDelta{part, text}:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
}

// asking counts questions that are being answered. Safe for concurrent use.
type asking struct {
	mu        sync.Mutex
	all       int
	of        map[chat.TenantID]int
	most, per int
}

func newAsking(most, perTenant int) *asking {
	return &asking{of: map[chat.TenantID]int{}, most: most, per: perTenant}
}

// begin takes a place, until done is called: each holds a connection for as long as engines take.
func (s *asking) begin(tenant chat.TenantID) (done func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of[tenant] >= s.per {
		return nil, &chat.Error{Code: chat.TooMany, Name: "too_many_questions", Message: fmt.Sprintf("%d questions of yours are being answered; wait for one to end", s.per), Limit: s.per, RetryAfter: time.Second}
	}
	if s.all >= s.most {
		return nil, &chat.Error{Code: chat.Busy, Message: "too many questions are being answered here; try again", RetryAfter: time.Second}
	}
	s.all++
	s.of[tenant]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.all--
		if s.of[tenant]--; s.of[tenant] == 0 {
			delete(s.of, tenant)
		}
	}, nil
}

// bindAsk is bind for the route that answers with events.
func bindAsk(a *API) func(huma.API, huma.Operation) {
	return func(h huma.API, op huma.Operation) {
		schemas := h.OpenAPI().Components.Schemas
		whole := schemas.Schema(reflect.TypeFor[AIAnswer](), true, "AIAnswer")
		schemas.Schema(reflect.TypeFor[AIDelta](), true, "AIDelta")
		op.Responses = map[string]*huma.Response{"200": {
			Description: "Server-sent events: delta (data: AIDelta) as often as something more is to be seen, then done (data: AIAnswer), or error (data: Problem) if it fails after it has begun. " +
				"With Accept: application/json an AIAnswer in one piece. Who hangs up ends it.",
			Content: map[string]*huma.MediaType{
				"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}},
				"application/json":  {Schema: whole},
			},
		}}
		bindFor(a, askPatience, a.ask)(h, op)
	}
}
