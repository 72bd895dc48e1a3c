package guard

import (
	_ "embed" // the list
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Reason says why a person must answer.
type Reason string

// The reasons. None says that a model may try.
const (
	None   Reason = ""
	Human  Reason = "human"  // asks for a person
	Anger  Reason = "anger"  // has had enough
	Legal  Reason = "legal"  // lawyers, courts, regulators, the press
	Safety Reason = "safety" // somebody is hurt or in danger
	Fraud  Reason = "fraud"  // stolen accounts and money
)

// MaxLength is how many characters of a question a model sees.
const MaxLength = 2000

//go:embed phrases.txt
var phrases string

type rule struct {
	reason Reason
	re     *regexp.Regexp
}

// rules is the list, compiled: lines "reason: regular expression", where a space in an expression stands for any run of spaces and
// "~" for up to three words or eight Chinese characters. Expressions that begin with a letter begin at a word's border.
var rules = sync.OnceValue(func() []rule {
	var out []rule
	for line := range strings.Lines(phrases) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		reason, expr, _ := strings.Cut(line, ": ")
		ascii := expr[0] < utf8.RuneSelf && !strings.ContainsAny(expr, "的我你人") && isASCII(expr)
		if ascii {
			expr = strings.ReplaceAll(expr, "~", `(?:\S+ ){0,3}`)
			expr = `\b(?:` + expr + `)\b`
		} else {
			expr = strings.ReplaceAll(expr, "~", `[^。！？!?,，]{0,8}`)
		}
		out = append(out, rule{Reason(reason), regexp.MustCompile(expr)})
	}
	return out
})

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// Check says whether a person must answer. The first reason of the list counts.
//
// Safe for concurrent use.
func Check(text string) Reason {
	text = fold(Cap(text))
	for _, r := range rules() {
		if r.re.MatchString(text) {
			return r.reason
		}
	}
	return None
}

// fold makes one form of what is written in many: case, width, apostrophes, spaces.
func fold(text string) string {
	text = strings.ToLower(norm.NFKC.String(text))
	text = strings.NewReplacer("’", "'", "‘", "'", "`", "'", "can't", "cannot", "won't", "will not", "n't", " not").Replace(text)
	return strings.Join(strings.Fields(text), " ")
}

// Cap cuts a text to MaxLength characters.
func Cap(text string) string {
	n := 0
	for i := range text {
		if n == MaxLength {
			return text[:i]
		}
		n++
	}
	return text
}
