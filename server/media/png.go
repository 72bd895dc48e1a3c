package media

import (
	"bufio"
	"encoding/binary"
	"image"
	"image/png"
	"io"
)

// pngFormat is PNG (third edition), animated or not.
type pngFormat struct{}

func (pngFormat) decode(r io.Reader) (image.Image, error) { return png.Decode(r) }

const pngSignature = "\x89PNG\r\n\x1a\n"

// pngKept are the chunks that make the picture; all others are left out, text, times and EXIF among them.
var pngKept = map[string]bool{
	"IHDR": true, "PLTE": true, "IDAT": true, "IEND": true, "tRNS": true, "cHRM": true, "gAMA": true, "iCCP": true, "sBIT": true, "sRGB": true,
	"cICP": true, "bKGD": true, "pHYs": true, "acTL": true, "fcTL": true, "fdAT": true,
}

func (pngFormat) clean(w *bufio.Writer, r *source, img *Image) error {
	head, err := r.take(len(pngSignature))
	if err != nil || string(head) != pngSignature {
		return errBroken
	}
	if _, err := w.Write(head); err != nil {
		return err
	}
	data := false
	for first := true; ; first = false {
		chunk, err := r.take(8)
		if err != nil {
			return err
		}
		n, name := int64(binary.BigEndian.Uint32(chunk)), string(chunk[4:])
		if first != (name == "IHDR") || n > r.left {
			return errBroken
		}
		if !pngKept[name] {
			if name[0]&0x20 == 0 { // it says that nobody may leave it out
				return errBroken
			}
			if err := r.copy(nil, n+4); err != nil {
				return err
			}
			continue
		}
		if _, err := w.Write(chunk); err != nil {
			return err
		}
		if err := pngChunk(w, r, img, name, n, &data); err != nil {
			return err
		}
		if name == "IEND" {
			if !data {
				return errBroken
			}
			return nil
		}
	}
}

// pngChunk copies the n bytes of a chunk and its checksum, and looks at those that say how large something is.
func pngChunk(w *bufio.Writer, r *source, img *Image, name string, n int64, data *bool) error {
	looked := map[string]int64{"IHDR": 13, "fcTL": 26, "IEND": 0}
	if want, ok := looked[name]; ok && n != want {
		return errBroken
	}
	if name != "IHDR" && name != "fcTL" {
		if name == "IDAT" && !*data {
			*data = true
			if img.frames == 0 { // no fcTL says that the first picture is a frame of its own
				if err := img.frame(0, 0, img.canvasW, img.canvasH); err != nil {
					return err
				}
			}
		}
		return r.copy(w, n+4)
	}
	body, err := r.take(int(n) + 4)
	if err != nil {
		return err
	}
	be := func(at int) int { return int(binary.BigEndian.Uint32(body[at:]) & 0x7fffffff) }
	if name == "IHDR" {
		if err := img.canvas(be(0), be(4)); err != nil {
			return err
		}
		img.memory = int64(img.canvasW) * int64(img.canvasH) * max(4*int64(body[8])/8, 4)
	} else if err := img.frame(be(12), be(16), be(4), be(8)); err != nil {
		return err
	}
	_, err = w.Write(body)
	return err
}
