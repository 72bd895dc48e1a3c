package bot

import (
	"cmp"
	"context"
	"slices"

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
// of testdata/followups.jsonl that is named tune.
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

// find looks for chunks in some ways at once. Their raw scores are added up by shares: each says how much of its text a chunk has, so a chunk that has what
// the message says and what it is about comes first. evidence is collected for asked.
func (b *Bot) find(ctx context.Context, in *Input, language, asked string, looks ...look) (found, error) {
	var f found
	at, whole := map[string]int{}, 0.0
	for _, l := range looks {
		whole += l.share
	}
	for _, l := range looks {
		a, err := b.c.Knowledge.Search(ctx, in.Tenant, chat.KnowledgeQuery{Question: l.text, Limit: asks, Conversation: in.Conversation})
		if err != nil {
			return f, err
		}
		f.version = a.Version
		for _, h := range a.Hits {
			i, is := at[h.Chunk]
			if !is {
				i = len(f.hits)
				at[h.Chunk] = i
				f.hits = append(f.hits, chat.KnowledgeHit{Chunk: h.Chunk, Document: h.Document, Title: h.Title, Heading: h.Heading, Text: h.Text, Question: h.Question})
			}
			add(&f.hits[i], h, l.share/whole)
		}
	}
	slices.SortStableFunc(f.hits, func(a, b chat.KnowledgeHit) int { return cmp.Compare(b.Score, a.Score) })
	f.leaveOut()
	f.prefer(language)
	b.judge(&f, asked)
	return f, nil
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
