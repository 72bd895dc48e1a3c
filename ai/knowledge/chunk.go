package knowledge

import (
	"crypto/sha256"
	"encoding/hex"
	"iter"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Section is a piece of a document under one heading, or one question with its answer.
type Section struct {
	Path     []string // the headings above it, outermost first
	Question string   // of a table of questions; else empty
	Text     string   // paragraphs with empty lines between them
}

// Chunk is what is found: some sentences that stand together in a document.
type Chunk struct {
	ID       string // follows from the content: what did not change keeps its ID and its vectors
	Document string
	Title    string // the document's
	Heading  string // headings joined by " > ", or the question
	Text     string
	// Question says that Heading is a question that Text answers.
	Question bool
}

// Sizes of chunks, in characters.
const (
	ChunkSize  = 500
	MaxHeading = 300 // of a heading or a question; what is longer goes on in the text
	maxPath    = 600 // of headings that stand above each other; the outer ones are left out first
	minChunk   = 120 // what is shorter at the end of a section joins the chunk before it
)

// Split cuts sections into chunks of about ChunkSize characters, on borders of sentences. A chunk never spans two sections.
func Split(document, title string, sections []Section) []Chunk {
	return slices.Collect(Chunks(document, title, sections))
}

// Chunks is Split for those who may have had enough before its end.
func Chunks(document, title string, sections []Section) iter.Seq[Chunk] {
	return func(yield func(Chunk) bool) {
		for _, s := range sections {
			heading := joined(s.Path)
			if s.Question != "" {
				heading = s.Question
			}
			for _, body := range pack(Sentences(s.Text), ChunkSize) {
				c := Chunk{Document: document, Title: title, Heading: heading, Text: body, Question: s.Question != ""}
				c.ID = c.hash()
				if !yield(c) {
					return
				}
			}
		}
	}
}

// joined is headings as a chunk has them.
func joined(path []string) string {
	const between = " > "
	from, n := len(path), 0
	for from > 0 {
		if n += utf8.RuneCountInString(path[from-1]) + len(between); n > maxPath {
			break
		}
		from--
	}
	return strings.Join(path[from:], between)
}

// hash is the first half of SHA-256 over everything that is searched, in hexadecimal.
func (c *Chunk) hash() string {
	h := sha256.New()
	for _, s := range []string{c.Document, c.Title, c.Heading, c.Text} {
		h.Write([]byte(s))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// pack puts sentences together until a chunk is full. A sentence brings the space or the line break that stood before it.
func pack(sentences []string, size int) []string {
	var out []string
	var b strings.Builder
	n := 0
	flush := func() {
		if s := strings.TrimSpace(b.String()); s != "" {
			if last := len(out) - 1; last >= 0 && utf8.RuneCountInString(s) < minChunk && utf8.RuneCountInString(out[last])+n <= size+minChunk {
				out[last] += b.String()
			} else {
				out = append(out, s)
			}
		}
		b.Reset()
		n = 0
	}
	for _, s := range sentences {
		for _, part := range cut(s, size) {
			if m := utf8.RuneCountInString(part); n > 0 && n+m > size {
				flush()
			}
			n += utf8.RuneCountInString(part)
			b.WriteString(part)
		}
	}
	flush()
	return out
}

// cut breaks a sentence that is longer than a chunk.
func cut(s string, size int) []string {
	var out []string
	for {
		var first string
		first, s = part(s, size)
		if out = append(out, first); s == "" {
			return out
		}
	}
}

// part breaks what is longer than size after a comma or a space, or anywhere if there is none. Else rest is empty.
func part(s string, size int) (first, rest string) {
	at, soft, n := 0, 0, 0
	for i, r := range s {
		if n++; n > size {
			if soft > 0 {
				at = soft
			}
			return s[:at], s[at:]
		}
		at = i
		if n > size/2 && (unicode.IsSpace(r) || strings.ContainsRune("，、,;；：:", r)) {
			soft = i + utf8.RuneLen(r)
		}
	}
	return s, ""
}

// Sentences cuts a text after full stops, question marks and line breaks. Put together again the parts are the text, but for spaces at
// its ends.
func Sentences(text string) []string {
	text = strings.TrimSpace(text)
	var out []string
	from, done := 0, false // done: a sentence has ended; what closes it and the space behind it still belong to it
	for i, r := range text {
		if done && !strings.ContainsRune("\"'”’」』）)】》", r) && !isEnd(r) && !unicode.IsSpace(r) {
			out = append(out, text[from:i])
			from, done = i, false
		}
		switch {
		case r == '\n':
			done = true
		case isEnd(r):
			done = r != '.' || stops(text, from, i)
		}
	}
	if from < len(text) {
		out = append(out, text[from:])
	}
	return out
}

func isEnd(r rune) bool { return strings.ContainsRune("。！？!?…।۔؟.", r) }

// stops reports whether the point at i ends a sentence: a space follows, and it is no abbreviation ("e.g.", "No. 5", "J. Smith").
func stops(text string, from, i int) bool {
	if i+1 < len(text) && text[i+1] != ' ' && text[i+1] != '\n' && text[i+1] != '"' && text[i+1] != ')' {
		return false
	}
	word := text[from:i]
	word = strings.ToLower(word[strings.LastIndexAny(word, " \n(\"")+1:])
	switch word {
	case "e.g", "i.e", "etc", "no", "vs", "mr", "mrs", "ms", "dr", "st", "approx", "inc", "ltd", "co", "fig", "art":
		return false
	}
	return utf8.RuneCountInString(word) != 1 || word[0] >= '0' && word[0] <= '9'
}
