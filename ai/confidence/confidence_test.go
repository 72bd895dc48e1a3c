package confidence

import (
	"testing"

	"github.com/uniqchat/uniqchat/ai/intent"
	"github.com/uniqchat/uniqchat/ai/knowledge"
)

// TestFit: a model that was fitted tells what it was shown, and is neither sure nor blind.
func TestFit(t *testing.T) {
	var cases []Case
	for i := range 200 {
		x := float64(i%20) / 20
		cases = append(cases, Case{Evidence{Grams: x, Score: 3 * x, Margin: x / 4, Inside: 1}, i%20 > 11 != (i%17 == 0)})
	}
	m := Fit(cases, .01)
	low, high := m.Probability(cases[1].Evidence), m.Probability(cases[19].Evidence)
	if low > .2 || high < .8 || high > .999 {
		t.Errorf("little evidence %.3f, much %.3f", low, high)
	}
	if again := Fit(cases, .01); again != m {
		t.Error("the same cases gave another model")
	}
}

func TestCollect(t *testing.T) {
	if (Collect(nil, intent.Answer{}, intent.Answer{}) != Evidence{}) {
		t.Error("nothing found, and yet evidence")
	}
	labels := []string{intent.Other, intent.Product}
	e := Collect([]knowledge.Hit{{Score: 2, Words: .5, Heading: .5}, {Score: 1.5, Words: .6, Heading: .25}},
		intent.Answer{Labels: labels, Probabilities: []float64{.25, .75}}, intent.Answer{Labels: labels, Probabilities: []float64{0, 1}})
	if e.Margin != .5 || e.HeadingMargin != .25 || e.Agreement < .79 || e.Agreement > .81 || e.Inside != .75 || e.Specific != .75 || e.SameIntent != .75 {
		t.Errorf("%+v", e)
	}
}

func TestDecide(t *testing.T) {
	for p, want := range map[float64]Step{.9: Answer, .5: Clarify, .1: HandOff} {
		if got := (Thresholds{.8, .3}).Decide(p); got != want {
			t.Errorf("%v: step %d, want %d", p, got, want)
		}
	}
	if p := Shipped.Probability(Evidence{}); Default.Decide(p) == Answer {
		t.Errorf("without any evidence the shipped model answers (%.2f)", p)
	}
}
