package eval

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/uniqchat/uniqchat/ai/knowledge"
)

func TestAUROC(t *testing.T) {
	for name, c := range map[string]struct {
		cases []scored
		want  float64
	}{
		"perfect":  {[]scored{{.9, true}, {.1, false}}, 1},
		"reversed": {[]scored{{.1, true}, {.9, false}}, 0},
		"ties":     {[]scored{{.5, true}, {.5, false}, {.5, true}}, .5},
		"mixed":    {[]scored{{.1, false}, {.4, false}, {.35, true}, {.8, true}}, .75},
	} {
		if got := auroc(c.cases); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	if !math.IsNaN(auroc([]scored{{1, true}})) {
		t.Error("without a bad case there is no AUROC")
	}
}

func TestECE(t *testing.T) {
	sure := []scored{{.9, true}, {.9, true}, {.9, true}, {.9, true}, {.9, false}}
	if got := ece(sure); math.Abs(got-.1) > 1e-9 {
		t.Errorf("%v, want .1", got)
	}
}

func TestMet(t *testing.T) {
	for _, m := range []Metric{{Value: 95, Goal: ">= 95"}, {Value: .02, Goal: "<= 0.03"}, {Value: 1}} {
		if !m.Met() {
			t.Errorf("%+v is not met", m)
		}
	}
	for _, m := range []Metric{{Value: 94.9, Goal: ">= 95"}, {Value: .04, Goal: "<= 0.03"}, {Value: math.NaN(), Goal: ">= 1"}} {
		if m.Met() {
			t.Errorf("%+v is met", m)
		}
	}
}

// write makes files of a folder.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestRun: a small folder is measured, rows to train on come from the other one, and a set that is missing is left out.
func TestRun(t *testing.T) {
	train := "text\tlabel\n" + strings.Repeat("block my card\tcard\nlost my card\tcard\nsend money abroad\ttransfer\nmoney transfer\ttransfer\n", 5)
	r := Runner{
		Weights: knowledge.Shipped, Log: t.Logf,
		Data: write(t, map[string]string{
			"xquad/passages.en.jsonl":  `{"id":"a","text":"The cat sat."}` + "\n" + `{"id":"b","text":"Dogs bark."}` + "\n",
			"xquad/questions.en.jsonl": `{"q":"who sat","pid":"a"}` + "\n" + `{"q":"what do dogs do","pid":"b"}` + "\n",
			"banking77/test.tsv":       "text\tlabel\nmy card is lost\tcard\ntransfer money\ttransfer\n",
			"shopfaq/faq.json":         `[{"id":"r","zh":{"q":"怎么退货","a":"申请售后"},"en":{"q":"How do I return?","a":"Ask."}}]`,
			"shopfaq/queries.test.tsv": "text\tlang\tfaq_id\tkind\n退货\tzh\tr\tfaq\nreturn\ten\tr\tfaq\nget me a human\ten\t-\thuman\n",
		}),
		Train: write(t, map[string]string{"banking77/train.tsv": train}),
	}
	all, err := r.Run(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{"R@1 en": 100, "accuracy": 100, "R@1 zh on en base": 100, "asks for a person: caught": 100}
	for _, m := range all {
		if w, ok := want[m.Name]; ok {
			if m.Value != w {
				t.Errorf("%s: %v, want %v", m.Name, m.Value, w)
			}
			delete(want, m.Name)
		}
	}
	if len(want) > 0 {
		t.Errorf("not measured: %v", want)
	}
	var out bytes.Buffer
	if err := Print(&out, all); err != nil || !strings.Contains(out.String(), "R@1 worst language") {
		t.Errorf("%v\n%s", err, out.String())
	}
}
