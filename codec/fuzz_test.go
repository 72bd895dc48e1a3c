package codec

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
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

// readAll feeds b in pieces of the given size, as a connection would.
func readAll(b []byte, size, limit int) ([]string, error) {
	var r MessageReader
	defer r.Reset()
	var c collector
	var pending []byte
	for len(b) > 0 {
		n := min(size, len(b))
		pending = append(pending, b[:n]...)
		b = b[n:]
		used, err := r.Read(pending, limit, &c)
		if err != nil {
			return c.got, err
		}
		pending = append(pending[:0:0], pending[used:]...)
	}
	return c.got, nil
}

func FuzzMessageReader(f *testing.F) {
	mask := [4]byte{9, 8, 7, 6}
	two := AppendMaskedFrame(AppendMaskedFrame(nil, OpTextFrame, mask, []byte("héllo")), OpBinaryFrame, mask, make([]byte, 300))
	f.Add(two, uint8(3))
	frag := AppendMaskedFrame(nil, OpTextFrame, mask, []byte("ab\xe4\xbd"))
	frag[0] &^= 0x80
	frag = AppendMaskedFrame(frag, OpPingFrame, mask, []byte("p"))
	frag = AppendMaskedFrame(frag, OpContinuation, mask, []byte("\xa0cd"))
	f.Add(frag, uint8(1))
	f.Fuzz(func(t *testing.T, b []byte, size uint8) {
		const limit = 4096
		whole, err1 := readAll(bytes.Clone(b), len(b)+1, limit)
		parts, err2 := readAll(bytes.Clone(b), int(size)+1, limit)
		if (err1 == nil) != (err2 == nil) {
			t.Fatalf("errors differ: %v, in pieces %v", err1, err2)
		}
		if err1 == nil && strings.Join(whole, "|") != strings.Join(parts, "|") {
			t.Fatalf("%q, in pieces %q", whole, parts)
		}
		for _, m := range whole {
			if m[0] == '1' && !utf8.ValidString(m) || len(m) > limit+1 {
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
		if !ok && bytes.Contains(out, []byte(" 101 ")) {
			t.Fatalf("answer %q", out)
		}
		_ = up
	})
}

func FuzzBinaryPacket(f *testing.F) {
	for _, p := range samples() {
		f.Add(AppendBinary(nil, Header{RID: 5}, p))
	}
	f.Add(AppendCompressed(nil, Header{}, &Send{Body: []byte(`{"text":"` + strings.Repeat("abc ", 500) + `"}`)}))
	f.Fuzz(func(t *testing.T, b []byte) {
		d := Decoder{MaxBody: 1 << 16}
		for len(b) > 0 {
			h, p, n, err := d.Binary(b)
			if n < 0 || n > len(b) {
				t.Fatalf("took %d of %d", n, len(b))
			}
			if err == nil {
				roundTrip(t, h, p)
			} else if n == 0 {
				return
			}
			b = b[n:]
		}
	})
}

// roundTrip checks that binary -> struct -> JSON -> struct -> binary is the same.
func roundTrip(t *testing.T, h Header, p Packet) {
	t.Helper()
	h.Flags &= FlagDup
	if p.Type() != TypeSend {
		h.Flags = 0
	}
	bin := AppendBinary(nil, h, p)
	text := AppendJSON(nil, h, p)
	if !json.Valid(text) {
		t.Fatalf("not JSON: %s", text)
	}
	var d Decoder
	var again []byte
	err := d.JSON(text, func(h Header, p Packet, err error) {
		if err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		again = AppendBinary(nil, h, p)
	})
	if err != nil || !bytes.Equal(bin, again) {
		t.Fatalf("%v\n% x\n% x\n%s", err, bin, again, text)
	}
}

func FuzzJSONPacket(f *testing.F) {
	for _, p := range samples() {
		f.Add(string(AppendJSON(nil, Header{RID: 5}, p)))
	}
	f.Add(`[{"type":"ping"},{"type":"send","body":[1,{"a":"\ud83d\ude00"}]}]`)
	f.Add(`{"type":"p\u0069ng","time":1e3}`)
	f.Fuzz(func(t *testing.T, text string) {
		valid := json.Valid([]byte(text)) && utf8.ValidString(text)
		var d Decoder
		err := d.JSON([]byte(text), func(h Header, p Packet, err error) {
			if err == nil {
				if !valid {
					t.Fatalf("accepted what isn't JSON: %q", text)
				}
				roundTrip(t, h, p)
			}
		})
		// What encoding/json takes is refused for reasons of ours only.
		if err != nil && valid && (text[0] == '{' || text[0] == '[') {
			for _, ours := range []string{"nested too deep", "U+0000", "surrogate"} {
				if strings.Contains(err.Error(), ours) {
					return
				}
			}
			t.Fatalf("refused %q: %v", text, err)
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
