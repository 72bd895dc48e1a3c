package postgres

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"golang.org/x/sync/errgroup"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/project"
)

// ProjectorOptions says how a Projector works.
type ProjectorOptions struct {
	// Node names this projector among those of the database. No two processes may have the same at the same time. One that
	// keeps its name over a restart takes its partitions up again at once.
	Node string
	// Logger defaults to slog.Default().
	Logger *slog.Logger
	// Metrics gets the projector's metrics. Defaults to a set of its own.
	Metrics *metrics.Set
}

// Projector turns a log into rows. Any number of them share the log's partitions.
type Projector struct {
	db     *DB
	source project.Source
	node   string
	logger *slog.Logger
	stats  stats

	wake    chan struct{} // holds a token when there may be something to do
	doubt   chan struct{} // holds a token when leases should be looked at now
	trouble trouble

	mu    sync.Mutex
	held  map[int]position  // partitions that are this projector's
	again map[int]time.Time // since when a partition whose history has forked may be read again
	from  int               // where the next round begins
}

// NewProjector returns a Projector. Nothing happens before its Run.
func NewProjector(db *DB, source project.Source, o ProjectorOptions) *Projector {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Metrics == nil {
		o.Metrics = metrics.NewSet()
	}
	p := &Projector{
		db: db, source: source, node: o.Node, logger: o.Logger, held: make(map[int]position), again: make(map[int]time.Time),
		wake: make(chan struct{}, 1), doubt: make(chan struct{}, 1),
	}
	p.stats.register(o.Metrics)
	return p
}

const (
	// perPartition and perRound are about how many events are read at once of one partition, and in all.
	perPartition = 1024
	perRound     = 8192
	// readers is how many partitions are read at once.
	readers = 8
	// idlePoll is how long nothing is looked at without a word from the source.
	idlePoll = time.Second
	// maxPause is how much traffic one transaction takes under load.
	maxPause = time.Second
	// giveBackWithin is how long the end may take.
	giveBackWithin = 3 * time.Second
)

// Run projects until ctx ends, and gives its partitions back. Trouble with the database or the log is waited out.
func (p *Projector) Run(ctx context.Context) error {
	var keeper sync.WaitGroup
	keeper.Go(func() { p.keep(ctx) })
	keeper.Go(func() { p.countOld(ctx) })
	p.work(ctx)
	keeper.Wait()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), giveBackWithin)
	defer cancel()
	if err := p.release(last); err != nil {
		p.logger.Warn("the projection's partitions were not given back; others take them in a while", "error", err)
	}
	return nil
}

// Rounds in a row that failed wait longer and longer, up to maxBackoff.
const (
	minBackoff = 100 * time.Millisecond
	maxBackoff = 2 * time.Second
)

// work projects round by round.
func (p *Projector) work(ctx context.Context) {
	backoff := minBackoff
	last := time.Now()
	for ctx.Err() == nil {
		begun := time.Now()
		n, behind, err := p.round(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			p.trouble.say(p.logger, "write the log's rows", err)
			if isDown(err) {
				p.db.pool.Reset() // other connections are likely to be dead, too
			}
			put(p.doubt)
			sleep(ctx, backoff/2+rand.N(backoff))
			backoff = min(2*backoff, maxBackoff)
			continue
		case n > 0:
			p.trouble.over(p.logger)
		}
		backoff = minBackoff
		if behind {
			continue
		}
		if n > 0 {
			sleep(ctx, pause(n, begun.Sub(last))-time.Since(begun))
			last = begun
		}
		p.wait(ctx)
	}
}

// pause is how long after its beginning a round is followed by the next one: under load one transaction takes up to a second's
// traffic, so that a conversation's row is written once for many messages.
func pause(n int, since time.Duration) time.Duration {
	if n < 200 {
		return 0
	}
	rate := float64(n) / max(since, time.Millisecond).Seconds()
	return min(max(time.Duration(rate/4000*float64(time.Second)), 250*time.Millisecond), maxPause)
}

func sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// wait returns when there may be something to do. A source that has ended is only polled.
func (p *Projector) wait(ctx context.Context) {
	t := time.NewTimer(idlePoll)
	defer t.Stop()
	pending := p.source.Pending()
	select {
	case <-ctx.Done():
	case <-t.C:
	case <-p.wake:
	case _, ok := <-pending:
		if !ok {
			sleep(ctx, idlePoll)
		}
	}
}

// positions returns what is held, beginning with another partition each time.
func (p *Projector) positions() []position {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]position, 0, len(p.held))
	for i := range project.Partitions {
		pos, ok := p.held[(p.from+i)%project.Partitions]
		if ok && (pos.cursor != project.Cursor{} || time.Since(p.again[pos.partition]) >= 0) {
			out = append(out, pos)
		}
	}
	p.from = (p.from + 7) % project.Partitions
	return out
}

