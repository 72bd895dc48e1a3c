package knowledge

import "testing"

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
		"how much is shipping": {"  shipping", "how much is "}, "how much is it": {"how much is it", ""}, "运费 is what": {"运费 is what", ""}, "do đâu": {"do đâu", ""},
	} {
		if content, how := parted(q); content != want[0] && content != " "+want[0] || how != want[1] {
			t.Errorf("%q: %q and %q", q, content, how)
		}
	}
}
