package ai

import (
	"context"
	"errors"
	"testing"

	"github.com/uniqchat/uniqchat/ai/encoder"
	"github.com/uniqchat/uniqchat/ai/knowledge"
)

var _ knowledge.Embedder = (*Local)(nil)

// TestLocal: a Chinese question lies near the English one that means the same, with the dictionary and without; a script that the
// model cannot read has no vector.
func TestLocal(t *testing.T) {
	for _, dictionary := range []bool{true, false} {
		l, err := NewLocal(dictionary)
		if err != nil {
			t.Fatal(err)
		}
		v, err := l.Embed(context.Background(), []string{"怎么申请退款？", "how do I apply for a refund", "which size fits me", "ต้องใช้เวลากี่วัน", ""})
		if err != nil {
			t.Fatal(err)
		}
		if same, other := cosine(v[0], v[1]), cosine(v[0], v[2]); same < .5 || same < other+.2 {
			t.Errorf("dictionary %v: same meaning %.2f, another %.2f", dictionary, same, other)
		}
		if cosine(v[3], v[3]) != 0 || cosine(v[4], v[4]) != 0 || len(v[4]) != encoder.Dims {
			t.Error("Thai and nothing have vectors")
		}
	}
	with, _ := NewLocal(true)
	without, _ := NewLocal(false)
	if with.Name() == without.Name() {
		t.Error("vectors of both could be compared, but differ")
	}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if _, err := with.Embed(ctx, []string{"a"}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func cosine(a, b []float32) (sum float32) {
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}
