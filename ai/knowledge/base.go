package knowledge

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// Base holds the index that is in use. The zero Base is empty.
//
// Safe for concurrent use.
type Base struct{ now atomic.Pointer[Index] }

// Index is the one in use, or nil. A search goes on with the one that it began with.
func (b *Base) Index() *Index { return b.now.Load() }

// Swap puts an index in use and returns the one before. It waits for nobody.
func (b *Base) Swap(x *Index) *Index { return b.now.Swap(x) }

// Search asks the index in use. An empty Base finds nothing.
func (b *Base) Search(q Query, k int) []Hit {
	if x := b.now.Load(); x != nil {
		return x.Search(q, k)
	}
	return nil
}

// Embedder turns texts into vectors.
//
// Implementations are safe for concurrent use.
type Embedder interface {
	// Name says which model it is. Vectors of different names are never compared.
	Name() string
	// Embed returns a vector for each text, all of one length; a vector of zeros for a text that the model can make nothing of.
	Embed(ctx context.Context, texts []string) ([][]float32, error)
}

// Wide is an Embedder that makes calls of its own of what it is given, several at once.
type Wide interface {
	Embedder
	// Wide is how many texts it is best given at once.
	Wide() int
}

// Foreign begins the names of embedders that the constants of search and confidence were not chosen with. An Index moves their cosines to where the local
// embedder's are: what the least alike of its own chunks have counts as nothing, and what is the same as 1.
const Foreign = "openai/"

// batch is how many chunks go into one call of an Embedder.
const batch = 16

// Embed returns the vectors of chunks. What an earlier index had of the same embedder is taken from there; the rest is asked for in
// parallel. earlier may be nil.
func Embed(ctx context.Context, e Embedder, chunks []Chunk, earlier *Index) ([]Vectors, error) {
	out := make([]Vectors, len(chunks))
	missing := make([]int, 0, len(chunks))
	known := earlier.vectors(e.Name())
	for i := range chunks {
		if at, ok := known[chunks[i].ID]; ok {
			out[i] = Vectors{earlier.headings.at(at), earlier.texts.at(at)}
			continue
		}
		missing = append(missing, i)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	step := batch
	if w, is := e.(Wide); is {
		step = max(1, w.Wide()/2)
	}
	for from := 0; from < len(missing); from += step {
		part := missing[from:min(from+step, len(missing))]
		g.Go(func() error { return embedPart(ctx, e, chunks, part, out) })
	}
	if err := g.Wait(); err != nil {
		return nil, fmt.Errorf("embed chunks: %w", err)
	}
	return out, nil
}

// embedPart fills in the vectors of some chunks.
func embedPart(ctx context.Context, e Embedder, chunks []Chunk, part []int, out []Vectors) error {
	var texts []string
	for _, i := range part {
		texts = append(texts, chunks[i].Text)
		if chunks[i].Heading != "" {
			texts = append(texts, chunks[i].Heading)
		}
	}
	vectors, err := e.Embed(ctx, texts)
	if err != nil {
		return err
	}
	if len(vectors) != len(texts) {
		return fmt.Errorf("%s returned %d vectors for %d texts", e.Name(), len(vectors), len(texts))
	}
	for _, i := range part {
		out[i].Text, vectors = NewVector(vectors[0]), vectors[1:]
		if chunks[i].Heading != "" {
			out[i].Heading, vectors = NewVector(vectors[0]), vectors[1:]
		}
	}
	return nil
}

// vectors says at which place the index has the vectors of a chunk, if they are of that embedder.
func (x *Index) vectors(embedder string) map[string]int {
	if x == nil || x.embedder != embedder || x.texts.dims == 0 {
		return nil
	}
	out := make(map[string]int, len(x.chunks))
	for i := range x.chunks {
		out[x.chunks[i].ID] = i
	}
	return out
}
