package guard

import (
	_ "embed" // the list
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/uniqchat/uniqchat/ai/han"
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

// MaxLength is how many characters of a question a model sees: its last ones.
const MaxLength = 2000

//go:embed phrases.txt
var phrases string

type rule struct {
	reason Reason
	re     *regexp.Regexp
}

// rules is the list, compiled. In an English expression "~" stands for up to three words, in a Chinese one for up to eight characters
// of the same sentence; English expressions begin and end where words do.
var rules = sync.OnceValue(func() []rule {
	var out []rule
	for line := range strings.Lines(phrases) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		reason, expr, _ := strings.Cut(line, ": ")
		if isASCII(expr) {
			expr = strings.ReplaceAll(expr, "~", `(?:\S+ ){0,3}`)
			expr = `\b(?:` + expr + `)(?:\b|$)`
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

// Check says whether a person must answer. The first reason of the list counts. It looks at all of the text, however long: what a model does not see of it
// counts as well.
//
// Safe for concurrent use.
func Check(text string) Reason {
	text = fold(text)
	for _, r := range rules() {
		if r.re.MatchString(text) {
			return r.reason
		}
	}
	return None
}

// Forms of the same words, and a word that is no other though it begins like one.
var (
	apostrophes = strings.NewReplacer("’", "'", "‘", "'", "`", "'")
	short       = strings.NewReplacer("can't", "cannot", "won't", "will not", "n't", " not", "人工智能", "ai", "人工智慧", "ai")
)

// fold makes one form of what is written in many: case, width, traditional and simplified characters, apostrophes, spaces.
func fold(text string) string {
	text = short.Replace(apostrophes.Replace(han.Simplified(strings.ToLower(norm.NFKC.String(text)))))
	return strings.Join(strings.Fields(text), " ")
}

// near is how many characters more are left out of a text that is too long, for it to begin with a line or a sentence.
const near = 200

// Cap keeps at most the last MaxLength characters of a text: who writes on and on comes to the point at the end. Where a line or a sentence begins near
// the cut, it begins there.
func Cap(text string) string {
	n, from := utf8.RuneCountInString(text), 0
	if n <= MaxLength {
		return text
	}
	for ; n > MaxLength; n-- {
		_, size := utf8.DecodeRuneInString(text[from:])
		from += size
	}
	kept := text[from:]
	before, _ := utf8.DecodeLastRuneInString(text[:from])
	cut, seen := 0, 0
	for i, r := range kept {
		if seen++; seen > near || before == '\n' {
			break
		}
		switch {
		case r == '\n':
			return strings.TrimSpace(kept[i:])
		case cut == 0 && (strings.ContainsRune("。！？；", before) || unicode.IsSpace(r) && strings.ContainsRune(".!?;", before)):
			cut = i
		}
		before = r
	}
	return strings.TrimSpace(kept[cut:])
}
