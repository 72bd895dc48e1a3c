package bot

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/uniqchat/uniqchat/ai/router"
	"github.com/uniqchat/uniqchat/chat"
)

// better is by how much more likely an answer must be with the question before for a message that doesn't look like a follow-up to be taken as one.
const better = .1

// context is the third step, whether the message follows another one, and the fourth, retrieval: the two can't be told apart, as evidence decides where
// the form doesn't.
func (f *flow) context(ctx context.Context) error {
	if button, about := pick(f.text, f.in.Turns); button != "" {
		return f.clicked(ctx, button, about)
	}
	t := &f.trace.Context
	t.Mark = markOf(f.asked)
	question, said := before(f.in.Turns, func(s string) bool { return smallTalk(s) != "" })
	f.step("context", string(t.Mark))

	self := look{f.asked, 1}
	if question != "" && t.Mark != Alone { // both will be looked at
		if err := f.search(ctx, append(f.looks(question, said), self)...); err != nil {
			return err
		}
	}
	alone, err := f.find(ctx, f.asked, self)
	if err != nil {
		return err
	}
	f.found, t.Alone = alone, alone.sure
	if question != "" && (t.Mark != Alone || alone.sure < f.in.Settings.Thresholds.Clarify) {
		if err := f.follow(ctx, question, said); err != nil {
			return err
		}
	}
	f.retrieved()
	return nil
}

// looks are the ways of looking with the question before.
func (f *flow) looks(question, said string) []look {
	looks := []look{{content(f.asked), shareAlone}, {question + "\n" + f.asked, shareJoined}}
	if !sameLanguage(question, f.asked) {
		looks[1].text = question // one text in two languages is read as one of them
	}
	if said != "" {
		looks = append(looks, look{said, shareSaid})
	}
	return looks
}

// follow looks with the question before, and takes what it finds where the form asks for it or the evidence is better.
func (f *flow) follow(ctx context.Context, question, said string) error {
	t := &f.trace.Context
	joined := question + "\n" + f.asked
	with, err := f.find(ctx, joined, f.looks(question, said)...)
	if err != nil {
		return err
	}
	t.With, t.Of = with.sure, question
	switch t.Mark {
	case Strong:
		t.Used = true
	case Weak:
		t.Used = with.sure >= t.Alone
	default:
		t.Used = with.sure >= t.Alone+better
	}
	if !t.Used {
		return nil
	}
	if alone := f.found; alone.sure > with.sure && len(with.hits) > 0 && alone.hits[0].Chunk == with.hits[0].Chunk {
		with.evidence, with.sure = alone.evidence, alone.sure // the message alone says enough
	}
	f.found, f.asked = with, joined
	return nil
}

// clicked looks for what a button names: the visitor has said what is meant, and of that only the chunks with this heading are.
func (f *flow) clicked(ctx context.Context, button, about string) error {
	t := &f.trace.Context
	t.Clicked, t.Used, t.Of = true, about != "", about
	f.step("context", "a button")
	looks := []look{{button, 1}}
	if f.asked = button; about != "" {
		f.asked = about + "\n" + button
		looks = append(looks, look{about, shareSaid})
	}
	var err error
	if f.found, err = f.find(ctx, f.asked, looks...); err != nil {
		return err
	}
	meant := slices.DeleteFunc(slices.Clone(f.found.hits), func(h chat.KnowledgeHit) bool { return !named(h, button) })
	if f.trace.Context.Clicked = len(meant) > 0; f.trace.Context.Clicked { // else it is gone since it was offered
		f.found.hits = meant
		f.b.judge(&f.found, f.asked)
	}
	f.retrieved()
	return nil
}

// named reports whether a button's words are a chunk's: its question, the last of its headings, or its document's title; or, if the button had no room for all
// of them, what they begin with.
func named(h chat.KnowledgeHit, button string) bool {
	heading := h.Heading
	if i := strings.LastIndex(heading, " > "); i >= 0 && !h.Question {
		heading = heading[i+3:]
	}
	words, said := chat.FoldQuestion(cmp.Or(heading, h.Title)), chat.FoldQuestion(button)
	return strings.EqualFold(words, said) || strings.HasSuffix(button, "…") && strings.HasPrefix(strings.ToLower(words), strings.ToLower(said))
}

// retrieved ends the fourth step.
func (f *flow) retrieved() {
	t := f.trace
	t.Knowledge, t.Chunks, t.Evidence, t.Sure = f.found.version, f.found.trace(), f.found.evidence, f.found.sure
	why := "alone"
	if t.Context.Used {
		why = "with the question before"
	}
	f.step("retrieve", why)
}

// sources are the hits that messages cite.
func (b *Bot) sources(ctx context.Context, tenant chat.TenantID, hits []chat.KnowledgeHit, messages []router.Message) []Source {
	var out []Source
	for _, m := range messages {
		for _, id := range m.Cited {
			for _, h := range hits {
				if h.Chunk == id && !has(out, id) {
					out = append(out, b.source(ctx, tenant, h))
				}
			}
		}
	}
	return out
}

func has(sources []Source, chunk string) bool {
	for _, s := range sources {
		if s.Chunk == chunk {
			return true
		}
	}
	return false
}

func (b *Bot) source(ctx context.Context, tenant chat.TenantID, h chat.KnowledgeHit) Source {
	s := Source{Chunk: h.Chunk, Document: h.Document, Title: h.Title, Heading: h.Heading}
	if b.c.URL != nil {
		s.URL = b.c.URL(ctx, tenant, h.Document)
	}
	return s
}
