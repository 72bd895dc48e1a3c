package codec

import (
	"bytes"
	"compress/flate"
	"io"
	"sync"
)

// CompressMin is the smallest body that may be COMPRESSED, in bytes.
const CompressMin = 1 << 10

// maxInflation is how much larger than its wire form a body may become.
const maxInflation = 10

var deflaters = sync.Pool{New: func() any {
	w, err := flate.NewWriter(nil, flate.BestSpeed)
	if err != nil { // only for a level that doesn't exist
		panic(err)
	}
	return w
}}

var inflaters = sync.Pool{New: func() any { return flate.NewReader(bytes.NewReader(nil)) }}

// AppendCompressed is AppendBinary with the body as raw DEFLATE (RFC 1951) if that is allowed (CompressMin), shorter, and
// inflates within the limit that decoders keep. Safe for concurrent use.
func AppendCompressed(dst []byte, h Header, p Packet) []byte {
	at := len(dst)
	dst = AppendBinary(dst, h, p)
	body := dst[at+HeaderSize:]
	if len(body) < CompressMin {
		return dst
	}
	small := GetBuffer(len(body))
	defer PutBuffer(small)
	w := deflaters.Get().(*flate.Writer)
	defer deflaters.Put(w)
	w.Reset(small)
	if _, err := w.Write(body); err != nil {
		return dst
	}
	if err := w.Close(); err != nil {
		return dst
	}
	if small.Len() >= len(body) || small.Len()*maxInflation < len(body) {
		return dst
	}
	dst = append(dst[:at+HeaderSize], small.B...)
	dst[at+2] |= byte(FlagCompressed)
	putLength(dst[at:], small.Len())
	return dst
}

// inflate returns a compressed body's content, in memory of the decoder.
func (d *Decoder) inflate(body []byte) ([]byte, *PacketError) {
	limit := d.MaxBody
	if limit <= 0 {
		limit = MaxBody
	}
	limit = min(limit, len(body)*maxInflation)
	r := inflaters.Get().(io.ReadCloser)
	defer inflaters.Put(r)
	src := bytes.NewReader(body)
	if err := r.(flate.Resetter).Reset(src, nil); err != nil {
		return nil, malformed("compressed body: %v", err)
	}
	if d.inflated == nil {
		d.inflated = new(Buffer)
	}
	if cap(d.inflated.B) > 1<<20 {
		d.inflated.B = nil
	}
	d.inflated.Reset()
	n, err := d.inflated.ReadFrom(io.LimitReader(r, int64(limit)+1))
	switch {
	case err != nil:
		return nil, malformed("compressed body is not DEFLATE")
	case n > int64(limit):
		return nil, &PacketError{Code: ErrTooLarge, Message: "compressed body inflates beyond the limit"}
	case n < CompressMin:
		return nil, malformed("only bodies of %d bytes and more may be compressed", CompressMin)
	case src.Len() > 0:
		return nil, malformed("compressed body is followed by %d more bytes", src.Len())
	}
	return d.inflated.B, nil
}
