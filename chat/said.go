package chat

import (
	"bytes"
	"encoding/json"
)

// Said appends what people can read in a message's body: what a search looks at. Nothing of a system message.
func Said(dst []string, kind Kind, body []byte) []string {
	if kind == KindSystem {
		return dst
	}
	if plain, ok := bytes.CutPrefix(body, []byte(`{"text":"`)); ok { // most messages, and nothing to decode
		if end := bytes.IndexAny(plain, `"\`); end == len(plain)-2 && plain[end] == '"' && plain[end+1] == '}' {
			return append(dst, string(plain[:end]))
		}
	}
	var b struct {
		Text, Title, Name readable
		Fields            []struct{ Label readable }
	}
	_ = json.Unmarshal(body, &b) // what was read before something odd counts
	for _, s := range []readable{b.Title, b.Text, b.Name} {
		if s != "" {
			dst = append(dst, string(s))
		}
	}
	for i := range b.Fields {
		if s := b.Fields[i].Label; s != "" {
			dst = append(dst, string(s))
		}
	}
	return dst
}

// readable is a JSON string; anything else is none.
type readable string

func (r *readable) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*r = readable(s)
	}
	return nil
}

// cut shortens s to at most n bytes without breaking a rune.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n]
}
