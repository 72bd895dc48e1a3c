package api

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"slices"
	"strings"
)

//go:embed docs.html
var docsHTML string

//go:embed docs.css
var docsCSS []byte

var docsTemplate = template.Must(template.New("docs").Parse(docsHTML))

// schema is the part of JSON Schema that our document uses.
type schema struct {
	Ref         string            `json:"$ref"`
	Type        any               `json:"type"` // a name, or several
	Format      string            `json:"format"`
	Description string            `json:"description"`
	Enum        []any             `json:"enum"`
	Items       *schema           `json:"items"`
	AnyOf       []schema          `json:"anyOf"`
	Properties  map[string]schema `json:"properties"`
	Required    []string          `json:"required"`
}

type contents struct {
	Content map[string]struct {
		Schema schema `json:"schema"`
	} `json:"content"`
}

// document is the part of an OpenAPI document that the page shows.
type document struct {
	Info struct{ Title, Description string }

	Paths map[string]map[string]struct {
		OperationID          string `json:"operationId"`
		Summary, Description string
		Tags                 []string
		Parameters           []struct {
			Name, In, Description string
			Schema                schema
		}
		RequestBody *contents           `json:"requestBody"`
		Responses   map[string]contents `json:"responses"`
	}
	Components struct{ Schemas map[string]schema }
}

type docsOperation struct {
	ID, Method, Class, Path, Summary, Access, Request, Status, Response string
	Params                                                              []docsParam
}

type docsParam struct{ Name, In, Text string }

type docsTag struct {
	Name       string
	Operations []docsOperation
}

// renderDocs makes the reference page of a document: plain HTML without a script, so it works under any policy.
func renderDocs(openAPI []byte) []byte {
	var d document
	if err := json.Unmarshal(openAPI, &d); err != nil {
		panic(fmt.Sprintf("our own document can't be read: %v", err))
	}
	page := struct {
		Info    any
		Tags    []docsTag
		Problem string
	}{Info: d.Info, Problem: d.example(schema{Ref: "#/components/schemas/Problem"}, 0)}
	tags := map[string]*docsTag{}
	for path, methods := range d.Paths {
		for method, op := range methods {
			o := docsOperation{ID: op.OperationID, Method: strings.ToUpper(method), Class: method, Path: path, Summary: op.Summary, Access: op.Description}
			for _, p := range op.Parameters {
				text := strings.TrimSpace(p.Description + " " + d.typeOf(p.Schema))
				o.Params = append(o.Params, docsParam{p.Name, p.In, text})
			}
			if op.RequestBody != nil {
				for kind, c := range op.RequestBody.Content { // one
					if o.Request = d.example(c.Schema, 0); kind != "application/json" {
						o.Request = kind + " " + o.Request
					}
				}
			}
			for status, r := range op.Responses {
				if status[0] == '2' {
					o.Status = status
					if c, found := r.Content["application/json"]; found {
						o.Response = d.example(c.Schema, 0)
					}
				}
			}
			name := op.Tags[0]
			if tags[name] == nil {
				tags[name] = &docsTag{Name: name}
			}
			tags[name].Operations = append(tags[name].Operations, o)
		}
	}
	for _, t := range tags {
		slices.SortFunc(t.Operations, func(a, b docsOperation) int { return strings.Compare(a.Path+a.Method, b.Path+b.Method) })
		page.Tags = append(page.Tags, *t)
	}
	slices.SortFunc(page.Tags, func(a, b docsTag) int { return strings.Compare(a.Name, b.Name) })
	var out bytes.Buffer
	if err := docsTemplate.Execute(&out, page); err != nil {
		panic(fmt.Sprintf("the reference page can't be made: %v", err))
	}
	return out.Bytes()
}

// example shows a schema as commented JSON.
func (d *document) example(s schema, depth int) string {
	if s.Ref != "" {
		s = d.Components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
	}
	if len(s.AnyOf) > 0 {
		return d.example(s.AnyOf[0], depth) + " | null"
	}
	pad := strings.Repeat("  ", depth)
	switch {
	case s.Items != nil && depth < 4:
		return "[" + d.example(*s.Items, depth) + "]"
	case len(s.Properties) > 0 && depth < 4:
		names := make([]string, 0, len(s.Properties))
		for n := range s.Properties {
			names = append(names, n)
		}
		slices.Sort(names)
		var b strings.Builder
		b.WriteString("{\n")
		for _, n := range names {
			p := s.Properties[n]
			optional := ""
			if !slices.Contains(s.Required, n) {
				optional = "?"
			}
			fmt.Fprintf(&b, "%s  %s%s: %s", pad, n, optional, d.example(p, depth+1))
			if p.Description != "" {
				b.WriteString("  // " + p.Description)
			}
			b.WriteByte('\n')
		}
		return b.String() + pad + "}"
	default:
		return d.typeOf(s)
	}
}

// typeOf names a schema's type in a few words.
func (d *document) typeOf(s schema) string {
	name := "any"
	switch t := s.Type.(type) {
	case string:
		name = t
	case []any:
		parts := make([]string, len(t))
		for i := range t {
			parts[i] = fmt.Sprint(t[i])
		}
		name = strings.Join(parts, " | ")
	}
	if s.Format != "" {
		name += " (" + s.Format + ")"
	}
	if len(s.Enum) > 0 {
		parts := make([]string, len(s.Enum))
		for i := range s.Enum {
			parts[i] = fmt.Sprint(s.Enum[i])
		}
		name += ": " + strings.Join(parts, ", ")
	}
	return name
}
