package bench

import (
	"github.com/uniqchat/uniqchat/codec"
)

// chatLoop is one loop's share of a Chat. Event loop only.
type chatLoop struct {
	run    *chatRun
	loop   *Loop
	pairs  []*pair
	agents []*chatAgent
	ramp   ramp
	bodies [][]byte

	cursor     int     // counts messages: whose turn it is
	rate       float64 // messages a second; 0 in a closed loop
	began      int64
	paced      int64 // messages of the open loop so far
	from, to   int64 // what was meant to be sent between these counts
	talking    bool
	overloaded bool
	flying     int // not delivered yet
	tick       func()

	deliver, ack, lag *Histogram
}

func newChatLoop(r *chatRun, l *Loop) *chatLoop {
	h := &chatLoop{run: r, loop: l, deliver: NewHistogram(), ack: NewHistogram(), lag: NewHistogram()}
	h.tick = h.pace
	return h
}

// pair is a visitor and an agent in a conversation.
type pair struct {
	home    *chatLoop
	index   uint32
	conv    codec.UUID
	visitor chatVisitor
	agent   *chatAgent
	views   [2]*View  // the visitor's and the agent's
	bases   [2]uint64 // seq from which each view's digest counts
	sides   [2]side   // by direction
	up      bool
	broken  bool
}

// side is one direction of a pair.
type side struct {
	sent, acked, refused uint32
	got                  tally
	doubled              uint32
	reordered            uint32
}

type chatVisitor struct {
	Client
	NoEvents
	pair *pair
}

type chatAgent struct {
	Client
	NoEvents
	home  *chatLoop
	begun bool
}

// startAgents connects the agents; the visitors follow once all agents of this loop are there.
func (h *chatLoop) startAgents() {
	for i, a := range h.agents {
		a.Device = h.loop.newUUID()
		a.start(h.loop, h.run.targetOf(i), a)
	}
}

// Ready implements Events.
func (a *chatAgent) Ready(_ *Client, again bool) {
	if again || a.begun {
		return
	}
	a.begun = true
	h := a.home
	for _, other := range h.agents {
		if !other.begun {
			return
		}
	}
	h.ramp = ramp{total: len(h.pairs), start: func(i int) {
		p := h.pairs[i]
		p.visitor.Device = h.loop.newUUID()
		p.visitor.start(h.loop, h.run.targetOf(int(p.index)), &p.visitor)
	}}
	h.ramp.begin(max(h.run.cfg.Ramp/len(h.run.homes), 1))
}

// Gone implements Events.
func (a *chatAgent) Gone(_ *Client, why string) {
	a.home.run.problem("an agent is gone: %s", why)
	for _, p := range a.home.pairs {
		if p.agent == a {
			p.fail("its agent is gone")
		}
	}
}

// Gone implements Events.
func (v *chatVisitor) Gone(_ *Client, why string) { v.pair.fail(why) }

func (p *pair) fail(why string) {
	if p.broken {
		return
	}
	p.broken = true
	p.home.run.problem("pair %d: %s", p.index, why)
	if !p.up {
		p.home.run.broken.Add(1)
		p.home.ramp.done()
	}
}

// Ready implements Events: the visitor opens its conversation, or the one it has.
func (v *chatVisitor) Ready(_ *Client, again bool) {
	if again {
		return
	}
	p := v.pair
	if v.Conv != (codec.UUID{}) {
		p.conv = v.Conv
		p.views[0] = v.Join(p.conv)
		return
	}
	p.conv = v.loop.newUUID()
	p.views[0] = v.View(p.conv)
	v.Client.Send(p.conv, 0, hello)
}

// Joined implements Events.
func (v *chatVisitor) Joined(*Client, *View) { v.pair.visitorUp() }

func (p *pair) visitorUp() {
	if p.views[1] == nil && !p.broken {
		p.views[1] = p.agent.View(p.conv)
		p.views[1].Data = p
		p.agent.Join(p.conv)
	}
}

// Joined implements Events: the agent says hello, which assigns the conversation.
func (a *chatAgent) Joined(_ *Client, v *View) {
	p := v.Data.(*pair)
	s := stamp{run: a.home.run.id, pair: p.index, dir: 1, at: nanotime()}
	a.Client.Send(p.conv, uint64(p.index)<<32, s.append(nil, minBody))
}

// JoinRefused implements Events.
func (a *chatAgent) JoinRefused(_ *Client, v *View, e *codec.Error) {
	v.Data.(*pair).fail("JOIN refused: " + e.Message)
}

// JoinRefused implements Events.
func (v *chatVisitor) JoinRefused(_ *Client, _ *View, e *codec.Error) {
	v.pair.fail("JOIN refused: " + e.Message)
}

// greeted says that one side has the agent's hello: from here on both must see the same order.
func (p *pair) greeted(side int) {
	v := p.views[side]
	v.From, v.Sum = v.Last, 0
	p.bases[side] = v.Last
	if p.bases[0] > 0 && p.bases[1] > 0 && !p.up && !p.broken {
		p.up = true
		p.home.run.ready.Add(1)
		p.home.ramp.done()
	}
}

