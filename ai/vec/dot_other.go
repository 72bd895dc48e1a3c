//go:build !amd64

package vec

const step = 64

var fast = false

func dotFast(*int8, *int16, int) int32 { panic("vec: no assembler for this processor") }
