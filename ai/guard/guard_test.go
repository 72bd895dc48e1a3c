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
	if Check(strings.Repeat("a ", MaxLength)+"human") != None {
		t.Error("what stands behind the cap counts")
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
