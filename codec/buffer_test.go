package codec

import "testing"

// A pool of bytebufferpool watches what comes back and learns what to keep. It must not learn to keep nothing.
func TestBuffersKeepBeingReused(t *testing.T) {
	for range 200_000 { // well over the 42,000 after which a pool draws its conclusions
		b := GetBuffer(300)
		b.B = append(b.B, "a short message in a buffer of 512 bytes"...)
		PutBuffer(b)
	}
	if n := testing.AllocsPerRun(1000, func() {
		b := GetBuffer(300)
		b.B = append(b.B, "a short message"...)
		PutBuffer(b)
	}); n != 0 {
		t.Errorf("%v allocations for a buffer", n)
	}
}

func TestBufferRoom(t *testing.T) {
	for _, n := range []int{0, 1, 255, 256, 257, 4096, 1 << 20, 1<<20 + 1, 3 << 20} {
		b := GetBuffer(n)
		if len(b.B) != 0 || cap(b.B) < n {
			t.Errorf("%d: len %d cap %d", n, len(b.B), cap(b.B))
		}
		b.B = append(b.B, make([]byte, n+n/2)...) // grown by its user
		PutBuffer(b)
	}
	for _, n := range []int{300, 512, 700, 1 << 19, 3 << 18} { // of a class that a grown buffer went back to
		if b := GetBuffer(n); len(b.B) != 0 || cap(b.B) < n {
			t.Errorf("%d after reuse: len %d cap %d", n, len(b.B), cap(b.B))
		}
	}
	PutBuffer(nil)
}
