package knowledge

import (
	"cmp"
	"slices"
)

const (
	// nearHits is how many of the best hits are looked at once more.
	nearHits = 5
	// nearSpan is how many words, or pairs of characters, stand near one another: a long sentence.
	nearSpan = 24
)

// nearby finds how much of a question stands in one place of a text (Metzler & Croft 2005 call it sequential dependence): in a long text words of a question
// may stand that have nothing to do with one another.
type nearby struct {
	keys    []uint32 // an open table of the question's terms; a key holds where its slot is not 0
	slots   []uint32 // the term's number, from 1 on
	mask    uint32
	weights []float32 // of each term; 1 in all
	counts  []uint32  // how often each stands in the window
	spots   []spot
	cut     cutter
	terms   []uint32
}

// spot is a token of a text that has a term of the question.
type spot struct{ at, term uint32 }

// ask takes the terms of a question, with what each weighs.
func (n *nearby) ask(terms []counted, weights []float32) {
	n.weights = n.weights[:0]
	size := 64
	for size < 4*len(terms) {
		size *= 2
	}
	n.keys, n.slots = slices.Grow(n.keys[:0], size)[:size], slices.Grow(n.slots[:0], size)[:size]
	clear(n.slots)
	n.mask = uint32(size - 1)
	for i, t := range terms {
		at := n.place(t.term)
		if n.slots[at] == 0 {
			n.weights = append(n.weights, 0)
			n.keys[at], n.slots[at] = t.term, uint32(len(n.weights))
		}
		n.weights[n.slots[at]-1] += weights[i]
	}
	n.counts = slices.Grow(n.counts[:0], len(n.weights))[:len(n.weights)]
}

// place is where a term is in the table, or would be.
func (n *nearby) place(term uint32) uint32 {
	at := term * 0x9E3779B1 >> 7 & n.mask
	for n.slots[at] != 0 && n.keys[at] != term {
		at = (at + 1) & n.mask
	}
	return at
}

// find notes the tokens of a text that have terms of the question.
func (n *nearby) find(s string) {
	n.spots = n.spots[:0]
	n.cut.reset(s, nil)
	for at := uint32(0); ; at++ {
		var ok bool
		if n.terms, ok = n.cut.next(n.terms[:0], byGram); !ok {
			return
		}
		for _, t := range n.terms {
			if slot := n.slots[n.place(t)]; slot != 0 {
				n.spots = append(n.spots, spot{at, slot - 1})
			}
		}
	}
}

// share is how much of the question stands in the chunk's headings and one place of its text, by weight: 0 to 1.
func (n *nearby) share(c *Chunk) float32 {
	clear(n.counts)
	var sum float32
	enter := func(term uint32) {
		if n.counts[term]++; n.counts[term] == 1 {
			sum += n.weights[term]
		}
	}
	for _, s := range [...]string{c.Title, c.Heading} {
		n.find(s)
		for _, s := range n.spots {
			enter(s.term)
		}
	}
	n.find(c.Text)
	most, from := sum, 0
	for _, s := range n.spots {
		for ; n.spots[from].at+nearSpan <= s.at; from++ {
			t := n.spots[from].term
			if n.counts[t]--; n.counts[t] == 0 {
				sum -= n.weights[t]
			}
		}
		enter(s.term)
		most = max(most, sum)
	}
	return most
}

// rerank adds to the best hits' scores how much of the question stands in one place, and puts them in order again. Questions of
// tables are short, and what stands in them is near.
func (n *nearby) rerank(hits []Hit, chunks []Chunk, weight float32) {
	for i := range hits[:min(nearHits, len(hits))] {
		h := &hits[i]
		if chunks[h.Chunk].Question {
			continue
		}
		h.Near = n.share(&chunks[h.Chunk])
		h.Score += weight * h.Near
	}
	slices.SortStableFunc(hits, func(a, b Hit) int { return cmp.Compare(b.Score, a.Score) })
}
