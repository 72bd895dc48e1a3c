package encoder

import (
	"math"

	"github.com/uniqchat/uniqchat/ai/vec"
)

// scratch is memory of one call of Embed. It grows to the longest text and is used again.
type scratch struct {
	ids                            []int32
	x, residual, mean              []float32
	normed, qkv, mixed, wide, back []float32
	weights                        []float32
	quantised                      []int16
	scales                         []float32
}

// sized is n values of a buffer, which it makes longer if need be. What is in them is undefined.
func sized[T any](b *[]T, n int) []T {
	if cap(*b) < n {
		*b = make([]T, n+n/2)
	}
	return (*b)[:n]
}

// dense is a matrix and what is added.
type dense struct {
	w *Matrix
	b []float32
}

// apply writes W·x+b for n rows of x into dst. The rows of x are rounded to 14 bits, each with its own scale; the products are exact.
func (d *dense) apply(dst, x []float32, n int, s *scratch) {
	in, out := d.w.Cols, d.w.Rows
	q, scales := sized(&s.quantised, n*in), sized(&s.scales, n)
	for i := range n {
		scales[i] = vec.Widen(q[i*in:(i+1)*in], x[i*in:(i+1)*in])
	}
	for o := range out {
		row, scale, bias := d.w.row(o), d.w.Scale[o], d.b[o]
		for i := range n {
			dst[i*out+o] = float32(vec.Dot(row, q[i*in:(i+1)*in]))*scale*scales[i] + bias
		}
	}
}

// layerNorm is layer normalisation.
type layerNorm struct{ scale, bias []float32 }

const epsilon = 1e-6

// apply writes x, n rows, normalised into dst.
func (l *layerNorm) apply(dst, x []float32, n int) {
	width := len(l.scale)
	for i := range n {
		row, to := x[i*width:(i+1)*width], dst[i*width:(i+1)*width]
		var mean, spread float32
		for _, v := range row {
			mean += v
		}
		mean /= float32(width)
		for _, v := range row {
			spread += (v - mean) * (v - mean)
		}
		f := float32(1 / math.Sqrt(float64(spread/float32(width))+epsilon))
		for j, v := range row {
			to[j] = (v-mean)*f*l.scale[j] + l.bias[j]
		}
	}
}

// heads is into how many parts attention is split.
const heads = 4

// layer is one of the transformer: attention, then two dense layers, each after a normalisation and added to what came in.
type layer struct {
	before   layerNorm
	qkv, out dense
	middle   layerNorm
	up, down dense
}

// apply adds the layer's answer for x (n rows) to residual (n rows of Dims).
func (l *layer) apply(residual, x []float32, n int, s *scratch) {
	width := len(l.before.scale)
	normed := sized(&s.normed, n*max(width, Dims))
	l.before.apply(normed, x, n)
	qkv := sized(&s.qkv, n*3*width)
	l.qkv.apply(qkv, normed[:n*width], n, s)
	mixed := sized(&s.mixed, n*width)
	attend(mixed, qkv, n, width, s)
	back := sized(&s.back, n*Dims)
	l.out.apply(back, mixed, n, s)
	for i, v := range back {
		residual[i] += v
	}
	l.middle.apply(normed, residual, n)
	wide := sized(&s.wide, n*l.up.w.Rows)
	l.up.apply(wide, normed[:n*Dims], n, s)
	for i, v := range wide {
		wide[i] = max(v, 0)
	}
	l.down.apply(back, wide, n, s)
	for i, v := range back {
		residual[i] += v
	}
}

// attend mixes, for each of n places and each head, the values by how well keys answer the query. A row of qkv is queries, keys and
// values, each of width.
func attend(dst, qkv []float32, n, width int, s *scratch) {
	size := width / heads
	scale := float32(1 / math.Sqrt(float64(size)))
	weights := sized(&s.weights, n)
	clear(dst)
	for h := range heads {
		for i := range n {
			q := qkv[i*3*width+h*size:][:size]
			top := float32(math.Inf(-1))
			for j := range n {
				k := qkv[j*3*width+width+h*size:][:size]
				weights[j] = product(q, k) * scale
				top = max(top, weights[j])
			}
			var sum float32
			for j, w := range weights {
				weights[j] = float32(math.Exp(float64(w - top)))
				sum += weights[j]
			}
			to := dst[i*width+h*size:][:size]
			for j, w := range weights {
				v, w := qkv[j*3*width+2*width+h*size:][:size], w/sum
				for c := range to {
					to[c] += w * v[c]
				}
			}
		}
	}
}

func product(a, b []float32) float32 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float32
	for i := 0; i+3 < len(a); i += 4 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
		s2 += a[i+2] * b[i+2]
		s3 += a[i+3] * b[i+3]
	}
	return s0 + s1 + s2 + s3
}
