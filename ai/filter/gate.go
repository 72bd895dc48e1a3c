package filter

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/uniqchat/uniqchat/ai/model"
)

// Gate lets an answer through, word by word. What it has let through is safe, whatever follows.
//
// Not safe for concurrent use.
type Gate struct {
	allowed *Allowed
	leaks   *leaks
	written recent // of what came
	shown   recent // of what was let through: taking something out may bring an id together
	pending string
	notes   []string
	err     error
}

// NewGate makes the gate of one answer.
func NewGate(a *Allowed, s model.Secrets) *Gate { return &Gate{allowed: a, leaks: newLeaks(s)} }

// Bounds: what waits for its end longer than this is let through as the plain text that it is then; and how much is told of what was taken out.
const (
	maxPending = 1_200
	maxNotes   = 8
)

// Write takes the next piece and returns what may be shown now. After an error it returns the same error for ever.
func (g *Gate) Write(piece string) (string, error) {
	if g.err != nil {
		return "", g.err
	}
	g.pending += piece
	if g.err = g.leaks.add(piece); g.err != nil {
		g.pending = ""
		return "", g.err
	}
	n := ready(g.pending)
	if n == 0 && len(g.pending) > maxPending {
		g.pending = strings.NewReplacer("[", "", "<", "").Replace(g.pending) // what they begin never ends
		n = ready(g.pending)
	}
	out := g.pending[:n]
	g.pending = g.pending[n:]
	return g.pass(out)
}

// Close returns the rest, or the error that stops it.
func (g *Gate) Close() (string, error) {
	if g.err != nil {
		return "", g.err
	}
	out := g.pending
	g.pending = ""
	return g.pass(out)
}

// pass cleans a part, in which links are whole, and stops what has ids that it must not have.
func (g *Gate) pass(s string) (string, error) {
	out := g.allowed.clean(s, g.note)
	if written, shown := g.written.foreign(g.allowed, s), g.shown.foreign(g.allowed, out); written || shown {
		g.err, g.pending = ErrForeign, ""
		return "", g.err
	}
	return out, nil
}

// Notes says what was taken out.
func (g *Gate) Notes() []string { return g.notes }

func (g *Gate) note(what string) {
	if len(g.notes) < maxNotes {
		g.notes = append(g.notes, what)
	}
}

// ready is how many bytes of a text can be judged whatever follows: up to a space, or a character of a script that links are not written in,
// but not into a bracket that is still open.
func ready(s string) int {
	end := 0
	open := 0 // where the outermost open bracket is, plus 1
	depth := 0
	for i, r := range s {
		switch {
		case r == '[' && depth == 0, r == '<' && depth == 0:
			open, depth = i+1, 1
			if i > 0 && s[i-1] == '!' {
				open--
			}
		case r == '[':
			depth++
		case r == ']' && depth > 1:
			depth--
		case r == ']' && depth == 1:
			// "](" goes on; anything else ends it. At the end of the text nobody knows.
			switch rest := s[i+1:]; {
			case rest == "":
			case rest[0] == '(' && strings.IndexByte(rest, ')') < 0:
			default:
				depth, open = 0, 0
			}
		case r == '>' && depth == 1 && s[max(open-1, 0)] == '<':
			depth, open = 0, 0
		case r == '<' || depth > 0:
		}
		if depth == 0 && (unicode.IsSpace(r) || wide(r)) && !insideLink(s[:i]) {
			end = i + utf8.RuneLen(r)
		}
	}
	return end
}

// insideLink reports whether a text ends within the address of a link: "[text](http://a b" has a space there.
func insideLink(s string) bool {
	i := strings.LastIndex(s, "](")
	return i >= 0 && strings.IndexByte(s[i:], ')') < 0
}

// wide is what stands in no link that is found, and needs no space before it.
func wide(r rune) bool {
	return unicode.Is(unicode.Han, r) || strings.ContainsRune("，。；！？、（）【】《》“”", r)
}
