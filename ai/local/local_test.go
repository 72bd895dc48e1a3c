package local

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/uniqchat/uniqchat/ai/knowledge"
	"github.com/uniqchat/uniqchat/ai/model"
)

func ask(t *testing.T, q *model.Question) model.Result {
	t.Helper()
	var seen strings.Builder
	res, err := Engine{}.Answer(t.Context(), q, func(s string) error { seen.WriteString(s); return nil })
	if err != nil {
		t.Fatal(err)
	}
	if res.Action == model.Answer && seen.String() != res.Text || res.Action != model.Answer && seen.Len() > 0 {
		t.Errorf("seen %q of %+v", seen.String(), res)
	}
	return res
}

const long = `Our shop was founded in a garage many years ago and has grown ever since, thanks to people who like what we make and tell their friends. We love what we do. ` +
	`Every morning the whole team meets for tea and talks about what can be done better for those who buy from us. ` +
	`Returns are taken within 30 days. Send the goods in their box to our warehouse. The refund is paid within five working days. ` +
	`Gift cards are sold in the shop and by mail. They are valid for three years and can be used for everything that we sell, except for other gift cards.`

func chunk(text string, question bool) []model.Chunk {
	return []model.Chunk{{Chunk: &knowledge.Chunk{ID: "c", Heading: "h", Text: text, Question: question}}}
}

func TestAnswer(t *testing.T) {
	got := ask(t, &model.Question{Text: "How do I return something and when do I get my refund?", Language: "en", Sure: .9, Chunks: chunk(long, false)})
	if !strings.Contains(got.Text, "Returns are taken within 30 days.") || !strings.Contains(got.Text, "five working days") || strings.Contains(got.Text, "garage") {
		t.Errorf("%q", got.Text)
	}
	if len(got.Cited) != 1 || got.Cited[0] != "c" || got.Action != model.Answer {
		t.Errorf("%+v", got)
	}
	for i, c := range []struct{ language, text, want string }{
		{"zh", "三十天内可以退货。", "三十天内可以退货。"},
		{"zh-CN", "Returns within 30 days.", "这部分内容只有英文版本：\nReturns within 30 days."},
		{"en", "三十天内可以退货。", "I have this only in Chinese:\n三十天内可以退货。"},
		{"de", "Returns within 30 days.", "Returns within 30 days."},
		{"en", " a \n\n\n b ", "a\n\nb"},
	} {
		if got := ask(t, &model.Question{Text: "退货?", Language: c.language, Sure: .9, Chunks: chunk(c.text, true)}); got.Text != c.want {
			t.Errorf("%d: %q", i, got.Text)
		}
	}
}

// TestUnknown: without chunks, or with none that is likely right, it says that it doesn't know.
func TestUnknown(t *testing.T) {
	for _, q := range []*model.Question{
		{Text: "why?", Language: "en", Sure: .9},
		{Text: "why?", Language: "en", Sure: .1, Chunks: chunk("Because.", true)},
		{Text: "why?", Language: "en", Sure: .9, Chunks: chunk(" ", true)},
	} {
		if got := ask(t, q); got.Action != model.HandOff || got.Text != english.Unknown || len(got.Cited) > 0 {
			t.Errorf("%+v", got)
		}
	}
	if got := ask(t, &model.Question{Text: "为什么", Language: "zh"}); got.Text != chinese.Unknown {
		t.Errorf("%+v", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (Engine{}).Answer(ctx, &model.Question{}, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func BenchmarkAnswer(b *testing.B) {
	q := &model.Question{Text: "How do I return something and when do I get my refund?", Language: "en", Sure: .9, Chunks: chunk(long, false)}
	for b.Loop() {
		if _, err := (Engine{}).Answer(b.Context(), q, nil); err != nil {
			b.Fatal(err)
		}
	}
}
