package eval

import (
	"context"
	"errors"
	"fmt"

	"github.com/uniqchat/uniqchat/ai/bot"
	"github.com/uniqchat/uniqchat/ai/eval/suite"
	"github.com/uniqchat/uniqchat/ai/knowledge"
	"github.com/uniqchat/uniqchat/chat"
)

// shopChunks is what the demo shop knows.
func (r *Runner) shopChunks() (chunks []knowledge.Chunk, err error) {
	if len(r.Shop) == 0 {
		return nil, errors.New("the demo shop's texts are not there")
	}
	for _, p := range r.Shop {
		format, known := knowledge.FormatOf(p.Name)
		if !known {
			return nil, fmt.Errorf("%s: its name doesn't say how it is written", p.Name)
		}
		_, sections, err := knowledge.Read(format, p.Text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.Name, err)
		}
		chunks = append(chunks, knowledge.Split(p.Name, p.Title, sections)...)
	}
	return chunks, nil
}

// tally counts ranks.
type tally struct{ n, first, five int }

func (c *tally) add(rank int) {
	c.n++
	if rank == 1 {
		c.first++
	}
	if rank > 0 {
		c.five++
	}
}

// followUps asks the project's own follow-ups of the demo shop's bot, with what was said before and without, and likewise questions of their own.
func (r *Runner) followUps(ctx context.Context) ([]Metric, error) {
	chunks, err := r.shopChunks()
	if err != nil {
		return nil, err
	}
	b, done, err := r.bot(ctx, chunks)
	if err != nil {
		return nil, err
	}
	defer done()
	follow := r.ranks(ctx, b, suite.FollowUps())
	own := r.ranks(ctx, b, suite.Standalone())
	var out []Metric
	for _, row := range []struct {
		name   string
		counts [2]tally
	}{
		{"all", follow["all"]},
		{"tune", follow["tune"]},
		{"kept back", follow["kept"]},
		{"en", follow["en"]},
		{"zh", follow["zh"]},
		{"questions of their own", own["all"]},
	} {
		for i, how := range []string{"with the turns before", "without them"} {
			c := row.counts[i]
			name := fmt.Sprintf("%s, %s: ", row.name, how)
			out = append(out,
				Metric{Set: "follow-ups", Name: name + "R@1", Value: percent(c.first, c.n), Unit: "%", N: c.n, Note: fmt.Sprintf("%d of %d", c.first, c.n)},
				Metric{Set: "follow-ups", Name: name + "R@5", Value: percent(c.five, c.n), Unit: "%", N: c.n, Note: fmt.Sprintf("%d of %d", c.five, c.n)})
		}
	}
	return out, nil
}

// ranks counts at which place the bot finds the wanted chunk, with the turns before and without, by half and by language.
func (r *Runner) ranks(ctx context.Context, b *bot.Bot, rows []suite.FollowUp) map[string][2]tally {
	rank := func(v suite.FollowUp, turns bool) (int, *bot.Trace) {
		in := bot.Input{Tenant: chat.NewID[chat.Tenant](), Text: v.Text, Locale: v.Lang}
		for _, t := range v.Turns {
			if turns {
				in.Turns = append(in.Turns, bot.Turn{Who: bot.Who(t.Who), Text: t.Text})
			}
		}
		trace, place := b.Answer(ctx, in, nil).Trace, 0
		for _, c := range trace.Chunks {
			if c.Left != "" {
				continue
			}
			if place++; c.Heading == v.Want {
				return place, trace
			}
		}
		return 0, trace
	}
	out := map[string][2]tally{}
	for _, v := range rows {
		without, _ := rank(v, false)
		with, trace := rank(v, true)
		c := trace.Context
		r.Log("%s %s with %d without %d: %s (%s, used %v: %.2f alone, %.2f with)", v.Half, v.Lang, with, without, v.Text, c.Mark, c.Used, c.Alone, c.With)
		for _, key := range []string{v.Half, v.Lang, "all"} {
			two := out[key]
			two[0].add(with)
			two[1].add(without)
			out[key] = two
		}
	}
	return out
}
