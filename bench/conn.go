package bench

import (
	"errors"
	"fmt"
	"io"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/uniqchat/uniqchat/codec"
)

// Mode is a transport and an encoding.
type Mode string

// The ways to speak to a server.
const (
	ModeBinary Mode = "ws-bin"
	ModeJSON   Mode = "ws-json"
	ModeTCP    Mode = "tcp"
	modeEcho   Mode = "echo" // WebSocket messages that are not packets
)

// ParseMode checks a mode's name.
func ParseMode(s string) (Mode, error) {
	switch m := Mode(s); m {
	case ModeBinary, ModeJSON, ModeTCP:
		return m, nil
	}
	return "", fmt.Errorf("mode %q is unknown; use ws-bin, ws-json or tcp", s)
}

// Target is where connections go.
type Target struct {
	Mode Mode
	Addr netip.AddrPort
	Host string // of the WebSocket request
	Path string
}

// peer is what a connection belongs to. All its methods are called on the loop.
type peer interface {
	// opened says that the transport is there: connected and, on WebSocket, upgraded.
	opened()
	// data gives a whole WebSocket message, or on TCP a run of whole packets. b is borrowed.
	data(op codec.Opcode, b []byte) error
	// lost says that the connection has ended, and why. It is not called after the owner has closed it.
	lost(err error)
}

type connState uint8

const (
	connClosed connState = iota
	connDialing
	connUpgrading
	connOpen
)

// conn is one socket on a loop. While nothing is on its way it owns no buffer. Event loop only.
type conn struct {
	loop    *Loop
	owner   peer
	target  *Target
	out     []byte // what is to be written
	rest    []byte // of an unfinished frame header, packet or HTTP answer
	reader  codec.MessageReader
	fd      int32
	gen     int32
	state   connState
	isDirty bool
	waiting bool // for room in the socket's buffer
}

// maxMessage is the largest message that a client takes.
const maxMessage = 32 << 20

// dial starts to connect, from a source address unless it is zero. What comes of it is told to the owner.
func (c *conn) dial(l *Loop, owner peer, t *Target, source netip.Addr) error {
	family := unix.AF_INET
	if t.Addr.Addr().Is6() {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	if err := prepare(fd, source); err != nil {
		_ = unix.Close(fd)
		return err
	}
	if err := unix.Connect(fd, sockaddr(t.Addr)); err != nil && !errors.Is(err, unix.EINPROGRESS) {
		_ = unix.Close(fd)
		return fmt.Errorf("connect: %w", err)
	}
	l.gen++
	*c = conn{loop: l, owner: owner, target: t, fd: int32(fd), gen: l.gen, state: connDialing}
	ev := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLOUT, Fd: c.fd, Pad: c.gen}
	if err := unix.EpollCtl(l.epfd, unix.EPOLL_CTL_ADD, fd, &ev); err != nil {
		_ = unix.Close(fd)
		c.state = connClosed
		return fmt.Errorf("epoll: %w", err)
	}
	if fd >= len(l.conns) {
		l.conns = append(l.conns, make([]*conn, fd+64-len(l.conns))...)
	}
	l.conns[fd] = c
	return nil
}

// prepare sets a socket's options and source address. The port is chosen at connect, so that it need only be free towards
// this one server.
func prepare(fd int, source netip.Addr) error {
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	if !source.IsValid() {
		return nil
	}
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
	if err := unix.Bind(fd, sockaddr(netip.AddrPortFrom(source, 0))); err != nil {
		return fmt.Errorf("bind to %s: %w", source, err)
	}
	return nil
}

func sockaddr(a netip.AddrPort) unix.Sockaddr {
	if a.Addr().Is6() {
		return &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}
	}
	return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
}

// ready is called with what epoll saw.
func (c *conn) ready(events uint32) {
	if c.state == connDialing {
		if events&(unix.EPOLLOUT|unix.EPOLLERR|unix.EPOLLHUP) == 0 {
			return
		}
		code, err := unix.GetsockoptInt(int(c.fd), unix.SOL_SOCKET, unix.SO_ERROR)
		if err == nil && code != 0 {
			err = unix.Errno(code)
		}
		if err != nil {
			c.fail(fmt.Errorf("connect: %w", err))
			return
		}
		c.watch(unix.EPOLLIN)
		c.connected()
		return
	}
	if events&unix.EPOLLOUT != 0 {
		c.waiting = false
		c.watch(unix.EPOLLIN)
		c.flush()
	}
	if c.state != connClosed && events&(unix.EPOLLIN|unix.EPOLLERR|unix.EPOLLHUP) != 0 {
		c.read()
	}
}

func (c *conn) watch(events uint32) {
	ev := unix.EpollEvent{Events: events, Fd: c.fd, Pad: c.gen}
	_ = unix.EpollCtl(c.loop.epfd, unix.EPOLL_CTL_MOD, int(c.fd), &ev)
}

// begin returns the output buffer, to be appended to and stored in c.out, and has it written at the end of the round.
func (c *conn) begin() []byte {
	if !c.isDirty {
		c.isDirty = true
		c.loop.dirty = append(c.loop.dirty, c)
	}
	if c.out == nil {
		c.out = c.loop.takeBuffer()
	}
	return c.out
}

// frame writes one WebSocket message whose payload build appends. On TCP the payload goes out as it is.
func (c *conn) frame(op codec.Opcode, build func(dst []byte) []byte) {
	if c.state != connOpen {
		return
	}
	b := c.begin()
	if c.target.Mode == ModeTCP {
		c.out = build(b)
		return
	}
	start := len(b)
	b = build(b)
	c.out = maskFrom(b, start, op, uint32(c.loop.random()))
}

