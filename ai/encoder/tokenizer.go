package encoder

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Piece is a part of a word with the logarithm of how often it occurs.
type Piece struct {
	Text  string
	Score float32
}

// reserved is how many pieces at the beginning of a vocabulary stand for no text: unknown, sentence begins, ends, three spare.
const reserved = 6

// space stands for a space in pieces.
const space = '▁'

// Tokenizer cuts a text into pieces so that the sum of their scores is largest: the unigram model of SentencePiece (Kudo 2018,
// arXiv:1804.10959), as the published JavaScript of this very model does it, its habits with unknown characters included.
//
// Safe for concurrent use.
type Tokenizer struct {
	id      map[string]int32
	score   []float32
	runes   []int8 // of each piece
	longest int    // runes
}

// NewTokenizer makes one of a vocabulary.
func NewTokenizer(pieces []Piece) *Tokenizer {
	t := &Tokenizer{id: make(map[string]int32, len(pieces)), score: make([]float32, len(pieces)), runes: make([]int8, len(pieces))}
	for i, p := range pieces {
		n := len([]rune(p.Text))
		t.score[i], t.runes[i] = p.Score, int8(n)
		if i >= reserved {
			t.id[p.Text] = int32(i)
			t.longest = max(t.longest, n)
		}
	}
	return t
}

// Encode appends the numbers of a text's pieces to dst. Runs of unknown characters are one 0. At most limit pieces, from the
// beginning; 0 means all.
func (t *Tokenizer) Encode(dst []int32, text string, limit int) []int32 {
	if limit > 0 && len(text) > 4*limit*t.longest {
		text = text[:4*limit*t.longest] // a cut character becomes an unknown one, far behind what is kept
	}
	text = norm.NFKC.String(text)
	if text == "" {
		return dst
	}
	text = string(space) + strings.ReplaceAll(text, " ", string(space))
	at := make([]int, 0, len(text)+1) // where each character begins
	for i := range text {
		at = append(at, i)
	}
	n := len(at)
	at = append(at, len(text))

	best := make([]float32, n+1) // the best sum up to here; 0 if nothing known ends here
	word := make([]int32, n+1)   // the piece that ends here in it
	for to := 1; to <= n; to++ {
		for from := max(0, to-t.longest); from < to; from++ {
			id, ok := t.id[text[at[from]:at[to]]]
			if !ok {
				continue
			}
			if s := t.score[id] + best[from]; best[to] == 0 || s >= best[to] {
				best[to], word[to] = s, id
			}
		}
	}
	first := len(dst)
	for i := n; i > 0; {
		if id := word[i]; id != 0 || len(dst) == first || dst[len(dst)-1] != 0 {
			dst = append(dst, id)
		}
		i -= max(1, int(t.runes[word[i]]))
	}
	for i, j := first, len(dst)-1; i < j; i, j = i+1, j-1 {
		dst[i], dst[j] = dst[j], dst[i]
	}
	if limit > 0 && len(dst)-first > limit {
		dst = dst[:first+limit]
	}
	return dst
}
