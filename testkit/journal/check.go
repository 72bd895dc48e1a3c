package journal

import (
	"cmp"
	"fmt"
	"slices"
)

// Check compares journals with what the database holds once traffic has stopped and every reader has caught up. The
// entries may be of several recorders; those of one reader must be in their order.
func Check(entries []Entry, database []Conversation) *Verdict {
	c := &checker{
		v:       new(Verdict),
		readers: map[string]*reader{},
		sent:    map[message]*sending{},
		acked:   map[copyOf][]*sending{},
		convs:   map[place]*conversation{},
	}
	entries = slices.Clone(entries)
	slices.SortStableFunc(entries, func(a, b Entry) int { return cmp.Compare(a.Time, b.Time) })
	c.readDatabase(database)
	c.readJournals(entries)
	c.checkDatabase()
	c.checkSendings()
	c.checkSenderOrder(entries)
	for _, r := range c.order {
		c.checkReader(r)
	}
	c.count()
	return c.v
}

// place names a conversation: its id is chosen by a client, so that two tenants may have the same.
type place struct {
	tenant string
	conv   UUID
}

// message names what a sender means by one cmid.
type message struct {
	place
	sender, cmid UUID
}

// sending is what the journals say of one message.
type sending struct {
	hash     string
	internal bool
	times    int
	acks     []Entry
	void     int // acks that a fork took back: see OpReset
	failed   uint16
}

// copyOf is what one reader has of one conversation.
type copyOf struct {
	reader string
	conv   UUID
}

type reader struct {
	name     string
	user     UUID
	tenant   string
	audience Audience
	only     []UUID
	follows  []UUID
	got      []Entry // OpReceive, OpApply, OpReset in order
}

func (r *reader) place(conv UUID) place { return place{r.tenant, conv} }

// conversation is the database's, with what makes looking up fast.
type conversation struct {
	Conversation
	byMID      map[UUID]int
	prev       []uint64 // of each message, all entries counted
	prevPublic []uint64
}

type checker struct {
	v       *Verdict
	readers map[string]*reader
	order   []*reader
	sent    map[message]*sending
	acked   map[copyOf][]*sending // by who got the SENDACK, since its last reset
	convs   map[place]*conversation
	db      []*conversation
}

func (c *checker) found(k Kind, r *reader, conv, mid UUID, format string, args ...any) {
	p := Problem{Kind: k, Conv: conv, MID: mid, Detail: fmt.Sprintf(format, args...)}
	if r != nil {
		p.Reader = r.name
	}
	c.v.Problems = append(c.v.Problems, p)
}

func (c *checker) readDatabase(database []Conversation) {
	for _, conv := range database {
		d := &conversation{Conversation: conv, byMID: make(map[UUID]int, len(conv.Messages))}
		at := place{conv.Tenant, conv.ID}
		if c.convs[at] != nil {
			c.found(Doubled, nil, conv.ID, UUID{}, "the conversation is listed twice")
			continue
		}
		var prev, prevPublic uint64
		for i, m := range conv.Messages {
			if _, twice := d.byMID[m.MID]; !twice {
				d.byMID[m.MID] = i
			}
			d.prev = append(d.prev, prev)
			d.prevPublic = append(d.prevPublic, prevPublic)
			prev = m.Seq
			if !m.Internal {
				prevPublic = m.Seq
			}
		}
		c.convs[at] = d
		c.db = append(c.db, d)
	}
}

func (c *checker) readJournals(entries []Entry) {
	for _, e := range entries {
		r := c.readers[e.Reader]
		if e.Op == OpReader {
			if r == nil {
				r = &reader{name: e.Reader, user: e.User, tenant: e.Tenant, audience: e.Audience, only: e.Only}
				c.readers[e.Reader] = r
				c.order = append(c.order, r)
			} else if r.user != e.User || r.tenant != e.Tenant || r.audience != e.Audience {
				c.found(Unknown, r, UUID{}, UUID{}, "one name for two readers")
			}
			continue
		}
		if r == nil {
			c.found(Unknown, nil, e.Conv, e.MID, "entry of %q, which was never introduced", e.Reader)
			continue
		}
		c.readEntry(r, e)
	}
}

