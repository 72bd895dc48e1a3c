package codec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestEveryTypeHasASample(t *testing.T) {
	have := map[Type]bool{}
	for _, p := range samples() {
		have[p.Type()] = true
	}
	for _, typ := range Types() {
		if !have[typ] {
			t.Errorf("no sample of %v", typ)
		}
	}
}

func decodeJSON(t *testing.T, d *Decoder, text []byte) (Header, Packet, error) {
	t.Helper()
	var h Header
	var p Packet
	var err error
	calls := 0
	_ = d.JSON(text, func(hd Header, pk Packet, e error) { h, p, err = hd, pk, e; calls++ })
	if calls != 1 {
		t.Fatalf("%d packets in %s", calls, text)
	}
	return h, p, err
}

func TestBinaryAndJSONAreOne(t *testing.T) {
	for _, p := range samples() {
		bin := AppendBinary(nil, Header{RID: 77}, p)
		var d, d2, d3 Decoder
		h, got, n, err := d.Binary(bytes.Clone(bin))
		if err != nil || n != len(bin) || h.RID != 77 || h.Type != p.Type() {
			t.Fatalf("%v: header %+v n %d err %v", p.Type(), h, n, err)
		}
		text := AppendJSON(nil, h, got)
		if !json.Valid(text) {
			t.Fatalf("%v: not JSON: %s", p.Type(), text)
		}
		h2, got2, err := decodeJSON(t, &d2, bytes.Clone(text))
		if err != nil {
			t.Fatalf("%v: %v in %s", p.Type(), err, text)
		}
		again := AppendBinary(nil, h2, got2)
		if diff := cmp.Diff(bin, again); diff != "" {
			t.Errorf("%v: binary -> JSON -> binary:\n%s\n%s", p.Type(), text, diff)
		}
		// Bodies only ever grow at the end: what a later version adds is passed over.
		longer := append(bytes.Clone(bin), 1, 2, 3)
		putLength(longer, len(longer)-HeaderSize)
		_, got3, _, err := d3.Binary(longer)
		if err != nil || !bytes.Equal(AppendBinary(nil, h, got3), bin) {
			t.Errorf("%v: with trailing bytes: %v", p.Type(), err)
		}
	}
}

func TestMissingTrailingFieldsAreZero(t *testing.T) {
	full := AppendBinary(nil, Header{}, &Sendack{id(1), id(2), id(3), 9, 8, 7, true})
	short := full[:HeaderSize+48+8] // up to and including seq
	putLength(short, len(short)-HeaderSize)
	var d Decoder
	_, p, _, err := d.Binary(short)
	if diff := cmp.Diff(&Sendack{Conv: id(1), CMID: id(2), MID: id(3), Seq: 9}, p); err != nil || diff != "" {
		t.Fatalf("err %v\n%s", err, diff)
	}
	putLength(full, 5)
	if _, _, _, err = d.Binary(full); err == nil || !strings.Contains(err.Error(), "conv is cut off") {
		t.Fatalf("half a field: %v", err)
	}
}

func TestJSONArrayGoesOnAfterABadPacket(t *testing.T) {
	var d Decoder
	var got []string
	err := d.JSON([]byte(` [ {"type":"ping","time":1} , 5, {"type":"x"}, {"type" : "read", "seq" : 3} ] `), func(h Header, p Packet, err error) {
		if err != nil {
			got = append(got, "error")
		} else {
			got = append(got, p.Type().String())
		}
	})
	if diff := cmp.Diff([]string{"ping", "error", "error", "read"}, got); err != nil || diff != "" {
		t.Fatalf("%v\n%s", err, diff)
	}
}

func TestBodiesBecomeCompact(t *testing.T) {
	var d Decoder
	const want = `{"text":"a b \" c","n":[1,2]}`
	_, p, err := decodeJSON(t, &d, []byte(`{"type":"send", "body": { "text" : "a b \" c" , "n":[ 1,`+"\n\t"+` 2 ] } }`))
	if err != nil || string(p.(*Send).Body) != want {
		t.Fatalf("JSON: %s, %v", p.(*Send).Body, err)
	}
	bin := AppendBinary(nil, Header{}, &Send{Body: []byte(` { "text" : "a b \" c" , "n":[ 1, 2 ] }`)})
	if _, p, _, err = d.Binary(bin); err != nil || string(p.(*Send).Body) != want {
		t.Fatalf("binary: %v, %v", p, err)
	}
}

