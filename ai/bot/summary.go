package bot

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/uniqchat/uniqchat/ai/confidence"
	"github.com/uniqchat/uniqchat/ai/guard"
	"github.com/uniqchat/uniqchat/ai/han"
	"github.com/uniqchat/uniqchat/ai/knowledge"
	"github.com/uniqchat/uniqchat/ai/model"
	"github.com/uniqchat/uniqchat/ai/router"
	"github.com/uniqchat/uniqchat/chat"
)

// Summary is what a person needs to know who takes over. All of it but Text is taken from the conversation as it stands there.
type Summary = chat.AISummary

// Bounds of a summary. Lengths are in characters.
const (
	mostWants  = 3
	mostTried  = 4
	mostOrders = 5
	mostPoints = 6
	maxLine    = 200
	maxTurn    = 2_000
	mostTurns  = 500
)

// summary is made without any model: a hand-off waits for nothing.
func (b *Bot) summary(in *Input, language, label string, why router.Reason, hits []chat.KnowledgeHit) *Summary {
	turns := append(slices.Clone(in.Turns), Turn{Who: Visitor, Text: guard.Cap(in.Text)})
	s := &Summary{Language: language, Intent: label, Why: string(why), Wants: b.wants(turns), Orders: orders(turns, in.Attributes)}
	for _, t := range in.Turns {
		if t.Who != Machine || smallTalk(t.Text) != "" || own(t.Text) {
			continue
		}
		line := clip(firstSentence(t.Text), maxLine)
		if len(t.Buttons) > 0 {
			line = clip(strings.Join(t.Buttons, " / "), maxLine)
		}
		if line != "" && !slices.Contains(s.Tried, line) {
			s.Tried = append(s.Tried, line)
		}
	}
	s.Tried = s.Tried[max(0, len(s.Tried)-mostTried):]
	for _, h := range hits[:min(len(hits), 3)] {
		heading := h.Heading
		if heading == "" {
			heading = h.Title
		}
		if heading != "" && !slices.Contains(s.Found, heading) {
			s.Found = append(s.Found, clip(heading, maxLine))
		}
	}
	return s
}

// own reports whether a text is the bot's words that say nothing about what was asked.
func own(s string) bool {
	for _, w := range []Words{english, chinese} {
		if s == w.Greeting || s == w.Again || s == w.Thanks || s == w.Goodbye || strings.HasPrefix(s, strings.SplitN(w.Named, "%s", 2)[0]) {
			return true
		}
	}
	return false
}

// wants are the visitor's messages that ask for something: the first, and the last ones. That a person is wanted is told by why.
func (b *Bot) wants(turns []Turn) []string {
	var all []string
	for _, t := range turns {
		text := withoutHello(strings.TrimSpace(t.Text))
		if t.Who != Visitor || !said(text) || smallTalk(text) != "" {
			continue
		}
		if guard.Check(text) == guard.Human && utf8.RuneCountInString(text) < 60 {
			continue
		}
		if line := clip(strings.Join(strings.Fields(text), " "), maxLine); !slices.Contains(all, line) {
			all = append(all, line)
		}
	}
	if len(all) > mostWants {
		all = append(all[:1], all[len(all)-mostWants+1:]...)
	}
	return all
}

func firstSentence(s string) string {
	if all := knowledge.Sentences(s); len(all) > 0 {
		return strings.TrimSpace(all[0])
	}
	return ""
}

// Numbers of orders: after the word, or with a mark or letters before them, or long; not a phone's, not money, not a date.
var (
	afterWord = regexp.MustCompile(`(?i)(?:order|purchase|订单|单号|订单号|运单号|快递单号|tracking)(?: ?(?:number|no\.?|id|nr\.?|号码|号|编号))?(?: is|是|为|:|：|#|＃|\s)*((?:[a-z]{1,5}-?)?\d[\d-]{2,24})`)
	withMark  = regexp.MustCompile(`[#＃] ?((?:[A-Za-z]{1,5}-?)?\d[\d-]{2,24})|\b([A-Z]{1,5}-?\d[\d-]{3,24})\b`)
	longRun   = regexp.MustCompile(`(?:^|[^\w.+¥￥$€£-])(\d{8,20})(?:$|[^\d.])`)
	phone     = regexp.MustCompile(`^(?:86)?1[3-9]\d{9}$`)
	date      = regexp.MustCompile(`^(?:19|20)\d{2}-?(?:0[1-9]|1[0-2])-?(?:[0-2]\d|3[01])$`)
)

// orders are the numbers that the visitor wrote, or that the shop told of it, that look like those of orders.
func orders(turns []Turn, attributes map[string]string) []string {
	var out []string
	add := func(n string) {
		n = strings.Trim(n, "-")
		if n != "" && !date.MatchString(n) && !slices.Contains(out, n) && len(out) < mostOrders {
			out = append(out, n)
		}
	}
	for _, t := range turns {
		if t.Who != Visitor {
			continue
		}
		text := han.Simplified(clip(t.Text, maxTurn))
		for _, m := range afterWord.FindAllStringSubmatch(text, -1) {
			add(m[1])
		}
		for _, m := range withMark.FindAllStringSubmatch(text, -1) {
			add(m[1] + m[2])
		}
		for _, m := range longRun.FindAllStringSubmatch(text, -1) {
			if !phone.MatchString(m[1]) {
				add(m[1])
			}
		}
	}
	for _, key := range []string{"order", "order_id", "order_number"} {
		if n := attributes[key]; len(n) <= 40 {
			add(strings.TrimSpace(n))
		}
	}
	return out
}

