package knowledge

import (
	"strings"
	"unicode"
	"unicode/utf8"

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

// parted parts a question into what it is about and its common words. A question that has nothing else is about those, and one with letters that English
// has not is in another language, where "do" and "an" mean something.
func parted(q string) (content, how string) {
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
