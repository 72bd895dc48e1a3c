package web

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const namesFile = "src/shared/names.ts"

// The browser's numbers and names of the protocol are the codec's: close codes, and what stands for the values of fields that have a few.
// Packets themselves are held by the golden vectors of codec/testdata, which both sides read.
func TestProtocolNames(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("// The numbers and names of the protocol, made from the Go package codec by go generate ./web. Not to be edited.\n\n/** Close codes of protocol.md. */\n")
	for _, c := range declared(t, "../codec/closecode.go") {
		lit, ok := c.value.(*ast.BasicLit)
		if rest, is := strings.CutPrefix(c.name, "Close"); is && ok && len(lit.Value) == 4 && lit.Value[0] == '3' {
			fmt.Fprintf(&b, "export const close%s = %s;\n", rest, lit.Value)
		}
	}
	b.WriteString("\n/** Values of fields by their numbers: the first is what is meant when a field is missing. */\n")
	for _, c := range declared(t, "../codec/fields.go") {
		list, ok := c.value.(*ast.CompositeLit)
		if !ok || !strings.HasSuffix(c.name, "Names") {
			continue
		}
		var values []string
		for _, e := range list.Elts {
			if pair, ok := e.(*ast.KeyValueExpr); ok {
				e = pair.Value
			}
			values = append(values, e.(*ast.BasicLit).Value)
		}
		fmt.Fprintf(&b, "export const %s = [%s] as const;\n", c.name, strings.Join(values, ", "))
	}
	if *update {
		require.NoError(t, os.WriteFile(namesFile, b.Bytes(), 0o644))
	}
	want, err := os.ReadFile(namesFile)
	require.NoError(t, err)
	require.Equal(t, string(want), b.String(), "%s is not fresh: run go generate ./web", namesFile)
}

type declaration struct {
	name  string
	value ast.Expr
}

// declared returns the constants and variables of a Go file that have a value of their own, in their order.
func declared(t *testing.T, file string) (out []declaration) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	require.NoError(t, err)
	ast.Inspect(f, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok && len(v.Values) == len(v.Names) {
			for i, name := range v.Names {
				out = append(out, declaration{name.Name, v.Values[i]})
			}
		}
		return true
	})
	return out
}
