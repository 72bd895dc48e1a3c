package redis

import (
	"context"
	"fmt"
	"sort"
	"strconv"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/uniqchat/uniqchat/storage/project"
)

// Pending implements project.Source.
func (l *Log) Pending() <-chan struct{} { return l.pending }

// Batches implements project.Source: from memory, or else from the stream.
func (l *Log) Batches(ctx context.Context, partition int, after project.Cursor, limit int) ([]project.Batch, error) {
	p := &l.parts[partition]
	if after != (project.Cursor{}) {
		if out, ok := p.following(after, limit); ok {
			return out, nil
		}
	}
	entries, m, err := l.readStream(ctx, p, after, streamPage)
	if err != nil {
		return nil, err
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
	return out, nil
}

// following returns what memory has behind a cursor. False if memory can't tell.
func (p *partition) following(after project.Cursor, limit int) (out []project.Batch, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.filled {
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
	if n := len(p.marks); n == 0 || now.Sub(p.marks[n-1].at) > time.Second {
		p.marks = append(p.marks, mark{upto, now})
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
	meta   meta
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
		fields = pipe.HMGet(ctx, p.keys.meta, metaFields...)
		entries = pipe.XRangeN(ctx, p.keys.stream, from, "+", count)
		return nil
	})
	if err != nil {
		return nil, streamMeta{}, fmt.Errorf("read partition %d: %w", p.number, err)
	}
	l.seen.Store(time.Now().UnixMilli())
	m, err := parseMeta(fields.Val())
	if err != nil {
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

// decode reads an entry. With level replica nobody is acknowledged by way of the feed: the call itself has waited for the replica.
func (l *Log) decode(partition int, raw []byte) (*project.Batch, error) {
	b, err := readEntry(partition, raw)
	if err == nil && l.Ack == AckReplica {
		for i := range b.Events {
			b.Events[i].Origin.Request, b.Events[i].Origin.Session = 0, [16]byte{}
		}
	}
	return b, err
}

func streamID(c project.Cursor) string {
	return strconv.FormatUint(c.Epoch, 10) + "-" + strconv.FormatUint(c.N, 10)
}

var metaFields = []string{"e", "n", "t", "w", "g", "wp", "gp", "ws", "gs"}

func parseMeta(fields []any) (m streamMeta, err error) {
	if len(fields) != len(metaFields) || fields[0] == nil {
		return m, nil
	}
	num := func(i int) uint64 {
		s, _ := fields[i].(string)
		n, bad := strconv.ParseUint(s, 10, 64)
		if bad != nil && err == nil {
			err = fmt.Errorf("partition's %s is %q: %w", metaFields[i], s, errEntry)
		}
		return n
	}
	m.exists = true
	m.cursor.Epoch, m.cursor.N = num(0), num(1)
	tag, _ := fields[2].(string)
	copy(m.cursor.Tag[:], tag)
	m.meta = meta{
		epoch: m.cursor.Epoch, window: num(3), generation: num(4), dupsSince: int64(num(5)), headsSince: int64(num(6)), windowAt: int64(num(7)), generatedAt: int64(num(8)),
	}
	return m, err
}

// readMeta brings what the node remembers of a partition's bookkeeping up to date.
func (l *Log) readMeta(ctx context.Context, p *partition) error {
	fields, err := l.Client.HMGet(ctx, p.keys.meta, metaFields...).Result()
	if err != nil {
		return fmt.Errorf("read partition %d: %w", p.number, err)
	}
	m, err := parseMeta(fields)
	if err == nil && m.exists {
		p.mu.Lock()
		p.meta = m.meta
		p.mu.Unlock()
	}
	return err
}
