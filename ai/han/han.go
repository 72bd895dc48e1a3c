package han

import (
	_ "embed" // the table
	"strings"
	"sync"
	"unicode/utf8"
)

//go:embed simplified.txt
var list string

// The characters of the table lie between these.
const (
	first = 0x4E00
	last  = 0x9FFF
)

// table is the list, ready to be looked things up in.
type table struct {
	characters [last - first + 1]uint16 // what each becomes. 0: it stays
	words      *strings.Replacer
}

// inWord is what stands in the table for a character that only becomes another one in some words.
const inWord = 1

var builtin = sync.OnceValue(func() *table {
	t := new(table)
	var words []string
	for line := range strings.Lines(list) {
		if line[0] == '#' {
			continue
		}
		for entry := range strings.FieldsSeq(line) {
			if from, to, word := strings.Cut(entry, "="); word {
				words = append(words, from, to)
				simple := []rune(to)
				for i, r := range []rune(from) {
					if r != simple[i] {
						t.characters[r-first] = inWord
					}
				}
			} else {
				pair := []rune(entry)
				t.characters[pair[0]-first] = uint16(pair[1])
			}
		}
	}
	t.words = strings.NewReplacer(words...)
	return t
})

// Simplified is a text with its traditional characters simplified. What it has no table for stays where it is, byte for byte. A text without such
// characters costs a look at each of its own.
//
// Safe for concurrent use.
func Simplified(text string) string {
	t := builtin()
	for i, r := range text {
		if t.of(r) != 0 {
			return t.words.Replace(text[:i] + t.simplify(text[i:]))
		}
	}
	return text
}

// of is what a character becomes, 0 or inWord.
func (t *table) of(r rune) rune {
	if r < first || r > last {
		return 0
	}
	return rune(t.characters[r-first])
}

func (t *table) simplify(text string) string {
	b := make([]byte, 0, len(text))
	for i, r := range text {
		switch to := t.of(r); {
		case to > inWord:
			b = utf8.AppendRune(b, to)
		case r == utf8.RuneError:
			_, n := utf8.DecodeRuneInString(text[i:])
			b = append(b, text[i:i+n]...) // bytes that are no character stay, too
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return string(b)
}
