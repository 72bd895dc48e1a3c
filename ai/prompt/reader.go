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

// maxIntro is how many bytes a model may write before its object. So many are waited for before what comes is taken for plain text.
const maxIntro = 120

// Reader reads what a model writes, as it comes. The text of an answer is handed on as soon as it is known to be one: behind the field "action" of an
// object, or of what is no object from its 120th byte on. A model's thoughts (<think>) and what it writes around its object are left out.
//
// Not safe for concurrent use.
type Reader struct {
	q     *model.Question
	piece func(string) error

	raw   strings.Builder
	size  int  // bytes of all that came
	begun bool // the form is known
	plain bool
	skip  string // what ends the part that is left out
	wait  string // what came and can't be told yet
	held  string // the end of a plain text that may be an object after all
	keeps bool   // it is kept to the end: an object, or a block of code
	kept  strings.Builder

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
	if r.size += len(part); r.size > maxRaw {
		return ErrLong
	}
	if !r.begun {
		if part = r.begin(part); !r.begun {
			return nil
		}
	}
	r.raw.WriteString(part)
	if r.plain {
		return r.say(part)
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
				r.wait = r.wait[max(0, len(r.wait)-len(r.skip)):] // its end may be the beginning of that
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
			r.wait = s
			at, sure := objectIn(s)
			if s[0] == '{' {
				at, sure = 0, true
			}
			switch {
			case sure && at <= maxIntro:
				r.begun, s = true, s[at:]
			case len(s) < maxIntro:
				return "" // too little to tell
			default:
				r.begun, r.plain = true, true
			}
			r.wait = ""
			return s
		}
	}
}

// objectIn finds where in a text an object of ours begins, or may begin if more comes; at the text's end if nowhere.
func objectIn(s string) (at int, sure bool) {
	for i := range len(s) {
		if s[i] != '{' {
			continue
		}
		rest := strings.TrimLeft(s[i+1:min(len(s), i+1+maxIntro)], " \t\r\n")
		for _, key := range []string{`"action"`, `"sources"`, `"text"`, `"buttons"`} {
			if strings.HasPrefix(rest, key) {
				return i, true
			}
			if strings.HasPrefix(key, rest) {
				return i, false
			}
		}
	}
	return len(s), false
}

// say hands on plain text, but for what may be an object, and for a block of code, in which one may stand.
func (r *Reader) say(part string) error {
	if r.keeps {
		r.kept.WriteString(part)
		return nil
	}
	r.held += part
	at, sure := objectIn(r.held)
	if i := strings.Index(r.held, "```"); i >= 0 && i < at {
		at, sure = i, true
	} else if at == len(r.held) { // a mark that is not whole yet
		at -= len(r.held) - len(strings.TrimRight(r.held, "`"))
	}
	text := r.held[:at]
	r.held = r.held[at:]
	if sure {
		r.keeps = true
		r.kept.WriteString(r.held)
		r.held = ""
	}
	return r.emit(text)
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

// Close says what came of it all. Its errors are those above, ErrLong among them, and those of piece.
func (r *Reader) Close() (model.Result, error) {
	if s := r.wait; !r.begun && r.skip == "" && strings.TrimSpace(s) != "" && !strings.HasPrefix("<think>", s) && !strings.HasPrefix("```", s) {
		r.begun, r.plain, r.wait = true, true, "" // a short text
		r.raw.WriteString(s)
		if err := r.say(s); err != nil {
			return model.Result{}, err
		}
	}
	switch {
	case !r.begun && strings.TrimSpace(r.wait) != "" && r.skip == "": // "<" or "`"
		return model.Result{}, ErrStructure
	case !r.begun:
		return model.Result{}, ErrEmpty
	case r.plain:
		return r.closePlain()
	}
	var w written
	if err := json.NewDecoder(strings.NewReader(r.raw.String())).Decode(&w); err != nil { // what comes behind the object is nobody's
		return model.Result{}, ErrStructure
	}
	res := model.Result{Text: w.Text, Action: w.Action, Cited: r.cited(w.Sources)}
	switch {
	case r.object.action != "" && string(w.Action) != r.object.action: // it is there twice, and what was handed on may belong to the other one
		return model.Result{}, ErrStructure
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

// closePlain ends a plain text. An object in what was kept is read; braces and code of another kind are text.
func (r *Reader) closePlain() (model.Result, error) {
	text, kept := r.raw.String(), r.kept.String()+r.held
	var w written
	if at, sure := objectIn(kept); sure {
		if json.NewDecoder(strings.NewReader(kept[at:])).Decode(&w) != nil || w.Action != model.Answer {
			return model.Result{}, ErrStructure
		}
		text, kept = text[:len(text)-len(kept)]+w.Text, w.Text
	}
	if err := r.emit(kept); err != nil {
		return model.Result{}, err
	}
	return model.Result{Text: strings.TrimSpace(text), Action: model.Answer, Plain: true, Cited: r.cited(w.Sources)}, nil
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
