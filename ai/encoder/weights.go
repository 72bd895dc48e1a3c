package encoder

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// Magic is how a file of weights begins. What follows, all little-endian:
//
//	uint32 number of pieces; each: uint8 length, bytes, float32 score
//	uint32 number of tensors; each: uint8 length, name, uint8 kind, uint32 rows, uint32 columns, and
//	  kind 0: rows*columns float32
//	  kind 1: rows float32 (a scale for each row), rows*columns int8
//
// Matrices lie with one row for each output, so that a product walks over memory in order.
const Magic = "UQEN0001"

const (
	kindFloat = iota
	kindNarrow
)

// Matrix is weights of 8 bits with one scale for each row.
type Matrix struct {
	Rows, Cols int
	Scale      []float32 // by row
	Data       []int8    // row after row
}

func (m *Matrix) row(i int) []int8 { return m.Data[i*m.Cols : (i+1)*m.Cols] }

// Weights is a file of weights in memory.
type Weights struct {
	Pieces  []Piece
	Vectors map[string][]float32
	Tables  map[string]*Matrix
}

// Append writes w as a file.
func (w *Weights) Append(dst []byte, order []string) ([]byte, error) {
	le := binary.LittleEndian
	dst = append(dst, Magic...)
	dst = le.AppendUint32(dst, uint32(len(w.Pieces)))
	for _, p := range w.Pieces {
		dst = append(append(dst, byte(len(p.Text))), p.Text...)
		dst = le.AppendUint32(dst, math.Float32bits(p.Score))
	}
	dst = le.AppendUint32(dst, uint32(len(order)))
	for _, name := range order {
		dst = append(append(dst, byte(len(name))), name...)
		if v, ok := w.Vectors[name]; ok {
			dst = append(dst, kindFloat)
			dst = le.AppendUint32(le.AppendUint32(dst, 1), uint32(len(v)))
			dst = appendFloats(dst, v)
			continue
		}
		m, ok := w.Tables[name]
		if !ok {
			return nil, fmt.Errorf("encoder: no tensor %q", name)
		}
		dst = append(dst, kindNarrow)
		dst = le.AppendUint32(le.AppendUint32(dst, uint32(m.Rows)), uint32(m.Cols))
		dst = appendFloats(dst, m.Scale)
		for _, v := range m.Data {
			dst = append(dst, byte(v))
		}
	}
	return dst, nil
}

func appendFloats(dst []byte, v []float32) []byte {
	for _, x := range v {
		dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(x))
	}
	return dst
}

var errShort = errors.New("encoder: the file of weights is cut or no such file")

// Parse reads a file of weights. Nothing of b is kept.
func Parse(b []byte) (*Weights, error) {
	r := reader{b: b}
	if string(r.take(len(Magic))) != Magic {
		return nil, errShort
	}
	w := &Weights{Vectors: map[string][]float32{}, Tables: map[string]*Matrix{}}
	for n := r.uint32(); n > 0 && !r.bad; n-- {
		text := string(r.take(int(r.byte())))
		w.Pieces = append(w.Pieces, Piece{text, math.Float32frombits(r.uint32())})
	}
	for n := r.uint32(); n > 0 && !r.bad; n-- {
		name, kind := string(r.take(int(r.byte()))), r.byte()
		rows, cols := int(r.uint32()), int(r.uint32())
		if kind == kindFloat {
			w.Vectors[name] = r.floats(rows * cols)
			continue
		}
		m := &Matrix{Rows: rows, Cols: cols, Scale: r.floats(rows)}
		for _, v := range r.take(rows * cols) {
			m.Data = append(m.Data, int8(v))
		}
		w.Tables[name] = m
	}
	if r.bad || len(r.b) > 0 {
		return nil, errShort
	}
	return w, nil
}

// reader takes bytes off a file. After the first that is not there it is bad and gives zeros.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.bad, r.b = true, nil
		return nil
	}
	out := r.b[:n:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uint32() uint32 {
	if b := r.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (r *reader) floats(n int) []float32 {
	b := r.take(4 * n)
	out := make([]float32, len(b)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return out
}
