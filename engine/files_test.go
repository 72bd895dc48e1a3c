package engine_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/uniqchat/uniqchat/engine"
)

// childEnv makes the test binary a server that may open 256 files, of which as many as it says are taken already.
const childEnv = "UNIQCHAT_ENGINE_TEST_CHILD"

const childFiles = 256

// child runs an echo server until its standard input ends.
func child(others string) {
	fail := func(err error) {
		if err != nil {
			fmt.Println("failed:", err)
			os.Exit(1)
		}
	}
	fail(unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: childFiles, Max: childFiles}))
	n, err := strconv.Atoi(others)
	fail(err)
	for range n {
		_, err := unix.Open("/dev/null", unix.O_RDONLY, 0)
		fail(err)
	}
	e, err := engine.New(engine.Config{WSListen: "127.0.0.1:0", TCPListen: "127.0.0.1:0", Loops: 2}, newEcho())
	fail(err)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	go func() {
		<-e.Started()
		fmt.Println(e.WSAddr(), e.TCPAddr(), e.MaxConnections())
	}()
	fail(e.Run(ctx))
	fmt.Println("ended well")
}

// TestOutOfFiles: 400 dials against a server that may open 256 files leave two clients that chat undisturbed, and once they
// have gone the server takes new ones. The second time other parts of the process hold most of what the engine keeps free
// for them, and more.
func TestOutOfFiles(t *testing.T) {
	for _, others := range []int{0, 60, 150} {
		t.Run(fmt.Sprintf("%d files taken by others", others), func(t *testing.T) {
			exe, err := os.Executable()
			require.NoError(t, err)
			cmd := exec.Command(exe)
			cmd.Env = append(os.Environ(), childEnv+"="+strconv.Itoa(others))
			cmd.Stderr = os.Stderr
			in, err := cmd.StdinPipe()
			require.NoError(t, err)
			out, err := cmd.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			t.Cleanup(func() { _ = cmd.Process.Kill() })
			lines := bufio.NewScanner(out)
			require.True(t, lines.Scan())
			addrs := strings.Fields(lines.Text())
			require.Len(t, addrs, 3, lines.Text())
			most, err := strconv.Atoi(addrs[2])
			require.NoError(t, err)
			require.Equal(t, childFiles-100, most)

			chatA, chatB := dialAddr(t, addrs[0]), dialAddr(t, addrs[0])
			var open []net.Conn
			refused := 0
			for i := range 400 {
				c, err := net.Dial("tcp", addrs[i%2])
				require.NoError(t, err)
				open = append(open, c)
				if i%20 == 0 {
					roundTrip(t, chatA, ws.OpText, []byte("a"))
					roundTrip(t, chatB, ws.OpText, []byte("b"))
				}
			}
			for _, c := range open { // those that were not taken have been told, or at least closed
				require.NoError(t, c.SetReadDeadline(time.Now().Add(time.Millisecond)))
				if _, err := c.Read(make([]byte, 1)); err == nil || !os.IsTimeout(err) {
					refused++
				}
			}
			require.GreaterOrEqual(t, refused, 400-most)
			roundTrip(t, chatA, ws.OpText, []byte("a"))
			roundTrip(t, chatB, ws.OpText, []byte("b"))
			for _, c := range open {
				require.NoError(t, c.Close())
			}
			eventually(t, "new ones are let in", func() bool {
				c, _, _, err := ws.Dial(context.Background(), "ws://"+addrs[0]+"/ws")
				if err != nil {
					return false
				}
				defer c.Close()
				roundTrip(t, c, ws.OpText, []byte("new"))
				return true
			})
			require.NoError(t, in.Close())
			require.True(t, lines.Scan())
			require.Equal(t, "ended well", lines.Text())
			require.NoError(t, cmd.Wait())
		})
	}
}

func dialAddr(t *testing.T, addr string) net.Conn {
	t.Helper()
	c, _, _, err := ws.Dial(context.Background(), "ws://"+addr+"/ws")
	require.NoError(t, err)
	require.NoError(t, c.SetDeadline(time.Now().Add(time.Minute)))
	t.Cleanup(func() { _ = c.Close() })
	return c
}
