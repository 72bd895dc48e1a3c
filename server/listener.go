package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/google/uuid"
)

// listener accepts HTTP connections for Hertz, whose accept loop ends at the first error and whose connections have no
// deadline until their second request. Safe for concurrent use.
type listener struct {
	net.Listener
	most   int           // connections at once
	read   time.Duration // for the first request
	write  time.Duration // for one write
	logger *slog.Logger
	closed chan struct{}
	once   sync.Once

	mu    sync.Mutex
	conns map[*conn]struct{}
}

func listen(addr string, most int, read, write time.Duration, logger *slog.Logger) (*listener, error) {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &listener{
		Listener: ln, most: most, read: read, write: write, logger: logger,
		closed: make(chan struct{}), conns: make(map[*conn]struct{}),
	}, nil
}

// Accept returns the next connection. It outlives errors such as a lack of descriptors, and turns away what is too many.
func (l *listener) Accept() (net.Conn, error) {
	pause := 5 * time.Millisecond
	for {
		c, err := l.Listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil, err
		}
		if err != nil {
			l.logger.Warn("accept failed; trying again", "err", err, "pause", pause)
			select {
			case <-l.closed:
				return nil, net.ErrClosed
			case <-time.After(pause):
			}
			pause = min(2*pause, time.Second)
			continue
		}
		pause = 5 * time.Millisecond
		out := &conn{Conn: c, l: l}
		l.mu.Lock()
		full := len(l.conns) >= l.most
		if !full {
			l.conns[out] = struct{}{}
		}
		l.mu.Unlock()
		if full || c.SetReadDeadline(time.Now().Add(l.read)) != nil {
			_ = out.Close()
			continue
		}
		return out, nil
	}
}

// Close ends Accept.
func (l *listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// endIdle wakes connections that wait for a request, until ctx ends: Hertz would let them sit out their idle time.
func (l *listener) endIdle(ctx context.Context) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		l.mu.Lock()
		for c := range l.conns {
			_ = c.SetReadDeadline(time.Now()) // a closed one needs none
		}
		l.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// closeAll cuts every connection that is left.
func (l *listener) closeAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		_ = c.Conn.Close()
	}
}

// conn is a connection with a deadline for each write.
type conn struct {
	net.Conn
	l      *listener
	linger bool // a request was refused before it was read to its end
}

// A peer that is still sending when its connection is closed gets a reset, which can overtake the answer. So much, and so
// long, is read of a refused request to let the answer arrive.
const (
	lingerBytes = 4 << 20
	lingerTime  = 500 * time.Millisecond
)

func (c *conn) Write(b []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(c.l.write)); err != nil {
		return 0, err
	}
	if bytes.HasPrefix(b, []byte("HTTP/1.1 4")) && bytes.Contains(b, []byte("\r\nConnection: close\r\n")) {
		c.linger = true // what was refused may still be coming in
	}
	if problem := cannedProblem(b); problem != nil {
		c.linger = true
		if _, err := c.Conn.Write(problem); err != nil {
			return 0, err
		}
		return len(b), nil
	}
	return c.Conn.Write(b)
}

// ReadFrom hands on what r gives, a little at a time and each within the deadline of a write: Hertz would gather all of it first.
func (c *conn) ReadFrom(r io.Reader) (int64, error) { return io.Copy(struct{ io.Writer }{c}, r) }

func (c *conn) Close() error {
	c.l.mu.Lock()
	delete(c.l.conns, c)
	c.l.mu.Unlock()
	if half, ok := c.Conn.(*net.TCPConn); ok && c.linger && half.CloseWrite() == nil && half.SetReadDeadline(time.Now().Add(lingerTime)) == nil {
		_, _ = io.CopyN(io.Discard, half, lingerBytes) // whatever comes of it, it is closed now
	}
	return c.Conn.Close()
}

// canned are the plain-text answers that Hertz gives to what it can't read as a request; no handler sees those.
var canned = []struct {
	text   string
	status string
	code   string
	title  string
}{
	{"Error when parsing request", "400 Bad Request", "malformed", "请求格式错误"},
	{"Request timeout", "408 Request Timeout", "timeout", "请求超时"},
	{"Request Entity Too Large", "413 Content Too Large", "too_large", "内容过大"},
	{"Request Header Fields Too Large", "431 Request Header Fields Too Large", "headers_too_large", "请求头过大"},
}

// cannedProblem returns the problem document for one of Hertz's plain-text answers, or nil for any other bytes.
func cannedProblem(b []byte) []byte {
	if len(b) > 512 || !bytes.HasPrefix(b, []byte("HTTP/1.1 4")) {
		return nil
	}
	for _, c := range canned {
		if !bytes.HasSuffix(b, []byte("\r\n\r\n"+c.text)) {
			continue
		}
		id := uuid.Must(uuid.NewV7()).String()
		body := fmt.Sprintf(`{"type":"about:blank","title":%q,"status":%s,"detail":%q,"code":%q,"request_id":%q}`,
			c.title, c.status[:3], c.text, c.code, id)
		return fmt.Appendf(nil, "HTTP/1.1 %s\r\nContent-Type: application/problem+json\r\nX-Content-Type-Options: nosniff\r\n"+
			"X-Request-Id: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", c.status, id, len(body), body)
	}
	return nil
}
