package service

import (
	"context"
	"encoding/json"
	"time"

	"github.com/uniqchat/uniqchat/ai/bot"
	"github.com/uniqchat/uniqchat/ai/guard"
	"github.com/uniqchat/uniqchat/ai/local"
	"github.com/uniqchat/uniqchat/ai/router"
	"github.com/uniqchat/uniqchat/chat"
)

// Answer implements chat.Answerer.
func (s *Service) Answer(ctx context.Context, id chat.TenantID, q chat.AIQuestion, piece func(message int, text string) error) (chat.AIAnswer, error) {
	u, b, err := s.ask(ctx, id)
	if err != nil {
		return chat.AIAnswer{}, err
	}
	defer u.done()
	from := time.Now()
	o := b.Answer(ctx, s.input(id, &u, &q), router.Sink(piece))
	s.stats.answered(&o, time.Since(from))
	a := chat.AIAnswer{
		Outcome: string(o.Step), Reason: string(o.Reason), Sources: sources(o.Sources), Buttons: o.Buttons, Summary: o.Summary, Team: o.Team,
		Language: o.Language, Confidence: o.Confidence,
	}
	if o.Trace != nil {
		a.Knowledge = o.Trace.Knowledge
	}
	for _, m := range o.Messages {
		a.Messages = append(a.Messages, m.Text)
		a.Engine = m.Engine
	}
	a.Trace = s.trace(id, &q, a.Outcome, whole{o.Trace, &o})
	if !q.KeepsTrace {
		s.keep(ctx, &a.Trace)
	}
	return a, nil
}

// Suggest implements chat.Answerer.
func (s *Service) Suggest(ctx context.Context, id chat.TenantID, q chat.AIQuestion) ([]chat.AISuggestion, chat.AITraceID, error) {
	u, b, err := s.ask(ctx, id)
	if err != nil {
		return nil, chat.AITraceID{}, err
	}
	defer u.done()
	found, t, err := b.Suggest(ctx, s.input(id, &u, &q))
	if err != nil {
		return nil, chat.AITraceID{}, err
	}
	s.stats.suggested.Inc()
	trace := s.trace(id, &q, suggestion, struct {
		*bot.Trace
		Suggestions []bot.Suggestion `json:"suggestions"`
	}{t, found})
	if !q.KeepsTrace {
		s.keep(ctx, &trace)
	}
	out := make([]chat.AISuggestion, len(found))
	for i, f := range found {
		out[i] = chat.AISuggestion{Text: f.Text, Sources: sources(f.Sources), Confidence: f.Confidence, Engine: f.Engine}
	}
	return out, trace.ID, nil
}

// Outcomes that traces have of what was made for agents.
const (
	suggestion = "suggestion"
	summary    = "summary"
)

// Summarize implements chat.Answerer.
func (s *Service) Summarize(ctx context.Context, id chat.TenantID, q chat.AIQuestion, language string) (chat.AISummary, chat.AITraceID, error) {
	u, b, err := s.ask(ctx, id)
	if err != nil {
		return chat.AISummary{}, chat.AITraceID{}, err
	}
	defer u.done()
	sum, t := b.Summary(ctx, s.input(id, &u, &q), language)
	s.stats.summed.Inc()
	trace := s.trace(id, &q, summary, struct {
		*bot.Trace
		Summary *bot.Summary `json:"summary"`
	}{t, &sum})
	if !q.KeepsTrace {
		s.keep(ctx, &trace)
	}
	return sum, trace.ID, nil
}

// ask makes ready for a question of a tenant. done of use must be called if there is no error.
func (s *Service) ask(ctx context.Context, id chat.TenantID) (use, *bot.Bot, error) {
	u, err := s.open(ctx, id)
	if err != nil {
		return u, nil, err
	}
	b, err := s.bot(ctx, &u)
	if err != nil {
		u.done()
		if ctx.Err() == nil {
			s.o.Logger.Error("the AI can't be made ready", "err", err)
		}
		return u, nil, &chat.Error{Code: chat.Busy, Message: "the AI is not ready; try again"}
	}
	return u, b, nil
}

// input is a question as the bot takes it.
func (s *Service) input(id chat.TenantID, u *use, q *chat.AIQuestion) bot.Input {
	open, _ := u.settings.Opens(q.Site, time.Now())
	in := bot.Input{
		Tenant: id, Conversation: q.Conversation, Message: q.Message, Text: q.Text, Locale: q.Locale, Attributes: q.Attributes,
		Settings: u.bot, Open: open, Turns: make([]bot.Turn, len(q.Turns)),
	}
	if q.Message.IsZero() {
		in.Settings.Hours = chat.BotAlways // whoever tries it out, or asks about a conversation, wants an answer now
	}
	for i, t := range q.Turns {
		who := bot.Agent
		switch t.Role {
		case chat.RoleVisitor:
			who = bot.Visitor
		case chat.RoleBot:
			who = bot.Machine
		}
		in.Turns[i] = bot.Turn{Who: who, Text: t.Text, Buttons: t.Buttons}
	}
	return in
}

