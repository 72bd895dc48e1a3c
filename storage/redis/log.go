package redis

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
	goredis "github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/local"
	"github.com/uniqchat/uniqchat/storage/project"
	"github.com/uniqchat/uniqchat/storage/seal"
)

// Ack is what an acknowledgement stands for.
type Ack string

// The levels of storage.ack.
const (
	AckFsync   Ack = "fsync"   // on the disk of the primary: survives a power cut
	AckRedis   Ack = "redis"   // in the memory of the primary: a power cut takes about the last second
	AckReplica Ack = "replica" // on the disk of the primary, and in the memory of a replica
)

// Options is how a Log is set up.
type Options struct {
	// Client is the connection pool, see Connect. The Log does not close it.
	Client goredis.UniversalClient
	// Prefix stands in front of every key. Defaults to "uniqchat:".
	Prefix   string
	Ack      Ack
	Database project.Database
	// Backlog is how many bytes may wait for the database in all before appends are refused as Full. Defaults to 1 GiB.
	Backlog int64
	// Ring is how many bytes of recent history a node keeps in memory, about. Defaults to 64 MiB.
	Ring int
	// Window is how long duplicates are found without asking the database, Generation how long conversations are known
	// without it; each holds for one to two of that time. Default to 10m and 12h.
	Window, Generation time.Duration
	// Keys seal what people write. Nil: it waits as it is.
	Keys    *seal.Keyring
	Logger  *slog.Logger
	Metrics *metrics.Set
}

// Log implements chat.Log and project.Source. Run must be running. Safe for concurrent use.
type Log struct {
	Options
	cluster bool
	node    [16]byte
	own     string // a channel that only this node follows, "" on a cluster: see append.lua
	parts   [project.Partitions]partition
	scopes  []*scope
	tails   local.Tails
	confirm confirmations
	stats   stats

	queue    chan *request
	again    chan *group           // to be tried once more
	pending  chan struct{}         // holds a token when there may be something to project
	repairs  chan int              // partitions that miss something
	restores chan []*project.Batch // what Redis lost
	stopped  chan struct{}
	ready    chan struct{}

	offset  atomic.Int64 // Redis's clock minus ours, ms
	seen    atomic.Int64 // when Redis last answered, ms since 1970
	failing atomic.Int64 // since when calls fail, ms since 1970; 0: they don't
	suspect atomic.Bool  // a connection broke: what answers next may be behind what the database has
	looking chan struct{}
}

// queueLen is how many calls may wait; further ones wait outside.
const queueLen = 4096

