package bot

import (
	"testing"

	"github.com/uniqchat/uniqchat/ai/intent"
	"github.com/uniqchat/uniqchat/chat"
)

func TestDefaults(t *testing.T) {
	var s chat.BotSettings
	if withDefaults(&s); *s.Clarify != 2 || s.Thresholds != (chat.BotThresholds{Answer: .8, Clarify: .3}) {
		t.Errorf("%+v", s)
	}
	s = chat.BotSettings{Clarify: new(int), Thresholds: chat.BotThresholds{Answer: .2}}
	if withDefaults(&s); *s.Clarify != 0 || s.Thresholds != (chat.BotThresholds{Answer: .2, Clarify: .2}) {
		t.Errorf("%+v", s)
	}
}

func TestSpeaks(t *testing.T) {
	zh := []Turn{{Who: Visitor, Text: "有 38 码吗"}, {Who: Machine, Text: "yes"}}
	for _, c := range []struct {
		text   string
		turns  []Turn
		locale string
		want   string
	}{
		{"how much is shipping", nil, "zh-CN", "en"},
		{"运费多少", nil, "en-GB", "zh"},
		{"運費多少", nil, "zh-TW", "zh-Hant"},
		{"XL?", zh, "en", "zh"},
		{"XL?", nil, "zh-CN", "zh"},
		{"XL?", nil, "", "en"},
		{"iPhone 15 有货吗", nil, "en", "zh"},
		{"Wie viel kostet der Versand nach Wien", nil, "de-AT", "de"},
		{"can I pay with PayPal", nil, "de-AT", "en"},
		{"送料はいくらですか", nil, "en", "ja"},
		{"送料無料", nil, "ja-JP", "ja"},
		{"배송비는 얼마예요", nil, "", "ko"},
		{"сколько стоит доставка", nil, "uk", "uk"},
		{"сколько стоит доставка", nil, "", "ru"},
		{"ค่าส่งเท่าไหร่", nil, "", "th"},
		{"12345", nil, "", "en"},
		{"12345", zh, "", "zh"},
		{"", nil, "not a locale", "en"},
	} {
		if got := speaks(c.text, c.turns, c.locale); got != c.want {
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

// What is looked for in Chinese is found in traditional characters, too.
func TestTraditional(t *testing.T) {
	for text, want := range map[string]string{"謝謝您": intent.Thanks, "好的，謝謝": intent.Thanks, "再見": intent.Goodbye, "瞭解": acknowledged, "請問運費": ""} {
		if got := smallTalk(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got := withoutHello("有人嗎，運費多少錢"); got != "運費多少錢" {
		t.Errorf("%q", got)
	}
	if got := markOf("還有別的顏色而且是大號的嗎"); got != Strong {
		t.Errorf("%q", got)
	}
	if got := content("還有紅色的嗎？"); got != "红色的" {
		t.Errorf("%q", got)
	}
	if !matches([]string{"贷款"}, "", "我想申請貸款") || !matches([]string{"貸款"}, "", "我想申请贷款") {
		t.Error("a topic was not found")
	}
	if got := orders([]Turn{{Who: Visitor, Text: "我的訂單號：7788"}}, nil); len(got) != 1 || got[0] != "7788" {
		t.Errorf("%q", got)
	}
}
