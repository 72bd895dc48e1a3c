package codec

import (
	"bytes"

	"github.com/google/uuid"
)

// name appends a comma if needed and a member's name.
func (v *visitor) name(name string) {
	if c := v.dst[len(v.dst)-1]; c != '{' && c != '[' {
		v.dst = append(v.dst, ',')
	}
	v.dst = append(v.dst, '"')
	v.dst = append(v.dst, name...)
	v.dst = append(v.dst, '"', ':')
}

// lookup returns the innermost object's member of that name, the last one if there are several; nil if there is none or
// it is null.
func (v *visitor) lookup(name string) *member {
	if v.err != nil {
		return nil
	}
	for i := len(v.members) - 1; i >= v.base; i-- {
		m := &v.members[i]
		if len(m.key) >= len(name) && (string(m.key) == name || bytes.IndexByte(m.key, '\\') >= 0 && unquote(m.key) == name) {
			if string(m.value) == "null" {
				return nil
			}
			return m
		}
	}
	return nil
}

func (v *visitor) jsonUint(name string, limit uint64) (uint64, bool) {
	m := v.lookup(name)
	if m == nil {
		return 0, false
	}
	raw := m.value
	var x uint64
	for _, c := range raw {
		if c < '0' || c > '9' {
			v.fail("%s must be a whole number, not negative", name)
			return 0, false
		}
		x = x*10 + uint64(c-'0')
		if x > maxJSONInt {
			v.fail("%s is 2^53 or more", name)
			return 0, false
		}
	}
	if x > limit {
		v.fail("%s must be at most %d", name, limit)
		return 0, false
	}
	return x, true
}

func (v *visitor) jsonBool(name string, p *bool) {
	m := v.lookup(name)
	if m == nil {
		return
	}
	switch string(m.value) {
	case "true":
		*p = true
	case "false":
		*p = false
	default:
		v.fail("%s must be true or false", name)
	}
}

// quoted returns the inside of a string member, with its escapes.
func (v *visitor) quoted(name string) ([]byte, bool) {
	m := v.lookup(name)
	if m == nil {
		return nil, false
	}
	if m.value[0] != '"' {
		v.fail("%s must be a string", name)
		return nil, false
	}
	return m.value[1 : len(m.value)-1], true
}

// plain is quoted without escapes. It allocates only if there are any.
func (v *visitor) plain(name string) ([]byte, bool) {
	raw, ok := v.quoted(name)
	if ok && bytes.IndexByte(raw, '\\') >= 0 {
		raw = []byte(unquote(raw))
	}
	return raw, ok
}

func (v *visitor) jsonString(name string, p *string) {
	raw, ok := v.quoted(name)
	if !ok || len(raw) == 0 {
		return
	}
	s := unquote(raw)
	if len(s) > maxString {
		v.fail("%s is longer than %d bytes", name, maxString)
		return
	}
	*p = s
}

func (v *visitor) jsonEnum(name string, p *uint8, names []string) {
	raw, ok := v.plain(name)
	if !ok {
		return
	}
	for i, n := range names {
		if n == string(raw) {
			*p = uint8(i)
			return
		}
	}
	v.fail("%s: %.40q is not a known value", name, raw)
}

func (v *visitor) jsonUUID(name string, p *UUID) {
	raw, ok := v.plain(name)
	if !ok {
		return
	}
	if len(raw) == 36 {
		if u, err := uuid.ParseBytes(raw); err == nil {
			*p = u
			return
		}
	}
	v.fail("%s must be a UUID of 36 characters", name)
}

func (v *visitor) jsonBlob(name string, p *[]byte) {
	m := v.lookup(name)
	if m == nil {
		return
	}
	if m.depth > maxDepth {
		v.fail("%s is nested too deep", name)
		return
	}
	if m.spaces {
		m.value = compact(m.value)
		m.spaces = false
	}
	*p = m.value
}

// items walks over the objects of an array member. The zero value has none.
type items struct {
	name       string
	s          scanner // of the array
	outer, top int     // the visitor's base and members as they were
	count      int
}

// openList begins an array member; if it is missing or no array, nextItem finds nothing.
func (v *visitor) openList(name string) items {
	m := v.lookup(name)
	if m == nil {
		return items{}
	}
	if m.value[0] != '[' {
		v.fail("%s must be an array", name)
		return items{}
	}
	return items{name: name, s: scanner{b: m.value, i: 1, limit: maxTextDepth}, outer: v.base, top: len(v.members)}
}

// nextItem puts the next object's members in reach. At the end, or after an error, those of the outer object are again.
func (v *visitor) nextItem(in *items) bool {
	if in.s.b == nil {
		return false
	}
	if v.err == nil && v.scanItem(in) {
		return true
	}
	v.base = in.outer
	v.members = v.members[:in.top]
	return false
}

// scanItem is nextItem before the end. The array was scanned before, so what it holds is JSON.
func (v *visitor) scanItem(in *items) bool {
	s := &in.s
	s.space()
	if in.count > 0 && s.b[s.i] == ',' {
		s.i++
		s.space()
	}
	if s.b[s.i] == ']' {
		return false
	}
	if s.b[s.i] != '{' {
		v.fail("%s must hold objects", in.name)
		return false
	}
	if in.count++; in.count > maxItems {
		v.fail("%s holds more than %d items", in.name, maxItems)
		return false
	}
	v.base = in.top
	v.members = v.members[:in.top]
	if !s.object(&v.members) {
		v.fail("%s: %s", in.name, s.problem)
		return false
	}
	if len(v.members)-in.top > maxMembers {
		v.fail("%s: an item has more than %d fields", in.name, maxMembers)
		return false
	}
	return true
}
