package docfile

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

const (
	// docxUnpacked is how much XML is read of a file. It is read as a stream; nothing of it is kept but the text.
	docxUnpacked = 32 << 20
	// docxParts is how many files may be packed in one.
	docxParts = 20_000
	docxDepth = 200
	// docxElements is how many elements may stand in a part: a page of many small runs has some thousands.
	docxElements = 2_000_000
)

// DOCXs reads DOCX files, one at a time. The zero value is ready. Safe for concurrent use.
type DOCXs struct{ queue queue }

// Read is DOCX when it is the file's turn. ErrBusy if ctx ends, or patience, while other files are read; ErrTooSlow if ctx ends later, or
// reading takes too long.
func (d *DOCXs) Read(ctx context.Context, file []byte, most int) (string, error) {
	done, err := d.queue.wait(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return DOCX(ctx, file, most)
}

// DOCX returns the text of a DOCX (ECMA-376 part 1, WordprocessingML) as Markdown: headings, lists, and a line for each row of a
// table. What was deleted or hidden, comments, headers, footers and footnotes are left out. No more than most bytes may come out. The
// error is one of this package's; ErrTooSlow if ctx ends.
func DOCX(ctx context.Context, file []byte, most int) (string, error) {
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil || len(z.File) > docxParts {
		if bytes.HasPrefix(file, []byte{0xd0, 0xcf, 0x11, 0xe0}) { // an OLE file: this is how Word protects one
			return "", ErrProtected
		}
		return "", ErrBroken
	}
	w := docx{most: most, level: map[string]int{}, para: &paragraph{}}
	if err := part(ctx, z, "word/styles.xml", w.styles); err != nil && !errors.Is(err, errMissing) {
		return "", err
	}
	if err := part(ctx, z, "word/document.xml", w.body); err != nil {
		if errors.Is(err, errMissing) {
			return "", ErrBroken
		}
		return "", err
	}
	text := strings.TrimSpace(w.out.String())
	switch {
	case text == "":
		return "", ErrNoText
	case len(text) > most:
		return "", ErrTooLong
	}
	return text, nil
}

var errMissing = errors.New("there is no such part")

// part reads one packed file as XML.
func part(ctx context.Context, z *zip.Reader, name string, read func(context.Context, *xml.Decoder) error) error {
	for _, f := range z.File {
		if f.Name != name {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return ErrBroken
		}
		defer r.Close()
		bound := &io.LimitedReader{R: r, N: docxUnpacked}
		err = read(ctx, xml.NewDecoder(&tagReader{r: bound}))
		switch {
		case bound.N <= 0:
			return ErrTooLong
		case err != nil && !errors.Is(err, ErrTooLong) && !errors.Is(err, ErrTooSlow):
			return ErrBroken
		}
		return err
	}
	return errMissing
}

// tagReader fails at a tag that is longer than any is: all of a tag's attributes are in memory at once, and each takes much more there
// than in the file.
type tagReader struct {
	r   io.Reader
	tag int // bytes since the last < that no > followed
}

const maxTag = 64 << 10

func (t *tagReader) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	for _, c := range p[:n] {
		switch {
		case c == '<':
			t.tag = 1
		case c == '>':
			t.tag = 0
		case t.tag > 0:
			if t.tag++; t.tag > maxTag {
				return 0, ErrBroken
			}
		}
	}
	return n, err
}

// docx is a document that is being read.
type docx struct {
	out   strings.Builder
	most  int
	level map[string]int // of headings, by the names of their styles
	para  *paragraph
	outer []*paragraph // those that the one that is read stands in: a text box is in a paragraph
	rows  [][]string   // the cells of the rows that are being read: tables stand in cells
	held  int          // bytes in outer and rows
	gone  bool         // the run is hidden
}

// paragraph is what is known of one.
type paragraph struct {
	line  strings.Builder
	style string
	list  bool
}

func value(e *xml.StartElement) string {
	for _, a := range e.Attr {
		if a.Name.Local == "val" {
			return a.Value
		}
	}
	return ""
}

func isOff(v string) bool { return v == "0" || v == "false" || v == "off" }

// styles learns which styles are headings: they have names of their own in other languages than English, and an outline's level.
func (w *docx) styles(ctx context.Context, d *xml.Decoder) error {
	id := ""
	return tokens(ctx, d, func(e *xml.StartElement, _ []xml.Name) error {
		switch e.Name.Local {
		case "style":
			for _, a := range e.Attr {
				if a.Name.Local == "styleId" {
					id = a.Value
				}
			}
		case "name":
			name := strings.ToLower(value(e))
			if n, err := strconv.Atoi(strings.TrimPrefix(name, "heading ")); err == nil && n >= 1 && n <= 9 {
				w.level[id] = n
			} else if name == "title" {
				w.level[id] = 1
			}
		case "outlineLvl":
			if n, err := strconv.Atoi(value(e)); err == nil && n >= 0 && n < 9 && w.level[id] == 0 {
				w.level[id] = n + 1
			}
		}
		return nil
	}, nil, nil)
}

