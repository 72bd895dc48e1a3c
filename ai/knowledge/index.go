package knowledge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/uniqchat/uniqchat/ai/lexicon"
	"github.com/uniqchat/uniqchat/ai/vec"
)

// Index finds chunks. It never changes.
//
// Safe for concurrent use.
type Index struct {
	embedder string // which model made the vectors; empty without vectors
	chunks   []Chunk
	lexical  [kinds]*postings
	headings matrix // vectors of headings and questions
	texts    matrix // vectors of texts
	scratch  sync.Pool
}

// headingTimes is how often a heading's words count as much as the text's; of a question, more often.
const (
	headingTimes  = 2
	questionTimes = 3
)

// NewIndex builds an index of chunks, as fast as it can. vectors has one entry for each chunk, made by the embedder of that name, or is nil.
func NewIndex(chunks []Chunk, embedder string, vectors []Vectors) (*Index, error) {
	return newIndex(context.Background(), chunks, embedder, vectors, &pace{})
}

// NewIndexAside is NewIndex for an index that nobody waits for: it takes two to some times as long, and leaves the processors to those who ask meanwhile.
func NewIndexAside(ctx context.Context, chunks []Chunk, embedder string, vectors []Vectors) (*Index, error) {
	p := newPace()
	return newIndex(ctx, chunks, embedder, vectors, &p)
}

func newIndex(ctx context.Context, chunks []Chunk, embedder string, vectors []Vectors, p *pace) (*Index, error) {
	if vectors != nil && len(vectors) != len(chunks) {
		return nil, errors.New("knowledge: not as many vectors as chunks")
	}
	x := &Index{chunks: slices.Clone(chunks)}
	if vectors != nil {
		if err := x.addVectors(embedder, vectors); err != nil {
			return nil, err
		}
	}
	var all []uint32
	for k := range kinds {
		var counts tally
		for i := range chunks {
			all = chunkTerms(all[:0], k, &chunks[i])
			counts.add(all)
			p.breathe()
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
		}
		x.lexical[k] = newPostings(&counts, p)
	}
	x.scratch.New = func() any { return newScratch(len(chunks)) }
	return x, nil
}

// chunkTerms appends the terms of all that is searched of a chunk, headings as often as they count.
func chunkTerms(dst []uint32, k kind, c *Chunk) []uint32 {
	times := headingTimes
	if c.Question {
		times = questionTimes
	} else {
		dst = terms(dst, k, c.Title, nil)
	}
	from := len(dst)
	dst = terms(dst, k, c.Heading, nil)
	n := len(dst)
	for range times - 1 {
		dst = append(dst, dst[from:n]...)
	}
	return terms(dst, k, c.Text, nil)
}

func (x *Index) addVectors(embedder string, vectors []Vectors) error {
	dims := 0
	for _, v := range vectors {
		dims = max(dims, len(v.Heading.Data), len(v.Text.Data))
	}
	x.embedder, x.headings.dims, x.texts.dims = embedder, dims, dims
	x.headings.data, x.texts.data = make([]int8, 0, dims*len(vectors)), make([]int8, 0, dims*len(vectors))
	for i, v := range vectors {
		for _, part := range []Vector{v.Heading, v.Text} {
			if part.Scale != 0 && len(part.Data) != dims {
				return fmt.Errorf("knowledge: chunk %d has a vector of %d values, others have %d", i, len(part.Data), dims)
			}
		}
		x.headings.add(v.Heading)
		x.texts.add(v.Text)
	}
	if strings.HasPrefix(embedder, Foreign) {
		x.headings.settle()
		x.texts.settle()
	}
	return nil
}

// Len is how many chunks there are.
func (x *Index) Len() int { return len(x.chunks) }

// Chunk is the i-th chunk.
func (x *Index) Chunk(i int) *Chunk { return &x.chunks[i] }

// Embedder is the name of the model that made the vectors, or empty.
func (x *Index) Embedder() string { return x.embedder }

// Bytes is about how much memory the index takes, its texts included.
func (x *Index) Bytes() int {
	n := len(x.headings.data) + len(x.texts.data)
	for _, p := range x.lexical {
		n += p.bytes()
	}
	for _, c := range x.chunks {
		n += len(c.ID) + len(c.Document) + len(c.Title) + len(c.Heading) + len(c.Text) + 96
	}
	return n
}

// Query is a question.
type Query struct {
	Text   string
	Vector []float32 // of length 1, made by the index's embedder; nil or zeros search without
}

