package bench

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/uniqchat/uniqchat/codec"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func body(n int) []byte { return fmt.Appendf(nil, `{"text":"message %d"}`, n) }

// talk opens a conversation of a visitor and has an agent join it.
func talk(t *testing.T, l *Loop, target *Target) (v, a *recorder, conv codec.UUID) {
	t.Helper()
	v, a = dialled(t, l, target, "v1"), dialled(t, l, target, "a1")
	on(t, l, func() {
		conv = l.newUUID()
		v.View(conv)
		v.Send(conv, 1, body(1))
	})
	v.until(t, "ack", func() bool { return len(v.acks) == 1 })
	on(t, l, func() { a.Join(conv) })
	a.until(t, "joined", func() bool { return a.joined == 1 })
	return v, a, conv
}

func TestClientTalks(t *testing.T) {
	for _, mode := range []Mode{ModeBinary, ModeJSON, ModeTCP} {
		t.Run(string(mode), func(t *testing.T) {
			_, target := newDouble(t, mode)
			l := startLoop(t)
			v, a, conv := talk(t, l, target)
			on(t, l, func() {
				for n := 2; n <= 30; n++ { // more than the window has room for
					v.Send(conv, uint64(n), body(n))
				}
				a.Send(conv, 100, body(100))
			})
			v.until(t, "30 acks", func() bool { return len(v.acks) == 30 })
			a.until(t, "all messages", func() bool { return len(a.texts) == 31 && len(a.acks) == 1 }) // created and 30 of the visitor
			v.until(t, "the agent's message", func() bool { return len(v.texts) == 2 })
			on(t, l, func() {
				require.Equal(t, v.view.Last, a.view.Last)
				require.Equal(t, v.view.Sum, a.view.Sum, "both sides have the same order")
				require.Zero(t, l.Stats.Retries)
				require.Zero(t, l.Stats.Syncs)
				require.Zero(t, l.Stats.Malformed)
			})
			for i := 1; i < len(a.seqs); i++ {
				require.Less(t, a.seqs[i-1], a.seqs[i])
			}
		})
	}
}

func TestClientResendsAfterDrop(t *testing.T) {
	s, target := newDouble(t, ModeBinary)
	l := startLoop(t)
	v, a, conv := talk(t, l, target)
	dropped := 0
	s.mu.Lock()
	s.onSend = func(c *doubleConn, h codec.Header, p *codec.Send) bool {
		if c.user != v.User || dropped > 3 {
			return true
		}
		dropped++
		if dropped%2 == 0 { // stored, but the ack is lost with the connection
			_ = c.c.Close()
			c.store(h, p)
			return false
		}
		_ = c.c.Close() // lost before it was stored
		return false
	}
	s.mu.Unlock()
	on(t, l, func() {
		for n := 2; n <= 9; n++ {
			v.Send(conv, uint64(n), body(n))
		}
	})
	v.until(t, "all acks", func() bool { return len(v.acks) == 9 })
	a.until(t, "all messages", func() bool { return len(a.texts) == 10 })
	on(t, l, func() {
		require.Positive(t, l.Stats.Reconnects)
		require.Positive(t, l.Stats.Retries)
		require.Zero(t, v.unsent())
	})
	s.with(func() {
		require.Len(t, s.convs[conv].messages, 9+1, "each once")
		require.Positive(t, s.dups, "retries carry DUP")
	})
	on(t, l, func() {
		a.Send(conv, 0, body(0)) // whatever the visitor missed comes with RESUME or SYNC
	})
	v.until(t, "agent's message", func() bool { return v.texts[len(v.texts)-1] == string(body(0)) })
	on(t, l, func() { require.Equal(t, a.view.Last, v.view.Last) })
}

func TestClientResumes(t *testing.T) {
	s, target := newDouble(t, ModeBinary)
	l := startLoop(t)
	v, a, conv := talk(t, l, target)
	var last uint64
	on(t, l, func() {
		last = v.view.Last
		v.fail(fmt.Errorf("cut")) // the visitor is away for a moment
		a.Send(conv, 7, body(7))
	})
	v.until(t, "missed message", func() bool { return len(v.texts) == 2 })
	require.Equal(t, string(body(7)), v.texts[1])
	s.mu.Lock()
	defer s.mu.Unlock()
	require.Empty(t, cmp.Diff([]codec.Position{{Conv: conv, Seq: last}}, s.resume))
}

