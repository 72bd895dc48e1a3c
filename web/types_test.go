package web

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write src/console/api/schema.ts")

const (
	documentFile = "../docs/openapi.yaml"
	schemaFile   = "src/console/api/schema.ts"
)

// The console's types of the API are what the OpenAPI document says, which is what the server's Go types say.
func TestAPITypes(t *testing.T) {
	text, err := os.ReadFile(documentFile)
	require.NoError(t, err)
	var doc document
	require.NoError(t, yaml.Unmarshal(text, &doc))
	got := doc.typescript()
	if *update {
		require.NoError(t, os.WriteFile(schemaFile, got, 0o644))
	}
	want, err := os.ReadFile(schemaFile)
	require.NoError(t, err)
	require.True(t, bytes.Equal(got, want), "%s is not fresh: run go generate ./web", schemaFile)
}

type (
	document struct {
		Components struct {
			Schemas map[string]*schema `yaml:"schemas"`
		} `yaml:"components"`
		Paths map[string]map[string]*operation `yaml:"paths"`
	}
	operation struct {
		Summary     string              `yaml:"summary"`
		Parameters  []parameter         `yaml:"parameters"`
		RequestBody *content            `yaml:"requestBody"`
		Responses   map[string]*content `yaml:"responses"`
	}
	parameter struct {
		Name, In string
		Required bool
		Schema   *schema
	}
	content struct {
		Content map[string]struct {
			Schema *schema `yaml:"schema"`
		} `yaml:"content"`
	}
	schema struct {
		Ref         string             `yaml:"$ref"`
		Type        any                `yaml:"type"` // a name, or a list of names
		Format      string             `yaml:"format"`
		Description string             `yaml:"description"`
		Enum        []any              `yaml:"enum"`
		AnyOf       []*schema          `yaml:"anyOf"`
		Items       *schema            `yaml:"items"`
		Properties  map[string]*schema `yaml:"properties"`
		Additional  any                `yaml:"additionalProperties"` // false, or a schema
		Required    []string           `yaml:"required"`
	}
)

// typescript writes every schema as a type, and Api: what each operation takes and answers, by method and path.
func (d *document) typescript() []byte {
	var b bytes.Buffer
	b.WriteString("// Code generated from docs/openapi.yaml by go generate ./web. DO NOT EDIT.\n")
	for _, name := range slices.Sorted(maps.Keys(d.Components.Schemas)) {
		s := d.Components.Schemas[name]
		if s.Properties == nil {
			fmt.Fprintf(&b, "\nexport type %s = %s;\n", name, s.ts("  "))
			continue
		}
		fmt.Fprintf(&b, "\nexport interface %s %s\n", name, s.ts("  "))
	}
	b.WriteString("\n/** What each operation takes and answers. */\nexport interface Api {\n")
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		short, found := strings.CutPrefix(path, "/api/v1")
		if !found {
			continue // not called by this page
		}
		for _, method := range slices.Sorted(maps.Keys(d.Paths[path])) {
			o := d.Paths[path][method]
			fmt.Fprintf(&b, "  /** %s. */\n  %q: {\n", o.Summary, strings.ToUpper(method)+" "+short)
			fmt.Fprintf(&b, "    path: %s;\n    query: %s;\n    body: %s;\n    answer: %s;\n  };\n", o.params("path"), o.params("query"), o.body(), o.answer())
		}
	}
	b.WriteString("}\n")
	return b.Bytes()
}

func (o *operation) params(in string) string {
	var out []string
	for _, p := range o.Parameters {
		if p.In != in {
			continue
		}
		mark := "?"
		if p.Required {
			mark = ""
		}
		out = append(out, fmt.Sprintf("%s%s: %s", key(p.Name), mark, p.Schema.ts("    ")))
	}
	if out == nil {
		return "unknown"
	}
	return "{ " + strings.Join(out, "; ") + " }"
}

func (o *operation) body() string {
	if o.RequestBody == nil {
		return "undefined"
	}
	var kinds []string
	if json, found := o.RequestBody.Content["application/json"]; found {
		kinds = append(kinds, json.Schema.ts("    "))
	}
	if _, multipart := o.RequestBody.Content["multipart/form-data"]; multipart {
		kinds = append(kinds, "FormData")
	}
	return strings.Join(kinds, " | ")
}

func (o *operation) answer() string {
	for _, status := range []string{"200", "201", "202"} {
		r := o.Responses[status]
		if r == nil || len(r.Content) == 0 {
			continue
		}
		if json, found := r.Content["application/json"]; found && json.Schema != nil {
			return json.Schema.ts("    ")
		}
		return "Blob"
	}
	return "undefined"
}

func (s *schema) ts(indent string) string {
	switch {
	case s == nil:
		return "unknown"
	case s.Ref != "":
		return s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]
	case s.AnyOf != nil:
		var parts []string
		for _, p := range s.AnyOf {
			parts = append(parts, p.ts(indent))
		}
		return strings.Join(parts, " | ")
	case s.Enum != nil:
		var parts []string
		for _, v := range s.Enum {
			if text, ok := v.(string); ok {
				parts = append(parts, fmt.Sprintf("%q", text))
			} else {
				parts = append(parts, fmt.Sprint(v))
			}
		}
		return strings.Join(parts, " | ")
	}
	names, ok := s.Type.([]any)
	if !ok {
		names = []any{s.Type}
	}
	var parts []string
	for _, name := range names {
		parts = append(parts, s.plain(name, indent))
	}
	return strings.Join(parts, " | ")
}

func (s *schema) plain(name any, indent string) string {
	switch name {
	case "string":
		if s.Format == "binary" {
			return "Blob"
		}
		return "string"
	case "integer", "number":
		return "number"
	case "boolean":
		return "boolean"
	case "null":
		return "null"
	case "array":
		item := s.Items.ts(indent)
		if strings.Contains(item, " | ") {
			item = "(" + item + ")"
		}
		return item + "[]"
	case "object":
		return s.object(indent)
	}
	return "unknown"
}

func (s *schema) object(indent string) string {
	if s.Properties == nil {
		value := "unknown"
		if more, ok := s.Additional.(map[string]any); ok {
			text, err := yaml.Marshal(more)
			var v schema
			if err == nil && yaml.Unmarshal(text, &v) == nil {
				value = v.ts(indent)
			}
		}
		return "Record<string, " + value + ">"
	}
	var b strings.Builder
	b.WriteString("{\n")
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		p := s.Properties[name]
		if p.Description != "" {
			fmt.Fprintf(&b, "%s/** %s */\n", indent, strings.ReplaceAll(p.Description, "*/", "* /"))
		}
		mark := "?"
		if slices.Contains(s.Required, name) {
			mark = ""
		}
		fmt.Fprintf(&b, "%s%s%s: %s;\n", indent, key(name), mark, p.ts(indent+"  "))
	}
	b.WriteString(indent[2:] + "}")
	return b.String()
}

var plainKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func key(name string) string {
	if plainKey.MatchString(name) {
		return name
	}
	return fmt.Sprintf("%q", name)
}
