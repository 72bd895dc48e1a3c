package chat

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"unicode/utf8"
)

// isPlain reports whether a text can be stored everywhere: UTF-8 without U+0000.
func isPlain(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

// mergePatch applies a merge patch (RFC 7396), which must be an object, to an object. What comes out has sorted members, and can
// be stored as JSONB: no U+0000, no number beyond float64.
func mergePatch(object, patch json.RawMessage) (merged json.RawMessage, changed bool, err error) {
	change, ok := decodeJSON(patch).(map[string]any)
	if !ok {
		return nil, false, Errorf(Malformed, "context: must be a JSON object")
	}
	if !storable(change, 0) {
		return nil, false, Errorf(Malformed, "context: must have no U+0000, no number beyond 1e308, and be at most %d levels deep", maxDepth)
	}
	base, ok := decodeJSON(object).(map[string]any)
	if !ok {
		base = map[string]any{}
	}
	before, err := json.Marshal(base)
	if err != nil {
		return nil, false, err
	}
	merged, err = json.Marshal(merge(base, change))
	return merged, !bytes.Equal(before, merged), err
}

// decodeJSON reads one JSON value with its numbers as they are written; nil if it is none.
func decodeJSON(raw []byte) (v any) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if d.Decode(&v) != nil || d.More() {
		return nil
	}
	return v
}

func merge(target any, patch map[string]any) map[string]any {
	out, ok := target.(map[string]any)
	if !ok {
		out = map[string]any{}
	}
	for k, v := range patch {
		switch v := v.(type) {
		case nil:
			delete(out, k)
		case map[string]any:
			out[k] = merge(out[k], v)
		default:
			out[k] = v
		}
	}
	return out
}

// maxDepth is how deep objects and arrays may lie in one another.
const maxDepth = 32

// Storable reports whether a JSON value can be kept by every storage: no U+0000, no number beyond 1e308, and not too deep.
func Storable(raw []byte) bool { return storable(decodeJSON(raw), 0) }

func storable(v any, depth int) bool {
	if depth > maxDepth {
		return false
	}
	switch v := v.(type) {
	case string:
		return isPlain(v)
	case json.Number:
		f, err := v.Float64()
		return err == nil && !math.IsInf(f, 0)
	case []any:
		for _, e := range v {
			if !storable(e, depth+1) {
				return false
			}
		}
	case map[string]any:
		for k, e := range v {
			if !isPlain(k) || !storable(e, depth+1) {
				return false
			}
		}
	}
	return true
}
