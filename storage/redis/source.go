package redis

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/uniqchat/uniqchat/storage/project"
)

// Pending implements project.Source.
func (l *Log) Pending() <-chan struct{} { return l.pending }

// Batches implements project.Source: from memory, if that is of the floor's epoch, or else from the stream.
func (l *Log) Batches(ctx context.Context, partition int, floor uint64, after project.Cursor, limit int) ([]project.Batch, error) {
	p := &l.parts[partition]
	p.mu.Lock()
	empty := p.filled && p.cursor.N == 0 && len(p.batches) == 0 && p.highest == p.cursor
	p.mu.Unlock()
	if after == (project.Cursor{}) && empty {
		return nil, nil
	}
	if after != (project.Cursor{}) {
		if out, ok := p.following(floor, after, limit); ok {
			return out, nil
		}
	}
	entries, m, err := l.readStream(ctx, p, after, streamPage)
	if err != nil {
		return nil, err
	}
	if m.cursor.Epoch < floor { // of before the fork, or of a server that is none any more
		return nil, nil
	}
	if len(entries) == 0 {
		if after == (project.Cursor{}) || m.cursor.Tag == after.Tag {
			return nil, nil
		}
		return nil, project.ErrForked
	}
	if after != (project.Cursor{}) && entries[0].Previous != after.Tag {
		return nil, project.ErrForked
	}
	out := make([]project.Batch, 0, len(entries))
	events := 0
	for _, b := range entries {
		if events += len(b.Events); events > limit && len(out) > 0 {
			break
		}
		out = append(out, *b)
	}
	p.heardOf(out[len(out)-1].Cursor) // what will be in the database counts, even if the feed never brings it
	return out, nil
}

// following returns what memory has behind a cursor. False if memory can't tell: before it was read anew in a new epoch, it may hold what
// was lost, which continues from what was not.
func (p *partition) following(floor uint64, after project.Cursor, limit int) (out []project.Batch, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.filled || p.cursor.Epoch < floor {
		return nil, false
	}
	if after.Tag == p.cursor.Tag {
		return nil, true
	}
	if len(p.batches) == 0 {
		return nil, false
	}
	from := sort.Search(len(p.batches), func(i int) bool { return after.Before(p.batches[i].Cursor) })
	if from == len(p.batches) || p.batches[from].Previous != after.Tag {
		return nil, false
	}
	events := 0
	for _, b := range p.batches[from:] {
		if events += len(b.Events); events > limit && len(out) > 0 {
			break
		}
		out = append(out, *b)
	}
	return out, true
}

// Committed implements project.Source. Other nodes are told within a moment, entries are trimmed a minute later.
func (l *Log) Committed(_ context.Context, partition int, upto project.Cursor) error {
	p := &l.parts[partition]
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.advance(upto) {
		p.tell = true
	}
	now := time.Now()
	switch n := len(p.marks); {
	case n < 2 || now.Sub(p.marks[n-2].at) > time.Second:
		p.marks = append(p.marks, mark{upto, now})
	default: // the last one moves on, so that a partition that comes to rest is trimmed to its end
		p.marks[n-1] = mark{upto, now}
	}
	p.shrink(now, l.Ring/project.Partitions)
	return nil
}

// streamPage is how many entries are read in one call.
const streamPage = 200

// streamMeta is what is read of a partition together with its stream.
type streamMeta struct {
	exists bool
	cursor project.Cursor
	book   book
}

