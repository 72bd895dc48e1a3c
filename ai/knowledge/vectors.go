package knowledge

import "github.com/uniqchat/uniqchat/ai/vec"

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

// score writes the cosine of each row with the query into scores. The query has been widened; its length was 1.
func (m *matrix) score(scores []float32, query []int16, scale float32) {
	for i, s := range m.scale {
		if s == 0 {
			scores[i] = 0
			continue
		}
		scores[i] = float32(vec.Dot(m.data[i*m.dims:(i+1)*m.dims], query)) * s * scale
	}
}
