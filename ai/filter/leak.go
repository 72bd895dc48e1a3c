package filter

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"unicode"

	"github.com/uniqchat/uniqchat/ai/model"
	"github.com/uniqchat/uniqchat/ai/prompt"
)

// What stops an answer.
var (
	ErrLeak    = errors.New("it tells a part of its instructions")
	ErrForeign = errors.New("it has an id that stands in none of its texts")
)

const (
	gram    = 10 // characters of a secret: fewer are a coincidence
	passage = 48 // letters and digits of the instructions
)

// leaks watches for secrets, however they are spaced out.
//
// Not safe for concurrent use.
type leaks struct {
	secrets []string // folded
	folded  strings.Builder
}

func newLeaks(s model.Secrets) *leaks {
	l := &leaks{}
	for _, secret := range []string{s.Canary, s.Fence} {
		if len(secret) < gram {
			continue
		}
		for _, form := range []string{secret, reverse(secret), rot13(secret), hex.EncodeToString([]byte(secret)), base64.StdEncoding.EncodeToString([]byte(secret))} {
			l.secrets = append(l.secrets, fold(form))
		}
	}
	return l
}

func reverse(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}

func rot13(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return 'a' + (r-'a'+13)%26
		}
		return r
	}, s)
}

// fold keeps letters and digits, without case and width.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if r = visible(r); r < 0 || !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, s)
}

var rules = fold(prompt.Rules())

// add takes the next part of an answer.
func (l *leaks) add(s string) error {
	before := l.folded.Len()
	l.folded.WriteString(fold(s))
	all := l.folded.String()
	for i := max(0, before-passage); i < len(all); i++ {
		if g := all[i:min(len(all), i+gram)]; len(g) == gram && slices.ContainsFunc(l.secrets, func(s string) bool { return strings.Contains(s, g) }) {
			return ErrLeak
		}
		if p := all[i:min(len(all), i+passage)]; len(p) == passage && strings.Contains(rules, p) {
			return ErrLeak
		}
	}
	return nil
}

// recent is the end of a text that comes in parts: long enough for an id.
type recent string

// foreign takes the next part and reports whether there is an id now that must not be.
func (r *recent) foreign(a *Allowed, s string) bool {
	all := string(*r) + a.unlinked(strings.Map(visible, s))
	*r = recent(strings.ToValidUTF8(all[max(0, len(all)-60):], ""))
	return a.foreign(all)
}
