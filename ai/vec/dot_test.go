package vec

import (
	"math/rand/v2"
	"testing"
)

func rows(n int) ([]int8, []int16) {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	a, b := make([]int8, n), make([]int16, n)
	for i := range a {
		a[i], b[i] = int8(r.IntN(255)-127), int16(r.IntN(2*Wide+1)-Wide)
	}
	return a, b
}

// TestDot: the assembler gives what Go gives, for every length and alignment.
func TestDot(t *testing.T) {
	a, b := rows(MaxRow)
	for n := range MaxRow + 1 {
		from := n % 7
		x, y := a[min(from, n):n], b[min(from, n):n]
		var want int64
		for i := range x {
			want += int64(x[i]) * int64(y[i])
		}
		if got := Dot(x, y); int64(got) != want {
			t.Fatalf("%d values: %d, want %d (fast: %v)", len(x), got, want, fast)
		}
		if got := dotPlain(x, y); int64(got) != want {
			t.Fatalf("%d values, plain: %d, want %d", len(x), got, want)
		}
	}
}

// TestDotExtremes: the longest row of the largest values does not overflow.
func TestDotExtremes(t *testing.T) {
	a, b := make([]int8, MaxRow), make([]int16, MaxRow)
	for i := range a {
		a[i], b[i] = -127, Wide
	}
	if got, want := Dot(a, b), int32(-127*Wide*MaxRow); got != want {
		t.Errorf("%d, want %d", got, want)
	}
}

// TestScales: what was narrowed and widened is what it was, but for half a step.
func TestScales(t *testing.T) {
	x := []float32{0, 1, -.25, .999, -3.5, 1e-9}
	narrow, wide := make([]int8, len(x)), make([]int16, len(x))
	s, w := Narrow(narrow, x), Widen(wide, x)
	for i, v := range x {
		if d := float32(narrow[i])*s - v; d > s/2*1.001 || d < -s/2*1.001 {
			t.Errorf("narrow %v: off by %v", v, d)
		}
		if d := float32(wide[i])*w - v; d > w*.51 || d < -w*.51 {
			t.Errorf("wide %v: off by %v", v, d)
		}
	}
	if s := Narrow(narrow, make([]float32, len(x))); s != 0 || narrow[4] != 0 {
		t.Error("zeros do not stay zeros")
	}
}

func BenchmarkDot512(b *testing.B) {
	x, y := rows(512)
	for name, f := range map[string]func([]int8, []int16) int32{"fast": Dot, "plain": dotPlain} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				f(x, y)
			}
		})
	}
}
