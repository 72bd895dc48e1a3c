package eval

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/uniqchat/uniqchat/ai/knowledge"
)

type passage struct{ ID, Text string }

type question struct {
	PID string `json:"pid"`
	Q   string `json:"q"`
}

// passages measures how often the passage that a question was written from is found first, on a file questions.NAME and passages.NAME.
func (r *Runner) passages(ctx context.Context, path string) (right1, right5, n int, err error) {
	beside, err := r.find(filepath.Dir(path), "passages."+named(path)+".jsonl")
	if err != nil {
		return 0, 0, 0, err
	}
	texts, err := lines[passage](beside)
	if err != nil {
		return 0, 0, 0, err
	}
	questions, err := lines[question](path)
	if err != nil {
		return 0, 0, 0, err
	}
	// One chunk for each passage, as the set has it: about the size that Split makes.
	chunks := make([]knowledge.Chunk, len(texts))
	for i, t := range texts {
		chunks[i] = knowledge.Chunk{ID: t.ID, Document: t.ID, Text: t.Text}
	}
	x, err := r.index(ctx, chunks)
	if err != nil {
		return 0, 0, 0, err
	}
	for _, q := range questions {
		hits := x.SearchWith(r.query(q.Q), 5, r.Weights)
		at := slices.IndexFunc(hits, func(h knowledge.Hit) bool { return x.Chunk(h.Chunk).ID == q.PID })
		if at == 0 {
			right1++
		}
		if at >= 0 {
			right5++
		}
	}
	return right1, right5, len(questions), nil
}

// aim is a goal, and what plain methods reached.
type aim struct{ goal, baseline string }

// asked measures every file of questions that a set has.
func (r *Runner) asked(ctx context.Context, folder string, aims func(name string) aim) (out []Metric, err error) {
	files := match(folder, "questions.*.jsonl")
	if len(files) == 0 {
		return nil, fmt.Errorf("there is no questions.NAME.jsonl in %s", folder)
	}
	var failed []error
	for _, path := range files {
		name := named(path)
		one, five, n, err := r.passages(ctx, path)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		out = append(out, Metric{
			Set: filepath.Base(folder), Name: "R@1 " + name, Value: percent(one, n), Unit: "%", N: n, Goal: aims(name).goal, Baseline: aims(name).baseline,
			Note: fmt.Sprintf("R@5 %.1f", percent(five, n)),
		})
	}
	return out, errors.Join(failed...)
}

// xquad runs every language that the folder has.
func (r *Runner) xquad(ctx context.Context, folder string) ([]Metric, error) {
	aims := map[string]aim{"en": {">= 95.5", "96.0"}, "zh": {">= 94.5", "94.8"}}
	out, err := r.asked(ctx, folder, func(name string) aim { return aims[name] })
	measured := slices.DeleteFunc(slices.Clone(out), func(m Metric) bool { return m.N == 0 })
	if len(measured) == 0 {
		return out, err
	}
	worst := slices.MinFunc(measured, func(a, b Metric) int { return cmp.Compare(a.Value, b.Value) })
	worst.Note = strings.TrimPrefix(worst.Name, "R@1 ")
	worst.Name, worst.Goal, worst.Baseline = "R@1 worst language", ">= 90", "90.5"
	return append(out, worst), err
}

func (r *Runner) cmrc(ctx context.Context, folder string) ([]Metric, error) {
	return r.asked(ctx, folder, func(string) aim { return aim{">= 96", "96.5"} })
}

// faq is an entry of shopfaq.
type faq struct {
	ID     string
	ZH, EN struct{ Q, A string }
}

// ask is a row of its queries.
type ask struct{ text, lang, id, kind string }

func (r *Runner) readShop(folder string) ([]faq, []ask, error) {
	path, err := r.find(folder, "faq.json")
	if err != nil {
		return nil, nil, err
	}
	all, err := lines[[]faq](path)
	if err != nil {
		return nil, nil, err
	}
	faqs := slices.Concat(all...)
	if len(faqs) == 0 {
		return nil, nil, fmt.Errorf("%s has no entry", path)
	}
	var asks []ask
	for _, path := range match(folder, "queries.*.tsv") {
		all, err := rows(path)
		if err != nil {
			return nil, nil, err
		}
		for _, row := range all {
			if len(row) >= 4 {
				asks = append(asks, ask{row[0], row[1], row[2], row[3]})
			}
		}
	}
	return faqs, asks, nil
}

// shopIndex is the base of one language.
func (r *Runner) shopIndex(ctx context.Context, faqs []faq, lang string) (*knowledge.Index, error) {
	chunks := make([]knowledge.Chunk, len(faqs))
	for i, f := range faqs {
		qa := f.EN
		if lang == "zh" {
			qa = f.ZH
		}
		chunks[i] = knowledge.Chunk{ID: f.ID, Document: f.ID, Heading: qa.Q, Text: qa.A, Question: true}
	}
	return r.index(ctx, chunks)
}

func (r *Runner) shop(ctx context.Context, folder string) ([]Metric, error) {
	faqs, asks, err := r.readShop(folder)
	if err != nil {
		return nil, err
	}
	var out []Metric
	for _, run := range []struct {
		asked, base string
		one, five   aim
	}{
		{"en", "en", aim{">= 55", "42"}, aim{">= 85", "79"}},
		{"zh", "zh", aim{">= 60", "55"}, aim{">= 85", "78"}},
		{"zh", "en", aim{}, aim{">= 70", "62"}},
	} {
		x, err := r.shopIndex(ctx, faqs, run.base)
		if err != nil {
			return nil, err
		}
		one, five, n := 0, 0, 0
		for _, a := range asks {
			if a.lang != run.asked || a.kind != "faq" {
				continue
			}
			n++
			hits := x.SearchWith(r.query(a.text), 5, r.Weights)
			at := slices.IndexFunc(hits, func(h knowledge.Hit) bool { return x.Chunk(h.Chunk).ID == a.id })
			if at == 0 {
				one++
			}
			if at >= 0 {
				five++
			}
		}
		name := run.asked
		if run.asked != run.base {
			name = run.asked + " on " + run.base + " base"
		}
		out = append(out,
			Metric{Set: "shopfaq", Name: "R@1 " + name, Value: percent(one, n), Unit: "%", N: n, Goal: run.one.goal, Baseline: run.one.baseline},
			Metric{Set: "shopfaq", Name: "R@5 " + name, Value: percent(five, n), Unit: "%", N: n, Goal: run.five.goal, Baseline: run.five.baseline})
	}
	return out, nil
}
