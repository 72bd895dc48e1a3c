package media

import (
	"bufio"
	"errors"
	"image"
	"io"
)

// Limits bound what is taken of images.
type Limits struct {
	// Pixels of one picture. Defaults to 40 million.
	Pixels int64
}

func (l Limits) withDefaults() Limits {
	if l.Pixels <= 0 {
		l.Pixels = 40_000_000
	}
	return l
}

const (
	maxSide   = 20_000 // pixels
	maxFrames = 2_000  // of an animation
	// maxMotion is how many times Limits.Pixels all frames of an animation may have together.
	maxMotion = 20
)

// Image is what an image's headers say.
type Image struct {
	Width, Height int // as it is shown
	Animated      bool

	turned   int   // EXIF orientation, 1 to 8; 0: none
	memory   int64 // bytes that it takes to decode it
	extended bool  // of WebP: there is a VP8X
	picture
}

// picture is what is counted while a file is read.
type picture struct {
	limits           Limits
	canvasW, canvasH int
	frames           int
	area             int64 // of all frames
}

// format is one of the image formats.
type format interface {
	// clean copies a picture from r, block by block, without what is no part of it: what says where, when, by whom and with what
	// it was made, and whatever stands behind its end. It fails with errBroken where the file is not what it must be.
	clean(w *bufio.Writer, r *source, img *Image) error
	decode(r io.Reader) (image.Image, error)
}

var (
	errBroken   = errorf("file_broken", "the image can't be read")
	errTooLarge = &Error{Name: "image_too_large", Message: "the image has too many pixels", Large: true}
)

// canvas notes the size of the picture, which must come before its first frame.
func (p *picture) canvas(w, h int) error {
	switch {
	case w < 1 || h < 1 || p.canvasW != 0:
		return errBroken
	case w > maxSide || h > maxSide || int64(w)*int64(h) > p.limits.Pixels:
		return errTooLarge
	}
	p.canvasW, p.canvasH = w, h
	return nil
}

// frame notes one frame.
func (p *picture) frame(x, y, w, h int) error {
	p.frames++
	p.area += int64(w) * int64(h)
	switch {
	case p.canvasW == 0 || w < 1 || h < 1 || x+w > p.canvasW || y+h > p.canvasH:
		return errBroken
	case p.frames > maxFrames || p.area > maxMotion*p.limits.Pixels:
		return errTooLarge
	}
	return nil
}

// Clean copies an image of size bytes to w as its format's clean does, and says what it is. What is too large or broken is an
// *Error, and then w holds nothing that is of use.
func Clean(w io.Writer, f io.ReaderAt, size int64, info Info, l Limits) (Image, error) {
	img := Image{picture: picture{limits: l.withDefaults()}}
	r := &source{Reader: bufio.NewReaderSize(io.NewSectionReader(f, 0, size), 32<<10), file: f, left: size}
	out := bufio.NewWriterSize(w, 32<<10)
	err := info.picture.clean(out, r, &img)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errBroken
	}
	if err == nil && img.frames == 0 {
		err = errBroken
	}
	if err != nil {
		return Image{}, err
	}
	img.Width, img.Height, img.Animated = img.canvasW, img.canvasH, img.frames > 1
	if img.turned > 4 {
		img.Width, img.Height = img.Height, img.Width
	}
	return img, out.Flush()
}

// source is a file that is read from its beginning to its end.
type source struct {
	*bufio.Reader
	file io.ReaderAt // the whole of it
	left int64
}

// take reads n bytes, few of them, into fresh memory.
func (s *source) take(n int) ([]byte, error) {
	if int64(n) > s.left {
		return nil, io.ErrUnexpectedEOF
	}
	b := make([]byte, n)
	_, err := io.ReadFull(s.Reader, b)
	s.left -= int64(n)
	return b, err
}

// one reads a byte.
func (s *source) one() (byte, error) {
	s.left--
	return s.ReadByte()
}

// copy hands n bytes on to w, or to nobody if w is nil.
func (s *source) copy(w io.Writer, n int64) error {
	if n > s.left {
		return io.ErrUnexpectedEOF
	}
	if w == nil {
		w = io.Discard
	}
	s.left -= n
	_, err := io.CopyN(w, s.Reader, n)
	return err
}
