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

		// Threats with the press, and injuries; and what shops sell and are asked.
		"不处理我就曝光": Legal, "我要曝光你们": Legal, "信不信我去曝光": Legal, "把你们曝光到网上": Legal, "已经在小红书曝光了": Legal, "等着被曝光吧": Legal, "再不退款我就找媒体": Legal, "我已经联系了当地媒体": Legal, "我要打给电视台": Legal, "让媒体介入": Legal,
		"相机曝光时间怎么调": None, "支持手动曝光吗": None, "我要曝光补偿功能的相机": None, "夜景要曝光多久": None, "在抖音曝光量怎么提高": None, "会曝光过度吗": None, "流媒体": None, "这个流媒体盒子支持4K吗": None, "找一款多媒体音箱": None, "社交媒体上能联系你们吗": None, "媒体播放器怎么安装": None, "请问媒体文件存哪里": None,
		"I'm going to tell the press about this": Legal, "I told the media. Your move": Legal, "I have contacted the press!": Legal, "calling the newspapers now": Legal,
		"how do I tell the media player to shuffle": None, "does it contact the media server": None, "what is the exposure time of this camera": None, "a streaming media box": None, "can I call the press office number": None,
		"热水器漏电了": Safety, "插座漏电": Safety, "充电器漏电把我电了": Safety, "你们的电热毯好像漏电，手都麻了": Safety, "机身漏电怎么办": Safety, "孩子触电了": Safety,
		"漏电保护器多少钱": None, "有漏电保护吗": None, "热水器漏电保护插头多少钱": None, "会漏电吗": None, "防漏电插座有货吗": None, "漏电开关怎么接": None, "防触电插座": None,
		"我中毒了": Safety, "孩子吃了你们的饼干中毒了": Safety, "全家食物中毒": Safety, "猫吃了会中毒吗": Safety, "我怀疑是煤气中毒": Safety, "狗狗好像中毒": Safety,
		"电脑中毒了怎么办": None, "我的电脑中毒了能修吗": None, "一氧化碳中毒报警器多少钱": None, "能预防食物中毒吗": None, "U盘会中毒吗": None,
		"I got food poisoning from your cookies": Safety, "I got an electric shock from it": Safety, "there was an explosion in the kitchen": Safety, "it gave my son an electric shock.": Safety,
		"a carbon monoxide poisoning detector": None, "an explosion-proof lamp": None, "has it electric shock protection": None, "lead poisoning test kit": None,

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
