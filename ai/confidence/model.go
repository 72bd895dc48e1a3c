package confidence

import "math"

// Model turns evidence into a probability.
type Model [size]float64

// Probability is how likely the best hit answers the question.
func (m Model) Probability(e Evidence) float64 {
	z := 0.0
	for i, x := range e.numbers() {
		z += m[i] * x
	}
	return 1 / (1 + math.Exp(-z))
}

// Step is what to do with a question.
type Step uint8

// The steps.
const (
	HandOff Step = iota // nothing that is known answers it
	Clarify             // something may: ask which of the best it is
	Answer              // say it
)

// Thresholds say from which probability on which step is taken.
type Thresholds struct{ Answer, Clarify float64 }

// Decide takes the step of a probability.
func (t Thresholds) Decide(p float64) Step {
	switch {
	case p >= t.Answer:
		return Answer
	case p >= t.Clarify:
		return Clarify
	}
	return HandOff
}

// Case is evidence of a question and whether its best hit answered it.
type Case struct {
	Evidence Evidence
	Right    bool
}

// Fit finds the model under which cases are least surprising, with ridge against few cases. It scales each number to the same spread
// first, so that ridge treats them alike. The same cases give the same model.
func Fit(cases []Case, ridge float64) Model {
	var mean, spread [size]float64
	xs := make([][size]float64, len(cases))
	for i, c := range cases {
		xs[i] = c.Evidence.numbers()
		for j, x := range xs[i] {
			mean[j] += x / float64(len(cases))
		}
	}
	for _, x := range xs {
		for j := range x {
			spread[j] += (x[j] - mean[j]) * (x[j] - mean[j]) / float64(len(cases))
		}
	}
	mean[0] = 0
	for j := range spread {
		spread[j] = math.Sqrt(spread[j])
		if j == 0 || spread[j] < 1e-9 {
			spread[j] = 1
		}
	}
	for i := range xs {
		for j := range xs[i] {
			xs[i][j] = (xs[i][j] - mean[j]) / spread[j]
		}
	}
	var w Model
	const rounds, rate = 3000, .5
	for range rounds {
		var gradient [size]float64
		for i, x := range xs {
			z := 0.0
			for j := range x {
				z += w[j] * x[j]
			}
			d := 1 / (1 + math.Exp(-z))
			if cases[i].Right {
				d--
			}
			for j := range x {
				gradient[j] += d * x[j] / float64(len(xs))
			}
		}
		for j := range w {
			if j > 0 {
				gradient[j] += ridge * w[j]
			}
			w[j] -= rate * gradient[j]
		}
	}
	for j := 1; j < size; j++ { // back to the numbers as they come
		w[j] /= spread[j]
		w[0] -= w[j] * mean[j]
	}
	return w
}
