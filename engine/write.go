package engine

import "github.com/uniqchat/uniqchat/codec"

// box returns a connection's outbox, with one made if there is none.
func (l *loop) box(c *Conn) *outbox {
	if c.out == nil {
		if n := len(l.boxes); n > 0 {
			c.out = l.boxes[n-1]
			l.boxes = l.boxes[:n-1]
		} else {
			c.out = new(outbox)
		}
	}
	return c.out
}

// unbox takes an empty outbox back.
func (l *loop) unbox(c *Conn) {
	b := c.out
	c.out = nil
	if cap(b.frames) > 256 || cap(b.held) > 0 || len(l.boxes) > 1024 {
		return
	}
	*b = outbox{frames: b.frames[:0]}
	l.boxes = append(l.boxes, b)
}

// markDirty puts a connection on the list of those to flush at the end of this wake.
func (l *loop) markDirty(c *Conn) {
	if b := l.box(c); !b.dirty {
		b.dirty = true
		l.dirty = append(l.dirty, c)
	}
}

// maxHeld is how many pushes may wait for Ready: it follows at once, or after one look-up.
const maxHeld = 256

// maxMissed is how many topics one GAP may have to name; a reader that far behind starts again.
const maxMissed = 1000

// enqueue adds a frame to what is written at the end of this wake, unless the reader is too slow for it. It takes over
// the frame's reference. Event loop only.
func (l *loop) enqueue(c *Conn, f *Frame, class Class) {
	if c.state == isGone || c.state == isClosing {
		f.Release()
		return
	}
	b := l.box(c)
	l.markDirty(c)
	waiting := b.bytes
	if b.slow {
		waiting += c.gc.OutboundBuffered()
	}
	limit := c.tier.Load().OutLimit
	if !b.slow && b.bytes > 0 && b.bytes+f.Len() > limit/2 {
		// Much at once does not make a slow reader: the kernel may take it.
		if l.flush(c); c.state != isOpen {
			f.Release()
			return
		}
		b = l.box(c)
		l.markDirty(c)
		if waiting = b.bytes; b.slow {
			waiting += c.gc.OutboundBuffered()
		}
	}
	switch class {
	case Ephemeral:
		if waiting > limit/2 {
			l.e.stats.dropped("ephemeral")
			f.Release()
			return
		}
	case Push:
		if f.seq != 0 && (len(b.missed) > 0 || waiting > limit/4*3) {
			l.e.stats.dropped("push")
			ok := b.miss(f.topic, f.seq)
			f.Release()
			if !ok {
				l.abandon(c)
			}
			return
		}
	}
	if waiting > 0 && waiting+f.Len() > limit {
		l.e.stats.dropped("full")
		f.Release()
		l.abandon(c)
		return
	}
	b.frames = append(b.frames, f)
	b.bytes += f.Len()
}

// hold keeps a push for a connection that is not ready yet, and takes over the frame's reference. Event loop only.
func (l *loop) hold(c *Conn, f *Frame, class Class) {
	if c.state != isOpen {
		f.Release()
		return
	}
	b := l.box(c)
	have := f.Len()
	for i := range b.held {
		have += b.held[i].frame.Len()
	}
	if len(b.held) > 0 && have > c.tier.Load().OutLimit || len(b.held) >= maxHeld {
		if class == Ephemeral {
			l.e.stats.dropped("ephemeral")
			f.Release()
			return
		}
		l.e.stats.dropped("full")
		f.Release()
		l.abandon(c)
		return
	}
	b.held = append(b.held, heldFrame{f, class})
}

// letHeld lets go of what is held, sent if there is somebody to send it to.
func (l *loop) letHeld(c *Conn) {
	if c.out == nil {
		return
	}
	held := c.out.held
	c.out.held = nil
	for _, h := range held {
		if c.state == isOpen {
			l.enqueue(c, h.frame, h.class)
		} else {
			h.frame.Release()
		}
	}
}

// miss notes that a push was dropped. False if that is too much to tell.
func (b *outbox) miss(t Topic, seq uint64) bool {
	for i := range b.missed {
		if b.missed[i].Topic == t {
			b.missed[i].Top = max(b.missed[i].Top, seq)
			return true
		}
	}
	if len(b.missed) >= maxMissed {
		return false
	}
	b.missed = append(b.missed, Missed{t, seq})
	return true
}

// payGap sends the GAP that a reader is owed, once less than half of its limit waits.
func (l *loop) payGap(c *Conn) {
	b := c.out
	if len(b.missed) == 0 || b.bytes+c.gc.OutboundBuffered() > c.tier.Load().OutLimit/2 {
		return
	}
	missed := b.missed
	b.missed = nil
	f := guard(l.e, c, func() *Frame { return l.e.handler.Gap(c, missed) })
	if f != nil {
		l.enqueue(c, f, Must)
	}
}

