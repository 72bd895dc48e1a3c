package bot

import (
	"strings"
	"testing"

	"github.com/uniqchat/uniqchat/ai/intent"
)

func TestSettings(t *testing.T) {
	three := 3
	for want, change := range map[string]func(*Settings){
		"name:":               func(s *Settings) { s.Name = strings.Repeat("x", 61) },
		"tone:":               func(s *Settings) { s.Tone = strings.Repeat("友", 301) },
		"greeting:":           func(s *Settings) { s.Greeting = map[string]string{"not a tag": "x"} },
		"greeting.en:":        func(s *Settings) { s.Greeting = map[string]string{"en": " "} },
		"languages:":          func(s *Settings) { s.Languages = []string{"中文"} },
		"hours:":              func(s *Settings) { s.Hours = "sometimes" },
		"topics.allowed:":     func(s *Settings) { s.Topics.Allowed = []string{""} },
		"topics.forbidden:":   func(s *Settings) { s.Topics.Forbidden = make([]string, 101) },
		"clarify:":            func(s *Settings) { s.Clarify = &three },
		"thresholds.answer:":  func(s *Settings) { s.Thresholds.Answer = 1.1 },
		"thresholds.clarify:": func(s *Settings) { s.Thresholds = Thresholds{.5, .6} },
		"":                    func(s *Settings) { s.Languages = []string{"en", "zh-Hant"} },
	} {
		var s Settings
		change(&s)
		s.Defaults()
		err := s.Validate()
		if want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("%s %v", want, err)
		}
	}
	var s Settings
	s.Defaults()
	if err := s.Validate(); err != nil || s.Hours != Always || *s.Clarify != 2 || s.Thresholds != (Thresholds{.8, .3}) {
		t.Errorf("%v: %+v", err, s)
	}
}

func TestSpeaks(t *testing.T) {
	zh := []Turn{{Who: Visitor, Text: "有 38 码吗"}, {Who: Machine, Text: "yes"}}
	for _, c := range []struct {
		text   string
		turns  []Turn
		locale string
		own    []string
		want   string
	}{
		{"how much is shipping", nil, "zh-CN", nil, "en"},
		{"运费多少", nil, "en-GB", nil, "zh"},
		{"運費多少", nil, "zh-TW", nil, "zh-Hant"},
		{"XL?", zh, "en", nil, "zh"},
		{"XL?", nil, "zh-CN", nil, "zh"},
		{"XL?", nil, "", nil, "en"},
		{"iPhone 15 有货吗", nil, "en", nil, "zh"},
		{"Wie viel kostet der Versand nach Wien", nil, "de-AT", nil, "de"},
		{"can I pay with PayPal", nil, "de-AT", nil, "en"},
		{"送料はいくらですか", nil, "en", nil, "ja"},
		{"送料無料", nil, "ja-JP", nil, "ja"},
		{"배송비는 얼마예요", nil, "", nil, "ko"},
		{"сколько стоит доставка", nil, "uk", nil, "uk"},
		{"сколько стоит доставка", nil, "", nil, "ru"},
		{"ค่าส่งเท่าไหร่", nil, "", nil, "th"},
		{"how much is shipping", nil, "", []string{"zh", "ja"}, "zh"},
		{"12345", nil, "", nil, "en"},
		{"12345", zh, "", nil, "zh"},
		{"", nil, "not a locale", nil, "en"},
	} {
		if got := speaks(c.text, c.turns, c.locale, &Settings{Languages: c.own}); got != c.want {
			t.Errorf("%q, %s: %s, want %s", c.text, c.locale, got, c.want)
		}
	}
}

func TestMarks(t *testing.T) {
	for text, want := range map[string]Mark{
		"and in red?": Strong, "那运费呢？": Strong, "What about Visa?": Strong, "ok and the lamp?": Strong, "还有蓝色的吗": Strong, "why?": Strong, "how much": Strong,
		"does it come in blue as well or only in the colour of the picture": Weak, "它可以放洗碗机吗，会不会褪色或者开裂": Weak, "XL?": Weak, "多少钱": Weak,
		"Which sizes do the canvas trainers come in?": Alone, "帆布运动鞋有哪些尺码可以选择？": Alone, "is it possible to change my delivery address": Alone,
	} {
		if got := markOf(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestBefore(t *testing.T) {
	talk := func(s string) bool { return smallTalk(s) != "" }
	for _, c := range []struct {
		turns          []string
		question, said string
	}{
		{nil, "", ""},
		{[]string{"visitor: 运费多少", "bot: 12 元"}, "运费多少", "12 元"},
		{[]string{"visitor: How much is the lamp?", "bot: 40", "visitor: and in red?", "agent: 42"}, "How much is the lamp?\nand in red?", "42"},
		{[]string{"visitor: Is it in stock?", "bot: Yes.", "visitor: thanks", "bot: You're welcome!"}, "Is it in stock?", "Yes."},
		{[]string{"visitor: delivery", "bot: Which? | a | b"}, "delivery", ""},
	} {
		if q, s := before(input("", c.turns...).Turns, talk); q != c.question || s != c.said {
			t.Errorf("%q: %q, %q", c.turns, q, s)
		}
	}
}

func TestSmallTalk(t *testing.T) {
	for text, want := range map[string]string{
		"Hello!": intent.Greeting, "你好～": intent.Greeting, "hello there": intent.Greeting, "hello, is the mug safe?": "", "thanks!": intent.Thanks, "OK，谢谢": intent.Thanks,
		"thank you but it is broken": "", "Bye": intent.Goodbye, "好的": acknowledged, "嗯嗯": acknowledged, "ok": acknowledged, "okay to wash?": "", "行李箱": "", "可以退货吗": "",
	} {
		if got := smallTalk(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]string{"Hi, how much?": "how much?", "您好，运费多少": "运费多少", "hiking boots": "hiking boots", "hello": "hello", "你好啊 在哪里退货": "在哪里退货"} {
		if got := withoutHello(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
