package redis

import (
	"context"
	"crypto/rand"
	"fmt"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/uniqchat/uniqchat/storage/project"
)

// epochStart is second 0 of epochs.
var epochStart = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// fill reads what Redis holds into memory, before anything is served, and begins partitions that are new or that lost what
// the database has.
func (l *Log) fill(ctx context.Context) error {
	t, err := l.Client.Time(ctx).Result()
	if err != nil {
		return fmt.Errorf("ask redis for the time: %w", err)
	}
	l.learnClock(strconv.FormatInt(t.UnixMilli(), 10))
	cursors, err := l.Database.Cursors(ctx)
	if err != nil {
		return fmt.Errorf("read how far the database is: %w", err)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for i := range l.parts {
		p := &l.parts[i]
		g.Go(func() error {
			p.order.Lock()
			defer p.order.Unlock()
			p.mu.Lock()
			if p.highest = cursors[i]; cursors[i].N > 0 { // after a fork everything is read anew
				p.projected = cursors[i]
				p.marks = append(p.marks, mark{cursors[i], time.Now()}) // whoever wrote it may have ended before it was trimmed
			}
			p.mu.Unlock()
			return l.read(ctx, p)
		})
	}
	return g.Wait()
}

// mend looks at partitions that seem to miss something.
func (l *Log) mend(ctx context.Context) error {
	for {
		var n int
		select {
		case <-ctx.Done():
			return nil
		case n = <-l.repairs:
		}
		// What is missing is often on the way already.
		time.Sleep(2 * time.Millisecond)
		if err := l.look(ctx, &l.parts[n]); err != nil && ctx.Err() == nil {
			l.stats.lastError(l.Logger, err)
			time.Sleep(20 * time.Millisecond)
		}
	}
}

// look compares what a node knows of a partition with what Redis holds, hands on what is missing, and begins a new epoch if
// Redis lost something.
func (l *Log) look(ctx context.Context, p *partition) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	p.order.Lock()
	defer p.order.Unlock()
	for {
		p.mu.Lock()
		cursor, highest := p.cursor, p.highest
		p.mu.Unlock()
		entries, m, err := l.readStream(ctx, p, cursor, streamPage)
		if err != nil {
			return err
		}
		if !m.exists || m.cursor.Before(highest) || cursor.Epoch == m.cursor.Epoch && cursor.N == m.cursor.N && cursor.Tag != m.cursor.Tag {
			return l.fork(ctx, p)
		}
		p.mu.Lock()
		p.begun = m.cursor.Epoch
		p.mu.Unlock()
		p.scope.write(m.book)
		if len(entries) == 0 {
			if m.cursor.Tag == cursor.Tag {
				p.mu.Lock()
				begins := cursor.Epoch < m.cursor.Epoch && p.hasHistory()
				if p.cursor = m.cursor; p.highest.Before(m.cursor) { // a new epoch without a batch
					p.highest = m.cursor
				}
				p.mu.Unlock()
				if begins {
					l.tellFork(ctx, p.number)
				}
				return nil
			}
			return l.reread(ctx, p) // what is missing was trimmed, or never was
		}
		if entries[0].Previous != cursor.Tag {
			return l.reread(ctx, p)
		}
		for _, b := range entries {
			waits, failed := l.confirm.of(b.Tag)
			if waits {
				put(l.pending)
				return nil // whoever appended it asks for another look when a replica has it
			}
			if failed { // since it was decoded
				unsure(b)
			}
			p.mu.Lock()
			begins := p.cursor.Epoch < b.Epoch && p.hasHistory()
			run, _ := p.take(b)
			p.mu.Unlock()
			if begins && len(run) > 0 {
				l.tellFork(ctx, p.number)
			}
			for _, b := range run {
				l.tails.Publish(ctx, b.Events)
			}
		}
		put(l.pending)
	}
}

// fork begins a new epoch of a partition: what Redis holds is not all of what was acknowledged, or may not be. order must be held.
func (l *Log) fork(ctx context.Context, p *partition) error {
	// One node at a time; the others find the new epoch when they look again.
	ok, err := l.Client.SetNX(ctx, p.scope.meta+":forking:"+p.field, l.node[:], 3*time.Second).Result()
	if err != nil {
		return fmt.Errorf("fork: %w", err)
	}
	if !ok {
		return fmt.Errorf("fork: another node is at it: %w", errNotYet)
	}
	// Kept only to spare the others the trouble: epochs are right without it.
	defer func() { _ = l.Client.Del(context.WithoutCancel(ctx), p.scope.meta+":forking:"+p.field).Err() }()
	p.mu.Lock()
	known := p.highest
	p.mu.Unlock()
	seconds := uint64(time.UnixMilli(l.clock()).Sub(epochStart) / time.Second)
	epoch, err := l.Database.Fork(ctx, p.number, max(seconds, known.Epoch+1))
	if err != nil {
		return fmt.Errorf("begin an epoch: %w", err)
	}
	var tag project.Tag
	_, _ = rand.Read(tag[:]) // never fails
	first := "0"
	if known == (project.Cursor{}) {
		first = "1"
	}
	if err := beginScript.Run(ctx, l.Client, []string{p.scope.meta}, epoch, tag[:], first, p.field).Err(); err != nil {
		return fmt.Errorf("begin an epoch: %w", err)
	}
	l.stats.epochs.Inc()
	if known != (project.Cursor{}) {
		l.Logger.Info("redis does not hold all of a partition's history; a new epoch begins", "partition", p.number, "epoch", epoch, "known", streamID(known))
	}
	return l.reread(ctx, p)
}

