package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/testkit/client"
	"github.com/uniqchat/uniqchat/testkit/journal"
)

// Population is who is there, and how much they say.
type Population struct {
	Talks    int     // conversations, each of a visitor and an agent who both write
	Agents   int     // who share the conversations
	Watchers int     // agents who only read
	Rate     float64 // messages a second, all in all
	Drops    float64 // connections a second that are lost without a word, somebody's each time, so that what is on its way is sent again
}

// everyday is the population of most rows.
var everyday = Population{Talks: 48, Agents: 6, Watchers: 3, Rate: 2000}

// busy is the population of rows that must go on with busyRate: it offers a fifth more than that.
var busy = Population{Talks: 48, Agents: 6, Watchers: 3, Rate: 1.2 * busyRate, Drops: 2}

// busyRate is how many messages a second must be acknowledged, outages aside, while something is killed.
const busyRate = 2000

// Crowd is the population of a world with its journals.
type Crowd struct {
	t        testing.TB
	ctx      context.Context
	w        *World
	p        Population
	balancer *balancer
	rec      *journal.Recorder

	talks    []*talk
	watchers []*member
	acks     atomic.Int64 // SENDACKs that were no dup

	mu    sync.Mutex
	all   []*member
	lost  []time.Duration // how long clients were without a connection
	stop  chan struct{}   // closed: nobody says anything new
	load  sync.WaitGroup
	tasks sync.WaitGroup
}

// member is one client of the crowd.
type member struct {
	*client.Client
	name   string
	token  token
	home   int
	reader journal.Reader
	leave  context.CancelFunc
	left   chan struct{}
	err    error // how Run ended; after left

	brokeAt atomic.Int64 // when the connection was lost, ns; 0: it is there
	node    atomic.Int64
}

// talk is one conversation.
type talk struct {
	id             uuid.UUID
	visitor, agent *member
	readers        []*member // who have it beside those two
}

// newCrowd connects everybody and opens every conversation.
func newCrowd(t testing.TB, ctx context.Context, w *World, p Population) *Crowd {
	c := &Crowd{t: t, ctx: ctx, w: w, p: p, balancer: newBalancer(w.Nodes), rec: journal.NewRecorder(nil), stop: make(chan struct{})}
	ctx, cancel := context.WithCancel(ctx)
	c.ctx = ctx
	c.tasks.Go(func() { c.balancer.run(ctx) })
	t.Cleanup(func() { cancel(); c.tasks.Wait() })
	nodes := len(w.Nodes)
	var agents []*member
	for i := range p.Agents + p.Watchers {
		m := c.join(fmt.Sprintf("agent %d", i), w.tokens["agent"][i], (i+1)%nodes, client.Mode(i%3), nil)
		if i < p.Agents {
			agents = append(agents, m)
		} else {
			c.watchers = append(c.watchers, m)
		}
	}
	var opening sync.WaitGroup
	errs := make([]error, p.Talks)
	for i := range p.Talks {
		k := &talk{id: client.NewID(), agent: agents[i%len(agents)]}
		k.visitor = c.join(fmt.Sprintf("visitor %d", i), w.tokens["visitor"][i], i%nodes, client.Mode(i%3), nil)
		k.readers = append(k.readers, c.watchers[i%len(c.watchers)])
		if i%10 == 0 {
			k.readers = append(k.readers, c.join(fmt.Sprintf("visitor %d, second tab", i), w.tokens["visitor"][i], (i+1)%nodes, client.Mode((i+1)%3), nil))
		}
		c.talks = append(c.talks, k)
		opening.Go(func() { errs[i] = c.open(k) })
	}
	opening.Wait()
	require.NoError(t, errors.Join(errs...))
	return c
}

// open sends the first message of a conversation and makes everybody a reader of it.
func (c *Crowd) open(k *talk) error {
	ctx, cancel := context.WithTimeout(c.ctx, time.Minute)
	defer cancel()
	if _, err := k.visitor.Send(ctx, codec.Send{Conv: k.id, Body: client.TextBody("hello 你好")}); err != nil {
		return fmt.Errorf("%s opens %s: %w", k.visitor.name, k.id, err)
	}
	for _, r := range append([]*member{k.agent}, k.readers...) {
		if err := r.Follow(ctx, k.id); err != nil {
			return fmt.Errorf("%s follows %s: %w", r.name, k.id, err)
		}
	}
	return nil
}

// join starts a client that stays until the row ends or it leaves.
func (c *Crowd) join(name string, tok token, home int, mode client.Mode, tune func(*client.Config)) *member {
	c.t.Helper()
	m := &member{name: name, token: tok, home: home, left: make(chan struct{})}
	m.reader = journal.Reader{Name: name, User: uuid.MustParse(tok.User), Tenant: "chaos", Audience: journal.All}
	if tok.Role == "visitor" {
		m.reader.Audience = journal.Public
	}
	cfg := client.Config{
		Name: name, Token: tok.Token, Mode: mode, Recorder: c.rec, Tenant: "chaos", Address: "ws://nodes/ws",
		BackoffMin: 50 * time.Millisecond, BackoffMax: time.Second, OnPacket: func(_ codec.Header, p codec.Packet) { c.packet(m, p) },
		AnswerTimeout: 8 * time.Second, // a node answers within 5 s whatever happens
		Dial: func(string, string) (net.Conn, error) {
			conn, node, err := c.balancer.dial(home, mode)
			if err != nil {
				return nil, err
			}
			m.node.Store(int64(node))
			return &watched{Conn: conn, broke: func() { m.brokeAt.CompareAndSwap(0, time.Now().UnixNano()) }}, nil
		},
	}
	if tune != nil {
		tune(&cfg)
	}
	var err error
	m.Client, err = client.New(cfg)
	require.NoError(c.t, err)
	ctx, cancel := context.WithCancel(c.ctx)
	m.leave = cancel
	c.tasks.Go(func() {
		defer close(m.left)
		m.err = m.Run(ctx)
	})
	c.mu.Lock()
	c.all = append(c.all, m)
	c.mu.Unlock()
	return m
}

