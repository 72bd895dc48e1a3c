package postgres

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/uniqchat/uniqchat/chat"
	"github.com/uniqchat/uniqchat/storage/project"
	"github.com/uniqchat/uniqchat/storage/seal"
	"github.com/uniqchat/uniqchat/storage/sqlstore"
)

// tallying counts the events of one transaction for reports. The partitions that they are of must be held.
type tallying struct {
	tallies map[chat.Key]*project.Tally
	old     []chat.Key // have a row and no tally: of before reports were kept
	counts  project.Counts
	keys    *seal.Keyring // opens rows
}

// reportParts is how many rows of a sum there are at most.
const reportParts = 64

const readTallies = `SELECT c.tenant, c.id, c.tally FROM unnest($1::bytea[], $2::bytea[]) AS k(tenant, conv)
	JOIN conversations c ON c.tenant = k.tenant AND c.id = k.conv`

// queueTallies reads the tallies of conversations.
func (t *tallying) queueTallies(batch *pgx.Batch, keys []chat.Key) {
	t.tallies = make(map[chat.Key]*project.Tally, len(keys))
	if len(keys) == 0 {
		return
	}
	batch.Queue(readTallies, keyArgs(keys)...).Query(func(rows pgx.Rows) error {
		_, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (struct{}, error) { return struct{}{}, t.take(row) })
		return err
	})
}

func keyArgs(keys []chat.Key) []any {
	return []any{
		column(keys, func(k *chat.Key) []byte { return k.Tenant[:] }),
		column(keys, func(k *chat.Key) []byte { return k.Conversation[:] }),
	}
}

func (t *tallying) take(row pgx.CollectableRow) error {
	var k chat.Key
	var b []byte
	if err := row.Scan(&k.Tenant, &k.Conversation, &b); err != nil {
		return err
	}
	tally, err := project.ParseTally(b)
	if tally == nil {
		t.old = append(t.old, k)
	} else {
		t.tallies[k] = tally
	}
	return err
}

// of returns a conversation's tally.
func (t *tallying) of(k chat.Key) *project.Tally {
	tally := t.tallies[k]
	if tally == nil {
		tally = new(project.Tally)
		t.tallies[k] = tally
	}
	return tally
}

func (t *tallying) count(events []*chat.Event) {
	for _, e := range events {
		t.counts.Count(t.of(chat.Key{Tenant: e.Tenant, Conversation: e.Conversation}), e)
	}
}

// lockOld waits for those who count the same conversations, and tells what they left: rows that have a tally by now come with it.
const lockOld = `SELECT c.tenant, c.id, c.tally FROM conversations c WHERE (c.tenant, c.id) IN
	(SELECT * FROM unnest($1::bytea[], $2::bytea[])) ORDER BY c.tenant, c.id FOR UPDATE OF c`

// countOld counts what there is of conversations without a tally.
func (t *tallying) countOld(ctx context.Context, tx pgx.Tx) error {
	if len(t.old) == 0 {
		return nil
	}
	keys := t.old
	t.old = nil
	rows, err := tx.Query(ctx, lockOld, keyArgs(keys)...)
	if err != nil {
		return fmt.Errorf("lock old conversations: %w", err)
	}
	if _, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (struct{}, error) { return struct{}{}, t.take(row) }); err != nil {
		return fmt.Errorf("lock old conversations: %w", err)
	}
	return t.replay(ctx, tx, t.old)
}

// replay counts the rows of conversations that nobody else may count meanwhile.
func (t *tallying) replay(ctx context.Context, tx pgx.Tx, keys []chat.Key) error {
	for _, k := range keys {
		rows, err := tx.Query(ctx, sqlstore.SelectToCount, k.Tenant[:], k.Conversation[:])
		if err != nil {
			return fmt.Errorf("read an old conversation: %w", err)
		}
		var replay project.Replay
		tally := t.of(k)
		_, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (struct{}, error) {
			m, err := sqlstore.ScanToCount(k, row.Scan)
			one := []chat.Message{m}
			if err == nil {
				err = t.keys.Messages(ctx, one)
			}
			if err == nil {
				e := replay.Event(&one[0])
				t.counts.Count(tally, &e)
			}
			return struct{}{}, err
		})
		if err != nil {
			return fmt.Errorf("read an old conversation: %w", err)
		}
	}
	return nil
}

