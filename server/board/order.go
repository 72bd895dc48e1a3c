package board

import (
	"bytes"
	"cmp"
	"slices"
	"sort"

	"github.com/uniqchat/uniqchat/chat"
)

// order is the rows sorted by one key, and by id among equals; the smallest first.
type order struct {
	sort    string
	places  []place
	spare   []place // what places was before, to be filled again
	out, in []place // what the next update takes out and puts in
}

// place is a row's place in an order.
type place struct {
	key  float64
	slot int32
}

// compare orders places. The ids of slots that are in an order must be there.
func (x *Index) compare(a, b place) int {
	if c := cmp.Compare(a.key, b.key); c != 0 || a.slot == b.slot {
		return c
	}
	return bytes.Compare(x.rows[a.slot].ID[:], x.rows[b.slot].ID[:])
}

// order returns the rows sorted by a key. It is made when it is first asked for, and kept up to date from then on.
func (x *Index) order(sort string) *order {
	for _, o := range x.orders {
		if o.sort == sort {
			return o
		}
	}
	o := &order{sort: sort, places: make([]place, 0, len(x.at))}
	for i := range x.rows {
		if r := &x.rows[i]; !r.ID.IsZero() {
			o.places = append(o.places, place{r.key(sort), int32(i)})
		}
	}
	slices.SortFunc(o.places, x.compare)
	x.orders = append(x.orders, o)
	return o
}

// update takes places out and puts others in, in one pass.
func (o *order) update(x *Index) {
	if len(o.out)+len(o.in) == 0 {
		return
	}
	slices.SortFunc(o.out, x.compare)
	slices.SortFunc(o.in, x.compare)
	next, from := slices.Grow(o.spare[:0], len(o.places)+len(o.in)), 0
	keep := func(upto int) { // with what belongs in between
		for from < upto && len(o.in) > 0 {
			at := from + sort.Search(upto-from, func(i int) bool { return x.compare(o.places[from+i], o.in[0]) > 0 })
			if next, from = append(next, o.places[from:at]...), at; at < upto {
				next, o.in = append(next, o.in[0]), o.in[1:]
			}
		}
		next, from = append(next, o.places[from:upto]...), upto
	}
	in := o.in
	for _, p := range o.out {
		at := from + sort.Search(len(o.places)-from, func(i int) bool { return x.compare(o.places[from+i], p) >= 0 })
		keep(at)
		from = at + 1
	}
	keep(len(o.places))
	next = append(next, o.in...)
	o.places, o.spare, o.out, o.in = next, o.places, o.out[:0], in[:0]
}

// after is where what follows a place begins, in the direction of the query.
func (x *Index) after(o *order, q *chat.BoardQuery) int {
	if q.After == nil {
		if q.Asc {
			return 0
		}
		return len(o.places) - 1
	}
	beyond := func(i int) int { // of After
		p := o.places[i]
		return cmp.Or(cmp.Compare(p.key, q.After.Key), bytes.Compare(x.rows[p.slot].ID[:], q.After.ID[:]))
	}
	if q.Asc {
		return sort.Search(len(o.places), func(i int) bool { return beyond(i) > 0 })
	}
	return sort.Search(len(o.places), func(i int) bool { return beyond(i) >= 0 }) - 1
}
