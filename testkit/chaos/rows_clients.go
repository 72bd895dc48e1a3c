package chaos

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/testkit/client"
	"github.com/uniqchat/uniqchat/testkit/proxy"
)

const othersHold = "the node lives, memory stays bounded, others' p99 within 1.5x; " + zeroLost

// clientRows are clients that behave badly, and many at once.
var clientRows = []*Row{
	{
		Name: "same-cmid", Fault: "the same cmid 100 times over three nodes at once, 20 times", Holds: "one row, one seq, 99 dup; another body: 409",
		Setup: Setup{Visitors: 1}, People: slowly, Break: sameCMID,
	},
	{
		Name: "reconnect-10k", Fault: "10,000 visitors dropped at once, who come back with RESUME", Holds: "all back and complete (goal: 2 s), no database query for each",
		Setup: Setup{Visitors: 10_000}, People: Population{Talks: 12, Agents: 3, Watchers: 3, Rate: 50}, Break: reconnect10k,
	},
	{
		Name: "slow-reader", Fault: "an agent who follows every conversation stops reading for 40 s, at 2,000 messages/s", Holds: othersHold + "; the reader is complete after coming back",
		Setup: Setup{Direct: true}, Break: slowReader,
	},
	{
		Name: "descriptors", Fault: "one node (400 descriptors) gets 1,000 connections more than it may have, for 10 s", Holds: othersHold,
		Setup: Setup{NoFile: 400}, People: slowly,
		Break: func(r *Run) {
			r.besides("1,000 connections that say nothing", 10*time.Second, func(ctx context.Context) { flood(ctx, r.W.Nodes[0].WS, 1000, "") })
		},
	},
	{
		Name: "slowloris", Fault: "1,000 connections that send one byte of their upgrade every 2 s, for 15 s", Holds: othersHold, People: slowly,
		Break: func(r *Run) {
			r.besides("slowloris", 15*time.Second, func(ctx context.Context) {
				flood(ctx, r.W.Nodes[0].WS, 1000, "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n")
			})
		},
	},
	{
		Name: "half-open-peers", Fault: "100 visitors of one node vanish without a word (their network swallows everything) for 15 s", Holds: othersHold,
		Setup: Setup{Visitors: 100, Env: []string{"UNIQCHAT_HEARTBEAT_VISITOR_PING=3s", "UNIQCHAT_HEARTBEAT_VISITOR_PONG=2s"}}, People: slowly, Break: halfOpenPeers,
	},
}

// sameCMID sends one message from 100 connections of one visitor at once, again and again.
func sameCMID(r *Run) {
	tok := r.W.tokens["visitor"][r.row.People.Talks]
	var tabs []*member
	for i := range 100 {
		tabs = append(tabs, r.C.join(fmt.Sprintf("tab %d", i), tok, i%len(r.W.Nodes), client.Mode(i%3), nil))
	}
	conv := client.NewID()
	_, err := tabs[0].Send(r.ctx, codec.Send{Conv: conv, Body: client.TextBody("hello")})
	r.Must(err)
	for _, m := range tabs[1:] {
		r.Must(m.Follow(r.ctx, conv))
	}
	r.Fault("one cmid from everywhere")
	first, dups, seqs := 0, 0, map[uint64]bool{}
	for n := range 20 {
		p := codec.Send{Conv: conv, CMID: client.NewID(), Body: client.TextBody(fmt.Sprintf("the same, %d", n))}
		sent := make([]*client.Sending, len(tabs))
		var all sync.WaitGroup
		for i, m := range tabs {
			all.Go(func() { sent[i] = m.Post(p) })
		}
		all.Wait()
		for _, s := range sent {
			r.Must(s.Wait(r.ctx))
			seqs[s.Seq] = true
			if s.Dup {
				dups++
			} else {
				first++
			}
		}
		p.Body = client.TextBody("another body")
		ctx, cancel := context.WithTimeout(r.ctx, 8*time.Second)
		_, err := tabs[n].Do(ctx, &p)
		cancel()
		var refused *client.Refused
		if !errors.As(err, &refused) || refused.Code != codec.ErrConflict {
			r.Check("another body is 409", false, "%v", err)
		}
	}
	r.Healed()
	r.Check("one seq for each, and all others are dup", first <= 20 && first+dups == 2000 && len(seqs) == 20,
		"%d without dup, %d dup, %d seqs (a tab that got the MESSAGE first counts as dup)", first, dups, len(seqs))
}

