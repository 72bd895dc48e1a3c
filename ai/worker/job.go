package worker

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// job is one attempt to answer.
type job struct {
	chat.BotJob
	w *Worker

	bot     *chat.Actor
	hello   chat.Bilingual  // its greeting
	head    chat.Head       // as it was looked at
	asked   chat.AIQuestion // its Message is what is answered: the job's or, if that was recalled, one before it
	greeted bool
	answers map[chat.MessageID]bool // what the bot has said, to whatever was asked, also what was recalled
	stream  *stream
	doubt   bool // something may have been said, and nobody can say whether
	over    bool // the question has an answer, another worker's
}

// entries is how much of a conversation is looked at.
const entries = 200

// partGreeting is a greeting's place among what is said to a question.
const partGreeting = 255

// partNote is that of the note for those who take over.
const partNote = 254

// attempt answers a question, if there still is one.
func (w *Worker) attempt(ctx context.Context, j *job) (result, error) {
	s := w.o.Desk.Settings(ctx, j.Tenant).Bot()
	switch {
	case !s.Enabled && j.Attempt < w.o.Attempts:
		return failed, errors.New("the bot is off") // or this node has not heard yet that it is on
	}
	j.bot, j.hello = chat.BotActor(j.Tenant, s.Name), s.Greeting
	switch open, err := j.read(ctx); {
	case gone(err):
		return dropped, nil
	case err != nil:
		return failed, err
	case !open:
		return dropped, nil
	}
	if !s.Enabled {
		return j.handOver(ctx, chat.BotReply{HandOff: true, Why: "off"})
	}
	if j.Attempt > w.o.Attempts {
		return j.giveUp(ctx, "failed")
	}
	if w.o.Rests != nil && w.o.Rests() {
		return j.giveUp(ctx, "busy")
	}
	j.stream = newStream(ctx, j)
	said := false
	defer func() { j.stream.end(said) }()
	j.typing(ctx, true)
	defer j.typing(ctx, false)
	if r, err := j.greet(ctx); err != nil || r != "" {
		return r, err
	}
	a, err := w.o.AI.Answer(ctx, j.Tenant, j.asked, j.stream.piece)
	switch {
	case ctx.Err() != nil:
		return stopped, context.Cause(ctx)
	case err != nil:
		return failed, err
	case a.Reason == reasonBroken && j.Attempt < w.o.Attempts:
		return failed, errors.New("the knowledge can't be asked")
	case a.Reason == reasonAbandoned:
		return overtaken, nil
	}
	if still, err := w.o.Store.KeepBotJob(ctx, j.BotJob, time.Now().Add(w.o.Lease)); err == nil && !still {
		j.note(ctx, &a, overtaken, false)
		return overtaken, nil
	}
	j.stream.show(true)
	traced := j.trace(ctx, &a, traceWait) == nil
	r, err := j.say(ctx, &a)
	said = err == nil && r.says()
	j.note(ctx, &a, r, traced)
	return r, err
}

// Reasons of the AI's that mean something here.
const (
	reasonBroken    = "broken"
	reasonAbandoned = "abandoned"
	reasonOffDuty   = "off_duty"
)

// gone reports whether there is no such conversation (any more).
func gone(err error) bool { return errors.Is(err, &chat.Error{Code: chat.NotFound}) }

// read looks at the conversation, and reports whether the question still waits for the bot.
func (j *job) read(ctx context.Context) (open bool, err error) {
	desk := j.w.o.Desk
	if j.head, err = desk.HeadNow(ctx, j.bot, j.Conversation); err != nil || j.head.Status != chat.WithBot {
		return false, err
	}
	all, _, err := desk.Messages(ctx, j.bot, j.Conversation, chat.Page{Newest: true, Limit: entries})
	if err != nil {
		return false, err
	}
	said := chat.Context(all)
	j.answers = make(map[chat.MessageID]bool)
	for i := range all {
		if all[i].Role == chat.RoleBot {
			j.answers[all[i].ID] = true
		}
	}
	for i := range said {
		j.greeted = j.greeted || said[i].Role == chat.RoleBot
	}
	at := j.waits(said)
	if at < 0 {
		return false, nil
	}
	j.asked = chat.AIQuestion{Conversation: j.Conversation, Message: said[at].ID, KeepsTrace: true}
	return true, j.ask(ctx, said[:at+1])
}

// waits is which of what was said waits for an answer: what the job names or, if that was recalled, the visitor's newest text before it. -1: none
// does. It was answered, by a worker who died before it could say so, or all was recalled, or is from before the conversation was closed.
func (j *job) waits(said []chat.Message) int {
	if j.answers[chat.BotMessageID(j.Key, j.Message, 0)] {
		return -1
	}
	at := slices.IndexFunc(said, func(m chat.Message) bool { return m.ID == j.Message })
	if at < 0 {
		for at = len(said) - 1; at >= 0; at-- {
			if m := &said[at]; m.Seq < j.Seq && !j.greets(m) && (m.Role != chat.RoleVisitor || m.Kind == chat.KindText) {
				break
			}
		}
	}
	if at < 0 || said[at].Role != chat.RoleVisitor || j.answered(&said[at]) {
		return -1
	}
	return at
}

// answered reports whether the bot has answered a message, though the answer may have been recalled.
func (j *job) answered(m *chat.Message) bool { return j.answers[chat.BotMessageID(j.Key, m.ID, 0)] }

// greets reports whether a message is the bot's greeting, which answers nothing.
func (j *job) greets(m *chat.Message) bool {
	text := textOf(m)
	return m.Role == chat.RoleBot && text != "" && (text == j.hello.ZH || text == j.hello.EN)
}

