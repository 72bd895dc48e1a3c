package api

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"regexp"
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
	Default     any               `json:"default"`
	Items       *schema           `json:"items"`
	AnyOf       []schema          `json:"anyOf"`
	Properties  map[string]schema `json:"properties"`
	Required    []string          `json:"required"`
}

// mediaType is a body of one kind.
type mediaType struct {
	Schema  schema
	Example any
}

type contents struct {
	Description string
	Content     map[string]mediaType
}

type parameter struct {
	Name, In, Description string
	Required              bool
	Schema                schema
}

// operation is what the page shows of one.
type operation struct {
	OperationID          string `json:"operationId"`
	Summary, Description string
	Tags                 []string
	Parameters           []parameter
	RequestBody          *contents           `json:"requestBody"`
	Responses            map[string]contents `json:"responses"`
	Security             []map[string]any
}

// document is the part of an OpenAPI document that the page shows.
type document struct {
	Info       struct{ Title, Description, Version string }
	Tags       []struct{ Name, Description string }
	Paths      map[string]map[string]operation
	Components struct{ Schemas map[string]schema }
}

type docsOperation struct {
	ID, Method, Class, Path, Summary, Access string
	Params                                   []docsParam
	Request                                  *docsBody
	Curl                                     string
	Answers                                  []docsBody
}

type docsParam struct {
	Name, In, Type, Text string
	Required             bool
}

// docsBody is a request's or an answer's: an example, and every member with what it means.
type docsBody struct{ Status, Text, Kind, Example, Members string }

type docsTag struct {
	Name, Anchor, Text string
	Operations         []docsOperation
}

// renderDocs makes the reference page of a document: plain HTML without a script, so it works under any policy.
func renderDocs(openAPI []byte) []byte {
	var d document
	if err := json.Unmarshal(openAPI, &d); err != nil {
		panic(fmt.Sprintf("our own document can't be read: %v", err))
	}
	page := struct {
		Info    any
		Once    string // what Idempotency-Key is, said once
		Tags    []docsTag
		Problem docsBody
	}{Info: d.Info, Once: onceParameter().Description}
	problem := schema{Ref: schemaPrefix + "Problem"}
	page.Problem.Members = d.members(problem, 0)
	byName := map[string]int{}
	for _, t := range d.Tags {
		byName[t.Name] = len(page.Tags)
		page.Tags = append(page.Tags, docsTag{Name: t.Name, Anchor: "tag-" + strings.ReplaceAll(t.Name, " ", "-"), Text: t.Description})
	}
	for path, methods := range d.Paths {
		for method, op := range methods {
			t := &page.Tags[byName[op.Tags[0]]]
			t.Operations = append(t.Operations, d.operation(method, path, &op))
			if page.Problem.Example == "" {
				page.Problem.Example = indented(op.Responses["default"].Content["application/problem+json"].Example)
			}
		}
	}
	for _, t := range page.Tags {
		slices.SortFunc(t.Operations, compareOperations)
	}
	page.Tags = slices.DeleteFunc(page.Tags, func(t docsTag) bool { return len(t.Operations) == 0 })
	var out bytes.Buffer
	if err := docsTemplate.Execute(&out, page); err != nil {
		panic(fmt.Sprintf("the reference page can't be made: %v", err))
	}
	return out.Bytes()
}

// compareOperations sorts by path, and what is read before what is changed.
func compareOperations(a, b docsOperation) int {
	if c := strings.Compare(a.Path, b.Path); c != 0 {
		return c
	}
	order := []string{"GET", "POST", "PATCH", "PUT", "DELETE"}
	return slices.Index(order, a.Method) - slices.Index(order, b.Method)
}