// reconnect10k drops 10,000 visitors at once.
func reconnect10k(r *Run) {
	const many = 10_000
	toks := r.W.tokens["visitor"][r.row.People.Talks:]
	ms, ids := make([]*member, many), make([]uuid.UUID, many)
	gate := make(chan struct{}, 200)
	var opening sync.WaitGroup
	errs := make([]error, many)
	for i := range many {
		ids[i] = client.NewID()
		ms[i] = r.C.join(fmt.Sprintf("one of many %d", i), toks[i], i%len(r.W.Nodes), client.Binary, func(c *client.Config) {
			c.BackoffMin, c.BackoffMax, c.AnswerTimeout = 200*time.Millisecond, 2*time.Second, 30*time.Second
		})
		gate <- struct{}{}
		opening.Go(func() {
			defer func() { <-gate }()
			_, errs[i] = ms[i].Send(r.ctx, codec.Send{Conv: ids[i], Body: client.TextBody("hello")})
		})
	}
	opening.Wait()
	r.Must(errors.Join(errs...))
	r.Last(3 * time.Second) // the projection comes to rest
	before := r.statements()
	quiet := time.Now()
	r.Last(5 * time.Second)
	idle := float64(r.statements()-before) / time.Since(quiet).Seconds()
	before = r.statements()
	r.Fault("10,000 connections end")
	from := time.Now()
	for _, m := range ms {
		m.Drop()
	}
	for _, m := range ms {
		_, err := m.WaitReady(r.ctx)
		r.Must(err)
		r.Must(m.WaitIdle(r.ctx))
	}
	took := time.Since(from)
	r.Healed()
	caused := float64(r.statements()-before) - idle*took.Seconds()
	r.Note("all 10,000 were back and complete after %.1f s (goal: 2 s; server, clients and services share %s)", took.Seconds(), newReport().Machine)
	r.Check("no database query for each client", caused < many/10, "%.0f transactions beyond the %.0f a second of before", max(caused, 0), idle)
}

// statements is how many transactions PostgreSQL has seen.
func (r *Run) statements() (n int64) {
	db, err := pgx.Connect(r.ctx, r.W.url)
	r.Must(err)
	defer db.Close(r.ctx) //nolint:errcheck // nothing was written
	r.Must(db.QueryRow(r.ctx, `SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()`).Scan(&n))
	return n
}

// stuck is a connection whose reader can be stopped.
type stuck struct {
	net.Conn
	gate *sync.RWMutex
}

// stuckWindow is how much a stuck connection's kernel takes in while nobody reads. It is small, so that the server feels the stop
// soon; but not smaller than a segment of the loopback device (64 KiB), because then the kernels' own protection against
// silly windows lets a window through every 200 ms, 150 kB a second whoever writes, and a reader that reads again stays a
// slow one. Networks that people use have segments of 1.5 kB.
const stuckWindow = 64 << 10

// dialStuck connects to a node so that the reader can be stopped.
func dialStuck(addr string, gate *sync.RWMutex) (net.Conn, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	if err := conn.(*net.TCPConn).SetReadBuffer(stuckWindow); err != nil {
		conn.Close()
		return nil, err
	}
	return &stuck{conn, gate}, nil
}

func (s *stuck) Read(p []byte) (int, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	return s.Conn.Read(p)
}

// slowReader stops one reader of everything.
func slowReader(r *Run) {
	var gate sync.RWMutex
	home := r.W.Nodes[0]
	m := r.C.join("slow reader", r.W.tokens["agent"][0], 0, client.Binary, func(c *client.Config) {
		c.AnswerTimeout = time.Minute
		c.Dial = func(string, string) (net.Conn, error) { return dialStuck(home.WS, &gate) }
	})
	for _, k := range r.C.talks {
		r.Must(m.Follow(r.ctx, k.id))
	}
	before := m.Stats()
	quiet, during := r.aside("nobody reads one connection", 40*time.Second, func(ctx context.Context) {
		gate.Lock()
		<-ctx.Done()
		gate.Unlock()
	})
	from, missed := time.Now(), 0
	for _, k := range r.C.talks {
		missed += len(k.agent.Messages(k.id)) - len(m.Messages(k.id))
	}
	for _, k := range r.C.talks {
		r.caughtUp(m, k)
	}
	took := time.Since(from)
	r.Check("the reader is complete within 30 s of coming back, while others go on", took <= 30*time.Second, "%d messages behind, complete after %s", missed, round(took))
	later := r.C.rec.Now()
	r.Last(20 * time.Second)
	r.unharmed("others' p99", during, quiet, window{later, r.C.rec.Now()})
	st := m.Stats()
	r.Check("the slow reader gets a GAP, or is closed", st.Gaps > before.Gaps || st.Disconnects > before.Disconnects, "%d GAPs, closed %d times",
		st.Gaps-before.Gaps, st.Disconnects-before.Disconnects)
	r.Note("the slow reader: %d connections, %d GAPs, %d SYNCs, closed with %d", st.Connects, st.Gaps, st.Syncs-before.Syncs, st.LastClose)
}

