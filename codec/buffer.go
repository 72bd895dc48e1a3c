package codec

import (
	"math/bits"

	"github.com/valyala/bytebufferpool"
)

// Buffer is a pooled byte buffer: B is its content.
type Buffer = bytebufferpool.ByteBuffer

// Buffers come from pools by size class (powers of two), so that one large message doesn't leave every small one with a
// large buffer. Larger ones than the largest class are left to the garbage collector.
const (
	minClass = 8  // 256 B
	maxClass = 20 // 1 MiB
)

var pools [maxClass - minClass + 1]bytebufferpool.Pool

// class returns the index of the smallest class that holds n bytes, or -1.
func class(n int) int {
	if n <= 1<<minClass {
		return 0
	}
	c := bits.Len(uint(n-1)) - minClass
	if c > maxClass-minClass {
		return -1
	}
	return c
}

// GetBuffer returns an empty buffer with room for at least n bytes. Safe for concurrent use.
func GetBuffer(n int) *Buffer {
	c := class(n)
	if c < 0 {
		return &Buffer{B: make([]byte, 0, n)}
	}
	b := pools[c].Get()
	if cap(b.B) < n {
		b.B = make([]byte, 0, 1<<(c+minClass))
	}
	return b
}

// PutBuffer gives a buffer back. The caller must not use it, or what points into it, any more. nil is fine.
// Safe for concurrent use.
func PutBuffer(b *Buffer) {
	if b == nil {
		return
	}
	// Into the largest class that the buffer can serve.
	c := bits.Len(uint(cap(b.B))) - 1 - minClass
	if c < 0 || c > maxClass-minClass {
		return
	}
	// A pool learns from the lengths that it sees which capacities are worth keeping; shown a short message in a class's
	// buffer it would conclude that the whole class is too large, and drop all that comes back.
	b.B = b.B[:cap(b.B)]
	pools[c].Put(b)
}