// Greeting is what a tenant's bot says before its first answer, in the language of the question; empty if there is nothing to be said.
func (s *Service) Greeting(ctx context.Context, id chat.TenantID, q chat.AIQuestion) (string, error) {
	u, err := s.open(ctx, id)
	if err != nil {
		return "", err
	}
	defer u.done()
	if bot.Greets(q.Text) {
		return "", nil
	}
	in := s.input(id, &u, &q)
	return bot.GreetingOf(&in.Settings, bot.LanguageOf(&in)), nil
}

// Chatter reports whether a line is small talk, and so no part of a question that follows it.
func (s *Service) Chatter(line string) bool { return bot.Chatter(line) }

// Language is a question's, as far as a bot writes it.
func (s *Service) Language(q chat.AIQuestion) string {
	in := bot.Input{Text: q.Text, Locale: q.Locale}
	return bot.LanguageOf(&in)
}

// Apology is what is said when a question can't be answered for a reason that has nothing to do with it.
func (s *Service) Apology(q chat.AIQuestion) string {
	in := bot.Input{Text: q.Text, Locale: q.Locale}
	return local.Say(bot.LanguageOf(&in)).Person
}

// Unasked is the trace of a question that people get without that Answer was called: because the bot is off, has no time, or has failed often enough. a
// says why, and what the visitor is told.
func (s *Service) Unasked(id chat.TenantID, q chat.AIQuestion, a chat.AIAnswer) chat.AITrace {
	in := bot.Input{Text: q.Text, Locale: q.Locale}
	o := bot.Outcome{Step: bot.Step(a.Outcome), Reason: router.Reason(a.Reason), Language: bot.LanguageOf(&in)}
	for _, text := range a.Messages {
		o.Messages = append(o.Messages, router.Message{Engine: local.Name, Text: text})
	}
	t := bot.Trace{
		Tenant: id, Conversation: q.Conversation, Message: q.Message, At: time.Now(), Question: guard.Cap(q.Text), Language: o.Language, Steps: []bot.StepTrace{},
		Context: bot.ContextTrace{Mark: bot.Alone}, Step: o.Step, Reason: o.Reason,
	}
	return s.trace(id, &q, a.Outcome, whole{&t, &o})
}

func sources(all []bot.Source) []chat.AISource {
	out := make([]chat.AISource, 0, len(all))
	for _, s := range all {
		out = append(out, chat.AISource{Document: s.Document, Title: s.Title, Heading: s.Heading, URL: s.URL})
	}
	return out
}

// whole is a trace with what came of it.
type whole struct {
	*bot.Trace
	Outcome *bot.Outcome `json:"outcome"`
}

// trace makes a row of a trace. One that is too large loses its parts until it is not.
func (s *Service) trace(id chat.TenantID, q *chat.AIQuestion, outcome string, body any) chat.AITrace {
	t := chat.AITrace{
		ID: chat.NewID[chat.AITrace](), Tenant: id, Conversation: q.Conversation, Message: q.Message, At: time.Now().UTC().Truncate(time.Microsecond), Outcome: outcome,
	}
	b, err := json.Marshal(body)
	if err == nil && len(b) > chat.MaxAITrace {
		var parts map[string]json.RawMessage
		if err = json.Unmarshal(b, &parts); err == nil {
			delete(parts, "router") // with what engines wrote
			parts["shortened"] = json.RawMessage("true")
			b, err = json.Marshal(parts)
		}
	}
	if err != nil { // a number that is none, most likely
		s.o.Logger.Error("a trace can't be written", "err", err)
		b = []byte(`{}`)
	}
	t.Body = b
	return t
}

// keepWait is how long a trace may take to be kept.
const keepWait = 5 * time.Second

// keep keeps a trace, also of somebody who has gone by now. An answer without a trace is an answer.
func (s *Service) keep(ctx context.Context, t *chat.AITrace) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepWait)
	defer cancel()
	if err := s.o.Store.AddAITrace(ctx, *t); err != nil {
		s.stats.untraced.Inc()
		s.o.Logger.Warn("a trace was not kept", "tenant", t.Tenant, "err", err)
	}
}
