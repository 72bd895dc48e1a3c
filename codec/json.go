package codec

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// maxJSONInt is the largest integer that every JSON reader keeps exact (RFC 8259 6).
const maxJSONInt = 1<<53 - 1

// maxDepth is how deep JSON values may nest.
const maxDepth = 64

// scanner walks over one JSON text (RFC 8259) that is known to be UTF-8, and notes whether white space stands between
// tokens. It allocates nothing. Strings with U+0000 or a lone surrogate are refused: databases and browsers can't hold them.
type scanner struct {
	b       []byte
	i       int
	depth   int
	spaces  bool
	problem string
}

func (s *scanner) bad(problem string) bool {
	if s.problem == "" {
		s.problem = problem
	}
	return false
}

func (s *scanner) space() {
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case ' ', '\t', '\n', '\r':
			s.spaces = true
			s.i++
		default:
			return
		}
	}
}

// document walks over one value with nothing but white space around it.
func (s *scanner) document() bool {
	s.space()
	if !s.value() {
		return false
	}
	s.space()
	if s.i != len(s.b) {
		return s.bad("something follows the value")
	}
	return true
}

// value walks over the value that begins at i.
func (s *scanner) value() bool {
	if s.i >= len(s.b) {
		return s.bad("unexpected end")
	}
	switch c := s.b[s.i]; {
	case c == '"':
		return s.str()
	case c == '{':
		return s.object(nil)
	case c == '[':
		return s.array()
	case c == 't':
		return s.word("true")
	case c == 'f':
		return s.word("false")
	case c == 'n':
		return s.word("null")
	case c == '-' || c >= '0' && c <= '9':
		return s.number()
	}
	return s.bad("unexpected character")
}

func (s *scanner) word(w string) bool {
	if len(s.b)-s.i < len(w) || string(s.b[s.i:s.i+len(w)]) != w {
		return s.bad("unexpected character")
	}
	s.i += len(w)
	return true
}

func (s *scanner) digits() bool {
	from := s.i
	for s.i < len(s.b) && s.b[s.i] >= '0' && s.b[s.i] <= '9' {
		s.i++
	}
	return s.i > from
}

func (s *scanner) number() bool {
	if s.b[s.i] == '-' {
		s.i++
	}
	switch {
	case s.i < len(s.b) && s.b[s.i] == '0':
		s.i++
	case !s.digits():
		return s.bad("malformed number")
	}
	if s.i < len(s.b) && s.b[s.i] == '.' {
		s.i++
		if !s.digits() {
			return s.bad("malformed number")
		}
	}
	if s.i < len(s.b) && (s.b[s.i] == 'e' || s.b[s.i] == 'E') {
		s.i++
		if s.i < len(s.b) && (s.b[s.i] == '+' || s.b[s.i] == '-') {
			s.i++
		}
		if !s.digits() {
			return s.bad("malformed number")
		}
	}
	return true
}

// str walks over a string.
func (s *scanner) str() bool {
	s.i++
	for s.i < len(s.b) {
		switch c := s.b[s.i]; {
		case c == '"':
			s.i++
			return true
		case c == '\\':
			if !s.escape() {
				return false
			}
		case c < 0x20:
			return s.bad("control character in a string")
		default:
			s.i++
		}
	}
	return s.bad("unterminated string")
}

func (s *scanner) escape() bool {
	if s.i+1 >= len(s.b) {
		return s.bad("unterminated string")
	}
	switch s.b[s.i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.i += 2
		return true
	case 'u':
	default:
		return s.bad("unknown escape in a string")
	}
	r, ok := hex4(s.b[s.i:])
	if !ok {
		return s.bad(`malformed \u escape`)
	}
	s.i += 6
	switch {
	case r == 0:
		return s.bad("U+0000 in a string")
	case utf16.IsSurrogate(r):
		low, ok := hex4(s.b[s.i:])
		if !ok || utf16.DecodeRune(r, low) == utf8.RuneError {
			return s.bad("lone surrogate in a string")
		}
		s.i += 6
	}
	return true
}

