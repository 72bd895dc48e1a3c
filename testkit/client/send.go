package client

import (
	"bytes"
	"context"
	"time"

	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/testkit/journal"
)

// Sending is a message on its way. Its exported fields are set once Done is closed.
type Sending struct {
	Conv, CMID codec.UUID

	MID  codec.UUID
	Seq  uint64
	Time uint64 // ms
	Dup  bool   // the answer was a dup, or came as a MESSAGE
	Err  error  // a *Refused

	p       codec.Send
	done    chan struct{}
	settled bool
	rid     uint16 // of the SEND that waits for its answer; 0 if none does
	times   int
	again   bool // sent again after a fork, though it was acknowledged once
	notYet  time.Time

	refusals int // ERRORs in a row that may pass
}

// Done is closed when the message was acknowledged or refused for good.
func (s *Sending) Done() <-chan struct{} { return s.done }

// Wait waits for the answer.
func (s *Sending) Wait(ctx context.Context) error {
	select {
	case <-s.done:
		return s.Err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Text posts a public text. A conversation that the client never heard of is created by it.
func (c *Client) Text(conv codec.UUID, text string) *Sending {
	return c.Post(codec.Send{Conv: conv, Body: TextBody(text)})
}

// TextBody makes the body of a text.
func TextBody(text string) []byte {
	b := []byte(`{"text":`)
	b = append(b, quote(text)...)
	return append(b, '}')
}

// Post queues a message and returns at once. CMID is made if it is zero. It is sent, and sent again after a lost
// connection, until it is answered.
func (c *Client) Post(p codec.Send) *Sending {
	if p.CMID == (codec.UUID{}) {
		p.CMID = NewID()
	}
	p.Body = bytes.Clone(p.Body)
	s := &Sending{Conv: p.Conv, CMID: p.CMID, p: p, done: make(chan struct{})}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.convs[p.Conv] == nil {
		v := c.conversation(p.Conv)
		v.joined = true // it begins with this message
		c.journal.Follow(p.Conv)
	}
	c.outbox = append(c.outbox, s)
	c.flush(time.Now())
	return s
}

// Send posts a message and waits for its answer.
func (c *Client) Send(ctx context.Context, p codec.Send) (*Sending, error) {
	s := c.Post(p)
	return s, s.Wait(ctx)
}

// flush sends what the window allows, in order. mu must be held.
func (c *Client) flush(now time.Time) {
	if c.w == nil || !c.ready {
		return
	}
	window := int(c.hello.Window)
	if c.cfg.Window > 0 {
		window = min(window, c.cfg.Window)
	}
	for _, s := range c.outbox {
		if s.rid != 0 {
			window--
		}
	}
	for _, s := range c.outbox {
		if window <= 0 {
			return
		}
		if s.rid != 0 || now.Before(s.notYet) {
			continue
		}
		window--
		var flags codec.Flags
		if s.times > 0 || s.again {
			flags = codec.FlagDup
		}
		s.times++
		c.journal.Send(s.Conv, s.CMID, s.p.Body, s.p.Visibility == codec.VisibilityInternal, flags != 0)
		s.rid = c.ask(&s.p, flags, &request{sending: s})
	}
}

// sendack takes a SENDACK. mu must be held.
func (c *Client) sendack(rid uint16, p *codec.Sendack) {
	c.journal.Ack(p.Conv, p.CMID, p.MID, p.Seq, p.Prev, p.Dup)
	r := c.take(rid)
	v := c.conversation(p.Conv)
	if r == nil || r.sending == nil || r.sending.CMID != p.CMID {
		return // the journal has it
	}
	s := r.sending
	if !v.mids[p.MID] {
		if p.Dup {
			v.ahead(p.Seq) // it comes as a MESSAGE, or by SYNC
		} else {
			c.live(v, &codec.Message{
				Conv: p.Conv, Seq: p.Seq, Prev: p.Prev, MID: p.MID, CMID: p.CMID, Sender: c.hello.User, Role: c.hello.Role,
				Kind: s.p.Kind, Visibility: s.p.Visibility, Time: p.Time, ReplyTo: s.p.ReplyTo, Body: s.p.Body,
			}, journal.ViaAck)
		}
	}
	c.settle(s, p.MID, p.Seq, p.Time, p.Dup)
}

// own settles a message of this client that came as a MESSAGE or in a page: that counts as its SENDACK. mu must be held.
func (c *Client) own(m *codec.Message) {
	if m.Sender != c.hello.User {
		return
	}
	for _, s := range c.outbox {
		if s.CMID == m.CMID && s.Conv == m.Conv {
			if s.rid == 0 { // otherwise the SENDACK is still to come
				c.journal.Ack(m.Conv, m.CMID, m.MID, m.Seq, 0, true)
				c.settle(s, m.MID, m.Seq, m.Time, true)
			}
			return
		}
	}
}

// settle ends the waiting for an acknowledged message. mu must be held.
func (c *Client) settle(s *Sending, mid codec.UUID, seq, at uint64, dup bool) {
	c.leave(s)
	s.rid = 0
	v := c.conversation(s.Conv)
	v.undurable = append(v.undurable, s)
	if !s.settled {
		s.settled = true
		s.MID, s.Seq, s.Time, s.Dup = mid, seq, at, dup
		close(s.done)
	}
	c.flush(time.Now())
}

// refusedSending takes the ERROR of a SEND. mu must be held.
func (c *Client) refusedSending(s *Sending, p *codec.Error, err error) {
	s.rid = 0
	if p.Retryable || p.Code == codec.ErrTooMany {
		s.notYet = time.Now().Add(c.patience(p, s.refusals))
		s.refusals++
		return
	}
	c.journal.Fail(s.Conv, s.CMID, p.Code)
	c.leave(s)
	if v := c.convs[s.Conv]; v != nil && v.last == 0 && len(v.messages) == 0 &&
		(p.Code == codec.ErrConflict || p.Code == codec.ErrNotFound) {
		v.refused = p.Code // it was not created
		c.journal.Unfollow(s.Conv)
	}
	if !s.settled {
		s.settled, s.Err = true, err
		close(s.done)
	}
	c.flush(time.Now())
}

// leave takes a message out of the outbox. mu must be held.
func (c *Client) leave(s *Sending) {
	for i := range c.outbox {
		if c.outbox[i] == s {
			c.outbox = append(c.outbox[:i], c.outbox[i+1:]...)
			return
		}
	}
}

// durable drops what need not be sent again whatever happens. mu must be held.
func (c *Client) durable(it codec.Position) {
	v := c.convs[it.Conv]
	if v == nil {
		return
	}
	keep := v.undurable[:0]
	for _, s := range v.undurable {
		if s.Seq > it.Seq {
			keep = append(keep, s)
		}
	}
	clear(v.undurable[len(keep):])
	v.undurable = keep
}
