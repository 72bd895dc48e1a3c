package prompt

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// object reads two members of a JSON object while it comes: the string "action", once it is whole, and the string "text", as far as it has come. It
// does not judge whether the object is one: that is done at the end, over all of it.
type object struct {
	action string
	text   strings.Builder

	depth   int
	key     string
	value   bool // the next string at depth 1 is a value
	inside  bool // a string
	escaped bool
	str     strings.Builder // the string so far, as it is written; of "text", what is not decoded yet
}

func (o *object) write(part string) {
	for i := range len(part) {
		o.next(part[i])
	}
	if o.inside && o.streams() {
		o.decode(false)
	}
}

func (o *object) streams() bool { return o.depth == 1 && o.value && o.key == "text" }

func (o *object) next(c byte) {
	if o.inside {
		switch {
		case o.escaped:
			o.escaped = false
		case c == '\\':
			o.escaped = true
		case c == '"':
			o.inside = false
			o.ended()
			return
		}
		o.str.WriteByte(c)
		return
	}
	switch c {
	case '"':
		o.inside = true
		o.str.Reset()
	case '{', '[':
		o.depth++
	case '}', ']':
		o.depth--
	case ':':
		o.value = o.value || o.depth == 1
	case ',':
		if o.depth == 1 {
			o.value = false
		}
	}
}

// ended takes a string that is whole.
func (o *object) ended() {
	switch {
	case o.depth != 1:
	case o.streams():
		o.decode(true)
	case !o.value:
		o.key = unquote(o.str.String())
	case o.key == "action" && o.action == "":
		o.action = unquote(o.str.String())
	}
}

// decode moves as much of the text as is whole: no half escapes, no half characters, no first half of a pair of surrogates.
func (o *object) decode(all bool) {
	s := o.str.String()
	n := len(s)
	if !all {
		n = whole(s)
	}
	o.text.WriteString(unquote(s[:n]))
	o.str.Reset()
	o.str.WriteString(s[n:])
}

// whole is how many bytes of the inside of a JSON string can be decoded whatever follows.
func whole(s string) int {
	i := 0
	for i < len(s) {
		size := 1
		switch {
		case s[i] == '\\' && i+1 < len(s) && s[i+1] == 'u':
			if size = 6; i+4 <= len(s) && strings.EqualFold(s[i+2:i+3], "d") && strings.ContainsAny(s[i+3:i+4], "89abAB") {
				size = 12
			} else if i+4 > len(s) {
				return i
			}
		case s[i] == '\\':
			size = 2
		case s[i] >= utf8.RuneSelf:
			if !utf8.FullRuneInString(s[i:]) {
				return i
			}
			_, size = utf8.DecodeRuneInString(s[i:])
		}
		if i+size > len(s) {
			return i
		}
		i += size
	}
	return i
}

func unquote(s string) string {
	var out string
	if json.Unmarshal([]byte(`"`+strings.ReplaceAll(s, "\n", `\n`)+`"`), &out) != nil {
		return ""
	}
	return out
}
