package eval

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"maps"
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
		b := []byte(text)
		if strings.HasSuffix(name, packed) {
			var z bytes.Buffer
			w := gzip.NewWriter(&z)
			_, _ = w.Write(b)
			_ = w.Close()
			b = z.Bytes()
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestRunGoesOn: a set that is not laid out as it should be is named, and the others are measured; what has no cases has no value.
func TestRunGoesOn(t *testing.T) {
	train := "text\tlabel\n" + strings.Repeat("block my card\tcard\nlost my card\tcard\nsend money abroad\ttransfer\nmoney transfer\ttransfer\n", 5)
	head := "text\tlabel\n"
	asks := "text\tlang\tfaq_id\tkind\nreturn\ten\tr\tfaq\n"
	one := map[string]string{"cmrc2018/passages.dev.jsonl": `{"id":"a","text":"猫坐着。"}`, "cmrc2018/questions.dev.jsonl": `{"q":"谁坐着","pid":"a"}`}
	for name, c := range map[string]struct {
		data, train map[string]string
		failed      string             // what the error names; empty: nothing
		want        map[string]float64 // -1: there is no value
	}{
		"no rows to train on":  {map[string]string{"banking77/test.tsv": head + "a\tcard\n"}, nil, "banking77: there is no train.tsv", nil},
		"nothing to report on": {map[string]string{"banking77/x.tsv": head}, map[string]string{"banking77/train.tsv": train}, "there is no test.tsv", nil},
		"no passages":          {map[string]string{"xquad/questions.en.jsonl": `{"q":"who","pid":"a"}`}, nil, "passages.en.jsonl", nil},
		"passages of one language": {map[string]string{
			"xquad/questions.en.jsonl": `{"q":"who","pid":"a"}`, "xquad/questions.de.jsonl": `{"q":"who","pid":"a"}`, "xquad/passages.de.jsonl": `{"id":"a","text":"who"}`,
		}, nil, "passages.en.jsonl", map[string]float64{"R@1 de": 100, "R@1 worst language": 100}},
		"passages elsewhere, packed": {
			map[string]string{"xquad/questions.en.jsonl": `{"q":"who","pid":"a"}`},
			map[string]string{"xquad/passages.en.jsonl.gz": `{"id":"a","text":"who"}`},
			"",
			map[string]float64{"R@1 en": 100},
		},
		"no questions":    {map[string]string{"xquad/x": ""}, nil, "questions.NAME.jsonl", nil},
		"empty questions": {map[string]string{"xquad/questions.en.jsonl": "", "xquad/passages.en.jsonl": ""}, nil, "", map[string]float64{"R@1 en": -1}},
		"no entries":      {map[string]string{"shopfaq/queries.test.tsv": asks}, nil, "faq.json", nil},
		"entries of none": {map[string]string{"shopfaq/queries.test.tsv": asks, "shopfaq/faq.json": "[]"}, nil, "has no entry", nil},
		"entries elsewhere": {
			map[string]string{"shopfaq/queries.test.tsv": asks},
			map[string]string{"shopfaq/faq.json": `[{"id":"r","zh":{"q":"怎么退货","a":"申请"},"en":{"q":"How do I return?","a":"Ask."}}]`},
			"",
			map[string]float64{"R@1 en": 100, "R@1 zh": -1, "asks for a person: caught": -1},
		},
		"one label":           {map[string]string{"natcs/a.tsv": head + strings.Repeat("a\tb\n", 20)}, nil, "natcs: ", nil},
		"natcs of none":       {map[string]string{"natcs/a.txt": ""}, nil, "natcs: ", nil},
		"packed":              {map[string]string{"natcs/a.tsv.gz": train}, nil, "", map[string]float64{"accuracy": 100}},
		"packed to report on": {map[string]string{"banking77/train.tsv": train, "banking77/test.tsv.gz": head + "lost card\tcard\r\nmoney transfer\tcard\r\n"}, nil, "", map[string]float64{"accuracy": 50}},
		"nothing outside": {
			map[string]string{"clinc150/train.tsv": train, "clinc150/test.tsv": head + "lost card\tcard\n"},
			nil, "",
			map[string]float64{"accuracy in scope": 100, "AUROC out of scope": -1, "out of scope refused, keeping 95 %": -1},
		},
		"all outside": {
			map[string]string{"clinc150/train.tsv": train, "clinc150/test.tsv": head + "lost card\toos\n"},
			nil, "",
			map[string]float64{"accuracy in scope": -1, "AUROC out of scope": -1, "out of scope refused, keeping 95 %": -1},
		},
		"only a head":      {map[string]string{"banking77/train.tsv": train, "banking77/test.tsv": head}, nil, "", map[string]float64{"accuracy": -1, "ECE": -1}},
		"bitext27 of none": {map[string]string{"bitext27/x": ""}, nil, "bitext27: there is no test.tsv", nil},
	} {
		t.Run(name, func(t *testing.T) {
			maps.Copy(c.data, one)
			r := Runner{Weights: knowledge.Shipped, Log: t.Logf, Data: write(t, c.data)}
			if c.train != nil {
				r.Train = write(t, c.train)
			}
			all, err := r.Run(context.Background(), nil)
			if c.failed == "" && err != nil || c.failed != "" && (err == nil || !strings.Contains(err.Error(), c.failed)) {
				t.Errorf("failed with %v, want %q", err, c.failed)
			}
			got := map[string]float64{}
			for _, m := range all {
				if got[m.Name] = m.Value; math.IsNaN(m.Value) {
					got[m.Name] = -1
				}
			}
			if got["R@1 dev"] != 100 {
				t.Errorf("the set that is whole was not measured: %v", got)
			}
			for name, want := range c.want {
				if v, is := got[name]; !is || v != want {
					t.Errorf("%s: %v %v, want %v", name, is, v, want)
				}
			}
			if _, err := json.Marshal(all); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestSpeed: the rows of speed are there, and say what was looked through.
func TestSpeed(t *testing.T) {
	r := Runner{Weights: knowledge.Shipped, Log: t.Logf, Speed: true, sizes: sizes{vectors: 1000}, Data: write(t, map[string]string{
		"shopfaq/faq.json":         `[{"id":"r","zh":{"q":"怎么退货","a":"申请售后"},"en":{"q":"How do I return?","a":"Ask."}}]`,
		"shopfaq/queries.test.tsv": "text\tlang\tfaq_id\tkind\nHow do I return?\ten\tr\tfaq\nget me a human\ten\t-\thuman\n",
	})}
	all, err := r.Run(context.Background(), map[string]bool{speedSet: true})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]Metric{}
	for _, m := range all {
		if got[m.Name] = m; m.Set != speedSet || m.Value <= 0 {
			t.Errorf("%+v", m)
		}
	}
	if m := got["exact scan of 1000 x 256: recall@10"]; m.Value < .98 {
		t.Errorf("%+v", m)
	}
	if m := got["local answer end to end: p99"]; len(all) != 5 || m.N != 2 || m.Note != "1 answered, 0 asked back, 1 handed off" {
		t.Errorf("%d rows, %+v", len(all), m)
	}
	r.Data = t.TempDir()
	if all, err = r.answers(context.Background()); err != nil || len(all) > 0 {
		t.Errorf("without questions: %v %+v", err, all)
	}
}

// TestNoValue: what is not a number is null, and a dash that neither meets nor misses its goal.
func TestNoValue(t *testing.T) {
	all := []Metric{{Set: "s", Name: "n", Value: math.NaN(), Goal: "<= 1"}, {Set: "s", Name: "n", Value: .5}, {Set: "s", Name: "n", Value: 2, Unit: "ms", Goal: "<= 1", Baseline: "3"}}
	b, err := json.Marshal(all)
	if want := `[{"set":"s","name":"n","n":0,"goal":"\u003c= 1","value":null},{"set":"s","name":"n","n":0,"value":0.5},{"set":"s","name":"n","unit":"ms","n":0,"goal":"\u003c= 1","baseline":"3","value":2,"met":false}]`; err != nil || string(b) != want {
		t.Errorf("%v\n%s\n%s", err, b, want)
	}
	var out bytes.Buffer
	if err := Print(&out, all); err != nil || strings.Contains(out.String(), "NaN") || strings.Count(out.String(), "missed") != 1 || !strings.Contains(out.String(), "-") {
		t.Errorf("%v\n%s", err, out.String())
	}
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
