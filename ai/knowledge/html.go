package knowledge

import (
	"fmt"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// readHTML walks through a page. Scripts, styles, forms and what a page says about itself (navigation, header, footer) are left out.
func readHTML(text string) (title string, sections []Section, err error) {
	root, err := html.Parse(strings.NewReader(plainly(text)))
	if err != nil {
		return "", nil, fmt.Errorf("knowledge: HTML: %w", err)
	}
	var p page
	p.walk(root)
	p.flush()
	return p.title, p.sections, nil
}

type page struct {
	gather
	title string
}

var levels = map[atom.Atom]int{atom.H1: 1, atom.H2: 2, atom.H3: 3, atom.H4: 4, atom.H5: 5, atom.H6: 6, atom.Summary: 7, atom.Dt: 7}

func (p *page) walk(n *html.Node) {
	switch n.Type {
	case html.TextNode:
		p.words(unmarked(n.Data))
		return
	case html.CommentNode:
		return
	case html.ElementNode:
		switch n.DataAtom {
		case atom.Script, atom.Style, atom.Noscript, atom.Template, atom.Nav, atom.Header, atom.Footer, atom.Form, atom.Iframe, atom.Svg, atom.Button:
			if n.DataAtom != atom.Header || !within(n, atom.Article, atom.Main) {
				return
			}
		case atom.Title:
			if p.title == "" {
				p.title = strings.Join(strings.Fields(content(n)), " ")
			}
			return
		case atom.Br:
			p.text.WriteString("\n")
			return
		case atom.Li:
			p.text.WriteString("\n- ")
		}
		if hidden(n) {
			return
		}
		if level, ok := levels[n.DataAtom]; ok {
			p.heading(level, strings.Join(strings.Fields(content(n)), " "))
			return
		}
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		p.walk(c)
	}
	if n.Type == html.ElementNode {
		p.after(n)
	}
}

// after writes what stands behind an element.
func (p *page) after(n *html.Node) {
	switch n.DataAtom {
	case atom.P, atom.Div, atom.Section, atom.Article, atom.Ul, atom.Ol, atom.Table, atom.Blockquote, atom.Pre, atom.Main, atom.Dl:
		p.text.WriteString("\n\n")
	case atom.Tr, atom.Dd, atom.Li:
		p.text.WriteString("\n")
	case atom.Td, atom.Th:
		if n.NextSibling != nil {
			p.text.WriteString(" | ")
		}
	case atom.Dfn: // linkTag
		for _, a := range n.Attr {
			if a.Key == "href" && strings.HasPrefix(a.Val, "http") && !says(n, a.Val) {
				p.text.WriteString(" (" + a.Val + ")")
			}
		}
	}
}

// words writes text as a browser would: spaces and line breaks of the source are one space.
func (p *page) words(s string) {
	fields := strings.Fields(s)
	if len(fields) == 0 {
		if s != "" && p.open() {
			p.text.WriteString(" ")
		}
		return
	}
	if strings.ContainsAny(s[:1], " \n\t") && p.open() {
		p.text.WriteString(" ")
	}
	p.text.WriteString(strings.Join(fields, " "))
	if strings.ContainsAny(s[len(s)-1:], " \n\t") {
		p.text.WriteString(" ")
	}
}

// open reports whether a line was begun that does not end with a space.
func (p *page) open() bool {
	s := p.text.String()
	return s != "" && !strings.ContainsAny(s[len(s)-1:], " \n")
}

func within(n *html.Node, parents ...atom.Atom) bool {
	for n = n.Parent; n != nil; n = n.Parent {
		for _, a := range parents {
			if n.DataAtom == a {
				return true
			}
		}
	}
	return false
}

func hidden(n *html.Node) bool {
	for _, a := range n.Attr {
		if a.Key == "hidden" || a.Key == "aria-hidden" && a.Val == "true" || a.Key == "style" && strings.Contains(strings.ReplaceAll(a.Val, " ", ""), "display:none") {
			return true
		}
	}
	return false
}

// content is the text in an element.
func content(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(unmarked(c.Data))
		}
	}
	return b.String()
}

// says reports whether the text in an element is just this one.
func says(n *html.Node, text string) bool {
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			var begins bool
			if text, begins = strings.CutPrefix(text, c.Data); !begins {
				return false
			}
		}
	}
	return text == ""
}
