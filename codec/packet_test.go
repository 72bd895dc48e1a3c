package codec

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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

func TestMalformedPackets(t *testing.T) {
	var d Decoder
	for _, tt := range []struct{ text, want string }{
		{`nonsense`, "a text message holds"}, {`{"type":"ping"`, "not JSON"}, {`{"type":"ping"} x`, "something follows"},
		{`{}`, "type is missing"}, {`{"type":7}`, "type must be a string"}, {`{"type":"nope"}`, "unknown packet type"},
		{`{"type":"ping","time":"1"}`, "time must be a whole number"}, {`{"type":"ping","time":-1}`, "time must be a whole number"},
		{`{"type":"ping","time":1.0}`, "time must be"}, {`{"type":"ping","time":9007199254740992}`, "2^53"},
		{`{"type":"ping","time":99999999999999999999999999}`, "2^53"}, {`{"type":"ping","rid":65536}`, "rid must be at most"},
		{`{"type":"read","conv":"abc"}`, "conv must be a UUID"}, {`{"type":"read","conv":""}`, "conv must be a UUID"},
		{`{"type":"send","kind":"poem"}`, "not a known value"}, {`{"type":"send","kind":0}`, "kind must be a string"},
		{`{"type":"send","dup":1}`, "dup must be"}, {`{"type":"connect","resume":{}}`, "must be an array"},
		{`{"type":"connect","resume":[1]}`, "must hold objects"},
		{`{"type":"send","body":{"text":"a\u0000"}}`, "U+0000"}, {`{"type":"send","body":{"text":"\ud800"}}`, "lone surrogate"},
		{`{"type":"send","body":{"text":"\udc00\ud800"}}`, "lone surrogate"}, {"{\"type\":\"send\",\"body\":\"\xff\"}", "UTF-8"},
		{`{"type":"send","body":` + strings.Repeat("[", 80) + strings.Repeat("]", 80) + `}`, "too deep"},
		{`{"type":"send","body":01}`, "not JSON"}, {`{"type":"send","body":"a` + "\n" + `"}`, "control character"},
	} {
		_, p, err := decodeJSON(t, &d, []byte(tt.text))
		var pe *PacketError
		if !errors.As(err, &pe) || pe.Code != ErrMalformed || !strings.Contains(pe.Message, tt.want) || p != nil {
			t.Errorf("%s: %v, %v; want %q", tt.text, p, err, tt.want)
		}
	}
	if h, _, err := decodeJSON(t, &d, []byte(`{"type":"nope","rid":9}`)); err == nil || h.RID != 9 {
		t.Errorf("the rid of a malformed packet is lost: %+v", h)
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

func TestUntrustedCounts(t *testing.T) {
	var d Decoder
	joined := AppendBinary(nil, Header{}, &Joined{Conv: id(1)})
	at := HeaderSize + 16 + 8 + 1
	joined[at], joined[at+1] = 0xff, 0xff
	if _, _, _, err := d.Binary(joined); err == nil || !strings.Contains(err.Error(), "claims 65535 items") {
		t.Fatal(err)
	}
	send := AppendBinary(nil, Header{}, &Send{Body: []byte(`{}`)})
	copy(send[len(send)-6:], []byte{0xff, 0xff, 0xff, 0xff})
	if _, _, _, err := d.Binary(send); err == nil || !strings.Contains(err.Error(), "cut off") {
		t.Fatal(err)
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

func TestNoAllocations(t *testing.T) {
	var d Decoder
	send := &Send{id(1), id(2), KindText, VisibilityPublic, UUID{}, []byte(`{"text":"hello, how can I help you today?"}`)}
	bin, text := AppendBinary(nil, Header{RID: 1}, send), AppendJSON(nil, Header{RID: 1}, send)
	ping := AppendJSON(nil, Header{}, &Ping{Time: 5})
	each := func(Header, Packet, error) {}
	dst := make([]byte, 0, 4096)
	frame := AppendMaskedFrame(nil, OpBinaryFrame, [4]byte{1, 2, 3, 4}, bin)
	var r MessageReader
	work := bytes.Clone(frame)
	for name, f := range map[string]func(){
		"decode SEND binary":  func() { _, _, _, _ = d.Binary(bin) },
		"decode SEND JSON":    func() { _ = d.JSON(text, each) },
		"decode PING JSON":    func() { _ = d.JSON(ping, each) },
		"encode SENDACK":      func() { dst = AppendBinary(dst[:0], Header{RID: 1}, ack) },
		"encode SENDACK JSON": func() { dst = AppendJSON(dst[:0], Header{RID: 1}, ack) },
		"encode MESSAGE JSON": func() { dst = AppendJSON(dst[:0], Header{}, message) },
		"encode PING":         func() { dst = AppendBinary(dst[:0], Header{}, pingPacket) },
		"frame":               func() { copy(work, frame); _, _ = r.Read(work, 1<<16, sinkhole{}) },
		"buffer":              func() { b := GetBuffer(300); PutBuffer(b) },
	} {
		if n := testing.AllocsPerRun(200, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

type sinkhole struct{}

func (sinkhole) Frame(Opcode, []byte) error { return nil }

var (
	ack        = &Sendack{id(1), id(2), id(3), 9, 8, 1767225600123, false}
	message    = &Message{Conv: id(1), Seq: 9, Body: []byte(`{"text":"x"}`)}
	pingPacket = &Ping{5}
)
