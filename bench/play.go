package bench

import (
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/uniqchat/uniqchat/codec"
)

// play is one dialogue being replayed. Event loop only.
type play struct {
	home    *replayLoop
	d       *Dialogue
	conv    codec.UUID
	visitor *playVisitor
	agent   *replayAgent
	seen    [2][]line // what each side (0 the visitor) has, in its order
	next    int       // turn to be sent
	sentAt  int64     // of the turn before
	began   int64
	checked int
	joined  bool
	over    bool
}

// line is a turn as one side has it.
type line struct {
	mid   codec.UUID
	seq   uint64
	agent bool
	text  string
}

type playVisitor struct {
	Client
	NoEvents
	play *play
}

type replayAgent struct {
	Client
	NoEvents
	home  *replayLoop
	begun bool
}

// start connects the agents; the dialogues follow once all of them are there.
func (h *replayLoop) start() {
	for i, a := range h.agents {
		a.Device = h.loop.newUUID()
		a.start(h.loop, h.run.targetOf(i), a)
	}
}

// Ready implements Events.
func (a *replayAgent) Ready(_ *Client, again bool) {
	if again || a.begun {
		return
	}
	a.begun = true
	a.home.run.ready.Add(1)
	h := a.home
	for _, other := range h.agents {
		if !other.begun {
			return
		}
	}
	h.ramp = ramp{total: len(h.plays), start: func(i int) {
		p := h.plays[i]
		p.began = nanotime()
		p.visitor.Device = h.loop.newUUID()
		p.visitor.start(h.loop, h.run.targetOf(i), p.visitor)
	}}
	h.ramp.begin(max(h.run.s.Concurrency/len(h.run.homes), 1))
}

// Gone implements Events.
func (a *replayAgent) Gone(_ *Client, why string) {
	for _, p := range a.home.plays {
		if p.agent == a {
			p.end("its agent is gone: " + why)
		}
	}
}

// Ready implements Events.
func (v *playVisitor) Ready(_ *Client, again bool) {
	if again {
		return
	}
	p := v.play
	p.home.run.ready.Add(1)
	if v.Conv != (codec.UUID{}) {
		p.recast()
		return
	}
	p.conv = v.loop.newUUID()
	v.View(p.conv)
	p.say()
}

// recast replaces a visitor who has an open conversation already: a dialogue needs one of its own.
func (p *play) recast() {
	select {
	case id := <-p.home.run.spares:
		l, goal, source := p.visitor.loop, p.visitor.goal, p.visitor.Source
		p.visitor.Stop()
		fresh := &playVisitor{play: p}
		fresh.Who, fresh.Source, fresh.Device = id, source, l.newUUID()
		p.visitor = fresh
		fresh.start(l, goal, fresh)
	default:
		p.end("its visitor has an open conversation already: mint fresh tokens")
	}
}

// Gone implements Events.
func (v *playVisitor) Gone(_ *Client, why string) { v.play.end(why) }

// say sends the next turn, after as long as its writer needs.
func (p *play) say() {
	if p.over || p.next >= len(p.d.Turns) {
		return
	}
	turn := p.next
	speed := p.home.run.s.Speed
	if speed <= 0 || turn == 0 {
		p.speak(turn)
		return
	}
	letters := utf8.RuneCountInString(p.d.Turns[turn].Text)
	pause := time.Duration(float64(700*time.Millisecond+time.Duration(letters)*60*time.Millisecond) / speed)
	p.home.loop.after(pause, func() { p.speak(turn) })
}

func (p *play) speak(turn int) {
	if p.over || turn != p.next {
		return
	}
	p.next++
	t := &p.d.Turns[turn]
	p.sentAt = nanotime()
	if t.Agent {
		p.agent.Client.Send(p.conv, uint64(turn), textBody(t.Text))
	} else {
		p.visitor.Client.Send(p.conv, uint64(turn), textBody(t.Text))
	}
}

// has notes that a side has a turn, and goes on with the dialogue.
func (p *play) has(side int, l line) {
	if p.over {
		return
	}
	h := p.home
	n := len(p.seen[side])
	if n >= len(p.d.Turns) || p.d.Turns[n].Text != l.text || p.d.Turns[n].Agent != l.agent {
		p.end(fmt.Sprintf("the %s's message %d is %q", sideName(side), n+1, l.text))
		return
	}
	p.seen[side] = append(p.seen[side], l)
	if l.agent != (side == 1) { // it came from the other side
		h.run.arrived.Add(1)
		if n == p.next-1 {
			h.deliver.Record(nanotime() - p.sentAt)
		}
	} else {
		h.ack.Record(nanotime() - p.sentAt)
	}
	if side == 0 && n == 0 && !p.joined {
		p.joined = true
		v := p.agent.View(p.conv)
		v.Data = p
		p.agent.Join(p.conv)
	}
	if len(p.seen[0]) == p.next && len(p.seen[1]) == p.next { // both sides have everything
		if p.next == len(p.d.Turns) {
			p.check()
			return
		}
		p.say()
	}
}

