package worker

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// unanswered are the reasons that say that the knowledge lacks something.
var unanswered = map[string]bool{"unknown": true, "unsure": true, "asked": true, "refused": true, "own_choice": true, "no_engine": true}

// maxQuestion is how much of a question is noted, in bytes.
const maxQuestion = 1000

// clip cuts a text to so many bytes, at a character's border.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}

// Digits that a number may have without saying who asks: in a row, and with spaces and the like between them. A product's number and a year have no more.
const (
	mostRow  = 4
	mostLong = 6
)

// masked is what stands for a number that may say who asks: the same for all, so that a question is the same whoever's order it is about.
const masked = "×××"

// impersonal is a question without what may say who asks: everybody who looks after the knowledge reads the list of what nobody could answer. Numbers that
// may do so are masked. One with an address is not listed at all, as most likely there is a name beside it, nor one that has no words: it is empty.
func impersonal(s string) string {
	if strings.ContainsAny(s, "@＠") || !strings.ContainsFunc(s, unicode.IsLetter) {
		return ""
	}
	var b strings.Builder
	for s != "" {
		at := strings.IndexFunc(s, unicode.IsDigit)
		if at < 0 {
			break
		}
		n, digits, row := number(s[at:])
		b.WriteString(s[:at])
		if digits > mostLong || row > mostRow {
			b.WriteString(masked)
		} else {
			b.WriteString(s[at : at+n])
		}
		s = s[at+n:]
	}
	b.WriteString(s)
	return b.String()
}

// number measures the number that a text begins with, with what people write between digits: its bytes up to the last digit, its digits, and the most of
// them in a row.
func number(s string) (n, digits, most int) {
	row := 0
	for i, r := range s {
		switch {
		case unicode.IsDigit(r):
			digits++
			row++
			n, most = i+utf8.RuneLen(r), max(most, row)
		case strings.ContainsRune(" -./()\u00a0", r):
			row = 0
		default:
			return n, digits, most
		}
	}
	return n, digits, most
}
