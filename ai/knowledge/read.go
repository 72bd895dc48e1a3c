package knowledge

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

// Format says how a document is written.
type Format string

// The formats that Read knows.
const (
	Markdown Format = "markdown"
	HTML     Format = "html"
	Text     Format = "text"
	CSV      Format = "csv" // questions and answers, separated by commas, semicolons or tabs
)

// FormatOf guesses a format from the end of a file's name.
func FormatOf(name string) (Format, bool) {
	dot := strings.LastIndexByte(name, '.')
	switch strings.ToLower(name[dot+1:]) {
	case "md", "markdown":
		return Markdown, true
	case "html", "htm", "xhtml":
		return HTML, true
	case "txt", "text":
		return Text, true
	case "csv", "tsv":
		return CSV, true
	}
	return "", false
}

// ErrFormat is what Read says about a format that it does not know.
var ErrFormat = errors.New("knowledge: no such format")

// Read takes a document apart. The title is the document's own, if it has one. Bytes may be UTF-8, UTF-16 with a mark, or GB 18030, which
// spreadsheets in China write.
func Read(format Format, b []byte) (title string, sections []Section, err error) {
	text, err := Decode(b)
	if err != nil {
		return "", nil, err
	}
	switch format {
	case Markdown:
		title, sections = readMarkdown(text)
	case HTML:
		title, sections, err = readHTML(text)
	case Text:
		sections = []Section{{Text: text}}
	case CSV:
		sections, err = readTable(text)
	default:
		err = fmt.Errorf("%w: %q", ErrFormat, format)
	}
	return title, sections, err
}

// Decode makes UTF-8 of bytes, with line breaks of one kind and without what nobody sees.
func Decode(b []byte) (string, error) {
	var err error
	switch {
	case bytes.HasPrefix(b, []byte{0xFF, 0xFE}), bytes.HasPrefix(b, []byte{0xFE, 0xFF}):
		b, err = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Bytes(b)
	case !utf8.Valid(b):
		b, err = simplifiedchinese.GB18030.NewDecoder().Bytes(b)
	}
	if err != nil {
		return "", fmt.Errorf("knowledge: neither UTF-8, UTF-16 nor GB 18030: %w", err)
	}
	return strings.NewReplacer("\r\n", "\n", "\r", "\n", "\ufeff", "", "\x00", "", "\u00ad", "", "\u200b", "").Replace(string(b)), nil
}

// gather collects sections while a document is walked through.
type gather struct {
	path     []string // headings that are open
	levels   []int    // and their levels
	text     strings.Builder
	sections []Section
}

// heading ends the section and opens the next one, which begins with what is too long for a heading.
func (g *gather) heading(level int, text string) {
	g.flush()
	for len(g.levels) > 0 && g.levels[len(g.levels)-1] >= level {
		g.levels, g.path = g.levels[:len(g.levels)-1], g.path[:len(g.path)-1]
	}
	g.levels = append(g.levels, level)
	head, rest := part(strings.TrimSpace(text), MaxHeading)
	g.path = append(g.path[:len(g.path):len(g.path)], strings.TrimSpace(head))
	if rest != "" {
		g.text.WriteString(rest + "\n\n")
	}
}

func (g *gather) flush() {
	if text := strings.TrimSpace(g.text.String()); text != "" {
		g.sections = append(g.sections, Section{Path: g.path, Text: text})
	}
	g.text.Reset()
}
