package knowledge

import (
	"math"
	"testing"
)

// leaning are vectors of which any two have a cosine of about .8: what they have in common is larger than what tells them apart.
func leaning(n, dims int) [][]float32 {
	out := make([][]float32, n)
	for i := range out {
		out[i] = make([]float32, dims)
		out[i][0] = 2
		out[i][1+i] = 1
	}
	return out
}

// The cosines of a foreign embedder are moved to where the constants are: what has nothing in common is about 0, the same is 1. Others stay as they are.
func TestForeign(t *testing.T) {
	const n = 40
	for name, want := range map[string]float64{Foreign + "m/64": 0, "local": .8} {
		chunks, vectors := make([]Chunk, n), make([]Vectors, n)
		for i, v := range leaning(n, 64) {
			chunks[i].ID = string(rune('a' + i))
			vectors[i].Text = NewVector(v)
		}
		x, err := NewIndex(chunks, name, vectors)
		if err != nil {
			t.Fatal(err)
		}
		q := leaning(8, 64)[7]
		for i := range q {
			q[i] /= float32(math.Sqrt(5))
		}
		hits := x.Search(Query{Text: "?", Vector: q}, n)
		if h := hits[0]; h.Chunk != 7 || math.Abs(float64(h.Body)-1) > .02 {
			t.Errorf("%s: the same is %+v", name, h)
		}
		for _, h := range hits[1:] {
			if math.Abs(float64(h.Body)-want) > .02 {
				t.Fatalf("%s: another is %+v, want %v", name, h, want)
			}
		}
	}
}

// A base of few chunks, alike or not, has a level that leaves room for what fits.
func TestLevelOfFew(t *testing.T) {
	same := []float32{1, 0}
	for name, rows := range map[string][][]float32{"one": {same}, "twice the same": {same, same}, "opposite": {same, {-1, 0}}, "none": {{0, 0}, {0, 0}}} {
		m := matrix{dims: 2}
		for _, r := range rows {
			m.add(NewVector(append([]float32(nil), r...)))
		}
		m.settle()
		if m.level < 0 || m.level > levelMost || name == "twice the same" && m.level != levelMost {
			t.Errorf("%s: %v", name, m.level)
		}
	}
}

// Vectors longer than one product may be are as exact.
func TestLongVectors(t *testing.T) {
	const dims = 4096
	flat := func() []float32 {
		v := make([]float32, dims)
		for i := range v {
			v[i] = 1 / float32(math.Sqrt(dims))
		}
		return v
	}
	x, err := NewIndex([]Chunk{{ID: "a"}}, "m", []Vectors{{Text: NewVector(flat())}})
	if err != nil {
		t.Fatal(err)
	}
	if h := x.Search(Query{Vector: flat()}, 1); math.Abs(float64(h[0].Body)-1) > .01 {
		t.Errorf("%+v", h)
	}
}
