package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/uniqchat/uniqchat/ai/confidence"
	"github.com/uniqchat/uniqchat/ai/guard"
	"github.com/uniqchat/uniqchat/ai/intent"
	"github.com/uniqchat/uniqchat/ai/local"
	"github.com/uniqchat/uniqchat/ai/model"
	"github.com/uniqchat/uniqchat/ai/router"
	"github.com/uniqchat/uniqchat/chat"
)

// flow is one message on its way.
type flow struct {
	b     *Bot
	in    *Input
	sink  router.Sink
	trace *Trace
	from  time.Time
	mark  time.Time // when the step began

	whole     string // what was written, without what nobody sees
	text      string // what is asked: the end of it, if it is longer than may be
	language  string
	clarified int
	builtin   string // the built-in intent: what is never kept for others goes by it, whatever the tenant's are called
	asked     string // what is looked for: the message, with its context where it has one
	found     found
	answers   map[string]chat.KnowledgeAnswer // of the knowledge, by what it was asked
}

// Answer makes an outcome of a message. It always returns one: whatever fails is told by its reason and its trace. What the visitor may see goes into sink
// while it is made; sink may be nil. The settings of in must be valid.
func (b *Bot) Answer(ctx context.Context, in Input, sink router.Sink) Outcome {
	if sink == nil {
		sink = func(int, string) error { return nil }
	}
	withDefaults(&in.Settings)
	f := b.newFlow(&in, sink)
	o := f.run(ctx)
	f.step("outcome", string(o.Reason))
	o.Language, o.Trace = f.language, f.trace
	f.trace.Step, f.trace.Reason, f.trace.Took = o.Step, o.Reason, time.Since(f.from)
	return o
}

func (b *Bot) newFlow(in *Input, sink router.Sink) *flow {
	now := time.Now()
	f := &flow{b: b, in: in, sink: sink, from: now, mark: now}
	f.whole = strings.TrimSpace(strings.Map(func(r rune) rune {
		if guard.Invisible(r) {
			return -1
		}
		return r
	}, in.Text))
	f.text = guard.Cap(f.whole)
	f.asked = f.text
	f.language = speaks(f.text, in.Turns, in.Locale)
	turns := 0
	for _, t := range in.Turns {
		if len(t.Buttons) > 0 && t.Who == Machine {
			turns++
		}
	}
	f.clarified = max(in.Clarified, turns)
	f.trace = &Trace{
		Tenant: in.Tenant, Conversation: in.Conversation, Message: in.Message, At: now, Question: f.text, Language: f.language,
		Context: ContextTrace{Mark: Alone},
	}
	return f
}

// step ends a step and begins the next.
func (f *flow) step(name, why string) {
	now := time.Now()
	f.trace.Steps = append(f.trace.Steps, StepTrace{name, f.mark.Sub(f.from), now.Sub(f.mark), why})
	f.mark = now
}

func (f *flow) run(ctx context.Context) Outcome {
	if o, done := f.guard(); done {
		return o
	}
	if o, done := f.intent(ctx); done {
		return o
	}
	if err := f.context(ctx); err != nil {
		f.step("retrieve", err.Error())
		if ctx.Err() != nil {
			return Outcome{Step: Silent, Reason: router.BecauseAbandoned}
		}
		return f.handOff(BecauseBroken)
	}
	if o, done := f.bounds(); done {
		return o
	}
	return f.route(ctx)
}

// guard is the first step: who has the conversation, and what only a person may answer.
func (f *flow) guard() (Outcome, bool) {
	why, end := "", router.Reason("")
	s := &f.in.Settings
	switch {
	case f.in.People == Joined:
		end = BecausePerson
	case !s.OnDuty(f.in.Open):
		end = BecauseOffDuty
	}
	if end != "" {
		f.step("guard", string(end))
		return Outcome{Step: Silent, Reason: end}, true
	}
	if len(f.text) < len(f.whole) {
		why = fmt.Sprintf("only the last %d characters were read", guard.MaxLength)
	}
	f.trace.Guard = guard.Check(f.whole)
	switch {
	case f.trace.Guard != guard.None:
		f.step("guard", strings.TrimSpace(string(f.trace.Guard)+" "+why))
		return f.handOff(guarded(f.trace.Guard)), true
	case f.text == "":
		f.step("guard", "no words")
		return f.handOff(BecauseWordless), true // a picture, most likely
	case !strings.ContainsFunc(f.text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '?' || r == '？' }):
		f.step("guard", "no words")
		return Outcome{Step: Silent, Reason: BecauseWordless}, true
	}
	f.step("guard", why)
	return Outcome{}, false
}

// guarded is why what the guard holds back is handed off.
func guarded(why guard.Reason) router.Reason {
	if why == guard.Human {
		return BecauseHuman
	}
	return router.BecauseGuard
}

// From which probability on an intent alone decides: that a person is wanted, and that a message is small talk.
const (
	sureHuman = .8
	sureTalk  = .5
)

