package local

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/uniqchat/uniqchat/ai/han"
	"github.com/uniqchat/uniqchat/ai/knowledge"
	"github.com/uniqchat/uniqchat/ai/lexicon"
	"github.com/uniqchat/uniqchat/ai/model"
	"github.com/uniqchat/uniqchat/chat/text"
)

// Name is the engine's.
const Name = "local"

// Engine answers from chunks. It implements model.Engine; the zero Engine is ready.
//
// Safe for concurrent use.
type Engine struct{}

// Name implements model.Engine.
func (Engine) Name() string { return Name }

// Bounds of an answer, in characters, and what is unsure. A chunk is as likely right as Question.Sure says; below unsure the engine doesn't say it.
const (
	maxAnswer = 420
	unsure    = .3
)

// Answer implements model.Engine: the best chunk's sentences that say most about the question, in their order. The text comes as one piece.
func (Engine) Answer(ctx context.Context, q *model.Question, piece func(string) error) (model.Result, error) {
	if err := ctx.Err(); err != nil {
		return model.Result{}, err
	}
	say := Say(q.Language)
	if len(q.Chunks) == 0 || q.Sure < unsure {
		return model.Result{Text: say.Unknown, Action: model.HandOff}, nil
	}
	c := q.Chunks[0]
	body := pick(c.Chunk, q.Text)
	if body == "" {
		return model.Result{Text: say.Unknown, Action: model.HandOff}, nil
	}
	if of, asked := languageOf(body), base(q.Language); (asked == "zh" || asked == "en") && of != "" && of != asked {
		body = fmt.Sprintf(say.Other, say.Language[of]) + "\n" + body
	}
	res := model.Result{Text: body, Action: model.Answer, Cited: []string{c.ID}}
	if piece != nil {
		if err := piece(body); err != nil {
			return model.Result{}, err
		}
	}
	return res, nil
}

// base is the language of a tag.
func base(tag string) string {
	b, _, _ := strings.Cut(strings.ToLower(tag), "-")
	return b
}

// someChinese is from which share of Chinese characters on a text is Chinese.
const someChinese = .2

// languageOf is the language of a text, if it is one that the package has words for; else it is empty.
func languageOf(s string) string {
	if lexicon.Chinese(s) > someChinese {
		return "zh"
	}
	letters, latin := 0, 0
	for _, r := range s {
		switch {
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z':
			latin++
			letters++
		case r >= 0x80 && r < 0x2000 || r >= 0x3040:
			letters++
		}
	}
	if letters > 0 && float64(latin)/float64(letters) > .97 {
		return "en"
	}
	return ""
}

// pick takes the sentences of a chunk that answer. The answer to a question of a table is taken whole as far as there is room.
func pick(c *knowledge.Chunk, question string) string {
	sentences := knowledge.Sentences(c.Text)
	if len(sentences) == 0 {
		return ""
	}
	from, to := 0, len(sentences)
	if !c.Question && utf8.RuneCountInString(c.Text) > maxAnswer {
		from, to = window(sentences, weigh(question))
	}
	var b strings.Builder
	n := 0
	for _, s := range sentences[from:to] {
		m := utf8.RuneCountInString(s)
		if n > 0 && n+m > maxAnswer {
			break
		}
		n += m
		b.WriteString(s)
	}
	return tidy(b.String())
}

// window finds the sentences that stand together, have room in an answer, and have most of what was asked. Of equal ones the first counts.
func window(sentences []string, asked map[string]float64) (from, to int) {
	weights := make([]map[string]float64, len(sentences))
	for i, s := range sentences {
		weights[i] = weigh(s)
	}
	best := -1.0
	for i := range sentences {
		n, seen, score := 0, map[string]bool{}, 0.0
		for j := i; j < len(sentences); j++ {
			if n += utf8.RuneCountInString(sentences[j]); j > i && n > maxAnswer {
				break
			}
			gain := 0.0
			for w := range weights[j] {
				if !seen[w] {
					seen[w] = true
					gain += asked[w]
				}
			}
			// What comes first is what is meant; what adds nothing is only taken to end a thought.
			score += gain / (1 + .1*float64(j-i))
			if score > best+1e-9 {
				best, from, to = score, i, j+1
			}
		}
	}
	return from, min(len(sentences), max(to, from+2))
}

// weigh is the stems and concepts of a text, concepts counting for more.
func weigh(s string) map[string]float64 {
	out := map[string]float64{}
	var t text.Scanner
	for t.Reset(han.Simplified(s)); t.Next(); {
		if t.Kind != text.End {
			out[lexicon.Stem(string(t.Text()))] = 1
		}
	}
	for _, c := range lexicon.Find(nil, s) {
		out[fmt.Sprint("#", c)] = 2
	}
	return out
}

// tidy makes lines of what came in a document: no space at their ends, and not more than one empty one.
func tidy(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimSpace(l)
	}
	return strings.TrimSpace(strings.Join(slices.CompactFunc(lines, func(a, b string) bool { return a == "" && b == "" }), "\n"))
}
