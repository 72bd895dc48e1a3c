package journal

import "testing"

// TestForkTakesBack: a SENDACK from before a fork may name another seq than the database ends with; that the message is there, once,
// is asked for all the same.
func TestForkTakesBack(t *testing.T) {
	w := newWorld(1)
	conv := w.pair("shop")
	c := w.clients[0]
	body := []byte(`{"text":"hello"}`)
	m := Stored{CMID: w.id(), Sender: c.who.User, Hash: HashBody(body)}
	m.MID = messageID(conv.ID, m.Sender, m.CMID)
	c.j.Send(conv.ID, m.CMID, body, false, false)
	c.j.Ack(conv.ID, m.CMID, m.MID, 1_000_000, 0, false)
	fork := len(w.rec.Entries())
	for _, c := range w.clients { // they all drop their copies and read anew
		c.j.Reset(conv.ID)
		c.shown[conv.ID] = 0
		c.catchUp(conv, ViaPage)
	}
	c.j.Send(conv.ID, m.CMID, body, false, true)
	m = w.append(conv, m)
	c.j.Ack(conv.ID, m.CMID, m.MID, m.Seq, 0, false)
	w.finish()
	h := w.history()
	if v := Check(h.entries, h.db); !v.Clean() || v.Acked != 1 || v.TakenBack != 1 {
		t.Errorf("after a fork: %s\ntaken back: %d", v, v.TakenBack)
	}

	// The same without the sender's reset: nobody told it.
	without := append(append([]Entry(nil), h.entries[:fork]...), h.entries[fork+1:]...)
	if v := Check(without, h.db); v.Count(AckMismatch) == 0 {
		t.Errorf("without a reset: %s", v)
	}

	// Acknowledged, taken back, and never stored again.
	lost := h.db[0].Messages[:len(h.db[0].Messages)-1]
	before := h.entries[:fork+len(w.clients)]
	if v := Check(before, []Conversation{{ID: conv.ID, Tenant: conv.Tenant, Visitor: conv.Visitor, Messages: lost}}); v.Count(Lost) != 1 {
		t.Errorf("never stored again: %s", v)
	}
}
