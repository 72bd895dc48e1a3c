package text

import "unicode/utf8"

// Kind says how a token was cut.
type Kind uint8

const (
	// Word is letters and digits with something else on both sides.
	Word Kind = iota
	// Pair is two neighbouring characters of a script without spaces.
	Pair
	// End is the last character of a run of such a script. With it, every character of a text is the beginning of a token,
	// so that one character alone can be asked for. Counting it says nothing: leave it out of statistics.
	End
)

// maxWord is how many bytes of a word count; the rest of it is passed over.
const maxWord = 48

// Scanner cuts a text into tokens. The zero Scanner is at the end of an empty text; it allocates nothing.
//
// Not safe for concurrent use.
type Scanner struct {
	// Start and Stop are where in the text the token stands, in bytes.
	Start, Stop int
	// Kind is how the token was cut.
	Kind Kind

	src  string
	at   int // where what was not looked at begins
	buf  [maxWord + 2*utf8.UTFMax]byte
	n    int // length of the token in buf
	last int // in a run: length of its latest character, which stands first in buf once the token was seen
	from int // in a run: where that character begins
	upto int // and ends
}

// Reset begins a text. What is not UTF-8 in it stands between tokens.
func (s *Scanner) Reset(src string) { *s = Scanner{src: src} }

// Text is the token, folded. It holds until the next call of Next.
func (s *Scanner) Text() []byte { return s.buf[:s.n] }

// Next finds the next token and reports whether there is one.
func (s *Scanner) Next() bool {
	if s.last > 0 && s.n > s.last { // after a pair: its second character is the next one's first
		copy(s.buf[:], s.buf[s.n-s.last:s.n])
	}
	for s.at < len(s.src) {
		r, c, size := s.look(s.at)
		switch {
		case c == hidden:
			s.at += size
		case c == dense:
			had, from := s.last, s.from
			s.last = utf8.EncodeRune(s.buf[had:], r)
			s.from, s.upto = s.at, s.at+size
			s.at += size
			if had > 0 {
				s.n = had + s.last
				s.Kind, s.Start, s.Stop = Pair, from, s.upto
				return true
			}
		case s.last > 0:
			return s.end()
		case c == letter:
			s.word()
			return true
		default:
			s.at += size
		}
	}
	return s.last > 0 && s.end()
}

// look returns the character at a place, folded.
func (s *Scanner) look(at int) (r rune, c class, size int) {
	if b := s.src[at]; b < utf8.RuneSelf {
		r, c = fold(rune(b))
		return r, c, 1
	}
	r, size = utf8.DecodeRuneInString(s.src[at:])
	if r == utf8.RuneError {
		return r, apart, size
	}
	r, c = fold(r)
	return r, c, size
}

// end makes the last character of a run a token.
func (s *Scanner) end() bool {
	s.n, s.last = s.last, 0
	s.Kind, s.Start, s.Stop = End, s.from, s.upto
	return true
}

// word takes the word that begins here.
func (s *Scanner) word() {
	s.n, s.Kind, s.Start = 0, Word, s.at
	for s.at < len(s.src) {
		r, c, size := s.look(s.at)
		switch {
		case c == letter:
			if s.n+utf8.RuneLen(r) <= maxWord {
				s.n += utf8.EncodeRune(s.buf[s.n:], r)
			}
		case c == hidden:
		case (r == '\'' || r == '’') && s.at+size < len(s.src): // don't is one word
			if _, after, _ := s.look(s.at + size); after != letter {
				s.Stop = s.at
				return
			}
		default:
			s.Stop = s.at
			return
		}
		s.at += size
	}
	s.Stop = s.at
}
