package services

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// PostgresOptions says how a PostgreSQL is set up. The zero value is what the promises need: fsync, full_page_writes and
// synchronous_commit on.
type PostgresOptions struct {
	// Dir is the data directory. Defaults to a fresh one that Close removes. One that holds a database already is used as it is.
	Dir string
	// Args are added to the command line: -c name=value.
	Args []string
}

// Postgres is one PostgreSQL over all its restarts, on one port and directory. It listens on 127.0.0.1 only and trusts
// everybody there; as root it runs as another user. Safe for concurrent use.
type Postgres struct {
	// Addr is host:port, Dir the data directory.
	Addr string
	Dir  string

	own       bool // Dir goes with Close
	child     *child
	databases atomic.Int64

	prepared struct {
		sync.Mutex
		name string
	}
}

// postgresBin is where Debian keeps the programs.
const postgresBin = "/usr/lib/postgresql/*/bin"

// StartPostgres makes a database, starts its server and waits until it answers. The caller calls Close.
func StartPostgres(ctx context.Context, o PostgresOptions) (*Postgres, error) {
	server, err := find("postgres", "postgresql-15", postgresBin)
	if err != nil {
		return nil, err
	}
	attr, uid, gid, err := unprivileged()
	if err != nil {
		return nil, err
	}
	p := &Postgres{Dir: o.Dir, own: o.Dir == ""}
	if p.own {
		if p.Dir, err = os.MkdirTemp("", "uniqchat-postgres-"); err != nil {
			return nil, fmt.Errorf("start postgres: %w", err)
		}
	}
	if err := p.initialize(ctx, filepath.Dir(server), attr, uid, gid); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	for range 5 { // another test may take a port between our looking and the server's start
		ports, perr := freePorts(1)
		if perr != nil {
			return nil, errors.Join(perr, p.Close())
		}
		port := strconv.Itoa(ports[0])
		p.Addr = "127.0.0.1:" + port
		args := []string{
			"-D", p.data(), "-p", port, "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "shared_buffers=64MB",
			"-c", "max_connections=200", "-c", "max_wal_size=512MB", "-c", "logging_collector=off", "-c", "timezone=UTC",
		}
		p.child = &child{
			name: "postgres", path: server, logPath: filepath.Join(p.Dir, "postgres.log"), dir: p.Dir, args: append(args, o.Args...), attr: attr,
		}
		if err = p.Start(ctx); err == nil {
			return p, nil
		}
	}
	return nil, errors.Join(err, p.Close())
}

// unprivileged returns how a child runs as somebody else than root: PostgreSQL refuses to be root. -1, -1 if this process isn't.
func unprivileged() (attr syscall.SysProcAttr, uid, gid int, err error) {
	if os.Geteuid() != 0 {
		return attr, -1, -1, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		if u, err = user.Lookup("nobody"); err != nil {
			return attr, 0, 0, fmt.Errorf("find a user to run postgres as: %w", err)
		}
	}
	uid, err = strconv.Atoi(u.Uid)
	gid, gerr := strconv.Atoi(u.Gid)
	if err = errors.Join(err, gerr); err != nil {
		return attr, 0, 0, fmt.Errorf("find a user to run postgres as: %w", err)
	}
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attr, uid, gid, nil
}

func (p *Postgres) data() string { return filepath.Join(p.Dir, "data") }

// initialize makes the database's files, unless they are there.
func (p *Postgres) initialize(ctx context.Context, bin string, attr syscall.SysProcAttr, uid, gid int) error {
	if err := os.Chown(p.Dir, uid, gid); uid >= 0 && err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	if _, err := os.Stat(filepath.Join(p.data(), "PG_VERSION")); err == nil {
		return nil
	}
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "-D", p.data(), "--username=postgres", "--auth=trust",
		"--encoding=UTF8", "--locale=C", "--no-sync")
	cmd.Dir, cmd.SysProcAttr = p.Dir, &attr
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

// Start starts the server (again), on the same port and data, and waits until it answers.
func (p *Postgres) Start(ctx context.Context) error {
	if err := p.Begin(); err != nil {
		return err
	}
	return p.WaitReady(ctx)
}

// Begin starts the server without waiting.
func (p *Postgres) Begin() error { return p.child.start() }

