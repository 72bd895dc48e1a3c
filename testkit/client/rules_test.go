package client_test

import (
	"context"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/testkit/client"
)

// script is the server's end of a client's connections, played by the test in a synctest bubble.
type script struct {
	t       *testing.T
	c       *client.Client
	dials   chan net.Conn
	conn    net.Conn
	packets chan got
	stop    context.CancelFunc
	ran     chan error
	user    codec.UUID
}

// got is a packet of the client, and when it came.
type got struct {
	h  codec.Header
	p  codec.Packet
	at time.Time
}

func play(t *testing.T) *script {
	s := &script{t: t, dials: make(chan net.Conn, 100), packets: make(chan got, 1000), ran: make(chan error, 1), user: codec.UUID{1}}
	c, err := client.New(client.Config{Address: "script", Mode: client.TCP, AnswerTimeout: time.Hour, Dial: func(string, string) (net.Conn, error) {
		mine, his := net.Pipe()
		s.dials <- mine
		return his, nil
	}})
	require.NoError(t, err)
	s.c = c
	ctx, cancel := context.WithCancel(t.Context())
	s.stop = cancel
	go func() { s.ran <- c.Run(ctx) }()
	return s
}

func (s *script) end() {
	s.stop()
	if s.conn != nil {
		s.conn.Close()
	}
	require.NoError(s.t, <-s.ran)
}

// accept takes the client's next connection, up to CONNACK.
func (s *script) accept() codec.Connect {
	s.conn = <-s.dials
	go func(conn net.Conn) {
		for {
			b := make([]byte, codec.HeaderSize)
			if _, err := io.ReadFull(conn, b); err != nil {
				return
			}
			h, _, _ := codec.ParseHeader(b)
			body := make([]byte, h.Length)
			if _, err := io.ReadFull(conn, body); err != nil {
				return
			}
			p, err := new(codec.Decoder).Body(h, body)
			if err == nil {
				s.packets <- got{h, p, time.Now()}
			}
		}
	}(s.conn)
	g := <-s.packets
	hello := g.p.(*codec.Connect)
	s.send(g.h.RID, &codec.Connack{Version: 1, User: s.user, Role: codec.RoleVisitor, Ping: 45, Pong: 15, MaxBody: 65536, Window: 16})
	return *hello
}

func (s *script) send(rid uint16, p codec.Packet) {
	_, err := s.conn.Write(codec.AppendBinary(nil, codec.Header{RID: rid}, p))
	require.NoError(s.t, err)
}

// next returns the client's next packet, which must be a P.
func next[P codec.Packet](s *script) (got, P) {
	s.t.Helper()
	g := <-s.packets
	p, ok := g.p.(P)
	require.True(s.t, ok, "got %T %+v", g.p, g.p)
	return g, p
}

func (s *script) quiet() {
	synctest.Wait()
	require.Empty(s.t, s.packets)
}

var conv = codec.UUID{7}

func msg(seq, prev uint64) codec.Message {
	return codec.Message{Conv: conv, Seq: seq, Prev: prev, MID: codec.UUID{byte(seq)}, Sender: codec.UUID{9}, Role: codec.RoleAgent, Body: []byte(`{}`)}
}

func (s *script) shows(want ...uint64) {
	s.t.Helper()
	synctest.Wait()
	var seqs []uint64
	for _, m := range s.c.Messages(conv) {
		seqs = append(seqs, m.Seq)
	}
	require.Equal(s.t, want, seqs)
}

// begin is a conversation that the client made with one message.
func (s *script) begin() {
	sending := s.c.Text(conv, "one")
	g, p := next[*codec.Send](s)
	s.send(g.h.RID, &codec.Sendack{Conv: conv, CMID: p.CMID, MID: codec.UUID{1}, Seq: 1})
	<-sending.Done()
	s.shows(1)
}

