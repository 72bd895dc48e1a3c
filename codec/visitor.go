package codec

import (
	"bytes"
	"encoding/binary"
	"sync"
	"unicode/utf8"

	"github.com/google/uuid"
)

// mode is what a visitor does with the fields that it is shown.
type mode uint8

const (
	toBinary mode = iota
	fromBinary
	toJSON
	fromJSON
)

// visitor is shown a packet's fields one by one, and writes or reads them.
type visitor struct {
	mode mode
	dst  []byte // toBinary, toJSON: what is built
	src  []byte // fromBinary: what is left

	members []member // fromJSON: the members of all open objects; those of the innermost begin at base
	base    int

	err *PacketError // the first one
}

var visitors = sync.Pool{New: func() any { return new(visitor) }}

// take returns the next n bytes of a binary body. A field that isn't there at all has its zero value (false); one that is
// there in part is an error.
func (v *visitor) take(name string, n int) ([]byte, bool) {
	if v.err != nil || len(v.src) == 0 {
		return nil, false
	}
	if len(v.src) < n {
		v.fail("%s is cut off: %d of %d bytes", name, len(v.src), n)
		return nil, false
	}
	b := v.src[:n]
	v.src = v.src[n:]
	return b, true
}

func (v *visitor) fail(format string, args ...any) {
	if v.err == nil {
		v.err = malformed(format, args...)
	}
}

func (v *visitor) uint(name string, size int, max uint64, x uint64) (uint64, bool) {
	switch v.mode {
	case toBinary:
		switch size {
		case 1:
			v.dst = append(v.dst, byte(x))
		case 2:
			v.dst = binary.BigEndian.AppendUint16(v.dst, uint16(x))
		case 4:
			v.dst = binary.BigEndian.AppendUint32(v.dst, uint32(x))
		default:
			v.dst = binary.BigEndian.AppendUint64(v.dst, x)
		}
	case fromBinary:
		b, ok := v.take(name, size)
		if !ok {
			return 0, false
		}
		switch size {
		case 1:
			return uint64(b[0]), true
		case 2:
			return uint64(binary.BigEndian.Uint16(b)), true
		case 4:
			return uint64(binary.BigEndian.Uint32(b)), true
		default:
			x = binary.BigEndian.Uint64(b)
			if x > maxJSONInt {
				v.fail("%s is 2^53 or more", name)
				return 0, false
			}
			return x, true
		}
	case toJSON:
		v.name(name)
		v.dst = appendUint(v.dst, x)
	case fromJSON:
		return v.jsonUint(name, max)
	}
	return 0, false
}

func (v *visitor) u8(name string, p *uint8) {
	if x, ok := v.uint(name, 1, 1<<8-1, uint64(*p)); ok {
		*p = uint8(x)
	}
}

func (v *visitor) u16(name string, p *uint16) {
	if x, ok := v.uint(name, 2, 1<<16-1, uint64(*p)); ok {
		*p = uint16(x)
	}
}

func (v *visitor) u32(name string, p *uint32) {
	if x, ok := v.uint(name, 4, 1<<32-1, uint64(*p)); ok {
		*p = uint32(x)
	}
}

func (v *visitor) u64(name string, p *uint64) {
	if x, ok := v.uint(name, 8, maxJSONInt, *p); ok {
		*p = x
	}
}

func (v *visitor) bool(name string, p *bool) {
	switch v.mode {
	case toBinary:
		v.dst = append(v.dst, b2u(*p))
	case fromBinary:
		if b, ok := v.take(name, 1); ok {
			if b[0] > 1 {
				v.fail("%s must be 0 or 1", name)
			}
			*p = b[0] == 1
		}
	case toJSON:
		v.name(name)
		if *p {
			v.dst = append(v.dst, "true"...)
		} else {
			v.dst = append(v.dst, "false"...)
		}
	case fromJSON:
		v.jsonBool(name, p)
	}
}

func b2u(b bool) byte {
	if b {
		return 1
	}
	return 0
}

func (v *visitor) enum(name string, p *uint8, names []string) {
	switch v.mode {
	case toBinary:
		v.dst = append(v.dst, *p)
	case fromBinary:
		if b, ok := v.take(name, 1); ok {
			if int(b[0]) >= len(names) {
				v.fail("%s: %d is not a known value", name, b[0])
				return
			}
			*p = b[0]
		}
	case toJSON:
		if int(*p) < len(names) {
			v.name(name)
			v.dst = append(v.dst, '"')
			v.dst = append(v.dst, names[*p]...)
			v.dst = append(v.dst, '"')
		}
	case fromJSON:
		v.jsonEnum(name, p, names)
	}
}

func (v *visitor) uuid(name string, p *UUID) {
	switch v.mode {
	case toBinary:
		v.dst = append(v.dst, p[:]...)
	case fromBinary:
		if b, ok := v.take(name, 16); ok {
			copy(p[:], b)
		}
	case toJSON:
		if *p != uuid.Nil {
			v.name(name)
			v.dst = appendUUID(v.dst, p)
		}
	case fromJSON:
		v.jsonUUID(name, p)
	}
}

// str carries a string of UTF-8; see wireString for what becomes of others.
func (v *visitor) str(name string, p *string) {
	switch v.mode {
	case toBinary:
		s := wireString(*p)
		v.dst = binary.BigEndian.AppendUint16(v.dst, uint16(len(s)))
		v.dst = append(v.dst, s...)
	case fromBinary:
		b, ok := v.take(name, 2)
		if !ok {
			return
		}
		n := int(binary.BigEndian.Uint16(b))
		if n == 0 {
			return
		}
		if b = v.rest(name, n); b == nil {
			return
		}
		if !utf8.Valid(b) || bytes.IndexByte(b, 0) >= 0 {
			v.fail("%s must be UTF-8 without U+0000", name)
			return
		}
		*p = string(b)
	case toJSON:
		v.name(name)
		v.dst = appendString(v.dst, wireString(*p))
	case fromJSON:
		v.jsonString(name, p)
	}
}

// blob carries a JSON value.
func (v *visitor) blob(name string, p *[]byte) {
	switch v.mode {
	case toBinary:
		v.dst = binary.BigEndian.AppendUint32(v.dst, uint32(len(*p)))
		v.dst = append(v.dst, *p...)
	case fromBinary:
		b, ok := v.take(name, 4)
		if !ok {
			return
		}
		n := binary.BigEndian.Uint32(b)
		if n == 0 {
			return
		}
		if uint64(n) > uint64(len(v.src)) {
			v.fail("%s is cut off: %d of %d bytes", name, len(v.src), n)
			return
		}
		if b = v.rest(name, int(n)); b == nil {
			return
		}
		if !utf8.Valid(b) {
			v.fail("%s is not UTF-8", name)
			return
		}
		s := scanner{b: b, limit: maxDepth}
		if !s.document() {
			v.fail("%s is not JSON: %s", name, s.problem)
			return
		}
		*p = s.compact(b)
	case toJSON:
		if len(*p) > 0 {
			v.name(name)
			v.dst = append(v.dst, *p...)
		}
	case fromJSON:
		v.jsonBlob(name, p)
	}
}

// rest returns the next n bytes, which must be there.
func (v *visitor) rest(name string, n int) []byte {
	if len(v.src) < n {
		v.fail("%s is cut off: %d of %d bytes", name, len(v.src), n)
		return nil
	}
	b := v.src[:n]
	v.src = v.src[n:]
	return b
}