// caughtUp waits until a reader has all of a conversation that its agent has now.
func (r *Run) caughtUp(m *member, k *talk) {
	all := k.agent.Messages(k.id)
	ctx, cancel := context.WithTimeout(r.ctx, 90*time.Second)
	defer cancel()
	r.Must(m.WaitSeq(ctx, k.id, all[len(all)-1].Seq))
}

// besides is aside, and judges everybody else's waits.
func (r *Run) besides(what string, d time.Duration, do func(ctx context.Context)) {
	quiet, during := r.aside(what, d, do)
	r.unharmed("others' p99", during, quiet)
}

// aside lets something go on beside everybody's traffic, after a quiet stretch; it judges the node's memory and that it lives.
func (r *Run) aside(what string, d time.Duration, do func(ctx context.Context)) (quiet, during window) {
	n := r.W.Nodes[0]
	r.Last(5 * time.Second) // everything is warm
	from := r.C.rec.Now()
	r.Last(min(d, 20*time.Second))
	rss := n.RSS()
	r.Fault("%s", what)
	ctx, cancel := context.WithTimeout(r.ctx, d)
	defer cancel()
	begin := r.C.rec.Now()
	var work sync.WaitGroup
	work.Go(func() { do(ctx) })
	top := rss
	for ctx.Err() == nil {
		r.Last(200 * time.Millisecond)
		if n.Running() {
			top = max(top, n.RSS())
		}
	}
	end := r.C.rec.Now()
	work.Wait()
	r.Healed()
	r.Check("memory stays bounded", top-rss < 128<<20, "%s before, at most %s", size(float64(rss)), size(float64(top)))
	r.Check("the node lives", n.Running() && n.Ready(r.ctx), "running %t", n.Running())
	return window{from, begin}, window{begin, end}
}

func round(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }

// flood opens many connections, sends a byte of text on each every 2 s, and opens another one for each that ends.
func flood(ctx context.Context, addr string, n int, text string) {
	var all sync.WaitGroup
	var open atomic.Int64
	for range n {
		all.Go(func() {
			for ctx.Err() == nil {
				d := net.Dialer{Timeout: 2 * time.Second}
				conn, err := d.DialContext(ctx, "tcp", addr)
				if err == nil {
					open.Add(1)
					drip(ctx, conn, text)
					open.Add(-1)
				}
				sleep(ctx, 200*time.Millisecond)
			}
		})
	}
	all.Wait()
}

// drip holds a connection until it ends.
func drip(ctx context.Context, conn net.Conn, text string) {
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	defer conn.Close()
	for i := 0; ctx.Err() == nil; i++ {
		if i < len(text) {
			if _, err := conn.Write([]byte{text[i]}); err != nil {
				return
			}
		}
		_ = conn.SetReadDeadline(time.Now().Add(2 * time.Second))
		if _, err := conn.Read(make([]byte, 64)); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			var n net.Error
			if !errors.As(err, &n) || !n.Timeout() {
				return
			}
		}
	}
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// halfOpenPeers lets 100 visitors vanish behind a proxy.
func halfOpenPeers(r *Run) {
	n := r.W.Nodes[0]
	p, err := proxy.Start(n.WS)
	r.Must(err)
	defer p.Close()
	var ms []*member
	var ids []uuid.UUID
	for i, tok := range r.W.tokens["visitor"][r.row.People.Talks:] {
		m := r.C.join(fmt.Sprintf("vanishing %d", i), tok, 0, client.Binary, func(c *client.Config) {
			c.Dial = func(string, string) (net.Conn, error) { return net.Dial("tcp", p.Addr()) }
		})
		id := client.NewID()
		_, err := m.Send(r.ctx, codec.Send{Conv: id, Body: client.TextBody("hello")})
		r.Must(err)
		ms, ids = append(ms, m), append(ids, id)
	}
	with := n.Metric("uniqchat_engine_connections")
	r.besides("100 visitors vanish", 15*time.Second, func(ctx context.Context) {
		r.Must(p.HalfOpen())
		<-ctx.Done()
	})
	without := n.Metric("uniqchat_engine_connections")
	r.Check("the node closes who does not answer its PING", without <= with-100, "%.0f connections, then %.0f", with, without)
	r.Must(p.Heal())
	for i, m := range ms {
		_, err := m.WaitReady(r.ctx)
		r.Must(err)
		r.C.goAway(m, ids[i])
	}
}