func (c *checker) readEntry(r *reader, e Entry) {
	key := message{r.place(e.Conv), r.user, e.CMID}
	switch e.Op {
	case OpFollow:
		if !slices.Contains(r.follows, e.Conv) {
			r.follows = append(r.follows, e.Conv)
		}
	case OpUnfollow:
		r.follows = slices.DeleteFunc(r.follows, func(id UUID) bool { return id == e.Conv })
	case OpSend:
		s := c.sent[key]
		if s == nil {
			s = &sending{hash: e.Hash, internal: e.Internal}
			c.sent[key] = s
		} else if s.hash != e.Hash {
			c.found(Unknown, r, e.Conv, e.MID, "cmid %s was sent with two bodies", e.CMID)
		}
		s.times++
	case OpAck, OpFail:
		s := c.sent[key]
		if s == nil {
			c.found(Phantom, r, e.Conv, e.MID, "%s for cmid %s, which was never sent", e.Op, e.CMID)
			return
		}
		if e.Op == OpAck {
			s.acks = append(s.acks, e)
			of := copyOf{e.Reader, e.Conv}
			c.acked[of] = append(c.acked[of], s)
		} else {
			s.failed = e.Code
		}
	case OpReceive, OpApply:
		r.got = append(r.got, e)
	case OpReset:
		r.got = append(r.got, e)
		c.takeBack(copyOf{e.Reader, e.Conv})
	default:
		c.found(Unknown, r, e.Conv, e.MID, "unknown op %q", e.Op)
	}
}

// takeBack voids what a reader's SENDACKs said of a conversation: history forked, and the message may have got another seq
// since. That it was acknowledged stays.
func (c *checker) takeBack(of copyOf) {
	for _, s := range c.acked[of] {
		keep := s.acks[:0]
		for _, a := range s.acks {
			if a.Reader == of.reader {
				s.void++
			} else {
				keep = append(keep, a)
			}
		}
		s.acks = keep
	}
	delete(c.acked, of)
}

// checkDatabase looks at the database by itself and for what nobody sent.
func (c *checker) checkDatabase() {
	everywhere := map[UUID]UUID{}
	for _, d := range c.db {
		named := map[message]bool{}
		var last uint64
		for i, m := range d.Messages {
			if m.Seq <= last {
				c.found(Order, nil, d.ID, m.MID, "seq %d follows seq %d in the database", m.Seq, last)
			}
			last = m.Seq
			key := message{place{d.Tenant, d.ID}, m.Sender, m.CMID}
			other, elsewhere := everywhere[m.MID]
			switch {
			case d.byMID[m.MID] != i:
				c.found(Doubled, nil, d.ID, m.MID, "one mid, seqs %d and %d", d.Messages[d.byMID[m.MID]].Seq, m.Seq)
			case named[key] && m.CMID != (UUID{}):
				c.found(Doubled, nil, d.ID, m.MID, "cmid %s of one sender is there twice", m.CMID)
			case elsewhere && other != d.ID:
				c.found(Doubled, nil, d.ID, m.MID, "also in conversation %s", other)
			}
			named[key] = true
			everywhere[m.MID] = d.ID
			if !m.System {
				c.checkStored(d, &m, c.sent[key])
			}
		}
	}
}

func (c *checker) checkStored(d *conversation, m *Stored, s *sending) {
	c.v.Stored++
	if want := messageID(d.ID, m.Sender, m.CMID); m.MID != want {
		c.found(Mismatch, nil, d.ID, m.MID, "the rule makes its mid %s", want)
	}
	switch {
	case s == nil:
		c.found(Phantom, nil, d.ID, m.MID, "seq %d, cmid %s, sender %s", m.Seq, m.CMID, m.Sender)
	case s.failed != 0 && len(s.acks)+s.void == 0:
		c.found(Refused, nil, d.ID, m.MID, "ERROR %d ended it, and it is stored with seq %d", s.failed, m.Seq)
	case s.hash != m.Hash:
		c.found(Mismatch, nil, d.ID, m.MID, "stored body differs from the one that was sent")
	case s.internal != m.Internal:
		c.found(Mismatch, nil, d.ID, m.MID, "stored visibility differs from the one that was sent")
	}
}

