package engine

// wheelSlots is how many seconds ahead the wheel sees. Later deadlines come round more than once.
const wheelSlots = 256

// wheelKeep is how many connections' room an empty slot may hold. Crowded seconds make theirs anew.
const wheelKeep = 1024

// wheel holds every connection of a loop in the slot of the second in which it is to be looked at. A connection is in it
// once, or not at all, and knows where: closed ones leave at once. Event loop only.
type wheel struct {
	slots [wheelSlots][]*Conn
	at    uint32 // the last second that was worked off
	spare []*Conn
}

// add puts a connection where due says, or as near to it as the wheel reaches; if it was elsewhere, it moves. due must be
// after at.
func (w *wheel) add(c *Conn, due uint32) {
	w.remove(c)
	c.due = max(due, w.at+1)
	c.slot = uint8(min(c.due, w.at+wheelSlots-1) % wheelSlots)
	w.slots[c.slot] = append(w.slots[c.slot], c)
	c.place = uint32(len(w.slots[c.slot]))
}

// remove takes a connection out, if it is in.
func (w *wheel) remove(c *Conn) {
	if c.place == 0 {
		return
	}
	list := w.slots[c.slot]
	last := list[len(list)-1]
	list[c.place-1], last.place = last, c.place
	list[len(list)-1] = nil
	w.slots[c.slot] = list[:len(list)-1]
	c.place = 0
}

// advance works off the seconds up to now: look is called for each connection that is due, and returns when to look
// again. 0 leaves it where look put it, or out.
func (w *wheel) advance(now uint32, look func(c *Conn) uint32) {
	for w.at < now {
		w.at++
		slot := w.at % wheelSlots
		list := w.slots[slot]
		w.slots[slot] = w.spare[:0]
		for _, c := range list {
			c.place = 0 // first all, so that none can be removed from a list that is not theirs any more
		}
		for _, c := range list {
			due := c.due
			if c.state == isGone || c.place != 0 {
				continue
			}
			if due <= w.at {
				due = look(c)
			}
			if due != 0 && c.state != isGone {
				w.add(c, due)
			}
		}
		clear(list)
		if cap(list) > wheelKeep || cap(list) > 4*len(list)+64 {
			list = nil // it would lie in an empty slot for a whole turn
		}
		w.spare = list[:0]
	}
}

// each calls fn for every connection. fn may move or remove the connection it is shown.
func (w *wheel) each(fn func(c *Conn)) {
	var all []*Conn
	for i := range w.slots {
		all = append(all, w.slots[i]...)
	}
	for _, c := range all {
		fn(c)
	}
}