// read fills a partition for the first time. order must be held.
func (l *Log) read(ctx context.Context, p *partition) error {
	p.mu.Lock()
	known := p.highest
	p.mu.Unlock()
	for range 100 {
		m, err := l.load(ctx, p)
		if err != nil {
			return err
		}
		p.mu.Lock()
		if p.highest.Before(known) {
			p.highest = known // what the database has counts, too
		}
		ahead := m.exists && (m.cursor.Before(p.projected) || m.cursor.Before(known) ||
			m.cursor.Epoch == p.projected.Epoch && m.cursor.N == p.projected.N && m.cursor.N > 0 && m.cursor.Tag != p.projected.Tag)
		p.mu.Unlock()
		if m.exists && !ahead {
			return nil
		}
		if err := l.fork(ctx, p); err == nil {
			return nil
		} else if ctx.Err() != nil {
			return err
		}
		time.Sleep(50 * time.Millisecond) // another node does it
	}
	return fmt.Errorf("partition %d can't be begun", p.number)
}

// load replaces what is in memory by what the stream holds. order must be held.
func (l *Log) load(ctx context.Context, p *partition) (streamMeta, error) {
	var all []*project.Batch
	after := project.Cursor{}
	for {
		entries, m, err := l.readStream(ctx, p, after, streamPage)
		if err != nil {
			return m, err
		}
		if len(entries) > 0 {
			all = append(all, entries...)
			after = entries[len(entries)-1].Cursor
			continue
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.reset()
		for _, b := range all {
			p.add(b)
			p.shrink(time.Now(), l.Ring/project.Partitions)
		}
		if p.filled = m.exists; m.exists {
			p.cursor, p.begun = m.cursor, m.cursor.Epoch
			p.scope.write(m.book)
		}
		if p.highest.Before(p.cursor) || !p.cursor.Before(p.projected) {
			p.highest = p.cursor
		}
		return m, nil
	}
}

// reread reads a partition anew when its history does not continue what this node knows. If something is gone, readers are
// told. order must be held.
func (l *Log) reread(ctx context.Context, p *partition) error {
	p.mu.Lock()
	had := p.batches
	cursor, projected, dropped, filled := p.cursor, p.projected, p.dropped, p.filled
	known := p.hasHistory()
	p.mu.Unlock()
	m, err := l.load(ctx, p)
	if err != nil {
		return err
	}
	if !m.exists {
		return fmt.Errorf("partition %d has gone again: %w", p.number, errNotYet)
	}
	p.mu.Lock()
	if p.cursor.Before(p.projected) {
		p.projected = project.Cursor{} // the database's place was in the history that is gone; its next word counts
	}
	there := map[project.Tag]bool{cursor.Tag: p.cursor.Tag == cursor.Tag}
	from := -1
	for i, b := range p.batches {
		there[b.Tag], there[b.Previous] = true, true
		if b.Previous == cursor.Tag {
			from = i
		}
	}
	var fresh []*project.Batch
	if from >= 0 {
		fresh = append(fresh, p.batches[from:]...)
	}
	begins := cursor.Epoch < p.cursor.Epoch && known && filled
	p.mu.Unlock()
	put(l.pending)
	if begins {
		l.tellFork(ctx, p.number)
	}
	if there[cursor.Tag] || !filled {
		for _, b := range fresh {
			l.tails.Publish(ctx, b.Events)
		}
		return nil
	}
	var lost []*project.Batch
	for _, b := range had {
		if !there[b.Tag] && projected.Before(b.Cursor) {
			lost = append(lost, b)
		}
	}
	if len(lost) == 0 && !projected.Before(dropped) {
		return nil // what redis does not hold is in the database
	}
	l.stats.forks.Inc()
	p.mu.Lock()
	p.doubt = time.Now().Add(doubtFor)
	p.mu.Unlock()
	if projected.Before(dropped) {
		l.Logger.Error("acknowledged messages may be gone for good: redis lost them and memory has let go of them", "partition", p.number)
	}
	if !begins {
		l.tellFork(ctx, p.number)
	}
	if len(lost) > 0 {
		select {
		case l.restores <- lost:
		case <-ctx.Done():
		}
	}
	return nil
}
