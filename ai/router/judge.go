package router

import (
	"math"
	"slices"
	"strings"

	"github.com/uniqchat/uniqchat/ai/han"
	"github.com/uniqchat/uniqchat/ai/lexicon"
	"github.com/uniqchat/uniqchat/ai/model"
	"github.com/uniqchat/uniqchat/chat/text"
)

// Features are what speaks for and against an engine's answer. What the engine thinks of it is not among them.
type Features struct {
	Retrieval float64 `json:"retrieval"` // how likely the best chunk answers
	Support   float64 `json:"support"`   // share of the answer that the chunks say, too
	Agreement float64 `json:"agreement"` // with the other engines' answers, the local one's included
	Cites     bool    `json:"cites"`     // it names the best chunk as a source
	History   float64 `json:"history"`   // share of the engine's calls that went well lately
}

// probability is how likely an answer is right. The weights were chosen by hand: a well supported answer makes an unsure chunk good enough,
// and nothing makes up for an answer that the chunks don't say.
func (f Features) probability() float64 {
	p := min(max(f.Retrieval, .01), .99)
	z := math.Log(p/(1-p)) + 3*(f.Support-.6) + (f.Agreement - .5) + (f.History - .9)
	if f.Cites {
		z += .5
	}
	if f.Support < supported {
		z -= 3
	}
	return 1 / (1 + math.Exp(-z))
}

// supported is which share of an answer's words must stand in the chunks. Below it, it says something else.
const supported = .45

// evidence is the chunks of a question, to hold answers against.
type evidence struct {
	words    map[string]bool
	concepts map[uint16]bool
	chinese  bool
}

func newEvidence(q *model.Question) *evidence {
	e := &evidence{words: map[string]bool{}, concepts: map[uint16]bool{}}
	var all strings.Builder
	for _, c := range q.Chunks {
		all.WriteString(c.Passage())
		all.WriteByte('\n')
	}
	for _, w := range content(all.String()) {
		e.words[w] = true
	}
	for _, c := range lexicon.Find(nil, all.String()) {
		e.concepts[c] = true
	}
	e.chinese = len(q.Chunks) > 0 && lexicon.Chinese(q.Chunks[0].Text) > .2
	return e
}

// few is how many words are too few to begin to show an answer on: the whole of a short one is held against the chunks all the same.
const few = 4

// support is the share of an answer's words that the chunks have; known is false if there are too few. In another language than the chunks'
// concepts and numbers are compared, which is less, and is weighed as less.
func (e *evidence) support(answer string) (share float64, known bool) {
	if e.chinese != (lexicon.Chinese(answer) > .2) {
		return e.across(answer)
	}
	words := content(answer)
	if len(words) == 0 {
		return 1, false // "yes"
	}
	n := 0
	for _, w := range words {
		if e.words[w] {
			n++
		}
	}
	return float64(n) / float64(len(words)), len(words) >= few
}

func (e *evidence) across(answer string) (float64, bool) {
	all, n := 0, 0
	for _, c := range lexicon.Find(nil, answer) {
		all++
		if e.concepts[c] {
			n++
		}
	}
	for _, w := range content(answer) {
		if w[0] >= '0' && w[0] <= '9' {
			all++
			if !e.words[w] {
				return .3, all > 1 // a number is the same in every language
			}
			n++
		}
	}
	switch {
	case n == 0:
		return .4, false
	case all < 2:
		return .5, false
	}
	return .9 * float64(n) / float64(all), true
}

// has reports whether half of a few words stand in the chunks.
func (e *evidence) has(s string) bool {
	words, n := content(s), 0
	for _, w := range words {
		if e.words[w] {
			n++
		}
	}
	return 2*n >= len(words) && n > 0
}

// stop are words that say nothing about what is said.
var stop = func() map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(`a an and are as at be been but by can could do does for from had has have how i if in is it its just may me my no not of on or our so some such than that the
		their them then there they this to up us was we what when where which who will with would you your please yes sure sorry also any all`) {
		m[lexicon.Stem(w)] = true
	}
	return m
}()

// content is a text's words without those that say nothing, each as often as it stands there.
func content(s string) []string {
	var out []string
	var t text.Scanner
	for t.Reset(han.Simplified(s)); t.Next(); {
		if t.Kind == text.End {
			continue
		}
		if w := lexicon.Stem(string(t.Text())); !stop[w] && w != "" {
			out = append(out, w)
		}
	}
	return out
}

// alike is how much two answers say the same: the words that both have, of those that the shorter has.
func alike(a, b string) float64 {
	x, y := content(a), content(b)
	slices.Sort(x)
	slices.Sort(y)
	x, y = slices.Compact(x), slices.Compact(y)
	if len(x) > len(y) {
		x, y = y, x
	}
	if len(x) == 0 {
		return .5
	}
	n := 0
	for _, w := range x {
		if _, ok := slices.BinarySearch(y, w); ok {
			n++
		}
	}
	return float64(n) / float64(len(x))
}
