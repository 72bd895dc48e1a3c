package mail

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"strings"
	texttemplate "text/template"
	"unicode"

	"github.com/uniqchat/uniqchat/chat"
)

//go:embed templates
var files embed.FS

// texts has the texts of each language: for each kind of mail a template kind.subject and one kind.text.
var texts = func() map[string]*texttemplate.Template {
	out := map[string]*texttemplate.Template{}
	for _, lang := range []string{"en", "zh"} {
		out[lang] = texttemplate.Must(texttemplate.New(lang).Option("missingkey=error").ParseFS(files, "templates/"+lang+".txt"))
	}
	return out
}()

var layout = template.Must(template.ParseFS(files, "templates/layout.html"))

// text is what is in a mail.
type text struct{ subject, plain, html string }

// maxSubject is how long a subject gets, in characters.
const maxSubject = 120

// compose writes the text of a mail.
func compose(kind chat.MailKind, locale string, data *chat.MailData) (t text, err error) {
	in := texts[locale]
	if in == nil {
		in = texts["en"]
	}
	clean := *data
	clean.Tenant, clean.Name = oneLine(data.Tenant), oneLine(data.Name)
	clean.Text = printable(data.Text)
	clean.Lines = make([]string, len(data.Lines))
	for i, l := range data.Lines {
		clean.Lines[i] = printable(l)
	}
	clean.Expires = data.Expires.UTC()
	var b bytes.Buffer
	if err := in.ExecuteTemplate(&b, string(kind)+".subject", &clean); err != nil {
		return t, fmt.Errorf("write mail: %w", err)
	}
	// What looks like an encoded word (RFC 2047) would be read as one: line ends and all.
	t.subject = shorten(strings.ReplaceAll(oneLine(b.String()), "=?", "= ?"))
	b.Reset()
	if err := in.ExecuteTemplate(&b, string(kind)+".text", &clean); err != nil {
		return t, fmt.Errorf("write mail: %w", err)
	}
	t.plain = strings.TrimSpace(b.String()) + "\n"
	b.Reset()
	if err := layout.Execute(&b, page{Lang: locale, Subject: t.subject, Parts: parts(t.plain, clean.URL)}); err != nil {
		return t, fmt.Errorf("write mail: %w", err)
	}
	t.html = b.String()
	return t, nil
}

// page is a mail's text on its way to HTML, where the template makes it harmless.
type page struct {
	Lang, Subject string
	Parts         []part
}

// part is one paragraph: lines of text, or the address where the mail leads.
type part struct {
	Lines []string
	Link  string
}

func parts(plain, url string) (out []part) {
	for p := range strings.SplitSeq(strings.TrimSpace(plain), "\n\n") {
		if url != "" && strings.TrimSpace(p) == url {
			out = append(out, part{Link: url})
		} else if strings.TrimSpace(p) != "" {
			out = append(out, part{Lines: strings.Split(p, "\n")})
		}
	}
	return out
}

// printable leaves out control characters but for line ends and tabs, and what turns the direction of a text around.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r), r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069, r == 0x2028, r == 0x2029, r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, s)
}

// oneLine is a text on one line: no line of a header ends before ours does.
func oneLine(s string) string { return strings.Join(strings.Fields(printable(s)), " ") }

func shorten(s string) string {
	if r := []rune(s); len(r) > maxSubject {
		return string(r[:maxSubject]) + "…"
	}
	return s
}