const addCounts = `INSERT INTO report_counts AS r (tenant, whole, metric, slot, team, agent, bucket, part, n, total)
	SELECT tenant, whole, metric, slot, team, agent, bucket, $10::smallint, n, total FROM unnest($1::bytea[], $2::smallint[], $3::smallint[],
		$4::bigint[], $5::bytea[], $6::bytea[], $7::smallint[], $8::bigint[], $9::bigint[])
		AS k(tenant, whole, metric, slot, team, agent, bucket, n, total)
	ON CONFLICT (tenant, whole, metric, slot, team, agent, bucket, part)
	DO UPDATE SET n = r.n + excluded.n, total = r.total + excluded.total`

// queueCounts adds to the reports, in one statement. It is the last of its transaction, so that others wait for it as short as can be.
func (t *tallying) queueCounts(batch *pgx.Batch, part int16) {
	rows := t.counts.Rows()
	if len(rows) == 0 {
		return
	}
	type row = project.Count
	batch.Queue(addCounts,
		column(rows, func(c *row) []byte { return c.Tenant[:] }),
		column(rows, func(c *row) int16 {
			if c.Whole {
				return 1
			}
			return 0
		}),
		column(rows, func(c *row) int16 { return int16(c.Metric) }),
		column(rows, func(c *row) int64 { return c.Slot }),
		column(rows, func(c *row) []byte { return c.Team[:] }),
		column(rows, func(c *row) []byte { return c.Agent[:] }),
		column(rows, func(c *row) int16 { return int16(c.Bucket) }),
		column(rows, func(c *row) int64 { return c.N }),
		column(rows, func(c *row) int64 { return c.Total }), part)
}

const saveTallies = `UPDATE conversations c SET tally = k.tally FROM unnest($1::bytea[], $2::bytea[], $3::bytea[]) AS k(tenant, conv, tally)
	WHERE c.tenant = k.tenant AND c.id = k.conv`

// queueSave writes tallies into rows that are there.
func (t *tallying) queueSave(batch *pgx.Batch) {
	if len(t.tallies) == 0 {
		return
	}
	keys := make([]chat.Key, 0, len(t.tallies))
	for k := range t.tallies {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b chat.Key) int {
		return cmp.Or(bytes.Compare(a.Tenant[:], b.Tenant[:]), bytes.Compare(a.Conversation[:], b.Conversation[:]))
	})
	batch.Queue(saveTallies, append(keyArgs(keys), column(keys, func(k *chat.Key) []byte { return t.tallies[*k].Bytes() }))...)
}

// keys are the work's conversations, each once.
func (w *work) keys() (keys []chat.Key) {
	seen := make(map[chat.Key]bool)
	see := func(k chat.Key) {
		if !seen[k] {
			seen[k] = true
			keys = append(keys, k)
		}
	}
	for _, e := range w.messages {
		see(chat.Key{Tenant: e.Tenant, Conversation: e.Conversation})
	}
	for _, rows := range w.conversations {
		for i := range rows {
			see(rows[i].Key)
		}
	}
	return keys
}

// tell gives the rows their tallies.
func (t *tallying) tell(w *work) {
	for _, rows := range w.conversations {
		for i := range rows {
			rows[i].Tally = t.of(rows[i].Key)
		}
	}
}

// Conversations of before reports were kept are counted a few at a time, with pauses.
const (
	oldAtOnce = 50
	oldPause  = 50 * time.Millisecond
	oldRetry  = 5 * time.Second
)

// countOld counts old conversations until none is left or ctx ends. Several nodes may do so at once.
func (p *Projector) countOld(ctx context.Context) {
	for ctx.Err() == nil {
		n, err := p.db.countSome(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			p.logger.Warn("old conversations can't be counted for reports; it is tried again", "error", err)
			sleep(ctx, oldRetry)
		case n == 0:
			return
		default:
			sleep(ctx, oldPause)
		}
	}
}

// countSome counts some old conversations and returns how many.
func (d *DB) countSome(ctx context.Context) (n int, err error) {
	err = d.transact(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, sqlstore.SelectUncounted+` FOR UPDATE SKIP LOCKED`, oldAtOnce)
		if err != nil {
			return err
		}
		keys, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (k chat.Key, err error) {
			err = row.Scan(&k.Tenant, &k.Conversation)
			return k, err
		})
		if n = len(keys); err != nil || n == 0 {
			return err
		}
		t := &tallying{tallies: make(map[chat.Key]*project.Tally, n), keys: d.store.Keyring()}
		if err := t.replay(ctx, tx, keys); err != nil {
			return err
		}
		batch := &pgx.Batch{}
		t.queueSave(batch)
		t.queueCounts(batch, d.part)
		return tx.SendBatch(ctx, batch).Close()
	})
	if err != nil {
		return 0, fmt.Errorf("count old conversations: %w", err)
	}
	return n, nil
}
