package media

import (
	"bufio"
	"encoding/binary"
	"image"
	"image/gif"
	"io"
)

// gifFormat is GIF89a.
type gifFormat struct{}

// decode returns the first picture.
func (gifFormat) decode(r io.Reader) (image.Image, error) { return gif.Decode(r) }

func (gifFormat) clean(w *bufio.Writer, r *source, img *Image) error {
	head, err := r.take(13)
	if err != nil || string(head[:6]) != "GIF87a" && string(head[:6]) != "GIF89a" {
		return errBroken
	}
	if err := img.canvas(int(binary.LittleEndian.Uint16(head[6:])), int(binary.LittleEndian.Uint16(head[8:]))); err != nil {
		return err
	}
	img.memory = int64(img.canvasW) * int64(img.canvasH) * 2
	if _, err := w.Write(head); err != nil {
		return err
	}
	if err := gifTable(w, r, head[10]); err != nil {
		return err
	}
	for {
		b, err := r.one()
		if err != nil {
			return err
		}
		switch b {
		case ';': // the end: what stands behind it is no part of the picture
			return w.WriteByte(b)
		case ',':
			err = gifFrame(w, r, img)
		case '!':
			err = gifExtension(w, r)
		default:
			return errBroken
		}
		if err != nil {
			return err
		}
	}
}

// gifTable copies the table of colours that flags announce.
func gifTable(w *bufio.Writer, r *source, flags byte) error {
	if flags&0x80 == 0 {
		return nil
	}
	return r.copy(w, 3<<(flags&7+1))
}

func gifFrame(w *bufio.Writer, r *source, img *Image) error {
	d, err := r.take(9)
	if err != nil {
		return err
	}
	le := func(at int) int { return int(binary.LittleEndian.Uint16(d[at:])) }
	if err := img.frame(le(0), le(2), le(4), le(6)); err != nil {
		return err
	}
	if err := w.WriteByte(','); err != nil {
		return err
	}
	if _, err := w.Write(d); err != nil {
		return err
	}
	if err := gifTable(w, r, d[8]); err != nil {
		return err
	}
	if err := r.copy(w, 1); err != nil { // the size of a code
		return err
	}
	return gifBlocks(w, r)
}

// gifExtension copies an extension that has to do with the picture, and leaves comments and everything else out.
func gifExtension(w *bufio.Writer, r *source) error {
	label, err := r.one()
	if err != nil {
		return err
	}
	switch label {
	case 0xf9: // how the next picture is shown
		if _, err := w.Write([]byte{'!', label}); err != nil {
			return err
		}
		return gifBlocks(w, r)
	case 0xff: // an application's: how often to repeat is one
		n, err := r.one()
		if err != nil {
			return err
		}
		name, err := r.take(int(n))
		if err != nil {
			return err
		}
		if s := string(name); s != "NETSCAPE2.0" && s != "ANIMEXTS1.0" {
			return gifBlocks(nil, r)
		}
		if _, err := w.Write(append([]byte{'!', label, n}, name...)); err != nil {
			return err
		}
		return gifBlocks(w, r)
	default:
		return gifBlocks(nil, r)
	}
}

// gifBlocks copies blocks up to an empty one, or leaves them out if w is nil.
func gifBlocks(w *bufio.Writer, r *source) error {
	for {
		n, err := r.one()
		if err != nil {
			return err
		}
		if w == nil {
			err = r.copy(nil, int64(n))
		} else if err = w.WriteByte(n); err == nil {
			err = r.copy(w, int64(n))
		}
		if err != nil || n == 0 {
			return err
		}
	}
}
