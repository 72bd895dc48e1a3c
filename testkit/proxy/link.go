package proxy

import (
	"net"
	"sync"
	"time"
)

// link is one connection through the proxy.
type link struct {
	client net.Conn
	gone   chan struct{}

	mu     sync.Mutex
	server net.Conn // nil of a connection that nothing is done with
	closed bool
}

// close ends both sides. Safe to call more than once, and for concurrent use.
func (l *link) close(hard bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	l.closed = true
	close(l.gone)
	for _, c := range []net.Conn{l.client, l.server} {
		if c == nil {
			continue
		}
		if t, ok := c.(*net.TCPConn); ok && hard {
			_ = t.SetLinger(0)
		}
		_ = c.Close()
	}
}

// chunk is what was read at once.
type chunk struct {
	b   []byte
	due time.Time // not to be delivered before
}

// serve carries one connection until both directions have ended.
func (p *Proxy) serve(client net.Conn) {
	l := &link{client: client, gone: make(chan struct{})}
	p.mu.Lock()
	target, refusal, stopped := p.target, p.refusal, p.closed
	if stopped || refusal == refuse || refusal == reset {
		p.mu.Unlock()
		l.close(true)
		return
	}
	p.links[l] = true
	p.total++
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		delete(p.links, l)
		p.mu.Unlock()
	}()
	if refusal == mute {
		<-l.gone
		return
	}
	server, err := net.DialTimeout("tcp", target, 5*time.Second)
	if err != nil {
		l.close(true)
		return
	}
	if !l.meet(server) {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { p.carry(l, Up, client, server) })
	both.Go(func() { p.carry(l, Down, server, client) })
	both.Wait()
	l.close(false)
}

// meet adds the server's side, unless the connection was closed meanwhile.
func (l *link) meet(server net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		_ = server.Close()
		return false
	}
	l.server = server
	return true
}

// carry carries one direction: it reads ahead a little, so that a delay does not become a bound on the rate, and ends with
// the close of the sending side, which it passes on in its turn.
func (p *Proxy) carry(l *link, d Direction, from, to net.Conn) {
	chunks := make(chan chunk, 64)
	var reading sync.WaitGroup
	reading.Go(func() {
		defer close(chunks)
		for {
			b := make([]byte, 32<<10)
			n, err := from.Read(b)
			if n > 0 {
				r, _ := p.now(d)
				select {
				case chunks <- chunk{b[:n], time.Now().Add(r.delay)}:
				case <-l.gone:
					return
				}
			}
			if err != nil {
				return
			}
		}
	})
	broken := false
	for c := range chunks {
		// A side that is gone takes nothing more, but what it sent before may still be on its way to the other one.
		broken = broken || !p.deliver(l, d, c, to)
	}
	p.pass(l, d)
	if t, ok := to.(*net.TCPConn); ok {
		_ = t.CloseWrite()
	}
	reading.Wait()
}

// deliver writes a chunk when it may pass. False if the connection is over.
func (p *Proxy) deliver(l *link, d Direction, c chunk, to net.Conn) bool {
	if !l.sleep(time.Until(c.due)) {
		return false
	}
	for len(c.b) > 0 {
		r, ok := p.pass(l, d)
		switch {
		case !ok:
			return false
		case r.swallow:
			return true
		}
		n := len(c.b)
		if r.rate > 0 {
			n = min(n, max(r.rate/50, 1))
			if !l.sleep(time.Duration(n) * time.Second / time.Duration(r.rate)) {
				return false
			}
			if now, ok := p.pass(l, d); !ok || now.swallow {
				continue
			}
		}
		if _, err := to.Write(c.b[:n]); err != nil {
			return false
		}
		c.b = c.b[n:]
	}
	return true
}

// pass waits until a direction is open. False if the connection is over.
func (p *Proxy) pass(l *link, d Direction) (rule, bool) {
	for {
		r, changed := p.now(d)
		if !r.stop {
			return r, true
		}
		select {
		case <-changed:
		case <-l.gone:
			return r, false
		}
	}
}

// sleep waits. False if the connection is over.
func (l *link) sleep(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-l.gone:
		return false
	}
}
