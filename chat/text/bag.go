package text

import (
	"bytes"
	"slices"
	"strings"
)

// MaxTokens is how many tokens of a text go into a Bag: about ten kilobytes of English. What stands behind them is not found.
const MaxTokens = 2048

// Bag is the distinct tokens of a text, in the order of their bytes. The zero Bag is empty; used again it allocates nothing.
//
// Not safe for concurrent use.
type Bag struct {
	scan  Scanner
	bytes []byte
	spans []span
}

type span struct{ from, to int32 }

// Fill makes the bag hold the tokens of some texts, and of nothing else.
func (b *Bag) Fill(texts ...string) {
	b.bytes, b.spans = b.bytes[:0], b.spans[:0]
	for _, t := range texts {
		b.scan.Reset(t)
		for len(b.spans) < MaxTokens && b.scan.Next() {
			from := len(b.bytes)
			b.bytes = append(b.bytes, b.scan.Text()...)
			b.spans = append(b.spans, span{int32(from), int32(len(b.bytes))})
		}
	}
	slices.SortFunc(b.spans, func(x, y span) int { return bytes.Compare(b.bytes[x.from:x.to], b.bytes[y.from:y.to]) })
	b.spans = slices.CompactFunc(b.spans, func(x, y span) bool { return bytes.Equal(b.bytes[x.from:x.to], b.bytes[y.from:y.to]) })
}

// Len is how many tokens there are.
func (b *Bag) Len() int { return len(b.spans) }

// At is the i-th token. It holds until the next call of Fill.
func (b *Bag) At(i int) []byte { return b.bytes[b.spans[i].from:b.spans[i].to] }

// String is all tokens with spaces between them.
func (b *Bag) String() string {
	var out strings.Builder
	for i := range b.Len() {
		if i > 0 {
			out.WriteByte(' ')
		}
		out.Write(b.At(i))
	}
	return out.String()
}
