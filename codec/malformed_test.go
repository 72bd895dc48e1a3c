package codec

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestMalformedPackets(t *testing.T) {
	var d Decoder
	for _, tt := range []struct{ text, want string }{
		{`nonsense`, "a text message holds"},
		{`{"type":"ping"`, "not JSON"},
		{`{"type":"ping"} x`, "something follows"},
		{`{}`, "type is missing"},
		{`{"type":7}`, "type must be a string"},
		{`{"type":"nope"}`, "unknown packet type"},
		{`{"type":"ping","time":"1"}`, "time must be a whole number"},
		{`{"type":"ping","time":-1}`, "time must be a whole number"},
		{`{"type":"ping","time":1.0}`, "time must be"},
		{`{"type":"ping","time":9007199254740992}`, "2^53"},
		{`{"type":"ping","time":99999999999999999999999999}`, "2^53"},
		{`{"type":"ping","rid":65536}`, "rid must be at most"},
		{`{"type":"read","conv":"abc"}`, "conv must be a UUID"},
		{`{"type":"read","conv":""}`, "conv must be a UUID"},
		{`{"type":"send","kind":"poem"}`, "not a known value"},
		{`{"type":"send","kind":0}`, "kind must be a string"},
		{`{"type":"send","dup":1}`, "dup must be"},
		{`{"type":"connect","resume":{}}`, "must be an array"},
		{`{"type":"connect","resume":[1]}`, "must hold objects"},
		{`{"type":"send","body":{"text":"a\u0000"}}`, "U+0000"},
		{`{"type":"send","body":{"text":"\ud800"}}`, "lone surrogate"},
		{`{"type":"send","body":{"text":"\udc00\ud800"}}`, "lone surrogate"},
		{"{\"type\":\"send\",\"body\":\"\xff\"}", "UTF-8"},
		{`{"type":"send","body":` + strings.Repeat("[", 80) + strings.Repeat("]", 80) + `}`, "too deep"},
		{`{"type":"send","body":{"text":"a` + "\x00" + `"}}`, "control character"},
		{`{"type":"send","bo\u0000dy":1}`, "U+0000"},
		{`{"type":"send","body":{"\ud83d":1}}`, "lone surrogate"},
		{`{"type":"send","body":"\ud83d\u0041"}`, "lone surrogate"},
		{`{"type":"track","name":"\x"}`, "unknown escape"},
		{`{"type":"track","name":"\u12g4"}`, `malformed \u`},
		{`{"type":"track","name":["page_view"]}`, "name must be a string"},
		{`{"type":"track","name":"a}`, "unterminated"},
		{`{"type":"track","name":"a\`, "unterminated"},
		{`{"type":"join","limit":true}`, "limit must be a whole number"},
		{`{"type":"join","limit":65536}`, "limit must be at most 65535"},
		{`{"type":"connect","min_version":256}`, "min_version must be at most 255"},
		{`{"type":"connect","caps":4294967296}`, "caps must be at most"},
		{`{"type":"ping","rid":-1}`, "rid must be a whole number"},
		{`{"type":"ping","time":9007199254740991.0}`, "time must be"},
		{`{"type":"ping","time":"\u0031"}`, "time must be"},
		{`{"type":"disconnect","soft":"true"}`, "soft must be true or false"},
		{`{"type":"synced","complete":0}`, "complete must be"},
		{`{"type":"read","conv":7}`, "conv must be a string"},
		{`{"type":"read","conv":"01020304-0506-0708-090a-0b0c0d0e0f1g"}`, "conv must be a UUID"},
		{`{"type":"read","conv":"{01020304-0506-0708-090a-0b0c0d0e0f10}"}`, "conv must be a UUID"},
		{`{"type":"read","conv":"0102030405060708090a0b0c0d0e0f10"}`, "conv must be a UUID"},
		{`{"type":"status","state":"typing"}`, "state"},
		{`{"type":"watch","topic":"Inbox"}`, "topic"},
		{`{"type":"connect","resume":[{"conv":1}]}`, "conv must be a string"},
		{`{"type":"connect","resume":[{},[]]}`, "must hold objects"},
		{`{"type":"synced","messages":[{"role":"boss"}]}`, "role"},
		{`{"type":"joined","members":"x"}`, "members must be an array"},
		{`{"type":"typing","preview":"` + strings.Repeat("x", 1<<16) + `"}`, "preview is longer than 65535 bytes"},
		{`{"type":"gap","items":[` + strings.Repeat("{},", 1<<16) + `{}]}`, "more than 65535 items"},
		{`{"type":"ping"` + strings.Repeat(`,"x":1`, 64) + `}`, "more than 64 fields"},
		{`{"type":"gap","items":[{"a":1` + strings.Repeat(`,"x":1`, 64) + `}]}`, "more than 64 fields"},
		{`{"type":"ping",}`, "member's name"},
		{`{"type" "ping"}`, "colon"},
		{`{"type":"ping" "rid":1}`, "comma"},
		{`[{"type":"ping"}`, "comma"},
		{`[{"type":"ping"},]`, "not JSON"},
		{`{"type":"ping","time":tru}`, "not JSON"},
		{`{"type":"ping","x":-}`, "malformed number"},
		{`{"type":"ping","x":1.}`, "malformed number"},
		{`{"type":"ping","x":1e}`, "malformed number"},
		{``, "a text message holds"},
		{`"ping"`, "a text message holds"},
		{`[5]`, "must be a JSON object"},
		{"\ufeff{}", "a text message holds"},
		{`{"type":"send","body":01}`, "not JSON"},
		{`{"type":"send","body":"a` + "\n" + `"}`, "control character"},
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
	deep := strings.Repeat("[", 5000) + `{"a":"]"}` + strings.Repeat("]", 5000)
	for _, body := range []string{`"\u0000"`, `"\ud800"`, `{"\udc00":1}`, deep} {
		text := `{"type":"send","body":{"text":` + body + `},"rid":9}`
		if h, _, err := decodeJSON(t, &d, []byte(text)); err == nil || h.RID != 9 {
			t.Errorf("%.60s: rid %d, %v", text, h.RID, err)
		}
		if rid := PeekRID(true, []byte(text)); rid != 9 {
			t.Errorf("%.60s: PeekRID gives %d", text, rid)
		}
		var got []string
		err := d.JSON([]byte(`[{"type":"ping","rid":1},`+text+`,{"type":"ping","rid":2}]`), func(h Header, _ Packet, err error) {
			got = append(got, fmt.Sprint(h.RID, " ", err == nil))
		})
		if err != nil || strings.Join(got, ",") != "1 true,9 false,2 true" {
			t.Errorf("%.60s in an array: %v, %v", body, got, err)
		}
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

func TestMalformedBinary(t *testing.T) {
	packet := func(typ Type, body ...byte) []byte {
		b := append([]byte{Magic, byte(typ), 0, 0, 0, 0, 0, 9}, body...)
		putLength(b, len(body))
		return b
	}
	zeros := func(n int, then ...byte) []byte { return append(make([]byte, n), then...) }
	blob := func(s string) []byte { return append([]byte{0, 0, 0, byte(len(s))}, s...) }
	for _, tt := range []struct {
		name  string
		input []byte
		want  string
	}{
		{"half a number", packet(TypePing, 1, 2, 3), "time is cut off: 3 of 8 bytes"},
		{"2^53", packet(TypePing, 0, 0x20, 0, 0, 0, 0, 0, 0), "time is 2^53 or more"},
		{"2^64", packet(TypePing, 255, 255, 255, 255, 255, 255, 255, 255), "time is 2^53 or more"},
		{"bool", packet(TypeDisconnect, 0, 0, 2), "reconnect must be 0 or 1"},
		{"enum", packet(TypeStatus, 4), "state: 4 is not a known value"},
		{"enum of a send", packet(TypeSend, zeros(32, 6)...), "kind: 6 is not a known value"},
		{"half a uuid", packet(TypeLeave, zeros(15)...), "conv is cut off: 15 of 16 bytes"},
		{"half a length", packet(TypeTrack, 0), "name is cut off"},
		{"string", packet(TypeTrack, 0, 3, 'a', 'b'), "name is cut off: 2 of 3 bytes"},
		{"string of Latin-1", packet(TypeTrack, 0, 1, 0xE9), "name must be UTF-8"},
		{"string with U+0000", packet(TypeTrack, 0, 1, 0), "name must be UTF-8 without U+0000"},
		{"half a blob length", packet(TypeTrack, 0, 0, 0, 0), "data is cut off"},
		{"blob", packet(TypeTrack, 0, 0, 0, 0, 0, 3, '{', '}'), "data is cut off: 2 of 3 bytes"},
		{"blob that claims 4 GiB", packet(TypeTrack, 0, 0, 255, 255, 255, 255, '{', '}'), "data is cut off"},
		{"blob of text", packet(TypeTrack, append([]byte{0, 0}, blob("hi")...)...), "data is not JSON"},
		{"blob of space", packet(TypeTrack, append([]byte{0, 0}, blob("  ")...)...), "data is not JSON"},
		{"two values", packet(TypeTrack, append([]byte{0, 0}, blob("1 2")...)...), "something follows"},
		{"blob that is not UTF-8", packet(TypeTrack, append([]byte{0, 0}, blob("\"\xff\"")...)...), "data is not UTF-8"},
		{"blob with a surrogate in UTF-8", packet(TypeTrack, append([]byte{0, 0}, blob("\"\xed\xa0\x80\"")...)...), "data is not UTF-8"},
		{"blob with U+0000", packet(TypeTrack, append([]byte{0, 0}, blob(`"\u0000"`)...)...), "U+0000"},
		{"blob with a raw zero", packet(TypeTrack, append([]byte{0, 0}, blob("\"\x00\"")...)...), "control character"},
		{"blob with a lone surrogate", packet(TypeTrack, append([]byte{0, 0}, blob(`"\ud800x"`)...)...), "lone surrogate"},
		{"blob too deep", packet(TypeTrack, append([]byte{0, 0}, blob(strings.Repeat("[", 65)+strings.Repeat("]", 65))...)...), "too deep"},
		{"half a count", packet(TypeGap, 0), "items is cut off"},
		{"count", packet(TypeGap, append([]byte{0, 2}, zeros(47)...)...), "items claims 2 items, 47 bytes are left"},
		{"tuple with 2^53", packet(TypeGap, append([]byte{0, 1}, zeros(16, 1, 0, 0, 0, 0, 0, 0, 0)...)...), "top is 2^53 or more"},
		{"count of messages", packet(TypeSynced, zeros(25, 0, 2, 0, 0, 0, 0)...), "messages claims 2 items, 4 bytes are left"},
		{"length of a message", packet(TypeSynced, zeros(25, 0, 1, 0, 0, 0, 1)...), "messages: an item claims 1 bytes, 0 are left"},
		{"message cut off", packet(TypeSynced, zeros(25, 0, 1, 0, 0, 0, 3, 1, 2, 3)...), "conv is cut off: 3 of 16 bytes"},
		{"unknown type", packet(0x7f), "unknown packet type"},
		{"type 0", packet(0), "unknown packet type"},
		{"type 6", packet(6), "unknown packet type"},
	} {
		var d Decoder
		_, p, n, err := d.Binary(tt.input)
		var pe *PacketError
		if !errors.As(err, &pe) || pe.Code != ErrMalformed || pe.RID != 9 || !strings.Contains(pe.Message, tt.want) || p != nil || n != len(tt.input) {
			t.Errorf("%s: n %d, %v, %+v; want %q", tt.name, n, p, err, tt.want)
		}
	}
}
