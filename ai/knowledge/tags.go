package knowledge

import "strings"

// plain are other names for elements. What formats goes on in the next paragraph if nobody ends it, with all of its attributes: as many
// such elements as there are, times as many paragraphs as there are, would be in the tree. In a list of options no tag parts texts.
var plain = map[string]string{"a": linkTag, "select": "span"}

func init() {
	for name := range strings.FieldsSeq("b big code em font i nobr s small strike strong tt u") {
		plain[name] = "span"
	}
}

const (
	// linkTag is what links are called: they go on, too.
	linkTag = "dfn"
	// border stands before every tag. A tag that ends nothing makes no element, and the parser would add what stands behind it to the text
	// before it, which is copied each time.
	border = "<wbr/>"
)

// plainly makes HTML of HTML of which the parser makes a tree that is not much larger, in time that is not much longer.
func plainly(text string) string {
	var b strings.Builder
	b.Grow(len(text) + len(text)/4)
	roots := map[string]bool{"?": true, "doctype": true, "html": true, "head": true, "body": true} // the first of each makes the tree
	for {
		i := strings.IndexByte(text, '<')
		if i < 0 {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:i])
		text = text[i+1:]
		mark := ""
		if text != "" && strings.IndexByte("/!?", text[0]) >= 0 {
			mark, text = text[:1], text[1:]
		}
		n := 0
		for n < len(text) && (text[n]|0x20 >= 'a' && text[n]|0x20 <= 'z' || n > 0 && text[n] >= '0' && text[n] <= '9') {
			n++
		}
		name := strings.ToLower(text[:n])
		root := name
		if mark == "?" {
			root = mark
		}
		switch {
		case mark == "" && name == "" || mark == "!" && strings.HasPrefix(text, "--"):
		case mark != "/" && roots[root]:
			roots[root] = false
		default:
			b.WriteString(border)
		}
		b.WriteString("<" + mark)
		if as, ok := plain[name]; ok {
			b.WriteString(as)
			text = text[n:]
		}
	}
}

// unmarked is text of which tags were no tags: in a title.
func unmarked(text string) string { return strings.ReplaceAll(text, border, "") }
