package library

import (
	"context"

	"github.com/uniqchat/uniqchat/ai/knowledge"
	"github.com/uniqchat/uniqchat/chat"
)

// Search implements chat.KnowledgeBase.
func (l *Library) Search(ctx context.Context, tenant chat.TenantID, q chat.KnowledgeQuery) (chat.KnowledgeAnswer, error) {
	b, err := l.book(ctx, tenant, q.Conversation)
	if err != nil {
		return chat.KnowledgeAnswer{}, err
	}
	l.searches.Inc()
	e := b.Value.of(q.Conversation)
	out := chat.KnowledgeAnswer{Version: e.version}
	if e.index == nil {
		return out, nil
	}
	for _, h := range ask(e.index, knowledge.Query{Text: q.Question, Vector: l.vectorOf(ctx, e.index, q.Question)}, q.Limit) {
		c := e.index.Chunk(h.Chunk)
		id, err := chat.ParseID[chat.Document](c.Document)
		if err != nil {
			continue // every chunk is of a document
		}
		out.Hits = append(out.Hits, chat.KnowledgeHit{
			Chunk: c.ID, Document: id, Title: c.Title, Heading: c.Heading, Text: c.Text, Question: c.Question, Score: float64(h.Score),
			Words: float64(h.Words), Parts: float64(h.Grams), Concepts: float64(h.Concepts), HeadingVector: float64(h.Heading), TextVector: float64(h.Body),
		})
	}
	return out, nil
}

// vectorOf is a question's vector for an index; nil if it has to do without.
func (l *Library) vectorOf(ctx context.Context, x *knowledge.Index, question string) []float32 {
	if x.Embedder() == "" {
		return nil
	}
	return l.asked.of(ctx, x.Embedder(), question)
}

// ask asks one index. What has nothing in common with the question is no hit.
func ask(x *knowledge.Index, q knowledge.Query, k int) []knowledge.Hit {
	hits := x.Search(q, k)
	for i := range hits {
		if hits[i].Score <= 0 {
			return hits[:i]
		}
	}
	return hits
}
