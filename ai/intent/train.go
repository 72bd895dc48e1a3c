package intent

import (
	"cmp"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"
)

// Example is a labelled sentence. Vector, of length 1, is the embedder's; either all examples have one or none.
type Example struct {
	Text   string
	Label  string
	Vector []float32
	// Weight is how much it weighs against a simple model when it is on the wrong side; 0: as much as others.
	Weight float32
}

// cost is how much an example on the wrong side weighs against a simple model.
const cost = 1.0

// least is how many examples training needs.
const least = 2

// ErrFew says that there is nothing to learn from.
var ErrFew = errors.New("intent: at least two labels with an example each are needed")

// Train makes a model: a linear support vector machine for each label against the others, whose scores become probabilities. The same
// examples give the same model.
func Train(ctx context.Context, examples []Example) (*Model, error) {
	held := make([]bool, len(examples))
	seen := map[string]int{}
	for i, e := range examples {
		seen[e.Label]++
		held[i] = seen[e.Label]%5 == 0 // each fifth of a label: for the temperature
	}
	if len(seen) < least {
		return nil, ErrFew
	}
	var fit, rest []Example
	for i, e := range examples {
		if held[i] {
			fit = append(fit, e)
		} else {
			rest = append(rest, e)
		}
	}
	workers, temperature := runtime.GOMAXPROCS(0), usual
	if len(fit) >= fewest {
		m, err := train(ctx, rest, workers)
		if err != nil {
			return nil, err
		}
		temperature = m.fitTemperature(fit)
	}
	m, err := train(ctx, examples, workers)
	if err != nil {
		return nil, err
	}
	m.temperature = temperature
	return m, nil
}

// fitTemperature is temperatureOf for examples that the model has not seen.
func (m *Model) fitTemperature(held []Example) float64 {
	cases := make([]scored, len(held))
	for i, e := range held {
		cases[i].z, _ = m.scores(e.Text, e.Vector)
		cases[i].want = m.number(e.Label)
	}
	return temperatureOf(cases)
}

// row is an example as the machine sees it.
type row struct {
	sparse []feature
	dense  []float32
	label  int
	square float32 // of its length, with the constant 1 that stands for the bias
	slack  float32 // the diagonal that squared loss adds: the less, the more the example weighs
}

// train makes a model without a temperature, on so many processors.
func train(ctx context.Context, examples []Example, workers int) (*Model, error) {
	features := make([][blocks][]uint32, len(examples))
	for i, e := range examples {
		features[i] = extract(e.Text)
	}
	rare := 1
	if len(examples) > 2000 {
		rare = 2
	}
	m := &Model{vocabulary: newVocabulary(features, rare), temperature: 1}
	numbers := map[string]int{}
	for _, e := range examples {
		if _, ok := numbers[e.Label]; !ok {
			numbers[e.Label] = 0
			m.labels = append(m.labels, e.Label)
		}
	}
	slices.Sort(m.labels)
	for i, l := range m.labels {
		numbers[l] = i
	}
	rows := make([]row, len(examples))
	for i, e := range examples {
		rows[i] = newRow(m.vocabulary.sparse(features[i]), e.Vector, numbers[e.Label])
		rows[i].slack = 1 / (2 * cost * cmp.Or(e.Weight, 1))
	}
	m.remember(examples, numbers)
	m.allocate(len(examples[0].Vector))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(workers)
	for label := range m.labels {
		g.Go(func() error {
			s := newSolver(rows, label, len(m.vocabulary.idf), m.dims)
			if err := s.run(ctx); err != nil {
				return err
			}
			m.set(label, s.w, s.bias)
			return nil
		})
	}
	return m, g.Wait()
}

func newRow(sparse []feature, vector []float32, label int) row {
	r := row{sparse: sparse, label: label, square: 1}
	if len(vector) > 0 {
		r.dense = make([]float32, len(vector))
		for i, v := range vector {
			r.dense[i] = v * vectorShare
			r.square += r.dense[i] * r.dense[i]
		}
	}
	for _, f := range sparse {
		r.square += f.weight * f.weight
	}
	return r
}

// solver is dual coordinate descent for a machine with squared loss (Hsieh et al., ICML 2008, algorithm 1, with shrinking).
type solver struct {
	rows  []row
	label int
	nw    int       // sparse weights; the dense ones stand behind them
	w     []float32 // what is sought
	bias  float32
	alpha []float32
}

func newSolver(rows []row, label, sparse, dense int) *solver {
	return &solver{rows: rows, label: label, nw: sparse, w: make([]float32, sparse+dense), alpha: make([]float32, len(rows))}
}

// rounds of the solver; in the first two and the last all examples take part, in between those that are not settled.
const rounds = 12

func (s *solver) run(ctx context.Context) error {
	random := rand.New(rand.NewPCG(7, uint64(s.label)))
	all := make([]int, len(s.rows))
	for i := range all {
		all[i] = i
	}
	active := all
	for round := range rounds {
		if err := ctx.Err(); err != nil {
			return err
		}
		if round == rounds-1 {
			active = all
		}
		random.Shuffle(len(active), func(i, j int) { active[i], active[j] = active[j], active[i] })
		var open []int
		for _, i := range active {
			if s.step(i) {
				open = append(open, i)
			}
		}
		if round >= 1 {
			active = open
		}
	}
	return nil
}

// step improves one example's weight and reports whether it is not settled.
func (s *solver) step(i int) bool {
	r := &s.rows[i]
	diagonal := r.slack
	y := float32(-1)
	if r.label == s.label {
		y = 1
	}
	dense := s.w[s.nw:]
	dot := s.bias
	for _, f := range r.sparse {
		dot += f.weight * s.w[f.hash]
	}
	if len(r.dense) > 0 {
		dot += product(r.dense, dense)
	}
	gradient := y*dot - 1 + diagonal*s.alpha[i]
	if s.alpha[i] == 0 && gradient >= 0 {
		return false
	}
	before := s.alpha[i]
	s.alpha[i] = max(0, before-gradient/(r.square+diagonal))
	d := (s.alpha[i] - before) * y
	if d == 0 {
		return true
	}
	s.bias += d
	for _, f := range r.sparse {
		s.w[f.hash] += d * f.weight
	}
	for j, v := range r.dense {
		dense[j] += d * v
	}
	return true
}

// scored is an example that was held out, with what a model made of it.
type scored struct {
	z       []float32
	near    float32
	want    int // its label's number; -1 if the model has no such label
	example int
}

// usual is the temperature where too few examples were held out to fit one.
const usual = .35

// fewest is how many are enough.
const fewest = 20

// temperatureOf finds the temperature under which held out examples are least surprising.
func temperatureOf(cases []scored) float64 {
	if len(cases) < fewest {
		return usual
	}
	loss := func(t float64) (sum float64) {
		for i := range cases {
			if c := &cases[i]; c.want >= 0 {
				sum -= math.Log(1e-12 + softmax(c.z, t)[c.want])
			}
		}
		return sum
	}
	low, high := .02, 2.0
	for range 40 { // the loss has one minimum: thirds
		a, b := low+(high-low)/3, high-(high-low)/3
		if loss(a) < loss(b) {
			high = b
		} else {
			low = a
		}
	}
	return (low + high) / 2
}

// number is a label's place; -1 if there is none.
func (m *Model) number(label string) int {
	if i, ok := slices.BinarySearch(m.labels, label); ok {
		return i
	}
	return -1
}
