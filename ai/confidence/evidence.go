package confidence

import (
	"math"

	"github.com/uniqchat/uniqchat/ai/intent"
	"github.com/uniqchat/uniqchat/ai/knowledge"
)

// Evidence is what speaks for and against the best hit. All numbers are raw: none depends on how other questions did.
type Evidence struct {
	Words, Grams, Concepts float64 // shares of the question that the chunk covers
	Heading, Body          float64 // cosines
	Score, Margin          float64 // the weighted sum, and by how much it is larger than the next
	Agreement              float64 // of the ways of looking, the share that likes this chunk best
	Inside                 float64 // how sure the built-in intents are that a shop is asked
	Specific               float64 // probability that the question is about one product, which a base of rules seldom knows
	Known                  float64 // how near the question is to any built-in sentence
}

// Collect reads the evidence off hits, best first (five are enough), and the built-in intents' answer. Without hits it is all zeros.
func Collect(hits []knowledge.Hit, a intent.Answer) Evidence {
	var e Evidence
	if len(hits) == 0 {
		return e
	}
	h := hits[0]
	e = Evidence{
		Words: float64(h.Words), Grams: float64(h.Grams), Concepts: float64(h.Concepts), Heading: float64(h.Heading), Body: float64(h.Body),
		Score: float64(h.Score), Margin: float64(h.Score), Known: a.Known, Inside: 1,
	}
	if len(hits) > 1 {
		e.Margin -= float64(hits[1].Score)
	}
	best := h
	for _, o := range hits[1:] {
		best.Words, best.Grams, best.Concepts = max(best.Words, o.Words), max(best.Grams, o.Grams), max(best.Concepts, o.Concepts)
		best.Heading, best.Body = max(best.Heading, o.Heading), max(best.Body, o.Body)
	}
	for _, won := range []bool{h.Words >= best.Words, h.Grams >= best.Grams, h.Concepts >= best.Concepts, h.Heading >= best.Heading, h.Body >= best.Body} {
		if won {
			e.Agreement += .2
		}
	}
	for i, l := range a.Labels {
		switch l {
		case intent.Other:
			e.Inside -= a.Probabilities[i]
		case intent.Product:
			e.Specific = a.Probabilities[i]
		}
	}
	return e
}

// size is how many numbers a model looks at, with the constant.
const size = 12

// numbers are the evidence as the model sees it. The first is the constant.
func (e Evidence) numbers() [size]float64 {
	return [size]float64{1, e.Words, e.Grams, e.Concepts, e.Heading, e.Body, e.Score, math.Sqrt(max(0, e.Margin)), e.Agreement, e.Inside, e.Specific, e.Known}
}
