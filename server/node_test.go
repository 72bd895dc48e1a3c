package server_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/engine"
	"github.com/uniqchat/uniqchat/server"
)

// beside runs another server on the same storage, until the test ends.
func (n *node) beside(cfg server.Config, health func(context.Context) map[string]string) *server.Server {
	n.t.Helper()
	cfg.HTTPListen, cfg.AdminListen, cfg.PasswordCost, cfg.DrainWindow = "127.0.0.1:0", "127.0.0.1:0", cheap, 300*time.Millisecond
	cfg.Engine = engine.Config{WSListen: "127.0.0.1:0", TCPListen: "127.0.0.1:0", Loops: 1}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	s, err := server.New(context.Background(), cfg, server.Deps{Log: n.kept.Log, Store: n.kept.Store, Broker: n.kept.Broker, Limiter: n.kept.Limiter, Health: health})
	require.NoError(n.t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	n.t.Cleanup(func() {
		stop()
		require.NoError(n.t, <-ended)
	})
	select {
	case <-s.Started():
	case <-time.After(10 * time.Second):
		n.t.Fatal("the server does not start")
	}
	return s
}

// line is a raw TCP connection of the protocol.
type line struct {
	t    testing.TB
	c    net.Conn
	d    codec.Decoder
	rest []byte
}

func dialLine(t testing.TB, addr, token string) *line {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(30*time.Second)))
	l := &line{t: t, c: c}
	l.write(&codec.Connect{MinVersion: 1, MaxVersion: 1, Token: token})
	until[*codec.Connack](l)
	return l
}

func (l *line) write(p codec.Packet) {
	l.t.Helper()
	_, err := l.c.Write(codec.AppendBinary(nil, codec.Header{RID: 1}, p))
	require.NoError(l.t, err)
}

// packet reads the next packet.
func (l *line) packet() (codec.Packet, error) {
	for {
		h, ok, err := codec.ParseHeader(l.rest)
		if err == nil && ok && len(l.rest) >= codec.HeaderSize+int(h.Length) {
			_, p, n, err := l.d.Binary(l.rest)
			l.rest = bytes.Clone(l.rest[n:])
			return p, err
		}
		buf := make([]byte, 4096)
		n, err := l.c.Read(buf)
		if err != nil {
			return nil, err
		}
		l.rest = append(l.rest, buf[:n]...)
	}
}

// until reads on until a packet of a type comes.
func until[T codec.Packet](l *line) T {
	l.t.Helper()
	for {
		p, err := l.packet()
		require.NoError(l.t, err, "waiting for %T", *new(T))
		if got, is := p.(T); is {
			return got
		}
	}
}

// TestRolesOfOneCluster: an engine has no public HTTP, an API no live connections, and what the API does is seen by whoever is
// connected to the engine.
func TestRolesOfOneCluster(t *testing.T) {
	n := start(t, nil)
	live := n.beside(server.Config{Role: server.RoleEngine}, nil)
	api := n.beside(server.Config{Role: server.RoleAPI}, nil)
	require.Empty(t, live.HTTPAddr())
	require.NotEmpty(t, live.AdminAddr())
	require.Empty(t, api.WSAddr()+api.TCPAddr())
	vera, token := n.visitor("shop")
	l := dialLine(t, live.TCPAddr(), token)
	conv := n.conversation(n.tenant.ID, vera, "hello")
	until[*codec.Message](l)
	_, admin := n.agent(n.tenant.ID, chat.Admin)
	req, err := http.NewRequest(http.MethodPost, "http://"+api.HTTPAddr()+"/api/v1/conversations/"+conv.String()+"/close", nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+admin)
	res, err := n.http.Do(req)
	require.NoError(t, err)
	_ = res.Body.Close()
	require.Equal(t, 200, res.StatusCode)
	for !strings.Contains(string(until[*codec.Message](l).Body), chat.EventClosed) {
		continue
	}
	for _, s := range []*server.Server{live, api} {
		res, err := n.http.Get("http://" + s.AdminAddr() + "/readyz")
		require.NoError(t, err)
		_ = res.Body.Close()
		require.Equal(t, 200, res.StatusCode)
	}
}

// sayings is a log that the test reads.
type sayings struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *sayings) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *sayings) has(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Contains(s.b.String(), text)
}

// TestStorageGoneMovesClients: a node without its storage is not ready and sends its clients to the others; the only node
// keeps them; a database that is only degraded is no reason for anything.
func TestStorageGoneMovesClients(t *testing.T) {
	for _, alone := range []bool{false, true} {
		n := start(t, nil)
		if alone {
			require.NoError(t, n.stop())
		}
		var redis atomic.Value
		redis.Store("ok")
		said := new(sayings)
		s := n.beside(server.Config{MoveAfter: 100 * time.Millisecond, Logger: slog.New(slog.NewTextHandler(said, nil))},
			func(context.Context) map[string]string {
				return map[string]string{"redis": redis.Load().(string), "postgres": "degraded: unreachable"}
			})
		ready := func() (int, string) {
			res, err := n.http.Get("http://" + s.AdminAddr() + "/readyz")
			require.NoError(t, err)
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			require.NoError(t, err)
			return res.StatusCode, string(body)
		}
		status, body := ready()
		require.Equal(t, 200, status, body)
		require.Contains(t, body, "degraded")
		_, token := n.visitor("shop")
		l := dialLine(t, s.TCPAddr(), token)
		metrics := func() string {
			res, err := n.http.Get("http://" + s.AdminAddr() + "/metrics")
			require.NoError(t, err)
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			require.NoError(t, err)
			return string(body)
		}
		require.Contains(t, metrics(), `chat_online_visitors{tenant_id="`+n.tenant.ID.String()+`"} 1`)
		if !alone {
			require.Eventually(t, func() bool { return strings.Contains(metrics(), "uniqchat_server_peers 1") }, 10*time.Second, 5*time.Millisecond)
		}
		redis.Store("unreachable for 6s")
		status, body = ready()
		require.Equal(t, 503, status, body)
		if alone {
			require.Eventually(t, func() bool { return said.has("so they stay") }, 10*time.Second, 5*time.Millisecond)
			l.write(&codec.Ping{Time: 7})
			require.EqualValues(t, 7, until[*codec.Pong](l).Time)
			continue
		}
		bye := until[*codec.Disconnect](l)
		require.Equal(t, codec.CloseStorage, bye.Code)
		require.True(t, bye.Soft && bye.Reconnect)
		l.write(&codec.Ping{Time: 7}) // still served
		require.EqualValues(t, 7, until[*codec.Pong](l).Time)
		bye = until[*codec.Disconnect](l)
		require.Equal(t, codec.CloseStorage, bye.Code)
		require.False(t, bye.Soft)
		redis.Store("ok")
		require.Eventually(t, func() bool { return said.has("storage answers again") }, 10*time.Second, 5*time.Millisecond)
	}
}
