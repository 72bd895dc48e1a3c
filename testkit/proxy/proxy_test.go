package proxy_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/uniqchat/uniqchat/testkit/proxy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echo is a server that sends back what it gets, behind its name, and keeps it.
type echo struct {
	addr string

	mu  sync.Mutex
	got bytes.Buffer
}

func startEcho(t *testing.T, name string) *echo {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	e := &echo{addr: l.Addr().String()}
	var work sync.WaitGroup
	work.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			work.Go(func() {
				defer c.Close()
				b := make([]byte, 64<<10)
				for {
					n, err := c.Read(b)
					if err != nil {
						return
					}
					e.mu.Lock()
					e.got.Write(b[:n])
					e.mu.Unlock()
					if _, err := c.Write(append([]byte(name), b[:n]...)); err != nil {
						return
					}
				}
			})
		}
	})
	t.Cleanup(func() { l.Close(); work.Wait() })
	return e
}

func (e *echo) text() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.got.String()
}

func start(t *testing.T) (*proxy.Proxy, *echo) {
	e := startEcho(t, "")
	p, err := proxy.Start(e.addr)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	return p, e
}

func dial(t *testing.T, p *proxy.Proxy) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", p.Addr())
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

// say sends a text and wants it back within a time.
func say(c net.Conn, text string, within time.Duration) error {
	if _, err := c.Write([]byte(text)); err != nil {
		return err
	}
	return hear(c, text, within)
}

func hear(c net.Conn, text string, within time.Duration) error {
	if err := c.SetReadDeadline(time.Now().Add(within)); err != nil {
		return err
	}
	b := make([]byte, len(text))
	if _, err := io.ReadFull(c, b); err != nil {
		return err
	}
	if string(b) != text {
		return errors.New("got " + string(b))
	}
	return nil
}

const soon, never = 5 * time.Second, 100 * time.Millisecond

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

func TestPassesOn(t *testing.T) {
	p, _ := start(t)
	c := dial(t, p)
	require.NoError(t, say(c, "hello", soon))
	big := string(bytes.Repeat([]byte("0123456789abcdef"), 1<<16)) // 1 MiB
	go func() { _, _ = c.Write([]byte(big)) }()
	require.NoError(t, hear(c, big, soon))
	require.NoError(t, c.(*net.TCPConn).CloseWrite())
	_, err := c.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF, "a close is passed on")
}

func TestCut(t *testing.T) {
	p, _ := start(t)
	c := dial(t, p)
	require.NoError(t, say(c, "hello", soon))
	require.NoError(t, p.Cut())
	require.Error(t, hear(c, "x", soon))
	_, err := net.Dial("tcp", p.Addr())
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	require.NoError(t, p.Heal())
	require.NoError(t, say(dial(t, p), "again", soon))
}

func TestReset(t *testing.T) {
	p, _ := start(t)
	c := dial(t, p)
	require.NoError(t, say(c, "hello", soon))
	require.NoError(t, p.Reset())
	require.ErrorIs(t, hear(c, "x", soon), syscall.ECONNRESET)
	fresh, err := net.Dial("tcp", p.Addr())
	if err == nil {
		defer fresh.Close()
		require.ErrorIs(t, hear(fresh, "x", soon), syscall.ECONNRESET)
	} else {
		require.ErrorIs(t, err, syscall.ECONNRESET)
	}
	require.NoError(t, p.Heal())
	require.NoError(t, say(dial(t, p), "again", soon))
}

func TestDelay(t *testing.T) {
	p, _ := start(t)
	c := dial(t, p)
	require.NoError(t, p.Delay(proxy.Up, time.Second))
	require.NoError(t, p.Delay(proxy.Down, time.Second))
	from := time.Now()
	require.NoError(t, say(c, "hello", soon))
	require.GreaterOrEqual(t, time.Since(from), 2*time.Second)
	// Ten at once are no slower than one: the delay is of the way, not of each.
	from = time.Now()
	for range 10 {
		_, err := c.Write([]byte("hello"))
		require.NoError(t, err)
	}
	for range 10 {
		require.NoError(t, hear(c, "hello", soon))
	}
	require.Less(t, time.Since(from), 10*time.Second)
	require.NoError(t, p.Heal())
	from = time.Now()
	require.NoError(t, say(c, "hello", soon))
	require.Less(t, time.Since(from), time.Second)
}

func TestDrip(t *testing.T) {
	p, _ := start(t)
	c := dial(t, p)
	require.NoError(t, p.Drip(proxy.Up, 1000))
	from := time.Now()
	require.NoError(t, say(c, string(make([]byte, 300)), soon))
	require.GreaterOrEqual(t, time.Since(from), 300*time.Millisecond)
}

// TestOneWay: what is stopped arrives after the end of the fault, even from a sender that has given up.
func TestOneWay(t *testing.T) {
	for _, d := range []proxy.Direction{proxy.Up, proxy.Down} {
		p, e := start(t)
		c := dial(t, p)
		require.NoError(t, say(c, "first", soon))
		require.NoError(t, p.OneWay(d))
		require.True(t, isTimeout(say(c, "late", never)))
		if d == proxy.Down {
			require.Eventually(t, func() bool { return e.text() == "firstlate" }, soon, time.Millisecond, "only the answer is stopped")
			require.NoError(t, p.Heal())
			require.NoError(t, hear(c, "late", soon))
			continue
		}
		require.Equal(t, "first", e.text())
		require.NoError(t, c.Close())
		require.Never(t, func() bool { return e.text() != "first" }, never, 10*time.Millisecond)
		require.NoError(t, p.Heal())
		require.Eventually(t, func() bool { return e.text() == "firstlate" }, soon, time.Millisecond)
	}
}

func TestPartition(t *testing.T) {
	p, _ := start(t)
	c := dial(t, p)
	require.NoError(t, say(c, "first", soon))
	require.NoError(t, p.Partition())
	require.True(t, isTimeout(say(c, "late", never)))
	require.NoError(t, p.Heal())
	require.NoError(t, hear(c, "late", soon))
}

func TestHalfOpen(t *testing.T) {
	p, e := start(t)
	old := dial(t, p)
	require.NoError(t, say(old, "first", soon))
	require.NoError(t, p.HalfOpen())
	fresh := dial(t, p)
	require.True(t, isTimeout(say(old, "lost", never)))
	require.True(t, isTimeout(say(fresh, "lost", never)))
	require.NoError(t, p.Heal())
	require.ErrorIs(t, hear(old, "x", soon), syscall.ECONNRESET)
	require.ErrorIs(t, hear(fresh, "x", soon), syscall.ECONNRESET)
	require.NoError(t, say(dial(t, p), "again", soon))
	require.Equal(t, "firstagain", e.text())
	require.Eventually(t, func() bool { open, total := p.Connections(); return open == 1 && total == 3 }, soon, time.Millisecond)
}

func TestRetarget(t *testing.T) {
	p, _ := start(t)
	c := dial(t, p)
	require.NoError(t, say(c, "hello", soon))
	other := startEcho(t, "other:")
	p.Retarget(other.addr)
	require.Error(t, hear(c, "x", soon))
	c = dial(t, p)
	_, err := c.Write([]byte("hello"))
	require.NoError(t, err)
	require.NoError(t, hear(c, "other:hello", soon))
	p.Drop()
	require.Error(t, hear(c, "x", soon))
}
