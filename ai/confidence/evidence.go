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
	Score                  float64 // the weighted sum
	Margin                 float64 // by how much it is larger than the next
	Share                  float64 // the best hit's part of all hits' exp(score/spread)
	HeadingMargin          float64 // by how much the heading is nearer than any other's; negative if it is not the nearest
	Agreement              float64 // of the ways of looking, the share that likes this chunk best
	Inside                 float64 // how sure the built-in intents are that a shop is asked
	Specific               float64 // probability that the question is about one product, which a base of rules seldom knows
	SameIntent             float64 // probability that question and heading want the same, by the built-in intents
	ConceptLead            float64 // by how much Concepts is more than the other hits' mean
}

// spread of scores in Share.
const spread = .15

// Collect reads the evidence off hits, best first (five are enough), and off what the built-in intents say about the question and about
// the best hit's heading. Without hits it is all zeros.
func Collect(hits []knowledge.Hit, question, heading intent.Answer) Evidence {
	var e Evidence
	if len(hits) == 0 {
		return e
	}
	h := hits[0]
	e = Evidence{
		Words: float64(h.Words), Grams: float64(h.Grams), Concepts: float64(h.Concepts), Heading: float64(h.Heading), Body: float64(h.Body),
		Score: float64(h.Score), Margin: float64(h.Score), HeadingMargin: float64(h.Heading), Inside: 1,
	}
	if len(hits) > 1 {
		e.Margin -= float64(hits[1].Score)
	}
	var best knowledge.Hit
	sum := 1.0
	e.ConceptLead = e.Concepts
	for _, o := range hits[1:] {
		e.ConceptLead -= float64(o.Concepts) / 4
		best.Words, best.Grams, best.Concepts = max(best.Words, o.Words), max(best.Grams, o.Grams), max(best.Concepts, o.Concepts)
		best.Heading, best.Body = max(best.Heading, o.Heading), max(best.Body, o.Body)
		sum += math.Exp(float64(o.Score-h.Score) / spread)
	}
	e.Share = 1 / sum
	e.HeadingMargin -= float64(best.Heading)
	for _, won := range []bool{h.Words >= best.Words, h.Grams >= best.Grams, h.Concepts >= best.Concepts, h.Heading >= best.Heading, h.Body >= best.Body} {
		if won {
			e.Agreement += .2
		}
	}
	for i, l := range question.Labels {
		switch l {
		case intent.Other:
			e.Inside -= question.Probabilities[i]
		case intent.Product:
			e.Specific = question.Probabilities[i]
		}
		if i < len(heading.Probabilities) {
			e.SameIntent += question.Probabilities[i] * heading.Probabilities[i]
		}
	}
	return e
}

// size is how many numbers a model looks at, with the constant.
const size = 13

// numbers are the evidence as the model sees it. The first is the constant.
func (e Evidence) numbers() [size]float64 {
	return [size]float64{
		1, e.Grams, e.Concepts, e.Heading, e.Body, math.Sqrt(max(0, e.Margin)), e.Share, e.HeadingMargin, e.Agreement, e.Inside, e.Specific,
		math.Sqrt(e.SameIntent), e.ConceptLead,
	}
}
