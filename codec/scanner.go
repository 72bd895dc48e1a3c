package codec

import (
	"unicode/utf16"
	"unicode/utf8"
)

// maxJSONInt is the largest integer that every JSON reader keeps exact (RFC 8259 6).
const maxJSONInt = 1<<53 - 1

const (
	// maxDepth is how deep a body, data or filter may nest.
	maxDepth = 64
	// maxTextDepth leaves room for what such a value can stand in: an array of packets, a packet, its list, an item.
	maxTextDepth = maxDepth + 4
	// maxMembers is how many members a packet or an item may have, unknown ones included.
	maxMembers = 64
)

// scanner walks over one JSON text (RFC 8259) that is known to be UTF-8, and notes whether white space stands between
// tokens and how deep they nest. It allocates nothing. Strings with U+0000 or a lone surrogate are refused: databases and browsers can't hold them.
type scanner struct {
	b       []byte
	i       int
	limit   int // of depth
	depth   int
	deepest int
	spaces  bool
	problem string
	// goesOn is for a packet whose rid is wanted: what is JSON but no JSON of ours is noted as refused, and walked over.
	goesOn  bool
	refused string
}

// forbid is bad for what is JSON.
func (s *scanner) forbid(problem string) bool {
	if !s.goesOn {
		return s.bad(problem)
	}
	if s.refused == "" {
		s.refused = problem
	}
	return true
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
	case (c == '{' || c == '[') && s.depth >= s.limit:
		return s.forbid("nested too deep") && s.skip()
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

// skip steps over an array or an object, however deep, without a look at its grammar.
func (s *scanner) skip() bool {
	for open := 0; s.i < len(s.b); {
		switch s.b[s.i] {
		case '"':
			if !s.str() {
				return false
			}
			continue
		case '{', '[':
			open++
		case '}', ']':
			open--
		}
		if s.i++; open == 0 {
			return true
		}
	}
	return s.bad("unexpected end")
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
	for i := s.i + 1; i < len(s.b); i++ {
		c := s.b[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		s.i = i
		switch c {
		case '"':
			s.i++
			return true
		case '\\':
			if !s.escape() {
				return false
			}
			i = s.i - 1
		default:
			return s.bad("control character in a string")
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
		return s.forbid("U+0000 in a string")
	case utf16.IsSurrogate(r):
		low, ok := hex4(s.b[s.i:])
		if !ok || utf16.DecodeRune(r, low) == utf8.RuneError {
			return s.forbid("lone surrogate in a string")
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
	if s.depth++; s.depth > s.limit {
		return s.bad("nested too deep")
	}
	s.deepest = max(s.deepest, s.depth)
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
	depth      uint8  // of the value: 0 unless it is an array or an object
}

// object walks over an object and appends its members to *into unless that is nil; of those beyond maxMembers only one, for
// the caller to notice.
func (s *scanner) object(into *[]member) bool {
	if !s.enter() {
		return false
	}
	if s.i < len(s.b) && s.b[s.i] == '}' {
		s.i++
		s.depth--
		return true
	}
	for count := 1; ; count++ {
		key, ok := s.key()
		if !ok {
			return false
		}
		if into == nil || count > maxMembers+1 {
			if !s.value() {
				return false
			}
		} else {
			from := s.i
			s.spaces, s.deepest = false, s.depth
			if !s.value() {
				return false
			}
			*into = append(*into, member{key, s.b[from:s.i], s.spaces, uint8(s.deepest - s.depth)})
		}
		if more, ok := s.next('}'); !ok || !more {
			return ok
		}
	}
}

// key walks over a member's name, which it returns without its quotes, and the colon.
func (s *scanner) key() ([]byte, bool) {
	if s.i >= len(s.b) || s.b[s.i] != '"' {
		return nil, s.bad("expected a member's name")
	}
	from := s.i
	if !s.str() {
		return nil, false
	}
	key := s.b[from+1 : s.i-1]
	s.space()
	if s.i >= len(s.b) || s.b[s.i] != ':' {
		return nil, s.bad("expected a colon")
	}
	s.i++
	s.space()
	return key, true
}