// intent is the second step: what the message wants.
func (f *flow) intent(ctx context.Context) (Outcome, bool) {
	w := f.want(ctx)
	t := &f.trace.Intent
	*t, f.builtin = w.IntentTrace, w.Builtin.Label
	f.step("intent", fmt.Sprintf("%s %.2f", t.Label, t.Probability))
	if w.AsksForPerson() {
		f.trace.Guard = guard.Human
		return f.handOff(BecauseHuman), true
	}
	talk := smallTalk(f.text)
	if talk == "" && !t.Own && t.Probability >= sureTalk && brief(f.text) {
		talk = t.Label
	}
	switch talk {
	case acknowledged:
		return Outcome{Step: Silent, Reason: BecauseNoted}, true
	case intent.Greeting:
		return f.talk(BecauseGreeting, f.greeting()), true
	case intent.Thanks:
		return f.talk(BecauseThanks, wordsOf(f.language).Thanks), true
	case intent.Goodbye:
		return f.talk(BecauseGoodbye, wordsOf(f.language).Goodbye), true
	}
	switch s := &f.in.Settings; {
	case len(s.Languages) > 0 && !slices.ContainsFunc(s.Languages, func(l string) bool { return base(l) == base(f.language) }):
		return f.handOff(BecauseLanguage), true
	case matches(s.Avoid, t.Label, f.text):
		return f.handOff(BecauseTopic), true
	}
	f.asked = withoutHello(f.text)
	return f.act(&w)
}

// talk answers small talk. While people are on their way, it is for them.
func (f *flow) talk(why router.Reason, text string) Outcome {
	if f.in.People != Nobody {
		return Outcome{Step: Silent, Reason: why}
	}
	return f.say(Answered, why, text, 1)
}

// say shows a message of the bot's own.
func (f *flow) say(s Step, why router.Reason, text string, p float64) Outcome {
	_ = f.sink(0, text) // if nobody reads it any longer, it is an outcome all the same
	return Outcome{Step: s, Reason: why, Messages: []router.Message{{Engine: local.Name, Text: text}}, Confidence: p}
}

// handOff gives the conversation to people. Where they have it already, nothing is said.
func (f *flow) handOff(why router.Reason) Outcome {
	if f.in.People != Nobody {
		return Outcome{Step: Silent, Reason: BecauseWaiting}
	}
	text := local.Say(f.language).Person
	if why == router.BecauseUnknown {
		text = local.Say(f.language).Unknown
	}
	w := wordsOf(f.language)
	if f.trace.Guard == guard.Safety {
		text = w.Danger + " " + text
	}
	if !f.in.Open {
		text += " " + w.Away
	}
	o := f.say(HandedOff, why, text, f.found.sure)
	o.Summary = f.b.summary(f.in, f.language, f.trace.Intent.Label, why, f.found.hits)
	return o
}

// bounds holds the question against the tenant's topics, and keeps quiet while people are on their way unless the answer is known.
func (f *flow) bounds() (Outcome, bool) {
	s := &f.in.Settings
	t := confidence.Thresholds(s.Thresholds)
	if f.in.People == Waiting && t.Decide(f.found.sure) != confidence.Answer {
		return Outcome{Step: Silent, Reason: BecauseWaiting, Confidence: f.found.sure}, true
	}
	if len(s.Topics) == 0 || len(f.found.hits) == 0 {
		return Outcome{}, false
	}
	h := f.found.hits[0]
	if matches(s.Topics, f.trace.Intent.Label, f.asked+"\n"+h.Title+"\n"+h.Heading) {
		return Outcome{}, false
	}
	return f.handOff(BecauseTopic), true
}

// route has the router answer, and makes its outcome ours.
func (f *flow) route(ctx context.Context) Outcome {
	s := &f.in.Settings
	ask := router.Ask{
		Tenant: f.in.Tenant.String(), Intent: f.builtin, Evidence: f.found.evidence,
		Clarified: f.clarified + mostClarify - *s.Clarify, Thresholds: confidence.Thresholds(s.Thresholds),
	}
	if f.trace.Context.Clicked {
		ask.Thresholds.Answer = ask.Thresholds.Clarify // the visitor has said what is meant: whoever chose is not asked again
	}
	if f.found.version > 0 {
		ask.Knowledge = fmt.Sprint(f.found.version)
	}
	ask.Text, ask.Language, ask.Tone, ask.Chunks = f.text, f.language, s.Tone, f.found.chunks()
	if f.trace.Context.Clicked {
		ask.Text = f.asked // a heading alone says little to an engine
	}
	for _, t := range f.in.Turns {
		ask.Turns = append(ask.Turns, model.Turn{Visitor: t.Who == Visitor, Text: t.Text})
	}
	o := f.b.c.Router(f.in.Tenant).Answer(ctx, ask, f.sink)
	f.trace.Router = o.Trace
	f.step("route", string(o.Reason))
	out := Outcome{Reason: o.Reason, Messages: o.Messages, Confidence: o.Confidence}
	switch {
	case o.Reason == router.BecauseAbandoned:
		return Outcome{Step: Silent, Reason: o.Reason, Messages: o.Messages}
	case o.Step == router.Answered:
		out.Step, out.Sources = Answered, f.b.sources(ctx, f.in.Tenant, f.found.hits, o.Messages)
	case o.Step == router.Clarified:
		out.Step, out.Buttons = Clarified, o.Buttons[:min(len(o.Buttons), model.MaxButtons)]
	default:
		out.Step, out.Summary = HandedOff, f.b.summary(f.in, f.language, f.trace.Intent.Label, o.Reason, f.found.hits)
		if !f.in.Open {
			f.add(&out, wordsOf(f.language).Away)
		}
	}
	return out
}

// add says one more message.
func (f *flow) add(o *Outcome, text string) {
	if f.sink(len(o.Messages), text) == nil {
		o.Messages = append(o.Messages, router.Message{Engine: local.Name, Text: text})
	}
}
