package chaos

import (
	"bufio"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestStuckReadsOn: a connection that was stopped is as fast as any once its reader reads again. Only the harness and the kernel
// take part, so nothing of the program hides or heals a window that is too small for its path.
func TestStuckReadsOn(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	const page, pages = 40 << 10, 100
	var work sync.WaitGroup
	defer work.Wait()
	work.Go(func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		for range pages {
			if _, err := conn.Write(make([]byte, page)); err != nil {
				return
			}
		}
	})
	var gate sync.RWMutex
	gate.Lock()
	conn, err := dialStuck(l.Addr().String(), &gate)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(10*time.Second)))
	gate.Unlock()
	n, err := io.Copy(io.Discard, bufio.NewReaderSize(struct{ io.Reader }{conn}, 16<<10)) // as the client reads
	require.NoError(t, err, "%d of %d bytes in 10 s", n, page*pages)
	require.EqualValues(t, page*pages, n)
}

func TestOutside(t *testing.T) {
	tl := new(timeline)
	for at := int64(0); at < 100; at++ {
		tl.acks = append(tl.acks, ack{at, at})
	}
	for _, c := range []struct {
		name     string
		from, to int64
		not      []window
		n        int
		us       int64
	}{
		{"no outage", 10, 60, nil, 50, 50},
		{"one inside", 10, 60, []window{{20, 30}}, 40, 40},
		{"two", 0, 100, []window{{10, 20}, {50, 80}}, 60, 60},
		{"it began before", 10, 60, []window{{0, 20}}, 40, 40},
		{"it ends behind", 10, 60, []window{{50, 90}}, 40, 40},
		{"before and behind", 10, 60, []window{{0, 10}, {60, 90}}, 50, 50},
		{"all of it", 10, 60, []window{{0, 100}}, 0, 0},
	} {
		n, d := tl.outside(c.from, c.to, c.not)
		require.Equal(t, c.n, n, c.name)
		require.Equal(t, micros(c.us), d, c.name)
	}
}
