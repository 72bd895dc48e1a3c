package eval

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
)

// Metric is one number.
type Metric struct {
	Set   string  `json:"set"`
	Name  string  `json:"name"`
	Value float64 `json:"value"`          // not a number if there was no case to measure it on
	Unit  string  `json:"unit,omitempty"` // empty for a share of 1, or what has none
	N     int     `json:"n"`              // how many cases it is over
	Goal  string  `json:"goal,omitempty"` // as ">= 95.5"; empty if it is only told
	// Baseline is what plain methods reached, as the design page has it, on parts of these sets that are not the tuning parts. Empty: none is known.
	Baseline string `json:"baseline,omitempty"`
	Note     string `json:"note,omitempty"`
}

// MarshalJSON writes null for what is not a number, and whether a goal is met where there is one and a number.
func (m Metric) MarshalJSON() ([]byte, error) {
	type plain Metric
	out := struct {
		plain
		Value *float64 `json:"value"`
		Met   *bool    `json:"met,omitempty"`
	}{plain: plain(m)}
	if !math.IsNaN(m.Value) {
		out.Value = &m.Value
		if met := m.Met(); m.Goal != "" {
			out.Met = &met
		}
	}
	return json.Marshal(out)
}

// Met reports whether the goal is met. A metric without one is.
func (m Metric) Met() bool {
	op, limit, ok := strings.Cut(m.Goal, " ")
	if !ok {
		return true
	}
	var x float64
	if _, err := fmt.Sscan(limit, &x); err != nil {
		return false
	}
	if op == ">=" {
		return m.Value >= x
	}
	return m.Value <= x
}

// Print writes metrics as a table.
func Print(w io.Writer, all []Metric) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "set\tmetric\tvalue\tunit\tgoal\t\tbaseline\tcases\t")
	for _, m := range all {
		mark, value := "", fmt.Sprintf("%.1f", m.Value)
		switch {
		case math.IsNaN(m.Value):
			value = "-"
		case m.Goal == "":
		case m.Met():
			mark = "met"
		default:
			mark = "missed"
		}
		if m.Value < 1 && m.Value > 0 {
			value = fmt.Sprintf("%.3f", m.Value)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\n", m.Set, m.Name, value, m.Unit, m.Goal, mark, m.Baseline, m.N, m.Note)
	}
	return t.Flush()
}

// scored is a case with a number that should be high where it is good.
type scored struct {
	score float64
	good  bool
}

// auroc is the probability that a good case scores above a bad one; ties are half. Without one of either it is not a number.
func auroc(cases []scored) float64 {
	slices.SortFunc(cases, func(a, b scored) int {
		switch {
		case a.score < b.score:
			return -1
		case a.score > b.score:
			return 1
		}
		return 0
	})
	var ranks, good, bad float64
	for i := 0; i < len(cases); {
		j := i
		for j < len(cases) && cases[j].score == cases[i].score {
			j++
		}
		rank := float64(i+j+1) / 2
		for _, c := range cases[i:j] {
			if c.good {
				ranks += rank
				good++
			} else {
				bad++
			}
		}
		i = j
	}
	if good == 0 || bad == 0 {
		return math.NaN()
	}
	return (ranks - good*(good+1)/2) / (good * bad)
}

// ece is the expected calibration error over 15 bins of equal width (Guo et al. 2017); of nothing it is not a number.
func ece(cases []scored) float64 {
	if len(cases) == 0 {
		return math.NaN()
	}
	const bins = 15
	var n, sure, right [bins]float64
	for _, c := range cases {
		i := min(bins-1, int(c.score*bins))
		n[i]++
		sure[i] += c.score
		if c.good {
			right[i]++
		}
	}
	var sum float64
	for i := range n {
		if n[i] > 0 {
			sum += math.Abs(sure[i]-right[i]) / float64(len(cases))
		}
	}
	return sum
}

// percent is 100*a/b; of nothing it is not a number.
func percent(a, b int) float64 { return 100 * float64(a) / float64(b) }

// known is v, or not a number if what it hangs on is none.
func known(on, v float64) float64 {
	if math.IsNaN(on) {
		return on
	}
	return v
}
