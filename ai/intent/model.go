package intent

import (
	"math"

	"github.com/uniqchat/uniqchat/ai/vec"
)

// Model knows a set of labels.
//
// Safe for concurrent use once it is trained.
type Model struct {
	labels      []string // sorted
	vocabulary  *vocabulary
	dims        int
	weights     []float32 // features by labels: the row of a feature has a weight for each label
	dense       []float32 // labels by dims
	bias        []float32
	temperature float64

	// Examples, for the nearest of them.
	nearScale []float32
	nearData  []int8
	nearLabel []int32
}

// Answer is what a model says about a sentence.
type Answer struct {
	Label       string
	Probability float64
	Second      string // the next best label
	Margin      float64
	// Known is how near the sentence is to what the model was trained on, from 0 (nothing like it) to about 1.
	Known float64
	// Labels and Probabilities are all of them, in one order.
	Labels        []string
	Probabilities []float64
}

// neighbour is how much the nearest example of a label counts beside the linear score.
const neighbour = .8

// Classify says what a sentence wants. The vector is the embedder's, of length 1; nil if the model was trained without.
func (m *Model) Classify(text string, vector []float32) Answer {
	return m.answer(m.scores(text, vector))
}

// answer makes an answer of scores.
func (m *Model) answer(z []float32, near float32) Answer {
	p := softmax(z, m.temperature)
	best, second := 0, -1
	for i := range z {
		switch {
		case z[i] > z[best]:
			best, second = i, best
		case i != best && (second < 0 || z[i] > z[second]):
			second = i
		}
	}
	a := Answer{Label: m.labels[best], Probability: p[best], Labels: m.labels, Probabilities: p, Margin: float64(z[best])}
	if second >= 0 {
		a.Second, a.Margin = m.labels[second], float64(z[best]-z[second])
	}
	a.Known = known(z[best], a.Margin, near)
	return a
}

// known joins what speaks for a sentence being one of the model's: the best score, its margin, and the nearest example. The constants
// were chosen by hand; docs/ai.md says how they do on CLINC150.
func known(best float32, margin float64, near float32) float64 {
	return 1 / (1 + math.Exp(-(2.2*float64(best) + 1.2*margin + 2.5*float64(near) - 2.5)))
}

// scores are the linear scores with the nearest examples added, and the cosine of the nearest of all.
func (m *Model) scores(text string, vector []float32) (z []float32, near float32) {
	n := len(m.labels)
	z = append(make([]float32, 0, n), m.bias...)
	for _, f := range m.vocabulary.sparse(extract(text)) {
		row := m.weights[int(f.hash)*n:][:n]
		for i, w := range row {
			z[i] += f.weight * w
		}
	}
	if m.dims == 0 || len(vector) != m.dims {
		return z, 0
	}
	for i := range z {
		z[i] += vectorShare * product(vector, m.dense[i*m.dims:(i+1)*m.dims])
	}
	wide := make([]int16, m.dims)
	scale := vec.Widen(wide, vector)
	nearest := make([]float32, n)
	for i, l := range m.nearLabel {
		c := float32(vec.Dot(m.nearData[i*m.dims:(i+1)*m.dims], wide)) * scale * m.nearScale[i]
		nearest[l] = max(nearest[l], c)
	}
	for i, c := range nearest {
		z[i] += neighbour * c
		near = max(near, c)
	}
	return z, near
}

// remember keeps the examples' vectors.
func (m *Model) remember(examples []Example, numbers map[string]int) {
	m.dims = len(examples[0].Vector)
	if m.dims == 0 {
		return
	}
	m.nearData = make([]int8, len(examples)*m.dims)
	for i, e := range examples {
		m.nearScale = append(m.nearScale, vec.Narrow(m.nearData[i*m.dims:(i+1)*m.dims], e.Vector))
		m.nearLabel = append(m.nearLabel, int32(numbers[e.Label]))
	}
}

func (m *Model) allocate(dims int) {
	n := len(m.labels)
	m.weights, m.dense, m.bias = make([]float32, n*len(m.vocabulary.idf)), make([]float32, n*dims), make([]float32, n)
}

// set takes over one label's weights. Labels do not overlap in memory: callers of different labels need no lock.
func (m *Model) set(label int, w []float32, bias float32) {
	n, sparse := len(m.labels), len(m.vocabulary.idf)
	for i := range sparse {
		m.weights[i*n+label] = w[i]
	}
	copy(m.dense[label*m.dims:], w[sparse:])
	m.bias[label] = bias
}

// Labels are all that the model knows.
func (m *Model) Labels() []string { return m.labels }

func softmax(z []float32, temperature float64) []float64 {
	top := math.Inf(-1)
	for _, v := range z {
		top = max(top, float64(v))
	}
	out, sum := make([]float64, len(z)), 0.0
	for i, v := range z {
		out[i] = math.Exp((float64(v) - top) / temperature)
		sum += out[i]
	}
	for i := range out {
		out[i] /= sum
	}
	return out
}

func product(a, b []float32) float32 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float32
	i := 0
	for ; i+3 < len(a); i += 4 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
		s2 += a[i+2] * b[i+2]
		s3 += a[i+3] * b[i+3]
	}
	for ; i < len(a); i++ {
		s0 += a[i] * b[i]
	}
	return s0 + s1 + s2 + s3
}

// Bytes is about how much memory the model takes.
func (m *Model) Bytes() int {
	const entry = 16 // of a map, with its room to grow
	return len(m.vocabulary.idf)*(4+entry) + 4*(len(m.weights)+len(m.dense)+len(m.bias)+len(m.nearScale)+len(m.nearLabel)) + len(m.nearData)
}
