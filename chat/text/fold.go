package text

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"
)

// class is what a character does in a text.
type class uint8

const (
	apart  class = iota // between tokens: spaces, punctuation, pictures
	letter              // part of a word
	dense               // of a script that is written without spaces
	hidden              // as if it were not there: accents on their own, joiners
)

// The Latin letters with accents, without them.
var (
	latin1   [0x250 - 0xC0]rune
	latinAdd [0x100]rune // U+1E00 to U+1EFF
)

func init() {
	bare := func(r rune) rune {
		if d := norm.NFD.PropertiesString(string(r)).Decomposition(); len(d) > 0 {
			if base, _ := utf8.DecodeRune(d); unicode.IsLetter(base) {
				return unicode.ToLower(base)
			}
		}
		return unicode.ToLower(r)
	}
	for i := range latin1 {
		latin1[i] = bare(0xC0 + rune(i))
	}
	for i := range latinAdd {
		latinAdd[i] = bare(0x1E00 + rune(i))
		if again := latinAdd[i]; again >= 0xC0 && again < 0x250 { // two accents
			latinAdd[i] = latin1[again-0xC0]
		}
	}
}

// fold is a character as it is compared: lower case, of normal width, without an accent; and what it does.
func fold(r rune) (rune, class) {
	switch {
	case r < utf8.RuneSelf:
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r, letter
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A', letter
		}
		return r, apart
	case r >= 0xC0 && r < 0x250:
		r = latin1[r-0xC0]
		if unicode.IsLetter(r) {
			return r, letter
		}
		return r, apart
	case r >= 0x4E00 && r <= 0x9FFF: // most of Chinese
		return r, dense
	case r >= 0x1E00 && r <= 0x1EFF:
		return latinAdd[r-0x1E00], letter
	case r >= 0xFF00 && r <= 0xFFEF: // full-width Latin, half-width Katakana
		if n := width.LookupRune(r).Folded(); n != 0 {
			if n >= utf8.RuneSelf && isDense(n) {
				return n, dense
			}
			if n < utf8.RuneSelf {
				return fold(n)
			}
			r = n
		}
	case isHidden(r):
		return r, hidden
	case isDense(r):
		return r, dense
	}
	if unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) {
		return unicode.ToLower(r), letter
	}
	return r, apart
}

// isHidden reports whether a character only changes how others look.
func isHidden(r rune) bool {
	return r >= 0x0300 && r <= 0x036F || r >= 0x200B && r <= 0x200D || r == 0x2060 || r >= 0xFE00 && r <= 0xFE0F || r == 0xFEFF
}

// isDense reports whether a character is of a script that puts no spaces between words, or (Korean) so few that pairs find more.
// Blocks as in Unicode 16, chapters 16 and 18.
func isDense(r rune) bool {
	switch {
	case r < 0x0E00:
		return false
	case r <= 0x0EFF: // Thai, Lao
		return r != 0x0E3F && !(r >= 0x0E4F && r <= 0x0E5B)
	case r >= 0x1000 && r <= 0x109F: // Myanmar
		return r < 0x1040 || r > 0x104F
	case r >= 0x1100 && r <= 0x11FF: // Hangul in parts
		return true
	case r >= 0x1780 && r <= 0x17D3: // Khmer
		return true
	case r >= 0x3005 && r <= 0x3007, r >= 0x3041 && r <= 0x3096, r >= 0x309D && r <= 0x309F, r >= 0x30A1 && r <= 0x30FA,
		r >= 0x30FC && r <= 0x312F, r >= 0x3131 && r <= 0x318E, r >= 0x31A0 && r <= 0x31BF, r >= 0x31F0 && r <= 0x31FF:
		return true
	case r >= 0x3400 && r <= 0x4DBF, r >= 0x4E00 && r <= 0x9FFF, r >= 0xAC00 && r <= 0xD7A3, r >= 0xF900 && r <= 0xFAFF,
		r >= 0x20000 && r <= 0x3FFFD:
		return true
	}
	return false
}
