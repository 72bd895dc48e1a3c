package knowledge

import (
	"strings"
	"testing"
)

// TestCommon: in a small base the words of asking are rare. They must not outweigh what is asked about.
func TestCommon(t *testing.T) {
	chunks := Split("d", "Shop", []Section{
		{Question: "How much does the canvas tote carry?", Text: "It carries 15 kg. Wash it cold."},
		{Path: []string{"Shipping costs"}, Text: "Orders over 299 are sent free of charge. Below that, shipping is 12."},
		{Path: []string{"Returns"}, Text: "Send it back within 30 days. Return shipping is free."},
	})
	x, err := NewIndex(chunks, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{"how much is shipping", "how much is delivery", "How much does shipping cost?"} {
		if h := x.Search(Query{Text: q}, 1); len(h) == 0 || x.Chunk(h[0].Chunk).Heading != "Shipping costs" {
			t.Errorf("%q: %+v", q, h)
		}
	}
	for q, want := range map[string][2]string{
		"how much is shipping": {"  shipping", "how much is "}, "how much is it": {"how much is it", ""}, "运费 is what": {"运费 is what", ""}, "请问一下怎么退货": {"退货", "请问一下 怎么 "}, "怎么办": {"怎么办", ""}, "iPhone 多少钱": {"iPhone  ", "多少钱 "}, "do đâu": {"do đâu", ""},
	} {
		if content, how := parted(q); strings.TrimSpace(content) != strings.TrimSpace(want[0]) || how != want[1] {
			t.Errorf("%q: %q and %q", q, content, how)
		}
	}
}

// TestTopical: names of concepts count by how much of the question they are.
func TestTopical(t *testing.T) {
	x, err := NewIndex([]Chunk{
		{ID: "river", Text: "In the north the river is frozen for half of the year, and people cross it on foot."},
		{ID: "fee", Text: "Delivery is free from 299 on. It goes by courier, in a box, within some days."},
	}, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	only := Weights{Concepts: 1}
	for q, least := range map[string]float32{"邮费": 1, "delivery fee": 1} {
		for _, h := range x.SearchWith(Query{Text: q}, 1, only) {
			if h.Score < least*h.Concepts {
				t.Errorf("%q is about a concept: %v of %v", q, h.Score, h.Concepts)
			}
		}
	}
	long := "why is the delivery of water from the glaciers into all those rivers so much weaker in winter than during spring"
	for _, h := range x.SearchWith(Query{Text: long}, 2, only) {
		if h.Concepts > 0 && h.Score > h.Concepts/4 {
			t.Errorf("%q is hardly about a concept: %v of %v", long, h.Score, h.Concepts)
		}
	}
}

// TestTones: in Vietnamese another tone is another word; who writes without tones finds it, too.
func TestTones(t *testing.T) {
	x, err := NewIndex([]Chunk{
		{ID: "table", Text: "Cái bàn này được làm bằng gỗ."}, {ID: "sell", Text: "Cái bán này được làm bằng gỗ."}, {ID: "friend", Text: "Cái bạn này được làm bằng gỗ."},
	}, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	for q, want := range map[string]string{"bàn được": "table", "bán được": "sell", "bạn": "friend"} {
		if h := x.Search(Query{Text: q}, 1); len(h) == 0 || x.Chunk(h[0].Chunk).ID != want {
			t.Errorf("%q: %+v", q, h)
		}
	}
	if h := x.Search(Query{Text: "ban go"}, 3); len(h) != 3 || h[2].Words == 0 {
		t.Errorf("without tones: %+v", h)
	}
	if tonal("größer als Zürich, más allá, şehir") || !tonal("được") {
		t.Error("only Vietnamese is tonal")
	}
}
