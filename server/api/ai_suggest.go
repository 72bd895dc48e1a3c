package api

import (
	"cmp"
	"context"

	"github.com/uniqchat/uniqchat/chat"
)

// aboutInput names a conversation.
type aboutInput struct {
	Body struct {
		Conversation string `json:"conversation" minLength:"1" doc:"A conversation's id."`
		Language     string `json:"language,omitempty" maxLength:"35" doc:"A language tag such as zh or en. Of a summary: of what an engine writes; defaults to Accept-Language. Suggestions are in the language that the visitor writes; this counts where that is not to be told."`
	}
}

// AISuggestion is an answer that an agent may send, change or leave.
type AISuggestion struct {
	Text       string     `json:"text"`
	Sources    []AISource `json:"sources" nullable:"false"`
	Confidence float64    `json:"confidence" doc:"How likely it is right, 0 to 1."`
	Engine     string     `json:"engine" doc:"Which engine wrote it; local is the one that needs no network."`
}

// AISuggestions are the answers to what a visitor wrote last.
type AISuggestions struct {
	Data    []AISuggestion `json:"data" nullable:"false" maxItems:"3" doc:"The best first; none if nothing is known."`
	TraceID *string        `json:"trace_id" nullable:"true" format:"uuid" doc:"Where to read how they came about."`
}

// AISummary is what somebody needs to know who takes a conversation over.
type AISummary struct {
	Text     string   `json:"text" doc:"An engine's words, if there is an engine and the conversation supports what it wrote; else empty. The rest is taken from the conversation as it stands there."`
	Engine   *string  `json:"engine" nullable:"true" doc:"Which engine wrote text."`
	Language string   `json:"language" doc:"The visitor's."`
	Intent   string   `json:"intent" doc:"What it is about, in one word; may be empty."`
	Wants    []string `json:"wants" nullable:"false" doc:"What the visitor wants, in its own words, oldest first."`
	Tried    []string `json:"tried" nullable:"false" doc:"What the bot answered and asked back."`
	Orders   []string `json:"orders" nullable:"false" doc:"Numbers that look like an order's."`
	Found    []string `json:"found" nullable:"false" doc:"Headings of the knowledge base that may have to do with it."`
	Points   []string `json:"points" nullable:"false" doc:"Sentences that say most of it, each with who said it."`
	TraceID  *string  `json:"trace_id" nullable:"true" format:"uuid" doc:"Where to read how it came about."`
}

// about begins what the AI is asked of a conversation; done must be called at its end.
func (a *API) about(ctx context.Context, c *call, in *aboutInput) (q chat.AIQuestion, done func(), err error) {
	if err := checkLanguage(in.Body.Language); err != nil {
		return q, nil, err
	}
	if q, err = a.talk(ctx, c, in.Body.Conversation); err != nil {
		return q, nil, err
	}
	if a.cfg.AI.Answerer == nil {
		return q, nil, errNoAI
	}
	done, err = a.asking.begin(c.actor().Tenant)
	return q, done, err
}

func (a *API) suggest(ctx context.Context, c *call, in *aboutInput) (*answer[AISuggestions], error) {
	q, done, err := a.about(ctx, c, in)
	if err != nil {
		return nil, err
	}
	defer done()
	if in.Body.Language != "" {
		q.Locale = in.Body.Language
	}
	list, trace, err := a.cfg.AI.Answerer.Suggest(ctx, c.actor().Tenant, q)
	if err != nil {
		return nil, err
	}
	out := AISuggestions{Data: make([]AISuggestion, len(list)), TraceID: idOrNull(trace)}
	for i := range list {
		s := &list[i]
		out.Data[i] = AISuggestion{s.Text, showSources(s.Sources), s.Confidence, s.Engine}
	}
	return ok(out)
}

func (a *API) summarize(ctx context.Context, c *call, in *aboutInput) (*answer[AISummary], error) {
	q, done, err := a.about(ctx, c, in)
	if err != nil {
		return nil, err
	}
	defer done()
	s, trace, err := a.cfg.AI.Answerer.Summarize(ctx, c.actor().Tenant, q, cmp.Or(in.Body.Language, c.lang))
	if err != nil {
		return nil, err
	}
	return ok(AISummary{
		Text: s.Text, Engine: orNull(s.Engine), Language: s.Language, Intent: s.Intent,
		Wants: some(s.Wants), Tried: some(s.Tried), Orders: some(s.Orders), Found: some(s.Found), Points: some(s.Points),
		TraceID: idOrNull(trace),
	})
}

// some is a list that is never null.
func some(list []string) []string { return append([]string{}, list...) }