// begin starts to talk: at a rate of the loop's own, or with closed messages on their way.
func (h *chatLoop) begin(rate float64, closed int, from, to int64) {
	h.deliver.Reset()
	h.ack.Reset()
	h.lag.Reset()
	h.rate, h.from, h.to = rate, from, to
	h.talking, h.overloaded = true, false
	h.began, h.paced = nanotime(), 0
	if rate > 0 {
		h.pace()
		return
	}
	for range closed {
		h.next(nanotime())
	}
}

func (h *chatLoop) end() { h.talking = false }

// pace sends everything that is due.
func (h *chatLoop) pace() {
	if !h.talking {
		return
	}
	now := nanotime()
	if h.flying > max(int(h.rate*5), 5000) {
		h.overloaded, h.talking = true, false
		return
	}
	for {
		due := h.began + int64(float64(h.paced)*1e9/h.rate)
		if due > now {
			h.loop.at(due, h.tick)
			return
		}
		h.paced++
		if due >= h.from && due < h.to {
			h.lag.Record(now - due)
		}
		h.next(due)
	}
}

// next sends one message of the pair whose turn it is; visitors and agents take turns.
func (h *chatLoop) next(at int64) {
	for range h.pairs {
		k := h.cursor
		h.cursor++
		p := h.pairs[k%len(h.pairs)]
		if !p.broken {
			p.say(k/len(h.pairs)&1, at)
			return
		}
	}
}

func (p *pair) say(dir int, at int64) {
	h := p.home
	side := &p.sides[dir]
	side.sent++
	h.flying++
	h.run.sent.Add(1)
	s := stamp{h.run.id, p.index, uint8(dir), side.sent, at}
	body := s.append(h.takeBody(), h.run.s.Size)
	tag := uint64(p.index)<<32 | uint64(side.sent)
	if dir == 0 {
		p.visitor.Client.Send(p.conv, tag, body)
	} else {
		p.agent.Client.Send(p.conv, tag, body)
	}
}

func (h *chatLoop) takeBody() []byte {
	if n := len(h.bodies); n > 0 {
		b := h.bodies[n-1]
		h.bodies = h.bodies[:n-1]
		return b[:0]
	}
	return make([]byte, 0, h.run.s.Size)
}

// Acked implements Events.
func (v *chatVisitor) Acked(_ *Client, s *Sending) {
	if s.Tag == 0 {
		v.pair.visitorUp()
		return
	}
	v.pair.acked(0, s)
}

// Acked implements Events.
func (a *chatAgent) Acked(c *Client, s *Sending) {
	p := a.pairOf(s)
	if p == nil {
		return
	}
	if uint32(s.Tag) == 0 {
		p.greeted(1)
		return
	}
	p.acked(1, s)
}

func (a *chatAgent) pairOf(s *Sending) *pair {
	v := a.known(&s.Conv)
	if v == nil {
		return nil
	}
	return v.Data.(*pair)
}

func (p *pair) acked(dir int, s *Sending) {
	h := p.home
	p.sides[dir].acked++
	h.run.acked.Add(1)
	if st, ok := parseStamp(s.Body); ok && st.at >= h.from && st.at < h.to {
		h.ack.Record(nanotime() - st.at)
	}
	h.bodies = append(h.bodies, s.Body)
}

// Refused implements Events.
func (v *chatVisitor) Refused(_ *Client, s *Sending, e *codec.Error) {
	if s.Tag == 0 {
		v.pair.fail("first message refused: " + e.Message)
		return
	}
	v.pair.refused(0, e)
}

// Refused implements Events.
func (a *chatAgent) Refused(_ *Client, s *Sending, e *codec.Error) {
	p := a.pairOf(s)
	if p == nil {
		return
	}
	if uint32(s.Tag) == 0 {
		p.fail("the agent's first message refused: " + e.Message)
		return
	}
	p.refused(1, e)
}

func (p *pair) refused(dir int, e *codec.Error) {
	p.sides[dir].refused++
	p.home.run.refused.Add(1)
	p.home.flying--
	p.home.run.problem("pair %d: a message was refused: %d %s", p.index, e.Code, e.Message)
}

// Message implements Events.
func (v *chatVisitor) Message(_ *Client, _ *View, m *codec.Message) { v.pair.heard(0, m) }

// Message implements Events.
func (a *chatAgent) Message(_ *Client, v *View, m *codec.Message) {
	if p, ok := v.Data.(*pair); ok {
		p.heard(1, m)
	}
}

// heard takes a message that one side (0 the visitor) applied.
func (p *pair) heard(side int, m *codec.Message) {
	s, ok := parseStamp(m.Body)
	if !ok || s.run != p.home.run.id {
		return
	}
	h := p.home
	switch {
	case s.pair != p.index:
		h.run.problem("pair %d received a message of pair %d", p.index, s.pair)
		return
	case int(s.dir) == side: // an own message that came back on a page: Acked has counted it
		return
	case s.n == 0:
		p.greeted(0)
		return
	}
	d := &p.sides[s.dir]
	if s.n != d.got.upTo+1 {
		d.reordered++
	}
	if !d.got.add(s.n) {
		d.doubled++
		return
	}
	now := nanotime()
	h.flying--
	h.run.delivered.Add(1)
	if s.at >= h.from && s.at < h.to {
		h.deliver.Record(now - s.at)
	}
	if h.rate == 0 && h.talking {
		h.next(now)
	}
}
