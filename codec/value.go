package codec

import (
	"errors"
	"unicode/utf8"
)

// Value checks one JSON text as a body or data of a packet is checked, and returns it as packets carry it: without white space
// between its tokens. It works in place. The error says what is wrong: not UTF-8, not JSON (RFC 8259), U+0000 or a lone
// surrogate in a string (protocol rule 2), nested too deep.
func Value(b []byte) ([]byte, error) {
	if !utf8.Valid(b) {
		return nil, errors.New("not UTF-8")
	}
	s := scanner{b: b, limit: maxDepth}
	if !s.document() {
		return nil, errors.New(s.problem)
	}
	return s.compact(b), nil
}
