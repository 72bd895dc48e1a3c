package vec

import "golang.org/x/sys/cpu"

// step is how many products the assembler makes at a time.
const step = 64

var fast = cpu.X86.HasAVX2

// dotFast is Dot for n values, a multiple of step, not 0. It needs AVX2.
//
//go:noescape
func dotFast(a *int8, b *int16, n int) int32
