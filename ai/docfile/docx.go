package docfile

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
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
)

// DOCX returns the text of a DOCX (ECMA-376 part 1, WordprocessingML) as Markdown: headings, lists, and a line for each row of a
// table. What was deleted or hidden, comments, headers and footers are left out. No more than most bytes may come out. The error is
// one of this package's.
func DOCX(file []byte, most int) (string, error) {
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil || len(z.File) > docxParts {
		if bytes.HasPrefix(file, []byte{0xd0, 0xcf, 0x11, 0xe0}) { // an OLE file: this is how Word protects one
			return "", ErrProtected
		}
		return "", ErrBroken
	}
	w := docx{most: most, level: map[string]int{}}
	if err := part(z, "word/styles.xml", w.styles); err != nil && !errors.Is(err, errMissing) {
		return "", err
	}
	if err := part(z, "word/document.xml", w.body); err != nil {
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
func part(z *zip.Reader, name string, read func(*xml.Decoder) error) error {
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
		err = read(xml.NewDecoder(bound))
		switch {
		case bound.N <= 0:
			return ErrTooLong
		case err != nil && !errors.Is(err, ErrTooLong):
			return ErrBroken
		}
		return err
	}
	return errMissing
}

// docx is a document that is being read.
type docx struct {
	out   strings.Builder
	most  int
	level map[string]int // of headings, by the names of their styles
	line  strings.Builder
	cell  []string // of the row that is being read
	table int      // how deep in tables
	style string
	list  bool
	gone  bool // the run is hidden
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
func (w *docx) styles(d *xml.Decoder) error {
	id := ""
	return tokens(d, func(e *xml.StartElement, _ []xml.Name) error {
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

func (w *docx) body(d *xml.Decoder) error {
	return tokens(d, w.start, w.end, w.text)
}

// tokens walks through XML. Each call gets what is open around the element.
func tokens(d *xml.Decoder, start func(*xml.StartElement, []xml.Name) error, end func(xml.Name) error, text func(string, []xml.Name) error) error {
	var open []xml.Name
	for {
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
	case "tbl":
		w.table++
	case "tr":
		w.cell = w.cell[:0]
	case "p":
		w.style, w.list = "", false
	case "pStyle":
		w.style = value(e)
	case "numPr":
		w.list = true
	case "r":
		w.gone = false
	case "vanish":
		w.gone = len(open) > 0 && open[len(open)-1].Local == "rPr" && !isOff(value(e))
	case "tab":
		if within(open, "r") {
			w.line.WriteByte(' ')
		}
	case "br", "cr":
		if within(open, "r") {
			w.line.WriteByte('\n')
		}
	case "noBreakHyphen":
		w.line.WriteByte('-')
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
	w.line.WriteString(s)
	return w.bound()
}

func (w *docx) bound() error {
	if w.out.Len()+w.line.Len() > 2*w.most {
		return ErrTooLong
	}
	return nil
}

func (w *docx) end(name xml.Name) error {
	switch name.Local {
	case "p":
		line := strings.TrimSpace(w.line.String())
		w.line.Reset()
		switch {
		case line == "":
		case w.table > 0:
			w.cell = append(w.cell, strings.Join(strings.Fields(line), " "))
		case w.level[w.style] > 0:
			w.paragraph(strings.Repeat("#", min(w.level[w.style], 6)) + " " + strings.Join(strings.Fields(line), " "))
		case w.list:
			w.out.WriteString("- " + strings.Join(strings.Fields(line), " ") + "\n")
		default:
			w.paragraph(line)
		}
	case "tr":
		if len(w.cell) > 0 {
			w.paragraph(strings.Join(w.cell, " | "))
			w.cell = w.cell[:0]
		}
	case "tbl":
		w.table--
	}
	return w.bound()
}

// paragraph writes one, with an empty line before and after it.
func (w *docx) paragraph(s string) {
	if out := w.out.String(); out != "" && !strings.HasSuffix(out, "\n\n") {
		w.out.WriteByte('\n')
	}
	w.out.WriteString(s + "\n\n")
}
