package bot

import (
	"slices"
	"strings"
	"unicode"

	"github.com/uniqchat/uniqchat/ai/lexicon"
	"github.com/uniqchat/uniqchat/chat/text"
)

// someChinese is from which share of Chinese words on a text is Chinese.
const someChinese = .2

// speaks is the language to answer in: the message's, else that of what the visitor wrote before, else the locale's.
func speaks(message string, turns []Turn, locale string) string {
	l := languageOf(message, locale)
	for i := len(turns) - 1; l == "" && i >= 0; i-- {
		if turns[i].Who == Visitor {
			l = languageOf(turns[i].Text, locale)
		}
	}
	if l == "" && tag.MatchString(locale) {
		l = shape(locale)
	}
	if l == "" {
		return "en"
	}
	return l
}

// base is a tag's language.
func base(tag string) string {
	b, _, _ := strings.Cut(strings.ToLower(tag), "-")
	return b
}

// shape is what of a locale matters for writing: the language, and which of the Chinese scripts.
func shape(locale string) string {
	l := strings.ToLower(locale)
	if base(l) != "zh" {
		return base(l)
	}
	for _, part := range strings.Split(l, "-")[1:] {
		switch part {
		case "hant", "tw", "hk", "mo":
			return "zh-Hant"
		}
	}
	return "zh"
}

// scripts are those that name a language, or a few, of which a locale may say which. The first is meant if it doesn't.
var scripts = []struct {
	table     *unicode.RangeTable
	languages []string
}{
	{unicode.Hiragana, []string{"ja"}},
	{unicode.Katakana, []string{"ja"}},
	{unicode.Hangul, []string{"ko"}},
	{unicode.Han, []string{"zh", "ja"}},
	{unicode.Cyrillic, []string{"ru", "uk", "bg", "sr", "mk", "be", "kk", "mn"}},
	{unicode.Arabic, []string{"ar", "fa", "ur"}},
	{unicode.Thai, []string{"th"}},
	{unicode.Hebrew, []string{"he"}},
	{unicode.Greek, []string{"el"}},
	{unicode.Devanagari, []string{"hi", "mr", "ne"}},
}

// languageOf is the language of a text, or empty where it has none of its own: a size, a number, a name.
func languageOf(s, locale string) string {
	counts, latin := make([]int, len(scripts)), 0
	for _, r := range s {
		if unicode.Is(unicode.Latin, r) {
			latin++
			continue
		}
		for i := range scripts {
			if unicode.Is(scripts[i].table, r) {
				counts[i]++
				break
			}
		}
	}
	best := 0
	for i, n := range counts {
		if n > counts[best] {
			best = i
		}
	}
	switch {
	case counts[0]+counts[1] > 0:
		return "ja"
	case counts[best] > 0 && (lexicon.Chinese(s) > someChinese || scripts[best].table != unicode.Han && counts[best]*2 > latin):
		for _, l := range scripts[best].languages {
			if l == base(locale) {
				return shape(locale)
			}
		}
		return scripts[best].languages[0]
	case latin > 0:
		return latinLanguage(s, locale)
	}
	return ""
}

// latinLanguage tells English from the locale's language by its most common words. One or two words that are none of those may be a name.
func latinLanguage(s, locale string) string {
	all, english := 0, 0
	for t := scanner(s); t.Next(); {
		all++
		if little[string(t.Text())] {
			english++
		}
	}
	l := base(locale)
	foreign := l != "" && l != "en" && tag.MatchString(locale) && !slices.ContainsFunc(scripts, func(o struct {
		table     *unicode.RangeTable
		languages []string
	},
	) bool {
		return slices.Contains(o.languages, l)
	})
	switch {
	case english*4 >= all && english > 0:
		return "en"
	case all <= 2:
		return ""
	case foreign:
		return l
	}
	return "en"
}

func scanner(s string) *text.Scanner {
	t := new(text.Scanner)
	t.Reset(s)
	return t
}

// little are English words that say nothing of what is meant.
var little = func() map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(`a about also an and any anything are as at be but by can could did do does else even for from get go got had has have how i if in is it
		its just like long many may me more much my no not of ok okay old on one ones or other our please same should so some still such than that the their them then there these they
		this those to too us was we what when where which who why will with work works would you your hello hi hey thanks thank`) {
		m[w] = true
	}
	return m
}()
