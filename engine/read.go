package engine

import (
	"errors"
	"net/http"
	"net/netip"
	"strings"

	"github.com/uniqchat/uniqchat/codec"
)

// errStop ends the reading of a connection that is closing.
var errStop = errors.New("engine: connection is closing")

// maxLate is how many more reads (of at most Config.ReadBuffer each) a peer is listened to in vain after a goodbye, before
// it is cut off. One that sends a message far above its limit is to hear that, not a reset.
const maxLate = 250

// traffic works off what has come in. The peeked bytes live until Discard, or until a failing write.
func (c *Conn) traffic() {
	l := c.loop
	buf, err := c.gc.Peek(-1)
	if err != nil || len(buf) == 0 {
		return
	}
	c.heard = l.e.clock.Load()
	c.pinged = c.pinged && !c.ready
	l.e.stats.read(len(buf))
	switch c.state {
	case inHandshake:
		if !c.handshake(buf) {
			return
		}
		if buf, err = c.gc.Peek(-1); err != nil || len(buf) == 0 {
			return
		}
	case isOpen:
	}
	if c.state != isOpen || c.leaving != nil {
		_, _ = c.gc.Discard(-1)
		if c.state == isClosing { // a goodbye that is due must be said first; it has its deadline
			if c.late++; c.late > maxLate {
				l.drop(c)
			}
		}
		return
	}
	var used int
	if c.kind == RawTCP {
		used, err = c.packets(buf)
	} else {
		used, err = c.reader.Read(buf, c.tier.Load().MaxMessage, c)
	}
	if c.state == isGone {
		return
	}
	if used > 0 {
		_, _ = c.gc.Discard(used)
	}
	if err != nil {
		c.broke(err)
	}
	if c.state == isClosing || c.state == isOpen && c.leaving != nil {
		_, _ = c.gc.Discard(-1)
	}
}

// broke says goodbye to a peer that broke the protocol. It is apart from traffic because errors.As makes its target escape:
// that would be an allocation for every read.
func (c *Conn) broke(err error) {
	var broken *codec.CloseError
	if !errors.As(err, &broken) {
		return
	}
	g := &goodbye{code: broken.Code, reason: broken.Reason}
	if broken == errBusy { // no use waiting in a queue that is full
		c.loop.goodbye(c, g)
		return
	}
	c.letGo()
	c.leave(g)
}

// handshake answers the opening handshake once it is whole. True if the connection is open then.
func (c *Conn) handshake(buf []byte) bool {
	e := c.loop.e
	end := codec.HandshakeEnd(buf[:min(len(buf), e.cfg.MaxHandshake)])
	if end == 0 {
		if len(buf) >= e.cfg.MaxHandshake {
			e.stats.refused("handshake_size")
			c.refuse(http.StatusRequestHeaderFieldsTooLarge, "the request head is too long")
		}
		return false
	}
	out, up, err := e.upgrader.Upgrade(c.loop.scratch[:0], buf[:end])
	if cap(out) <= 4096 {
		c.loop.scratch = out[:0]
	}
	_, _ = c.gc.Discard(end)
	if err != nil {
		e.stats.refused("handshake")
		c.sayAndDrop(out)
		return false
	}
	if up.ForwardedFor != "" && e.trusted(c.addr) && !c.forwarded(up.ForwardedFor) {
		return false
	}
	if _, err := c.gc.Write(out); err != nil || c.state == isGone {
		return false
	}
	c.kind = e.cfg.Protocols[up.Subprotocol]
	if up.Origin != "" {
		origin := up.Origin
		c.origin.Store(&origin)
	}
	c.open()
	return c.state == isOpen
}

// refuse answers the handshake with an HTTP error and closes.
func (c *Conn) refuse(status int, reason string) {
	c.sayAndDrop(codec.AppendRefusal(nil, status, reason))
}

// sayAndDrop writes an HTTP answer, ends our side, and leaves the peer closeWait to end its own: closing at once could
// reset the answer away.
func (c *Conn) sayAndDrop(out []byte) {
	if _, err := c.gc.Write(out); err != nil || c.state == isGone {
		return
	}
	c.state = isClosing
	c.shutdownWrite()
	_, _ = c.gc.Discard(-1)
	c.loop.wheel.add(c, c.loop.after(closeWait))
}

// forwarded takes the client's address from X-Forwarded-For: the last one that is not a trusted proxy's. It is called for
// connections of trusted proxies only. False if that address has too many connections.
func (c *Conn) forwarded(header string) bool {
	e := c.loop.e
	parts := strings.Split(header, ",")
	for i := len(parts) - 1; i >= 0; i-- {
		a, err := netip.ParseAddr(strings.TrimSpace(parts[i]))
		if err != nil {
			break
		}
		c.addr = a.Unmap()
		if !e.trusted(c.addr) {
			break
		}
	}
	counted, reason := e.addresses.admit(c.addr, e.clock.Load())
	if reason != "" {
		e.stats.refused(reason)
		c.refuse(http.StatusServiceUnavailable, "too many connections from this address")
		return false
	}
	c.counted = counted
	return true
}