func TestChainRules(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := play(t)
		defer s.end()
		s.accept()
		s.begin()

		// A MESSAGE whose prev is not ours: SYNC at once.
		m := msg(4, 3)
		at := time.Now()
		s.send(0, &m)
		g, sync := next[*codec.Sync](s)
		require.EqualValues(t, 1, sync.After)
		require.Zero(t, g.at.Sub(at))
		s.shows(1)
		s.send(g.h.RID, &codec.Synced{Conv: conv, Top: 4, Complete: true, Messages: []codec.Message{msg(2, 1), msg(3, 2), msg(4, 3)}})
		s.shows(1, 2, 3, 4)

		// Known mids are dropped.
		s.send(0, &m)
		s.shows(1, 2, 3, 4)

		// A SENDACK ahead waits for the MESSAGE before it; if that comes there is no SYNC.
		s.c.Text(conv, "six")
		g, p := next[*codec.Send](s)
		s.send(g.h.RID, &codec.Sendack{Conv: conv, CMID: p.CMID, MID: codec.UUID{6}, Seq: 6, Prev: 5})
		time.Sleep(500 * time.Millisecond)
		s.quiet()
		m = msg(5, 4)
		s.send(0, &m)
		s.shows(1, 2, 3, 4, 5, 6)
		time.Sleep(2 * time.Second)
		s.quiet()

		// If it does not come within a second, SYNC.
		at = time.Now()
		s.c.Text(conv, "eight")
		g, p = next[*codec.Send](s)
		s.send(g.h.RID, &codec.Sendack{Conv: conv, CMID: p.CMID, MID: codec.UUID{8}, Seq: 8, Prev: 7})
		g, sync = next[*codec.Sync](s)
		require.EqualValues(t, 6, sync.After)
		require.InDelta(t, 1.0, g.at.Sub(at).Seconds(), 0.11)
		own := msg(8, 7)
		s.send(g.h.RID, &codec.Synced{Conv: conv, Top: 8, Complete: false, Messages: []codec.Message{msg(7, 6)}})
		s.shows(1, 2, 3, 4, 5, 6, 7, 8)
		g, sync = next[*codec.Sync](s) // the page was not complete
		require.EqualValues(t, 8, sync.After)
		s.send(g.h.RID, &codec.Synced{Conv: conv, Top: 8, Complete: true, Messages: []codec.Message{own}})
		s.shows(1, 2, 3, 4, 5, 6, 7, 8)

		// A dup SENDACK never moves the chain.
		s.c.Text(conv, "ten")
		g, p = next[*codec.Send](s)
		s.send(g.h.RID, &codec.Sendack{Conv: conv, CMID: p.CMID, MID: codec.UUID{10}, Seq: 10, Prev: 8, Dup: true})
		s.shows(1, 2, 3, 4, 5, 6, 7, 8)
		_, sync = next[*codec.Sync](s)
		require.EqualValues(t, 8, sync.After)
	})
}

func TestForkAndDurable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := play(t)
		defer s.end()
		s.accept()
		s.begin()
		for seq := range uint64(2) {
			s.c.Text(conv, "more")
			g, p := next[*codec.Send](s)
			s.send(g.h.RID, &codec.Sendack{Conv: conv, CMID: p.CMID, MID: codec.UUID{byte(2 + seq)}, Seq: 2 + seq, Prev: 1 + seq})
		}
		s.send(0, &codec.Durable{Items: []codec.Position{{Conv: conv, Seq: 2}}})
		s.send(0, &codec.Gap{Items: []codec.Position{{Conv: conv}}})
		g, join := next[*codec.Join](s)
		require.Zero(t, join.After)
		s.send(g.h.RID, &codec.Joined{Conv: conv, Top: 2, Complete: true, Messages: []codec.Message{msg(1, 0), msg(2, 1)}})
		g, again := next[*codec.Send](s) // only what was not durable
		require.Equal(t, codec.FlagDup, g.h.Flags)
		s.send(g.h.RID, &codec.Sendack{Conv: conv, CMID: again.CMID, MID: codec.UUID{9}, Seq: 900, Prev: 2})
		s.shows(1, 2, 900)
		s.quiet()
		require.Equal(t, 1, s.c.Stats().Resets)
	})
}

func TestComingBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := play(t)
		defer s.end()
		s.accept()
		s.begin()
		s.c.Text(conv, "unanswered")
		_, first := next[*codec.Send](s)

		// Not sooner than the server asked for, with the last seq, and the same cmid as a retry.
		at := time.Now()
		s.send(0, &codec.Disconnect{Code: codec.CloseDraining, Reconnect: true, RetryAfter: 5000})
		s.conn.Close()
		hello := s.accept()
		require.GreaterOrEqual(t, time.Since(at), 5*time.Second)
		require.Equal(t, []codec.Position{{Conv: conv, Seq: 1}}, hello.Resume)
		g, second := next[*codec.Send](s)
		require.Equal(t, first.CMID, second.CMID)
		require.Equal(t, codec.FlagDup, g.h.Flags)

		// Slow down: not before retry_after.
		at = time.Now()
		s.send(g.h.RID, &codec.Error{Code: codec.ErrTooMany, RetryAfter: 3000})
		g, third := next[*codec.Send](s)
		require.Equal(t, first.CMID, third.CMID)
		require.GreaterOrEqual(t, g.at.Sub(at), 3*time.Second)

		// The message itself counts as its acknowledgement.
		m := msg(2, 1)
		m.CMID, m.Sender = first.CMID, s.user
		s.send(0, &m)
		s.shows(1, 2)

		// A server that says nothing is asked, and given up.
		at = time.Now()
		g, _ = next[*codec.Ping](s)
		require.InDelta(t, 60, g.at.Sub(at).Seconds(), 1)
		s.conn = <-s.dials
		require.InDelta(t, 75, time.Since(at).Seconds(), 2)
	})
}
