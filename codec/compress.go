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

// maxKeptBody is the largest inflated body whose memory a decoder keeps, in bytes.
const maxKeptBody = 1 << 20

var deflaters = sync.Pool{New: func() any {
	w, err := flate.NewWriter(nil, flate.BestSpeed)
	if err != nil { // only for a level that doesn't exist
		panic(err)
	}
	return w
}}

// AppendCompressed is AppendBinary with the body as raw DEFLATE (RFC 1951) if that is allowed (CompressMin), shorter, and
// inflates within the limit that decoders keep. Safe for concurrent use.
func AppendCompressed(dst []byte, h Header, p Packet) []byte {
	at := len(dst)
	dst = AppendBinary(dst, h, p)
	if len(dst)-at-HeaderSize < CompressMin {
		return dst
	}
	body := dst[at+HeaderSize:]
	small := GetBuffer(len(body))
	defer PutBuffer(small)
	w := deflaters.Get().(*flate.Writer)
	defer func() {
		w.Reset(nil) // it must not hold on to the buffer
		deflaters.Put(w)
	}()
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

// inflater is a pooled reader of DEFLATE and the bytes that it reads.
type inflater struct {
	src bytes.Reader
	r   io.ReadCloser // a flate.Resetter
	cut io.LimitedReader
}

var inflaters = sync.Pool{New: func() any {
	f := new(inflater)
	f.r = flate.NewReader(&f.src)
	return f
}}

// inflate returns a compressed body's content, in memory of the decoder.
func (d *Decoder) inflate(body []byte) ([]byte, *PacketError) {
	limit := d.MaxBody
	if limit <= 0 || limit > MaxBody {
		limit = MaxBody
	}
	limit = min(limit, len(body)*maxInflation)
	f := inflaters.Get().(*inflater)
	defer func() {
		f.src.Reset(nil)
		inflaters.Put(f)
	}()
	f.src.Reset(body)
	if err := f.r.(flate.Resetter).Reset(&f.src, nil); err != nil {
		return nil, malformed("compressed body: %v", err)
	}
	f.cut = io.LimitedReader{R: f.r, N: int64(limit) + 1}
	if d.inflated == nil || cap(d.inflated.B) > maxKeptBody {
		d.inflated = new(Buffer)
	}
	d.inflated.Reset()
	n, err := d.inflated.ReadFrom(&f.cut)
	switch {
	case n > int64(limit):
		return nil, &PacketError{Code: ErrTooLarge, Message: "compressed body inflates beyond the limit"}
	case err != nil:
		return nil, malformed("compressed body is not DEFLATE")
	case n < CompressMin:
		return nil, malformed("only bodies of %d bytes and more may be compressed", CompressMin)
	case f.src.Len() > 0:
		return nil, malformed("compressed body is followed by %d more bytes", f.src.Len())
	}
	return d.inflated.B, nil
}
