package prompt

import (
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/uniqchat/uniqchat/ai/model"
)

// What is wrong with what a model wrote.
var (
	ErrStructure = errors.New("not the structure that was asked for")
	ErrEmpty     = errors.New("nothing was written")
	ErrLong      = errors.New("longer than an answer may be")
)

// maxRaw is how many bytes a model may write, its structure and thoughts included.
const maxRaw = 64 << 10

// Reader reads what a model writes, as it comes. The text of an answer is handed on as soon as it is known to be one: behind the field "action" of an
// object, or at once if the model writes no object. A model's thoughts (<think>) are left out.
//
// Not safe for concurrent use.
type Reader struct {
	q     *model.Question
	piece func(string) error

	raw   strings.Builder
	begun bool // the form is known
	plain bool
	skip  string // what ends the part that is left out
	wait  string // what came and can't be told yet

	object  object
	emitted int // bytes of the object's text that were handed on
	runes   int
}

// NewReader makes a Reader of an answer to q. piece may be nil.
func NewReader(q *model.Question, piece func(string) error) *Reader {
	if piece == nil {
		piece = func(string) error { return nil }
	}
	return &Reader{q: q, piece: piece}
}

// Write takes the next part. Its errors are ErrLong, and those of piece.
func (r *Reader) Write(part string) error {
	if r.raw.Len()+len(r.wait)+len(part) > maxRaw {
		return ErrLong
	}
	if !r.begun {
		if part = r.begin(part); !r.begun {
			return nil
		}
	}
	r.raw.WriteString(part)
	if r.plain {
		return r.emit(part)
	}
	r.object.write(part)
	return r.flush()
}

// begin finds out how the answer is written and returns the part from where it begins.
func (r *Reader) begin(part string) string {
	r.wait += part
	for {
		if r.skip != "" {
			i := strings.Index(r.wait, r.skip)
			if i < 0 {
				return ""
			}
			r.wait, r.skip = r.wait[i+len(r.skip):], ""
		}
		s := strings.TrimLeft(r.wait, " \t\r\n\ufeff")
		switch {
		case s == "" || strings.HasPrefix("<think>", s) || strings.HasPrefix("```", s):
			return "" // too little to tell
		case strings.HasPrefix(s, "<think>"):
			r.wait, r.skip = s, "</think>"
		case strings.HasPrefix(s, "```"):
			r.wait, r.skip = s, "\n"
		default:
			r.begun, r.plain, r.wait = true, s[0] != '{', ""
			return s
		}
	}
}

func (r *Reader) flush() error {
	if r.object.action != string(model.Answer) {
		return nil
	}
	text := r.object.text.String()[r.emitted:]
	r.emitted += len(text)
	return r.emit(text)
}

func (r *Reader) emit(text string) error {
	if text == "" {
		return nil
	}
	if r.runes += utf8.RuneCountInString(text); r.runes > model.MaxText {
		return ErrLong
	}
	return r.piece(text)
}

// written is the object that is asked for.
type written struct {
	Action  model.Action  `json:"action"`
	Sources []json.Number `json:"sources"`
	Text    string        `json:"text"`
	Buttons []string      `json:"buttons"`
}

// Close says what came of it all.
func (r *Reader) Close() (model.Result, error) {
	switch {
	case !r.begun && strings.TrimSpace(r.wait) != "" && r.skip == "": // something short, such as "<" or "`"
		return model.Result{}, ErrStructure
	case !r.begun:
		return model.Result{}, ErrEmpty
	case r.plain:
		text := strings.TrimSpace(r.raw.String())
		return model.Result{Text: text, Action: model.Answer, Plain: true}, nil
	}
	var w written
	raw := strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(r.raw.String()), "```"))
	if err := json.Unmarshal([]byte(raw), &w); err != nil {
		return model.Result{}, ErrStructure
	}
	res := model.Result{Text: w.Text, Action: w.Action, Cited: r.cited(w.Sources)}
	switch {
	case w.Action == model.Clarify:
		for _, b := range w.Buttons {
			if b = short(oneLine(b), model.MaxButton); b != "" && len(res.Buttons) < model.MaxButtons {
				res.Buttons = append(res.Buttons, b)
			}
		}
	case w.Action == model.HandOff:
	case w.Action != model.Answer, w.Text != r.object.text.String(): // an unknown action; a field that was there twice
		return model.Result{}, ErrStructure
	}
	if w.Text == "" && w.Action != model.HandOff {
		return model.Result{}, ErrEmpty
	}
	if utf8.RuneCountInString(w.Text) > model.MaxText {
		return model.Result{}, ErrLong
	}
	return res, nil
}

// cited maps numbers of excerpts to the IDs of chunks. Numbers of no excerpt are left out.
func (r *Reader) cited(numbers []json.Number) []string {
	var ids []string
	for _, n := range numbers {
		if i, err := n.Int64(); err == nil && i >= 1 && int(i) <= min(len(r.q.Chunks), model.MaxChunks) {
			ids = append(ids, r.q.Chunks[i-1].ID)
		}
	}
	return ids
}
