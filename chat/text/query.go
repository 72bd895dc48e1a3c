package text

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"
)

// MaxQuery is how many characters a query may have.
const MaxQuery = 200

// What is wrong with a query.
var (
	ErrNothing = errors.New("it has no letter, digit or character to search for")
	ErrLong    = errors.New("it is longer than 200 characters")
)

// Query is what a text must have, all of it, in any order.
type Query struct {
	Terms []Term
}

// Term asks for a token, or for one that begins with it.
type Term struct {
	Text   string
	Prefix bool
}

// minPrefix is how many letters of an unfinished word find what begins with them.
const minPrefix = 2

// Parse reads what somebody typed: words that must all be there. The last word, if nothing follows it, may be the beginning of
// one. Characters without spaces between them must stand one after the other, as pairs; a single one may stand anywhere.
func Parse(q string) (Query, error) {
	if utf8.RuneCountInString(q) > MaxQuery {
		return Query{}, ErrLong
	}
	var out Query
	add := func(t Term) {
		if !slices.Contains(out.Terms, t) {
			out.Terms = append(out.Terms, t)
		}
	}
	var s Scanner
	s.Reset(q)
	paired := 0 // where the last pair ended
	for s.Next() {
		word := string(s.Text())
		switch s.Kind {
		case Word:
			add(Term{word, s.Stop == len(q) && utf8.RuneCountInString(word) >= minPrefix})
		case Pair:
			paired = s.Stop
			add(Term{word, false})
		case End:
			if paired != s.Stop { // a run of one
				add(Term{word, true})
			}
		}
	}
	if len(out.Terms) == 0 {
		return Query{}, ErrNothing
	}
	return out, nil
}

// Matches reports whether texts have, together, all that the query asks for.
func (q *Query) Matches(texts ...string) bool {
	var b Bag
	b.Fill(texts...)
	for _, t := range q.Terms {
		found := false
		for i := range b.Len() {
			if found = t.is(b.At(i)); found {
				break
			}
		}
		if !found {
			return false
		}
	}
	return true
}

// is reports whether a token is what the term asks for.
func (t *Term) is(token []byte) bool {
	if t.Prefix {
		return len(token) >= len(t.Text) && string(token[:len(t.Text)]) == t.Text
	}
	return string(token) == t.Text
}

// Snippet cuts the part out of a text where the query was first found, about so many characters long. The text's beginning if it
// isn't there.
func (q *Query) Snippet(s string, characters int) string {
	at := 0
	var scan Scanner
	scan.Reset(s)
	for n := 0; n < MaxTokens && scan.Next(); n++ {
		if slices.ContainsFunc(q.Terms, func(t Term) bool { return t.is(scan.Text()) }) {
			at = scan.Start
			break
		}
	}
	from := at
	for back := characters / 4; back > 0 && from > 0; back-- {
		_, size := utf8.DecodeLastRuneInString(s[:from])
		from -= size
	}
	to := from
	for n := 0; n < characters && to < len(s); n++ {
		_, size := utf8.DecodeRuneInString(s[to:])
		to += size
	}
	cut := strings.Join(strings.Fields(s[from:to]), " ")
	if from > 0 {
		cut = "…" + cut
	}
	if to < len(s) {
		cut += "…"
	}
	return cut
}
