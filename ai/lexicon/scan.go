package lexicon

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/uniqchat/uniqchat/ai/han"
)

// token is a word, or one Chinese character.
type token struct {
	text string // folded; a word of letters in its own form
	stem string
	han  bool
}

// scan cuts a text into words and Chinese characters, traditional ones as simplified.
func scan(text string) []token {
	text = han.Simplified(strings.ToLower(norm.NFKC.String(text)))
	var out []token
	from := -1
	end := func(at int) {
		if from >= 0 {
			w := text[from:at]
			out = append(out, token{text: w, stem: Stem(w)})
			from = -1
		}
	}
	for i, r := range text {
		switch {
		case unicode.Is(unicode.Han, r):
			end(i)
			out = append(out, token{text: string(r), stem: string(r), han: true})
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r):
			if from < 0 {
				from = i
			}
		default:
			end(i)
		}
	}
	end(len(text))
	return out
}

// key is what a phrase is looked up by: stems, with spaces between words and none between Chinese characters.
func key(tokens []token) string {
	var b strings.Builder
	for i, t := range tokens {
		if i > 0 && !(t.han && tokens[i-1].han) {
			b.WriteByte(' ')
		}
		b.WriteString(t.stem)
	}
	return b.String()
}

// full leaves out English words that may stand inside of any phrase: "send it back" is "send back".
func full(tokens []token) []token {
	out := tokens[:0]
	for _, t := range tokens {
		switch t.text {
		case "a", "an", "the", "it", "this", "that", "these", "those", "them", "my", "your", "our", "some", "me":
		default:
			out = append(out, t)
		}
	}
	return out
}
