package knowledge

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/simplifiedchinese"
)

const markdownPage = `---
tags: [x]
---
# Returns

You have **30 days**. See [the form](https://shop.example/form) or [below](#how).

How it works
------------

1. Pack it.
2. Send it.

| country | days |
|---------|:----:|
| DE | 3 |

## Costs ##
` + "```\n# no heading\n```" + `

![a box](box.png)
`

func TestMarkdown(t *testing.T) {
	title, got, err := Read(Markdown, []byte(markdownPage))
	if err != nil {
		t.Fatal(err)
	}
	want := []Section{
		{Path: []string{"Returns"}, Text: "You have 30 days. See the form (https://shop.example/form) or below."},
		{Path: []string{"Returns", "How it works"}, Text: "1. Pack it.\n2. Send it.\n\ncountry | days\nDE | 3"},
		{Path: []string{"Returns", "Costs"}, Text: "# no heading\n\na box"},
	}
	if d := cmp.Diff(want, got); d != "" || title != "Returns" {
		t.Errorf("title %q\n%s", title, d)
	}
}

func TestHTML(t *testing.T) {
	title, got, err := Read(HTML, []byte(`<!doctype html><title>Help
 centre</title><nav>Home</nav><script>alert(1)</script><main><h1>Returns</h1><p>You have <b>30</b>
days.<p hidden>secret</p><ul><li>Pack it.<li><a href="https://x.example/l">Label</a></ul>
<h2>Costs</h2><table><tr><th>DE</th><td>3</td></tr></table><div style="display: none">trap</div></main><footer>©</footer>`))
	if err != nil {
		t.Fatal(err)
	}
	want := []Section{
		{Path: []string{"Returns"}, Text: "You have 30 days.\n\n\n- Pack it.\n\n- Label (https://x.example/l)"},
		{Path: []string{"Returns", "Costs"}, Text: "DE | 3"},
	}
	for i := range got {
		got[i].Text = strings.TrimSpace(got[i].Text)
	}
	if d := cmp.Diff(want, got); d != "" || title != "Help centre" {
		t.Errorf("title %q\n%s", title, d)
	}
}

// TestTags: what is done to tags before a page is parsed is not seen in what is read.
func TestTags(t *testing.T) {
	title, got, err := Read(HTML, []byte(`<?xml version="1.0"?><!-- <b>no</b> --><!DOCTYPE html><html><head><meta charset=utf-8><title>The &lt;b> of a<!-- tag</title>
<style>a<b</style></head><body><p>5 < 6, a<B>b</B>c <b hidden>no</b><i>is</I> it</span>.</p><p><a href="https://x.example/">https://x.example/</a>
<A HREF='https://y.example/'>y <code>z</code></a><p><strong>never ended<p>next<select><option>one<option>two</select>
<table><tr><td>1<td><em>2</em></table><textarea>a </p> one</textarea><svg><a href="https://z.example">no</a>`+strings.Repeat("<path/>", 600)+`</svg>`))
	if err != nil {
		t.Fatal(err)
	}
	want := "5 < 6, abc is it.\n\nhttps://x.example/ y z (https://y.example/)\n\nnever ended\n\nnextonetwo 1 | 2 a </p> one"
	if len(got) != 1 || title != "The <b> of a<!-- tag" {
		t.Fatalf("%q %+v", title, got)
	}
	if d := cmp.Diff(strip(want), strip(got[0].Text)); d != "" {
		t.Error(d)
	}
}

func TestTable(t *testing.T) {
	want := []Section{{Question: "怎么退货？", Text: "寄回来，\n就可以。"}, {Question: "q2", Text: "a2"}}
	for name, in := range map[string]string{
		"comma":     "怎么退货？,\"寄回来，\n就可以。\"\nq2,a2\n,nothing\n",
		"semicolon": "q;a\r\n怎么退货？;\"寄回来，\r\n就可以。\"\r\nq2;a2\r\n",
		"named":     "\ufeff编号\t答案\t问题\n1\t\"寄回来，\n就可以。\"\t怎么退货？\n2\ta2\tq2\n",
	} {
		_, got, err := Read(CSV, []byte(in))
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Errorf("%s: %v\n%s", name, err, d)
		}
	}
	if _, _, err := Read(CSV, []byte("only one column\n")); err == nil {
		t.Error("a table without answers was taken")
	}
}