func TestClientRetriesRefusals(t *testing.T) {
	for _, code := range []uint16{codec.ErrTooMany, codec.ErrBusy, codec.ErrUnknown, codec.ErrFull} {
		t.Run(errorName(code), func(t *testing.T) {
			s, target := newDouble(t, ModeBinary)
			l := startLoop(t)
			v, _, conv := talk(t, l, target)
			var at []time.Time
			s.mu.Lock()
			s.onSend = func(c *doubleConn, h codec.Header, _ *codec.Send) bool {
				at = append(at, time.Now())
				if len(at) < 3 {
					c.send(h.RID, &codec.Error{Code: code, Retryable: code != codec.ErrTooMany, RetryAfter: 30, Message: "not now"})
					return false
				}
				return true
			}
			s.mu.Unlock()
			on(t, l, func() { v.Send(conv, 2, body(2)) })
			v.until(t, "ack", func() bool { return len(v.acks) == 2 })
			s.mu.Lock()
			defer s.mu.Unlock()
			require.Len(t, at, 3)
			require.GreaterOrEqual(t, at[1].Sub(at[0]), 29*time.Millisecond, "retry_after is honoured")
		})
	}
}

func TestClientRefused(t *testing.T) {
	s, target := newDouble(t, ModeJSON)
	l := startLoop(t)
	v, _, conv := talk(t, l, target)
	s.mu.Lock()
	s.onSend = func(c *doubleConn, h codec.Header, _ *codec.Send) bool {
		c.send(h.RID, &codec.Error{Code: codec.ErrConflict, Message: "another body"})
		return false
	}
	s.mu.Unlock()
	on(t, l, func() { v.Send(conv, 2, body(2)); v.Join(l.newUUID()) })
	v.until(t, "refusals", func() bool { return len(v.refused) == 2 })
	require.ElementsMatch(t, []uint16{codec.ErrConflict, codec.ErrNotFound}, v.refused)
	on(t, l, func() { require.Zero(t, v.unsent()); require.Empty(t, v.box.calls) })
}

func TestClientFillsGaps(t *testing.T) {
	cases := map[string]func(s *double, skip *int) func(*doubleConn, *codec.Message) bool{
		"lost": func(_ *double, skip *int) func(*doubleConn, *codec.Message) bool {
			return func(c *doubleConn, _ *codec.Message) bool { *skip++; return *skip%3 != 0 }
		},
		"twice": func(_ *double, _ *int) func(*doubleConn, *codec.Message) bool {
			return func(c *doubleConn, m *codec.Message) bool { c.send(0, m); return true }
		},
		"GAP": func(_ *double, skip *int) func(*doubleConn, *codec.Message) bool {
			return func(c *doubleConn, m *codec.Message) bool {
				if *skip++; *skip%4 == 0 {
					c.send(0, &codec.Gap{Items: []codec.Position{{Conv: m.Conv, Seq: m.Seq}}})
					return false
				}
				return true
			}
		},
	}
	for name, fault := range cases {
		t.Run(name, func(t *testing.T) {
			s, target := newDouble(t, ModeBinary)
			l := startLoop(t)
			v, a, conv := talk(t, l, target)
			skip := 0
			s.mu.Lock()
			s.deliver = fault(s, &skip)
			s.mu.Unlock()
			for n := 2; n <= 20; n++ {
				on(t, l, func() { v.Send(conv, uint64(n), body(n)) })
				v.until(t, "ack", func() bool { return len(v.acks) == n })
			}
			s.mu.Lock()
			s.deliver = nil
			s.mu.Unlock()
			on(t, l, func() { v.Send(conv, 21, body(21)) })
			a.until(t, "everything", func() bool { return len(a.texts) == 22 })
			for i := 1; i < len(a.texts); i++ {
				require.Equal(t, string(body(i)), a.texts[i])
			}
			on(t, l, func() {
				require.Equal(t, v.view.Sum, a.view.Sum)
				if name == "twice" {
					require.Zero(t, l.Stats.Syncs, "what is known is dropped, not asked for")
					require.Positive(t, l.Stats.Known)
				}
			})
		})
	}
}

// TestClientWaitsForPredecessor: a SENDACK ahead of the client's last is not the end of the chain (rule 3).
func TestClientWaitsForPredecessor(t *testing.T) {
	s, target := newDouble(t, ModeBinary)
	l := startLoop(t)
	v, a, conv := talk(t, l, target)
	var held *codec.Message
	s.mu.Lock()
	s.deliver = func(c *doubleConn, m *codec.Message) bool {
		if c.user != v.User {
			return true
		}
		copied := *m
		held = &copied
		return false
	}
	s.mu.Unlock()
	on(t, l, func() { a.Send(conv, 5, body(5)) })
	a.until(t, "ack", func() bool { return len(a.acks) == 1 })
	on(t, l, func() { v.Send(conv, 6, body(6)) })
	v.until(t, "ack", func() bool { return len(v.acks) == 2 })
	on(t, l, func() { require.Len(t, v.view.ahead, 1) })
	s.mu.Lock()
	for c := range s.conns {
		if c.user == v.User {
			c.send(0, held)
		}
	}
	s.mu.Unlock()
	v.until(t, "late message", func() bool { return len(v.texts) == 2 })
	on(t, l, func() {
		require.Empty(t, v.view.ahead)
		require.Equal(t, a.view.Last, v.view.Last)
		require.Zero(t, l.Stats.Syncs)
	})
	// And once more, but it never comes: after a second the client asks.
	on(t, l, func() { a.Send(conv, 7, body(7)) })
	a.until(t, "ack", func() bool { return len(a.acks) == 2 })
	on(t, l, func() { v.Send(conv, 8, body(8)) })
	v.until(t, "synced", func() bool { return len(v.texts) >= 3 && v.texts[2] == string(body(7)) })
	require.Equal(t, 1, s.count(codec.TypeSync))
}

