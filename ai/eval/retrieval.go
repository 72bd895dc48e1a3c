package eval

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
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

// passages measures how often the passage that a question was written from is found first, on files passages.NAME and questions.NAME.
func (r *Runner) passages(ctx context.Context, folder, name, suffix string) (right1, right5, n int, err error) {
	texts, err := lines[passage](filepath.Join(folder, "passages."+name+suffix))
	if err != nil {
		return 0, 0, 0, err
	}
	questions, err := lines[question](filepath.Join(folder, "questions."+name+suffix))
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

// xquad runs every language that the folder has.
func (r *Runner) xquad(ctx context.Context, folder string) ([]Metric, error) {
	goals := map[string]string{"en": ">= 95.5", "zh": ">= 94.5"}
	var out []Metric
	worst := Metric{Set: "xquad", Name: "R@1 worst language", Value: 101, Goal: ">= 90"}
	for _, path := range match(folder, "questions.*.jsonl*") {
		name, suffix, _ := strings.Cut(strings.TrimPrefix(filepath.Base(path), "questions."), ".")
		one, five, n, err := r.passages(ctx, folder, name, "."+suffix)
		if err != nil {
			return nil, err
		}
		out = append(out, Metric{Set: "xquad", Name: "R@1 " + name, Value: percent(one, n), N: n, Goal: goals[name], Note: fmt.Sprintf("R@5 %.1f", percent(five, n))})
		if v := percent(one, n); v < worst.Value {
			worst.Value, worst.N, worst.Note = v, n, name
		}
	}
	return append(out, worst), nil
}

func (r *Runner) cmrc(ctx context.Context, folder string) ([]Metric, error) {
	var out []Metric
	for _, path := range match(folder, "questions.*.jsonl*") {
		name, suffix, _ := strings.Cut(strings.TrimPrefix(filepath.Base(path), "questions."), ".")
		one, five, n, err := r.passages(ctx, folder, name, "."+suffix)
		if err != nil {
			return nil, err
		}
		out = append(out, Metric{Set: "cmrc2018", Name: "R@1 " + name, Value: percent(one, n), N: n, Goal: ">= 96", Note: fmt.Sprintf("R@5 %.1f", percent(five, n))})
	}
	return out, nil
}

// faq is an entry of shopfaq.
type faq struct {
	ID     string
	ZH, EN struct{ Q, A string }
}

// ask is a row of its queries.
type ask struct{ text, lang, id, kind string }

func readShop(folder string) ([]faq, []ask, error) {
	b, err := os.ReadFile(filepath.Join(folder, "faq.json"))
	if err != nil {
		return nil, nil, err
	}
	var faqs []faq
	if err := json.Unmarshal(b, &faqs); err != nil {
		return nil, nil, fmt.Errorf("faq.json: %w", err)
	}
	var asks []ask
	for _, path := range match(folder, "queries.*.tsv*") {
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
	faqs, asks, err := readShop(folder)
	if err != nil {
		return nil, err
	}
	var out []Metric
	for _, run := range []struct{ asked, base, one, five string }{{"en", "en", ">= 55", ">= 85"}, {"zh", "zh", ">= 60", ">= 85"}, {"zh", "en", "", ">= 70"}} {
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
			Metric{Set: "shopfaq", Name: "R@1 " + name, Value: percent(one, n), N: n, Goal: run.one},
			Metric{Set: "shopfaq", Name: "R@5 " + name, Value: percent(five, n), N: n, Goal: run.five})
	}
	return out, nil
}
