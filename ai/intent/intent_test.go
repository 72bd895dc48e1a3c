package intent

import (
	"context"
	"errors"
	"math"
	"testing"
)

// TestBuiltin: the built-in intents, without vectors, understand what is not among their sentences.
func TestBuiltin(t *testing.T) {
	examples := Builtin()
	m, err := Train(context.Background(), examples)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"I'd like to cancel the order I placed": "cancel_order", "我想取消昨天的订单": "cancel_order",
		"could you send me an invoice": "invoice", "能开发票吗": "invoice", "hello!": Greeting, "谢谢你": Thanks,
		"let me talk to a real person": WantsHuman, "包裹到哪里了": "order_status",
	} {
		a := m.Classify(text, nil)
		if a.Label != want {
			t.Errorf("%q: %s (%.2f), want %s", text, a.Label, a.Probability, want)
		}
		sum := 0.0
		for _, p := range a.Probabilities {
			sum += p
		}
		if math.Abs(sum-1) > 1e-6 || a.Probability > 1 || a.Known < 0 || a.Known > 1 {
			t.Errorf("%q: probabilities add up to %v, %+v", text, sum, a)
		}
	}
	for text, traditional := range map[string]string{"我想取消昨天的订单": "我想取消昨天的訂單", "能开发票吗": "能開發票嗎", "谢谢你": "謝謝你", "包裹到哪里了": "包裹到哪裡了"} {
		if a, b := m.Classify(text, nil), m.Classify(traditional, nil); a.Label != b.Label || a.Probability != b.Probability || a.Known != b.Known {
			t.Errorf("%q: %s (%.2f), but %q: %s (%.2f)", text, a.Label, a.Probability, traditional, b.Label, b.Probability)
		}
	}
	near, far := m.Classify("取消订单", nil), m.Classify("qwertz uiop", nil)
	if near.Known <= far.Known {
		t.Errorf("nonsense is as well known (%.2f) as an example (%.2f)", far.Known, near.Known)
	}
	counts := map[string]int{}
	for _, e := range examples {
		counts[e.Label]++
	}
	for l, n := range counts {
		if n < 12 {
			t.Errorf("%s has only %d sentences", l, n)
		}
	}
}

// TestTrainTwice: the same examples give the same model.
func TestTrainTwice(t *testing.T) {
	a, err := Train(context.Background(), Builtin())
	if err != nil {
		t.Fatal(err)
	}
	b, err := Train(context.Background(), Builtin())
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"where is it", "退款"} {
		if x, y := a.Classify(text, nil), b.Classify(text, nil); x.Probability != y.Probability {
			t.Errorf("%q: %v and %v", text, x.Probability, y.Probability)
		}
	}
}

func TestTrainRefuses(t *testing.T) {
	if _, err := Train(context.Background(), []Example{{Text: "a", Label: "x"}}); !errors.Is(err, ErrFew) {
		t.Errorf("one label: %v", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if _, err := Train(ctx, Builtin()); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func FuzzClassify(f *testing.F) {
	m, err := Train(context.Background(), Builtin())
	if err != nil {
		f.Fatal(err)
	}
	f.Add("where is my order 退款")
	f.Fuzz(func(t *testing.T, s string) {
		if a := m.Classify(s, nil); math.IsNaN(a.Probability) || math.IsNaN(a.Known) {
			t.Fatalf("%+v", a)
		}
	})
}

func BenchmarkClassify(b *testing.B) {
	m, err := Train(context.Background(), Builtin())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		m.Classify("I'd like to cancel the order I placed yesterday", nil)
	}
}