// mostTurn is how many bytes of what was said before are looked at, mostAsked of all lines of a question, the newest of which is looked at in whole:
// somewhere in them a person may be asked for. An engine sees the last 2,000 characters.
const (
	mostTurn  = 6_000
	mostAsked = 64 << 10
)

// ask makes the question of what was said, the question last: of all that the visitor has written since it was answered last, small talk left out.
func (j *job) ask(ctx context.Context, said []chat.Message) error {
	v, err := j.w.o.Store.Visitor(ctx, j.Tenant, j.head.Visitor)
	if err != nil && !gone(err) {
		return err
	}
	j.asked.Locale, j.asked.Attributes = v.Locale, chat.AIAttributes(v.Attributes)
	n := len(said) - 1
	lines := []string{textOf(&said[n])}
	for at, size := n-1, len(lines[0]); at >= 0; at-- {
		m := &said[at]
		if j.greets(m) {
			continue // it stands between what is asked and what is asked besides
		}
		if m.Role != chat.RoleVisitor || m.Kind != chat.KindText || j.answered(m) {
			break
		}
		line := textOf(m)
		if size += len(line); size > mostAsked {
			break
		}
		n = at
		if !j.w.o.AI.Chatter(line) {
			lines = append([]string{line}, lines...)
		}
	}
	j.asked.Text = strings.Join(lines, "\n")
	before := slices.DeleteFunc(slices.Clone(said[:n]), func(m chat.Message) bool { return j.greets(&m) }) // which says nothing of what is spoken of
	j.asked.Turns = chat.AITurns(before)
	for i := range j.asked.Turns {
		t := &j.asked.Turns[i]
		t.Text = clip(t.Text, mostTurn)
	}
	return nil
}

// textOf is what people can read in a message.
func textOf(m *chat.Message) string { return strings.Join(chat.Said(nil, m.Kind, m.Body), "\n") }

// typing tells that the bot is at it. It may be lost.
func (j *job) typing(ctx context.Context, on bool) {
	state := uint8(0)
	if on {
		state = 1
	}
	_ = j.w.o.Desk.Typing(context.WithoutCancel(ctx), j.bot, j.Conversation, state, "", chat.SessionID{})
}

// greet says the tenant's greeting before the bot's first answer. A result ends the attempt.
func (j *job) greet(ctx context.Context) (result, error) {
	if j.greeted {
		return "", nil
	}
	text, err := j.w.o.AI.Greeting(ctx, j.Tenant, j.asked)
	if err != nil {
		j.w.o.Logger.Warn("a bot does not greet", "tenant", j.Tenant, "err", err) // an answer without a greeting is an answer
	}
	if text == "" {
		return "", nil
	}
	return j.reply(ctx, chat.BotReply{Lines: []chat.BotLine{{Part: partGreeting, Body: body(map[string]any{"text": text})}}})
}

// say has the Desk append what came of the question.
func (j *job) say(ctx context.Context, a *chat.AIAnswer) (result, error) {
	r := chat.BotReply{Lines: linesOf(a)}
	done := answered
	switch a.Outcome {
	case chat.AIClarified:
		done = clarified
	case chat.AIHandedOff:
		done = handedOff
		r.HandOff, r.Team, r.Why = true, a.Team, a.Reason
		if a.Summary != nil {
			r.Lines = append(r.Lines, noteLine(a.Summary))
		}
	case chat.AISilent:
		if a.Reason != reasonOffDuty {
			return silent, nil
		}
		done = handedOff // it is people's time
		r.HandOff, r.Why = true, a.Reason
	}
	if got, err := j.reply(ctx, r); got != "" || err != nil {
		return got, err
	}
	return done, nil
}

// traceWait is how long an answer waits for its trace to be kept. If it can't be it is tried once more afterwards: an answer without one is an answer.
const traceWait = time.Second

// trace keeps the trace. It is called before the answer is said: whoever is killed in between leaves a trace of what nobody heard, and not an answer
// that nobody can explain.
func (j *job) trace(ctx context.Context, a *chat.AIAnswer, wait time.Duration) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), wait)
	defer cancel()
	return j.w.o.Store.AddAITrace(ctx, a.Trace)
}

// note tells, in the trace, if something else has become of an answer than was to be, and keeps the question if nobody could answer it.
func (j *job) note(ctx context.Context, a *chat.AIAnswer, r result, traced bool) {
	meant := a.Trace.Outcome
	switch r {
	case failed, stopped:
		if !traced {
			return // the next attempt says more
		}
		if !j.doubt { // else it is left as it is, as that of a worker that was killed is
			a.Trace.Outcome = string(overtaken) // by that one
		}
	case overtaken, dropped:
		if !j.doubt {
			a.Trace.Outcome = string(r)
		}
	}
	var err error
	if !traced || a.Trace.Outcome != meant {
		if err = j.trace(ctx, a, endWait); err != nil && !traced {
			j.w.stats.untraced.Inc()
		}
	}
	open := r == handedOff && unanswered[a.Reason]
	if j.w.o.Asked != nil && r.says() && a.Knowledge > 0 {
		j.w.o.Asked(j.Tenant, a.Knowledge, open)
	}
	if q := impersonal(j.asked.Text); open && q != "" {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endWait)
		defer cancel()
		err = errors.Join(err, j.w.o.Store.NoteUnanswered(ctx, j.Tenant, j.Conversation, clip(q, maxQuestion), time.Now()))
	}
	if err != nil {
		j.w.o.Logger.Warn("what became of a question was not noted", "tenant", j.Tenant, "err", err)
	}
}