// checkSendings holds every acknowledgement against the database.
func (c *checker) checkSendings() {
	for key, s := range c.sent {
		d := c.convs[key.place]
		mid := messageID(key.conv, key.sender, key.cmid)
		at, stored := 0, false
		if d != nil {
			at, stored = d.find(mid, key)
		}
		if s.void > 0 && len(s.acks) == 0 && !stored {
			c.found(Lost, nil, key.conv, mid, "acknowledged, and taken back by a fork")
		}
		accepted := 0
		for _, a := range s.acks {
			r := c.readers[a.Reader]
			if !a.Dup {
				accepted++
			}
			if !stored {
				c.found(Lost, r, key.conv, mid, "acknowledged with seq %d", a.Seq)
				break
			}
			m := d.Messages[at]
			if a.Seq != m.Seq || a.MID != m.MID {
				c.found(AckMismatch, r, key.conv, mid, "SENDACK has seq %d and mid %s, the database seq %d and mid %s", a.Seq, a.MID, m.Seq, m.MID)
				continue
			}
			if want := d.prevFor(r, at); a.Prev != 0 && a.Prev != want {
				c.found(Chain, r, key.conv, mid, "SENDACK of seq %d has prev %d, want %d", a.Seq, a.Prev, want)
			}
		}
		if accepted > 1 {
			c.found(AckMismatch, nil, key.conv, mid, "accepted %d times without dup", accepted)
		}
	}
}

// find returns where a message is, by its mid or else by sender and cmid.
func (d *conversation) find(mid UUID, key message) (int, bool) {
	if at, ok := d.byMID[mid]; ok {
		return at, true
	}
	for i := range d.Messages {
		if d.Messages[i].Sender == key.sender && d.Messages[i].CMID == key.cmid {
			return i, true
		}
	}
	return 0, false
}

func (d *conversation) prevFor(r *reader, at int) uint64 {
	if r.audience == Public {
		return d.prevPublic[at]
	}
	return d.prev[at]
}

// checkSenderOrder holds I4: what a sender first sends after an acknowledgement is stored after what was acknowledged.
func (c *checker) checkSenderOrder(entries []Entry) {
	type line struct {
		place
		sender UUID
	}
	acked := map[line]uint64{}
	begun := map[message]bool{}
	for _, e := range entries {
		r := c.readers[e.Reader]
		if r == nil || e.Op != OpSend && e.Op != OpAck {
			continue
		}
		l := line{r.place(e.Conv), r.user}
		if e.Op == OpAck {
			acked[l] = max(acked[l], e.Seq)
			continue
		}
		key := message{l.place, r.user, e.CMID}
		if begun[key] {
			continue
		}
		begun[key] = true
		d := c.convs[l.place]
		if d == nil || acked[l] == 0 {
			continue
		}
		mid := messageID(e.Conv, r.user, e.CMID)
		if at, ok := d.find(mid, key); ok && d.Messages[at].Seq <= acked[l] {
			c.found(SenderOrder, r, e.Conv, mid, "stored with seq %d, though first sent after seq %d was acknowledged", d.Messages[at].Seq, acked[l])
		}
	}
}

func (c *checker) count() {
	v := c.v
	v.Readers, v.Conversations = len(c.order), len(c.db)
	for _, s := range c.sent {
		v.Sent++
		v.Retries += s.times - 1
		if s.void > 0 {
			v.TakenBack++
		}
		for _, a := range s.acks {
			if a.Dup {
				v.DupAcks++
			}
		}
		switch {
		case len(s.acks)+s.void > 0:
			v.Acked++
		case s.failed != 0:
			v.Failed++
		default:
			v.Open++
		}
	}
}
