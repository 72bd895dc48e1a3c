package codec

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var testMask = [4]byte{0xA1, 0xB2, 0xC3, 0xD4}

// frame builds a client's frame with every bit under control.
func frame(b0 byte, payload []byte) []byte {
	f := AppendMaskedFrame(nil, OpTextFrame, testMask, payload)
	f[0] = b0
	return f
}

func TestReaderRefuses(t *testing.T) {
	huge := func(n uint64) []byte {
		return append([]byte{0x82, 0xFF, byte(n >> 56), byte(n >> 48), byte(n >> 40), byte(n >> 32), byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}, 1, 2, 3, 4)
	}
	for _, tt := range []struct {
		name  string
		input []byte
		code  uint16
	}{
		{"unmasked", []byte{0x81, 1, 'a'}, CloseProtocol},
		{"rsv1", frame(0xC1, []byte("a")), CloseProtocol},
		{"rsv3", frame(0x91, []byte("a")), CloseProtocol},
		{"opcode 3", frame(0x83, nil), CloseProtocol},
		{"opcode 11", frame(0x8B, nil), CloseProtocol},
		{"fragmented ping", frame(0x09, nil), CloseProtocol},
		{"long ping", frame(0x89, make([]byte, 126)), CloseProtocol},
		{"continuation of nothing", frame(0x80, nil), CloseProtocol},
		{"new message inside one", append(frame(0x01, []byte("a")), frame(0x81, []byte("b"))...), CloseProtocol},
		{"length not minimal", []byte{0x82, 0xFE, 0, 5, 1, 2, 3, 4}, CloseProtocol},
		{"long length not minimal", huge(1<<16 - 1), CloseProtocol},
		{"2^33", huge(1 << 33), CloseTooBig},
		{"2^47", huge(1 << 47), CloseTooBig},
		{"2^63", huge(1 << 63), CloseProtocol},
		{"over the limit", frame(0x82, make([]byte, 2000)), CloseTooBig},
		{"over the limit in pieces", append(frame(0x02, make([]byte, 600)), frame(0x80, make([]byte, 600))...), CloseTooBig},
		{"text", frame(0x81, []byte("\xff")), CloseInvalidUTF8},
		{"text, cut rune", frame(0x81, []byte("\xe4\xbd")), CloseInvalidUTF8},
		{"fragmented text fails fast", frame(0x01, []byte("ok\xff")), CloseInvalidUTF8},
	} {
		for _, size := range []int{1, len(tt.input)} {
			_, _, err := readAll(bytes.Clone(tt.input), 1000, size)
			var ce *CloseError
			if !errors.As(err, &ce) || ce.Code != tt.code {
				t.Errorf("%s, %d at a time: %v, want %d", tt.name, size, err, tt.code)
			}
		}
	}
}

func TestReaderAssembles(t *testing.T) {
	input := frame(0x01, []byte("ab\xe4\xbd"))
	input = append(input, frame(0x89, []byte("ping"))...)
	input = append(input, frame(0x00, []byte("\xa0"))...)
	input = append(input, frame(0x80, []byte("c"))...)
	input = append(input, frame(0x82, nil)...)
	input = append(input, frame(0x82, bytes.Repeat([]byte{7}, 70_000))...)
	want := []string{"9ping", "1ab你c", "2", "2" + strings.Repeat("\x07", 70_000)}
	for _, size := range []int{1, 2, 3, 7, 4096, len(input)} {
		got, _, err := readAll(bytes.Clone(input), 1<<20, size)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%d at a time: %v\n%.200s", size, err, diff)
		}
	}
}

// A header that claims a lot must not cost a lot.
func TestReaderBelievesNoLength(t *testing.T) {
	var r MessageReader
	defer r.Reset()
	n, err := r.Read(frame(0x82, make([]byte, 10<<20))[:20], 16<<20, sinkhole{})
	if err != nil || n != 20 {
		t.Fatalf("took %d, %v", n, err)
	}
	if got := cap(r.part.buf.B); got > 64<<10 {
		t.Fatalf("a header of 14 bytes took %d bytes of memory", got)
	}
}

