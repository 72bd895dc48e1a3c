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
	hits, err := l.ask(e.index, q.Question, q.Limit)
	if err != nil {
		return out, err
	}
	for _, h := range hits {
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

// ask asks one index. What has nothing in common with the question is no hit.
func (l *Library) ask(x *knowledge.Index, question string, k int) ([]knowledge.Hit, error) {
	q := knowledge.Query{Text: question}
	if x.Embedder() != "" && x.Embedder() == l.EmbedderName { // vectors of others are not compared
		e, err := l.embedder()
		if err != nil {
			return nil, err
		}
		q.Vector = make([]float32, e.Dims())
		e.One(q.Vector, question)
	}
	hits := x.Search(q, k)
	for i := range hits {
		if hits[i].Score <= 0 {
			return hits[:i], nil
		}
	}
	return hits, nil
}
