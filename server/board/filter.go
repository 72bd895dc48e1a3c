package board

import (
	"math/bits"
	"strings"

	"github.com/uniqchat/uniqchat/chat"
)

// wish is what a query wants of a row. It can be compared.
type wish struct {
	text, page, locale string // in small letters
	country            [2]byte
	state              string
	cart               int8 // 1: yes, -1: no, 0: either
	since              int64
	never              bool // nothing can be like that
}

func wishOf(q *chat.BoardQuery) wish {
	w := wish{text: strings.ToLower(q.Text), page: strings.ToLower(q.Page), locale: strings.ToLower(q.Locale), state: q.State}
	switch {
	case q.Cart == nil:
	case *q.Cart:
		w.cart = 1
	default:
		w.cart = -1
	}
	if !q.Since.IsZero() {
		w.since = q.Since.UnixMilli()
	}
	if q.Country != "" {
		w.never = len(q.Country) != len(w.country)
		copy(w.country[:], strings.ToUpper(q.Country))
	}
	return w
}

// likes reports whether a row is as wanted.
func (w *wish) likes(r *Row) bool {
	switch {
	case w.never, w.cart > 0 && !r.Cart, w.cart < 0 && r.Cart, r.Since < w.since, w.country != [2]byte{} && w.country != r.country,
		w.state != "" && w.state != r.State.String(), !strings.HasPrefix(r.locale, w.locale):
		return false
	}
	return strings.Contains(r.text, w.text) && strings.Contains(r.text[r.pageAt:], w.page)
}

// filter is which slots of an index are as wanted.
type filter struct {
	wish  wish
	bits  []uint64
	total int
	used  uint64
}

// maxFilters bounds how many are kept; the one that was not used for longest goes.
const maxFilters = 32

func (f *filter) has(slot int32) bool { return f.bits[slot/64]&(1<<(slot%64)) != 0 }

// set notes whether a slot is as wanted.
func (f *filter) set(slot int32, on bool) {
	for int(slot/64) >= len(f.bits) {
		f.bits = append(f.bits, 0)
	}
	word, bit := &f.bits[slot/64], uint64(1)<<(slot%64)
	was := *word&bit != 0
	switch {
	case on && !was:
		*word |= bit
		f.total++
	case !on && was:
		*word &^= bit
		f.total--
	}
}

// filter returns what matches a query; nil if everything does.
func (x *Index) filter(q *chat.BoardQuery) *filter {
	w := wishOf(q)
	if w == (wish{}) {
		return nil
	}
	x.clock++
	for _, f := range x.filters {
		if f.wish == w {
			f.used = x.clock
			return f
		}
	}
	f := &filter{wish: w, used: x.clock, bits: make([]uint64, (len(x.rows)+63)/64)}
	for i := range x.rows {
		if r := &x.rows[i]; !r.ID.IsZero() && w.likes(r) {
			f.bits[i/64] |= 1 << (i % 64)
		}
	}
	for _, word := range f.bits {
		f.total += bits.OnesCount64(word)
	}
	if len(x.filters) < maxFilters {
		x.filters = append(x.filters, f)
		return f
	}
	oldest := 0
	for i, other := range x.filters {
		if other.used < x.filters[oldest].used {
			oldest = i
		}
	}
	x.filters[oldest] = f
	return f
}
