package knowledge

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"
)

// bombs are documents of about n bytes that are made to become very much when they are taken apart.
func bombs(n int) map[string]struct {
	format Format
	text   string
} {
	many := func(s string, share int) string { return strings.Repeat(s, n/share/len(s)) }
	var bold, marks strings.Builder
	for i := range 400 {
		fmt.Fprintf(&bold, "<b c=%d>", i)
	}
	for i := range n / 16 {
		fmt.Fprintf(&marks, " x%d", i)
	}
	deep := ""
	for level := range 6 {
		deep += strings.Repeat("#", level+1) + " " + strings.Repeat("h", 2*MaxHeading) + "\n"
	}
	return map[string]struct {
		format Format
		text   string
	}{
		"a heading over many":       {Markdown, "# " + many("a", 2) + "\n" + many("## x\ny\n", 2)},
		"headings over many":        {Markdown, deep + many("###### x\ny\n", 1)},
		"a heading over a text":     {Markdown, "# " + many("a b", 2) + "\n" + many("One more. ", 2)},
		"columns":                   {Markdown, many("|", 2) + "\n" + many("-|", 2)},
		"marks":                     {Markdown, many("**[a](b \"", 1)},
		"a long question":           {CSV, many("What is it ", 2) + "," + many("It is this. ", 2)},
		"empty columns":             {CSV, many(",", 1)},
		"named among empty columns": {CSV, "question,answer" + many(",", 2) + "\nq,a" + many(",", 2)},
		"one cell":                  {CSV, "q,\"" + many("a\n", 1) + "\""},
		"spaces":                    {Text, many("x\n"+strings.Repeat(" ", ChunkSize-2), 1)},
		"a title":                   {HTML, "<title>" + many("a ", 1) + "</title><p>x"},
		"a heading in elements":     {HTML, "<h1>" + strings.Repeat("<i>", 400) + many("a ", 1)},
		"a heading of a page":       {HTML, "<h1>" + many("a ", 2) + "</h1>" + many("<h2>x</h2>y", 2)},
		"lists":                     {HTML, many("<ul><li>", 1)},
		"an address over many":      {HTML, "<p><a href=http://" + many("a", 2) + ">x</p>" + many("<p>x</p>", 2)},
		"links in links":            {HTML, strings.Repeat("<a href=http:><object>", 200) + many("a ", 1)},
		"bold over many":            {HTML, "<p>" + bold.String() + "</p>" + many("<p>x", 1)},
		"attributes over many":      {HTML, "<p><a" + marks.String() + ">x</p>" + many("<p>x", 2)},
		"text in pieces":            {HTML, "<p>" + many("xxxxx></i>", 1)},
		"text in pieces of tags":    {HTML, "<p>" + many("xxxxx<body a=\"<\">", 1)},
		"text in pieces beside":     {HTML, "<table>" + many("xxxxx</i>", 1)},
		"options in pieces":         {HTML, "<select>" + many("xxxxx</i>", 1)},
		"drawings in pieces":        {HTML, "<svg><style>" + many("xx<![CDATA[xxx]]></i>", 1)},
	}
}

// TestBombs: what is made of a document, and what it takes to make it, is some times its size.
func TestBombs(t *testing.T) {
	const size = 100_000
	for name, b := range bombs(size) {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			title, sections, err := Read(b.format, []byte(b.text))
			chunks, bytes := 0, len(title)
			for c := range Chunks("d", "", sections) {
				chunks++
				bytes += len(c.Heading) + len(c.Text)
				if n := utf8.RuneCountInString(c.Heading); n > maxPath {
					t.Errorf("a heading of %d characters", n)
				}
				if n := utf8.RuneCountInString(c.Text); n > ChunkSize+minChunk {
					t.Fatalf("a chunk of %d characters", n)
				}
			}
			runtime.ReadMemStats(&after)
			took := after.TotalAlloc - before.TotalAlloc
			t.Logf("%d chunks, %d bytes, %d allocated, %v", chunks, bytes, took, err)
			if most := 3*size + chunks*maxPath; bytes > most || !raced && took > 200*size {
				t.Errorf("%d bytes of %d, at most %d; %d allocated", bytes, len(b.text), most, took)
			}
		})
	}
}

// TestLongHeading: what is too long for a heading or a question ends at a space, and the rest is in the text.
func TestLongHeading(t *testing.T) {
	long := strings.TrimSpace(strings.Repeat("very ", MaxHeading/5)) + " long"
	head := strings.TrimSuffix(long, " long")
	for name, c := range map[string]struct {
		format  Format
		in      string
		heading string
		text    string
	}{
		"markdown": {Markdown, "# " + long + "\nIt is so.", head, "long\n\nIt is so."},
		"page":     {HTML, "<h1>" + long + "</h1><p>It is so.", head, "long\n\nIt is so."},
		"question": {CSV, long + ",It is so.", head, "It is so.\n\nlong"},
		"fits":     {CSV, head + ",It is so.", head, "It is so."},
		"outer":    {Markdown, "# " + head + "\n## " + head + "\n### inner\nIt is so.", head + " > inner", "It is so."},
	} {
		_, sections, err := Read(c.format, []byte(c.in))
		got := Split("d", "", sections)
		if err != nil || len(got) != 1 || got[0].Heading != c.heading || got[0].Text != c.text {
			t.Errorf("%s: %v, %+v", name, err, got)
		}
	}
}
