package codec

import (
	"bytes"
	"testing"
)

// The hot path takes no memory.
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
	readBin, readText := AppendBinary(nil, Header{}, &Read{id(1), 4}), AppendJSON(nil, Header{}, &Read{id(1), 4})
	pingBin := AppendBinary(nil, Header{}, &Ping{Time: 5})
	page := AppendBinary(nil, Header{}, longPage())
	pageText := AppendJSON(nil, Header{}, longPage())
	for name, f := range map[string]func(){
		"decode SEND binary":  func() { _, _, _, _ = d.Binary(bin) },
		"decode SEND JSON":    func() { _ = d.JSON(text, each) },
		"frame header":        func() { _, _, _ = ParseFrameHeader(frame) },
		"header":              func() { _, _, _ = ParseHeader(bin) },
		"decode PING binary":  func() { _, _, _, _ = d.Binary(pingBin) },
		"decode READ binary":  func() { _, _, _, _ = d.Binary(readBin) },
		"decode READ JSON":    func() { _ = d.JSON(readText, each) },
		"decode a page":       func() { _, _, _, _ = d.Binary(page) },
		"decode a JSON page":  func() { _ = d.JSON(pageText, each) },
		"encode MESSAGE":      func() { dst = AppendBinary(dst[:0], Header{}, message) },
		"encode PING JSON":    func() { dst = AppendJSON(dst[:0], Header{}, pingPacket) },
		"peek at the rid":     func() { PeekRID(true, text) },
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