// readStream reads entries behind a cursor (from the beginning for the zero one), and the partition's bookkeeping of the same
// moment.
func (l *Log) readStream(ctx context.Context, p *partition, after project.Cursor, count int64) ([]*project.Batch, streamMeta, error) {
	from := "-"
	if after != (project.Cursor{}) {
		from = "(" + streamID(after)
	}
	var fields *goredis.SliceCmd
	var entries *goredis.XMessageSliceCmd
	_, err := l.Client.TxPipelined(ctx, func(pipe goredis.Pipeliner) error {
		fields = pipe.HMGet(ctx, p.scope.meta, append(slices.Clone(bookFields), p.field)...)
		entries = pipe.XRangeN(ctx, p.stream, from, "+", count)
		return nil
	})
	if err != nil {
		return nil, streamMeta{}, fmt.Errorf("read partition %d: %w", p.number, err)
	}
	l.answered()
	b, err := l.parseBook(fields.Val())
	if err != nil {
		return nil, streamMeta{}, err
	}
	m := streamMeta{book: b}
	if m.cursor, m.exists, err = parsePlace(fields.Val()[len(bookFields)]); err != nil {
		return nil, m, err
	}
	out := make([]*project.Batch, 0, len(entries.Val()))
	for _, x := range entries.Val() {
		raw, _ := x.Values["b"].(string)
		b, err := l.decode(p.number, []byte(raw))
		if err != nil {
			return nil, m, fmt.Errorf("partition %d, entry %s: %w", p.number, x.ID, err)
		}
		out = append(out, b)
	}
	return out, m, nil
}

// decode reads an entry. What callers of this node were told to be unknown acknowledges nobody when it is handed on.
func (l *Log) decode(partition int, raw []byte) (*project.Batch, error) {
	b, err := readEntry(partition, raw, l.opener())
	if err == nil {
		if _, failed := l.confirm.of(b.Tag); failed {
			unsure(b)
		}
	}
	return b, err
}

// unsure marks the events of a batch whose callers were told that nobody knows.
func unsure(b *project.Batch) {
	for i := range b.Events {
		b.Events[i].Origin.Unsure = true
	}
}

func streamID(c project.Cursor) string {
	return strconv.FormatUint(c.Epoch, 10) + "-" + strconv.FormatUint(c.N, 10)
}

var bookFields = []string{"w", "g", "wp", "gp", "ws", "gs"}

// parseBook reads bookFields; the zero book if there is nothing.
func (l *Log) parseBook(fields []any) (b book, err error) {
	if len(fields) < len(bookFields) || fields[0] == nil {
		return b, nil
	}
	var n [6]uint64
	for i := range n {
		s, _ := fields[i].(string)
		if n[i], err = strconv.ParseUint(s, 10, 64); err != nil {
			return b, fmt.Errorf("bookkeeping's %s is %q: %w", bookFields[i], s, errEntry)
		}
	}
	return book{
		window: n[0], generation: n[1], dupsSince: datedSince(int64(n[2]), n[0], l.Window), headsSince: datedSince(int64(n[3]), n[1], l.Generation),
		windowAt: int64(n[4]), generatedAt: int64(n[5]),
	}, nil
}

// placeLength is how long a partition's place in the bookkeeping is: epoch 8, n 8, tag 8, bytes 8, of them trimmed 8.
const placeLength = 40

func parsePlace(field any) (c project.Cursor, exists bool, err error) {
	if field == nil {
		return c, false, nil
	}
	s, _ := field.(string)
	if len(s) != placeLength {
		return c, false, errEntry
	}
	b := []byte(s)
	return project.Cursor{Epoch: be.Uint64(b), N: be.Uint64(b[8:]), Tag: project.Tag(b[16:24])}, true, nil
}

// readBook brings what the node remembers of a scope's bookkeeping up to date, and returns the places of its partitions.
func (l *Log) readBook(ctx context.Context, s *scope) error {
	_, err := l.readPlaces(ctx, s)
	return err
}

// place is where Redis says that a partition is.
type place struct {
	project.Cursor
	exists bool
}

func (l *Log) readPlaces(ctx context.Context, s *scope) ([]place, error) {
	names := slices.Clone(bookFields)
	for _, p := range s.parts {
		names = append(names, p.field)
	}
	fields, err := l.Client.HMGet(ctx, s.meta, names...).Result()
	if err != nil {
		l.failed()
		return nil, fmt.Errorf("read the bookkeeping: %w", err)
	}
	l.answered()
	b, err := l.parseBook(fields)
	if err != nil {
		return nil, err
	}
	out := make([]place, len(s.parts))
	for i := range out {
		if out[i].Cursor, out[i].exists, err = parsePlace(fields[len(bookFields)+i]); err != nil {
			return nil, err
		}
	}
	if b != (book{}) {
		s.write(b)
		for i, p := range s.parts {
			p.mu.Lock()
			p.begun = out[i].Epoch
			p.mu.Unlock()
		}
	}
	return out, nil
}
