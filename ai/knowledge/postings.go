package knowledge

import (
	"math"
	"slices"
)

// BM25's two numbers (Robertson & Zaragoza 2009, there k1 and b): how soon more of the same word stops counting, and how much a chunk's
// length does.
const (
	saturation = 1.2
	lengthPart = .75
)

// postings is an inverted index: for each term, which chunks have it and how much it counts there. Flat slices: the garbage collector
// has nothing to follow.
type postings struct {
	terms  []uint32 // sorted
	starts []uint32 // where a term's postings begin; one more than terms
	chunks []uint32
	weight []uint8 // BM25's share of the term in the chunk, in steps of 1/255
	size   int     // chunks in the index
}

// newPostings makes one of the terms of each chunk.
func newPostings(of *tally, pace *pace) *postings {
	p := &postings{size: of.len()}
	slot := map[uint32]uint32{}
	var df []uint32
	lengths, total := make([]float64, of.len()), 0.0
	for i := range of.len() {
		for _, c := range of.at(i) {
			s, ok := slot[c.term]
			if !ok {
				s = uint32(len(df))
				slot[c.term] = s
				df = append(df, 0)
				p.terms = append(p.terms, c.term)
			}
			df[s]++
			lengths[i] += float64(c.n)
		}
		total += lengths[i]
		pace.breathe()
	}
	slices.Sort(p.terms)
	p.starts = make([]uint32, len(p.terms)+1)
	for i, t := range p.terms {
		p.starts[i+1] = p.starts[i] + df[slot[t]]
	}
	next := df // from here on: where the next posting of a slot goes
	for i, t := range p.terms {
		next[slot[t]] = p.starts[i]
	}
	n := p.starts[len(p.terms)]
	p.chunks, p.weight = make([]uint32, n), make([]uint8, n)
	average := max(1, total/float64(max(1, of.len())))
	for i := range of.len() {
		norm := saturation * (1 - lengthPart + lengthPart*lengths[i]/average)
		for _, c := range of.at(i) {
			at := next[slot[c.term]]
			next[slot[c.term]]++
			tf := float64(c.n)
			p.chunks[at] = uint32(i)
			p.weight[at] = uint8(math.Round(255 * tf / (tf + norm)))
		}
		pace.breathe()
	}
	return p
}

// score adds to scores, for each chunk, how much of the query it has: 0 nothing, about 1 all of it. Terms that no chunk has count in
// the whole, so that a question about something else scores low everywhere. The first heavy terms of the query count in full, those behind them as common
// words do. It appends to weights what part of the whole each term is.
func (p *postings) score(scores []float32, query []counted, heavy int, weights []float32) []float32 {
	if len(query) == 0 || p.size == 0 {
		return weights
	}
	type found struct {
		from, to uint32
		idf      float64
	}
	var whole float64
	list := make([]found, 0, len(query))
	for i, q := range query {
		var df uint32
		f := found{}
		if at, ok := slices.BinarySearch(p.terms, q.term); ok {
			f.from, f.to = p.starts[at], p.starts[at+1]
			df = f.to - f.from
		}
		f.idf = math.Log(1 + (float64(p.size)-float64(df)+.5)/(float64(df)+.5))
		if i >= heavy {
			f.idf *= commonShare
		}
		whole += f.idf
		weights = append(weights, float32(f.idf))
		if df > 0 {
			list = append(list, f)
		}
	}
	for i := range weights {
		weights[i] /= float32(whole)
	}
	for _, f := range list {
		step := float32(f.idf / whole / 255)
		chunks, weight := p.chunks[f.from:f.to], p.weight[f.from:f.to]
		for i, c := range chunks {
			scores[c] += step * float32(weight[i])
		}
	}
	return weights
}

// has reports whether any chunk has a term.
func (p *postings) has(term uint32) bool {
	_, ok := slices.BinarySearch(p.terms, term)
	return ok
}

// bytes is about how much memory it takes.
func (p *postings) bytes() int { return 8*len(p.terms) + 5*len(p.chunks) }
