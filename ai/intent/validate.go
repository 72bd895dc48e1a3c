package intent

import "context"

// folds is how many parts Validate keeps back, one after the other.
const folds = 5

// Guess is what a model says of an example that it was not trained on.
type Guess struct {
	Label              string
	Probability, Known float64
}

// Validation is how well examples teach.
type Validation struct {
	// Temperature makes the scores of a model of all the examples probabilities. It was fitted on all that was kept back.
	Temperature float64
	// Guesses are what was said of each example, in their order, by a model that had seen neither it nor, for its temperature, its part.
	Guesses []Guess
}

// Validate trains on four fifths of the examples of each label and asks the fifth, in turn, on so many processors. The same examples give the
// same result.
func Validate(ctx context.Context, examples []Example, workers int) (Validation, error) {
	part, seen := make([]int, len(examples)), map[string]int{}
	for i := range examples {
		part[i] = seen[examples[i].Label] % folds
		seen[examples[i].Label]++
	}
	if len(seen) < least {
		return Validation{}, ErrFew
	}
	models := make([]*Model, folds)
	cases := make([][]scored, folds)
	for k := range folds {
		var rest []Example
		labels := map[string]bool{}
		for i := range examples {
			if part[i] != k {
				rest = append(rest, examples[i])
				labels[examples[i].Label] = true
			}
		}
		if len(labels) < least {
			continue // all of a label is in this part
		}
		var err error
		if models[k], err = train(ctx, rest, workers); err != nil {
			return Validation{}, err
		}
		for i := range examples {
			if part[i] == k {
				z, near := models[k].scores(examples[i].Text, examples[i].Vector)
				cases[k] = append(cases[k], scored{z, near, models[k].number(examples[i].Label), i})
			}
		}
	}
	v := Validation{Guesses: make([]Guess, len(examples))}
	var all []scored
	for k := range folds {
		all = append(all, cases[k]...)
		var others []scored
		for j := range folds {
			if j != k {
				others = append(others, cases[j]...)
			}
		}
		if models[k] == nil {
			continue
		}
		models[k].temperature = temperatureOf(others)
		for _, c := range cases[k] {
			a := models[k].answer(c.z, c.near)
			v.Guesses[c.example] = Guess{a.Label, a.Probability, a.Known}
		}
	}
	v.Temperature = temperatureOf(all)
	return v, nil
}

// TrainWith is Train with a temperature that is known, as Validate finds it: it takes half as long.
func TrainWith(ctx context.Context, examples []Example, temperature float64, workers int) (*Model, error) {
	labels := map[string]bool{}
	for i := range examples {
		labels[examples[i].Label] = true
	}
	if len(labels) < least {
		return nil, ErrFew
	}
	m, err := train(ctx, examples, workers)
	if err != nil {
		return nil, err
	}
	m.temperature = temperature
	return m, nil
}