func TestHeader(t *testing.T) {
	var ce *CloseError
	for _, b := range [][]byte{[]byte("GET / HTTP/1.1"), {0x16, 3, 1}, {0xC2, 1, 0, 0, 0, 0, 0, 0}, {0xC1, 1, 0x08, 0, 0, 0, 0, 0}} {
		if _, _, err := ParseHeader(b); !errors.As(err, &ce) || ce.Code != CloseBadFrame {
			t.Errorf("% x: %v", b, err)
		}
	}
	if _, ok, err := ParseHeader([]byte{Magic, 1, 0}); ok || err != nil {
		t.Error("a short header is not an error")
	}
	var d Decoder
	if _, _, _, err := d.Binary([]byte{Magic, 3, 0, 0, 0, 9, 0, 0}); !errors.As(err, &ce) {
		t.Errorf("a cut message: %v", err)
	}
	if _, _, n, err := d.Binary([]byte{Magic, 0x7f, 0, 0, 0, 0, 0, 5}); n != HeaderSize || err.(*PacketError).RID != 5 {
		t.Errorf("unknown type: n %d, %v", n, err)
	}
}

// A later version's items are longer; an earlier one's are shorter.
func TestItemsGrow(t *testing.T) {
	page := AppendBinary(nil, Header{}, &Synced{Conv: id(1), Top: 9, Messages: []Message{{Conv: id(1), Seq: 8}, {Conv: id(1), Seq: 9}}})
	first := HeaderSize + 16 + 8 + 1 + 2
	size := (len(page) - first) / 2
	longer := append(bytes.Clone(page[:first+size]), 1, 2, 3)
	longer[first+3] += 3
	longer = append(longer, page[first+size:]...)
	putLength(longer, len(longer)-HeaderSize)
	shorter := append(bytes.Clone(page[:first]), 0, 0, 0, 24)
	shorter = append(shorter, page[first+4:first+4+24]...)
	shorter = append(shorter, page[first+size:]...)
	putLength(shorter, len(shorter)-HeaderSize)
	for name, b := range map[string][]byte{"longer": longer, "shorter": shorter} {
		var d Decoder
		_, p, _, err := d.Binary(b)
		if err != nil || !bytes.Equal(AppendBinary(nil, Header{}, p), page) {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
}

// What one encoding takes the other takes as well, wherever it stands.
func TestDepthIsTheSameEverywhere(t *testing.T) {
	deep := func(n int) []byte { return []byte(strings.Repeat(`{"a":`, n-1) + "[]" + strings.Repeat("}", n-1)) }
	for depth, ok := range map[int]bool{maxDepth: true, maxDepth + 1: false} {
		for _, p := range []Packet{&Send{Body: deep(depth)}, &Joined{Messages: []Message{{Body: deep(depth)}}}} {
			var d Decoder
			_, _, _, err := d.Binary(AppendBinary(nil, Header{}, p))
			if (err == nil) != ok {
				t.Errorf("%v of depth %d, binary: %v", p.Type(), depth, err)
			}
			text := AppendJSON(nil, Header{}, p)
			for _, text := range [][]byte{text, append(append([]byte{'['}, text...), ']')} {
				if _, _, err := decodeJSON(t, &d, text); (err == nil) != ok {
					t.Errorf("%v of depth %d, JSON: %v", p.Type(), depth, err)
				}
			}
		}
	}
}

func TestJSONIsReadAsItIsMeant(t *testing.T) {
	var d Decoder
	for _, tt := range []struct {
		text string
		want Packet
	}{
		{`{"t\u0079pe":"p\u0069ng","\u0074ime":7}`, &Ping{7}},
		{`{"type":"ping","time":1,"time":2}`, &Ping{2}},
		{`{"type":"ping","time":1,"time":null}`, &Ping{}},
		{`{"time":3,"type":"ping","future":{"time":9,"type":"x"}}`, &Ping{3}},
		{`{"type":"ping","time":9007199254740991}`, &Ping{maxJSONInt}},
		{`{"type":"leave","conv":null}`, &Leave{}},
		{`{"type":"leave","conv":"ABCDEF00-0000-0000-0000-00000000000A"}`, &Leave{UUID{0xAB, 0xCD, 0xEF, 15: 10}}},
		{`{"type":"status","state":"b\u0075sy"}`, &Status{Busy}},
		{`{"type":"track","name":"\ud83d\ude00\"\\\/\b\f\n\r\t\u00e9","data":null}`, &Track{Name: "😀\"\\/\b\f\n\r\té"}},
		{`{"type":"track","data":" \\\" "}`, &Track{Data: []byte(`" \\\" "`)}},
		{`{"type":"gap","items":[ {"top" : 1} , {} ]}`, &Gap{[]Position{{Seq: 1}, {}}}},
		{`{"type":"synced","messages":[{"body":{ "a" : [ ] },"x":1},{"body":0}],"top":5}`, &Synced{Top: 5, Messages: []Message{{Body: []byte(`{"a":[]}`)}, {Body: []byte("0")}}}},
		{`{"type":"ping"` + strings.Repeat(`,"x":1`, 63) + `}`, &Ping{}},
	} {
		_, p, err := decodeJSON(t, &d, []byte(tt.text))
		if diff := cmp.Diff(tt.want, p, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", tt.text, err, diff)
		}
	}
	h, _, err := decodeJSON(t, &d, []byte(`{"type":"send","dup":true,"rid":65535}`))
	if err != nil || h.Flags != FlagDup || h.RID != 65535 || h.Type != TypeSend {
		t.Errorf("header %+v, %v", h, err)
	}
}

// What we are made to say can't be refused by the one who reads it.
func TestStringsAreMadeFit(t *testing.T) {
	for in, want := range map[string]string{
		"a\xffb\x00c":                     "a\uFFFDb\uFFFDc",
		strings.Repeat("x", 70_000):       strings.Repeat("x", 65_535),
		strings.Repeat("好", 30_000):       strings.Repeat("好", 21_845),
		"x" + strings.Repeat("好", 30_000): "x" + strings.Repeat("好", 21_844),
	} {
		var d Decoder
		_, p, _, err := d.Binary(AppendBinary(nil, Header{}, &Event{Name: in}))
		if err != nil || p.(*Event).Name != want {
			t.Errorf("binary: %.20q, %v", p, err)
		}
		_, p, err = decodeJSON(t, &d, AppendJSON(nil, Header{}, &Event{Name: in}))
		if err != nil || p.(*Event).Name != want {
			t.Errorf("JSON: %.20q, %v", p, err)
		}
	}
}

func TestTooLongToSay(t *testing.T) {
	if b := AppendBinary([]byte("x"), Header{}, &Track{Data: make([]byte, MaxBody)}); string(b) != "x" {
		t.Errorf("%d bytes under a header that can't announce them", len(b))
	}
	var d Decoder
	many := &Durable{make([]Position, maxItems+1)}
	_, p, _, err := d.Binary(AppendBinary(nil, Header{}, many))
	if err != nil || len(p.(*Durable).Items) != maxItems {
		t.Errorf("binary: %v", err)
	}
	_, p, err = decodeJSON(t, &d, AppendJSON(nil, Header{}, many))
	if err != nil || len(p.(*Durable).Items) != maxItems {
		t.Errorf("JSON: %v", err)
	}
	if _, _, err = decodeJSON(t, &d, []byte(`{"type":"durable"}`)); err != nil || cap(d.durable.Items) > maxKept {
		t.Errorf("%d items are kept, %v", cap(d.durable.Items), err)
	}
}

func TestPeekRIDs(t *testing.T) {
	var binary []byte
	for rid := range uint16(3) {
		binary = AppendBinary(binary, Header{RID: rid + 7}, &Send{Body: []byte(`{"rid":1}`)})
	}
	for want, got := range map[string][]uint16{
		"[7 8 9]": PeekRIDs(nil, false, binary), "[7 8 9 0]": PeekRIDs(nil, false, append(binary, binary[:3]...)), "[1 7]": PeekRIDs([]uint16{1}, false, binary[:HeaderSize+9+40]),
		"[0]": PeekRIDs(nil, false, nil), "[5]": PeekRIDs(nil, true, []byte(` {"rid":5}`)), "[5 0 6 0]": PeekRIDs(nil, true, []byte(`[{"rid":5}, {}, {"a":[{"rid":9}],"rid":6} ,3]`)),
	} {
		if fmt.Sprint(got) != want {
			t.Errorf("%v, not %s", got, want)
		}
	}
	for _, b := range []string{"", "[]", "[{]", `[{"rid":5}`, "[{\"rid\":5,\"x\":\"\xff\"}]"} {
		if got := PeekRIDs(nil, true, []byte(b)); fmt.Sprint(got) != "[0]" {
			t.Errorf("%v in %q", got, b)
		}
	}
}

func TestPeekRID(t *testing.T) {
	send := &Send{Body: []byte(`{"rid":7}`)}
	for text, b := range map[bool][]byte{false: AppendBinary(nil, Header{RID: 500}, send), true: AppendJSON(nil, Header{RID: 500}, send)} {
		if rid := PeekRID(text, b); rid != 500 {
			t.Errorf("%d in %q", rid, b)
		}
		for cut := range len(b) {
			if rid := PeekRID(text, b[:cut]); rid != 0 && (text || cut < HeaderSize) {
				t.Errorf("%d in %q", rid, b[:cut])
			}
		}
	}
	for _, b := range []string{"", "[]", `[{"rid":5}]`, `{"rid":"5"}`, "{\"rid\":5,\"x\":\"\xff\"}"} {
		if rid := PeekRID(true, []byte(b)); rid != 0 {
			t.Errorf("%d in %q", rid, b)
		}
	}
}
