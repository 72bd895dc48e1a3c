package services

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
)

// quiet takes the driver's own log lines: a server that is down is nothing unusual here.
type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}

func init() { redis.SetLogger(quiet{}) }

// AppendPolicy is how a redis-server keeps its append-only file.
type AppendPolicy string

// The policies of appendfsync, and no file at all: then everything is gone with the process.
const (
	AppendAlways   AppendPolicy = "always"
	AppendEverysec AppendPolicy = "everysec"
	AppendOff      AppendPolicy = "off"
)

// RedisOptions says how a redis-server is set up. The zero value is what the shipped configuration is: appendonly, appendfsync
// always, noeviction, no snapshots.
type RedisOptions struct {
	// Append defaults to AppendAlways.
	Append AppendPolicy
	// MaxMemory in bytes; 0: no bound. The policy is noeviction.
	MaxMemory int64
	// Dir is the data directory. Defaults to a fresh one that Close removes.
	Dir string
	// Args are added to the command line: --name value.
	Args []string

	cluster bool
}

// startWithin is how long a server may take until it answers.
const startWithin = 30 * time.Second

// Redis is one redis-server over all its restarts, on one port and directory. Safe for concurrent use.
type Redis struct {
	// Addr is host:port, Dir the data directory.
	Addr string
	Dir  string

	port  int
	own   bool // Dir goes with Close
	child *child
}

// StartRedis starts a redis-server and waits until it answers. The caller calls Close.
func StartRedis(ctx context.Context, o RedisOptions) (*Redis, error) {
	path, err := find("redis-server", "redis-server")
	if err != nil {
		return nil, err
	}
	r := &Redis{Dir: o.Dir}
	if r.own = o.Dir == ""; r.own {
		if r.Dir, err = os.MkdirTemp("", "uniqchat-redis-"); err != nil {
			return nil, fmt.Errorf("start redis-server: %w", err)
		}
	}
	for range 5 { // another test may take a port between our looking and the server's start
		ports, perr := freePorts(2)
		if perr != nil {
			return nil, errors.Join(perr, r.Close())
		}
		r.port, r.Addr = ports[0], "127.0.0.1:"+strconv.Itoa(ports[0])
		r.child = &child{
			name: "redis-server", path: path, logPath: filepath.Join(r.Dir, "redis.log"), dir: r.Dir, args: o.args(r.Dir, ports[0], ports[1]),
		}
		if err = r.Start(ctx); err == nil {
			return r, nil
		}
	}
	return nil, errors.Join(err, r.Close())
}

// args is the command line.
func (o *RedisOptions) args(dir string, port, bus int) []string {
	args := []string{
		"--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--dir", dir, "--save", "", "--maxmemory-policy", "noeviction",
		"--maxmemory", strconv.FormatInt(o.MaxMemory, 10), "--daemonize", "no", "--repl-diskless-sync-delay", "0",
	}
	switch o.Append {
	case AppendOff:
		args = append(args, "--appendonly", "no")
	case AppendEverysec:
		args = append(args, "--appendonly", "yes", "--appendfsync", "everysec")
	default:
		args = append(args, "--appendonly", "yes", "--appendfsync", "always")
	}
	if o.cluster {
		args = append(args, "--cluster-enabled", "yes", "--cluster-port", strconv.Itoa(bus), "--cluster-node-timeout", "2000",
			"--cluster-config-file", "nodes.conf")
	}
	return append(args, o.Args...)
}

// URL is what redis.url takes.
func (r *Redis) URL() string { return "redis://" + r.Addr }

// Client returns a client; the caller closes it.
func (r *Redis) Client() *redis.Client {
	return redis.NewClient(&redis.Options{Addr: r.Addr, DialTimeout: 2 * time.Second, ContextTimeoutEnabled: true, MaxRetries: -1, DialerRetries: 1, DisableIdentity: true})
}

// Do runs one command on a connection of its own.
func (r *Redis) Do(ctx context.Context, args ...any) (any, error) {
	c := r.Client()
	defer c.Close()
	v, err := c.Do(ctx, args...).Result()
	if err != nil {
		return nil, fmt.Errorf("%v: %w", args[0], err)
	}
	return v, nil
}

// Start starts the server (again) and waits until it has loaded its data and answers.
func (r *Redis) Start(ctx context.Context) error {
	if err := r.Begin(); err != nil {
		return err
	}
	return r.WaitReady(ctx)
}

// Begin starts the server without waiting.
func (r *Redis) Begin() error { return r.child.start() }

// WaitReady waits until the server answers.
func (r *Redis) WaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	c := r.Client()
	defer c.Close()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for {
		err := c.Ping(ctx).Err()
		if err == nil && r.child.running() {
			return nil
		}
		select {
		case <-poll.C:
		case <-r.child.ended():
			return fmt.Errorf("redis-server ended at its start:\n%s", r.child.log())
		case <-ctx.Done():
			return fmt.Errorf("redis-server does not answer: %w\n%s", err, r.child.log())
		}
	}
}

// Stop ends the server as an operator does (SIGTERM). It is no error if it does not run.
func (r *Redis) Stop() error { return r.child.end(syscall.SIGTERM, 20*time.Second) }

// Kill ends the server with SIGKILL. It is no error if it does not run.
func (r *Redis) Kill() error { return r.child.end(syscall.SIGKILL, 20*time.Second) }

// Restart kills the server and starts it again.
func (r *Redis) Restart(ctx context.Context) error {
	if err := r.Kill(); err != nil {
		return err
	}
	return r.Start(ctx)
}

// Pause freezes the server (SIGSTOP): when it returns, none of its threads does anything.
func (r *Redis) Pause() error {
	if err := r.child.signal(syscall.SIGSTOP); err != nil {
		return err
	}
	waitStill(r.child.pid())
	return nil
}

// Resume lets it go on.
func (r *Redis) Resume() error { return r.child.signal(syscall.SIGCONT) }

// Running reports whether the process runs, PID names it.
func (r *Redis) Running() bool { return r.child.running() }
func (r *Redis) PID() int      { return r.child.pid() }

// Log returns the end of what the server wrote.
func (r *Redis) Log() string { return r.child.log() }

// Close kills the server and removes its directory, if that was made for it.
func (r *Redis) Close() error {
	var err error
	if r.child != nil {
		err = r.Kill()
	}
	if r.own {
		err = errors.Join(err, os.RemoveAll(r.Dir))
	}
	return err
}