func sideName(side int) string {
	if side == 0 {
		return "visitor"
	}
	return "agent"
}

// heard takes what came as a MESSAGE or on a page.
func (p *play) heard(side int, m *codec.Message) {
	if text, ok := bodyText(m); ok {
		p.has(side, line{m.MID, m.Seq, m.Role == codec.RoleAgent, text})
	}
}

// Message implements Events.
func (v *playVisitor) Message(_ *Client, _ *View, m *codec.Message) {
	if m.Sender != v.User {
		v.play.heard(0, m)
	}
}

// Message implements Events.
func (a *replayAgent) Message(_ *Client, v *View, m *codec.Message) {
	if p, ok := v.Data.(*play); ok && m.Sender != a.User {
		p.heard(1, m)
	}
}

// Acked implements Events.
func (v *playVisitor) Acked(_ *Client, s *Sending) { v.play.acked(0, s) }

// Acked implements Events.
func (a *replayAgent) Acked(_ *Client, s *Sending) {
	if v := a.known(&s.Conv); v != nil {
		v.Data.(*play).acked(1, s)
	}
}

func (p *play) acked(side int, s *Sending) {
	p.has(side, line{s.MID, s.Seq, side == 1, p.d.Turns[s.Tag].Text})
}

// Refused implements Events.
func (v *playVisitor) Refused(_ *Client, s *Sending, e *codec.Error) { v.play.refused(s, e) }

// Refused implements Events.
func (a *replayAgent) Refused(_ *Client, s *Sending, e *codec.Error) {
	if v := a.known(&s.Conv); v != nil {
		v.Data.(*play).refused(s, e)
	}
}

func (p *play) refused(s *Sending, e *codec.Error) {
	p.end(fmt.Sprintf("turn %d was refused: %d %s", s.Tag+1, e.Code, e.Message))
}

// JoinRefused implements Events.
func (a *replayAgent) JoinRefused(_ *Client, v *View, e *codec.Error) {
	v.Data.(*play).end("JOIN refused: " + e.Message)
}

// check reads the conversation from the log, as each side, and compares it with what that side has.
func (p *play) check() {
	p.home.whole.Record(nanotime() - p.began)
	p.fetch(0, &p.visitor.Client)
	p.fetch(1, &p.agent.Client)
}

func (p *play) fetch(side int, c *Client) {
	n := 0
	var last uint64
	c.Fetch(&Fetch{
		Conv:   p.conv,
		Failed: func(e *codec.Error) { p.end("SYNC refused: " + e.Message) },
		Page: func(messages []codec.Message, done bool) {
			for i := range messages {
				m := &messages[i]
				if m.Seq <= last {
					p.end(fmt.Sprintf("the log's seq %d follows %d", m.Seq, last))
				}
				last = m.Seq
				text, ok := bodyText(m)
				if !ok {
					continue
				}
				l := line{m.MID, m.Seq, m.Role == codec.RoleAgent, text}
				if n >= len(p.seen[side]) || p.seen[side][n] != l {
					p.end(fmt.Sprintf("the log's message %d differs from what the %s has", n+1, sideName(side)))
				}
				n++
			}
			if !done {
				return
			}
			if n != len(p.d.Turns) {
				p.end(fmt.Sprintf("the log has %d messages for the %s, not %d", n, sideName(side), len(p.d.Turns)))
			}
			if p.checked++; p.checked == 2 {
				p.end("")
			}
		},
	})
}

// end finishes a dialogue; why is empty if all was well.
func (p *play) end(why string) {
	if p.over {
		return
	}
	p.over = true
	r := p.home.run
	if why == "" {
		r.good.Add(1)
	} else {
		r.problem("dialogue %s: %s", p.d.ID, why)
	}
	p.visitor.Stop()
	if v := p.agent.known(&p.conv); v != nil {
		p.agent.Forget(v)
	}
	r.ended.Add(1)
	p.home.ramp.done()
}
