package codec

import (
	"bytes"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzFrame(f *testing.F) {
	f.Add([]byte{0x81, 0x85, 1, 2, 3, 4, 5, 6, 7, 8, 9})
	f.Add([]byte{0x82, 0xFF, 0, 0, 0, 2, 0, 0, 0, 0, 1, 2, 3, 4})
	f.Add([]byte{0x88, 0x80, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		h, ok, err := ParseFrameHeader(b)
		if err != nil {
			var ce *CloseError
			if !errors.As(err, &ce) || ce.Code != CloseProtocol {
				t.Fatalf("error %v", err)
			}
			return
		}
		if !ok {
			if len(b) >= 14 {
				t.Fatal("14 bytes hold every header")
			}
			return
		}
		if h.Size > len(b) || h.Length < 0 {
			t.Fatalf("%+v of %d bytes", h, len(b))
		}
		if !h.Masked && h.Length < 1<<40 {
			again := AppendFrameHeader(nil, h.Fin, h.Opcode, int(h.Length))
			if !bytes.Equal(again, b[:h.Size]) {
				t.Fatalf("% x written again as % x", b[:h.Size], again)
			}
		}
	})
}

// collector notes what a reader found.
type collector struct{ got []string }

func (c *collector) Frame(op Opcode, p []byte) error {
	c.got = append(c.got, string(rune('0'+op))+string(p))
	return nil
}

// readAll feeds b in pieces of the given sizes, again and again, as a connection would: what the reader leaves comes
// again in front of the next piece. left is what it left at the end.
func readAll(b []byte, limit int, sizes ...int) (got []string, left int, err error) {
	var r MessageReader
	defer r.Reset()
	var c collector
	var pending []byte
	for i := 0; len(b) > 0; i++ {
		n := min(max(sizes[i%len(sizes)], 1), len(b))
		pending = append(pending, b[:n]...)
		b = b[n:]
		used, err := r.Read(pending, limit, &c)
		if err != nil {
			return c.got, 0, err
		}
		pending = append(pending[:0:0], pending[used:]...)
	}
	return c.got, len(pending), nil
}

func FuzzMessageReader(f *testing.F) {
	mask := [4]byte{9, 8, 7, 6}
	two := AppendMaskedFrame(AppendMaskedFrame(nil, OpTextFrame, mask, []byte("héllo")), OpBinaryFrame, mask, make([]byte, 300))
	f.Add(two, []byte{3})
	frag := AppendMaskedFrame(nil, OpTextFrame, mask, []byte("ab\xe4\xbd"))
	frag[0] &^= 0x80
	frag = AppendMaskedFrame(frag, OpPingFrame, mask, []byte("p"))
	frag = AppendMaskedFrame(frag, OpContinuation, mask, []byte("\xa0cd"))
	f.Add(frag, []byte{1})
	f.Add(append(frag, two...), []byte{2, 0, 7})
	f.Add(append(two, frag[1:]...), []byte{255, 1})
	f.Fuzz(func(t *testing.T, b, cuts []byte) {
		const limit = 4096
		sizes := []int{1}
		for _, c := range cuts {
			sizes = append(sizes, int(c))
		}
		whole, left1, err1 := readAll(bytes.Clone(b), limit, len(b)+1)
		parts, left2, err2 := readAll(bytes.Clone(b), limit, sizes...)
		if err1 != err2 { // they are all variables of the package
			t.Fatalf("errors differ: %v, in pieces %v", err1, err2)
		}
		if !slices.Equal(whole, parts) || left1 != left2 {
			t.Fatalf("%q, in pieces %q; %d and %d bytes are left", whole, parts, left1, left2)
		}
		if left1 > 14+maxControl {
			t.Fatalf("%d bytes were left for later", left1)
		}
		for _, m := range whole {
			if m[0] == '1' && !utf8.ValidString(m) || len(m) > limit+1 || m[0] > '2' && len(m) > maxControl+1 {
				t.Fatalf("message %.50q", m)
			}
		}
	})
}

func FuzzHandshake(f *testing.F) {
	for _, req := range handshakes {
		f.Add([]byte(req.request))
	}
	u := Upgrader{Path: "/ws", Protocols: []string{"uniqchat.v1.json", "uniqchat.v1.bin"}}
	f.Fuzz(func(t *testing.T, b []byte) {
		out, up, err := u.Upgrade(nil, b)
		if len(out) == 0 {
			t.Fatal("no answer")
		}
		ok := bytes.HasPrefix(out, []byte("HTTP/1.1 101 "))
		if ok != (err == nil) {
			t.Fatalf("err %v, answer %q", err, out)
		}
		if !ok && bytes.Count(out, []byte("HTTP/1.1 ")) != 1 {
			t.Fatalf("answers %q", out)
		}
		if ok && up.Subprotocol != "" && !slices.Contains(u.Protocols, up.Subprotocol) {
			t.Fatalf("chose %q", up.Subprotocol)
		}
	})
}

func FuzzCompressed(f *testing.F) {
	good := AppendCompressed(nil, Header{}, &Send{Body: []byte(`{"text":"` + strings.Repeat("abc ", 500) + `"}`)})
	f.Add(good[HeaderSize:])
	bomb, err := hex.DecodeString("4bd2" + strings.Repeat("00", 50))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(bomb)
	f.Fuzz(func(t *testing.T, body []byte) {
		d := Decoder{MaxBody: 1 << 14}
		_, _ = d.Body(Header{Type: TypeSend, Flags: FlagCompressed}, body)
		if d.inflated != nil && len(d.inflated.B) > min(d.MaxBody, maxInflation*len(body))+1 {
			t.Fatalf("%d bytes became %d", len(body), len(d.inflated.B))
		}
	})
}
