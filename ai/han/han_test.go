package han

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestSimplified(t *testing.T) {
	for in, want := range map[string]string{
		"我的孩子誤食了電池":                       "我的孩子误食了电池",
		"請問運費多少錢？":                        "请问运费多少钱？",
		"充電器著火了，趕快回覆":                     "充电器着火了，赶快回复",
		"甚麼時候發貨？餅乾還沒到":                    "什么时候发货？饼干还没到",
		"乾隆年间的著名瓷器，折扣为征收":                 "乾隆年间的著名瓷器，折扣为征收",
		"Ｏrder 1 → ok, naïve \xff 😀 ひらがな": "Ｏrder 1 → ok, naïve \xff 😀 ひらがな",
		"訂\xe8單\xff著�":                    "订\xe8单\xff著�",
		"":                                "",
	} {
		if got := Simplified(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// Entries are what they should be: one character for another, none twice, and what is written once is not written another way by another entry.
func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for line := range strings.Lines(list) {
		if line[0] == '#' {
			continue
		}
		for entry := range strings.FieldsSeq(line) {
			from, to, word := strings.Cut(entry, "=")
			if !word {
				_, n := utf8.DecodeRuneInString(entry)
				from, to = entry[:n], entry[n:]
				if utf8.RuneCountInString(to) != 1 {
					t.Errorf("%s is no pair", entry)
				}
			}
			if seen[from] || from == to || utf8.RuneCountInString(from) != utf8.RuneCountInString(to) {
				t.Errorf("%s is there twice, or says nothing", entry)
			}
			seen[from] = true
			if got := Simplified(from); got != to || len(got) != len(from) {
				t.Errorf("%s becomes %s", entry, got)
			}
			if got := Simplified(to); got != to {
				t.Errorf("%s becomes %s in the end", entry, got)
			}
		}
	}
}

// lists are texts by which others are known.
var lists = []string{"../guard/phrases.txt", "../guard/guard.go", "../guard/scan.go", "../lexicon/concepts.txt", "../lexicon/words.txt", "../intent/builtin.txt", "../bot/words.go", "../bot/followup.go"}

// Every character by which texts are known is what a traditional one becomes, or is written alike: testdata/alike.txt has those. A character that is new
// in a list comes into one of the two.
func TestLists(t *testing.T) {
	b, err := os.ReadFile("testdata/alike.txt")
	if err != nil {
		t.Fatal(err)
	}
	alike, becomes := string(b), map[rune]bool{}
	for _, to := range builtin().characters {
		becomes[rune(to)] = true
	}
	for _, name := range lists {
		b, err := os.ReadFile(filepath.FromSlash(name))
		if err != nil {
			t.Fatal(err)
		}
		if s := string(b); Simplified(s) != s {
			t.Errorf("%s has traditional characters", name)
		}
		for _, r := range string(b) {
			if unicode.Is(unicode.Han, r) && !becomes[r] && !strings.ContainsRune(alike, r) {
				t.Errorf("%s: %c has no traditional form in the table, nor is it among those that are written alike", name, r)
			}
		}
	}
}

func BenchmarkSimplified(b *testing.B) {
	for b.Loop() {
		Simplified("訂單還沒發貨，怎麼修改收貨地址？ how do I change the delivery address")
	}
}
