package codec

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden vectors anew")

// vector is a golden vector: one packet in both encodings. Compressed ones have their binary form compressed.
type vector struct {
	Name string          `json:"name"`
	Hex  string          `json:"hex"`
	JSON json.RawMessage `json:"json"`
}

// vectors makes the golden vectors of every packet, by file.
func vectors() map[string][]vector {
	out := map[string][]vector{}
	add := func(what string, h Header, p Packet) {
		name := p.Type().String()
		v := vector{name + " " + what, hex.EncodeToString(AppendBinary(nil, h, p)), AppendJSON(nil, h, p)}
		out[name] = append(out[name], v)
	}
	for _, p := range samples() {
		n := len(out[p.Type().String()])
		h := Header{RID: uint16(n * 258)}
		if p.Type() == TypeSend && n == 0 {
			h.Flags = FlagDup
		}
		add(strconv.Itoa(n+1), h, p)
	}
	for _, t := range Types() {
		add("of zeros", Header{}, zero(t))
		add("of the largest values", Header{RID: 1<<16 - 1}, largest(t))
	}
	for _, p := range []Packet{&Send{Conv: id(1), CMID: id(2), Body: longBody()}, longPage()} {
		h := Header{RID: 3}
		v := vector{"compressed " + p.Type().String(), hex.EncodeToString(AppendCompressed(nil, h, p)), AppendJSON(nil, h, p)}
		out["compressed"] = append(out["compressed"], v)
	}
	return out
}

// longBody is a body that compresses as chat does: some words again and again, some numbers that are new.
func longBody() []byte {
	var b strings.Builder
	b.WriteString(`{"text":"`)
	for i := range 80 {
		fmt.Fprintf(&b, "order %d 订单号 %d. ", i*7919, i*i*104729)
	}
	b.WriteString(`"}`)
	return []byte(b.String())
}

// longPage is a page of short messages.
func longPage() *Synced {
	page := &Synced{Conv: id(1), Top: 50, Complete: true}
	lines := []string{"Where is my order?", "我的订单在哪里？", "Let me look that up for you.", "It will arrive on Tuesday.", "谢谢！"}
	for i := range 50 {
		m := Message{
			Conv: id(1), Seq: uint64(i + 1), Prev: uint64(i), Sender: id(byte(40 + i%2)), Role: Role(1 + i%2),
			Time: 1767225600000 + uint64(i)*1733, Body: []byte(`{"text":"` + lines[i%len(lines)] + `"}`),
		}
		mid := sha256.Sum256([]byte{byte(i)})
		cmid := sha256.Sum256(mid[:])
		copy(m.MID[:], mid[:])
		copy(m.CMID[8:], cmid[:]) // its first half is a time
		m.CMID[7] = byte(i)
		page.Messages = append(page.Messages, m)
	}
	return page
}

func TestGoldenVectors(t *testing.T) {
	want := vectors()
	for name, vs := range want {
		path := filepath.Join("testdata", name+".json")
		if *update {
			var b bytes.Buffer
			e := json.NewEncoder(&b)
			e.SetEscapeHTML(false)
			e.SetIndent("", "  ")
			if err := e.Encode(vs); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var kept []vector
		if err := json.Unmarshal(raw, &kept); err != nil {
			t.Fatal(err)
		}
		if len(kept) != len(vs) {
			t.Fatalf("%s: %d vectors, want %d", path, len(kept), len(vs))
		}
		for i := range kept {
			checkVector(t, &kept[i], name == "compressed")
		}
	}
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) != len(want) {
		t.Errorf("%d files of vectors, want %d (%v)", len(files), len(want), err)
	}
}

// checkVector checks that the kept bytes and the kept JSON mean the same, and that they are what is written today.
func checkVector(t *testing.T, v *vector, compressed bool) {
	t.Helper()
	bin, err := hex.DecodeString(v.Hex)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := json.Compact(&text, v.JSON); err != nil {
		t.Fatal(err)
	}
	var d Decoder
	h, p, n, err := d.Binary(bytes.Clone(bin))
	if err != nil || n != len(bin) {
		t.Fatalf("%s: %v", v.Name, err)
	}
	if got := AppendJSON(nil, h, p); !bytes.Equal(got, text.Bytes()) {
		t.Errorf("%s: binary is\n%s, want\n%s", v.Name, got, text.Bytes())
	}
	if !compressed && !bytes.Equal(AppendBinary(nil, h, p), bin) {
		t.Errorf("%s: binary is written differently today", v.Name)
	}
	h2, p2, err := decodeJSON(t, &d, text.Bytes())
	if err != nil {
		t.Fatalf("%s: %v", v.Name, err)
	}
	if !compressed && !bytes.Equal(AppendBinary(nil, h2, p2), bin) {
		t.Errorf("%s: JSON means something else than the binary form", v.Name)
	}
	if compressed && h.Flags&FlagCompressed == 0 {
		t.Errorf("%s: not compressed", v.Name)
	}
}
