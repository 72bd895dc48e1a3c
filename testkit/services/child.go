package services

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// ErrRunning is returned by the start of what runs already, ErrStopped by what needs a running process.
var (
	ErrRunning = errors.New("it is running already")
	ErrStopped = errors.New("it is not running")
)

// find looks for a program in PATH and then in dirs (patterns of filepath.Glob; the last match wins). The error names the Debian
// package that has it.
func find(program, debian string, dirs ...string) (string, error) {
	if path, err := exec.LookPath(program); err == nil {
		return path, nil
	}
	for _, dir := range dirs {
		found, err := filepath.Glob(filepath.Join(dir, program))
		if err != nil {
			return "", fmt.Errorf("look for %s: %w", program, err)
		}
		if len(found) > 0 {
			return found[len(found)-1], nil
		}
	}
	return "", fmt.Errorf("%s is not installed: apt-get install %s", program, debian)
}

// freePorts finds n ports of 127.0.0.1 that nobody listens on, below the range of outgoing connections, so that they are still
// free when a server comes back.
func freePorts(n int) ([]int, error) {
	var ports []int
	var held []net.Listener
	defer func() {
		for _, l := range held {
			_ = l.Close()
		}
	}()
	for range 1000 {
		port := 10000 + rand.IntN(22000)
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		held = append(held, l)
		if ports = append(ports, port); len(ports) == n {
			return ports, nil
		}
	}
	return nil, errors.New("found no free ports")
}

// child is one program over all its restarts. Its output is appended to a file. Safe for concurrent use.
type child struct {
	name, path, logPath string
	args                []string
	dir                 string // working directory
	attr                syscall.SysProcAttr
	// group makes signals go to everything that the program started, too.
	group bool

	mu   sync.Mutex
	cmd  *exec.Cmd
	done chan struct{} // closed when cmd has ended
	err  error         // how it ended
}

// start starts the program without waiting for anything.
func (c *child) start() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cmd != nil && !closed(c.done) {
		return fmt.Errorf("start %s: %w", c.name, ErrRunning)
	}
	log, err := os.OpenFile(c.logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("start %s: %w", c.name, err)
	}
	defer log.Close()
	cmd := exec.Command(c.path, c.args...)
	cmd.Stdout, cmd.Stderr, cmd.Dir = log, log, c.dir
	attr := c.attr
	attr.Pdeathsig, attr.Setpgid = syscall.SIGKILL, c.group // it must not outlive a test run that crashed
	cmd.SysProcAttr = &attr
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", c.name, err)
	}
	done := make(chan struct{})
	c.cmd, c.done, c.err = cmd, done, nil
	go func() {
		err := cmd.Wait()
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.cmd == cmd {
			c.err = err
		}
		close(done)
	}()
	return nil
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// running reports whether the program runs.
func (c *child) running() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cmd != nil && !closed(c.done)
}

// pid is the program's process, 0 if none was ever started.
func (c *child) pid() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cmd == nil {
		return 0
	}
	return c.cmd.Process.Pid
}

// signal sends a signal to the running program.
func (c *child) signal(sig syscall.Signal) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cmd == nil || closed(c.done) {
		return fmt.Errorf("%s to %s: %w", sig, c.name, ErrStopped)
	}
	pid := c.cmd.Process.Pid
	if c.group {
		pid = -pid
	}
	if err := syscall.Kill(pid, sig); err != nil {
		return fmt.Errorf("%s to %s: %w", sig, c.name, err)
	}
	return nil
}

// end sends a signal, and SIGKILL if the program still runs after a time. It is no error if it does not run. A frozen program
// hears only SIGKILL.
func (c *child) end(sig syscall.Signal, within time.Duration) error {
	if err := c.signal(sig); errors.Is(err, ErrStopped) {
		return nil
	} else if err != nil {
		return err
	}
	c.mu.Lock()
	done := c.done
	c.mu.Unlock()
	select {
	case <-done:
		return nil
	case <-time.After(within):
	}
	if err := c.signal(syscall.SIGKILL); err != nil && !errors.Is(err, ErrStopped) {
		return err
	}
	<-done
	return fmt.Errorf("%s did not end within %s of %s", c.name, within, sig)
}

// ended returns a channel that is closed when the program has ended.
func (c *child) ended() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.done
}

// tail is how many bytes of a log are shown.
const tail = 8 << 10

// log returns the end of what the program wrote, over all its restarts.
func (c *child) log() string {
	b, err := os.ReadFile(c.logPath)
	if err != nil {
		return err.Error()
	}
	if len(b) > tail {
		b = b[len(b)-tail:]
	}
	return string(b)
}

// flag returns what follows a name on the command line.
func (c *child) flag(name string) string {
	for i, a := range c.args[:len(c.args)-1] {
		if a == name {
			return c.args[i+1]
		}
	}
	return ""
}
