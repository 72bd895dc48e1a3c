package codec

import "encoding/binary"

// AppendBinary appends a packet with its header; h gives RID and Flags. Blobs must be compact JSON, as decoders give them.
// A body over MaxBody, which no header can announce, appends nothing. It allocates nothing but room in dst. Safe for concurrent use.
func AppendBinary(dst []byte, h Header, p Packet) []byte {
	at := len(dst)
	dst = append(dst, Magic, byte(p.Type()), byte(h.Flags&^FlagCompressed), 0, 0, 0, 0, 0)
	binary.BigEndian.PutUint16(dst[at+6:], h.RID)
	v := visitors.Get().(*visitor)
	v.mode, v.dst = toBinary, dst
	p.fields(v)
	dst, v.dst = v.dst, nil
	visitors.Put(v)
	n := len(dst) - at - HeaderSize
	if n > MaxBody {
		return dst[:at]
	}
	putLength(dst[at:], n)
	return dst
}

// putLength writes the body's length into a header.
func putLength(header []byte, n int) {
	header[3], header[4], header[5] = byte(n>>16), byte(n>>8), byte(n)
}

// AppendJSON appends a packet as a JSON object; h gives RID and, for a SEND, FlagDup. A rid of 0, nil UUIDs, and empty blobs
// are left out (missing means zero); all other fields are always written.
// It allocates nothing but room in dst. Safe for concurrent use.
func AppendJSON(dst []byte, h Header, p Packet) []byte {
	dst = append(dst, `{"type":"`...)
	dst = append(dst, p.Type().String()...)
	dst = append(dst, '"')
	if h.RID != 0 {
		dst = append(dst, `,"rid":`...)
		dst = appendUint(dst, uint64(h.RID))
	}
	if h.Flags&FlagDup != 0 && p.Type() == TypeSend {
		dst = append(dst, `,"dup":true`...)
	}
	v := visitors.Get().(*visitor)
	v.mode, v.dst = toJSON, dst
	p.fields(v)
	dst, v.dst = v.dst, nil
	visitors.Put(v)
	return append(dst, '}')
}
