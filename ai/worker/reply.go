package worker

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/uniqchat/uniqchat/chat"
)

// giveUp brings in a person for a question that could not be answered though it was tried often enough, or that there is no time for.
func (j *job) giveUp(ctx context.Context, why string) (result, error) {
	return j.handOver(ctx, chat.BotReply{HandOff: true, Why: why, Lines: []chat.BotLine{
		{Body: body(map[string]any{"text": j.w.o.AI.Apology(j.asked)})},
		noteLine(&chat.AISummary{Why: why, Wants: []string{clip(j.asked.Text, maxQuestion)}, Language: j.w.o.AI.Language(j.asked)}),
	}})
}

// handOver gives a question to people that the AI was not asked. It leaves a trace like every other.
func (j *job) handOver(ctx context.Context, r chat.BotReply) (result, error) {
	a := chat.AIAnswer{Outcome: chat.AIHandedOff, Reason: r.Why}
	for i := range r.Lines {
		if l := &r.Lines[i]; l.Visibility == chat.Public {
			a.Messages = append(a.Messages, lineText(l))
		}
	}
	a.Trace = j.w.o.AI.Unasked(j.Tenant, j.asked, a)
	traced := j.trace(ctx, &a, traceWait) == nil
	got, err := j.reply(ctx, r)
	if got == "" && err == nil {
		got = handedOff
	}
	j.note(ctx, &a, got, traced)
	return got, err
}

// tries is how often an append is tried of which nothing is known, or that met a busy log.
const tries = 3

// reply appends, if the job is still this worker's and the conversation still the bot's. Without a result or an error it is done.
func (j *job) reply(ctx context.Context, r chat.BotReply) (result, error) {
	r.Question, r.Retry = j.asked.Message, j.Attempt > 1
	tried := 0 // appends of which nothing is known
	end := func(got result, err error) (result, error) {
		if tried > 0 && j.wasSaid(ctx, &r) {
			return "", nil
		}
		return got, err
	}
	for {
		still, err := j.w.o.Store.KeepBotJob(ctx, j.BotJob, time.Now().Add(j.w.o.Lease))
		switch {
		case ctx.Err() != nil:
			return end(stopped, context.Cause(ctx))
		case err != nil:
			return end(failed, err)
		case !still:
			return end(overtaken, nil)
		}
		r.Version = j.head.Version
		err = j.w.o.Desk.Reply(ctx, j.bot, j.Conversation, r)
		var e *chat.Error
		switch {
		case err == nil:
			return "", nil
		case errors.As(err, &e) && e.Name == chat.BotAnswered:
			if len(r.Lines) > 0 && r.Lines[0].Part != partGreeting && !j.wasSaid(ctx, &r) && !j.doubt {
				j.over = true
				return overtaken, nil // by another worker, in words of its own
			}
			return "", nil
		case errors.As(err, &e) && e.Name == chat.BotOvertaken:
			if r, err := j.lookAgain(ctx); r != "" || err != nil {
				return end(r, err)
			}
		case gone(err):
			return dropped, nil
		default:
			if tried++; tried >= tries || ctx.Err() != nil {
				return end(failed, err)
			}
			r.Retry = true
			select {
			case <-ctx.Done():
			case <-time.After(200 * time.Millisecond):
			}
		}
	}
}

// lookAgain finds out whether a conversation that has changed is still the bot's: a label changes nothing, a person or a close does. What the rows say
// of the job holds once they have caught up.
func (j *job) lookAgain(ctx context.Context) (result, error) {
	c, err := j.w.o.Desk.Conversation(ctx, j.bot, j.Conversation)
	switch {
	case gone(err):
		return dropped, nil
	case err != nil:
		return failed, err
	case c.Status != chat.WithBot:
		return overtaken, nil
	}
	j.head = c.Head
	return "", nil
}

// sureWait is how long the log is asked whether something was said.
const sureWait = time.Second

// wasSaid asks the log whether a reply stands in the conversation, in the words that it has: another worker may have answered the question in others.
// Of one without words it is the hand-off that is looked for. j.doubt is set if nobody can say.
func (j *job) wasSaid(ctx context.Context, r *chat.BotReply) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sureWait)
	defer cancel()
	_, err := j.w.o.Desk.HeadNow(ctx, j.bot, j.Conversation)
	var all []chat.Message
	if err == nil {
		all, _, err = j.w.o.Desk.Messages(ctx, j.bot, j.Conversation, chat.Page{Newest: true, Limit: entries})
	}
	if err != nil {
		j.doubt = !gone(err)
		return false
	}
	for i := range all {
		m := &all[i]
		if len(r.Lines) == 0 {
			var c chat.Change
			if m.Role == chat.RoleSystem && json.Unmarshal(m.Body, &c) == nil && c.Event == chat.EventHandoff && c.By == j.bot.User && m.Seq > j.head.Last {
				return true
			}
			continue
		}
		l := &r.Lines[0]
		if text := textOf(m); m.ID == chat.BotMessageID(j.Key, r.Question, l.Part) {
			return text == "" || text == lineText(l) // what was recalled has no words any more
		}
	}
	return false
}

// lineText is what people can read in a line.
func lineText(l *chat.BotLine) string {
	return textOf(&chat.Message{Kind: l.Kind, Body: l.Body})
}
