package knowledge

import (
	"slices"

	"github.com/uniqchat/uniqchat/ai/vec"
)

// Vector is a vector of 8 bits a value: value i is about Scale*Data[i].
type Vector struct {
	Scale float32
	Data  []int8
}

// NewVector scales x to length 1, in place, and rounds it. A vector of zeros is empty.
func NewVector(x []float32) Vector {
	vec.Normalise(x)
	v := Vector{Data: make([]int8, len(x))}
	if v.Scale = vec.Narrow(v.Data, x); v.Scale == 0 {
		return Vector{}
	}
	return v
}

// Vectors are a chunk's: of its heading or question, and of its text. Either may be empty.
type Vectors struct{ Heading, Text Vector }

// matrix is the vectors of all chunks, row after row. A row of zeros is an empty vector.
type matrix struct {
	dims  int
	scale []float32
	data  []int8
	level float32 // the cosine that counts as nothing
}

func (m *matrix) add(v Vector) {
	m.scale = append(m.scale, v.Scale)
	if v.Scale == 0 {
		m.data = append(m.data, make([]int8, m.dims)...)
		return
	}
	m.data = append(m.data, v.Data...)
}

func (m *matrix) at(i int) Vector {
	if m.dims == 0 || m.scale[i] == 0 {
		return Vector{}
	}
	return Vector{m.scale[i], m.data[i*m.dims : (i+1)*m.dims]}
}

// Of what its pairs have in common a matrix takes the level.
const (
	levelPairs = 512 // at most
	levelShare = .1  // of them are less alike
	levelMost  = .9
)

// settle sets the level by pairs of the matrix's own rows: embedders differ in what cosine they give to what has nothing in common.
func (m *matrix) settle() {
	var rows []int
	for i, s := range m.scale {
		if s != 0 {
			rows = append(rows, i)
		}
	}
	n := len(rows)
	if n < 2 {
		return
	}
	pairs := min(levelPairs, n*(n-1)/2)
	cosines := make([]float32, 0, pairs)
	wide := make([]int16, m.dims)
	for k := range pairs { // spread over all rows, and over how far apart they are
		at := k * n / pairs
		a, b := rows[at], rows[(at+1+k%(n-1))%n]
		for i, x := range m.data[a*m.dims : (a+1)*m.dims] {
			wide[i] = int16(x)
		}
		cosines = append(cosines, dot(m.data[b*m.dims:(b+1)*m.dims], wide)*m.scale[a]*m.scale[b])
	}
	slices.Sort(cosines)
	m.level = min(levelMost, max(0, cosines[int(levelShare*float64(len(cosines)))]))
}

// dot is vec.Dot for rows of any length.
func dot(a []int8, b []int16) (sum float32) {
	for len(a) > vec.MaxRow {
		const part = 2048
		sum += float32(vec.Dot(a[:part], b[:part]))
		a, b = a[part:], b[part:]
	}
	return sum + float32(vec.Dot(a, b))
}

// score writes the cosine of each row with the query into scores, from the level on. The query has been widened; its length was 1.
func (m *matrix) score(scores []float32, query []int16, scale float32) {
	stretch := 1 / (1 - m.level)
	for i, s := range m.scale {
		if s == 0 {
			scores[i] = 0
			continue
		}
		scores[i] = (dot(m.data[i*m.dims:(i+1)*m.dims], query)*s*scale - m.level) * stretch
	}
}
