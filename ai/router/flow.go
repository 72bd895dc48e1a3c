package router

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/uniqchat/uniqchat/ai/confidence"
	"github.com/uniqchat/uniqchat/ai/filter"
	"github.com/uniqchat/uniqchat/ai/guard"
	"github.com/uniqchat/uniqchat/ai/local"
	"github.com/uniqchat/uniqchat/ai/model"
)

// flow is one question on its way.
type flow struct {
	r     *Router
	ask   *Ask
	sink  Sink
	from  time.Time
	trace *Trace

	allowed *filter.Allowed
	floor   model.Result // the local engine's
	key     cacheKey
	keep    bool // the answer may be cached
}

// mostClarified is how often a visitor is asked back about one thing.
const mostClarified = 2

func (f *flow) run(ctx context.Context) Outcome {
	f.prepare()
	if f.ask.Guard != guard.None {
		return f.handOff(BecauseGuard)
	}
	if f.keep = cacheable(f.ask); f.keep {
		f.key = keyOf(f.ask)
		if m, p, ok := f.r.c.Cache.get(f.key); ok {
			f.trace.Chosen = "cache"
			return f.say(BecauseCached, p, m)
		}
	}
	f.runFloor(ctx)
	sure := f.ask.Thresholds.Decide(f.ask.Sure)
	switch {
	case len(f.ask.Chunks) == 0 || sure == confidence.HandOff:
		return f.handOff(BecauseUnknown)
	case f.ask.Sure >= f.r.c.Easy && f.ask.Chunks[0].Question && f.floor.Action == model.Answer:
		return f.local(BecauseEasy)
	case len(f.r.members) == 0:
		return f.fallBack(BecauseNoEngine, nil)
	}
	return f.engines(ctx, sure == confidence.Answer)
}

// prepare writes down what came in, and leaves out what no engine is to see.
func (f *flow) prepare() {
	q, t := &f.ask.Question, f.trace
	f.ask.Thresholds = cmp.Or(f.ask.Thresholds, f.r.c.Thresholds)
	q.Text = guard.Cap(q.Text)
	q.Turns = q.Turns[max(0, len(q.Turns)-model.MaxTurns):]
	q.Secrets = model.NewSecrets()
	t.Tenant, t.At, t.Question, t.Language, t.Intent, t.Guard, t.Knowledge = f.ask.Tenant, f.from, q.Text, q.Language, f.ask.Intent, f.ask.Guard, f.ask.Knowledge
	for _, turn := range q.Turns {
		t.Turns = append(t.Turns, turn.Text)
	}
	var clean []model.Chunk
	for i, c := range q.Chunks[:min(len(q.Chunks), model.MaxChunks)] {
		ct := ChunkTrace{ID: c.ID, Document: c.Document, Heading: c.Heading, Score: c.Score}
		if found := guard.Suspicious(c.Title + "\n" + c.Heading + "\n" + c.Text); found != "" {
			ct.Left = "it speaks to machines: " + found
			if i == 0 {
				f.ask.Evidence = confidence.Evidence{} // what it was about is gone
			}
		} else {
			clean = append(clean, c)
		}
		t.Chunks = append(t.Chunks, ct)
	}
	q.Chunks = clean
	q.Sure = f.r.c.Model.Probability(f.ask.Evidence)
	t.Evidence, t.Retrieval = f.ask.Evidence, q.Sure
	f.allowed = filter.NewAllowed(q, f.r.c.Hosts)
}

// runFloor asks the local engine, which is always there.
func (f *flow) runFloor(ctx context.Context) {
	from := time.Now()
	res, err := local.Engine{}.Answer(ctx, &f.ask.Question, nil)
	if err != nil {
		res = model.Result{Action: model.HandOff}
	}
	a := Attempt{Engine: local.Name, Why: "floor", Began: from.Sub(f.from), Took: time.Since(from), Action: res.Action, Cited: res.Cited, Confidence: f.ask.Sure, Verdict: "lost"}
	if res.Action == model.Answer { // what documents hold goes through the filter like all else
		g := filter.NewGate(f.allowed, f.ask.Secrets)
		head, err := g.Write(res.Text)
		tail, err2 := g.Close()
		if res.Text = strings.TrimSpace(head + tail); errors.Join(err, err2) != nil || res.Text == "" {
			res.Action, a.Verdict = model.HandOff, "refused"
		}
		a.Removed = g.Notes()
	}
	a.Text = res.Text
	f.floor = res
	f.trace.Attempts = append(f.trace.Attempts, a)
}

// engines asks the tenant's engines.
func (f *flow) engines(ctx context.Context, stream bool) Outcome {
	rc := &race{
		r: f.r, ask: f.ask, from: f.from, stream: stream, proof: newEvidence(&f.ask.Question), allowed: f.allowed, sink: f.sink,
		queue: slices.Clone(f.r.members),
	}
	if f.floor.Action == model.Answer {
		rc.floor = f.floor.Text
	}
	winner := rc.run(ctx)
	for _, a := range rc.attempts {
		f.trace.Attempts = append(f.trace.Attempts, a.snapshot())
	}
	if winner == nil {
		if rc.gone != nil || ctx.Err() != nil && !errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
			return Outcome{Step: HandedOff, Reason: BecauseAbandoned, Confidence: f.ask.Sure}
		}
		return f.fallBack(rc.why(), rc.attempts)
	}
	f.trace.Chosen = winner.Engine.Name()
	m := Message{Engine: winner.Engine.Name(), Text: strings.TrimSpace(winner.shown.String()), Cited: winner.result.Cited}
	if winner.err != nil {
		return f.afterCut(winner, m)
	}
	if len(m.Cited) == 0 {
		m.Cited = []string{f.ask.Chunks[0].ID}
	}
	if f.keep && winner.sum >= f.ask.Thresholds.Answer {
		f.r.c.Cache.put(f.key, m, winner.sum)
	}
	return Outcome{Step: Answered, Reason: BecauseEngine, Messages: []Message{m}, Confidence: winner.sum}
}