func (w *docx) body(ctx context.Context, d *xml.Decoder) error {
	return tokens(ctx, d, w.start, w.end, w.text)
}

// tokens walks through XML. Each call gets what is open around the element.
func tokens(ctx context.Context, d *xml.Decoder, start func(*xml.StartElement, []xml.Name) error, end func(xml.Name) error, text func(string, []xml.Name) error) error {
	var open []xml.Name
	elements := 0
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return ErrTooSlow
		}
		t, err := d.RawToken()
		if errors.Is(err, io.EOF) && len(open) == 0 {
			return nil
		}
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if len(open) == docxDepth {
				return ErrBroken
			}
			if elements++; elements > docxElements {
				return fmt.Errorf("%w: it has more than %d elements", ErrTooLong, docxElements)
			}
			if err := start(&t, open); err != nil {
				return err
			}
			open = append(open, t.Name)
		case xml.EndElement:
			if len(open) == 0 || open[len(open)-1] != t.Name {
				return ErrBroken
			}
			open = open[:len(open)-1]
			if end != nil {
				if err := end(t.Name); err != nil {
					return err
				}
			}
		case xml.CharData:
			if text != nil && len(open) > 0 {
				if err := text(string(t), open); err != nil {
					return err
				}
			}
		}
	}
}

func (w *docx) start(e *xml.StartElement, open []xml.Name) error {
	switch e.Name.Local {
	case "tr":
		w.rows = append(w.rows, nil)
	case "p":
		w.outer = append(w.outer, w.para)
		w.held += w.para.line.Len()
		w.para = &paragraph{}
	case "pStyle":
		w.para.style = value(e)
	case "numPr":
		w.para.list = true
	case "r":
		w.gone = false
	case "vanish":
		w.gone = len(open) > 0 && open[len(open)-1].Local == "rPr" && !isOff(value(e))
	case "tab":
		if within(open, "r") {
			w.para.line.WriteByte(' ')
		}
	case "br", "cr":
		if within(open, "r") {
			w.para.line.WriteByte('\n')
		}
	case "noBreakHyphen":
		w.para.line.WriteByte('-')
	}
	return w.bound()
}

func within(open []xml.Name, name string) bool {
	for _, n := range open {
		if n.Local == name {
			return true
		}
	}
	return false
}

// text takes what stands in w:t; w:delText, w:instrText and others are not for readers. A picture's frame has its text twice
// (mc:AlternateContent): the fallback is left out.
func (w *docx) text(s string, open []xml.Name) error {
	if open[len(open)-1].Local != "t" || w.gone || within(open, "del") || within(open, "moveFrom") || within(open, "Fallback") {
		return nil
	}
	w.para.line.WriteString(s)
	return w.bound()
}

func (w *docx) bound() error {
	if w.out.Len()+w.para.line.Len()+w.held > 2*w.most {
		return ErrTooLong
	}
	return nil
}

func (w *docx) end(name xml.Name) error {
	switch name.Local {
	case "p":
		w.endParagraph(strings.TrimSpace(w.para.line.String()))
		if n := len(w.outer) - 1; n >= 0 {
			w.para, w.outer = w.outer[n], w.outer[:n]
			w.held -= w.para.line.Len()
		}
	case "tr":
		n := len(w.rows) - 1
		if n < 0 {
			return ErrBroken
		}
		row := w.rows[n]
		w.rows = w.rows[:n]
		for _, c := range row {
			w.held -= len(c)
		}
		if len(row) > 0 {
			w.write(strings.Join(row, " | "))
		}
	}
	return w.bound()
}

func (w *docx) endParagraph(line string) {
	level, flat := w.level[w.para.style], strings.Join(strings.Fields(line), " ")
	switch {
	case line == "":
	case len(w.rows) > 0:
		n := len(w.rows) - 1
		w.rows[n] = append(w.rows[n], flat)
		w.held += len(flat)
	case level > 0:
		w.write(strings.Repeat("#", min(level, 6)) + " " + flat)
	case w.para.list:
		w.out.WriteString("- " + flat + "\n")
	default:
		w.write(line)
	}
}

// write writes a paragraph with an empty line before and after it; in a table's cell it is a part of the row.
func (w *docx) write(s string) {
	if n := len(w.rows) - 1; n >= 0 {
		w.rows[n] = append(w.rows[n], s)
		w.held += len(s)
		return
	}
	if out := w.out.String(); out != "" && !strings.HasSuffix(out, "\n\n") {
		w.out.WriteByte('\n')
	}
	w.out.WriteString(s + "\n\n")
}
