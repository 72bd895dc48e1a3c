package eval

import (
	"github.com/uniqchat/uniqchat/ai/confidence"
	"github.com/uniqchat/uniqchat/ai/knowledge"
	"github.com/uniqchat/uniqchat/ai/model"
	"github.com/uniqchat/uniqchat/ai/router"
)

// Evidence of which the shipped model makes much, and something.
var (
	Sure = confidence.Evidence{
		Words: 1, Grams: .9, Concepts: 1, Heading: .8, Body: .7, Score: 2, Margin: 1, Share: .9, HeadingMargin: .3, Agreement: 1, Inside: 1, SameIntent: .8,
	}
	Unsure = confidence.Evidence{Grams: .5, Concepts: .6, Heading: .5, Body: .5, Margin: .3, Share: .5, Agreement: .6, Inside: 1, SameIntent: .3}
)

// Truth is an answer that the chunk of Returns supports.
const Truth = "You can return goods within 30 days. Send them in their box, and the refund is paid within five working days."

// Returns is a question about returning goods, as a router gets it: with a chunk that answers it, and one beside it.
func Returns(e confidence.Evidence) router.Ask {
	a := router.Ask{Tenant: "t1", Knowledge: "v1", Intent: "return", Evidence: e}
	a.Text, a.Language = "Can I return goods?", "en"
	for i, c := range []knowledge.Chunk{
		{Heading: "Returns", Text: "You can return goods within 30 days of delivery. Send them in their box. The refund is paid within five working days after we have them."},
		{Heading: "Exchanges", Text: "Goods can be exchanged within 30 days."},
	} {
		c.ID, c.Document = []string{"c1", "c2"}[i], "d1"
		a.Chunks = append(a.Chunks, model.Chunk{Chunk: &c, Score: float64(2 - i)})
	}
	return a
}
