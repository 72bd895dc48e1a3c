package bot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/uniqchat/uniqchat/ai/confidence"
	"github.com/uniqchat/uniqchat/ai/guard"
	"github.com/uniqchat/uniqchat/ai/intent"
	"github.com/uniqchat/uniqchat/ai/knowledge"
	"github.com/uniqchat/uniqchat/ai/model"
	"github.com/uniqchat/uniqchat/ai/router"
	"github.com/uniqchat/uniqchat/chat"
)

// Numbers of chunks: asked for, and passed on.
const (
	asks  = 20
	shown = 5
)

// Shares of what a follow-up is looked up by: the message, it together with the question before it, and what was said to that. Chosen on the half
// of the follow-ups (ai/eval/suite) that is named tune.
const (
	shareAlone  = 1
	shareJoined = .5
	shareSaid   = .3
)

// preferred is by how much a chunk in another language must be better than the best in the visitor's.
const preferred = 1.25

// found is what retrieval has for a question.
type found struct {
	version  int64
	hits     []chat.KnowledgeHit // best first
	left     []router.ChunkTrace // what nobody is to see
	evidence confidence.Evidence
	sure     float64
}

// look is one way of looking, with its share.
type look struct {
	text  string
	share float64
}

// search asks the knowledge for what some looks look for, side by side: each may have to wait for its text's vector. What was asked before is not asked again.
func (f *flow) search(ctx context.Context, looks ...look) error {
	var texts []string
	for _, l := range looks {
		if _, is := f.answers[l.text]; !is && !slices.Contains(texts, l.text) {
			texts = append(texts, l.text)
		}
	}
	answers := make([]chat.KnowledgeAnswer, len(texts))
	err := sideBySide(ctx, len(texts), func(ctx context.Context, i int) (err error) {
		answers[i], err = f.b.c.Knowledge.Search(ctx, f.in.Tenant, chat.KnowledgeQuery{Question: texts[i], Limit: asks, Conversation: f.in.Conversation})
		return err
	})
	if err != nil {
		return err
	}
	if f.answers == nil {
		f.answers = make(map[string]chat.KnowledgeAnswer)
	}
	for i, text := range texts {
		f.answers[text] = answers[i]
	}
	return nil
}

// errPanic ends what stands beside a panic.
var errPanic = errors.New("panic")

// sideBySide calls a function for 0 to n-1. The first error ends the others; a panic is the caller's.
func sideBySide(ctx context.Context, n int, call func(ctx context.Context, i int) error) error {
	if n == 1 {
		return call(ctx, 0)
	}
	var once sync.Once
	var panicked any
	g, ctx := errgroup.WithContext(ctx)
	for i := range n {
		g.Go(func() (err error) {
			defer func() {
				if p := recover(); p != nil {
					once.Do(func() { panicked = fmt.Sprintf("%v\n%s", p, debug.Stack()) })
					err = errPanic
				}
			}()
			return call(ctx, i)
		})
	}
	err := g.Wait()
	if panicked != nil {
		panic(panicked)
	}
	return err
}

// find looks for chunks in some ways at once. Their raw scores are added up by shares: each says how much of its text a chunk has, so a chunk that has what
// the message says and what it is about comes first. evidence is collected for asked.
func (f *flow) find(ctx context.Context, asked string, looks ...look) (found, error) {
	var out found
	if err := f.search(ctx, looks...); err != nil {
		return out, err
	}
	at, whole := map[string]int{}, 0.0
	for _, l := range looks {
		whole += l.share
	}
	for _, l := range looks {
		a := f.answers[l.text]
		out.version = a.Version
		for _, h := range a.Hits {
			i, is := at[h.Chunk]
			if !is {
				i = len(out.hits)
				at[h.Chunk] = i
				out.hits = append(out.hits, chat.KnowledgeHit{Chunk: h.Chunk, Document: h.Document, Title: h.Title, Heading: h.Heading, Text: h.Text, Question: h.Question})
			}
			add(&out.hits[i], h, l.share/whole)
		}
	}
	slices.SortStableFunc(out.hits, func(a, b chat.KnowledgeHit) int { return cmp.Compare(b.Score, a.Score) })
	out.leaveOut()
	out.prefer(f.language)
	f.b.judge(&out, asked)
	return out, nil
}

// add adds a share of what speaks for a hit.
func add(to *chat.KnowledgeHit, h chat.KnowledgeHit, share float64) {
	to.Score += share * h.Score
	to.Words += share * h.Words
	to.Parts += share * h.Parts
	to.Concepts += share * h.Concepts
	to.HeadingVector += share * h.HeadingVector
	to.TextVector += share * h.TextVector
}

// leaveOut takes out chunks that speak to machines: what is left is judged as if they were not there.
func (f *found) leaveOut() {
	f.hits = slices.DeleteFunc(f.hits, func(h chat.KnowledgeHit) bool {
		bad := guard.Suspicious(h.Title + "\n" + h.Heading + "\n" + h.Text)
		if bad != "" && len(f.left) < shown {
			f.left = append(f.left, traceOf(h, "it speaks to machines: "+bad))
		}
		return bad != ""
	})
}

// prefer takes out chunks in another language where one in the visitor's is about as good: a base often has the same in both.
func (f *found) prefer(language string) {
	l, best := base(language), 0.0
	if l != "zh" && l != "en" {
		return
	}
	for _, h := range f.hits {
		if languageOf(h.Text, "") == l {
			best = max(best, h.Score)
		}
	}
	f.hits = slices.DeleteFunc(f.hits, func(h chat.KnowledgeHit) bool {
		return languageOf(h.Text, "") != l && h.Score < best*preferred
	})
}

// judge says how likely the best hit answers.
func (b *Bot) judge(f *found, asked string) {
	f.hits = f.hits[:min(len(f.hits), shown)]
	if len(f.hits) == 0 {
		return
	}
	hits := make([]knowledge.Hit, len(f.hits))
	for i, h := range f.hits {
		hits[i] = knowledge.Hit{
			Score: float32(h.Score), Words: float32(h.Words), Grams: float32(h.Parts), Concepts: float32(h.Concepts),
			Heading: float32(h.HeadingVector), Body: float32(h.TextVector),
		}
	}
	f.evidence = confidence.Collect(hits, b.builtin(asked), b.builtin(f.hits[0].Heading))
	f.sure = b.c.Model.Probability(f.evidence)
}

// builtin is what the built-in intents say of a text.
func (b *Bot) builtin(text string) intent.Answer {
	return b.c.Builtin.Classify(text, VectorOf(b.c.Embedder, text))
}

// chunks are the hits as engines see them.
func (f *found) chunks() []model.Chunk {
	out := make([]model.Chunk, len(f.hits))
	for i, h := range f.hits {
		out[i] = model.Chunk{
			Chunk: &knowledge.Chunk{ID: h.Chunk, Document: h.Document.String(), Title: h.Title, Heading: h.Heading, Text: h.Text, Question: h.Question}, Score: h.Score,
		}
	}
	return out
}

// trace is the hits as traces have them.
func (f *found) trace() []router.ChunkTrace {
	var out []router.ChunkTrace
	for _, h := range f.hits {
		out = append(out, traceOf(h, ""))
	}
	return append(out, f.left...)
}

func traceOf(h chat.KnowledgeHit, left string) router.ChunkTrace {
	return router.ChunkTrace{ID: h.Chunk, Document: h.Document.String(), Heading: h.Heading, Score: h.Score, Left: left}
}
