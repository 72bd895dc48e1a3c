package journal

import "slices"

// checkReader holds what one reader got and showed against the database.
func (c *checker) checkReader(r *reader) {
	forgotten := map[UUID]int{} // index in got of the last reset of a conversation
	for i, e := range r.got {
		if e.Op == OpReset {
			forgotten[e.Conv] = i
		}
	}
	views := map[UUID]*view{}
	for i, e := range r.got {
		if e.Op == OpReset {
			continue
		}
		at, isForgotten := forgotten[e.Conv]
		isForgotten = isForgotten && i < at
		ok := c.checkGot(r, &e, isForgotten)
		if e.Op != OpApply || isForgotten {
			continue
		}
		c.v.Applied++
		w := views[e.Conv]
		if w == nil {
			w = &view{seen: map[UUID]bool{}}
			views[e.Conv] = w
		}
		c.show(r, w, &e, ok)
	}
	for _, conv := range r.follows {
		c.checkComplete(r, conv, views[conv])
	}
}

// view is what a reader shows of one conversation.
type view struct {
	seen  map[UUID]bool
	last  uint64
	place int // in the database, of the last message shown, plus one
}

// checkGot judges one message that reached a reader, shown or not. It reports whether the database has it.
func (c *checker) checkGot(r *reader, e *Entry, isForgotten bool) bool {
	d := c.convs[r.place(e.Conv)]
	if d == nil {
		for _, other := range c.db {
			if other.ID == e.Conv {
				c.found(Leak, r, e.Conv, e.MID, "of another tenant")
				return false
			}
		}
		if !isForgotten {
			c.found(Phantom, r, e.Conv, e.MID, "got a message of a conversation that the database does not have")
		}
		return false
	}
	if !r.mayRead(d) {
		c.found(Leak, r, e.Conv, e.MID, "got a message of a conversation that it is not in")
	}
	at, ok := d.byMID[e.MID]
	if !ok {
		if !isForgotten {
			c.found(Phantom, r, e.Conv, e.MID, "got seq %d, which the database does not have", e.Seq)
		}
		return false
	}
	m := &d.Messages[at]
	if r.audience == Public && (m.Internal || e.Internal) {
		c.found(Leak, r, e.Conv, e.MID, "got an internal message")
	}
	if isForgotten {
		return true
	}
	switch {
	case e.Hash != m.Hash:
		c.found(Mismatch, r, e.Conv, e.MID, "got another body (seq %d, %s)", m.Seq, e.Via)
	case e.Seq != m.Seq:
		c.found(Mismatch, r, e.Conv, e.MID, "got seq %d, the database has %d", e.Seq, m.Seq)
	case e.Sender != m.Sender, e.CMID != m.CMID, e.Internal != m.Internal, e.System != m.System:
		c.found(Mismatch, r, e.Conv, e.MID, "got another sender, cmid, kind or visibility")
	}
	if want := d.prevFor(r, at); e.Prev != 0 && e.Prev != want {
		c.found(Chain, r, e.Conv, e.MID, "seq %d came with prev %d, want %d (%s)", e.Seq, e.Prev, want, e.Via)
	}
	return true
}

func (r *reader) mayRead(d *conversation) bool {
	if r.audience == Public {
		return d.Visitor == r.user
	}
	return len(r.only) == 0 || slices.Contains(r.only, d.ID)
}

// show puts a message at the end of a reader's view.
func (c *checker) show(r *reader, w *view, e *Entry, stored bool) {
	if w.seen[e.MID] {
		c.found(AppliedTwice, r, e.Conv, e.MID, "seq %d", e.Seq)
		return
	}
	w.seen[e.MID] = true
	inOrder := e.Seq > w.last
	if !inOrder {
		c.found(Order, r, e.Conv, e.MID, "shows seq %d after seq %d", e.Seq, w.last)
	}
	w.last = e.Seq
	if !stored {
		return
	}
	at := c.convs[r.place(e.Conv)].byMID[e.MID] + 1
	if at < w.place && inOrder {
		c.found(Order, r, e.Conv, e.MID, "shows in another order than the database")
	}
	w.place = max(w.place, at)
}

// checkComplete holds that a reader ended with everything it may see.
func (c *checker) checkComplete(r *reader, conv UUID, w *view) {
	d := c.convs[r.place(conv)]
	if d == nil {
		return // nothing is stored of it; what was acknowledged shows as lost
	}
	missing, first, from := 0, UUID{}, uint64(0)
	for i := range d.Messages {
		m := &d.Messages[i]
		if m.Internal && r.audience == Public || w != nil && w.seen[m.MID] {
			continue
		}
		if missing++; missing == 1 {
			first, from = m.MID, m.Seq
		}
	}
	if missing > 0 {
		c.found(Missing, r, conv, first, "%d of %d messages, the first with seq %d", missing, len(d.Messages), from)
	}
}
