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

// quoted returns the inside of a string member.
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

func (v *visitor) jsonString(name string, p *string) {
	raw, ok := v.quoted(name)
	if !ok || len(raw) == 0 {
		return
	}
	s := unquote(raw)
	if len(s) > 1<<16-1 {
		v.fail("%s is longer than 65535 bytes", name)
		return
	}
	*p = s
}

func (v *visitor) jsonEnum(name string, p *uint8, names []string) {
	raw, ok := v.quoted(name)
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
	raw, ok := v.quoted(name)
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
	*p = m.value
	if m.spaces {
		m.value = compact(m.value)
		m.spaces = false
		*p = m.value
	}
}

// jsonList calls item for each element of an array member, with that element's members in reach.
func (v *visitor) jsonList(name string, item func()) {
	m := v.lookup(name)
	if m == nil {
		return
	}
	if m.value[0] != '[' {
		v.fail("%s must be an array", name)
		return
	}
	s := scanner{b: m.value, i: 1}
	outer, top := v.base, len(v.members)
	defer func() {
		v.base = outer
		v.members = v.members[:top]
	}()
	for {
		s.space()
		if s.i >= len(s.b) || s.b[s.i] == ']' {
			return
		}
		if s.b[s.i] == ',' {
			s.i++
			continue
		}
		if s.b[s.i] != '{' {
			v.fail("%s must hold objects", name)
			return
		}
		v.members = v.members[:top]
		v.base = top
		if !s.object(&v.members) {
			v.fail("%s is malformed", name)
			return
		}
		if item(); v.err != nil {
			return
		}
	}
}
