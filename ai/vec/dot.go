package vec

import "math"

// Wide is the largest absolute value of what Widen makes: with it a row of up to MaxRow products cannot leave an int32.
const Wide = 8191

// MaxRow is how long a row may be: 2^31 / (127 * Wide).
const MaxRow = 2064

// Dot is the sum of a[i]*b[i]. Both have the same length, at most MaxRow; the values of b lie within ±Wide.
//
// Safe for concurrent use.
func Dot(a []int8, b []int16) int32 {
	b = b[:len(a)]
	n := len(a) &^ (step - 1)
	var sum int32
	if n > 0 && fast {
		sum = dotFast(&a[0], &b[0], n)
	} else {
		n = 0
	}
	return sum + dotPlain(a[n:], b[n:])
}

// dotPlain is Dot in Go.
func dotPlain(a []int8, b []int16) int32 {
	var s0, s1, s2, s3 int32
	for len(a) >= 4 && len(b) >= 4 {
		s0 += int32(a[0]) * int32(b[0])
		s1 += int32(a[1]) * int32(b[1])
		s2 += int32(a[2]) * int32(b[2])
		s3 += int32(a[3]) * int32(b[3])
		a, b = a[4:], b[4:]
	}
	for i, x := range a {
		s0 += int32(x) * int32(b[i])
	}
	return s0 + s1 + s2 + s3
}

// Narrow writes x into dst with 8 bits a value and returns the scale: x[i] is about scale*dst[i].
func Narrow(dst []int8, x []float32) (scale float32) {
	top := largest(x)
	if top == 0 {
		clear(dst[:len(x)])
		return 0
	}
	scale = top / 127
	for i, v := range x {
		dst[i] = int8(math.RoundToEven(float64(v / scale)))
	}
	return scale
}

// Widen writes x into dst within ±Wide and returns the scale: x[i] is about scale*dst[i].
func Widen(dst []int16, x []float32) (scale float32) {
	top := largest(x)
	if top == 0 {
		clear(dst[:len(x)])
		return 0
	}
	scale = top / Wide
	inverse := 1 / scale
	for i, v := range x {
		v *= inverse
		if v < 0 {
			v -= .5
		} else {
			v += .5
		}
		dst[i] = int16(v)
	}
	return scale
}

func largest(x []float32) float32 {
	var top float32
	for _, v := range x {
		top = max(top, v, -v)
	}
	return top
}

// Normalise scales x to length 1. A row of zeros stays.
func Normalise(x []float32) {
	var sum float64
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	if sum == 0 {
		return
	}
	f := float32(1 / math.Sqrt(sum))
	for i := range x {
		x[i] *= f
	}
}
