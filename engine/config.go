package engine

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"runtime"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"golang.org/x/sys/unix"
)

// Config is how an engine is set up.
type Config struct {
	// WSListen and TCPListen are host:port; empty leaves that listener out, port 0 takes a free one.
	WSListen  string
	TCPListen string
	// Path is where WebSockets are upgraded. Empty takes any path.
	Path string
	// Protocols maps subprotocols to kinds of connection; a client that offers some of which none is here gets 400. One that
	// offers none is WebSocketText. Empty ignores what is offered.
	Protocols map[string]Kind
	// Loops is the number of event loops. Defaults to GOMAXPROCS.
	Loops int
	// Shards is the number of goroutines that call Handler.Serve. Defaults to twice GOMAXPROCS, at least 4.
	Shards int
	// QueueLen and QueueBytes bound what waits for one shard. Default to 4096 messages and 32 MiB.
	QueueLen   int
	QueueBytes int
	// MaxConnections is how many connections are accepted at once. Defaults to what the descriptor limit holds.
	MaxConnections int
	// ReserveFiles is how many descriptors are kept free of connections. Defaults to 100.
	ReserveFiles int
	// MaxPerAddress and AcceptsPerAddress limit connections, and new ones per second, of one client address. 0: no limit.
	MaxPerAddress     int
	AcceptsPerAddress int
	// HandshakeTimeout bounds the opening handshake, FirstMessageTimeout the time from there to Conn.Ready. Default to 5s.
	HandshakeTimeout    time.Duration
	FirstMessageTimeout time.Duration
	// MaxHandshake bounds the request head. Defaults to 8 KiB.
	MaxHandshake int
	// First is what holds for a connection until Ready. Defaults to messages of 17 KiB.
	First Tier
	// TrustedProxies may name the client in X-Forwarded-For.
	TrustedProxies []netip.Prefix
	// ReadBuffer is the size of a loop's read buffer. Defaults to 64 KiB.
	ReadBuffer int
	// Logger defaults to slog.Default().
	Logger *slog.Logger
	// Metrics defaults to a set of its own.
	Metrics *metrics.Set

	lastFile int // descriptors from here on are not for connections, however many there are
}

// Tier is how connections of one role are treated. It is shared and must not be changed once in use.
type Tier struct {
	Ping       time.Duration // silence after which a PING is sent; 0: none is
	Pong       time.Duration // time to answer it
	MaxMessage int           // bytes of one inbound message
	OutLimit   int           // bytes that may wait for a slow reader
}

func (c Config) withDefaults() (Config, error) {
	def := func(p *int, v int) {
		if *p == 0 {
			*p = v
		}
	}
	procs := runtime.GOMAXPROCS(0)
	def(&c.Loops, procs)
	def(&c.Shards, max(2*procs, 4))
	def(&c.QueueLen, 4096)
	def(&c.QueueBytes, 32<<20)
	def(&c.ReserveFiles, 100)
	def(&c.MaxHandshake, 8<<10)
	def(&c.ReadBuffer, 64<<10)
	def(&c.First.MaxMessage, 17<<10)
	def(&c.First.OutLimit, 256<<10)
	if c.HandshakeTimeout == 0 {
		c.HandshakeTimeout = 5 * time.Second
	}
	if c.FirstMessageTimeout == 0 {
		c.FirstMessageTimeout = 5 * time.Second
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Metrics == nil {
		c.Metrics = metrics.NewSet()
	}
	if c.WSListen == "" && c.TCPListen == "" {
		return c, errors.New("engine: no listener is configured")
	}
	if c.Loops < 0 || c.Shards < 0 || c.QueueLen < 0 || c.QueueBytes < 0 || c.MaxConnections < 0 {
		return c, errors.New("engine: loops, shards, queue_len, queue_bytes and max_connections can't be negative")
	}
	files, err := raiseFiles()
	if err != nil {
		return c, err
	}
	c.lastFile = files - min(c.ReserveFiles/2, 16)
	most := files - c.ReserveFiles
	def(&c.MaxConnections, max(most, 1))
	if c.MaxConnections > most {
		return c, fmt.Errorf("engine.max_connections is %d, but the process may open only %d files and %d are kept for other uses: "+
			"raise the limit (ulimit -n, LimitNOFILE) to %d or set max_connections to at most %d",
			c.MaxConnections, files, c.ReserveFiles, c.MaxConnections+c.ReserveFiles, max(most, 0))
	}
	return c, nil
}

// raiseFiles raises the soft limit of open files to the hard one and returns it.
func raiseFiles() (int, error) {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		return 0, fmt.Errorf("read the limit of open files: %w", err)
	}
	if l.Cur < l.Max {
		raised := unix.Rlimit{Cur: l.Max, Max: l.Max}
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &raised); err == nil {
			l = raised
		}
	}
	return int(min(l.Cur, 1<<30)), nil
}
