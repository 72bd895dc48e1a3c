package engine

import (
	"math"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/panjf2000/gnet/v2"
	"golang.org/x/sys/unix"

	"github.com/uniqchat/uniqchat/codec"
)

// state is where a connection stands. Event loop only.
type state uint8

const (
	inHandshake state = iota
	isOpen
	isClosing // we said goodbye, or refused the handshake; what comes in is thrown away
	isGone    // gnet has let go of it
)

// Conn is one connection. It is kept small: there are 100,000 of them. Methods are safe for concurrent use unless they
// say otherwise.
type Conn struct {
	gc      gnet.Conn // event loop only; meaningless once gone
	loop    *loop
	session Session
	reader  codec.MessageReader
	part    *codec.Buffer // raw TCP: a packet of which not everything is there yet
	out     *outbox       // nil while nothing waits
	tier    atomic.Pointer[Tier]
	origin  atomic.Pointer[string]
	addr    netip.Addr
	id      uint64
	leaving *goodbye     // due after what came before it: the peer's close frame, or its violation of the protocol, has come
	heard   uint32       // second of the loop's clock in which the peer was heard last
	due     uint32       // second in which the wheel looks at it; the deadline of its state
	place   uint32       // in the wheel's slot, counted from 1; 0: not in the wheel
	queued  atomic.Int32 // what its messages take up while they wait in their shard
	late    uint8        // reads since a goodbye was said
	slot    uint8        // of the wheel
	state   state
	kind    Kind
	opened  bool // Handler.Open has returned
	ready   bool
	pinged  bool // a PING is on its way and nothing was heard since; before ready: its first message is with the application
	counted bool // in the per-address table
}

// ID returns a number that no other connection of this process has.
func (c *Conn) ID() uint64 { return c.id }

// Session returns what Handler.Open returned.
func (c *Conn) Session() Session { return c.session }

// Kind returns how frames for this connection are built.
func (c *Conn) Kind() Kind { return c.kind }

// Addr returns the client's address, as a trusted proxy named it if there is one.
func (c *Conn) Addr() netip.Addr { return c.addr }

// Origin returns the Origin header of the handshake, or "". It is forgotten with Ready.
func (c *Conn) Origin() string {
	if o := c.origin.Load(); o != nil {
		return *o
	}
	return ""
}

// gone in place of a connection's Origin says that it has ended: one pointer for both keeps Conn small.
var gone = new(string)

// Gone reports whether the connection has ended before Ready. What it sent may still be on its way to the application, and
// OpClosed is behind that. Who needs the Origin reads it before this.
func (c *Conn) Gone() bool { return c.origin.Load() == gone }

// Tier returns how the connection is treated at this moment.
func (c *Conn) Tier() *Tier { return c.tier.Load() }

// Ready says that the peer has proven who it is: the deadline for that ends, and t holds from now on. first (nil for none), of which
// it takes over one reference, tells the peer so: pushes of topics that it was made a follower of before come after that.
func (c *Conn) Ready(t *Tier, first *Frame) {
	c.tier.Store(t)
	c.origin.Store(nil)
	c.loop.push(op{conn: c, ready: true, frame: first})
}

// Send queues a frame for the connection and takes over one reference of it.
func (c *Conn) Send(f *Frame, class Class) { c.loop.push(op{conn: c, frame: f, class: class}) }

// Close says goodbye with a code (a DISCONNECT, then a close frame, then FIN) after what was queued before, and closes.
// Only the first call counts.
func (c *Conn) Close(code uint16, reason string) {
	c.loop.push(op{conn: c, bye: &goodbye{code: code, reason: reason}})
}

// CloseFor is Close, and tells the client how long to stay away.
func (c *Conn) CloseFor(code uint16, reason string, away time.Duration) {
	ms := min(max(away.Milliseconds(), 0), math.MaxUint32)
	c.loop.push(op{conn: c, bye: &goodbye{code: code, reason: reason, retryAfter: uint32(ms)}})
}

// shutdownWrite sends FIN if everything was written; otherwise checkSlow does once it is. Event loop only.
func (c *Conn) shutdownWrite() {
	if c.gc.OutboundBuffered() == 0 {
		_ = unix.Shutdown(c.gc.Fd(), unix.SHUT_WR)
	}
}

// goodbye is why and how a connection ends.
type goodbye struct {
	code       uint16
	reason     string
	retryAfter uint32 // ms
	soft       bool   // only announced: the connection is served until it ends
	answer     bool   // to the peer's own close frame: nothing but its code goes out
}

// closeWait is how long the peer has to end its side after our goodbye.
const closeWait = 2 * time.Second

// heldFrame is a push to a connection that is not ready yet.
type heldFrame struct {
	frame *Frame
	class Class
}

// outbox is what waits to be written in this wake, and how the backlog of a slow reader is kept in bounds.
// Event loop only.
type outbox struct {
	frames []*Frame
	bytes  int // of frames
	missed []Missed
	held   []heldFrame // what came before Ready
	// While gnet still holds bytes that the kernel did not take:
	given    uint64 // bytes handed to gnet since then
	taken    uint64 // bytes the kernel had taken of those when we looked last
	progress uint32 // second in which that number grew last
	slow     bool
	dirty    bool // in the loop's list of connections to flush
}
