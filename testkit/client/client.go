package client

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/testkit/journal"
)

// Closed is returned by Run when the server said that coming back as it is makes no sense.
type Closed struct {
	Code   uint16
	Reason string
}

func (e *Closed) Error() string {
	return fmt.Sprintf("the server closed with %d: %s", e.Code, e.Reason)
}

// Stats counts what a client went through.
type Stats struct {
	Connects    int // accepted by CONNACK
	Disconnects int // ended without the client's will
	Syncs       int
	Gaps        int
	Resets      int // GAP with top 0
	Errors      map[uint16]int
	LastError   string // message of the last ERROR
	LastClose   uint16
	Timeouts    int
	Malformed   int // packets of the server that could not be decoded
}

// Client is one client over all its connections. Safe for concurrent use.
type Client struct {
	cfg Config

	mu      sync.Mutex
	w       *wire // nil while there is no connection
	ready   bool  // CONNACK came on w
	hello   codec.Connack
	rid     uint16
	asked   map[uint16]*request
	convs   map[codec.UUID]*conversation
	outbox  []*Sending // in the order of Post; answered ones leave
	journal *journal.Journal
	stats   Stats
	heard   time.Time
	pinged  time.Time
	pause   time.Duration // what the server asked for before a reconnect
	final   *Closed
	fired   []codec.Message // applied, and not yet told to OnMessage
	changed chan struct{}   // closed and replaced whenever something happened
}

// request is something that waits for an answer on the present connection.
type request struct {
	since   time.Time
	sending *Sending
	conv    *conversation // of a JOIN or SYNC
	after   uint64
	join    bool
	answer  func(p codec.Packet, err error)
}

// New makes a client; Run connects it.
func New(cfg Config) (*Client, error) {
	if err := cfg.defaults(); err != nil {
		return nil, err
	}
	return &Client{
		cfg: cfg, asked: map[uint16]*request{}, convs: map[codec.UUID]*conversation{}, changed: make(chan struct{}),
		stats: Stats{Errors: map[uint16]int{}},
	}, nil
}

// Run keeps the client connected until ctx ends (it returns nil then) or the server refuses it for good (a *Closed).
func (c *Client) Run(ctx context.Context) error {
	for attempt := 0; ; attempt++ {
		connected, err := c.session(ctx)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // whatever ended the connection, it was meant to end
		}
		c.mu.Lock()
		final, pause := c.final, c.pause
		c.pause = 0
		c.mu.Unlock()
		if final != nil {
			return final
		}
		var refused *Closed
		if errors.As(err, &refused) {
			return refused
		}
		if connected {
			attempt = 0
		}
		if pause = max(pause, c.cfg.backoff(attempt)); pause > 0 {
			t := time.NewTimer(pause)
			select {
			case <-t.C:
			case <-ctx.Done():
				t.Stop()
				return nil
			}
		}
	}
}

// session is one connection, from dial to end. connected says whether CONNACK came.
func (c *Client) session(ctx context.Context) (connected bool, err error) {
	w, err := c.cfg.dial(ctx)
	if err != nil {
		return false, err
	}
	var writing sync.WaitGroup
	writing.Go(w.write)
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		w.close(true)
		select { // a moment for the close frame
		case <-ended:
		case <-time.After(200 * time.Millisecond):
		}
		w.conn.Close()
	})
	defer stop()
	var ticking sync.WaitGroup
	ticking.Go(func() { c.ticks(ended) })
	c.begin(w)

	d := new(codec.Decoder)
	err = w.read(d, func(h codec.Header, p codec.Packet, err error) { c.packet(w, h, p, err) })
	close(ended)
	w.close(false)
	writing.Wait()
	ticking.Wait()
	return c.end(ctx, err), err
}

// ticks drives everything that waits for time.
func (c *Client) ticks(ended <-chan struct{}) {
	t := time.NewTicker(50 * time.Millisecond)
	defer t.Stop()
	for {
		select {
		case now := <-t.C:
			c.mu.Lock()
			c.tick(now)
			c.mu.Unlock()
		case <-ended:
			return
		}
	}
}

// begin sends CONNECT on a fresh connection.
func (c *Client) begin(w *wire) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.w, c.ready = w, false
	c.heard, c.pinged = time.Now(), time.Time{}
	p := &codec.Connect{
		MinVersion: 1, MaxVersion: 1, Token: c.cfg.Token, Device: c.cfg.Device, Page: c.cfg.Page, Locale: c.cfg.Locale,
	}
	for _, v := range c.convs {
		v.resumed = false
		if v.joined && v.last > 0 && len(p.Resume) < 64 {
			v.resumed = true
			p.Resume = append(p.Resume, codec.Position{Conv: v.id, Seq: v.last})
		}
	}
	w.send(codec.Header{RID: c.nextRID()}, p)
}

// end forgets the connection. What was asked on it is asked again on the next.
func (c *Client) end(ctx context.Context, err error) (connected bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	connected = c.ready
	if ctx.Err() == nil {
		c.stats.Disconnects++
	}
	var said *closedError
	if errors.As(err, &said) {
		c.closed(said.code, said.reason)
	}
	for _, r := range c.asked {
		if r.answer != nil {
			r.answer(nil, fmt.Errorf("the connection ended: %w", err))
		}
	}
	clear(c.asked)
	for _, v := range c.convs {
		v.lacking = v.lacking || v.asking && v.joined
		v.asking = false
	}
	for _, s := range c.outbox {
		s.rid = 0
	}
	c.w, c.ready = nil, false
	c.broadcast()
	return connected
}

// closed notes how the server ended the connection. mu must be held.
func (c *Client) closed(code uint16, reason string) {
	c.stats.LastClose = code
	if !codec.Reconnect(code) {
		c.final = &Closed{code, reason}
	}
}

// nextRID returns a correlation id that nothing waits for. mu must be held.
func (c *Client) nextRID() uint16 {
	for {
		if c.rid++; c.rid == 0 {
			continue
		}
		if _, taken := c.asked[c.rid]; !taken {
			return c.rid
		}
	}
}

// ask sends a packet that wants an answer. mu must be held, and a connection be there.
func (c *Client) ask(p codec.Packet, flags codec.Flags, r *request) uint16 {
	rid := c.nextRID()
	r.since = time.Now()
	c.asked[rid] = r
	c.w.send(codec.Header{RID: rid, Flags: flags}, p)
	return rid
}

// tick does what is due. mu must be held.
func (c *Client) tick(now time.Time) {
	if c.w == nil || !c.ready {
		return
	}
	for _, r := range c.asked {
		if now.Sub(r.since) > c.cfg.AnswerTimeout {
			c.stats.Timeouts++
			c.w.conn.Close()
			return
		}
	}
	ping, pong := time.Duration(c.hello.Ping)*time.Second, time.Duration(c.hello.Pong)*time.Second
	switch silent := now.Sub(c.heard); {
	case silent > ping+2*pong && !c.pinged.IsZero():
		c.stats.Timeouts++
		c.w.conn.Close()
		return
	case silent > ping+pong && c.pinged.IsZero():
		c.pinged = now
		c.w.send(codec.Header{}, &codec.Ping{Time: uint64(now.UnixMilli())})
	}
	for _, v := range c.convs {
		c.advance(v, now)
	}
	c.flush(now)
}

// broadcast wakes everyone who waits for a condition. mu must be held.
func (c *Client) broadcast() {
	close(c.changed)
	c.changed = make(chan struct{})
}