// packet counts what a client gets.
func (c *Crowd) packet(m *member, p codec.Packet) {
	switch p := p.(type) {
	case *codec.Sendack:
		if !p.Dup {
			c.acks.Add(1)
		}
	case *codec.Connack:
		if at := m.brokeAt.Swap(0); at > 0 {
			c.mu.Lock()
			c.lost = append(c.lost, time.Duration(time.Now().UnixNano()-at))
			c.mu.Unlock()
		}
	}
}

// goAway ends a client for good, as a visitor who closes the browser: it sends nothing again, and need not end complete.
func (c *Crowd) goAway(m *member, convs ...uuid.UUID) {
	m.leave()
	<-m.left
	if len(convs) > 0 {
		j := c.rec.Add(m.reader)
		for _, id := range convs {
			j.Unfollow(id)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, other := range c.all {
		if other == m {
			c.all = append(c.all[:i], c.all[i+1:]...)
			return
		}
	}
}

// talkAll lets everybody write until quiet is called.
func (c *Crowd) talkAll(rnd *rand.Rand) {
	senders := 2 * len(c.talks)
	pause := time.Duration(float64(senders) / c.p.Rate * float64(time.Second))
	for i, k := range c.talks {
		for _, who := range []*member{k.visitor, k.agent} {
			start := time.Duration(rnd.Int64N(int64(pause) + 1))
			c.load.Go(func() { c.write(k, who, i, start, pause) })
		}
	}
	if c.p.Drops > 0 {
		rnd := rand.New(rand.NewPCG(rnd.Uint64(), 0))
		c.load.Go(func() { c.drop(rnd) })
	}
}

// drop cuts somebody's connection every so often until quiet is called. The client comes back by itself.
func (c *Crowd) drop(rnd *rand.Rand) {
	t := time.NewTicker(time.Duration(float64(time.Second) / c.p.Drops))
	defer t.Stop()
	for {
		select {
		case <-c.stop:
			return
		case <-t.C:
		}
		k := c.talks[rnd.IntN(len(c.talks))]
		who := k.visitor
		if rnd.IntN(4) == 0 {
			who = k.agent
		}
		who.Drop()
	}
}

// outstanding is how many messages one sender has on the way at most, and arrears what it catches up on of those that it should
// have sent while it waited. So a short wait costs nothing of the rate, and what an outage took is not sent all at once.
const (
	outstanding = 16
	arrears     = 500 * time.Millisecond
)

// write is one sender: a message every pause, every fourth of which must be acknowledged before the next.
func (c *Crowd) write(k *talk, who *member, i int, start, pause time.Duration) {
	t := time.NewTimer(start)
	defer t.Stop()
	var open []*client.Sending
	next := time.Now().Add(start)
	for n := 0; ; n++ {
		select {
		case <-c.stop:
			return
		case <-who.left:
			return
		case <-t.C:
		}
		p := codec.Send{Conv: k.id, Body: client.TextBody(fmt.Sprintf("%s says %d in conversation %d", who.name, n, i))}
		if who == k.agent && n%8 == 7 {
			p.Visibility = codec.VisibilityInternal
		}
		open = append(open, who.Post(p))
		if n%4 == 0 || len(open) >= outstanding {
			wait := len(open)
			if n%4 != 0 {
				wait = 1
			}
			for _, s := range open[:wait] {
				select {
				case <-s.Done():
				case <-c.stop:
					return
				case <-who.left:
					return
				}
			}
			open = open[wait:]
		}
		if next = next.Add(pause); time.Since(next) > arrears {
			next = time.Now()
		}
		t.Reset(time.Until(next))
	}
}

// quiet ends the writing. What is on its way is still sent until it is answered.
func (c *Crowd) quiet() {
	select {
	case <-c.stop:
	default:
		close(c.stop)
	}
	c.load.Wait()
}

// members are all clients that are there.
func (c *Crowd) members() []*member {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]*member(nil), c.all...)
}

// readPage asks for a page of a conversation beside what the client does by itself.
func (c *Crowd) readPage(m *member, conv uuid.UUID) error {
	ctx, cancel := context.WithTimeout(c.ctx, 8*time.Second)
	defer cancel()
	if _, err := m.WaitReady(ctx); err != nil {
		return err
	}
	_, err := m.Do(ctx, &codec.Sync{Conv: conv, Limit: 10})
	return err
}

// idle waits until everybody has an answer to everything and lacks nothing.
func (c *Crowd) idle(within time.Duration) error {
	ctx, cancel := context.WithTimeout(c.ctx, within)
	defer cancel()
	all := c.members()
	for _, m := range all {
		m.Refresh()
	}
	var errs []error
	for _, m := range all {
		if err := m.WaitIdle(ctx); err != nil && len(errs) < 3 {
			errs = append(errs, fmt.Errorf("%s: %w", m.name, err))
		}
	}
	return errors.Join(errs...)
}

// without returns the longest time that a client was without a connection.
func (c *Crowd) without() (longest time.Duration, times int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, d := range c.lost {
		longest = max(longest, d)
	}
	return longest, len(c.lost)
}
