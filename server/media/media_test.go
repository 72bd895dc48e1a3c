package media

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/image/webp"
)

// photo is a picture whose corners can be told apart: red, green, blue and white, from the upper left, clockwise.
func photo(w, h int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	corners := []color.NRGBA{{255, 0, 0, 255}, {0, 255, 0, 255}, {255, 255, 255, 255}, {0, 0, 255, 255}}
	for y := range h {
		for x := range w {
			i := 0
			if x >= w/2 {
				i = 1
			}
			if y >= h/2 {
				i = 3 - i
			}
			m.SetNRGBA(x, y, corners[i])
		}
	}
	return m
}

func encode(t testing.TB, m image.Image, kind string) []byte {
	t.Helper()
	var b bytes.Buffer
	var err error
	switch kind {
	case "jpg":
		err = jpeg.Encode(&b, m, nil)
	case "png":
		err = png.Encode(&b, m)
	case "gif":
		err = gif.Encode(&b, m, nil)
	}
	require.NoError(t, err)
	return b.Bytes()
}

// Pictures that only others' programs make: one pixel each, lossy, and lossless with alpha.
var (
	lossy, _    = base64.StdEncoding.DecodeString("UklGRiQAAABXRUJQVlA4IBgAAAAwAQCdASoBAAEAAgA0JaQAA3AA/vuUAAA=")
	lossless, _ = base64.StdEncoding.DecodeString("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")
)

// segment is a JPEG segment.
func segment(marker byte, body string) []byte {
	b := binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(body)+2))
	return append(b, body...)
}

// exif says how a picture is turned, and where it was taken.
func exif(turned byte, order binary.AppendByteOrder) string {
	b := []byte("II*\x00")
	if order == binary.BigEndian {
		b = []byte("MM\x00*")
	}
	b = order.AppendUint32(b, 8)
	b = order.AppendUint16(b, 2)
	b = order.AppendUint32(order.AppendUint16(order.AppendUint16(b, 0x8825), 4), 1) // GPS
	b = order.AppendUint32(b, 38)
	b = order.AppendUint32(order.AppendUint16(order.AppendUint16(b, 0x0112), 3), 1) // orientation
	b = order.AppendUint16(order.AppendUint16(b, uint16(turned)), 0)
	b = order.AppendUint32(b, 0)
	return "Exif\x00\x00" + string(b) + "GPS 48.8584 N 2.2945 E"
}

// insert puts bytes behind the first n of others.
func insert(b []byte, n int, more ...[]byte) []byte {
	return append(append(bytes.Clone(b[:n]), bytes.Join(more, nil)...), b[n:]...)
}

