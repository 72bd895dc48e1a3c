package redis

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/uniqchat/uniqchat/storage/project"
)

// lookEvery is how often a node compares what it knows with Redis, by way of its commands and not of the feed.
const lookEvery = 2 * time.Second

// watch looks at every partition now and then, tidies up, and sees to it that a fork that was begun is ended.
func (l *Log) watch(ctx context.Context) error {
	tick := time.NewTicker(lookEvery / 4)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if n%4 != 0 && l.failing.Load() == 0 { // while Redis is away, it is asked more often
			continue
		}
		if err := l.compare(ctx); err != nil {
			l.stats.lastError(l.Logger, err)
			continue
		}
		if n%20 == 0 {
			l.tidy(ctx)
		}
	}
}

// compare asks for every partition's place, in one round trip for each scope.
func (l *Log) compare(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for _, s := range l.scopes {
		places, err := l.readPlaces(ctx, s)
		if err != nil {
			return fmt.Errorf("compare with redis: %w", err)
		}
		for i, p := range s.parts {
			p.mu.Lock()
			same := places[i].exists && places[i].Cursor == p.cursor
			p.shrink(time.Now(), l.Ring/project.Partitions)
			p.mu.Unlock()
			if !same {
				l.repair(p.number)
			}
		}
	}
	return nil
}

// tidy trims streams, and lets windows and generations go that are not needed any more.
func (l *Log) tidy(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for i := range l.parts {
		p := &l.parts[i]
		if err := l.trim(ctx, p); err != nil {
			l.stats.lastError(l.Logger, err)
			return
		}
	}
	for _, s := range l.scopes {
		if err := l.rotate(ctx, s); err != nil {
			l.stats.lastError(l.Logger, err)
			return
		}
	}
	if cursors, err := l.Database.Cursors(ctx); err == nil {
		for i := range l.parts {
			p := &l.parts[i]
			p.mu.Lock()
			behind := p.cursor.Epoch < cursors[i].Epoch // a fork was begun and not ended
			if behind {
				p.highest.Epoch = max(p.highest.Epoch, cursors[i].Epoch)
			} else {
				p.advance(cursors[i]) // what another node said of it may have been lost
			}
			p.mu.Unlock()
			if behind {
				l.repair(i)
			}
		}
	}
}

// trim deletes what this node committed more than a minute ago.
func (l *Log) trim(ctx context.Context, p *partition) error {
	horizon := time.Now().Add(-keepFor)
	p.mu.Lock()
	n := 0
	for n < len(p.marks) && p.marks[n].at.Before(horizon) {
		n++
	}
	var upto project.Cursor
	if n > 0 {
		upto = p.marks[n-1].Cursor
		p.marks = append(p.marks[:0], p.marks[n:]...)
	}
	p.mu.Unlock()
	if n == 0 {
		return nil
	}
	return l.trimUpto(ctx, p, upto)
}

// rotate begins a new window of duplicates and a new generation of heads when the current one is old enough and the
// database has all of what is dropped.
func (l *Log) rotate(ctx context.Context, s *scope) error {
	m, now := s.read(), l.clock()
	first := now // when the oldest thing was appended that the database does not have
	for _, p := range s.parts {
		p.mu.Lock()
		if i := p.unprojected(); i < len(p.batches) {
			first = min(first, p.batches[i].At)
		}
		if p.projected.Before(p.dropped) || p.projected == (project.Cursor{}) && p.cursor.N > 0 {
			first = 0
		}
		p.mu.Unlock()
	}
	turn := func(number, since, before string, n uint64, at int64, every time.Duration, drop ...string) error {
		if m.window == 0 || now-at < every.Milliseconds() || first < at {
			return nil
		}
		names := append([]string{s.meta}, drop...)
		if err := rotateScript.Run(ctx, l.Client, names, number, since, before, strconv.FormatUint(n, 10)).Err(); err != nil {
			return fmt.Errorf("rotate: %w", err)
		}
		return l.readBook(ctx, s)
	}
	if err := turn("w", "ws", "wp", m.window, m.windowAt, l.Window, numbered(s.dup, m.window-1)); err != nil {
		return err
	}
	return turn("g", "gs", "gp", m.generation, m.generatedAt, l.Generation, numbered(s.head, m.generation-1), numbered(s.open, m.generation-1))
}