// TestEncodings: what Chinese spreadsheets write is read.
func TestEncodings(t *testing.T) {
	gb, err := simplifiedchinese.GB18030.NewEncoder().String("退货政策")
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range []string{"退货政策", gb, "\xff\xfe\x00\x90\x27\x8d\x3f\x65\x56\x7b", "\ufeff退货政策"} {
		_, got, err := Read(Text, []byte(in))
		if err != nil || got[0].Text != "退货政策" {
			t.Errorf("%q: %v %v", in, got, err)
		}
	}
	if _, _, err := Read("pdf", nil); err == nil {
		t.Error("an unknown format was taken")
	}
}

func TestSentences(t *testing.T) {
	for in, want := range map[string][]string{
		"One. Two! Three?":                  {"One. ", "Two! ", "Three?"},
		"It costs 3.50 e.g. in No. 5. Next": {"It costs 3.50 e.g. in No. 5. ", "Next"},
		"第一句。“第二句！”第三句":                     {"第一句。", "“第二句！”", "第三句"},
		"a\nb": {"a\n", "b"},
		"":     nil,
	} {
		if d := cmp.Diff(want, Sentences(in)); d != "" {
			t.Errorf("%q: %s", in, d)
		}
	}
}

// TestSplit: chunks have about the size, end where sentences end, and lose nothing.
func TestSplit(t *testing.T) {
	en := strings.Repeat("In-stock items are dispatched within 24 hours. ", 40)
	zh := strings.Repeat("现货商品在付款后二十四小时内发货，周末顺延。", 60)
	endless := strings.Repeat("没有标点", 400)
	for _, text := range []string{en, zh, endless, "short"} {
		chunks := Split("doc", "Help", []Section{{Path: []string{"Orders", "Dispatch"}, Text: text}})
		whole := ""
		for _, c := range chunks {
			n := utf8.RuneCountInString(c.Text)
			if n > ChunkSize+minChunk || n < minChunk && len(chunks) > 1 {
				t.Errorf("a chunk of %d characters", n)
			}
			if end := c.Text[len(c.Text)-1]; text == en && end != '.' || text == zh && !strings.HasSuffix(c.Text, "。") {
				t.Errorf("a chunk ends with %q", end)
			}
			if c.Heading != "Orders > Dispatch" || c.ID == "" || c.Title != "Help" {
				t.Errorf("%+v", c)
			}
			whole += c.Text
		}
		if strip(whole) != strip(text) {
			t.Error("the chunks together are not the text")
		}
	}
	a := Split("doc", "", []Section{{Question: "q", Text: "a"}})
	b := Split("doc", "", []Section{{Question: "q", Text: "b"}})
	if !a[0].Question || a[0].ID == b[0].ID || a[0].ID != Split("doc", "", []Section{{Question: "q", Text: "a"}})[0].ID {
		t.Error("an ID does not follow from the content")
	}
}

func strip(s string) string { return strings.Join(strings.Fields(s), "") }

func FuzzRead(f *testing.F) {
	for _, format := range []Format{Markdown, HTML, CSV, Text} {
		f.Add(string(format), []byte(markdownPage))
		f.Add(string(format), []byte("<p>a<br>b,\"c\n"))
	}
	f.Fuzz(func(t *testing.T, format string, b []byte) {
		title, sections, err := Read(Format(format), b)
		if err != nil {
			return
		}
		for _, c := range Split("d", title, sections) {
			if !utf8.ValidString(c.Text) || utf8.RuneCountInString(c.Text) > ChunkSize+minChunk {
				t.Fatalf("a chunk of %d characters, valid: %v", utf8.RuneCountInString(c.Text), utf8.ValidString(c.Text))
			}
		}
	})
}
