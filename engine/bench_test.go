package engine_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/uniqchat/uniqchat/codec"
	"github.com/uniqchat/uniqchat/engine"
)

// BenchmarkEcho is one message of 128 bytes there and back, one at a time and with eight on their way; the client's cost is
// part of it.
func BenchmarkEcho(b *testing.B) {
	for _, depth := range []int{1, 8} {
		b.Run(fmt.Sprintf("depth=%d", depth), func(b *testing.B) {
			e := start(b, engine.Config{Loops: 1}, newEcho())
			c := upgrade(b, e, nil)
			out := bytes.Repeat(codec.AppendMaskedFrame(nil, codec.OpBinaryFrame, [4]byte{1, 2, 3, 4}, make([]byte, 128)), depth)
			in := make([]byte, depth*(codec.FrameHeaderSize(128)+128))
			before := e.Stats()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Write(out); err != nil {
					b.Fatal(err)
				}
				if _, err := readFull(c, in); err != nil {
					b.Fatal(err)
				}
			}
			after := e.Stats()
			msgs := float64(after.Messages - before.Messages)
			b.ReportMetric(msgs/b.Elapsed().Seconds(), "msg/s")
			b.ReportMetric(float64(after.Writes-before.Writes)/msgs, "writes/msg")
		})
	}
}

// BenchmarkFanOut is one shared frame to 100 connections, and until all have read it.
func BenchmarkFanOut(b *testing.B) {
	const members = 100
	for _, burst := range []int{1, 8} {
		b.Run(fmt.Sprintf("burst=%d", burst), func(b *testing.B) {
			a := newApp()
			e := start(b, engine.Config{Loops: 1}, a)
			fds := make([]int, members)
			for i := range fds {
				fds[i] = rawClient(b, e.WSAddr())
				b.Cleanup(func() { _ = unix.Close(fds[i]) })
				e.Hub().Subscribe(topic, <-a.opened)
			}
			body := make([]byte, 128)
			in := make([]byte, burst*(codec.FrameHeaderSize(len(body))+len(body)))
			seq := uint64(0)
			before := e.Stats()
			b.ReportAllocs()
			for b.Loop() {
				for range burst {
					seq++
					if push(e, seq, body) != members {
						b.Fatal("somebody is missing")
					}
				}
				for _, fd := range fds {
					rawRead(b, fd, in)
				}
			}
			after := e.Stats()
			frames := float64(seq * members)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/frames, "ns/receiver")
			b.ReportMetric(float64(after.Writes-before.Writes)/frames, "writes/receiver")
		})
	}
}

// BenchmarkIdleMemory opens 5,000 connections, each following a topic of its own, and says what one of them costs.
func BenchmarkIdleMemory(b *testing.B) {
	const n = 5000
	heapBytes, rss := idle(b, n) // once: what it takes is not the question
	for b.Loop() {
	}
	b.ReportMetric(float64(heapBytes)/n, "heap-B/conn")
	b.ReportMetric(float64(rss)/n, "rss-B/conn")
}

// TestIdleMemory holds what an idle connection may cost on the heap: gnet's part, ours, and a topic.
func TestIdleMemory(t *testing.T) {
	const n = 1000
	heapBytes, _ := idle(t, n)
	t.Logf("%d bytes of heap a connection", heapBytes/n)
	require.Less(t, heapBytes/n, int64(800))
}

// idle measures the growth of heap and RSS for n idle WebSockets with a session-less application. The clients are bare
// descriptors, which cost nothing here.
func idle(tb testing.TB, n int) (heapBytes, rssBytes int64) {
	a := newApp()
	a.opened = make(chan *engine.Conn, 1)
	e := start(tb, engine.Config{Loops: 2}, a)
	fds := append(make([]int, 0, n+1), rawClient(tb, e.WSAddr()))
	tb.Cleanup(func() {
		for _, fd := range fds {
			_ = unix.Close(fd)
		}
	})
	e.Hub().Subscribe(topic, <-a.opened)
	heapBefore, rssBefore := heap(), rss(tb)
	for i := range n {
		fds = append(fds, rawClient(tb, e.WSAddr()))
		e.Hub().Subscribe(engine.Topic{ID: [16]byte{8: byte(i), 14: byte(i >> 8), 15: byte(i)}, Space: uint32(i >> 8)}, <-a.opened)
	}
	eventually(tb, "all are there", func() bool { return e.Stats().Connections == n+1 })
	return heap() - heapBefore, rss(tb) - rssBefore
}

func rss(tb testing.TB) int64 {
	b, err := os.ReadFile("/proc/self/statm")
	require.NoError(tb, err)
	var size, resident int64
	_, err = fmt.Sscan(string(b), &size, &resident)
	require.NoError(tb, err)
	return resident * int64(os.Getpagesize())
}

// rawClient opens a WebSocket on a bare, blocking descriptor, which the caller closes.
func rawClient(tb testing.TB, addr string) int {
	tb.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(tb, err)
	var port int
	_, err = fmt.Sscan(addr[strings.LastIndexByte(addr, ':')+1:], &port)
	require.NoError(tb, err)
	require.NoError(tb, unix.Connect(fd, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}))
	_, err = unix.Write(fd, []byte(goodHandshake+"\r\n"))
	require.NoError(tb, err)
	head := make([]byte, 0, 512)
	for !bytes.HasSuffix(head, []byte("\r\n\r\n")) {
		n, err := unix.Read(fd, head[len(head):cap(head)])
		require.NoError(tb, err)
		require.NotZero(tb, n)
		head = head[:len(head)+n]
	}
	require.True(tb, bytes.HasPrefix(head, []byte("HTTP/1.1 101")))
	return fd
}

func rawRead(tb testing.TB, fd int, b []byte) {
	for len(b) > 0 {
		n, err := unix.Read(fd, b)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			tb.Fatal(n, err)
		}
		b = b[n:]
	}
}
