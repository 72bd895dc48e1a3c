package board

import (
	"github.com/uniqchat/uniqchat/chat"
)

// Index is a tenant's visitors on one node. A page costs what is on it, a change what it moves, and the first question with a filter
// or an order of its own a look at every row. Not safe for concurrent use.
type Index struct {
	rows    []Row // by slot; a zero id: free
	free    []int32
	at      map[chat.VisitorID]int32
	unknown map[int32]struct{} // slots whose state is unknown
	orders  []*order
	filters []*filter
	clock   uint64 // of filters
	rev     uint64
}

// NewIndex returns an empty Index. Revisions of rows begin after rev, which must be beyond those of an index that it takes the place of.
func NewIndex(rev uint64) *Index {
	return &Index{at: make(map[chat.VisitorID]int32), unknown: make(map[int32]struct{}), rev: rev}
}

// Len returns how many visitors there are.
func (x *Index) Len() int { return len(x.at) }

// Change is what became of a visitor.
type Change struct {
	Row  Row
	Gone bool // only the row's ID is looked at
}

// Apply takes in what became of visitors, each once.
func (x *Index) Apply(changes []Change) {
	var gone []int32
	if len(x.rows) == 0 { // everybody at once
		x.rows, x.at = make([]Row, 0, len(changes)), make(map[chat.VisitorID]int32, len(changes))
	}
	for i := range changes {
		c := &changes[i]
		slot, there := x.at[c.Row.ID]
		switch {
		case c.Gone && there:
			gone = append(gone, slot)
			x.leave(slot)
			delete(x.at, c.Row.ID)
		case c.Gone:
		case there && x.rows[slot].is(&c.Row):
		case there:
			x.change(slot, &c.Row)
		default:
			x.enter(&c.Row)
		}
	}
	for _, o := range x.orders {
		o.update(x)
	}
	for _, slot := range gone { // not before: orders go by their ids
		x.rows[slot] = Row{}
	}
	x.free = append(x.free, gone...)
}

func (x *Index) leave(slot int32) {
	for _, o := range x.orders {
		o.out = append(o.out, place{x.rows[slot].key(o.sort), slot})
	}
	for _, f := range x.filters {
		f.set(slot, false)
	}
	delete(x.unknown, slot)
}

func (x *Index) enter(r *Row) {
	var slot int32
	if last := len(x.free) - 1; last >= 0 {
		slot, x.free = x.free[last], x.free[:last]
	} else {
		slot = int32(len(x.rows))
		x.rows = append(x.rows, Row{})
	}
	x.at[r.ID] = slot
	for _, o := range x.orders {
		o.in = append(o.in, place{r.key(o.sort), slot})
	}
	x.put(slot, r)
}

func (x *Index) change(slot int32, r *Row) {
	was := &x.rows[slot]
	for _, o := range x.orders {
		if before, now := was.key(o.sort), r.key(o.sort); before != now {
			o.out, o.in = append(o.out, place{before, slot}), append(o.in, place{now, slot})
		}
	}
	x.put(slot, r)
}

func (x *Index) put(slot int32, r *Row) {
	x.rev++
	x.rows[slot] = *r
	x.rows[slot].Rev = x.rev
	for _, f := range x.filters {
		f.set(slot, f.wish.likes(r))
	}
	if r.State == Unknown {
		x.unknown[slot] = struct{}{}
	} else {
		delete(x.unknown, slot)
	}
}

// Unknown returns up to n rows whose state is unknown.
func (x *Index) Unknown(n int) (out []Row) {
	for slot := range x.unknown {
		if len(out) == n {
			break
		}
		out = append(out, x.rows[slot])
	}
	return out
}

// Settle notes the state of a conversation's visitor, if that is still so.
func (x *Index) Settle(rows []Row) {
	changes := make([]Change, 0, len(rows))
	for i := range rows {
		slot, there := x.at[rows[i].ID]
		if there && x.rows[slot].State == Unknown && x.rows[slot].Conversation == rows[i].Conversation {
			r := x.rows[slot]
			r.State = rows[i].State
			changes = append(changes, Change{Row: r})
		}
	}
	x.Apply(changes)
}

// Row returns a visitor's row.
func (x *Index) Row(id chat.VisitorID) (Row, bool) {
	slot, there := x.at[id]
	if !there {
		return Row{}, false
	}
	return x.rows[slot], true
}

// Page returns up to q.Limit rows of those that match, from q.After on, and one more if there is one; and how many match in all.
func (x *Index) Page(q *chat.BoardQuery) (rows []Row, total int) {
	total = x.walk(q, q.Limit+1, func(_ float64, r *Row) { rows = append(rows, *r) })
	return rows, total
}

// Spots returns where the first q.Spots of those that match stand, and how many match in all.
func (x *Index) Spots(q *chat.BoardQuery) (spots []chat.BoardSpot, total int) {
	spots = make([]chat.BoardSpot, 0, min(q.Spots, len(x.at)))
	total = x.walk(q, q.Spots, func(key float64, r *Row) {
		spots = append(spots, chat.BoardSpot{BoardPlace: chat.BoardPlace{Key: key, ID: r.ID}, Seen: r.Seen, Rev: r.Rev})
	})
	return spots, total
}

// walk calls fn with up to n rows that match, in the order of the query, and returns how many match.
func (x *Index) walk(q *chat.BoardQuery, n int, fn func(key float64, r *Row)) (total int) {
	o, f := x.order(q.Order()), x.filter(q)
	if total = len(x.at); f != nil {
		total = f.total
	}
	step := -1
	if q.Asc {
		step = 1
	}
	for i := x.after(o, q); n > 0 && i >= 0 && i < len(o.places); i += step {
		if p := o.places[i]; f == nil || f.has(p.slot) {
			fn(p.key, &x.rows[p.slot])
			n--
		}
	}
	return total
}