func TestCloseFrame(t *testing.T) {
	long := strings.Repeat("好", 50)
	p := AppendClose(nil, CloseSlow, long)
	code, reason, err := ParseClose(p)
	if len(p) > 125 || code != CloseSlow || err != nil || !strings.HasPrefix(long, reason) || len(reason) != 123 {
		t.Errorf("%d bytes, %d %q %v", len(p), code, reason, err)
	}
	for _, tt := range []struct {
		payload []byte
		code    uint16 // of the error
	}{
		{[]byte{3}, CloseProtocol},
		{[]byte{3, 237}, CloseProtocol},
		{[]byte{0, 0}, CloseProtocol},
		{[]byte{3, 0xEE}, CloseProtocol},
		{[]byte{0x13, 0x88}, CloseProtocol},
		{[]byte{3, 0xEC}, CloseProtocol},
		{[]byte{3, 0xF7}, CloseProtocol},
		{[]byte{3, 0xF8}, CloseProtocol},
		{[]byte{0x0B, 0xB7}, CloseProtocol},
		{[]byte{255, 255}, CloseProtocol},
		{[]byte{3, 0xE8, 0xff}, CloseInvalidUTF8},
	} {
		var ce *CloseError
		if _, _, err := ParseClose(tt.payload); !errors.As(err, &ce) || ce.Code != tt.code {
			t.Errorf("% x: %v", tt.payload, err)
		}
	}
	for _, good := range []uint16{1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 3999, 4000, 4999} {
		if code, _, err := ParseClose(AppendClose(nil, good, "")); code != good || err != nil {
			t.Errorf("%d: %d, %v", good, code, err)
		}
	}
	if p := AppendClose(nil, CloseNoStatus, "unsaid"); len(p) != 0 {
		t.Errorf("1005 is on the wire: % x", p)
	}
	if code, _, err := ParseClose(nil); code != CloseNoStatus || err != nil {
		t.Errorf("%d %v", code, err)
	}
}

func TestReconnect(t *testing.T) {
	for code, want := range map[uint16]bool{
		CloseNormal: true, CloseProtocol: false, CloseInvalidUTF8: false, CloseTooBig: false, CloseDraining: true,
		CloseStorage: true, 3499: true, CloseBadToken: false, CloseBadFrame: false, CloseReplaced: false, 4000: false,
	} {
		if got := Reconnect(code); got != want {
			t.Errorf("%d: %v", code, got)
		}
	}
}

// A client's reader takes what a server sends, and nothing masked.
func TestReadServer(t *testing.T) {
	b := append(AppendFrameHeader(nil, false, OpTextFrame, 2), "ab"...)
	b = append(AppendFrameHeader(b, true, OpContinuation, 1), 'c')
	b = append(AppendFrameHeader(b, true, OpBinaryFrame, 70_000), make([]byte, 70_000)...)
	for cut := 1; cut < 20; cut++ {
		var r MessageReader
		var c collector
		n, err := r.ReadServer(b[:cut], 1<<20, &c)
		if err != nil {
			t.Fatal(err)
		}
		if n, err = r.ReadServer(b[n:], 1<<20, &c); err != nil || len(c.got) != 2 || c.got[0] != "1abc" || len(c.got[1]) != 70_001 || r.Pending() {
			t.Fatalf("cut at %d: %d %.50q %v", cut, n, c.got, err)
		}
	}
	var r MessageReader
	if _, err := r.ReadServer(frame(0x81, []byte("a")), 100, sinkhole{}); err != errMasked {
		t.Errorf("masked: %v", err)
	}
}

// A text that drips in is checked once, not from its beginning at every byte.
func TestTextIsCheckedOnce(t *testing.T) {
	var r MessageReader
	defer r.Reset()
	f := frame(0x81, []byte(strings.Repeat("好", 1000)))
	if _, err := r.Read(f[:2000], 1<<16, sinkhole{}); err != nil {
		t.Fatal(err)
	}
	if p := r.part; len(p.buf.B)-p.checked > 2 {
		t.Errorf("%d of %d bytes would be checked again", len(p.buf.B)-p.checked, len(p.buf.B))
	}
}

// stopper refuses what it is given.
type stopper struct{ err error }

func (s stopper) Frame(Opcode, []byte) error { return s.err }

func TestSinkEndsTheReading(t *testing.T) {
	stop := errors.New("stop")
	for name, input := range map[string][]byte{
		"whole": frame(0x82, []byte("ab")), "control": frame(0x89, nil), "fragmented": append(frame(0x02, []byte("a")), frame(0x80, []byte("b"))...),
	} {
		var r MessageReader
		n, err := r.Read(append(bytes.Clone(input), frame(0x82, []byte("more"))...), 100, stopper{stop})
		if err != stop || n != len(input) || r.Pending() {
			t.Errorf("%s: consumed %d of %d, %v", name, n, len(input), err)
		}
	}
}

// Many tiny fragments of a large message must not copy it again and again.
func TestTinyFragmentsAreCheap(t *testing.T) {
	var r MessageReader
	defer r.Reset()
	if _, err := r.Read(frame(0x02, make([]byte, 2<<20)), 16<<20, sinkhole{}); err != nil {
		t.Fatal(err)
	}
	grown := 0
	for range 10_000 {
		before := cap(r.part.buf.B)
		if _, err := r.Read(frame(0x00, []byte("x")), 16<<20, sinkhole{}); err != nil {
			t.Fatal(err)
		}
		if cap(r.part.buf.B) != before {
			grown++
		}
	}
	if grown > 2 {
		t.Errorf("the message moved %d times for 10,000 bytes", grown)
	}
}
