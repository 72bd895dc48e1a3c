package eval

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"github.com/uniqchat/uniqchat/ai/intent"
)

// outside is CLINC150's label of sentences that are none of its intents.
const outside = "oos"

// labelled reads text and label of some files' rows, with vectors.
func (r *Runner) labelled(ctx context.Context, paths ...string) ([]intent.Example, error) {
	var out []intent.Example
	var texts []string
	for _, path := range paths {
		all, err := rows(path)
		if err != nil {
			return nil, err
		}
		for _, row := range all {
			if len(row) >= 2 {
				out = append(out, intent.Example{Text: row[0], Label: row[1]})
				texts = append(texts, row[0])
			}
		}
	}
	vectors, err := r.vectors(ctx, texts)
	for i := range vectors {
		out[i].Vector = vectors[i]
	}
	return out, err
}

// parts finds the rows to train on and those to report on: test, or else val or dev. Without those, each tenth row of train is kept
// back, if it is the folder's own.
func (r *Runner) parts(ctx context.Context, folder string) (train, test []intent.Example, name string, err error) {
	path, err := r.find(folder, "train.tsv")
	if err != nil {
		return nil, nil, "", err
	}
	if train, err = r.labelled(ctx, path); err != nil {
		return nil, nil, "", err
	}
	for _, name := range []string{"test", "val", "dev"} {
		if files := match(folder, name+".tsv"); len(files) > 0 {
			test, err = r.labelled(ctx, files...)
			return train, test, name, err
		}
	}
	if filepath.Dir(path) != filepath.Clean(folder) {
		return nil, nil, "", fmt.Errorf("there is no test.tsv, val.tsv or dev.tsv in %s", folder)
	}
	var rest []intent.Example
	for i, e := range train {
		if i%10 == 0 {
			test = append(test, e)
		} else {
			rest = append(rest, e)
		}
	}
	return rest, test, "each tenth row of train", nil
}

func (r *Runner) banking(ctx context.Context, folder string) ([]Metric, error) {
	train, test, name, err := r.parts(ctx, folder)
	if err != nil {
		return nil, err
	}
	right, cases, err := classify(ctx, train, test)
	if err != nil {
		return nil, err
	}
	return []Metric{
		{Set: "banking77", Name: "accuracy", Value: percent(right, len(test)), Unit: "%", N: len(test), Goal: ">= 92.5", Baseline: "91.2; with vectors 92.2", Note: "on " + name},
		{Set: "banking77", Name: "ECE", Value: ece(cases), N: len(test), Goal: "<= 0.03", Baseline: "0.012"},
	}, nil
}

func classify(ctx context.Context, train, test []intent.Example) (right int, cases []scored, err error) {
	m, err := intent.Train(ctx, train)
	if err != nil {
		return 0, nil, err
	}
	for _, e := range test {
		a := m.Classify(e.Text, e.Vector)
		cases = append(cases, scored{a.Probability, a.Label == e.Label})
		if a.Label == e.Label {
			right++
		}
	}
	return right, cases, nil
}

func (r *Runner) clinc(ctx context.Context, folder string) ([]Metric, error) {
	train, test, name, err := r.parts(ctx, folder)
	if err != nil {
		return nil, err
	}
	train = slices.DeleteFunc(train, func(e intent.Example) bool { return e.Label == outside })
	m, err := intent.Train(ctx, train)
	if err != nil {
		return nil, err
	}
	right, inside := 0, 0
	var cases []scored
	var in, out []float64
	for _, e := range test {
		a := m.Classify(e.Text, e.Vector)
		cases = append(cases, scored{a.Known, e.Label != outside})
		if e.Label == outside {
			out = append(out, a.Known)
			continue
		}
		in = append(in, a.Known)
		inside++
		if a.Label == e.Label {
			right++
		}
	}
	slices.Sort(in)
	threshold := math.NaN()
	if len(in) > 0 {
		threshold = in[len(in)/20] // 95 % of what is inside are taken
	}
	refused := 0
	for _, k := range out {
		if k < threshold {
			refused++
		}
	}
	return []Metric{
		{Set: "clinc150", Name: "accuracy in scope", Value: percent(right, inside), Unit: "%", N: inside, Goal: ">= 95", Baseline: "92.6; with vectors 95.3", Note: "on " + name},
		{Set: "clinc150", Name: "AUROC out of scope", Value: auroc(cases), N: len(cases), Goal: ">= 0.96", Baseline: "0.952; with vectors 0.966"},
		{
			Set: "clinc150", Name: "out of scope refused, keeping 95 %", Value: known(threshold, percent(refused, len(out))), Unit: "%", N: len(out), Goal: ">= 85",
			Baseline: "79.6; with vectors 85.4", Note: fmt.Sprintf("threshold %.3f", threshold),
		},
	}, nil
}

// natcs is cross-validation over five parts of a set that has no other.
func (r *Runner) natcs(ctx context.Context, folder string) ([]Metric, error) {
	all, err := r.labelled(ctx, match(folder, "*.tsv")...)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("there is no row in %s", folder)
	}
	right := 0
	var cases []scored
	for k := range 5 {
		var train, test []intent.Example
		for i, e := range all {
			if i%5 == k {
				test = append(test, e)
			} else {
				train = append(train, e)
			}
		}
		n, c, err := classify(ctx, train, test)
		if err != nil {
			return nil, err
		}
		right += n
		cases = append(cases, c...)
	}
	builtin, err := r.untrained(ctx, "natcs", all, insurance)
	return append([]Metric{
		{Set: "natcs", Name: "accuracy", Value: percent(right, len(all)), Unit: "%", N: len(all), Note: "trained on four fifths, five times"},
		{Set: "natcs", Name: "ECE", Value: ece(cases), N: len(all)},
	}, builtin...), err
}
