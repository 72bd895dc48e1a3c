package han

import (
	_ "embed" // the table
	"strings"
	"sync"
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
	characters [last - first + 1]uint16 // 0: it stays
	words      *strings.Replacer
}

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
			} else {
				pair := []rune(entry)
				t.characters[pair[0]-first] = uint16(pair[1])
			}
		}
	}
	t.words = strings.NewReplacer(words...)
	return t
})

// Simplified is a text with its traditional characters simplified. It has as many characters as the text.
//
// Safe for concurrent use.
func Simplified(text string) string {
	t := builtin()
	return t.words.Replace(strings.Map(func(r rune) rune {
		if r >= first && r <= last {
			if to := t.characters[r-first]; to != 0 {
				return rune(to)
			}
		}
		return r
	}, text))
}