// afterCut goes on after an answer that broke off when a part of it had been shown: in a message of its own.
func (f *flow) afterCut(a *attempt, m Message) Outcome {
	m.Cut, m.Text = true, strings.TrimSpace(a.shown.String()[:a.told])
	o := Outcome{Step: Answered, Reason: BecauseCut, Messages: []Message{m}, Confidence: f.ask.Sure}
	next := Message{Engine: local.Name, Cited: f.floor.Cited, Text: local.Say(f.ask.Language).Instead + "\n\n" + f.floor.Text}
	if f.floor.Action != model.Answer {
		o.Step, o.Summary = HandedOff, f.summary(BecauseCut)
		next.Text, next.Cited = local.Say(f.ask.Language).Person, nil
	}
	if f.sink(1, next.Text) == nil {
		o.Messages = append(o.Messages, next)
	}
	return o
}

// why is the reason for going on without any engine.
func (rc *race) why() Reason {
	why := BecauseDown
	if rc.broke && len(rc.attempts) == 0 {
		return BecauseBudget
	}
	for _, a := range rc.attempts {
		switch a.trace.Verdict {
		case "refused", "unsupported":
			return BecauseRefused
		case "proposed":
			why = BecauseDeclined
		}
	}
	return why
}

// fallBack does what is done without engines: the local answer if the evidence is good, a choice if it is fair, or a person.
func (f *flow) fallBack(why Reason, attempts []*attempt) Outcome {
	switch f.ask.Thresholds.Decide(f.ask.Sure) {
	case confidence.Answer:
		if f.floor.Action == model.Answer {
			return f.local(why)
		}
	case confidence.Clarify:
		if f.ask.Clarified >= mostClarified {
			return f.handOff(BecauseAsked)
		}
		if text, buttons := f.choice(attempts); len(buttons) > 0 {
			o := f.say(BecauseUnsure, f.ask.Sure, Message{Engine: local.Name, Text: text})
			o.Step, o.Buttons = Clarified, buttons
			return o
		}
	}
	return f.handOff(why)
}

// local says what the local engine has.
func (f *flow) local(why Reason) Outcome {
	f.trace.Attempts[0].Verdict, f.trace.Chosen = "chosen", local.Name
	return f.say(why, f.ask.Sure, Message{Engine: local.Name, Text: f.floor.Text, Cited: f.floor.Cited})
}

// say shows a message that is whole.
func (f *flow) say(why Reason, p float64, m Message) Outcome {
	_ = f.sink(0, m.Text) // if nobody reads it any longer, it is an outcome all the same
	return Outcome{Step: Answered, Reason: why, Messages: []Message{m}, Confidence: p}
}

func (f *flow) handOff(why Reason) Outcome {
	words := local.Say(f.ask.Language)
	text := words.Person
	if why == BecauseUnknown {
		text = words.Unknown
	}
	o := f.say(why, f.ask.Sure, Message{Engine: local.Name, Text: text})
	o.Step, o.Summary = HandedOff, f.summary(why)
	return o
}

// headings are what the chunks are about, each once.
func (f *flow) headings() []string {
	var out []string
	for _, c := range f.ask.Chunks {
		h := c.Heading
		if i := strings.LastIndex(h, " > "); i >= 0 && !c.Question {
			h = h[i+3:]
		}
		if h == "" {
			h = c.Title
		}
		if h = fitting(strings.TrimSpace(f.plain(h))); h != "" && !slices.Contains(out, h) {
			out = append(out, h)
		}
	}
	return out
}

// fitting is a heading as a button has room for it. What is left out of it is told by "…", by which it is found again.
func fitting(h string) string {
	if utf8.RuneCountInString(h) <= model.MaxButton {
		return h
	}
	return strings.TrimSpace(string([]rune(h)[:model.MaxButton-1])) + "…"
}

// plain is a text as a button may show it: no links, no markup.
func (f *flow) plain(s string) string {
	g := filter.NewGate(filter.NewAllowed(&model.Question{}, nil), f.ask.Secrets)
	head, err := g.Write(s)
	tail, err2 := g.Close()
	if errors.Join(err, err2) != nil {
		return ""
	}
	return strings.NewReplacer("\n", " ", "*", "", "`", "", "#", "").Replace(head + tail)
}

// choice is what a visitor is asked: what an engine proposes if that stands in the chunks, else their headings.
func (f *flow) choice(attempts []*attempt) (string, []string) {
	which := local.Say(f.ask.Language).Which
	for _, a := range attempts {
		if a.trace.Verdict != "proposed" || a.result.Action != model.Clarify {
			continue
		}
		proof := newEvidence(&f.ask.Question)
		var buttons []string
		for _, b := range a.result.Buttons {
			if b = strings.TrimSpace(f.plain(b)); b != "" && proof.has(b) && !slices.Contains(buttons, b) {
				buttons = append(buttons, b)
			}
		}
		if len(buttons) > 1 {
			return which, buttons[:min(len(buttons), model.MaxButtons)]
		}
	}
	h := f.headings()
	return which, h[:min(len(h), model.MaxButtons)]
}

func (f *flow) summary(why Reason) *Summary {
	return &Summary{Question: f.ask.Text, Intent: f.ask.Intent, Why: string(why), Found: f.headings()}
}

// finish completes the trace.
func (f *flow) finish(o *Outcome) {
	f.trace.Step, f.trace.Reason, f.trace.Took = o.Step, o.Reason, time.Since(f.from)
	o.Trace = f.trace
}
