package knowledge

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/uniqchat/uniqchat/ai/han"
	"github.com/uniqchat/uniqchat/ai/lexicon"
	"github.com/uniqchat/uniqchat/chat/text"
)

// kind is a way of cutting a text.
type kind uint8

const (
	byWord    kind = iota // stems of words, pairs of characters where words have no spaces between them
	byGram                // parts of words, single characters and triples
	byConcept             // what shops' customers talk about
	kinds
)

// terms appends the hashes of a text's terms to dst, one that stands there twice twice. has says of a question's which ones its index has; it is nil for a
// chunk's.
func terms(dst []uint32, k kind, s string, has func(uint32) bool) []uint32 {
	if k == byConcept {
		for _, id := range lexicon.Find(nil, s) {
			dst = append(dst, uint32(id))
		}
		return dst
	}
	var c cutter
	c.reset(s, has)
	for ok := true; ok; {
		dst, ok = c.next(dst, k)
	}
	return dst
}

// cutter makes terms of a text, token by token.
type cutter struct {
	text   string
	has    func(uint32) bool // nil: it is no question
	tonal  bool
	turkic bool
	scan   text.Scanner
	word   []byte
}

func (c *cutter) reset(s string, has func(uint32) bool) {
	s = han.Simplified(s)
	c.text, c.has, c.tonal, c.turkic = s, has, tonal(s), turkic(s)
	c.scan.Reset(s)
}

// written is the token as it is compared with its accents; empty if it has none, or if they don't make another word.
func (c *cutter) written() string {
	if !c.tonal {
		return ""
	}
	return accented(c.text[c.scan.Start:c.scan.Stop])
}

// stem appends what stands for a word: its stem. Turkish words have one ending behind the other, of which Stem knows nothing; of them their beginning, too, and
// of a question that alone where any chunk has it.
func (c *cutter) stem(dst []uint32, word string) []uint32 {
	s := lexicon.Stem(word)
	whole := hash(0, []byte(s))
	if c.turkic {
		if begin := beginning(s); begin != s {
			short := hash(0, []byte(begin))
			if c.has == nil {
				dst = append(dst, short)
			} else if c.has(short) {
				return append(dst, short)
			}
		}
	}
	return append(dst, whole)
}

// next appends the hashes of the next token's terms; false at the end.
func (c *cutter) next(dst []uint32, k kind) ([]uint32, bool) {
	if !c.scan.Next() {
		return dst, false
	}
	t, pair := c.scan.Text(), c.scan.Kind == text.Pair
	switch {
	case c.scan.Kind == text.Word && k == byWord:
		dst = c.stem(dst, string(t))
		if w := c.written(); w != "" {
			dst = append(dst, hash(5, []byte(w)))
		}
	case pair && k == byWord:
		dst = append(dst, hash(0, t))
	case c.scan.Kind == text.Word:
		c.word = append(append(append(c.word[:0], '_'), t...), '_')
		dst = parts(dst, c.word)
		if w := c.written(); w != "" {
			c.word = append(append(append(c.word[:0], '_'), w...), '_')
			dst = parts(dst, c.word)
		}
	case pair:
		// The pair and the character behind it, and its first character alone.
		_, n := utf8.DecodeRune(t)
		dst = append(dst, hash(1, t[:n]))
		if _, size := utf8.DecodeRuneInString(c.text[c.scan.Stop:]); size > 1 {
			c.word = append(append(c.word[:0], t...), c.text[c.scan.Stop:c.scan.Stop+size]...)
			dst = append(dst, hash(3, c.word))
		}
	case c.scan.Kind == text.End && k == byGram:
		dst = append(dst, hash(1, t))
	}
	return dst, true
}

// beginning is a word's first five characters, which tell words of Turkish apart about as well as a dictionary does (Can et al. 2008).
func beginning(w string) string {
	n := 0
	for i := range w {
		if n == 5 {
			return w[:i]
		}
		n++
	}
	return w
}

// turkic reports whether a text is in Turkish or a language like it: one letter in a hundred is one that only those have.
func turkic(s string) bool {
	letters, only := 0, 0
	for _, r := range s {
		if r == 'ı' || r == 'İ' || r == 'ğ' || r == 'Ğ' {
			only++
		}
		if unicode.IsLetter(r) {
			letters++
		}
	}
	return only*100 > letters
}

// tonal reports whether a text has letters that only Vietnamese has: those with two marks, and o and u with a horn. Terms are made without accents, so that
// it doesn't matter who writes them; of such a text they are made once more with them, because another tone is another word.
func tonal(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		return r >= 0x1EA0 && r <= 0x1EF9 || r == 'ơ' || r == 'ư' || r == 'Ơ' || r == 'Ư'
	})
}

// accented is a word as it is compared with its accents; empty if it has none.
func accented(word string) string {
	for _, r := range word {
		if r >= utf8.RuneSelf {
			return strings.ToLower(norm.NFC.String(word))
		}
	}
	return ""
}

// parts appends the hashes of all runs of 3 and 4 characters of a word.
func parts(dst []uint32, word []byte) []uint32 {
	var at [4]int // where the last characters began
	n := 0
	for i := 0; i < len(word); {
		_, size := utf8.DecodeRune(word[i:])
		copy(at[:], at[1:])
		at[3] = i
		n++
		i += size
		if n >= 3 {
			dst = append(dst, hash(3, word[at[1]:i]))
		}
		if n >= 4 {
			dst = append(dst, hash(4, word[at[0]:i]))
		}
	}
	if n == 2 {
		dst = append(dst, hash(2, word))
	}
	return dst
}

// hash is FNV-1a.
func hash(seed byte, b []byte) uint32 {
	h := uint32(2166136261)
	h = (h ^ uint32(seed)) * 16777619
	for _, c := range b {
		h = (h ^ uint32(c)) * 16777619
	}
	return h
}

// counted is a term and how often it stands in a text.
type counted struct {
	term uint32
	n    uint32
}

// count sorts terms and makes one of what is equal.
func count(dst []counted, all []uint32) []counted {
	slices.Sort(all)
	for i := 0; i < len(all); {
		j := i + 1
		for j < len(all) && all[j] == all[i] {
			j++
		}
		dst = append(dst, counted{all[i], uint32(j - i)})
		i = j
	}
	return dst
}

// tally is the counted terms of chunks, in blocks that never move: one slice that grows would be copied again and again, 50 MB at a time, and while memory is
// copied the collector has everybody wait.
type tally struct {
	blocks [][]counted
	spans  []span
}

// span is where the terms of a chunk are.
type span struct{ block, from, to uint32 }

// blockSize is how many terms a block has room for: 512 KB.
const blockSize = 1 << 16

// add counts the terms of the next chunk.
func (t *tally) add(all []uint32) {
	n := len(t.blocks) - 1
	if n < 0 || cap(t.blocks[n])-len(t.blocks[n]) < len(all) {
		t.blocks = append(t.blocks, make([]counted, 0, max(blockSize, len(all))))
		n++
	}
	from := len(t.blocks[n])
	t.blocks[n] = count(t.blocks[n], all)
	t.spans = append(t.spans, span{uint32(n), uint32(from), uint32(len(t.blocks[n]))})
}

func (t *tally) len() int { return len(t.spans) }

// at is the terms of chunk i.
func (t *tally) at(i int) []counted {
	s := t.spans[i]
	return t.blocks[s.block][s.from:s.to]
}
