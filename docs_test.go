package uniqchat_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/uniqchat/uniqchat/cmd/uniqchat/config"
	"github.com/uniqchat/uniqchat/codec"
)

// schema is what the test understands of a JSON schema in docs/asyncapi.yaml.
type schema struct {
	Ref        string `yaml:"$ref"`
	Type       string
	Const      string
	Enum       []string
	Maximum    *float64
	Items      *schema
	Properties yaml.MapSlice
}

type asyncapi struct {
	Asyncapi   string
	Channels   map[string]struct{ Messages map[string]any }
	Operations map[string]struct {
		Action   string
		Messages []struct {
			Ref string `yaml:"$ref"`
		}
	}
	Components struct {
		Messages map[string]struct {
			Name    string
			XType   uint8 `yaml:"x-type"`
			Payload schema
		}
		Schemas map[string]schema
	}
}

// TestAsyncAPI: docs/asyncapi.yaml has every packet of the catalogue and no other, with its number, and describes every
// field that the golden vectors have, in wire order.
func TestAsyncAPI(t *testing.T) {
	b, err := os.ReadFile("docs/asyncapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var doc asyncapi
	if err := yaml.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Asyncapi != "3.0.0" {
		t.Errorf("asyncapi: %q", doc.Asyncapi)
	}
	told := map[string]bool{}
	for _, op := range doc.Operations {
		for _, m := range op.Messages {
			told[m.Ref[strings.LastIndexByte(m.Ref, '/')+1:]] = true
		}
	}
	names := 0
	for _, typ := range codec.Types() {
		name := typ.String()
		vectors := golden(t, name)
		names++
		m, ok := doc.Components.Messages[name]
		if !ok || m.XType != uint8(typ) || m.Name != strings.ToUpper(name) {
			t.Errorf("packet %s (0x%02x): the document has %+v", name, uint8(typ), m)
			continue
		}
		if _, ok := doc.Channels["connection"].Messages[name]; !ok || !told[name] {
			t.Errorf("packet %s is in no operation or channel", name)
		}
		for _, v := range vectors {
			doc.check(t, v.Name, doc.Components.Schemas[name], v.JSON)
		}
		// One vector at least has every field.
		var keys []string
		for _, v := range vectors {
			if k := keysOf(t, v.JSON); len(k) > len(keys) {
				keys = k
			}
		}
		skip := func(k string) bool { return k == "type" || k == "rid" || k == "dup" }
		var want []string
		for _, p := range doc.Components.Schemas[name].Properties {
			want = append(want, fmt.Sprint(p.Key))
		}
		if d := cmp.Diff(slices.DeleteFunc(want, skip), slices.DeleteFunc(keys, skip)); d != "" {
			t.Errorf("fields of %s (- document, + golden vectors):\n%s", name, d)
		}
	}
	if names != 24 || len(doc.Components.Messages) != names {
		t.Errorf("%d packets in the catalogue, %d in the document", names, len(doc.Components.Messages))
	}
}

type vector struct {
	Name string
	JSON json.RawMessage
}

// golden reads the golden vectors of a packet.
func golden(t *testing.T, name string) (v []vector) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("codec", "testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// keysOf returns the keys of a JSON object in their order.
func keysOf(t *testing.T, object json.RawMessage) (keys []string) {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(string(object)))
	if _, err := dec.Token(); err != nil {
		t.Fatal(err)
	}
	for dec.More() {
		k, err := dec.Token()
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, k.(string))
		var v json.RawMessage
		if err := dec.Decode(&v); err != nil {
			t.Fatal(err)
		}
	}
	return keys
}

