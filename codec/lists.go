package codec

import "encoding/binary"

const (
	maxItems     = 1<<16 - 1 // in a list
	positionSize = 16 + 8    // bytes of a frozen {conv, seq} tuple
)

// positions carries a list of frozen {conv, seq} tuples. Encoders leave out what is beyond maxItems.
func (v *visitor) positions(name, seq string, p *[]Position) {
	switch v.mode {
	case toBinary:
		items := (*p)[:min(len(*p), maxItems)]
		v.dst = binary.BigEndian.AppendUint16(v.dst, uint16(len(items)))
		for i := range items {
			items[i].fields(v, seq)
		}
	case fromBinary:
		n, ok := v.count(name, positionSize)
		for range n {
			if !ok || v.err != nil {
				return
			}
			*p = append(*p, Position{})
			(*p)[len(*p)-1].fields(v, seq)
		}
	case toJSON:
		v.name(name)
		v.dst = append(v.dst, '[')
		items := (*p)[:min(len(*p), maxItems)]
		for i := range items {
			v.openItem(i)
			items[i].fields(v, seq)
			v.dst = append(v.dst, '}')
		}
		v.dst = append(v.dst, ']')
	case fromJSON:
		for in := v.openList(name); v.nextItem(&in); {
			*p = append(*p, Position{})
			(*p)[len(*p)-1].fields(v, seq)
		}
	}
}

func (p *Position) fields(v *visitor, seq string) {
	v.uuid("conv", &p.Conv)
	v.u64(seq, &p.Seq)
}

// list carries items that have their own length on the wire, so that they can grow. Encoders leave out what is beyond
// maxItems.
func list[T any](v *visitor, name string, p *[]T, fields func(*T, *visitor)) {
	var zero T
	switch v.mode {
	case toBinary:
		items := (*p)[:min(len(*p), maxItems)]
		v.dst = binary.BigEndian.AppendUint16(v.dst, uint16(len(items)))
		for i := range items {
			at := len(v.dst)
			v.dst = append(v.dst, 0, 0, 0, 0)
			fields(&items[i], v)
			binary.BigEndian.PutUint32(v.dst[at:], uint32(len(v.dst)-at-4))
		}
	case fromBinary:
		n, ok := v.count(name, 4)
		for range n {
			if !ok || v.err != nil {
				return
			}
			after := v.cutItem(name)
			if v.err != nil {
				return
			}
			*p = append(*p, zero)
			fields(&(*p)[len(*p)-1], v)
			v.src = after
		}
	case toJSON:
		v.name(name)
		v.dst = append(v.dst, '[')
		items := (*p)[:min(len(*p), maxItems)]
		for i := range items {
			v.openItem(i)
			fields(&items[i], v)
			v.dst = append(v.dst, '}')
		}
		v.dst = append(v.dst, ']')
	case fromJSON:
		for in := v.openList(name); v.nextItem(&in); {
			*p = append(*p, zero)
			fields(&(*p)[len(*p)-1], v)
		}
	}
}

// count reads the number of a list's items, which take at least least bytes each: a number that the body can't hold must
// not cost memory.
func (v *visitor) count(name string, least int) (int, bool) {
	b, ok := v.take(name, 2)
	if !ok {
		return 0, false
	}
	n := int(binary.BigEndian.Uint16(b))
	if len(v.src) < n*least {
		v.fail("%s claims %d items, %d bytes are left", name, n, len(v.src))
		return 0, false
	}
	return n, true
}

// cutItem reads an item's length, leaves only that item in src, and returns what is after it.
func (v *visitor) cutItem(name string) (after []byte) {
	b := v.rest(name, 4)
	if b == nil {
		return nil
	}
	size := binary.BigEndian.Uint32(b)
	if uint64(size) > uint64(len(v.src)) {
		v.fail("%s: an item claims %d bytes, %d are left", name, size, len(v.src))
		return nil
	}
	after = v.src[size:]
	v.src = v.src[:size]
	return after
}

// openItem begins the item of that index in a JSON array.
func (v *visitor) openItem(i int) {
	if i > 0 {
		v.dst = append(v.dst, ',')
	}
	v.dst = append(v.dst, '{')
}
