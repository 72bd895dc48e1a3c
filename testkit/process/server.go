package process

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Password is the demo accounts' in tests.
const Password = "demo-password-of-tests"

// Options says how a server is started. The zero value is a demo server with default settings.
type Options struct {
	// Env adds environment variables, NAME=value. They win over what the harness sets, such as UNIQCHAT_DEMO_BOT=off.
	Env []string
	// Args are added to `uniqchat serve`.
	Args []string
	// NoDemo leaves out --demo.
	NoDemo bool
	// NoFile lowers the limit of open files, soft and hard; 0 leaves it.
	NoFile int
	// Path is the program. Defaults to Binary.
	Path string
	// Dir is the data directory. Defaults to a fresh one that goes with the test.
	Dir string
}

// Server is a child process over all its restarts. Its methods are for the test's own goroutine, but for Log.
type Server struct {
	// HTTP, WS, TCP and Admin are host:port, the same over restarts. Dir is the data directory.
	HTTP, WS, TCP, Admin string
	Dir                  string

	t       testing.TB
	o       Options
	path    string
	logPath string
	cmd     *exec.Cmd
	exited  chan error
}

// Start starts a server and waits until it is ready. It is killed when the test ends.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	s := &Server{t: t, o: o, path: o.Path, Dir: o.Dir}
	if s.path == "" {
		s.path = Binary(t)
	}
	if s.Dir == "" {
		s.Dir = t.TempDir()
	}
	addrs := freeAddresses(t, 4)
	s.HTTP, s.WS, s.TCP, s.Admin = addrs[0], addrs[1], addrs[2], addrs[3]
	s.logPath = filepath.Join(t.TempDir(), "server.log")
	t.Cleanup(func() {
		s.Kill()
		for _, bad := range []string{"WARNING: DATA RACE", "fatal error: "} {
			if strings.Contains(s.Log(), bad) {
				t.Errorf("%q is in the server's log", bad)
			}
		}
		if t.Failed() {
			t.Logf("log of the server:\n%s", tail(s.Log(), 200))
		}
	})
	s.Restart()
	return s
}

// given are the addresses that servers of this process have had: theirs are free while they are down, and stay theirs.
var given sync.Map

// freeAddresses finds loopback addresses that nobody listens on, below the range that outgoing connections use, so that
// they are still free when the server comes back. Safe for concurrent use.
func freeAddresses(t testing.TB, n int) []string {
	t.Helper()
	var addrs []string
	var held []net.Listener
	defer func() {
		for _, l := range held {
			_ = l.Close()
		}
	}()
	for range 1000 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 10000+rand.IntN(22000)))
		if err != nil {
			continue
		}
		held = append(held, l)
		if _, taken := given.LoadOrStore(l.Addr().String(), true); taken {
			continue
		}
		if addrs = append(addrs, l.Addr().String()); len(addrs) == n {
			return addrs
		}
	}
	t.Fatal("found no free ports")
	return nil
}

// Restart starts the server (again) on the same addresses and data and waits until it is ready.
func (s *Server) Restart() {
	s.t.Helper()
	s.Begin()
	s.WaitReady()
}

// Begin starts the server without waiting for it.
func (s *Server) Begin() {
	s.t.Helper()
	if s.cmd != nil {
		s.t.Fatal("the server is running already")
	}
	args := []string{"serve"}
	if !s.o.NoDemo {
		args = append(args, "--demo")
	}
	args = append(args, s.o.Args...)
	cmd := exec.Command(s.path, args...)
	if s.o.NoFile > 0 {
		script := fmt.Sprintf(`ulimit -n %d && exec "$0" "$@"`, s.o.NoFile)
		cmd = exec.Command("/bin/sh", append([]string{"-c", script, s.path}, args...)...)
	}
	log, err := os.OpenFile(s.logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = append(cleanEnv(),
		"UNIQCHAT_HTTP_LISTEN="+s.HTTP, "UNIQCHAT_WS_LISTEN="+s.WS, "UNIQCHAT_TCP_LISTEN="+s.TCP, "UNIQCHAT_ADMIN_LISTEN="+s.Admin,
		"UNIQCHAT_DATA_DIR="+s.Dir, "UNIQCHAT_DEMO_PASSWORD="+Password, "UNIQCHAT_DRAIN_WINDOW=1s", "UNIQCHAT_DEMO_BOT=off", "GORACE=exitcode=66")
	cmd.Env = append(cmd.Env, s.o.Env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // it must not outlive a test run that crashed
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.cmd, s.exited = cmd, make(chan error, 1)
	go func(exited chan<- error) { exited <- cmd.Wait() }(s.exited)
}

// cleanEnv is the environment without settings of uniqchat's.
func cleanEnv() []string {
	var env []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "UNIQCHAT_") {
			env = append(env, e)
		}
	}
	return env
}

// WaitReady waits until /readyz says so.
func (s *Server) WaitReady() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for {
		if s.Ready(ctx) {
			return
		}
		select {
		case err := <-s.exited:
			s.exited <- err
			s.t.Fatalf("the server ended before it was ready: %v", err)
		case <-ctx.Done():
			s.t.Fatal("the server was not ready within 60 s")
		case <-poll.C:
		}
	}
}

// Ready reports whether /readyz answers 200.
func (s *Server) Ready(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.Admin+"/readyz", nil)
	if err != nil {
		return false
	}
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// Kill ends the server with SIGKILL, at whatever it is doing. A server that isn't running stays so.
func (s *Server) Kill() {
	s.t.Helper()
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Signal(syscall.SIGKILL)
	err := <-s.exited
	s.cmd = nil
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() >= 0 {
		s.t.Errorf("the server had ended by itself: %v", err)
	}
}

// Stop asks the server to drain (SIGTERM) and wants exit code 0 within a time that the drain window allows.
func (s *Server) Stop() {
	s.t.Helper()
	s.Signal(syscall.SIGTERM)
	select {
	case err := <-s.exited:
		s.cmd = nil
		if err != nil {
			s.t.Errorf("after SIGTERM the server ended with %v", err)
		}
	case <-time.After(60 * time.Second):
		s.t.Error("the server did not end within 60 s of SIGTERM")
		s.Kill()
	}
}

// Signal sends a signal.
func (s *Server) Signal(sig syscall.Signal) {
	s.t.Helper()
	if s.cmd == nil {
		s.t.Fatal("the server is not running")
	}
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// Pause freezes the server (SIGSTOP), Resume thaws it.
func (s *Server) Pause()  { s.t.Helper(); s.Signal(syscall.SIGSTOP) }
func (s *Server) Resume() { s.t.Helper(); s.Signal(syscall.SIGCONT) }

// Running reports whether the server has not ended by itself.
func (s *Server) Running() bool {
	if s.cmd == nil {
		return false
	}
	select {
	case err := <-s.exited:
		s.exited <- err
		return false
	default:
		return true
	}
}

// Log returns what the server wrote so far, over all restarts. Safe for concurrent use.
func (s *Server) Log() string {
	b, err := os.ReadFile(s.logPath)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// BaseURL is where the API and the pages are, WSURL the WebSocket.
func (s *Server) BaseURL() string { return "http://" + s.HTTP }
func (s *Server) WSURL() string   { return "ws://" + s.WS + "/ws" }

func tail(s string, lines int) string {
	all := strings.Split(s, "\n")
	if len(all) > lines {
		all = append([]string{fmt.Sprintf("… %d lines before", len(all)-lines)}, all[len(all)-lines:]...)
	}
	return strings.Join(all, "\n")
}