// check holds a value against a schema.
func (d *asyncapi) check(t *testing.T, at string, s schema, raw json.RawMessage) {
	t.Helper()
	if s.Ref != "" {
		name := s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]
		target, ok := d.Components.Schemas[name]
		if !ok {
			t.Errorf("%s: %s leads nowhere", at, s.Ref)
			return
		}
		s = target
	}
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	var ok bool
	switch s.Type {
	case "integer":
		n, is := v.(float64)
		ok = is && n >= 0 && s.Maximum != nil && n <= *s.Maximum
	case "string":
		str, is := v.(string)
		ok = is && (s.Enum == nil || slices.Contains(s.Enum, str))
	case "boolean":
		_, ok = v.(bool)
	case "array":
		var items []json.RawMessage
		ok = json.Unmarshal(raw, &items) == nil && s.Items != nil
		for i, item := range items {
			d.check(t, fmt.Sprintf("%s[%d]", at, i), *s.Items, item)
		}
	case "object":
		ok = d.checkObject(t, at, s, raw)
	default:
		ok = s.Const == "" || s.Const == v
	}
	if !ok {
		t.Errorf("%s: %s does not fit %+v", at, raw, s)
	}
}

func (d *asyncapi) checkObject(t *testing.T, at string, s schema, raw json.RawMessage) bool {
	t.Helper()
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return false
	}
	for key, value := range members {
		var p schema
		found := false
		for _, item := range s.Properties {
			if item.Key == key {
				found = true
				b, err := yaml.Marshal(item.Value)
				if err == nil {
					err = yaml.Unmarshal(b, &p)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		if !found {
			t.Errorf("%s: field %s is not in the document", at, key)
			continue
		}
		d.check(t, at+"."+key, p, value)
	}
	return true
}

// TestProtocolPage: docs/protocol.md names every packet with its number, every close code and every ERROR code.
func TestProtocolPage(t *testing.T) {
	b, err := os.ReadFile("docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(b)
	for _, typ := range codec.Types() {
		if row := fmt.Sprintf("| 0x%02x | %s |", uint8(typ), strings.ToUpper(typ.String())); !strings.Contains(page, row) {
			t.Errorf("no row %q", row)
		}
	}
	src, err := os.ReadFile("codec/closecode.go")
	if err != nil {
		t.Fatal(err)
	}
	codes := regexp.MustCompile(`(?m)^\t(?:Close|Err)\w+ +(?:uint16 )?= (\d+)`).FindAllSubmatch(src, -1)
	if len(codes) < 20 {
		t.Fatalf("found only %d codes in codec/closecode.go", len(codes))
	}
	for _, c := range codes {
		code := string(c[1])
		row := code
		if len(code) == 4 && code >= "3000" {
			row = "| " + code + " |"
		} else if len(code) == 4 && code != "1002" && code != "1007" && code != "1009" {
			continue // RFC 6455's own
		}
		if !strings.Contains(page, row) {
			t.Errorf("code %s is not on the page", code)
		}
	}
}

// TestLinks: every relative link of a Markdown page leads to a file.
func TestLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)
	for _, path := range tracked(t) {
		if !strings.HasSuffix(path, ".md") {
			continue
		}
		b, err := os.ReadFile(path)
		if err != nil {
			continue // deleted, and not yet committed
		}
		for _, m := range link.FindAllSubmatch(b, -1) {
			target := filepath.Join(filepath.Dir(path), string(m[1]))
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: link to %s: %v", path, m[1], err)
			}
		}
	}
}

var update = flag.Bool("update", false, "write generated parts of docs anew")

// TestConfigurationPage: the table of keys in docs/configuration.md is what cmd/uniqchat reads.
func TestConfigurationPage(t *testing.T) {
	const path, begin, end = "docs/configuration.md", "-update . -->\n", "<!-- end of keys -->"
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(b), begin)
	have, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("the marks around the keys are gone")
	}
	want := "| key | default | what it is |\n|---|---|---|\n"
	for _, k := range config.Default().Keys() {
		value := k.String()
		if value != "" {
			value = "`" + value + "`"
		}
		want += fmt.Sprintf("| `%s` | %s | %s |\n", k.Name, value, strings.ReplaceAll(k.Doc, "|", "\\|"))
	}
	if *update {
		if err := os.WriteFile(path, []byte(head+begin+want+end+tail), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(want, have); d != "" {
		t.Errorf("run: go test -run TestConfigurationPage -update .\n%s", d)
	}
}
