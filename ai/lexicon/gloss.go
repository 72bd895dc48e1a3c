package lexicon

import (
	"bytes"
	"compress/gzip"
	_ "embed" // the dictionary
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
)

//go:embed cedict/zh-en.tsv.gz
var cedict []byte

// longestWord is how many characters of a dictionary's word are looked at.
const longestWord = 8

// Dictionary is CC-CEDICT: Chinese words with the first of their English meanings, one block of text and where its lines begin.
//
// Safe for concurrent use.
type Dictionary struct {
	text  string
	lines []uint32 // in the order of the words' bytes
}

// CEDICT is the dictionary of the binary. It is unpacked at the first call (4 MB).
//
// Safe for concurrent use.
var CEDICT = sync.OnceValues(func() (*Dictionary, error) {
	z, err := gzip.NewReader(bytes.NewReader(cedict))
	if err != nil {
		return nil, fmt.Errorf("lexicon: CC-CEDICT: %w", err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		return nil, fmt.Errorf("lexicon: CC-CEDICT: %w", err)
	}
	d := &Dictionary{text: string(b)}
	for at := 0; at < len(d.text); {
		end := at + strings.IndexByte(d.text[at:], '\n')
		if end < at {
			end = len(d.text)
		}
		if strings.IndexByte(d.text[at:end], '\t') > 0 {
			d.lines = append(d.lines, uint32(at))
		}
		at = end + 1
	}
	slices.SortStableFunc(d.lines, func(a, b uint32) int { return strings.Compare(d.word(a), d.word(b)) })
	return d, nil
})

func (d *Dictionary) word(at uint32) string {
	w, _, _ := strings.Cut(d.text[at:], "\t")
	return w
}

// Meaning is what a word means, without the "to" of verbs.
func (d *Dictionary) Meaning(word string) (string, bool) {
	i, ok := slices.BinarySearchFunc(d.lines, word, func(at uint32, w string) int { return strings.Compare(d.word(at), w) })
	if !ok {
		return "", false
	}
	line, _, _ := strings.Cut(d.text[d.lines[i]:], "\n")
	_, meaning, _ := strings.Cut(line, "\t")
	meaning = strings.TrimPrefix(strings.TrimSpace(meaning), "to ")
	return meaning, true
}

// Gloss writes a text's Chinese words in English, one after the other, the longest first; all else stays. What neither the lists nor
// d know is left out. d may be nil: then only the package's own lists are used.
//
// Safe for concurrent use.
func Gloss(d *Dictionary, text string) string {
	t, tokens := builtin(), scan(text)
	var out strings.Builder
	say := func(s string) {
		if s != "" {
			if out.Len() > 0 {
				out.WriteByte(' ')
			}
			out.WriteString(s)
		}
	}
	for i := 0; i < len(tokens); {
		if !tokens[i].han {
			say(tokens[i].text)
			i++
			continue
		}
		run := i
		for run < len(tokens) && tokens[run].han && run-i < max(longestWord, t.longest) {
			run++
		}
		step := 1
		for n := run - i; n > 0; n-- {
			k := key(tokens[i : i+n])
			meaning, ok := t.english[k]
			if !ok && d != nil && n <= longestWord {
				meaning, ok = d.Meaning(k)
			}
			if ok {
				say(meaning)
				step = n
				break
			}
		}
		i += step
	}
	return out.String()
}

// Chinese is the share of a text's tokens that are Chinese characters.
func Chinese(text string) float64 {
	tokens := scan(text)
	if len(tokens) == 0 {
		return 0
	}
	n := 0
	for _, t := range tokens {
		if t.han {
			n++
		}
	}
	return float64(n) / float64(len(tokens))
}
