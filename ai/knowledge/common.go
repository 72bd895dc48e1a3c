package knowledge

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/uniqchat/uniqchat/ai/han"
	"github.com/uniqchat/uniqchat/ai/lexicon"
	"github.com/uniqchat/uniqchat/chat/text"
)

// common are English words that say how something is asked, and nothing of what. An index of thousands of chunks finds out by itself that they
// are everywhere; in one of twenty, "how much" stands in a single question and looks like its rarest words.
var common = func() map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(`a an and are as at be been but by can could did do does for from had has have how i i'm if in is it its just long many may me much my of on or our
		should so some such take than that the their them then there these they this to was we were what when where which who why will with would you your please`) {
		m[lexicon.Stem(w)] = true
	}
	return m
}()

// commonShare is how much a common word of a question counts, of what its rareness would make it count.
const commonShare = .6

// parted parts a question into what it is about and its common words. A question that has nothing else is about those, and one with letters that neither
// English nor Chinese has is in another language, where "do" and "an" mean something.
func parted(q string) (content, how string) {
	if strings.ContainsFunc(q, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
		return partedChinese(han.Simplified(q))
	}
	if strings.ContainsFunc(q, func(r rune) bool { return r >= utf8.RuneSelf && unicode.IsLetter(r) }) {
		return q, ""
	}
	var rest, b strings.Builder
	var scan text.Scanner
	scan.Reset(q)
	from, left := 0, false
	for scan.Next() {
		if scan.Kind != text.Word || !common[lexicon.Stem(string(scan.Text()))] {
			left = true
			continue
		}
		rest.WriteString(q[from:scan.Start])
		b.WriteString(q[scan.Start:scan.Stop])
		b.WriteByte(' ')
		from = scan.Stop
	}
	if !left {
		return q, ""
	}
	rest.WriteString(q[from:])
	return rest.String(), b.String()
}

// asking are Chinese phrases that say how something is asked, and nothing of what. The longer ones stand before those that they begin with.
var asking = strings.Fields(`请问一下 请问 能不能够 能不能 可不可以 可以不可以 是不是 有没有 为什么 怎么样 怎么办 怎么 怎样 如何 什么时候 什么样 什么 哪些 哪里 哪儿 哪个 多少钱 多少 是否 我想问一下 我想问 想问一下 我想 想问 我要 你们家
	你们 我们 可以 需要 一下 这个 那个 吗 呢`)

// partedChinese is parted for Chinese: an answer has "退货" and not "怎么", nor the pair of characters between them.
func partedChinese(q string) (content, how string) {
	var rest, b strings.Builder
	left := false
next:
	for len(q) > 0 {
		for _, p := range asking {
			if strings.HasPrefix(q, p) {
				rest.WriteByte(' ')
				b.WriteString(p)
				b.WriteByte(' ')
				q = q[len(p):]
				continue next
			}
		}
		r, n := utf8.DecodeRuneInString(q)
		left = left || unicode.IsLetter(r) || unicode.IsNumber(r)
		rest.WriteString(q[:n])
		q = q[n:]
	}
	if all := rest.String(); left {
		return all, b.String()
	}
	return strings.TrimSpace(b.String()), ""
}
