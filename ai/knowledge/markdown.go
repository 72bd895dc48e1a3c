package knowledge

import (
	"regexp"
	"strings"
)

var (
	mdHeading = regexp.MustCompile(`^ {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$`)
	mdUnder   = regexp.MustCompile(`^ {0,3}(=+|-{3,})[ \t]*$`)
	mdRule    = regexp.MustCompile(`^ {0,3}([-*_][ \t]*){3,}$`)
	mdBorder  = regexp.MustCompile(`^[ \t]*\|?[ \t:|-]*-[ \t:|-]*\|[ \t:|-]*$`) // the line below the head of a table
	mdImage   = regexp.MustCompile(`!\[([^\]]*)\]\([^)]*\)`)
	mdLink    = regexp.MustCompile(`\[([^\]]+)\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)`)
	mdStrong  = regexp.MustCompile(`(\*\*|__|~~)(\S(?:.*?\S)?)(\*\*|__|~~)`)
	mdEmph    = regexp.MustCompile(`(^|[\s(（])[*_](\S(?:[^*_]*\S)?)[*_]`)
	mdCode    = regexp.MustCompile("`([^`]+)`")
	mdBullet  = regexp.MustCompile(`^\s*(?:[-*+]|\d+[.)])\s+`)
	mdEscape  = regexp.MustCompile(`\\([\\` + "`" + `*_{}\[\]()#+.!>|-])`)
	mdMeta    = regexp.MustCompile(`(?s)^---\n.*?\n---\n`)
)

// readMarkdown walks through lines: headings of both kinds, fences, tables, lists; of links the text and, where it leads somewhere, the
// address stays. The first heading of level one is the title.
func readMarkdown(text string) (title string, sections []Section) {
	var g gather
	text = mdMeta.ReplaceAllString(text, "")
	lines := strings.Split(text, "\n")
	fence := ""
	for i, line := range lines {
		trimmed := strings.TrimSpace(line)
		switch {
		case fence != "":
			if strings.HasPrefix(trimmed, fence) {
				fence = ""
				continue
			}
			g.text.WriteString(line + "\n")
			continue
		case strings.HasPrefix(trimmed, "```"), strings.HasPrefix(trimmed, "~~~"):
			fence = trimmed[:3]
			continue
		case trimmed == "":
			g.text.WriteString("\n")
			continue
		}
		if m := mdHeading.FindStringSubmatch(line); m != nil {
			g.heading(len(m[1]), inline(m[2]))
			if title == "" && len(m[1]) == 1 {
				title = inline(m[2])
			}
			continue
		}
		if i+1 < len(lines) && mdUnder.MatchString(lines[i+1]) && !strings.Contains(line, "|") && !mdBullet.MatchString(line) {
			level := 2
			if strings.Contains(lines[i+1], "=") {
				level = 1
			}
			g.heading(level, inline(trimmed))
			if title == "" && level == 1 {
				title = inline(trimmed)
			}
			continue
		}
		if mdRule.MatchString(line) || mdUnder.MatchString(line) || mdBorder.MatchString(line) {
			continue
		}
		g.text.WriteString(inline(plainLine(trimmed)) + "\n")
	}
	g.flush()
	return title, g.sections
}

// plainLine takes off what makes a line a quotation or a row of a table; a list keeps its marks.
func plainLine(s string) string {
	s = strings.TrimLeft(s, "> ")
	if strings.HasPrefix(s, "|") {
		cells := strings.Split(strings.Trim(s, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		return strings.Join(cells, " | ")
	}
	return s
}

// inline takes marks out of a line.
func inline(s string) string {
	s = mdImage.ReplaceAllString(s, "$1")
	s = mdLink.ReplaceAllStringFunc(s, func(m string) string {
		p := mdLink.FindStringSubmatch(m)
		if strings.HasPrefix(p[2], "http") && p[1] != p[2] {
			return p[1] + " (" + p[2] + ")"
		}
		return p[1]
	})
	s = mdStrong.ReplaceAllString(s, "$2")
	s = mdEmph.ReplaceAllString(s, "$1$2")
	s = mdCode.ReplaceAllString(s, "$1")
	return mdEscape.ReplaceAllString(s, "$1")
}
