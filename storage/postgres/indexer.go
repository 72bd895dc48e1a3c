package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/jackc/pgx/v5"

	"github.com/uniqchat/uniqchat/storage/sqlstore"
)

// IndexerOptions says how an Indexer works.
type IndexerOptions struct {
	// Logger defaults to slog.Default().
	Logger *slog.Logger
	// Metrics gets the indexer's metrics. Defaults to a set of its own.
	Metrics *metrics.Set
}

// Indexer makes messages findable: it takes what writers have queued, and conversations from before there was an index, and
// writes what they say into the index. Each of its transactions takes work and does it, so nothing is missed or done twice. Any
// number may run; one works at a time.
type Indexer struct {
	db      *DB
	logger  *slog.Logger
	trouble trouble
	full    int64 // how many messages fill a bucket
	most    int   // about how many messages one transaction takes

	late             atomic.Int64 // ms
	messages, failed *metrics.Counter
	seconds          *metrics.PrometheusHistogram
}

// NewIndexer returns an Indexer. Nothing happens before its Run.
func NewIndexer(db *DB, o IndexerOptions) *Indexer {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Metrics == nil {
		o.Metrics = metrics.NewSet()
	}
	x := &Indexer{
		db: db, logger: o.Logger, full: bucketDocs, most: indexMost, messages: o.Metrics.NewCounter("uniqchat_search_indexed_total"),
		failed: o.Metrics.NewCounter("uniqchat_search_failed_total"), seconds: o.Metrics.NewPrometheusHistogram("uniqchat_search_index_seconds"),
	}
	o.Metrics.NewGauge("uniqchat_search_lag_seconds", func() float64 { return float64(x.late.Load()) / 1000 })
	return x
}

const (
	// indexPoll is how long after a look without work the next one follows: several seconds' traffic costs little more than one.
	indexPoll = 500 * time.Millisecond
	// indexMost is about how many messages one transaction takes.
	indexMost = 4096
)

// Run works until ctx ends. Trouble with the database is waited out.
func (x *Indexer) Run(ctx context.Context) error {
	backoff := minBackoff
	for ctx.Err() == nil {
		begun := time.Now()
		did, err := x.step(ctx)
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			x.trouble.say(x.logger, "make messages findable", err)
			sleep(ctx, backoff/2+rand.N(backoff))
			backoff = min(2*backoff, maxBackoff)
			continue
		}
		x.trouble.over(x.logger)
		backoff = minBackoff
		switch {
		case did.n >= x.most/2 && !did.old: // behind
		case did.n > 0 && did.old: // nobody waits for what is old: half of the time is others'
			sleep(ctx, time.Since(begun))
		default:
			sleep(ctx, indexPoll)
		}
	}
	return nil //nolint:nilerr // the error of the last step is the end of ctx
}

// Finish works until nothing is left to do: for tools, and tests. Another indexer may do a part of it.
func (x *Indexer) Finish(ctx context.Context) error {
	for ctx.Err() == nil {
		left, err := x.db.Unindexed(ctx)
		if err != nil || left == 0 {
			return err
		}
		did, err := x.step(ctx)
		if err != nil {
			return err
		}
		if did.n == 0 {
			sleep(ctx, 10*time.Millisecond)
		}
	}
	return ctx.Err()
}

// Unindexed returns how much waits to be made findable: entries of the queue, and old conversations.
func (d *DB) Unindexed(ctx context.Context) (left int64, err error) {
	err = d.query(ctx, func(row pgx.CollectableRow) error { return row.Scan(&left) },
		`SELECT (SELECT count(*) FROM search_queue) + (SELECT count(*) FROM search_backlog)`)
	if err != nil {
		return 0, fmt.Errorf("count what is not indexed: %w", err)
	}
	return left, nil
}

// done is what a step did.
type done struct {
	n   int  // messages that were looked at, or conversations that had none
	old bool // of the backlog
}

// step takes the oldest entries of the queue, or else of the backlog, and indexes them in one transaction.
func (x *Indexer) step(ctx context.Context) (did done, err error) {
	begun := time.Now()
	did, err = x.stepOnce(ctx, false)
	if isBadRow(err) { // never seen; it must not keep the others
		did, err = x.stepOnce(ctx, true)
	}
	if err == nil && did.n > 0 {
		x.seconds.UpdateDuration(begun)
	}
	return did, err
}

// errBusy gives up a step: somebody else works.
var errBusy = errors.New("another indexer works")

func (x *Indexer) stepOnce(ctx context.Context, carefully bool) (did done, err error) {
	if err := x.db.gate.enter(); err != nil {
		return did, err
	}
	defer func() { x.db.gate.leave(err) }()
	failed := 0
	err = x.db.transact(ctx, func(tx pgx.Tx) error {
		// What a crash loses of it is done again.
		if _, err := tx.Exec(ctx, `SET LOCAL synchronous_commit = off`); err != nil {
			return err
		}
		var mine bool
		if err := tx.QueryRow(ctx, `SELECT pg_try_advisory_xact_lock($1)`, int64(sqlstore.IndexerLock)).Scan(&mine); err != nil {
			return err
		}
		if !mine {
			return errBusy
		}
		w := indexing{ctx: ctx, tx: tx, full: x.full, most: x.most, keys: x.db.store.Keyring()}
		taken, err := w.takeQueue()
		if err == nil && taken == 0 {
			did.old = true
			taken, err = w.takeBacklog()
		}
		if err != nil {
			return err
		}
		did.n = max(taken, len(w.said))
		x.late.Store(w.late.Milliseconds())
		failed, err = w.write(carefully)
		return err
	})
	if errors.Is(err, errBusy) {
		return done{}, nil
	}
	if err != nil {
		return done{}, err
	}
	x.messages.Add(did.n - failed)
	if failed > 0 {
		x.failed.Add(failed)
		x.logger.Error("messages can't be made findable", "messages", failed)
	}
	return did, nil
}
