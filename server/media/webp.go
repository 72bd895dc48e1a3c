package media

import (
	"bufio"
	"encoding/binary"
	"image"
	"io"

	"golang.org/x/image/webp"
)

// webpFormat is WebP (RFC 9649).
type webpFormat struct{}

func (webpFormat) decode(r io.Reader) (image.Image, error) { return webp.Decode(r) }

// Flags of VP8X, which say what other chunks there are.
const (
	webpXMP  = 0x04
	webpEXIF = 0x08
)

const (
	webpChunks = 2*maxFrames + 100 // at most
	webpHeader = 8                 // of a chunk: name and length
)

// webpChunk is where a chunk that is kept stands in the file, its padding included.
type webpChunk struct{ at, length int64 }

// clean reads the file twice: the first bytes of the copy say how long it is.
func (webpFormat) clean(w *bufio.Writer, r *source, img *Image) error {
	whole, size := r.file, r.left
	head, err := r.take(12)
	if err != nil || string(head[:4]) != "RIFF" || string(head[8:]) != "WEBP" {
		return errBroken
	}
	end := int64(binary.LittleEndian.Uint32(head[4:])) + webpHeader
	if end > size {
		return errBroken
	}
	kept, total, err := webpLook(whole, end, img)
	if err != nil {
		return err
	}
	binary.LittleEndian.PutUint32(head[4:], uint32(total+4))
	if _, err := w.Write(head); err != nil {
		return err
	}
	for i, c := range kept {
		b := io.NewSectionReader(whole, c.at, c.length)
		if i == 0 && img.extended {
			first := make([]byte, c.length)
			if _, err := io.ReadFull(b, first); err != nil {
				return err
			}
			first[webpHeader] &^= webpXMP | webpEXIF
			if _, err := w.Write(first); err != nil {
				return err
			}
			continue
		}
		if _, err := io.Copy(w, b); err != nil {
			return err
		}
	}
	return nil
}

// webpLook finds the chunks that are kept, and notes what they say.
func webpLook(f io.ReaderAt, end int64, img *Image) (kept []webpChunk, total int64, err error) {
	for at := int64(12); at < end; {
		var b [webpHeader + 16]byte
		n, err := f.ReadAt(b[:min(int64(len(b)), end-at)], at)
		if n < webpHeader {
			return nil, 0, errBroken
		}
		if err != nil && err != io.EOF { //nolint:errorlint // ReaderAt's own
			return nil, 0, err
		}
		length := int64(binary.LittleEndian.Uint32(b[4:]))
		c := webpChunk{at, webpHeader + length + length&1}
		if c.at+c.length > end {
			return nil, 0, errBroken
		}
		keep, err := webpJudge(string(b[:4]), b[webpHeader:n], at == 12, img)
		if err != nil {
			return nil, 0, err
		}
		if keep {
			kept, total = append(kept, c), total+c.length
			if len(kept) > webpChunks {
				return nil, 0, errTooLarge
			}
		}
		at += c.length
	}
	return kept, total, nil
}

// webpJudge says whether a chunk is kept. b is its beginning.
func webpJudge(name string, b []byte, first bool, img *Image) (bool, error) {
	u24 := func(at int) int { return int(b[at]) | int(b[at+1])<<8 | int(b[at+2])<<16 }
	switch name {
	case "VP8X":
		if !first || len(b) < 10 {
			return false, errBroken
		}
		img.extended = true
		return true, img.canvas(u24(4)+1, u24(7)+1)
	case "VP8 ", "VP8L":
		w, h := webpSize(name, b)
		if w == 0 || !first && !img.extended {
			return false, errBroken
		}
		if first {
			if err := img.canvas(w, h); err != nil {
				return false, err
			}
		}
		img.memory = int64(img.canvasW) * int64(img.canvasH) * 6
		return true, img.frame(0, 0, w, h)
	case "ANMF":
		if !img.extended || len(b) < 16 {
			return false, errBroken
		}
		return true, img.frame(2*u24(0), 2*u24(3), u24(6)+1, u24(9)+1)
	case "ALPH", "ANIM", "ICCP":
		return img.extended, nil
	default: // EXIF, XMP, and what nobody knows
		return false, nil
	}
}

// webpSize reads a frame's own header (RFC 6386, 9.1; RFC 9649, 3.4); zeros if it is none.
func webpSize(name string, b []byte) (w, h int) {
	switch {
	case name == "VP8 " && len(b) >= 10 && b[0]&1 == 0 && b[3] == 0x9d && b[4] == 0x01 && b[5] == 0x2a:
		return int(binary.LittleEndian.Uint16(b[6:]) & 0x3fff), int(binary.LittleEndian.Uint16(b[8:]) & 0x3fff)
	case name == "VP8L" && len(b) >= 5 && b[0] == 0x2f:
		v := binary.LittleEndian.Uint32(b[1:])
		return int(v&0x3fff) + 1, int(v>>14&0x3fff) + 1
	}
	return 0, 0
}