// maskFrom turns what stands in b from start on into the payload of a masked frame, moving it to make room.
func maskFrom(b []byte, start int, op codec.Opcode, key uint32) []byte {
	n := len(b) - start
	var head [14]byte
	h := codec.AppendFrameHeader(head[:0], true, op, n)
	h[1] |= 0x80
	mask := [4]byte{byte(key), byte(key >> 8), byte(key >> 16), byte(key >> 24)}
	h = append(h, mask[:]...)
	b = append(b, h...)
	copy(b[start+len(h):], b[start:start+n])
	copy(b[start:], h)
	codec.Unmask(b[start+len(h):], mask, 0)
	return b
}

func (c *conn) flush() {
	if c.state == connClosed || c.waiting || len(c.out) == 0 {
		return
	}
	n, err := unix.Write(int(c.fd), c.out)
	if err != nil {
		if !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR) {
			c.fail(fmt.Errorf("write: %w", err))
			return
		}
		n = 0
	}
	c.loop.Stats.Writes++
	c.loop.Stats.BytesOut += int64(n)
	if n < len(c.out) {
		c.out = c.out[:copy(c.out, c.out[n:])]
		c.waiting = true
		c.watch(unix.EPOLLIN | unix.EPOLLOUT)
		return
	}
	c.loop.giveBuffer(c.out)
	c.out = nil
}

func (c *conn) read() {
	n, err := unix.Read(int(c.fd), c.loop.buf)
	switch {
	case err != nil:
		if !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR) {
			c.fail(fmt.Errorf("read: %w", err))
		}
		return
	case n == 0:
		c.fail(io.EOF)
		return
	}
	c.loop.Stats.Reads++
	c.loop.Stats.BytesIn += int64(n)
	b := c.loop.buf[:n]
	if len(c.rest) > 0 {
		c.rest = append(c.rest, b...)
		b = c.rest
	}
	gen := c.gen
	used, err := c.consume(b)
	if c.gen != gen || c.state == connClosed {
		return // closed, perhaps dialled again, by what it read
	}
	if err != nil {
		c.fail(err)
		return
	}
	if used == len(b) {
		c.rest = nil
		return
	}
	c.rest = append(c.rest[:0:cap(c.rest)], b[used:]...)
}

// consume passes on what is whole in b and returns how much that was.
func (c *conn) consume(b []byte) (int, error) {
	used := 0
	if c.state == connUpgrading {
		n, err := c.upgraded(b)
		if n == 0 || err != nil {
			return 0, err
		}
		used = n
		c.state = connOpen
		c.owner.opened()
		if c.state != connOpen || used == len(b) {
			return used, nil
		}
	}
	if c.target.Mode == ModeTCP {
		return c.packets(b)
	}
	n, err := c.reader.ReadServer(b[used:], maxMessage, c)
	return used + n, err
}

// packets passes on all whole packets at the start of b.
func (c *conn) packets(b []byte) (int, error) {
	used := 0
	for {
		h, ok, err := codec.ParseHeader(b[used:])
		if err != nil {
			return used, err
		}
		size := codec.HeaderSize + int(h.Length)
		if !ok || len(b)-used < size {
			break
		}
		used += size
	}
	if used == 0 {
		return 0, nil
	}
	return used, c.owner.data(codec.OpBinaryFrame, b[:used])
}

// closeFrame is how the peer ended the connection, after its close frame has been answered.
type closeFrame struct {
	code   uint16
	reason string
}

func (e *closeFrame) Error() string { return fmt.Sprintf("closed with %d %s", e.code, e.reason) }

var errStopped = errors.New("closed by its owner")

// Frame implements codec.Sink.
func (c *conn) Frame(op codec.Opcode, payload []byte) error {
	switch op {
	case codec.OpPingFrame:
		c.frame(codec.OpPongFrame, func(dst []byte) []byte { return append(dst, payload...) })
	case codec.OpPongFrame:
	case codec.OpCloseFrame:
		code, reason, err := codec.ParseClose(payload)
		if err != nil {
			return err
		}
		c.frame(codec.OpCloseFrame, func(dst []byte) []byte { return codec.AppendClose(dst, code, "") })
		c.flush()
		return &closeFrame{code, reason}
	default:
		if err := c.owner.data(op, payload); err != nil {
			return err
		}
	}
	if c.state != connOpen {
		return errStopped
	}
	return nil
}

// fail ends the connection and tells the owner.
func (c *conn) fail(err error) {
	if c.state == connClosed {
		return
	}
	c.abandon()
	c.owner.lost(err)
}

// hangUp says goodbye and ends the connection; the owner isn't told.
func (c *conn) hangUp() {
	if c.state == connOpen && c.target.Mode != ModeTCP {
		c.frame(codec.OpCloseFrame, func(dst []byte) []byte { return codec.AppendClose(dst, codec.CloseNormal, "") })
		_, _ = unix.Write(int(c.fd), c.out)
	}
	c.abandon()
}

// abandon ends the connection without a word.
func (c *conn) abandon() {
	if c.state == connClosed {
		return
	}
	c.state = connClosed
	c.loop.conns[c.fd] = nil
	_ = unix.Close(int(c.fd)) // which also takes it out of the epoll set
	c.reader.Reset()
	c.loop.giveBuffer(c.out)
	c.out, c.rest = nil, nil
}
