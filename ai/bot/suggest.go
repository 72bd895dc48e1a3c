package bot

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/uniqchat/uniqchat/ai/confidence"
	"github.com/uniqchat/uniqchat/ai/filter"
	"github.com/uniqchat/uniqchat/ai/local"
	"github.com/uniqchat/uniqchat/ai/model"
	"github.com/uniqchat/uniqchat/ai/router"
)

// Suggestion is an answer that an agent may send, change or leave.
type Suggestion struct {
	Text       string   `json:"text"`
	Sources    []Source `json:"sources"`
	Confidence float64  `json:"confidence"`
	Engine     string   `json:"engine"`
}

// mostSuggestions is how many there are at most.
const mostSuggestions = 3

// Suggestions need less than answers, as somebody reads them: so likely must the best chunk be right, and so much of the best's score must others have.
const (
	worth     = .2
	worthNext = .6
)

// Suggest makes up to three answers for an agent's reply, the best first, in the visitor's language: to in.Text, or to what the visitor wrote last if that is
// empty. Nothing is known: there are none. An error is the knowledge's.
func (b *Bot) Suggest(ctx context.Context, in Input) ([]Suggestion, *Trace, error) {
	withDefaults(&in.Settings)
	if strings.TrimSpace(in.Text) == "" {
		in.Text, in.Turns = lastOf(in.Turns)
	}
	f := b.newFlow(&in, nil)
	defer func() { f.trace.Took = time.Since(f.from) }()
	if !said(f.text) || smallTalk(f.text) != "" {
		return nil, f.trace, nil
	}
	f.trace.Intent.Label = b.builtin(f.text).Label
	f.asked = withoutHello(f.text)
	f.step("intent", f.trace.Intent.Label)
	if err := f.context(ctx); err != nil {
		return nil, f.trace, err
	}
	if f.found.sure < worth {
		return nil, f.trace, nil
	}
	out := f.engineSuggestion(ctx)
	for i, h := range f.found.hits {
		if len(out) == mostSuggestions || h.Score < worthNext*f.found.hits[0].Score {
			break
		}
		if len(out) > 0 && has(out[0].Sources, h.Chunk) && out[0].Engine == local.Name {
			continue
		}
		if text := f.extract(ctx, i); text != "" && !alreadySaid(out, text) {
			out = append(out, Suggestion{text, []Source{b.source(ctx, in.Tenant, h)}, f.found.sure * h.Score / f.found.hits[0].Score, local.Name})
		}
	}
	f.step("outcome", "")
	return out, f.trace, nil
}

// lastOf takes what the visitor wrote after everybody else.
func lastOf(turns []Turn) (string, []Turn) {
	n := len(turns)
	for n > 0 && turns[n-1].Who == Visitor {
		n--
	}
	var b strings.Builder
	for _, t := range turns[n:] {
		b.WriteString(t.Text + "\n")
	}
	return strings.TrimSpace(b.String()), turns[:n]
}

// engineSuggestion is the router's answer, if it is one.
func (f *flow) engineSuggestion(ctx context.Context) []Suggestion {
	in := f.in
	ask := router.Ask{
		Tenant: in.Tenant.String(), Intent: f.trace.Intent.Label, Evidence: f.found.evidence, Clarified: mostClarify,
		Thresholds: confidence.Thresholds(in.Settings.Thresholds),
	}
	ask.Text, ask.Language, ask.Tone, ask.Chunks = f.text, f.language, in.Settings.Tone, f.found.chunks()
	for _, t := range in.Turns {
		ask.Turns = append(ask.Turns, model.Turn{Visitor: t.Who == Visitor, Text: t.Text})
	}
	o := f.b.c.Router(in.Tenant).Answer(ctx, ask, nil)
	f.trace.Router = o.Trace
	f.step("route", string(o.Reason))
	if o.Step != router.Answered || len(o.Messages) != 1 {
		return nil
	}
	m := o.Messages[0]
	return []Suggestion{{m.Text, f.b.sources(ctx, in.Tenant, f.found.hits, o.Messages), o.Confidence, m.Engine}}
}

// extract is what the local engine says of one hit, made safe like every answer.
func (f *flow) extract(ctx context.Context, i int) string {
	q := &model.Question{Text: f.text, Language: f.language, Sure: 1, Chunks: f.found.chunks()[i : i+1], Secrets: model.NewSecrets()}
	res, err := local.Engine{}.Answer(ctx, q, nil)
	if err != nil || res.Action != model.Answer {
		return ""
	}
	g := filter.NewGate(filter.NewAllowed(q, nil), q.Secrets)
	head, err := g.Write(res.Text)
	tail, err2 := g.Close()
	if errors.Join(err, err2) != nil {
		return ""
	}
	return strings.TrimSpace(head + tail)
}

func alreadySaid(list []Suggestion, text string) bool {
	for _, s := range list {
		if s.Text == text {
			return true
		}
	}
	return false
}