// Hit is a chunk that may answer, with what speaks for it. All numbers are on scales that do not depend on other chunks.
type Hit struct {
	Chunk    int
	Score    float32 // the weighted sum that the order is by
	Words    float32 // share of the question's words that the chunk has, by their weight: 0 to about 1
	Grams    float32 // the same of parts of words
	Concepts float32 // the same of concepts
	Heading  float32 // cosine with the heading or question
	Body     float32 // cosine with the text
	Near     float32 // how much of the question stands in one place of the chunk; only of the first few hits, and not of questions
}

// Weights say how much each way of looking counts. Concepts count less for questions that are mostly about something else.
type Weights struct{ Words, Grams, Concepts, Heading, Body, Near float32 }

// Shipped is what Search uses. Chosen by hand, so that neither words nor vectors alone decide; docs/ai.md says how it does.
var Shipped = Weights{Words: .7, Grams: 1.4, Concepts: .5, Heading: .7, Body: .35, Near: .4}

const (
	// topical is which share of a question must be names of concepts for them to count in full. Below, they count by the square: a question
	// about the rivers of a country that has "how many" in it is not about quantities of goods.
	topical = .5
	// untitled is the cosine that a chunk without a heading is given for one: about what one has that fits a little.
	untitled = .2
)

// Search returns the best k chunks, best first.
func (x *Index) Search(q Query, k int) []Hit { return x.SearchWith(q, k, Shipped) }

// SearchWith is Search with other weights.
func (x *Index) SearchWith(q Query, k int, w Weights) []Hit {
	if len(x.chunks) == 0 || k <= 0 {
		return nil
	}
	s := x.scratch.Get().(*scratch)
	defer x.scratch.Put(s)
	content, how := parted(q.Text)
	has := x.lexical[byWord].has
	for kind := range kinds {
		clear(s.lexical[kind])
		if kind == byConcept { // its phrases have common words: "how much"
			content, how = q.Text, ""
		}
		s.terms = terms(s.terms[:0], kind, content, has)
		s.counts = count(s.counts[:0], s.terms)
		s.terms = terms(s.terms[:0], kind, how, has)
		heavy := len(s.counts)
		s.counts = count(s.counts, s.terms)
		s.weights = x.lexical[kind].score(s.lexical[kind], s.counts, heavy, s.weights[:0])
		if kind == byGram {
			s.near.ask(s.counts, s.weights)
		}
	}
	clear(s.heading)
	clear(s.body)
	if len(q.Vector) > 0 && len(q.Vector) == x.texts.dims {
		s.query = slices.Grow(s.query[:0], len(q.Vector))[:len(q.Vector)]
		if scale := vec.Widen(s.query, q.Vector); scale > 0 {
			x.headings.score(s.heading, s.query, scale)
			x.texts.score(s.body, s.query, scale)
		}
	}
	if about := min(1, lexicon.Covered(q.Text)/topical); about < 1 {
		w.Concepts *= about * about
	}
	hits := s.best(max(k, nearHits), w, x)
	s.near.rerank(hits, x.chunks, w.Near)
	return hits[:min(k, len(hits))]
}

// scratch is memory of one search.
type scratch struct {
	lexical       [kinds][]float32
	heading, body []float32
	terms         []uint32
	counts        []counted
	weights       []float32
	near          nearby
	query         []int16
}

func newScratch(n int) *scratch {
	s := &scratch{heading: make([]float32, n), body: make([]float32, n)}
	for k := range s.lexical {
		s.lexical[k] = make([]float32, n)
	}
	return s
}

// best picks the k chunks with the largest sums. Equal ones keep their order.
func (s *scratch) best(k int, w Weights, x *Index) []Hit {
	hits := make([]Hit, 0, k+1)
	for i := range s.body {
		heading := s.heading[i]
		if x.headings.dims > 0 && x.headings.scale[i] == 0 && s.body[i] != 0 {
			heading = untitled // a chunk without a heading is not worse for it
		}
		sum := w.Words*s.lexical[byWord][i] + w.Grams*s.lexical[byGram][i] + w.Concepts*s.lexical[byConcept][i] + w.Heading*heading + w.Body*s.body[i]
		if len(hits) == k && sum <= hits[k-1].Score {
			continue
		}
		h := Hit{i, sum, s.lexical[byWord][i], s.lexical[byGram][i], s.lexical[byConcept][i], heading, s.body[i], 0}
		at, _ := slices.BinarySearchFunc(hits, sum, func(h Hit, sum float32) int {
			if h.Score >= sum {
				return -1
			}
			return 1
		})
		hits = slices.Insert(hits, at, h)
		if len(hits) > k {
			hits = hits[:k]
		}
	}
	return hits
}

// Passage is a chunk as it is shown to models and people: its headings above its text.
func (c *Chunk) Passage() string {
	return strings.TrimSpace(strings.Join([]string{c.Heading, c.Text}, "\n"))
}
