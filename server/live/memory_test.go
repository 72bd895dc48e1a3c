package live_test

import (
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/codec"
)

// line is a client that costs this process a descriptor and no memory of Go's.
type line struct {
	t  *testing.T
	fd int
}

// line opens one that is closed with the others in open.
func (w *world) line(open *[]int) line {
	at := netip.MustParseAddrPort(w.engine.WSAddr())
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(w.t, err)
	*open = append(*open, fd)
	l := line{w.t, fd}
	require.NoError(w.t, unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 30}))
	require.NoError(w.t, unix.Connect(fd, &unix.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}))
	l.write(fmt.Appendf(nil, "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: uniqchat.v1.bin\r\n\r\n"))
	require.Contains(w.t, string(l.read()), "101 Switching")
	return l
}

func (l line) write(b []byte) {
	n, err := unix.Write(l.fd, b)
	require.NoError(l.t, err)
	require.Equal(l.t, len(b), n)
}

// read returns what one answer brings: they are short and come whole.
func (l line) read() []byte {
	buf := make([]byte, 4096)
	n, err := unix.Read(l.fd, buf)
	for errors.Is(err, unix.EINTR) { // the runtime's own signals
		n, err = unix.Read(l.fd, buf)
	}
	require.NoError(l.t, err)
	return buf[:n]
}

// connect becomes a visitor.
func (l line) connect(token string) {
	b := codec.AppendBinary(nil, codec.Header{RID: 1}, &codec.Connect{MinVersion: 1, MaxVersion: 1, Token: token, Device: codec.UUID(chat.NewID[chat.Agent]())})
	l.write(codec.AppendMaskedFrame(nil, codec.OpBinaryFrame, [4]byte{1, 2, 3, 4}, b))
	var d codec.Decoder
	_, p, _, err := d.Binary(l.read()[2:]) // after a frame header without a long length
	require.NoError(l.t, err)
	require.IsType(l.t, new(codec.Connack), p)
}

// What an authenticated visitor costs on the heap of the server, all told: gnet, connection, session, topic, place in the
// wheel. There may be 100,000 of them.
func TestBytesPerConnection(t *testing.T) {
	const warm, n, most = 500, 1000, 1000
	w := newWorld(t, nil)
	for i := range warm + n {
		w.is(fmt.Sprint(i), chat.Actor{Tenant: w.tenant, User: chat.NewID[chat.Actor](), Role: chat.RoleVisitor})
	}
	open := make([]int, 0, warm+n)
	defer func() {
		for _, fd := range open {
			_ = unix.Close(fd)
		}
	}()
	for i := range warm {
		w.line(&open).connect(fmt.Sprint(i))
	}
	before := heap()
	for i := warm; i < warm+n; i++ {
		w.line(&open).connect(fmt.Sprint(i))
	}
	per := (heap() - before) / n
	t.Logf("%d bytes a connection", per)
	if !raced {
		require.LessOrEqual(t, per, int64(most))
	}
	require.Equal(t, warm+n, w.engine.Hub().Topics())
	runtime.KeepAlive(w)
}

// heap returns how many bytes are in use.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
