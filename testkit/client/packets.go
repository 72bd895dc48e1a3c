package client

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/testkit/journal"
)

// packet takes one packet of the server.
func (c *Client) packet(w *wire, h codec.Header, p codec.Packet, err error) {
	if err == nil && c.cfg.OnPacket != nil {
		c.cfg.OnPacket(h, p)
	}
	c.mu.Lock()
	if c.w == w {
		c.heard, c.pinged = time.Now(), time.Time{}
		if err != nil {
			c.stats.Malformed++
			c.stats.LastError = err.Error()
		} else {
			c.handle(h, p)
		}
	}
	fired := c.fired
	c.fired = nil
	c.broadcast()
	c.mu.Unlock()
	for _, m := range fired {
		c.cfg.OnMessage(m)
	}
}

// handle does what a packet says. mu must be held.
func (c *Client) handle(h codec.Header, p codec.Packet) {
	switch p := p.(type) {
	case *codec.Connack:
		c.welcome(p)
	case *codec.Ping:
		c.w.send(codec.Header{RID: h.RID}, &codec.Pong{Time: p.Time})
	case *codec.Disconnect:
		c.pause = max(c.pause, time.Duration(p.RetryAfter)*time.Millisecond)
		if !p.Soft {
			c.closed(p.Code, p.Reason)
		}
	case *codec.Sendack:
		c.sendack(h.RID, p)
	case *codec.Message:
		c.own(p)
		c.message(p)
	case *codec.Joined:
		if r := c.take(h.RID); r != nil && r.conv != nil && r.conv.id == p.Conv {
			c.page(r.conv, r, p.Top, p.Complete, p.Messages)
		} else if r != nil && r.answer != nil {
			r.answer(clone(p), nil)
		}
	case *codec.Synced:
		if r := c.take(h.RID); r != nil && r.conv != nil && r.conv.id == p.Conv {
			c.page(r.conv, r, p.Top, p.Complete, p.Messages)
		} else if r != nil && r.answer != nil {
			r.answer(clone(p), nil)
		}
	case *codec.Gap:
		c.gap(p)
	case *codec.Durable:
		for _, it := range p.Items {
			c.durable(it)
		}
	case *codec.Error:
		c.refusal(h.RID, p)
	default:
		if r := c.take(h.RID); r != nil && r.answer != nil {
			r.answer(clone(p), nil)
		}
	}
}

// message takes a MESSAGE. mu must be held.
func (c *Client) message(p *codec.Message) {
	v := c.convs[p.Conv]
	if v == nil {
		c.journal.Receive(entry(p, journal.ViaLive))
		if !c.cfg.AutoFollow {
			return
		}
		v = c.conversation(p.Conv)
		c.journal.Follow(p.Conv)
	}
	c.live(v, p, journal.ViaLive)
}

// take returns what waited for the answer, and forgets it. mu must be held.
func (c *Client) take(rid uint16) *request {
	r := c.asked[rid]
	delete(c.asked, rid)
	return r
}

// welcome goes on where the last connection ended. mu must be held.
func (c *Client) welcome(p *codec.Connack) {
	c.hello, c.ready = *p, true
	c.stats.Connects++
	if c.journal == nil && c.cfg.Recorder != nil {
		who := journal.Reader{Name: c.cfg.Name, User: p.User, Tenant: c.cfg.Tenant, Audience: journal.All, Only: c.cfg.Only}
		if who.Name == "" {
			who.Name = c.cfg.Device.String()
		}
		if p.Role == codec.RoleVisitor {
			who.Audience = journal.Public
		}
		c.journal = c.cfg.Recorder.Add(who)
		for id := range c.convs {
			c.journal.Follow(id)
		}
	}
	now := time.Now()
	for _, v := range c.convs {
		if v.joined && !v.resumed && p.Role != codec.RoleVisitor {
			v.joined = false // an agent's connection has to join anew
		} else if v.joined && !v.resumed && (v.last > 0 || len(v.messages) > 0) {
			v.lacking = true
		}
		v.notYet = time.Time{}
		c.advance(v, now)
	}
	for _, s := range c.outbox {
		s.notYet = time.Time{}
	}
	c.flush(now)
}

// gap notes that something was missed. mu must be held.
func (c *Client) gap(p *codec.Gap) {
	c.stats.Gaps++
	for _, it := range p.Items {
		v := c.convs[it.Conv]
		if v == nil {
			continue
		}
		if it.Seq == 0 {
			c.reset(v)
		} else if it.Seq > v.last {
			v.lacking = true
			v.ahead(it.Seq)
		}
		c.advance(v, time.Now())
	}
}

// refusal takes an ERROR. mu must be held.
func (c *Client) refusal(rid uint16, p *codec.Error) {
	c.stats.Errors[p.Code]++
	c.stats.LastError = p.Message
	r := c.take(rid)
	if r == nil {
		return
	}
	err := &Refused{Code: p.Code, Message: p.Message, Conv: p.Conv}
	switch {
	case r.sending != nil:
		c.refusedSending(r.sending, p, err)
	case r.conv != nil:
		r.conv.asking = false
		if p.Retryable || p.Code == codec.ErrTooMany {
			r.conv.lacking = r.conv.joined
			r.conv.notYet = time.Now().Add(c.patience(p, r.conv.refusals))
			r.conv.refusals++
		} else {
			r.conv.refused = p.Code
			c.journal.Unfollow(r.conv.id)
		}
	case r.answer != nil:
		r.answer(nil, err)
	}
}

// patience is how long to wait after an ERROR that may pass: at least what the server asks for; after several in a row longer, but
// if it was about the rate, of which the server knows best.
func (c *Client) patience(p *codec.Error, before int) time.Duration {
	const least = 20 * time.Millisecond
	asked := time.Duration(p.RetryAfter) * time.Millisecond
	if p.Code == codec.ErrTooMany && asked > 0 {
		return max(asked, least)
	}
	return max(asked, c.cfg.backoff(before), least)
}

// Refused is an ERROR as a Go error.
type Refused struct {
	Code    uint16
	Message string
	Conv    codec.UUID
}

func (e *Refused) Error() string { return fmt.Sprintf("ERROR %d: %s", e.Code, e.Message) }

// clone makes a copy of a decoded packet that outlives the decoder's next call.
func clone(p codec.Packet) codec.Packet {
	_, q, _, err := new(codec.Decoder).Binary(codec.AppendBinary(nil, codec.Header{}, p))
	if err != nil {
		panic(err) // it was decoded from the wire a moment ago
	}
	return q
}

// NewID returns a UUIDv7, as clients make them.
func NewID() codec.UUID { return uuid.Must(uuid.NewV7()) }
