package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/project"
	"github.com/uniqchat/uniqchat/storage/sqlstore"
)

const addCount = `INSERT INTO report_counts (tenant, whole, metric, slot, team, agent, bucket, part, n, total)
	VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?)
	ON CONFLICT DO UPDATE SET n = n + excluded.n, total = total + excluded.total`

// saveCounts adds what this transaction counted to the reports.
func (w *writer) saveCounts(ctx context.Context) error {
	for _, c := range w.counts.Rows() {
		whole := 0
		if c.Whole {
			whole = 1
		}
		if _, err := w.stmts.count.ExecContext(ctx, c.Tenant[:], int64(whole), int64(c.Metric), c.Slot, c.Team[:], c.Agent[:],
			int64(c.Bucket), c.N, c.Total); err != nil {
			return fmt.Errorf("add to reports: %w", err)
		}
	}
	return nil
}

// tally returns a conversation's tally. One of before reports were kept is counted first.
func (w *writer) tally(ctx context.Context, k chat.Key, r *project.Row) (*project.Tally, error) {
	if r.Tally != nil {
		return r.Tally, nil
	}
	t := new(project.Tally)
	if r.Exists() {
		if err := w.recount(ctx, k, t); err != nil {
			return nil, fmt.Errorf("count an old conversation: %w", err)
		}
	}
	r.Tally = t
	return t, nil
}

// recount counts the rows of a conversation. What this transaction has appended to it must not be in them.
func (w *writer) recount(ctx context.Context, k chat.Key, t *project.Tally) error {
	rows, err := w.conn.QueryContext(ctx, sqlstore.SelectToCount, k.Tenant[:], k.Conversation[:])
	if err != nil {
		return err
	}
	defer rows.Close()
	var replay project.Replay
	for rows.Next() {
		m, err := sqlstore.ScanToCount(k, rows.Scan)
		if err != nil {
			return err
		}
		one := []chat.Message{m}
		if err := w.keys.Messages(ctx, one); err != nil {
			return err
		}
		m = one[0]
		e := replay.Event(&m)
		w.counts.Count(t, &e)
	}
	return rows.Err()
}

// Conversations of before reports were kept are counted a few at a time.
const oldConversations = 50

// countOld counts old conversations until none is left or ctx ends.
func (l *Log) countOld(ctx context.Context) {
	for pause := time.Duration(0); ; {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		keys, err := l.uncounted(ctx)
		if err == nil && len(keys) == 0 {
			return
		}
		if err == nil {
			err = l.call(ctx, &request{count: keys})
		}
		if pause = oldPause; err != nil {
			pause = oldRetry
		}
	}
}

func (l *Log) uncounted(ctx context.Context) (keys []chat.Key, err error) {
	rows, err := l.read.QueryContext(ctx, sqlstore.SelectUncounted, oldConversations)
	if err != nil {
		return nil, fmt.Errorf("look for conversations to count: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var k chat.Key
		if err := rows.Scan(&k.Tenant, &k.Conversation); err != nil {
			return nil, fmt.Errorf("look for conversations to count: %w", err)
		}
		keys = append(keys, k)
	}
	return keys, rows.Err()
}

// count counts conversations that nothing happens to.
func (w *writer) count(ctx context.Context, keys []chat.Key) error {
	for _, k := range keys {
		row, err := w.row(ctx, k)
		if err != nil {
			return err
		}
		if row.Tally != nil || !row.Exists() {
			continue
		}
		if _, err := w.tally(ctx, k, row); err != nil {
			return err
		}
		w.dirty[k] = w.dirty[k] || false
	}
	return nil
}

// bytesOf is a tally as its column takes it.
func bytesOf(t *project.Tally) any {
	if t == nil {
		return nil
	}
	return t.Bytes()
}