func TestClientAnswersPing(t *testing.T) {
	s, target := newDouble(t, ModeBinary)
	l := startLoop(t)
	dialled(t, l, target, "v1")
	s.mu.Lock()
	for c := range s.conns {
		c.send(0, &codec.Ping{Time: 42})
	}
	s.mu.Unlock()
	require.Eventually(t, func() bool { return s.count(codec.TypePong) == 1 }, 5*time.Second, time.Millisecond)
}

func TestClientHonoursDisconnect(t *testing.T) {
	s, target := newDouble(t, ModeBinary)
	l := startLoop(t)
	v := dialled(t, l, target, "v1")
	s.mu.Lock()
	begin := time.Now()
	for c := range s.conns {
		c.send(0, &codec.Disconnect{Code: codec.CloseDraining, Reconnect: true, RetryAfter: 700})
	}
	s.mu.Unlock()
	v.until(t, "back again", func() bool { return v.ready == 2 })
	require.GreaterOrEqual(t, time.Since(begin), 690*time.Millisecond)
}

func TestClientStaysAway(t *testing.T) {
	s, target := newDouble(t, ModeBinary)
	onConnect := func(c *doubleConn) bool {
		c.send(0, &codec.Disconnect{Code: codec.CloseBadToken, Reason: "expired"})
		return false
	}
	s.with(func() { s.onConnect = onConnect })
	l := startLoop(t)
	r := &recorder{}
	r.Who = identity("v1")
	on(t, l, func() { r.start(l, target, r) })
	r.until(t, "gone", func() bool { return r.gone != "" })
	require.Contains(t, r.gone, "3500")
	on(t, l, func() { require.Equal(t, map[string]int64{"3500": 1}, l.Stats.Closes) })
}

func TestClientComesBackToDeadServer(t *testing.T) {
	s, target := newDouble(t, ModeBinary)
	require.NoError(t, s.ln.Close())
	l := startLoop(t)
	r := &recorder{}
	r.Who = identity("v1")
	on(t, l, func() { r.start(l, target, r) })
	require.Eventually(t, func() bool {
		var n int64
		on(t, l, func() { n = l.Stats.DialErrors })
		return n >= 2
	}, 10*time.Second, 10*time.Millisecond)
}

// TestClientPagesThroughHistory: more than a page is fetched to the end.
func TestClientFetches(t *testing.T) {
	_, target := newDouble(t, ModeBinary)
	l := startLoop(t)
	v, a, conv := talk(t, l, target)
	on(t, l, func() {
		for n := 2; n <= 450; n++ {
			v.Send(conv, uint64(n), body(n))
		}
	})
	v.until(t, "acks", func() bool { return len(v.acks) == 450 })
	got := make(chan []uint64, 1)
	var seqs []uint64
	on(t, l, func() {
		a.Fetch(&Fetch{
			Conv:   conv,
			Failed: func(e *codec.Error) { t.Error(e.Message) },
			Page: func(m []codec.Message, done bool) {
				for i := range m {
					seqs = append(seqs, m[i].Seq)
				}
				if done {
					got <- seqs
				}
			},
		})
	})
	require.Len(t, <-got, 451)
}

func TestClientSilence(t *testing.T) {
	s, target := newDouble(t, ModeBinary)
	l := startLoop(t)
	v := dialled(t, l, target, "v1")
	on(t, l, func() {
		v.heard = l.now - int64(31*time.Second) // ping 20 s and pong 10 s
		v.checkSilence()
		require.True(t, v.pinged)
	})
	require.Eventually(t, func() bool { return s.count(codec.TypePing) == 1 }, 5*time.Second, time.Millisecond)
	on(t, l, func() {
		v.heard = l.now - int64(60*time.Second)
		v.checkSilence()
		require.False(t, v.IsReady())
		require.Equal(t, map[string]int64{"silent": 1}, l.Stats.Closes)
	})
	v.until(t, "back", func() bool { return v.ready == 2 })
}