// hex4 reads \uXXXX at the start of b.
func hex4(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range b[2:6] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

func (s *scanner) enter() bool {
	s.i++
	if s.depth++; s.depth > maxDepth {
		return s.bad("nested too deep")
	}
	s.space()
	return true
}

// next steps over a comma (true) or the closing bracket (false, with ok).
func (s *scanner) next(closing byte) (more, ok bool) {
	s.space()
	if s.i < len(s.b) {
		switch s.b[s.i] {
		case ',':
			s.i++
			s.space()
			return true, true
		case closing:
			s.i++
			s.depth--
			return false, true
		}
	}
	return false, s.bad("expected a comma or a closing bracket")
}

func (s *scanner) array() bool {
	if !s.enter() {
		return false
	}
	if s.i < len(s.b) && s.b[s.i] == ']' {
		s.i++
		s.depth--
		return true
	}
	for {
		if !s.value() {
			return false
		}
		if more, ok := s.next(']'); !ok || !more {
			return ok
		}
	}
}

// member is one member of an object, in its raw JSON text.
type member struct {
	key, value []byte // key without its quotes
	spaces     bool   // white space stands between the value's tokens
}

// object walks over an object and appends its members to *into unless that is nil.
func (s *scanner) object(into *[]member) bool {
	if !s.enter() {
		return false
	}
	if s.i < len(s.b) && s.b[s.i] == '}' {
		s.i++
		s.depth--
		return true
	}
	for {
		if s.i >= len(s.b) || s.b[s.i] != '"' {
			return s.bad("expected a member's name")
		}
		from := s.i
		if !s.str() {
			return false
		}
		key := s.b[from+1 : s.i-1]
		s.space()
		if s.i >= len(s.b) || s.b[s.i] != ':' {
			return s.bad("expected a colon")
		}
		s.i++
		s.space()
		from = s.i
		outer := s.spaces
		s.spaces = false
		if !s.value() {
			return false
		}
		if into != nil {
			*into = append(*into, member{key, s.b[from:s.i], s.spaces})
		}
		s.spaces = s.spaces || outer
		if more, ok := s.next('}'); !ok || !more {
			return ok
		}
	}
}

// compact removes the white space between the tokens of b, in place, if the scanner saw any. b is what was scanned.
func (s *scanner) compact(b []byte) []byte {
	if !s.spaces {
		return b
	}
	return compact(b)
}

func compact(b []byte) []byte {
	out := b[:0]
	inString := false
	for i := 0; i < len(b); i++ {
		c := b[i]
		switch {
		case inString && c == '\\':
			out = append(out, c, b[i+1])
			i++
			continue
		case c == '"':
			inString = !inString
		case !inString && (c == ' ' || c == '\t' || c == '\n' || c == '\r'):
			continue
		}
		out = append(out, c)
	}
	return out
}

// unquote returns what a scanned string means; raw is without its quotes.
func unquote(raw []byte) string {
	i := 0
	for i < len(raw) && raw[i] != '\\' {
		i++
	}
	if i == len(raw) {
		return string(raw)
	}
	out := append(make([]byte, 0, len(raw)), raw[:i]...)
	for i < len(raw) {
		c := raw[i]
		if c != '\\' {
			out = append(out, c)
			i++
			continue
		}
		switch c = raw[i+1]; c {
		case 'u':
			r, _ := hex4(raw[i:])
			i += 6
			if utf16.IsSurrogate(r) {
				low, _ := hex4(raw[i:])
				r = utf16.DecodeRune(r, low)
				i += 6
			}
			out = utf8.AppendRune(out, r)
			continue
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		}
		out = append(out, c)
		i += 2
	}
	return string(out)
}

// appendString appends s as a JSON string. What isn't UTF-8 becomes U+FFFD, and U+2028 and U+2029 are escaped, so that the
// text is also JavaScript.
func appendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r != utf8.RuneError && r != '\u2028' && r != '\u2029' || n > 1 && r == utf8.RuneError {
				i += n
				continue
			}
			dst = append(dst, s[from:i]...)
			switch r {
			case '\u2028':
				dst = append(dst, `\u2028`...)
			case '\u2029':
				dst = append(dst, `\u2029`...)
			default:
				dst = append(dst, `\ufffd`...)
			}
			i += n
			from = i
			continue
		}
		dst = append(dst, s[from:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		from = i
	}
	dst = append(dst, s[from:]...)
	return append(dst, '"')
}

func appendUint(dst []byte, x uint64) []byte { return strconv.AppendUint(dst, x, 10) }

func appendUUID(dst []byte, u *UUID) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for i, c := range u {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			dst = append(dst, '-')
		}
		dst = append(dst, hex[c>>4], hex[c&15])
	}
	return append(dst, '"')
}
