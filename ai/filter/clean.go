package filter

import (
	"regexp"
	"strings"

	"github.com/uniqchat/uniqchat/ai/guard"
)

// Links as they are written. A domain alone counts if it ends like the ones that people register; schemes count all.
var (
	markdownLink  = regexp.MustCompile(`!?\[([^\[\]]*)\]\(\s*<?([^()\s<>]*(?:\([^()\s]*\)[^()\s<>]*)*)>?(?:\s+[^()]*)?\)`)
	markdownImage = regexp.MustCompile(`!\[([^\[\]]*)\]`)
	tag           = regexp.MustCompile(`<(/?[a-zA-Z!?][^<>]*)>`)
	markup        = regexp.MustCompile(`<[a-zA-Z!?/][a-zA-Z0-9]*(?:\s[^<>]*)?>`)
	angle         = regexp.MustCompile(`<([a-zA-Z/!?])`)
	bareLink      = regexp.MustCompile(`(?i)(?:\b[a-z][a-z0-9+.-]{1,20}:(?://|\\\\)|\bwww\.|\b(?:mailto|javascript|data|vbscript|tel|sms|file|blob):)` + inLink + `+` +
		`|(?:` + label + `@)?(?:` + label + `\.)+(?:com|net|org|io|cn|co|uk|de|eu|ru|xyz|top|info|biz|app|dev|shop|store|site|online|me|cc|tv|link|click|live|ai|gg|ly|tk|ml|ga|cf|ws|pw|club|vip|hk|tw|jp|fr|us|test|example)\b(?:[:/?#]` + inLink + `*)?` +
		`|//` + label + `\.` + inLink + `+`)
)

// Pieces of links: what may stand in one, and in a name (letters of other alphabets look like ours).
const (
	inLink = `[^\s<>()\[\]"'\p{Han}，。；！？、（）【】《》“”]`
	label  = `[a-z0-9\p{Latin}\p{Cyrillic}\p{Greek}._%+-]*[a-z0-9\p{Latin}\p{Cyrillic}\p{Greek}]`
)

// rounds is how often taking something out may bring forth something new to take out. What needs more was made to.
const rounds = 5

// clean makes a piece of Markdown safe: what it returns has no images, no HTML, no links but allowed ones, and nothing invisible. note
// hears what was taken out.
func (a *Allowed) clean(s string, note func(string)) string {
	s = strings.Map(visible, s)
	if !strings.ContainsAny(s, `[]<>!.:/@\`) {
		return s // nothing can be wrong with it: nearly all words
	}
	for range rounds {
		was := s
		s = a.once(s, note)
		if s == was {
			return s
		}
	}
	note("markup that hides markup")
	return ""
}

func (a *Allowed) once(s string, note func(string)) string {
	s = replace(markdownLink, s, func(m []string) string {
		switch {
		case m[0][0] == '!':
			note("image")
			return m[1]
		case !a.link(m[2]):
			note("link " + limit(m[2]))
			return m[1]
		}
		return m[0]
	})
	s = replace(markdownImage, s, func(m []string) string { note("image"); return "[" + m[1] + "]" })
	s = replace(tag, s, func(m []string) string {
		if l := bareLink.FindString(m[1]); l == m[1] {
			return l
		}
		note("markup")
		return ""
	})
	s = replace(angle, s, func(m []string) string { return "< " + m[1] })
	return replace(bareLink, s, func(m []string) string {
		if a.link(m[0]) {
			return m[0]
		}
		note("link " + limit(m[0]))
		return ""
	})
}

func replace(re *regexp.Regexp, s string, with func(m []string) string) string {
	var b strings.Builder
	last := 0
	for _, at := range re.FindAllStringSubmatchIndex(s, -1) {
		m := make([]string, len(at)/2)
		for i := range m {
			if at[2*i] >= 0 {
				m[i] = s[at[2*i]:at[2*i+1]]
			}
		}
		b.WriteString(s[last:at[0]])
		b.WriteString(with(m))
		last = at[1]
	}
	if last == 0 {
		return s
	}
	b.WriteString(s[last:])
	return b.String()
}

// visible drops what shows nothing, and writes letters of full width as plain ones: links are made of them.
func visible(r rune) rune {
	switch {
	case r == '\n' || r == '\t' || r == 0x200D: // the last joins emoji
		return r
	case guard.Invisible(r):
		return -1
	case r >= '０' && r <= '９', r >= 'Ａ' && r <= 'Ｚ', r >= 'ａ' && r <= 'ｚ', r == '．', r == '／', r == '＠':
		return r - 0xFEE0
	}
	return r
}

func limit(s string) string { return s[:min(len(s), 80)] }
