package media

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/draw"
	"golang.org/x/sync/semaphore"
)

// thumbSide is how long a small picture's longer side is at most, in pixels: twice of what a bubble shows, for fine screens.
const thumbSide = 480

// decodeMemory bounds what pictures that are being decoded take together. One that alone needs more gets no small picture.
const decodeMemory = 256 << 20

var decoding = semaphore.NewWeighted(decodeMemory)

// Thumb is a small picture.
type Thumb struct {
	Mime string // empty: there is none, and the picture itself will do
	Data []byte
}

// Small makes a small picture of a cleaned image, upright. There is none of images that are small already, of animations that
// can't be decoded and of what would take too much memory; an image that is not what its headers say is an *Error.
func Small(ctx context.Context, r io.Reader, info Info, img *Image) (Thumb, error) {
	need := img.memory + thumbSide*thumbSide*16*4
	if _, moves := info.picture.(webpFormat); need > decodeMemory || moves && img.Animated {
		return Thumb{}, nil
	}
	if err := decoding.Acquire(ctx, need); err != nil {
		return Thumb{}, err
	}
	defer decoding.Release(need)
	whole, err := info.picture.decode(r)
	if err != nil {
		return Thumb{}, errorf("file_broken", "the image can't be read: %s", err)
	}
	b := whole.Bounds()
	if b.Dx() <= thumbSide && b.Dy() <= thumbSide && img.turned < 2 && !img.Animated {
		return Thumb{}, nil
	}
	small := upright(shrink(whole), img.turned)
	var out bytes.Buffer
	if small.Opaque() {
		err = jpeg.Encode(&out, small, &jpeg.Options{Quality: 82})
		return Thumb{"image/jpeg", out.Bytes()}, err
	}
	err = png.Encode(&out, small)
	return Thumb{"image/png", out.Bytes()}, err
}

// shrink makes a picture fit, in two steps: the second is better, and takes memory by the size of what it is given.
func shrink(src image.Image) *image.NRGBA {
	b := src.Bounds()
	w, h := fit(b.Dx(), b.Dy(), thumbSide)
	if fw, fh := fit(b.Dx(), b.Dy(), 4*thumbSide); fw < b.Dx() {
		mid := image.NewNRGBA(image.Rect(0, 0, fw, fh))
		draw.NearestNeighbor.Scale(mid, mid.Bounds(), src, b, draw.Src, nil)
		src, b = mid, mid.Bounds()
	}
	dst := image.NewNRGBA(image.Rect(0, 0, w, h))
	draw.BiLinear.Scale(dst, dst.Bounds(), src, b, draw.Src, nil)
	return dst
}

// fit returns the size of a w by h picture whose longer side is at most side.
func fit(w, h, side int) (int, int) {
	if longer := max(w, h); longer > side {
		return max(w*side/longer, 1), max(h*side/longer, 1)
	}
	return w, h
}

// upright turns a picture as EXIF's orientation says (EXIF 2.32, 4.6.5).
func upright(src *image.NRGBA, turned int) *image.NRGBA {
	if turned < 2 {
		return src
	}
	w, h := src.Rect.Dx(), src.Rect.Dy()
	dw, dh := w, h
	if turned > 4 {
		dw, dh = h, w
	}
	dst := image.NewNRGBA(image.Rect(0, 0, dw, dh))
	mirrored, flipped := turned == 2 || turned == 3 || turned >= 7, turned == 3 || turned == 4 || turned == 6 || turned == 7
	for y := range dh {
		for x := range dw {
			sx, sy := x, y
			if turned > 4 {
				sx, sy = y, x
			}
			if mirrored {
				sx = w - 1 - sx
			}
			if flipped {
				sy = h - 1 - sy
			}
			dst.SetNRGBA(x, y, src.NRGBAAt(sx, sy))
		}
	}
	return dst
}
