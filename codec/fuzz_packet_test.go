package codec

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

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
	f.Add(`{"type":"track","data":{"a":1},"data":[ ],"n\u0061me":"x","name":null}`)
	f.Fuzz(func(t *testing.T, text string) {
		valid := json.Valid([]byte(text)) && utf8.ValidString(text)
		var d Decoder
		err := d.JSON([]byte(text), func(h Header, p Packet, err error) {
			if err != nil {
				return
			}
			if !valid {
				t.Fatalf("accepted what isn't JSON: %q", text)
			}
			if strings.HasPrefix(strings.TrimLeft(text, " \t\r\n"), "{") {
				sameMeaning(t, text, AppendJSON(nil, h, p))
			}
			roundTrip(t, h, p)
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

// sameMeaning checks by encoding/json that a packet, written again, has the values of the text that it was read from.
func sameMeaning(t *testing.T, text string, again []byte) {
	t.Helper()
	var in, out map[string]any
	if err := json.Unmarshal([]byte(text), &in); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(again, &out); err != nil {
		t.Fatal(err)
	}
	for name, got := range out {
		want := in[name]
		switch got := got.(type) {
		case []any:
			if name == "items" || name == "resume" || name == "members" || name == "messages" {
				if want, _ := want.([]any); len(want) != len(got) {
					t.Fatalf("%s: %v of %q", name, got, text)
				}
				continue // items may have had fields that nobody knows
			}
		case float64:
			if want == nil && got == 0 {
				continue
			}
		case bool:
			if want == nil && !got {
				continue
			}
		case string:
			if want == nil && (got == "" || slices.Contains(zeroNames, got)) {
				continue
			}
			if want, ok := want.(string); ok && len(got) == 36 && strings.EqualFold(got, want) {
				continue // a UUID
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%s: %v of %q", name, got, text)
		}
	}
}

var zeroNames = []string{roleNames[0], kindNames[0], visibilityNames[0], typingNames[0], availabilityNames[0], watchNames[0]}

// FuzzRoundTrip writes packets with any values in both encodings: both are read as the same packet.
func FuzzRoundTrip(f *testing.F) {
	for i, t := range Types() {
		f.Add(uint8(t), uint16(i), []byte("\x03\x01\x00\xff一些文字\x00\xff\"\\ and more than that, to fill many fields with something"))
	}
	f.Fuzz(func(t *testing.T, typ uint8, rid uint16, raw []byte) {
		p := zero(Type(typ))
		if p == nil {
			return
		}
		source := bytes.NewReader(raw)
		fillFrom(source, reflect.ValueOf(p).Elem())
		var d1, d2 Decoder
		h := Header{Type: Type(typ), RID: rid}
		bin := AppendBinary(nil, h, p)
		text := AppendJSON(nil, h, p)
		h1, p1, n, err := d1.Binary(bytes.Clone(bin))
		if err != nil || n != len(bin) || h1.RID != rid {
			t.Fatalf("binary: %+v, n %d, %v", h1, n, err)
		}
		h2, p2, err := decodeJSON(t, &d2, bytes.Clone(text))
		if h2 != h || err != nil {
			t.Fatalf("JSON: %+v, %v in %s", h2, err, text)
		}
		if diff := cmp.Diff(p1, p2); diff != "" {
			t.Fatalf("binary and JSON differ:\n%s", diff)
		}
		if !bytes.Equal(AppendBinary(nil, h, p2), bin) || !bytes.Equal(AppendJSON(nil, h, p1), text) {
			t.Fatalf("written differently the second time: %s", text)
		}
		h3, p3, _, err := d2.Binary(AppendCompressed(nil, h, p))
		if err != nil || !bytes.Equal(AppendBinary(nil, h, p3), bin) || h3.RID != rid {
			t.Fatalf("compressed: %v", err)
		}
	})
}

// fillFrom fills a packet's fields with what a fuzzer came up with.
func fillFrom(r *bytes.Reader, v reflect.Value) {
	number := func() (x uint64) {
		var b [8]byte
		_, _ = r.Read(b[:])
		return binary.BigEndian.Uint64(b[:])
	}
	str := func() string {
		n, _ := r.ReadByte()
		b := make([]byte, n)
		k, _ := r.Read(b)
		return string(b[:k])
	}
	switch p := v.Addr().Interface().(type) {
	case *UUID:
		_, _ = r.Read(p[:])
	case *Role, *Kind, *Visibility, *TypingState, *Availability, *WatchTopic:
		b, _ := r.ReadByte()
		v.SetUint(uint64(b % 2))
	case *uint64:
		*p = number() & maxJSONInt
	case *uint8, *uint16, *uint32:
		x := reflect.ValueOf(number())
		v.Set(x.Convert(v.Type()))
	case *bool:
		b, _ := r.ReadByte()
		*p = b&1 == 1
	case *string:
		*p = str()
	case *[]byte:
		if s := str(); s != "" {
			*p = appendString(nil, wireString(s))
		}
	default:
		if v.Kind() == reflect.Slice {
			if n, _ := r.ReadByte(); n%4 > 0 {
				v.Set(reflect.MakeSlice(v.Type(), int(n%4), int(n%4)))
			}
			for i := range v.Len() {
				fillFrom(r, v.Index(i))
			}
			return
		}
		for i := range v.NumField() {
			fillFrom(r, v.Field(i))
		}
	}
}
