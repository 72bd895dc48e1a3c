package library

import (
	"errors"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/uniqchat/uniqchat/ai/knowledge"
	"github.com/uniqchat/uniqchat/chat"
)

// Decode implements chat.KnowledgeBase.
func (l *Library) Decode(name string, file []byte) (format, text string, err error) {
	f, known := knowledge.FormatOf(name)
	if !known {
		return "", "", &chat.Error{Code: chat.Malformed, Name: "format_unknown", Message: "file: only Markdown (.md), HTML (.html), text (.txt) and tables (.csv, .tsv) can be read, not " + show(path.Ext(name))}
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
	chunks = len(knowledge.Split("", "", sections))
	if chunks == 0 {
		return "", 0, chat.Errorf(chat.Malformed, "text: there is nothing to find in it")
	}
	return title, chunks, nil
}
