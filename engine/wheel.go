package engine

// wheelSlots is how many seconds ahead the wheel sees. Later deadlines come round more than once.
const wheelSlots = 256

// wheel holds every connection of a loop in the slot of the second in which it is to be looked at. Closed connections
// stay until their slot comes. Event loop only.
type wheel struct {
	slots [wheelSlots][]*Conn
	at    uint32 // the last second that was worked off
	spare []*Conn
}

// add puts a connection where due says, or as near to it as the wheel reaches. due must be after at.
func (w *wheel) add(c *Conn, due uint32) {
	c.due = max(due, w.at+1)
	slot := min(c.due, w.at+wheelSlots-1) % wheelSlots
	w.slots[slot] = append(w.slots[slot], c)
}

// advance works off the seconds up to now: look is called for each connection that is due, and returns when to look
// again (0: never).
func (w *wheel) advance(now uint32, look func(c *Conn) uint32) {
	for w.at < now {
		w.at++
		slot := w.at % wheelSlots
		list := w.slots[slot]
		w.slots[slot] = w.spare[:0]
		for _, c := range list {
			if c.state == isGone {
				continue
			}
			due := c.due
			if due <= w.at {
				due = look(c)
			}
			if due != 0 && c.state != isGone {
				w.add(c, due)
			}
		}
		clear(list)
		if cap(list) > 4*len(list)+64 {
			list = nil // one crowded second must not hold its memory for ever
		}
		w.spare = list[:0]
	}
}

// each calls fn for every connection that is not gone.
func (w *wheel) each(fn func(c *Conn)) {
	for i := range w.slots {
		for _, c := range w.slots[i] {
			if c.state != isGone {
				fn(c)
			}
		}
	}
}