// round reads and commits once. behind says that there is certainly more.
func (p *Projector) round(ctx context.Context) (n int, behind bool, err error) {
	portions, behind, err := p.read(ctx, p.positions())
	if len(portions) == 0 {
		if err == nil {
			p.stats.caughtUp()
		}
		return 0, behind, err
	}
	for i := range portions {
		n += len(portions[i].events)
	}
	late := p.stats.reading(portions, n) > maxPause+2*time.Second
	if err := p.project(ctx, portions); err != nil {
		return n, false, err
	}
	p.stats.caughtUp() // as far as is known
	return n, behind || late, err
}

// read reads what follows positions. A partition that can't be read does not keep the others.
func (p *Projector) read(ctx context.Context, positions []position) (portions []portion, behind bool, err error) {
	var mu sync.Mutex // over portions and full
	full := false
	var total atomic.Int64
	var g errgroup.Group
	g.SetLimit(readers)
	for _, pos := range positions {
		if total.Load() >= perRound {
			behind = true
			break
		}
		g.Go(func() error {
			batches, err := p.source.Batches(ctx, pos.partition, pos.floor, pos.cursor, perPartition)
			if errors.Is(err, project.ErrForked) {
				p.anew(pos)
				return nil
			}
			if err != nil || len(batches) == 0 {
				return err
			}
			part := portion{position: pos, upto: batches[len(batches)-1].Cursor, oldest: batches[0].At}
			for i := range batches {
				for j := range batches[i].Events {
					part.events = append(part.events, &batches[i].Events[j])
				}
			}
			total.Add(int64(len(part.events)))
			mu.Lock()
			defer mu.Unlock()
			portions = append(portions, part)
			full = full || len(part.events) >= perPartition
			return nil
		})
	}
	err = g.Wait()
	slices.SortFunc(portions, func(a, b portion) int { return a.partition - b.partition })
	return portions, behind || full, err
}

// anew makes a partition be read from the start.
func (p *Projector) anew(pos position) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held[pos.partition] != pos || pos.cursor == (project.Cursor{}) {
		return
	}
	p.logger.Debug("a partition of the log does not continue from what the rows hold; it is read again", "partition", pos.partition)
	since := time.Now()
	if since.Sub(p.again[pos.partition]) < idlePoll { // once more: it is in no hurry
		since = since.Add(idlePoll)
	}
	pos.cursor = project.Cursor{}
	p.held[pos.partition], p.again[pos.partition] = pos, since
	put(p.wake)
}

// project commits portions, without those that are lost and the rows that can't be written.
func (p *Projector) project(ctx context.Context, portions []portion) error {
	var dead []deadLetter
	for bisected := false; len(portions) > 0; {
		begun := time.Now()
		strangers, err := p.db.commit(ctx, portions, dead)
		var lost *lostError
		switch {
		case err == nil:
			p.stats.seconds.UpdateDuration(begun)
			p.done(ctx, portions, append(strangers, dead...))
			return nil
		case errors.As(err, &lost):
			portions = p.drop(portions, lost.partitions)
		case isBadRow(err) && !bisected:
			var events []*chat.Event
			for i := range portions {
				events = append(events, portions[i].events...)
			}
			if dead, err = p.db.bisect(ctx, events); err != nil {
				return err
			}
			bisected = true
		default:
			return err
		}
	}
	return nil
}

// done moves positions on and tells the source.
func (p *Projector) done(ctx context.Context, portions []portion, dead []deadLetter) {
	for i := range dead {
		d := &dead[i]
		p.stats.dead.Inc()
		p.logger.Error("a row can't be written; it is kept in dead_letter", "what", d.what, "tenant", d.key.Tenant,
			"conversation", d.key.Conversation, "seq", d.seq, "reason", d.reason)
	}
	rows := 0
	p.mu.Lock()
	for i := range portions {
		rows += len(portions[i].events)
		next := portions[i].position
		next.cursor = portions[i].upto
		if p.held[next.partition] == portions[i].position {
			p.held[next.partition] = next
		}
	}
	p.mu.Unlock()
	p.stats.rows.Add(rows - len(dead))
	for i := range portions {
		if err := p.source.Committed(ctx, portions[i].partition, portions[i].upto); err != nil && ctx.Err() == nil {
			p.logger.Warn("tell the log that it is in the rows", "partition", portions[i].partition, "error", err)
		}
	}
}

// drop leaves out what is no longer this projector's, and makes the leases be looked at.
func (p *Projector) drop(portions []portion, lost []int) []portion {
	p.mu.Lock()
	for _, n := range lost {
		delete(p.held, n)
	}
	p.mu.Unlock()
	put(p.doubt)
	return slices.DeleteFunc(portions, func(part portion) bool { return slices.Contains(lost, part.partition) })
}
