package media

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"image"
	"image/jpeg"
	"io"
)

// jpegFormat is JPEG (ITU-T T.81, annex B).
type jpegFormat struct{}

func (jpegFormat) decode(r io.Reader) (image.Image, error) { return jpeg.Decode(r) }

// Markers (T.81, table B.1).
const (
	jpegSOF0 = 0xc0 // to SOF15, with three others between
	jpegDHT  = 0xc4
	jpegJPG  = 0xc8
	jpegDAC  = 0xcc
	jpegRST0 = 0xd0
	jpegSOI  = 0xd8
	jpegEOI  = 0xd9
	jpegSOS  = 0xda
	jpegDQT  = 0xdb
	jpegDRI  = 0xdd
	jpegAPP0 = 0xe0
)

func (jpegFormat) clean(w *bufio.Writer, r *source, img *Image) error {
	if head, err := r.take(2); err != nil || head[0] != 0xff || head[1] != jpegSOI {
		return errBroken
	}
	c := &jpegCopy{w: w, r: r, img: img}
	if _, err := w.Write([]byte{0xff, jpegSOI}); err != nil {
		return err
	}
	marker, err := c.marker()
	for err == nil && marker != jpegEOI {
		marker, err = c.segment(marker)
	}
	if err != nil {
		return err
	}
	if c.scans == 0 {
		return errBroken
	}
	_, err = w.Write([]byte{0xff, jpegEOI})
	return err
}

// jpegCopy is a JPEG on its way.
type jpegCopy struct {
	w     *bufio.Writer
	r     *source
	img   *Image
	scans int
}

// marker reads a marker, with the fill bytes that may stand before it.
func (c *jpegCopy) marker() (byte, error) {
	b, err := c.r.one()
	if err != nil || b != 0xff {
		return 0, errBroken
	}
	for b == 0xff && err == nil {
		b, err = c.r.one()
	}
	return b, err
}

// segment copies or leaves out what follows a marker, and returns the next marker.
func (c *jpegCopy) segment(marker byte) (byte, error) {
	if marker < jpegSOF0 || marker >= jpegRST0 && marker <= jpegEOI {
		return 0, errBroken // none that has a length
	}
	head, err := c.r.take(2)
	if err != nil {
		return 0, err
	}
	n := int(binary.BigEndian.Uint16(head)) - 2
	if n < 0 {
		return 0, errBroken
	}
	body, err := c.r.take(n)
	if err != nil {
		return 0, err
	}
	if body, err = c.judge(marker, body); err != nil {
		return 0, err
	}
	if body != nil {
		binary.BigEndian.PutUint16(head, uint16(len(body)+2))
		for _, part := range [][]byte{{0xff, marker}, head, body} {
			if _, err := c.w.Write(part); err != nil {
				return 0, err
			}
		}
	}
	if marker == jpegSOS {
		return c.scan()
	}
	return c.marker()
}

// judge returns what is kept of a segment; nil: nothing.
func (c *jpegCopy) judge(marker byte, body []byte) ([]byte, error) {
	switch {
	case marker == jpegDHT, marker == jpegDAC, marker == jpegDQT, marker == jpegDRI:
		return body, nil
	case marker == jpegSOS:
		if c.img.frames == 0 {
			return nil, errBroken
		}
		c.scans++
		return body, nil
	case marker < jpegRST0 && marker != jpegJPG:
		return body, c.frame(marker, body)
	case marker == jpegAPP0 && bytes.HasPrefix(body, []byte("JFIF\x00")) && len(body) >= 14:
		body = body[:14]
		body[12], body[13] = 0, 0 // no picture within the picture
		return body, nil
	case marker == jpegAPP0+1 && bytes.HasPrefix(body, []byte("Exif\x00\x00")) && c.img.turned == 0:
		c.img.turned = orientation(body[6:])
		return turnedExif(c.img.turned), nil
	case marker == jpegAPP0+2 && bytes.HasPrefix(body, []byte("ICC_PROFILE\x00")), marker == jpegAPP0+14 && bytes.HasPrefix(body, []byte("Adobe")):
		return body, nil // what the colours mean
	default:
		return nil, nil
	}
}

// frame reads a frame's header (T.81, B.2.2).
func (c *jpegCopy) frame(marker byte, b []byte) error {
	if len(b) < 6 {
		return errBroken
	}
	h, w, components := int(binary.BigEndian.Uint16(b[1:])), int(binary.BigEndian.Uint16(b[3:])), int64(b[5])
	if err := c.img.canvas(w, h); err != nil {
		return err
	}
	c.img.memory = int64(w) * int64(h) * components
	if marker == jpegSOF0+2 { // progressive: every coefficient is kept until the end
		c.img.memory *= 5
	}
	return c.img.frame(0, 0, w, h)
}

// scan copies what is coded, and returns the marker that ends it.
func (c *jpegCopy) scan() (byte, error) {
	for {
		run, err := c.r.ReadSlice(0xff)
		c.r.left -= int64(len(run))
		if err == bufio.ErrBufferFull { //nolint:errorlint // bufio's own
			if _, err = c.w.Write(run); err != nil {
				return 0, err
			}
			continue
		}
		if err != nil {
			return 0, err
		}
		if _, err := c.w.Write(run[:len(run)-1]); err != nil {
			return 0, err
		}
		b := byte(0xff)
		for b == 0xff && err == nil {
			b, err = c.r.one()
		}
		if err != nil {
			return 0, err
		}
		if b != 0 && (b < jpegRST0 || b >= jpegRST0+8) {
			return b, nil
		}
		if _, err := c.w.Write([]byte{0xff, b}); err != nil {
			return 0, err
		}
	}
}

// orientation finds how a picture is turned in EXIF's first directory (TIFF 6.0, section 2; EXIF tag 0x0112); 0 if it doesn't say.
func orientation(tiff []byte) int {
	if len(tiff) < 8 {
		return 0
	}
	var order binary.ByteOrder = binary.LittleEndian
	if tiff[0] == 'M' {
		order = binary.BigEndian
	}
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return 0
	}
	for n := int64(order.Uint16(tiff[at:])); n > 0; n-- {
		entry := at + 2 + 12*(n-1)
		if entry+12 > int64(len(tiff)) {
			continue
		}
		if e := tiff[entry:]; order.Uint16(e) == 0x0112 {
			if v := int(order.Uint16(e[8:])); v >= 1 && v <= 8 {
				return v
			}
			return 0
		}
	}
	return 0
}

// turnedExif is an EXIF segment that says nothing but how the picture is turned; nil if it is upright.
func turnedExif(turned int) []byte {
	if turned < 2 {
		return nil
	}
	return []byte{
		'E', 'x', 'i', 'f', 0, 0, 'M', 'M', 0, 42, 0, 0, 0, 8, // big endian, the first directory at 8
		0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, byte(turned), 0, 0, // one entry: a SHORT
		0, 0, 0, 0, // no other directory
	}
}
