package library

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/uniqchat/uniqchat/ai/docfile"
	"github.com/uniqchat/uniqchat/ai/guard"
	"github.com/uniqchat/uniqchat/ai/knowledge"
	"github.com/uniqchat/uniqchat/chat"
)

// Decode implements chat.KnowledgeBase.
func (l *Library) Decode(ctx context.Context, name string, file []byte, most int) (format, text string, err error) {
	switch ext := strings.ToLower(path.Ext(name)); ext {
	case ".pdf":
		text, err = l.pdfs.Read(ctx, file, most)
		return string(knowledge.Text), text, unreadable(err, most)
	case ".docx":
		text, err = l.docx.Read(ctx, file, most)
		return string(knowledge.Markdown), text, unreadable(err, most)
	}
	f, known := knowledge.FormatOf(name)
	if !known {
		return "", "", &chat.Error{Code: chat.Malformed, Name: "format_unknown", Message: "file: only PDF (.pdf), Word (.docx), Markdown (.md), HTML (.html), text (.txt) and tables (.csv, .tsv) can be read, not " + show(path.Ext(name))}
	}
	text, err = knowledge.Decode(file)
	if err == nil && !isText(text) {
		err = errors.New("it has what no text has")
	}
	if err != nil {
		return "", "", &chat.Error{Code: chat.Malformed, Name: "not_text", Message: "file: is no text in UTF-8, UTF-16 or GB 18030"}
	}
	return string(f), text, nil
}

// unreadable says what was wrong with a word processor's file.
func unreadable(err error, most int) error {
	refused := func(name string) error {
		return &chat.Error{Code: chat.Malformed, Name: name, Message: "file: " + err.Error()}
	}
	switch {
	case errors.Is(err, docfile.ErrBusy):
		return chat.Errorf(chat.Busy, "%s; try again", err)
	case errors.Is(err, docfile.ErrTooLong):
		return &chat.Error{Code: chat.TooLarge, Name: "document_too_large", Message: fmt.Sprintf("file: %s: %d bytes", err, most)}
	case errors.Is(err, docfile.ErrProtected):
		return refused("file_protected")
	case errors.Is(err, docfile.ErrNoText):
		return refused("file_without_text")
	case errors.Is(err, docfile.ErrBroken), errors.Is(err, docfile.ErrTooSlow):
		return refused("file_unreadable")
	}
	return err
}

// show is the end of a file's name, as it is repeated to whoever sent it.
func show(ext string) string {
	if ext == "" || len(ext) > 12 {
		return "this"
	}
	return ext
}

// isText reports whether something was a text: what is decoded of other files is full of what no text has.
func isText(s string) bool {
	bad, n := 0, 0
	for _, r := range s {
		n++
		if r == utf8.RuneError || unicode.IsControl(r) && !strings.ContainsRune("\n\r\t\f", r) {
			bad++
		}
	}
	return bad*200 <= n
}

// Read implements chat.KnowledgeBase.
func (l *Library) Read(format, text string) (title string, chunks int, err error) {
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return "", 0, chat.Errorf(chat.Malformed, "text: must be UTF-8 without NUL")
	}
	title, sections, err := knowledge.Read(knowledge.Format(format), []byte(text))
	switch {
	case errors.Is(err, knowledge.ErrFormat):
		return "", 0, chat.Errorf(chat.Malformed, "format: must be markdown, html, text or csv")
	case err != nil:
		return "", 0, chat.Errorf(chat.Malformed, "text: %s", strings.TrimPrefix(err.Error(), "knowledge: "))
	}
	for range knowledge.Chunks("", "", sections) {
		if chunks++; chunks > l.MaxChunks {
			return "", 0, chat.Errorf(chat.Malformed, "text: makes more than the %d pieces that a knowledge base may have; divide it into fewer parts", l.MaxChunks)
		}
	}
	if chunks == 0 {
		return "", 0, chat.Errorf(chat.Malformed, "text: there is nothing to find in it")
	}
	return title, chunks, nil
}

// mostLeftOut bounds what LeftOut tells.
const mostLeftOut = 20

// LeftOut implements chat.KnowledgeBase.
func (l *Library) LeftOut(title, format, text string) (out []chat.KnowledgeLeftOut) {
	_, sections, err := knowledge.Read(knowledge.Format(format), []byte(text))
	if err != nil {
		return nil // Read has said so
	}
	for c := range knowledge.Chunks("", title, sections) {
		if found := suspicious(&c); found != "" {
			if out = append(out, chat.KnowledgeLeftOut{Heading: c.Heading, Found: found}); len(out) == mostLeftOut {
				break
			}
		}
	}
	return out
}

// Suspicious implements chat.KnowledgeBase.
func (l *Library) Suspicious(h *chat.KnowledgeHit) string {
	return guard.Suspicious(h.Title + "\n" + h.Heading + "\n" + h.Text)
}

// suspicious is Suspicious of a chunk.
func suspicious(c *knowledge.Chunk) string {
	return guard.Suspicious(c.Title + "\n" + c.Heading + "\n" + c.Text)
}
