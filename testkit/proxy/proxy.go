package proxy

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// Direction is one way through a proxy.
type Direction int

// Up is from the client to the server, Down from the server to the client.
const (
	Up Direction = iota
	Down
)

// rule is what happens to one direction.
type rule struct {
	delay   time.Duration
	rate    int  // bytes a second; 0: no bound
	stop    bool // nothing passes; what came is delivered when it is healed, as a network does that lost packets for a while
	swallow bool // what comes is thrown away: the connection is of no use any more
}

// refusal is what happens to a new connection.
type refusal int

const (
	accept refusal = iota
	refuse         // nobody listens
	reset          // accepted and reset
	mute           // accepted, and then nothing
)

// Proxy carries connections to a server. Safe for concurrent use.
type Proxy struct {
	addr string

	mu       sync.Mutex
	target   string
	listener net.Listener // nil while it refuses
	rules    [2]rule
	refusal  refusal
	changed  chan struct{} // closed and replaced with every change of rules
	links    map[*link]bool
	closed   bool
	total    int

	work sync.WaitGroup
}

// Start starts a proxy for a server on a free loopback port. The caller calls Close.
func Start(target string) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start a proxy: %w", err)
	}
	p := &Proxy{addr: l.Addr().String(), target: target, changed: make(chan struct{}), links: map[*link]bool{}}
	p.listen(l)
	return p, nil
}

// Addr is where it listens, the same for ever.
func (p *Proxy) Addr() string { return p.addr }

// Connections returns how many are open, and how many there have been.
func (p *Proxy) Connections() (open, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.links), p.total
}

// Retarget sends new connections to another server, and closes the others, as a name that is switched does.
func (p *Proxy) Retarget(target string) {
	p.mu.Lock()
	p.target = target
	p.mu.Unlock()
	p.drop(false)
}

// Cut refuses new connections and closes the others.
func (p *Proxy) Cut() error { return p.set(refuse, func(*[2]rule) {}, true, false) }

// Reset resets every connection, and new ones as soon as they are there.
func (p *Proxy) Reset() error { return p.set(reset, func(*[2]rule) {}, true, true) }

// Drop closes the connections once, without a fault that lasts.
func (p *Proxy) Drop() { p.drop(false) }

// Delay holds everything of a direction back for a time.
func (p *Proxy) Delay(d Direction, by time.Duration) error {
	return p.set(accept, func(r *[2]rule) { r[d].delay = by }, false, false)
}

// Drip lets only so many bytes a second pass in a direction, over all of each connection.
func (p *Proxy) Drip(d Direction, bytesPerSecond int) error {
	return p.set(accept, func(r *[2]rule) { r[d].rate = bytesPerSecond }, false, false)
}

// OneWay stops a direction. What is sent meanwhile arrives after Heal, even if its sender has closed the connection by then:
// that is how a network behaves that loses every packet for a while.
func (p *Proxy) OneWay(stopped Direction) error {
	return p.set(accept, func(r *[2]rule) { r[stopped].stop = true }, false, false)
}

// Partition stops both directions: see OneWay.
func (p *Proxy) Partition() error {
	return p.set(accept, func(r *[2]rule) { r[Up].stop, r[Down].stop = true, true }, false, false)
}

// HalfOpen swallows everything, and accepts new connections without doing anything with them. Heal resets them all.
func (p *Proxy) HalfOpen() error {
	return p.set(mute, func(r *[2]rule) { r[Up].swallow, r[Down].swallow = true, true }, false, false)
}

// Heal ends every fault.
func (p *Proxy) Heal() error {
	p.mu.Lock()
	muted := p.refusal == mute
	p.mu.Unlock()
	return p.set(accept, func(r *[2]rule) { *r = [2]rule{} }, muted, true)
}

// Close ends the proxy and all its connections.
func (p *Proxy) Close() error {
	p.mu.Lock()
	p.closed = true
	err := p.unlisten()
	p.mu.Unlock()
	p.drop(true)
	p.work.Wait()
	return err
}

// set changes what happens to new connections and to bytes, and drops the connections if asked to.
func (p *Proxy) set(refusal refusal, change func(*[2]rule), drop, hard bool) error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return errors.New("the proxy is closed")
	}
	p.refusal = refusal
	change(&p.rules)
	close(p.changed)
	p.changed = make(chan struct{})
	var err error
	if refusal == refuse {
		err = p.unlisten()
	} else if p.listener == nil {
		err = p.relisten()
	}
	p.mu.Unlock()
	if drop {
		p.drop(hard)
	}
	return err
}

// unlisten stops listening. mu must be held.
func (p *Proxy) unlisten() error {
	if p.listener == nil {
		return nil
	}
	err := p.listener.Close()
	p.listener = nil
	return err
}

// relisten listens on the address again. mu must be held.
func (p *Proxy) relisten() error {
	l, err := net.Listen("tcp", p.addr)
	if err != nil {
		return fmt.Errorf("heal a proxy: %w", err)
	}
	p.listen(l)
	return nil
}

// listen accepts until the listener is closed.
func (p *Proxy) listen(l net.Listener) {
	p.listener = l
	p.work.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			p.work.Go(func() { p.serve(conn) })
		}
	})
}

// drop closes all connections, with a reset if hard.
func (p *Proxy) drop(hard bool) {
	p.mu.Lock()
	var all []*link
	for l := range p.links {
		all = append(all, l)
	}
	p.mu.Unlock()
	for _, l := range all {
		l.close(hard)
	}
}

// now returns what holds for a direction and what is closed with its next change.
func (p *Proxy) now(d Direction) (rule, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.rules[d], p.changed
}
