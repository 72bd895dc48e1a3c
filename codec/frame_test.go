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
		{[]byte{3}, CloseProtocol}, {[]byte{3, 237}, CloseProtocol}, {[]byte{0, 0}, CloseProtocol}, {[]byte{3, 0xEE}, CloseProtocol},
		{[]byte{0x13, 0x88}, CloseProtocol}, {[]byte{3, 0xE8, 0xff}, CloseInvalidUTF8},
	} {
		var ce *CloseError
		if _, _, err := ParseClose(tt.payload); !errors.As(err, &ce) || ce.Code != tt.code {
			t.Errorf("% x: %v", tt.payload, err)
		}
	}
	if code, _, err := ParseClose(nil); code != CloseNoStatus || err != nil {
		t.Errorf("%d %v", code, err)
	}
}

func TestCompressed(t *testing.T) {
	send := &Send{Conv: id(1), Body: longBody()}
	small, plain := AppendCompressed(nil, Header{RID: 2}, send), AppendBinary(nil, Header{RID: 2}, send)
	d := Decoder{MaxBody: 1 << 20}
	h, p, n, err := d.Binary(small)
	if err != nil || h.Flags&FlagCompressed == 0 || n != len(small) || len(small) >= len(plain) {
		t.Fatalf("%d of %d bytes, flags %b, %v", len(small), len(plain), h.Flags, err)
	}
	if !bytes.Equal(AppendBinary(nil, Header{RID: 2}, p), plain) {
		t.Error("inflated to something else")
	}
	for name, plain := range map[string][]byte{
		"short":             AppendCompressed(nil, Header{}, &Send{Body: []byte(`{"text":"hi"}`)}),
		"inflates too much": AppendCompressed(nil, Header{}, &Send{Body: []byte(`{"text":"` + strings.Repeat("a", 100_000) + `"}`)}),
	} {
		if Flags(plain[2])&FlagCompressed != 0 {
			t.Errorf("%s: compressed though a decoder would refuse it", name)
		}
	}
	var pe *PacketError
	d.MaxBody = 2000
	if _, _, _, err := d.Binary(small); !errors.As(err, &pe) || pe.Code != ErrTooLarge {
		t.Errorf("over the limit: %v", err)
	}
	broken := bytes.Clone(small)
	broken[HeaderSize] = 0xff
	if _, _, _, err := d.Binary(broken); !errors.As(err, &pe) || pe.Code != ErrMalformed {
		t.Errorf("not DEFLATE: %v", err)
	}
}
