package server_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/server/api"
)

// said is what the document says an operation answers.
type said struct {
	pattern   []string
	responses map[string]*huma.Response
}

// theDocument is the OpenAPI document, and its operations by method.
var theDocument = sync.OnceValues(func() (*huma.OpenAPI, map[string][]said) {
	doc, err := api.Spec()
	if err != nil {
		panic(err)
	}
	out := map[string][]said{}
	for path, p := range doc.Paths {
		for method, op := range map[string]*huma.Operation{"GET": p.Get, "POST": p.Post, "PATCH": p.Patch, "DELETE": p.Delete} {
			if op != nil {
				out[method] = append(out[method], said{strings.Split(path, "/"), op.Responses})
			}
		}
	}
	return doc, out
})

// documented fails the test if an answer is not what the document says: its status, its type, and every member of it. Every call of
// every test is looked at.
func documented(t testing.TB, method, path string, a *answer) {
	t.Helper()
	doc, operations := theDocument()
	path, _, _ = strings.Cut(path, "?")
	op := match(operations[method], strings.Split(path, "/"))
	if op == nil || a.status >= 400 && a.header.Get("Content-Type") == "application/problem+json" && a.body == nil || a.status == 304 || a.status == 206 {
		return
	}
	r := op.responses[strconv.Itoa(a.status)]
	if r == nil && a.status >= 400 {
		r = op.responses["default"]
	}
	require.NotNil(t, r, "%s %s answers %d, which the document does not say: %s", method, path, a.status, a.raw)
	kind, _, _ := strings.Cut(a.header.Get("Content-Type"), ";")
	if len(a.raw) == 0 {
		require.Empty(t, r.Content, "%s %s answers nothing", method, path)
		return
	}
	m := r.Content[kind]
	if m == nil {
		m = r.Content["*/*"]
	}
	require.NotNil(t, m, "%s %s answers %d with %s, which the document does not say", method, path, a.status, kind)
	if !strings.HasSuffix(kind, "json") || m.Schema.Format == "binary" {
		return
	}
	var v any
	require.NoError(t, json.Unmarshal(a.raw, &v))
	var res huma.ValidateResult
	huma.Validate(doc.Components.Schemas, m.Schema, huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, v, &res)
	require.Empty(t, res.Errors, "%s %s: %s", method, path, a.raw)
}

// match finds the operation of a path; one that is written out comes before one with a parameter.
func match(all []said, path []string) (found *said) {
	for i := range all {
		fits, params := len(all[i].pattern) == len(path), 0
		for j := 0; fits && j < len(path); j++ {
			if strings.HasPrefix(all[i].pattern[j], "{") {
				params++
			} else {
				fits = all[i].pattern[j] == path[j]
			}
		}
		if fits && (found == nil || params == 0) {
			found = &all[i]
		}
	}
	return found
}