// open makes the connection one that takes messages.
func (c *Conn) open() {
	l := c.loop
	c.state = isOpen
	l.wheel.add(c, l.after(l.e.cfg.FirstMessageTimeout))
	l.e.stats.opened(c.kind)
	c.session = l.e.handler.Open(c)
	c.opened = true
}

// Frame implements codec.Sink: one message or control frame of a WebSocket.
func (c *Conn) Frame(op codec.Opcode, payload []byte) error {
	l := c.loop
	switch op {
	case codec.OpTextFrame:
		return c.deliver(OpText, payload)
	case codec.OpBinaryFrame:
		return c.deliver(OpBinary, payload)
	case codec.OpPingFrame:
		l.enqueue(c, message(codec.OpPongFrame, payload), Must)
	case codec.OpCloseFrame:
		code, _, err := codec.ParseClose(payload)
		if err != nil {
			return err
		}
		c.leave(&goodbye{code: code, answer: true})
		return errStop
	}
	if c.state != isOpen {
		return errStop
	}
	return nil
}

// leave lets a goodbye follow on the answers to what came before it. If the shard takes longer than closeWait, the goodbye
// doesn't.
func (c *Conn) leave(g *goodbye) {
	c.leaving = g
	c.loop.wheel.add(c, c.loop.after(closeWait))
	c.loop.e.shardOf(c).push(item{conn: c, op: opLeave, bye: g}, true)
}

// packets cuts a TCP stream into whole packets. A packet of which only a part is there is gathered in memory of our own,
// taken as it arrives.
func (c *Conn) packets(buf []byte) (used int, err error) {
	limit := c.tier.Load().MaxMessage
	for used < len(buf) {
		if c.part != nil {
			n, whole, err := c.gather(buf[used:], limit)
			used += n
			if err != nil {
				return used, err
			}
			if whole {
				p := c.part
				c.part = nil
				err = c.deliver(OpStream, p.B)
				codec.PutBuffer(p)
				if err != nil {
					return used, err
				}
			}
			continue
		}
		run := 0 // whole packets at the front
		for {
			h, ok, err := codec.ParseHeader(buf[used+run:])
			if err == nil && ok && int(h.Length) > limit {
				err = errPacketSize
			}
			if err != nil && run == 0 {
				return used, err
			}
			if err != nil || !ok || len(buf)-used-run < codec.HeaderSize+int(h.Length) {
				break
			}
			run += codec.HeaderSize + int(h.Length)
		}
		if run > 0 {
			if err := c.deliver(OpStream, buf[used:used+run]); err != nil {
				return used + run, err
			}
			used += run
			continue
		}
		c.part = codec.GetBuffer(len(buf) - used)
		c.part.B = append(c.part.B, buf[used:]...)
		used = len(buf)
	}
	return used, nil
}

var errPacketSize = &codec.CloseError{Code: codec.CloseBadFrame, Reason: "packet is larger than this connection may send"}

// gather adds bytes to the packet that is under way, and reports whether it is whole.
func (c *Conn) gather(b []byte, limit int) (n int, whole bool, err error) {
	p := c.part
	if have := len(p.B); have < codec.HeaderSize {
		n = min(codec.HeaderSize-have, len(b))
		p.B = append(p.B, b[:n]...)
	}
	h, ok, err := codec.ParseHeader(p.B)
	if err != nil || !ok {
		return n, false, err
	}
	if int(h.Length) > limit {
		return n, false, errPacketSize
	}
	more := min(codec.HeaderSize+int(h.Length)-len(p.B), len(b)-n)
	p.B = append(p.B, b[n:n+more]...)
	return n + more, len(p.B) == codec.HeaderSize+int(h.Length), nil
}

var errBusy = &codec.CloseError{Code: codec.CloseTooMany, Reason: "the server is busy"}

// deliver hands a message to the connection's shard: the one copy that it costs. If the shard is full, or full of this
// one's messages, the peer is told so.
func (c *Conn) deliver(o Op, payload []byte) error {
	l := c.loop
	l.e.stats.received()
	if cost := l.e.cost(len(payload)); l.e.mayQueue(c, cost) {
		b := codec.GetBuffer(len(payload))
		b.B = append(b.B, payload...)
		c.queued.Add(cost)
		if l.e.shardOf(c).push(item{conn: c, op: o, buf: b}, false) {
			c.pinged = c.pinged || !c.ready
			return nil
		}
		c.queued.Add(-cost)
		codec.PutBuffer(b)
	}
	l.e.stats.refused("shard_full")
	if !c.ready { // nobody waits for an answer to its first message but the connection itself: it is to come back
		return errBusy
	}
	f := guard(l.e, c, func() *Frame { return l.e.handler.Busy(c, payload) })
	if f == nil {
		return errBusy
	}
	l.enqueue(c, f, Must)
	if c.state != isOpen {
		return errStop
	}
	return nil
}

// letGo gives back what a half-received message holds.
func (c *Conn) letGo() {
	c.reader.Reset()
	codec.PutBuffer(c.part)
	c.part = nil
}