func chunk(name, body string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(append(b, name...), body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

func riff(chunks ...string) []byte {
	body := "WEBP" + strings.Join(chunks, "")
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

func webpPart(name, body string) string {
	b := binary.LittleEndian.AppendUint32([]byte(name), uint32(len(body)))
	b = append(b, body...)
	return string(append(b, make([]byte, len(body)&1)...))
}

func refusedAs(t *testing.T, name string, err error, what ...any) {
	t.Helper()
	var e *Error
	require.ErrorAs(t, err, &e, what...)
	require.Equal(t, name, e.Name, what...)
}

func look(b []byte, name string) (Info, error) {
	return Inspect(bytes.NewReader(b), int64(len(b)), name)
}

func clean(t *testing.T, b []byte, name string) ([]byte, Image, error) {
	t.Helper()
	info, err := look(b, name)
	require.NoError(t, err)
	require.True(t, info.Image)
	var out bytes.Buffer
	img, err := Clean(&out, bytes.NewReader(b), int64(len(b)), info, Limits{})
	return out.Bytes(), img, err
}

func TestTypes(t *testing.T) {
	var z bytes.Buffer
	require.NoError(t, zip.NewWriter(&z).Close())
	for name, tc := range map[string]struct {
		content string
		mime    string
	}{
		"a.txt":      {"hello", "text/plain"},
		"读我.TXT":     {"你好，世界", "text/plain"},
		"a.csv":      {"a,b\n1,2\n3,4\n", "text/csv"},
		"a.json.txt": {`{"a":1}`, "text/plain"},
		"a.pdf":      {"%PDF-1.7\n1 0 obj\n", "application/pdf"},
		"a.zip":      {z.String(), "application/zip"},
		"a.mp3":      {"\xff\xfb\x90\x64\x00\x0f\xf0\x00\x00\x69", "audio/mpeg"},
		"a.webm":     {"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm", "video/webm"},
		"a.jpeg":     {string(encode(t, photo(2, 2), "jpg")), "image/jpeg"},
		"a.PNG":      {string(encode(t, photo(2, 2), "png")), "image/png"},
		"a.gif":      {string(encode(t, photo(2, 2), "gif")), "image/gif"},
		"a.webp":     {string(lossy), "image/webp"},
	} {
		info, err := look([]byte(tc.content), name)
		require.NoError(t, err, name)
		require.Equal(t, tc.mime, info.Mime, name)
		require.Equal(t, strings.HasPrefix(tc.mime, "image/"), info.Image, name)
	}
}

// What others let through as a picture or a text: scripts in SVG, HTML, programs, and names that lie.
func TestWhatIsNotTaken(t *testing.T) {
	svg := `<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`
	jpg := string(encode(t, photo(2, 2), "jpg"))
	for name, tc := range map[string]struct{ content, want string }{
		"a.svg":     {svg, "file_type_not_allowed"},
		"a.svgz":    {svg, "file_type_not_allowed"},
		"a.html":    {"<html>", "file_type_not_allowed"},
		"a.xml":     {"<?xml version='1.0'?>", "file_type_not_allowed"},
		"a.js":      {"alert(1)", "file_type_not_allowed"},
		"a.exe":     {"MZ\x90\x00", "file_type_not_allowed"},
		"a.php.jpg": {"<?php system($_GET['c']);", "file_type_mismatch"},
		"a.jpg.php": {jpg, "file_type_not_allowed"},
		"a":         {jpg, "file_type_not_allowed"},
		".jpg":      {svg, "file_type_mismatch"},
		"b.jpg":     {svg, "file_type_mismatch"},
		"c.png":     {jpg, "file_type_mismatch"},
		"d.jpg":     {"MZ\x90\x00\x03\x00\x00\x00\x04\x00", "file_type_mismatch"},
		"e.txt":     {"<!DOCTYPE html><script>alert(1)</script>", "file_type_mismatch"},
		"f.txt":     {svg, "file_type_mismatch"},
		"g.csv":     {"\x7fELF\x02\x01\x01\x00", "file_type_mismatch"},
		"h.txt":     {"a\x00b", "file_type_mismatch"},
		"i.pdf":     {"not a pdf", "file_type_mismatch"},
		"j.docx":    {"%PDF-1.7", "file_type_mismatch"},
		"k.txt":     {"", "file_empty"},
		"l.txt":     {"#!/bin/sh\nrm -rf ~\n", "file_type_mismatch"},
	} {
		_, err := look([]byte(tc.content), name)
		refusedAs(t, tc.want, err, name)
	}
}

// A photo says where it was taken, by whom, and has a second picture in it. What is kept doesn't.
func TestMetadataIsLeftOut(t *testing.T) {
	const secret = "GPS 48.8584 N"
	plain := encode(t, photo(40, 20), "jpg")
	jpg := insert(plain, 2,
		segment(0xe0, "JFIF\x00\x01\x02\x01\x00H\x00H\x00\x00"), segment(0xe1, exif(6, binary.LittleEndian)), segment(0xe1, "http://ns.adobe.com/xap/1.0/\x00"+secret),
		segment(0xed, "Photoshop 3.0\x00"+secret), segment(0xfe, secret), segment(0xe2, "MPF\x00"+secret), segment(0xe2, "ICC_PROFILE\x00\x01\x01colours"))
	jpg = append(jpg, "a second picture, or a film: "+secret...)
	small := encode(t, photo(40, 20), "png")
	pic := insert(small, 33, chunk("tEXt", "Comment\x00"+secret), chunk("eXIf", secret), chunk("tIME", "\x07\xea\x01\x01\x00\x00\x00"), chunk("zzzz", secret), chunk("gAMA", "\x00\x00\xb1\x8f"))
	pic = append(pic, secret...)
	g := encode(t, photo(40, 20), "gif")
	g = insert(g, 13+3<<(g[10]&7+1), []byte("!\xfe\x0d"+secret+"\x00"), []byte("!\xff\x0bXMP DataXMP\x0d"+secret+"\x00"), []byte("!\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"))
	g = append(g, secret...)
	w := riff(webpPart("VP8X", "\x0c\x00\x00\x00\x00\x00\x00\x00\x00\x00"), string(lossy[12:]), webpPart("EXIF", secret), webpPart("XMP ", secret), webpPart("ABCD", secret))
	w = append(w, secret...)
	for name, b := range map[string][]byte{"a.jpg": jpg, "a.png": pic, "a.gif": g, "a.webp": w} {
		require.Contains(t, string(b), secret)
		got, img, err := clean(t, b, name)
		require.NoError(t, err, name)
		require.NotContains(t, string(got), "48.8584", name)
		again, _, err := clean(t, got, name)
		require.NoError(t, err, name)
		require.Equal(t, got, again, "%s: clean is clean", name)
		info, err := look(got, name)
		require.NoError(t, err)
		m, err := info.picture.decode(bytes.NewReader(got))
		require.NoError(t, err, name)
		if name == "a.jpg" {
			require.Equal(t, []int{20, 40}, []int{img.Width, img.Height}, "as it is shown")
			require.Contains(t, string(got), "ICC_PROFILE")
		} else {
			require.Equal(t, []int{m.Bounds().Dx(), m.Bounds().Dy()}, []int{img.Width, img.Height}, name)
		}
	}
	got, _, err := clean(t, pic, "a.png")
	require.NoError(t, err)
	require.Contains(t, string(got), "gAMA")
	got, img, err := clean(t, g, "a.gif")
	require.NoError(t, err)
	require.Contains(t, string(got), "NETSCAPE2.0")
	require.False(t, img.Animated)
	got, _, err = clean(t, w, "a.webp")
	require.NoError(t, err)
	require.Equal(t, byte(0), got[20]&0x0c, "VP8X no longer announces what is gone")
	require.EqualValues(t, len(got)-8, binary.LittleEndian.Uint32(got[4:]))
	_, err = webp.Decode(bytes.NewReader(got))
	require.NoError(t, err)
	// A picture that has nothing to leave out stays as it is, byte for byte.
	for name, b := range map[string][]byte{"a.jpg": plain, "a.png": small, "b.webp": lossy, "c.webp": lossless} {
		got, _, err := clean(t, b, name)
		require.NoError(t, err, name)
		require.Equal(t, b, got, name)
	}
}

// Files that are two things at once: a page in a picture's clothes.
func TestPolyglots(t *testing.T) {
	script := "<script>alert(1)</script>"
	real := encode(t, photo(4, 4), "gif")
	for name, b := range map[string]string{
		"GIF whose size is a comment":  "GIF89a/*" + strings.Repeat("x", 20) + "*/=1;" + script,
		"GIF header and a page":        "GIF89a<html>" + script + "</html>",
		"GIF that ends in a page":      string(real[:len(real)-1]) + script,
		"GIF with junk between blocks": string(real[:13+3<<(real[10]&7+1)]) + script + string(real[13+3<<(real[10]&7+1):]),
	} {
		_, _, err := clean(t, []byte(b), "a.gif")
		var e *Error
		require.ErrorAs(t, err, &e, name)
	}
	got, _, err := clean(t, append(bytes.Clone(real), script...), "a.gif")
	require.NoError(t, err)
	require.Equal(t, real, got, "what stands behind the end is gone")
	jpg := insert(encode(t, photo(4, 4), "jpg"), 2, segment(0xfe, "*/=1;"+script))
	got, _, err = clean(t, jpg, "a.jpg")
	require.NoError(t, err)
	require.NotContains(t, string(got), "script")
	_, _, err = clean(t, []byte("\xff\xd8\xff\xe0"+script), "a.jpg")
	require.Error(t, err)
	pic := append(encode(t, photo(4, 4), "png"), "PK\x03\x04"+script...)
	got, _, err = clean(t, pic, "a.png")
	require.NoError(t, err)
	require.NotContains(t, string(got), "script")
}

// Small files that unpack to large pictures are refused by their headers: nothing is decoded.
func TestBombs(t *testing.T) {
	header := func(w, h uint32) string {
		return string(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)) + "\x08\x06\x00\x00\x00"
	}
	flat := encode(t, image.NewPaletted(image.Rect(0, 0, 7000, 7000), color.Palette{color.Black, color.White}), "png")
	require.Less(t, len(flat), 100_000, "49 million pixels")
	jpg := encode(t, photo(8, 8), "jpg")
	at := bytes.Index(jpg, []byte{0xff, 0xc0})
	binary.BigEndian.PutUint16(jpg[at+5:], 65535)
	binary.BigEndian.PutUint16(jpg[at+7:], 65535)
	frame := func(n, w, h int) []byte {
		g := &gif.GIF{Config: image.Config{Width: w, Height: h}}
		one := image.NewPaletted(image.Rect(0, 0, w, h), color.Palette{color.Black, color.White})
		for range n {
			g.Image, g.Delay = append(g.Image, one), append(g.Delay, 1)
		}
		var b bytes.Buffer
		require.NoError(t, gif.EncodeAll(&b, g))
		return b.Bytes()
	}
	wide := encode(t, photo(4, 4), "gif")
	binary.LittleEndian.PutUint16(wide[6:], 65535)
	binary.LittleEndian.PutUint16(wide[8:], 65535)
	anmf := webpPart("ANMF", "\x00\x00\x00\x00\x00\x00\xff\x0f\x00\xff\x0f\x00\x00\x00\x00\x00")
	for name, b := range map[string][]byte{
		"flat.png":    flat,
		"header.png":  []byte(pngSignature + string(chunk("IHDR", header(1<<31-1, 1<<31-1)))),
		"long.png":    []byte(pngSignature + string(chunk("IHDR", header(1, 30_000)))),
		"a.jpg":       jpg,
		"frames.gif":  frame(maxFrames+1, 1, 1),
		"wide.gif":    wide,
		"frames.webp": riff(append([]string{webpPart("VP8X", "\x02\x00\x00\x00\xff\x0f\x00\xff\x0f\x00")}, repeat(anmf, 60)...)...),
		"a.webp":      riff(webpPart("VP8X", "\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff")),
	} {
		_, _, err := clean(t, b, name)
		refusedAs(t, "image_too_large", err, name)
	}
	_, img, err := clean(t, frame(3, 2, 2), "a.gif")
	require.NoError(t, err)
	require.True(t, img.Animated)
}

func repeat(s string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = s
	}
	return out
}

// Archives are refused by what their directory says that they unpack to.
func TestArchiveBombs(t *testing.T) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create("zeros")
	require.NoError(t, err)
	zeros := make([]byte, 1<<20)
	for range 200 {
		_, err = f.Write(zeros)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	require.Less(t, b.Len(), 1<<20)
	_, err = look(b.Bytes(), "a.zip")
	refusedAs(t, "archive_bomb", err)
	// An honest one, and one whose directory lies about itself.
	b.Reset()
	w = zip.NewWriter(&b)
	f, err = w.Create("noise")
	require.NoError(t, err)
	noise := make([]byte, 100_000)
	for i := range noise {
		noise[i] = byte(rand.IntN(256))
	}
	_, err = f.Write(noise)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	_, err = look(b.Bytes(), "a.zip")
	require.NoError(t, err)
	honest := b.Bytes()
	end := bytes.LastIndex(honest, []byte("PK\x05\x06"))
	for name, change := range map[string]func([]byte){
		"many entries": func(z []byte) { binary.LittleEndian.PutUint16(z[end+10:], 30_000) },
		"ZIP64":        func(z []byte) { binary.LittleEndian.PutUint16(z[end+10:], 0xffff) },
	} {
		z := bytes.Clone(honest)
		change(z)
		_, err = look(z, "a.zip")
		refusedAs(t, "archive_bomb", err, name)
	}
	z := bytes.Clone(honest)
	binary.LittleEndian.PutUint32(z[end+16:], uint32(len(z)))
	_, err = look(z, "a.zip")
	refusedAs(t, "file_broken", err)
	_, err = look(honest[:len(honest)-30], "a.zip")
	refusedAs(t, "file_broken", err)
}

func TestCutOffImages(t *testing.T) {
	for name, b := range map[string][]byte{
		"a.jpg": encode(t, photo(30, 30), "jpg"), "a.png": encode(t, photo(30, 30), "png"), "a.gif": encode(t, photo(30, 30), "gif"), "a.webp": lossless,
	} {
		for n := 16; n < len(b); n += max(len(b)/50, 1) {
			info, err := look(b[:n], name)
			if err != nil {
				continue
			}
			_, err = Clean(&bytes.Buffer{}, bytes.NewReader(b[:n]), int64(n), info, Limits{})
			refusedAs(t, "file_broken", err, "%s, %d bytes", name, n)
		}
	}
}

// Every way that a camera is held comes out upright.
func TestThumbnailsAreUpright(t *testing.T) {
	// Which corner, of red, green, white, blue (clockwise from the upper left), is shown in the upper left and upper right.
	want := map[byte][2]int{1: {0, 1}, 2: {1, 0}, 3: {2, 3}, 4: {3, 2}, 5: {0, 3}, 6: {3, 0}, 7: {2, 1}, 8: {1, 2}}
	colours := []color.NRGBA{{255, 0, 0, 255}, {0, 255, 0, 255}, {255, 255, 255, 255}, {0, 0, 255, 255}}
	for turned, corners := range want {
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			b := insert(encode(t, photo(1200, 600), "jpg"), 2, segment(0xe1, exif(turned, order)))
			got, img, err := clean(t, b, "a.jpg")
			require.NoError(t, err)
			info, err := look(got, "a.jpg")
			require.NoError(t, err)
			thumb, err := Small(t.Context(), bytes.NewReader(got), info, &img)
			require.NoError(t, err)
			require.Equal(t, "image/jpeg", thumb.Mime)
			m, err := jpeg.Decode(bytes.NewReader(thumb.Data))
			require.NoError(t, err)
			if turned > 4 {
				require.Equal(t, image.Rect(0, 0, 240, 480), m.Bounds())
				require.Equal(t, []int{600, 1200}, []int{img.Width, img.Height})
			} else {
				require.Equal(t, image.Rect(0, 0, 480, 240), m.Bounds())
			}
			for i, x := range []int{20, m.Bounds().Dx() - 20} {
				at := color.NRGBAModel.Convert(m.At(x, 20)).(color.NRGBA)
				c := colours[corners[i]]
				require.InDelta(t, int(c.R), int(at.R), 16, "%d, corner %d: %v", turned, i, at)
				require.InDelta(t, int(c.G), int(at.G), 16, "%d, corner %d: %v", turned, i, at)
				require.InDelta(t, int(c.B), int(at.B), 16, "%d, corner %d: %v", turned, i, at)
			}
		}
	}
}

