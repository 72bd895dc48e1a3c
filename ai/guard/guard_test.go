package guard

import (
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	for text, want := range map[string]Reason{
		"I want to talk to a human": Human, "Agent please!": Human, "can you put me through to somebody": Human, "HUMAN": Human,
		"转人工": Human, "有真人吗": Human, "我要找你们经理": Human, "别用机器人糊弄我": Human, "人工客服": Human, "are you a bot": Human,
		"I don’t want a chatbot": Human,
		"I'll sue you":           Legal, "我要打12315": Legal, "我要打12345投诉": Legal, "my phone is 13812345678": None, "订单 12345 到哪了": None, "my lawyer will contact you": Legal,
		"my son swallowed a battery": Safety, "充电器起火了": Safety, "孩子在医院": Safety,
		"somebody hacked my account": Fraud, "我的卡被盗刷了": Fraud, "unauthorized charge on my card": Fraud,
		"我都说了三遍了": Anger, "this is the worst service": Anger,

		"I'm calling the police": Legal, "Fix this or I am suing": Legal, "I reported this shop to the police": Legal, "is the press machine pursuing the same job": None,

		// As they are written in Taiwan and Hong Kong.
		"我的孩子誤食了電池": Safety, "我被你們的電熱毯燙傷了": Safety, "充電器著火了": Safety, "漏電了": Safety, "我要找律師起訴你們": Legal, "我要報警": Legal, "我的信用卡被盜刷了": Fraud, "你們是騙子": Fraud,
		"我想和客服人員講話": Human, "請幫我轉接專員": Human, "有真人嗎": Human, "別用機器人糊弄我": Human, "我都說了三遍了": Anger, "沒人管": Anger, "垃圾客服，氣死我了": Anger,
		"客服幾點上班": None, "怎麼退貨": None, "掃地機器人怎麼安裝": None, "人工智慧音箱多少錢": None, "訂單 12345 到哪了": None,

		"what are your customer service hours": None, "客服几点上班": None, "how do I return shoes": None, "怎么退货": None,
		"can I pay the courier": None, "is there a manual": None, "who is the manufacturer": None, "Do you sell robots?": None,
		"does the robot vacuum work on carpet": None, "扫地机器人怎么安装": None, "人工智能音箱多少钱": None, "": None,
		"How do I make a complaint?": None, "怎么投诉？": None, "my parcel was not delivered": None,
	} {
		if got := Check(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestCap(t *testing.T) {
	if got := Cap(strings.Repeat("退", MaxLength+5)); got != strings.Repeat("退", MaxLength) {
		t.Errorf("%d bytes are left", len(got))
	}
	plain := strings.Repeat("退", MaxLength)
	for name, c := range map[string][2]string{
		"as it is":           {plain, plain},
		"the end":            {"你好" + plain + "人", plain[:len(plain)-len("退")] + "人"},
		"from a line on":     {"a" + plain[:300] + "\n" + plain[:len(plain)-300] + "人", plain[:len(plain)-300] + "人"},
		"from a sentence":    {"a" + plain[:300] + "。" + plain[:len(plain)-300] + "人", plain[:len(plain)-300] + "人"},
		"an English one":     {strings.Repeat("a", 100) + ". " + strings.Repeat("b", MaxLength-50), strings.Repeat("b", MaxLength-50)},
		"not from far away":  {"a" + plain[:900] + "\n" + plain[:len(plain)-900], plain[:897] + "\n" + plain[:len(plain)-900]},
		"a line's beginning": {"a\n" + plain[:30] + "\n" + plain[:len(plain)-33], plain[:30] + "\n" + plain[:len(plain)-33]},
	} {
		if got := Cap(c[0]); got != c[1] {
			t.Errorf("%s: %d bytes are left, want %d", name, len(got), len(c[1]))
		}
	}
}

// A person is asked for wherever that stands.
func TestCheckLong(t *testing.T) {
	for text, filler := range map[string]string{"I want to talk to a human": "The parcel is late. ", "我要转人工": "包裹还没到。"} {
		filler = strings.Repeat(filler, MaxLength)
		for _, s := range []string{filler + text, filler + text + "\n" + filler, text + "\n" + filler} {
			if got := Check(s); got != Human {
				t.Errorf("%q: %q", text, got)
			}
		}
		if got := Check(filler); got != None {
			t.Errorf("%q", got)
		}
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("转 人工 human")
	f.Fuzz(func(_ *testing.T, s string) { Check(s) })
}

func BenchmarkCheck(b *testing.B) {
	for b.Loop() {
		Check("订单还没发货，怎么修改收货地址？ how do I change the delivery address")
	}
}
