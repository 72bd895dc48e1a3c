package engine

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// clockwork is one ready connection on a loop whose seconds the test lets pass.
func clockwork(t *testing.T, tier *Tier) (c *Conn, s *socket, second func(n uint32)) {
	e, l, _, socks := bench(t, 1, tier)
	return socks[0].conn, socks[0], func(n uint32) {
		for range n {
			e.clock.Add(1)
			l.step()
		}
	}
}

func TestPingOnlyTheSilent(t *testing.T) {
	c, s, pass := clockwork(t, &Tier{Ping: 20 * time.Second, Pong: 10 * time.Second, OutLimit: 1 << 16})
	for range 10 { // heard from every 15 s: no ping
		pass(15)
		c.heard = c.loop.e.clock.Load()
	}
	require.Zero(t, s.writes)
	pass(21)
	require.Equal(t, 1, s.writes)
	require.True(t, c.pinged)
	pass(8)
	c.heard, c.pinged = c.loop.e.clock.Load(), false // an answer in time, whatever it was
	pass(15)
	require.Equal(t, isOpen, c.state)
	pass(6)
	require.Equal(t, 2, s.writes)
	pass(11)
	require.Equal(t, isClosing, c.state)
}

func TestNoPingsWithoutAnInterval(t *testing.T) {
	c, s, pass := clockwork(t, &Tier{OutLimit: 1 << 16})
	pass(2000)
	require.Zero(t, s.writes)
	require.Equal(t, isOpen, c.state)
}

func TestFirstMessageDeadline(t *testing.T) {
	c, _, pass := clockwork(t, &Tier{Ping: time.Hour, OutLimit: 1 << 16})
	c.ready = false
	c.loop.wheel.add(c, c.loop.after(5*time.Second))
	pass(5)
	require.Equal(t, isOpen, c.state, "never too early: the clock is coarse")
	pass(2)
	require.Equal(t, isClosing, c.state)
}

// Whoever has said who it is, and waits for a server that has no time, must be able to come back: 3502 would keep it away for good.
func TestFirstMessageUnanswered(t *testing.T) {
	c, _, pass := clockwork(t, &Tier{Ping: time.Hour, OutLimit: 1 << 16})
	c.ready = false
	c.loop.wheel.add(c, c.loop.after(5*time.Second))
	require.NoError(t, c.deliver(OpBinary, []byte("me")))
	pass(7)
	require.Equal(t, isClosing, c.state)
	count := func(code string) uint64 {
		return c.loop.e.stats.set.GetOrCreateCounter(`uniqchat_engine_closed_total{code="` + code + `"}`).Get()
	}
	require.EqualValues(t, 1, count("3013"))
	require.Zero(t, count("3502"))
}

// The same for whoever finds the shard full: it hears at once that it is to come back later.
func TestFirstMessageRefused(t *testing.T) {
	c, _, _ := clockwork(t, &Tier{Ping: time.Hour, OutLimit: 1 << 16})
	c.loop.e.handler = talkative{}
	c.loop.e.cfg.QueueBytes = 1
	require.NoError(t, c.deliver(OpBinary, []byte("too much")), "who is known is told")
	c.ready = false
	require.ErrorIs(t, c.deliver(OpBinary, []byte("me")), errBusy)
}

// talkative has an answer for who finds no room.
type talkative struct{ mute }

func (talkative) Busy(*Conn, []byte) *Frame { return raw([]byte("busy")) }

// TestStallForgives: if the process stood still, the answers may be there unread; nobody is closed for that.
func TestStallForgives(t *testing.T) {
	c, s, pass := clockwork(t, &Tier{Ping: 20 * time.Second, Pong: 10 * time.Second, OutLimit: 1 << 16})
	pass(21)
	require.Equal(t, 1, s.writes)
	c.loop.e.clock.Add(60)
	pass(1)
	require.Equal(t, isOpen, c.state)
	pass(stall)
	require.Equal(t, isClosing, c.state, "but silence is silence")
}
