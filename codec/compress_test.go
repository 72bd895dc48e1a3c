package codec

import (
	"bytes"
	"compress/flate"
	"errors"
	"strings"
	"testing"
)

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
	if cap(d.inflated.B) > 8000 {
		t.Errorf("%d bytes were taken for a body of at most 2000", cap(d.inflated.B))
	}
}

func TestCompressedIsRefused(t *testing.T) {
	deflate := func(plain []byte) []byte {
		var b bytes.Buffer
		w, err := flate.NewWriter(&b, flate.BestCompression)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = w.Write(plain)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	body := AppendBinary(nil, Header{}, &Send{Conv: id(1), Body: longBody()})[HeaderSize:]
	small := deflate(body)
	broken := bytes.Clone(small)
	broken[0] = 0xff
	for _, tt := range []struct {
		name string
		body []byte
		code uint16
		want string
	}{
		{"not DEFLATE", broken, ErrMalformed, "not DEFLATE"},
		{"empty", nil, ErrMalformed, "not DEFLATE"},
		{"cut off", small[:len(small)-1], ErrMalformed, "not DEFLATE"},
		{"followed by more", append(bytes.Clone(small), 0), ErrMalformed, "followed by 1 more"},
		{"a small body", deflate([]byte(strings.Repeat("0123456789abcdef", 63))), ErrTooLarge, "beyond the limit"},
		{"a small body of noise", deflate(small[:500]), ErrMalformed, "only bodies of 1024 bytes"},
		{"bomb", deflate(make([]byte, 10<<20)), ErrTooLarge, "beyond the limit"},
		{"eleven times", deflate([]byte(`"` + strings.Repeat("abcdefghijkl", 1000) + `"`)), ErrTooLarge, "beyond the limit"},
		{"no packet in it", deflate(longBody()[10:]), ErrMalformed, ""},
	} {
		d := Decoder{MaxBody: 1 << 20}
		p, err := d.Body(Header{Type: TypeSend, Flags: FlagCompressed, RID: 7}, tt.body)
		var pe *PacketError
		if !errors.As(err, &pe) || pe.Code != tt.code || pe.RID != 7 || !strings.Contains(pe.Message, tt.want) || p != nil {
			t.Errorf("%s: %v, %+v", tt.name, p, err)
		}
		if d.inflated != nil && cap(d.inflated.B) > max(4096, 4*maxInflation*len(tt.body)) {
			t.Errorf("%s: %d bytes took %d", tt.name, len(tt.body), cap(d.inflated.B))
		}
	}
}