// flushAll writes what has gathered, one call of the kernel per connection.
func (l *loop) flushAll() {
	for i := 0; i < len(l.dirty); i++ { // flushing may add to the list
		c := l.dirty[i]
		l.dirty[i] = nil
		if c != nil && c.out != nil {
			c.out.dirty = false
			if c.state != isGone {
				if len(c.out.missed) > 0 {
					l.payGap(c)
				}
				l.flush(c)
			}
		}
	}
	l.dirty = l.dirty[:0]
}

// flush writes a connection's outbox. A failing write ends the connection inside the call.
func (l *loop) flush(c *Conn) {
	b := c.out
	if b == nil {
		return
	}
	if len(b.frames) > 0 && !l.write(c, b) {
		return
	}
	if !b.slow && !b.dirty && len(b.missed)+len(b.frames)+len(b.held) == 0 {
		l.unbox(c)
	}
}

// write hands an outbox's frames to the kernel, and what it doesn't take to gnet. False: the connection is gone.
func (l *loop) write(c *Conn, b *outbox) bool {
	frames, bytes := b.frames, b.bytes
	b.frames, b.bytes = nil, 0 // a failing write lets go of the outbox
	var err error
	if len(frames) == 1 {
		_, err = c.gc.Write(frames[0].data)
	} else {
		l.iov = l.iov[:0]
		for _, f := range frames {
			l.iov = append(l.iov, f.data)
		}
		err = l.writev(c)
	}
	for i, f := range frames {
		f.Release()
		frames[i] = nil
	}
	l.e.stats.written(bytes)
	if err != nil || c.state == isGone {
		return false
	}
	b.frames = frames[:0]
	switch waiting := c.gc.OutboundBuffered(); {
	case waiting == 0 && b.slow:
		b.slow, b.given, b.taken = false, 0, 0
		delete(l.slow, c)
	case waiting > 0 && b.slow:
		b.given += uint64(bytes)
	case waiting > 0:
		b.slow, b.progress = true, l.now
		b.given, b.taken = uint64(waiting), 0
		l.slow[c] = struct{}{}
	}
	return true
}

// iovMax is how many pieces one writev takes (IOV_MAX).
const iovMax = 1024

func (l *loop) writev(c *Conn) (err error) {
	iov := l.iov
	for len(iov) > 0 && err == nil && c.state != isGone {
		n := min(len(iov), iovMax)
		_, err = c.gc.Writev(iov[:n])
		iov = iov[n:]
	}
	clear(l.iov)
	return err
}

// goodbye announces the end of a connection and, unless it is soft, ends it: what was queued is written first, then a
// DISCONNECT, then a close frame, then FIN; the peer has closeWait to answer.
func (l *loop) goodbye(c *Conn, g *goodbye) {
	if c.state == isGone || c.state == isClosing {
		return
	}
	if c.state == inHandshake {
		if !g.soft {
			l.drop(c)
		}
		return
	}
	if g.answer {
		l.farewell(c, g.code, "")
		return
	}
	if f := l.e.byeFrame(c.kind, g); f != nil {
		l.enqueue(c, f, Must)
	}
	if g.soft || c.state != isOpen {
		return
	}
	l.farewell(c, g.code, g.reason)
}

// farewell sends the close frame and FIN.
func (l *loop) farewell(c *Conn, code uint16, reason string) {
	if c.kind != RawTCP {
		var payload [125]byte
		l.enqueue(c, message(codec.OpCloseFrame, codec.AppendClose(payload[:0], code, reason)), Must)
	}
	if c.state != isOpen {
		return
	}
	l.e.stats.closed(code)
	l.flush(c)
	if c.state == isGone {
		return
	}
	c.state = isClosing
	c.letGo()
	c.shutdownWrite()
	wait := closeWait
	if c.out != nil && c.out.slow {
		wait = progressWait
	}
	l.wheel.add(c, l.after(wait))
}

// abandon closes a connection whose reader is too slow with 3008. What was not yet handed to gnet is given up; the
// goodbye goes behind what was, and the reader has progressWait to get there.
func (l *loop) abandon(c *Conn) {
	if c.state != isOpen {
		return
	}
	b := l.box(c)
	for i, f := range b.frames {
		f.Release()
		b.frames[i] = nil
	}
	b.frames, b.bytes, b.missed = b.frames[:0], 0, nil
	const reason = "the reader is too slow"
	if f := l.e.byeFrame(c.kind, &goodbye{code: codec.CloseSlow, reason: reason}); f != nil {
		b.frames = append(b.frames, f)
	}
	if c.kind != RawTCP {
		var payload [125]byte
		b.frames = append(b.frames, message(codec.OpCloseFrame, codec.AppendClose(payload[:0], codec.CloseSlow, reason)))
	}
	l.e.stats.closed(codec.CloseSlow)
	l.flush(c)
	if c.state == isGone {
		return
	}
	c.state = isClosing
	c.letGo()
	c.shutdownWrite()
	l.wheel.add(c, l.after(progressWait))
}

// drop ends a connection at once.
func (l *loop) drop(c *Conn) {
	if c.state == isGone {
		return
	}
	_ = c.loop.gnet.Close(c.gc)
}
