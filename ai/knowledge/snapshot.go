package knowledge

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
)

// magic is how a snapshot begins. What follows, little-endian: the embedder's name, uint32 dims, uint32 chunks; each chunk: five
// strings (uint32 length, bytes), a byte that is 1 for a question, and if there are dims twice a float32 scale and, unless it is 0,
// dims bytes; at the end the CRC-32 (Castagnoli) of all before it.
const magic = "UQKB0001"

// ErrSnapshot says that bytes are no snapshot, or a damaged one.
var ErrSnapshot = errors.New("knowledge: not a whole snapshot")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Append writes the index's chunks and vectors, from which Open builds it again. Words are counted anew then: that is cheap, and vectors
// are not.
func (x *Index) Append(dst []byte) []byte {
	le, from := binary.LittleEndian, len(dst)
	dst = append(dst, magic...)
	text := func(s string) { dst = append(le.AppendUint32(dst, uint32(len(s))), s...) }
	text(x.embedder)
	dst = le.AppendUint32(le.AppendUint32(dst, uint32(x.texts.dims)), uint32(len(x.chunks)))
	for i := range x.chunks {
		c := &x.chunks[i]
		for _, s := range []string{c.ID, c.Document, c.Title, c.Heading, c.Text} {
			text(s)
		}
		question := byte(0)
		if c.Question {
			question = 1
		}
		dst = append(dst, question)
		if x.texts.dims == 0 {
			continue
		}
		for _, v := range []Vector{x.headings.at(i), x.texts.at(i)} {
			dst = le.AppendUint32(dst, math.Float32bits(v.Scale))
			for _, b := range v.Data {
				dst = append(dst, byte(b))
			}
		}
	}
	return le.AppendUint32(dst, crc32.Checksum(dst[from:], castagnoli))
}

// Open builds an index of a snapshot. Nothing of b is kept.
func Open(b []byte) (*Index, error) {
	if len(b) < len(magic)+4 || string(b[:len(magic)]) != magic {
		return nil, ErrSnapshot
	}
	body, sum := b[:len(b)-4], binary.LittleEndian.Uint32(b[len(b)-4:])
	if crc32.Checksum(body, castagnoli) != sum {
		return nil, fmt.Errorf("%w: the checksum is wrong", ErrSnapshot)
	}
	r := unpacker{b: body[len(magic):]}
	embedder := r.text()
	dims, n := int(r.uint32()), int(r.uint32())
	if dims > 1<<14 || n > len(body) {
		return nil, ErrSnapshot
	}
	chunks := make([]Chunk, 0, n)
	var vectors []Vectors
	for range n {
		c := Chunk{ID: r.text(), Document: r.text(), Title: r.text(), Heading: r.text(), Text: r.text(), Question: r.bytes(1)[0] == 1}
		chunks = append(chunks, c)
		if dims > 0 {
			vectors = append(vectors, Vectors{r.vector(dims), r.vector(dims)})
		}
		if r.bad {
			return nil, ErrSnapshot
		}
	}
	if r.bad || len(r.b) > 0 {
		return nil, ErrSnapshot
	}
	return NewIndex(chunks, embedder, vectors)
}

// unpacker takes values off a snapshot. After the first that is not there it is bad and gives zeros.
type unpacker struct {
	b   []byte
	bad bool
}

func (r *unpacker) bytes(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.bad, r.b = true, nil
		return make([]byte, min(max(n, 0), 4))
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *unpacker) uint32() uint32 { return binary.LittleEndian.Uint32(r.bytes(4)) }

func (r *unpacker) text() string { return string(r.bytes(int(r.uint32()))) }

func (r *unpacker) vector(dims int) Vector {
	v := Vector{Scale: math.Float32frombits(r.uint32())}
	if v.Scale == 0 || r.bad {
		return Vector{}
	}
	raw := r.bytes(dims)
	v.Data = make([]int8, len(raw))
	for i, b := range raw {
		v.Data[i] = int8(b)
	}
	return v
}
