package api

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/danielgtaylor/huma/v2"
	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write docs/openapi.yaml")

const documentFile = "../../docs/openapi.yaml"

// The committed document is what the table of routes makes.
func TestOpenAPIFile(t *testing.T) {
	got, err := Document()
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile(documentFile, got, 0o644))
	}
	want, err := os.ReadFile(documentFile)
	require.NoError(t, err)
	require.True(t, bytes.Equal(got, want), "docs/openapi.yaml is not fresh: run go generate ./server/api")
}

// Every route that Hertz serves under /api/v1 is in the document, and the other way round.
func TestRoutesAreDocumented(t *testing.T) {
	engine := newBareEngine()
	_, err := Mount(engine, Config{Pages: fstest.MapFS{"console/index.html": {Data: []byte("x")}}})
	require.NoError(t, err)
	served := map[string]bool{}
	for _, r := range engine.Routes() {
		if strings.HasPrefix(r.Path, "/api/v1") || r.Path == resetPath && r.Method == "POST" {
			served[r.Method+" "+r.Path] = true
		}
	}
	raw, err := Document()
	require.NoError(t, err)
	var doc struct {
		OpenAPI string                               `yaml:"openapi"`
		Paths   map[string]map[string]map[string]any `yaml:"paths"`
	}
	require.NoError(t, yaml.Unmarshal(raw, &doc))
	require.Equal(t, "3.1.0", doc.OpenAPI)
	documented := map[string]bool{}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			documented[strings.ToUpper(method)+" "+strings.NewReplacer("{", ":", "}", "").Replace(path)] = true
			require.NotEmpty(t, op["operationId"], path)
			require.NotEmpty(t, op["summary"], path)
			require.Contains(t, op["responses"], "default", path)
		}
	}
	require.Equal(t, documented, served)
	require.NotEmpty(t, served)
}

// A route without a row of permissions stops the start.
func TestRouteWithoutPermissionsStopsTheStart(t *testing.T) {
	a := &API{cfg: Config{}.withDefaults()}
	for _, r := range a.routes() {
		require.True(t, r.who.known(), "%s %s", r.method, r.path)
	}
	require.False(t, access{}.known())
}

func TestLanguage(t *testing.T) {
	for accept, want := range map[string]string{
		"": "zh", "en": "en", "en-GB,en;q=0.9,zh;q=0.8": "en", "zh-CN,zh;q=0.9,en;q=0.8": "zh", "fr": "zh", "fr, en;q=.5": "en", ",;": "zh",
		"en;q=0.1, zh;q=0.9": "zh", "zh;q=0, en": "en", "en;q=0": "zh", "zh;q=0.5 , EN-us ; q=0.6": "en", "en;q=x": "zh", "en, zh": "en",
	} {
		got, asked := language(accept)
		require.Equal(t, want, got, accept)
		if asked != "" {
			require.Equal(t, want, asked, accept)
		}
	}
	for _, accept := range []string{"", "fr", ",;", "en;q=0", "en;q=x"} {
		_, asked := language(accept)
		require.Empty(t, asked, accept)
	}
}

func TestRequestID(t *testing.T) {
	require.Equal(t, "abc-1_2.3", requestID([]byte("abc-1_2.3")))
	for _, bad := range []string{"", "a b", "a\r\nSet-Cookie: x", strings.Repeat("a", 65), "é", `"`} {
		require.Len(t, requestID([]byte(bad)), 36, bad)
	}
}

func TestMessageCursor(t *testing.T) {
	for _, older := range []bool{true, false} {
		seq, got, err := parseMessageCursor(messageCursor(1<<40, older))
		require.NoError(t, err)
		require.EqualValues(t, 1<<40, seq)
		require.Equal(t, older, got)
	}
	for _, bad := range []string{"x", "AAAA", "!!", messageCursor(5, true) + "A"} {
		_, _, err := parseMessageCursor(bad)
		require.Error(t, err, bad)
	}
}

// Every operation has an example of what is asked and of what is answered, and they are what the schemas say.
func TestExamples(t *testing.T) {
	doc, err := Spec()
	require.NoError(t, err)
	fits := func(where string, m *huma.MediaType) {
		raw, err := json.Marshal(m.Example)
		require.NoError(t, err)
		var v any
		require.NoError(t, json.Unmarshal(raw, &v))
		require.NotNil(t, v, where)
		var res huma.ValidateResult
		huma.Validate(doc.Components.Schemas, m.Schema, huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, v, &res)
		require.Empty(t, res.Errors, "%s: %s", where, raw)
	}
	for id, op := range operationsOf(doc) {
		if op.RequestBody != nil {
			for kind, m := range op.RequestBody.Content {
				fits(id+" "+kind, m)
			}
		}
		for status, r := range op.Responses {
			for kind, m := range r.Content {
				fits(id+" "+status+" "+kind, m)
			}
		}
	}
	_, err = newExamples(doc.Components.Schemas)
	require.NoError(t, err)
	strange := &examples{seen: map[string]bool{}, Requests: map[string]any{"fly": nil}}
	require.ErrorContains(t, strange.unused(), "fly")
}

// What the document calls a schema is a type of our clients: none is written out where it is used, but for texts and files.
func TestSchemasHaveNames(t *testing.T) {
	doc, err := Spec()
	require.NoError(t, err)
	for id, op := range operationsOf(doc) {
		for status, r := range op.Responses {
			if m := r.Content["application/json"]; m != nil && !strings.HasPrefix(id, "exportVisitor") {
				require.NotEmpty(t, m.Schema.Ref, "%s %s", id, status)
			}
		}
		if op.RequestBody != nil && op.RequestBody.Content["application/json"] != nil {
			require.NotEmpty(t, op.RequestBody.Content["application/json"].Schema.Ref, id)
		}
	}
	for name, s := range doc.Components.Schemas.Map() {
		for property, p := range s.Properties {
			typed := p.Type != "" || p.Ref != "" || len(p.AnyOf) > 0 || name+"."+property == "ErrorDetail.value"
			require.True(t, typed, "%s.%s may be anything: say what it is in document.go", name, property)
		}
	}
}
