package lexicon

import (
	"slices"
	"strings"
	"testing"
)

func TestStem(t *testing.T) {
	for in, want := range map[string]string{
		"returns": "return", "returned": "return", "returning": "return", "shipping": "ship", "shipped": "ship", "installed": "instal", "install": "instal", "cancelling": "cancel",
		"changes": "chang", "changing": "chang", "change": "chang", "policies": "policy", "boxes": "box", "address": "address", "bus": "bus",
		"fee": "fee", "free": "free", "fees": "fee", "how": "how", "退货": "退货", "1234567": "1234567",
	} {
		if got := Stem(in); got != want {
			t.Errorf("Stem(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestFind: the same concepts, whatever the words and the language.
func TestFind(t *testing.T) {
	for _, same := range [][]string{
		{"cancel my order", "取消订单", "Cancelling orders", "撤销定单", "取消訂單"},
		{"can i get my money back", "退款"},
		{"send it back", "退货", "退貨"},
		{"the promo code was declined", "优惠码报错"},
		{"UPS", "顺丰"},
	} {
		want := Find(nil, same[0])
		slices.Sort(want)
		if len(want) == 0 {
			t.Errorf("%q speaks of nothing", same[0])
		}
		for _, s := range same[1:] {
			got := Find(nil, s)
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("%q has concepts %v, %q has %v", s, got, same[0], want)
			}
		}
	}
	if got := Find(nil, "xyzzy ☃"); len(got) != 0 {
		t.Errorf("nonsense speaks of %v", got)
	}
}

func TestGloss(t *testing.T) {
	d, err := CEDICT()
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		"怎么申请退货？":         "how apply return",
		"怎麼申請退貨？":         "how apply return",
		"order 123 取消":    "order 123 cancel",
		"你好 world":        "hello world",
		"":                "",
		"already english": "already english",
	} {
		if got := Gloss(d, in); got != want {
			t.Errorf("Gloss(%q) = %q, want %q", in, got, want)
		}
	}
	if got := Gloss(d, "橄榄球"); !strings.Contains(got, "football") {
		t.Errorf("the dictionary says %q", got)
	}
	if got := Gloss(nil, "橄榄球退货"); got != "return" {
		t.Errorf("without the dictionary: %q", got)
	}
}

func TestChinese(t *testing.T) {
	if got := Chinese("退货 ok"); got < .6 || got > .7 {
		t.Errorf("two of three tokens: %v", got)
	}
	if Chinese("") != 0 {
		t.Error("nothing is Chinese")
	}
}

func FuzzGloss(f *testing.F) {
	d, err := CEDICT()
	if err != nil {
		f.Fatal(err)
	}
	f.Add("我的包裹到哪儿了 where?")
	f.Fuzz(func(t *testing.T, s string) {
		Gloss(d, s)
		for _, id := range Find(nil, s) {
			if int(id) >= Concepts() {
				t.Fatalf("concept %d", id)
			}
		}
	})
}

func BenchmarkGloss(b *testing.B) {
	d, err := CEDICT()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		Gloss(d, "订单还没发货，怎么修改收货地址？")
	}
}

// TestCovered: how much of a text is about what shops' customers talk about.
func TestCovered(t *testing.T) {
	for text, want := range map[string]float32{
		"": 0, "xyzzy ☃": 0, "cancel my order": 1, "取消订单": 1, "怎么取消订单": 2. / 3, "river and order": 1. / 3,
	} {
		if got := Covered(text); got < want-.01 || got > want+.01 {
			t.Errorf("%q: %.2f, want %.2f", text, got, want)
		}
	}
}
