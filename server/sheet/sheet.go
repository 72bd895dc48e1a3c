// Package sheet writes tables that people open in a spreadsheet: CSV of RFC 4180 in UTF-8, in which no text is a formula.
//
// It owns what is done to cells so that they are shown and never executed. It never decides what is in a table.
package sheet

import (
	"bufio"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// ContentType is what a table is served as.
const ContentType = "text/csv; charset=utf-8; header=present"

// maxCell is how many UTF-16 units a cell may have: spreadsheets put what is longer into other cells.
const maxCell = 32_767

// Writer writes a table row by row, through a buffer of a few kilobytes.
type Writer struct {
	w   *bufio.Writer
	err error
}

// NewWriter returns a Writer that has written what tells a spreadsheet that the text is UTF-8.
func NewWriter(w io.Writer) *Writer {
	out := &Writer{w: bufio.NewWriter(w)}
	out.write("\ufeff")
	return out
}

// Row writes one row. Numbers stay numbers and stand without quotes, as do times (RFC 3339, UTC) and nil, which is empty; all other
// cells are text.
func (w *Writer) Row(cells ...any) {
	for i, c := range cells {
		if i > 0 {
			w.write(",")
		}
		w.cell(c)
	}
	w.write("\r\n")
}

func (w *Writer) cell(c any) {
	switch v := c.(type) {
	case nil:
	case int:
		w.write(strconv.Itoa(v))
	case int64:
		w.write(strconv.FormatInt(v, 10))
	case uint64:
		w.write(strconv.FormatUint(v, 10))
	case float64:
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			w.write(strconv.FormatFloat(v, 'f', -1, 64))
		}
	case *float64:
		if v != nil {
			w.cell(*v)
		}
	case time.Time:
		if !v.IsZero() {
			w.write(v.UTC().Format(time.RFC3339Nano))
		}
	case string:
		w.text(v)
	case []byte:
		w.text(string(v))
	default:
		panic("a cell of a kind that there is none of") // of a program, not of its data
	}
}

func (w *Writer) text(s string) {
	if s == "" {
		return
	}
	w.write(`"` + strings.ReplaceAll(Defuse(s), `"`, `""`) + `"`)
}

func (w *Writer) write(s string) {
	if w.err == nil {
		_, w.err = w.w.WriteString(s)
	}
}

// Flush writes what is buffered and returns the first error that there was.
func (w *Writer) Flush() error {
	if w.err == nil {
		w.err = w.w.Flush()
	}
	return w.err
}

// begins holds what a formula can begin with (OWASP, CSV Injection), in all widths that spreadsheets read.
const begins = "=+-@＝＋－＠﹦﹢﹣﹫−"

// parts ends a cell, or may: line ends of readers that do not know quotes, and the separators of spreadsheets in other countries,
// which take a quote that is not at the beginning of a cell for an ordinary character.
const parts = "\r\n\t;"

// Defuse returns a text that no spreadsheet takes for a formula: an apostrophe stands before what could begin one, at the beginning
// and wherever a reader with other rules may begin a cell. Bytes that are no UTF-8 and U+0000 are replaced, and what is too long
// for a cell is cut.
func Defuse(s string) string {
	s = cut(strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd"))
	var b strings.Builder
	b.Grow(len(s) + 1)
	for first := true; ; first = false {
		end := strings.IndexAny(s, parts)
		if end == 0 && first && s[0] != ';' || isFormula(s[:max(end, 0)]) || end < 0 && isFormula(s) {
			b.WriteByte('\'') // blanks at the beginning are among what OWASP names
		}
		if end < 0 {
			b.WriteString(s)
			return b.String()
		}
		_, size := utf8.DecodeRuneInString(s[end:])
		b.WriteString(s[:end+size])
		s = s[end+size:]
	}
}

// isFormula reports whether a text could be one from its beginning on, once whatever a spreadsheet may drop there is dropped.
func isFormula(s string) bool {
	for _, r := range s {
		switch {
		case strings.ContainsRune(begins, r):
			return true
		case unicode.IsSpace(r), unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Quotation_Mark, r), r == '`', r == '\ufffd':
		default:
			return false
		}
	}
	return false
}

// cut keeps a text within maxCell, with room for apostrophes.
func cut(s string) string {
	units := strings.Count(s, "\n") + strings.Count(s, "\r") + strings.Count(s, "\t") + strings.Count(s, ";") + 1
	for i, r := range s {
		n := 1
		if r > 0xffff {
			n = 2
		}
		if units += n; units >= maxCell {
			return s[:i] + "…"
		}
	}
	return s
}
