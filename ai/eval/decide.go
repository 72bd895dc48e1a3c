package eval

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/uniqchat/uniqchat/ai/confidence"
	"github.com/uniqchat/uniqchat/ai/guard"
	"github.com/uniqchat/uniqchat/ai/intent"
)

// builtin trains the built-in intents as the product does at its start.
func (r *Runner) builtin(ctx context.Context) (*intent.Model, error) {
	if r.intents != nil {
		return r.intents, nil
	}
	examples, err := r.withVectors(ctx, intent.Builtin())
	if err != nil {
		return nil, err
	}
	r.intents, err = intent.Train(ctx, examples)
	return r.intents, err
}

func (r *Runner) withVectors(ctx context.Context, examples []intent.Example) ([]intent.Example, error) {
	texts := make([]string, len(examples))
	for i, e := range examples {
		texts[i] = e.Text
	}
	vectors, err := r.vectors(ctx, texts)
	for i := range vectors {
		examples[i].Vector = vectors[i]
	}
	return examples, err
}

// judged is a question of shopfaq with its evidence.
type judged struct {
	confidence.Case
	ask  ask
	base string // the language of the base that was asked
}

// entry names what a case is about: cases of one entry must be in one fold.
func (j judged) entry() string {
	if j.ask.id == "-" {
		return j.ask.text
	}
	return j.ask.id
}

// judge asks everything of shopfaq that no guard has taken away, of both languages' bases. Right is: an answerable question whose best
// hit is its entry.
func (r *Runner) judge(ctx context.Context, folder string) ([]judged, error) {
	faqs, asks, err := r.readShop(folder)
	if err != nil {
		return nil, err
	}
	m, err := r.builtin(ctx)
	if err != nil {
		return nil, err
	}
	var out []judged
	for _, base := range []string{"en", "zh"} {
		x, err := r.shopIndex(ctx, faqs, base)
		if err != nil {
			return nil, err
		}
		headings := make([]intent.Answer, x.Len())
		for i := range headings {
			h := x.Chunk(i).Heading
			headings[i] = m.Classify(h, r.query(h).Vector)
		}
		for _, a := range asks {
			if r.asksForPerson(m, a.text) {
				continue
			}
			q := r.query(a.text)
			hits := x.SearchWith(q, 5, r.Weights)
			e := confidence.Collect(hits, m.Classify(a.text, q.Vector), headings[hits[0].Chunk])
			right := a.kind == "faq" && x.Chunk(hits[0].Chunk).ID == a.id
			out = append(out, judged{confidence.Case{Evidence: e, Right: right}, a, base})
		}
	}
	return out, nil
}

// sureHuman is from which probability on the built-in intent alone hands off.
const sureHuman = .8

// asksForPerson is what the pipeline's first step does: the list, and the intent where it is sure.
func (r *Runner) asksForPerson(m *intent.Model, text string) bool {
	if guard.Check(text) != guard.None {
		return true
	}
	a := m.Classify(text, r.query(text).Vector)
	return a.Label == intent.WantsHuman && a.Probability >= sureHuman
}

// confident measures the decision to answer, of questions in the base's language.
func (r *Runner) confident(ctx context.Context, folder string) ([]Metric, error) {
	all, err := r.judge(ctx, folder)
	if err != nil {
		return nil, err
	}
	own := slices.DeleteFunc(slices.Clone(all), func(c judged) bool { return c.base != c.ask.lang })
	out := decisions("shipped", own, func(c judged) float64 { return confidence.Shipped.Probability(c.Evidence) })
	// The shipped constants were fitted on queries.tune.tsv: there, only folds are honest.
	const folds = 10
	fold := map[string]int{}
	for _, c := range all {
		if _, ok := fold[c.entry()]; !ok {
			fold[c.entry()] = len(fold) % folds
		}
	}
	var models [folds]confidence.Model
	for k := range models {
		var cases []confidence.Case
		for _, c := range all {
			if fold[c.entry()] != k {
				cases = append(cases, c.Case)
			}
		}
		models[k] = confidence.Fit(cases, Ridge)
	}
	return append(out, decisions("cross-validated", own, func(c judged) float64 { return models[fold[c.entry()]].Probability(c.Evidence) })...), nil
}

// Ridge is what confidence.Fit was called with for the shipped model.
const Ridge = .2

func decisions(name string, all []judged, p func(judged) float64) []Metric {
	var cases []scored
	wrong, answered, answerable, clarified := 0, 0, 0, 0
	for _, c := range all {
		v := p(c)
		cases = append(cases, scored{v, c.Right})
		if c.ask.kind == "faq" {
			answerable++
		}
		switch confidence.Default.Decide(v) {
		case confidence.Answer:
			answered++
			if !c.Right {
				wrong++
			}
		case confidence.Clarify:
			clarified++
		}
	}
	return []Metric{
		{Set: "shopfaq", Name: "is the best right: AUROC, " + name, Value: auroc(slices.Clone(cases)), N: len(cases), Goal: ">= 0.85", Baseline: "0.755"},
		{
			Set: "shopfaq", Name: "wrong share of answers, " + name, Value: percent(wrong, answered), Unit: "%", N: answered, Goal: "<= 5",
			Note: fmt.Sprintf("%d answered, %d asked back, %d handed off; %d answerable", answered, clarified, len(all)-answered-clarified, answerable),
		},
		{Set: "shopfaq", Name: "calibration (ECE), " + name, Value: ece(cases), N: len(cases)},
	}
}

// FitConfidence fits the constants that are shipped.
func (r *Runner) FitConfidence(ctx context.Context) (confidence.Model, error) {
	all, err := r.judge(ctx, filepath.Join(r.Data, "shopfaq"))
	if err != nil {
		return confidence.Model{}, err
	}
	var cases []confidence.Case
	for _, c := range all {
		cases = append(cases, c.Case)
	}
	return confidence.Fit(cases, Ridge), nil
}

// people measures who is handed off at once.
func (r *Runner) people(ctx context.Context, folder string) ([]Metric, error) {
	_, asks, err := r.readShop(folder)
	if err != nil {
		return nil, err
	}
	m, err := r.builtin(ctx)
	if err != nil {
		return nil, err
	}
	caught, want, lost, answerable := 0, 0, 0, 0
	for _, a := range asks {
		person := r.asksForPerson(m, a.text)
		switch a.kind {
		case "human":
			want++
			if person {
				caught++
			}
		case "faq":
			answerable++
			if person {
				lost++
				r.Log("shopfaq: handed off though answerable: %s", a.text)
			}
		}
	}
	return []Metric{
		{Set: "shopfaq", Name: "asks for a person: caught", Value: percent(caught, want), Unit: "%", N: want, Goal: ">= 98"},
		{Set: "shopfaq", Name: "answerable, handed off at once", Value: percent(lost, answerable), Unit: "%", N: answerable, Goal: "<= 5"},
	}, nil
}

func (r *Runner) decide(ctx context.Context, folder string) ([]Metric, error) {
	a, err := r.people(ctx, folder)
	if err != nil {
		return nil, err
	}
	b, err := r.confident(ctx, folder)
	return append(a, b...), err
}