// Summary sums up a conversation for an agent, in the agent's language where an engine writes it. in.Turns are all of it; in.Text may be empty. What is taken
// from the conversation is there whatever engines do; if an engine answers in its budget, Text is what it wrote.
func (b *Bot) Summary(ctx context.Context, in Input, agent string) (Summary, *Trace) {
	withDefaults(&in.Settings)
	in.Turns = in.Turns[max(0, len(in.Turns)-mostTurns):]
	f := b.newFlow(&in, nil)
	defer func() { f.trace.Took = time.Since(f.from) }()
	turns := in.Turns
	if in.Text != "" {
		turns = append(slices.Clone(turns), Turn{Who: Visitor, Text: in.Text})
	}
	if w := b.wants(turns); len(w) > 0 {
		f.trace.Question = w[len(w)-1]
		f.trace.Intent.Label = b.builtin(f.trace.Question).Label
	}
	f.step("intent", f.trace.Intent.Label)
	s := b.summary(&in, f.language, f.trace.Intent.Label, "", nil)
	s.Points = points(turns)
	ask := router.Ask{Tenant: in.Tenant.String(), Evidence: given, Clarified: mostClarify}
	ask.Text, ask.Language, ask.Chunks = task, agent, transcript(turns)
	if len(ask.Chunks) > 0 {
		o := b.c.Router(in.Tenant).Answer(ctx, ask, nil)
		f.trace.Router = o.Trace
		f.step("route", string(o.Reason))
		if o.Reason == router.BecauseEngine && len(o.Messages) == 1 {
			s.Text, s.Engine = o.Messages[0].Text, o.Messages[0].Engine
		}
	}
	f.step("outcome", "")
	return *s, f.trace
}

// task is what an engine is asked for a summary. The conversation is the excerpt that its answer must stand in, like any answer's.
const task = "Sum up this conversation for the colleague who takes over, in at most four sentences: what the visitor wants, what was tried, what is open."

// given is the evidence of a text that need not be found.
var given = confidence.Evidence{
	Words: 1, Grams: 1, Concepts: 1, Heading: 1, Body: 1, Score: 3, Margin: 1, Share: 1, HeadingMargin: .3, Agreement: 1, Inside: 1, SameIntent: 1, ConceptLead: 1,
}

// maxPart is how long a part of a transcript is, in characters: an engine sees no more of a chunk.
const maxPart = 1_400

// transcript is a conversation as chunks: its beginning and as much of its end as an engine sees.
func transcript(turns []Turn) []model.Chunk {
	var parts []string
	var b strings.Builder
	n := 0
	for _, t := range turns {
		line := fmt.Sprintf("%s: %s\n", t.Who, clip(strings.Join(strings.Fields(t.Text), " "), maxPart/2))
		if m := utf8.RuneCountInString(line); n > 0 && n+m > maxPart {
			parts, n = append(parts, b.String()), 0
			b.Reset()
		}
		n += utf8.RuneCountInString(line)
		b.WriteString(line)
	}
	if n > 0 {
		parts = append(parts, b.String())
	}
	if len(parts) > model.MaxChunks {
		parts = append(parts[:1], parts[len(parts)-model.MaxChunks+1:]...)
	}
	var out []model.Chunk
	for i, p := range parts {
		out = append(out, model.Chunk{Chunk: &knowledge.Chunk{ID: fmt.Sprintf("part-%d", i+1), Title: "Conversation", Text: p}, Score: 1})
	}
	return out
}

// points are the sentences that together say most of what was spoken of: greedily, those with most of the terms that come up again and again and that no
// sentence before has. The visitor's first question is always among them.
func points(turns []Turn) []string {
	type sentence struct {
		turn  int
		text  string
		terms []string
	}
	var all []sentence
	turnsWith := map[string]float64{}
	first := -1
	for i, t := range turns {
		seen := map[string]bool{}
		for _, s := range knowledge.Sentences(clip(t.Text, maxTurn)) {
			terms := termsOf(s)
			if len(terms) < 2 || smallTalk(s) != "" || t.Who == Machine && own(t.Text) {
				continue
			}
			if first < 0 && t.Who == Visitor {
				first = len(all)
			}
			all = append(all, sentence{i, strings.TrimSpace(s), terms})
			for _, w := range terms {
				if !seen[w] {
					seen[w] = true
					turnsWith[w]++
				}
			}
		}
	}
	covered, chosen := map[string]bool{}, map[int]bool{}
	take := func(i int) {
		chosen[i] = true
		for _, w := range all[i].terms {
			covered[w] = true
		}
	}
	if first >= 0 {
		take(first)
	}
	for len(chosen) < min(mostPoints, len(all)) {
		best, most := -1, 0.0
		for i, s := range all {
			gain := 0.0
			for _, w := range s.terms {
				if !covered[w] {
					gain += turnsWith[w]
				}
			}
			gain /= 4 + float64(len(s.terms))
			if turns[s.turn].Who == Machine {
				gain /= 2
			}
			if !chosen[i] && gain > most {
				best, most = i, gain
			}
		}
		if best < 0 {
			break
		}
		take(best)
	}
	var out []string
	for i, s := range all {
		if chosen[i] {
			out = append(out, fmt.Sprintf("%s: %s", turns[s.turn].Who, clip(s.text, maxLine)))
		}
	}
	return out
}

// termsOf are a sentence's words that say something, each once.
func termsOf(s string) []string {
	var out []string
	for t := scanner(s); t.Next(); {
		w := string(t.Text())
		if r, _ := utf8.DecodeRuneInString(w); little[w] || utf8.RuneCountInString(w) == 1 && !unicode.IsDigit(r) || slices.Contains(out, w) {
			continue
		}
		out = append(out, w)
	}
	return out
}