// WaitReady waits until the server answers.
func (p *Postgres) WaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	for {
		err := p.exec(ctx, "SELECT 1")
		if err == nil {
			return nil
		}
		select {
		case <-p.child.ended():
			return fmt.Errorf("postgres did not start:\n%s", p.child.log())
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("postgres did not answer: %w\n%s", err, p.child.log()), p.Kill())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// exec runs statements in the database "postgres".
func (p *Postgres) exec(ctx context.Context, sql string) (err error) {
	conn, err := pgx.Connect(ctx, p.URL("postgres"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	_, err = conn.Exec(ctx, sql)
	return err
}

// Stop ends the server in order; clients are cut off. It is no error if it does not run.
func (p *Postgres) Stop() error { return p.child.end(syscall.SIGINT, 30*time.Second) }

// Kill ends the server and all its processes with SIGKILL, as a crash would, and waits until they are gone. It is no error if
// it does not run.
func (p *Postgres) Kill() error {
	// Its processes are sessions of their own. It makes no new ones while it is frozen.
	var pids []int
	if err := p.child.signal(syscall.SIGSTOP); err == nil {
		parent := p.child.pid()
		wait(func() bool { state, _ := stat(parent); return state == "T" || state == "Z" || state == "" })
		pids = children(parent)
		for _, pid := range pids {
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
				return fmt.Errorf("kill postgres: %w", err)
			}
		}
	}
	err := p.child.end(syscall.SIGKILL, 10*time.Second)
	for _, pid := range pids { // their shared memory goes with the last of them
		wait(func() bool { state, _ := stat(pid); return state == "Z" || state == "" })
	}
	return err
}

// wait waits for something that comes soon, and not for ever.
func wait(done func() bool) {
	for end := time.Now().Add(10 * time.Second); !done() && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
}

// Restart is Kill and Start.
func (p *Postgres) Restart(ctx context.Context) error {
	if err := p.Kill(); err != nil {
		return err
	}
	return p.Start(ctx)
}

// Pause freezes the server and all its processes: when it returns, none of them does anything. Resume lets them go on.
func (p *Postgres) Pause() error {
	if err := p.all(syscall.SIGSTOP); err != nil {
		return err
	}
	parent := p.child.pid()
	waitStill(parent)
	for _, pid := range children(parent) { // it may have started one before it stood still
		if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("freeze postgres: %w", err)
		}
		waitStill(pid)
	}
	return nil
}

// Resume lets the server and its processes go on.
func (p *Postgres) Resume() error { return p.all(syscall.SIGCONT) }

func (p *Postgres) all(sig syscall.Signal) error {
	if err := p.child.signal(sig); err != nil {
		return err
	}
	for _, pid := range children(p.child.pid()) {
		if err := syscall.Kill(pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("%s to postgres: %w", sig, err)
		}
	}
	return nil
}

// waitStill waits until no thread of a process that was sent SIGSTOP runs any more: one that was in a system call ends it first.
func waitStill(pid int) {
	wait(func() bool {
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
		if err != nil {
			return false
		}
		for _, path := range threads {
			if state, _ := statOf(path); strings.Contains("RSD", state) && state != "" {
				return false
			}
		}
		return true
	})
}

// children lists the processes that a process has started and that still run.
func children(parent int) (pids []int) {
	found, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil
	}
	for _, dir := range found {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			continue
		}
		if state, of := stat(pid); of == parent && state != "Z" {
			pids = append(pids, pid)
		}
	}
	return pids
}

// stat returns a process's state and the process that started it; "" if there is no such process (proc(5)).
func stat(pid int) (state string, parent int) {
	return statOf(fmt.Sprintf("/proc/%d/stat", pid))
}

func statOf(path string) (state string, parent int) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", 0
	}
	// pid (name) state ppid …: the name may hold blanks and brackets.
	f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	if len(f) < 2 {
		return "", 0
	}
	parent, _ = strconv.Atoi(f[1]) // a number, by its format
	return f[0], parent
}

// URL is the address of a database for the superuser.
func (p *Postgres) URL(database string) string {
	u := url.URL{Scheme: "postgres", User: url.User("postgres"), Host: p.Addr, Path: "/" + database, RawQuery: "sslmode=disable"}
	return u.String()
}

// NewDatabase makes an empty database and returns its URL. Databases of one server share its roles.
func (p *Postgres) NewDatabase(ctx context.Context) (string, error) {
	name, err := p.newDatabase(ctx, "template1")
	if err != nil {
		return "", err
	}
	return p.URL(name), nil
}

// NewDatabaseLike makes a database that is like an empty one after prepare, and returns its URL: prepare is called once, for the first, and the others are copies.
// It must leave no connection open, and be the same in every call for a server.
func (p *Postgres) NewDatabaseLike(ctx context.Context, prepare func(ctx context.Context, url string) error) (string, error) {
	p.prepared.Lock()
	defer p.prepared.Unlock()
	if p.prepared.name == "" {
		name, err := p.newDatabase(ctx, "template1")
		if err != nil {
			return "", err
		}
		if err := prepare(ctx, p.URL(name)); err != nil {
			return "", fmt.Errorf("prepare a database: %w", err)
		}
		p.prepared.name = name
	}
	name, err := p.newDatabase(ctx, p.prepared.name)
	if err != nil {
		return "", err
	}
	return p.URL(name), nil
}

func (p *Postgres) newDatabase(ctx context.Context, like string) (name string, err error) {
	name = fmt.Sprintf("test%d", p.databases.Add(1))
	if err := p.exec(ctx, "CREATE DATABASE "+name+" TEMPLATE "+like); err != nil {
		return "", fmt.Errorf("make a database: %w", err)
	}
	return name, nil
}

// Running reports whether the server runs, PID names its first process.
func (p *Postgres) Running() bool { return p.child.running() }
func (p *Postgres) PID() int      { return p.child.pid() }

// Log returns the end of what the server wrote.
func (p *Postgres) Log() string { return p.child.log() }

// Close kills the server and removes its data, unless the directory was given.
func (p *Postgres) Close() error {
	var err error
	if p.child != nil {
		err = p.Kill()
	}
	if p.own {
		err = errors.Join(err, os.RemoveAll(p.Dir))
	}
	return err
}
