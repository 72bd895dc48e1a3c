package journal

import (
	"fmt"
	"math/rand/v2"
)

// world makes histories that keep every promise: a tiny server that can't fail, and clients that can be away.
type world struct {
	rnd     *rand.Rand
	rec     *Recorder
	convs   []*Conversation
	clients []*client
}

// client is a reader and a sender.
type client struct {
	w       *world
	j       *Journal
	who     Reader
	follows []*Conversation
	shown   map[UUID]int // per conversation, messages of the database that were looked at
	away    bool
}

func newWorld(seed uint64) *world {
	return &world{rnd: rand.New(rand.NewPCG(seed, 1)), rec: NewRecorder(nil)}
}

func (w *world) id() (id UUID) {
	for i := range id {
		id[i] = byte(w.rnd.Uint32())
	}
	id[6], id[8] = id[6]&0x0f|0x70, id[8]&0x3f|0x80
	return id
}

// pair makes a conversation of a visitor, its second tab, and an agent on two screens.
func (w *world) pair(tenant string) *Conversation {
	conv := &Conversation{ID: w.id(), Tenant: tenant, Visitor: w.id()}
	w.convs = append(w.convs, conv)
	agent := w.id()
	n := len(w.clients)
	for i, who := range []Reader{
		{User: conv.Visitor, Audience: Public},
		{User: conv.Visitor, Audience: Public},
		{User: agent, Audience: All, Only: []UUID{conv.ID}},
		{User: agent, Audience: All, Only: []UUID{conv.ID}},
	} {
		who.Name, who.Tenant = fmt.Sprintf("client %d", n+i), tenant
		c := &client{w: w, j: w.rec.Add(who), who: who, follows: []*Conversation{conv}, shown: map[UUID]int{}}
		c.j.Follow(conv.ID)
		w.clients = append(w.clients, c)
	}
	w.system(conv)
	return conv
}

// system appends a message of the server's own.
func (w *world) system(conv *Conversation) {
	w.append(conv, Stored{MID: w.id(), Hash: HashBody([]byte(`{"event":"conversation.created"}`)), System: true})
}

func (w *world) append(conv *Conversation, m Stored) Stored {
	m.Seq = uint64(1 + w.rnd.IntN(3))
	if n := len(conv.Messages); n > 0 {
		m.Seq += conv.Messages[n-1].Seq
	}
	conv.Messages = append(conv.Messages, m)
	for _, c := range w.clients {
		if !c.away && m.Sender != c.who.User {
			c.catchUp(conv, ViaLive)
		}
	}
	return m
}

// catchUp shows what the client has not looked at yet.
func (c *client) catchUp(conv *Conversation, via Via) {
	for i := c.shown[conv.ID]; i < len(conv.Messages) && c.in(conv); i++ {
		c.shown[conv.ID] = i + 1
		if m := conv.Messages[i]; !m.Internal || c.who.Audience == All {
			c.j.Apply(Entry{
				Conv: conv.ID, CMID: m.CMID, MID: m.MID, Sender: m.Sender, Seq: m.Seq, Prev: c.prev(conv, i),
				Hash: m.Hash, Internal: m.Internal, System: m.System, Via: via,
			})
		}
	}
}

func (c *client) in(conv *Conversation) bool {
	for _, f := range c.follows {
		if f == conv {
			return true
		}
	}
	return false
}

func (c *client) prev(conv *Conversation, at int) uint64 {
	for i := at - 1; i >= 0; i-- {
		if m := conv.Messages[i]; !m.Internal || c.who.Audience == All {
			return m.Seq
		}
	}
	return 0
}

// send sends one message; answered says whether an acknowledgement comes, retries how often it is sent again.
func (c *client) send(answered bool, retries int) Stored {
	conv := c.follows[0]
	internal := c.who.Audience == All && c.w.rnd.IntN(4) == 0
	body := fmt.Appendf(nil, `{"text":"message %d"}`, c.w.rnd.Uint64())
	m := Stored{CMID: c.w.id(), Sender: c.who.User, Hash: HashBody(body), Internal: internal}
	m.MID = messageID(conv.ID, m.Sender, m.CMID)
	c.j.Send(conv.ID, m.CMID, body, internal, false)
	m = c.w.append(conv, m)
	at := len(conv.Messages) - 1
	for range retries {
		c.j.Send(conv.ID, m.CMID, body, internal, true)
	}
	if answered {
		c.j.Ack(conv.ID, m.CMID, m.MID, m.Seq, c.prev(conv, at), false)
	}
	for range retries {
		c.j.Ack(conv.ID, m.CMID, m.MID, m.Seq, c.prev(conv, at), true)
	}
	c.catchUp(conv, ViaAck)
	return m
}

// fail sends a message that the server refuses.
func (c *client) fail() {
	conv, cmid := c.follows[0], c.w.id()
	c.j.Send(conv.ID, cmid, []byte(`{"text":"refused"}`), false, false)
	c.j.Fail(conv.ID, cmid, 413)
}

// run makes n random things happen and ends with everyone complete.
func (w *world) run(n int) {
	for range n {
		c := w.clients[w.rnd.IntN(len(w.clients))]
		switch w.rnd.IntN(10) {
		case 0:
			c.away = true
		case 1:
			c.away = false
			c.catchUp(c.follows[0], ViaPage)
		case 2:
			c.fail()
		case 3:
			w.system(c.follows[0])
		default:
			c.send(w.rnd.IntN(5) > 0, w.rnd.IntN(3))
		}
	}
	w.finish()
}

func (w *world) finish() {
	for _, c := range w.clients {
		c.away = false
		for _, conv := range c.follows {
			c.catchUp(conv, ViaPage)
		}
	}
}

func (w *world) database() []Conversation {
	var db []Conversation
	for _, c := range w.convs {
		db = append(db, *c)
	}
	return db
}