func TestSmall(t *testing.T) {
	for name, b := range map[string][]byte{"a.png": encode(t, photo(480, 480), "png"), "a.webp": lossy} {
		info, err := look(b, name)
		require.NoError(t, err)
		_, img, err := clean(t, b, name)
		require.NoError(t, err)
		thumb, err := Small(t.Context(), bytes.NewReader(b), info, &img)
		require.NoError(t, err)
		require.Empty(t, thumb.Mime, "it is small already")
	}
	glass := photo(1000, 3)
	glass.SetNRGBA(0, 0, color.NRGBA{})
	b := encode(t, glass, "png")
	info, err := look(b, "a.png")
	require.NoError(t, err)
	_, img, err := clean(t, b, "a.png")
	require.NoError(t, err)
	thumb, err := Small(t.Context(), bytes.NewReader(b), info, &img)
	require.NoError(t, err)
	require.Equal(t, "image/png", thumb.Mime)
	m, err := png.Decode(bytes.NewReader(thumb.Data))
	require.NoError(t, err)
	require.Equal(t, image.Rect(0, 0, 480, 1), m.Bounds())
	// A picture whose data is not what its header says is no picture.
	broken := bytes.Clone(encode(t, photo(600, 600), "png"))
	copy(broken[len(broken)/2:], "broken")
	info, err = look(broken, "a.png")
	require.NoError(t, err)
	_, img, err = clean(t, broken, "a.png")
	require.NoError(t, err)
	_, err = Small(t.Context(), bytes.NewReader(broken), info, &img)
	refusedAs(t, "file_broken", err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, decoding.Acquire(t.Context(), decodeMemory))
	defer decoding.Release(decodeMemory)
	_, err = Small(ctx, bytes.NewReader(b), info, &img)
	require.ErrorIs(t, err, context.Canceled, "who waits for memory may give up")
}

