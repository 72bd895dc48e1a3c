package lexicon

import (
	_ "embed" // the lists
	"strings"
	"sync"
)

//go:embed concepts.txt
var conceptsText string

//go:embed words.txt
var wordsText string

// table is the built-in lists, ready to be looked things up in.
type table struct {
	concepts map[string][]uint16 // a phrase's concepts
	english  map[string]string   // what a Chinese phrase means
	longest  int                 // tokens of the longest phrase
	begins   map[string]int      // tokens of the longest phrase of concepts that begins with a token
	count    int
}

var builtin = sync.OnceValue(func() *table {
	t := &table{concepts: map[string][]uint16{}, english: map[string]string{}, begins: map[string]int{}}
	for line := range strings.Lines(wordsText) {
		if word, meaning, _ := strings.Cut(strings.TrimSpace(line), " "); word != "" && word != "#" {
			t.english[word] = meaning
			t.longest = max(t.longest, len([]rune(word)))
		}
	}
	for line := range strings.Lines(conceptsText) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		english, chinese, _ := strings.Cut(line, "|")
		first, _, _ := strings.Cut(english, ",")
		for i, list := range []string{english, chinese} {
			for phrase := range strings.SplitSeq(list, ",") {
				tokens := full(scan(phrase))
				k := key(tokens)
				t.concepts[k] = append(t.concepts[k], uint16(t.count))
				t.longest = max(t.longest, len(tokens))
				t.begins[tokens[0].stem] = max(t.begins[tokens[0].stem], len(tokens))
				if _, had := t.english[k]; i == 1 && !had {
					t.english[k] = strings.TrimSpace(first)
				}
			}
		}
		t.count++
	}
	return t
})

// Concepts is how many concepts there are. Their numbers lie below it.
func Concepts() int { return builtin().count }

// Find appends the numbers of the concepts that a text speaks of, in its order, one that is named twice twice. Of phrases that
// overlap the longest counts.
//
// Safe for concurrent use.
func Find(dst []uint16, text string) []uint16 {
	t, tokens := builtin(), full(scan(text))
	for i := 0; i < len(tokens); {
		step := 1
		for n := min(t.begins[tokens[i].stem], len(tokens)-i); n > 0; n-- {
			if ids, ok := t.concepts[key(tokens[i:i+n])]; ok {
				dst = append(dst, ids...)
				step = n
				break
			}
		}
		i += step
	}
	return dst
}

// Covered is which share of a text's words, or Chinese characters, stand in names of concepts: 0 to 1.
//
// Safe for concurrent use.
func Covered(text string) float32 {
	t, tokens := builtin(), full(scan(text))
	covered := 0
	for i := 0; i < len(tokens); {
		step := 1
		for n := min(t.begins[tokens[i].stem], len(tokens)-i); n > 0; n-- {
			if _, ok := t.concepts[key(tokens[i:i+n])]; ok {
				covered += n
				step = n
				break
			}
		}
		i += step
	}
	if covered == 0 {
		return 0
	}
	return float32(covered) / float32(len(tokens))
}
