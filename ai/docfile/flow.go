package docfile

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// edge is how many lines at the top and at the bottom of a page may be the same on others.
const edge = 3

// flow makes running text of pages that were set in lines: what a line's end tore apart is put together again, paragraphs are kept
// apart, and what most pages repeat (a heading, a page number) is left out.
func flow(pages []string) string {
	set := make([][]string, 0, len(pages))
	for _, p := range pages {
		set = append(set, linesOf(p))
	}
	same := repeated(set)
	var out strings.Builder
	for _, lines := range set {
		width := 0
		for _, l := range lines {
			width = max(width, cells(l))
		}
		last := "" // the line before, if what follows may belong to it
		for i, l := range lines {
			if l == "" || (i < edge || i >= len(lines)-edge) && same[shape(l)] {
				continue
			}
			switch {
			case out.Len() == 0:
			case strings.HasSuffix(last, "\u00ad"): // a word was torn
			case goesOn(last, l, width):
				if !wide(last, l) {
					out.WriteByte(' ')
				}
			default:
				out.WriteByte('\n')
			}
			out.WriteString(l)
			last = l
		}
	}
	return strings.ReplaceAll(out.String(), "\u00ad", "")
}

// linesOf cleans a page's lines. PDFium marks the hyphen of a torn word by U+0002 or U+FFFE; here it is a soft hyphen.
func linesOf(page string) []string {
	lines := strings.FieldsFunc(page, func(r rune) bool { return r == '\n' || r == '\r' || r == '\f' })
	out := lines[:0]
	for _, l := range lines {
		l = strings.Map(func(r rune) rune {
			switch {
			case r == 0x02 || r == 0xfffe:
				return 0xad
			case unicode.IsSpace(r):
				return ' '
			case unicode.IsControl(r) || r == utf8.RuneError || r == 0xfeff:
				return -1
			}
			return r
		}, l)
		if l = strings.Join(strings.Fields(l), " "); l != "" {
			out = append(out, l)
		}
	}
	return out
}

// repeated finds the shapes of lines that stand at the edge of more than half of the pages, and of three at least.
func repeated(set [][]string) map[string]bool {
	on := map[string]int{}
	for _, lines := range set {
		seen := map[string]bool{}
		for i, l := range lines {
			if s := shape(l); (i < edge || i >= len(lines)-edge) && !seen[s] {
				seen[s] = true
				on[s]++
			}
		}
	}
	same := map[string]bool{}
	for s, n := range on {
		same[s] = n >= 3 && 2*n > len(set)
	}
	return same
}

// shape is a line but for its numbers.
func shape(l string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return '0'
		}
		return r
	}, strings.Join(strings.FieldsFunc(l, unicode.IsDigit), "0"))
}

// goesOn reports whether a line belongs to the paragraph of the one before it: that one is full, and what follows is no short line
// after a sentence's end, which may be a heading; or the line begins as no sentence does.
func goesOn(last, next string, width int) bool {
	if last == "" || begins(next) {
		return false
	}
	end, _ := utf8.DecodeLastRuneInString(last)
	if strings.ContainsRune(".!?。！？:：", end) {
		return cells(last)*10 >= width*8 && cells(next)*10 >= width*5 && !strings.ContainsRune(":：", end)
	}
	first, _ := utf8.DecodeRuneInString(next)
	return cells(last)*10 >= width*7 || unicode.IsLower(first)
}

// begins reports whether a line looks like the first of a list's entry or of a numbered part.
func begins(l string) bool {
	r, n := utf8.DecodeRuneInString(l)
	if strings.ContainsRune("•‣◦▪●○■-–—*·", r) {
		return true
	}
	digits := len(l) - len(strings.TrimLeft(l, "0123456789"))
	if digits == 0 || digits > 3 {
		return strings.ContainsRune("（(【第", r) && len(l) > n
	}
	next, _ := utf8.DecodeRuneInString(l[digits:])
	return strings.ContainsRune(".)、．）", next)
}

// cells is how wide a line is, in the width of a Latin letter.
func cells(l string) (n int) {
	for _, r := range l {
		if n++; isWide(r) {
			n++
		}
	}
	return n
}

func isWide(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) || r >= 0x3000 && r <= 0x303f || r >= 0xff00 && r <= 0xff60
}

// wide reports whether no space belongs between two lines: both sides are of a script that has none.
func wide(last, next string) bool {
	a, _ := utf8.DecodeLastRuneInString(last)
	b, _ := utf8.DecodeRuneInString(next)
	return isWide(a) && isWide(b)
}
