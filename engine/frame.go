package engine

import (
	"sync"
	"sync/atomic"

	"github.com/uniqchat/uniqchat/codec"
)

// Class says what may happen to a frame when its reader is slow.
type Class uint8

// From the most to the least important.
const (
	Must      Class = iota // replies: never dropped; if there is no room the connection closes with 3008
	Push                   // pushes of a topic: over three quarters of the limit they become one GAP
	Ephemeral              // typing, streams, events: dropped over half of the limit
)

// Topic names what connections subscribe to. Space keeps tenants and purposes apart; ID is chosen by clients.
type Topic struct {
	ID    [16]byte
	Space uint32
}

// Frame is encoded bytes, ready for the sockets of one Kind of connection, shared by all its receivers. It is immutable
// once it was sent, and goes back to its pool with the last reference. Begin returns one with one reference, which
// Conn.Send takes over.
type Frame struct {
	buf   *codec.Buffer
	data  []byte // what goes out: the WebSocket header, if any, and the payload
	refs  atomic.Int32
	kind  Kind
	topic Topic
	seq   uint64
}

var frames = sync.Pool{New: func() any { return new(Frame) }}

// frameRoom is what most frames fit into.
const frameRoom = 512

// Begin returns an empty frame for connections of a kind, and where its payload is to be appended:
//
//	f, dst := engine.Begin(k)
//	f.Finish(codec.AppendJSON(dst, h, p))
func Begin(k Kind) (f *Frame, dst []byte) {
	f = frames.Get().(*Frame)
	f.buf = codec.GetBuffer(frameRoom)
	f.kind = k
	f.topic, f.seq = Topic{}, 0
	f.refs.Store(1)
	return f, f.buf.B[:codec.MaxFrameHeader]
}

// Finish takes what was appended to Begin's dst, and returns the frame, ready to be sent.
func (f *Frame) Finish(b []byte) *Frame {
	f.buf.B = b
	if f.kind == RawTCP {
		f.data = b[codec.MaxFrameHeader:]
		return f
	}
	n := len(b) - codec.MaxFrameHeader
	op := codec.OpTextFrame
	if f.kind == WebSocketBinary {
		op = codec.OpBinaryFrame
	}
	at := codec.MaxFrameHeader - codec.FrameHeaderSize(n)
	codec.AppendFrameHeader(b[at:at], true, op, n)
	f.data = b[at:]
	return f
}

// NewFrame builds a frame from a function that appends its payload.
func NewFrame(k Kind, build func(dst []byte) []byte) *Frame {
	f, dst := Begin(k)
	return f.Finish(build(dst))
}

// message returns a frame with one whole WebSocket message or control frame.
func message(op codec.Opcode, payload []byte) *Frame {
	f, dst := Begin(RawTCP)
	dst = codec.AppendFrameHeader(dst, true, op, len(payload))
	return f.Finish(append(dst, payload...))
}

// Message returns the frame of a WebSocket text or binary message with the given payload, for programs that speak no
// packets.
func Message(op codec.Opcode, payload []byte) *Frame { return message(op, payload) }

// raw returns a frame of bytes that go out as they are.
func raw(b []byte) *Frame {
	f, dst := Begin(RawTCP)
	return f.Finish(append(dst, b...))
}

// Tag notes what the frame is a push of: if slow readers can't have it, they get a GAP up to seq of the topic instead.
// Only before the frame is sent.
func (f *Frame) Tag(t Topic, seq uint64) { f.topic, f.seq = t, seq }

// Len is how many bytes the frame puts on the wire.
func (f *Frame) Len() int { return len(f.data) }

// Retain adds a reference. Safe for concurrent use.
func (f *Frame) Retain() { f.refs.Add(1) }

// Release drops a reference. Safe for concurrent use.
func (f *Frame) Release() {
	switch n := f.refs.Add(-1); {
	case n > 0:
		return
	case n < 0:
		panic("engine: frame released too often")
	}
	buf := f.buf
	f.buf, f.data = nil, nil
	frames.Put(f)
	codec.PutBuffer(buf)
}
