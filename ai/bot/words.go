package bot

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/uniqchat/uniqchat/ai/han"
	"github.com/uniqchat/uniqchat/ai/intent"
	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/chat/text"
)

// Words are what the bot says by itself, in one language, besides those of package local.
type Words struct {
	Greeting string // without a name
	Named    string // %s is the bot's
	Again    string // a greeting in the middle
	Thanks   string
	Goodbye  string
	Danger   string // before the words of a hand-off
	Away     string // behind them, while nobody is there
}

var english = Words{
	Greeting: "Hello! What can I help you with?",
	Named:    "Hello, I'm %s, the shop's assistant. What can I help you with?",
	Again:    "Hello again! What can I help you with?",
	Thanks:   "You're welcome! Is there anything else?",
	Goodbye:  "Goodbye, and thank you for stopping by!",
	Danger:   "If somebody is hurt or in danger, please call the emergency services first.",
	Away:     "Nobody is here just now; they will answer as soon as they are back.",
}

var chinese = Words{
	Greeting: "您好！请问有什么可以帮您？",
	Named:    "您好，我是店铺助手%s。请问有什么可以帮您？",
	Again:    "您好！还有什么可以帮您？",
	Thanks:   "不客气！还有其他问题吗？",
	Goodbye:  "再见，感谢您的光临！",
	Danger:   "如有人受伤或处于危险之中，请先拨打急救电话。",
	Away:     "现在没有同事在线，他们上线后会尽快回复您。",
}

// wordsOf are those of a language; English where there are none.
func wordsOf(language string) Words {
	if base(language) == "zh" {
		return chinese
	}
	return english
}

// greeting is what a greeting is answered with: the tenant's words, if it has some for the language.
func (f *flow) greeting() string {
	s := &f.in.Settings
	w := wordsOf(f.language)
	for _, t := range f.in.Turns {
		if t.Who != Visitor {
			return w.Again
		}
	}
	switch own := GreetingOf(s, f.language); {
	case own != "":
		return own
	case s.Name != "" && s.Name != noName:
		return fmt.Sprintf(w.Named, s.Name)
	}
	return w.Greeting
}

// GreetingOf is what a tenant's bot says first to somebody who speaks a language; empty if the tenant has no words for it.
func GreetingOf(s *chat.BotSettings, language string) string {
	switch base(language) {
	case "zh":
		return s.Greeting.ZH
	case "en":
		return s.Greeting.EN
	}
	return ""
}

// Greets reports whether a message is a greeting and nothing else: Answer greets back.
func Greets(message string) bool { return smallTalk(message) == intent.Greeting }

// Chatter reports whether a message is small talk and nothing else: a greeting, thanks, a goodbye, "ok".
func Chatter(message string) bool { return smallTalk(message) != "" }

// LanguageOf is the language that Answer answers in.
func LanguageOf(in *Input) string { return speaks(in.Text, in.Turns, in.Locale) }

// Small talk that is nothing else, whatever a model says. Folded, without marks around it.
var (
	hello   = regexp.MustCompile(`^(?:hi|hello|hey|hiya|good (?:morning|afternoon|evening|day)|greetings|你好|您好|哈喽|嗨|早上好|上午好|下午好|晚上好|早|在吗|在么|在不在|有人吗)(?: there| again|啊|呀|哦)?[\s,.!，。！~、]*`)
	thanks  = regexp.MustCompile(`^(?:(?:ok|okay|great|perfect|good|nice|好的?|嗯+|行|明白了?|知道了|了解)[\s,.!，。！]*)?(?:thanks?(?: you)?|thx|ty|cheers|谢谢|多谢|感谢|谢了|3q|thank u)(?: so much| very much| a lot| again|你们?|您|啦|了|哈|啊|！)*[\s,.!，。！~]*$`)
	noted   = regexp.MustCompile(`^(?:ok(?:ay)?|k|alright|all right|fine|got it|i see|understood|great|perfect|cool|nice|好的?|好吧|好滴|嗯+|行|可以|哦+|噢|知道了|明白了?|了解|收到)(?:[\s,.!，。！~、]*(?:ok|好的?|嗯+|了|啦|吧))*[\s,.!，。！~]*$`)
	goodbye = regexp.MustCompile(`^(?:bye(?: bye)?|goodbye|good night|see you(?: later)?|再见|拜拜|回见|晚安|88)[\s,.!，。！~]*$`)
)

// acknowledged is small talk that needs no answer.
const acknowledged = "noted"

func folded(s string) string {
	return han.Simplified(strings.ToLower(strings.Join(strings.Fields(norm.NFKC.String(s)), " ")))
}

// smallTalk is which small talk a text is by its words, or empty.
func smallTalk(s string) string {
	s = folded(s)
	switch {
	case thanks.MatchString(s):
		return intent.Thanks
	case noted.MatchString(s):
		return acknowledged
	case goodbye.MatchString(s):
		return intent.Goodbye
	case hello.MatchString(s) && !said(hello.ReplaceAllString(s, "")):
		return intent.Greeting
	}
	return ""
}

// withoutHello is a question without the greeting before it.
func withoutHello(s string) string {
	n := norm.NFKC.String(s)
	if at := hello.FindStringIndex(han.Simplified(strings.ToLower(n))); at != nil && len(strings.ToLower(n)) == len(n) {
		if rest := n[at[1]:]; said(rest) && (at[1] == len(n) || !joins(n[:at[1]], rest)) {
			return strings.TrimSpace(rest)
		}
	}
	return s
}

// joins reports whether a greeting is only the beginning of a word: "hiking".
func joins(head, rest string) bool {
	last, _ := utf8.DecodeLastRuneInString(head)
	first, _ := utf8.DecodeRuneInString(rest)
	return last < utf8.RuneSelf && first < utf8.RuneSelf && unicode.IsLetter(last) && unicode.IsLetter(first)
}

// said reports whether there are words.
func said(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
}

// brief reports whether a text is too short to be small talk and a question.
func brief(s string) bool {
	words, han := 0, 0
	for t := scanner(s); t.Next(); {
		if t.Kind == text.Word {
			words++
		}
	}
	for _, r := range s {
		if unicode.Is(unicode.Han, r) {
			han++
		}
	}
	return words <= 5 && han <= 8 && !strings.ContainsAny(s, "?？")
}

// matches reports whether a topic of a list is the intent, or stands in a text: as words, or anywhere in a script without spaces.
func matches(list []string, label, in string) bool {
	in = " " + wordsIn(in) + " "
	for _, t := range list {
		w := wordsIn(t)
		switch {
		case label != "" && strings.EqualFold(t, label):
			return true
		case w == "":
		case strings.ContainsFunc(w, func(r rune) bool { return unicode.Is(unicode.Han, r) || unicode.Is(unicode.Thai, r) }):
			if strings.Contains(in, w) {
				return true
			}
		case strings.Contains(in, " "+w+" "):
			return true
		}
	}
	return false
}

// wordsIn is a text's words with one space between them.
func wordsIn(s string) string {
	return strings.Join(strings.FieldsFunc(folded(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) }), " ")
}
