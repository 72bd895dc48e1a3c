package api

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// examplesJSON are the examples that are made by hand: whole requests and answers by operation (and status, where there are two), and values by Schema.property or
// by property. The others are put together from the values, along the schemas.
//
//go:embed examples.json
var examplesJSON []byte

// examples gives operations theirs.
type examples struct {
	schemas                   huma.Registry
	Requests, Answers, Values map[string]any
	seen                      map[string]bool // operations that asked
}

func newExamples(schemas huma.Registry) (*examples, error) {
	x := &examples{schemas: schemas, seen: map[string]bool{}}
	if err := json.Unmarshal(examplesJSON, x); err != nil {
		return nil, fmt.Errorf("read examples: %w", err)
	}
	return x, nil
}

// add gives an operation an example of what is asked and of everything that is answered.
func (x *examples) add(op *huma.Operation) {
	x.seen[op.OperationID] = true
	if op.RequestBody != nil {
		for _, m := range op.RequestBody.Content {
			m.Example = x.made(x.Requests, op.OperationID, m.Schema)
		}
	}
	for status, r := range op.Responses {
		for kind, m := range r.Content {
			switch {
			case kind == "text/event-stream":
				m.Example = eventsExample
			case kind == "text/csv":
				m.Example = "start,created\n2026-03-02T00:00:00Z,14\n"
			case strings.HasPrefix(status, "2"):
				m.Example = x.made(x.Answers, op.OperationID, m.Schema)
				if v, ok := x.Answers[op.OperationID+" "+status]; ok {
					m.Example = v
				}
			default:
				m.Example = x.of(m.Schema, "", "")
			}
		}
	}
}

// eventsExample is a stream of events as it goes over the wire; the data of the last one is shortened.
const eventsExample = "event: delta\ndata: {\"message\":0,\"text\":\"Delivery takes\"}\n\nevent: delta\ndata: {\"message\":0,\"text\":\" two to three days.\"}\n\n" +
	"event: done\ndata: {\"step\":\"answer\",\"answer\":\"Delivery takes two to three days.\"}\n\n"

func (x *examples) made(byHand map[string]any, operation string, s *huma.Schema) any {
	if v, ok := byHand[operation]; ok {
		return v
	}
	return x.of(s, "", "")
}

// unused fails if there are examples of operations that there are not.
func (x *examples) unused() error {
	for _, byHand := range []map[string]any{x.Requests, x.Answers} {
		for _, id := range slices.Sorted(maps.Keys(byHand)) {
			if operation, _, _ := strings.Cut(id, " "); !x.seen[operation] {
				return fmt.Errorf("examples.json has an example of %s, which is no operation", id)
			}
		}
	}
	return nil
}

// of makes an example of a schema; schema and property are where it stands, as far as it has a name.
func (x *examples) of(s *huma.Schema, schema, property string) any {
	for _, name := range []string{schema + "." + property, property} {
		if v, ok := x.Values[name]; ok && x.fits(v, s) {
			return v
		}
	}
	if name, ok := strings.CutPrefix(s.Ref, schemaPrefix); ok {
		return x.of(x.schemas.SchemaFromRef(s.Ref), name, "")
	}
	switch {
	case len(s.AnyOf) > 0:
		return x.of(s.AnyOf[0], schema, property)
	case s.Type == huma.TypeObject:
		out := map[string]any{}
		for name, p := range s.Properties {
			required := slices.Contains(s.Required, name)
			if v, ok := x.Values[schema+"."+name]; ok && v == nil && !required {
				continue
			}
			if v := x.of(p, schema, name); v != nil || required {
				out[name] = v
			}
		}
		return out
	case s.Type == huma.TypeArray:
		return []any{x.of(s.Items, schema, property)}
	default:
		return x.plain(s)
	}
}

// plain is an example of a value that nothing is known of but its type.
func (x *examples) plain(s *huma.Schema) any {
	switch {
	case len(s.Examples) > 0:
		return s.Examples[0]
	case s.Default != nil:
		return s.Default
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.Format == "date-time":
		return x.Values["created_at"]
	case s.Format == "uuid":
		return x.Values["id"]
	case s.Type == huma.TypeString:
		return "text"
	case s.Type == huma.TypeBoolean:
		return true
	case s.Type == huma.TypeInteger, s.Type == huma.TypeNumber:
		if s.Minimum != nil {
			return *s.Minimum
		}
		return 1
	default:
		return map[string]any{}
	}
}

// fits reports whether a value may stand where the schema says.
func (x *examples) fits(v any, s *huma.Schema) bool {
	var res huma.ValidateResult
	huma.Validate(x.schemas, s, huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, v, &res)
	return len(res.Errors) == 0
}
