package intent

import (
	"math"
	"slices"
	"unicode/utf8"

	"github.com/uniqchat/uniqchat/ai/han"
	"github.com/uniqchat/uniqchat/ai/lexicon"
	"github.com/uniqchat/uniqchat/chat/text"
)

// block is a kind of feature. Each is scaled to length 1 by itself, so that long words do not drown short ones.
type block uint8

const (
	words    block = iota // one, and two that follow one another; pairs of characters in Chinese
	parts                 // 2 to 5 characters inside of words; single characters and triples in Chinese
	concepts              // of lexicon
	blocks
)

// share is how much a block counts, and the vector beside them.
var share = [blocks]float64{words: .8, parts: 1, concepts: .35}

const vectorShare = 1.4

// feature is one hash with its weight.
type feature struct {
	hash   uint32
	weight float32
}

// extract returns the hashes of a text, block by block, each once.
func extract(s string) (out [blocks][]uint32) {
	s = han.Simplified(s)
	var scan text.Scanner
	scan.Reset(s)
	before := []byte("^")
	var buf []byte
	for scan.Next() {
		t := scan.Text()
		switch scan.Kind {
		case text.Word:
			stem := lexicon.Stem(string(t))
			out[words] = append(out[words], hash('w', t), hash('s', []byte(stem)))
			buf = append(append(append(buf[:0], before...), ' '), stem...)
			out[words] = append(out[words], hash('b', buf))
			before = append(before[:0], stem...)
			out[parts] = runs(out[parts], append(append(append(buf[:0], '_'), t...), '_'))
		case text.Pair:
			out[words] = append(out[words], hash('p', t))
			_, n := utf8.DecodeRune(t)
			out[parts] = append(out[parts], hash('c', t[:n]))
			if _, size := utf8.DecodeRuneInString(s[scan.Stop:]); size > 1 {
				out[parts] = append(out[parts], hash('t', append(append(buf[:0], t...), s[scan.Stop:scan.Stop+size]...)))
			}
		case text.End:
			out[parts] = append(out[parts], hash('c', t))
		}
	}
	if len(before) > 1 {
		out[words] = append(out[words], hash('b', append(before, " $"...)))
	}
	for _, id := range lexicon.Find(nil, s) {
		out[concepts] = append(out[concepts], hash('k', []byte{byte(id), byte(id >> 8)}))
	}
	for i := range out {
		slices.Sort(out[i])
		out[i] = slices.Compact(out[i])
	}
	return out
}

// runs appends the hashes of all runs of 2 to 5 characters of a word with its borders.
func runs(dst []uint32, word []byte) []uint32 {
	var at [5]int
	n := 0
	for i := 0; i < len(word); {
		_, size := utf8.DecodeRune(word[i:])
		copy(at[:], at[1:])
		at[4] = i
		n++
		i += size
		for k := 2; k <= 5 && k <= n; k++ {
			dst = append(dst, hash('0'+byte(k), word[at[5-k]:i]))
		}
	}
	return dst
}

// hash is FNV-1a.
func hash(seed byte, b []byte) uint32 {
	h := (uint32(2166136261) ^ uint32(seed)) * 16777619
	for _, c := range b {
		h = (h ^ uint32(c)) * 16777619
	}
	return h
}

// vocabulary is the features that a model knows, each with its number and how rare it is.
type vocabulary struct {
	number map[uint32]uint32
	idf    []float32
}

// newVocabulary counts features; those of fewer than least texts are left out.
func newVocabulary(all [][blocks][]uint32, least int) *vocabulary {
	df := map[uint32]int{}
	for i := range all {
		for _, list := range all[i] {
			for _, h := range list {
				df[h]++
			}
		}
	}
	v := &vocabulary{number: make(map[uint32]uint32, len(df))}
	hashes := make([]uint32, 0, len(df))
	for h, n := range df {
		if n >= least {
			hashes = append(hashes, h)
		}
	}
	slices.Sort(hashes) // the same model whatever the map's order
	for i, h := range hashes {
		v.number[h] = uint32(i)
		v.idf = append(v.idf, float32(1+math.Log(float64(1+len(all))/float64(1+df[h]))))
	}
	return v
}

// sparse is the features of a text that the vocabulary has, by number, with their weights.
func (v *vocabulary) sparse(f [blocks][]uint32) []feature {
	var out []feature
	for b, list := range f {
		from, sum := len(out), 0.0
		for _, h := range list {
			if n, ok := v.number[h]; ok {
				w := v.idf[n]
				out = append(out, feature{n, w})
				sum += float64(w) * float64(w)
			}
		}
		if sum > 0 {
			f := float32(share[b] / math.Sqrt(sum))
			for i := from; i < len(out); i++ {
				out[i].weight *= f
			}
		}
	}
	return out
}