func (d *document) operation(method, path string, op *operation) docsOperation {
	o := docsOperation{ID: op.OperationID, Method: strings.ToUpper(method), Class: method, Path: path, Summary: op.Summary, Access: op.Description}
	for _, p := range op.Parameters {
		text := p.Description
		switch {
		case text == isUUID: // its type says so
			text = ""
		case p.Name == onceHeader:
			text = "See above."
		}
		if p.Schema.Default != nil {
			text = strings.TrimSpace(fmt.Sprintf("%s Defaults to %v.", text, p.Schema.Default))
		}
		o.Params = append(o.Params, docsParam{p.Name, p.In, d.typeOf(p.Schema), text, p.Required})
	}
	if op.RequestBody != nil {
		for kind, m := range op.RequestBody.Content { // one
			o.Request = &docsBody{Kind: kind, Members: d.members(m.Schema, 0), Example: indented(m.Example)}
		}
	}
	o.Curl = curl(&o, len(op.Security) > 0)
	for status, r := range op.Responses {
		if status == "default" {
			continue
		}
		if len(r.Content) == 0 {
			o.Answers = append(o.Answers, docsBody{Status: status, Text: r.Description})
		}
		for kind, m := range r.Content {
			b := docsBody{Status: status, Text: r.Description, Kind: kind, Example: indented(m.Example)}
			if kind == "application/json" {
				b.Members = d.members(m.Schema, 0)
			}
			o.Answers = append(o.Answers, b)
		}
	}
	slices.SortFunc(o.Answers, func(a, b docsBody) int { return strings.Compare(a.Status+a.Kind, b.Status+b.Kind) })
	return o
}

var inPath = regexp.MustCompile(`\{\w+\}`)

// curl is a request as one would type it.
func curl(o *docsOperation, credential bool) string {
	var b strings.Builder
	b.WriteString("curl ")
	if o.Method != http.MethodGet && (o.Method != http.MethodPost || o.Request == nil) {
		b.WriteString("-X " + o.Method + " ")
	}
	path := inPath.ReplaceAllStringFunc(o.Path, func(name string) string { return "$" + strings.ToUpper(strings.Trim(name, "{}")) })
	b.WriteString(`"$UNIQCHAT` + path + `"`)
	if credential {
		b.WriteString(" \\\n  -H \"Authorization: Bearer $TOKEN\"")
	}
	switch {
	case o.Request == nil:
	case o.Request.Kind == "application/json":
		b.WriteString(" \\\n  -H \"Content-Type: application/json\" \\\n  -d '" + strings.ReplaceAll(o.Request.Example, "'", `'\''`) + "'")
	default:
		b.WriteString(" \\\n  -F file=@parcel.png")
	}
	return b.String()
}

// indented is JSON to read; text is as it is.
func indented(v any) string {
	if s, ok := v.(string); ok {
		return strings.TrimRight(s, "\n")
	}
	var b bytes.Buffer
	w := json.NewEncoder(&b)
	w.SetEscapeHTML(false) // the template does
	w.SetIndent("", "  ")
	if err := w.Encode(v); err != nil {
		panic(fmt.Sprintf("an example can't be written: %v", err)) // it came from JSON
	}
	return strings.TrimRight(b.String(), "\n")
}

// members shows a schema as commented JSON, with types for values.
func (d *document) members(s schema, depth int) string {
	if s.Ref != "" {
		s = d.Components.Schemas[strings.TrimPrefix(s.Ref, schemaPrefix)]
	}
	if len(s.AnyOf) > 0 {
		return d.members(s.AnyOf[0], depth) + " | null"
	}
	pad := strings.Repeat("  ", depth)
	switch {
	case s.Items != nil && depth < 4:
		return "[" + d.members(*s.Items, depth) + "]"
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
			if p.Description != "" {
				fmt.Fprintf(&b, "%s  // %s\n", pad, p.Description)
			}
			fmt.Fprintf(&b, "%s  %s%s: %s\n", pad, n, optional, d.members(p, depth+1))
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
	if s.Format != "" && s.Format != "int64" && s.Format != "double" {
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
