package bench

import (
	"time"

	"github.com/uniqchat/uniqchat/codec"
)

// Sending is a message on its way to the log.
type Sending struct {
	Tag  uint64 // the scenario's own
	Conv codec.UUID
	CMID codec.UUID
	Seq  uint64 // once it is acknowledged
	MID  codec.UUID
	Body []byte

	rid   uint16
	tried bool  // a SEND has left at least once
	due   int64 // when it may leave again; 0 = it is on its way
	left  int64 // when it last left
	tries int
}

// call is a JOIN or SYNC that waits for its answer.
type call struct {
	view   *View
	fetch  *Fetch // takes the pages instead of the view
	after  uint64
	limit  uint16
	rid    uint16
	isJoin bool
	asked  bool
}

// outbox holds what a client wants from its server.
type outbox struct {
	flying  []*Sending // sent, or waiting to be sent again; in order
	queue   []*Sending // behind the window
	calls   []*call
	paused  int64 // no calls before
	running int   // calls that were asked
}

const (
	// callsAtOnce bounds how many JOINs and SYNCs a client has open.
	callsAtOnce = 8
	// ackTimeout is when an unacknowledged SEND is sent again on the same connection.
	ackTimeout = 15 * time.Second
	// defaultRetry is the pause before a refused request is tried again if the server named none.
	defaultRetry = 500 * time.Millisecond
)

func (c *Client) outbox() *outbox {
	if c.box == nil {
		c.box = new(outbox)
	}
	return c.box
}

// Send queues a text for a conversation; body is JSON and must not be changed until it is acknowledged. Acked or Refused
// follows. It survives reconnects: the same cmid is sent again until the server has answered.
func (c *Client) Send(conv codec.UUID, tag uint64, body []byte) {
	s := c.loop.takeSending()
	*s = Sending{Tag: tag, Conv: conv, CMID: c.loop.newUUID(), Body: body}
	b := c.outbox()
	if c.status != clientReady || len(b.flying) >= c.sendWindow() {
		b.queue = append(b.queue, s)
		return
	}
	b.flying = append(b.flying, s)
	c.transmit(s)
}

// Unsent returns how many messages have not been acknowledged.
func (c *Client) unsent() int {
	if c.box == nil {
		return 0
	}
	return len(c.box.flying) + len(c.box.queue)
}

func (c *Client) sendWindow() int {
	if c.window == 0 {
		return 1
	}
	return int(c.window)
}

func (c *Client) transmit(s *Sending) {
	st := &c.loop.Stats
	h := codec.Header{RID: c.nextRID()}
	if s.tried {
		h.Flags |= codec.FlagDup
		st.Retries++
	}
	s.rid, s.tried, s.due, s.left = h.RID, true, 0, c.loop.now
	s.tries++
	st.Sends++
	p := &c.loop.sendPacket
	p.Conv, p.CMID, p.Body = s.Conv, s.CMID, s.Body
	c.send(h, p)
}

// refill sends what the window has room for.
func (c *Client) refill() {
	b := c.box
	n := 0
	for n < len(b.queue) && len(b.flying) < c.sendWindow() && c.status == clientReady {
		s := b.queue[n]
		b.queue[n] = nil
		n++
		b.flying = append(b.flying, s)
		c.transmit(s)
	}
	if n == len(b.queue) {
		b.queue = b.queue[:0]
	} else if n > 0 {
		b.queue = b.queue[n:]
	}
}

// settle takes a message that has been answered out of the box; nil if it isn't there (any more).
func (c *Client) settle(match func(*Sending) bool) *Sending {
	if c.box == nil {
		return nil
	}
	f := c.box.flying
	for i, s := range f {
		if match(s) {
			copy(f[i:], f[i+1:])
			f[len(f)-1] = nil
			c.box.flying = f[:len(f)-1]
			return s
		}
	}
	return nil
}

// settleCMID is settle for the usual case, without a closure.
func (c *Client) settleCMID(cmid *codec.UUID) *Sending {
	if c.box == nil {
		return nil
	}
	f := c.box.flying
	for i, s := range f {
		if s.CMID == *cmid {
			copy(f[i:], f[i+1:])
			f[len(f)-1] = nil
			c.box.flying = f[:len(f)-1]
			return s
		}
	}
	return nil
}

// acked finishes a message that is in the log.
func (c *Client) acked(s *Sending, seq uint64, mid codec.UUID) {
	c.loop.Stats.Acks++
	s.Seq, s.MID = seq, mid
	c.events.Acked(c, s)
	c.loop.giveSending(s)
	c.refill()
	c.tidy()
}

// tidy gives the box back once nothing is on its way.
func (c *Client) tidy() {
	if b := c.box; b != nil && len(b.flying) == 0 && len(b.queue) == 0 && len(b.calls) == 0 && c.loop.lean {
		c.box = nil
	}
}

func (c *Client) onError(rid uint16, e *codec.Error) {
	c.loop.Stats.Errors[errorName(e.Code)]++
	if c.box == nil || rid == 0 {
		return
	}
	retry := e.Retryable || e.Code == codec.ErrTooMany
	wait := time.Duration(e.RetryAfter) * time.Millisecond
	for _, s := range c.box.flying {
		if s.rid != rid || s.due != 0 {
			continue
		}
		if retry {
			if wait <= 0 {
				wait = defaultRetry << min(s.tries, 5)
			}
			c.resendAfter(s, wait)
			return
		}
		c.settle(func(x *Sending) bool { return x == s })
		c.events.Refused(c, s, e)
		c.refill()
		return
	}
	for i, k := range c.box.calls {
		if !k.asked || k.rid != rid {
			continue
		}
		k.asked = false
		c.box.running--
		if retry {
			c.pauseCalls(max(wait, 50*time.Millisecond))
			return
		}
		c.box.calls = append(c.box.calls[:i], c.box.calls[i+1:]...)
		k.refused(c, e)
		c.ask()
		return
	}
}

// resendAfter sends a message again after a while, unless it was answered or sent by then.
func (c *Client) resendAfter(s *Sending, wait time.Duration) {
	due := c.loop.now + int64(wait)
	s.due = due
	cmid := s.CMID
	c.loop.at(due, func() {
		if c.status != clientReady || c.box == nil {
			return // everything is sent again after the reconnect
		}
		for _, s := range c.box.flying {
			if s.CMID == cmid && s.due == due {
				c.transmit(s)
				return
			}
		}
	})
}

// resume sends again what a lost connection may have swallowed, and asks again what was not answered.
func (c *Client) resume() {
	if b := c.box; b != nil {
		for _, s := range b.flying {
			c.transmit(s)
		}
		for _, k := range b.calls {
			k.asked = false
		}
		b.running = 0
	}
	c.eachView(func(v *View) {
		v.syncing = false
		v.ahead = v.ahead[:0]
		if v.joined {
			c.join(v)
		}
	})
	if c.box != nil {
		c.refill()
		c.ask()
	}
}

// checkSilence sends again what has waited too long for its answer.
func (b *outbox) checkSilence(c *Client) {
	for _, s := range b.flying {
		if s.due == 0 && c.loop.now-s.left > int64(ackTimeout) {
			c.transmit(s)
		}
	}
}

func (l *Loop) takeSending() *Sending {
	if n := len(l.sendings); n > 0 {
		s := l.sendings[n-1]
		l.sendings = l.sendings[:n-1]
		return s
	}
	return new(Sending)
}

func (l *Loop) giveSending(s *Sending) {
	s.Body = nil
	if len(l.sendings) < 4096 {
		l.sendings = append(l.sendings, s)
	}
}
