package journal

import "slices"

// mutations each break one promise. They return false if the history has nothing to break.
var mutations = []struct {
	name   string
	want   Kind
	mutate func(h *history, choose func(n int) int) bool
}{
	{"acknowledged message not stored", Lost, func(h *history, choose func(int) int) bool {
		i := h.pick(choose, op(OpAck))
		if i < 0 {
			return false
		}
		c := h.conv(h.entries[i].Conv)
		c.Messages = slices.DeleteFunc(c.Messages, func(m Stored) bool { return m.MID == h.entries[i].MID })
		return true
	}},
	{"stored twice with one mid", Doubled, func(h *history, choose func(int) int) bool {
		c := &h.db[choose(len(h.db))]
		m := c.Messages[choose(len(c.Messages))]
		m.Seq = c.Messages[len(c.Messages)-1].Seq + 1
		c.Messages = append(c.Messages, m)
		return true
	}},
	{"stored twice with one cmid and another mid", Doubled, func(h *history, choose func(int) int) bool {
		i := h.pick(choose, op(OpAck))
		if i < 0 {
			return false
		}
		c := h.conv(h.entries[i].Conv)
		for _, m := range c.Messages {
			if m.MID == h.entries[i].MID {
				m.MID[0]++
				m.Seq = c.Messages[len(c.Messages)-1].Seq + 1
				c.Messages = append(c.Messages, m)
				return true
			}
		}
		return false
	}},
	{"stored in two conversations", Doubled, func(h *history, choose func(int) int) bool {
		a, b := &h.db[0], &h.db[1]
		m := a.Messages[choose(len(a.Messages))]
		m.Seq = b.Messages[len(b.Messages)-1].Seq + 1
		b.Messages = append(b.Messages, m)
		return true
	}},
	{"stored and never sent", Phantom, func(h *history, choose func(int) int) bool {
		c := &h.db[choose(len(h.db))]
		m := Stored{CMID: UUID{7}, Sender: c.Visitor, Seq: c.Messages[len(c.Messages)-1].Seq + 1}
		m.MID = messageID(c.ID, m.Sender, m.CMID)
		c.Messages = append(c.Messages, m)
		return true
	}},
	{"shown and not stored", Phantom, func(h *history, choose func(int) int) bool {
		i := h.pick(choose, op(OpApply))
		e := h.entries[i]
		e.MID[0]++
		e.Seq += 1000
		h.add(e)
		return true
	}},
	{"refused and stored", Refused, func(h *history, choose func(int) int) bool {
		i := h.pick(choose, op(OpFail))
		if i < 0 {
			return false
		}
		e := h.entries[i]
		c, user := h.conv(e.Conv), h.reader(e.Reader).User
		c.Messages = append(c.Messages, Stored{
			MID: messageID(c.ID, user, e.CMID), CMID: e.CMID, Sender: user,
			Seq: c.Messages[len(c.Messages)-1].Seq + 1, Hash: HashBody([]byte(`{"text":"refused"}`)),
		})
		return true
	}},
	{"reader ends without a message", Missing, func(h *history, choose func(int) int) bool {
		i := h.pick(choose, op(OpApply))
		h.entries = slices.Delete(h.entries, i, i+1)
		return true
	}},
	{"message shown twice", AppliedTwice, func(h *history, choose func(int) int) bool {
		i := h.pick(choose, op(OpApply))
		h.add(h.entries[i])
		return true
	}},
	{"messages shown in another order", Order, func(h *history, choose func(int) int) bool {
		i := h.pick(choose, op(OpApply))
		for j := i + 1; j < len(h.entries); j++ {
			if a, b := h.entries[i], h.entries[j]; b.Op == OpApply && b.Reader == a.Reader && b.Conv == a.Conv {
				h.entries[i], h.entries[j] = b, a
				h.entries[i].Time, h.entries[j].Time = a.Time, b.Time
				return true
			}
		}
		return false
	}},
	{"database order is not its seqs'", Order, func(h *history, choose func(int) int) bool {
		c := &h.db[choose(len(h.db))]
		if len(c.Messages) < 2 {
			return false
		}
		i := choose(len(c.Messages) - 1)
		c.Messages[i], c.Messages[i+1] = c.Messages[i+1], c.Messages[i]
		return true
	}},
	{"sent after an acknowledgement, stored before", SenderOrder, func(h *history, choose func(int) int) bool {
		i := h.pick(choose, func(e *Entry) bool { return e.Op == OpAck && !e.Dup })
		if i < 0 {
			return false
		}
		// Move the acknowledgement to before the first SEND of an earlier message of the same sender.
		ack := h.entries[i]
		for j := range i {
			e := h.entries[j]
			if e.Op != OpSend || e.Reader != ack.Reader || e.CMID == ack.CMID || e.Dup {
				continue
			}
			c, sender := h.conv(e.Conv), h.reader(e.Reader).User
			if !slices.ContainsFunc(c.Messages, func(m Stored) bool { return m.Sender == sender && m.CMID == e.CMID && m.Seq < ack.Seq }) {
				continue
			}
			var send Entry
			for _, s := range h.entries {
				if s.Op == OpSend && s.CMID == ack.CMID && !s.Dup {
					send = s
				}
			}
			ack.Time, send.Time = e.Time-1, e.Time-1
			h.entries = slices.Delete(h.entries, i, i+1)
			h.entries = slices.Insert(h.entries, j, send, ack)
			return true
		}
		return false
	}},
	{"SENDACK with another seq", AckMismatch, func(h *history, choose func(int) int) bool {
		i := h.pick(choose, op(OpAck))
		if i < 0 {
			return false
		}
		h.entries[i].Seq++
		return true
	}},
	{"SENDACK with another mid", AckMismatch, func(h *history, choose func(int) int) bool {
		i := h.pick(choose, op(OpAck))
		if i < 0 {
			return false
		}
		h.entries[i].MID[3]++
		return true
	}},
	{"accepted twice", AckMismatch, func(h *history, choose func(int) int) bool {
		i := h.pick(choose, func(e *Entry) bool { return e.Op == OpAck && !e.Dup })
		if i < 0 {
			return false
		}
		h.add(h.entries[i])
		return true
	}},
	{"another body reached a reader", Mismatch, func(h *history, choose func(int) int) bool {
		i := h.pick(choose, op(OpApply))
		h.entries[i].Hash = "0"
		return true
	}},
	{"another body was stored", Mismatch, func(h *history, choose func(int) int) bool {
		c := &h.db[choose(len(h.db))]
		c.Messages[choose(len(c.Messages))].Hash = "0"
		return true
	}},
	{"another sender reached a reader", Mismatch, func(h *history, choose func(int) int) bool {
		i := h.pick(choose, op(OpApply))
		h.entries[i].Sender[0]++
		return true
	}},
	{"prev leaves one out", Chain, func(h *history, choose func(int) int) bool {
		i := h.pick(choose, func(e *Entry) bool { return e.Op == OpApply && e.Prev > 0 })
		if i < 0 {
			return false
		}
		h.entries[i].Prev--
		return h.entries[i].Prev > 0
	}},
	{"message of a foreign conversation", Leak, func(h *history, choose func(int) int) bool {
		i := h.pick(choose, op(OpApply))
		e := h.entries[i]
		for _, r := range h.entries {
			if r.Op == OpReader && r.User != h.reader(e.Reader).User && r.Tenant == h.reader(e.Reader).Tenant && !slices.Contains(r.Only, e.Conv) {
				if c := h.conv(e.Conv); c.Visitor == r.User || r.Audience == All && h.conv(r.Only[0]).ID == e.Conv {
					continue
				}
				e.Reader, e.Op = r.Reader, OpReceive // even if it does not show it
				h.add(e)
				return true
			}
		}
		return false
	}},
	{"message of a foreign tenant", Leak, func(h *history, choose func(int) int) bool {
		i := h.pick(choose, op(OpApply))
		e := h.entries[i]
		for _, r := range h.entries {
			if r.Op == OpReader && r.Tenant != h.reader(e.Reader).Tenant {
				e.Reader = r.Reader
				h.add(e)
				return true
			}
		}
		return false
	}},
	{"internal note reached a visitor", Leak, func(h *history, choose func(int) int) bool {
		i := h.pick(choose, func(e *Entry) bool { return e.Op == OpApply && e.Internal })
		if i < 0 {
			return false
		}
		e := h.entries[i]
		for _, r := range h.entries {
			if r.Op == OpReader && r.User == h.conv(e.Conv).Visitor {
				e.Reader, e.Op = r.Reader, OpReceive
				h.add(e)
				return true
			}
		}
		return false
	}},
	{"entry of nobody", Unknown, func(h *history, choose func(int) int) bool {
		i := h.pick(choose, op(OpApply))
		h.entries[i].Reader = "nobody"
		return true
	}},
}
