package codec

import (
	"bytes"
	"strconv"
	"strings"
	"testing"
)

func BenchmarkParseFrameHeader(b *testing.B) {
	f := AppendMaskedFrame(nil, OpBinaryFrame, testMask, make([]byte, 300))
	for b.Loop() {
		_, _, _ = ParseFrameHeader(f)
	}
}

func BenchmarkUnmask(b *testing.B) {
	for _, size := range []int{32, 300, 64 << 10} {
		b.Run(strconv.Itoa(size), func(b *testing.B) {
			p := make([]byte, size)
			b.SetBytes(int64(size))
			for b.Loop() {
				Unmask(p, testMask, 3)
			}
		})
	}
}

// BenchmarkRead is a connection's bytes to its messages: ten whole frames of 200 bytes that came together.
func BenchmarkRead(b *testing.B) {
	var frames []byte
	for range 10 {
		frames = AppendMaskedFrame(frames, OpTextFrame, testMask, bytes.Repeat([]byte("x"), 200))
	}
	work := make([]byte, len(frames))
	var r MessageReader
	b.SetBytes(int64(len(frames)))
	b.ReportAllocs()
	for b.Loop() {
		copy(work, frames)
		if n, err := r.Read(work, 1<<16, sinkhole{}); err != nil || n != len(work) {
			b.Fatal(n, err)
		}
	}
}

func BenchmarkDecodeSend(b *testing.B) {
	send := &Send{id(1), id(2), KindText, VisibilityPublic, UUID{}, []byte(`{"text":"` + strings.Repeat("x", 128) + `"}`)}
	var d Decoder
	b.Run("binary", func(b *testing.B) {
		bin := AppendBinary(nil, Header{RID: 1}, send)
		b.ReportAllocs()
		for b.Loop() {
			_, _, _, _ = d.Binary(bin)
		}
	})
	b.Run("json", func(b *testing.B) {
		text := AppendJSON(nil, Header{RID: 1}, send)
		each := func(Header, Packet, error) {}
		b.ReportAllocs()
		for b.Loop() {
			_ = d.JSON(text, each)
		}
	})
}

func BenchmarkEncodeMessage(b *testing.B) {
	m := &Message{
		Conv: id(1), Seq: 9, Prev: 8, MID: id(2), CMID: id(3), Sender: id(4), Role: RoleAgent, Time: 1767225600123,
		Body: []byte(`{"text":"` + strings.Repeat("x", 128) + `"}`),
	}
	var dst []byte
	b.Run("binary", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			dst = AppendBinary(dst[:0], Header{}, m)
		}
	})
	b.Run("json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			dst = AppendJSON(dst[:0], Header{}, m)
		}
	})
}

// BenchmarkPage is a page of 50 messages, as a client gets it after a JOIN or a SYNC.
func BenchmarkPage(b *testing.B) {
	page := longPage()
	var d Decoder
	bin, text := AppendBinary(nil, Header{}, page), AppendJSON(nil, Header{}, page)
	each := func(Header, Packet, error) {}
	b.Run("decode binary", func(b *testing.B) {
		b.SetBytes(int64(len(bin)))
		b.ReportAllocs()
		for b.Loop() {
			_, _, _, _ = d.Binary(bin)
		}
	})
	b.Run("decode json", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			_ = d.JSON(text, each)
		}
	})
}

// BenchmarkCompress reports what COMPRESSED costs and saves on a page of 50 short messages.
func BenchmarkCompress(b *testing.B) {
	page := longPage()
	plain, small := AppendBinary(nil, Header{}, page), AppendCompressed(nil, Header{}, page)
	b.Run("encode", func(b *testing.B) {
		var dst []byte
		b.SetBytes(int64(len(plain)))
		b.ReportAllocs()
		for b.Loop() {
			dst = AppendCompressed(dst[:0], Header{}, page)
		}
		b.ReportMetric(float64(len(plain))/float64(len(small)), "ratio")
	})
	b.Run("decode", func(b *testing.B) {
		var d Decoder
		b.SetBytes(int64(len(plain)))
		b.ReportAllocs()
		for b.Loop() {
			if _, _, _, err := d.Binary(small); err != nil {
				b.Fatal(err)
			}
		}
	})
}
