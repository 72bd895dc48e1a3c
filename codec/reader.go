package codec

import "unicode/utf8"

// Sink takes what a MessageReader found: a whole text or binary message, or a control frame. The payload is borrowed
// until Frame returns; Frame may change it. An error ends the reading and is returned by Read.
type Sink interface {
	Frame(op Opcode, payload []byte) error
}

// MessageReader turns a connection's bytes into messages: it unmasks in place, assembles fragments (RFC 6455 5.4), checks
// UTF-8, and judges sizes before it takes memory. The zero value is ready; it is one pointer while no message is half
// received. Not safe for concurrent use.
type MessageReader struct {
	part *partial
}

// partial is a message of which not everything is there yet.
type partial struct {
	buf     *Buffer
	op      Opcode // of the message; OpContinuation while only a control frame is pending
	begun   bool   // a fragmented message is open
	inFrame bool   // the current data frame is not whole yet
	fin     bool   // of the current frame
	mask    [4]byte
	masked  bool
	offset  int   // bytes of the current frame unmasked so far
	left    int64 // bytes of the current frame still to come
	checked int   // bytes of buf known to be valid UTF-8
}

var (
	errUnmasked   = protocolError("frames of a client must be masked")
	errMasked     = protocolError("frames of a server must not be masked")
	errContinue   = protocolError("continuation without a message to continue")
	errInterleave = protocolError("a new message began inside a fragmented one")
	errUTF8       = &CloseError{CloseInvalidUTF8, "text message is not UTF-8"}
	errTooBig     = &CloseError{CloseTooBig, "message is larger than this connection may send"}
)

// Read takes bytes as they came from a client, passes every whole message and control frame to sink, in order, and
// returns how many bytes it is done with; the rest (part of a header or of a control frame) must be given again together
// with what follows. An error is a *CloseError, or sink's.
func (r *MessageReader) Read(b []byte, maxMessage int, sink Sink) (consumed int, err error) {
	return r.read(b, maxMessage, sink, true)
}

// ReadServer is Read for the client's side: frames must not be masked.
func (r *MessageReader) ReadServer(b []byte, maxMessage int, sink Sink) (consumed int, err error) {
	return r.read(b, maxMessage, sink, false)
}

// Reset drops a half-received message and gives its memory back.
func (r *MessageReader) Reset() {
	if r.part != nil {
		PutBuffer(r.part.buf)
		r.part = nil
	}
}

// Pending reports whether a message is half received.
func (r *MessageReader) Pending() bool { return r.part != nil }

func (r *MessageReader) read(b []byte, maxMessage int, sink Sink, masked bool) (int, error) {
	done := 0
	for {
		if p := r.part; p != nil && p.inFrame {
			n, err := r.fill(b[done:], sink)
			done += n
			if err != nil || r.part != nil && r.part.inFrame {
				return done, err
			}
			continue
		}
		h, ok, err := ParseFrameHeader(b[done:])
		if err != nil || !ok {
			return done, err
		}
		if err := r.check(&h, maxMessage, masked); err != nil {
			return done, err
		}
		whole := int64(len(b)-done-h.Size) >= h.Length
		if h.Opcode.Control() {
			if !whole {
				return done, nil // at most 125 bytes: they come again
			}
			payload := b[done+h.Size : done+h.Size+int(h.Length)]
			if h.Masked {
				Unmask(payload, h.Mask, 0)
			}
			done += h.Size + int(h.Length)
			if err := sink.Frame(h.Opcode, payload); err != nil {
				return done, err
			}
			continue
		}
		if whole && h.Fin && h.Opcode != OpContinuation { // the usual case: nothing is copied
			payload := b[done+h.Size : done+h.Size+int(h.Length)]
			if h.Masked {
				Unmask(payload, h.Mask, 0)
			}
			done += h.Size + int(h.Length)
			if h.Opcode == OpTextFrame && !utf8.Valid(payload) {
				return done, errUTF8
			}
			if err := sink.Frame(h.Opcode, payload); err != nil {
				return done, err
			}
			continue
		}
		r.begin(&h)
		done += h.Size
	}
}

// check judges a header by what came before it.
func (r *MessageReader) check(h *FrameHeader, maxMessage int, masked bool) error {
	switch {
	case masked && !h.Masked:
		return errUnmasked
	case !masked && h.Masked:
		return errMasked
	case h.Opcode.Control():
		return nil
	}
	have := 0
	if open := r.part != nil && r.part.begun; open {
		if h.Opcode != OpContinuation {
			return errInterleave
		}
		have = len(r.part.buf.B)
	} else if h.Opcode == OpContinuation {
		return errContinue
	}
	if h.Length > int64(maxMessage-have) {
		return errTooBig
	}
	return nil
}

// firstRoom is how much memory the first bytes of a half-received message get: a header alone may claim the maximum, and
// must not be believed.
const firstRoom = 4096

// begin opens a data frame whose payload is still to come, wholly or in part.
func (r *MessageReader) begin(h *FrameHeader) {
	p := r.part
	if p == nil {
		p = &partial{buf: GetBuffer(int(min(h.Length, firstRoom)))}
		r.part = p
	}
	if h.Opcode != OpContinuation {
		p.op = h.Opcode
	}
	p.begun = true
	p.inFrame = true
	p.fin = h.Fin
	p.mask, p.masked = h.Mask, h.Masked
	p.offset = 0
	p.left = h.Length
}

// fill takes payload bytes of the open frame.
func (r *MessageReader) fill(b []byte, sink Sink) (int, error) {
	p := r.part
	n := int(min(int64(len(b)), p.left))
	at := len(p.buf.B)
	p.grow(n)
	p.buf.B = append(p.buf.B, b[:n]...)
	if p.masked {
		Unmask(p.buf.B[at:], p.mask, p.offset)
	}
	p.offset += n
	p.left -= int64(n)
	if p.op == OpTextFrame && !p.checkUTF8(p.left == 0 && p.fin) {
		return n, errUTF8
	}
	if p.left > 0 {
		return n, nil
	}
	p.inFrame = false
	if !p.fin {
		return n, nil
	}
	r.part = nil // first, so that a sink that resets the reader does no harm
	err := sink.Frame(p.op, p.buf.B)
	PutBuffer(p.buf)
	return n, err
}

// grow makes room for n more bytes. It doubles, so that a drip feed or tiny fragments copy each byte a bounded number of
// times, but takes no more than a last frame has announced.
func (p *partial) grow(n int) {
	need := len(p.buf.B) + n
	if need <= cap(p.buf.B) {
		return
	}
	room := 2 * cap(p.buf.B)
	if p.fin && int64(room) > int64(len(p.buf.B))+p.left {
		room = len(p.buf.B) + int(p.left)
	}
	bigger := GetBuffer(max(need, room))
	bigger.B = append(bigger.B, p.buf.B...)
	PutBuffer(p.buf)
	p.buf = bigger
}

// checkUTF8 validates what is new, but for a rune that may go on; final says that nothing follows.
func (p *partial) checkUTF8(final bool) bool {
	b := p.buf.B[p.checked:]
	if final {
		return utf8.Valid(b)
	}
	end := len(b)
	for back := 1; back <= min(utf8.UTFMax-1, len(b)); back++ {
		if c := b[len(b)-back]; utf8.RuneStart(c) {
			if !utf8.FullRune(b[len(b)-back:]) {
				end = len(b) - back
			}
			break
		}
	}
	if !utf8.Valid(b[:end]) {
		return false
	}
	p.checked += end
	return true
}