// FuzzClean: whatever comes in, nothing panics, what comes out is no longer, has nothing behind its end, and is clean already.
func FuzzClean(f *testing.F) {
	names := []string{"a.jpg", "a.png", "a.gif", "a.webp"}
	for i, b := range [][]byte{encode(f, photo(9, 7), "jpg"), encode(f, photo(9, 7), "png"), encode(f, photo(9, 7), "gif"), lossless, lossy} {
		f.Add(byte(min(i, 3)), b)
	}
	f.Add(byte(0), insert(encode(f, photo(9, 7), "jpg"), 2, segment(0xe1, exif(6, binary.BigEndian)), segment(0xfe, "x")))
	f.Add(byte(3), riff(webpPart("VP8X", "\x0c\x00\x00\x00\x00\x00\x00\x00\x00\x00"), string(lossy[12:]), webpPart("EXIF", "x")))
	f.Fuzz(func(t *testing.T, which byte, b []byte) {
		name := names[which%4]
		info, err := look(b, name)
		if err != nil {
			return
		}
		l := Limits{Pixels: 10_000}
		var out, twice bytes.Buffer
		img, err := Clean(&out, bytes.NewReader(b), int64(len(b)), info, l)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("%v", err)
			}
			return
		}
		if out.Len() > len(b)+len(turnedExif(6)) {
			t.Fatalf("%d bytes became %d", len(b), out.Len())
		}
		again, err := Clean(&twice, bytes.NewReader(out.Bytes()), int64(out.Len()), info, l)
		if err != nil || !bytes.Equal(out.Bytes(), twice.Bytes()) || again.Width != img.Width || again.Height != img.Height {
			t.Fatalf("not clean: %v", err)
		}
		_, _ = Small(context.Background(), bytes.NewReader(out.Bytes()), info, &img)
	})
}

// FuzzArchive: no directory of an archive makes the check panic or read for long.
func FuzzArchive(f *testing.F) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	_, _ = w.Create("a")
	_ = w.Close()
	f.Add(b.Bytes())
	f.Fuzz(func(_ *testing.T, b []byte) { _ = checkArchive(bytes.NewReader(b), int64(len(b))) })
}
