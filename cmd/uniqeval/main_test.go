package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/uniqchat/uniqchat/ai/eval"
)

// TestWhatFails: what could be measured is printed, as a table and as JSON, though another set failed.
func TestWhatFails(t *testing.T) {
	data := t.TempDir()
	for name, text := range map[string]string{
		"banking77/test.tsv": "text\tlabel\na\tb\n", "xquad/questions.en.jsonl": `{"q":"who sat","pid":"a"}`, "xquad/passages.en.jsonl": `{"id":"a","text":"The cat sat."}`,
	} {
		path := filepath.Join(data, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(data, "out.json")
	for _, to := range []string{"", "-", file} {
		var out, log bytes.Buffer
		err := run(t.Context(), options{data: data, json: to, plain: true}, &out, &log)
		if err == nil || !strings.Contains(err.Error(), "banking77") {
			t.Errorf("failed with %v", err)
		}
		b := out.Bytes()
		if to != "-" {
			at := bytes.Index(b, []byte("\n[\n"))
			if to == file {
				at = len(b) - 1
			}
			if at < 0 {
				t.Fatalf("there is no JSON: %s", b)
			}
			if !bytes.Contains(b[:at], []byte("R@1 en")) {
				t.Errorf("there is no table: %s", b)
			}
			b = b[at:]
		}
		if to == file {
			if b, err = os.ReadFile(file); err != nil {
				t.Fatal(err)
			}
		}
		var all []eval.Metric
		if err := json.Unmarshal(b, &all); err != nil || len(all) < 2 || all[0].Value != 100 {
			t.Errorf("%q: %v %+v", to, err, all)
		}
	}
	if err := run(t.Context(), options{data: data, only: "xqad", plain: true}, &bytes.Buffer{}, &bytes.Buffer{}); err == nil {
		t.Error("a set that is none was taken")
	}
}
