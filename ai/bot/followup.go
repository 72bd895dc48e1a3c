package bot

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/uniqchat/uniqchat/ai/han"
	"github.com/uniqchat/uniqchat/ai/lexicon"
	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/chat/text"
)

// Mark says how much a message, by its form, looks like one that follows another.
type Mark string

// The marks.
const (
	Alone  Mark = "alone"  // a question of its own
	Weak   Mark = "weak"   // short, or it speaks of "it": evidence decides
	Strong Mark = "strong" // "and in red?", "那运费呢？"
)

// Forms of follow-ups.
var (
	opens = regexp.MustCompile(`^(?:and|also|what about|how about|what if|or)\b|^(?:ok|okay|so|then|but|yes|no)?,? ?(?:and|what about|how about)\b|` +
		`^(?:那|那么|还有|另外|以及|要是|如果是)|呢[?？!！。~ ]*$`)
	refers = regexp.MustCompile(`\b(?:it|its|they|them|their|those|these|this|that|ones?|same|other|others|another|else|instead|either|then)\b|` +
		`它|这个|那个|这款|那款|这种|那种|这些|那些|其他|其它|别的|另一|另外|也|换成|刚才|上面|不合适`)
	// Not the question's thing but how it is asked.
	empty = regexp.MustCompile(`\b(?:is|was) (?:it|that|this) (?:possible|ok|okay|true|allowed)\b|\bmake it\b|这个月|那个月`)
)

// Bounds of what is short: English words that say something, Chinese characters.
const (
	fewWords = 2
	fewHan   = 7
)

// markOf looks at a message's form alone.
func markOf(message string) Mark {
	s := han.Simplified(strings.ToLower(strings.Join(strings.Fields(message), " ")))
	if opens.MatchString(s) {
		return Strong
	}
	words, han := 0, 0
	for t := scanner(s); t.Next(); {
		switch {
		case t.Kind != text.Word:
			han = max(han, 1)
		case !little[string(t.Text())]:
			words++
		}
	}
	for _, r := range s {
		if unicode.Is(unicode.Han, r) {
			han++
		}
	}
	switch {
	case han == 0 && words == 0:
		return Strong
	case refers.MatchString(empty.ReplaceAllString(s, " ")):
		return Weak
	case han == 0 && words <= fewWords, han > 0 && han-1 <= fewHan:
		return Weak
	}
	return Alone
}

// frame is what makes a Chinese message a follow-up and says nothing of what.
var frame = regexp.MustCompile(`^(?:那么|那我|那你们?|那|还有|另外|以及|而且)|(?:呢|吗|么|啊|呀)?[?？!！。~ ]*$`)

// content is what a follow-up says itself, without the words that only tie it to what was before: of "and how much does it hold?" it is "hold".
func content(message string) string {
	if lexicon.Chinese(message) > someChinese {
		if s := frame.ReplaceAllString(strings.TrimSpace(han.Simplified(message)), ""); s != "" {
			return s
		}
		return message
	}
	var words []string
	for t := scanner(message); t.Next(); {
		if t.Kind != text.Word || !little[string(t.Text())] {
			words = append(words, message[t.Start:t.Stop])
		}
	}
	if len(words) == 0 {
		return message
	}
	return strings.Join(words, " ")
}

// Lengths of what is looked at of earlier turns, in characters.
const (
	maxBefore = 300
	maxSaid   = 200
)

// before is the question that a message may follow, and what was said to it. A follow-up of a follow-up goes back to what both are about. Small talk is no
// question.
func before(turns []Turn, small func(string) bool) (question, said string) {
	for i := len(turns) - 1; i >= 0; i-- {
		t := turns[i]
		switch {
		case t.Who != Visitor:
			if said == "" && question == "" && len(t.Buttons) == 0 {
				said = clip(t.Text, maxSaid)
			}
		case strings.TrimSpace(t.Text) == "" || small(t.Text):
			if question == "" {
				said = "" // it was said to that
			}
		default:
			question = strings.TrimSpace(t.Text + "\n" + question)
			if markOf(t.Text) != Strong || utf8.RuneCountInString(question) > maxBefore {
				return clip(question, maxBefore), said
			}
		}
	}
	return clip(question, maxBefore), said
}

// pick is a button of the last question asked back that a message chooses, and the question that it was about.
func pick(message string, turns []Turn) (button, about string) {
	if len(turns) == 0 || turns[len(turns)-1].Who == Visitor || len(turns[len(turns)-1].Buttons) == 0 {
		return "", ""
	}
	buttons := turns[len(turns)-1].Buttons
	said := strings.ToLower(chat.FoldQuestion(message))
	at := slices.IndexFunc(buttons, func(b string) bool { return strings.ToLower(chat.FoldQuestion(b)) == said })
	if m := ordinal.FindStringSubmatch(said); at < 0 && m != nil {
		at = slices.IndexFunc(m[1:], func(s string) bool { return s != "" })
	}
	if at < 0 || at >= len(buttons) {
		return "", ""
	}
	for i := len(turns) - 2; i >= 0; i-- {
		if turns[i].Who == Visitor {
			return buttons[at], turns[i].Text
		}
	}
	return buttons[at], ""
}

// ordinal has a group for each button.
var ordinal = regexp.MustCompile(`^(?:the )?(?:(1|first|第一|第一个|第1个|一)|(2|second|第二|第二个|第2个|二)|(3|third|第三|第三个|第3个|三))(?: one)?$`)

// clip cuts a text to n characters.
func clip(s string, n int) string {
	for i := range s {
		if n == 0 {
			return strings.TrimSpace(s[:i])
		}
		n--
	}
	return strings.TrimSpace(s)
}

// sameLanguage reports whether both texts are Chinese or neither is.
func sameLanguage(a, b string) bool {
	return (lexicon.Chinese(a) > someChinese) == (lexicon.Chinese(b) > someChinese)
}