// New returns a Log on a checked connection: see Check.
func New(o Options) *Log {
	if o.Prefix == "" {
		o.Prefix = "uniqchat:"
	}
	if o.Backlog <= 0 {
		o.Backlog = 1 << 30
	}
	if o.Ring <= 0 {
		o.Ring = 64 << 20
	}
	if o.Window <= 0 {
		o.Window = 10 * time.Minute
	}
	if o.Generation <= 0 {
		o.Generation = 12 * time.Hour
	}
	if o.Ack == "" {
		o.Ack = AckFsync
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Metrics == nil {
		o.Metrics = metrics.NewSet()
	}
	l := &Log{
		Options: o, queue: make(chan *request, queueLen), again: make(chan *group, queueLen), pending: make(chan struct{}, 1),
		repairs: make(chan int, project.Partitions), stopped: make(chan struct{}), ready: make(chan struct{}),
		looking: make(chan struct{}, 32), restores: make(chan []*project.Batch, project.Partitions),
	}
	_, l.cluster = o.Client.(*goredis.ClusterClient)
	_, _ = rand.Read(l.node[:]) // never fails
	l.stats.register(o.Metrics)
	l.arrange()
	if !l.cluster {
		l.own = l.scopes[0].feed + ":" + hex.EncodeToString(l.node[:])
	}
	return l
}

// Run appends, follows the feed, and mends what breaks, until ctx ends.
func (l *Log) Run(ctx context.Context) error {
	defer close(l.stopped)
	if err := l.fill(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	close(l.ready)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return l.commit(ctx) })
	g.Go(func() error { return l.mend(ctx) })
	g.Go(func() error { return l.watch(ctx) })
	g.Go(func() error { return l.report(ctx) })
	g.Go(func() error { return l.restore(ctx) })
	for _, f := range l.feeds() {
		g.Go(func() error { return l.follow(ctx, f) })
	}
	err := g.Wait()
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// Ready is closed once Run has read what Redis holds: from then on appends are answered.
func (l *Log) Ready() <-chan struct{} { return l.ready }

// up waits until the log can answer: its Run has read what Redis holds.
func (l *Log) up(ctx context.Context) error {
	select {
	case <-l.ready:
		return nil
	default:
	}
	select {
	case <-l.ready:
		return nil
	case <-ctx.Done():
		return errBusy
	case <-l.stopped:
		return errBusy
	}
}

// failFast is how long calls may fail until further ones are refused at once, so that nobody queues behind what can't be
// answered. The look every two seconds finds out when Redis is back.
const failFast = 2 * time.Second

// silent reports whether Redis has not answered for some time although it was asked.
func (l *Log) silent() bool {
	since := l.failing.Load()
	return since > 0 && time.Now().UnixMilli()-since > failFast.Milliseconds()
}

// failed notes a call that Redis did not answer, answered one that it did.
func (l *Log) failed() {
	l.suspect.Store(true)
	l.failing.CompareAndSwap(0, time.Now().UnixMilli())
}

func (l *Log) answered() {
	l.failing.Store(0)
	l.seen.Store(time.Now().UnixMilli())
}

// LastSeen returns when Redis last answered.
func (l *Log) LastSeen() time.Time { return time.UnixMilli(l.seen.Load()) }

// Tail implements chat.Log.
func (l *Log) Tail(ctx context.Context, fn func([]chat.Event)) error {
	select {
	case <-l.ready:
		return l.tails.Follow(ctx, fn)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// offer takes in a batch from wherever it was heard of: this node's own call, the feed, or the stream.
func (l *Log) offer(ctx context.Context, b *project.Batch) verdict {
	p := &l.parts[b.Partition]
	p.order.Lock()
	defer p.order.Unlock()
	p.mu.Lock()
	begins := p.cursor.Epoch < b.Epoch && p.hasHistory()
	run, v := p.take(b)
	if v == taken {
		p.shrink(time.Now(), l.Ring/project.Partitions)
	}
	p.mu.Unlock()
	if begins && len(run) > 0 {
		l.tellFork(ctx, p.number)
	}
	for _, b := range run {
		l.tails.Publish(ctx, b.Events)
	}
	if len(run) > 0 {
		put(l.pending)
	}
	if v == gap || v == forked {
		l.repair(b.Partition)
	}
	return v
}

// tellFork tells followers that a partition's history forked: Redis lost something, which this node need not have heard of, and a new
// epoch has begun. What was lost may be in the database, so everybody reads again.
func (l *Log) tellFork(ctx context.Context, partition int) {
	l.tails.Publish(ctx, []chat.Event{{Fork: &chat.Fork{Concerns: func(k chat.Key) bool { return partitionOf(k) == partition }}}})
}

// repair asks for a look at what a partition's stream holds.
func (l *Log) repair(partition int) {
	select {
	case l.repairs <- partition:
	default: // the look every two seconds will find it
	}
}

// put leaves a token in a channel that holds one.
func put(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// Errors for people.
var (
	errUnknown = &chat.Error{Code: chat.Unknown, Message: "the outcome is unknown; send the same message again"}
	errBusy    = &chat.Error{Code: chat.Busy, Message: "storage is busy; try again"}
	errFull    = &chat.Error{Code: chat.Full, Message: "storage is full"}
	errStale   = &chat.Error{Code: chat.Conflict, Name: "stale", Message: "the conversation has changed in the meantime"}
	errReused  = &chat.Error{Code: chat.Conflict, Name: "cmid_conflict", Message: "this cmid was used for another message"}
	errNone    = &chat.Error{Code: chat.NotFound, Message: "there is no such conversation"}
	errMixed   = &chat.Error{Code: chat.Internal, Message: "joined events are of different conversations"}
)

// isFull reports whether Redis refuses writes because memory or disk is full.
func isFull(err error) bool {
	return err != nil && (strings.HasPrefix(err.Error(), "OOM ") || strings.HasPrefix(err.Error(), "MISCONF ") ||
		strings.Contains(err.Error(), " OOM command not allowed") || strings.Contains(err.Error(), "MISCONF Errors"))
}

// busy is a failed read as callers are told of it.
func busy(what string, err error) error {
	return fmt.Errorf("%s: %w (%w)", what, errBusy, err)
}
